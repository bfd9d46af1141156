/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Everything that tern-gen tells: the live line and the final block, files, streams, what other
 * programs ask for while it runs.
 *
 * Each kind of output is a struct output (output.h); this file opens those that the plan asks for,
 * hands every interval and the result to each of them, and closes them.
 *
 *	r = report_begin(plan, &setup);		one line on stderr and exit(1) when NULL
 *	watcher = report_watcher(r);		for trial_run(), as often as there are trials
 *	report_row(r, "throughput", cells, n);	suites: a line of a table, as it becomes known
 *	report_result(r, result, judged, status);
 *	status = report_end(r, status);		for exit()
 *
 * All of it is called from one thread, which runs no worker. Files are opened by report_begin(),
 * so that a bad name is known before the first packet. What cannot be written later is told once
 * on stderr, the rest goes on, and the exit status is 2 unless it was not 0 anyway.
 */
#ifndef GEN_REPORT_REPORT_H
#define GEN_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/plan.h"
#include "gen/record/failures.h"
#include "gen/trial.h"

#define SETUP_PORTS 8
#define SETUP_CORES 128

/* On what it runs: known when the ports stand. The strings are borrowed until report_end(). */
struct setup {
	struct {
		const char *name, *driver;
		bool tx_cksum_offload;
	} ports[SETUP_PORTS];
	unsigned int ports_n;
	unsigned int cores[SETUP_CORES]; /* of the workers */
	unsigned int cores_n;
	const char *timestamps;		 /* where times come from: "tsc", "virtual" */
	uint64_t epoch_ns;		 /* wall clock at the start; 0 in a simulation */
	const struct failures *failures; /* that were captured; NULL: not asked for */
	void (*on_quit)(void *quit);	 /* somebody pressed q on the live page; from its thread */
	void *quit;
};

/* What came of plan->slos[i]: in its unit, ns, share of 1 or a second's rate. */
struct judged {
	double value;
	bool pass;
};

/* A cell of a table: a number, unless it has a text. */
struct cell {
	const char *name; /* of the column, with its unit: "frame_bytes" */
	double number;
	const char *text;
};

enum { REPORT_CELLS = 16, REPORT_ROWS = 4096 }; /* most of a row; most of all tables in JSON */

struct report;

struct report *report_begin(const struct plan *plan, const struct setup *setup);

struct watcher report_watcher(struct report *report);

/* A row of a table. Rows of one name have the same columns, and follow one another. */
void report_row(struct report *report, const char *table, const struct cell *cells, unsigned int n);

/* The final figures, once. judged: plan->slos_n of them. */
void report_result(struct report *report, const struct result *result, const struct judged *judged,
		   int status);

/* text: what went wrong, for who reads a stream; the caller has said it on stderr. */
void report_error(struct report *report, const char *text);

/* Return: status, or 2 when that is 0 and something could not be written. */
int report_end(struct report *report, int status);

#endif
