/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Many trials in a row, and what they say together: search, the RFCs' suites, repetitions.
 *
 * Each suite is a function of a series. It runs trials with suite_trial(), tells what it
 * found row by row (report_row()), and returns the program's exit status.
 */
#ifndef GEN_SUITES_SUITE_H
#define GEN_SUITES_SUITE_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/report/report.h"
#include "gen/suites/mlrsearch.h"
#include "gen/trial.h"

struct series {
	struct bench *bench;
	const struct plan *plan;
	struct report *report;
	struct watcher watcher;
	struct result *result; /* of the last trial */
	unsigned int trials;
	uint64_t ns; /* of all trials, as they were asked for */
};

/*
 * suite_run() - what the plan asks for: a search, an RFC's suite, repetitions, or one trial
 * @result: of result_new(); that of the last trial, or of all repetitions merged
 *
 * Return: an exit status, as the plan's criteria have it; SLOs of a plain run are not judged.
 */
int suite_run(struct bench *bench, struct report *report, struct result *result);

/* Is it more than one trial? Then what it tells are tables, and its result is only the last. */
bool suite_is_many(const struct plan *plan);

int search_suite(struct series *s);
int rfc2544_suite(struct series *s);
int rfc8219_suite(struct series *s);
int rfc9411_suite(struct series *s);
int repeat_suite(struct series *s);

/* Return: 0, or an exit status: the trial could not be run, or ^C. */
int suite_trial(struct series *s, const struct trial *trial);

/* One line on stderr. Return: 1. */
__attribute__((format(printf, 1, 2))) int suite_refuse(const char *form, ...);

/* A remark about the figures: a row of table "notes". */
__attribute__((format(printf, 2, 3))) void suite_note(struct series *s, const char *form, ...);

/* Is it among those of --tests, a list with commas? None given: all are. */
bool suite_wants(const struct plan *plan, const char *test);

/* Are all of --tests among these, which end with NULL? Return: 0, or 1 after one line on stderr. */
int suite_check_tests(const struct plan *plan, const char *const *tests);

/* The worse of two exit statuses. */
int suite_worse(int a, int b);

/* How a search makes its trials, and what it makes of their results. */
struct measurer {
	/* The trial of a load; of all else it is the plan's, at this rate. */
	void (*prepare)(struct measurer *m, double load, struct trial *trial);
	/* Trial Loss Ratio; sets *limited when the generator could not offer the load. */
	double (*loss)(struct measurer *m, double load, const struct result *r, bool *limited);
	const struct plan *plan; /* of the trials: whom result_rate() is asked for */
	bool quiet;		 /* no row for each trial */
	void *data;
};

/* Until the search is over. Return: 0, or an exit status. */
int search_run(struct series *s, struct mlr *mlr, struct measurer *m);

/*
 * Loss as the search sees it: what was not answered, or was not even offered. limited: more than
 * 1 % of what was due never left, so what was asked is not what was measured.
 */
double search_loss(const struct plan *plan, double rate, const struct result *r, bool *limited);

/* Goal Width and defaults: --precision, --min, --max. */
double search_width(const struct plan *plan);
void search_range(const struct plan *plan, struct mlr *mlr);

#endif
