/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker that does not come back from its poll: the trial ends, and says so.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "gen/bench.h"
#include "gen/trial.h"

static const struct engine nothing = { .name = "nothing" };

static struct {
	struct bench bench;
	struct plan plan;
	uint64_t now;
	uint64_t stuck_from, stuck_to; /* it is not polled; nor is its memory touched meanwhile */
	uint64_t jump;		       /* once: the process was stopped for so long */
	size_t bytes;
	void *was; /* the memory of the worker when it has been stuck for a while */
	bool seen; /* and that is kept */
	struct result *result;
} fake;

/* The bench ---------------------------------------------------------------------------------- */

static uint64_t
now_of(struct bench *bench)
{
	(void)bench;
	return fake.now;
}

static uint64_t
clock_of(void *data)
{
	(void)data;
	return fake.now;
}

static void
pass(struct bench *bench, uint64_t until)
{
	struct worker *w = bench->workers[0];

	fake.now = RTE_MAX(until, fake.now) + fake.jump;
	fake.jump = 0;
	if (fake.now < fake.stuck_from || fake.now >= fake.stuck_to)
		worker_poll(w, fake.now);
	if (!fake.seen && fake.now > fake.stuck_from && fake.now - fake.stuck_from > 5 * TERN_S) {
		memcpy(fake.was, w, fake.bytes);
		fake.seen = true;
	}
}

static void
begin(void)
{
	struct worker *w;

	memset(&fake, 0, sizeof(fake));
	fake.now = TERN_S;
	fake.plan = (struct plan){ .mode = MODE_CRR,
				   .connections = 1,
				   .duration_ns = 2 * TERN_S,
				   .interval_ns = TERN_S,
				   .timeout_ns = TERN_S };
	fake.bytes = worker_bytes(&fake.plan, &nothing, 1);
	fake.was = calloc(1, fake.bytes);
	w = worker_init(aligned_alloc(64, fake.bytes), &fake.plan, &nothing, 0, 1);
	memset(w->meters, 0, 2 * sizeof(*w->meters));
	w->clock = clock_of;
	fake.bench = (struct bench){ .plan = &fake.plan,
				     .engine = &nothing,
				     .workers = { w },
				     .workers_n = 1,
				     .setup.cores = { 5 },
				     .setup.cores_n = 1,
				     .now = now_of,
				     .pass = pass,
				     .interval = calloc(1, sizeof(struct meter)),
				     .left_out = calloc(1, sizeof(struct meter)) };
	fake.result = result_new();
	fake.stuck_from = fake.stuck_to = UINT64_MAX;
}

static int
run(void)
{
	struct trial trial;

	trial_of_plan(&fake.plan, &trial);
	return trial_run(&fake.bench, &trial, NULL, fake.result);
}

static void
end(void)
{
	free(fake.bench.workers[0]);
	free(fake.was);
	free(fake.bench.interval);
	free(fake.bench.left_out);
	result_free(fake.result);
}

/* It is stuck -------------------------------------------------------------------------------- */

static bool
is_untouched(void)
{
	return fake.seen && memcmp(fake.was, fake.bench.workers[0], fake.bytes) == 0;
}

static void
is_given_up(uint64_t from, uint64_t waited_most)
{
	cr_assert_eq(run(), 2);
	cr_assert_eq(fake.result->failed, 2);
	cr_assert(fake.bench.stuck);
	cr_assert_geq(fake.now, from + 10 * TERN_S);
	cr_assert_leq(fake.now, from + waited_most);
	cr_assert(is_untouched());
	cr_assert_eq(run(), 2, "each further trial fails as well");
	cr_assert_leq(fake.now, from + waited_most, "and at once");
	cr_assert(is_untouched());
}

/* Before the trial, when it begins, at the end of an interval, at the end of it all. */
Test(stuck, whenever_a_worker_is_stuck_it_is_given_up)
{
	static const uint64_t after_ns[] = { 0, TERN_MS / 20, 300 * TERN_MS, 1900 * TERN_MS,
					     2000 * TERN_MS + 1 };

	for (size_t i = 0; i < RTE_DIM(after_ns); i++) {
		begin();
		fake.stuck_from = fake.now + after_ns[i];
		is_given_up(fake.stuck_from, 11 * TERN_S + TERN_S / 2);
		end();
	}
}

Test(stuck, one_line_says_so)
{
	char line[256] = "";
	FILE *err;

	begin();
	fake.stuck_from = fake.now;
	cr_redirect_stderr();
	cr_assert_eq(run(), 2);
	cr_assert_eq(run(), 2);
	fflush(stderr);
	err = cr_get_redirected_stderr();
	cr_assert_not_null(fgets(line, sizeof(line), err));
	cr_assert_not_null(strstr(line, "core 5 is stuck"), "%s", line);
	cr_assert_null(fgets(line, sizeof(line), err), "%s", line);
	end();
}

/* It is not, or not any more ----------------------------------------------------------------- */

static void
is_well(void)
{
	cr_assert_eq(run(), 0);
	cr_assert_not(fake.bench.stuck);
	cr_assert(fake.result->ledger.balanced);
	cr_assert_eq(fake.result->workers_n, 1);
	end();
}

Test(stuck, nine_seconds_are_borne)
{
	begin();
	fake.stuck_from = fake.now + 300 * TERN_MS;
	fake.stuck_to = fake.stuck_from + 9 * TERN_S;
	is_well();
}

/* SIGSTOP and SIGCONT: nobody had time to answer. */
Test(stuck, a_process_that_was_stopped_is_not_stuck)
{
	begin();
	fake.jump = 3600 * TERN_S;
	fake.stuck_from = 0;
	fake.stuck_to = fake.now + 3600 * TERN_S + TERN_MS;
	is_well();
}
