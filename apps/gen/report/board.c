/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/report/board.h"

#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

struct board *
board_new(const struct view *view)
{
	struct board *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		report_complain("no memory for live figures");
		return NULL;
	}
	pthread_mutex_init(&b->lock, NULL);
	b->view = view;
	return b;
}

void
board_free(struct board *b)
{
	if (b == NULL)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b);
}

uint64_t
board_band_ns(unsigned int band)
{
	static const uint64_t begins[BOARD_BANDS] = {
		0,	1000,	 3000,	  10000,    30000,     100000,
		300000, 1000000, 3000000, 10000000, 100000000, 1000000000,
	};

	return begins[band];
}

/* By where each bucket begins. */
static void
fill_heat(const struct hdr *h, uint64_t heat[BOARD_BANDS])
{
	unsigned int band = 0;

	memset(heat, 0, BOARD_BANDS * sizeof(heat[0]));
	for (uint32_t i = 0; i < HDR_BUCKETS; i++) {
		if (hdr_count(h, i) == 0)
			continue;
		while (band + 1 < BOARD_BANDS && hdr_bucket_ns(i) >= board_band_ns(band + 1))
			band++;
		heat[band] += hdr_count(h, i);
	}
}

void
board_add(struct board *b, const struct interval *i, const struct meter *meter)
{
	struct recent *r;

	pthread_mutex_lock(&b->lock);
	meter_merge(&b->total, meter);
	r = &b->recent[b->intervals % BOARD_RECENT];
	r->interval = *i;
	fill_heat(&meter->time[plan_headline(b->view->plan)], r->heat);
	b->intervals++;
	b->disturbed += (i->flags & 1u << FLAG_DISTURBED) != 0;
	pthread_mutex_unlock(&b->lock);
}

unsigned int
board_recent_n(const struct board *b)
{
	return (unsigned int)RTE_MIN(b->intervals, BOARD_RECENT);
}

const struct recent *
board_recent(const struct board *b, unsigned int n)
{
	return &b->recent[(b->intervals - 1 - n) % BOARD_RECENT];
}
