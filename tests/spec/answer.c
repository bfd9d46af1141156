/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers in the mbuf that brought the question: tern_tcp_answer().
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/wire.h"

static const struct wire_how echo = { .state = TERN_ESTABLISHED, .user = USER_ECHO };

/* E14: the same mbuf leaves, the payload at the same address, the ACK with it. */
Test(answer, leaves_in_the_mbuf_that_came_in)
{
	static const unsigned int lens[] = { 1, 2, 3, 64, 101, 1459, 1460 };
	const struct sent *s;
	struct segment seg;
	struct wire *w;
	unsigned int i;
	uint32_t at;

	while ((w = wire_each(&echo)) != NULL)
		for (i = 0, at = 1; i < RTE_DIM(lens); i++) {
			wire_in(w, "P. %u:%u(%u) ack %u win 65535", at, at + lens[i], lens[i], at);
			wire_saw(w, TERN_ANSWER);
			s = wire_take(w);
			wire_check(w, wire_same_mbuf(w, s), "another mbuf");
			wire_check(w, s->data + 54 == w->user.data, "the payload moved");
			segment_read(&seg, s->f.b + 34, s->f.len - 34u);
			wire_check(w,
				   seg.len == lens[i] && seg.flags == (PSH | ACK) &&
					   seg.seq == w->flow->our_isn + at &&
					   seg.ack == w->flow->peer_isn + at + lens[i],
				   "not the answer");
			at += lens[i];
		}
}

/* The question had TCP options, or came padded: the payload still does not move. */
Test(answer, stays_in_place_behind_other_headers)
{
	const struct sent *s;
	struct wire *w;
	struct frame f;

	while ((w = wire_each(&echo)) != NULL) {
		wire_frame(w, &f, "P. 1:11(10) ack 1 win 65535 <nop,nop,raw fe0a0102030405060708>");
		wire_raw(w, &f);
		s = wire_take(w);
		wire_check(w, wire_same_mbuf(w, s) && s->data + 54 == w->user.data, "moved");
		wire_frame(w, &f, "P. 11:12(1) ack 11 win 65535");
		frame_pad(&f, 60, 0xee);
		wire_raw(w, &f);
		s = wire_take(w);
		wire_check(w, s->f.len == 55 && wire_same_mbuf(w, s), "%u bytes", s->f.len);
	}
}

/* Kept until acknowledged; repeated at RTO, 2 RTO, the same; then the mbuf is free. */
Test(answer, is_kept_and_repeated_until_acknowledged)
{
	struct wire *w;
	unsigned int k;

	while ((w = wire_each(&echo)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, "P. 1:101(100) ack 101");
		wire_check(w, tern_stack_mbufs(w->stack) == 1, "%u mbufs kept",
			   tern_stack_mbufs(w->stack));
		for (k = 1; k < 6; k++)
			wire_out(w, MS(200) * ((1u << k) - 1), "p. 1:101(100) ack 101");
		wire_in(w, ". 101:101(0) ack 101 win 65535");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
		wire_quiet(w, S(100));
	}
}

/* A part is acknowledged: only the rest is repeated. */
Test(answer, rest_of_it_is_repeated_after_a_partial_ack)
{
	struct wire *w;
	struct segment s;

	while ((w = wire_each(&echo)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, "P. 1:101(100) ack 101");
		wire_in(w, ". 101:101(0) ack 31 win 65535");
		wire_quiet_now(w);
		wire_check(w,
			   wire_segment(w, S(1), &s) && s.seq == w->flow->our_isn + 31 &&
				   s.len == 70,
			   "%u bytes at %u", s.len, s.seq - w->flow->our_isn);
		wire_in(w, ". 101:101(0) ack 101 win 65535");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
	}
}

/* Several answers in flight, the first lost: in order, each byte once, nothing left over. */
Test(answer, several_in_flight_with_a_loss)
{
	struct segment s;
	struct wire *w;
	uint32_t i, next;

	while ((w = wire_each(&echo)) != NULL) {
		wire_conn(w)->flags |= TERN_CONN_NODELAY;
		for (i = 0; i < 8; i++) {
			wire_in(w, "P. %u:%u(100) ack 1 win 65535", 1 + i * 100, 101 + i * 100);
			wire_out_now(w, "P. %u:%u(100) ack %u", 1 + i * 100, 101 + i * 100,
				     101 + i * 100);
		}
		wire_check(w, tern_stack_mbufs(w->stack) == 8, "%u mbufs kept",
			   tern_stack_mbufs(w->stack));
		for (i = 0; i < 3; i++)
			wire_in(w, ". 801:801(0) ack 1 win 65535");
		wire_check(w, wire_segment(w, wire_now(w), &s) && s.seq == w->flow->our_isn + 1,
			   "no fast retransmit");
		wire_skip(w);
		for (next = 1 + s.len; next < 801; next += s.len) {
			wire_in(w, ". 801:801(0) ack %u win 65535", next);
			do
				wire_check(w, wire_segment(w, S(5), &s), "stuck at %u", next);
			while (s.seq != w->flow->our_isn + next);
			wire_skip(w);
		}
		wire_in(w, ". 801:801(0) ack 801 win 65535");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
		wire_quiet(w, S(100));
	}
}

/* The peer's window is shut or small: the answer waits, or goes in parts, in order. */
Test(answer, waits_for_the_peers_window)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .user = USER_ECHO, .win = 150 };
	struct segment s;
	struct wire *w;
	uint32_t next;

	while ((w = wire_each(&how)) != NULL) {
		wire_conn(w)->flags |= TERN_CONN_NODELAY;
		wire_in(w, "P. 1:101(100) ack 1 win 150");
		wire_out_now(w, "P. 1:101(100) ack 101");
		wire_in(w, "P. 101:201(100) ack 1 win 150");
		wire_skip(w);
		wire_in(w, "P. 201:301(100) ack 101 win 0");
		wire_skip(w);
		wire_pass(w, MS(10));
		wire_check(w, w->flow->our_ack == w->flow->peer_isn + 301 || w->user.got < 300,
			   "not acknowledged");
		wire_in(w, ". 301:301(0) ack 101 win 65535");
		for (next = 101; next < 301; next += s.len) {
			wire_check(w, wire_segment(w, S(5), &s), "stuck at %u", next);
			if (s.seq != w->flow->our_isn + next)
				s.len = 0;
		}
		wire_skip(w);
		wire_in(w, ". 301:301(0) ack 301 win 65535");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
	}
}

/* MUST-35: a shut window with an answer behind it is probed too. */
Test(answer, behind_a_shut_window_is_probed)
{
	struct segment s;
	struct wire *w;
	unsigned int i;

	while ((w = wire_each(&echo)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 0");
		for (i = 0; i < 5; i++) {
			wire_check(w, wire_segment(w, wire_now(w) + S(30), &s), "no probe");
			wire_check(w, s.len <= 1, "%u bytes", s.len);
			wire_in(w, ". 101:101(0) ack 1 win 0");
			wire_skip(w);
		}
		wire_in(w, ". 101:101(0) ack 1 win 65535");
		wire_pass(w, wire_now(w) + S(20));
		wire_in(w, ". 101:101(0) ack 101 win 65535");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
		wire_state(w, TERN_ESTABLISHED);
	}
}

static void
keep_4(struct tern_config *c)
{
	c->held_pkts = 4;
}

/* Bounded: what is kept for a peer that never acknowledges; the rest is not acknowledged either. */
Test(answer, keeps_at_most_held_pkts)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED,
				      .user = USER_ECHO,
				      .tune = keep_4 };
	struct wire *w;
	uint32_t i, got;

	while ((w = wire_each(&how)) != NULL) {
		for (i = 0; i < 20; i++) {
			wire_in(w, "P. %u:%u(1460) ack 1 win 65535", 1 + i * 1460, 1461 + i * 1460);
			wire_skip(w);
			wire_check(w, tern_stack_mbufs(w->stack) <= 8, "%u mbufs",
				   tern_stack_mbufs(w->stack));
		}
		wire_pass(w, MS(50));
		got = (uint32_t)w->user.got;
		wire_check(w, got >= 4 * 1460 && got <= 8 * 1460, "took %u bytes", got);
		wire_check(w, w->flow->our_ack == w->flow->peer_isn + 1 + got,
			   "acknowledged %u, taken %u", w->flow->our_ack - w->flow->peer_isn - 1,
			   got);
		/* It goes on when the peer does. */
		wire_in(w, ". %u:%u(0) ack %u win 65535", 1 + got, 1 + got, 1 + got);
		wire_skip(w);
		wire_in(w, "P. %u:%u(1460) ack %u win 65535", 1 + got, 1461 + got, 1 + got);
		wire_skip(w);
		wire_check(w, w->user.got > got, "takes no more");
	}
}

/* A question with FIN: the answer, the ACK of the FIN, and then our FIN. */
Test(answer, to_a_question_with_fin)
{
	struct segment s;
	struct wire *w;
	bool data, fin;

	while ((w = wire_each(&echo)) != NULL) {
		w->user.close_on_eof = true;
		wire_in(w, "FP. 1:101(100) ack 1 win 65535");
		for (data = fin = false; wire_segment(w, wire_now(w) + MS(300), &s);) {
			data |= s.len == 100;
			fin |= (s.flags & FIN) != 0;
			if (data && fin)
				break;
		}
		wire_skip(w);
		wire_check(w, data && fin && s.ack == w->flow->peer_isn + 102,
			   "data %d FIN %d ack %u", data, fin, s.ack - w->flow->peer_isn);
		wire_in(w, ". 102:102(0) ack 102 win 65535");
		wire_gone(w, TERN_FINISHED);
	}
}

/* The user closes while an answer is not acknowledged: FIN behind it, both repeated. */
Test(answer, before_a_close_is_delivered)
{
	struct wire *w;
	struct segment s;

	while ((w = wire_each(&echo)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, "P. 1:101(100) ack 101");
		tern_tcp_close(wire_conn(w));
		wire_poll(w);
		wire_out_now(w, "F. 101:101(0) ack 101");
		wire_check(w,
			   wire_segment(w, S(1), &s) && s.seq == w->flow->our_isn + 1 &&
				   s.len == 100,
			   "the answer is not repeated");
		wire_skip(w);
		wire_in(w, ". 101:101(0) ack 102 win 65535");
		wire_state(w, TERN_FIN_WAIT_2);
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
	}
}

/* Another text, longer or shorter, from elsewhere or in place. */
struct replier {
	struct user user;
	const char *text;
	bool copy;
};

static enum tern_verdict
reply(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	struct replier *r = (struct replier *)vt;
	uint16_t len = (uint16_t)strlen(r->text);

	cr_assert_leq(len, in->room);
	if (r->copy)
		return tern_tcp_answer(conn, in, (void *)(uintptr_t)r->text, len);
	memcpy(in->data, r->text, len);
	return tern_tcp_answer(conn, in, in->data, len);
}

Test(answer, with_another_text)
{
	static const char *const texts[] = { "x", "hello", "a text longer than the question was" };
	const struct wire_how how = { .state = TERN_LISTEN };
	static struct replier r;
	struct wire *w;
	unsigned int i, copy;
	uint32_t len;

	for (i = 0; i < RTE_DIM(texts); i++)
		for (copy = 0; copy < 2; copy++)
			while ((w = wire_each(&how)) != NULL) {
				len = (uint32_t)strlen(texts[i]);
				user_init(&r.user, USER_READ);
				r.user.vt.on_data = reply;
				r.text = texts[i];
				r.copy = copy;
				w->payload = WIRE_ANY;
				w->listener.user = &r.user.vt;
				wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
				wire_skip(w);
				wire_in(w, ". 1:1(0) ack 1 win 65535");
				wire_in(w, "P. 1:9(8) ack 1 win 65535 [question]");
				wire_out_now(w, "P. 1:%u(%u) ack 9 [%s]", 1 + len, len, texts[i]);
				wire_out(w, MS(200), "p. 1:%u(%u) ack 9 [%s]", 1 + len, len,
					 texts[i]);
				wire_in(w, ". 9:9(0) ack %u win 65535", 1 + len);
				wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
			}
}

/* E66: the port refuses; what was accepted as an answer leaves later, unchanged. */
Test(answer, waits_for_the_port)
{
	struct wire *w;

	while ((w = wire_each(&echo)) != NULL) {
		w->tx_closed = true;
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_quiet_now(w);
		w->tx_closed = false;
		wire_poll(w);
		wire_out_now(w, "P. 1:101(100) ack 101");
		wire_in(w, ". 101:101(0) ack 101 win 65535");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
	}
}

/* A port may hold what it accepted for a while: nobody writes to it, not even to repeat it. */
Test(answer, is_not_changed_while_the_port_has_it)
{
	struct wire *w;
	unsigned int k;

	while ((w = wire_each(&echo)) != NULL) {
		w->tx_lag = 8;
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, "P. 1:101(100) ack 101");
		wire_in(w, "P. 101:201(100) ack 1 win 60000");
		wire_skip(w);
		for (k = 1; k < 5; k++)
			wire_pass(w, MS(200) * ((1u << k) - 1) + MS(1));
		wire_in(w, ". 201:201(0) ack 51 win 60000");
		wire_pass(w, S(10));
		wire_in(w, ". 201:201(0) ack 201 win 60000");
		wire_skip(w);
	}
}

/* Echo of a long stream, ten questions at a time: each byte once, in order (judged). */
Test(answer, echoes_a_long_stream)
{
	struct wire *w;
	struct segment s;
	uint32_t at, back, k;

	while ((w = wire_each(&echo)) != NULL) {
		for (at = 1, back = 1; at < 300000;) {
			w->held = true;
			for (k = 0; k < 10; k++, at += 1460)
				wire_in(w, ". %u:%u(1460) ack %u win 65535", at, at + 1460, back);
			wire_flush(w);
			while (back < at) {
				wire_check(w, wire_segment(w, wire_now(w) + MS(300), &s),
					   "stuck at %u", back);
				wire_check(w, s.len == 0 || s.seq == w->flow->our_isn + back,
					   "not in order");
				back += s.len;
				if (w->sent_head == w->sent_tail)
					wire_in(w, ". %u:%u(0) ack %u win 65535", at, at, back);
			}
		}
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "still kept");
		wire_skip(w);
	}
}
