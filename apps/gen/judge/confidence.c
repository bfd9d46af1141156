/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/judge/confidence.h"

#include <math.h>

enum { HALVINGS = 200 };

/* Each value moves the mean by its share: sums of squares would cancel. */
void
confidence_add(struct confidence *c, double value)
{
	double from = value - c->mean;

	c->n++;
	c->mean += from / c->n;
	c->squares += from * (value - c->mean);
}

double
confidence_stddev(const struct confidence *c)
{
	return c->n > 1 ? sqrt(c->squares / (c->n - 1)) : 0;
}

/*
 * P(|T| < t). For whole degrees of freedom it is a finite sum (Abramowitz and Stegun, 26.7.3 and
 * 26.7.4), in the angle whose tangent is t / sqrt(freedom).
 */
static double
probability(double t, unsigned int freedom)
{
	double angle = atan(t / sqrt(freedom)), cosine = cos(angle), sine = sin(angle);
	bool odd = freedom % 2 != 0;
	double term = odd ? cosine : 1, sum = 0;

	for (unsigned int i = odd ? 1 : 0; i + 2 <= freedom; i += 2) {
		sum += term;
		term *= cosine * cosine * (i + 1) / (i + 2);
	}
	return odd ? 2 / M_PI * (angle + sine * sum) : sine * sum;
}

double
confidence_t(unsigned int freedom, double level)
{
	double below = 0, above = 1, t;

	if (freedom == 0)
		return INFINITY;
	while (probability(above, freedom) < level && isfinite(above))
		above *= 2;
	for (unsigned int i = 0; i < HALVINGS; i++) {
		t = (below + above) / 2;
		if (probability(t, freedom) < level)
			below = t;
		else
			above = t;
	}
	return (below + above) / 2;
}

double
confidence_half(const struct confidence *c, double level)
{
	if (c->n < 2)
		return INFINITY;
	return confidence_t(c->n - 1, level) * confidence_stddev(c) / sqrt(c->n);
}

bool
confidence_reached(const struct confidence *c, double level, double width)
{
	return c->n >= CONFIDENCE_LEAST && confidence_half(c, level) <= width * fabs(c->mean);
}
