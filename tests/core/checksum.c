/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <string.h>

#include "core/checksum.h"
#include "core/random.h"

enum { LENGTH_MAX = 2000, ALIGNMENTS = 8, ROOM = LENGTH_MAX + ALIGNMENTS };

static uint8_t data[ROOM];

static void
fill_randomly(uint8_t byte)
{
	uint8_t key[16] = { byte };
	struct random draw;

	random_init(&draw, key);
	for (int i = 0; i < ROOM; i++)
		data[i] = (uint8_t)random_u64(&draw);
}

/* RFC 1071 §4.1, word by word as numbers of network byte order, folded at every step. */
static uint16_t
reference(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* A sum in memory order as a number of network byte order. */
static uint16_t
as_number(uint16_t stored)
{
	const uint8_t *byte = (const uint8_t *)&stored;

	return (uint16_t)(byte[0] << 8 | byte[1]);
}

Test(checksum, all_lengths_and_alignments)
{
	fill_randomly(1);
	for (size_t at = 0; at < ALIGNMENTS; at++) {
		for (size_t len = 0; len <= LENGTH_MAX; len++) {
			uint16_t want = reference(data + at, len);
			uint64_t sum = cksum_add(data + at, len, 0);

			cr_assert_eq(as_number(cksum_fold(sum)), want, "%zu at %zu", len, at);
			cr_assert_eq(as_number(cksum_finish(sum)), (uint16_t)~want);
		}
	}
}

/* Nothing but ones: every partial sum is as large as it can be. */
Test(checksum, all_ones_and_all_zeros)
{
	for (size_t len = 0; len <= LENGTH_MAX; len++) {
		memset(data, 0xff, len);
		cr_assert_eq(as_number(cksum_fold(cksum_add(data, len, 0))), reference(data, len));
		memset(data, 0, len);
		cr_assert_eq(cksum_fold(cksum_add(data, len, 0)), 0);
		cr_assert_eq(cksum_finish(cksum_add(data, len, 0)), 0xffff);
	}
	cr_assert_eq(cksum_fold(UINT64_MAX), 0xffff);
	cr_assert_eq(cksum_fold(0xffff), 0xffff);
	cr_assert_eq(cksum_fold(0x10000), 1);
	cr_assert_eq(cksum_fold(UINT64_C(1) << 48), 1);
	cr_assert_eq(cksum_fold(0xffff0000ffff0001), 1);
	cr_assert_eq(cksum_fold(0x00000001ffffffff), 1);
}

/* Long enough for the 64-bit sums of vectors to overflow thousands of times. */
Test(checksum, a_megabyte_of_ones)
{
	static uint8_t ones[(1 << 20) + 3];

	memset(ones, 0xff, sizeof(ones));
	for (size_t less = 0; less < 4; less++) {
		size_t len = sizeof(ones) - less;

		cr_assert_eq(as_number(cksum_fold(cksum_add(ones, len, 0))), reference(ones, len));
	}
}

/* The words of RFC 1071 §3: 0001 f203 f4f5 f6f7, sum ddf2. */
Test(checksum, example_of_rfc_1071)
{
	static const uint8_t words[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	cr_assert_eq(as_number(cksum_fold(cksum_add(words, sizeof(words), 0))), 0xddf2);
}

Test(checksum, pieces_at_even_and_odd_offsets)
{
	fill_randomly(2);
	for (size_t first = 0; first < 200; first++) {
		for (size_t second = 0; second < 200; second += 7) {
			size_t third = 311 - first % 3;
			uint64_t sum = cksum_add(data, first, 0);

			sum = cksum_add_at(data + first, second, sum, first);
			sum = cksum_add_at(data + first + second, third, sum, first + second);
			cr_assert_eq(as_number(cksum_fold(sum)),
				     reference(data, first + second + third), "%zu + %zu", first,
				     second);
		}
	}
}

/* A sum carried over from before counts as well as the bytes do. */
Test(checksum, continues_a_sum)
{
	fill_randomly(3);
	for (size_t len = 0; len < 700; len++) {
		uint64_t sum = cksum_add(data + 1000, len, cksum_add(data, 1000, 0));

		cr_assert_eq(as_number(cksum_fold(sum)), reference(data, 1000 + len));
	}
}

Test(checksum, copy_copies_all_and_no_more)
{
	static uint8_t to[ROOM + 1];

	fill_randomly(4);
	for (size_t at = 0; at < ALIGNMENTS; at++) {
		for (size_t len = 0; len <= LENGTH_MAX; len += len < 200 ? 1 : 13) {
			size_t from = (at * 5 + len) % ALIGNMENTS;
			uint64_t sum;

			memset(to, 0xa5, sizeof(to));
			sum = cksum_copy(to + at, data + from, len, 0);
			cr_assert_eq(as_number(cksum_fold(sum)), reference(data + from, len));
			cr_assert_eq(memcmp(to + at, data + from, len), 0);
			cr_assert_eq(to[at + len], 0xa5);
			cr_assert(at == 0 || to[at - 1] == 0xa5);
			cr_assert_eq(cksum_fold(cksum_copy(to + at, data + from, len, 0x1234)),
				     cksum_fold(cksum_add(data + from, len, 0x1234)));
		}
	}
}

/* RFC 1624 §4: header checksum dd2f, word 5555 becomes 3285; the result is 0000, not ffff. */
Test(checksum, example_of_rfc_1624)
{
	cr_assert_eq(cksum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
	cr_assert_eq(cksum_update16(0x0000, 0x3285, 0x5555), 0xdd2f);
}

/* RFC 1624 equation 3 against summing anew, 0x0000 and 0xffff as old and new word included. */
Test(checksum, update_equals_summing_anew)
{
	static const uint16_t word[] = { 0, 1, 0x00ff, 0x7fff, 0x8000, 0xff00, 0xfffe, 0xffff };
	enum { WORDS = sizeof(word) / sizeof(word[0]) };

	for (int filler = 0; filler < 4; filler++) {
		for (int i = 0; i < WORDS * WORDS; i++) {
			uint16_t header[10] = { 0x0045 };
			uint16_t old, new = word[i % WORDS], cksum;

			for (int k = 1; k < 10; k++)
				header[k] = (uint16_t)(filler * 0x5555 + (filler == 3) * k);
			header[7] = old = word[i / WORDS];
			cksum = cksum_finish(cksum_add(header, 20, 0));
			header[7] = new;
			cr_assert_eq(cksum_update16(cksum, old, new),
				     cksum_finish(cksum_add(header, 20, 0)), "%04x to %04x", old,
				     new);
		}
	}
}

/* RFC 791 §3.1: the sum over a header with its checksum in place is all ones. */
Test(checksum, ipv4_header)
{
	uint8_t header[24];
	uint16_t cksum;

	fill_randomly(5);
	for (size_t at = 0; at < 500; at++) {
		uint8_t *p = header + at % 4;

		memcpy(p, data + at, 20);
		memset(p + 10, 0, 2);
		cksum = cksum_ipv4_header(p);
		cr_assert_eq(as_number(cksum), (uint16_t)~reference(p, 20));
		memcpy(p + 10, &cksum, 2);
		cr_assert_eq(cksum_ipv4_header(p), 0);
		p[at % 20] ^= 1 << at % 8;
		cr_assert_neq(cksum_ipv4_header(p), 0);
	}
}
