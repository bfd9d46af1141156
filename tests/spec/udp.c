/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP (RFC 768, RFC 1122 §4.1).
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/wire.h"

enum what {
	READ,
	TURN,
	ANSWER,		  /* with text in place */
	ANSWER_ELSEWHERE, /* with text from elsewhere */
	KEEP,
	REFUSE,
};

struct port {
	struct tern_udp_port vt;
	enum what what;
	const char *text;
	unsigned int calls;
	uint16_t len, sport;
	rte_be32_t src, dst;
	uint8_t group;
	const uint8_t *data; /* where it stood */
	struct rte_mbuf *kept;
	uint8_t b[64];
};

static enum tern_verdict
on_datagram(struct tern_udp_port *vt, struct tern_in *in)
{
	struct port *p = (struct port *)vt;

	p->calls++;
	p->len = in->len;
	p->sport = rte_be_to_cpu_16(in->sport);
	p->src = tern_addr_to_v4(in->src);
	p->dst = tern_addr_to_v4(in->dst);
	p->group = in->group;
	p->data = in->data;
	memcpy(p->b, in->data, in->len < sizeof(p->b) ? in->len : sizeof(p->b));
	switch (p->what) {
	case TURN:
		return tern_udp_turn(in);
	case ANSWER:
		memcpy(in->data, p->text, strlen(p->text));
		return tern_udp_answer(in, in->data, (uint16_t)strlen(p->text));
	case ANSWER_ELSEWHERE:
		return tern_udp_answer(in, p->text, (uint16_t)strlen(p->text));
	case KEEP:
		p->kept = in->mbuf;
		return TERN_TAKEN;
	case REFUSE:
		return TERN_DROP_USER;
	default:
		return TERN_DONE;
	}
}

static struct tern_udp *
udp_of(struct wire *w)
{
	return tern_udp(w->stack);
}

static struct tern_addr
addr(const char *text)
{
	return tern_addr_v4(ip4(text));
}

static void
bind_port(struct wire *w, struct port *p, enum what what, const char *text)
{
	*p = (struct port){ .vt = { .port = 7, .on_datagram = on_datagram },
			    .what = what,
			    .text = text };
	cr_assert_eq(tern_udp_bind(udp_of(w), &p->vt), 0);
}

static void
datagram(struct frame *f, const void *payload, uint16_t len)
{
	const struct ends ends = { ip4(PEER_ADDR), ip4(OUR_ADDR), 5000, 7 };

	frame_udp(f, &ends, payload, len);
}

/* The frame is a datagram of ours to the peer's port 5000. */
static void
is_reply(struct wire *w, const struct sent *s, const void *payload, uint16_t len)
{
	const uint8_t *u = s->f.b + 34;

	wire_check(w,
		   s->f.b[23] == IPPROTO_UDP && get16(u) == 7 && get16(u + 2) == 5000 &&
			   s->f.len == 42 + len && memcmp(u + 8, payload, len) == 0,
		   "not the reply");
}

/* E40: turned round in its own mbuf; not a byte of the payload moves. */
Test(udp, turns_a_datagram_in_place)
{
	static const uint16_t lens[] = { 0, 1, 2, 7, 18, 19, 64, 1471, 1472 };
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	uint8_t data[1472];
	struct frame f;
	struct port p;
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = peer_byte(i);
	bind_port(w, &p, TURN, NULL);
	for (i = 0; i < RTE_DIM(lens); i++) {
		datagram(&f, data, lens[i]);
		wire_note(w, "%u bytes", lens[i]);
		wire_raw(w, &f);
		wire_saw(w, TERN_ANSWER);
		s = wire_take(w);
		is_reply(w, s, data, lens[i]);
		wire_check(w, wire_same_mbuf(w, s) && s->data + 42 == p.data, "not in place");
		wire_check(w, p.len == lens[i] && p.sport == 5000 && p.src == ip4(PEER_ADDR),
			   "the user saw something else");
	}
	wire_end(w);
}

/* Longer, shorter, empty; in place and from elsewhere; with and without the port's sums. */
Test(udp, answers_with_another_payload)
{
	static const char *const texts[] = { "", "1", "four", "twelve bytes",
					     "longer than what came in" };
	struct wire_how how = { .caps = 0 };
	struct wire *w;
	struct frame f;
	struct port p;
	unsigned int i, what;

	for (; how.caps <= TERN_PORT_TX_UDP_CKSUM + TERN_PORT_TX_IP_CKSUM; how.caps++) {
		w = wire_open(&how);
		bind_port(w, &p, READ, NULL);
		for (i = 0; i < RTE_DIM(texts); i++)
			for (what = ANSWER; what <= ANSWER_ELSEWHERE; what++) {
				wire_note(w, "caps %u: '%s'", how.caps, texts[i]);
				p.what = (enum what)what;
				p.text = texts[i];
				datagram(&f, "came in", 7);
				wire_raw(w, &f);
				is_reply(w, wire_take(w), texts[i], (uint16_t)strlen(texts[i]));
			}
		wire_end(w);
	}
}

/* What the MTU does not allow is dropped, though the mbuf has the room. */
Test(udp, answer_beyond_the_mtu_is_dropped)
{
	struct wire *w = wire_after(TERN_CLOSED);
	char text[1474] = { 0 };
	struct frame f;
	struct port p;

	memset(text, 'x', 1472);
	bind_port(w, &p, ANSWER_ELSEWHERE, text);
	datagram(&f, "?", 1);
	wire_raw(w, &f);
	is_reply(w, wire_take(w), text, 1472);
	text[1472] = 'x';
	wire_raw(w, &f);
	wire_quiet_now(w);
	wire_check(w, wire_verdict(w) > TERN_DONE, "verdict %s",
		   tern_verdict_name(wire_verdict(w)));
	wire_end(w);
}

/* RFC 768, row 53, B28: 0 means no checksum; wrong is dropped; a computed 0 leaves as ffff. */
Test(udp, checksum_zero_is_none_and_is_never_sent)
{
	struct wire *w = wire_after(TERN_CLOSED);
	uint8_t b[2] = { 0 };
	uint16_t sum;
	struct frame f;
	struct port p;

	bind_port(w, &p, READ, NULL);
	datagram(&f, "data", 4);
	put16(f.b + 40, 0);
	wire_raw(w, &f);
	wire_saw(w, TERN_DONE);
	wire_check(w, p.calls == 1 && p.len == 4, "not delivered without checksum");
	datagram(&f, "data", 4);
	put16(f.b + 40, (uint16_t)(get16(f.b + 40) ^ 0x0100));
	wire_drop(w, &f, TERN_DROP_UDP_CHECKSUM);

	/* A payload that brings the sum to 0: what the sum is without it. */
	datagram(&f, b, 2);
	sum = get16(f.b + 40);
	datagram(&f, "..", 2);
	put16(f.b + 42, sum);
	frame_sum(&f);
	wire_check(w, get16(f.b + 40) == 0xffff, "the test is wrong");
	wire_raw(w, &f);
	wire_check(w, p.calls == 2, "checksum ffff not accepted");
	p.what = TURN;
	wire_raw(w, &f);
	wire_take(w); /* judged by the kit: right and not 0 */
	p.what = ANSWER;
	p.text = "..";
	wire_raw(w, &f);
	wire_take(w);
	wire_end(w);
}

/* The same for datagrams of our own, whatever the payload: all sums that two bytes can make. */
Test(udp, sends_no_zero_checksum)
{
	struct wire *w = wire_after(TERN_CLOSED);
	uint8_t b[2];
	uint32_t i;

	for (i = 0; i < 65536; i++) {
		put16(b, (uint16_t)i);
		cr_assert_eq(tern_udp_send(udp_of(w), addr(OUR_ADDR), RTE_BE16(9), addr(PEER_ADDR),
					   RTE_BE16(9), b, 2),
			     0);
		if (i % 128 == 127) {
			wire_poll(w);
			wire_skip(w);
		}
	}
	wire_end(w);
}

/* RFC 768: a length below the header's, or beyond the packet; what lies behind is not payload. */
Test(udp, length_field_may_not_lie)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	struct port p;
	uint16_t len;

	bind_port(w, &p, READ, NULL);
	for (len = 0; len < 40; len++) {
		datagram(&f, "12345678", 8);
		put16(f.b + 38, len);
		put16(f.b + 40, 0); /* no sum to trip over */
		wire_note(w, "length %u of 16", len);
		wire_raw(w, &f);
		if (len < 8 || len > 16)
			wire_saw(w, TERN_DROP_UDP_LENGTH);
		else
			wire_check(w, p.len == len - 8, "delivered %u bytes", p.len);
	}
	put16(f.b + 38, 65535);
	wire_drop(w, &f, TERN_DROP_UDP_LENGTH);
	for (len = 0; len < 8; len++) {
		datagram(&f, "", 0);
		frame_ip(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), IPPROTO_UDP, f.b + 34, len);
		wire_note(w, "%u bytes", len);
		wire_drop(w, &f, TERN_DROP_UDP_TRUNCATED);
	}
	wire_end(w);
}

/* RFC 1122 §4.1.3.1, §3.2.2.1: a closed port is told, quoting the datagram; not to groups. */
Test(udp, closed_port_answers_port_unreachable)
{
	const struct ends all = { ip4(PEER_ADDR), ip4("10.9.0.255"), 5000, 7 };
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	uint8_t data[1472];
	struct frame f;
	uint16_t len;

	memset(data, 'x', sizeof(data));
	for (len = 0; len <= 1472; len = (uint16_t)(len * 2 + 8)) {
		datagram(&f, data, len);
		wire_note(w, "%u bytes", len);
		wire_raw(w, &f);
		s = wire_take(w);
		wire_check(w,
			   s->f.b[23] == IPPROTO_ICMP && s->f.b[34] == 3 && s->f.b[35] == 3 &&
				   get32(s->f.b + 38) == 0,
			   "not port unreachable");
		wire_check(w, s->f.len >= 42 + 28 && s->f.len <= 14 + 576, "%u bytes", s->f.len);
		wire_check(w, memcmp(s->f.b + 42, f.b + FRAME_L3, s->f.len - 42u) == 0,
			   "does not quote the datagram as it came");
	}
	frame_udp(&f, &all, "x", 1);
	frame_eth(&f)->dst_addr = all_mac;
	wire_drop(w, &f, TERN_DROP_UDP_PORT);
	wire_end(w);
}

static void
ten_errors(struct tern_config *c)
{
	c->icmp_rate = 10;
}

static void
no_errors(struct tern_config *c)
{
	c->icmp_rate = 0;
}

/* RFC 1812 §4.3.2.8, row 46: errors are limited per second, and the rest is counted. */
Test(udp, port_unreachable_is_rate_limited)
{
	const struct wire_how ten = { .tune = ten_errors }, none = { .tune = no_errors };
	struct wire *w = wire_open(&ten);
	unsigned int i, n = 0;
	struct frame f;

	datagram(&f, "x", 1);
	for (i = 0; i < 1000; i++) {
		wire_raw(w, &f);
		n += wire_skip(w);
	}
	wire_check(w, n >= 1 && n <= 10, "%u errors in one moment", n);
	wire_check(w,
		   wire_count(w, TERN_EV_ICMP_ERRORS_SENT) == n &&
			   wire_count(w, TERN_EV_ICMP_ERRORS_LIMITED) == 1000 - n,
		   "not counted");
	wire_check(w, wire_verdicts(w, TERN_DROP_UDP_PORT) == 1000 - n, "wrong verdict");
	for (i = 0; i < 10000; i++) {
		wire_pass(w, MS(1) * i);
		wire_raw(w, &f);
		n += wire_skip(w);
	}
	wire_check(w, n >= 90 && n <= 120, "%u errors in 10 s", n);
	wire_end(w);
	w = wire_open(&none);
	wire_drop(w, &f, TERN_DROP_UDP_PORT);
	wire_end(w);
}

/* The address binds closer than any; each pair once. */
Test(udp, binds_by_address_and_port)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct port any, ours, more[8];
	struct frame f;
	unsigned int i;

	bind_port(w, &any, READ, NULL);
	ours = (struct port){ .vt = { addr(OUR_ADDR), 7, on_datagram } };
	cr_assert_eq(tern_udp_bind(udp_of(w), &ours.vt), 0);
	cr_assert_eq(tern_udp_bind(udp_of(w), &ours.vt), -EADDRINUSE);
	datagram(&f, "x", 1);
	wire_raw(w, &f);
	wire_check(w, ours.calls == 1 && any.calls == 0, "not by the closest");
	cr_assert_eq(tern_udp_unbind(udp_of(w), &ours.vt), 0);
	cr_assert_eq(tern_udp_unbind(udp_of(w), &ours.vt), -ENOENT);
	wire_raw(w, &f);
	wire_check(w, ours.calls == 1 && any.calls == 1, "not by any");

	more[0] = (struct port){ .vt = { .port = 0, .on_datagram = on_datagram } };
	cr_assert_eq(tern_udp_bind(udp_of(w), &more[0].vt), -EINVAL);
	more[0] = (struct port){ .vt = { .port = 9 } };
	cr_assert_eq(tern_udp_bind(udp_of(w), &more[0].vt), -EINVAL);
	for (i = 0; i < 8; i++) {
		more[i] = (struct port){ .vt = { .port = (uint16_t)(100 + i),
						 .on_datagram = on_datagram } };
		cr_assert_eq(tern_udp_bind(udp_of(w), &more[i].vt), i < 7 ? 0 : -ENOBUFS);
	}
	wire_end(w);
}

/* Every port may be bound and freed again; no other is hit. */
Test(udp, finds_the_bound_port_among_all)
{
	const struct wire_how how = { .tune = no_errors };
	struct wire *w = wire_open(&how);
	struct ends ends = { ip4(PEER_ADDR), ip4(OUR_ADDR), 5000, 0 };
	struct port p;
	struct frame f;
	unsigned int i;

	for (i = 1; i < 65536; i += 13) {
		p = (struct port){ .vt = { .port = (uint16_t)i, .on_datagram = on_datagram } };
		cr_assert_eq(tern_udp_bind(udp_of(w), &p.vt), 0);
		ends.dport = (uint16_t)i;
		frame_udp(&f, &ends, "x", 1);
		wire_raw(w, &f);
		ends.dport = (uint16_t)(i ^ 0x100);
		frame_udp(&f, &ends, "x", 1);
		wire_drop(w, &f, TERN_DROP_UDP_PORT);
		wire_check(w, p.calls == 1, "port %u: %u calls", i, p.calls);
		cr_assert_eq(tern_udp_unbind(udp_of(w), &p.vt), 0);
	}
	wire_end(w);
}

/* Bound and freed in any order: whoever is bound is found, whoever is not is not. */
Test(udp, ports_come_and_go_in_any_order)
{
	enum { PORTS = 40 };
	const struct wire_how how = { .tune = no_errors };
	struct wire *w = wire_open(&how);
	struct ends ends = { ip4(PEER_ADDR), ip4(OUR_ADDR), 5000, 0 };
	static struct port p[PORTS];
	unsigned int i, k, n = 0, dice = 1;
	bool bound[PORTS] = { false };
	struct frame f;
	int err;

	for (i = 0; i < 4000; i++) {
		dice = dice * 1664525 + 1013904223;
		k = (dice >> 16) % PORTS;
		if (bound[k]) {
			cr_assert_eq(tern_udp_unbind(udp_of(w), &p[k].vt), 0);
			bound[k] = false;
			n--;
		} else {
			p[k] = (struct port){ .vt = { .port = (uint16_t)(1 + k * 257),
						      .on_datagram = on_datagram } };
			err = tern_udp_bind(udp_of(w), &p[k].vt);
			cr_assert_eq(err, n < 8 ? 0 : -ENOBUFS);
			bound[k] = err == 0;
			n += bound[k];
		}
		for (k = 0; k < PORTS; k += 3) {
			p[k].calls = 0;
			ends.dport = (uint16_t)(1 + k * 257);
			frame_udp(&f, &ends, "x", 1);
			wire_raw(w, &f);
			wire_check(w, p[k].calls == bound[k], "port %u", ends.dport);
		}
	}
	wire_end(w);
}

/* A broadcast is delivered, marked, and answered from our own address (RFC 1122 §4.1.3.5). */
Test(udp, answers_a_broadcast_from_its_own_address)
{
	const struct ends all = { ip4(PEER_ADDR), ip4("10.9.0.255"), 5000, 7 };
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	struct frame f;
	struct port p;

	bind_port(w, &p, ANSWER, "here");
	frame_udp(&f, &all, "who?", 4);
	frame_eth(&f)->dst_addr = all_mac;
	wire_raw(w, &f);
	s = wire_take(w);
	wire_check(w, p.group != 0 && p.dst == ip4("10.9.0.255"), "not marked");
	wire_check(w, get32(s->f.b + 26) == rte_be_to_cpu_32(ip4(OUR_ADDR)), "wrong source");
	p.what = TURN;
	wire_raw(w, &f);
	s = wire_take(w);
	wire_check(w, get32(s->f.b + 26) == rte_be_to_cpu_32(ip4(OUR_ADDR)), "wrong source");
	wire_end(w);
}

/* Who returns TERN_TAKEN owns the mbuf; who refuses is counted. */
Test(udp, mbuf_is_the_users_when_taken)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	struct port p;

	bind_port(w, &p, KEEP, NULL);
	datagram(&f, "keep me", 7);
	wire_raw(w, &f);
	wire_saw(w, TERN_TAKEN);
	wire_check(w, p.kept == w->last_in && memcmp(p.data, "keep me", 7) == 0, "not kept");
	rte_pktmbuf_free(p.kept);
	p.what = REFUSE;
	wire_drop(w, &f, TERN_DROP_USER);
	wire_end(w);
}

static int
send_from(struct wire *w, const char *src, uint16_t sport, const char *dst, uint16_t dport,
	  uint16_t len)
{
	static const uint8_t data[2000];

	return tern_udp_send(udp_of(w), addr(src), rte_cpu_to_be_16(sport), addr(dst),
			     rte_cpu_to_be_16(dport), data, len);
}

/* Each refusal that the header names. */
Test(udp, says_why_it_does_not_send)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct rte_mbuf *all[4096];
	unsigned int n = 0;

	cr_assert_eq(send_from(w, OUR_ADDR, 9, PEER_ADDR, 9, 1472), 0);
	cr_assert_eq(send_from(w, "0.0.0.0", 9, PEER_ADDR, 9, 0), 0);
	wire_poll(w);
	cr_assert_eq(wire_take(w)->f.len, 1514);
	cr_assert_eq(wire_take(w)->f.len, 42);
	cr_assert_eq(send_from(w, OUR_ADDR, 9, PEER_ADDR, 9, 1473), -EMSGSIZE);
	cr_assert_eq(send_from(w, OUR_ADDR, 0, PEER_ADDR, 9, 1), -EINVAL);
	cr_assert_eq(send_from(w, OUR_ADDR, 9, PEER_ADDR, 0, 1), -EINVAL);
	cr_assert_eq(send_from(w, OUR_ADDR, 9, "0.0.0.0", 9, 1), -EINVAL);
	cr_assert_eq(send_from(w, "10.9.0.77", 9, PEER_ADDR, 9, 1), -EADDRNOTAVAIL);
	cr_assert_eq(send_from(w, OUR_ADDR, 9, "192.0.2.1", 9, 1), -EHOSTUNREACH);
	while (n < RTE_DIM(all) && (all[n] = rte_pktmbuf_alloc(w->port.pool)) != NULL)
		n++;
	cr_assert_eq(send_from(w, OUR_ADDR, 9, PEER_ADDR, 9, 1), -ENOBUFS);
	wire_check(w, wire_count(w, TERN_EV_NO_MBUF) >= 1, "not counted");
	rte_pktmbuf_free_bulk(all, n);
	cr_assert_eq(send_from(w, OUR_ADDR, 9, PEER_ADDR, 9, 1), 0);
	wire_poll(w);
	wire_take(w);
	wire_end(w);
}

/* E66: a port that takes nothing: what was accepted waits, then -ENOBUFS; nothing is lost. */
Test(udp, full_port_is_said_and_nothing_accepted_is_lost)
{
	struct wire *w = wire_after(TERN_CLOSED);
	unsigned int accepted = 0;
	int err;

	w->tx_closed = true;
	while ((err = send_from(w, OUR_ADDR, 9, PEER_ADDR, 9, 4)) == 0 && accepted < 2000)
		accepted++;
	cr_assert_eq(err, -ENOBUFS);
	wire_check(w, accepted <= w->config.tx_queue, "%u accepted", accepted);
	wire_poll(w);
	w->tx_closed = false;
	wire_poll(w);
	wire_check(w, wire_skip(w) == accepted, "not all that were accepted left");
	wire_end(w);
}
