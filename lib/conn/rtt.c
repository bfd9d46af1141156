/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/rtt.h"
#include "conn/machine.h"
#include "core/seq.h"

enum {
	TICK_US = TERN_TICK_NS / 1000,
	SAMPLE_MAX_US = 1 << 28, /* 268 s: beyond any R2, and times 8 fits */
};

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

/*
 * (2.3), (2.4), (2.5), §4: RTO = SRTT + max(G, 4 RTTVAR), within its bounds. The lower one takes
 * the place of G: it stands for what peers delay their ACKs, which comes on top of the round trip.
 */
static void
set_rto(struct tern_conn *c)
{
	const struct tcp_times *times = &c->tcp->times;
	uint32_t var = (c->rtt.rttvar_4 + TICK_US - 1) / TICK_US;
	uint32_t rto = c->rtt.srtt_8 / 8 / TICK_US + (var > times->rto_min ? var : times->rto_min);

	c->rtt.rto = rto < times->rto_max ? rto : times->rto_max;
}

/* RFC 7323 §4.1: by the echo of our clock, a tick of which is the least that it can tell. */
static uint32_t
echoed_us(const struct tern_conn *c, const struct segment *s)
{
	uint32_t ticks = c->tcp->now_ts + c->ts_offset - s->ts_ecr;
	uint64_t us = (ticks > 0 ? ticks : 1) * (c->tcp->ts_clock / 1000);

	if ((c->flags & TERN_CONN_TIMESTAMPS) == 0 || (s->has & SEGMENT_TIMESTAMPS) == 0)
		return 0;
	return us <= SAMPLE_MAX_US ? (uint32_t)us : 0;
}

static uint32_t
measured_us(const struct tern_conn *c, const struct delivery *d)
{
	uint32_t us = flight_since_us(c, d->us);

	return us > 0 ? us : 1;
}

/* MUST-18, Karn (§3): not by what was sent twice; once a round trip (RFC 7323 §4.2). */
uint32_t
rtt_acked(struct tern_conn *c, const struct segment *s, const struct delivery *d)
{
	bool measured = d->any && !d->repeated;
	uint32_t us = measured ? measured_us(c, d) : echoed_us(c, s);

	if (us == 0 || us > SAMPLE_MAX_US)
		return 0;
	if (measured && (c->rtt.least_us == 0 || us < c->rtt.least_us))
		c->rtt.least_us = us;
	if (seq_gt(s->ack, c->rtt.seq)) {
		c->probes = 0;
		c->rtt.seq = c->snd.max;
		smooth(c, us);
		set_rto(c);
	}
	return us;
}
