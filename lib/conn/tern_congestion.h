/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Congestion control: how large cwnd is. One table of hooks, per connection, changeable in flight.
 *
 * What was lost, when to send again and how a recovery proceeds is the machine's business: RACK-TLP
 * (RFC 8985) finds losses, proportional rate reduction (RFC 6937) spends ssthresh. A table says how
 * cwnd grows and what ssthresh is after congestion. It reads the connection block, writes
 * cong.cwnd, cong.ssthresh and congestion_state[], and calls nothing.
 *
 * All sizes are bytes. cwnd is kept between one MSS and 2^30 by the machine. The hooks are called
 * from tern_poll() on the lcore of the connection.
 */
#ifndef TERN_CONGESTION_H
#define TERN_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_api.h>
#include <tern_conn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an ACK brought. */
struct tern_acked {
	uint32_t bytes;	 /* newly acknowledged: snd.una has moved by them already */
	uint32_t flight; /* unacknowledged before it (RFC 5681: FlightSize) */
	uint32_t rtt_us; /* of the latest segment that it covers; 0: cannot be told */
	uint32_t now_us; /* wrapping */
	uint32_t marked; /* of bytes: those that it says met congestion (ECE, RFC 8257 §3.3) */
	bool limited;	 /* cwnd was what held us back (RFC 7661): else do not grow */
	bool recovering; /* in fast recovery: cwnd is not the table's; only look */
};

/* Why cwnd has to shrink. */
enum tern_congested {
	TERN_CONGESTED_LOSS,	/* fast recovery begins */
	TERN_CONGESTED_TIMEOUT, /* the retransmission timer expired; cwnd becomes one MSS */
	TERN_CONGESTED_ECN,	/* the peer echoes a mark (RFC 3168 §6.1.2) */
};

struct tern_congestion {
	const char *name;

	/** Begin, with cong.* and rtt.* as they are; congestion_state[] is all zero. */
	void (*start)(struct tern_conn *conn);

	/** An ACK of new data came. Called for each, before what it allows is sent. */
	void (*acked)(struct tern_conn *conn, const struct tern_acked *ack);

	/** Congestion, once for each episode; @flight in bytes. Return: the new ssthresh. */
	uint32_t (*congested)(struct tern_conn *conn, enum tern_congested why, uint32_t flight);

	/** The last congested() was for nothing: cong.* has been restored (RFC 4015). */
	void (*undo)(struct tern_conn *conn);

	/** Sending begins again after @idle_us of silence; cwnd has shrunk (RFC 5681 §4.1). */
	void (*restart)(struct tern_conn *conn, uint32_t idle_us);
};

extern TERN_API const struct tern_congestion tern_cubic, tern_newreno, tern_dctcp,
	tern_no_congestion_control;

/**
 * tern_tcp_set_congestion() - from now on, this one
 * @congestion: borrowed until on_closed(), or until changed again
 *
 * cwnd and ssthresh stay as they are; the new one goes on from there. A fresh connection has what
 * tern_config.congestion says. O(1).
 */
TERN_API void tern_tcp_set_congestion(struct tern_conn *conn,
				      const struct tern_congestion *congestion);

#ifdef __cplusplus
}
#endif

#endif
