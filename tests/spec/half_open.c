/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN-RECEIVED of passive opens (RFC 9293 §3.10.7.2, .4): 64 bytes until the handshake is complete,
 * and nothing that anybody would have to be told of. What each segment does to it stands in
 * events.c.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

static void
syn(struct wire *w, unsigned int flow)
{
	wire_flow(w, flow);
	wire_renew(w, 1000 + flow);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
}

static struct wire *
listening(void (*tune)(struct tern_config *))
{
	const struct wire_how how = { .state = TERN_LISTEN, .tune = tune };

	return wire_open(&how);
}

/* RFC 4987 §3.5: 64 bytes, its place in the flow table apart, which is 11 to 23 more. */
Test(half_open, costs_64_bytes)
{
	struct tern_config c = tern_config_server;
	size_t one, two;

	c.secret[0] = 1;
	c.half_open = 1u << 18;
	one = tern_stack_bytes(&c);
	c.half_open = 1u << 19;
	two = tern_stack_bytes(&c);
	cr_assert_leq((two - one) >> 18, 64 + 23, "%zu bytes", (two - one) >> 18);
}

static void
few_blocks(struct tern_config *c)
{
	c->connections = 2;
	c->half_open = 40;
}

Test(half_open, takes_no_connection_block)
{
	struct wire *w = listening(few_blocks);
	unsigned int i;

	for (i = 0; i < 40; i++) {
		syn(w, i);
		wire_out_now(w, "S. 0:0(0) ack 1 <...>");
		wire_state(w, TERN_SYN_RECEIVED);
	}
	wire_check(w, wire_blocks(w) == 0, "%u blocks", wire_blocks(w));
	wire_check(w,
		   tern_tcp_connections(w->tcp) == 40 &&
			   tern_tcp_in_state(w->tcp, TERN_SYN_RECEIVED) == 40,
		   "%u connections", tern_tcp_connections(w->tcp));
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_check(w, wire_blocks(w) == 1, "%u blocks", wire_blocks(w));
	wire_end(w);
}

static void
one_block(struct tern_config *c)
{
	c->connections = 1;
}

/* No block at the third segment: it stays half open, and gets one when it comes again. */
Test(half_open, waits_for_a_connection_block)
{
	struct wire *w = listening(one_block);

	syn(w, 0);
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	syn(w, 1);
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_flow(w, 0);
	wire_in(w, "P. 1:11(10) ack 1 win 65535");
	wire_saw(w, TERN_DROP_TCP_FULL);
	wire_state(w, TERN_SYN_RECEIVED);
	wire_out(w, S(1), "S. 0:0(0) ack 1 <...>");
	wire_flow(w, 1);
	wire_in(w, "R 1:1(0) win 0");
	wire_flow(w, 0);
	wire_in(w, "P. 1:11(10) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_check(w, w->user.got == 10 && w->user.opened == 2, "got %lu", w->user.got);
	wire_pass(w, S(2));
	wire_skip(w);
	wire_end(w);
}

/* RFC 2018 §2, RFC 7323 §2.2, RFC 3168 §6.1.1: the answer has what the SYN offered, no more. */
static const struct {
	const char *syn, *out;
} offers[] = {
	{ "S 0:0(0) win 9", "S. 0:0(0) ack 1 win 65535 <mss 1460>" },
	{ "S 0:0(0) win 9 <mss 1000>", "S. 0:0(0) ack 1 win 65535 <mss 1460>" },
	{ "S 0:0(0) win 9 <sackOK>", "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK>" },
	{ "S 0:0(0) win 9 <wscale 7>", "S. 0:0(0) ack 1 win 65535 <mss 1460,wscale 3>" },
	{ "S 0:0(0) win 9 <mss 1460,sackOK,wscale 0>",
	  "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,wscale 3>" },
	{ "SE 0:0(0) win 9 <mss 1460>", "S. 0:0(0) ack 1 win 65535 <mss 1460>" },
	{ "SW 0:0(0) win 9 <mss 1460>", "S. 0:0(0) ack 1 win 65535 <mss 1460>" },
	{ "SEW 0:0(0) win 9 <mss 1460>", "S.E 0:0(0) ack 1 win 65535 <mss 1460>" },
};

Test(half_open, says_again_what_it_said)
{
	const struct wire_how how = { .state = TERN_LISTEN };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(offers); i++)
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "%s", offers[i].syn);
			wire_in(w, "%s", offers[i].syn);
			wire_out_now(w, "%s", offers[i].out);
			wire_out(w, S(1), "%s", offers[i].out);
			wire_in(w, "%s", offers[i].syn);
			wire_out_now(w, "%s", offers[i].out);
			wire_out(w, S(3), "%s", offers[i].out);
		}
}

static void
refuses_all(struct tern_config *c)
{
	c->wscale = 0;
	c->timestamps = 0;
	c->sack = 0;
	c->ecn = 0;
}

/* What is switched off is not taken up. */
Test(half_open, says_only_what_it_may)
{
	struct wire *w = listening(refuses_all);

	wire_in(w, "SEW 0:0(0) win 9 <mss 1460,sackOK,TS val 1 ecr 0,wscale 7>");
	wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_check(w,
		   (wire_conn(w)->flags & (TERN_CONN_WSCALE | TERN_CONN_TIMESTAMPS |
					   TERN_CONN_SACK | TERN_CONN_ECN)) == 0,
		   "flags %x", wire_conn(w)->flags);
	wire_end(w);
}

/* The value of our Timestamps; the echo in it must be that of the test. */
static uint32_t
ts_val(struct wire *w, const struct segment *s, uint32_t echo)
{
	const uint8_t *o = segment_option(s, 8);

	wire_check(w, o != NULL, "no Timestamps");
	wire_check(w, get32(o + 6) == echo, "not the echo of %u", echo);
	return get32(o + 2);
}

/* RFC 7323 §3.2, §5.4: they tick on from SYN-ACK to SYN-ACK; what the SYN said gets through. */
Test(half_open, keeps_timestamps_and_all_options)
{
	const struct wire_how how = { .state = TERN_LISTEN };
	const uint32_t all =
		TERN_CONN_WSCALE | TERN_CONN_TIMESTAMPS | TERN_CONN_SACK | TERN_CONN_ECN;
	struct tern_conn *c;
	struct segment s;
	struct wire *w;
	uint32_t val;

	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, "SEW 0:0(0) win 9 <mss 1300,sackOK,TS val 100 ecr 0,nop,wscale 7>");
		wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
		wire_check(w,
			   s.flags == (SYN | ACK | ECE) && segment_option(&s, 4) != NULL &&
				   segment_option(&s, 3) != NULL && s.win == 65535,
			   "not all options");
		val = ts_val(w, &s, 100);
		wire_check(w, wire_segment(w, S(1), &s), "not repeated");
		wire_check(w, ts_val(w, &s, 100) == val + 1000, "the clock is not that of ms");
		/* RFC 7323 §5.3: older than the SYN; §3.2: without. */
		wire_in(w, ". 1:1(0) ack 1 win 512 <TS val 99 ecr %u>", val);
		wire_check(w, wire_segment(w, wire_now(w), &s), "no ACK");
		wire_check(w, s.flags == ACK && ts_val(w, &s, 100) == val + 1000, "not that ACK");
		wire_in(w, ". 1:1(0) ack 1 win 512");
		wire_quiet_now(w);
		wire_state(w, TERN_SYN_RECEIVED);
		wire_in(w, ". 1:1(0) ack 1 win 512 <TS val 101 ecr %u>", val);
		wire_state(w, TERN_ESTABLISHED);
		c = wire_conn(w);
		wire_check(w, (c->flags & all) == all, "flags %x", c->flags);
		wire_check(w, c->snd.wscale == 7 && c->rcv.wscale == 3 && c->snd.wnd == 512 << 7,
			   "windows are not scaled");
		wire_check(w, c->snd.mss <= 1300 && c->snd.mss >= 1288, "MSS %u", c->snd.mss);
		wire_check(w, c->rcv.ts == 100 || c->rcv.ts == 101, "TS.Recent %u", c->rcv.ts);
	}
}

/* Its end is nobody's business: the user has had no connection yet. */
Test(half_open, ends_in_silence)
{
	struct wire *w;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		w = wire_after(TERN_SYN_RECEIVED);
		wire_note(w, "case %u", i);
		if (i == 0)
			wire_in(w, "R 1:1(0) win 0");
		else if (i == 1)
			wire_in(w, "S 100:100(0) win 1000");
		else if (i == 2)
			wire_pass(w, S(80));
		else
			tern_tcp_unlisten(w->tcp, &w->listener);
		wire_poll(w);
		wire_skip(w);
		wire_state(w, TERN_CLOSED);
		wire_check(w, w->user.opened == 0 && w->user.closed == 0, "the user was told");
		wire_check(w, wire_count(w, TERN_EV_TCP_ATTEMPT_FAILS) == 1, "not counted");
		wire_check(w, wire_count(w, TERN_EV_TCP_TIMEOUTS) == (i == 2), "timeouts");
		wire_check(w, tern_tcp_connections(w->tcp) == 0, "something is left");
		wire_quiet(w, S(200));
		wire_end(w);
	}
}

static void
short_rto(struct tern_config *c)
{
	c->rto_initial_ns = 100 * TERN_MS;
	c->rto_max_ns = TERN_S;
}

/* RFC 6298 (2.5), (5.5): up to rto_max; but 15 repetitions are enough for anyone. */
Test(half_open, is_repeated_at_most_15_times)
{
	const struct wire_how how = { .state = TERN_SYN_RECEIVED, .tune = short_rto };
	uint64_t at = 0, wait = MS(100);
	struct wire *w = wire_open(&how);
	unsigned int i;

	for (i = 0; i < 15; i++) {
		at += wait;
		wait = wait * 2 < S(1) ? wait * 2 : S(1);
		wire_out(w, at, "S. 0:0(0) ack 1 <...>");
	}
	wire_quiet(w, MS(74999));
	wire_state(w, TERN_SYN_RECEIVED);
	wire_quiet(w, MS(75001));
	wire_state(w, TERN_CLOSED);
	wire_end(w);
}

/* Of many that began at different times each is repeated at its own. */
Test(half_open, each_has_its_own_time)
{
	struct wire *w = listening(NULL);
	unsigned int i, k;

	for (i = 0; i < 10; i++) {
		wire_pass(w, MS(90) * i);
		syn(w, i);
		wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	}
	/* One from the middle completes, one ends. */
	wire_flow(w, 4);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_flow(w, 7);
	wire_in(w, "R 1:1(0) win 0");
	for (k = 1; k < 16; k = 2 * k + 1)
		for (i = 0; i < 10; i++) {
			if (i == 4 || i == 7)
				continue;
			wire_flow(w, i);
			wire_out(w, S(k) + MS(90) * i, "S. 0:0(0) ack 1 <...>");
		}
	wire_end(w);
}

/* RFC 5961 §7: challenge ACKs are limited here, too. */
Test(half_open, challenges_within_a_limit)
{
	struct wire *w = wire_after(TERN_SYN_RECEIVED);
	unsigned int i, n = 0;

	for (i = 0; i < 900; i++) {
		wire_pass(w, MS(1) * i);
		wire_in(w, "R 1000:1000(0) win 0");
		n += wire_skip(w);
	}
	wire_check(w, n >= 5 && n <= 11, "%u challenge ACKs in 0.9 s", n);
	wire_state(w, TERN_SYN_RECEIVED);
	wire_end(w);
}

static void
no_cookies(struct tern_config *c)
{
	c->syn_cookies = 0;
	c->half_open = 5;
}

/*
 * RFC 4987 §3.7: tern_config.half_open is a bound of its own, below the backlog of all listeners.
 */
Test(half_open, bound_is_exact)
{
	struct wire *w = listening(no_cookies);
	unsigned int i;

	for (i = 0; i < 8; i++) {
		syn(w, i);
		if (i < 5)
			wire_out_now(w, "S. 0:0(0) ack 1 <...>");
		else
			wire_saw(w, TERN_DROP_TCP_BACKLOG);
		wire_quiet_now(w);
	}
	wire_flow(w, 2);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	syn(w, 6);
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	syn(w, 7);
	wire_saw(w, TERN_DROP_TCP_BACKLOG);
	wire_end(w);
}

/* Two addresses and two ports of ours, one peer: each attempt is told apart. */
Test(half_open, is_told_apart_by_our_end)
{
	const struct tern_addr second = tern_addr_v4(ip4("10.9.0.3"));
	struct wire *w = listening(NULL);
	struct tern_tcp_listener other = w->listener;
	unsigned int i;

	other.port = OUR_PORT + 1;
	cr_assert_eq(tern_tcp_listen(w->tcp, &other), 0);
	cr_assert_eq(tern_ip_add_addr(tern_ip(w->stack), second, 120), 0);
	wire_poll(w);
	wire_skip(w);
	for (i = 0; i < 4; i++) {
		w->flows[i].ends = w->flows[0].ends;
		w->flows[i].ends.dport = OUR_PORT + (i & 1);
		w->flows[i].ends.dst = i < 2 ? ip4(OUR_ADDR) : ip4("10.9.0.3");
	}
	syn(w, 0);
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	for (i = 0; i < 4; i++) {
		wire_flow(w, i);
		wire_state(w, i == 0 ? TERN_SYN_RECEIVED : TERN_CLOSED);
	}
	syn(w, 1);
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	cr_assert_eq(tern_tcp_unlisten(w->tcp, &w->listener), 0);
	wire_poll(w);
	wire_skip(w);
	for (i = 0; i < 4; i++) {
		wire_flow(w, i);
		wire_state(w, i == 1 ? TERN_SYN_RECEIVED : TERN_CLOSED);
	}
	wire_end(w);
}

/*
 * 100 000 SYNs from anywhere: no more memory than there was, no mbuf kept, and who answers its
 * SYN-ACK gets in all the while; when it is over nothing is left of it.
 */
Test(half_open, flood_leaves_memory_flat)
{
	struct wire *w = listening(NULL);
	struct ends ends = w->flow->ends;
	struct segment s = { .flags = SYN, .win = 65535 };
	uint32_t dice = 1, served = 0;
	struct frame f;
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		dice = dice * 1664525u + 1013904223u;
		ends.src = rte_cpu_to_be_32(RTE_IPV4(11, 0, 0, 0) + dice % 0x4000000);
		ends.sport = (uint16_t)(1024 + dice % 50000);
		s.seq = dice * 7;
		frame_tcp(&f, &ends, &s, NULL);
		wire_raw(w, &f);
		wire_check(w, wire_skip(w) == 1, "SYN %u is not answered", i);
		if (i % 1000 != 999)
			continue;
		syn(w, 0);
		wire_out_now(w, "S. 0:0(0) ack 1 <...>");
		wire_in(w, "P. 1:11(10) ack 1 win 65535");
		wire_state(w, TERN_ESTABLISHED);
		served++;
		wire_in(w, "R 11:11(0) win 0");
		w->user.got = 0;
	}
	wire_check(w, w->user.opened == 100 && served == 100, "%u were served", w->user.opened);
	wire_check(w, tern_tcp_in_state(w->tcp, TERN_SYN_RECEIVED) == 64, "%u half open",
		   tern_tcp_in_state(w->tcp, TERN_SYN_RECEIVED));
	wire_check(w, wire_blocks(w) == 0 && tern_stack_mbufs(w->stack) == 0, "something is kept");
	wire_check(w, wire_count(w, TERN_EV_TCP_COOKIES_SENT) == 100000 - 64 + 100, "%lu cookies",
		   wire_count(w, TERN_EV_TCP_COOKIES_SENT));
	wire_pass(w, S(80));
	wire_skip(w);
	wire_check(w, tern_tcp_connections(w->tcp) == 0, "%u are left",
		   tern_tcp_connections(w->tcp));
	wire_end(w);
}
