/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * MLRsearch (RFC 9971): what to try next, and what the trials so far say. This is the Controller of
 * its §4.9.2; the Measurer is trial_run(), the Manager search.c.
 *
 * A load is a Lower Bound of a goal when its trials are certain to keep to the goal's loss ratio
 * in all but the exceed ratio of the duration sum, an Upper Bound when they are certain not to.
 * So one trial that disagrees with the others does not mislead the search for good.
 *
 * Loads are chosen in levels. A level is the whole search with shorter trials and a wider goal
 * width than the next one, which begins at the bounds that it found; the last level is what was
 * asked for. A trial serves all goals. Within a level the bounds are closed in by halves, of the
 * logarithm; from outside by what was forwarded at a load that was too high, or by doubling.
 *
 * Nothing here is measured or allocated, and no clock is read: the same trials lead to the same
 * loads.
 */
#ifndef GEN_SUITES_MLRSEARCH_H
#define GEN_SUITES_MLRSEARCH_H

#include <stdbool.h>
#include <stdint.h>

#define MLR_GOALS 8
#define MLR_TRIALS 512 /* of one search; then it ends with what it has */

/* A Search Goal, RFC 9971 §4.6.7; the Goal Width is relative: (upper - lower) / upper. */
struct mlr_goal {
	double loss_ratio, exceed_ratio, width;
	uint64_t initial_ns, final_ns, sum_ns;
};

/* A Trial Result. */
struct mlr_trial {
	double load, loss;
	uint64_t ns;
	double offered; /* of the load; less when the generator was too slow for it */
	bool limited;	/* so much less that the loss is the generator's */
};

enum mlr_bound { MLR_UNDECIDED, MLR_LOWER, MLR_UPPER };

struct mlr {
	struct mlr_goal goals[MLR_GOALS]; /* ascending by loss ratio */
	unsigned int goals_n;
	double least, most; /* loads that may be tried; most 0: any */
	bool whole;	    /* loads are whole numbers */
	struct mlr_trial trials[MLR_TRIALS];
	unsigned int trials_n;

	unsigned int level, goal; /* in focus */
	double focus;		  /* the load that is tried until it is decided; 0: none */
	unsigned int steps;	  /* taken outwards, in search of the first bounds of this level */
};

/* A Goal Result. Loads are 0 when there is none of the kind. */
struct mlr_result {
	double lower, upper; /* Relevant Lower and Upper Bound */
	double throughput;   /* Conditional Throughput, at the lower bound */
	bool regular;	     /* both stand, no further apart than the goal width */
	bool limited;	     /* at the upper bound it was the generator that lacked speed */
};

/* The caller has set goals, goals_n, least, most and whole; the rest is zero. */
void mlr_begin(struct mlr *m);

/* What to try next. Return: false when the search is over. */
bool mlr_next(struct mlr *m, double *load, uint64_t *ns);

/* What came of it. */
void mlr_add(struct mlr *m, const struct mlr_trial *trial);

void mlr_conclude(const struct mlr *m, unsigned int goal, struct mlr_result *result);

/* RFC 9971 appendices A and B. */
enum mlr_bound mlr_classify(const struct mlr *m, const struct mlr_goal *goal, double load);
double mlr_throughput(const struct mlr *m, const struct mlr_goal *goal, double load);

#endif
