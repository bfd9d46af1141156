/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A trial: the load for some time, and what came of it. A plain run is one; --repeat, search and
 * the RFCs' suites are many, one after the other, over the same ports.
 */
#ifndef GEN_TRIAL_H
#define GEN_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/measure/meter.h"
#include "gen/plan.h"
#include "gen/worker.h"

/* Why an interval is to be looked at with care. */
#define FLAGS(X) \
	X(WARMUP, "of the time that is left out") \
	X(DISTURBED, "the generator was kept from its processor") \
	X(LATE, "it launched what was due too late") \
	X(SHED, "it left out what was due: too much was outstanding") \
	X(TXFULL, "the port did not take what it was to send") \
	X(GENLIMIT, "it had no cycles left: it was the bottleneck")

enum flag {
#define X(name, text) FLAG_##name,
	FLAGS(X)
#undef X
		FLAGS_N
};

extern const char *const flag_names[FLAGS_N];

/* Five numbers of a histogram. */
struct summary {
	uint64_t n, p50, p99, p999, longest; /* ns */
};

/* What one interval saw: all workers together. */
struct interval {
	uint64_t t0_ns, t1_ns; /* from the start of the trial */
	uint64_t count[COUNTS];
	uint64_t error[ERRORS_N];
	struct summary time[TIMES_N];
	double busy;	  /* share of cycles in turns that did something */
	double cpu_share; /* of the worker that was hindered most: ran / (ran + waited) */
	uint32_t flags;	  /* 1 << enum flag */
	uint32_t outstanding;
};

#define RESULT_WORKERS 128

struct result {
	struct trial trial;
	uint64_t ns;	    /* that count: without warm-up and flagged intervals, unless --keep */
	struct meter sum;   /* of those; its times and errors with those of the drain */
	struct meter total; /* of the whole trial: warm-up, flagged intervals and drain too */
	struct interval *intervals;
	unsigned int intervals_n, disturbed, flagged;
	struct ledger ledger; /* of all of it, warm-up and drain too */
	struct ledger of_worker[RESULT_WORKERS];
	unsigned int workers_n;
	double achieved; /* of what the mode counts, a second: see plan's metric */
	double busy;
	double cycles_each, pkts_each; /* busy cycles and packets for each of that */
	bool trustworthy;
	char verdict
		[160]; /* in words: "yes, 0 of 30 intervals disturbed, lag p99 4 us, busy 58 %" */
	int failed;    /* the trial could not be run: an exit status, or 0 */
};

/*
 * Who is told while a trial runs; from the thread that called trial_run(). meter: of all workers in
 * this interval alone, so that its histograms can be logged; only valid during the call.
 */
struct watcher {
	void (*on_interval)(void *data, const struct interval *interval, const struct meter *meter);
	void *data;
};

struct bench; /* the workers, and how they are made to run: in real time or simulated */

/*
 * trial_run() - run one
 * @result: of result_new(); overwritten
 *
 * Return: 0, or an exit status after one line on stderr: the target does not answer (1), the port
 * is gone, or a worker is stuck (2): then each further trial fails at once.
 */
int trial_run(struct bench *bench, const struct trial *trial, const struct watcher *watcher,
	      struct result *result);

/* The trial that the plan itself asks for. */
void trial_of_plan(const struct plan *plan, struct trial *trial);
/* The same at this rate a second, for so long. */
void trial_at_rate(const struct plan *plan, double rate, uint64_t duration_ns, struct trial *trial);

/* Of what the mode counts: transactions that ended well, or packets; and those that did not. */
double result_rate(const struct plan *plan, const struct result *r);
double result_loss(const struct plan *plan, const struct result *r); /* a share of 1 */

struct result *result_new(void);
void result_free(struct result *result);

/* Has somebody pressed ^C? */
bool bench_stopped(const struct bench *bench);

const struct plan *bench_plan(const struct bench *bench);

#endif
