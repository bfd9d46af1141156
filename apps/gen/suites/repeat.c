/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --repeat N: the same again, each time with a seed of its own, and how far the figures are apart.
 */
#include "gen/suites/spread.h"
#include "gen/suites/suite.h"

static void
tell_one(struct series *s, unsigned int i, double rate)
{
	const struct hdr *h = &s->result->sum.time[TIME_ttlb];
	const struct cell cells[] = {
		{ .name = "repetition", .number = i + 1 },
		{ .name = "achieved", .number = rate },
		{ .name = "loss_ratio", .number = result_loss(s->plan, s->result) },
		{ .name = "ttlb_p50_ns", .number = (double)hdr_percentile(h, 0.5) },
		{ .name = "ttlb_p99_ns", .number = (double)hdr_percentile(h, 0.99) },
	};

	report_row(s->report, "repetitions", cells, sizeof(cells) / sizeof(cells[0]));
}

static void
tell_all(struct series *s, struct spread *rates)
{
	const struct cell cells[] = {
		{ .name = "repetitions", .number = rates->n },
		{ .name = "achieved_mean", .number = spread_mean(rates) },
		{ .name = "achieved_stddev", .number = spread_stddev(rates) },
		{ .name = "achieved_least", .number = spread_percentile(rates, 0) },
		{ .name = "achieved_median", .number = spread_median(rates) },
		{ .name = "achieved_most", .number = spread_percentile(rates, 1) },
	};

	report_row(s->report, "repeated", cells, sizeof(cells) / sizeof(cells[0]));
}

int
repeat_suite(struct series *s)
{
	struct spread rates = { .n = 0 };
	struct trial trial;
	int status = 0;

	for (unsigned int i = 0; i < s->plan->repeat && status == 0; i++) {
		trial_of_plan(s->plan, &trial);
		trial.seed += i;
		status = suite_trial(s, &trial);
		if (status != 0)
			break;
		spread_add(&rates, result_rate(s->plan, s->result));
		tell_one(s, i, rates.value[rates.n - 1]);
	}
	tell_all(s, &rates);
	return status;
}
