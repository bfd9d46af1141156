/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/hystart.h"
#include "conn/congestion.h"
#include "conn/reno.h"
#include "core/seq.h"

/* RFC 9406 §4.3 */
enum {
	MIN_RTT_THRESH_US = 4000,
	MAX_RTT_THRESH_US = 16000,
	MIN_RTT_DIVISOR = 8,
	N_RTT_SAMPLE = 8,
	CSS_GROWTH_DIVISOR = 4,
	CSS_ROUNDS = 5,
	L = SLOW_START_SEGMENTS, /* without pacing; there is no such limit with it */
};

#define NONE UINT32_MAX

void
hystart_start(struct hystart *h, const struct tern_conn *c)
{
	*h = (struct hystart){
		.window_end = c->snd.nxt,
		.last_us = NONE,
		.current_us = NONE,
		.baseline_us = NONE,
	};
}

/* RFC 9406 §4.3: at most L segments an ACK, unless it is paced. */
static void
grow(const struct hystart *h, struct tern_conn *c, uint32_t bytes)
{
	if ((c->flags & TERN_CONN_PACED) == 0)
		bytes = RTE_MIN(bytes, L * (uint32_t)c->snd.mss);
	if (h->baseline_us != NONE)
		bytes /= CSS_GROWTH_DIVISOR;
	widen_cwnd(c, RTE_MIN(bytes, c->cong.ssthresh - c->cong.cwnd));
}

static void
sample(struct hystart *h, uint32_t rtt_us)
{
	if (rtt_us == 0)
		return;
	h->current_us = RTE_MIN(h->current_us, rtt_us);
	if (h->samples < N_RTT_SAMPLE)
		h->samples++;
}

/* §4.2: by how much a round trip must be longer to mean a queue. */
static uint32_t
threshold_us(uint32_t last_us)
{
	uint32_t us = RTE_MIN(last_us / MIN_RTT_DIVISOR, (uint32_t)MAX_RTT_THRESH_US);

	return RTE_MAX(us, (uint32_t)MIN_RTT_THRESH_US);
}

/* §4.2: in slow start, whether to go over to CSS; in CSS, whether that was for nothing. */
static void
compare(struct hystart *h)
{
	if (h->samples < N_RTT_SAMPLE)
		return;
	if (h->baseline_us != NONE) {
		if (h->current_us < h->baseline_us)
			h->baseline_us = NONE;
	} else if (h->last_us != NONE && h->current_us >= h->last_us &&
		   h->current_us - h->last_us >= threshold_us(h->last_us)) {
		h->baseline_us = h->current_us;
		h->css_rounds = 0;
	}
}

/* §4.2: when window_end is acknowledged a round ends. Return: it was the last one of CSS. */
static bool
end_round(struct hystart *h, const struct tern_conn *c)
{
	if (seq_lt(c->snd.una, h->window_end))
		return false;
	h->window_end = c->snd.nxt;
	h->last_us = h->current_us;
	h->current_us = NONE;
	h->samples = 0;
	return h->baseline_us != NONE && ++h->css_rounds >= CSS_ROUNDS;
}

bool
hystart_acked(struct hystart *h, struct tern_conn *c, const struct tern_acked *ack)
{
	if (ack->limited)
		grow(h, c, ack->bytes);
	sample(h, ack->rtt_us);
	compare(h);
	if (!end_round(h, c))
		return false;
	c->cong.ssthresh = c->cong.cwnd;
	return true;
}
