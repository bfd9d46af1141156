/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/random.h"
#include "wire/eth.h"

static const struct rte_ether_addr all = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

/* RFC 894: 14 bytes. Each length in memory of just that length: a sanitizer sees what is beyond. */
Test(wire_eth, no_truncation_is_a_frame)
{
	struct eth_header h;

	for (size_t len = 0; len <= ETH_HEADER_BYTES; len++) {
		uint8_t *frame = calloc(1, len + (len == 0));
		enum tern_verdict want =
			len < ETH_HEADER_BYTES ? TERN_DROP_ETH_TRUNCATED : TERN_UNDECIDED;

		cr_assert_eq(eth_parse(frame, len, &h), want, "%zu bytes", len);
		free(frame);
	}
}

Test(wire_eth, what_is_emitted_is_read_again_at_any_alignment)
{
	const uint8_t key[16] = { 1 };
	uint8_t frame[ETH_HEADER_BYTES + 8];
	struct rte_ether_addr dst, src;
	struct eth_header out;
	struct random draw;
	uint64_t a, b;

	random_init(&draw, key);
	for (int i = 0; i < 100000; i++) {
		a = random_u64(&draw);
		b = random_u64(&draw);
		memcpy(&dst, &a, 6);
		memcpy(&src, &b, 6);
		eth_emit(frame + i % 8, &dst, &src, (rte_be16_t)(a >> 48));
		cr_assert_eq(eth_parse(frame + i % 8, ETH_HEADER_BYTES, &out), TERN_UNDECIDED);
		cr_assert_eq(out.dst, eth_number(&dst));
		cr_assert_eq(out.src, eth_number(&src));
		cr_assert_eq(out.type, (rte_be16_t)(a >> 48));
		eth_write(&dst, out.src);
		cr_assert(eth_equal(&dst, &src));
	}
}

/* Byte for byte as it stands on the wire. */
Test(wire_eth, fields_stand_where_they_belong)
{
	static const uint8_t want[ETH_HEADER_BYTES] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 6 };
	const struct rte_ether_addr dst = { { 2, 0, 0, 0, 0, 1 } }, src = { { 2, 0, 0, 0, 0, 9 } };
	uint8_t frame[ETH_HEADER_BYTES];

	eth_emit(frame, &dst, &src, RTE_BE16(RTE_ETHER_TYPE_ARP));
	cr_assert_eq(memcmp(frame, want, sizeof(want)), 0);
}

/* IEEE 802: group bit, broadcast, and addresses that differ in any one byte are different. */
Test(wire_eth, kinds_of_addresses)
{
	static const struct {
		struct rte_ether_addr addr;
		bool group, broadcast, unicast;
	} cases[] = {
		{ { { 0, 0, 0, 0, 0, 0 } }, false, false, false },
		{ { { 2, 0, 0, 0, 0, 1 } }, false, false, true },
		{ { { 0, 0, 0, 0, 0, 1 } }, false, false, true },
		{ { { 1, 0, 0x5e, 0, 0, 1 } }, true, false, false },
		{ { { 0x33, 0x33, 0, 0, 0, 1 } }, true, false, false },
		{ { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe } }, true, false, false },
		{ { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } }, true, true, false },
		{ { { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff } }, false, false, true },
	};
	struct rte_ether_addr other;
	uint64_t number;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		number = eth_number(&cases[i].addr);
		cr_assert_eq(eth_is_group(number), cases[i].group, "%zu", i);
		cr_assert_eq(eth_is_broadcast(number), cases[i].broadcast, "%zu", i);
		cr_assert_eq(eth_is_unicast(&cases[i].addr), cases[i].unicast, "%zu", i);
		cr_assert_eq(eth_equal(&cases[i].addr, &all), cases[i].broadcast, "%zu", i);
	}
	for (int byte = 0; byte < 6; byte++) {
		other = all;
		other.addr_bytes[byte] ^= 0x10;
		cr_assert(!eth_equal(&other, &all), "byte %d", byte);
	}
}
