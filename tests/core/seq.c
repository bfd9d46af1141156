/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/seq.h"

enum { POINTS = 11, STEPS = 13 };

/* Where on the circle, and how far on: both sides of every place where it could turn. */
static const uint32_t point[POINTS] = {
	0,	    1,		2,	    1000,	0x7ffffffe, 0x7fffffff,
	0x80000000, 0x80000001, 0xfffffc18, 0xfffffffe, 0xffffffff,
};
static const int64_t step[STEPS] = {
	-0x7fffffff, -0x7ffffffe, -65536, -1000, -2,	     -1,	 0,
	1,	     2,		  1000,	  65536, 0x7ffffffe, 0x7fffffff,
};

/* RFC 9293 §3.4: all arithmetic is modulo 2^32; the reference counts in 64 bits and never wraps. */
Test(seq, orders_as_64_bit_numbers_do)
{
	for (int p = 0; p < POINTS; p++) {
		for (int s = 0; s < STEPS; s++) {
			int64_t wide_b = (INT64_C(1) << 40) + point[p];
			int64_t wide_a = wide_b + step[s];
			uint32_t a = (uint32_t)wide_a, b = (uint32_t)wide_b;

			cr_assert_eq(seq_diff(a, b), step[s]);
			cr_assert_eq(seq_lt(a, b), wide_a < wide_b, "%#x < %#x", a, b);
			cr_assert_eq(seq_le(a, b), wide_a <= wide_b, "%#x <= %#x", a, b);
			cr_assert_eq(seq_gt(a, b), wide_a > wide_b, "%#x > %#x", a, b);
			cr_assert_eq(seq_ge(a, b), wide_a >= wide_b, "%#x >= %#x", a, b);
			cr_assert_eq(seq_max(a, b), wide_a > wide_b ? a : b);
			cr_assert_eq(seq_min(a, b), wide_a < wide_b ? a : b);
		}
	}
}

/* RFC 9293 §3.4: the segment acceptability tests are of the form lo =< x < hi. */
Test(seq, between_holds_the_lower_end_and_not_the_upper)
{
	static const uint32_t length[] = { 0, 1, 2, 1460, 65535, 1 << 30, 0x80000000, 0xffffffff };

	for (int p = 0; p < POINTS; p++) {
		for (size_t n = 0; n < sizeof(length) / sizeof(length[0]); n++) {
			uint32_t lo = point[p], len = length[n], hi = lo + len;

			cr_assert_eq(seq_between(lo, lo, hi), len > 0);
			cr_assert_eq(seq_between(lo, lo + 1, hi), len > 1);
			cr_assert_eq(seq_between(lo, hi - 1, hi), len > 0);
			cr_assert_not(seq_between(lo, hi, hi));
			cr_assert_not(seq_between(lo, lo - 1, hi));
		}
	}
}

/* What the header says of numbers half a circle apart, and that nothing traps on any pair. */
Test(seq, half_a_circle_apart_both_are_less)
{
	for (int p = 0; p < POINTS; p++) {
		uint32_t a = point[p], b = a + 0x80000000;

		cr_assert_eq(seq_diff(a, b), INT32_MIN);
		cr_assert(seq_lt(a, b) && seq_lt(b, a));
		for (int q = 0; q < POINTS; q++)
			cr_assert_eq((uint32_t)seq_diff(a, point[q]), a - point[q]);
	}
}
