/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/random.h"
#include "wire/arp.h"

/* "10.9.0.1, at 02:00:00:00:00:01, asks who has 10.9.0.2", as a Linux host sends it. */
static const uint8_t question[ARP_BYTES] = {
	0x00, 0x01, 0x08, 0x00, 6,    4,    0x00, 0x01,	      /* Ethernet, IPv4, request */
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 10,	  9,	0, 1, /* sender */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 10,	  9,	0, 2, /* target */
};

static const struct arp_packet question_fields = {
	.op = ARP_REQUEST,
	.sha = { { 2, 0, 0, 0, 0, 1 } },
	.spa = RTE_BE32(0x0a090001),
	.tpa = RTE_BE32(0x0a090002),
};

static bool
same(const struct arp_packet *a, const struct arp_packet *b)
{
	return a->op == b->op && a->spa == b->spa && a->tpa == b->tpa &&
	       memcmp(&a->sha, &b->sha, sizeof(a->sha)) == 0 &&
	       memcmp(&a->tha, &b->tha, sizeof(a->tha)) == 0;
}

/* RFC 826. */
Test(wire_arp, reads_and_writes_the_bytes_of_the_rfc)
{
	uint8_t bytes[ARP_BYTES];
	struct arp_packet p;

	cr_assert_eq(arp_parse(question, sizeof(question), &p), TERN_UNDECIDED);
	cr_assert(same(&p, &question_fields));
	arp_emit(bytes, &question_fields);
	cr_assert_eq(memcmp(bytes, question, sizeof(bytes)), 0);
}

/* Each length in memory of just that length: a sanitizer sees what is beyond. */
Test(wire_arp, no_truncation_is_a_packet_and_padding_is_no_harm)
{
	struct arp_packet p;

	for (size_t len = 0; len <= ARP_BYTES + 18; len++) {
		uint8_t *bytes = calloc(1, len + (len == 0));
		enum tern_verdict want = len < ARP_BYTES ? TERN_DROP_ARP_TRUNCATED : TERN_UNDECIDED;

		memcpy(bytes, question, len < ARP_BYTES ? len : ARP_BYTES);
		cr_assert_eq(arp_parse(bytes, len, &p), want, "%zu bytes", len);
		free(bytes);
	}
}

/* RFC 826: hardware, protocol, their lengths, operation: any other bit is another packet. */
Test(wire_arp, every_other_format_is_refused)
{
	uint8_t bytes[ARP_BYTES];
	struct arp_packet p;

	for (unsigned int bit = 0; bit < 8 * 8; bit++) {
		memcpy(bytes, question, sizeof(bytes));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_eq(arp_parse(bytes, sizeof(bytes), &p), TERN_DROP_ARP_FORMAT, "bit %u",
			     bit);
	}
	memcpy(bytes, question, sizeof(bytes));
	bytes[7] = ARP_REPLY;
	cr_assert_eq(arp_parse(bytes, sizeof(bytes), &p), TERN_UNDECIDED);
	cr_assert_eq(p.op, ARP_REPLY);
}

Test(wire_arp, what_is_emitted_is_read_again_at_any_alignment)
{
	const uint8_t key[16] = { 2 };
	uint8_t bytes[ARP_BYTES + 8];
	struct arp_packet in, out;
	struct random draw;
	uint64_t words[3];

	random_init(&draw, key);
	for (int i = 0; i < 20000; i++) {
		for (int w = 0; w < 3; w++)
			words[w] = random_u64(&draw);
		memcpy(&in.sha, &words[0], 6);
		memcpy(&in.tha, &words[1], 6);
		in.spa = (rte_be32_t)words[2];
		in.tpa = (rte_be32_t)(words[2] >> 32);
		in.op = words[0] >> 63 ? ARP_REQUEST : ARP_REPLY;
		arp_emit(bytes + i % 8, &in);
		cr_assert_eq(arp_parse(bytes + i % 8, ARP_BYTES, &out), TERN_UNDECIDED);
		cr_assert(same(&in, &out));
	}
}
