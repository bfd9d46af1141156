/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/window.h"
#include "conn/machine.h"
#include "core/seq.h"

/*
 * The edge that the free space allows: left of rcv.nxt when more is held than there is space, for
 * as long as the user likes (MAY-8).
 */
static uint32_t
free_edge(const struct tern_conn *c)
{
	uint32_t edge = c->rcv.nxt + c->rcv.space - c->rcv.held;
	uint32_t most = c->rcv.nxt + ((uint32_t)UINT16_MAX << c->rcv.wscale);

	return seq_min(edge, most);
}

/* Silly windows are not offered: a step of half the space, or a segment (MUST-39). */
static bool
worth_it(const struct tern_conn *c, uint32_t edge)
{
	uint32_t step = edge - c->rcv.adv;
	uint32_t mss = c->tcp->mss;

	return step >= c->rcv.space / 2 || step >= mss;
}

uint16_t
window_advertise(struct tern_conn *c)
{
	uint32_t limit = free_edge(c), edge = seq_max(limit, c->rcv.adv); /* SHLD-14 */
	uint32_t unit = 1u << c->rcv.wscale, field;

	if (!worth_it(c, edge))
		edge = c->rcv.adv;
	/* Up to whole units, but not on and on with every small segment. */
	field = (edge - c->rcv.nxt + unit - 1) >> c->rcv.wscale;
	if (seq_gt(c->rcv.nxt + (field << c->rcv.wscale), limit + unit))
		field = (edge - c->rcv.nxt) >> c->rcv.wscale;
	if (field > UINT16_MAX)
		field = UINT16_MAX;
	c->rcv.adv = seq_max(c->rcv.adv, c->rcv.nxt + (field << c->rcv.wscale));
	return (uint16_t)field;
}

bool
window_update_due(const struct tern_conn *c)
{
	uint32_t edge, mss = c->tcp->mss;

	if (!conn_receives(c))
		return false;
	edge = seq_max(free_edge(c), c->rcv.adv);
	/* While the peer still has two segments of room its own data will fetch the update. */
	return worth_it(c, edge) && (c->rcv.adv - c->rcv.nxt) < 2 * mss;
}

/*
 * What came in one round trip is at most one window: twice that lets it come twice as fast. Users
 * that keep data have said how much they can (TERN_MARK_SPACE).
 */
void
window_tune(struct tern_conn *c)
{
	const struct tern_tcp *tcp = c->tcp;
	uint32_t bytes = c->rcv.nxt - c->tune_seq;

	if (tcp->now_us - c->tune_us < c->rtt.srtt_8 / 8)
		return;
	c->tune_us = tcp->now_us;
	c->tune_seq = c->rcv.nxt;
	if (bytes > c->rcv.space / 2 && bytes <= c->rcv.space && tcp->held < tcp->held_total / 2)
		c->rcv.space = RTE_MIN(2 * bytes, tcp->rcv_space_max);
}
