/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/random.h"
#include "wire/ipv4.h"

/* A datagram of 115 bytes from 192.168.0.1 to 192.168.0.199; its checksum is b861. */
static const uint8_t golden[IPV4_HEADER_BYTES] = {
	0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
	0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,
};

static const struct ipv4_header golden_fields = {
	.header_bytes = IPV4_HEADER_BYTES,
	.total_bytes = 0x73,
	.fragment = IPV4_DONT_FRAGMENT,
	.ttl = 64,
	.proto = 17,
	.src = RTE_BE32(0xc0a80001),
	.dst = RTE_BE32(0xc0a800c7),
};

static bool
same(const struct ipv4_header *a, const struct ipv4_header *b)
{
	return a->header_bytes == b->header_bytes && a->total_bytes == b->total_bytes &&
	       a->id == b->id && a->fragment == b->fragment && a->tos == b->tos &&
	       a->ttl == b->ttl && a->proto == b->proto && a->src == b->src && a->dst == b->dst;
}

Test(wire_ipv4, reads_and_writes_the_bytes_of_the_rfc)
{
	uint8_t bytes[IPV4_HEADER_BYTES];
	struct ipv4_header h;

	cr_assert_eq(ipv4_parse(golden, 0x73, &h), TERN_UNDECIDED);
	cr_assert(same(&h, &golden_fields));
	cr_assert(ipv4_sum_good(golden, h.header_bytes));
	cr_assert(!ipv4_is_fragment(&h));
	ipv4_emit(bytes, &golden_fields, true);
	cr_assert_eq(memcmp(bytes, golden, sizeof(bytes)), 0);
	ipv4_emit(bytes, &golden_fields, false);
	cr_assert_eq(bytes[10] | bytes[11], 0, "left to the port");
}

/* Each length in memory of just that length: a sanitizer sees what is beyond. */
Test(wire_ipv4, every_truncation_of_every_header_length)
{
	struct ipv4_header h;

	for (uint8_t ihl = 5; ihl <= 15; ihl++) {
		for (size_t len = 0; len <= IPV4_HEADER_MAX_BYTES; len++) {
			uint8_t *bytes = calloc(1, len + IPV4_HEADER_BYTES);
			uint8_t *exact = malloc(len + (len == 0));
			enum tern_verdict want = TERN_UNDECIDED;

			memcpy(bytes, golden, IPV4_HEADER_BYTES);
			bytes[0] = 0x40 | ihl;
			bytes[3] = (uint8_t)(ihl * 4);
			memcpy(exact, bytes, len);
			if (len < IPV4_HEADER_BYTES)
				want = TERN_DROP_IP_TRUNCATED;
			else if (len < ihl * 4u)
				want = TERN_DROP_IP_IHL;
			cr_assert_eq(ipv4_parse(exact, len, &h), want, "%zu of %u", len, ihl * 4);
			if (want == TERN_UNDECIDED)
				(void)ipv4_sum_good(exact, h.header_bytes);
			free(exact);
			free(bytes);
		}
	}
}

/* RFC 791 §3.1, RFC 1122 §3.2.1.1: what is wrong with it, exactly. */
Test(wire_ipv4, malformed_headers)
{
	static const struct {
		uint8_t first;
		uint16_t total;
		size_t len;
		enum tern_verdict want;
	} cases[] = {
		{ 0x45, 20, 20, TERN_UNDECIDED },
		{ 0x45, 20, 46, TERN_UNDECIDED }, /* padded to the shortest frame */
		{ 0x45, 46, 46, TERN_UNDECIDED },
		{ 0x46, 24, 24, TERN_UNDECIDED },
		{ 0x4f, 60, 60, TERN_UNDECIDED },
		{ 0x05, 20, 20, TERN_DROP_IP_VERSION },
		{ 0x55, 20, 20, TERN_DROP_IP_VERSION },
		{ 0x65, 20, 60, TERN_DROP_IP_VERSION },
		{ 0xf5, 20, 20, TERN_DROP_IP_VERSION },
		{ 0x40, 20, 20, TERN_DROP_IP_IHL },
		{ 0x44, 20, 20, TERN_DROP_IP_IHL },
		{ 0x46, 24, 20, TERN_DROP_IP_IHL },
		{ 0x4f, 60, 59, TERN_DROP_IP_IHL },
		{ 0x45, 0, 46, TERN_DROP_IP_LENGTH },
		{ 0x45, 19, 46, TERN_DROP_IP_LENGTH },
		{ 0x46, 23, 46, TERN_DROP_IP_LENGTH },
		{ 0x45, 47, 46, TERN_DROP_IP_LENGTH },
		{ 0x45, 65535, 64, TERN_DROP_IP_LENGTH },
	};
	uint8_t bytes[64];
	struct ipv4_header h;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, golden, sizeof(golden));
		bytes[0] = cases[i].first;
		bytes[2] = (uint8_t)(cases[i].total >> 8);
		bytes[3] = (uint8_t)cases[i].total;
		cr_assert_eq(ipv4_parse(bytes, cases[i].len, &h), cases[i].want, "case %zu", i);
	}
}

/* RFC 1122 §3.2.1.2: any one wrong bit shows, in the options too. */
Test(wire_ipv4, no_flipped_bit_goes_unseen)
{
	uint8_t bytes[IPV4_HEADER_MAX_BYTES] = { 0 };
	uint16_t sum;

	for (uint16_t len = IPV4_HEADER_BYTES; len <= IPV4_HEADER_MAX_BYTES; len += 4) {
		memcpy(bytes, golden, sizeof(golden));
		memset(bytes + sizeof(golden), 1, len - sizeof(golden)); /* no-operation */
		memset(bytes + 10, 0, 2);
		sum = cksum_finish(cksum_add(bytes, len, 0));
		memcpy(bytes + 10, &sum, sizeof(sum));
		cr_assert(ipv4_sum_good(bytes, len));
		for (unsigned int bit = 0; bit < len * 8u; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			cr_assert(!ipv4_sum_good(bytes, len), "bit %u of %u bytes", bit, len);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* RFC 791 §3.2: a fragment has an offset, or more to come. */
Test(wire_ipv4, fragments)
{
	static const struct {
		uint16_t field;
		bool fragment;
	} cases[] = {
		{ 0x0000, false }, { 0x4000, false }, { 0x8000, false }, { 0x2000, true },
		{ 0x0001, true },  { 0x1fff, true },  { 0x6000, true },	 { 0x4001, true },
	};
	struct ipv4_header h = golden_fields;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		h.fragment = cases[i].field;
		cr_assert_eq(ipv4_is_fragment(&h), cases[i].fragment, "%04x", cases[i].field);
	}
}

Test(wire_ipv4, what_is_emitted_is_read_again_at_any_alignment)
{
	const uint8_t key[16] = { 3 };
	uint8_t bytes[IPV4_HEADER_BYTES + 8];
	struct ipv4_header in, out;
	struct random draw;
	uint64_t a, b;

	random_init(&draw, key);
	for (int i = 0; i < 100000; i++) {
		a = random_u64(&draw);
		b = random_u64(&draw);
		in = (struct ipv4_header){
			.header_bytes = IPV4_HEADER_BYTES,
			.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + (a & 0x3fff)),
			.id = (uint16_t)(a >> 16),
			.fragment = (uint16_t)(a >> 32),
			.tos = (uint8_t)(a >> 48),
			.ttl = (uint8_t)(a >> 56),
			.proto = (uint8_t)(a >> 24),
			.src = (rte_be32_t)b,
			.dst = (rte_be32_t)(b >> 32),
		};
		ipv4_emit(bytes + i % 8, &in, true);
		cr_assert(ipv4_sum_good(bytes + i % 8, IPV4_HEADER_BYTES));
		cr_assert_eq(ipv4_parse(bytes + i % 8, in.total_bytes, &out), TERN_UNDECIDED);
		cr_assert(same(&in, &out));
	}
}

/* RFC 1122 §3.2.1.3, at the edges of each range. */
Test(wire_ipv4, martians)
{
	static const struct {
		uint32_t addr;
		bool martian;
	} cases[] = {
		{ 0x00000000, true },  { 0x00ffffff, true },  { 0x01000000, false },
		{ 0x7effffff, false }, { 0x7f000000, true },  { 0x7fffffff, true },
		{ 0x80000000, false }, { 0x0a090002, false }, { 0xdfffffff, false },
		{ 0xe0000000, true },  { 0xefffffff, true },  { 0xf0000000, true },
		{ 0xffffffff, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(ipv4_is_martian(rte_cpu_to_be_32(cases[i].addr)), cases[i].martian,
			     "%08x", cases[i].addr);
}

Test(wire_ipv4, masks)
{
	cr_assert_eq(ipv4_mask(0), 0);
	cr_assert_eq(ipv4_mask(1), RTE_BE32(0x80000000));
	cr_assert_eq(ipv4_mask(24), RTE_BE32(0xffffff00));
	cr_assert_eq(ipv4_mask(31), RTE_BE32(0xfffffffe));
	cr_assert_eq(ipv4_mask(32), UINT32_MAX);
}

/* RFC 768: the sum of the pseudo-header is that of its twelve bytes. */
Test(wire_ipv4, pseudo_header)
{
	const uint8_t bytes[12] = { 192, 168, 0, 1, 192, 168, 0, 199, 0, 17, 0x12, 0x34 };
	uint64_t sum = ipv4_pseudo_sum(golden_fields.src, golden_fields.dst, 17, 0x1234);

	cr_assert_eq(cksum_fold(sum), cksum_fold(cksum_add(bytes, sizeof(bytes), 0)));
}
