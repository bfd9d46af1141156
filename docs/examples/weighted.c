/* SPDX-License-Identifier: BSD-3-Clause */
#include "weighted.h"

#include <rte_common.h>

enum { FLOWS = 4 };

/* What is kept in the block of each connection. */
struct weighted {
	uint32_t counted; /* bytes acknowledged towards the next segment of cwnd */
} __rte_may_alias;

_Static_assert(sizeof(struct weighted) <= sizeof(uint32_t[TERN_CONGESTION_WORDS]),
	       "the state fits the block");

static struct weighted *
state_of(struct tern_conn *conn)
{
	return (struct weighted *)conn->congestion_state;
}

static void
start(struct tern_conn *conn)
{
	state_of(conn)->counted = 0;
}

static void
acked(struct tern_conn *conn, const struct tern_acked *ack)
{
	struct weighted *w = state_of(conn);
	uint32_t mss = conn->snd.mss;

	/* In recovery cwnd is the machine's; and what was not used says nothing about more. */
	if (ack->recovering || !ack->limited)
		return;
	if (conn->cong.cwnd < conn->cong.ssthresh) { /* slow start: RFC 5681 (2) */
		conn->cong.cwnd += RTE_MIN(ack->bytes, 8 * mss);
		return;
	}
	/* Each of the four: one segment a round trip. */
	w->counted += FLOWS * RTE_MIN(ack->bytes, conn->cong.cwnd / FLOWS);
	if (w->counted >= conn->cong.cwnd) {
		w->counted -= conn->cong.cwnd;
		conn->cong.cwnd += mss;
	}
}

/* A loss hits one of the four, which halves; silence hits all. */
static uint32_t
congested(struct tern_conn *conn, enum tern_congested why, uint32_t flight)
{
	uint32_t less = why == TERN_CONGESTED_TIMEOUT ? flight / 2 : flight / (2 * FLOWS);

	state_of(conn)->counted = 0;
	return RTE_MAX(flight - less, 2u * conn->snd.mss);
}

/* cwnd and ssthresh are what they were already. */
static void
undo(struct tern_conn *conn)
{
	state_of(conn)->counted = 0;
}

static void
restart(struct tern_conn *conn, uint32_t idle_us)
{
	RTE_SET_USED(idle_us);
	state_of(conn)->counted = 0;
}

const struct tern_congestion four_flows = {
	.name = "four flows",
	.start = start,
	.acked = acked,
	.congested = congested,
	.undo = undo,
	.restart = restart,
};
