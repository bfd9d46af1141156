/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening (RFC 9293 §3.5, §3.9.1): passive, active, both at once; ports and initial numbers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

/* §3.5 figure 6, from the listener's side. */
Test(open, passively)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_LISTEN)) != NULL) {
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		wire_state(w, TERN_SYN_RECEIVED);
		wire_check(w, w->user.opened == 0, "open before the ACK");
		wire_quiet(w, MS(900));
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_state(w, TERN_ESTABLISHED);
		wire_check(w, w->user.opened == 1, "on_open() %u times", w->user.opened);
		wire_check(w,
			   wire_count(w, TERN_EV_TCP_PASSIVE_OPENS) == 1 &&
				   wire_count(w, TERN_EV_TCP_ESTABLISHED) == 1,
			   "not counted");
		wire_quiet(w, S(1000));
	}
}

/* §3.5 figure 6, from the other side. */
Test(open, actively)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_SYN_SENT)) != NULL) {
		wire_quiet(w, MS(900));
		wire_in(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_state(w, TERN_ESTABLISHED);
		wire_check(w, w->user.opened == 1, "on_open() %u times", w->user.opened);
		wire_check(w, wire_count(w, TERN_EV_TCP_ACTIVE_OPENS) == 1, "not counted");
		wire_quiet(w, S(1000));
	}
}

/* RFC 9293 §3.10.2, E42: what is ready goes with the third segment. */
Test(open, data_leave_with_the_ack_of_the_handshake)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .active = true, .offer = 10 };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL)
		wire_out_now(w, "P. 1:11(10) ack 1");
}

/* RFC 6298 (2.1), (5.5), RFC 4987 §3.3: 1 s, doubled each time; SYN_RECEIVED ends after 75 s. */
Test(syn_received, repeats_the_syn_ack_after_1_s_then_2_s)
{
	static const unsigned int times[] = { 1, 3, 7, 15, 31, 63 };
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_SYN_RECEIVED)) != NULL) {
		wire_quiet(w, MS(999));
		for (i = 0; i < RTE_DIM(times); i++)
			wire_out(w, S(times[i]), "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		wire_quiet(w, MS(74999));
		wire_state(w, TERN_SYN_RECEIVED);
		wire_quiet(w, S(76));
		wire_state(w, TERN_CLOSED);
		wire_check(w, tern_tcp_connections(w->tcp) == 0, "the block is not free");
	}
}

/*
 * MUST-22, MUST-23: a SYN is repeated for at least 3 minutes; RFC 6298 (2.5): at most 60 s apart.
 */
Test(syn_sent, repeats_the_syn_for_3_minutes)
{
	static const unsigned int times[] = { 1, 3, 7, 15, 31, 63, 123 };
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_SYN_SENT)) != NULL) {
		for (i = 0; i < RTE_DIM(times); i++)
			wire_out(w, S(times[i]), "S 0:0(0) win 65535 <...>");
		wire_quiet(w, MS(179999));
		wire_state(w, TERN_SYN_SENT);
		wire_quiet(w, S(181));
		wire_gone(w, TERN_TIMED_OUT);
	}
}

/* The options of a repeated SYN are those of the first. */
Test(syn_sent, repeats_the_same_syn)
{
	enum { TS_VAL_AT = 8 }; /* behind MSS, SACK-Permitted and the head of Timestamps */
	struct wire *w = wire_after(TERN_CLOSED);
	struct segment first, again;

	wire_connect(w);
	wire_segment(w, wire_now(w), &first);
	wire_segment(w, S(2), &again);
	wire_check(w,
		   first.opts_len == again.opts_len && first.win == again.win &&
			   memcmp(first.opts, again.opts, TS_VAL_AT) == 0 &&
			   memcmp(first.opts + TS_VAL_AT + 4, again.opts + TS_VAL_AT + 4,
				  first.opts_len - TS_VAL_AT - 4) == 0,
		   "another SYN");
	wire_end(w);
}

/* B20 (m#51): the third segment is lost; data, or a FIN, complete the handshake as well. */
Test(syn_received, data_complete_the_handshake)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_SYN_RECEIVED)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_state(w, TERN_ESTABLISHED);
		wire_check(w, w->user.opened == 1 && w->user.got == 100, "got %lu", w->user.got);
		wire_out(w, MS(40), ". 1:1(0) ack 101");
	}
}

/* Data that overtake the ACK are kept, then delivered. */
Test(syn_received, early_data_are_kept_for_later)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_SYN_RECEIVED)) != NULL) {
		wire_in(w, "P. 101:201(100) ack 1 win 65535");
		wire_skip(w);
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 201");
		wire_check(w, w->user.got == 200, "got %lu", w->user.got);
	}
}

/* A SYN-ACK that comes twice: our ACK was lost, say it again. */
Test(open, repeated_syn_ack_is_acknowledged_again)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .active = true };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_state(w, TERN_ESTABLISHED);
	}
}

/* MUST-10, §3.5 figure 7: both SYNs cross; either SYN-ACK or ACK of the peer completes it. */
Test(open, both_at_once)
{
	const struct wire_how how = { .state = TERN_SYN_RECEIVED, .active = true };
	static const char *const last[] = { "S. 0:0(0) ack 1 win 65535 <mss 1460>",
					    ". 1:1(0) ack 1 win 65535",
					    "P. 1:11(10) ack 1 win 65535" };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(last); i++)
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "%s", last[i]);
			wire_in(w, "%s", last[i]);
			wire_skip(w); /* an ACK for the SYN-ACK is allowed */
			wire_state(w, TERN_ESTABLISHED);
			wire_check(w, w->user.opened == 1, "on_open() %u times", w->user.opened);
			user_send(&w->user, 5);
			wire_poll(w);
			wire_out_now(w, "P. 1:6(5) ack %u", i == 2 ? 11 : 1);
		}
}

/* The SYN-ACK of a simultaneous open is repeated like any. */
Test(open, both_at_once_with_the_first_segments_lost)
{
	const struct wire_how how = { .state = TERN_SYN_RECEIVED, .active = true };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		wire_out(w, S(1), "S. 0:0(0) ack 1 win 65535 <...>");
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_skip(w);
		wire_state(w, TERN_SYN_RECEIVED);
		wire_in(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		wire_skip(w);
		wire_state(w, TERN_ESTABLISHED);
	}
}

/* MUST-11: after a reset in SYN-RECEIVED a passive open listens on, an active one was refused. */
Test(syn_received, reset_returns_a_passive_open_to_listen)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_SYN_RECEIVED)) != NULL) {
		wire_in(w, "R 1:1(0) win 0");
		wire_state(w, TERN_CLOSED);
		wire_check(w, w->user.opened == 0, "open");
		wire_renew(w, 123456);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_out_now(w, "S. 0:0(0) ack 1 <...>");
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_state(w, TERN_ESTABLISHED);
	}
}

/* RFC 1122 §4.2.2.20: a connection that nobody answers for is refused, with the reset's word. */
Test(syn_sent, reset_refuses_the_connection)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_SYN_SENT)) != NULL) {
		wire_in(w, "R. 0:0(0) ack 1 win 0");
		wire_gone(w, TERN_REFUSED);
		wire_check(w, w->user.opened == 0, "open");
		wire_check(w, wire_count(w, TERN_EV_TCP_ATTEMPT_FAILS) == 1, "not counted");
	}
}

static struct tern_addr
addr(const char *text)
{
	return tern_addr_v4(ip4(text));
}

static int
try_to(struct wire *w, const char *to, uint16_t port)
{
	struct tern_conn *c = (struct tern_conn *)w;
	int err = tern_tcp_connect(w->tcp, addr(to), rte_cpu_to_be_16(port), &w->user.vt, &c);

	cr_assert(err == 0 || c == (struct tern_conn *)w, "conn was touched on failure");
	return err;
}

static void
two_ports(struct tern_config *c)
{
	c->port_min = 5000;
	c->port_max = 5001;
	c->connections = 5;
}

/*
 * MUST-46, each refusal that the header names; B30: exhaustion is an error, and only towards one
 * peer.
 */
Test(open, says_why_it_cannot)
{
	const struct wire_how how = { .tune = two_ports };
	struct wire *w = wire_open(&how);

	cr_assert_eq(try_to(w, PEER_ADDR, 0), -EINVAL);
	cr_assert_eq(try_to(w, "0.0.0.0", 80), -EINVAL);
	cr_assert_eq(try_to(w, "224.0.0.1", 80), -EINVAL);
	cr_assert_eq(try_to(w, "255.255.255.255", 80), -EINVAL);
	cr_assert_eq(try_to(w, "10.9.0.255", 80), -EINVAL);
	cr_assert_eq(try_to(w, "192.0.2.1", 80), -EHOSTUNREACH);
	cr_assert_eq(try_to(w, PEER_ADDR, 80), 0);
	cr_assert_eq(try_to(w, PEER_ADDR, 80), 0);
	cr_assert_eq(try_to(w, PEER_ADDR, 80), -EADDRNOTAVAIL);
	cr_assert_eq(try_to(w, PEER_ADDR, 81), 0);
	cr_assert_eq(try_to(w, "10.9.0.7", 80), 0);
	cr_assert_eq(try_to(w, "10.9.0.7", 80), 0);
	cr_assert_eq(try_to(w, "10.9.0.7", 81), -ENOBUFS);
	wire_poll(w);
	wire_skip(w);
	tern_ip_del_addr(tern_ip(w->stack), addr(OUR_ADDR));
	cr_assert_neq(try_to(w, PEER_ADDR, 83), 0);
	wire_end(w);
}

/* A neighbour that does not answer ARP ends the attempt as unreachable, not after minutes. */
Test(open, silent_neighbour_is_unreachable)
{
	const struct wire_how how = { .cold = true };
	struct wire *w = wire_open(&how);

	wire_pass(w, S(10));
	cr_assert_eq(try_to(w, PEER_ADDR, 80), 0);
	w->flow->ends.dport = 0;
	wire_pass(w, S(60));
	wire_check(w, tern_tcp_connections(w->tcp) == 0, "still there after 50 s");
	wire_check(w, w->user.closed == 1 && w->user.why == TERN_UNREACHABLE, "closed: %s",
		   tern_why_text(w->user.why));
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs wait");
	wire_end(w);
}

static void
many(struct tern_config *c)
{
	c->connections = 4000;
	c->port_min = 10000;
	c->port_max = 17999;
}

static int
compare(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/*
 * RFC 6056 §3.1, §3.2, §3.3.1, row 6: drawn evenly from the range, never twice, never one after the
 * other.
 */
Test(open, draws_its_port_at_random)
{
	const struct wire_how how = { .tune = many };
	struct wire *w = wire_open(&how);
	unsigned int i, steps = 0, bins[16] = { 0 };
	static uint16_t ports[2000];
	struct tern_conn *c;
	double chi = 0;

	for (i = 0; i < RTE_DIM(ports); i++) {
		cr_assert_eq(
			tern_tcp_connect(w->tcp, addr(PEER_ADDR), RTE_BE16(80), &w->user.vt, &c),
			0);
		ports[i] = rte_be_to_cpu_16(c->lport);
		cr_assert(ports[i] >= 10000 && ports[i] <= 17999, "port %u", ports[i]);
		bins[(ports[i] - 10000) / 500]++;
		steps += i > 0 && ports[i] == ports[i - 1] + 1;
		wire_poll(w);
		wire_skip(w);
	}
	cr_assert_lt(steps, 10, "%u steps of one", steps);
	for (i = 0; i < 16; i++)
		chi += (bins[i] - 125.0) * (bins[i] - 125.0) / 125.0;
	cr_assert_lt(chi, 40, "not even: chi square %.1f with 15 degrees", chi);
	qsort(ports, RTE_DIM(ports), sizeof(ports[0]), compare);
	for (i = 1; i < RTE_DIM(ports); i++)
		cr_assert_neq(ports[i], ports[i - 1], "port %u twice", ports[i]);
	wire_end(w);
}

static uint32_t
isn_of(struct wire *w, unsigned int flow)
{
	struct segment s;

	wire_flow(w, flow);
	wire_renew(w, 1);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
	wire_in(w, "R 1:1(0) win 0");
	return s.seq;
}

static void
other_secret(struct tern_config *c)
{
	c->secret[3] ^= 1;
}

/*
 * MUST-8, MUST-9, SHLD-1, RFC 6528 §3, E51: a clock of 4 us per tuple; tuples and secrets tell
 * nothing of each other.
 */
Test(open, numbers_begin_at_a_clock_plus_a_keyed_hash)
{
	const struct wire_how how = { .state = TERN_LISTEN },
			      other = { .state = TERN_LISTEN, .tune = other_secret };
	struct wire *w = wire_open(&how);
	uint32_t first[WIRE_FLOWS], d;
	unsigned int i, same = 0, bits = 0;

	for (i = 0; i < WIRE_FLOWS; i++)
		first[i] = isn_of(w, i);
	wire_quiet(w, S(1));
	for (i = 0; i < WIRE_FLOWS; i++)
		wire_check(w, isn_of(w, i) - first[i] == 250000, "not 250000 a second");
	for (i = 1; i < WIRE_FLOWS; i++) {
		d = first[i] - first[i - 1];
		same += i > 1 && d == first[i - 1] - first[i - 2];
		bits += (unsigned int)__builtin_popcount(first[i] ^ first[i - 1]);
	}
	cr_assert_eq(same, 0, "equal steps from port to port");
	cr_assert(bits > 63 * 12 && bits < 63 * 20, "%u of 2016 bits differ", bits);
	wire_end(w);
	w = wire_open(&other);
	for (i = 0, same = 0; i < WIRE_FLOWS; i++)
		same += isn_of(w, i) == first[i];
	cr_assert_eq(same, 0, "the same under another secret");
	wire_end(w);
}

/* MUST-41: connections that share a port are told apart; each user hears of its own. */
Test(open, many_connections_to_one_port)
{
	struct wire *w = wire_after(TERN_LISTEN);
	unsigned int i;

	for (i = 0; i < 60; i++) {
		wire_flow(w, i);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	}
	for (i = 60; i-- > 0;) {
		wire_flow(w, i);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
	}
	wire_check(w, tern_tcp_in_state(w->tcp, TERN_ESTABLISHED) == 60 && w->user.opened == 60,
		   "%u open", w->user.opened);
	for (i = 0; i < 60; i++) {
		wire_flow(w, i);
		w->user.got = 0;
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_check(w, w->user.got == 100, "flow %u", i);
		wire_in(w, "R 101:101(0) win 0");
		wire_check(w, tern_tcp_connections(w->tcp) == 59 - i, "%u left",
			   tern_tcp_connections(w->tcp));
	}
	wire_end(w);
}
