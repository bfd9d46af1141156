/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Closing (RFC 9293 §3.6, §3.10.4, §3.10.5): each way, with each segment lost once.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

/* The retransmission timeout that the connection would use now, ns. */
static uint64_t
rto(struct wire *w)
{
	return (uint64_t)wire_conn(w)->rtt.rto * TERN_TICK_NS;
}

static void
close_it(struct wire *w)
{
	tern_tcp_close(wire_conn(w));
	wire_poll(w);
}

/*
 * MUST-13, RFC 9293 §3.10.4, §3.10.8, §3.6 case 1, figure 12: we close first; TIME-WAIT lasts 60 s,
 * then nothing is left.
 */
Test(close, actively_then_time_wait)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		close_it(w);
		wire_out_now(w, "F. 1:1(0) ack 1");
		wire_state(w, TERN_FIN_WAIT_1);
		wire_in(w, ". 1:1(0) ack 2 win 65535");
		wire_state(w, TERN_FIN_WAIT_2);
		wire_quiet(w, S(5));
		wire_in(w, "F. 1:1(0) ack 2 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
		wire_state(w, TERN_TIME_WAIT);
		wire_quiet(w, S(64) + MS(999));
		wire_state(w, TERN_TIME_WAIT);
		wire_quiet(w, S(65) + MS(1));
		wire_gone(w, TERN_FINISHED);
		wire_check(w, tern_tcp_connections(w->tcp) == 0, "the block is not free");
	}
}

/* MUST-12, §3.6 case 2: the peer closes first; the ACK of our FIN is the end. */
Test(close, passively)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "F. 1:1(0) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 2");
		wire_state(w, TERN_CLOSE_WAIT);
		wire_check(w, w->user.eofs == 1 && w->user.closed == 0, "user");
		wire_quiet(w, S(1000));
		close_it(w);
		wire_out_now(w, "F. 1:1(0) ack 2");
		wire_state(w, TERN_LAST_ACK);
		wire_in(w, ". 2:2(0) ack 2 win 65535");
		wire_gone(w, TERN_FINISHED);
		wire_check(w, tern_tcp_connections(w->tcp) == 0, "the block is not free");
		wire_quiet(w, S(2000));
	}
}

/* Who has no on_eof(), and who closes from inside it, answers FIN with FIN. */
Test(close, from_on_eof_or_without_one)
{
	struct wire *w;
	struct segment s;
	unsigned int i, fins;

	for (i = 0; i < 2; i++)
		while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
			w->user.close_on_eof = true;
			if (i == 1)
				w->user.vt.on_eof = NULL;
			wire_in(w, "F. 1:1(0) ack 1 win 65535");
			for (fins = 0; wire_segment(w, wire_now(w), &s);) {
				wire_check(w, s.ack == w->flow->peer_isn + 2,
					   "FIN not acknowledged");
				fins += (s.flags & FIN) != 0;
			}
			wire_check(w, fins == 1, "%u FINs", fins);
			wire_state(w, TERN_LAST_ACK);
			wire_in(w, ". 2:2(0) ack 2 win 65535");
			wire_gone(w, TERN_FINISHED);
		}
}

/* §3.6 case 3, figure 13: both at once. */
Test(close, both_at_once)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_FIN_WAIT_1)) != NULL) {
		wire_in(w, "F. 1:1(0) ack 1 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
		wire_state(w, TERN_CLOSING);
		wire_in(w, ". 2:2(0) ack 2 win 65535");
		wire_state(w, TERN_TIME_WAIT);
		wire_quiet(w, S(60) + MS(1));
		wire_gone(w, TERN_FINISHED);
	}
}

/* B7 (s#398, m#489): both at once, and our FIN is lost: it is repeated from CLOSING. */
Test(close, both_at_once_with_our_fin_lost)
{
	struct wire *w;
	uint64_t t;

	while ((w = wire_each_after(TERN_FIN_WAIT_1)) != NULL) {
		t = rto(w);
		wire_in(w, "F. 1:1(0) ack 1 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
		wire_out(w, t, "F. 1:1(0) ack 2");
		wire_out(w, 3 * t, "F. 1:1(0) ack 2");
		wire_in(w, ". 2:2(0) ack 2 win 65535");
		wire_state(w, TERN_TIME_WAIT);
		wire_quiet(w, S(70));
		wire_gone(w, TERN_FINISHED);
	}
}

/* The peer's FIN is lost, or our ACK of it: the peer repeats it in CLOSING. */
Test(close, both_at_once_with_the_peers_fin_repeated)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_CLOSING)) != NULL) {
		wire_in(w, "F. 1:1(0) ack 1 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
		wire_state(w, TERN_CLOSING);
		wire_in(w, ". 2:2(0) ack 2 win 65535");
		wire_state(w, TERN_TIME_WAIT);
	}
}

/* RFC 6298 for a FIN: repeated at RTO, 2 RTO, 4 RTO from FIN-WAIT-1 and from LAST-ACK. */
Test(close, fin_is_repeated_with_backoff)
{
	static const enum tern_tcp_state states[] = { TERN_FIN_WAIT_1, TERN_LAST_ACK };
	struct wire *w;
	unsigned int i, k, ack;
	uint64_t t;

	for (i = 0; i < 2; i++)
		while ((w = wire_each_after(states[i])) != NULL) {
			ack = states[i] == TERN_LAST_ACK ? 2 : 1;
			t = rto(w);
			for (k = 1; k < 6; k++)
				wire_out(w, t * ((1u << k) - 1), "F. 1:1(0) ack %u", ack);
			wire_in(w, ". %u:%u(0) ack 2 win 65535", ack, ack);
			wire_state(w, ack == 2 ? TERN_CLOSED : TERN_FIN_WAIT_2);
			wire_quiet(w, S(50));
		}
}

/* MUST-20: a FIN that nobody ever acknowledges ends in time-out, from each state that sends one. */
Test(close, gives_up_a_fin_that_is_never_acknowledged)
{
	static const enum tern_tcp_state states[] = { TERN_FIN_WAIT_1, TERN_CLOSING,
						      TERN_LAST_ACK };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		w = wire_after(states[i]);
		wire_pass(w, MS(99999));
		wire_state(w, states[i]);
		wire_pass(w, S(101));
		wire_gone(w, TERN_TIMED_OUT);
		wire_end(w);
	}
}

/* §3.6, B9: after our FIN the peer may go on for ever: all is delivered and acknowledged. */
Test(close, half_closed_still_receives)
{
	struct wire *w;
	uint32_t at;

	while ((w = wire_each_after(TERN_FIN_WAIT_2)) != NULL) {
		for (at = 1; at < 292001; at += 2920) {
			wire_in(w, ". %u:%u(1460) ack 2 win 65535", at, at + 1460);
			wire_quiet_now(w);
			wire_in(w, ". %u:%u(1460) ack 2 win 65535", at + 1460, at + 2920);
			wire_out_now(w, ". 2:2(0) ack %u win 65535", at + 2920);
		}
		wire_check(w, w->user.got == 292000, "got %lu", w->user.got);
		wire_quiet(w, S(1000)); /* a half-closed connection has no time limit */
		wire_in(w, "F. %u:%u(0) ack 2 win 65535", at, at);
		wire_out_now(w, ". 2:2(0) ack %u", at + 1);
		wire_state(w, TERN_TIME_WAIT);
		wire_check(w, w->user.eofs == 1, "%u times EOF", w->user.eofs);
	}
}

/* The other half: in CLOSE-WAIT we still send, and the FIN goes behind the last byte. */
Test(close, half_closed_still_sends)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_CLOSE_WAIT)) != NULL) {
		user_send(&w->user, 2000);
		wire_poll(w);
		wire_out_now(w, ". 1:1461(1460) ack 2");
		wire_skip(w); /* the rest, if Nagle lets it go */
		close_it(w);
		wire_skip(w);
		wire_in(w, ". 2:2(0) ack 1461 win 65535");
		wire_pass(w, MS(50));
		wire_in(w, ". 2:2(0) ack 2002 win 65535");
		wire_gone(w, TERN_FINISHED);
		wire_check(w, w->user.acked == 2000, "acked %lu", w->user.acked);
	}
}

/* B10 (p#34): the FIN rides on the last data; behind it there is nothing. */
Test(close, fin_goes_with_the_last_byte)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		w->user.offer = 100;
		tern_tcp_shutdown(wire_conn(w));
		wire_poll(w);
		wire_out_now(w, "FP. 1:101(100) ack 1");
		wire_state(w, TERN_FIN_WAIT_1);
		wire_in(w, ". 1:1(0) ack 101 win 65535");
		wire_state(w, TERN_FIN_WAIT_1);
		wire_quiet_now(w);
		wire_in(w, ". 1:1(0) ack 102 win 65535");
		wire_state(w, TERN_FIN_WAIT_2);
		wire_check(w, w->user.acked == 100, "acked %lu", w->user.acked);
	}
}

/* B10 (s#665): a small rest that Nagle holds is not held back from the FIN for ever. */
Test(close, nagle_does_not_hold_the_fin)
{
	struct wire *w;
	struct segment s;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		user_send(&w->user, 10);
		wire_poll(w);
		wire_out_now(w, "P. 1:11(10) ack 1");
		user_send(&w->user, 10);
		wire_poll(w);
		wire_quiet_now(w);
		tern_tcp_shutdown(wire_conn(w));
		wire_poll(w);
		if (!wire_segment(w, wire_now(w), &s)) {
			wire_in(w, ". 1:1(0) ack 11 win 65535");
			wire_check(w, wire_segment(w, wire_now(w), &s), "no FIN after the ACK");
		}
		wire_check(w, s.flags & FIN && s.len == 10, "not the rest with FIN");
	}
}

/* B10 (s#845, s#977): a FIN behind a shut window: it comes through when the window opens. */
Test(close, fin_behind_a_shut_window)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED };
	struct segment s;
	struct wire *w;
	unsigned int rest, i;
	uint32_t upto;

	for (rest = 0; rest < 3; rest++)
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "%u bytes", rest);
			wire_in(w, ". 1:1(0) ack 1 win 0");
			w->user.offer = rest;
			close_it(w);
			upto = 1;
			for (i = 0; i < 20 && wire_segment(w, wire_now(w) + S(70), &s); i++) {
				if (s.flags & FIN)
					break;
				wire_in(w, ". 1:1(0) ack %u win 0", upto);
			}
			wire_in(w, ". 1:1(0) ack %u win 65535", upto);
			wire_pass(w, wire_now(w) + S(60));
			wire_in(w, ". 1:1(0) ack %u win 65535", rest + 2);
			wire_state(w, TERN_FIN_WAIT_2);
		}
}

/* B10: a window of just the last byte: data first, FIN when it fits, or with it; never lost. */
Test(close, fin_behind_a_window_of_one_byte)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, ". 1:1(0) ack 1 win 1");
		w->user.offer = 1;
		close_it(w);
		wire_pass(w, S(10));
		wire_in(w, ". 1:1(0) ack 2 win 1");
		wire_pass(w, S(100));
		wire_in(w, ". 1:1(0) ack 3 win 1");
		wire_state(w, TERN_FIN_WAIT_2);
	}
}

/*
 * SHLD-3, MAY-1, RFC 2525 §2.17: data for who has closed both ways are answered with a reset,
 * numbered as the peer expects it (SEG.ACK) or as we are (SND.NXT).
 */
Test(close, data_after_close_are_reset)
{
	static const enum tern_tcp_state states[] = { TERN_FIN_WAIT_1, TERN_FIN_WAIT_2 };
	struct segment s;
	struct wire *w;
	unsigned int i;

	for (i = 0; i < 2; i++)
		while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
			close_it(w);
			wire_out_now(w, "F. 1:1(0) ack 1");
			if (states[i] == TERN_FIN_WAIT_2)
				wire_in(w, ". 1:1(0) ack 2 win 65535");
			wire_state(w, states[i]);
			wire_in(w, "P. 1:11(10) ack %u win 65535", i + 1);
			wire_check(w,
				   wire_segment(w, wire_now(w), &s) && s.flags & RST &&
					   (s.seq == w->flow->our_isn + i + 1 ||
					    s.seq == w->flow->our_isn + 2),
				   "not reset");
			wire_state(w, TERN_CLOSED);
			wire_check(w, w->user.closed == 1 && w->user.got == 0, "user");
		}
}

/* After CLOSE the wait for the peer's FIN is bounded (60 s); after shutdown it is not. */
Test(close, waits_60_s_for_the_peers_fin)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		close_it(w);
		wire_out_now(w, "F. 1:1(0) ack 1");
		wire_in(w, ". 1:1(0) ack 2 win 65535");
		wire_quiet(w, MS(59999));
		wire_state(w, TERN_FIN_WAIT_2);
		wire_pass(w, S(61));
		wire_state(w, TERN_CLOSED);
		wire_check(w, w->user.closed == 1, "on_closed() %u times", w->user.closed);
	}
}

/* B7 (s#112): a FIN that overtakes the data before it waits for them. */
Test(close, fin_out_of_order_waits_for_the_data)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "F. 101:101(0) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_check(w, w->user.eofs == 0, "EOF too early");
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 102");
		wire_check(w, w->user.got == 100 && w->user.eofs == 1, "got %lu, %u times EOF",
			   w->user.got, w->user.eofs);
		wire_state(w, TERN_CLOSE_WAIT);
	}
}

/* B7 (lwIP #28054): the same with data and FIN in one segment, in each order of three. */
Test(close, data_and_fin_in_every_order)
{
	static const char *const parts[] = { "P. 1:101(100) ack 1 win 65535",
					     "P. 101:201(100) ack 1 win 65535",
					     "FP. 201:301(100) ack 1 win 65535" };
	static const unsigned int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						   { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct wire *w;
	unsigned int i, k;

	for (i = 0; i < 6; i++)
		while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
			wire_note(w, "order %u%u%u", orders[i][0], orders[i][1], orders[i][2]);
			for (k = 0; k < 3; k++) {
				wire_check(w, w->user.eofs == 0, "EOF too early");
				wire_in(w, "%s", parts[orders[i][k]]);
				if (k < 2)
					wire_skip(w);
			}
			wire_out_now(w, ". 1:1(0) ack 302");
			wire_check(w, w->user.got == 300 && w->user.eofs == 1, "got %lu, %u EOF",
				   w->user.got, w->user.eofs);
			wire_state(w, TERN_CLOSE_WAIT);
		}
}

/* B7: what lies behind a FIN is not data, even if it came before the FIN. */
Test(close, data_behind_the_fin_are_ignored)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 102:202(100) ack 1 win 65535");
		wire_skip(w);
		wire_in(w, "FP. 1:101(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 102");
		wire_check(w, w->user.got == 100 && w->user.eofs == 1, "got %lu", w->user.got);
		wire_in(w, "P. 102:202(100) ack 1 win 65535");
		wire_skip(w);
		wire_check(w, w->user.got == 100, "got %lu", w->user.got);
		close_it(w);
		wire_out_now(w, "F. 1:1(0) ack 102");
		wire_in(w, ". 102:102(0) ack 2 win 65535");
		wire_gone(w, TERN_FINISHED);
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
	}
}

/* MUST-13, B8: the peer's FIN again restarts the 60 s; its ACK is repeated each time. */
Test(time_wait, fin_again_restarts_it)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_TIME_WAIT)) != NULL) {
		wire_quiet(w, S(59));
		wire_in(w, "F. 1:1(0) ack 2 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
		wire_quiet(w, S(118));
		wire_state(w, TERN_TIME_WAIT);
		wire_in(w, "F. 1:1(0) ack 2 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
		wire_quiet(w, S(179));
		wire_gone(w, TERN_FINISHED);
	}
}

/* MAY-2, RFC 1122 §4.2.2.13: a SYN above the last number opens anew, with a higher ISN of ours. */
Test(time_wait, new_syn_above_it_opens_a_connection)
{
	static const uint32_t above[] = { 3, 4, 1000, 100000, 1000000000 };
	struct wire *w;
	uint32_t old, old_peer;
	unsigned int i;

	for (i = 0; i < RTE_DIM(above); i++)
		while ((w = wire_each_after(TERN_TIME_WAIT)) != NULL) {
			wire_note(w, "%u above", above[i]);
			old = w->flow->our_isn;
			old_peer = w->flow->peer_isn;
			wire_quiet(w, S(1));
			wire_renew(w, old_peer + above[i]);
			wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
			wire_out_now(w, "S. 0:0(0) ack 1 <...>");
			wire_check(w, (int32_t)(w->flow->our_isn - (old + 2)) >= 0,
				   "our new number is not above the old ones");
			wire_in(w, ". 1:1(0) ack 1 win 65535");
			wire_state(w, TERN_ESTABLISHED);
			wire_check(w, w->user.opened == 2, "%u opened", w->user.opened);
			wire_check(w, tern_tcp_connections(w->tcp) == 1, "two blocks");
			wire_quiet(w, S(100));
			wire_state(w, TERN_ESTABLISHED);
		}
}

/* The same where nobody listens any more: the port is closed. */
Test(time_wait, new_syn_to_a_closed_port_is_refused)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_TIME_WAIT)) != NULL) {
		cr_assert_eq(tern_tcp_unlisten(w->tcp, &w->listener), 0);
		wire_renew(w, w->flow->peer_isn + 1000);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_skip(w);
		wire_check(w, w->user.opened == 1, "opened");
		wire_check(w, tern_tcp_in_state(w->tcp, TERN_SYN_RECEIVED) == 0, "half open");
	}
}

/* RFC 9293 §3.10.4: CLOSE before the connection is open. */
Test(close, in_syn_sent_deletes_it_silently)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_SYN_SENT)) != NULL) {
		close_it(w);
		wire_quiet_now(w);
		wire_state(w, TERN_CLOSED);
		wire_check(w, w->user.closed == 1, "on_closed() %u times", w->user.closed);
		wire_quiet(w, S(300));
	}
}

Test(close, in_syn_received_sends_a_fin_in_time)
{
	const struct wire_how how = { .state = TERN_SYN_RECEIVED, .active = true };
	struct segment s;
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		close_it(w);
		if (!wire_segment(w, wire_now(w), &s)) {
			wire_in(w, ". 1:1(0) ack 1 win 65535");
			wire_check(w, wire_segment(w, wire_now(w), &s), "no FIN");
		}
		wire_check(w, s.flags == (FIN | ACK), "not FIN");
		wire_in(w, ". 1:1(0) ack 2 win 65535");
		wire_state(w, TERN_FIN_WAIT_2);
	}
}

/* RFC 9293 §3.10.5: ABORT: a reset where there is a synchronised peer that may still talk. */
Test(close, abort_resets_by_state)
{
	static const struct {
		enum tern_tcp_state state;
		bool active, reset;
		unsigned int nxt;
	} cases[] = {
		{ TERN_SYN_SENT, true, false, 0 },    { TERN_SYN_RECEIVED, true, true, 1 },
		{ TERN_ESTABLISHED, false, true, 1 }, { TERN_FIN_WAIT_1, false, true, 2 },
		{ TERN_FIN_WAIT_2, false, true, 2 },  { TERN_CLOSE_WAIT, false, true, 1 },
		{ TERN_CLOSING, false, false, 2 },    { TERN_LAST_ACK, false, false, 2 },
	};
	struct wire_how how = { 0 };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		how.state = cases[i].state;
		how.active = cases[i].active;
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "in %s", tern_tcp_state_name(how.state));
			tern_tcp_abort(wire_conn(w));
			wire_state(w, TERN_CLOSED);
			wire_poll(w);
			if (cases[i].reset)
				wire_out_reset(w, cases[i].nxt);
			wire_quiet(w, S(300));
			wire_check(w, tern_tcp_connections(w->tcp) == 0, "the block is not free");
			if (w->user.opened > 0 || cases[i].active)
				wire_check(w, w->user.closed == 1, "on_closed() %u times",
					   w->user.closed);
		}
	}
}

/* Aborted from inside its own callbacks, with data held, kept and unsent. */
Test(close, abort_from_inside_a_callback)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		user_send(&w->user, 50000);
		wire_poll(w);
		wire_skip(w);
		wire_in(w, "P. 101:201(100) ack 1 win 65535");
		wire_skip(w);
		w->user.abort_on_data = true;
		wire_in(w, "P. 1:101(100) ack 1461 win 65535");
		wire_skip(w);
		wire_check(w, w->user.datas == 1, "on_data() %u times", w->user.datas);
		wire_gone(w, TERN_ABORTED);
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
		wire_quiet(w, S(300));
	}
	while ((w = wire_each_after(TERN_SYN_RECEIVED)) != NULL) {
		w->user.abort_on_open = true;
		wire_in(w, "FP. 1:101(100) ack 1 win 65535");
		wire_skip(w);
		wire_gone(w, TERN_ABORTED);
		wire_check(w, w->user.datas == 0 && w->user.eofs == 0, "went on");
	}
}

/* The same at the FIN, in each state that takes one. */
Test(close, abort_from_inside_on_eof)
{
	static const enum tern_tcp_state states[] = { TERN_ESTABLISHED, TERN_FIN_WAIT_1,
						      TERN_FIN_WAIT_2 };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(states); i++)
		while ((w = wire_each_after(states[i])) != NULL) {
			w->user.abort_on_eof = true;
			wire_in(w, "FP. 1:101(100) ack 1 win 65535");
			wire_skip(w);
			wire_gone(w, TERN_ABORTED);
			wire_check(w, tern_tcp_connections(w->tcp) == 0, "the block is not free");
			wire_quiet(w, S(300));
		}
}

/* B7: a peer that lies: its FIN stands inside, or before, data that came already. */
Test(close, fin_inside_held_data_does_no_harm)
{
	static const char *const fins[] = {
		"FP. 151:201(50) ack 1 win 65535", "FP. 101:201(100) ack 1 win 65535",
		"FP. 51:101(50) ack 1 win 65535",  "FP. 101:301(200) ack 1 win 65535",
		"F. 201:201(0) ack 1 win 65535",   "F. 301:301(0) ack 1 win 65535",
		"FP. 151:401(250) ack 1 win 65535"
	};
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(fins); i++)
		while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
			wire_note(w, "%s", fins[i]);
			wire_in(w, "P. 101:301(200) ack 1 win 65535");
			wire_skip(w);
			wire_in(w, "%s", fins[i]);
			wire_skip(w);
			wire_in(w, "P. 1:101(100) ack 1 win 65535");
			wire_skip(w);
			wire_check(w, w->user.got >= 100 && w->user.got <= 400 && w->user.eofs <= 1,
				   "got %lu", w->user.got);
			wire_pass(w, S(1));
			wire_in(w, "R %lu:%lu(0) win 0", 1 + w->user.got + w->user.eofs,
				1 + w->user.got + w->user.eofs);
			wire_gone(w, TERN_RESET);
			wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
		}
}

/* E53: of a whole life each event is told once, in order. */
Test(close, each_event_is_told_once)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_LISTEN)) != NULL) {
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_in(w, "FP. 1:101(100) ack 1 win 65535");
		wire_skip(w);
		wire_in(w, "FP. 1:101(100) ack 1 win 65535");
		wire_skip(w);
		close_it(w);
		wire_skip(w);
		tern_tcp_close(wire_conn(w));
		tern_tcp_shutdown(wire_conn(w));
		wire_poll(w);
		wire_quiet_now(w);
		wire_in(w, ". 102:102(0) ack 2 win 65535");
		wire_in(w, ". 102:102(0) ack 2 win 65535");
		wire_skip(w);
		wire_check(w, w->user.opened == 1 && w->user.datas == 1 && w->user.eofs == 1,
			   "open %u, data %u, eof %u", w->user.opened, w->user.datas, w->user.eofs);
		wire_gone(w, TERN_FINISHED);
	}
}

/* B17, B19, M72: 20000 whole connections, by each way to end: no block, no mbuf, no timer stays. */
Test(close, nothing_is_left_of_20000_connections)
{
	struct wire *w = wire_after(TERN_LISTEN);
	unsigned int n;

	w->user.close_on_eof = true;
	w->user.fresh = true;
	for (n = 0; n < 20000; n++) {
		wire_flow(w, n % WIRE_FLOWS);
		wire_renew(w, n * 1000003u);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_out_now(w, "S. 0:0(0) ack 1 <...>");
		if (n % 4 == 0) {
			wire_in(w, "R 1:1(0) win 0");
			continue;
		}
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		if (n % 4 == 1) {
			wire_in(w, "P. 101:201(100) ack 1 win 65535");
			wire_skip(w);
			wire_in(w, "R 1:1(0) win 0");
		} else if (n % 4 == 2) {
			wire_in(w, "FP. 1:101(100) ack 1 win 65535");
			wire_skip(w);
			wire_in(w, ". 102:102(0) ack 2 win 65535");
		} else {
			tern_tcp_abort(wire_conn(w));
			wire_poll(w);
			wire_skip(w);
		}
	}
	wire_check(w, tern_tcp_connections(w->tcp) == 0, "%u connections",
		   tern_tcp_connections(w->tcp));
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "%u mbufs", tern_stack_mbufs(w->stack));
	wire_check(w, w->user.opened == 15000 && w->user.closed >= 15000, "%u opened, %u closed",
		   w->user.opened, w->user.closed);
	wire_end(w);
}
