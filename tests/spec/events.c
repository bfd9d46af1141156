/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 9293 §3.10.7.3 and .4 as tables: each state, each kind of segment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

/* Like happens in closed.c, with the state that it leads to. */
struct event {
	const char *in, *out; /* out: NULL: nothing; "?": no matter */
	enum tern_tcp_state to;
};

static void
happens(struct wire *w, const struct event *e)
{
	wire_note(w, "%s", e->in);
	wire_in(w, "%s", e->in);
	if (e->out == NULL)
		wire_quiet_now(w);
	else if (e->out[0] == '?')
		wire_skip(w);
	else
		wire_out_now(w, "%s", e->out);
	wire_state(w, e->to);
}

/* RFC 9293 §3.10.7.3 */
static const struct event in_syn_sent[] = {
	/* First: an ACK for what was not sent; a reset is never answered. */
	{ ". 1:1(0) ack 0 win 1000", "R 0:0(0)", TERN_SYN_SENT },
	{ ". 1:1(0) ack 2 win 1000", "R 2:2(0)", TERN_SYN_SENT },
	{ "S. 0:0(0) ack 0 win 1000 <mss 1460>", "R 0:0(0)", TERN_SYN_SENT },
	{ "S. 0:0(0) ack 2 win 1000 <mss 1460>", "R 2:2(0)", TERN_SYN_SENT },
	{ "S. 0:0(0) ack -70000 win 1000 <mss 1460>", "R -70000:-70000(0)", TERN_SYN_SENT },
	{ "P. 1:11(10) ack 77 win 1000", "R 77:77(0)", TERN_SYN_SENT },
	{ "R. 0:0(0) ack 0 win 0", NULL, TERN_SYN_SENT },
	{ "R. 0:0(0) ack 2 win 0", NULL, TERN_SYN_SENT },
	/* Second: a reset without a good ACK (RFC 5961 does not change this). */
	{ "R 0:0(0) win 0", NULL, TERN_SYN_SENT },
	{ "R 1:1(0) win 0", NULL, TERN_SYN_SENT },
	{ "R. 0:0(0) ack 1 win 0", NULL, TERN_CLOSED },
	{ "R. 12345:12345(0) ack 1 win 0", NULL, TERN_CLOSED },
	/* Fourth: SYN. */
	{ "S. 0:0(0) ack 1 win 1000 <mss 1460>", ". 1:1(0) ack 1", TERN_ESTABLISHED },
	{ "SP. 0:0(0) ack 1 win 0", ". 1:1(0) ack 1", TERN_ESTABLISHED },
	{ "S 0:0(0) win 1000 <mss 1460>", "S. 0:0(0) ack 1 win 65535 <...>", TERN_SYN_RECEIVED },
	/* Fifth: neither SYN nor RST. */
	{ ". 1:1(0) ack 1 win 1000", NULL, TERN_SYN_SENT },
	{ "P. 1:11(10) ack 1 win 1000", NULL, TERN_SYN_SENT },
	{ "F. 1:1(0) ack 1 win 1000", NULL, TERN_SYN_SENT },
	{ "F 1:1(0) win 1000", NULL, TERN_SYN_SENT },
	{ "- 1:1(0) win 1000", NULL, TERN_SYN_SENT },
	{ "SF. 0:0(0) ack 1 win 1000", NULL, TERN_SYN_SENT },
	{ "SR. 0:0(0) ack 1 win 1000", NULL, TERN_SYN_SENT },
};

Test(syn_sent, takes_each_segment_as_rfc_9293_says)
{
	const struct wire_how how = { .state = TERN_SYN_SENT };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(in_syn_sent); i++)
		while ((w = wire_each(&how)) != NULL) {
			happens(w, &in_syn_sent[i]);
			if (in_syn_sent[i].to == TERN_CLOSED)
				wire_gone(w, TERN_REFUSED);
			else if (in_syn_sent[i].to == TERN_SYN_SENT)
				wire_out(w, S(1), "S 0:0(0) win 65535 <...>");
		}
}

static const struct event in_syn_received[] = {
	/* RFC 9293 §3.10.7.4 first: sequence numbers. */
	{ ". 65536:65536(0) ack 1 win 1000", ". 1:1(0) ack 1", TERN_SYN_RECEIVED },
	{ "P. 65536:65546(10) ack 1 win 1000", ". 1:1(0) ack 1", TERN_SYN_RECEIVED },
	{ ". -9:1(10) ack 1 win 1000", ". 1:1(0) ack 1", TERN_SYN_RECEIVED },
	{ "R 65536:65536(0) win 0", NULL, TERN_SYN_RECEIVED },
	{ "R 0:0(0) win 0", NULL, TERN_SYN_RECEIVED },
	/* §3.10.7.4 second: RST, by RFC 5961 §3.2. */
	{ "R 1:1(0) win 0", NULL, TERN_CLOSED },
	{ "R. 1:1(0) ack 1 win 0", NULL, TERN_CLOSED },
	{ "R 2:2(0) win 0", ". 1:1(0) ack 1", TERN_SYN_RECEIVED },
	{ "R 65535:65535(0) win 0", ". 1:1(0) ack 1", TERN_SYN_RECEIVED },
	/* §3.10.7.4 fifth: the ACK. */
	{ ". 1:1(0) ack 0 win 1000", "R 0:0(0)", TERN_SYN_RECEIVED },
	{ ". 1:1(0) ack 2 win 1000", "R 2:2(0)", TERN_SYN_RECEIVED },
	{ "P. 1:11(10) ack 2 win 1000", "R 2:2(0)", TERN_SYN_RECEIVED },
	{ "P 1:11(10) win 1000", NULL, TERN_SYN_RECEIVED },
	{ "F 1:1(0) win 1000", NULL, TERN_SYN_RECEIVED },
	{ ". 1:1(0) ack 1 win 1000", NULL, TERN_ESTABLISHED },
	{ ". 1:1(0) ack 1 win 0", NULL, TERN_ESTABLISHED },
	{ "P. 1:11(10) ack 1 win 1000", NULL, TERN_ESTABLISHED },
	{ "P. 2:12(10) ack 1 win 1000", ". 1:1(0) ack 1", TERN_ESTABLISHED },
	{ "F. 1:1(0) ack 1 win 1000", ". 1:1(0) ack 2", TERN_CLOSE_WAIT },
	{ "FP. 1:11(10) ack 1 win 1000", ". 1:1(0) ack 12", TERN_CLOSE_WAIT },
};

static void
syn_received(bool active)
{
	const struct wire_how how = { .state = TERN_SYN_RECEIVED, .active = active };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(in_syn_received); i++)
		while ((w = wire_each(&how)) != NULL) {
			happens(w, &in_syn_received[i]);
			if (in_syn_received[i].to == TERN_CLOSED && active)
				wire_gone(w, TERN_REFUSED);
			if (in_syn_received[i].to == TERN_SYN_RECEIVED)
				wire_out(w, S(1), "S. 0:0(0) ack 1 win 65535 <...>");
			wire_pass(w, S(1) + MS(100));
		}
}

Test(syn_received, takes_each_segment_as_rfc_9293_says)
{
	syn_received(false);
}

Test(syn_received, does_the_same_after_a_simultaneous_open)
{
	syn_received(true);
}

/* §3.10.7.4 fourth: a SYN in the window sends a passive connection back to LISTEN. */
Test(syn_received, returns_to_listen_at_a_new_syn)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_SYN_RECEIVED)) != NULL) {
		wire_in(w, "S 100:100(0) win 1000 <mss 1460>");
		wire_quiet_now(w);
		wire_state(w, TERN_CLOSED);
	}
}

/* B20: a peer that sends its SYN again is told again, and comes through. */
Test(syn_received, answers_a_repeated_syn)
{
	struct wire *w;
	struct segment s;

	while ((w = wire_each_after(TERN_SYN_RECEIVED)) != NULL) {
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_check(w, wire_segment(w, wire_now(w), &s), "no reply");
		wire_check(w, s.flags & ACK && s.ack == w->flow->peer_isn + 1, "not acknowledged");
		wire_in(w, ". 1:1(0) ack 1 win 1000");
		wire_state(w, TERN_ESTABLISHED);
	}
}

/*
 * The synchronised states. rcv and snd stand for RCV.NXT and SND.NXT of the state: the table is
 * written with %R and %N, and a number may follow: %R+1.
 */
static const struct {
	enum tern_tcp_state state;
	int rcv, snd;
} states[] = {
	{ TERN_ESTABLISHED, 1, 1 }, { TERN_FIN_WAIT_1, 1, 2 }, { TERN_FIN_WAIT_2, 1, 2 },
	{ TERN_CLOSE_WAIT, 2, 1 },  { TERN_CLOSING, 2, 2 },    { TERN_LAST_ACK, 2, 2 },
	{ TERN_TIME_WAIT, 2, 2 },
};

static const char *
expand(char text[SEGMENT_TEXT], const char *pattern, int rcv, int snd)
{
	size_t n = 0;
	char *end;
	long add;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '%') {
			text[n++] = *pattern;
			continue;
		}
		add = pattern[1] == 'R' ? rcv : snd;
		pattern += 2;
		if (*pattern == '+' || *pattern == '-') {
			add += strtol(pattern, &end, 10);
			pattern = end;
		}
		n += (size_t)snprintf(text + n, SEGMENT_TEXT - n, "%ld", add);
		pattern--;
	}
	text[n] = '\0';
	return text;
}

struct pattern {
	const char *in;
	const char *out; /* "A": an ACK <SND.NXT, RCV.NXT>; NULL: nothing */
	bool not_time_wait;
};

/* None of these changes the state. */
static const struct pattern synchronised[] = {
	/* §3.10.7.4 first: not acceptable, so an ACK is owed, but never for a reset. */
	{ "P. %R-10:%R(10) ack %N win 1000", "A", false },
	{ ". %R-1:%R-1(0) ack %N win 1000", "A", false },
	{ ". %R+70000:%R+70000(0) ack %N win 1000", "A", false },
	{ "P. %R+70000:%R+70010(10) ack %N win 1000", "A", false },
	{ "P. %R+2000000000:%R+2000000010(10) ack %N win 1000", "A", false },
	{ "P. %R-2000000000:%R-1999999990(10) ack %N win 1000", "A", false },
	{ "R %R-1:%R-1(0) win 0", NULL, false },
	{ "R %R+70000:%R+70000(0) win 0", NULL, false },
	{ "R %R+2000000000:%R+2000000000(0) win 0", NULL, false },
	{ "R. %R-1:%R-1(0) ack %N win 0", NULL, false },
	/* §3.10.7.4 second: RST in the window but not exact: RFC 5961 §3.2. */
	{ "R %R+1:%R+1(0) win 0", "A", true },
	{ "R. %R+1000:%R+1000(0) ack %N win 0", "A", true },
	{ "R %R+60000:%R+60000(0) win 0", "A", true },
	/* §3.10.7.4 fourth: SYN, wherever it is: RFC 5961 §4.2. */
	{ "S %R:%R(0) win 1000", "A", true },
	{ "S %R+1000:%R+1000(0) win 1000", "A", true },
	{ "S %R-1:%R-1(0) win 1000", "A", false },
	{ "S %R-100000:%R-100000(0) win 1000", "A", false },
	{ "S %R+100000:%R+100000(0) win 1000", "A", true },
	{ "S. 0:0(0) ack 1 win 1000 <mss 1460>", "A", false },
	{ "S. %R:%R(0) ack %N win 1000", "A", true },
	/* §3.10.7.4 fifth: no ACK, drop. */
	{ "P %R:%R+10(10) win 1000", NULL, false },
	{ "F %R:%R(0) win 1000", NULL, false },
	{ "- %R:%R(0) win 1000", NULL, false },
	/* RFC 5961 §5.2, MAY-12: an ACK for what was not sent, or far too old. */
	{ ". %R:%R(0) ack %N+1 win 1000", "A", true },
	{ "P. %R:%R+10(10) ack %N+1000 win 1000", "A", true },
	{ ". %R:%R(0) ack %N+2000000000 win 1000", "A", true },
	{ "P. %R:%R+10(10) ack %N-70000 win 1000", "A", true },
	{ ". %R:%R(0) ack %N-2000000000 win 1000", "A", true },
};

static void
unmoved(struct wire *w, unsigned int i, const struct pattern *p)
{
	char text[SEGMENT_TEXT];

	expand(text, p->in, states[i].rcv, states[i].snd);
	wire_note(w, "%s in %s", text, tern_tcp_state_name(states[i].state));
	wire_in(w, "%s", text);
	if (p->out == NULL)
		wire_quiet_now(w);
	else
		wire_out_now(w, ". %d:%d(0) ack %d", states[i].snd, states[i].snd, states[i].rcv);
	wire_quiet_now(w);
	wire_state(w, states[i].state);
	wire_check(w, w->user.got == 0, "data were delivered");
	wire_check(w, w->user.closed == 0 || states[i].state == TERN_TIME_WAIT, "closed");
}

Test(synchronised, no_unacceptable_segment_changes_anything)
{
	struct wire_how how = { .state = TERN_ESTABLISHED };
	struct wire *w;
	unsigned int i, k;

	for (i = 0; i < RTE_DIM(states); i++)
		for (how.active = false;; how.active = true) {
			how.state = states[i].state;
			for (k = 0; k < RTE_DIM(synchronised); k++) {
				if (synchronised[k].not_time_wait &&
				    states[i].state == TERN_TIME_WAIT)
					continue;
				while ((w = wire_each(&how)) != NULL)
					unmoved(w, i, &synchronised[k]);
			}
			if (how.active)
				break;
		}
}

/* MUST-12, §3.10.7.4 second, RFC 5961 §3.2: only the reset with SEG.SEQ = RCV.NXT ends it. */
Test(synchronised, exact_reset_ends_the_connection)
{
	struct wire_how how = { .state = TERN_ESTABLISHED };
	struct wire *w;
	unsigned int i, ack;

	for (i = 0; i < RTE_DIM(states) - 1; i++)
		for (ack = 0; ack < 2; ack++) {
			how.state = states[i].state;
			while ((w = wire_each(&how)) != NULL) {
				wire_note(w, "in %s", tern_tcp_state_name(how.state));
				wire_in(w, ack ? "R. %d:%d(0) ack %d win 0" : "R %d:%d(0) win 0",
					states[i].rcv, states[i].rcv, states[i].snd);
				wire_quiet_now(w);
				wire_state(w, TERN_CLOSED);
				wire_check(w, w->user.closed == 1, "on_closed() %u times",
					   w->user.closed);
				if (how.state != TERN_CLOSING && how.state != TERN_LAST_ACK)
					wire_gone(w, TERN_RESET);
				wire_quiet(w, S(300));
			}
		}
}

/* RFC 1337, row 9: a reset does not cut TIME-WAIT short. */
Test(time_wait, is_not_ended_by_a_reset)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_TIME_WAIT)) != NULL) {
		wire_in(w, "R 2:2(0) win 0");
		wire_in(w, "R. 2:2(0) ack 2 win 0");
		wire_quiet_now(w);
		wire_state(w, TERN_TIME_WAIT);
	}
}

/* §3.10.7.4 fifth: where an ACK of our FIN leads; old and repeated ACKs lead nowhere. */
static const struct {
	enum tern_tcp_state from;
	const char *in;
	enum tern_tcp_state to;
} acks[] = {
	{ TERN_ESTABLISHED, ". 1:1(0) ack 1 win 1000", TERN_ESTABLISHED },
	{ TERN_ESTABLISHED, ". 1:1(0) ack 0 win 1000", TERN_ESTABLISHED },
	{ TERN_ESTABLISHED, ". 1:1(0) ack -60000 win 1000", TERN_ESTABLISHED },
	{ TERN_FIN_WAIT_1, ". 1:1(0) ack 1 win 1000", TERN_FIN_WAIT_1 },
	{ TERN_FIN_WAIT_1, ". 1:1(0) ack 0 win 1000", TERN_FIN_WAIT_1 },
	{ TERN_FIN_WAIT_1, ". 1:1(0) ack 2 win 1000", TERN_FIN_WAIT_2 },
	{ TERN_FIN_WAIT_1, ". 1:1(0) ack 2 win 0", TERN_FIN_WAIT_2 },
	{ TERN_FIN_WAIT_2, ". 1:1(0) ack 2 win 1000", TERN_FIN_WAIT_2 },
	{ TERN_FIN_WAIT_2, ". 1:1(0) ack 1 win 1000", TERN_FIN_WAIT_2 },
	{ TERN_CLOSE_WAIT, ". 2:2(0) ack 1 win 1000", TERN_CLOSE_WAIT },
	{ TERN_CLOSING, ". 2:2(0) ack 1 win 1000", TERN_CLOSING },
	{ TERN_CLOSING, ". 2:2(0) ack 2 win 1000", TERN_TIME_WAIT },
	{ TERN_LAST_ACK, ". 2:2(0) ack 1 win 1000", TERN_LAST_ACK }, /* B8 */
	{ TERN_LAST_ACK, ". 2:2(0) ack 2 win 1000", TERN_CLOSED },
	{ TERN_TIME_WAIT, ". 2:2(0) ack 2 win 1000", TERN_TIME_WAIT },
	{ TERN_TIME_WAIT, ". 2:2(0) ack 1 win 1000", TERN_TIME_WAIT },
};

Test(synchronised, ack_of_our_fin_moves_on)
{
	struct wire_how how = { .state = TERN_ESTABLISHED };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(acks); i++) {
		how.state = acks[i].from;
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "%s in %s", acks[i].in, tern_tcp_state_name(how.state));
			wire_in(w, "%s", acks[i].in);
			wire_quiet_now(w);
			wire_state(w, acks[i].to);
			if (acks[i].to == TERN_CLOSED)
				wire_gone(w, TERN_FINISHED);
		}
	}
}

/* §3.10.7.4 seventh and eighth: text and FIN are taken where they may come. */
static const struct {
	enum tern_tcp_state from;
	const char *in, *out;
	enum tern_tcp_state to;
	unsigned int got, eofs;
} texts[] = {
	{ TERN_ESTABLISHED, "FP. 1:11(10) ack 1 win 1000", ". 1:1(0) ack 12", TERN_CLOSE_WAIT, 10,
	  1 },
	{ TERN_ESTABLISHED, "F. 1:1(0) ack 1 win 1000", ". 1:1(0) ack 2", TERN_CLOSE_WAIT, 0, 1 },
	{ TERN_ESTABLISHED, "F. 5:5(0) ack 1 win 1000", ". 1:1(0) ack 1", TERN_ESTABLISHED, 0, 0 },
	{ TERN_FIN_WAIT_1, "F. 1:1(0) ack 1 win 1000", ". 2:2(0) ack 2", TERN_CLOSING, 0, 1 },
	{ TERN_FIN_WAIT_1, "F. 1:1(0) ack 2 win 1000", ". 2:2(0) ack 2", TERN_TIME_WAIT, 0, 1 },
	{ TERN_FIN_WAIT_1, "FP. 1:11(10) ack 2 win 1000", ". 2:2(0) ack 12", TERN_TIME_WAIT, 10,
	  1 },
	{ TERN_FIN_WAIT_2, "F. 1:1(0) ack 2 win 1000", ". 2:2(0) ack 2", TERN_TIME_WAIT, 0, 1 },
	{ TERN_FIN_WAIT_2, "FP. 1:11(10) ack 2 win 1000", ". 2:2(0) ack 12", TERN_TIME_WAIT, 10,
	  1 },
	/* A FIN again: remain, and acknowledge again. */
	{ TERN_CLOSE_WAIT, "F. 1:1(0) ack 1 win 1000", ". 1:1(0) ack 2", TERN_CLOSE_WAIT, 0, 1 },
	{ TERN_CLOSING, "F. 1:1(0) ack 1 win 1000", ". 2:2(0) ack 2", TERN_CLOSING, 0, 1 },
	{ TERN_LAST_ACK, "F. 1:1(0) ack 1 win 1000", ". 2:2(0) ack 2", TERN_LAST_ACK, 0, 1 },
	{ TERN_TIME_WAIT, "F. 1:1(0) ack 2 win 1000", ". 2:2(0) ack 2", TERN_TIME_WAIT, 0, 1 },
	/* Text behind the FIN "should not occur": nobody gets it (B7). */
	{ TERN_CLOSE_WAIT, "P. 2:12(10) ack 1 win 1000", "?", TERN_CLOSE_WAIT, 0, 1 },
	{ TERN_CLOSE_WAIT, "F. 2:2(0) ack 1 win 1000", "?", TERN_CLOSE_WAIT, 0, 1 },
	{ TERN_CLOSING, "P. 2:12(10) ack 1 win 1000", "?", TERN_CLOSING, 0, 1 },
	{ TERN_LAST_ACK, "P. 2:12(10) ack 1 win 1000", "?", TERN_LAST_ACK, 0, 1 },
	{ TERN_TIME_WAIT, "P. 2:12(10) ack 2 win 1000", "?", TERN_TIME_WAIT, 0, 1 },
};

Test(synchronised, takes_text_and_fin)
{
	struct wire_how how = { .state = TERN_ESTABLISHED };
	struct event e;
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(texts); i++) {
		how.state = texts[i].from;
		e = (struct event){ texts[i].in, texts[i].out, texts[i].to };
		while ((w = wire_each(&how)) != NULL) {
			happens(w, &e);
			wire_check(w, w->user.got == texts[i].got, "got %lu bytes", w->user.got);
			wire_check(w, w->user.eofs == texts[i].eofs, "%u times EOF", w->user.eofs);
		}
	}
}

static void
window_of_4000(struct tern_config *c)
{
	c->rcv_space = 4000;
}

/* Fill the window with data that the user keeps. */
static void
shut(struct wire *w)
{
	wire_in(w, "P. 1:1461(1460) ack 1 win 1000");
	wire_skip(w);
	wire_in(w, "P. 1461:2921(1460) ack 1 win 1000");
	wire_skip(w);
	wire_in(w, "P. 2921:4001(1080) ack 1 win 1000");
	wire_pass(w, S(1));
	wire_check(w, w->user.got == 4000, "got %lu bytes", w->user.got);
	wire_check(w, w->flow->our_edge == w->flow->peer_isn + 4001, "the window is not shut");
}

/* §3.10.7.4 first, row 11: the four cases, at both edges, with and without a window. */
Test(synchronised, accepts_exactly_what_lies_in_the_window)
{
	static const struct {
		int at;		 /* of the segment, from RCV.NXT */
		int len;	 /* 0: a pure ACK */
		bool wide, shut; /* acceptable with a window of 4000, with none */
	} cases[] = {
		{ -1, 0, false, false },
		{ 0, 0, true, true },
		{ 1, 0, true, false },
		{ 3999, 0, true, false },
		{ 4000, 0, false, false },
		{ 4001, 0, false, false },
		{ -1, 1, false, false },
		{ -10, 10, false, false },
		{ -1, 2, true, false },
		{ 0, 1, true, false },
		{ 0, 1000, true, false },
		{ 3999, 1, true, false },
		{ 3999, 2, true, false },
		{ 4000, 1, false, false },
		{ 4000, 100, false, false },
		{ 1, 10, true, false },
		{ -1000000, 1000, false, false },
	};
	const struct wire_how how = { .state = TERN_ESTABLISHED,
				      .user = USER_TAKE,
				      .tune = window_of_4000 };
	struct wire *w;
	unsigned int i, k;
	bool ok;
	int at;

	for (i = 0; i < RTE_DIM(cases); i++)
		for (k = 0; k < 2; k++)
			while ((w = wire_each(&how)) != NULL) {
				if (k == 1)
					shut(w);
				ok = k == 1 ? cases[i].shut : cases[i].wide;
				at = cases[i].at + (k == 1 ? 4001 : 1);
				wire_note(w, "%d bytes at %d, %s", cases[i].len, cases[i].at,
					  k == 1 ? "shut" : "open");
				wire_in(w, ". %d:%d(%d) ack 1 win 1000", at, at + cases[i].len,
					cases[i].len);
				if (!ok) {
					wire_out_now(w, ". 1:1(0) ack %d", k == 1 ? 4001 : 1);
					wire_check(w, w->user.got == (k == 1 ? 4000 : 0), "taken");
				} else if (cases[i].len == 0) {
					wire_quiet_now(w);
				} else if (cases[i].at <= 0) {
					wire_check(w,
						   (int)w->user.got == cases[i].at + cases[i].len,
						   "got %lu", w->user.got);
				} else {
					wire_out_now(w, ". 1:1(0) ack 1");
					wire_check(w, wire_conn(w)->early_n == 1, "not held");
				}
				wire_pass(w, wire_now(w) + S(1));
			}
}
