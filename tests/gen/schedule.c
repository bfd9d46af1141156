/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When work is due: counts, times and distributions against what rates and pacing say.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "gen/load/schedule.h"

#define S UINT64_C(1000000000)
#define MS UINT64_C(1000000)

static struct schedule *
started(const struct profile *p, unsigned int index, unsigned int workers)
{
	static struct schedule schedules[64];

	schedule_start(&schedules[index], p, index, workers, 1, 0);
	return &schedules[index];
}

/* All there are, up to `most`. Also: no time goes back. */
static uint64_t
count(struct schedule *s, uint64_t most)
{
	uint64_t n = 0, last = 0;

	for (; s->next_ns != UINT64_MAX && n < most; n++) {
		cr_assert_geq(s->next_ns, last);
		last = s->next_ns;
		schedule_next(s);
	}
	return n;
}

Test(schedule, of_a_rate_as_many_come_as_it_says)
{
	static const struct {
		double rate;
		uint64_t ns, count;
	} cases[] = { { 1, S, 1 },
		      { 1, 10 * S, 10 },
		      { 0.1, 10 * S, 1 },
		      { 3, 1000 * MS, 3 },
		      { 7, 100 * S, 700 },
		      { 1e6, 3 * S, 3000000 },
		      { 14.880952e6, S / 10, 1488096 },
		      { 0, S, 0 } };
	static const char *const pacings[] = { "uniform", "burst:1", "burst:7", "burst:64" };
	struct profile p = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; k < 4; k++) {
			cr_assert_null(profile_read_pacing(&p, pacings[k]));
			profile_hold(&p, cases[i].rate, cases[i].ns);
			cr_assert_eq(count(started(&p, 0, 1), UINT64_MAX), cases[i].count,
				     "case %zu, %s", i, pacings[k]);
		}
}

/* Nothing adds up: the last of a hundred million is where it belongs. */
Test(schedule, millions_a_second_do_not_drift)
{
	struct profile p = { 0 };
	struct schedule *s;

	profile_hold(&p, 3e6, 100000 * S);
	s = started(&p, 0, 1);
	for (uint64_t i = 0; i < 100000000; i++)
		schedule_next(s);
	cr_assert_eq(s->next_ns, UINT64_C(100000000) * 1000 / 3);

	/* The same far behind: two months' worth at line rate. */
	s->at += 1e11;
	s->in_burst = 0;
	schedule_next(s);
	cr_assert_leq(llabs((long long)(s->next_ns - UINT64_C(100100000001) * 1000 / 3)), 1);
}

Test(schedule, of_workers_the_arrivals_interleave)
{
	struct profile p = { 0 };
	struct schedule *s[5];

	profile_hold(&p, 5e6, S);
	for (unsigned int w = 0; w < 5; w++)
		s[w] = started(&p, w, 5);
	for (uint64_t i = 0; i < 1000; i++)
		for (unsigned int w = 0; w < 5; w++, schedule_next(s[w - 1]))
			cr_assert_eq(s[w]->next_ns, (i * 5 + w) * 200);
}

Test(schedule, of_workers_bursts_take_turns_and_share_the_rest)
{
	struct profile p = { .pacing = PACING_BURST, .burst = 10 };
	struct schedule *s[3];
	uint64_t sum = 0;

	profile_hold(&p, 1000, S + 5 * MS); /* 1005: a hundred bursts and half of one */
	for (unsigned int w = 0; w < 3; w++)
		s[w] = started(&p, w, 3);
	for (unsigned int i = 0; i < 20; i++)
		for (unsigned int w = 0; w < 3; w++, schedule_next(s[w - 1]))
			cr_assert_eq(s[w]->next_ns, (i / 10 * 3 + w) * 10 * MS);
	for (unsigned int w = 0; w < 3; w++)
		sum += 20 + count(s[w], UINT64_MAX);
	cr_assert_eq(sum, 1005);
}

/* A ramp from 0 to r in T: arrival n comes at T sqrt(n / (r T / 2)). */
Test(schedule, a_ramp_follows_the_parabola)
{
	struct profile p = { 0 };
	struct schedule *s;

	cr_assert_null(profile_read_ramp(&p, "0:2k:10s,hold:1s,0:5s"));
	cr_assert_eq(p.n, 3);
	cr_assert_eq(profile_total_ns(&p), 16 * S);
	cr_assert_float_eq(profile_arrivals(&p), 10000 + 2000 + 5000, 1e-6);
	s = started(&p, 0, 1);
	for (unsigned int n = 0; n < 10000; n++, schedule_next(s))
		cr_assert_float_eq((double)s->next_ns, 10e9 * sqrt(n / 10000.0), 2);
	for (unsigned int n = 0; n < 2000; n++, schedule_next(s))
		cr_assert_eq(s->next_ns, 10 * S + n * (S / 2000));
	/* downwards it is the parabola from the end: T - T sqrt(1 - n / (r T / 2)) */
	for (unsigned int n = 0; n < 5000; n++, schedule_next(s))
		cr_assert_float_eq((double)s->next_ns, 11e9 + 5e9 * (1 - sqrt(1 - n / 5000.0)), 20);
	cr_assert_eq(s->next_ns, UINT64_MAX);
	schedule_next(s);
	cr_assert_eq(s->next_ns, UINT64_MAX);
}

/* What a phase leaves of an arrival, the next one makes whole. */
Test(schedule, phases_lose_nothing_between_them)
{
	struct profile p = { .n = 200 };

	for (unsigned int i = 0; i < 200; i++) /* a third of an arrival each, or none */
		p.phases[i] = (struct phase){ .from = i % 2 ? 0 : 1.0 / 3,
					      .to = i % 2 ? 0 : 1.0 / 3,
					      .ns = S };
	cr_assert_eq(count(started(&p, 0, 1), UINT64_MAX), 34);
	p.n = 180;
	cr_assert_eq(count(started(&p, 0, 1), UINT64_MAX), 30);
}

Test(schedule, steps_go_up_and_down)
{
	static const struct {
		const char *text;
		unsigned int n;
		double first, last;
	} cases[] = { { "100k:1m:100k:5s", 10, 1e5, 1e6 },
		      { "1m:100k:100k:5s", 10, 1e6, 1e5 },
		      { "1:2:0.1:1ms", 11, 1, 2 },
		      { "5:5:1:1s", 1, 5, 5 },
		      { "1k/s:2k/s:300/s:1s", 4, 1000, 1900 } };
	struct profile p = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_null(profile_read_step(&p, cases[i].text), "%s", cases[i].text);
		cr_assert_eq(p.n, cases[i].n, "%s: %u", cases[i].text, p.n);
		cr_assert_float_eq(p.phases[0].from, cases[i].first, 1e-9);
		cr_assert_float_eq(p.phases[p.n - 1].to, cases[i].last, 1e-9);
	}
}

/* Gaps of mean 1/r and variance 1/r^2; a share e^-x of them longer than x/r. */
Test(schedule, poisson_gaps_are_exponential)
{
	enum { GAPS = 400000 };
	struct profile p = { .pacing = PACING_POISSON };
	double sum = 0, squares = 0, mean, last = 0, longer[4] = { 0 };
	struct schedule *s;

	profile_hold(&p, 1e6, 3600 * S);
	s = started(&p, 0, 4); /* a fourth of it: 4 us */
	for (unsigned int i = 0; i < GAPS; i++, schedule_next(s)) {
		double gap = (double)s->next_ns - last;

		last = (double)s->next_ns;
		sum += gap;
		squares += gap * gap;
		for (unsigned int k = 0; k < 4; k++)
			longer[k] += gap > 4000.0 * (k + 1);
	}
	mean = sum / GAPS;
	cr_assert_float_eq(mean, 4000, 4000 * 0.005, "mean %f", mean);
	cr_assert_float_eq(squares / GAPS - mean * mean, 16e6, 16e6 * 0.02);
	for (unsigned int k = 0; k < 4; k++)
		cr_assert_float_eq(longer[k] / GAPS, exp(-1.0 * (k + 1)), 0.003);
}

/* Of n arrivals the deviation is sqrt(n): three of them are allowed. */
Test(schedule, poisson_keeps_its_rate_also_on_a_ramp)
{
	struct profile p = { .pacing = PACING_POISSON };
	uint64_t sum = 0;

	cr_assert_null(profile_read_ramp(&p, "0:100k:10s,100k:0:10s"));
	for (unsigned int w = 0; w < 3; w++)
		sum += count(started(&p, w, 3), UINT64_MAX);
	cr_assert_float_eq((double)sum, 1e6, 3e3, "%" PRIu64, sum);
}

Test(schedule, a_seed_gives_the_same_times_and_another_gives_others)
{
	struct profile p = { .pacing = PACING_POISSON };
	struct schedule a, b, c, d;
	unsigned int same = 0;

	profile_hold(&p, 1e6, S);
	schedule_start(&a, &p, 0, 2, 7, 5);
	schedule_start(&b, &p, 0, 2, 7, 5);
	schedule_start(&c, &p, 1, 2, 7, 5);
	schedule_start(&d, &p, 0, 2, 8, 5);
	for (unsigned int i = 0; i < 1000; i++) {
		cr_assert_eq(a.next_ns, b.next_ns);
		same += (a.next_ns == c.next_ns) + (a.next_ns == d.next_ns);
		schedule_next(&a), schedule_next(&b), schedule_next(&c), schedule_next(&d);
	}
	cr_assert_leq(same, 10);
}

Test(schedule, refuses_what_is_no_profile)
{
	static const char *const ramps[] = {
		"",	      "hold:1s",  "0:1k",      "0:1k:1", "0:1k:1s,",	"1k:1s:1s:1s",
		"0:-1:1s",    "0:2g:1s",  "0:1k:0s",   "0:0:1s", "x:1k:1s",	"0:1kk:1s",
		"0:1k:2days", "0:nan:1s", "0:0x10:1s", ":1s",	 "0:1k:1s,hold"
	};
	static const char *const steps[] = { "",	   "1k",	 "1k:2k:0:1s", "1:1k:1:1s",
					     "1k:2k:1k",   "1k:2k:1k:1", "0:0:1:1s",   "a:b:c:d",
					     "1:2:1:1s:1", "1k:2k:1k:0s" };
	static const char *const pacings[] = { "", "burst", "burst:0", "burst:2000000", "Uniform" };
	struct profile p = { 0 };

	for (size_t i = 0; i < sizeof(ramps) / sizeof(ramps[0]); i++)
		cr_assert_not_null(profile_read_ramp(&p, ramps[i]), "%s", ramps[i]);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		cr_assert_not_null(profile_read_step(&p, steps[i]), "%s", steps[i]);
	for (size_t i = 0; i < sizeof(pacings) / sizeof(pacings[0]); i++)
		cr_assert_not_null(profile_read_pacing(&p, pacings[i]), "%s", pacings[i]);
}
