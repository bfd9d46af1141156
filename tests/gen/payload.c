/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payloads: the same bytes from the same place, however they are cut, and nothing else is taken
 * for them.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "gen/engines/payload.h"

enum { BYTES = 8192, CUTS = 2000 };

static const uint8_t file[] = "a file of forty bytes and two, not of 8";

static const struct plan plans[] = {
	{ .payload = PAYLOAD_ZERO },
	{ .payload = PAYLOAD_RANDOM },
	{ .payload = PAYLOAD_PRBS },
	{ .payload = PAYLOAD_FILE, .file = file, .file_bytes = sizeof(file) },
	{ .payload = PAYLOAD_FILE },
};

static const size_t plans_n = sizeof(plans) / sizeof(plans[0]);

static uint64_t
dice(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

Test(payload, a_piece_is_the_same_wherever_it_is_cut)
{
	static uint8_t whole[BYTES], piece[BYTES + 64];
	uint64_t random = 1;

	for (size_t p = 0; p < plans_n; p++) {
		payload_fill(&plans[p], 7, 0, whole, sizeof(whole));
		for (unsigned int i = 0; i < CUTS; i++) {
			uint64_t at = dice(&random) % BYTES, to = dice(&random) % 64;
			size_t len = dice(&random) % (BYTES - at + 1);

			memset(piece, 0x55, sizeof(piece));
			payload_fill(&plans[p], 7, at, piece + to, len);
			cr_assert_arr_eq(piece + to, whole + at, len);
			cr_assert_eq(piece[to + len], 0x55, "writes beyond its end");
			cr_assert(payload_check(&plans[p], 7, at, piece + to, len));
		}
	}
}

Test(payload, one_wrong_bit_is_noticed)
{
	static uint8_t data[BYTES];
	uint64_t random = 2;

	for (size_t p = 0; p < plans_n; p++)
		for (unsigned int i = 0; i < CUTS; i++) {
			uint64_t at = dice(&random) << 3 | i % 8;
			size_t len = 1 + dice(&random) % 3000, which = dice(&random) % len;

			payload_fill(&plans[p], i, at, data, len);
			data[which] ^= (uint8_t)(1u << dice(&random) % 8);
			cr_assert_not(payload_check(&plans[p], i, at, data, len),
				      "kind %zu, byte %zu of %zu", p, which, len);
		}
}

Test(payload, prbs_is_another_for_each_seed_and_place)
{
	static uint8_t data[BYTES];

	payload_fill(&plans[PAYLOAD_PRBS], 1, 0, data, sizeof(data));
	for (uint64_t seed = 2; seed < 100; seed++)
		cr_assert_not(payload_check(&plans[PAYLOAD_PRBS], seed, 0, data, 8));
	for (uint64_t at = 1; at < sizeof(data); at++)
		cr_assert_not(payload_check(&plans[PAYLOAD_PRBS], 1, at, data, 8));
	for (uint64_t seed = 1; seed < 100; seed++) {
		payload_fill(&plans[PAYLOAD_RANDOM], seed, 0, data, 64);
		cr_assert(payload_check(&plans[PAYLOAD_RANDOM], 0, 0, data, 64));
	}
}

/* Each byte about as often as any other: 4 MiB, 16384 of each, the deviation is 128. */
Test(payload, random_bytes_are_even)
{
	static uint8_t data[4096];
	uint32_t times[256] = { 0 };

	for (uint64_t at = 0; at < UINT64_C(4) << 20; at += sizeof(data)) {
		payload_fill(&plans[PAYLOAD_PRBS], 3, at, data, sizeof(data));
		for (size_t i = 0; i < sizeof(data); i++)
			times[data[i]]++;
	}
	for (unsigned int i = 0; i < 256; i++)
		cr_assert(times[i] > 15600 && times[i] < 17200, "byte %u: %u times", i, times[i]);
}
