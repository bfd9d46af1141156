/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A few values, of repetitions: their middle, their ends and how far they are apart.
 */
#ifndef GEN_SUITES_SPREAD_H
#define GEN_SUITES_SPREAD_H

#define SPREAD_MOST 1000 /* repetitions */

struct spread {
	double value[SPREAD_MOST];
	unsigned int n;
};

/* One more; what is beyond SPREAD_MOST is left out. */
void spread_add(struct spread *s, double value);

/* 0 when there are none. stddev: of the sample, by n - 1. */
double spread_mean(const struct spread *s);
double spread_stddev(const struct spread *s);

/* By nearest rank: the smallest value that `share` of all are not above. Sorts them. */
double spread_percentile(struct spread *s, double share);

/* Of an even number the mean of the middle two. Sorts them. */
double spread_median(struct spread *s);

#endif
