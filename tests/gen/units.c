/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers as they are typed.
 */
#include <inttypes.h>
#include <stddef.h>

#include <criterion/criterion.h>

#include "gen/units.h"

#define N(list) (sizeof(list) / sizeof((list)[0]))

/* What is none of them, in whatever unit. */
static const char *const nonsense[] = { "",    " 1",	"-1", "+1", "nan", "inf", "0x10",  "1 k",
					"1kk", "1e999", "k",  ".5", "1,5", "1k ", "1/s/s", "1%%" };

Test(units, rates_and_numbers_go_by_thousands)
{
	static const struct {
		const char *text;
		double value;
	} cases[] = { { "0", 0 },	{ "1", 1 },	 { "1.5", 1.5 }, { "2k", 2000 },
		      { "2.5K", 2500 }, { "3m", 3e6 },	 { "3M", 3e6 },	 { "1g", 1e9 },
		      { "1G", 1e9 },	{ "1e-6", 1e-6 } };
	double value = 0, rate = 0;

	for (size_t i = 0; i < N(cases); i++) {
		cr_assert(value_number(cases[i].text, &value), "%s", cases[i].text);
		cr_assert_float_eq(value, cases[i].value, 1e-9 * value, "%s", cases[i].text);
		cr_assert(value_rate(cases[i].text, 1e9, &rate), "%s", cases[i].text);
		cr_assert_eq(rate, value);
	}
	cr_assert(value_rate("500k/s", 1e9, &rate) && rate == 500000);
	cr_assert_not(value_rate("500k/s", 499999, &rate));
	cr_assert_not(value_number("5/s", &value));
	for (size_t i = 0; i < N(nonsense); i++) {
		cr_assert_not(value_number(nonsense[i], &value), "\"%s\"", nonsense[i]);
		cr_assert_not(value_rate(nonsense[i], 1e9, &rate), "\"%s\"", nonsense[i]);
	}
}

Test(units, counts_are_whole_and_within_bounds)
{
	uint64_t n = 0;

	cr_assert(value_count("10m", 1, 10000000, &n) && n == 10000000);
	cr_assert(value_count("1.5k", 0, 10000, &n) && n == 1500);
	cr_assert_not(value_count("1.5", 0, 10, &n));
	cr_assert_not(value_count("0", 1, 10, &n));
	cr_assert_not(value_count("11", 1, 10, &n));
	cr_assert_not(value_count("99999999999g", 0, UINT64_MAX, &n));
	cr_assert_eq(n, 1500, "nothing is written");
}

Test(units, bytes_go_by_1024)
{
	uint64_t n = 0;

	cr_assert(value_bytes("64", 1, 100, &n) && n == 64);
	cr_assert(value_bytes("1k", 1, 1024, &n) && n == 1024);
	cr_assert(value_bytes("1.5m", 1, 1u << 30, &n) && n == 1572864);
	cr_assert(value_bytes("1g", 1, 1u << 30, &n) && n == 1u << 30);
	cr_assert_not(value_bytes("1025", 1, 1024, &n));
	cr_assert_not(value_bytes("1.0001k", 1, 1u << 30, &n));
}

Test(units, times_are_nanoseconds)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = { { "0s", 0 },
		      { "1ns", 1 },
		      { "1.5us", 1500 },
		      { "500ms", 500000000 },
		      { "1s", 1000000000 },
		      { "0.1s", 100000000 },
		      { "2min", 120000000000 },
		      { "1h", 3600000000000 } };
	uint64_t ns = 0;

	for (size_t i = 0; i < N(cases); i++) {
		cr_assert(value_time(cases[i].text, &ns), "%s", cases[i].text);
		cr_assert_eq(ns, cases[i].ns, "%s: %" PRIu64, cases[i].text, ns);
	}
	for (size_t i = 0; i < N(nonsense); i++)
		cr_assert_not(value_time(nonsense[i], &ns), "\"%s\"", nonsense[i]);
	cr_assert_not(value_time("5", &ns), "without a unit");
	cr_assert_not(value_time("5m", &ns), "a minute, or a thousandth?");
	cr_assert_not(value_time("9000000s", &ns), "more than 100 days");
}

Test(units, shares_are_at_most_all)
{
	double share = -1;

	cr_assert(value_share("0", &share) && share == 0);
	cr_assert(value_share("0.5%", &share) && share == 0.005);
	cr_assert(value_share("100%", &share) && share == 1);
	cr_assert(value_share("1e-6", &share) && share == 1e-6);
	cr_assert_not(value_share("1.1", &share));
	cr_assert_not(value_share("101%", &share));
	cr_assert_not(value_share("5k", &share));
}
