/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objectives, confidence intervals, verdicts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/judge/confidence.h"
#include "gen/judge/slo.h"
#include "gen/judge/verdict.h"

#define N(list) (sizeof(list) / sizeof((list)[0]))
#define S UINT64_C(1000000000)

/* What happened: 10 s, 1000 transactions of which 4 failed; 1000 connects of 1 .. 1000 us. */
static struct result *
some_result(void)
{
	static struct result r;
	struct meter *m = &r.sum;

	memset(&r, 0, sizeof(r));
	r.ns = 10 * S;
	r.busy = 0.58;
	m->count[COUNT_established] = 1000;
	m->count[COUNT_requests] = 998;
	m->count[COUNT_responses] = 996;
	m->count[COUNT_closed] = 996;
	m->count[COUNT_tx_pkts] = 5000;
	m->count[COUNT_rx_bytes] = 125000;
	m->error[ERROR_timeout] = 3;
	m->error[ERROR_rst] = 1;
	for (uint64_t us = 1; us <= 1000; us++)
		hdr_record(&m->time[TIME_connect], us * 1000);
	r.ledger = (struct ledger){ .launched = 1000, .done = 996, .failed = 4, .balanced = true };
	return &r;
}

static const struct plan crr = { .mode = MODE_CRR };

Test(slo, values_are_those_of_the_result)
{
	static const struct {
		const char *text;
		double value, within;
		bool met;
	} cases[] = {
		{ "connect.p50<501us", 500e3, 500, true },
		{ "connect.p99<500us", 990e3, 1000, false },
		{ "connect.p99.9<1.1ms", 999e3, 1000, true },
		{ "connect.max<=1ms", 1e6, 0, true },
		{ "connect.max<1ms", 1e6, 0, false },
		{ "connect.min>=1us", 1e3, 0, true },
		{ "connect.mean<501us", 500.5e3, 0, true },
		{ "errors<0.5%", 0.004, 1e-12, true },
		{ "errors<0.4%", 0.004, 1e-12, false },
		{ "errors<=4", 4, 0, true },
		{ "errors<4", 4, 0, false },
		{ "timeout<0.31%", 0.003, 1e-12, true },
		{ "rst<1%", 0.001, 1e-12, true },
		{ "refused<1", 0, 0, true },
		{ "loss<1%", 0.004, 1e-12, true },
		{ "resp/s>99", 99.6, 1e-9, true },
		{ "resp/s>100", 99.6, 1e-9, false },
		{ "conns/s>=100", 100, 0, true },
		{ "req/s>1k", 99.8, 1e-9, false },
		{ "tx.pps>499", 500, 0, true },
		{ "rx.bps>99k/s", 100e3, 0, true },
		{ "busy<60%", 0.58, 0, true },
	};
	const struct result *r = some_result();
	struct slo slo;
	double value;

	for (size_t i = 0; i < N(cases); i++) {
		const char *wrong = slo_read(&slo, cases[i].text);

		cr_assert_null(wrong, "%s: %s", cases[i].text, wrong);
		cr_assert_str_eq(slo.text, cases[i].text);
		cr_expect_eq(slo_met(&slo, &crr, r, &value), cases[i].met, "%s: %f", cases[i].text,
			     value);
		cr_expect_float_eq(value, cases[i].value, cases[i].within + 1e-12, "%s: %f",
				   cases[i].text, value);
	}
}

/* Nothing measured is nothing shown to be fast. */
Test(slo, without_a_value_nothing_is_met)
{
	static const char *const texts[] = { "ttlb.p99<1s", "ttlb.max>0s", "resp/s<5",
					     "errors<100%" };
	static struct result none;
	struct slo slo;
	double value;

	for (size_t i = 0; i < N(texts); i++) {
		cr_assert_null(slo_read(&slo, texts[i]));
		cr_assert_not(slo_met(&slo, &crr, &none, &value), "%s", texts[i]);
		cr_assert(isnan(value), "%s", texts[i]);
	}
}

Test(slo, all_are_judged_one_by_one)
{
	struct plan plan = { .mode = MODE_CRR, .slos_n = 2 };
	struct judged judged[2];

	cr_assert_null(slo_read(&plan.slos[0], "connect.max<1s"));
	cr_assert_null(slo_read(&plan.slos[1], "errors<1"));
	cr_assert_not(slo_judge(&plan, some_result(), judged));
	cr_assert(judged[0].pass && judged[0].value == 1e6);
	cr_assert(!judged[1].pass && judged[1].value == 4);
	plan.slos_n = 1;
	cr_assert(slo_judge(&plan, some_result(), judged));
}

Test(slo, refuses_what_it_cannot_read)
{
	static const char *const cases[] = {
		"",
		"connect",
		"connect<1ms",
		"connect.p99",
		"connect.p99<",
		"connect.p99<5",
		"connect.p0<1ms",
		"connect.p101<1ms",
		"connect.px<1ms",
		"connect.median<1ms",
		"nothing.p99<1ms",
		"errors<",
		"errors<x%",
		"errors<101%",
		"loss<5",
		"busy<x",
		"resp/s>1ms",
		"resp>5",
		"<5",
		"=5",
		"connect.p99=1ms",
		"connect.p99<1ms<2ms",
		"connect.p99<1000000000000000000000000000000000000000000000000000000000ms"
	};
	struct slo slo;

	for (size_t i = 0; i < N(cases); i++)
		cr_expect_not_null(slo_read(&slo, cases[i]), "%s", cases[i]);
}

/* Two-sided, as in the tables of statistics books. */
Test(confidence, t_is_that_of_the_tables)
{
	static const struct {
		unsigned int freedom;
		double level, t;
	} cases[] = { { 1, 0.95, 12.706 }, { 2, 0.95, 4.303 },	 { 3, 0.95, 3.182 },
		      { 4, 0.95, 2.776 },  { 9, 0.95, 2.262 },	 { 29, 0.95, 2.045 },
		      { 30, 0.95, 2.042 }, { 120, 0.95, 1.980 }, { 999, 0.95, 1.962 },
		      { 1, 0.99, 63.657 }, { 2, 0.99, 9.925 },	 { 10, 0.99, 3.169 },
		      { 5, 0.90, 2.015 },  { 6, 0.90, 1.943 },	 { 7, 0.5, 0.711 } };

	for (size_t i = 0; i < N(cases); i++)
		cr_expect_float_eq(confidence_t(cases[i].freedom, cases[i].level), cases[i].t,
				   0.0006, "%u %f: %f", cases[i].freedom, cases[i].level,
				   confidence_t(cases[i].freedom, cases[i].level));
}

Test(confidence, an_interval_of_a_few_values)
{
	static const double values[] = { 2, 4, 4, 4, 5, 5, 7, 9 }; /* mean 5, squares 32 */
	struct confidence c = { 0 };

	for (size_t i = 0; i < N(values); i++)
		confidence_add(&c, values[i]);
	cr_assert_float_eq(c.mean, 5, 1e-12);
	cr_assert_float_eq(confidence_stddev(&c), sqrt(32.0 / 7), 1e-12);
	/* t of 7 and 95 %: 2.365 */
	cr_assert_float_eq(confidence_half(&c, 0.95), 2.3646 * sqrt(32.0 / 7) / sqrt(8), 1e-3);
	cr_assert(confidence_reached(&c, 0.95, 0.36));
	cr_assert_not(confidence_reached(&c, 0.95, 0.35));
}

Test(confidence, is_not_reached_too_early)
{
	struct confidence c = { 0 };

	cr_assert_not(confidence_reached(&c, 0.95, 1));
	confidence_add(&c, 1e9);
	cr_assert(isinf(confidence_half(&c, 0.95)));
	confidence_add(&c, 1e9);
	cr_assert_not(confidence_reached(&c, 0.95, 0.02), "two that agree by chance");
	confidence_add(&c, 1e9);
	cr_assert(confidence_reached(&c, 0.95, 0.02));
}

/* Squares of large numbers would take what is to be seen with them. */
Test(confidence, small_differences_of_large_numbers_are_seen)
{
	struct confidence c = { 0 };

	for (unsigned int i = 0; i < 1000; i++)
		confidence_add(&c, 1e12 + i % 2);
	cr_assert_float_eq(confidence_stddev(&c), 0.50025, 1e-4);
}

/* Of 95 % intervals 95 % have the true mean in them: ten thousand times five dice. */
Test(confidence, intervals_hold_what_they_promise)
{
	unsigned int hit = 0, rounds = 10000;
	unsigned int seed = 1;

	for (unsigned int i = 0; i < rounds; i++) {
		struct confidence c = { 0 };

		for (unsigned int k = 0; k < 5; k++) {
			double sum = 0; /* of twelve uniform ones: nearly normal, mean 6 */

			for (unsigned int u = 0; u < 12; u++)
				sum += rand_r(&seed) / (double)RAND_MAX;
			confidence_add(&c, sum);
		}
		hit += fabs(c.mean - 6) <= confidence_half(&c, 0.95);
	}
	cr_assert_float_eq(hit / (double)rounds, 0.95, 0.01, "%u", hit);
}

/* A result of 20 intervals after one of warm-up, of which the first n have these flags. */
static struct result *
flagged(unsigned int n, uint32_t flags)
{
	static struct interval intervals[21];
	struct result *r = some_result();

	memset(intervals, 0, sizeof(intervals));
	intervals[0].flags = 1u << FLAG_WARMUP | flags;
	for (unsigned int i = 1; i <= n; i++)
		intervals[i].flags = flags;
	r->intervals = intervals;
	r->intervals_n = 21;
	hdr_record(&r->sum.time[TIME_lag], 4000);
	r->trial.open_loop = true;
	return r;
}

Test(verdict, says_what_it_saw)
{
	struct result *r = flagged(0, 0);

	verdict_make(&crr, r);
	cr_assert(r->trustworthy);
	cr_assert_str_eq(r->verdict, "yes, 0 of 20 intervals disturbed, lag p99 4 us, busy 58 %");
	r = flagged(5, 1u << FLAG_DISTURBED);
	verdict_make(&crr, r);
	cr_assert_str_eq(r->verdict, "no, it was disturbed: 5 of 20 intervals disturbed, lag p99 4 "
				     "us, busy 58 %");
}

Test(verdict, trusts_up_to_a_limit)
{
	static const struct {
		enum mode mode;
		bool open_loop;
		unsigned int n;
		uint32_t flags;
		const char *why; /* NULL: trustworthy */
	} cases[] = {
		{ MODE_CRR, true, 4, 1u << FLAG_DISTURBED, NULL },
		{ MODE_CRR, true, 5, 1u << FLAG_DISTURBED, "disturbed" },
		{ MODE_CRR, true, 2, 1u << FLAG_GENLIMIT, NULL },
		{ MODE_CRR, true, 3, 1u << FLAG_GENLIMIT, "bottleneck" },
		{ MODE_CRR, false, 3, 1u << FLAG_GENLIMIT, "bottleneck" },
		{ MODE_FLOOD, true, 3, 1u << FLAG_GENLIMIT, "bottleneck" },
		{ MODE_FLOOD, false, 20, 1u << FLAG_GENLIMIT, NULL },
		{ MODE_CRR, true, 2, 1u << FLAG_LATE, NULL },
		{ MODE_CRR, true, 3, 1u << FLAG_LATE, "too late" },
		/* what the target did: all connections are waiting, or too much is outstanding */
		{ MODE_RR, true, 20, 1u << FLAG_LATE, NULL },
		{ MODE_CRR, true, 20, 1u << FLAG_LATE | 1u << FLAG_SHED, NULL },
		{ MODE_CRR, true, 20, 1u << FLAG_SHED, NULL },
		{ MODE_CRR, true, 3, 1u << FLAG_LATE | 1u << FLAG_GENLIMIT, "bottleneck" },
	};

	for (size_t i = 0; i < N(cases); i++) {
		struct plan plan = { .mode = cases[i].mode };
		struct result *r = flagged(cases[i].n, cases[i].flags);

		r->trial.open_loop = cases[i].open_loop;
		verdict_make(&plan, r);
		cr_expect_eq(r->trustworthy, cases[i].why == NULL, "%zu: %s", i, r->verdict);
		if (cases[i].why != NULL)
			cr_expect_not_null(strstr(r->verdict, cases[i].why), "%zu: %s", i,
					   r->verdict);
	}
}

Test(verdict, doubts_what_does_not_add_up)
{
	struct result *r = flagged(0, 0);

	r->ledger.balanced = false;
	verdict_make(&crr, r);
	cr_assert(!r->trustworthy && strstr(r->verdict, "ledger") != NULL);
	r = flagged(0, 0);
	r->ledger.made = 10000;
	r->ledger.dropped = 10;
	verdict_make(&crr, r);
	cr_assert(r->trustworthy);
	r->ledger.dropped = 11;
	verdict_make(&crr, r);
	cr_assert(!r->trustworthy && strstr(r->verdict, "port did not take") != NULL);
	r = flagged(0, 0);
	r->ns = 0;
	verdict_make(&crr, r);
	cr_assert(!r->trustworthy && strstr(r->verdict, "no interval is left") != NULL);
}

Test(verdict, texts_fit_whatever_is_said)
{
	struct result *r = flagged(20, 1u << FLAG_LATE);

	r->busy = 12345;
	r->ledger.balanced = false;
	for (uint32_t i = 0; i < 100; i++)
		hdr_record(&r->sum.time[TIME_lag], UINT64_MAX / 2);
	verdict_make(&crr, r);
	cr_assert_lt(strlen(r->verdict), sizeof(r->verdict));
}

Test(verdict, failure_counts_most_then_objectives_then_trust)
{
	static const struct {
		int failed;
		bool slos, met, trustworthy;
		int status;
	} cases[] = { { 0, false, true, true, 0 },  { 0, true, true, true, 0 },
		      { 0, true, false, true, 3 },  { 0, true, false, false, 3 },
		      { 0, true, true, false, 4 },  { 0, false, false, false, 4 },
		      { 1, true, false, false, 1 }, { 2, false, true, true, 2 } };

	for (size_t i = 0; i < N(cases); i++) {
		struct plan plan = { .slos_n = cases[i].slos };
		struct result *r = some_result();

		r->failed = cases[i].failed;
		r->trustworthy = cases[i].trustworthy;
		cr_expect_eq(verdict_status(&plan, r, cases[i].met), cases[i].status, "%zu", i);
	}
}
