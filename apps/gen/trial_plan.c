/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What trials are, and where their results are kept: whoever runs them, trial.c or a model of it.
 */
#include <stdlib.h>

#include "gen/trial.h"

void
trial_of_plan(const struct plan *plan, struct trial *trial)
{
	*trial = (struct trial){
		.profile = plan->profile,
		.open_loop = plan->open_loop,
		.duration_ns = plan->duration_ns,
		.omit_ns = plan->omit_ns,
		.count = plan->count,
		.seed = plan->seed,
		.imix = plan->imix,
	};
}

void
trial_at_rate(const struct plan *plan, double rate, uint64_t duration_ns, struct trial *trial)
{
	trial_of_plan(plan, trial);
	trial->open_loop = true;
	trial->duration_ns = duration_ns;
	trial->count = 0;
	profile_hold(&trial->profile, rate, duration_ns + trial->omit_ns);
}

struct result *
result_new(void)
{
	return calloc(1, sizeof(struct result));
}

void
result_free(struct result *result)
{
	if (result == NULL)
		return;
	free(result->intervals);
	free(result->parts);
	free(result);
}
