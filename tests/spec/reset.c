/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 5961: blind attacks, challenge ACKs and their limit; resets of RFC 9293 §3.5.2.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

/* RFC 5961 §7, row 27: 1000 bad resets and SYNs in a second: at most 10 challenge ACKs. */
Test(challenge, at_most_10_a_second_for_one_connection)
{
	static const char *const blind[] = { "R 1000:1000(0) win 0", "S 5000:5000(0) win 1000",
					     ". 1:1(0) ack 70000 win 1000" };
	struct wire *w;
	unsigned int i, k, n;

	for (k = 0; k < RTE_DIM(blind); k++) {
		w = wire_after(TERN_ESTABLISHED);
		wire_note(w, "%s", blind[k]);
		for (i = 0, n = 0; i < 3000; i++) {
			wire_pass(w, MS(1) * i);
			wire_in(w, "%s", blind[k]);
			n += wire_skip(w);
		}
		wire_check(w, n >= 20 && n <= 33, "%u challenge ACKs in 3 s", n);
		wire_check(w,
			   wire_count(w, TERN_EV_TCP_CHALLENGE_ACKS) == n &&
				   wire_count(w, TERN_EV_TCP_CHALLENGE_LIMITED) == 3000 - n,
			   "not counted");
		wire_state(w, TERN_ESTABLISHED);
		wire_end(w);
	}
}

/* CVE-2016-5696: the limit of one connection says nothing about another. */
Test(challenge, limit_is_not_shared)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);
	unsigned int i;

	wire_flow(w, 1);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_flow(w, 0);
	for (i = 0; i < 1000; i++) {
		wire_in(w, "R 1000:1000(0) win 0");
		wire_skip(w);
	}
	wire_flow(w, 1);
	wire_in(w, "R 1000:1000(0) win 0");
	wire_out_now(w, ". 1:1(0) ack 1");
	wire_end(w);
}

/* B16 (s#1162): who repeats data is always told what has come, limit or not. */
Test(challenge, limit_does_not_silence_acks_of_repeated_data)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out(w, MS(40), ". 1:1(0) ack 101");
		for (i = 0; i < 100; i++) {
			wire_in(w, "R 1000:1000(0) win 0");
			wire_skip(w);
		}
		for (i = 0; i < 100; i++) {
			wire_in(w, "P. 1:101(100) ack 1 win 65535");
			wire_out_now(w, ". 1:1(0) ack 101");
		}
		wire_in(w, "P. 70000:70010(10) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 101");
	}
}

/* B16: empty segments out of the window: two stacks that disagree must not shout at each other. */
Test(challenge, ack_war_is_damped)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);
	unsigned int i, n = 0;

	for (i = 0; i < 3000; i++) {
		wire_pass(w, MS(1) * i);
		wire_in(w, ". -1000:-1000(0) ack 1 win 65535");
		n += wire_skip(w);
	}
	wire_check(w, n >= 1 && n <= 33, "%u ACKs for 3000 in 3 s", n);
	wire_in(w, "P. 1:101(100) ack 1 win 65535");
	wire_check(w, w->user.got == 100, "got %lu", w->user.got);
	wire_pass(w, S(4));
	wire_end(w);
}

/* RFC 5961 §3.2: the peer whose connection is gone answers our challenge with an exact reset. */
Test(challenge, leads_a_real_reset_to_its_end)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "R 100:100(0) win 0");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_in(w, "R 1:1(0) win 0");
		wire_gone(w, TERN_RESET);
	}
}

/* RFC 5961 §4.2: a peer that restarted: SYN, challenge, reset, SYN, and it is in. */
Test(challenge, lets_a_restarted_peer_in)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "S 50000:50000(0) win 65535 <mss 1460>");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_in(w, "R 1:1(0) win 0");
		wire_gone(w, TERN_RESET);
		wire_renew(w, w->flow->peer_isn + 50000);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	}
}

/* RFC 5961 §3.2 after data: exact means RCV.NXT, not the first number of the window once told. */
Test(reset, exact_follows_rcv_nxt)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_in(w, "R 1:1(0) win 0");
		wire_quiet_now(w);
		wire_state(w, TERN_ESTABLISHED);
		wire_in(w, "R 102:102(0) win 0");
		wire_out_now(w, ". 1:1(0) ack 101");
		wire_in(w, "R 101:101(0) win 0");
		wire_gone(w, TERN_RESET);
		wire_check(w, w->user.got == 100, "got %lu", w->user.got);
		wire_check(w, wire_count(w, TERN_EV_TCP_ESTAB_RESETS) == 1, "not counted");
	}
}

/* Row 14, MUST-66: a reset is heard at a shut window too. */
static void
window_of_1000(struct tern_config *c)
{
	c->rcv_space = 1000;
}

Test(reset, is_heard_at_a_shut_window)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED,
				      .user = USER_TAKE,
				      .tune = window_of_1000 };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, "P. 1:1001(1000) ack 1 win 65535");
		wire_pass(w, MS(100));
		wire_in(w, "R 1002:1002(0) win 0");
		wire_quiet_now(w);
		wire_state(w, TERN_ESTABLISHED);
		wire_in(w, "R 1001:1001(0) win 0");
		wire_gone(w, TERN_RESET);
	}
}

/* A reset frees what was held, kept and unsent, and stops each timer. */
Test(reset, leaves_nothing_behind)
{
	struct wire_how how = { .state = TERN_ESTABLISHED };
	struct wire *w;

	for (how.user = USER_READ; how.user <= USER_ECHO; how.user++)
		while ((w = wire_each(&how)) != NULL) {
			if (how.user == USER_READ)
				user_send(&w->user, 100000);
			wire_poll(w);
			wire_skip(w);
			wire_in(w, "P. 1:101(100) ack 1 win 65535");
			wire_skip(w);
			wire_in(w, "P. 301:401(100) ack 1 win 65535");
			wire_skip(w);
			wire_in(w, "P. 501:601(100) ack 1 win 65535");
			wire_skip(w);
			wire_check(w, tern_stack_mbufs(w->stack) >= 2, "nothing was held");
			wire_in(w, "R 101:101(0) win 0");
			wire_gone(w, TERN_RESET);
			wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
			wire_quiet(w, S(500));
		}
}

/* URGENT/11 (CVE-2019-12258): malformed options never harm a live connection. */
Test(reset, bad_options_do_no_harm)
{
	static const char *const options[] = {
		"raw 0200", "raw 02ff", "raw 0201", "raw 00000002", "raw 0302",	    "raw 0802",
		"raw 0803", "raw 0501", "raw 05ff", "raw fe00",	    "raw 010101fe",
	};
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(options); i++)
		while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
			wire_note(w, "%s", options[i]);
			wire_in(w, ". 1:1(0) ack 1 win 65535 <%s>", options[i]);
			wire_in(w, "S 0:0(0) win 65535 <%s>", options[i]);
			wire_skip(w);
			wire_in(w, "P. 1:101(100) ack 1 win 65535 <%s>", options[i]);
			wire_skip(w);
			wire_state(w, TERN_ESTABLISHED);
			wire_check(w, w->user.got == 100, "got %lu", w->user.got);
			wire_pass(w, S(1));
		}
}
