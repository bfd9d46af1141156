/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 6675, RFC 8985, RFC 9937, RFC 3042, RFC 5682: what is lost, and how it is made up for, when
 * the peer sends SACK and when it does not. The round trip is 100 ms, the flight ten segments.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include <tern_congestion.h>

#include "kit/wire.h"

enum { MSS = 1460 };

static void
newreno(struct tern_config *c)
{
	c->congestion = TERN_NEWRENO;
}

/* In order: the options of the SYN, segments that the user has. */
static struct wire_how
how(const char *syn, uint64_t segments)
{
	return (struct wire_how){
		.state = TERN_ESTABLISHED,
		.rtt_ns = MS(100),
		.offer = segments * MSS,
		.syn = syn,
		.tune = newreno,
	};
}

static const char with_sack[] = "<mss 1460,sackOK>";
static const char without_sack[] = "<mss 1460>";

/* The first byte of segment n, from 1 on; and so one past the last byte of the one before. */
static uint32_t
at(unsigned int n)
{
	return 1 + (n - 1) * MSS;
}

static struct wire *
each_flight(const struct wire_how *h)
{
	struct wire *w = wire_each(h);

	if (w == NULL)
		return NULL;
	wire_check(w, wire_skip(w) == RTE_MIN(10u, h->offer / MSS), "not the flight");
	wire_quiet(w, MS(100));
	return w;
}

/* The peer has got everything before segment `next`, and those from first to last. */
static void
sack(struct wire *w, unsigned int next, unsigned int first, unsigned int last)
{
	wire_in(w, ". 1:1(0) ack %u win 65535 <nop,nop,sack %u:%u>", at(next), at(first),
		at(last + 1));
}

static void
ack(struct wire *w, unsigned int next)
{
	wire_in(w, ". 1:1(0) ack %u win 65535", at(next));
}

/* This segment leaves, at this time. */
static void
leaves(struct wire *w, uint64_t when, unsigned int n)
{
	wire_out(w, when, "p. %u:%u(1460) ack 1", at(n), at(n + 1));
}

static void
leaves_now(struct wire *w, unsigned int n)
{
	leaves(w, wire_now(w), n);
}

/* The peer goes away. */
static void
hang_up(struct wire *w)
{
	wire_skip(w);
	wire_in(w, "R 1:1(0) win 0");
}

/*
 * RFC 6675 §5 (1), (4), RFC 8985 §6.2 (4), RFC 2018 §5.1: three segments beyond a hole are enough,
 * as long as the path was never seen to reorder; the hole is repeated at once, and once.
 */
Test(recovery, three_segments_beyond_a_hole_begin_it)
{
	const struct wire_how h = how(with_sack, 10);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		sack(w, 1, 2, 2);
		sack(w, 1, 2, 3);
		wire_quiet_now(w);
		sack(w, 1, 2, 4);
		leaves_now(w, 1);
		wire_check(w, wire_conn(w)->cong.ssthresh == 5 * MSS, "ssthresh %u",
			   wire_conn(w)->cong.ssthresh);
		sack(w, 1, 2, 10);
		wire_quiet_now(w);
		ack(w, 11);
		wire_quiet(w, S(5));
		wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 1, "%lu repeated",
			   wire_count(w, TERN_EV_TCP_RETRANSMITTED));
		hang_up(w);
	}
}

/*
 * RFC 6675 §2, §5 (2): one ACK that tells of three segments beyond the hole does as well. RFC 9937
 * §6.4: when all is acknowledged cwnd is ssthresh, wherever it was (and may grow again by this).
 */
Test(recovery, one_ack_may_tell_of_three_segments)
{
	const struct wire_how h = how(with_sack, 10);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		sack(w, 1, 2, 4);
		leaves_now(w, 1);
		ack(w, 11);
		wire_check(w,
			   wire_conn(w)->cong.cwnd >= 5 * MSS && wire_conn(w)->cong.cwnd <= 6 * MSS,
			   "cwnd %u", wire_conn(w)->cong.cwnd);
		hang_up(w);
	}
}

/* RFC 6675 §2: an ACK that tells of nothing new is no duplicate, however often it comes. */
Test(recovery, repeated_blocks_say_nothing)
{
	const struct wire_how h = how(with_sack, 10);
	struct wire *w;
	unsigned int i;

	while ((w = each_flight(&h)) != NULL) {
		for (i = 0; i < 10; i++) {
			sack(w, 1, 2, 2);
			wire_quiet_now(w);
		}
		wire_check(w, wire_conn(w)->cong.cwnd == 10 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
		hang_up(w);
	}
}

/* Count what leaves now, by segment. */
static void
tally(struct wire *w, unsigned int times[12])
{
	struct segment s;
	unsigned int n;

	while (wire_segment(w, wire_now(w), &s)) {
		n = (s.seq - w->flow->our_isn - 1) / MSS + 1;
		wire_check(w, s.len == MSS && n <= 10, "%u bytes", s.len);
		times[n]++;
	}
}

/*
 * RFC 6675 §3, §4, §5 (B), (C), RFC 2018 §5: each hole is repeated once, in order, and nothing of
 * what the peer has; also when but one ACK of two comes through.
 */
Test(recovery, repeats_the_holes_and_nothing_else)
{
	const struct wire_how h = how(with_sack, 10);
	unsigned int i, n, step, times[12];
	struct wire *w;

	for (step = 1; step <= 2; step++)
		while ((w = each_flight(&h)) != NULL) {
			memset(times, 0, sizeof(times));
			for (i = 6; i <= 10; i += step) {
				wire_in(w, ". 1:1(0) ack 1 win 65535 <sack %u:%u %u:%u %u:%u>",
					at(6), at(i + 1), at(4), at(5), at(2), at(3));
				tally(w, times);
			}
			ack(w, 3);
			tally(w, times);
			for (n = 1; n <= 10; n++)
				wire_check(w, times[n] == (n == 1 || n == 3 || n == 5),
					   "segment %u repeated %u times", n, times[n]);
			ack(w, 11);
			wire_quiet(w, S(5));
			hang_up(w);
		}
}

/*
 * RFC 6675 §5 (A), RFC 9937 §6.4: recovery ends when all that was in flight is acknowledged, no
 * earlier; cwnd is ssthresh then.
 */
Test(recovery, ends_at_the_recovery_point)
{
	const struct wire_how h = how(with_sack, 10);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		sack(w, 1, 2, 4);
		leaves_now(w, 1);
		ack(w, 5);
		wire_check(w, wire_conn(w)->cong.ssthresh == 5 * MSS, "ssthresh %u",
			   wire_conn(w)->cong.ssthresh);
		/* Another loss of the same flight does not lower it again. */
		sack(w, 5, 6, 9);
		leaves_now(w, 5);
		wire_check(w, wire_conn(w)->cong.ssthresh == 5 * MSS, "ssthresh %u",
			   wire_conn(w)->cong.ssthresh);
		ack(w, 11);
		wire_check(w, wire_conn(w)->cong.cwnd == 5 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
		wire_check(w, wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT) == 1, "%lu recoveries",
			   wire_count(w, TERN_EV_TCP_FAST_RETRANSMIT));
		hang_up(w);
	}
}

/* How many segments leave now? */
static unsigned int
sent_now(struct wire *w)
{
	struct segment s;
	unsigned int n = 0;

	while (wire_segment(w, wire_now(w), &s))
		n++;
	return n;
}

/*
 * RFC 9937 §6.1, §6.2, §6.3: ten segments are in flight, five are to be (the two of limited
 * transmit do not count: RFC 5681 §3.2 (2)). At first one leaves for two that arrive; once there
 * are five in the network, one for one. RFC 6675 §5 (C): new data go when no hole is left.
 */
Test(recovery, is_paced_by_what_arrives)
{
	const struct wire_how h = how(with_sack, 100);
	unsigned int i, sent, there;
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		sack(w, 1, 2, 2);
		sent = sent_now(w);
		sack(w, 1, 2, 3);
		sent += sent_now(w);
		wire_check(w, sent == 2, "limited transmit sent %u", sent);
		for (i = 4, sent = 0; i <= 10; i++) {
			sack(w, 1, 2, i);
			sent += sent_now(w);
			/* 12 were there, 1 was lost, i - 1 have arrived. */
			there = 12 - 1 - (i - 1) + sent;
			wire_check(w, there >= 5, "only %u in the network", there);
			wire_check(w, there == 5 || sent <= (i - 3 + 1) / 2,
				   "%u left for %u that arrived", sent, i - 3);
		}
		wire_check(w, wire_conn(w)->cong.ssthresh == 5 * MSS && there == 5,
			   "%u in the network, ssthresh %u", there, wire_conn(w)->cong.ssthresh);
		hang_up(w);
	}
}

/* A peer that has these of the ten segments: takes what comes, and acknowledges it. */
static void
take(struct wire *w, bool have[12])
{
	unsigned int n = 1;
	struct segment s;

	wire_check(w, wire_segment(w, wire_now(w) + S(10), &s), "nothing more");
	do
		have[(s.seq - w->flow->our_isn - 1) / MSS + 1] = true;
	while (wire_segment(w, wire_now(w), &s));
	while (n < 11 && have[n])
		n++;
	ack(w, n);
}

/*
 * RFC 2018 §8: what was acknowledged selectively may be thrown away again: it is the user's until
 * it is acknowledged for good, and is sent again when the peer has forgotten it (RFC 6675 §5.1).
 */
Test(recovery, peer_may_forget_what_it_had)
{
	const struct wire_how h = how(with_sack, 10);
	unsigned int rounds;
	struct wire *w;
	bool have[12];

	while ((w = each_flight(&h)) != NULL) {
		memset(have, 0, sizeof(have));
		sack(w, 1, 2, 10);
		wire_check(w, w->user.acked == 0, "acked %lu", w->user.acked);
		for (rounds = 0; w->user.acked < 10 * MSS && rounds < 20; rounds++)
			take(w, have);
		wire_check(w, w->user.acked == 10 * MSS, "acked %lu", w->user.acked);
		hang_up(w);
	}
}

/*
 * RFC 3042 §2, RFC 6675 §5 (3), RFC 5681 §3.2 (1): each of the first two duplicate ACKs lets a new
 * segment go beyond cwnd, which stays.
 */
Test(limited_transmit, sends_new_data_for_the_first_two)
{
	struct wire_how h;
	unsigned int i;
	struct wire *w;

	for (i = 0; i < 2; i++) {
		h = how(i == 0 ? without_sack : with_sack, 100);
		while ((w = each_flight(&h)) != NULL) {
			wire_note(w, "%s", h.syn);
			if (i == 0)
				ack(w, 1);
			else
				sack(w, 1, 2, 2);
			leaves_now(w, 11);
			wire_quiet_now(w);
			if (i == 0)
				ack(w, 1);
			else
				sack(w, 1, 2, 3);
			leaves_now(w, 12);
			wire_quiet_now(w);
			wire_check(w, wire_conn(w)->cong.cwnd == 10 * MSS, "cwnd %u",
				   wire_conn(w)->cong.cwnd);
			hang_up(w);
		}
	}
}

/* RFC 3042 §2: but not beyond the window of the peer. */
Test(limited_transmit, keeps_to_the_peers_window)
{
	struct wire_how h = how(with_sack, 100);
	struct wire *w;

	h.win = 10 * MSS;
	while ((w = each_flight(&h)) != NULL) {
		wire_in(w, ". 1:1(0) ack 1 win %u <sack %u:%u>", 10 * MSS, at(2), at(3));
		wire_in(w, ". 1:1(0) ack 1 win %u <sack %u:%u>", 10 * MSS, at(2), at(4));
		wire_quiet_now(w);
		hang_up(w);
	}
}

/*
 * RFC 8985 §4, §6.2 (1), (2), (5): one segment beyond the hole, and nothing more is heard: the hole
 * is repeated a quarter of the shortest round trip later, not after an RTO.
 */
Test(rack, time_tells_of_a_loss)
{
	const struct wire_how h = how(with_sack, 3);
	struct segment s;
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		sack(w, 1, 3, 3);
		wire_quiet(w, MS(124));
		wire_check(w, wire_segment(w, MS(126), &s), "nothing repeated");
		wire_check(w, s.seq == w->flow->our_isn + 1, "at %u", s.seq - w->flow->our_isn);
		ack(w, 2);
		leaves_now(w, 2);
		ack(w, 4);
		wire_quiet(w, S(5));
		wire_check(w, wire_count(w, TERN_EV_TCP_RTO) == 0, "timed out");
		hang_up(w);
	}
}

/*
 * RFC 8985 §6.2 (3), (4): what came late, but was never sent twice, was reordered: from then on
 * three segments beyond a hole are not enough, but time is.
 */
Test(rack, path_that_reorders_is_given_time)
{
	const struct wire_how h = how(with_sack, 20);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		sack(w, 1, 2, 2);
		wire_skip(w);
		ack(w, 11); /* the first came after the second */
		wire_skip(w);
		wire_quiet(w, MS(200));
		sack(w, 11, 12, 18);
		wire_skip(w);
		wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 0, "repeated at once");
		wire_pass(w, MS(222));
		wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 0, "repeated too soon");
		wire_pass(w, MS(228));
		wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 1, "%lu repeated",
			   wire_count(w, TERN_EV_TCP_RETRANSMITTED));
		hang_up(w);
	}
}

/*
 * RFC 8985 §6.1: the time of a repetition is noted as well: when what was sent after it has
 * arrived, it was lost again, and is repeated again without waiting for the RTO.
 */
Test(rack, lost_repetition_is_found)
{
	const struct wire_how h = how(with_sack, 100);
	struct segment s;
	struct wire *w;
	bool again = false;

	while ((w = each_flight(&h)) != NULL) {
		sack(w, 1, 2, 10);
		wire_check(w, wire_segment(w, wire_now(w), &s) && s.seq == w->flow->our_isn + 1,
			   "the hole is not repeated");
		wire_check(w, wire_segment(w, wire_now(w), &s), "nothing new behind it");
		wire_skip(w);
		/* A round trip later what was new is there, the repetition is not. */
		wire_quiet(w, MS(200));
		wire_in(w, ". 1:1(0) ack 1 win 65535 <sack %u:%u>", at(2), at(12));
		for (again = false; wire_segment(w, MS(230), &s);)
			again = again || s.seq == w->flow->our_isn + 1;
		wire_check(w, again, "not repeated again");
		wire_check(w, wire_count(w, TERN_EV_TCP_RTO) == 0, "timed out");
		hang_up(w);
	}
}

/*
 * RFC 8985 §7.2, §7.3, §8: nothing is heard of a flight: after two round trips its last segment is
 * repeated, once, whatever else waits; the RTO begins again with it.
 */
Test(tlp, probes_with_the_last_segment)
{
	const struct wire_how h = how(with_sack, 5);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		wire_quiet(w, MS(199));
		leaves(w, MS(200), 5);
		wire_quiet(w, MS(499));
		leaves(w, MS(500), 1);
		hang_up(w);
	}
}

/* RFC 8985 §7.3: with something that was never sent rather than with a repetition. */
Test(tlp, probes_with_new_data)
{
	const struct wire_how h = how(with_sack, 11);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		wire_quiet(w, MS(199));
		leaves(w, MS(200), 11);
		wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 0, "repeated");
		hang_up(w);
	}
}

/* The RTO is some way off, as on any path that is short beside it. */
static void
many_probes(struct tern_config *c)
{
	newreno(c);
	c->rto_min_ns = S(1);
}

static void
one_probe(struct tern_config *c)
{
	many_probes(c);
	c->tail_probes = 1;
}

/*
 * RFC 8985 §7.3: one probe, then the RTO from there. Where more are allowed they follow, each after
 * twice the time (RFC 9002 §6.2); the RTO is where it was.
 */
Test(tlp, goes_on_where_more_than_one_is_allowed)
{
	struct wire_how h = how(with_sack, 5);
	struct wire *w;

	for (h.tune = one_probe; h.tune != NULL; h.tune = h.tune == one_probe ? many_probes : NULL)
		while ((w = each_flight(&h)) != NULL) {
			leaves(w, MS(200), 5);
			if (h.tune == many_probes)
				leaves(w, MS(600), 5);
			wire_quiet(w, MS(1299));
			wire_check(w, wire_count(w, TERN_EV_TCP_RTO) == 0, "timed out");
			leaves(w, MS(1300), 1);
			hang_up(w);
		}
}

/*
 * A repetition is lost, or the ACK of all of it: RFC 8985 §7.2 has no probe in recovery, and the
 * RTO is all that is left. Where more are allowed the oldest is asked for again: RFC 9002 §6.2.4.
 */
Test(tlp, probes_in_recovery_with_the_oldest)
{
	struct wire_how h = how(with_sack, 10);
	struct wire *w;

	for (h.tune = one_probe; h.tune != NULL; h.tune = h.tune == one_probe ? many_probes : NULL)
		while ((w = each_flight(&h)) != NULL) {
			sack(w, 1, 2, 10);
			leaves_now(w, 1);
			if (h.tune == one_probe) {
				wire_quiet(w, MS(1199));
				leaves(w, MS(1200), 1);
				wire_check(w, wire_count(w, TERN_EV_TCP_RTO) == 1, "no RTO");
			} else {
				wire_quiet(w, MS(299));
				leaves(w, MS(300), 1);
				ack(w, 11);
				wire_quiet(w, S(5));
				wire_check(w, wire_count(w, TERN_EV_TCP_RTO) == 0, "timed out");
				wire_check(w, wire_conn(w)->cong.cwnd >= 5 * MSS, "cwnd %u",
					   wire_conn(w)->cong.cwnd);
			}
			hang_up(w);
		}
}

/* RFC 8985 §7.4: the last segment was lost and the probe made up for it: that was congestion. */
Test(tlp, repaired_loss_lowers_cwnd)
{
	const struct wire_how h = how(with_sack, 5);
	struct wire *w;
	unsigned int dsack;

	for (dsack = 0; dsack < 2; dsack++)
		while ((w = each_flight(&h)) != NULL) {
			leaves(w, MS(200), 5);
			wire_quiet(w, MS(300));
			if (dsack == 0)
				ack(w, 6);
			else
				wire_in(w, ". 1:1(0) ack %u win 65535 <sack %u:%u>", at(6), at(5),
					at(6));
			user_send(&w->user, MSS);
			wire_poll(w);
			leaves_now(w, 6);
			wire_quiet(w, MS(390));
			ack(w, 7);
			wire_check(w, (wire_conn(w)->cong.ssthresh < 10 * MSS) == (dsack == 0),
				   "ssthresh %u, D-SACK %u", wire_conn(w)->cong.ssthresh, dsack);
			hang_up(w);
		}
}

/*
 * RFC 5682 §2.1 (1), (2), (3), §4: the timer expired for nothing, as the peer was only slow: its
 * ACKs go on. New data leave instead of repetitions, and cwnd comes back.
 */
Test(frto, spurious_timeout_is_taken_back)
{
	const struct wire_how h = how(without_sack, 100);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		leaves(w, MS(300), 1);
		wire_check(w, wire_conn(w)->cong.cwnd == MSS, "cwnd %u", wire_conn(w)->cong.cwnd);
		wire_quiet(w, MS(350));
		ack(w, 2);
		leaves_now(w, 11);
		leaves_now(w, 12);
		wire_quiet_now(w);
		ack(w, 3);
		wire_check(w, wire_conn(w)->cong.cwnd >= 10 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
		wire_skip(w);
		ack(w, 11);
		wire_pass(w, MS(360));
		wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 1, "%lu repeated",
			   wire_count(w, TERN_EV_TCP_RETRANSMITTED));
		hang_up(w);
	}
}

/* RFC 5682 §3.1: the same where SACK is in use. */
Test(frto, works_with_sack)
{
	const struct wire_how h = how(with_sack, 10);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		leaves(w, MS(200), 10); /* the tail loss probe */
		leaves(w, MS(500), 1);
		wire_quiet(w, MS(550));
		user_send(&w->user, 10 * MSS);
		wire_skip(w);
		ack(w, 2);
		wire_skip(w);
		ack(w, 3);
		wire_check(w, wire_conn(w)->cong.cwnd >= 10 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
		hang_up(w);
	}
}

/* RFC 5682 §2.1 (2), (3): a true loss: the second ACK is a duplicate, and slow start goes on. */
Test(frto, true_timeout_is_not_taken_back)
{
	const struct wire_how h = how(without_sack, 100);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		leaves(w, MS(300), 1);
		wire_quiet(w, MS(400));
		ack(w, 2);
		wire_skip(w);
		ack(w, 2);
		wire_skip(w);
		wire_check(w, wire_conn(w)->cong.cwnd <= 4 * MSS, "cwnd %u",
			   wire_conn(w)->cong.cwnd);
		wire_check(w, wire_conn(w)->cong.ssthresh == 5 * MSS, "ssthresh %u",
			   wire_conn(w)->cong.ssthresh);
		hang_up(w);
	}
}

/*
 * RFC 4015 §3.2: an echo of a time before the repetition says that the original had arrived: cwnd
 * and ssthresh are what they were.
 */
Test(eifel, spurious_timeout_is_taken_back)
{
	const struct wire_how h = { .state = TERN_LISTEN, .offer = 100 * MSS, .tune = newreno };
	struct wire *w = wire_open(&h);
	const uint8_t *o;
	struct segment s;
	uint32_t val;

	wire_in(w, "S 0:0(0) win 65535 <mss 1472,TS val 1000 ecr 0>");
	wire_check(w, wire_segment(w, wire_now(w), &s), "no SYN-ACK");
	o = segment_option(&s, 8);
	wire_check(w, o != NULL, "no timestamps");
	val = get32(o + 2);
	wire_quiet(w, MS(100));
	wire_in(w, ". 1:1(0) ack 1 win 65535 <TS val 1100 ecr %u>", val);
	wire_skip(w);
	wire_pass(w, MS(450));
	wire_check(w, wire_count(w, TERN_EV_TCP_RTO) == 1, "%lu timeouts",
		   wire_count(w, TERN_EV_TCP_RTO));
	wire_in(w, ". 1:1(0) ack 1449 win 65535 <TS val 1450 ecr %u>", val + 100);
	wire_check(w, wire_conn(w)->cong.cwnd >= 10 * 1448, "cwnd %u", wire_conn(w)->cong.cwnd);
	wire_check(w, wire_conn(w)->cong.ssthresh >= 10 * 1448, "ssthresh %u",
		   wire_conn(w)->cong.ssthresh);
	wire_skip(w);
	wire_in(w, "R 1:1(0) win 0");
	wire_end(w);
}

/* RFC 2883 §5: a D-SACK for each repetition says that recovery was for nothing. */
Test(dsack, of_every_repetition_takes_recovery_back)
{
	const struct wire_how h = how(with_sack, 10);
	struct wire *w;

	while ((w = each_flight(&h)) != NULL) {
		sack(w, 1, 2, 5);
		leaves_now(w, 1);
		wire_check(w, wire_conn(w)->cong.ssthresh == 5 * MSS, "ssthresh %u",
			   wire_conn(w)->cong.ssthresh);
		ack(w, 6); /* the first came, late */
		wire_quiet(w, MS(180));
		wire_in(w, ". 1:1(0) ack %u win 65535 <sack 1:%u>", at(6), at(2));
		wire_check(w, wire_conn(w)->cong.ssthresh >= 10 * MSS, "ssthresh %u",
			   wire_conn(w)->cong.ssthresh);
		hang_up(w);
	}
}
