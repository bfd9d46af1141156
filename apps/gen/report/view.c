/* SPDX-License-Identifier: BSD-3-Clause */
/* What several kinds of output say in the same words. */
#include <stdio.h>
#include <string.h>

#include "gen/report/output.h"

double
interval_rate(const struct interval *i, uint64_t count)
{
	uint64_t ns = i->t1_ns - i->t0_ns;

	return ns > 0 ? (double)count * 1e9 / (double)ns : 0;
}

uint64_t
interval_errors(const struct interval *i)
{
	uint64_t sum = 0;

	for (unsigned int e = 0; e < ERRORS_N; e++)
		sum += i->error[e];
	return sum;
}

uint64_t
count_rexmits(const uint64_t count[COUNTS])
{
	return count[COUNT_rexmit_syn] + count[COUNT_rexmit_data] + count[COUNT_rexmit_fin];
}

enum time_of
plan_headline(const struct plan *plan)
{
	return plan->mode == MODE_HOLD ? TIME_connect : TIME_ttlb;
}

static const char *
counted_by_mode(enum mode mode)
{
	static const char *const names[MODES] = {
		[MODE_CRR] = "connection",  [MODE_RR] = "response",	[MODE_HOLD] = "connection",
		[MODE_STREAM] = "bit",	    [MODE_FLOOD] = "packet",	[MODE_REPLAY] = "packet",
		[MODE_SERVER] = "response", [MODE_MIX] = "transaction",
	};

	return names[mode];
}

const char *
plan_counted(const struct plan *plan)
{
	if (plan->suite == SUITE_SEARCH && plan->metric == METRIC_PPS)
		return "packet";
	if (plan->suite == SUITE_SEARCH && plan->metric == METRIC_BPS)
		return "bit";
	return counted_by_mode(plan->mode);
}

bool
plan_counts_bits(const struct plan *plan)
{
	return strcmp(plan_counted(plan), "bit") == 0;
}

double
trial_offered(const struct trial *trial)
{
	const struct phase *first = &trial->profile.phases[0];

	if (!trial->open_loop || trial->profile.n != 1 || first->from != first->to)
		return 0;
	return first->from;
}

const char *
plan_loop(const struct plan *plan)
{
	return plan->open_loop ? "open" : "closed";
}

const char *
plan_pacing(const struct plan *plan)
{
	static const char *const names[] = {
		[PACING_UNIFORM] = "uniform",
		[PACING_POISSON] = "poisson",
		[PACING_BURST] = "burst",
	};

	return names[plan->profile.pacing];
}

const char *
interval_flags(const struct interval *i, char text[FLAGS_TEXT])
{
	size_t at = 0;

	for (unsigned int f = 0; f < FLAGS_N; f++) {
		if ((i->flags & 1u << f) == 0)
			continue;
		at += (size_t)snprintf(text + at, FLAGS_TEXT - at, "%s%s", at > 0 ? " " : "",
				       flag_names[f]);
		if (f == FLAG_DISTURBED)
			at += (size_t)snprintf(text + at, FLAGS_TEXT - at, "(cpu %.0f%%)",
					       i->cpu_share * 100);
	}
	if (at == 0)
		strcpy(text, "-");
	return text;
}
