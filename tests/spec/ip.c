/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 (RFC 791, RFC 1122 §3.2.1): what is a packet, what is for us, and where ours go.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/wire.h"

static void
ping(struct frame *f, const char *src, const char *dst)
{
	frame_icmp(f, ip4(src), ip4(dst), 8, 0, 0x00070001, "12345678", 8);
}

/* The frame must be answered by an echo reply. */
static const struct sent *
answered(struct wire *w, const struct frame *f)
{
	const struct sent *s;

	wire_raw(w, f);
	s = wire_take(w);
	wire_check(w, s->f.b[23] == IPPROTO_ICMP && s->f.b[34] == 0, "not an echo reply");
	return s;
}

static struct tern_ip *
ip_of(struct wire *w)
{
	return tern_ip(w->stack);
}

static struct tern_addr
addr(const char *text)
{
	return tern_addr_v4(ip4(text));
}

/*
 * MUST-63, RFC 1122 §3.2.1.3: addresses that no host may send from (B25), ours among them (LAND).
 */
Test(ip, drops_packets_from_addresses_that_no_host_may_use)
{
	static const char *const martians[] = {
		"0.0.0.0",   "0.1.2.3",		"127.0.0.1",  "127.255.255.254", "224.0.0.1",
		"239.1.2.3", "255.255.255.255", "10.9.0.255", OUR_ADDR,
	};
	struct wire *w = wire_after(TERN_LISTEN);
	const struct segment syn = { .flags = SYN, .win = 1000 };
	struct ends ends = { .dst = ip4(OUR_ADDR), .sport = 40000, .dport = OUR_PORT };
	struct frame f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(martians); i++) {
		wire_note(w, "from %s", martians[i]);
		ping(&f, martians[i], OUR_ADDR);
		wire_drop(w, &f, TERN_DROP_IP_SOURCE);
		ends.src = ip4(martians[i]);
		frame_tcp(&f, &ends, &syn, NULL);
		wire_drop(w, &f, TERN_DROP_IP_SOURCE);
		frame_udp(&f, &ends, "?", 1);
		wire_drop(w, &f, TERN_DROP_IP_SOURCE);
	}
	wire_end(w);
}

/* RFC 1122 §3.2.1.3: (m#407) what is for another host is none of ours. */
Test(ip, drops_packets_to_other_addresses)
{
	static const char *const others[] = { "10.9.0.3",  "10.9.1.2", "127.0.0.1", "10.9.0.1",
					      "224.0.0.9", "0.0.0.0",  "8.8.8.8" };
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(others); i++) {
		wire_note(w, "to %s", others[i]);
		ping(&f, "10.9.0.7", others[i]);
		wire_drop(w, &f, TERN_DROP_IP_DEST);
	}
	wire_end(w);
}

/* RFC 1122 §3.3.6: a packet for one host has no business in a frame for all. */
Test(ip, drops_unicast_packets_in_broadcast_frames)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;

	ping(&f, PEER_ADDR, OUR_ADDR);
	frame_eth(&f)->dst_addr = all_mac;
	wire_drop(w, &f, TERN_DROP_IP_GROUP_LINK);
	wire_end(w);
}

/* RFC 791 §3.1, RFC 1122 §3.2.1.1-2: each header field that may lie (B26), sums right or wrong. */
Test(ip, drops_malformed_headers)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		ping(&f, PEER_ADDR, OUR_ADDR);
		f.len = (uint16_t)(FRAME_L3 + i);
		wire_note(w, "%u bytes", i);
		wire_drop(w, &f, TERN_DROP_IP_TRUNCATED);
	}
	for (i = 0; i < 16; i++) {
		if (i == 4)
			continue;
		ping(&f, PEER_ADDR, OUR_ADDR);
		f.b[FRAME_L3] = (uint8_t)(i << 4 | 5);
		frame_sum_ip(&f);
		wire_note(w, "version %u", i);
		wire_drop(w, &f, TERN_DROP_IP_VERSION);
	}
	for (i = 0; i < 16; i++) {
		if (i >= 5 && i <= 9)
			continue; /* a right header, with options */
		ping(&f, PEER_ADDR, OUR_ADDR);
		f.b[FRAME_L3] = (uint8_t)(0x40 | i);
		if (i * 4 <= (unsigned int)f.len - FRAME_L3)
			frame_sum_ip(&f);
		wire_note(w, "header of %u bytes in 36", i * 4);
		wire_drop(w, &f, TERN_DROP_IP_IHL);
	}
	for (i = 0; i < 100; i++) {
		if (i >= 20 && i <= 36)
			continue;
		ping(&f, PEER_ADDR, OUR_ADDR);
		put16(f.b + FRAME_L3 + 2, (uint16_t)(i == 99 ? 65535 : i));
		frame_sum_ip(&f);
		wire_note(w, "total length %u", get16(f.b + FRAME_L3 + 2));
		wire_drop(w, &f, TERN_DROP_IP_LENGTH);
	}
	wire_end(w);
}

struct port {
	struct tern_udp_port vt;
	unsigned int calls;
	uint16_t len;
	uint8_t data[64];
};

static enum tern_verdict
note_datagram(struct tern_udp_port *vt, struct tern_in *in)
{
	struct port *p = (struct port *)vt;

	p->calls++;
	p->len = in->len;
	memcpy(p->data, in->data, in->len < sizeof(p->data) ? in->len : sizeof(p->data));
	return TERN_DONE;
}

static void
bind_port(struct wire *w, struct port *p)
{
	*p = (struct port){ .vt = { .port = 7, .on_datagram = note_datagram } };
	cr_assert_eq(tern_udp_bind(tern_udp(w->stack), &p->vt), 0);
}

static const struct ends *
to_port_7(void)
{
	static struct ends ends;

	ends = (struct ends){ ip4(PEER_ADDR), ip4(OUR_ADDR), 5000, 7 };
	return &ends;
}

/* B26 (m#145): Ethernet pads to 60 bytes; the padding is no payload, whatever it holds. */
Test(ip, does_not_take_padding_for_payload)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);
	struct port p;
	struct frame f;
	uint16_t len;

	bind_port(w, &p);
	for (len = 0; len < 18; len++) {
		frame_udp(&f, to_port_7(), "abcdefghijklmnopqrs", len);
		frame_pad(&f, 60, 0xee);
		wire_note(w, "datagram of %u bytes", len);
		wire_raw(w, &f);
		wire_saw(w, TERN_DONE);
		wire_check(w,
			   p.calls == len + 1u && p.len == len &&
				   memcmp(p.data, "abcdefghijklmnopqrs", len) == 0,
			   "delivered %u bytes", p.len);
	}
	wire_note(w, "segment of 1 byte");
	wire_frame(w, &f, "P. 1:2(1) ack 1 win 65535");
	frame_pad(&f, 60, 0xee);
	wire_raw(w, &f);
	wire_check(w, w->user.got == 1, "delivered %lu bytes", w->user.got);
	wire_frame(w, &f, ". 2:2(0) ack 1 win 65535");
	frame_pad(&f, 60, 0xee);
	wire_raw(w, &f);
	wire_check(w, w->user.got == 1, "delivered %lu bytes", w->user.got);
	wire_out(w, MS(40), ". 1:1(0) ack 2");
	wire_end(w);
}

/* RFC 791 §3.1, MUST-50: options are stepped over, good and bad; the answer carries none. */
Test(ip, skips_options)
{
	static const struct {
		const char *what;
		uint8_t len, b[40];
	} options[] = {
		{ "nop", 4, { 1, 1, 1, 0 } },
		{ "all nop", 40, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
				   1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
		{ "record route", 8, { 7, 7, 4, 0, 0, 0, 0, 0 } },
		{ "timestamp", 8, { 68, 8, 5, 0, 0, 0, 0, 0 } },
		{ "router alert", 4, { 0x94, 4, 0, 0 } },
		{ "unknown", 4, { 0x9e, 4, 1, 2 } },
		{ "length 0", 4, { 0x9e, 0, 1, 2 } },
		{ "length 1", 4, { 7, 1, 1, 2 } },
		{ "past the end", 4, { 7, 39, 4, 2 } },
		{ "cut off", 4, { 1, 1, 1, 7 } },
	};
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	struct frame f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(options); i++) {
		ping(&f, PEER_ADDR, OUR_ADDR);
		frame_ip_options(&f, options[i].b, options[i].len);
		wire_note(w, "%s", options[i].what);
		s = answered(w, &f);
		wire_check(w, memcmp(s->f.b + 38, frame_l4(&f) + 4, 12) == 0, "payload");
	}
	wire_end(w);
}

/* Reassembly is not built yet: each kind of fragment is a counted drop (B27). */
Test(ip, drops_fragments)
{
	static const uint16_t fields[] = { 0x2000, 0x0001, 0x1fff, 0x2001, 0x3fff, 0x6000, 0x4001 };
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(fields); i++) {
		ping(&f, PEER_ADDR, OUR_ADDR);
		put16(f.b + FRAME_L3 + 6, fields[i]);
		frame_sum_ip(&f);
		wire_note(w, "field %04x", fields[i]);
		wire_drop(w, &f, TERN_DROP_IP_FRAGMENT);
	}
	ping(&f, PEER_ADDR, OUR_ADDR);
	put16(f.b + FRAME_L3 + 6, 0x4000);
	frame_sum_ip(&f);
	wire_note(w, "don't fragment");
	answered(w, &f);
	wire_end(w);
}

/* RFC 1122 §3.2.1.7: a host does not drop for TTL; DSCP and ID are free. */
Test(ip, takes_any_ttl_tos_and_id)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	unsigned int i;

	for (i = 0; i < 256; i++) {
		ping(&f, PEER_ADDR, OUR_ADDR);
		f.b[FRAME_L3 + 1] = (uint8_t)i;
		f.b[FRAME_L3 + 4] = (uint8_t)(i * 7);
		f.b[FRAME_L3 + 8] = (uint8_t)i;
		frame_sum_ip(&f);
		answered(w, &f);
	}
	wire_end(w);
}

/* Flip each bit behind the Ethernet header; nothing may get through, nothing may change. */
static void
flip_all(struct wire *w, const struct frame *good, const struct port *p)
{
	unsigned int at, bit;
	enum tern_verdict v;
	struct frame f;

	for (at = FRAME_L3; at < good->len; at++)
		for (bit = 0; bit < 8; bit++) {
			f = *good;
			f.b[at] ^= (uint8_t)(1u << bit);
			wire_note(w, "bit %u of byte %u", bit, at);
			wire_raw(w, &f);
			v = wire_verdict(w);
			wire_check(w, v > TERN_DONE && v != TERN_DROP_USER, "verdict %s",
				   tern_verdict_name(v));
			wire_quiet_now(w);
			wire_check(w, p->calls == 0 && w->user.got == 0, "delivered");
		}
}

/* RFC 1122 §3.2.1.2, §4.1.3.4, RFC 9293 MUST-3: one flipped bit anywhere, never delivered (B28). */
Test(ip, one_flipped_bit_anywhere_is_a_drop)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);
	struct frame f;
	struct port p;

	bind_port(w, &p);
	frame_udp(&f, to_port_7(), "datagram", 8);
	flip_all(w, &f, &p);
	ping(&f, PEER_ADDR, OUR_ADDR);
	flip_all(w, &f, &p);
	wire_frame(w, &f, "P. 1:10(9) ack 1 win 1000 [a segment]");
	flip_all(w, &f, &p);
	wire_state(w, TERN_ESTABLISHED);
	w->user.any_data = true;
	wire_note(w, "the segment as it was");
	wire_raw(w, &f);
	wire_check(w, w->user.got == 9, "not delivered");
	wire_pass(w, S(1));
	wire_end(w);
}

/* A port that has looked at the sums is believed, either way. */
Test(ip, believes_the_port_about_checksums)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	struct port p;

	bind_port(w, &p);
	frame_udp(&f, to_port_7(), "datagram", 8);
	w->rx_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	wire_drop(w, &f, TERN_DROP_IP_CHECKSUM);
	w->rx_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	wire_drop(w, &f, TERN_DROP_UDP_CHECKSUM);
	w->rx_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	put16(f.b + FRAME_L3 + 10, 0x1234);
	put16(f.b + FRAME_L3 + 26, 0x1234);
	wire_raw(w, &f);
	wire_saw(w, TERN_DONE);
	w->rx_flags = 0;
	wire_drop(w, &f, TERN_DROP_IP_CHECKSUM);
	frame_sum_ip(&f);
	wire_drop(w, &f, TERN_DROP_UDP_CHECKSUM);
	wire_end(w);
}

/* RFC 1122 §3.2.2.1: a protocol that we have not may be told so (type 3 code 2), not to groups. */
Test(ip, drops_or_refuses_unknown_protocols)
{
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	struct frame f;
	unsigned int i;

	for (i = 0; i < 256; i++) {
		if (i == IPPROTO_ICMP || i == IPPROTO_TCP || i == IPPROTO_UDP)
			continue;
		wire_note(w, "protocol %u", i);
		frame_ip(&f, ip4(PEER_ADDR), ip4("10.9.0.255"), (uint8_t)i, "payload", 7);
		frame_eth(&f)->dst_addr = all_mac;
		wire_drop(w, &f, TERN_DROP_IP_PROTOCOL);
		frame_ip(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), (uint8_t)i, "payload", 7);
		wire_raw(w, &f);
		if (wire_verdict(w) == TERN_DROP_IP_PROTOCOL)
			continue;
		wire_saw(w, TERN_ANSWER);
		s = wire_take(w);
		wire_check(w, s->f.b[23] == IPPROTO_ICMP && s->f.b[34] == 3 && s->f.b[35] == 2,
			   "answered by something else");
	}
	wire_end(w);
}

struct proto {
	struct tern_ip_proto vt;
	struct tern_in in;
	unsigned int calls;
};

static enum tern_verdict
turn(struct tern_ip_proto *vt, struct tern_in *in)
{
	struct proto *p = (struct proto *)vt;

	p->in = *in;
	p->calls++;
	in->data[0] = 'P';
	in->len = 5;
	return tern_ip_answer(in);
}

/* M8: other protocols hang above IP, see their payload, and answer in place. */
Test(ip, carries_other_protocols)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct proto p = { .vt = { turn } };
	const struct sent *s;
	struct frame f;

	cr_assert_eq(tern_ip_hang(ip_of(w), IPPROTO_ICMP, &p.vt), -EBUSY);
	cr_assert_eq(tern_ip_hang(ip_of(w), IPPROTO_TCP, &p.vt), -EBUSY);
	cr_assert_eq(tern_ip_hang(ip_of(w), IPPROTO_UDP, &p.vt), -EBUSY);
	cr_assert_eq(tern_ip_hang(ip_of(w), 253, &p.vt), 0);
	frame_ip(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), 253, "payload", 7);
	frame_pad(&f, 60, 0xee);
	wire_raw(w, &f);
	wire_saw(w, TERN_ANSWER);
	s = wire_take(w);
	wire_check(w,
		   p.calls == 1 && p.in.len == 7 && p.in.proto == 253 &&
			   tern_addr_to_v4(p.in.src) == ip4(PEER_ADDR) &&
			   tern_addr_to_v4(p.in.dst) == ip4(OUR_ADDR),
		   "it did not see what came");
	wire_check(w,
		   s->f.b[23] == 253 && s->f.len == 14 + 20 + 5 &&
			   memcmp(s->f.b + 34, "Paylo", 5) == 0 && wire_same_mbuf(w, s),
		   "not its answer, in place");
	cr_assert_eq(tern_ip_hang(ip_of(w), 253, NULL), 0);
	wire_raw(w, &f);
	wire_skip(w);
	wire_check(w, p.calls == 1, "called though taken down");
	wire_end(w);
}

/* E33, E21: each of our addresses answers as itself; taken away, it is silent. */
Test(ip, addresses_come_and_go_between_polls)
{
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	struct tern_addr a;
	unsigned int prefix;
	struct frame f;

	cr_assert_eq(tern_ip_add_addr(ip_of(w), addr("10.9.0.3"), 120), 0);
	wire_poll(w);
	ping(&f, PEER_ADDR, "10.9.0.3");
	s = answered(w, &f);
	wire_check(w, get32(s->f.b + 26) == rte_be_to_cpu_32(ip4("10.9.0.3")),
		   "answered from another address");
	cr_assert_eq(tern_ip_get_addr(ip_of(w), 1, &a, &prefix), 0);
	cr_assert(tern_addr_equal(a, addr("10.9.0.3")) && prefix == 120);
	cr_assert_eq(tern_ip_get_addr(ip_of(w), 2, &a, &prefix), -ENOENT);
	cr_assert_eq(tern_ip_del_addr(ip_of(w), addr(OUR_ADDR)), 0);
	cr_assert_eq(tern_ip_del_addr(ip_of(w), addr(OUR_ADDR)), -ENOENT);
	answered(w, &f);
	ping(&f, PEER_ADDR, OUR_ADDR);
	wire_drop(w, &f, TERN_DROP_IP_DEST);
	frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(PEER_ADDR), ip4(OUR_ADDR));
	wire_raw(w, &f);
	wire_quiet_now(w);
	wire_end(w);
}

Test(ip, refuses_addresses_that_cannot_be_ours)
{
	static const char *const bad[] = { "0.0.0.0", "224.0.0.1", "255.255.255.255" };
	struct wire *w = wire_after(TERN_CLOSED);
	unsigned int i;

	for (i = 0; i < RTE_DIM(bad); i++)
		cr_assert_eq(tern_ip_add_addr(ip_of(w), addr(bad[i]), 120), -EINVAL, "%s", bad[i]);
	cr_assert_eq(tern_ip_add_addr(ip_of(w), addr("10.9.0.9"), 95), -EINVAL);
	cr_assert_eq(tern_ip_add_addr(ip_of(w), addr("10.9.0.9"), 129), -EINVAL);
	cr_assert_eq(tern_ip_add_addr(ip_of(w), addr(OUR_ADDR), 120), -EEXIST);
	for (i = 3; i < 6; i++)
		cr_assert_eq(
			tern_ip_add_addr(ip_of(w), tern_addr_v4(RTE_BE32(0x0a090000 + i)), 120), 0);
	cr_assert_eq(tern_ip_add_addr(ip_of(w), addr("10.9.0.9"), 120), -ENOBUFS);
	wire_end(w);
}

static int
send_to(struct wire *w, const char *dst)
{
	int err = tern_udp_send(tern_udp(w->stack), addr("0.0.0.0"), RTE_BE16(9), addr(dst),
				RTE_BE16(9), "x", 1);

	wire_poll(w);
	return err;
}

/* The datagram left by this router, or to this host. */
static void
went_by(struct wire *w, const char *hop)
{
	const struct rte_ether_addr mac = mac_of(ip4(hop));
	const struct sent *s;

	w->gateway = ip4(hop);
	s = wire_take(w);
	wire_check(w,
		   rte_is_same_ether_addr(&((const struct rte_ether_hdr *)s->f.b)->dst_addr, &mac),
		   "not by %s", hop);
}

/* Ids of what is no atomic datagram: all different, and no step from one to the next (row 44). */
static void
judge_ids(struct wire *w, const uint16_t *ids, unsigned int n)
{
	unsigned int i, k, steps = 0;

	for (i = 1; i < n; i++)
		steps += (uint16_t)(ids[i] - ids[i - 1]) == 1;
	wire_check(w, n < 10 || steps < n / 4, "IDs count up");
	for (i = 0; i < n; i++)
		for (k = 0; k < i; k++)
			wire_check(w, ids[i] != ids[k], "ID %04x twice without DF", ids[i]);
}

/* RFC 6864 §4, row 44: DF and any ID, or an ID of its own that tells nothing. */
Test(ip, identification_is_atomic_or_unique)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);
	uint16_t ids[300];
	const struct sent *s;
	unsigned int i, n = 0;
	struct frame f;

	for (i = 0; i < 100; i++) {
		ping(&f, PEER_ADDR, OUR_ADDR);
		w->held = true;
		wire_raw(w, &f);
		wire_in(w, "P. 1:2(1) ack 1 win 65535");
		send_to(w, PEER_ADDR);
		wire_flush(w);
		while ((s = wire_next(w, wire_now(w))) != NULL)
			if ((s->f.b[20] & 0x40) == 0 && n < RTE_DIM(ids))
				ids[n++] = get16(s->f.b + 18);
		wire_pass(w, wire_now(w) + MS(50));
	}
	judge_ids(w, ids, n);
	wire_end(w);
}

/* RFC 1122 §3.3.1: local, by the longest prefix, by the default, or nowhere (M12). */
Test(ip, routes_by_the_longest_prefix)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct tern_ip *ip = ip_of(w);

	cr_assert_eq(send_to(w, "192.0.2.1"), -EHOSTUNREACH);
	wire_check(w, wire_count(w, TERN_EV_IP_NO_ROUTE) == 1, "not counted");
	w->gateway = ip4("10.9.0.11");
	cr_assert_eq(tern_ip_add_route(ip, addr("0.0.0.0"), 96, addr("10.9.0.11")), 0);
	cr_assert_eq(send_to(w, "192.0.2.1"), 0);
	went_by(w, "10.9.0.11");
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.0.0"), 104, addr("10.9.0.12")), 0);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.2.0"), 120, addr("10.9.0.13")), 0);
	w->gateway = ip4("10.9.0.13");
	cr_assert_eq(send_to(w, "192.0.2.1"), 0);
	went_by(w, "10.9.0.13");
	w->gateway = ip4("10.9.0.12");
	cr_assert_eq(send_to(w, "192.0.3.1"), 0);
	went_by(w, "10.9.0.12");
	w->gateway = ip4("10.9.0.11");
	cr_assert_eq(send_to(w, "198.51.100.1"), 0);
	went_by(w, "10.9.0.11");
	cr_assert_eq(send_to(w, "10.9.0.7"), 0);
	went_by(w, "10.9.0.7");
	cr_assert_eq(tern_ip_del_route(ip, addr("192.0.2.0"), 120), 0);
	cr_assert_eq(tern_ip_del_route(ip, addr("192.0.2.0"), 120), -ENOENT);
	w->gateway = ip4("10.9.0.12");
	cr_assert_eq(send_to(w, "192.0.2.1"), 0);
	went_by(w, "10.9.0.12");
	wire_end(w);
}

Test(ip, refuses_routes_that_lead_nowhere)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct tern_ip *ip = ip_of(w);
	unsigned int i;

	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.2.0"), 120, addr("10.8.0.1")),
		     -EHOSTUNREACH);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.2.0"), 120, addr(OUR_ADDR)), -EHOSTUNREACH);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.2.0"), 120, addr("10.9.0.255")),
		     -EHOSTUNREACH);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.2.0"), 120, addr("224.0.0.1")),
		     -EHOSTUNREACH);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.2.1"), 120, addr("10.9.0.1")), -EINVAL);
	cr_assert_eq(tern_ip_del_route(ip, addr("192.0.2.1"), 120), -ENOENT);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.2.0"), 95, addr("10.9.0.1")), -EINVAL);
	for (i = 0; i < 4; i++)
		cr_assert_eq(tern_ip_add_route(ip, tern_addr_v4(RTE_BE32(0xc0000000 + (i << 8))),
					       120, addr("10.9.0.1")),
			     0);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.1.0"), 120, addr("10.9.0.2")), -EEXIST);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.9.0"), 120, addr("10.9.0.1")), -ENOBUFS);
	wire_end(w);
}

/* RFC 1122 §3.3.6: what is for all leaves at once, in a frame for all; nobody is asked. */
Test(ip, sends_broadcasts_without_asking)
{
	static const char *const groups[] = { "255.255.255.255", "10.9.0.255" };
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	unsigned int i;

	for (i = 0; i < RTE_DIM(groups); i++) {
		wire_note(w, "%s", groups[i]);
		cr_assert_eq(send_to(w, groups[i]), 0);
		s = wire_take(w); /* the kit judges the link address */
		wire_check(w,
			   get32(s->f.b + 30) == rte_be_to_cpu_32(ip4(groups[i])) &&
				   get32(s->f.b + 26) == rte_be_to_cpu_32(ip4(OUR_ADDR)),
			   "wrong addresses");
	}
	wire_check(w, wire_count(w, TERN_EV_ARP_REQUESTS) == 0, "asked for a broadcast address");
	wire_end(w);
}

/* RFC 1122 §3.3.4.3: of several addresses the one on the network of the next hop is the source. */
Test(ip, sends_from_the_address_of_the_route)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct tern_ip *ip = ip_of(w);
	const struct sent *s;

	cr_assert_eq(tern_ip_add_addr(ip, addr("10.8.0.2"), 120), 0);
	cr_assert_eq(tern_ip_add_route(ip, addr("192.0.2.0"), 120, addr("10.8.0.9")), 0);
	wire_poll(w);
	cr_assert_eq(send_to(w, "10.8.0.7"), 0);
	s = wire_take(w);
	wire_check(w, get32(s->f.b + 26) == 0x0a080002, "from %08x", get32(s->f.b + 26));
	cr_assert_eq(send_to(w, "10.9.0.7"), 0);
	s = wire_take(w);
	wire_check(w, get32(s->f.b + 26) == 0x0a090002, "from %08x", get32(s->f.b + 26));
	w->gateway = ip4("10.8.0.9");
	cr_assert_eq(send_to(w, "192.0.2.7"), 0);
	s = wire_take(w);
	wire_check(w, get32(s->f.b + 26) == 0x0a080002, "from %08x", get32(s->f.b + 26));
	wire_end(w);
}

static enum tern_verdict
answer_too_much(struct tern_ip_proto *vt, struct tern_in *in)
{
	struct proto *p = (struct proto *)vt;

	in->len = (uint16_t)(p->calls++ == 0 ? in->room + 1 : 65535);
	return tern_ip_answer(in);
}

/* An answer longer than there is room for, or than the MTU, is a counted drop. */
Test(ip, does_not_answer_beyond_the_mbuf)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct proto p = { .vt = { answer_too_much } };
	struct frame f;
	unsigned int i;

	cr_assert_eq(tern_ip_hang(ip_of(w), 253, &p.vt), 0);
	frame_ip(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), 253, "payload", 7);
	for (i = 0; i < 2; i++) {
		wire_raw(w, &f);
		wire_quiet_now(w);
		wire_check(w, wire_verdict(w) > TERN_DONE, "verdict %s",
			   tern_verdict_name(wire_verdict(w)));
	}
	wire_end(w);
}

/* E34: no address makes it stumble: broadcast, groups, nothing, ourselves. */
Test(ip, sends_to_no_impossible_address)
{
	static const char *const odd[] = { "0.0.0.0", "127.0.0.1", OUR_ADDR, "10.9.0.0" };
	struct wire *w = wire_after(TERN_CLOSED);
	unsigned int i;

	for (i = 0; i < RTE_DIM(odd); i++)
		send_to(w, odd[i]);
	wire_pass(w, S(10));
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs stay behind");
	wire_end(w);
}
