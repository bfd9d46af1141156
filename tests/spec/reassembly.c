/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data out of order (RFC 9293 §3.4, §3.10.7.4 seventh): any order, any overlap, bounded memory.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

static uint32_t dice;

static uint32_t
roll(uint32_t below)
{
	dice = dice * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)dice * below >> 32);
}

/* The next permutation in lexical order. Return: false after the last. */
static bool
permute(unsigned int *p, unsigned int n)
{
	unsigned int i = n - 1, k = n - 1, a, b, t;

	while (i > 0 && p[i - 1] >= p[i])
		i--;
	if (i == 0)
		return false;
	while (p[k] <= p[i - 1])
		k--;
	t = p[k], p[k] = p[i - 1], p[i - 1] = t;
	for (a = i, b = n - 1; a < b; a++, b--)
		t = p[a], p[a] = p[b], p[b] = t;
	return true;
}

/* What a receiver must acknowledge after these segments of size bytes. */
static uint32_t
expected_ack(const bool *come, unsigned int n, uint32_t size)
{
	unsigned int i;

	for (i = 0; i < n && come[i]; i++)
		;
	return 1 + i * size;
}

/* SHLD-31, M48: all 720 orders of six segments, over the wrap of the peer's numbers. */
Test(reassembly, every_order_of_six_segments)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .peer_isn = 0u - 1000 };
	unsigned int p[6] = { 0, 1, 2, 3, 4, 5 }, i;
	struct segment s;
	struct wire *w;
	bool come[6];

	do {
		w = wire_open(&how);
		wire_note(w, "order %u%u%u%u%u%u", p[0], p[1], p[2], p[3], p[4], p[5]);
		memset(come, 0, sizeof(come));
		for (i = 0; i < 6; i++) {
			wire_in(w, "P. %u:%u(300) ack 1 win 65535", 1 + p[i] * 300,
				301 + p[i] * 300);
			come[p[i]] = true;
			wire_check(w, w->user.got + 1 == expected_ack(come, 6, 300),
				   "the user has %lu bytes", w->user.got);
			while (wire_segment(w, wire_now(w), &s))
				wire_check(w,
					   s.ack - w->flow->peer_isn == expected_ack(come, 6, 300),
					   "acknowledged %u", s.ack - w->flow->peer_isn);
		}
		wire_pass(w, MS(50));
		wire_check(w, w->flow->our_ack == w->flow->peer_isn + 1801, "not all acknowledged");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
		wire_end(w);
	} while (permute(p, 6));
}

#define SPAN 3000

/* A model: which bytes have come; all segments are drawn at random, so they overlap every way. */
static void
random_round(struct wire *w)
{
	bool come[SPAN + 1] = { false };
	uint32_t at, len, i, first = 0;
	unsigned int n;

	for (n = 0; first < SPAN && n < 3000; n++) {
		at = roll(6) == 0 ? first : roll(SPAN);
		len = 1 + roll(n % 3 == 0 ? 50 : 1000);
		len = RTE_MIN(len, SPAN - at);
		wire_in(w, "P. %u:%u(%u) ack 1 win 65535", 1 + at, 1 + at + len, len);
		wire_skip(w);
		for (i = at; i < at + len; i++)
			come[i] = true;
		while (come[first])
			first++;
		wire_check(w,
			   w->user.got >= first || wire_verdict(w) == TERN_DROP_TCP_HELD ||
				   wire_verdicts(w, TERN_DROP_TCP_HELD) > 0,
			   "the user has %lu of %u bytes", w->user.got, first);
		wire_check(w, w->user.got <= first, "the user has bytes that have not come");
	}
	wire_pass(w, wire_now(w) + MS(50));
	wire_check(w, w->user.got == SPAN, "got %lu", w->user.got);
	wire_check(w, w->flow->our_ack == w->flow->peer_isn + 1 + SPAN, "not all acknowledged");
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
}

/* B6, E27: random segments against a map of bytes; the user checks each byte. */
Test(reassembly, random_overlapping_segments)
{
	struct wire *w;
	unsigned int round;

	for (round = 0; round < 10; round++)
		while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
			dice = round * 100 + w->flow->peer_isn + w->flow->our_isn;
			wire_note(w, "round %u", round);
			random_round(w);
		}
}

/* Each way that a segment can overlap one that is held, and the delivered part. */
Test(reassembly, each_kind_of_overlap)
{
	static const struct {
		uint32_t from, to;
	} second[] = {
		{ 150, 250 }, { 100, 200 }, { 120, 180 }, { 50, 150 },	{ 50, 250 },
		{ 100, 150 }, { 150, 200 }, { 50, 100 },  { 200, 250 }, { 1, 300 },
		{ 50, 200 },  { 100, 250 }, { 99, 101 },  { 199, 201 },
	};
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(second); i++)
		while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
			wire_note(w, "100:200, then %u:%u", second[i].from, second[i].to);
			wire_in(w, "P. 100:200(100) ack 1 win 65535");
			wire_skip(w);
			wire_in(w, "P. %u:%u(%u) ack 1 win 65535", second[i].from, second[i].to,
				second[i].to - second[i].from);
			wire_skip(w);
			wire_in(w, "P. 1:300(299) ack 1 win 65535");
			wire_out_now(w, ". 1:1(0) ack 300");
			wire_check(w, w->user.got == 299, "got %lu", w->user.got);
			wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
		}
}

/* Data that the user has are not given again, in whole or in part. */
Test(reassembly, repeated_data_are_given_once)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 101");
		wire_in(w, "P. 51:151(100) ack 1 win 65535");
		wire_skip(w);
		wire_in(w, "P. 1:201(200) ack 1 win 65535");
		wire_skip(w);
		wire_check(w, w->user.got == 200, "got %lu", w->user.got);
		wire_pass(w, S(1));
	}
}

static void
hold_8(struct tern_config *c)
{
	c->held_pkts = 8;
}

/* B32 (SegmentSmack): one-byte segments hold at most held_pkts mbufs; the rest is counted. */
Test(reassembly, memory_is_bounded_by_packets)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .tune = hold_8 };
	struct wire *w;
	uint32_t i;

	while ((w = wire_each(&how)) != NULL) {
		for (i = 0; i < 1000; i++) {
			wire_in(w, "P. %u:%u(1) ack 1 win 65535", 3 + 2 * i, 4 + 2 * i);
			wire_skip(w);
			wire_check(w, tern_stack_mbufs(w->stack) <= 8, "%u mbufs",
				   tern_stack_mbufs(w->stack));
		}
		wire_check(w,
			   wire_verdicts(w, TERN_DROP_TCP_HELD) + wire_verdicts(w, TERN_ANSWER) >=
				   992,
			   "%lu dropped", wire_verdicts(w, TERN_DROP_TCP_HELD));
		/* B6 (s#452): what is next in order is always taken, though no room is left. */
		wire_in(w, "P. 1:3(2) ack 1 win 65535");
		wire_skip(w);
		wire_check(w, w->user.got >= 3, "got %lu", w->user.got);
		for (i = 0; i < 1000 && w->user.got < 2001; i++) {
			wire_in(w, "P. %lu:%lu(2) ack 1 win 65535", w->user.got + 1,
				w->user.got + 3);
			wire_skip(w);
		}
		wire_check(w, w->user.got >= 2001, "got %lu", w->user.got);
		wire_pass(w, S(1));
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
	}
}

/* The in-order segment comes first if room is short: it must not be the one that is refused. */
Test(reassembly, in_order_data_are_taken_when_full)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .tune = hold_8 };
	struct wire *w;
	uint32_t i;

	while ((w = wire_each(&how)) != NULL) {
		for (i = 0; i < 20; i++) {
			wire_in(w, "P. %u:%u(100) ack 1 win 65535", 201 + 200 * i, 301 + 200 * i);
			wire_skip(w);
		}
		for (i = 0; i < 21; i++) {
			wire_in(w, "P. %u:%u(200) ack 1 win 65535", 1 + 200 * i, 201 + 200 * i);
			wire_skip(w);
			wire_check(w, w->user.got >= 200 * (i + 1), "got %lu", w->user.got);
		}
	}
}

static void
hold_20_in_all(struct tern_config *c)
{
	c->held_total = 20;
	c->held_pkts = 15;
}

/* E24: all connections together hold at most held_total, and one leaves room for another. */
Test(reassembly, memory_of_all_connections_is_bounded)
{
	const struct wire_how how = { .state = TERN_LISTEN, .tune = hold_20_in_all };
	struct wire *w = wire_open(&how);
	unsigned int flow, i;

	for (flow = 0; flow < 10; flow++) {
		wire_flow(w, flow);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		for (i = 0; i < 30; i++) {
			wire_in(w, "P. %u:%u(10) ack 1 win 65535", 101 + 20 * i, 111 + 20 * i);
			wire_skip(w);
		}
		wire_check(w, tern_stack_mbufs(w->stack) <= 20, "%u mbufs",
			   tern_stack_mbufs(w->stack));
	}
	for (flow = 0; flow < 10; flow++) {
		wire_flow(w, flow);
		w->user.got = 0;
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_skip(w);
		wire_check(w, w->user.got >= 100, "in-order data refused");
	}
	wire_end(w);
}

/* B2: nothing is held beyond the window that was told, however large the space. */
Test(reassembly, data_beyond_the_window_are_not_held)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 65536:65636(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_check(w, wire_conn(w)->early_n == 0, "held");
		wire_in(w, "P. 65436:65536(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_check(w, wire_conn(w)->early_n == 1, "not held");
	}
}

/* What was held is answered like any data, in order. */
Test(reassembly, held_data_are_answered)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .user = USER_ECHO };
	struct segment s;
	struct wire *w;
	uint32_t next;

	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, "P. 101:201(100) ack 1 win 65535");
		wire_skip(w);
		wire_conn(w)->flags |= TERN_CONN_NODELAY;
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		for (next = 1; wire_segment(w, wire_now(w), &s); next += s.len)
			wire_check(w, s.seq == w->flow->our_isn + next, "not in order");
		wire_check(w, next == 201 && w->user.got == 200, "answered %u bytes", next - 1);
		wire_in(w, ". 201:201(0) ack 201 win 65535");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs are still held");
	}
}
