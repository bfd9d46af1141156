/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3168 §6.1: congestion that is marked instead of dropped, both ways.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include <tern_congestion.h>

#include "kit/wire.h"

enum { MSS = 1460, TOS = 1, NOT_ECT = 0, ECT_0 = 2, CE = 3 };

static unsigned int
field(const struct sent *s)
{
	return s->f.b[FRAME_L3 + TOS] & 3;
}

static void
newreno(struct tern_config *c)
{
	c->congestion = TERN_NEWRENO;
}

static void
asking(struct tern_config *c)
{
	c->ecn = 2;
}

static void
deaf(struct tern_config *c)
{
	c->ecn = 0;
}

/* The next frame, which leaves by then: its flags, and its field of the IP header. */
static unsigned int
take_by(struct wire *w, uint64_t by, struct segment *s)
{
	const struct sent *frame = wire_next(w, by);

	wire_check(w, frame != NULL, "nothing leaves");
	cr_assert(segment_read(s, frame->f.b + FRAME_L3 + 20, frame->f.len - FRAME_L3 - 20u));
	return field(frame);
}

static unsigned int
take(struct wire *w, struct segment *s)
{
	return take_by(w, wire_now(w), s);
}

/* ESTABLISHED, passively, ECN agreed on. */
static struct wire *
agreed(uint64_t offer)
{
	const struct wire_how how = { .state = TERN_LISTEN, .offer = offer, .tune = newreno };
	struct wire *w = wire_open(&how);

	wire_in(w, "SEW 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "SE. 0:0(0) ack 1 win 65535 <mss 1460>");
	wire_quiet(w, MS(100));
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_state(w, TERN_ESTABLISHED);
	return w;
}

/* A segment of the peer with this field. */
static void
in_marked(struct wire *w, unsigned int ecn, const char *text)
{
	struct frame f;

	wire_frame(w, &f, "%s", text);
	f.b[FRAME_L3 + TOS] = (uint8_t)ecn;
	frame_sum_ip(&f);
	wire_raw(w, &f);
}

/*
 * SHLD-8, RFC 3168 §6.1.1, RFC 8257 §3.6: who asks with ECE and CWR is answered with ECE; no one
 * else is. No ECT yet.
 */
Test(ecn, is_agreed_on_in_the_handshake)
{
	static const struct {
		const char *flags;
		bool ecn, deaf;
	} cases[] = {
		{ "SEW", true, false }, { "SE", false, false }, { "SW", false, false },
		{ "S", false, false },	{ "SEW", false, true },
	};
	struct wire_how how = { .state = TERN_LISTEN, .offer = 100 };
	struct segment s;
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		how.tune = cases[i].deaf ? deaf : NULL;
		w = wire_open(&how);
		wire_note(w, "%s", cases[i].flags);
		wire_in(w, "%s 0:0(0) win 65535 <mss 1460>", cases[i].flags);
		wire_check(w, take(w, &s) == NOT_ECT, "SYN-ACK with ECT");
		wire_check(w, (s.flags & (ECE | CWR)) == (cases[i].ecn ? ECE : 0), "flags %02x",
			   s.flags);
		w->flow->our_isn = s.seq;
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_check(w, take(w, &s) == (cases[i].ecn ? ECT_0 : NOT_ECT), "field of data");
		wire_in(w, "R. 1:1(0) ack 1 win 0");
		wire_end(w);
	}
}

/* RFC 3168 §6.1.1: where we ask; an answer that is only our flags come back agrees to nothing. */
Test(ecn, is_asked_for_if_configured)
{
	static const struct {
		const char *answer;
		bool ecn;
	} cases[] = { { "SE.", true }, { "S.", false }, { "SEW.", false }, { "SW.", false } };
	const struct wire_how how = { .tune = asking, .offer = 100 };
	struct segment s;
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		w = wire_open(&how);
		wire_note(w, "%s", cases[i].answer);
		wire_connect(w);
		wire_check(w, take(w, &s) == NOT_ECT, "SYN with ECT");
		wire_check(w, s.flags == (SYN | ECE | CWR), "flags %02x", s.flags);
		wire_in(w, "%s 0:0(0) ack 1 win 65535 <mss 1460>", cases[i].answer);
		wire_check(w, take(w, &s) == (cases[i].ecn ? ECT_0 : NOT_ECT) && s.len == 100,
			   "field of data");
		wire_in(w, "R. 1:1(0) ack 1 win 0");
		wire_end(w);
	}
}

/*
 * RFC 3168 §6.1.2: ECE lowers cwnd by half, once for a window however often it comes; CWR says so
 * in the next new data, once.
 */
Test(ecn, echo_lowers_cwnd_once_a_window)
{
	struct wire *w = agreed(100 * MSS);
	unsigned int i, cwrs = 0;
	struct segment s;

	wire_check(w, wire_skip(w) == 10, "not ten segments");
	wire_quiet(w, MS(200));
	wire_in(w, "E. 1:1(0) ack %u win 65535", 1 + MSS);
	wire_check(w, wire_conn(w)->cong.cwnd == 5 * MSS, "cwnd %u", wire_conn(w)->cong.cwnd);
	wire_check(w, wire_conn(w)->cong.ssthresh == 5 * MSS, "ssthresh %u",
		   wire_conn(w)->cong.ssthresh);
	for (i = 2; i <= 9; i++) {
		wire_in(w, "E. 1:1(0) ack %u win 65535", 1 + i * MSS);
		wire_check(w, wire_conn(w)->cong.cwnd >= 5 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
		while (w->sent_head != w->sent_tail) {
			wire_check(w, take(w, &s) == ECT_0, "data without ECT");
			wire_check(w, (s.flags & CWR) == 0 || cwrs == 0, "CWR again");
			cwrs += (s.flags & CWR) != 0;
		}
	}
	wire_check(w, cwrs == 1, "no CWR");
	wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 0, "repeated");
	wire_in(w, "R. 1:1(0) ack 1 win 0");
	wire_end(w);
}

/* RFC 3168 §6.1.3, §6.1.4: CE is echoed on every ACK until CWR comes; ACKs themselves have no ECT.
 */
Test(ecn, mark_is_echoed_until_cwr)
{
	struct wire *w = agreed(0);
	struct segment s;
	unsigned int i;
	char text[64];

	in_marked(w, ECT_0, "P. 1:101(100) ack 1 win 65535");
	wire_out(w, MS(140), ". 1:1(0) ack 101");
	in_marked(w, CE, "P. 101:201(100) ack 1 win 65535");
	wire_check(w, take(w, &s) == NOT_ECT && (s.flags & ECE) != 0, "flags %02x", s.flags);
	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "P. %u:%u(100) ack 1 win 65535", 201 + 100 * i,
			 301 + 100 * i);
		in_marked(w, ECT_0, text);
		wire_check(w, wire_segment(w, wire_now(w) + MS(40), &s) && (s.flags & ECE) != 0,
			   "not echoed");
	}
	in_marked(w, ECT_0, "PW. 501:601(100) ack 1 win 65535");
	wire_check(w, wire_segment(w, wire_now(w) + MS(40), &s) && (s.flags & ECE) == 0,
		   "still echoed");
	/* A packet that says both begins anew. */
	in_marked(w, CE, "PW. 601:701(100) ack 1 win 65535");
	wire_check(w, wire_segment(w, wire_now(w) + MS(40), &s) && (s.flags & ECE) != 0,
		   "not echoed");
	wire_end(w);
}

/* RFC 3168 §6.1.5: what is sent again has no ECT; a mark on what is old or beyond says nothing. */
Test(ecn, repetitions_take_no_part)
{
	struct wire *w = agreed(100);
	struct segment s;

	wire_check(w, take(w, &s) == ECT_0, "data without ECT");
	wire_check(w, take_by(w, S(5), &s) == NOT_ECT && s.len == 100, "repeated with ECT");
	wire_in(w, ". 1:1(0) ack 101 win 65535");
	wire_in(w, "P. 1:101(100) ack 101 win 65535");
	wire_check(w, wire_segment(w, wire_now(w) + MS(40), &s), "no ACK");
	in_marked(w, CE, "P. 1:101(100) ack 101 win 65535");
	wire_check(w, take(w, &s) == NOT_ECT && (s.flags & ECE) == 0, "echoed for old data");
	in_marked(w, CE, "P. 900001:900101(100) ack 101 win 65535");
	wire_check(w, take(w, &s) == NOT_ECT && (s.flags & ECE) == 0, "echoed from beyond");
	wire_end(w);
}

/* RFC 3168 §6.1.6: nor do probes of a shut window. */
Test(ecn, window_probes_take_no_part)
{
	struct wire *w = agreed(0);
	const struct sent *s;

	wire_in(w, ". 1:1(0) ack 1 win 0");
	user_send(&w->user, 100);
	wire_poll(w);
	s = wire_next(w, S(5));
	wire_check(w, s != NULL, "no probe");
	wire_check(w, field(s) == NOT_ECT, "probe with ECT");
	wire_in(w, "R. 1:1(0) ack 1 win 0");
	wire_end(w);
}

static void
dctcp(struct tern_config *c)
{
	c->congestion = TERN_DCTCP;
}

/*
 * RFC 8257 §3.2: with DCTCP each ACK says of what it covers whether it was marked: a change is told
 * at once, so that no ACK is for both kinds; there is no waiting for CWR.
 */
Test(ecn, dctcp_tells_of_each_mark)
{
	static const struct {
		unsigned int field;
		bool now, ece; /* an ACK at once; what the next one says */
	} steps[] = {
		{ ECT_0, false, false }, { CE, true, false },	  { CE, false, true },
		{ ECT_0, true, true },	 { ECT_0, false, false }, { CE, true, false },
	};
	const struct wire_how how = { .state = TERN_LISTEN, .tune = dctcp };
	struct wire *w = wire_open(&how);
	struct segment s;
	unsigned int i;
	char text[64];

	wire_in(w, "SEW 0:0(0) win 65535 <mss 1460>");
	wire_out_now(w, "SE. 0:0(0) ack 1 win 65535 <mss 1460>");
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	for (i = 0; i < RTE_DIM(steps); i++) {
		wire_note(w, "step %u", i);
		snprintf(text, sizeof(text), "P. %u:%u(100) ack 1 win 65535", 1 + 100 * i,
			 101 + 100 * i);
		in_marked(w, steps[i].field, text);
		wire_check(w, (w->sent_head != w->sent_tail) == steps[i].now, "an ACK at once?");
		take_by(w, wire_now(w) + MS(40), &s);
		wire_check(w, ((s.flags & ECE) != 0) == (steps[i].field == CE), "ECE %u",
			   s.flags & ECE);
	}
	wire_end(w);
}
