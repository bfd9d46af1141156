/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * How sure the mean of a few repetitions is: --repeat N --ci 95:2%.
 *
 * The interval is Student's: right when the repetitions scatter normally around what is true, and
 * independently of one another.
 */
#ifndef GEN_JUDGE_CONFIDENCE_H
#define GEN_JUDGE_CONFIDENCE_H

#include <stdbool.h>

/* Fewer say nothing about how far they scatter. */
#define CONFIDENCE_LEAST 3

/* All zero: none yet. */
struct confidence {
	unsigned int n;
	double mean;
	double squares; /* of the distances from the mean, their sum */
};

void confidence_add(struct confidence *c, double value);
double confidence_stddev(const struct confidence *c); /* of the sample, by n - 1 */

/*
 * Half the width of the interval in which the true mean lies with probability level (0.95).
 * INFINITY below two values.
 */
double confidence_half(const struct confidence *c, double level);

/* Is half the interval at most `width` (0.02) of the mean? Never before CONFIDENCE_LEAST values. */
bool confidence_reached(const struct confidence *c, double level, double width);

/* Student's t with so many degrees of freedom: two-sided, P(|T| < t) = level. */
double confidence_t(unsigned int freedom, double level);

#endif
