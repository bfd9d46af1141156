/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows (RFC 9293 §3.8.6): the peer's that we obey and probe, ours that we keep and announce.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

static uint64_t
rto(struct wire *w)
{
	return (uint64_t)wire_conn(w)->rtt.rto * TERN_TICK_NS;
}

/* Bytes of new data that leave now. */
static uint32_t
sent_now(struct wire *w)
{
	struct segment s;
	uint32_t sum = 0;

	while (wire_segment(w, wire_now(w), &s))
		sum += s.len;
	return sum;
}

/*
 * MUST-34, SHLD-15, MAY-7, B1 (s#489): a window taken back below what is in flight: no harm,
 * nothing beyond.
 */
Test(window, may_shrink_below_what_is_in_flight)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .win = 10000, .offer = 100000 };
	struct segment s;
	struct wire *w;
	uint64_t t;

	while ((w = wire_each(&how)) != NULL) {
		cr_assert_geq(sent_now(w), 8760);
		t = rto(w);
		wire_in(w, ". 1:1(0) ack 1461 win 100");
		wire_quiet_now(w);
		/* SND.UNA may still be repeated (RFC 9293 §3.8.6), whatever the window is now. */
		wire_check(w, wire_segment(w, wire_now(w) + t + MS(1), &s), "no retransmission");
		wire_check(w, s.seq == w->flow->our_isn + 1461, "not from SND.UNA");
		wire_in(w, ". 1:1(0) ack 1461 win 0");
		wire_pass(w, wire_now(w) + S(5));
		wire_in(w, ". 1:1(0) ack 8761 win 65535");
		wire_check(w, sent_now(w) > 0, "nothing more");
		wire_state(w, TERN_ESTABLISHED);
	}
}

/* B24 (s#387): what is in flight fits the window, whatever cwnd would allow. */
Test(window, of_the_peer_is_not_exceeded)
{
	static const uint16_t wins[] = { 1, 100, 1459, 1460, 1461, 2919, 2920, 5000, 14600 };
	struct wire_how how = { .state = TERN_ESTABLISHED, .offer = 100000 };
	struct wire *w;
	unsigned int i;
	uint32_t sum;

	for (i = 0; i < RTE_DIM(wins); i++) {
		how.win = wins[i];
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "window %u", wins[i]);
			sum = sent_now(w);
			wire_check(w, sum <= wins[i] && sum + 1460 > wins[i] - wins[i] % 1460u,
				   "%u bytes", sum);
		}
	}
}

static void
window_is(struct wire *w, uint32_t bytes)
{
	wire_skip(w);
	wire_check(w, wire_conn(w)->snd.wnd == bytes, "window %u, expected %u",
		   wire_conn(w)->snd.wnd, bytes);
}

/* §3.10.7.4 fifth, B24 (lwIP #27199): SND.WL1 and WL2 keep a window from being set back. */
Test(window, of_a_reordered_segment_is_not_used)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		user_send(&w->user, 2000);
		wire_poll(w);
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 1461 win 5000");
		window_is(w, 5000);
		/* The same number with an older ACK; and a newer number with an older ACK. */
		wire_in(w, ". 1:1(0) ack 1 win 60000");
		window_is(w, 5000);
		wire_in(w, "P. 1:51(50) ack 1 win 60000");
		window_is(w, 5000);
		wire_in(w, "P. 51:101(50) ack 1 win 60000");
		window_is(w, 5000);
		wire_in(w, "P. 101:201(100) ack 1461 win 4000");
		window_is(w, 4000);
		/* All old; and partly old, which is acceptable but was sent before the last. */
		wire_in(w, "P. 101:201(100) ack 1461 win 60000");
		window_is(w, 4000);
		wire_in(w, ". 201:201(0) ack 1461 win 3500");
		window_is(w, 3500);
		wire_in(w, "P. 151:251(100) ack 1461 win 60000");
		window_is(w, 3500);
		/* The same numbers again: an update, up or down. */
		wire_in(w, ". 251:251(0) ack 1461 win 4500");
		window_is(w, 4500);
		wire_in(w, ". 251:251(0) ack 1461 win 3000");
		window_is(w, 3000);
		wire_pass(w, MS(50));
	}
}

/* The same when such a segment acknowledges more: the edge stays where the peer has put it. */
Test(window, edge_does_not_move_with_an_ack_of_an_old_segment)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .win = 5840, .offer = 50000 };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		cr_assert_eq(sent_now(w), 5840);
		wire_in(w, "P. 1:101(100) ack 1 win 5840");
		wire_skip(w);
		/* Data of before once more, with a newer ACK: SEG.SEQ < SND.WL1 after this. */
		wire_in(w, "P. 101:201(100) ack 1 win 5840");
		wire_skip(w);
		wire_in(w, "P. 51:251(200) ack 2921 win 60000");
		wire_check(w, sent_now(w) == 0, "beyond the edge");
		wire_check(w, wire_conn(w)->snd.wnd == 2920, "window %u", wire_conn(w)->snd.wnd);
		wire_in(w, "P. 51:301(250) ack 5841 win 60000");
		wire_check(w, sent_now(w) == 0, "beyond the edge");
		wire_check(w, wire_conn(w)->snd.wnd == 0, "window %u", wire_conn(w)->snd.wnd);
		wire_in(w, ". 301:301(0) ack 5841 win 5840");
		wire_check(w, sent_now(w) == 5840, "does not go on");
	}
}

/*
 * MUST-35/36/37, SHLD-29, SHLD-30, B11: a shut window is probed from RTO on, twice as late each
 * time, for ever.
 */
Test(probe, backs_off_and_never_gives_up_while_answered)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED };
	struct segment s;
	struct wire *w;
	uint64_t gap, last, now;
	unsigned int n;

	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, ". 1:1(0) ack 1 win 0");
		last = wire_now(w);
		user_send(&w->user, 1000);
		wire_poll(w);
		wire_quiet_now(w);
		gap = rto(w);
		for (n = 0; wire_now(w) < S(2000); n++) {
			wire_check(w, wire_segment(w, wire_now(w) + S(61), &s), "no more probes");
			now = wire_now(w);
			wire_check(w, s.len <= 1 && s.seq - (w->flow->our_isn + 1) + 1 <= 1,
				   "no probe: %u bytes at %u", s.len, s.seq - w->flow->our_isn);
			wire_check(w, now - last >= gap && now - last < gap + 2 * TERN_TICK_NS,
				   "probe %u after %.3f s, expected %.3f", n,
				   (double)(now - last) / 1e9, (double)gap / 1e9);
			last = now;
			gap = RTE_MIN(2 * gap, S(60));
			wire_in(w, ". 1:1(0) ack 1 win 0");
		}
		wire_state(w, TERN_ESTABLISHED);
		wire_check(w, wire_count(w, TERN_EV_TCP_PROBES) == n, "%lu probes counted of %u",
			   wire_count(w, TERN_EV_TCP_PROBES), n);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_check(w, sent_now(w) == 1000, "nothing more");
	}
}

/* B11 (s#1025): the window update is lost; the answer to a probe brings it. */
Test(probe, makes_up_for_a_lost_window_update)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .win = 2920, .offer = 50000 };
	struct segment s;
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		cr_assert_eq(sent_now(w), 2920);
		wire_in(w, ". 1:1(0) ack 2921 win 0");
		wire_quiet_now(w);
		wire_check(w, wire_segment(w, wire_now(w) + S(1), &s) && s.len <= 1, "no probe");
		wire_in(w, ". 1:1(0) ack %u win 20000", 2921 + s.len);
		wire_check(w, sent_now(w) > 10000, "does not go on");
	}
}

/* MUST-20: probes that nobody answers end it after R2; B33: not the time before. */
Test(probe, unanswered_gives_up)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_quiet(w, S(5000));
		wire_in(w, ". 1:1(0) ack 1 win 0");
		user_send(&w->user, 1000);
		wire_pass(w, S(5000) + MS(99900));
		wire_state(w, TERN_ESTABLISHED);
		wire_pass(w, S(5000) + S(170));
		wire_gone(w, TERN_TIMED_OUT);
	}
}

/* A byte that a probe brought through is not sent twice, nor lost. */
Test(probe, byte_may_be_taken)
{
	struct segment s;
	struct wire *w;
	uint32_t next;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, ". 1:1(0) ack 1 win 0");
		user_send(&w->user, 5);
		wire_poll(w);
		for (next = 1; next < 6; next += s.len) {
			wire_check(w, wire_segment(w, wire_now(w) + S(60), &s), "no probe");
			wire_check(w, s.len == 1 && s.seq == w->flow->our_isn + next,
				   "not the next byte");
			wire_in(w, ". 1:1(0) ack %u win 0", next + 1);
		}
		wire_quiet(w, wire_now(w) + S(300));
		wire_check(w, w->user.acked == 5, "acked %lu", w->user.acked);
	}
}

static void
window_of_8000(struct tern_config *c)
{
	c->rcv_space = 8000;
}

static const struct wire_how taking = { .state = TERN_ESTABLISHED,
					.user = USER_TAKE,
					.tune = window_of_8000 };

/* Fill the window of 8000 bytes; what the user took, it keeps. */
static void
fill_window(struct wire *w)
{
	uint32_t at, len;

	for (at = 1; at < 8001; at += len) {
		len = RTE_MIN(1460u, 8001 - at);
		wire_in(w, "P. %u:%u(%u) ack 1 win 65535", at, at + len, len);
		wire_skip(w);
	}
	wire_pass(w, wire_now(w) + MS(100));
	wire_check(w, w->flow->our_edge == w->flow->peer_isn + 8001, "the window is not shut");
	wire_check(w, w->user.got == 8000, "got %lu", w->user.got);
}

/* MAY-8, B12 (s#199, m#340): a window that opens again is announced at once, without a timer. */
Test(window, that_opens_again_is_announced_at_once)
{
	struct wire *w;

	while ((w = wire_each(&taking)) != NULL) {
		fill_window(w);
		wire_in(w, "P. 8001:8002(1) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 8001 win 0");
		wire_quiet(w, S(10));
		user_release(&w->user, wire_conn(w));
		wire_poll(w);
		wire_out_now(w, ". 1:1(0) ack 8001 win 8000");
		wire_quiet(w, S(20));
		wire_in(w, "P. 8001:8101(100) ack 1 win 65535");
		wire_out(w, S(20) + MS(40), ". 1:1(0) ack 8101");
	}
}

/* MUST-39, row 13: no update for less than min(MSS, half the space): no silly windows. */
Test(window, opens_in_no_small_steps)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each(&taking)) != NULL) {
		fill_window(w);
		for (i = 0; i < 14; i++) {
			tern_tcp_consumed(wire_conn(w), 100);
			wire_poll(w);
			wire_quiet_now(w);
		}
		/* A probe of the peer is told 0 as well. */
		wire_in(w, "P. 8001:8002(1) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 8001 win 0");
		tern_tcp_consumed(wire_conn(w), 60);
		wire_poll(w);
		wire_out_now(w, ". 1:1(0) ack 8001 win 1460");
		tern_tcp_consumed(wire_conn(w), 6540);
		wire_poll(w);
		wire_out_now(w, ". 1:1(0) ack 8001 win 8000");
	}
}

/* B12 (s#935): a reader that stops and goes on: no stall, no more ACKs than segments. */
Test(window, slow_reader_does_not_stall)
{
	struct wire *w;
	struct segment s;
	uint32_t at, len;
	unsigned int in, out, i;

	while ((w = wire_each(&taking)) != NULL) {
		for (at = 1, in = out = i = 0; at < 400001; i++) {
			len = RTE_MIN(1460u, w->flow->our_edge - w->flow->peer_isn - at);
			if (len == 0 || i % 7 == 6) {
				user_release(&w->user, wire_conn(w));
				wire_poll(w);
			}
			if (len > 0) {
				wire_in(w, ". %u:%u(%u) ack 1 win 65535", at, at + len, len);
				at += len;
				in++;
			}
			while (wire_segment(w, wire_now(w), &s))
				out++;
			wire_check(w, i < 2000, "stuck at %u", at);
		}
		wire_check(w, w->user.got == at - 1, "got %lu of %u", w->user.got, at - 1);
		wire_check(w, out <= in + i / 7 + 2, "%u ACKs for %u segments", out, in);
		wire_pass(w, S(1));
	}
}

static void
space_of_200000(struct tern_config *c)
{
	c->rcv_space = 200000;
}

/*
 * RFC 7323 §2.4: a scaled window is told in steps, here of 4 bytes. However it is rounded, small
 * segments do not open it for ever: what the user keeps is bounded by its space and one step.
 */
Test(window, rounding_does_not_open_it_for_ever)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED,
				      .user = USER_TAKE,
				      .syn = "<mss 1460,wscale 2>",
				      .tune = space_of_200000 };
	struct wire *w;
	uint32_t at;

	while ((w = wire_each(&how)) != NULL) {
		for (at = 1; at + 1460 <= 200000; at += 1460) {
			wire_in(w, ". %u:%u(1460) ack 1 win 65535", at, at + 1460);
			wire_skip(w);
		}
		wire_in(w, ". %u:%u(1400) ack 1 win 65535", at, at + 1400);
		wire_skip(w);
		for (at += 1400; at < 200500; at++) {
			wire_in(w, ". %u:%u(1) ack 1 win 65535", at, at + 1);
			wire_pass(w, wire_now(w) + MS(41)); /* each has its ACK */
		}
		wire_check(w, w->user.got <= 200004, "the user keeps %lu bytes of 200000",
			   w->user.got);
	}
}

/* B2 (s#1079, lwIP #29080): bytes behind the window are cut off, not kept, not acknowledged. */
Test(window, straddling_data_are_cut_at_the_edge)
{
	struct wire *w;
	uint32_t at;

	while ((w = wire_each(&taking)) != NULL) {
		/* The last 50 bytes of the window, and 50 more. */
		wire_in(w, "P. 7951:8051(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1");
		for (at = 1; at < 7951; at += 1325) {
			wire_in(w, "P. %u:%u(1325) ack 1 win 65535", at, at + 1325);
			wire_skip(w);
		}
		wire_pass(w, wire_now(w) + MS(100));
		wire_check(w, w->user.got == 8000, "got %lu", w->user.got);
		wire_check(w, w->flow->our_ack == w->flow->peer_isn + 8001, "acknowledged %u",
			   w->flow->our_ack - w->flow->peer_isn);
	}
	while ((w = wire_each(&taking)) != NULL) {
		/* The same in order: the user gets what fits. */
		for (at = 1; at < 7301; at += 1460) {
			wire_in(w, "P. %u:%u(1460) ack 1 win 65535", at, at + 1460);
			wire_skip(w);
		}
		wire_in(w, "FP. 7301:8761(1460) ack 1 win 65535");
		wire_pass(w, wire_now(w) + MS(100));
		wire_check(w, w->user.got == 8000 && w->user.eofs == 0, "got %lu", w->user.got);
		wire_check(w, w->flow->our_ack == w->flow->peer_isn + 8001, "acknowledged");
	}
}

/* B22 (m#140): data out of order do not move the edge of the window; judged for every segment. */
Test(window, is_not_shrunk_by_data_out_of_order)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL)
		for (i = 1; i < 40; i++) {
			wire_in(w, "P. %u:%u(100) ack 1 win 65535", 1 + 150 * i, 101 + 150 * i);
			wire_out_now(w, ". 1:1(0) ack 1 win 65535");
		}
}

/* MUST-38, row 13: no silly segments into a window that opens a little; yet not never. */
Test(window, small_opening_is_not_filled_at_once)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .offer = 2920, .win = 2920 };
	struct segment s;
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		cr_assert_eq(sent_now(w), 2920);
		user_send(&w->user, 1000);
		wire_poll(w);
		wire_in(w, ". 1:1(0) ack 2921 win 10");
		wire_quiet(w, MS(90));
		wire_check(w, wire_segment(w, S(3), &s) && s.len >= 1 && s.len <= 10,
			   "nothing within 3 s");
		wire_in(w, ". 1:1(0) ack %u win 2920", 2921 + s.len);
		wire_check(w, sent_now(w) == 1000 - (uint32_t)s.len, "does not go on");
	}
}

/*
 * RFC 9293 §3.10.3: what the user refuses is not acknowledged, and comes again; what it takes in
 * part, in part.
 */
Test(window, refused_data_come_again)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .user = USER_REFUSE };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_pass(w, MS(300));
		wire_check(w, w->user.datas >= 1 && w->user.got == 0, "not asked");
		wire_check(w, w->flow->our_ack == w->flow->peer_isn + 1, "acknowledged");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "kept");
		/* A FIN behind what was not taken is not taken either. */
		wire_in(w, "FP. 1:101(100) ack 1 win 65535");
		wire_pass(w, MS(350));
		wire_check(w, w->user.eofs == 0, "EOF before the data");
		wire_state(w, TERN_ESTABLISHED);
		w->user.mode = USER_READ;
		w->user.most = 30;
		wire_in(w, "FP. 1:101(100) ack 1 win 65535");
		wire_pass(w, MS(600));
		wire_check(w, w->user.got == 30, "got %lu", w->user.got);
		wire_check(w, w->flow->our_ack == w->flow->peer_isn + 31, "acknowledged %u",
			   w->flow->our_ack - w->flow->peer_isn - 1);
		wire_check(w, w->user.eofs == 0, "EOF before the data");
		w->user.most = 0;
		wire_in(w, "FP. 31:101(70) ack 1 win 65535");
		wire_pass(w, MS(900));
		wire_check(w, w->user.got == 100 && w->user.eofs == 1, "got %lu", w->user.got);
	}
}

/* The same with FIN and with data behind it that are there already: nothing is skipped. */
Test(window, refused_data_hold_back_what_is_behind)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .user = USER_REFUSE };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, "FP. 101:201(100) ack 1 win 65535");
		wire_skip(w);
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_pass(w, MS(300));
		wire_check(w, w->user.got == 0 && w->user.eofs == 0, "skipped");
		wire_state(w, TERN_ESTABLISHED);
		w->user.mode = USER_READ;
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_skip(w);
		wire_in(w, "FP. 101:201(100) ack 1 win 65535");
		wire_pass(w, MS(600));
		wire_check(w, w->user.got == 200 && w->user.eofs == 1, "got %lu", w->user.got);
		wire_state(w, TERN_CLOSE_WAIT);
	}
}
