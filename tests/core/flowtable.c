/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdlib.h>

#include "core/flowtable.h"
#include "core/random.h"

/* A release build has none. */
#ifdef NDEBUG
#define ASSERTS false
#else
#define ASSERTS true
#endif

static struct flowtable table;
static struct random draw;

static void
start(uint32_t n)
{
	const uint8_t key[16] = { 9 };

	random_init(&draw, key);
	flowtable_init(&table, aligned_alloc(64, flowtable_bytes(n)), n);
}

static void
stop(void)
{
	free(table.buckets);
}

/* How often the index is among the candidates of the hash; at most once, if all is well. */
static int
times_found(uint32_t hash, uint32_t index)
{
	struct flow_probe probe = flowtable_probe(&table, hash);
	uint32_t i;
	int found = 0;

	while ((i = flow_probe_next(&probe)) != FLOW_NONE)
		found += i == index;
	return found;
}

static uint32_t
free_overflow(void)
{
	uint32_t n = 0;

	for (uint32_t i = table.free; i != 0; i = table.buckets[i].link)
		n++;
	return n;
}

Test(flowtable, finds_what_was_inserted_and_nothing_else)
{
	start(4);
	cr_assert_eq(flowtable_first(&table, 0x12345678), FLOW_NONE);
	cr_assert(flowtable_insert(&table, 0x12345678, 3));
	cr_assert(flowtable_insert(&table, 0, 0));
	cr_assert_eq(table.count, 2);
	cr_assert_eq(flowtable_first(&table, 0x12345678), 3);
	cr_assert_eq(flowtable_first(&table, 0), 0);
	cr_assert_eq(flowtable_first(&table, 0x22345678), FLOW_NONE);
	flowtable_remove(&table, 0x12345678, 3);
	cr_assert_eq(flowtable_first(&table, 0x12345678), FLOW_NONE);
	cr_assert_eq(flowtable_first(&table, 0), 0);
	cr_assert_eq(table.count, 1);
	stop();
}

/* Every position of a bucket, the two beyond the first vector of tags too. */
Test(flowtable, every_position_of_a_bucket_is_found)
{
	start(60);
	for (uint32_t i = 0; i < FLOW_BUCKET_ENTRIES; i++)
		cr_assert(flowtable_insert(&table, (i + 1) << 16, i));
	for (uint32_t i = 0; i < FLOW_BUCKET_ENTRIES; i++)
		cr_assert_eq(flowtable_first(&table, (i + 1) << 16), i);
	cr_assert_eq(flowtable_first(&table, 11 << 16), FLOW_NONE);
	stop();
}

/* Tag 0 marks an empty position, so hashes with sixteen upper zeros take the next one. */
Test(flowtable, hashes_of_tag_zero_and_one)
{
	start(10);
	cr_assert(flowtable_insert(&table, 0x00000000, 1));
	cr_assert(flowtable_insert(&table, 0x00010000, 2));
	cr_assert_eq(times_found(0x00000000, 1), 1);
	cr_assert_eq(times_found(0x00010000, 2), 1);
	flowtable_remove(&table, 0x00000000, 1);
	cr_assert_eq(times_found(0x00000000, 1), 0);
	cr_assert_eq(times_found(0x00010000, 2), 1);
	stop();
}

Test(flowtable, full_means_false_and_unchanged)
{
	for (uint32_t n = 0; n < 50; n++) {
		start(n);
		for (uint32_t i = 0; i < n; i++)
			cr_assert(flowtable_insert(&table, (uint32_t)random_u64(&draw), i));
		cr_assert_not(flowtable_insert(&table, (uint32_t)random_u64(&draw), n));
		cr_assert_eq(table.count, n);
		stop();
	}
}

/* All hashes equal, as if the key were known: bounded, and still right. */
Test(flowtable, equal_hashes_are_bounded_and_correct)
{
	enum { MOST = FLOW_CHAIN_BUCKETS * FLOW_BUCKET_ENTRIES };
	const uint32_t hash = 0xdeadbeef;

	start(1000);
	for (uint32_t i = 0; i < MOST; i++)
		cr_assert(flowtable_insert(&table, hash, i));
	cr_assert_not(flowtable_insert(&table, hash, MOST));
	cr_assert_eq(table.count, (uint32_t)MOST);
	cr_assert_eq(table.overflowed, (uint32_t)FLOW_CHAIN_BUCKETS - 1);
	cr_assert(flowtable_insert(&table, hash + 1, MOST));
	for (uint32_t i = 0; i < MOST; i++)
		cr_assert_eq(times_found(hash, i), 1);
	for (uint32_t i = 0; i < MOST; i += 2)
		flowtable_remove(&table, hash, i);
	for (uint32_t i = 0; i < MOST; i++)
		cr_assert_eq(times_found(hash, i), (int)(i % 2));
	/* Half of the entries, so no more than the buckets that half of them fill. */
	cr_assert_eq(table.overflowed, 2);
	for (uint32_t i = 1; i < MOST; i += 2)
		flowtable_remove(&table, hash, i);
	cr_assert_eq(table.overflowed, 0);
	cr_assert_eq(free_overflow(), table.overflow);
	cr_assert_eq(table.count, 1);
	stop();
}

/* No overflow bucket left: false, until one comes back. */
Test(flowtable, overflow_runs_out)
{
	uint32_t i, refused;

	start(6000);
	for (i = 0; flowtable_insert(&table, i % 64, i); i++)
		cr_assert_lt(i, 6000);
	refused = i % 64;
	cr_assert_eq(i, 64 * FLOW_BUCKET_ENTRIES + table.overflow * FLOW_BUCKET_ENTRIES);
	cr_assert_eq(table.free, 0);
	cr_assert_eq(table.overflowed, table.overflow);
	for (uint32_t k = 0; k < i; k++)
		cr_assert_eq(times_found(k % 64, k), 1);
	/* Empty the last bucket of another chain. */
	for (uint32_t k = 0; k < FLOW_BUCKET_ENTRIES; k++)
		flowtable_remove(&table, refused + 1, refused + 1 + 64 * k);
	cr_assert_eq(table.overflowed, table.overflow - 1);
	cr_assert(flowtable_insert(&table, refused, i));
	stop();
}

/* Few hashes for many entries, so that there are long chains, equal tags and holes everywhere. */
Test(flowtable, agrees_with_a_model)
{
	enum { N = 600 };
	static uint32_t hash[N];
	bool present[N] = { false };
	uint32_t count = 0;

	start(N);
	for (int round = 0; round < 200000; round++) {
		uint32_t i = random_below(&draw, N);

		if (present[i]) {
			if (times_found(hash[i], i) != 1)
				cr_assert_fail("round %d: %u lost", round, i);
			flowtable_remove(&table, hash[i], i);
			present[i] = false;
			count--;
			if (times_found(hash[i], i) != 0)
				cr_assert_fail("round %d: %u still there", round, i);
		} else if (random_below(&draw, 8) < (round / 4000 % 2 ? 1U : 8U)) {
			hash[i] = random_below(&draw, 40) | random_below(&draw, 3) << 16;
			present[i] = flowtable_insert(&table, hash[i], i);
			count += present[i];
		}
		if (table.count != count)
			cr_assert_fail("round %d: count %u, not %u", round, table.count, count);
		if (round % 1000 != 0)
			continue;
		cr_assert_eq(free_overflow() + table.overflowed, table.overflow);
		for (i = 0; i < N; i++)
			cr_assert_eq(times_found(hash[i], i), (int)present[i]);
	}
	for (uint32_t i = 0; i < N; i++)
		if (present[i])
			flowtable_remove(&table, hash[i], i);
	cr_assert_eq(table.count, 0);
	cr_assert_eq(table.overflowed, 0);
	cr_assert_eq(free_overflow(), table.overflow);
	stop();
}

/* What the header promises: random hashes fill a table to 100 %; and all of it comes back. */
Test(flowtable, a_million_entries_fit_into_a_table_for_a_million)
{
	enum { N = 1000000 };
	uint32_t *hash = malloc(N * sizeof(*hash));

	start(N);
	for (uint32_t i = 0; i < N; i++) {
		/* A multiplication by an odd number spreads well enough, and takes no time. */
		hash[i] = (uint32_t)((i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32) ^
			  (i * UINT32_C(0x85ebca6b)) >> 7;
		if (!flowtable_insert(&table, hash[i], i))
			cr_assert_fail("%u of %u", i, (uint32_t)N);
	}
	cr_assert_not(flowtable_insert(&table, 1, N));
	for (uint32_t i = 0; i < N; i++)
		if (times_found(hash[i], i) != 1)
			cr_assert_fail("%u lost", i);
	for (uint32_t i = 0; i < N; i++)
		flowtable_remove(&table, hash[i], i);
	cr_assert_eq(table.count, 0);
	cr_assert_eq(free_overflow(), table.overflow);
	stop();
	free(hash);
}

/* Sizes that just fill their buckets to a mean load of 6, with hashes as good as can be. */
Test(flowtable, overflow_suffices_at_mean_load_six)
{
	static const uint32_t size[] = { 6, 12, 24, 96, 768, 6144, 12288, 24576 };

	for (size_t s = 0; s < sizeof(size) / sizeof(size[0]); s++) {
		start(size[s]);
		cr_assert_eq(size[s], 6 * (table.mask + 1));
		for (uint32_t total = 0; total < 30000; total += size[s]) {
			flowtable_init(&table, table.buckets, size[s]);
			for (uint32_t i = 0; i < size[s]; i++)
				cr_assert(flowtable_insert(&table, (uint32_t)random_u64(&draw), i),
					  "%u of %u", i, size[s]);
			if (size[s] >= 6144)
				cr_assert_lt(table.overflowed, table.overflow * 9 / 10);
		}
		stop();
	}
}

/* The bill of the header: 11 to 23 bytes an entry, and no byte for overflow that cannot be. */
Test(flowtable, memory_is_as_announced)
{
	cr_assert_eq(flowtable_bytes(1), 64);
	cr_assert_eq(flowtable_bytes(6), 64);
	cr_assert_eq(flowtable_bytes(10), 2 * 64);
	cr_assert_eq(flowtable_bytes(1000000), 17829888);
	cr_assert_eq(flowtable_bytes(10000000), 142610432);
	for (uint32_t n = 100000; n < 2000000; n += 7777) {
		cr_assert_gt(flowtable_bytes(n) / n, 10);
		cr_assert_lt(flowtable_bytes(n) / n, 24);
	}
}

Test(flowtable, removing_what_is_not_there_is_asserted, .signal = SIGABRT, .disabled = !ASSERTS)
{
	start(10);
	flowtable_insert(&table, 5, 1);
	flowtable_remove(&table, 5, 2);
}
