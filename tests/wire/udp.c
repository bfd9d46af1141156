/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/random.h"
#include "wire/udp.h"

/* Each length in memory of just that length: a sanitizer sees what is beyond. */
Test(wire_udp, no_truncation_is_a_datagram)
{
	struct udp_header h;

	for (size_t len = 0; len <= UDP_HEADER_BYTES; len++) {
		uint8_t bytes[UDP_HEADER_BYTES] = { 0, 9, 0, 7, 0, 8, 0, 0 };
		uint8_t *exact = malloc(len + (len == 0));
		enum tern_verdict want =
			len < UDP_HEADER_BYTES ? TERN_DROP_UDP_TRUNCATED : TERN_UNDECIDED;

		memcpy(exact, bytes, len);
		cr_assert_eq(udp_parse(exact, len, &h), want, "%zu bytes", len);
		free(exact);
	}
}

/* RFC 768: the length counts the header, so it is at least 8; it promises no more than there is. */
Test(wire_udp, length)
{
	static const struct {
		uint16_t says;
		size_t len;
		enum tern_verdict want;
	} cases[] = {
		{ 8, 8, TERN_UNDECIDED },	 { 8, 26, TERN_UNDECIDED },
		{ 26, 26, TERN_UNDECIDED },	 { 0, 26, TERN_DROP_UDP_LENGTH },
		{ 7, 26, TERN_DROP_UDP_LENGTH }, { 27, 26, TERN_DROP_UDP_LENGTH },
		{ 9, 8, TERN_DROP_UDP_LENGTH },	 { 65535, 32, TERN_DROP_UDP_LENGTH },
	};
	uint8_t bytes[32] = { 0 };
	struct udp_header h;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bytes[4] = (uint8_t)(cases[i].says >> 8);
		bytes[5] = (uint8_t)cases[i].says;
		cr_assert_eq(udp_parse(bytes, cases[i].len, &h), cases[i].want, "case %zu", i);
		cr_assert_eq(h.total_bytes, cases[i].says);
	}
}

Test(wire_udp, fields_stand_where_they_belong)
{
	static const uint8_t want[UDP_HEADER_BYTES] = { 0x12, 0x34, 0, 53, 0, 12, 0xab, 0xcd };
	const struct udp_header in = { RTE_BE16(0x1234), RTE_BE16(53), 12, RTE_BE16(0xabcd) };
	uint8_t bytes[UDP_HEADER_BYTES + 4] = { 0 };
	struct udp_header out;

	udp_emit(bytes, &in);
	cr_assert_eq(memcmp(bytes, want, sizeof(want)), 0);
	cr_assert_eq(udp_parse(bytes, sizeof(bytes), &out), TERN_UNDECIDED);
	cr_assert_eq(memcmp(&in, &out, sizeof(in)), 0);
}

/* The sum of a header that is not yet written is that of its bytes with a checksum of 0. */
Test(wire_udp, sum_of_a_header)
{
	const uint8_t key[16] = { 4 };
	uint8_t bytes[UDP_HEADER_BYTES];
	struct udp_header h = { 0 };
	struct random draw;
	uint64_t r;

	random_init(&draw, key);
	for (int i = 0; i < 20000; i++) {
		r = random_u64(&draw);
		h.sport = (rte_be16_t)r;
		h.dport = (rte_be16_t)(r >> 16);
		h.total_bytes = (uint16_t)(r >> 32);
		udp_emit(bytes, &h);
		cr_assert_eq(cksum_fold(udp_sum(&h)),
			     cksum_fold(cksum_add(bytes, sizeof(bytes), 0)));
	}
}

/* RFC 768: a checksum that comes out as 0 is sent as all ones; no other one is changed. */
Test(wire_udp, checksum_is_never_0)
{
	cr_assert_eq(udp_cksum(0xffff), 0xffff);
	cr_assert_eq(udp_cksum(UINT64_C(3) * 0xffff), 0xffff);
	for (uint32_t sum = 1; sum < 0xffff; sum++)
		cr_assert_eq(udp_cksum(sum), (uint16_t)~sum);
}
