/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion control (RFC 5681, RFC 6582, RFC 6928): windows by number, in the block and on the
 * wire (B21).
 */
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

#define MSS 1460u

/* A peer with a window that never limits, 100 ms away; the user has more than enough. */
static const struct wire_how far = {
	.state = TERN_ESTABLISHED,
	.rtt_ns = MS(100),
	.syn = "<mss 1460,wscale 7>",
	.offer = UINT64_C(100000000),
};

/* The segments that leave now, all full; the number after the last in *next, relative. */
static unsigned int
burst(struct wire *w, uint32_t *next)
{
	struct segment s;
	unsigned int n = 0;

	*next = 0;
	while (wire_segment(w, wire_now(w), &s)) {
		wire_check(w, s.len == MSS, "a segment of %u bytes", s.len);
		*next = s.seq + s.len - w->flow->our_isn;
		n++;
	}
	return n;
}

static void
ack(struct wire *w, uint32_t upto)
{
	wire_in(w, ". 1:1(0) ack %u win 65535", upto);
}

static void
cwnd_is(struct wire *w, uint32_t bytes)
{
	wire_check(w, wire_conn(w)->cong.cwnd == bytes, "cwnd %u, expected %u",
		   wire_conn(w)->cong.cwnd, bytes);
}

static void
ssthresh_is(struct wire *w, uint32_t bytes)
{
	wire_check(w, wire_conn(w)->cong.ssthresh == bytes, "ssthresh %u, expected %u",
		   wire_conn(w)->cong.ssthresh, bytes);
}

/* RFC 6928 §2: min(10 MSS, max(2 MSS, 14600)). */
Test(congestion, initial_window_is_10_segments)
{
	static const unsigned int sizes[] = { 536, 1000, 1460 };
	char options[64];
	struct wire_how how = far;
	struct segment s;
	struct wire *w;
	unsigned int i, n;

	how.syn = options;
	for (i = 0; i < RTE_DIM(sizes); i++)
		for (how.active = false;; how.active = true) {
			snprintf(options, sizeof(options), "<mss %u,wscale 7>", sizes[i]);
			while ((w = wire_each(&how)) != NULL) {
				wire_note(w, "MSS %u", sizes[i]);
				for (n = 0; wire_segment(w, wire_now(w), &s); n++)
					wire_check(w, s.len == sizes[i], "%u bytes", s.len);
				wire_check(w, n == 10, "%u segments", n);
				cwnd_is(w, 10 * sizes[i]);
			}
			if (how.active)
				break;
		}
}

/* RFC 5681 §3.1: if the SYN was lost, the initial window is one segment. */
Test(congestion, initial_window_is_1_segment_after_a_lost_syn)
{
	struct wire_how how = far;
	struct wire *w;
	uint32_t next;

	how.state = TERN_SYN_SENT;
	how.rtt_ns = 0;
	while ((w = wire_each(&how)) != NULL) {
		wire_out(w, S(1), "S 0:0(0) win 65535 <...>");
		wire_in(w, "S. 0:0(0) ack 1 win 65535 <mss 1460,wscale 7>");
		wire_check(w, burst(w, &next) == 1, "not one segment");
	}
}

/* RFC 5681 §3.1 (2): slow start adds min(N, SMSS) for each ACK: twice as much a round trip. */
Test(congestion, slow_start_doubles_with_an_ack_a_segment)
{
	struct wire *w;
	uint32_t acked, next, round, cwnd;

	while ((w = wire_each(&far)) != NULL) {
		cwnd = 10 * MSS;
		burst(w, &next);
		for (acked = 1, round = 0; round < 4; round++) {
			uint32_t end = next;

			wire_pass(w, wire_now(w) + MS(100));
			while (acked != end) {
				acked += MSS;
				ack(w, acked);
				cwnd += MSS;
				cwnd_is(w, cwnd);
				wire_check(w, burst(w, &next) == 2, "not two segments for one");
			}
		}
		wire_check(w, cwnd == 160 * MSS, "the test is wrong");
	}
}

/* The same with an ACK for two, as a peer sends them: one more per ACK, or two (RFC 3465). */
Test(congestion, slow_start_with_delayed_acks)
{
	struct wire *w;
	uint32_t acked, next;

	while ((w = wire_each(&far)) != NULL) {
		burst(w, &next);
		for (acked = 1; acked < 1 + 10 * MSS;) {
			acked += 2 * MSS;
			ack(w, acked);
			burst(w, &next);
		}
		wire_check(w,
			   wire_conn(w)->cong.cwnd == 15 * MSS ||
				   wire_conn(w)->cong.cwnd == 20 * MSS,
			   "cwnd %u after 5 ACKs", wire_conn(w)->cong.cwnd);
	}
}

/* RFC 5681 §3.1: an ACK for a part of a segment adds no more than that (ACK division). */
Test(congestion, dividing_acks_gains_nothing)
{
	struct wire *w;
	uint32_t next, i;

	while ((w = wire_each(&far)) != NULL) {
		burst(w, &next);
		for (i = 1; i <= 146; i++) {
			ack(w, 1 + i * 10);
			burst(w, &next);
		}
		wire_check(w, wire_conn(w)->cong.cwnd <= 11 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
	}
}

/* RFC 5681 §3.1 (3): above ssthresh about one segment more a round trip. */
Test(congestion, avoidance_adds_one_segment_a_round_trip)
{
	struct wire *w;
	uint32_t acked, next, round, end, before;

	while ((w = wire_each(&far)) != NULL) {
		wire_conn(w)->cong.ssthresh = 10 * MSS;
		burst(w, &next);
		for (acked = 1, round = 0; round < 10; round++) {
			wire_pass(w, wire_now(w) + MS(100));
			before = wire_conn(w)->cong.cwnd;
			for (end = next; acked != end;) {
				acked += MSS;
				ack(w, acked);
				burst(w, &next);
			}
			wire_check(w,
				   wire_conn(w)->cong.cwnd - before <= MSS + 200 &&
					   wire_conn(w)->cong.cwnd - before >= MSS / 2,
				   "cwnd went from %u to %u in a round trip", before,
				   wire_conn(w)->cong.cwnd);
		}
	}
}

/* Ten segments in flight and no more to send. */
static const struct wire_how ten = {
	.state = TERN_ESTABLISHED,
	.rtt_ns = MS(100),
	.offer = 10 * MSS,
};

/*
 * RFC 5681 §3.2 (3), RFC 6582 §3.2 (1), E58: the third duplicate ACK, not the second, repeats
 * SND.UNA, once.
 */
Test(fast_retransmit, at_the_third_duplicate_ack)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each(&ten)) != NULL) {
		wire_check(w, wire_skip(w) == 10, "not ten segments");
		wire_quiet(w, MS(100));
		ack(w, 1);
		ack(w, 1);
		wire_quiet_now(w);
		ack(w, 1);
		wire_out_now(w, "p. 1:1461(1460) ack 1");
		/*
		 * RFC 5681 §3.2 (2): FlightSize / 2; RFC 9937 §6.2: six are in flight, and the
		 * repeated one.
		 */
		ssthresh_is(w, 5 * MSS);
		cwnd_is(w, 7 * MSS);
		/*
		 * RFC 5681 §3.2 (4): five of the eight that had not arrived may be replaced, until
		 * ssthresh is all.
		 */
		ack(w, 1);
		cwnd_is(w, 6 * MSS + MSS / 4);
		for (i = 0; i < 5; i++) {
			ack(w, 1);
			cwnd_is(w, 5 * MSS);
		}
		/* B4 (s#224): 300 of them change nothing else. */
		for (i = 0; i < 300; i++)
			ack(w, 1);
		wire_quiet_now(w);
		wire_check(w, wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT) == 1, "%lu counted",
			   wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT));
		/* RFC 5681 §3.2 (6), RFC 6582 §3.2 (3): cwnd is ssthresh, or what is in flight. */
		ack(w, 1 + 10 * MSS);
		wire_check(w, wire_conn(w)->cong.cwnd <= 5 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
		wire_quiet(w, S(10));
	}
}

/* RFC 5681 §2, row 29, B4 (s#748): with data, or with another window, it is no duplicate. */
Test(fast_retransmit, not_by_what_is_no_duplicate)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each(&ten)) != NULL) {
		wire_skip(w);
		for (i = 0; i < 20; i++)
			wire_in(w, ". 1:1(0) ack 1 win %u", 60000 + i);
		wire_quiet_now(w);
		for (i = 0; i < 5; i++) {
			wire_in(w, "P. %u:%u(10) ack 1 win 60019", 1 + 10 * i, 11 + 10 * i);
			wire_skip(w);
		}
		for (i = 0; i < 5; i++) {
			wire_in(w, ". 51:51(0) ack 0 win 60019");
			wire_quiet_now(w);
		}
		wire_check(w, wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT) == 0, "fast retransmit");
		cwnd_is(w, 10 * MSS);
		wire_skip(w);
	}
}

/* Nor with nothing in flight: an idle peer may repeat itself. */
Test(fast_retransmit, not_with_nothing_in_flight)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		for (i = 0; i < 10; i++)
			ack(w, 1);
		user_send(&w->user, 100);
		wire_poll(w);
		wire_out_now(w, "P. 1:101(100) ack 1");
		ack(w, 1);
		ack(w, 1);
		wire_quiet_now(w);
		wire_check(w, wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT) == 0, "fast retransmit");
	}
}

/* RFC 6582 §3.2 (3), row 35: two losses in a flight: the partial ACK repeats the second at once. */
Test(newreno, partial_ack_repeats_the_next_hole)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each(&ten)) != NULL) {
		wire_skip(w);
		wire_quiet(w, MS(100));
		/* 1, 4 and 8 are lost. */
		for (i = 0; i < 3; i++)
			ack(w, 1);
		wire_out_now(w, "p. 1:1461(1460) ack 1");
		for (i = 0; i < 4; i++)
			ack(w, 1);
		wire_quiet(w, MS(200));
		ack(w, 1 + 3 * MSS);
		wire_out_now(w, "p. 4381:5841(1460) ack 1");
		wire_quiet(w, MS(300));
		ack(w, 1 + 7 * MSS);
		wire_out_now(w, "p. 10221:11681(1460) ack 1");
		ssthresh_is(w, 5 * MSS);
		wire_quiet(w, MS(400));
		ack(w, 1 + 10 * MSS);
		wire_check(w, wire_conn(w)->cong.cwnd <= 5 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
		wire_check(w,
			   wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT) == 1 &&
				   wire_count(w, TERN_EV_TCP_RTO) == 0,
			   "more than one recovery");
		wire_quiet(w, S(10));
	}
}

/* RFC 6582 §3.2 (2): duplicate ACKs for what was before do not begin another recovery. */
Test(newreno, one_recovery_a_window)
{
	struct wire *w;
	unsigned int i;
	uint32_t ssthresh;

	while ((w = wire_each(&ten)) != NULL) {
		wire_skip(w);
		wire_quiet(w, MS(100));
		for (i = 0; i < 3; i++)
			ack(w, 1);
		wire_skip(w);
		ssthresh = wire_conn(w)->cong.ssthresh;
		ack(w, 1 + 3 * MSS);
		wire_skip(w);
		for (i = 0; i < 10; i++)
			ack(w, 1 + 3 * MSS);
		wire_skip(w);
		ssthresh_is(w, ssthresh);
		wire_check(w, wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT) == 1, "again");
	}
}

/*
 * RFC 5681 §3.2 (5), B5 (s#1155): recovery sends new data as cwnd allows, never the flight again.
 */
Test(newreno, sends_new_data_during_recovery)
{
	struct wire *w;
	struct segment s;
	uint32_t next;
	unsigned int i, old = 0, fresh;

	while ((w = wire_each(&far)) != NULL) {
		burst(w, &next);
		wire_pass(w, wire_now(w) + MS(100));
		for (i = 0, old = fresh = 0; i < 9; i++) {
			ack(w, 1);
			while (wire_segment(w, wire_now(w), &s)) {
				if ((int32_t)(s.seq - w->flow->our_isn - next) >= 0)
					fresh++;
				else
					old++;
			}
		}
		wire_check(w, old == 1, "%u old segments", old);
		/* cwnd 5 + 3 + 6, less 10 in flight; limited transmit may have sent two. */
		wire_check(w, fresh >= 4 && fresh <= 6, "%u new segments", fresh);
	}
}

/* RFC 5681 §3.1 (4), B21 (m#239): after a time-out one segment, ssthresh half the flight. */
Test(congestion, timeout_begins_again_with_one_segment)
{
	struct wire *w;
	uint32_t next = 0;

	while ((w = wire_each(&far)) != NULL) {
		burst(w, &next);
		wire_out(w, MS(300), "p. 1:1461(1460) ack 1");
		cwnd_is(w, MSS);
		ssthresh_is(w, 5 * MSS);
		/* The same segment again: ssthresh is held (§3.1 last). */
		wire_out(w, MS(900), "p. 1:1461(1460) ack 1");
		cwnd_is(w, MSS);
		ssthresh_is(w, 5 * MSS);
		/* Slow start up to ssthresh, then a segment a round trip. */
		ack(w, 1 + MSS);
		wire_check(w, burst(w, &next) == 2, "not two segments");
		cwnd_is(w, 2 * MSS);
		ack(w, 1 + 2 * MSS);
		cwnd_is(w, 3 * MSS);
		wire_skip(w);
		ack(w, 1 + 3 * MSS);
		wire_skip(w);
		ack(w, 1 + 4 * MSS);
		wire_skip(w);
		wire_skip(w);
		ack(w, 1 + 5 * MSS);
		wire_check(w,
			   wire_conn(w)->cong.cwnd >= 5 * MSS && wire_conn(w)->cong.cwnd <= 6 * MSS,
			   "cwnd %u", wire_conn(w)->cong.cwnd);
		wire_skip(w);
	}
}

/* RFC 5681 §3.1 (4): never below two segments. */
Test(congestion, ssthresh_is_at_least_2_segments)
{
	const struct wire_how one = { .state = TERN_ESTABLISHED, .rtt_ns = MS(100), .offer = 100 };
	struct wire *w;

	while ((w = wire_each(&one)) != NULL) {
		wire_skip(w);
		wire_out(w, MS(300), "p. 1:101(100) ack 1");
		ssthresh_is(w, 2 * MSS);
	}
}

/* RFC 6582 §3.2 (4), §4: duplicates that a time-out provokes do not begin a fast retransmit. */
Test(newreno, duplicates_after_a_timeout_are_not_trusted)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each(&ten)) != NULL) {
		wire_skip(w);
		wire_out(w, MS(300), "p. 1:1461(1460) ack 1");
		/* The flight was late, not lost: the peer acknowledges what it had already. */
		for (i = 0; i < 9; i++)
			ack(w, 1);
		wire_check(w, wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT) == 0, "fast retransmit");
		cwnd_is(w, MSS);
		wire_skip(w);
	}
}

/*
 * RFC 5681 §4.1, RFC 2861 §3.1, row 30: after more than an RTO of silence no more than the initial
 * window.
 */
Test(congestion, idle_connection_begins_with_the_initial_window)
{
	struct wire_how how = far;
	struct wire *w;
	uint32_t acked, next;
	unsigned int n;

	how.offer = 100 * MSS;
	while ((w = wire_each(&how)) != NULL) {
		for (burst(w, &next), acked = 1; acked < 1 + 100 * MSS;) {
			acked += MSS;
			ack(w, acked);
			burst(w, &next);
		}
		cr_assert_geq(wire_conn(w)->cong.cwnd, 50 * MSS);
		wire_quiet(w, wire_now(w) + S(30));
		user_send(&w->user, 100 * MSS);
		wire_poll(w);
		n = burst(w, &next);
		wire_check(w, n <= 10 && n >= 1, "%u segments in a burst after 30 s", n);
	}
}

/* An idle connection whose window is small does not gain by idling. */
Test(congestion, idling_does_not_raise_cwnd)
{
	struct wire *w;

	while ((w = wire_each(&ten)) != NULL) {
		wire_skip(w);
		wire_out(w, MS(300), "p. 1:1461(1460) ack 1");
		ack(w, 1 + 10 * MSS);
		wire_quiet(w, S(60));
		user_send(&w->user, 20 * MSS);
		wire_poll(w);
		wire_check(w, wire_skip(w) <= 3, "cwnd was raised by idling");
	}
}

/* RFC 5681 §3.1, RFC 7661 §4.3: a window that the user does not fill does not grow on and on. */
Test(congestion, cwnd_bounds_what_is_in_flight)
{
	struct wire *w;
	struct segment s;
	uint32_t acked, high, cwnd;
	unsigned int i;

	while ((w = wire_each(&far)) != NULL) {
		for (i = 0, acked = 1, high = 0; i < 200; i++) {
			while (wire_segment(w, wire_now(w), &s))
				high = s.seq + s.len - w->flow->our_isn;
			cwnd = wire_conn(w)->cong.cwnd;
			wire_check(w, high - acked <= cwnd, "%u in flight, cwnd %u", high - acked,
				   cwnd);
			acked += MSS;
			ack(w, acked);
		}
		wire_skip(w);
	}
}

/* B5: the MSS was lowered in between: what is repeated is cut anew, byte for byte the same. */
Test(fast_retransmit, with_a_smaller_mss)
{
	struct wire *w;
	struct segment s;
	uint32_t next;
	unsigned int i;

	while ((w = wire_each(&ten)) != NULL) {
		wire_skip(w);
		wire_conn(w)->snd.mss = 500;
		for (i = 0; i < 3; i++)
			ack(w, 1);
		wire_check(w, wire_segment(w, wire_now(w), &s), "no retransmission");
		wire_check(w, s.seq == w->flow->our_isn + 1 && s.len == 500, "%u bytes at %u",
			   s.len, s.seq - w->flow->our_isn);
		wire_skip(w);
		for (next = 501, i = 0; next < 1461 && i < 20; i++) {
			ack(w, next);
			while (wire_segment(w, wire_now(w) + S(1), &s) &&
			       s.seq != w->flow->our_isn + next)
				;
			next += s.len;
			wire_skip(w);
		}
		ack(w, 1 + 10 * MSS);
		wire_check(w, w->user.acked == 10 * MSS, "acked %lu", w->user.acked);
	}
}
