/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/newreno.h"
#include "conn/machine.h"
#include "core/seq.h"

enum {
	DUPACKS = 3,	       /* RFC 5681 §3.2 */
	CWND_MAX = 1 << 30,    /* the largest window that can be advertised (RFC 7323 §2.3) */
	INITIAL_BYTES = 14600, /* RFC 6928 §2 */
	INITIAL_BYTES_SEGMENTS = 10, /* for which that holds */
};

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void
set_cwnd(struct tern_conn *c, uint32_t cwnd)
{
	c->cong.cwnd = least(cwnd, CWND_MAX);
}

/* RFC 6928 (1), scaled when another number of segments is configured. */
static uint32_t
initial_window(const struct tern_conn *c)
{
	uint32_t n = c->tcp->initial_window;

	return least(n * c->snd.mss,
		     most(2u * c->snd.mss, n * (INITIAL_BYTES / INITIAL_BYTES_SEGMENTS)));
}

void
newreno_start(struct tern_conn *c)
{
	c->cong.ssthresh = CWND_MAX;
	/* RFC 5681 §3.1: a lost SYN is a sign of congestion. */
	set_cwnd(c, c->flags & TERN_CONN_SYN_REPEATED ? c->snd.mss : initial_window(c));
	c->snd.recover = c->snd.una - 1; /* the SYN: RFC 6582 §3.2 step 1 */
}

void
newreno_restart(struct tern_conn *c)
{
	set_cwnd(c, least(c->cong.cwnd, initial_window(c)));
}

/* RFC 5681 (4) */
static uint32_t
half_flight(const struct tern_conn *c)
{
	return most(conn_flight(c) / 2, 2u * c->snd.mss);
}

/* RFC 6582 §3.2 step 3: an ACK during recovery. */
static void
acked_in_recovery(struct tern_conn *c, uint32_t bytes)
{
	uint32_t mss = c->snd.mss;

	if (seq_ge(c->snd.una, c->snd.recover)) { /* full: deflate */
		set_cwnd(c, least(c->cong.ssthresh, most(conn_flight(c), mss) + mss));
		c->flags &= ~TERN_CONN_RECOVERY;
		return;
	}
	c->flags |= TERN_CONN_REPEAT; /* partial: the next hole */
	set_cwnd(c,
		 most(c->cong.cwnd - least(bytes, c->cong.cwnd) + (bytes >= mss ? mss : 0), mss));
}

void
newreno_acked(struct tern_conn *c, uint32_t bytes)
{
	uint32_t mss = c->snd.mss;

	c->snd.dupacks = 0;
	if ((c->flags & TERN_CONN_RECOVERY) != 0)
		acked_in_recovery(c, bytes);
	else if (c->cong.cwnd < c->cong.ssthresh)
		set_cwnd(c, c->cong.cwnd + least(bytes, mss)); /* (2) */
	else
		set_cwnd(c, c->cong.cwnd + most((uint32_t)((uint64_t)mss * mss / c->cong.cwnd), 1));
	/* Once passed, it follows close behind, so that it never seems to be ahead (wrapping). */
	if (seq_gt(c->snd.una, c->snd.recover))
		c->snd.recover = c->snd.una - 1;
}

void
newreno_duplicate(struct tern_conn *c)
{
	uint32_t mss = c->snd.mss;

	if ((c->flags & TERN_CONN_RECOVERY) != 0) {
		set_cwnd(c, c->cong.cwnd + mss); /* §3.2 step 4 */
		return;
	}
	if (c->snd.dupacks < DUPACKS && ++c->snd.dupacks < DUPACKS)
		return;
	/*
	 * RFC 6582 §3.2 step 2: what was sent before the last recovery began does not begin
	 * another.
	 */
	if (!seq_gt(c->snd.una, c->snd.recover))
		return;
	c->cong.ssthresh = half_flight(c);
	c->snd.recover = c->snd.max;
	set_cwnd(c, c->cong.ssthresh + DUPACKS * mss);
	c->flags |= TERN_CONN_RECOVERY | TERN_CONN_REPEAT;
	count(c->tcp, TERN_EV_TCP_FAST_RETRANSMIT);
}

void
newreno_timeout(struct tern_conn *c)
{
	/* (4), once for one loss however often its timer expires. */
	if (c->rtt.backoff == 0)
		c->cong.ssthresh = half_flight(c);
	set_cwnd(c, c->snd.mss); /* loss window */
	c->snd.recover = c->snd.max;
	c->snd.dupacks = 0;
	c->flags &= ~TERN_CONN_RECOVERY;
}
