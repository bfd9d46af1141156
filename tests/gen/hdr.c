/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Histograms: where values lie, what becomes of them when they are merged, and what is told of
 * them, with as many values as a long run has.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <zlib.h>

#include "gen/measure/export.h"

/* Two of 1 us and one of 9 us, `doublings` times over. */
static struct hdr *
many(unsigned int doublings)
{
	static struct hdr h, copy;

	hdr_clear(&h);
	hdr_record(&h, 1000);
	hdr_record(&h, 1000);
	hdr_record(&h, 9000);
	for (unsigned int i = 0; i < doublings; i++) {
		copy = h;
		hdr_merge(&h, &copy);
	}
	return &h;
}

Test(hdr, a_bucket_is_as_wide_as_a_thousandth_of_its_values)
{
	for (uint64_t ns = 1; ns <= HDR_MOST_NS; ns += 1 + ns / 3) {
		uint32_t i = hdr_index(ns);
		uint64_t low = hdr_bucket_ns(i), wide = hdr_bucket_ns(i + 1) - low;

		cr_assert_lt(i, HDR_BUCKETS);
		cr_assert(low <= ns && ns < low + wide, "%" PRIu64, ns);
		cr_assert_leq((wide - 1) * 1024, low, "%" PRIu64, ns);
	}
	cr_assert_eq(hdr_place(UINT64_MAX), HDR_BUCKETS - 1);
}

/* Two thirds lie at 1 us, however many they are. */
Test(hdr, a_bucket_holds_more_than_32_bits)
{
	for (unsigned int doublings = 30; doublings <= 50; doublings++) {
		const struct hdr *h = many(doublings);

		cr_assert_eq(h->n, UINT64_C(3) << doublings);
		cr_assert_eq(hdr_count(h, hdr_index(1000)), UINT64_C(2) << doublings, "%u",
			     doublings);
		cr_assert_eq(hdr_percentile(h, 0.5), 1000);
		cr_assert_eq(hdr_percentile(h, 0.66), 1000);
		cr_assert_eq(hdr_percentile(h, 0.67), 9000);
	}
}

Test(hdr, a_bucket_goes_on_counting_beyond_32_bits)
{
	static struct hdr h;

	hdr_record(&h, 1000);
	h.n = h.low[hdr_index(1000)] = UINT32_MAX;
	hdr_record(&h, 1000);
	cr_assert_eq(hdr_count(&h, hdr_index(1000)), UINT64_C(1) << 32);
	cr_assert_eq(h.n, UINT64_C(1) << 32);
}

Test(hdr, a_distribution_of_many_is_whole)
{
	char text[4096] = "", wanted[64];
	FILE *to = fmemopen(text, sizeof(text), "w");

	export_distribution(many(40), to);
	fclose(to);
	snprintf(wanted, sizeof(wanted), "1.000 0.666666666667 %" PRIu64, UINT64_C(2) << 40);
	cr_assert_not_null(strstr(text, wanted), "%s\nis not in\n%s", wanted, text);
	snprintf(wanted, sizeof(wanted), "9.000 1.000000000000 %" PRIu64, UINT64_C(3) << 40);
	cr_assert_not_null(strstr(text, wanted), "%s\nis not in\n%s", wanted, text);
}

/* RFC 4648 §4. Return: bytes. */
static size_t
from_base64(const char *text, uint8_t *to)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0, have = 0;
	size_t n = 0;

	for (; *text != '\0' && *text != '='; text++) {
		bits = bits << 6 | (uint32_t)(strchr(alphabet, *text) - alphabet);
		have += 6;
		if (have >= 8)
			to[n++] = (uint8_t)(bits >> (have -= 8));
	}
	return n;
}

/* The last two counts of the encoding are those of 1 us and of 9 us, between them empty ones. */
Test(hdr, the_encoding_of_many_is_whole)
{
	enum { HEAD = 40, COMPRESSED_HEAD = 8 };
	char *text = export_base64(many(40));
	uint8_t packed[1000], plain[1000];
	int64_t words[4] = { 0 };
	uLongf bytes = sizeof(plain);
	size_t n = from_base64(text, packed), at = HEAD;

	cr_assert_eq(uncompress(plain, &bytes, packed + COMPRESSED_HEAD, n - COMPRESSED_HEAD),
		     Z_OK);
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t zigzag = 0, shift = 0;

		do {
			cr_assert_lt(at, bytes);
			zigzag |= (uint64_t)(plain[at] & 0x7f) << shift;
			shift += 7;
		} while ((plain[at++] & 0x80) != 0);
		words[i] = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
	}
	cr_assert_eq(at, bytes);
	cr_assert_eq(words[0], -1000);
	cr_assert_eq(words[1], INT64_C(2) << 40);
	cr_assert_eq(words[2], -(int64_t)(hdr_index(9000) - 1001));
	cr_assert_eq(words[3], INT64_C(1) << 40);
	free(text);
}
