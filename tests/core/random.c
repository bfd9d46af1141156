/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "core/random.h"
#include "core/siphash.h"

static const uint8_t seed[16] = "tern random test";

Test(random, same_key_same_sequence_other_key_another)
{
	uint8_t other[16] = { 0 };
	struct random a, b, c;
	int same = 0;

	random_init(&a, seed);
	random_init(&b, seed);
	random_init(&c, other);
	for (int i = 0; i < 1000; i++) {
		uint64_t x = random_u64(&a);

		cr_assert_eq(x, random_u64(&b));
		same += x == random_u64(&c);
	}
	cr_assert_eq(same, 0);
	cr_assert_eq(a.count, 1000);
}

Test(random, is_siphash_of_the_counter)
{
	struct random r;

	random_init(&r, seed);
	for (uint8_t i = 0; i < 100; i++) {
		const uint8_t counter[8] = { i };

		cr_assert_eq(random_u64(&r), siphash24(seed, counter, 8));
	}
}

Test(random, every_bit_is_set_half_of_the_time)
{
	int set[64] = { 0 };
	struct random r;

	random_init(&r, seed);
	for (int i = 0; i < 10000; i++) {
		uint64_t x = random_u64(&r);

		for (int bit = 0; bit < 64; bit++)
			set[bit] += (int)(x >> bit & 1);
	}
	/* Standard deviation 50. */
	for (int bit = 0; bit < 64; bit++)
		cr_assert(set[bit] > 4700 && set[bit] < 5300, "bit %d: %d", bit, set[bit]);
}

Test(random, below_stays_below)
{
	static const uint32_t limit[] = { 1, 2, 3, 7, 1000, 64512, 0x80000001, UINT32_MAX };
	struct random r;

	random_init(&r, seed);
	for (size_t n = 0; n < sizeof(limit) / sizeof(limit[0]); n++)
		for (int i = 0; i < 2000; i++)
			cr_assert_lt(random_below(&r, limit[n]), limit[n]);
}

/* Three quarters of 2^32: a plain remainder of 32 bits would favour the first third by two. */
Test(random, below_favours_nobody)
{
	static const uint32_t limit[] = { 3, 10, 3U << 30 };
	struct random r;

	random_init(&r, seed);
	for (int n = 0; n < 3; n++) {
		uint32_t parts = limit[n] == 10 ? 10 : 3;
		uint32_t count[10] = { 0 };

		for (int i = 0; i < 60000; i++)
			count[random_below(&r, limit[n]) / (limit[n] / parts)]++;
		/* Standard deviation below 116. */
		for (uint32_t part = 0; part < parts; part++)
			cr_assert(count[part] + 600 > 60000 / parts &&
					  count[part] < 60000 / parts + 600,
				  "%u of %u: %u", part, parts, count[part]);
	}
}
