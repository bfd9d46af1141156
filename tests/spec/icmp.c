/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP (RFC 792, RFC 1122 §3.2.2): echo, and what others tell us.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/eal.h"
#include "kit/wire.h"

#define ECHO_REPLY 0
#define UNREACHABLE 3
#define ECHO 8

/* A handler that writes down what it gets, and answers if it is told to. */
struct handler {
	struct tern_icmp_handler vt;
	unsigned int calls;
	uint16_t len;
	uint8_t b[128];
	bool answers;
};

static enum tern_verdict
on_message(struct tern_icmp_handler *vt, struct tern_in *in)
{
	struct handler *h = (struct handler *)vt;

	h->calls++;
	h->len = in->len;
	memcpy(h->b, in->data, in->len < sizeof(h->b) ? in->len : sizeof(h->b));
	if (!h->answers)
		return TERN_DONE;
	in->data[0] = ECHO_REPLY;
	return tern_icmp_answer(in);
}

static struct tern_icmp *
icmp_of(struct wire *w)
{
	return tern_icmp(w->stack);
}

static void
pattern(uint8_t *b, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		b[i] = peer_byte(i);
}

static void
ping(struct frame *f)
{
	frame_icmp(f, ip4(PEER_ADDR), ip4(OUR_ADDR), ECHO, 0, 0x00070001, "12345678", 8);
}

/* RFC 792, RFC 1122 §3.2.2.6: id, sequence and data come back, in the same mbuf and place. */
Test(icmp, echoes_in_place_whatever_the_length)
{
	static const uint16_t lens[] = { 0, 1, 2, 3, 17, 18, 55, 56, 57, 1000, 1471, 1472 };
	struct wire *w = wire_after(TERN_CLOSED);
	const struct sent *s;
	uint8_t data[1500];
	struct frame f;
	unsigned int i;

	pattern(data, sizeof(data));
	for (i = 0; i < RTE_DIM(lens); i++) {
		frame_icmp(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), ECHO, 0, 0xbeef0000 + i, data,
			   lens[i]);
		wire_note(w, "%u bytes", lens[i]);
		wire_raw(w, &f);
		wire_saw(w, TERN_ANSWER);
		s = wire_take(w);
		wire_check(w, wire_same_mbuf(w, s), "not in the mbuf of the request");
		wire_check(w,
			   s->f.b[34] == ECHO_REPLY && s->f.b[35] == 0 &&
				   s->f.len == 42 + lens[i] &&
				   get32(s->f.b + 38) == 0xbeef0000 + i &&
				   memcmp(s->f.b + 42, data, lens[i]) == 0,
			   "not the echo");
	}
	wire_check(w, wire_count(w, TERN_EV_ICMP_ECHOS) == RTE_DIM(lens), "not counted");
	wire_end(w);
}

/* The sum that is updated in place is right at its corners: 0x0000, 0xffff, carries. */
Test(icmp, echo_checksum_is_right_for_every_sum_of_the_request)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	uint32_t i;

	for (i = 0; i < 65536; i += i < 4200 || i > 61000 ? 1 : 97) {
		frame_icmp(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), ECHO, 0, i << 16, NULL, 0);
		wire_raw(w, &f);
		wire_take(w);
	}
	wire_end(w);
}

Test(icmp, drops_malformed_messages)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	uint16_t len;

	for (len = 0; len < 8; len++) {
		ping(&f);
		frame_ip(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), IPPROTO_ICMP, f.b + 34, len);
		wire_note(w, "%u bytes", len);
		wire_drop(w, &f, TERN_DROP_ICMP_TRUNCATED);
	}
	wire_note(w, "checksum");
	ping(&f);
	put16(f.b + 36, (uint16_t)(get16(f.b + 36) + 1));
	wire_drop(w, &f, TERN_DROP_ICMP_CHECKSUM);
	put16(f.b + 36, 0);
	wire_drop(w, &f, TERN_DROP_ICMP_CHECKSUM);
	wire_end(w);
}

/* RFC 1122 §3.2.2.6, E39: no reply to a broadcast, so nobody is flooded by us. */
Test(icmp, does_not_answer_broadcast_echo)
{
	static const char *const groups[] = { "255.255.255.255", "10.9.0.255" };
	struct wire *w = wire_after(TERN_CLOSED);
	struct frame f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(groups); i++) {
		frame_icmp(&f, ip4(PEER_ADDR), ip4(groups[i]), ECHO, 0, 1, "data", 4);
		frame_eth(&f)->dst_addr = all_mac;
		wire_drop(w, &f, TERN_DROP_ICMP_GROUP);
	}
	wire_end(w);
}

/* E36: silent: no reply; manual: the handler sees all, the stack answers none. */
Test(icmp, echo_can_be_silent_or_manual)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct handler h = { .vt = { on_message } };
	const struct sent *s;
	struct frame f;

	tern_icmp_set_handler(icmp_of(w), &h.vt);
	tern_icmp_set_echo(icmp_of(w), TERN_ICMP_SILENT);
	ping(&f);
	wire_drop(w, &f, TERN_DROP_ICMP_SILENT);
	wire_check(w, h.calls == 0, "handed to the handler");
	tern_icmp_set_echo(icmp_of(w), TERN_ICMP_MANUAL);
	wire_raw(w, &f);
	wire_saw(w, TERN_DONE);
	wire_quiet_now(w);
	wire_check(w, h.calls == 1 && h.len == 16 && memcmp(h.b, f.b + 34, 16) == 0,
		   "the handler did not get the message as it came");
	h.answers = true;
	wire_raw(w, &f);
	wire_saw(w, TERN_ANSWER);
	s = wire_take(w);
	wire_check(w, s->f.b[34] == ECHO_REPLY && wire_same_mbuf(w, s), "not the handler's answer");
	tern_icmp_set_echo(icmp_of(w), TERN_ICMP_ECHO);
	h.answers = false;
	wire_raw(w, &f);
	wire_take(w);
	wire_check(w, h.calls == 2, "handed to the handler");
	wire_end(w);
}

/* E38: what it does not answer itself is handed on as it came; without a handler it is silent. */
Test(icmp, hands_other_types_to_the_handler)
{
	static const uint8_t types[] = { 0, 4, 5, 9, 10, 11, 12, 13, 14, 15, 17, 42, 43, 200, 255 };
	struct wire *w = wire_after(TERN_CLOSED);
	struct handler h = { .vt = { on_message } };
	uint8_t quote[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17 };
	struct frame f;
	unsigned int i;

	memcpy(quote + 12, &(rte_be32_t){ ip4(OUR_ADDR) }, 4);
	memcpy(quote + 16, &(rte_be32_t){ ip4(PEER_ADDR) }, 4);
	for (i = 0; i < RTE_DIM(types); i++) {
		wire_note(w, "type %u", types[i]);
		frame_icmp(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), types[i], 0, 0x01020304, quote, 28);
		tern_icmp_set_handler(icmp_of(w), NULL);
		wire_drop(w, &f, TERN_DROP_ICMP_UNHANDLED);
		tern_icmp_set_handler(icmp_of(w), &h.vt);
		wire_raw(w, &f);
		wire_saw(w, TERN_DONE);
		wire_quiet_now(w);
		wire_check(w, h.calls == i + 1 && h.len == 36 && memcmp(h.b, f.b + 34, 36) == 0,
			   "the handler did not get it as it came");
	}
	wire_end(w);
}

/* RFC 1122 §3.2.2: never an error about an error; and no type or code makes it stumble (E6). */
Test(icmp, answers_nothing_but_echo)
{
	struct wire *w = wire_after(TERN_CLOSED);
	uint8_t data[64] = { 0 };
	struct frame f;
	unsigned int type, code;
	uint16_t len;

	for (type = 0; type < 256; type++)
		for (code = 0; code < 16; code++)
			for (len = 0; len <= 64; len += 16) {
				if (type == ECHO)
					continue;
				frame_icmp(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), (uint8_t)type,
					   (uint8_t)code, 0, data, len);
				wire_note(w, "type %u code %u", type, code);
				wire_raw(w, &f);
				wire_quiet_now(w);
			}
	wire_end(w);
}

/* E36: our own echo requests leave, their replies come to the handler. */
Test(icmp, sends_echo_requests)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct handler h = { .vt = { on_message } };
	const struct tern_addr peer = tern_addr_v4(ip4(PEER_ADDR));
	uint8_t data[1473];
	const struct sent *s;
	struct frame f;

	pattern(data, sizeof(data));
	tern_icmp_set_handler(icmp_of(w), &h.vt);
	cr_assert_eq(tern_icmp_send_echo(icmp_of(w), peer, 0x1234, 7, data, 1473), -EMSGSIZE);
	cr_assert_eq(tern_icmp_send_echo(icmp_of(w), tern_addr_v4(ip4("192.0.2.1")), 1, 1, data, 8),
		     -EHOSTUNREACH);
	cr_assert_eq(tern_icmp_send_echo(icmp_of(w), peer, 0x1234, 7, data, 1472), 0);
	wire_poll(w);
	s = wire_take(w);
	wire_check(w,
		   s->f.b[34] == ECHO && s->f.b[35] == 0 && get32(s->f.b + 38) == 0x12340007 &&
			   memcmp(s->f.b + 42, data, 1472) == 0,
		   "not the request");
	frame_icmp(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), ECHO_REPLY, 0, 0x12340007, data, 56);
	wire_raw(w, &f);
	wire_check(w, h.calls == 1 && get32(h.b + 4) == 0x12340007, "no reply for the handler");
	wire_end(w);
}

/* Each refusal that the header names; nothing is kept of what was refused. */
Test(icmp, says_why_it_does_not_send)
{
	static struct rte_mbuf *all[EAL_MBUFS];
	struct wire *w = wire_after(TERN_CLOSED);
	const struct tern_addr peer = tern_addr_v4(ip4(PEER_ADDR));
	unsigned int n = 0;

	while (rte_mempool_avail_count(w->port.pool) > 0)
		all[n++] = rte_pktmbuf_alloc(w->port.pool);
	cr_assert_eq(tern_icmp_send_echo(icmp_of(w), peer, 1, 1, "x", 1), -ENOBUFS);
	rte_pktmbuf_free_bulk(all, n);
	w->tx_closed = true;
	for (n = 0; n < 2000; n++)
		if (tern_icmp_send_echo(icmp_of(w), peer, 1, 1, "x", 1) < 0)
			break;
	wire_check(w, n <= w->config.tx_queue, "%u accepted", n);
	wire_check(w, tern_stack_mbufs(w->stack) == n, "%u mbufs for %u",
		   tern_stack_mbufs(w->stack), n);
	w->tx_closed = false;
	wire_poll(w);
	wire_check(w, wire_skip(w) == n, "not all that were accepted left");
	wire_end(w);
}

static enum tern_verdict
answer_too_much(struct tern_icmp_handler *vt, struct tern_in *in)
{
	struct handler *h = (struct handler *)vt;

	in->len = (uint16_t)(h->calls == 0 ? in->room + 1 : h->calls == 1 ? 65535 : 7);
	h->calls++;
	return tern_icmp_answer(in);
}

/* E37: an answer that does not fit, or is no ICMP message, is a counted drop. */
Test(icmp, does_not_answer_beyond_the_mbuf)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct handler h = { .vt = { answer_too_much } };
	struct frame f;
	unsigned int i;

	tern_icmp_set_handler(icmp_of(w), &h.vt);
	tern_icmp_set_echo(icmp_of(w), TERN_ICMP_MANUAL);
	ping(&f);
	for (i = 0; i < 3; i++) {
		wire_raw(w, &f);
		wire_quiet_now(w);
		wire_check(w, wire_verdict(w) > TERN_DONE, "verdict %s",
			   tern_verdict_name(wire_verdict(w)));
	}
	wire_end(w);
}

/* What a router says about a segment of ours. */
static void
about_us(struct wire *w, struct frame *f, uint8_t type, uint8_t code, uint32_t seq)
{
	uint8_t quote[28] = { 0x45, 0, 0, 40, 0, 0, 0x40, 0, 60, IPPROTO_TCP };

	memcpy(quote + 12, &w->flow->ends.dst, 4);
	memcpy(quote + 16, &w->flow->ends.src, 4);
	put16(quote + 20, w->flow->ends.dport);
	put16(quote + 22, w->flow->ends.sport);
	put32(quote + 24, seq);
	frame_icmp(f, ip4(PEER_ADDR), ip4(OUR_ADDR), type, code, 0, quote, 28);
}

/*
 * MUST-55, MUST-56, RFC 1122 §4.2.3.9, RFC 5927 §5.2, §6.2: unreachable codes are soft errors for a
 * synchronised connection, source quench is ignored, the quote may lie: the connection lives.
 */
Test(icmp, no_message_ends_a_connection)
{
	static const uint8_t types[] = { 3, 4, 5, 11, 12 };
	struct wire *w;
	struct frame f;
	unsigned int i, code;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		user_send(&w->user, 10);
		wire_poll(w);
		wire_out_now(w, "P. 1:11(10) ack 1");
		for (i = 0; i < RTE_DIM(types); i++)
			for (code = 0; code < 16; code++) {
				wire_note(w, "type %u code %u", types[i], code);
				about_us(w, &f, types[i], (uint8_t)code, w->flow->our_isn + 1);
				wire_raw(w, &f);
				about_us(w, &f, types[i], (uint8_t)code, w->flow->our_isn + 5000);
				wire_raw(w, &f);
				wire_state(w, TERN_ESTABLISHED);
			}
		wire_in(w, ". 1:1(0) ack 11 win 65535");
		wire_quiet(w, S(10));
	}
}
