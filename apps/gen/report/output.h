/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A kind of output, and what all of them share.
 */
#ifndef GEN_REPORT_OUTPUT_H
#define GEN_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "gen/report/report.h"

struct board;

/* A file that is written while the run goes on. The first failure is told, the rest is silence. */
struct out {
	FILE *file;		   /* NULL: not open, or failed */
	const char *option, *path; /* NULL: stdout, for people */
	bool failed;
};

/* path "-": stdout. Return: 0, or -1 after one line on stderr. */
int out_open(struct out *o, const char *option, const char *path);
/* What was printed is given to the kernel. Return: whether all of it ever was. */
bool out_flush(struct out *o);
/* Return: 0, or -1 when anything was not written; all that has been told by then. */
int out_close(struct out *o);
/* errno says why. */
void out_fail(struct out *o);

/* One line on stderr, behind the program's name. */
__attribute__((format(printf, 1, 2))) void report_complain(const char *form, ...);
/* While the live page has the terminal, complaints wait; what there is room for. */
void report_hold_complaints(bool hold);

/* What is known beside the interval itself. */
struct view {
	const struct plan *plan;
	const struct setup *setup;
	struct out text;     /* stdout for people; not open where programs read it */
	unsigned int trial;  /* the one that runs, from 0 */
	uint64_t base_ns;    /* when it began, by the intervals of those before */
	struct board *board; /* live figures for other threads */
};

/* What an output that is a file begins with. */
struct told {
	struct view *view;
	struct out out;
};

/* Zeros of this size that begin with a struct told. Return: NULL after one line on stderr. */
void *told_open(size_t bytes, struct view *view, const char *option, const char *path);
/* As output.close. */
int told_close(void *self, int status);

struct finish {
	const struct result *result;
	const struct judged *judged;
	int status;
};

struct output {
	bool (*asked)(const struct plan *plan);
	/* Return: its state, or NULL after one line on stderr. */
	void *(*open)(struct view *view);
	/* The rest may be NULL. */
	void (*interval)(void *self, const struct interval *i, const struct meter *meter);
	void (*row)(void *self, const char *table, const struct cell *cells, unsigned int n);
	void (*finish)(void *self, const struct finish *finish);
	void (*error)(void *self, const char *text);
	/* Frees its state. Return: 0, or -1 when something was not written. */
	int (*close)(void *self, int status);
};

extern const struct output output_line, output_summary, output_json, output_json_stream, output_csv,
	output_hgrm, output_hlog, output_prom_file, output_prom_listen, output_telemetry,
	output_tui, output_plot;

/* A second's rate of what an interval counted. */
double interval_rate(const struct interval *i, uint64_t count);
uint64_t interval_errors(const struct interval *i);
uint64_t count_rexmits(const uint64_t count[COUNTS]);

/* Of which time the live line shows percentiles. */
enum time_of plan_headline(const struct plan *plan);
/* What result.achieved counts: "connection"; bits are counted, not each of them dealt with. */
const char *plan_counted(const struct plan *plan);
bool plan_counts_bits(const struct plan *plan);
/* The rate that was offered, a second; 0: none, or it changed. */
double trial_offered(const struct trial *trial);
/* "open", "closed" */
const char *plan_loop(const struct plan *plan);
const char *plan_pacing(const struct plan *plan);

/*
 * "DISTURBED(cpu 61%) LATE", or "-". The longest has all of them.
 */
enum { FLAGS_TEXT = 96 };
const char *interval_flags(const struct interval *i, char text[FLAGS_TEXT]);

#endif
