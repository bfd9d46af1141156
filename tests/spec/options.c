/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options (RFC 9293 §3.1, §3.7.1, RFC 7323 §2): MSS, window scale, and everything else.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

/* The first segment of data after an open with these options. */
static void
first_segment(struct wire *w, const char *options, struct segment *s)
{
	wire_in(w, "S 0:0(0) win 65535 %s", options);
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_check(w, wire_segment(w, wire_now(w), s), "no data left");
	wire_skip(w);
}

/* MUST-15, MUST-16, B15: what the peer takes, but not above our MTU; 536 if it says nothing. */
Test(mss, of_the_peer_is_obeyed)
{
	static const struct {
		const char *options;
		unsigned int len;
	} cases[] = {
		{ "", 536 },
		{ "<sackOK>", 536 },
		{ "<mss 536>", 536 },
		{ "<mss 1000>", 1000 },
		{ "<mss 1459>", 1459 },
		{ "<mss 1460>", 1460 },
		{ "<mss 1461>", 1460 },
		{ "<mss 8960>", 1460 },
		{ "<mss 65535>", 1460 },
		/* MUST-64: at any alignment. */
		{ "<nop,mss 1000>", 1000 },
		{ "<nop,nop,mss 1000>", 1000 },
		{ "<nop,nop,nop,mss 1000>", 1000 },
		{ "<wscale 2,mss 1000>", 1000 },
		/* Of another length it is no MSS option. */
		{ "<raw 020303e8>", 536 },
		{ "<raw 020503e80000>", 536 },
		/* What stands behind the end is not an option. */
		{ "<eol,mss 1000>", 536 },
	};
	const struct wire_how how = { .state = TERN_LISTEN, .offer = 100000 };
	struct segment s;
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		w = wire_open(&how);
		wire_note(w, "%s", cases[i].options);
		first_segment(w, cases[i].options, &s);
		wire_check(w, s.len == cases[i].len, "%u bytes, expected %u", s.len, cases[i].len);
		wire_end(w);
	}
}

/* B15 (s#43697943, lwIP #22249): an absurd MSS makes small segments, not none, nor endless ones. */
Test(mss, absurdly_small_still_moves_data)
{
	static const unsigned int sizes[] = { 0, 1, 2, 11, 12, 13, 40, 47, 48, 63, 64 };
	const struct wire_how how = { .state = TERN_LISTEN, .offer = 1000 };
	struct segment s;
	struct wire *w;
	unsigned int i, n;
	uint32_t next;

	for (i = 0; i < RTE_DIM(sizes); i++) {
		w = wire_open(&how);
		wire_note(w, "mss %u", sizes[i]);
		wire_in(w, "S 0:0(0) win 65535 <mss %u>", sizes[i]);
		wire_out_now(w, "S. 0:0(0) ack 1 <...>");
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		for (next = 1, n = 0; next < 1001 && n < 2000; n++) {
			wire_check(w, wire_segment(w, wire_now(w) + S(1), &s), "stuck at %u", next);
			wire_check(w, s.len > 0 && s.seq == w->flow->our_isn + next,
				   "not in order");
			next += s.len;
			while (wire_segment(w, wire_now(w), &s))
				next += s.len;
			wire_in(w, ". 1:1(0) ack %u win 65535", next);
		}
		wire_check(w, w->user.acked == 1000, "acked %lu", w->user.acked);
		wire_end(w);
	}
}

/* MUST-14, MUST-67, SHLD-5, MAY-3, RFC 6691 §2, RFC 1191 §3.1: we say what the MTU lets us take. */
Test(mss, of_our_own_is_mtu_less_40)
{
	static const uint16_t mtus[] = { 576, 1280, 1400, 1500, 1900 };
	struct wire_how how = { .state = TERN_LISTEN, .offer = 100000 };
	struct segment s;
	const uint8_t *o;
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(mtus); i++) {
		how.mtu = mtus[i];
		w = wire_open(&how);
		wire_note(w, "MTU %u", mtus[i]);
		wire_in(w, "S 0:0(0) win 65535 <mss 65535>");
		wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
		o = segment_option(&s, 2);
		wire_check(w, o != NULL && get16(o + 2) == mtus[i] - 40, "MSS");
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_check(w, wire_segment(w, wire_now(w), &s) && s.len == mtus[i] - 40, "%u bytes",
			   s.len);
		wire_skip(w);
		wire_flow(w, 1);
		wire_connect(w);
		wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN");
		o = segment_option(&s, 2);
		wire_check(w, o != NULL && get16(o + 2) == mtus[i] - 40, "MSS");
		wire_end(w);
	}
}

/* The scale that we offer in a SYN or SYN-ACK; -1: none. */
static int
offered(const struct segment *s)
{
	const uint8_t *o = segment_option(s, 3);

	return o == NULL ? -1 : o[2];
}

/* RFC 7323 §2.2, B13: offered back only to who offered; and in each SYN of our own. */
Test(wscale, is_answered_only_if_offered)
{
	struct wire *w = wire_after(TERN_LISTEN);
	struct segment s;

	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_check(w, wire_segment(w, wire_now(w), &s) && offered(&s) == -1, "offered unasked");
	wire_flow(w, 1);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460,wscale 0>");
	wire_check(w, wire_segment(w, wire_now(w), &s) && offered(&s) == 3, "shift %d",
		   offered(&s));
	wire_flow(w, 2);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460,raw 0304010100>");
	wire_check(w, wire_segment(w, wire_now(w), &s) && offered(&s) == -1,
		   "a malformed option was taken for an offer");
	wire_flow(w, 3);
	wire_connect(w);
	wire_check(w, wire_segment(w, wire_now(w), &s) && offered(&s) == 3, "shift %d",
		   offered(&s));
	wire_end(w);
}

static void
no_scaling(struct tern_config *c)
{
	c->wscale = 0;
}

static void
huge_space(struct tern_config *c)
{
	c->rcv_space = 1u << 30;
}

/* RFC 7323 §2.3: the shift is what the space needs, at most 14; 0 switches the option off. */
Test(wscale, fits_the_receive_space)
{
	struct wire_how how = { .state = TERN_LISTEN, .tune = no_scaling };
	struct wire *w = wire_open(&how);
	struct segment s;

	wire_in(w, "S 0:0(0) win 65535 <mss 1460,wscale 7>");
	wire_check(w, wire_segment(w, wire_now(w), &s) && offered(&s) == -1, "offered");
	wire_flow(w, 1);
	wire_connect(w);
	wire_check(w, wire_segment(w, wire_now(w), &s) && offered(&s) == -1, "offered");
	wire_end(w);
	how.tune = huge_space;
	w = wire_open(&how);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460,wscale 7>");
	wire_check(w, wire_segment(w, wire_now(w), &s) && offered(&s) == 14 && s.win == 65535,
		   "shift %d window %u", offered(&s), s.win);
	wire_in(w, "P. 1:11(10) ack 1 win 65535");
	wire_check(w, wire_segment(w, wire_now(w) + S(1), &s) && s.win == 65535, "window %u",
		   s.win);
	wire_end(w);
}

/* RFC 7323 §2.2, B13 (s#518, lwIP #49717): the window in a SYN is never scaled, either way. */
Test(wscale, does_not_apply_to_the_syn)
{
	const struct wire_how how = { .state = TERN_SYN_SENT, .offer = 100000 };
	struct segment s;
	struct wire *w;
	uint32_t sum;

	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, "S. 0:0(0) ack 1 win 2000 <mss 1460,wscale 7>");
		for (sum = 0; wire_segment(w, wire_now(w), &s);)
			sum += s.len;
		wire_check(w, sum >= 1460 && sum <= 2000, "%u bytes sent into a window of 2000",
			   sum);
	}
}

/* RFC 7323 §2.3: later windows are shifted by what the peer said; above 14 counts as 14. */
Test(wscale, shifts_the_peers_window)
{
	static const struct {
		const char *offer;
		unsigned int win, bytes; /* what may be in flight */
	} cases[] = {
		{ "wscale 0", 1000, 1000 }, { "wscale 1", 1000, 2000 }, { "wscale 7", 10, 1280 },
		{ "wscale 14", 1, 14600 },  { "wscale 15", 1, 14600 },	{ "wscale 255", 1, 14600 },
		{ "nop", 1000, 1000 },
	};
	struct wire_how how = { .state = TERN_LISTEN, .offer = 100000 };
	struct segment s;
	struct wire *w;
	unsigned int i;
	uint32_t sum;

	for (i = 0; i < RTE_DIM(cases); i++)
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "%s", cases[i].offer);
			wire_in(w, "S 0:0(0) win 65535 <mss 536,%s>", cases[i].offer);
			wire_out_now(w, "S. 0:0(0) ack 1 <...>");
			wire_in(w, ". 1:1(0) ack 1 win %u", cases[i].win);
			for (sum = 0; wire_segment(w, wire_now(w), &s);)
				sum += s.len;
			wire_check(w,
				   wire_conn(w)->snd.wnd ==
					   cases[i].win << (cases[i].bytes == 14600 ?
								    14 :
								    wire_conn(w)->snd.wscale),
				   "window %u", wire_conn(w)->snd.wnd);
			wire_check(w,
				   sum <= cases[i].bytes &&
					   sum + 536 > RTE_MIN(cases[i].bytes, 5360u),
				   "%u bytes in flight of %u", sum, cases[i].bytes);
		}
}

/* RFC 7323 §2.2: ours is shifted only if both offered. */
Test(wscale, shifts_our_window_if_both_offered)
{
	struct wire_how how = { .state = TERN_ESTABLISHED, .syn = "<mss 1460,wscale 2>" };
	struct segment s;
	struct wire *w;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		how.active = i == 1;
		while ((w = wire_each(&how)) != NULL) {
			wire_in(w, "P. 1:11(10) ack 1 win 65535");
			wire_check(w, wire_segment(w, wire_now(w) + S(1), &s), "no ACK");
			wire_check(w, s.win >= 32767 && s.win <= 32768, "window %u << 3", s.win);
		}
	}
	how = (struct wire_how){ .state = TERN_ESTABLISHED };
	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, "P. 1:11(10) ack 1 win 65535");
		wire_check(w, wire_segment(w, wire_now(w) + S(1), &s) && s.win >= 65525,
			   "window %u", s.win);
	}
}

/* MUST-4 to MUST-7: each kind with each length, in a SYN and in data: nobody stumbles. */
Test(option, of_any_kind_and_length_is_survived)
{
	static const unsigned int lens[] = { 0, 1, 2, 3, 4, 5, 6, 10, 38, 40, 41, 255 };
	const struct wire_how how = { .state = TERN_LISTEN, .offer = 0 };
	struct wire *w = wire_open(&how);
	unsigned int kind, i, n = 0, synced = 0;
	char text[96];

	for (kind = 0; kind < 256; kind++)
		for (i = 0; i < RTE_DIM(lens); i++) {
			wire_flow(w, n++ % WIRE_FLOWS);
			wire_renew(w, n * 77777);
			/* The option, then bytes that a bad length would lead into. */
			snprintf(text, sizeof(text), "<raw %02x%02x%s>", kind, lens[i],
				 lens[i] > 10 ? "0204000003030f0101080a00000001000000020402" :
						"020400000303");
			wire_note(w, "kind %u length %u", kind, lens[i]);
			w->user.got = 0;
			wire_in(w, "S 0:0(0) win 65535 %s", text);
			if (wire_skip(w) == 0)
				continue;
			wire_in(w, "P. 1:11(10) ack 1 win 65535 %s", text);
			wire_skip(w);
			synced += w->user.got == 10;
			wire_in(w, "R 11:11(0) win 0");
			wire_skip(w);
		}
	wire_check(w, tern_tcp_connections(w->tcp) == 0, "connections are left");
	cr_assert_gt(synced, 256 * 8, "only %u of %u connections came up", synced, n);
	wire_end(w);
}

/* MUST-5 (URGENT/11): a live connection takes data whatever options they carry. */
Test(option, of_any_kind_and_length_does_not_cost_data)
{
	static const unsigned int lens[] = { 0, 1, 2, 3, 10, 38, 40, 41, 255 };
	struct wire *w = wire_after(TERN_ESTABLISHED);
	unsigned int kind, i;
	uint32_t at = 1;

	for (kind = 0; kind < 256; kind++)
		for (i = 0; i < RTE_DIM(lens); i++) {
			wire_note(w, "kind %u length %u", kind, lens[i]);
			wire_in(w, "P. %u:%u(10) ack 1 win 65535 <raw %02x%02x010203040506>", at,
				at + 10, kind, lens[i]);
			wire_skip(w);
			at += 10;
			wire_check(w, w->user.got == at - 1, "got %lu", w->user.got);
		}
	wire_end(w);
}

/*
 * MUST-30, RFC 6093 §6, RFC 9293 §3.10.7.4 step 6, M54: urgent data are data like others; the
 * pointer may point anywhere.
 */
Test(option, urgent_pointer_is_harmless)
{
	static const unsigned int pointers[] = { 0, 1, 2, 10, 11, 1460, 32768, 65535 };
	struct wire *w;
	unsigned int i;
	uint32_t at;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		for (i = 0, at = 1; i < RTE_DIM(pointers); i++, at += 10) {
			wire_in(w, "PU. %u:%u(10) ack 1 win 65535 urg %u", at, at + 10,
				pointers[i]);
			wire_skip(w);
			wire_in(w, "U. %u:%u(0) ack 1 win 65535 urg %u", at + 10, at + 10,
				pointers[i]);
			wire_skip(w);
			wire_check(w, w->user.got == at + 9, "got %lu", w->user.got);
		}
	}
}
