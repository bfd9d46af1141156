/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each parser of lib/wire with random and truncated bytes, in memory of exactly their length: a
 * sanitizer sees the first byte that is read beyond. What a parser lets through must hold what its
 * header promises.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "dice.h"
#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define ROUNDS 200000

/* Bytes whose first few are likely ones, so that not all end at the first check. */
static uint8_t *
random_bytes(struct dice *d, const uint8_t *likely, size_t likely_len, size_t len)
{
	uint8_t *bytes = malloc(len + (len == 0));

	cr_assert_not_null(bytes);
	scatter(d, bytes, len);
	for (size_t i = 0; i < len && i < likely_len; i++)
		if (!once_in(d, 16))
			bytes[i] = likely[i];
	return bytes;
}

static size_t
random_length(struct dice *d, size_t header)
{
	switch (below(d, 4)) {
	case 0:
		return below(d, (uint32_t)header + 2);
	case 1:
		return header;
	case 2:
		return header + below(d, 80);
	default:
		return below(d, 1600);
	}
}

Test(parsers, ethernet)
{
	struct dice d = { seed_or(1) };
	struct eth_header h;

	for (uint64_t i = rounds(ROUNDS); i > 0; i--) {
		size_t len = random_length(&d, ETH_HEADER_BYTES);
		uint8_t *at = random_bytes(&d, NULL, 0, len);
		enum tern_verdict v = eth_parse(at, len, &h);

		cr_assert_eq(v == TERN_UNDECIDED, len >= ETH_HEADER_BYTES);
		if (v == TERN_UNDECIDED)
			cr_assert_eq(memcmp(&h.type, at + 12, sizeof(h.type)), 0);
		free(at);
	}
}

Test(parsers, arp)
{
	static const uint8_t likely[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	struct dice d = { seed_or(2) };
	struct arp_packet arp;
	uint64_t good = 0;

	for (uint64_t i = rounds(ROUNDS); i > 0; i--) {
		size_t len = random_length(&d, ARP_BYTES);
		uint8_t *at = random_bytes(&d, likely, sizeof(likely), len), again[ARP_BYTES];

		if (arp_parse(at, len, &arp) == TERN_UNDECIDED) {
			good++;
			cr_assert_geq(len, ARP_BYTES);
			cr_assert(arp.op == ARP_REQUEST || arp.op == ARP_REPLY);
			arp_emit(again, &arp);
			cr_assert_eq(memcmp(again, at, ARP_BYTES), 0);
		}
		free(at);
	}
	cr_assert_gt(good, rounds(ROUNDS) / 10);
}

Test(parsers, ipv4)
{
	struct dice d = { seed_or(3) };
	struct ipv4_header h;
	uint64_t good = 0;

	for (uint64_t i = rounds(ROUNDS); i > 0; i--) {
		size_t len = random_length(&d, IPV4_HEADER_BYTES);
		uint16_t says =
			(uint16_t)(once_in(&d, 3) ? len - 3 + below(&d, 7) : below(&d, 1600));
		uint8_t likely[] = { (uint8_t)(0x40 | below(&d, 16)), 0, (uint8_t)(says >> 8),
				     (uint8_t)says };
		uint8_t *at = random_bytes(&d, likely, sizeof(likely), len);

		if (ipv4_parse(at, len, &h) == TERN_UNDECIDED) {
			good++;
			cr_assert_geq(h.header_bytes, IPV4_HEADER_BYTES);
			cr_assert_leq(h.header_bytes, IPV4_HEADER_MAX_BYTES);
			cr_assert_leq(h.header_bytes, h.total_bytes);
			cr_assert_leq(h.total_bytes, len);
			ipv4_sum_good(at, h.header_bytes);
			ipv4_is_fragment(&h);
		}
		free(at);
	}
	cr_assert_gt(good, rounds(ROUNDS) / 50);
}

Test(parsers, icmp)
{
	static const uint8_t types[] = { 0, 3, 4, 5, 8, 11, 12, 13 };
	struct dice d = { seed_or(4) };
	struct icmp_header h;
	uint64_t good = 0;

	for (uint64_t i = rounds(ROUNDS); i > 0; i--) {
		size_t len = random_length(&d, ICMP_HEADER_BYTES + IPV4_HEADER_BYTES);
		uint8_t likely[] = { types[below(&d, sizeof(types))], 0 };
		uint8_t *at = random_bytes(&d, likely, sizeof(likely), len);

		if (len > ICMP_HEADER_BYTES)
			at[ICMP_HEADER_BYTES] = (uint8_t)(0x40 | below(&d, 16));
		if (icmp_parse(at, len, &h) == TERN_UNDECIDED) {
			good++;
			cr_assert_geq(len, ICMP_HEADER_BYTES);
			if (icmp_is_error(h.type))
				cr_assert_geq(len, ICMP_HEADER_BYTES + IPV4_HEADER_BYTES +
							   ICMP_QUOTE_BYTES);
			if (h.type == ICMP_ECHO_REQUEST)
				icmp_turn_echo(at, len, &h);
		}
		free(at);
	}
	cr_assert_gt(good, rounds(ROUNDS) / 4);
}

Test(parsers, udp)
{
	struct dice d = { seed_or(5) };
	struct udp_header h;
	uint64_t good = 0;

	for (uint64_t i = rounds(ROUNDS); i > 0; i--) {
		size_t len = random_length(&d, UDP_HEADER_BYTES);
		uint16_t says = (uint16_t)(len - 3 + below(&d, 7));
		uint8_t likely[] = { 0, 7, 0, 7, (uint8_t)(says >> 8), (uint8_t)says };
		uint8_t *at = random_bytes(&d, likely, sizeof(likely), len);

		if (udp_parse(at, len, &h) == TERN_UNDECIDED) {
			good++;
			cr_assert_geq(h.total_bytes, UDP_HEADER_BYTES);
			cr_assert_leq(h.total_bytes, len);
		}
		free(at);
	}
	cr_assert_gt(good, rounds(ROUNDS) / 10);
}

/* Kinds that mean something, with lengths 0, 1, right, wrong and past the end. */
static void
random_options(struct dice *d, uint8_t *at, size_t len)
{
	static const uint8_t kinds[][2] = { { 2, 4 },  { 3, 3 },   { 4, 2 },   { 5, 10 },
					    { 8, 10 }, { 19, 18 }, { 34, 10 }, { 253, 6 } };
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 40, 41, 255 };
	size_t i = 0, kind;

	while (i < len) {
		kind = below(d, sizeof(kinds) / sizeof(kinds[0]));
		at[i] = once_in(d, 4) ? (uint8_t)!once_in(d, 8) : kinds[kind][0];
		if (at[i] < 2 || i + 1 == len) {
			i++;
			continue;
		}
		at[i + 1] = once_in(d, 6) ? sizes[below(d, sizeof(sizes))] : kinds[kind][1];
		i += kinds[kind][1];
	}
}

/* RFC 9293 MUST-6, MUST-7. */
Test(parsers, tcp_options)
{
	struct dice d = { seed_or(6) };
	uint64_t mss = 0, scales = 0;

	for (uint64_t i = rounds(ROUNDS); i > 0; i--) {
		size_t len = below(&d, TCP_HEADER_MAX_BYTES - TCP_HEADER_BYTES + 1);
		uint8_t *at = random_bytes(&d, NULL, 0, len);
		struct segment s = { .wscale = TCP_WSCALE_NONE, .flags = TCP_SYN };

		if (!once_in(&d, 4))
			random_options(&d, at, len);
		tcp_read_options(at, (uint32_t)len, &s);
		cr_assert(s.wscale <= TCP_WSCALE_MAX || s.wscale == TCP_WSCALE_NONE);
		mss += s.mss != 0;
		scales += s.wscale != TCP_WSCALE_NONE;
		free(at);
	}
	cr_assert_gt(mss, rounds(ROUNDS) / 100);
	cr_assert_gt(scales, rounds(ROUNDS) / 100);
}

/* What is written is read again. */
Test(parsers, syn_options_come_back)
{
	struct dice d = { seed_or(7) };

	for (uint64_t i = rounds(ROUNDS); i > 0; i--) {
		const struct syn_options o = {
			.mss = (uint16_t)(1 + below(&d, 65535)),
			.wscale = (uint8_t)(once_in(&d, 4) ? TCP_WSCALE_NONE : below(&d, 15)),
			.sack = once_in(&d, 2),
			.timestamps = once_in(&d, 2),
			.ts_val = (uint32_t)roll(&d),
			.ts_ecr = (uint32_t)roll(&d),
		};
		uint8_t bytes[TCP_HEADER_MAX_BYTES - TCP_HEADER_BYTES];
		struct segment s = { .wscale = TCP_WSCALE_NONE, .flags = TCP_SYN };
		uint32_t len = tcp_write_syn_options(bytes, &o);

		cr_assert_eq(len % 4, 0);
		tcp_read_options(bytes, len, &s);
		cr_assert_eq(s.mss, o.mss);
		cr_assert_eq(s.wscale, o.wscale);
		cr_assert_eq((s.has & SEGMENT_SACK_PERMITTED) != 0, o.sack);
		cr_assert_eq((s.has & SEGMENT_TIMESTAMPS) != 0, o.timestamps);
		cr_assert(!o.timestamps || (s.ts_val == o.ts_val && s.ts_ecr == o.ts_ecr));
	}
}

/* RFC 2018 §3, RFC 7323 §3.2: so is what stands in any other segment. */
Test(parsers, timestamps_and_sack_come_back)
{
	struct dice d = { seed_or(8) };

	for (uint64_t i = rounds(ROUNDS); i > 0; i--) {
		struct sack_block blocks[TCP_SACK_BLOCKS_MAX];
		uint8_t bytes[TCP_HEADER_MAX_BYTES - TCP_HEADER_BYTES];
		struct segment s = { .wscale = TCP_WSCALE_NONE };
		uint32_t n = (uint32_t)below(&d, TCP_SACK_BLOCKS_MAX), val = (uint32_t)roll(&d);
		uint32_t len = tcp_write_timestamps(bytes, val, ~val);

		for (uint32_t k = 0; k < n; k++)
			blocks[k] = (struct sack_block){ (uint32_t)roll(&d), (uint32_t)roll(&d) };
		if (n > 0)
			len += tcp_write_sack(bytes + len, blocks, n);
		tcp_read_options(bytes, len, &s);
		cr_assert_eq(s.has, SEGMENT_TIMESTAMPS);
		cr_assert(s.ts_val == val && s.ts_ecr == ~val);
		cr_assert_eq(s.sacks, n);
		cr_assert_eq(memcmp(s.sack, blocks, n * sizeof(blocks[0])), 0);
	}
}
