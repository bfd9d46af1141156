/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet (RFC 894, RFC 1122 §2.3): which frames are for us.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/wire.h"

/* A ping of 8 bytes that would be answered. */
static void
ping(struct frame *f)
{
	frame_icmp(f, ip4(PEER_ADDR), ip4(OUR_ADDR), 8, 0, 0x00070001, "12345678", 8);
}

/* RFC 894: a frame has a header of 14 bytes. */
Test(ethernet, drops_what_is_shorter_than_its_header)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	uint16_t len;

	for (len = 1; len < 14; len++) {
		ping(&f);
		f.len = len;
		wire_note(w, "%u bytes", len);
		wire_drop(w, &f, TERN_DROP_ETH_TRUNCATED);
	}
	wire_end(w);
}

/* E28: our own address and broadcast; foreign and unjoined group addresses are not ours. */
Test(ethernet, takes_only_frames_for_its_own_address_or_all)
{
	static const struct rte_ether_addr others[] = {
		{ { 0x02, 0x54, 0x45, 0x52, 0x4e, 0x02 } },
		{ { 0x03, 0x54, 0x45, 0x52, 0x4e, 0x01 } },
		{ { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 } },
		{ { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 } },
		{ { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe } },
	};
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(others); i++) {
		ping(&f);
		frame_eth(&f)->dst_addr = others[i];
		wire_note(w, "destination %u", i);
		wire_drop(w, &f, TERN_DROP_ETH_DEST);
	}
	ping(&f);
	wire_raw(w, &f);
	wire_take(w);
	wire_end(w);
}

/* No station sends from a group address, and what comes from our own is not from another. */
Test(ethernet, drops_frames_from_group_addresses_and_from_itself)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;

	ping(&f);
	frame_eth(&f)->src_addr = all_mac;
	wire_drop(w, &f, TERN_DROP_ETH_SOURCE);
	frame_eth(&f)->src_addr.addr_bytes[0] = 0x01;
	wire_drop(w, &f, TERN_DROP_ETH_SOURCE);
	frame_eth(&f)->src_addr = our_mac;
	wire_drop(w, &f, TERN_DROP_ETH_SOURCE);
	wire_end(w);
}

/* RFC 1122 §2.3.3: EtherTypes that no layer has, and IEEE 802.3 lengths. */
Test(ethernet, drops_types_that_no_layer_takes)
{
	static const uint16_t types[] = { 0,	  46,	  1500,	  0x0801, 0x0805, 0x8035,
					  0x8100, 0x86dd, 0x8847, 0x88a8, 0x88cc, 0xffff };
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(types); i++) {
		ping(&f);
		frame_eth(&f)->ether_type = rte_cpu_to_be_16(types[i]);
		wire_note(w, "type %04x", types[i]);
		wire_drop(w, &f, TERN_DROP_ETH_TYPE);
	}
	wire_end(w);
}

/* B26: a packet may come in pieces, cut anywhere. */
Test(ethernet, reads_frames_that_come_in_several_mbufs)
{
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	struct frame f;
	uint16_t first;

	for (first = 1; first < 50; first++) {
		ping(&f);
		wire_note(w, "cut after %u bytes", first);
		wire_raw_chain(w, &f, first);
		s = wire_take(w);
		wire_check(w,
			   s->f.len == f.len && s->f.b[34] == 0 &&
				   memcmp(s->f.b + 38, f.b + 38, 12) == 0,
			   "not the echo reply");
	}
	wire_end(w);
}

/* A burst of 32 goes up and comes back whole, in order, and so does one of 100. */
Test(ethernet, answers_bursts_in_order)
{
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	struct frame f;
	uint32_t i;

	w->held = true;
	for (i = 0; i < 100; i++) {
		frame_icmp(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), 8, 0, i, NULL, 0);
		wire_raw(w, &f);
	}
	wire_flush(w);
	for (i = 0; i < 100; i++) {
		s = wire_take(w);
		wire_check(w, get32(s->f.b + 38) == i, "reply %u, expected %u", get32(s->f.b + 38),
			   i);
	}
	wire_end(w);
}
