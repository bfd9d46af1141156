/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/window.h"
#include "conn/machine.h"
#include "core/seq.h"

/* The edge that the free space allows, never left of what was advertised (MUST-34). */
static uint32_t
allowed_edge(const struct tern_conn *c)
{
	uint32_t free = c->rcv.space > c->rcv.held ? c->rcv.space - c->rcv.held : 0;
	uint32_t most = (uint32_t)UINT16_MAX << c->rcv.wscale;

	return seq_max(c->rcv.nxt + (free < most ? free : most), c->rcv.adv);
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
	uint32_t edge = allowed_edge(c), field;

	if (!worth_it(c, edge))
		edge = c->rcv.adv;
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
	edge = allowed_edge(c);
	/* While the peer still has two segments of room its own data will fetch the update. */
	return worth_it(c, edge) && (c->rcv.adv - c->rcv.nxt) < 2 * mss;
}
