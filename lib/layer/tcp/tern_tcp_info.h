/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What can be known of a connection, by the names of RFC 4898 (TCP Extended Statistics MIB) without
 * their prefix tcpEStats. Counters of all connections together are in tern_stats.
 */
#ifndef TERN_TCP_INFO_H
#define TERN_TCP_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_api.h>
#include <tern_conn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What recovery is at. */
enum tern_tcp_recovery {
	TERN_RECOVERY_OPEN,  /* all is well */
	TERN_RECOVERY_DOUBT, /* something is missing, and may be late only */
	TERN_RECOVERY_FAST,  /* fast recovery */
	TERN_RECOVERY_LOSS,  /* after a timeout */
};

struct tern_tcp_info {
	enum tern_tcp_state state; /* ConnState */
	enum tern_tcp_recovery recovery;
	bool sack, timestamps, ecn, window_scale; /* StackWillSendSACK ..., agreed on by both */
	const char *congestion;			  /* name of its table */

	/* Path */
	uint32_t smoothed_rtt_us;     /* PathSmoothedRTT; 0: not measured yet */
	uint32_t rtt_var_us;	      /* PathRTTVar */
	uint32_t min_rtt_us;	      /* PathMinRTT; 0: not measured yet */
	uint32_t cur_rto_us;	      /* PathCurRTO, back-off included */
	uint32_t subsequent_timeouts; /* StackCurTimeoutCount: in a row */
	uint32_t dup_acks_in;	      /* StackCurDupAcks: since snd_una moved */

	/* Stack, bytes */
	uint32_t cur_mss;	/* StackCurMSS: payload of a full segment */
	uint32_t cur_cwnd;	/* StackCurCwnd */
	uint32_t cur_ssthresh;	/* StackCurSsthresh */
	uint32_t pipe_size;	/* StackPipeSize: in the network, as far as is known */
	uint32_t sacked, lost;	/* of the flight: delivered; lost and not sent again */
	uint32_t reordering_us; /* RACK's window */

	/* Perf and App */
	uint32_t cur_rwin_rcvd; /* PerfCurRwinRcvd: what the peer allows */
	uint32_t cur_rwin_sent; /* PerfCurRwinSent: what we allow */
	uint8_t snd_wind_scale, rcv_wind_scale;
	uint32_t snd_una, snd_nxt, snd_max, rcv_nxt; /* AppSndUna ... */
	uint64_t thru_octets_acked;		     /* AppThruOctetsAcked */
	uint32_t cur_reasm_pkts;		     /* mbufs held out of order */
	uint32_t rcv_space;			     /* bytes, tuned or given */
};

/** Fill *info. O(1), from the lcore of the connection. */
TERN_API void tern_tcp_info(const struct tern_conn *conn, struct tern_tcp_info *info);

#ifdef __cplusplus
}
#endif

#endif
