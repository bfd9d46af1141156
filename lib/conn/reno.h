/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slow start and congestion avoidance of RFC 5681, counted in bytes (RFC 3465): what NewReno is,
 * and what DCTCP does between marks.
 */
#ifndef RENO_H
#define RENO_H

#include <stdbool.h>

#include <rte_common.h>

#include <tern_congestion.h>

enum {
	/*
	 * L of RFC 3465, in segments: by how many one ACK may widen cwnd in slow start. RFC 9406
	 * §4.3 has 8 for senders that do not pace; a lower one throttles slow start where the
	 * network or the peer merges ACKs.
	 */
	SLOW_START_SEGMENTS = 8,
	/* RFC 3465 §2.3: after a timeout an ACK may cover data that left the network long ago. */
	SLOW_START_SEGMENTS_AFTER_TIMEOUT = 1,
};

struct reno {
	uint32_t counted;	   /* bytes acknowledged towards the next MSS of cwnd */
	bool after_timeout;	   /* slow start follows a timeout */
	bool after_timeout_before; /* what that was before the last congested() */
} __rte_may_alias;

/* Slow start: returns how many of the bytes acknowledged were not used, as ssthresh was met. */
uint32_t reno_slow_start(struct tern_conn *c, uint32_t bytes, uint32_t segments);

/* An ACK outside of recovery: cwnd grows if cwnd was what held us back. */
void reno_acked(struct reno *r, struct tern_conn *c, const struct tern_acked *ack);

/* RFC 5681 (4); returns the new ssthresh. */
uint32_t reno_congested(struct reno *r, struct tern_conn *c, enum tern_congested why,
			uint32_t flight);

void reno_undo(struct reno *r);

#endif
