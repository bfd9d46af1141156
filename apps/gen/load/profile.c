/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rates over time, as they are typed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/load/schedule.h"
#include "gen/units.h"

enum { ITEM_MOST = 64, FIELDS_MOST = 5 };

static const uint64_t PHASE_LEAST_NS = 1000;

/* "a:b:c" in place. Return: how many; FIELDS_MOST: too many. */
static unsigned int
split(char *text, char *fields[FIELDS_MOST])
{
	unsigned int n = 0;

	for (char *at = text; at != NULL && n < FIELDS_MOST;)
		fields[n++] = strsep(&at, ":");
	return n;
}

static const char *
add_phase(struct profile *p, double from, double to, const char *time)
{
	uint64_t ns;

	if (!value_time(time, &ns) || ns < PHASE_LEAST_NS)
		return "each part ends with a time from 1us to 100 days, such as 10s";
	if (p->n == PHASES_MAX)
		return "it has more than 256 parts";
	p->phases[p->n++] = (struct phase){ .from = from, .to = to, .ns = ns };
	return NULL;
}

/* FROM:TO:TIME, hold:TIME or TO:TIME */
static const char *
read_part(struct profile *p, char *text)
{
	static const char *const wrong = "a part is FROM:TO:TIME, hold:TIME or TO:TIME, with rates "
					 "such as 500k, 1g at most";
	double from = p->n > 0 ? p->phases[p->n - 1].to : 0, to;
	char *fields[FIELDS_MOST];
	unsigned int n = split(text, fields);

	if (n < 2 || n > 3)
		return wrong;
	if (n == 2 && strcmp(fields[0], "hold") == 0)
		return p->n > 0 ? add_phase(p, from, from, fields[1]) :
				  "there is nothing to hold before the first rate";
	if ((n == 3 && !value_rate(fields[0], RATE_MOST, &from)) ||
	    !value_rate(fields[n - 2], RATE_MOST, &to))
		return wrong;
	return add_phase(p, from, to, fields[n - 1]);
}

const char *
profile_read_ramp(struct profile *p, const char *text)
{
	const char *wrong;
	char part[ITEM_MOST];
	size_t len;

	p->n = 0;
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		snprintf(part, sizeof(part), "%.*s", (int)len, text);
		wrong = len < sizeof(part) ? read_part(p, part) : "a part of it is too long";
		if (wrong != NULL)
			return wrong;
		if (text[len] == '\0')
			return profile_arrivals(p) > 0 ? NULL : "nothing is ever due";
	}
}

const char *
profile_read_step(struct profile *p, const char *text)
{
	char copy[ITEM_MOST], *fields[FIELDS_MOST];
	double from, to, by, steps;
	const char *wrong;

	p->n = 0;
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy) ||
	    split(copy, fields) != 4 || !value_rate(fields[0], RATE_MOST, &from) ||
	    !value_rate(fields[1], RATE_MOST, &to) || !value_rate(fields[2], RATE_MOST, &by) ||
	    by == 0)
		return "it is FROM:TO:BY:TIME, such as 100k:1m:100k:5s";
	steps = floor(fabs(to - from) / by + 1e-9) + 1;
	if (steps > PHASES_MAX)
		return "it has more than 256 steps";
	for (unsigned int i = 0; i < (unsigned int)steps; i++) {
		double rate = to < from ? from - i * by : from + i * by;

		wrong = add_phase(p, rate, rate, fields[3]);
		if (wrong != NULL)
			return wrong;
	}
	return profile_arrivals(p) > 0 ? NULL : "nothing is ever due";
}

const char *
profile_read_pacing(struct profile *p, const char *text)
{
	uint64_t burst;

	if (strcmp(text, "uniform") == 0)
		p->pacing = PACING_UNIFORM;
	else if (strcmp(text, "poisson") == 0)
		p->pacing = PACING_POISSON;
	else if (strncmp(text, "burst:", 6) == 0 && value_count(text + 6, 1, 1u << 20, &burst)) {
		p->pacing = PACING_BURST;
		p->burst = (uint32_t)burst;
	} else
		return "it is uniform, poisson or burst:N, N from 1 to 1048576";
	return NULL;
}
