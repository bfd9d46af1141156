/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much, and when.
 */
#include <string.h>

#include "gen/cli/reading.h"
#include "gen/units.h"

/* How long it holds is known when all is read. */
void
read_rate(struct reading *r, const struct row *row, const char *value)
{
	double rate;

	if (!value_rate(value, RATE_MOST, &rate) || rate < 1)
		options_refuse("--%s: \"%s\" is not a rate such as 500k or 1m/s, from 1 to 1g",
			       row->name, value);
	r->plan->offered = (uint64_t)rate;
	r->plan->open_loop = true;
}

void
read_pacing(struct reading *r, const struct row *row, const char *value)
{
	const char *wrong = profile_read_pacing(&r->plan->profile, value);

	if (wrong != NULL)
		options_refuse("--%s: \"%s\": %s", row->name, value, wrong);
}

void
read_ramp(struct reading *r, const struct row *row, const char *value)
{
	const char *wrong = profile_read_ramp(&r->plan->profile, value);

	if (wrong != NULL)
		options_refuse("--%s: \"%s\": %s", row->name, value, wrong);
	r->plan->open_loop = true;
}

void
read_step(struct reading *r, const struct row *row, const char *value)
{
	const char *wrong = profile_read_step(&r->plan->profile, value);

	if (wrong != NULL)
		options_refuse("--%s: \"%s\": %s", row->name, value, wrong);
	r->plan->open_loop = true;
}

/* "95:2%": of the confidence both 95 and 95% will do. */
void
read_ci(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;
	const char *colon = strchr(value, ':');
	double confidence = 0;
	char text[16];

	if (colon != NULL && (size_t)(colon - value) < sizeof(text)) {
		memcpy(text, value, (size_t)(colon - value));
		text[colon - value] = '\0';
		if (value_number(text, &confidence))
			confidence /= 100;
		else if (!value_share(text, &confidence))
			confidence = 0;
	}
	if (confidence < 0.5 || confidence > 0.999 || !value_share(colon + 1, &p->ci_width) ||
	    p->ci_width <= 0)
		options_refuse("--%s: \"%s\" is not CONFIDENCE:WIDTH such as 95:2%%, a confidence "
			       "from 50 to 99.9",
			       row->name, value);
	p->ci_confidence = confidence;
}

void
read_speed(struct reading *r, const struct row *row, const char *value)
{
	if (!value_number(value, &r->plan->speed) || r->plan->speed < 1e-6)
		options_refuse("--%s: \"%s\" is not how often as fast, such as 1.0 or 10",
			       row->name, value);
}
