/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/suites/spread.h"

#include <math.h>
#include <stdlib.h>

void
spread_add(struct spread *s, double value)
{
	if (s->n < SPREAD_MOST)
		s->value[s->n++] = value;
}

double
spread_mean(const struct spread *s)
{
	double sum = 0;

	for (unsigned int i = 0; i < s->n; i++)
		sum += s->value[i];
	return s->n > 0 ? sum / s->n : 0;
}

double
spread_stddev(const struct spread *s)
{
	double mean = spread_mean(s), sum = 0;

	for (unsigned int i = 0; i < s->n; i++)
		sum += (s->value[i] - mean) * (s->value[i] - mean);
	return s->n > 1 ? sqrt(sum / (s->n - 1)) : 0;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
spread_percentile(struct spread *s, double share)
{
	double rank = ceil(share * s->n - 1e-9);

	if (s->n == 0)
		return 0;
	qsort(s->value, s->n, sizeof(s->value[0]), compare);
	return s->value[(unsigned int)fmax(1, fmin(rank, s->n)) - 1];
}

double
spread_median(struct spread *s)
{
	if (s->n == 0)
		return 0;
	qsort(s->value, s->n, sizeof(s->value[0]), compare);
	return (s->value[(s->n - 1) / 2] + s->value[s->n / 2]) / 2;
}
