/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The timers of a connection: three deadlines and one node in the wheel.
 *
 * The node stands at the earliest deadline or before. Setting a timer that is moved on with every
 * ACK costs one store: the node stays where it is, and when it comes up too early it is put back.
 */
#ifndef TIMERS_H
#define TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/machine.h"
#include <tern_conn.h>

static inline bool
timer_is_set(const struct tern_conn *c, enum tern_tcp_timer which)
{
	return (c->timers & 1u << which) != 0;
}

/* Have the timer expire this many ticks from now; set anew if it was set. */
void timer_set(struct tern_conn *c, enum tern_tcp_timer which, uint32_t ticks);

static inline void
timer_stop(struct tern_conn *c, enum tern_tcp_timer which)
{
	c->timers = (uint8_t)(c->timers & ~(1u << which));
}

/* Stop all and leave the wheel. */
void timers_cancel(struct tern_conn *c);

/* Run what is due. */
void timers_run(struct tern_tcp *tcp);

/* The RTO with its back-off, ticks. */
uint32_t rexmit_rto(const struct tern_conn *c);

/* Start the retransmission timer from now (RFC 6298 (5.1), (5.3)), with its back-off. */
void rexmit_start(struct tern_conn *c);

/* Data wait and nothing in flight could bring a window: probe for one (RFC 9293 §3.8.6.1). */
void persist_start(struct tern_conn *c);

#endif
