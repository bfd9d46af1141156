/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What other threads may look at while a run goes on: Prometheus, DPDK's telemetry, the live page.
 *
 * The reporting thread writes it at the end of each interval; it and every reader hold the lock,
 * for some hundred microseconds at most. No worker ever comes here.
 */
#ifndef GEN_REPORT_BOARD_H
#define GEN_REPORT_BOARD_H

#include <pthread.h>
#include <stdio.h>

#include "gen/report/output.h"

enum {
	BOARD_RECENT = 128, /* intervals */
	BOARD_BANDS = 12,   /* of times: two an order of magnitude, from 1 us */
};

struct recent {
	struct interval interval;
	uint64_t heat[BOARD_BANDS]; /* how many times of the headline lay in each band */
};

struct board {
	pthread_mutex_t lock;
	const struct view *view;
	struct meter total; /* of all intervals so far, of all trials */
	uint64_t intervals, disturbed;
	struct recent recent[BOARD_RECENT]; /* the last ones: [intervals % BOARD_RECENT] is next */
};

/* Return: NULL for want of memory. */
struct board *board_new(const struct view *view);
void board_free(struct board *b);

void board_add(struct board *b, const struct interval *i, const struct meter *meter);

/* The rest with the lock held. */
unsigned int board_recent_n(const struct board *b);
/* The n-th before the last; 0 is the last. Below board_recent_n(). */
const struct recent *board_recent(const struct board *b, unsigned int n);

/* Where a band begins, ns; the first at 0. */
uint64_t board_band_ns(unsigned int band);

/* prometheus.c: all of it in text format 0.0.4. Takes the lock itself. */
void board_expose(struct board *b, FILE *to);

#endif
