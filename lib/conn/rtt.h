/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Round-trip time and the retransmission timeout out of it (RFC 6298).
 *
 * One segment is timed at a time, never one that was sent twice (Karn's algorithm, §3).
 */
#ifndef RTT_H
#define RTT_H

#include <stdint.h>

#include <tern_conn.h>

/* Of tern_conn.flags: rtt.seq is being timed, since tail.us. */
#define RTT_TIMING TERN_CONN_PACED

/* Start timing the segment that ends at seq, unless one is being timed. */
void rtt_time(struct tern_conn *c, uint32_t seq);

/* An ACK up to ack came: take a sample if it covers what is timed. */
void rtt_acked(struct tern_conn *c, uint32_t ack);

#endif
