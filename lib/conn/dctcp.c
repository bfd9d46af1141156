/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data Center TCP (RFC 8257): cwnd shrinks in proportion to how much of a window was marked.
 *
 * alpha estimates the marked fraction, from 1 at the start on (§3.3), so that a path that marks at
 * once is believed; g is 1/16 (§4.2). Between marks, and after a loss, it is RFC 5681.
 */
#include "conn/congestion.h"
#include "conn/reno.h"
#include "core/seq.h"

enum {
	ONE = 1 << 30, /* of alpha: it ends less than 16 of these from where it converges to */
	G = 16,	       /* 1 / g */
};

struct dctcp {
	uint32_t alpha;
	uint32_t window_end;	/* the window that is observed */
	uint32_t acked, marked; /* bytes of it */
	struct reno reno;
} __rte_may_alias;

_Static_assert(sizeof(struct dctcp) <= sizeof(uint32_t[TERN_CONGESTION_WORDS]),
	       "the state fits the block");

static struct dctcp *
state_of(struct tern_conn *c)
{
	return (struct dctcp *)c->congestion_state;
}

static void
start(struct tern_conn *c)
{
	*state_of(c) = (struct dctcp){ .alpha = ONE, .window_end = c->snd.una };
}

/* §3.3 (4) to (6): what was marked of the window that has been acknowledged. */
static void
update_alpha(struct dctcp *d)
{
	uint32_t fraction = (uint32_t)((uint64_t)d->marked * ONE / d->acked);

	d->alpha = d->alpha - d->alpha / G + fraction / G;
	if (d->alpha > ONE)
		d->alpha = ONE;
}

/* §3.3 (1) to (8) */
static void
observe(struct dctcp *d, const struct tern_conn *c, const struct tern_acked *ack)
{
	d->acked += ack->bytes;
	d->marked += RTE_MIN(ack->marked, ack->bytes);
	if (seq_le(c->snd.una, d->window_end) || d->acked == 0)
		return;
	update_alpha(d);
	d->window_end = c->snd.nxt;
	d->acked = 0;
	d->marked = 0;
}

/* RFC 8257 §3.4: between marks cwnd grows as ever. */
static void
acked(struct tern_conn *c, const struct tern_acked *ack)
{
	struct dctcp *d = state_of(c);

	observe(d, c, ack);
	reno_acked(&d->reno, c, ack);
}

/* §3.3 (9): cwnd (1 - alpha / 2) */
static uint32_t
marked_window(const struct dctcp *d, const struct tern_conn *c)
{
	uint32_t cwnd = c->cong.cwnd - (uint32_t)((uint64_t)c->cong.cwnd * d->alpha / ONE / 2);

	return RTE_MAX(cwnd, 2u * c->snd.mss);
}

/* Who calls, calls once a window at most, as RFC 3168 §6.1.2 and RFC 8257 §3.3 want it. */
static uint32_t
congested(struct tern_conn *c, enum tern_congested why, uint32_t flight)
{
	struct dctcp *d = state_of(c);
	uint32_t ssthresh = reno_congested(&d->reno, c, why, flight); /* §3.5 */

	return why == TERN_CONGESTED_ECN ? marked_window(d, c) : ssthresh;
}

static void
undo(struct tern_conn *c)
{
	reno_undo(&state_of(c)->reno);
}

static void
restart(struct tern_conn *c, uint32_t idle_us)
{
	RTE_SET_USED(idle_us);
	state_of(c)->reno.counted = 0;
}

const struct tern_congestion tern_dctcp = {
	.name = "dctcp",
	.start = start,
	.acked = acked,
	.congested = congested,
	.undo = undo,
	.restart = restart,
};
