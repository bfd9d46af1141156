/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (RFC 4987 §3.6): when nothing is left to remember a SYN with, its ACK brings back
 * what there is to know.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

enum { OTHERS = 60 }; /* the flow whose SYN takes the only place */

static enum tern_accept says;
static unsigned int asked;

static enum tern_accept
on_accept(const struct tern_tcp_listener *self, struct tern_syn *syn)
{
	cr_assert(syn->user == self->user && rte_be_to_cpu_16(syn->lport) == OUR_PORT);
	asked++;
	syn->data = &asked;
	return says;
}

static void
fill_backlog(struct wire *w)
{
	wire_flow(w, OTHERS);
	wire_renew(w, 77);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	wire_flow(w, 0);
}

/* A listener with a backlog of 1, in use or not. */
static void
listening(struct wire *w, bool used)
{
	says = TERN_ACCEPT;
	asked = 0;
	w->listener = (struct tern_tcp_listener){
		.port = OUR_PORT,
		.backlog = 1,
		.user = &w->user.vt,
		.on_accept = on_accept,
	};
	cr_assert_eq(tern_tcp_listen(w->tcp, &w->listener), 0);
	if (used)
		fill_backlog(w);
	asked = 0;
}

static struct wire *
flooded(void)
{
	struct wire *w = wire_after(TERN_CLOSED);

	listening(w, true);
	return w;
}

/* The peer's numbers matter to a cookie, ours are made of it. */
static struct wire *
flooded_each(void)
{
	const struct wire_how how = { .state = TERN_CLOSED };
	struct wire *w = wire_each(&how);

	if (w != NULL)
		listening(w, true);
	return w;
}

static void
counted(struct wire *w, uint64_t sent, uint64_t received, uint64_t bad)
{
	wire_check(w,
		   wire_count(w, TERN_EV_TCP_COOKIES_SENT) == sent &&
			   wire_count(w, TERN_EV_TCP_COOKIES_RECEIVED) == received &&
			   wire_count(w, TERN_EV_TCP_COOKIES_BAD) == bad,
		   "%lu sent, %lu received, %lu bad", wire_count(w, TERN_EV_TCP_COOKIES_SENT),
		   wire_count(w, TERN_EV_TCP_COOKIES_RECEIVED),
		   wire_count(w, TERN_EV_TCP_COOKIES_BAD));
}

Test(cookies, open_a_connection_without_memory)
{
	static const struct {
		const char *ack, *out;
		enum tern_tcp_state to;
		unsigned int got;
	} acks[] = {
		{ ". 1:1(0) ack 1 win 65535", NULL, TERN_ESTABLISHED, 0 },
		{ "P. 1:101(100) ack 1 win 65535", NULL, TERN_ESTABLISHED, 100 },
		{ "FP. 1:101(100) ack 1 win 65535", ". 1:1(0) ack 102", TERN_CLOSE_WAIT, 100 },
		{ "F. 1:1(0) ack 1 win 65535", ". 1:1(0) ack 2", TERN_CLOSE_WAIT, 0 },
	};
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(acks); i++)
		while ((w = flooded_each()) != NULL) {
			wire_in(w, "S 0:0(0) win 65535 <mss 1460,sackOK,wscale 7>");
			wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
			wire_state(w, TERN_CLOSED);
			wire_check(w, asked == 0, "the user was asked too early");
			wire_in(w, "%s", acks[i].ack);
			if (acks[i].out != NULL)
				wire_out_now(w, "%s", acks[i].out);
			wire_state(w, acks[i].to);
			wire_check(w, asked == 1 && wire_conn(w)->data == &asked, "not asked");
			wire_check(w, w->user.opened == 1 && w->user.got == acks[i].got, "got %lu",
				   w->user.got);
			wire_check(w,
				   (wire_conn(w)->flags & (TERN_CONN_WSCALE | TERN_CONN_TIMESTAMPS |
							   TERN_CONN_SACK | TERN_CONN_ECN)) == 0,
				   "flags %x", wire_conn(w)->flags);
			counted(w, 1, 1, 0);
			wire_pass(w, S(1));
			wire_skip(w);
		}
}

/* The largest of eight that is not above what the peer said (RFC 9293 MUST-16). */
Test(cookies, keep_the_mss_nearly)
{
	static const struct {
		const char *options;
		uint16_t mss;
	} cases[] = {
		{ "", 536 },
		{ "<mss 1>", 48 },
		{ "<mss 535>", 48 },
		{ "<mss 536>", 536 },
		{ "<mss 1219>", 536 },
		{ "<mss 1220>", 1220 },
		{ "<mss 1399>", 1360 },
		{ "<mss 1452>", 1440 },
		{ "<mss 1459>", 1440 },
		{ "<mss 1460>", 1460 },
		{ "<mss 65535>", 1460 },
	};
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		w = flooded();
		wire_note(w, "%s", cases[i].options);
		wire_in(w, "S 0:0(0) win 65535 %s", cases[i].options);
		wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_state(w, TERN_ESTABLISHED);
		wire_check(w, wire_conn(w)->snd.mss == cases[i].mss, "MSS %u",
			   wire_conn(w)->snd.mss);
		wire_end(w);
	}
}

static uint32_t
ts_val(struct wire *w, const struct segment *s)
{
	const uint8_t *o = segment_option(s, 8);

	wire_check(w, o != NULL, "no Timestamps");
	return get32(o + 2);
}

static void
check_flags(struct wire *w, const struct tern_conn *c, int wscale, bool sack, bool ecn)
{
	uint32_t want = TERN_CONN_TIMESTAMPS;

	want |= wscale >= 0 ? TERN_CONN_WSCALE : 0;
	want |= sack ? TERN_CONN_SACK : 0;
	want |= ecn ? TERN_CONN_ECN : 0;
	wire_check(w,
		   (c->flags & (TERN_CONN_WSCALE | TERN_CONN_TIMESTAMPS | TERN_CONN_SACK |
				TERN_CONN_ECN)) == want,
		   "flags %x, expected %x", c->flags, want);
	wire_check(w, wscale < 0 || (c->snd.wscale == wscale && c->rcv.wscale == 3),
		   "scales %u and %u", c->snd.wscale, c->rcv.wscale);
	wire_check(w, c->snd.wnd == 512u << (wscale < 0 ? 0 : wscale), "window %u", c->snd.wnd);
}

/* RFC 4987 §3.6: with Timestamps everything is kept: RFC 7323 §3.2 brings it back. */
static void
kept(struct wire *w, int wscale, bool sack, bool ecn)
{
	char options[80] = "mss 1460,TS val 100 ecr 0";
	struct segment s;
	uint32_t val;

	if (sack)
		strcat(options, ",sackOK");
	if (wscale >= 0)
		sprintf(options + strlen(options), ",wscale %d", wscale);
	wire_note(w, "%s %s", options, ecn ? "ECN" : "");
	wire_in(w, "%s 0:0(0) win 65535 <%s>", ecn ? "SEW" : "S", options);
	wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
	wire_check(w, s.flags == (ecn ? SYN | ACK | ECE : SYN | ACK), "flags %x", s.flags);
	wire_check(w,
		   (segment_option(&s, 4) != NULL) == sack &&
			   (segment_option(&s, 3) != NULL) == (wscale >= 0),
		   "not the options of the SYN");
	val = ts_val(w, &s);
	wire_in(w, ". 1:1(0) ack 1 win 512 <TS val 105 ecr %u>", val);
	wire_state(w, TERN_ESTABLISHED);
	check_flags(w, wire_conn(w), wscale, sack, ecn);
	wire_check(w, wire_conn(w)->rcv.ts == 105, "TS.Recent %u", wire_conn(w)->rcv.ts);
	counted(w, 1, 1, 0);
}

Test(cookies, keep_all_options_through_timestamps)
{
	static const int scales[] = { -1, 0, 7, 14 };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < 4 * RTE_DIM(scales); i++)
		while ((w = flooded_each()) != NULL)
			kept(w, scales[i / 4], (i & 1) != 0, (i & 2) != 0);
}

/* RFC 7323 §5.4: the clock of the SYN-ACK is never ahead, and at most 63 ticks behind. */
Test(cookies, timestamps_are_not_of_the_future)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct segment s;
	uint32_t clock, val, last = 0;
	unsigned int i;

	listening(w, false);
	wire_in(w, "S 0:0(0) win 65535 <TS val 100 ecr 0>");
	wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
	clock = ts_val(w, &s);
	wire_in(w, "R 1:1(0) win 0");
	fill_backlog(w);
	for (i = 0; i < 300; i++) {
		wire_pass(w, MS(1) * i);
		wire_renew(w, 5000 + i);
		wire_in(w, "S 0:0(0) win 65535 <sackOK,TS val 100 ecr 0,wscale %u>", i % 15);
		wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
		val = ts_val(w, &s);
		wire_check(w, clock + i - val <= 63, "clock %u, but %u", clock + i, val);
		wire_check(w, i < 64 || (int32_t)(val - last) >= -63, "goes back");
		last = val;
	}
	wire_end(w);
}

/* A period is 64 s: good for 64 s at least, for 128 at most. */
Test(cookies, are_good_for_two_periods)
{
	static const struct {
		unsigned int sent, back;
		bool good;
	} cases[] = {
		{ 0, 1, true },	   { 0, 63, true },    { 1, 65, true },	   { 1, 127, true },
		{ 63, 64, true },  { 63, 127, true },  { 63, 128, false }, { 1, 129, false },
		{ 65, 191, true }, { 65, 193, false }, { 1, 257, false },  { 1, 1025, false },
	};
	const struct wire_how how = { .state = TERN_CLOSED, .peer_isn = 1 };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		w = wire_open(&how);
		wire_note(w, "sent at %u s, back at %u s", cases[i].sent, cases[i].back);
		wire_pass(w, S(1) * cases[i].sent);
		listening(w, true);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		wire_flow(w, OTHERS);
		wire_in(w, "R 1:1(0) win 0");
		/* Others keep cookies expected. */
		fill_backlog(w);
		wire_pass(w, S(1) * cases[i].back);
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		if (cases[i].good)
			wire_state(w, TERN_ESTABLISHED);
		else
			wire_out_now(w, "R 1:1(0)");
		wire_end(w);
	}
}

/* What is not just so is answered as at a closed port, and no user hears of it. */
Test(cookies, forged_ones_are_reset)
{
	struct wire *w;
	unsigned int i;

	while ((w = flooded_each()) != NULL) {
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		for (i = 0; i < 32; i++) {
			wire_note(w, "bit %u", i);
			wire_in(w, ". 1:1(0) ack %u win 65535", 1 + (1u << i));
			wire_out_reset(w, 1 + (1u << i));
			wire_in(w, ". %u:%u(0) ack 1 win 65535", 1 + (1u << i), 1 + (1u << i));
			wire_out_reset(w, 1);
		}
		wire_note(w, "Timestamps that were not there");
		wire_in(w, ". 1:1(0) ack 1 win 65535 <TS val 1 ecr 1>");
		wire_out_reset(w, 1);
		wire_note(w, "from another port");
		w->flows[1].our_isn = w->flow->our_isn;
		w->flows[1].our_isn_known = true;
		w->flows[1].peer_isn = w->flow->peer_isn;
		wire_flow(w, 1);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_out_reset(w, 1);
		wire_check(w, wire_blocks(w) == 0 && asked == 0, "something was believed");
		/* Without an ACK it is none; with a reset it is no answer's worth. */
		wire_flow(w, 0);
		wire_in(w, "R. 1:1(0) ack 1 win 0");
		wire_quiet_now(w);
		counted(w, 1, 0, 66);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_state(w, TERN_ESTABLISHED);
	}
}

/* The bits in TSecr are under the hash, too. */
Test(cookies, forged_timestamps_are_reset)
{
	struct wire *w;
	struct segment s;
	uint32_t val;
	unsigned int i;

	while ((w = flooded_each()) != NULL) {
		wire_in(w, "S 0:0(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,wscale 7>");
		wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
		val = ts_val(w, &s);
		for (i = 0; i < 6; i++) {
			wire_in(w, ". 1:1(0) ack 1 win 65535 <TS val 101 ecr %u>", val ^ 1u << i);
			wire_out_reset(w, 1);
		}
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_out_reset(w, 1);
		counted(w, 1, 0, 7);
		wire_in(w, ". 1:1(0) ack 1 win 65535 <TS val 101 ecr %u>", val);
		wire_state(w, TERN_ESTABLISHED);
	}
}

/* No cookie is out: an ACK is not even looked at. */
Test(cookies, are_believed_only_when_some_are_out)
{
	struct wire *w = wire_after(TERN_CLOSED);
	unsigned int i;

	listening(w, false);
	for (i = 0; i < 1000; i++) {
		wire_in(w, ". 1:1(0) ack @%u win 65535", i * 7919);
		wire_skip(w);
	}
	counted(w, 0, 0, 0);
	fill_backlog(w);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
	wire_in(w, ". 1:1(0) ack 2 win 65535");
	wire_out_reset(w, 2);
	counted(w, 1, 0, 1);
	wire_pass(w, S(200));
	wire_skip(w);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_out_reset(w, 1);
	counted(w, 1, 0, 1);
	wire_end(w);
}

/* on_accept() is asked when the peer has shown that it is there. */
Test(cookies, user_decides_at_the_ack)
{
	struct wire *w = flooded();

	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
	wire_check(w, asked == 0, "asked too early");
	says = TERN_IGNORE;
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_saw(w, TERN_DROP_TCP_POLICY);
	wire_quiet_now(w);
	says = TERN_REFUSE;
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_out_reset(w, 1);
	wire_check(w, asked == 2 && wire_blocks(w) == 0, "asked %u times", asked);
	says = TERN_ACCEPT;
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_end(w);
}

/* RFC 4987 §3.7: as soon as there is room SYNs are remembered again. */
Test(cookies, are_sent_only_in_need)
{
	struct wire *w = flooded();

	wire_in(w, "S 0:0(0) win 65535 <mss 1460,wscale 2>");
	wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
	wire_flow(w, OTHERS);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_flow(w, 1);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460,wscale 2>");
	wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460,wscale 3>");
	counted(w, 1, 0, 0);
	wire_end(w);
}

static void
one_block(struct tern_config *c)
{
	c->connections = 1;
	c->half_open = 1;
}

/* No connection block: a counted drop, and the same ACK is as good later. */
Test(cookies, wait_for_a_connection_block)
{
	const struct wire_how how = { .state = TERN_LISTEN, .tune = one_block };
	struct wire *w = wire_open(&how);

	fill_backlog(w);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
	wire_flow(w, OTHERS);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_flow(w, 0);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_saw(w, TERN_DROP_TCP_FULL);
	wire_quiet_now(w);
	wire_flow(w, OTHERS);
	wire_in(w, "R 1:1(0) win 0");
	wire_flow(w, 0);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_end(w);
}

/* A one-shot listener has one shot, by a cookie too. */
Test(cookies, one_shot_takes_one)
{
	struct wire *w = flooded();

	w->listener.one_shot = true;
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	wire_flow(w, 1);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "R. @0:@0(0) ack 1");
	wire_end(w);
}

static unsigned int
differing(uint32_t a, uint32_t b)
{
	return (unsigned int)__builtin_popcount(a ^ b);
}

/* One tells nothing of another: half of the 28 bits differ, whatever changes. */
Test(cookies, do_not_give_each_other_away)
{
	struct wire *w = flooded();
	uint32_t last = 0;
	unsigned int i, bits = 0;
	struct segment s;

	for (i = 0; i < 1000; i++) {
		wire_flow(w, i % 50);
		wire_renew(w, i / 50);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
		bits += i > 0 ? differing(s.seq & ~0xfu, last & ~0xfu) : 0;
		last = s.seq;
	}
	cr_assert(bits > 999 * 13 && bits < 999 * 15, "%u of %u bits differ", bits, 999 * 28);
	wire_end(w);
}
