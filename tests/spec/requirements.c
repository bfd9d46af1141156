/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 9293, appendix B: the requirements that no other file is about.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/wire.h"

/* The fields of the IPv4 header of a frame that left. */
enum { TOS = 1, ID = 4, FRAGMENT = 6, TTL = 8, SOURCE = 12 };

static const uint8_t *
ip_of(const struct sent *s)
{
	return s->f.b + FRAME_L3;
}

/* Everything that leaves within the next millisecond: how many bytes of text? */
static uint32_t
sent_soon(struct wire *w)
{
	uint64_t until = wire_now(w) + MS(1);
	struct segment s;
	uint32_t sum = 0;

	while (wire_segment(w, until, &s))
		sum += s.len;
	return sum;
}

/* SHLD-27: three writes that waited leave as one segment, with one PSH. */
Test(requirement, pushes_collapse)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		user_send(&w->user, 100);
		wire_poll(w);
		wire_out_now(w, "P. 1:101(100) ack 1");
		for (i = 0; i < 3; i++) {
			user_send(&w->user, 100);
			wire_poll(w);
			wire_quiet_now(w);
		}
		wire_in(w, ". 1:1(0) ack 101 win 65535");
		wire_out_now(w, "P. 101:401(300) ack 1");
		wire_in(w, ". 1:1(0) ack 401 win 65535");
		wire_quiet_now(w);
	}
}

static void
a_hundred_segments(struct tern_config *c)
{
	c->initial_window = 100;
}

/* MUST-1: a window from 32768 on is as large as it says, and filled. */
Test(requirement, window_has_no_sign)
{
	static const uint16_t wins[] = { 32767, 32768, 32769, 50000, 65535 };
	struct wire_how how = { .state = TERN_ESTABLISHED,
				.offer = 1000000,
				.tune = a_hundred_segments };
	struct wire *w;
	unsigned int i;
	uint32_t sum;

	for (i = 0; i < RTE_DIM(wins); i++) {
		how.win = wins[i];
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "window %u", wins[i]);
			sum = sent_soon(w);
			wire_check(w, sum > wins[i] - 1460u && sum <= wins[i], "%u bytes sent",
				   sum);
		}
	}
}

/* REC-1: windows that take more than 16 bits, on both sides, at the largest scale. */
Test(requirement, windows_are_kept_in_32_bits)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .syn = "<mss 1460,wscale 14>" };
	static const uint16_t wins[] = { 1, 4, 32768, 65535 };
	struct wire *w;
	unsigned int i;

	while ((w = wire_each(&how)) != NULL)
		for (i = 0; i < RTE_DIM(wins); i++) {
			wire_in(w, ". 1:1(0) ack 1 win %u", wins[i]);
			wire_check(w, wire_conn(w)->snd.wnd == (uint32_t)wins[i] << 14,
				   "window %u of %u << 14", wire_conn(w)->snd.wnd, wins[i]);
		}
}

/* Take back all but the first 2920 bytes of a window of which 8760 are in flight. */
static struct wire *
each_shrunk(void)
{
	static const struct wire_how how = { .state = TERN_ESTABLISHED,
					     .win = 10000,
					     .offer = 100000 };
	struct wire *w = wire_each(&how);

	if (w == NULL)
		return NULL;
	wire_check(w, sent_soon(w) == 8760, "not six segments");
	wire_in(w, ". 1:1(0) ack 1 win 2920");
	return w;
}

/* SHLD-16: in a window that was taken back, what it still holds is repeated as usual. */
Test(requirement, shrunk_window_repeats_what_it_holds)
{
	struct segment s;
	struct wire *w;
	uint32_t next;

	while ((w = each_shrunk()) != NULL) {
		for (next = 1; next < 2921; next += 1460) {
			wire_check(w, wire_segment(w, wire_now(w) + S(3), &s), "nothing repeated");
			wire_check(w, s.seq == w->flow->our_isn + next && s.len == 1460,
				   "%u bytes at %u", s.len, s.seq - w->flow->our_isn);
			wire_in(w, ". 1:1(0) ack %u win %u", next + 1460, 1461 - next);
		}
		wire_check(w, w->user.acked == 2920, "acked %lu", w->user.acked);
		wire_skip(w);
	}
}

/* SHLD-17: what lies behind the edge is not acknowledged for an hour: no reason to give up. */
Test(requirement, shrunk_window_is_no_reason_to_give_up)
{
	struct segment s;
	struct wire *w;

	while ((w = each_shrunk()) != NULL) {
		wire_in(w, ". 1:1(0) ack 2921 win 0");
		while (wire_now(w) < S(3600) && wire_segment(w, wire_now(w) + S(61), &s))
			wire_in(w, ". 1:1(0) ack 2921 win 0");
		wire_check(w, wire_now(w) >= S(3600), "silent after %.0f s",
			   (double)wire_now(w) / 1e9);
		wire_state(w, TERN_ESTABLISHED);
		wire_in(w, ". 1:1(0) ack 2921 win 65535");
		wire_check(w, wire_segment(w, wire_now(w), &s), "does not go on");
		wire_check(w, s.seq == w->flow->our_isn + 2921, "at %u", s.seq - w->flow->our_isn);
		wire_skip(w);
	}
}

/* SHLD-2: text behind a reset does not make it less of a reset, and reaches nobody. */
Test(requirement, reset_may_carry_text)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "R. 1:21(20) ack 1 win 0 [no such user here...]");
		wire_gone(w, TERN_RESET);
		wire_check(w, w->user.got == 0, "delivered %lu bytes", w->user.got);
		wire_quiet_now(w);
	}
}

static uint32_t ttl;

static void
with_ttl(struct tern_config *c)
{
	c->ttl = ttl;
}

static void
is_sent_with(struct wire *w, unsigned int field, unsigned int value, const char *name)
{
	const struct sent *s = wire_take(w);

	wire_check(w, ip_of(s)[field] == value, "%s %u", name, ip_of(s)[field]);
}

/* MUST-49: SYN, SYN-ACK, data, ACK and reset leave with the TTL that is configured. */
Test(requirement, ttl_is_configurable)
{
	static const uint32_t ttls[] = { 1, 2, 64, 128, 255 };
	const struct wire_how how = { .state = TERN_LISTEN, .tune = with_ttl };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(ttls); i++) {
		ttl = ttls[i];
		w = wire_open(&how);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		is_sent_with(w, TTL, ttl, "TTL");
		wire_in(w, ". 1:1(0) ack @%u win 65535", w->flow->our_isn + 1);
		user_send(&w->user, 10);
		wire_poll(w);
		is_sent_with(w, TTL, ttl, "TTL");
		wire_in(w, "F. 1:1(0) ack 11 win 65535");
		is_sent_with(w, TTL, ttl, "TTL");
		tern_tcp_abort(wire_conn(w));
		wire_poll(w);
		is_sent_with(w, TTL, ttl, "TTL");
		wire_flow(w, 1);
		wire_connect(w);
		is_sent_with(w, TTL, ttl, "TTL");
		wire_end(w);
	}
}

static uint8_t seen_tos;

static enum tern_verdict
look_at_tos(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	(void)vt;
	(void)conn;
	seen_tos = in->tos;
	return TERN_DONE;
}

/* MAY-9: the user sees the Differentiated Services field that came with its data. */
Test(requirement, user_sees_the_field_that_came)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);
	struct frame f;
	unsigned int i;

	w->user.vt.on_data = look_at_tos;
	for (i = 0; i < 64; i++) {
		wire_frame(w, &f, "P. %u:%u(1) ack 1 win 65535", 1 + i, 2 + i);
		f.b[FRAME_L3 + TOS] = (uint8_t)(i << 2);
		frame_sum_ip(&f);
		wire_raw(w, &f);
		wire_check(w, seen_tos == i << 2, "%02x came as %02x", i << 2, seen_tos);
		wire_skip(w);
	}
	wire_pass(w, S(1));
	wire_end(w);
}

/*
 * RFC 3168 §5: who did not agree to ECN in the handshake sends no packet that says it did, whatever
 * comes: neither data nor ACKs, in the mbuf that came or in another.
 */
Test(requirement, no_ect_without_agreement)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .user = USER_ECHO };
	struct wire *w = wire_open(&how);
	const struct sent *s;
	struct frame f;
	unsigned int i;

	w->payload = WIRE_ECHO;
	for (i = 0; i < 8; i++) {
		wire_frame(w, &f, "P. %u:%u(10) ack %u win 65535", 1 + 10 * i, 11 + 10 * i,
			   1 + 10 * i);
		f.b[FRAME_L3 + TOS] = (uint8_t)(i & 3);
		frame_sum_ip(&f);
		wire_raw(w, &f);
		s = wire_take(w);
		wire_check(w, (ip_of(s)[TOS] & 3) == 0, "ECN field %u", ip_of(s)[TOS] & 3);
	}
	wire_check(w, (s = wire_next(w, S(2))) != NULL, "nothing repeated");
	wire_check(w, (ip_of(s)[TOS] & 3) == 0, "ECN field %u", ip_of(s)[TOS] & 3);
	wire_in(w, "R 81:81(0) win 0");
	wire_end(w);
}

/*
 * RFC 1191 §2: no router may cut what we send. MAY-4: so its identification says nothing, and a
 * segment that is repeated has the one that it had.
 */
Test(requirement, nothing_may_be_fragmented)
{
	const struct wire_how how = { .state = TERN_LISTEN, .offer = 5000 };
	const struct sent *s;
	struct wire *w = wire_open(&how);
	unsigned int n;

	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	for (n = 0; (s = wire_next(w, S(20))) != NULL; n++) {
		wire_check(w, get16(ip_of(s) + FRAGMENT) == 0x4000, "fragment field %04x",
			   get16(ip_of(s) + FRAGMENT));
		wire_check(w, get16(ip_of(s) + ID) == 0, "ID %04x", get16(ip_of(s) + ID));
		if (n == 1) /* the SYN-ACK was repeated once */
			wire_in(w, ". 1:1(0) ack @%u win 65535", w->flow->our_isn + 1);
	}
	wire_check(w, n >= 5, "%u frames", n);
	wire_in(w, "R 1:1(0) win 0");
	wire_end(w);
}

static struct tern_addr
addr(const char *text)
{
	return tern_addr_v4(ip4(text));
}

static void
is_sent_from(struct wire *w, uint64_t by, uint32_t source)
{
	const struct sent *s = wire_next(w, by);

	wire_check(w, s != NULL, "nothing left");
	wire_check(w, get32(ip_of(s) + SOURCE) == source, "from %08x", get32(ip_of(s) + SOURCE));
}

/*
 * MUST-44, RFC 1122 §3.3.4.3, RFC 9293 §3.10.1: a SYN leaves from the address of ours that is on
 * the network of the next hop.
 */
Test(requirement, syn_leaves_from_the_address_of_its_way)
{
	static const struct {
		const char *to;
		uint32_t from;
	} cases[] = {
		{ "10.9.0.1", 0x0a090002 },
		{ "10.8.0.7", 0x0a080002 },
		{ "192.0.2.1", 0x0a080002 },
		{ "10.9.0.77", 0x0a090002 },
	};
	struct wire *w = wire_after(TERN_CLOSED);
	unsigned int i;

	w->gateway = ip4("10.8.0.9");
	cr_assert_eq(tern_ip_add_addr(tern_ip(w->stack), addr("10.8.0.2"), 120), 0);
	cr_assert_eq(tern_ip_add_route(tern_ip(w->stack), addr("192.0.2.0"), 120, addr("10.8.0.9")),
		     0);
	for (i = 0; i < RTE_DIM(cases); i++) {
		if (strncmp(cases[i].to, "10.8", 4) == 0)
			w->gateway = ip4(cases[i].to);
		else
			w->gateway = ip4("10.8.0.9");
		wire_note(w, "%s", cases[i].to);
		wire_flow(w, i);
		w->flow->ends.src = ip4(cases[i].to);
		wire_connect(w);
		is_sent_from(w, wire_now(w), cases[i].from);
		wire_in(w, "R. 0:0(0) ack 1 win 0");
	}
	wire_end(w);
}

/*
 * MUST-45: who opened a connection with one address of ours hears from no other: SYN-ACK, answer,
 * repetition, ACK after a delay, FIN.
 */
Test(requirement, connection_keeps_its_address)
{
	const struct wire_how how = { .state = TERN_LISTEN };
	struct wire *w = wire_open(&how);

	cr_assert_eq(tern_ip_add_addr(tern_ip(w->stack), addr("10.9.0.20"), 120), 0);
	wire_skip(w); /* announced */
	w->flow->ends.dst = ip4("10.9.0.20");
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	is_sent_from(w, wire_now(w), 0x0a090014);
	is_sent_from(w, S(1), 0x0a090014);
	wire_in(w, ". 1:1(0) ack @%u win 65535", w->flow->our_isn + 1);
	wire_in(w, "P. 1:11(10) ack 1 win 65535");
	is_sent_from(w, S(2), 0x0a090014);
	user_send(&w->user, 10);
	wire_poll(w);
	is_sent_from(w, wire_now(w), 0x0a090014);
	is_sent_from(w, S(10), 0x0a090014);
	wire_in(w, ". 11:11(0) ack 11 win 65535");
	tern_tcp_close(wire_conn(w));
	wire_poll(w);
	is_sent_from(w, wire_now(w), 0x0a090014);
	wire_in(w, "R. 11:11(0) ack 12 win 0");
	wire_gone(w, TERN_RESET);
	wire_end(w);
}

static void
one_port(struct tern_config *c)
{
	c->port_min = OUR_PORT;
	c->port_max = OUR_PORT;
}

/* MUST-42: a port that a connection is being opened from, or to, can be listened on. */
Test(requirement, listening_beside_connections_that_open)
{
	const struct wire_how how = { .tune = one_port };
	struct wire *w = wire_open(&how);

	wire_connect(w);
	wire_out_now(w, "S 0:0(0) win 65535 <...>");
	wire_listen(w);
	wire_flow(w, 1);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	cr_assert_eq(tern_tcp_unlisten(w->tcp, &w->listener), 0);
	wire_poll(w);
	wire_out_reset(w, 1);
	wire_flow(w, 0);
	wire_state(w, TERN_SYN_SENT);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	wire_listen(w);
	wire_flow(w, 2);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_flow(w, 0);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_end(w);
}
