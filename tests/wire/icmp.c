/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "wire/icmp.h"

enum { MESSAGE = ICMP_HEADER_BYTES + IPV4_HEADER_MAX_BYTES + ICMP_QUOTE_BYTES };

/* RFC 792: these five quote what they are about. */
static bool
quotes(unsigned int type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/*
 * Every type, code and length, in memory of just that length: a sanitizer sees what is beyond. What
 * quotes a packet must bring 28 bytes of it, no more.
 */
Test(wire_icmp, all_types_codes_and_truncations)
{
	struct icmp_header h = { 0 };

	for (size_t len = 0; len <= ICMP_HEADER_BYTES + 28; len++) {
		uint8_t *bytes = calloc(1, len + ICMP_HEADER_BYTES + 1);
		uint8_t *exact = malloc(len + (len == 0));

		bytes[ICMP_HEADER_BYTES] = 0x45;
		for (unsigned int n = 0; n < 256 * 16; n++) {
			unsigned int type = n / 16, code = n % 16;
			size_t least = quotes(type) ? ICMP_HEADER_BYTES + 28 : ICMP_HEADER_BYTES;
			bool whole = len >= least;

			bytes[0] = (uint8_t)type;
			bytes[1] = (uint8_t)code;
			memcpy(exact, bytes, len);
			cr_assert_eq(icmp_parse(exact, len, &h),
				     whole ? TERN_UNDECIDED : TERN_DROP_ICMP_TRUNCATED,
				     "type %u, %zu bytes", type, len);
			cr_assert(!whole || (h.type == type && h.code == code));
			cr_assert_eq(icmp_is_error((uint8_t)type), quotes(type));
		}
		free(exact);
		free(bytes);
	}
}

/* A quoted header may have options, and cannot be shorter than 20 bytes. */
Test(wire_icmp, quoted_headers_of_every_length)
{
	struct icmp_header h;

	for (uint8_t ihl = 0; ihl <= 15; ihl++) {
		for (size_t len = 0; len <= MESSAGE; len++) {
			uint8_t bytes[MESSAGE] = { ICMP_UNREACHABLE };
			uint8_t *exact = malloc(len + (len == 0));
			size_t least = ICMP_HEADER_BYTES + ihl * 4u + ICMP_QUOTE_BYTES;
			bool whole = ihl >= 5 && len >= least;

			bytes[ICMP_HEADER_BYTES] = 0x40 | ihl;
			memcpy(exact, bytes, len);
			cr_assert_eq(icmp_parse(exact, len, &h),
				     whole ? TERN_UNDECIDED : TERN_DROP_ICMP_TRUNCATED,
				     "%zu bytes, quoted header of %u", len, ihl * 4);
			free(exact);
		}
	}
}

/* RFC 792, echo: type, code, checksum, identifier, sequence number. */
Test(wire_icmp, fields_stand_where_they_belong)
{
	static const uint8_t want[ICMP_HEADER_BYTES] = { 8, 0, 0xab, 0xcd, 0x12, 0x34, 0, 7 };
	const struct icmp_header in = { 8, 0, RTE_BE16(0xabcd), RTE_BE32(0x12340007) };
	uint8_t bytes[ICMP_HEADER_BYTES];
	struct icmp_header out;

	icmp_emit(bytes, &in);
	cr_assert_eq(memcmp(bytes, want, sizeof(want)), 0);
	cr_assert_eq(icmp_parse(bytes, sizeof(bytes), &out), TERN_UNDECIDED);
	cr_assert_eq(memcmp(&in, &out, sizeof(in)), 0);
}

/*
 * RFC 1624, and RFC 792: the checksum is computed starting with zero. All values of one word make
 * all values of the sum; 0 makes a reply of nothing but zeros, whose checksum is all ones.
 */
Test(wire_icmp, a_reply_has_the_very_checksum_that_a_whole_sum_gives)
{
	for (size_t len = ICMP_HEADER_BYTES; len <= ICMP_HEADER_BYTES + 3; len++) {
		for (uint32_t rest = 0; rest <= UINT16_MAX; rest++) {
			uint8_t bytes[ICMP_HEADER_BYTES + 3] = { 0 };
			struct icmp_header h = { .type = ICMP_ECHO_REQUEST };
			uint16_t turned;

			h.rest = rte_cpu_to_be_32(rest);
			icmp_emit(bytes, &h);
			h.cksum = cksum_finish(cksum_add(bytes, len, 0));
			icmp_emit(bytes, &h);
			icmp_turn_echo(bytes, len, &h);
			cr_assert_eq(bytes[0], ICMP_ECHO_REPLY);
			memcpy(&turned, bytes + ICMP_CKSUM_AT, sizeof(turned));
			memset(bytes + ICMP_CKSUM_AT, 0, sizeof(turned));
			cr_assert_eq(turned, cksum_finish(cksum_add(bytes, len, 0)), "%u", rest);
		}
	}
}
