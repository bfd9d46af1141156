/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No congestion control: the peer's window alone bounds what is in flight. For generators on a
 * wire of their own; on a shared one this is a breach of RFC 9293 §3.8.2 (MUST-19).
 *
 * Losses are repaired as ever. After a timeout the machine makes cwnd one MSS (RFC 5681 §3.1); the
 * first ACK widens it again.
 */
#include <rte_common.h>

#include "conn/congestion.h"

static void
start(struct tern_conn *c)
{
	c->cong.cwnd = CWND_MAX;
	c->cong.ssthresh = CWND_MAX;
}

static void
acked(struct tern_conn *c, const struct tern_acked *ack)
{
	if (!ack->recovering)
		c->cong.cwnd = CWND_MAX;
}

static uint32_t
congested(struct tern_conn *c, enum tern_congested why, uint32_t flight)
{
	RTE_SET_USED(c);
	RTE_SET_USED(why);
	RTE_SET_USED(flight);
	return CWND_MAX;
}

static void
restart(struct tern_conn *c, uint32_t idle_us)
{
	RTE_SET_USED(idle_us);
	c->cong.cwnd = CWND_MAX;
}

const struct tern_congestion tern_no_congestion_control = {
	.name = "none",
	.start = start,
	.acked = acked,
	.congested = congested,
	.undo = start,
	.restart = restart,
};
