/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of DPDK's telemetry socket, so that dpdk-telemetry.py and telegraf see a run:
 *
 *	/gen/stats		counters since the start
 *	/gen/latency,ttlb	percentiles since the start, of a time of meter.h
 *	/gen/intervals,8	the last intervals, a list for each column
 *
 * The same as /tern/gen/... Commands cannot be taken back from DPDK: after the run they answer with
 * nothing.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "gen/report/board.h"

enum { INTERVALS_MOST = 32 }; /* an answer has 16 KB */

/* DPDK hands its callbacks nothing of ours. */
static struct {
	pthread_mutex_t lock;
	struct board *board; /* NULL: no run */
} shown = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Return: the board, locked, or NULL. */
static struct board *
hold(void)
{
	pthread_mutex_lock(&shown.lock);
	if (shown.board != NULL)
		pthread_mutex_lock(&shown.board->lock);
	else
		pthread_mutex_unlock(&shown.lock);
	return shown.board;
}

static void
release(struct board *board)
{
	pthread_mutex_unlock(&board->lock);
	pthread_mutex_unlock(&shown.lock);
}

static int
tell_stats(const char *command, const char *params, struct rte_tel_data *data)
{
	struct board *b = hold();

	(void)command;
	(void)params;
	if (b == NULL)
		return -ENOENT;
	rte_tel_data_start_dict(data);
	for (unsigned int i = 0; i < COUNTS; i++)
		rte_tel_data_add_dict_u64(data, counter_names[i], b->total.count[i]);
	for (unsigned int i = 0; i < ERRORS_N; i++)
		rte_tel_data_add_dict_u64(data, error_names[i], b->total.error[i]);
	rte_tel_data_add_dict_u64(data, "intervals", b->intervals);
	rte_tel_data_add_dict_u64(data, "disturbed", b->disturbed);
	release(b);
	return 0;
}

/* The time of this name; none given: the one of the live line. TIMES_N: there is none. */
static unsigned int
time_named(const struct board *b, const char *name)
{
	unsigned int t = 0;

	if (name == NULL || *name == '\0')
		return plan_headline(b->view->plan);
	while (t < TIMES_N && strcmp(time_names[t], name) != 0)
		t++;
	return t;
}

static void
fill_latency(struct rte_tel_data *data, unsigned int t, const struct hdr *h)
{
	rte_tel_data_start_dict(data);
	rte_tel_data_add_dict_string(data, "name", time_names[t]);
	rte_tel_data_add_dict_u64(data, "count", h->n);
	rte_tel_data_add_dict_u64(data, "p50_ns", hdr_percentile(h, 0.5));
	rte_tel_data_add_dict_u64(data, "p75_ns", hdr_percentile(h, 0.75));
	rte_tel_data_add_dict_u64(data, "p90_ns", hdr_percentile(h, 0.9));
	rte_tel_data_add_dict_u64(data, "p99_ns", hdr_percentile(h, 0.99));
	rte_tel_data_add_dict_u64(data, "p999_ns", hdr_percentile(h, 0.999));
	rte_tel_data_add_dict_u64(data, "p9999_ns", hdr_percentile(h, 0.9999));
	rte_tel_data_add_dict_u64(data, "max_ns", h->longest_ns);
	rte_tel_data_add_dict_u64(data, "mean_ns", (uint64_t)hdr_mean_ns(h));
}

static int
tell_latency(const char *command, const char *params, struct rte_tel_data *data)
{
	struct board *b = hold();
	unsigned int t;

	(void)command;
	if (b == NULL)
		return -ENOENT;
	t = time_named(b, params);
	if (t < TIMES_N)
		fill_latency(data, t, &b->total.time[t]);
	release(b);
	return t < TIMES_N ? 0 : -EINVAL;
}

/* A column of the last n intervals, the oldest first. */
static void
add_column(struct rte_tel_data *data, const char *name, const struct board *b, unsigned int n,
	   uint64_t (*value)(const struct interval *i, unsigned int which), unsigned int which)
{
	struct rte_tel_data *column = rte_tel_data_alloc();

	if (column == NULL)
		return;
	rte_tel_data_start_array(column, RTE_TEL_U64_VAL);
	for (unsigned int i = n; i > 0; i--)
		rte_tel_data_add_array_u64(column, value(&board_recent(b, i - 1)->interval, which));
	rte_tel_data_add_dict_container(data, name, column, 0);
}

static uint64_t
time_of_end(const struct interval *i, unsigned int unused)
{
	(void)unused;
	return i->t1_ns;
}

static uint64_t
count_of(const struct interval *i, unsigned int which)
{
	return i->count[which];
}

static uint64_t
errors_of(const struct interval *i, unsigned int unused)
{
	(void)unused;
	return interval_errors(i);
}

static uint64_t
p50_of(const struct interval *i, unsigned int which)
{
	return i->time[which].p50;
}

static uint64_t
p99_of(const struct interval *i, unsigned int which)
{
	return i->time[which].p99;
}

static uint64_t
longest_of(const struct interval *i, unsigned int which)
{
	return i->time[which].longest;
}

/* 1 << enum flag */
static uint64_t
flags_of(const struct interval *i, unsigned int unused)
{
	(void)unused;
	return i->flags;
}

static int
tell_intervals(const char *command, const char *params, struct rte_tel_data *data)
{
	static const enum counter counts[] = { COUNT_opened, COUNT_requests, COUNT_responses,
					       COUNT_tx_pkts, COUNT_rx_pkts };
	struct board *b = hold();
	unsigned int n = INTERVALS_MOST, t;

	(void)command;
	if (b == NULL)
		return -ENOENT;
	if (params != NULL && atoi(params) > 0)
		n = RTE_MIN(n, (unsigned int)atoi(params));
	n = RTE_MIN(n, board_recent_n(b));
	t = plan_headline(b->view->plan);
	rte_tel_data_start_dict(data);
	add_column(data, "t1_ns", b, n, time_of_end, 0);
	for (size_t i = 0; i < RTE_DIM(counts); i++)
		add_column(data, counter_names[counts[i]], b, n, count_of, counts[i]);
	add_column(data, "errors", b, n, errors_of, 0);
	add_column(data, "p50_ns", b, n, p50_of, t);
	add_column(data, "p99_ns", b, n, p99_of, t);
	add_column(data, "max_ns", b, n, longest_of, t);
	add_column(data, "lag_p99_ns", b, n, p99_of, TIME_lag);
	add_column(data, "flags", b, n, flags_of, 0);
	release(b);
	return 0;
}

static const struct {
	const char *name, *also;
	telemetry_cb tell;
	const char *help;
} commands[] = {
	{ "/gen/stats", "/tern/gen/stats", tell_stats, "Counters of tern-gen. No parameters" },
	{ "/gen/latency", "/tern/gen/latency", tell_latency,
	  "Percentiles in ns. Parameter: connect, ttfb, ttlb, close, lag, ..._naive" },
	{ "/gen/intervals", "/tern/gen/intervals", tell_intervals,
	  "The last intervals. Parameter: how many" },
};

static bool
is_asked(const struct plan *plan)
{
	(void)plan;
	return true;
}

static void *
open_telemetry(struct view *view)
{
	static bool registered;

	pthread_mutex_lock(&shown.lock);
	shown.board = view->board;
	pthread_mutex_unlock(&shown.lock);
	for (size_t i = 0; i < RTE_DIM(commands) && !registered; i++) {
		rte_telemetry_register_cmd(commands[i].name, commands[i].tell, commands[i].help);
		rte_telemetry_register_cmd(commands[i].also, commands[i].tell, commands[i].help);
	}
	registered = true;
	return view;
}

static int
close_telemetry(void *self, int status)
{
	(void)self;
	(void)status;
	pthread_mutex_lock(&shown.lock);
	shown.board = NULL;
	pthread_mutex_unlock(&shown.lock);
	return 0;
}

const struct output output_telemetry = {
	.asked = is_asked,
	.open = open_telemetry,
	.close = close_telemetry,
};
