/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 9293 §3.8.3, §3.8.4, §3.9: what users are told and may choose: reports, keep-alives,
 * time-outs, classes, addresses; and what ICMP says to them and to the segment size (RFC 5927, RFC
 * 1191, RFC 4821).
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include <tern_tcp_info.h>

#include "kit/wire.h"

enum { TOS = 1 };

/* A user that counts what it is told. */
static unsigned int reports[TERN_REPORTS];

static void
on_report(struct tern_tcp_user *self, struct tern_conn *conn, enum tern_report what)
{
	(void)self;
	(void)conn;
	reports[what]++;
}

static void
listen_to_reports(struct wire *w)
{
	memset(reports, 0, sizeof(reports));
	w->user.vt.on_report = on_report;
}

static void
send_bytes(struct wire *w, uint32_t bytes)
{
	user_send(&w->user, bytes);
	wire_poll(w);
}

/*
 * MAY-5, MUST-24, MUST-26, MUST-27, SHLD-12: an idle connection whose user wants it is probed after
 * the time that it says: no data, and a number that is not new; an answer is enough until the next.
 */
Test(keepalive, probes_after_the_interval)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		cr_assert_eq(tern_tcp_keepalive(wire_conn(w), 100, 10, 3), 0);
		wire_quiet(w, S(99));
		wire_out(w, S(100), ". 0:0(0) ack 1");
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_quiet(w, S(199));
		wire_out(w, S(200), ". 0:0(0) ack 1");
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		cr_assert_eq(tern_tcp_keepalive(wire_conn(w), 0, 0, 0), 0);
		wire_quiet(w, S(10000));
		wire_state(w, TERN_ESTABLISHED);
	}
}

/* MUST-26: what comes puts it off, and while something is in flight there is none. */
Test(keepalive, is_for_silence)
{
	struct wire *w;
	struct segment s;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		cr_assert_eq(tern_tcp_keepalive(wire_conn(w), 100, 10, 3), 0);
		wire_quiet(w, S(90));
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out(w, S(90) + MS(40), ". 1:1(0) ack 101");
		wire_quiet(w, S(189));
		wire_check(w,
			   wire_segment(w, S(191), &s) && s.len == 0 && s.flags == ACK &&
				   s.seq == w->flow->our_isn,
			   "no probe");
		wire_in(w, ". 101:101(0) ack 1 win 65535");
		wire_quiet(w, S(280));
		send_bytes(w, 10);
		while (wire_segment(w, S(320), &s))
			wire_check(w, s.len == 10, "a probe beside data");
		wire_state(w, TERN_ESTABLISHED);
		wire_in(w, ". 101:101(0) ack 11 win 65535");
	}
}

/* MUST-29: one that nobody answers ends nothing; only all of them do. */
Test(keepalive, one_may_be_lost)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		cr_assert_eq(tern_tcp_keepalive(wire_conn(w), 100, 10, 3), 0);
		wire_out(w, S(100), ". 0:0(0) ack 1");
		wire_out(w, S(110), ". 0:0(0) ack 1");
		wire_out(w, S(120), ". 0:0(0) ack 1");
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_quiet(w, S(219));
		wire_state(w, TERN_ESTABLISHED);
		wire_pass(w, S(245));
		wire_state(w, TERN_ESTABLISHED);
		wire_pass(w, S(255));
		wire_gone(w, TERN_TIMED_OUT);
	}
}

static void
keeping_alive(struct tern_config *c)
{
	c->keepalive = 1;
}

/* MUST-25, MUST-28: off unless asked for; then, without another word, two hours. */
Test(keepalive, comes_after_two_hours)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .tune = keeping_alive };
	struct wire *w;

	w = wire_after(TERN_ESTABLISHED);
	wire_quiet(w, S(100000));
	wire_end(w);
	while ((w = wire_each(&how)) != NULL) {
		wire_quiet(w, S(7199));
		wire_out(w, S(7200), ". 0:0(0) ack 1");
		wire_in(w, ". 1:1(0) ack 1 win 65535");
	}
}

/* MUST-21, RFC 5482 §3.1: R2 of one connection, which ends no idle one. */
Test(user_timeout, ends_what_is_unanswered)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		cr_assert_eq(tern_tcp_user_timeout(wire_conn(w), S(5)), 0);
		wire_quiet(w, S(1000));
		send_bytes(w, 100);
		wire_pass(w, S(1004));
		wire_state(w, TERN_ESTABLISHED);
		wire_pass(w, S(1006));
		wire_gone(w, TERN_TIMED_OUT);
	}
}

/*
 * MUST-20, MUST-47, SHLD-9, SHLD-10: after three repetitions the user is told, once, and the
 * connection goes on; when the peer answers and is silent again, once more.
 */
Test(reports, of_what_is_unanswered)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		listen_to_reports(w);
		send_bytes(w, 100);
		while (wire_count(w, TERN_EV_TCP_RETRANSMITTED) < 2)
			wire_pass(w, wire_now(w) + MS(10));
		wire_check(w, reports[TERN_REPORT_UNANSWERED] == 0, "too soon");
		wire_pass(w, S(50));
		wire_check(w, reports[TERN_REPORT_UNANSWERED] == 1, "%u reports",
			   reports[TERN_REPORT_UNANSWERED]);
		wire_state(w, TERN_ESTABLISHED);
		wire_in(w, ". 1:1(0) ack 101 win 65535");
		wire_quiet(w, S(100));
		send_bytes(w, 100);
		wire_pass(w, S(150));
		wire_check(w, reports[TERN_REPORT_UNANSWERED] == 2, "%u reports",
			   reports[TERN_REPORT_UNANSWERED]);
		wire_in(w, ". 1:1(0) ack 201 win 65535");
	}
}

/* SHLD-20: who has no on_report() is not told, and nothing else is different. */
Test(reports, need_not_be_wanted)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		w->user.vt.on_report = NULL;
		send_bytes(w, 100);
		wire_pass(w, S(50));
		wire_in(w, "PU. 1:101(100) ack 101 win 65535 urg 10");
		wire_check(w, w->user.got == 100, "got %lu", w->user.got);
		wire_skip(w);
	}
}

/*
 * MUST-31, MUST-32, MUST-33, MUST-62, RFC 9293 §3.10.7.4 step 6, RFC 6093 §4: the user is told once
 * of urgent data, and again when there are more; where they end can be seen, and what lies before
 * it comes in line, however much that is.
 */
Test(reports, of_urgent_data)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		listen_to_reports(w);
		wire_in(w, "P. 1:101(100) ack 1 win 65535 urg 10");
		wire_check(w, reports[TERN_REPORT_URGENT] == 0, "of nothing");
		wire_in(w, "PU. 101:201(100) ack 1 win 65535 urg 50");
		wire_check(w, reports[TERN_REPORT_URGENT] == 1, "not told");
		wire_check(w, w->user.got == 200, "got %lu", w->user.got);
		wire_skip(w);
		wire_in(w, "PU. 201:301(100) ack 1 win 65535 urg 40000");
		wire_check(w, reports[TERN_REPORT_URGENT] == 2, "not told of more");
		wire_check(w,
			   (wire_conn(w)->marks & TERN_MARK_URGENT) != 0 &&
				   wire_conn(w)->urgent == w->flow->peer_isn + 201 + 40000,
			   "they end at %u", wire_conn(w)->urgent - w->flow->peer_isn);
		wire_in(w, "PU. 301:401(100) ack 1 win 65535 urg 39900");
		wire_skip(w);
		wire_in(w, "PU. 401:501(100) ack 1 win 65535 urg 1000");
		wire_check(w, reports[TERN_REPORT_URGENT] == 2, "told of the same again");
		wire_check(w, w->user.got == 500, "got %lu", w->user.got);
		wire_skip(w);
		wire_pass(w, S(1));
	}
}

static void
window_of_1000(struct tern_config *c)
{
	c->rcv_space = 1000;
}

/* MUST-66: also when our window is shut. */
Test(reports, of_urgent_data_at_a_shut_window)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED,
				      .user = USER_TAKE,
				      .tune = window_of_1000 };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		listen_to_reports(w);
		wire_in(w, "P. 1:1001(1000) ack 1 win 65535");
		wire_pass(w, MS(100));
		wire_in(w, "PU. 1001:1002(1) ack 1 win 65535 urg 1");
		wire_check(w, reports[TERN_REPORT_URGENT] == 1, "not told");
		wire_check(w, w->user.got == 1000, "taken");
		wire_skip(w);
	}
}

static uint8_t
class_of(struct wire *w)
{
	return wire_take(w)->f.b[FRAME_L3 + TOS];
}

static void
expedited(struct tern_config *c)
{
	c->dscp = 46;
}

/*
 * MUST-48, SHLD-22, SHLD-21: what the user says reaches IP as it is, in segments of every kind; the
 * class of what comes has no part in it; it may change.
 */
Test(dscp, is_the_users)
{
	const struct wire_how how = { .state = TERN_LISTEN, .tune = expedited };
	struct wire *w = wire_open(&how);
	struct frame f;

	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
	wire_check(w, class_of(w) == 46 << 2, "SYN-ACK");
	wire_in(w, ". 1:1(0) ack @%u win 65535", w->flow->our_isn + 1);
	send_bytes(w, 10);
	wire_check(w, class_of(w) == 46 << 2, "data");
	wire_frame(w, &f, "P. 1:11(10) ack 11 win 65535");
	f.b[FRAME_L3 + TOS] = 8 << 2;
	frame_sum_ip(&f);
	wire_raw(w, &f);
	wire_pass(w, MS(100));
	wire_conn(w)->tos = 10 << 2;
	send_bytes(w, 10);
	wire_check(w, class_of(w) == 10 << 2, "data after a change");
	/* In the mbuf that came in. */
	wire_frame(w, &f, "F. 11:11(0) ack 21 win 65535");
	f.b[FRAME_L3 + TOS] = 8 << 2;
	frame_sum_ip(&f);
	wire_raw(w, &f);
	wire_check(w, class_of(w) == 10 << 2, "an ACK in the mbuf that came");
	wire_end(w);
}

static struct tern_addr
addr(const char *text)
{
	return tern_addr_v4(ip4(text));
}

/* MUST-43: an active open may say which of our addresses, and ports, it is from. */
Test(open, from_an_address_of_the_users)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct tern_conn *c;
	const struct sent *s;

	cr_assert_eq(tern_ip_add_addr(tern_ip(w->stack), addr("10.9.0.20"), 120), 0);
	wire_skip(w);
	cr_assert_eq(tern_tcp_connect_from(w->tcp, addr("10.9.0.99"), 0, addr(PEER_ADDR),
					   RTE_BE16(80), &w->user.vt, &c),
		     -EADDRNOTAVAIL);
	cr_assert_eq(tern_tcp_connect_from(w->tcp, addr("10.9.0.20"), RTE_BE16(4321),
					   addr(PEER_ADDR), RTE_BE16(80), &w->user.vt, &c),
		     0);
	wire_poll(w);
	s = wire_take(w);
	wire_check(w, get32(s->f.b + FRAME_L3 + 12) == 0x0a090014, "from %08x",
		   get32(s->f.b + FRAME_L3 + 12));
	wire_check(w, get16(s->f.b + FRAME_L3 + 20) == 4321, "from port %u",
		   get16(s->f.b + FRAME_L3 + 20));
	cr_assert_eq(tern_tcp_connect_from(w->tcp, addr("10.9.0.20"), RTE_BE16(4321),
					   addr(PEER_ADDR), RTE_BE16(80), &w->user.vt, &c),
		     -EADDRINUSE);
	tern_tcp_abort(c);
	wire_end(w);
}

/* An ICMP error about a segment of ours that had this number, relative, and length. */
static void
error_about(struct wire *w, uint8_t type, uint8_t code, uint32_t rest, uint32_t seq, uint16_t len)
{
	uint8_t quote[28] = { 0x45 };
	struct frame f;

	put16(quote + 2, len);
	quote[8] = 64;
	quote[9] = IPPROTO_TCP;
	memcpy(quote + 12, &w->flow->ends.dst, 4);
	memcpy(quote + 16, &w->flow->ends.src, 4);
	put16(quote + 20, w->flow->ends.dport);
	put16(quote + 22, w->flow->ends.sport);
	put32(quote + 24, w->flow->our_isn + seq);
	frame_icmp(&f, ip4("192.0.2.1"), ip4(OUR_ADDR), type, code, rest, quote, 28);
	wire_raw(w, &f);
}

/*
 * MUST-54, SHLD-25, MUST-56: soft errors reach the user of the connection that they are about, and
 * end nothing. RFC 5927 §4.1: if they quote what is in flight.
 */
Test(icmp_error, is_told_to_the_connection)
{
	static const struct {
		uint8_t type, code;
	} soft[] = { { 3, 0 }, { 3, 1 }, { 3, 5 }, { 11, 0 }, { 11, 1 }, { 12, 0 } };
	static const uint32_t lies[] = { 0, 101, 5000, 0x80000000, 0xffffffff };
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		listen_to_reports(w);
		send_bytes(w, 100);
		wire_skip(w);
		for (i = 0; i < RTE_DIM(lies); i++) {
			error_about(w, 3, 1, 0, lies[i], 140);
			wire_check(w, reports[TERN_REPORT_UNREACHABLE] == 0, "number %u believed",
				   lies[i]);
		}
		w->flow->ends.sport++;
		error_about(w, 3, 1, 0, 1, 140);
		w->flow->ends.sport--;
		wire_check(w, reports[TERN_REPORT_UNREACHABLE] == 0, "of another connection");
		for (i = 0; i < RTE_DIM(soft); i++) {
			error_about(w, soft[i].type, soft[i].code, 0, 1, 140);
			wire_check(w, reports[TERN_REPORT_UNREACHABLE] == i + 1,
				   "type %u code %u not told", soft[i].type, soft[i].code);
			wire_state(w, TERN_ESTABLISHED);
		}
		error_about(w, 4, 0, 0, 1, 140); /* MUST-55 */
		wire_check(w, reports[TERN_REPORT_UNREACHABLE] == i, "Source Quench told");
		wire_in(w, ". 1:1(0) ack 101 win 65535");
	}
}

/*
 * SHLD-26: hard errors end an attempt; MUST-56: soft ones do not. RFC 5927 §5.2: nor an open one.
 */
Test(icmp_error, ends_an_attempt_if_it_is_hard)
{
	static const struct {
		uint8_t type, code;
		bool hard;
	} cases[] = {
		{ 3, 0, false }, { 3, 1, false }, { 3, 2, true },   { 3, 3, true },
		{ 3, 5, false }, { 4, 0, false }, { 11, 0, false }, { 12, 0, false },
	};
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		while ((w = wire_each_after(TERN_SYN_SENT)) != NULL) {
			wire_note(w, "type %u code %u", cases[i].type, cases[i].code);
			error_about(w, cases[i].type, cases[i].code, 0, 5000, 60);
			wire_state(w, TERN_SYN_SENT);
			error_about(w, cases[i].type, cases[i].code, 0, 0, 60);
			wire_state(w, cases[i].hard ? TERN_CLOSED : TERN_SYN_SENT);
		}
		while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
			send_bytes(w, 100);
			wire_skip(w);
			error_about(w, cases[i].type, cases[i].code, 0, 1, 140);
			wire_state(w, TERN_ESTABLISHED);
			wire_in(w, ". 1:1(0) ack 101 win 65535");
		}
	}
}

static const struct wire_how ten_segments = { .state = TERN_ESTABLISHED,
					      .rtt_ns = MS(100),
					      .offer = 14600 };

/* How long is the next segment, which leaves by then? */
static uint32_t
next_len(struct wire *w, uint64_t by)
{
	struct segment s;

	wire_check(w, wire_segment(w, by, &s), "nothing leaves");
	return s.len;
}

/*
 * RFC 1191 §3, §6.4: Datagram Too Big: smaller segments at once, from the one that was too big on,
 * and cwnd stays. Below 68, or no smaller than what we send, it is nonsense.
 */
Test(mtu, too_big_makes_segments_smaller)
{
	struct wire *w;
	uint32_t cwnd;

	while ((w = wire_each(&ten_segments)) != NULL) {
		wire_check(w, wire_skip(w) == 10, "not ten segments");
		wire_conn(w)->flags |= TERN_CONN_NODELAY;
		cwnd = wire_conn(w)->cong.cwnd;
		error_about(w, 3, 4, 67, 1, 1500);
		error_about(w, 3, 4, 1500, 1, 1500);
		error_about(w, 3, 4, 9000, 1, 1500);
		error_about(w, 3, 4, 1000, 100000, 1500);
		wire_quiet_now(w);
		error_about(w, 3, 4, 1000, 1, 1500);
		wire_check(w, next_len(w, wire_now(w)) == 960, "not at once, or not 960 bytes");
		wire_check(w, wire_conn(w)->cong.cwnd >= cwnd, "cwnd %u", wire_conn(w)->cong.cwnd);
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 14601 win 65535");
		wire_skip(w);
		send_bytes(w, 5000);
		wire_check(w, next_len(w, wire_now(w)) == 960, "larger again");
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 19601 win 65535");
	}
}

/* RFC 1191 §5: a router that does not say which: the next lower of the usual sizes. */
Test(mtu, old_routers_do_not_say)
{
	struct wire *w;

	while ((w = wire_each(&ten_segments)) != NULL) {
		wire_skip(w);
		error_about(w, 3, 4, 0, 1, 1500);
		wire_check(w, next_len(w, wire_now(w)) == 1452, "not 1492 less 40");
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 14601 win 65535");
		wire_skip(w);
	}
}

/* How long is a segment, when an ACK has come? */
static uint32_t
len_after_an_ack(struct wire *w, uint32_t *sent)
{
	uint32_t len;

	for (unsigned int i = 0; i < 2; i++) {
		send_bytes(w, 5000);
		len = next_len(w, wire_now(w));
		wire_skip(w);
		*sent += 5000;
		wire_in(w, ". 1:1(0) ack %u win 65535", 1 + *sent);
	}
	return len;
}

/* RFC 1191 §6.3: ten minutes later the path may be another. */
Test(mtu, is_tried_again_after_ten_minutes)
{
	struct wire *w;
	uint32_t sent;

	while ((w = wire_each(&ten_segments)) != NULL) {
		wire_conn(w)->flags |= TERN_CONN_NODELAY;
		wire_skip(w);
		error_about(w, 3, 4, 1000, 1, 1500);
		wire_skip(w);
		sent = 14600;
		wire_in(w, ". 1:1(0) ack 14601 win 65535");
		wire_quiet(w, S(590));
		wire_check(w, len_after_an_ack(w, &sent) == 960, "too soon");
		wire_quiet(w, S(610));
		wire_check(w, len_after_an_ack(w, &sent) == 1460, "not tried again");
	}
}

/*
 * RFC 4821 §7.7: nobody says anything, and full segments vanish: smaller ones are tried, and come
 * through.
 */
Test(mtu, black_hole_is_found_by_silence)
{
	struct wire *w;
	uint32_t next;
	struct segment s;

	while ((w = wire_each(&ten_segments)) != NULL) {
		for (next = 1; next < 14601 && wire_now(w) < S(90);) {
			wire_check(w, wire_segment(w, wire_now(w) + S(61), &s), "gives up");
			if (s.len > 1000 || s.seq != w->flow->our_isn + next)
				continue;
			next += s.len;
			if (w->sent_head == w->sent_tail)
				wire_in(w, ". 1:1(0) ack %u win 65535", next);
		}
		wire_check(w, next == 14601, "only %u bytes came through", next - 1);
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 14601 win 65535");
	}
}

/* The segment at `next`, if it is full or not as wanted, is the first that comes through. */
static void
let_through(struct wire *w, uint32_t *next, bool full)
{
	struct segment s;

	do {
		wire_check(w, wire_segment(w, wire_now(w) + S(61), &s), "gives up");
	} while (s.seq != w->flow->our_isn + *next || (s.len == 1460) != full);
	*next += s.len;
	wire_in(w, ". 1:1(0) ack %u win 65535", *next);
}

/*
 * RFC 4821 §7.7: a path that loses much may lose a segment three times in a row. But then full
 * segments come through again, and as often as it happens they stay full.
 */
Test(mtu, silences_between_full_segments_are_no_black_hole)
{
	struct wire *w;
	uint32_t next;

	while ((w = wire_each(&ten_segments)) != NULL) {
		for (next = 1; next < 11000;) {
			let_through(w, &next, false);
			let_through(w, &next, true);
		}
		wire_check(w, wire_now(w) < S(30), "as slow as without an answer");
		wire_check(w, wire_conn(w)->snd.mss == 1460, "MSS %u", wire_conn(w)->snd.mss);
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 14601 win 65535");
		wire_skip(w);
	}
}

/* RFC 4898 §4: what is told of a connection, by the names of its MIB, is what happened to it. */
Test(info, tells_what_happened)
{
	struct tern_tcp_info info;
	struct wire *w;

	while ((w = wire_each(&ten_segments)) != NULL) {
		wire_skip(w);
		tern_tcp_info(wire_conn(w), &info);
		wire_check(w, info.state == TERN_ESTABLISHED && info.cur_mss == 1460, "state, MSS");
		wire_check(w,
			   info.smoothed_rtt_us == 100000 && info.min_rtt_us == 100000 &&
				   info.cur_rto_us == 300000,
			   "SRTT %u, least %u, RTO %u us", info.smoothed_rtt_us, info.min_rtt_us,
			   info.cur_rto_us);
		wire_check(w, info.pipe_size == 14600 && info.thru_octets_acked == 0, "pipe %u",
			   info.pipe_size);
		wire_check(w,
			   info.snd_una == w->flow->our_isn + 1 &&
				   info.snd_nxt == w->flow->our_isn + 14601 &&
				   info.rcv_nxt == w->flow->peer_isn + 1,
			   "numbers");
		wire_check(w, !info.sack && !info.timestamps && !info.ecn, "agreed on");
		wire_pass(w, MS(350));
		tern_tcp_info(wire_conn(w), &info);
		wire_check(w,
			   info.subsequent_timeouts == 1 && info.recovery == TERN_RECOVERY_LOSS &&
				   info.cur_cwnd == 1460 && info.cur_rto_us == 600000,
			   "%u timeouts, cwnd %u, RTO %u us", info.subsequent_timeouts,
			   info.cur_cwnd, info.cur_rto_us);
		wire_in(w, ". 1:1(0) ack 14601 win 1000");
		tern_tcp_info(wire_conn(w), &info);
		wire_check(w,
			   info.thru_octets_acked == 14600 && info.pipe_size == 0 &&
				   info.cur_rwin_rcvd == 1000 && info.subsequent_timeouts == 0,
			   "acked %lu, window %u", info.thru_octets_acked, info.cur_rwin_rcvd);
	}
}
