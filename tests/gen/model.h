/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A bench that is a model: what a trial would bring, without one packet. It stands in for trial.c
 * and the report, so that the suites are tested against a peer whose capacity, loss, noise and
 * latency are known.
 */
#ifndef GEN_MODEL_H
#define GEN_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/plan.h"
#include "gen/report/report.h"
#include "gen/trial.h"

#define MODEL_ROWS 4096
#define MODEL_TRIALS 2048

struct model {
	struct plan plan;

	/* The peer. */
	double capacity;    /* a second; above it the rest is lost */
	double collapse;    /* above it only this share of the capacity is left; 0: all of it */
	double loss;	    /* of all, at any load */
	double noise;	    /* odds of a trial that something disturbs it */
	double noise_loss;  /* what it loses then, at most */
	double buffer;	    /* frames that it keeps above its capacity */
	bool mute;	    /* it answers nothing, and takes everything */
	double recovery_ns; /* it goes on losing for so long after an overload */
	double connections; /* that it holds */
	double bad_share;   /* of transactions that fail, of RSTs that are not asked for */
	double rst_share;
	/* The generator. */
	double speed; /* a second: it offers no more; 0: any load */
	/* Latency: of a transaction, ns: base, and so much more for each share of the capacity. */
	double base_ns, load_ns, tail_ns;
	double tail_share; /* of them take tail_ns longer */

	uint64_t random;
	unsigned int fail_at;	      /* this trial cannot be run; 0: all can */
	unsigned int stop_at;	      /* ^C in this one */
	unsigned int untrusted_every; /* so many-th cannot be trusted; 0: all can */

	/* What happened. */
	unsigned int trials_n;
	struct trial trials[MODEL_TRIALS];
	struct {
		char table[24];
		struct cell cells[REPORT_CELLS];
		char texts[REPORT_CELLS][160];
		unsigned int n;
	} rows[MODEL_ROWS];
	unsigned int rows_n;
	double ran_ns;
};

/* The model that trial_run() and report_row() speak of; all zero but for a plain plan. */
struct model *model_new(void);
void model_free(struct model *m);

/* Run the suite of its plan. */
int model_suite(struct model *m);

/* A cell of the i-th row of a table; fails the test when there is none. */
const struct cell *model_cell(const struct model *m, const char *table, unsigned int i,
			      const char *name);
double model_number(const struct model *m, const char *table, unsigned int i, const char *name);
const char *model_text(const struct model *m, const char *table, unsigned int i, const char *name);
unsigned int model_rows(const struct model *m, const char *table);
/* Does a note hold this? */
bool model_notes(const struct model *m, const char *text);

#endif
