/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NewReno: RFC 5681 plain, without HyStart++, for who wants the reference. Its fast recovery
 * (RFC 6582) is the machine's.
 */
#include "conn/reno.h"
#include "conn/congestion.h"

/* RFC 5681 §3.1 (2), RFC 3465 §2.2, §2.3 (MUST-19) */
uint32_t
reno_slow_start(struct tern_conn *c, uint32_t bytes, uint32_t segments)
{
	uint32_t by = RTE_MIN(bytes, segments * c->snd.mss);
	uint32_t room = c->cong.ssthresh - c->cong.cwnd;

	/* RFC 5681 (2); beyond ssthresh it is congestion avoidance that counts. */
	if (by < room) {
		widen_cwnd(c, by);
		return 0;
	}
	widen_cwnd(c, room);
	return by - room;
}

/* RFC 5681 §3.1 (3), RFC 3465 §2.1: one MSS when a whole window is acknowledged (MUST-19). */
static void
avoid_congestion(struct reno *r, struct tern_conn *c, uint32_t bytes)
{
	/* No ACK covers more than a window; whatever cwnd has become since, it counts as one. */
	r->counted = RTE_MIN(r->counted, c->cong.cwnd) + RTE_MIN(bytes, c->cong.cwnd);
	if (r->counted < c->cong.cwnd)
		return;
	r->counted -= c->cong.cwnd;
	widen_cwnd(c, c->snd.mss);
}

void
reno_acked(struct reno *r, struct tern_conn *c, const struct tern_acked *ack)
{
	uint32_t bytes = ack->bytes;

	if (ack->recovering || !ack->limited)
		return;
	if (c->cong.cwnd < c->cong.ssthresh) {
		r->counted = 0;
		bytes = reno_slow_start(c, bytes,
					r->after_timeout ? SLOW_START_SEGMENTS_AFTER_TIMEOUT :
							   SLOW_START_SEGMENTS);
	}
	if (c->cong.cwnd < c->cong.ssthresh)
		return;
	r->after_timeout = false;
	avoid_congestion(r, c, bytes);
}

uint32_t
reno_congested(struct reno *r, struct tern_conn *c, enum tern_congested why, uint32_t flight)
{
	r->counted = 0;
	r->after_timeout_before = r->after_timeout;
	r->after_timeout = why == TERN_CONGESTED_TIMEOUT;
	/*
	 * RFC 5681 §3.1 (4); a mark counts as a loss (RFC 3168 §6.1.2). Rounded up: cwnd grows by
	 * whole segments from here, and with a byte less it would never be a whole number of them.
	 */
	return RTE_MAX((flight + 1) / 2, 2u * c->snd.mss);
}

void
reno_undo(struct reno *r)
{
	r->after_timeout = r->after_timeout_before;
}

_Static_assert(sizeof(struct reno) <= sizeof(uint32_t[TERN_CONGESTION_WORDS]),
	       "the state fits the block");

static struct reno *
state_of(struct tern_conn *c)
{
	return (struct reno *)c->congestion_state;
}

static void
start(struct tern_conn *c)
{
	*state_of(c) = (struct reno){ 0 };
}

static void
acked(struct tern_conn *c, const struct tern_acked *ack)
{
	reno_acked(state_of(c), c, ack);
}

static uint32_t
congested(struct tern_conn *c, enum tern_congested why, uint32_t flight)
{
	return reno_congested(state_of(c), c, why, flight);
}

static void
undo(struct tern_conn *c)
{
	reno_undo(state_of(c));
}

/* The count towards the next MSS was of a flight long past. */
static void
restart(struct tern_conn *c, uint32_t idle_us)
{
	RTE_SET_USED(idle_us);
	state_of(c)->counted = 0;
}

const struct tern_congestion tern_newreno = {
	.name = "newreno",
	.start = start,
	.acked = acked,
	.congested = congested,
	.undo = undo,
	.restart = restart,
};
