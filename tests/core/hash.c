/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <math.h>
#include <string.h>

#include "core/hash.h"
#include "core/random.h"

enum { TUPLE_BITS = 288, HASH_BITS = 32 };

/* Everything that is hashed, so that its bits can be counted through. */
struct tuple {
	uint64_t remote[2];
	uint64_t local[2];
	uint64_t ports;
};

static struct random draw;

static void
seed(uint8_t byte)
{
	uint8_t key[16] = { byte };

	random_init(&draw, key);
}

static struct hash_key
some_key(void)
{
	struct hash_key key;

	for (int i = 0; i < 6; i++)
		key.k[i] = random_u64(&draw);
	return key;
}

static uint32_t
hash(const struct hash_key *key, const struct tuple *t)
{
	return hash_tuple(key, t->remote, t->local, (uint32_t)t->ports);
}

/* An IPv4 address as its words lie in memory (::ffff:a.b.c.d). */
static void
map_ipv4(uint64_t addr[2], uint32_t ip)
{
	const uint8_t bytes[16] = {
		[10] = 0xff,
		[11] = 0xff,
		[12] = (uint8_t)(ip >> 24),
		[13] = (uint8_t)(ip >> 16),
		[14] = (uint8_t)(ip >> 8),
		[15] = (uint8_t)ip,
	};

	memcpy(addr, bytes, sizeof(bytes));
}

static struct tuple
ipv4_tuple(uint32_t client, uint16_t port)
{
	struct tuple t = { .ports = (uint32_t)__builtin_bswap16(port) | 0x5000U << 16 };

	map_ipv4(t.remote, client);
	map_ipv4(t.local, 0x0a000001);
	return t;
}

static struct tuple
flipped(const struct tuple *t, int bit)
{
	struct tuple f = *t;
	uint64_t *word[] = { &f.remote[0], &f.remote[1], &f.local[0], &f.local[1], &f.ports };

	*word[bit / 64] ^= UINT64_C(1) << bit % 64;
	return f;
}

Test(hash, every_input_bit_flips_every_output_bit_half_of_the_time)
{
	enum { ROUNDS = 1000 };
	static uint32_t flips[TUPLE_BITS][HASH_BITS];

	seed(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct hash_key key = some_key();
		/* Tuples as they come: next to each other, most of their bits constant. */
		struct tuple t = ipv4_tuple(0x0a000100 + (uint32_t)round, (uint16_t)(1024 + round));

		for (int in = 0; in < TUPLE_BITS; in++) {
			struct tuple f = flipped(&t, in);
			uint32_t differ = hash(&key, &t) ^ hash(&key, &f);

			for (int out = 0; out < HASH_BITS; out++)
				flips[in][out] += differ >> out & 1;
		}
	}
	/* 500 expected, standard deviation 16. */
	for (int in = 0; in < TUPLE_BITS; in++)
		for (int out = 0; out < HASH_BITS; out++)
			cr_assert(flips[in][out] > 400 && flips[in][out] < 600,
				  "input bit %d flips output bit %d %u times of 1000", in, out,
				  flips[in][out]);
}

/* Chi-square over 4096 buckets (mean 4095, standard deviation 90), in standard deviations. */
static double
unevenness(const uint32_t *count, uint32_t balls)
{
	double mean = balls / 4096.0, chi2 = 0;

	for (int i = 0; i < 4096; i++)
		chi2 += (count[i] - mean) * (count[i] - mean) / mean;
	return (chi2 - 4095) / sqrt(2 * 4095);
}

/* Clients of one network and ports in a row: what a server sees, and what a generator sends. */
Test(hash, sequential_clients_and_ports_fill_buckets_evenly)
{
	static const uint32_t clients[] = { 1, 64, 65536 };

	seed(2);
	for (int round = 0; round < 6; round++) {
		uint32_t low[4096] = { 0 }, high[4096] = { 0 };
		uint32_t n = clients[round % 3], balls = 65536;
		struct hash_key key = some_key();

		for (uint32_t i = 0; i < balls; i++) {
			struct tuple t = ipv4_tuple(0x0a010000 + i % n, (uint16_t)(i / n));
			uint32_t h = hash(&key, &t);

			low[h & 0xfff]++;
			high[h >> 20]++;
		}
		cr_assert_lt(unevenness(low, balls), 6, "low bits, %u clients", n);
		cr_assert_lt(unevenness(high, balls), 6, "high bits, %u clients", n);
	}
}

Test(hash, addresses_fill_buckets_evenly)
{
	uint32_t low[4096] = { 0 }, high[4096] = { 0 };
	struct hash_key key;
	uint64_t addr[2];

	seed(3);
	key = some_key();
	for (uint32_t i = 0; i < 65536; i++) {
		map_ipv4(addr, 0xc0a80000 + i);
		low[hash_addr(&key, addr) & 0xfff]++;
		high[hash_addr(&key, addr) >> 20]++;
	}
	cr_assert_lt(unevenness(low, 65536), 6);
	cr_assert_lt(unevenness(high, 65536), 6);
}

/* One bit of any of the six words of the key changes half of the result. */
Test(hash, every_word_of_the_key_counts)
{
	seed(4);
	for (int bit = 0; bit < 6 * 64; bit++) {
		int differ = 0;

		for (uint32_t i = 0; i < 256; i++) {
			struct hash_key key = some_key(), other = key;
			struct tuple t = ipv4_tuple(0x0a000000 + i, 1024);

			other.k[bit / 64] ^= UINT64_C(1) << bit % 64;
			differ += __builtin_popcount(hash(&key, &t) ^ hash(&other, &t));
		}
		/* 256 times 16 expected, standard deviation 45. */
		cr_assert(differ > 256 * 14 && differ < 256 * 18, "key bit %d: %d", bit, differ);
	}
}

/* A linear hash would have all of these pairs collide again. */
Test(hash, tuples_that_collide_under_one_key_do_not_under_another)
{
	static uint32_t seen[4096];
	struct hash_key key, other;
	int pairs = 0, again = 0;

	seed(5);
	key = some_key();
	other = some_key();
	for (uint32_t i = 1; i < 65536; i++) {
		struct tuple t = ipv4_tuple(0x0a000000 + i, 1024), u;
		uint32_t *before = &seen[hash(&key, &t) & 0xfff];

		if (*before != 0) {
			u = ipv4_tuple(0x0a000000 + *before, 1024);
			pairs++;
			again += (hash(&other, &t) & 0xfff) == (hash(&other, &u) & 0xfff);
		}
		*before = i;
	}
	cr_assert_gt(pairs, 60000);
	cr_assert(again < 40, "%d of %d, 15 expected", again, pairs);
}

/* The hole of folded multiplication: a zero, or a 2^64 - 1, must not swallow the other factor. */
Test(hash, no_multiplicand_kills_the_other)
{
	static const uint64_t killer[] = { 0, UINT64_MAX, 1 };
	const struct hash_key zero = { { 0 } };

	for (int k = 0; k < 3; k++) {
		for (uint64_t b = 2; b < 1000; b++) {
			cr_assert_neq(hash_fold(killer[k], b), hash_fold(killer[k], b + 1));
			cr_assert_neq(hash_fold(b, killer[k]), hash_fold(b + 1, killer[k]));
		}
	}
	for (uint32_t i = 0; i < 1000; i++) {
		struct tuple t = ipv4_tuple(0x0a000000 + i, 1024);
		struct tuple u = ipv4_tuple(0x0a000001 + i, 1024);
		struct tuple v = ipv4_tuple(0x0a000000 + i, 1025);

		cr_assert_neq(hash(&zero, &t), hash(&zero, &u));
		cr_assert_neq(hash(&zero, &t), hash(&zero, &v));
		cr_assert_neq(hash_addr(&zero, t.remote), hash_addr(&zero, u.remote));
	}
}

/* The two ends of a connection are different tuples. */
Test(hash, remote_and_local_are_not_interchangeable)
{
	seed(6);
	for (uint32_t i = 0; i < 1000; i++) {
		struct hash_key key = some_key();
		struct tuple t = ipv4_tuple(0xac100000 + i, 1024);

		cr_assert_neq(hash(&key, &t),
			      hash_tuple(&key, t.local, t.remote, (uint32_t)t.ports));
	}
}
