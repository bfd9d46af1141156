/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/rtt.h"
#include "conn/machine.h"
#include "core/seq.h"

enum { TICK_US = TERN_TICK_NS / 1000 };

void
rtt_time(struct tern_conn *c, uint32_t seq)
{
	if ((c->flags & RTT_TIMING) != 0)
		return;
	c->flags |= RTT_TIMING;
	c->rtt.seq = seq;
	c->tail.us = c->tcp->now_us;
}

/* RFC 6298 (2.2), (2.3) with alpha 1/8 and beta 1/4; both values are kept multiplied. */
static void
smooth(struct tern_conn *c, uint32_t sample_us)
{
	uint32_t srtt = c->rtt.srtt_8 / 8;
	uint32_t error;

	if (c->rtt.srtt_8 == 0) {
		c->rtt.srtt_8 = sample_us * 8;
		c->rtt.rttvar_4 = sample_us * 2;
		return;
	}
	error = srtt > sample_us ? srtt - sample_us : sample_us - srtt;
	c->rtt.rttvar_4 += error - c->rtt.rttvar_4 / 4;
	c->rtt.srtt_8 += sample_us - srtt;
}

/* (2.3), (2.4), (2.5): RTO = SRTT + max(G, 4 RTTVAR), within its bounds. */
static void
set_rto(struct tern_conn *c)
{
	const struct tcp_times *times = &c->tcp->times;
	uint32_t var = c->rtt.rttvar_4 > TICK_US ? c->rtt.rttvar_4 : TICK_US;
	uint32_t rto = (c->rtt.srtt_8 / 8 + var + TICK_US - 1) / TICK_US;

	if (rto < times->rto_min)
		rto = times->rto_min;
	c->rtt.rto = rto < times->rto_max ? rto : times->rto_max;
}

void
rtt_acked(struct tern_conn *c, uint32_t ack)
{
	enum { SAMPLE_MAX_US = 1 << 28 }; /* 268 s: beyond any R2, and times 8 fits */
	uint32_t sample;

	if ((c->flags & RTT_TIMING) == 0 || seq_lt(ack, c->rtt.seq))
		return;
	c->flags &= ~RTT_TIMING;
	sample = c->tcp->now_us - c->tail.us;
	if (sample > SAMPLE_MAX_US)
		return;
	smooth(c, sample > 0 ? sample : 1);
	set_rto(c);
}
