/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/pace.h"
#include "conn/machine.h"
#include "conn/timers.h"
#include "core/seq.h"

enum {
	TICK_US = TERN_TICK_NS / 1000,
	BEHIND_MOST_US = 1000, /* what was not used of the rate is not made up for */
};

/* Bytes a millisecond; 0: not known yet, do not wait. */
static uint64_t
rate(const struct tern_conn *c)
{
	uint32_t srtt_us = c->rtt.srtt_8 / 8;
	uint64_t cwnd = c->cong.cwnd;

	if (c->pace != 0)
		return c->pace;
	if (srtt_us == 0)
		return 0;
	cwnd = c->cong.cwnd < c->cong.ssthresh / 2 ? 2 * cwnd : cwnd + cwnd / 5;
	return cwnd * 1000 / srtt_us;
}

bool
pace_waits(struct tern_conn *c)
{
	uint32_t ahead_us = c->pace_us - c->tcp->now_us;

	if (seq_le(c->pace_us, c->tcp->now_us))
		return false;
	if (!timer_is_set(c, TERN_TIMER_ACK))
		timer_set(c, TERN_TIMER_ACK, (ahead_us + TICK_US - 1) / TICK_US);
	return true;
}

void
pace_sent(struct tern_conn *c, uint32_t len)
{
	uint64_t bytes_a_ms = rate(c);
	uint32_t now = c->tcp->now_us;

	if (bytes_a_ms == 0)
		return;
	if (seq_lt(c->pace_us, now - BEHIND_MOST_US) || seq_gt(c->pace_us, now + (1u << 30)))
		c->pace_us = now;
	c->pace_us += (uint32_t)RTE_MIN(len * UINT64_C(1000) / bytes_a_ms, 1000000u);
}
