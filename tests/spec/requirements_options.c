/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 7323, RFC 2018, RFC 2883: what timestamps and SACK blocks say, theirs and ours.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/wire.h"

enum { KIND_SACK_PERMITTED = 4, KIND_SACK = 5, KIND_TIMESTAMPS = 8 };

/* The times in a segment of ours. */
struct times {
	bool there;
	uint32_t val, ecr;
};

static struct times
times_of(const struct segment *s)
{
	const uint8_t *o = segment_option(s, KIND_TIMESTAMPS);

	if (o == NULL)
		return (struct times){ 0 };
	return (struct times){ true, get32(o + 2), get32(o + 6) };
}

/* The next segment, which must leave by then, and its times. */
static struct times
leaves(struct wire *w, uint64_t by, struct segment *s)
{
	wire_check(w, wire_segment(w, by, s), "nothing leaves");
	return times_of(s);
}

static struct times
leaves_now(struct wire *w, struct segment *s)
{
	return leaves(w, wire_now(w), s);
}

/*
 * ESTABLISHED, passively, both sides with timestamps and SACK; the last that the peer said is this.
 * Ours begin with *ours.
 */
static struct wire *
with_timestamps(uint32_t peer, uint32_t *ours, uint64_t offer)
{
	const struct wire_how how = { .state = TERN_LISTEN, .offer = offer };
	struct wire *w = wire_open(&how);
	struct segment s;
	struct times t;

	wire_in(w, "S 0:0(0) win 65535 <mss 1460,sackOK,TS val %u ecr 0>", peer);
	t = leaves_now(w, &s);
	wire_check(w, s.flags == (SYN | ACK) && t.there, "no timestamps in the SYN-ACK");
	wire_check(w, t.ecr == peer, "echoes %u", t.ecr);
	wire_in(w, ". 1:1(0) ack 1 win 65535 <nop,nop,TS val %u ecr %u>", peer, t.val);
	wire_state(w, TERN_ESTABLISHED);
	*ours = t.val;
	return w;
}

/* RFC 7323 §3.2: a SYN-ACK has timestamps if, and only if, the SYN had; and so has all else. */
Test(timestamps, are_agreed_on_by_both_syns)
{
	static const char *const options[] = { "<mss 1460>", "<mss 1460,TS val 7 ecr 0>",
					       "<TS val 0 ecr 0>", "<sackOK,wscale 3>" };
	const struct wire_how how = { .state = TERN_LISTEN };
	struct segment s;
	struct wire *w;
	unsigned int i;
	bool offered;

	for (i = 0; i < RTE_DIM(options); i++) {
		offered = strstr(options[i], "TS") != NULL;
		w = wire_open(&how);
		wire_note(w, "%s", options[i]);
		wire_in(w, "S 0:0(0) win 65535 %s", options[i]);
		wire_check(w, leaves_now(w, &s).there == offered, "in the SYN-ACK");
		wire_in(w, ". 1:1(0) ack 1 win 65535 %s", offered ? "<TS val 8 ecr 0>" : "");
		wire_state(w, TERN_ESTABLISHED);
		user_send(&w->user, 10);
		wire_poll(w);
		wire_check(w, leaves_now(w, &s).there == offered && s.len == 10, "in data");
		wire_in(w, "F. 1:1(0) ack 11 win 65535 %s", offered ? "<TS val 9 ecr 0>" : "");
		wire_check(w, leaves_now(w, &s).there == offered && s.ack == w->flow->peer_isn + 2,
			   "in an ACK");
		tern_tcp_close(wire_conn(w));
		wire_poll(w);
		wire_check(w, leaves_now(w, &s).there == offered && s.flags & FIN, "in a FIN");
		wire_end(w);
	}
}

/* The same where we open: offered, with nothing to echo yet, and used if the peer does. */
Test(timestamps, are_offered_in_our_syn)
{
	const struct wire_how how = { .state = TERN_CLOSED };
	struct segment s;
	struct times t;
	struct wire *w;
	int agreed;

	for (agreed = 0; agreed < 2; agreed++) {
		w = wire_open(&how);
		wire_connect(w);
		t = leaves_now(w, &s);
		wire_check(w, t.there && t.ecr == 0, "SYN echoes %u", t.ecr);
		wire_in(w, "S. 0:0(0) ack 1 win 65535 <mss 1460%s>",
			agreed ? ",TS val 70000 ecr 1" : "");
		t = leaves_now(w, &s);
		wire_check(w, s.flags == ACK && t.there == agreed, "agreed %d", agreed);
		wire_check(w, !agreed || t.ecr == 70000, "echoes %u", t.ecr);
		wire_end(w);
	}
}

/* RFC 7323 §3.2: once agreed on, a segment without them is dropped; a reset needs none. */
Test(timestamps, are_demanded_once_agreed_on)
{
	uint32_t ours;
	struct wire *w = with_timestamps(0xfffffff0, &ours, 0);

	wire_in(w, "P. 1:101(100) ack 1 win 65535");
	wire_check(w, w->user.got == 0, "taken without timestamps");
	wire_skip(w);
	wire_in(w, "P. 1:101(100) ack 1 win 65535 <nop,nop,TS val %u ecr %u>", 0xfffffff1, ours);
	wire_check(w, w->user.got == 100, "not taken");
	wire_skip(w);
	wire_in(w, "R 101:101(0) win 0");
	wire_gone(w, TERN_RESET);
	wire_end(w);
}

/* RFC 7323 §4.3 (A): an ACK that was delayed echoes the first of the segments that it covers. */
Test(timestamps, echo_the_earliest_unacknowledged)
{
	uint32_t ours;
	struct wire *w = with_timestamps(1000, &ours, 0);
	struct segment s;

	wire_in(w, "P. 1:101(100) ack 1 win 65535 <TS val 1010 ecr %u>", ours);
	wire_in(w, "P. 101:201(100) ack 1 win 65535 <TS val 1020 ecr %u>", ours);
	wire_check(w, leaves(w, S(1), &s).ecr == 1010, "echoes %u", times_of(&s).ecr);
	wire_check(w, s.ack == w->flow->peer_isn + 201, "acknowledges %u", s.ack);
	wire_in(w, "P. 201:301(100) ack 1 win 65535 <TS val 1030 ecr %u>", ours);
	wire_check(w, leaves(w, S(2), &s).ecr == 1030, "echoes %u", times_of(&s).ecr);
	wire_end(w);
}

/* RFC 7323 §4.3 (B), (C): what lies beyond a gap is not echoed; what fills it is. */
Test(timestamps, echo_what_fills_a_gap_not_what_is_beyond)
{
	uint32_t ours;
	struct wire *w = with_timestamps(1000, &ours, 0);
	struct segment s;

	wire_in(w, "P. 1:101(100) ack 1 win 65535 <TS val 1010 ecr %u>", ours);
	wire_check(w, leaves(w, S(1), &s).ecr == 1010, "echoes %u", times_of(&s).ecr);
	wire_in(w, "P. 201:301(100) ack 1 win 65535 <TS val 1030 ecr %u>", ours);
	wire_check(w, leaves_now(w, &s).ecr == 1010, "echoes %u", times_of(&s).ecr);
	wire_in(w, "P. 101:201(100) ack 1 win 65535 <TS val 1050 ecr %u>", ours);
	wire_check(w, leaves_now(w, &s).ecr == 1050, "echoes %u", times_of(&s).ecr);
	wire_check(w, s.ack == w->flow->peer_isn + 301, "acknowledges %u", s.ack);
	wire_end(w);
}

/* RFC 7323 §5.3 R1, PAWS: what is older than what came is dropped, and acknowledged. */
Test(paws, drops_what_is_old)
{
	static const uint32_t starts[] = { 1000, 0x7fffffff, 0xfffffff0, 0 };
	struct segment s;
	struct wire *w;
	uint32_t ours, t;
	unsigned int i;

	for (i = 0; i < RTE_DIM(starts); i++) {
		t = starts[i];
		w = with_timestamps(t, &ours, 0);
		wire_note(w, "from %u", t);
		wire_in(w, "P. 1:101(100) ack 1 win 65535 <TS val %u ecr %u>", t + 50, ours);
		leaves(w, S(1), &s);
		wire_in(w, "P. 101:201(100) ack 1 win 65535 <TS val %u ecr %u>", t + 49, ours);
		wire_check(w, w->user.got == 100, "old data were taken");
		leaves_now(w, &s);
		wire_check(w, s.flags == ACK && s.ack == w->flow->peer_isn + 101, "not ACKed");
		wire_in(w, "P. 101:201(100) ack 1 win 65535 <TS val %u ecr %u>", t + 50, ours);
		wire_check(w, w->user.got == 200, "data of the same time were not taken");
		wire_in(w, "P. 201:301(100) ack 1 win 65535 <TS val %u ecr %u>", t + 0x7fffffff,
			ours);
		wire_check(w, w->user.got == 300, "data of much later were not taken");
		wire_skip(w);
		wire_end(w);
	}
}

/* RFC 7323 §5.3 R1: PAWS does not look at resets. */
Test(paws, lets_resets_through)
{
	uint32_t ours;
	struct wire *w = with_timestamps(100000, &ours, 0);

	wire_in(w, "R. 1:1(0) ack 1 win 0 <TS val 5 ecr 0>");
	wire_gone(w, TERN_RESET);
	wire_end(w);
}

/*
 * RFC 7323 §5.3 R2 and R3: a segment out of the window leaves no trace, whatever its time: else one
 * forged segment would make everything that the true peer says seem old.
 */
Test(paws, is_not_poisoned_from_out_of_the_window)
{
	static const int places[] = { -100, -70000, -1000000000, 70000, 1000000000 };
	uint32_t ours;
	struct wire *w = with_timestamps(1000, &ours, 0);
	struct segment s;
	unsigned int i;

	for (i = 0; i < RTE_DIM(places); i++) {
		wire_note(w, "at %d", places[i]);
		wire_in(w, "P. %d:%d(10) ack 1 win 65535 <TS val 1000000 ecr %u>", places[i],
			places[i] + 10, ours);
		wire_skip(w);
		wire_in(w, ". %d:%d(0) ack 1 win 65535 <TS val 1000000 ecr %u>", places[i],
			places[i], ours);
		wire_skip(w);
	}
	wire_in(w, "P. 1:101(100) ack 1 win 65535 <TS val 1001 ecr %u>", ours);
	wire_check(w, w->user.got == 100, "the true peer is not heard");
	wire_check(w, leaves(w, wire_now(w) + S(1), &s).ecr == 1001, "echoes %u", times_of(&s).ecr);
	wire_end(w);
}

/* RFC 7323 §5.5: after 24 days of silence a time says nothing any more. */
Test(paws, forgets_after_24_days)
{
	const uint64_t day = S(86400);
	uint32_t ours;
	struct wire *w = with_timestamps(1000, &ours, 0);

	wire_quiet(w, 23 * day);
	wire_in(w, "P. 1:101(100) ack 1 win 65535 <TS val 999 ecr %u>", ours);
	wire_check(w, w->user.got == 0, "taken after 23 days");
	wire_skip(w);
	wire_quiet(w, 25 * day);
	wire_in(w, "P. 1:101(100) ack 1 win 65535 <TS val 999 ecr %u>", ours);
	wire_check(w, w->user.got == 100, "not taken after 25 days");
	wire_skip(w);
	wire_end(w);
}

/* RFC 7323 §5.4: our clock goes on at the rate that is configured, here once in 1 ms. */
Test(timestamps, follow_a_clock_of_1_ms)
{
	uint32_t ours;
	struct wire *w = with_timestamps(1000, &ours, 0);
	struct segment s;
	unsigned int i;

	for (i = 1; i < 6; i++) {
		wire_quiet(w, S(i * i));
		wire_in(w, "P. %u:%u(0) ack 1 win 65535 <TS val 1000 ecr %u>", i, i, ours);
		user_send(&w->user, 1);
		wire_poll(w);
		wire_check(w, leaves_now(w, &s).val == ours + 1000 * i * i, "%u after %u s",
			   times_of(&s).val - ours, i * i);
		wire_in(w, "P. %u:%u(1) ack %u win 65535 <TS val 1000 ecr %u>", i, i + 1, i + 1,
			ours);
		wire_pass(w, S(i * i) + MS(500));
	}
	wire_end(w);
}

/* RFC 7323 §4.1: an echo tells the round trip of a segment that was repeated, too. */
Test(timestamps, give_samples_of_repeated_segments)
{
	uint32_t ours, before;
	struct wire *w = with_timestamps(1000, &ours, 0);
	struct segment s;
	struct times t;

	user_send(&w->user, 100);
	wire_poll(w);
	leaves_now(w, &s);
	wire_pass(w, MS(900));
	wire_check(w, wire_count(w, TERN_EV_TCP_RTO) > 0, "not repeated");
	user_send(&w->user, 1);
	t = (struct times){ .val = ours + 900 };
	before = wire_conn(w)->rtt.srtt_8;
	wire_quiet(w, MS(1000));
	wire_in(w, ". 1:1(0) ack 101 win 65535 <TS val 1900 ecr %u>", t.val);
	wire_check(w, wire_conn(w)->rtt.srtt_8 > before + 8 * 1000, "SRTT %u us, was %u",
		   wire_conn(w)->rtt.srtt_8 / 8, before / 8);
	wire_skip(w);
	wire_in(w, "R. 1:1(0) ack 101 win 0");
	wire_end(w);
}

/*
 * RFC 7323 §4.2: ten ACKs in one round trip are one sample as far as smoothing goes, or a burst
 * would make it forget what was before.
 */
Test(timestamps, smooth_once_a_round_trip)
{
	uint32_t ours, srtt = 0, at;
	struct wire *w = with_timestamps(1000, &ours, 14480);
	struct segment s;
	unsigned int i;

	leaves_now(w, &s);
	wire_skip(w);
	for (i = 1; i <= 9; i++) {
		at = 100 + 10 * i;
		wire_pass(w, MS(at));
		wire_in(w, ". 1:1(0) ack %u win 65535 <TS val %u ecr %u>", 1 + 1448 * i, 1000 + at,
			ours);
		if (i == 1)
			srtt = wire_conn(w)->rtt.srtt_8;
		wire_check(w, wire_conn(w)->rtt.srtt_8 == srtt, "SRTT %u us, was %u",
			   wire_conn(w)->rtt.srtt_8 / 8, srtt / 8);
		wire_skip(w);
	}
	wire_in(w, "R. 1:1(0) ack 1 win 0");
	wire_end(w);
}

/* MUST-16, RFC 6691 §2: options of every segment are taken from its data. */
Test(timestamps, are_taken_from_the_data)
{
	uint32_t ours;
	struct wire *w = with_timestamps(1000, &ours, 10000);
	struct segment s;

	leaves_now(w, &s);
	wire_check(w, s.len == 1460 - 12, "%u bytes", s.len);
	wire_skip(w);
	wire_in(w, "R. 1:1(0) ack 1 win 0");
	wire_end(w);
}

/* ESTABLISHED with SACK and nothing else. */
static struct wire *
each_with_sack(void)
{
	static const struct wire_how how = { .state = TERN_ESTABLISHED,
					     .syn = "<mss 1460,sackOK>" };

	return wire_each(&how);
}

/* RFC 2018 §2: SACK-Permitted answers its like; without it no block is ever sent. */
Test(sack, is_sent_to_who_permits_it)
{
	static const char *const options[] = { "<mss 1460>", "<mss 1460,sackOK>" };
	struct wire_how how = { .state = TERN_LISTEN };
	struct segment s;
	struct wire *w;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		w = wire_open(&how);
		wire_in(w, "S 0:0(0) win 65535 %s", options[i]);
		leaves_now(w, &s);
		wire_check(w, (segment_option(&s, KIND_SACK_PERMITTED) != NULL) == (i == 1),
			   "permitted to %s", options[i]);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_in(w, "P. 1001:1101(100) ack 1 win 65535");
		leaves_now(w, &s);
		wire_check(w, (segment_option(&s, KIND_SACK) != NULL) == (i == 1), "blocks to %s",
			   options[i]);
		wire_end(w);
	}
}

/*
 * RFC 2018 §3, §4 (1), (2), (3): the block of the segment that came goes first, then those that
 * were told last.
 */
Test(sack, tells_the_latest_first)
{
	struct wire *w;

	while ((w = each_with_sack()) != NULL) {
		wire_in(w, ". 1001:2001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1 <sack 1001:2001>");
		wire_in(w, ". 5001:6001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1 <sack 5001:6001 1001:2001>");
		wire_in(w, ". 3001:4001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1 <sack 3001:4001 5001:6001 1001:2001>");
		/* One that grows moves to the front; two that meet become one. */
		wire_in(w, ". 6001:7001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1 <sack 5001:7001 3001:4001 1001:2001>");
		wire_in(w, ". 2001:3001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1 <sack 1001:4001 5001:7001>");
		wire_in(w, ". 1:1001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 4001 <sack 5001:7001>");
		wire_in(w, ". 4001:5001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 7001");
		wire_check(w, w->user.got == 7000, "got %lu", w->user.got);
	}
}

/* RFC 2018 §4: every ACK tells of a gap, also those that ride on data. */
Test(sack, rides_on_data)
{
	struct wire *w;

	while ((w = each_with_sack()) != NULL) {
		wire_in(w, ". 1001:2001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1 <sack 1001:2001>");
		user_send(&w->user, 100);
		wire_poll(w);
		wire_out_now(w, "P. 1:101(100) ack 1 <sack 1001:2001>");
		wire_in(w, ". 2001:2001(0) ack 101 win 65535");
		wire_skip(w);
	}
}

/* RFC 2883 §4, §4.1: a whole segment that came twice is told of, once. */
Test(dsack, of_a_whole_segment)
{
	struct wire *w;

	while ((w = each_with_sack()) != NULL) {
		wire_in(w, ". 1:1001(1000) ack 1 win 65535");
		wire_in(w, ". 1001:2001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 2001");
		wire_in(w, ". 1001:2001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 2001 <sack 1001:2001>");
		wire_in(w, ". 3001:4001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 2001 <sack 3001:4001>");
		/* Beyond the gap: the duplicate, then the block that it lies in. */
		wire_in(w, ". 4001:5001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 2001 <sack 3001:5001>");
		wire_in(w, ". 3001:4001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 2001 <sack 3001:4001 3001:5001>");
		wire_in(w, ". 6001:7001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 2001 <sack 6001:7001 3001:5001>");
	}
}

/* RFC 2883 §4.2: of a segment that came in part, just that part. */
Test(dsack, of_a_part)
{
	struct wire *w;

	while ((w = each_with_sack()) != NULL) {
		wire_in(w, ". 1:1001(1000) ack 1 win 65535");
		wire_out(w, MS(40), ". 1:1(0) ack 1001");
		wire_in(w, ". 501:1501(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1501 <sack 501:1001>");
		wire_in(w, ". 1501:2501(1000) ack 1 win 65535");
		wire_out(w, MS(80), ". 1:1(0) ack 2501");
	}
}
