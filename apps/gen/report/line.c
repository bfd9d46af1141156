/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The live line: one an interval, the same columns always, so that awk can read it. What was not
 * measured in the interval is "-". Flags come last, for they may be several words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gen/report/output.h"

enum { HEADER_EACH = 20 }; /* lines, about a screen */

struct line {
	struct view *view;
	unsigned int n;	    /* lines so far */
	unsigned int trial; /* of the last one */
	int digits;	    /* of the time: as many as the interval needs */
};

static const struct {
	const char *name;
	int width;
} columns[] = {
	{ "t", 4 },    { "conns/s", 9 }, { "resp/s", 9 },  { "txpps", 10 },  { "rxpps", 10 },
	{ "Gb/s", 8 }, { "p50us", 7 },	 { "p99us", 8 },   { "p99.9us", 8 }, { "maxus", 9 },
	{ "err", 6 },  { "rexmit", 8 },	 { "lag99us", 9 }, { "busy%", 7 },
};

enum column {
	COLUMN_T,
	COLUMN_CONNS,
	COLUMN_RESP,
	COLUMN_TX,
	COLUMN_RX,
	COLUMN_GBPS,
	COLUMN_P50,
	COLUMN_P99,
	COLUMN_P999,
	COLUMN_MAX,
	COLUMN_ERR,
	COLUMN_REXMIT,
	COLUMN_LAG,
	COLUMN_BUSY,
};

static void
header(FILE *to)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		fprintf(to, "%s%*s", i > 0 ? " " : "", columns[i].width - (i > 0), columns[i].name);
	fputs("  flags\n", to);
}

static void
number(FILE *to, enum column c, double value, int digits)
{
	fprintf(to, "%s%*.*f", c > 0 ? " " : "", columns[c].width - (c > 0), digits, value);
}

/* Microseconds, or "-" where nothing was timed. */
static void
time_us(FILE *to, enum column c, const struct summary *of, uint64_t ns)
{
	double us = (double)ns / 1e3;

	if (of->n == 0)
		fprintf(to, " %*s", columns[c].width - 1, "-");
	else
		number(to, c, us, us < 1e5 ? 1 : 0);
}

/* Of frames without FCS, in the direction that carries more. */
static double
gbps(const struct interval *i)
{
	uint64_t tx = i->count[COUNT_tx_bytes], rx = i->count[COUNT_rx_bytes];

	return interval_rate(i, tx > rx ? tx : rx) * 8 / 1e9;
}

static void
print(const struct line *l, FILE *to, const struct interval *i)
{
	const struct summary *time = &i->time[plan_headline(l->view->plan)];
	const struct summary *lag = &i->time[TIME_lag];
	char flags[FLAGS_TEXT];

	number(to, COLUMN_T, (double)i->t1_ns / 1e9, l->digits);
	number(to, COLUMN_CONNS, interval_rate(i, i->count[COUNT_opened]), 0);
	number(to, COLUMN_RESP, interval_rate(i, i->count[COUNT_responses]), 0);
	number(to, COLUMN_TX, interval_rate(i, i->count[COUNT_tx_pkts]), 0);
	number(to, COLUMN_RX, interval_rate(i, i->count[COUNT_rx_pkts]), 0);
	number(to, COLUMN_GBPS, gbps(i), 3);
	time_us(to, COLUMN_P50, time, time->p50);
	time_us(to, COLUMN_P99, time, time->p99);
	time_us(to, COLUMN_P999, time, time->p999);
	time_us(to, COLUMN_MAX, time, time->longest);
	number(to, COLUMN_ERR, (double)interval_errors(i), 0);
	number(to, COLUMN_REXMIT, (double)count_rexmits(i->count), 0);
	time_us(to, COLUMN_LAG, lag, lag->p99);
	number(to, COLUMN_BUSY, i->busy * 100, 0);
	fprintf(to, "  %s\n", interval_flags(i, flags));
}

static void
on_interval(void *self, const struct interval *i, const struct meter *meter)
{
	struct line *l = self;
	FILE *to = l->view->text.file;

	(void)meter;
	if (to == NULL)
		return;
	if (l->trial != l->view->trial)
		l->n = 0;
	l->trial = l->view->trial;
	if (l->n++ % HEADER_EACH == 0)
		header(to);
	print(l, to, i);
	out_flush(&l->view->text);
}

static bool
is_asked(const struct plan *plan)
{
	return !plan->quiet && !plan->tui;
}

static int
digits_of(uint64_t interval_ns)
{
	if (interval_ns % UINT64_C(1000000000) == 0)
		return 0;
	return interval_ns % 100000000 == 0 ? 1 : 3;
}

static void *
open_line(struct view *view)
{
	struct line *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		report_complain("no memory for the live line");
		return NULL;
	}
	l->view = view;
	l->digits = digits_of(view->plan->interval_ns);
	return l;
}

static int
close_line(void *self, int status)
{
	(void)status;
	free(self);
	return 0;
}

const struct output output_line = {
	.asked = is_asked,
	.open = open_line,
	.interval = on_interval,
	.close = close_line,
};
