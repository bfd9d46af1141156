/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Round-trip time and the retransmission timeout out of it (RFC 6298).
 *
 * One sample a flight goes into the estimate. It comes from the time of sending where what was
 * acknowledged was sent once (Karn's algorithm, §3), else from Timestamps (RFC 7323 §4).
 */
#ifndef RTT_H
#define RTT_H

#include <stdint.h>

#include "conn/flight.h"
#include "wire/tcp.h"
#include <tern_conn.h>

/*
 * An ACK up to s->ack came and delivered this. Return: the round trip of the latest of it,
 * microseconds, at least 1; 0: it cannot be told.
 */
uint32_t rtt_acked(struct tern_conn *c, const struct segment *s, const struct delivery *d);

#endif
