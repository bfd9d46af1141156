/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * From what ACKs say to what may be sent: loss recovery, and cwnd while it lasts.
 *
 * Losses are found by RACK-TLP (rack.h) where the peer sends SACK, by three duplicate ACKs (RFC
 * 5681, RFC 6582) where it does not. Fast recovery spends ssthresh by proportional rate reduction
 * (RFC 6937, RFC 9937); a timeout sends all again in slow start (RFC 5681 §3.1), unless F-RTO (RFC
 * 5682) or Eifel (RFC 3522, RFC 4015) or D-SACK (RFC 3708) find it to be spurious, when all is as
 * it was. How cwnd grows and by how much it shrinks the connection's tern_congestion says.
 *
 * Without SACK each duplicate ACK stands for one segment delivered: flight.sacked counts them.
 */
#ifndef RECOVERY_H
#define RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/flight.h"
#include "wire/tcp.h"
#include <tern_conn.h>

/* What an ACK did, as far as recovery asks. */
struct ack_news {
	uint32_t acked;	 /* snd.una has moved by this */
	uint32_t flight; /* sent and not acknowledged before it */
	uint32_t rtt_us; /* of the latest of it; 0: unknown */
	bool duplicate;	 /* RFC 5681 §2 */
	bool dsack;	 /* it tells of a duplicate (RFC 2883) */
};

/* snd.mss and snd.una are known: the connection may begin to send. */
void recovery_start(struct tern_conn *c);

/* An ACK was taken in: look for losses, leave or enter recovery, set cwnd. */
void recovery_acked(struct tern_conn *c, const struct segment *s, const struct ack_news *news,
		    struct delivery *d);

/* Time was all that was missing to know of a loss (RFC 8985 §6.2). */
void recovery_detect(struct tern_conn *c);

/* The peer says in a D-SACK that it has [first, end) twice. */
void recovery_duplicate(struct tern_conn *c, uint32_t first, uint32_t end);

/* [seq, seq + len) leaves: the send variables are still those of before. */
void recovery_sent(struct tern_conn *c, uint32_t seq, uint32_t len);

/* The retransmission timer expired. */
void recovery_timeout(struct tern_conn *c);

/* Sending begins again after more than an RTO of silence (RFC 5681 §4.1, RFC 2861). */
void recovery_restart(struct tern_conn *c, uint32_t idle_ticks);

/* The initial window (RFC 6928), bytes. */
uint32_t recovery_initial_window(const struct tern_conn *c);

#endif
