/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --repeat N [--ci 95:2%]: the same again, each time with a seed of its own, until the mean is as
 * sure as was asked for, or N times.
 *
 * What cannot be trusted is told and does not count, as intervals are left out of one run, unless
 * --keep. When that is half of them or more, the whole cannot be trusted.
 */
#include <math.h>

#include "gen/judge/confidence.h"
#include "gen/judge/slo.h"
#include "gen/judge/verdict.h"
#include "gen/suites/spread.h"
#include "gen/suites/suite.h"

static const double LEVEL = 0.95; /* without --ci */

enum { STATUS_MISSED = 3, STATUS_UNTRUSTED = 4 };

/* What the repetitions came to so far. */
struct repeated {
	struct spread rates; /* of those that count */
	struct confidence sure;
	unsigned int run, missed;
};

static double
level_of(const struct plan *plan)
{
	return plan->ci_confidence > 0 ? plan->ci_confidence : LEVEL;
}

static void
tell_one(struct series *s, const struct repeated *all, bool met)
{
	const struct result *r = s->result;
	const struct hdr *h = &r->sum.time[TIME_ttlb];
	const struct cell cells[] = {
		{ .name = "repetition", .number = all->run },
		{ .name = "achieved", .number = result_rate(s->plan, r) },
		{ .name = "loss_ratio", .number = result_loss(s->plan, r) },
		{ .name = "ttlb_p50_ns", .number = (double)hdr_percentile(h, 0.5) },
		{ .name = "ttlb_p99_ns", .number = (double)hdr_percentile(h, 0.99) },
		{ .name = "slo",
		  .text = s->plan->slos_n == 0 ? "-" :
			  met		       ? "met" :
						 "missed" },
		{ .name = "trustworthy", .text = r->verdict },
	};

	report_row(s->report, "repetitions", cells, sizeof(cells) / sizeof(cells[0]));
}

static void
tell_all(struct series *s, struct repeated *all, bool reached)
{
	double half = confidence_half(&all->sure, level_of(s->plan));
	const struct cell cells[] = {
		{ .name = "repetitions", .number = all->run },
		{ .name = "counted", .number = all->rates.n },
		{ .name = "achieved_mean", .number = spread_mean(&all->rates) },
		{ .name = "achieved_stddev", .number = spread_stddev(&all->rates) },
		{ .name = "achieved_least", .number = spread_percentile(&all->rates, 0) },
		{ .name = "achieved_median", .number = spread_median(&all->rates) },
		{ .name = "achieved_most", .number = spread_percentile(&all->rates, 1) },
		{ .name = "ci_level", .number = level_of(s->plan) },
		{ .name = "ci_half", .number = isfinite(half) ? half : 0 },
		{ .name = "ci",
		  .text = s->plan->ci_confidence <= 0 ? "-" :
			  reached		      ? "reached" :
							"not reached" },
	};

	report_row(s->report, "repeated", cells, sizeof(cells) / sizeof(cells[0]));
}

static bool
is_sure(const struct plan *plan, const struct repeated *all)
{
	return plan->ci_confidence > 0 &&
	       confidence_reached(&all->sure, plan->ci_confidence, plan->ci_width);
}

/* Return: 0, or an exit status: it could not be run. */
static int
repetition(struct series *s, struct repeated *all)
{
	struct judged judged[SLOS_MAX];
	struct trial trial;
	bool met;
	int status;

	trial_of_plan(s->plan, &trial);
	trial.seed += all->run++;
	status = suite_trial(s, &trial);
	if (status != 0)
		return status;
	met = slo_judge(s->plan, s->result, judged);
	verdict_make(s->plan, s->result);
	tell_one(s, all, met);
	if (!s->result->trustworthy && !s->plan->keep)
		return 0;
	all->missed += !met;
	spread_add(&all->rates, result_rate(s->plan, s->result));
	confidence_add(&all->sure, result_rate(s->plan, s->result));
	return 0;
}

int
repeat_suite(struct series *s)
{
	struct repeated all = { .run = 0 };
	int status = 0;

	while (all.run < s->plan->repeat && status == 0 && !is_sure(s->plan, &all))
		status = repetition(s, &all);
	tell_all(s, &all, is_sure(s->plan, &all));
	if (status != 0)
		return status;
	if (all.missed > 0)
		return STATUS_MISSED;
	if (2 * all.rates.n <= all.run || (s->plan->ci_confidence > 0 && !is_sure(s->plan, &all)))
		return STATUS_UNTRUSTED;
	return 0;
}
