/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME-WAIT (RFC 9293 §3.6, §3.10.7.4; RFC 1337; RFC 6191): 64 bytes that answer for a connection
 * which is over for its user. Its length, and the reuse by sequence number, stand in close.c.
 */
#include <criterion/criterion.h>

#include "kit/wire.h"

/* 64 bytes, its place in the flow table apart, which is 11 to 23 more. */
Test(time_wait, costs_64_bytes)
{
	struct tern_config c = tern_config_server;
	size_t one, two;

	c.secret[0] = 1;
	c.time_waits = 1u << 20;
	one = tern_stack_bytes(&c);
	c.time_waits = 1u << 21;
	two = tern_stack_bytes(&c);
	cr_assert_leq((two - one) >> 20, 64 + 23, "%zu bytes", (two - one) >> 20);
}

/* However it is reached: the user is told, the block is free, the connection still counts. */
Test(time_wait, gives_its_block_back)
{
	struct wire_how how = { .state = TERN_TIME_WAIT };
	struct wire *w;

	for (int active = 0; active < 2; active++) {
		how.active = active != 0;
		while ((w = wire_each(&how)) != NULL) {
			wire_check(w, w->user.closed == 1 && w->user.why == TERN_FINISHED,
				   "on_closed() %u times", w->user.closed);
			wire_check(w, wire_blocks(w) == 0 && tern_tcp_connections(w->tcp) == 1,
				   "%u blocks", wire_blocks(w));
			wire_quiet(w, MS(59999));
			wire_state(w, TERN_TIME_WAIT);
			wire_quiet(w, MS(60001));
			wire_state(w, TERN_CLOSED);
			wire_check(w, tern_tcp_connections(w->tcp) == 0, "it is still there");
		}
	}
	how.state = TERN_CLOSING;
	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, ". 2:2(0) ack 2 win 65535");
		wire_quiet_now(w);
		wire_state(w, TERN_TIME_WAIT);
		wire_check(w, wire_blocks(w) == 0 && w->user.closed == 1, "not given back");
		wire_in(w, "F. 1:1(0) ack 2 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
	}
}

/* The ACK of the last FIN leaves in its mbuf; or in another, if the user keeps that one. */
Test(time_wait, acknowledges_the_fin_that_leads_to_it)
{
	struct wire_how how = { .state = TERN_FIN_WAIT_2 };
	const struct sent *s;
	struct wire *w;

	for (how.user = USER_READ; how.user <= USER_TAKE; how.user++) {
		if (how.user == USER_REFUSE)
			continue;
		w = wire_open(&how);
		wire_note(w, "user %d", (int)how.user);
		wire_in(w, "FP. 1:11(10) ack 2 win 65535");
		wire_state(w, TERN_TIME_WAIT);
		s = wire_take(w);
		wire_check(w,
			   get32(frame_l4((struct frame *)(uintptr_t)&s->f) + 8) ==
				   w->flow->peer_isn + 12,
			   "the FIN is not acknowledged");
		wire_check(w, wire_same_mbuf(w, s) == (how.user != USER_TAKE), "in which mbuf?");
		wire_check(w, w->user.got == 10 && w->user.closed == 1, "user");
		wire_in(w, "FP. 1:11(10) ack 2 win 65535");
		wire_out_now(w, ". 2:2(0) ack 12");
		wire_end(w);
	}
}

/* Nothing is owed to what fits and says nothing new; old segments are told where we are. */
Test(time_wait, answers_within_a_limit)
{
	struct wire *w = wire_after(TERN_TIME_WAIT);
	unsigned int i, n = 0;

	for (i = 0; i < 1000; i++) {
		wire_pass(w, MS(1) * i);
		wire_in(w, "S -1000:-1000(0) win 65535 <mss 1460>");
		n += wire_skip(w);
	}
	wire_check(w, n >= 5 && n <= 11, "%u challenge ACKs in a second", n);
	for (i = 0; i < 100; i++) {
		wire_in(w, "F. 1:1(0) ack 2 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
		wire_in(w, ". 2:2(0) ack 2 win 65535");
		wire_in(w, "R 2:2(0) win 0");
		wire_quiet_now(w);
	}
	wire_state(w, TERN_TIME_WAIT);
	wire_end(w);
}

/* Open and close, with Timestamps if @ts is not 0; the FIN of the peer has the number 1. */
static void
live(struct wire *w, uint32_t ts)
{
	char option[32] = "";
	struct segment s;

	if (ts != 0)
		snprintf(option, sizeof(option), "<TS val %u ecr 7>", ts);
	wire_in(w, "S 0:0(0) win 65535 %s", option);
	wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
	wire_in(w, ". 1:1(0) ack 1 win 65535 %s", option);
	wire_check(w, wire_conn(w) != NULL, "not open");
	tern_tcp_shutdown(wire_conn(w));
	wire_poll(w);
	wire_check(w, wire_segment(w, wire_now(w), &s) && (s.flags & FIN) != 0, "no FIN");
	wire_in(w, "F. 1:1(0) ack 2 win 65535 %s", option);
	wire_check(w, wire_segment(w, wire_now(w), &s) && s.flags == ACK, "no ACK");
	wire_check(w, (segment_option(&s, 8) != NULL) == (ts != 0), "Timestamps?");
	wire_state(w, TERN_TIME_WAIT);
}

/* SHLD-4, RFC 6191 §2. The old connection ended at number 2, and with the timestamp that was. */
static const struct {
	uint32_t was; /* timestamp; 0: none */
	int32_t seq;
	uint32_t is;
	bool opens;
} reuse[] = {
	{ 0, 3, 0, true },	 { 0, 2, 0, false },	     { 0, -5, 0, false },
	{ 0, 1000000, 0, true }, { 100, 3, 101, true },	     { 100, -5, 101, true },
	{ 100, 2, 101, true },	 { 100, 3, 100, true },	     { 100, 2, 100, false },
	{ 100, -5, 100, false }, { 100, 3, 99, false },	     { 100, -5, 99, false },
	{ 100, 3, 0, true },	 { 100, -5, 0, false },	     { 0, -5, 1, true },
	{ 0, 3, 1, true },	 { 100, -2000, 5000, true }, { 5000, 2000, 4000, false },
};

Test(time_wait, is_reopened_as_rfc_6191_says)
{
	const struct wire_how how = { .state = TERN_LISTEN };
	char option[32];
	struct segment s;
	struct wire *w;
	uint32_t old;
	unsigned int i;
	int seq;

	for (i = 0; i < RTE_DIM(reuse); i++)
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "timestamp %u, then %d with %u", reuse[i].was, reuse[i].seq,
				  reuse[i].is);
			live(w, reuse[i].was);
			old = w->flow->our_isn;
			option[0] = '\0';
			if (reuse[i].is != 0)
				snprintf(option, sizeof(option), "<TS val %u ecr 0>", reuse[i].is);
			if (reuse[i].opens)
				wire_renew(w, w->flow->peer_isn + (uint32_t)reuse[i].seq);
			seq = reuse[i].opens ? 0 : reuse[i].seq;
			wire_in(w, "S %d:%d(0) win 9 %s", seq, seq, option);
			wire_check(w, wire_segment(w, wire_now(w), &s), "no answer");
			wire_check(w, s.flags == (reuse[i].opens ? SYN | ACK : ACK), "flags %x",
				   s.flags);
			wire_state(w, reuse[i].opens ? TERN_SYN_RECEIVED : TERN_TIME_WAIT);
			wire_check(w, tern_tcp_connections(w->tcp) == 1, "two connections");
			if (reuse[i].opens)
				wire_check(w, (int32_t)(s.seq - (old + 2)) > 0,
					   "our numbers are not above the old ones");
			else
				wire_check(w, s.seq == old + 2, "not SND.NXT");
		}
}

/* RFC 7323 §5.3: a FIN from before the last one does not keep TIME-WAIT alive. */
Test(time_wait, old_fin_does_not_restart_it)
{
	struct wire *w = wire_after(TERN_LISTEN);

	live(w, 100);
	wire_pass(w, S(30));
	wire_in(w, "F. 1:1(0) ack 2 win 65535 <TS val 99 ecr 7>");
	wire_out_now(w, ". 2:2(0) ack 2 <...>");
	wire_quiet(w, MS(59999));
	wire_state(w, TERN_TIME_WAIT);
	wire_quiet(w, MS(60001));
	wire_state(w, TERN_CLOSED);
	wire_flow(w, 1);
	live(w, 100);
	wire_pass(w, S(90));
	wire_in(w, "F. 1:1(0) ack 2 win 65535 <TS val 100 ecr 7>");
	wire_out_now(w, ". 2:2(0) ack 2 <...>");
	wire_quiet(w, S(149));
	wire_state(w, TERN_TIME_WAIT);
	wire_pass(w, S(151));
	wire_state(w, TERN_CLOSED);
	wire_end(w);
}

static void
four(struct tern_config *c)
{
	c->time_waits = 4;
}

/* The oldest makes room; one that began anew is not the oldest any more. */
Test(time_wait, oldest_makes_room)
{
	const struct wire_how how = { .state = TERN_LISTEN, .tune = four };
	static const enum tern_tcp_state is[] = { TERN_TIME_WAIT, TERN_CLOSED,	  TERN_CLOSED,
						  TERN_CLOSED,	  TERN_TIME_WAIT, TERN_TIME_WAIT,
						  TERN_TIME_WAIT };
	struct wire *w = wire_open(&how);
	unsigned int i;

	for (i = 0; i < 7; i++) {
		if (i == 4) {
			wire_flow(w, 0);
			wire_in(w, "F. 1:1(0) ack 2 win 65535");
			wire_out_now(w, ". 2:2(0) ack 2");
		}
		wire_flow(w, i);
		live(w, 0);
		wire_pass(w, S(1) * (i + 1));
	}
	for (i = 0; i < 7; i++) {
		wire_flow(w, i);
		wire_state(w, is[i]);
	}
	wire_check(w,
		   tern_tcp_in_state(w->tcp, TERN_TIME_WAIT) == 4 &&
			   wire_count(w, TERN_EV_TCP_TIME_WAIT_REUSED) == 3,
		   "not counted");
	wire_end(w);
}

/* Each ends 60 s after it began, whoever else does. */
Test(time_wait, each_has_its_own_time)
{
	struct wire *w = wire_after(TERN_LISTEN);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		wire_flow(w, i);
		live(w, 0);
		wire_quiet(w, MS(500) * (i + 1));
	}
	for (i = 0; i < 20; i++) {
		wire_quiet(w, S(60) + MS(500) * i - MS(1));
		wire_check(w, tern_tcp_in_state(w->tcp, TERN_TIME_WAIT) == 20 - i, "%u: %u", i,
			   tern_tcp_in_state(w->tcp, TERN_TIME_WAIT));
		wire_quiet(w, S(60) + MS(500) * i + MS(1));
		wire_check(w, tern_tcp_in_state(w->tcp, TERN_TIME_WAIT) == 19 - i, "%u: %u", i,
			   tern_tcp_in_state(w->tcp, TERN_TIME_WAIT));
	}
	wire_end(w);
}

static void
one_half_open(struct tern_config *c)
{
	c->half_open = 1;
}

/* No room for a new one: the old one stays, and no cookie goes out, whose number may be too low. */
Test(time_wait, stays_when_there_is_no_room_for_a_new_one)
{
	const struct wire_how how = { .state = TERN_LISTEN, .tune = one_half_open };
	struct wire *w = wire_open(&how);

	live(w, 0);
	wire_flow(w, 1);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	wire_flow(w, 0);
	wire_in(w, "S 1000:1000(0) win 65535 <mss 1460>");
	wire_saw(w, TERN_DROP_TCP_BACKLOG);
	wire_quiet_now(w);
	wire_state(w, TERN_TIME_WAIT);
	wire_end(w);
}

/* Its port is not given to a new connection with the same peer. */
static void
one_port(struct tern_config *c)
{
	c->port_min = c->port_max = 5000;
}

Test(time_wait, keeps_its_port)
{
	const struct wire_how how = { .state = TERN_TIME_WAIT, .active = true, .tune = one_port };
	struct wire *w = wire_open(&how);
	struct tern_conn *c;

	cr_assert_neq(tern_tcp_connect(w->tcp, tern_addr_v4(w->flow->ends.src),
				       rte_cpu_to_be_16(w->flow->ends.sport), &w->user.vt, &c),
		      0);
	wire_pass(w, S(61));
	cr_assert_eq(tern_tcp_connect(w->tcp, tern_addr_v4(w->flow->ends.src),
				      rte_cpu_to_be_16(w->flow->ends.sport), &w->user.vt, &c),
		     0);
	wire_poll(w);
	wire_skip(w);
	wire_end(w);
}
