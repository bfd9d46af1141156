/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is to be reached, and how it is searched for.
 */
#include <string.h>

#include "gen/cli/reading.h"
#include "gen/judge/slo.h"
#include "gen/units.h"

/* A list; also given twice. */
void
read_slo(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;
	char *rest = keep_text(p, value, strlen(value)), *item;
	const char *wrong;

	while ((item = strsep(&rest, ",")) != NULL) {
		item += strspn(item, " ");
		if (p->slos_n == SLOS_MAX)
			options_refuse("--%s: there are more than %d", row->name, SLOS_MAX);
		wrong = slo_read(&p->slos[p->slos_n++], item);
		if (wrong != NULL)
			options_refuse("--%s: \"%s\": %s", row->name, item, wrong);
	}
}

void
read_metric(struct reading *r, const struct row *row, const char *value)
{
	static const char *const names[] = { [METRIC_CPS] = "cps",
					     [METRIC_RPS] = "rps",
					     [METRIC_PPS] = "pps",
					     [METRIC_BPS] = "bps",
					     [METRIC_CC] = "cc" };
	int metric = find_name(names, sizeof(names) / sizeof(names[0]), value);

	if (metric < 0)
		options_refuse("--%s: \"%s\" is none of cps, rps, pps, bps, cc", row->name, value);
	r->plan->metric = (enum metric)metric;
}

/* Ascending, each once. */
void
read_goal(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;
	unsigned int i = p->goals_n;
	double goal;

	if (!value_share(value, &goal) || goal >= 1)
		options_refuse("--%s: \"%s\" is not a loss such as 0 or 0.5%%", row->name, value);
	if (p->goals_n == GOALS_MAX)
		options_refuse("--%s: there are more than %d", row->name, GOALS_MAX);
	for (unsigned int k = 0; k < p->goals_n; k++)
		if (p->goals[k] == goal)
			return;
	for (; i > 0 && p->goals[i - 1] > goal; i--)
		p->goals[i] = p->goals[i - 1];
	p->goals[i] = goal;
	p->goals_n++;
}

/* 1s:60s, or one time for all */
void
read_trial(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;
	size_t len = strcspn(value, ":");
	const char *most = value[len] == ':' ? value + len + 1 : value;
	char least[32] = "";

	if (len < sizeof(least))
		memcpy(least, value, len);
	if (!value_time(least, &p->trial_least_ns) || !value_time(most, &p->trial_most_ns) ||
	    p->trial_least_ns < TERN_MS || p->trial_most_ns < p->trial_least_ns)
		options_refuse("--%s: \"%s\" is not SHORTEST:LONGEST such as 1s:60s, from 1ms",
			       row->name, value);
}

void
read_precision(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;

	if (!value_share(value, &p->precision) || p->precision < 1e-4 || p->precision > 0.5)
		options_refuse("--%s: \"%s\" is not a share such as 1%%, from 0.01%% to 50%%",
			       row->name, value);
}

/* The suite knows which it has; what a list looks like is known here. */
void
read_tests(struct reading *r, const struct row *row, const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || value[0] == ',' || value[len - 1] == ',' || strstr(value, ",,") != NULL)
		options_refuse("--%s: \"%s\" is not a list such as throughput,latency", row->name,
			       value);
	r->plan->tests = value;
}
