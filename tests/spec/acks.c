/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When to acknowledge (RFC 9293 §3.8.6.3, RFC 5681 §4.2).
 */
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

static void
delay_of_10_ms(struct tern_config *c)
{
	c->ack_delay_ns = MS(10);
}

/* MUST-40, SHLD-18: an ACK waits for company, for 40 ms or what the configuration says. */
Test(ack, of_one_segment_is_delayed)
{
	struct wire_how how = { .state = TERN_ESTABLISHED };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		wire_quiet(w, MS(5));
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_quiet(w, MS(44));
		wire_out(w, MS(45), ". 1:1(0) ack 101 win 65435");
		wire_quiet(w, S(10));
	}
	how.tune = delay_of_10_ms;
	while ((w = wire_each(&how)) != NULL) {
		wire_in(w, ". 1:1461(1460) ack 1 win 65535");
		wire_out(w, MS(10), ". 1:1(0) ack 1461");
		wire_quiet(w, S(10));
	}
}

/* The delay counts from the first byte not acknowledged, not from the last. */
Test(ack, delay_is_not_prolonged_by_more_data)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 1:11(10) ack 1 win 65535");
		wire_quiet(w, MS(30));
		wire_in(w, "P. 11:16(5) ack 1 win 65535");
		wire_out(w, MS(40), ". 1:1(0) ack 16");
	}
}

/* SHLD-19, MUST-58: every second full-sized segment is acknowledged at once. */
Test(ack, every_second_full_sized_segment_at_once)
{
	struct wire *w;
	uint32_t at;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL)
		for (at = 1; at < 100000; at += 2920) {
			wire_in(w, ". %u:%u(1460) ack 1 win 65535", at, at + 1460);
			wire_quiet_now(w);
			wire_in(w, ". %u:%u(1460) ack 1 win 65535", at + 1460, at + 2920);
			wire_out_now(w, ". 1:1(0) ack %u win 65535", at + 2920);
		}
}

/* Full-sized is what the peer sends at most, if that is below the MSS (RFC 9293 §3.8.6.3). */
Test(ack, second_segment_of_a_peer_with_smaller_ones)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .syn = "<mss 536>" };
	struct segment s;
	struct wire *w;
	uint32_t at;
	unsigned int n;

	while ((w = wire_each(&how)) != NULL) {
		for (at = 1, n = 0; at < 536 * 20; at += 536) {
			wire_in(w, ". %u:%u(536) ack 1 win 65535", at, at + 536);
			while (wire_segment(w, wire_now(w), &s))
				n++;
		}
		wire_check(w, n >= 8, "%u ACKs for 20 segments of 536", n);
		wire_pass(w, S(1));
	}
}

/* MAY-13, RFC 5681 §4.2: at once when out of order, so that the peer sees the gap; each time. */
Test(ack, out_of_order_at_once)
{
	struct wire *w;
	uint32_t at;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		for (at = 101; at < 1001; at += 100) {
			wire_in(w, "P. %u:%u(100) ack 1 win 65535", at, at + 100);
			wire_out_now(w, ". 1:1(0) ack 1 win 65535");
		}
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1001");
	}
}

/* RFC 5681 §4.2: one for each, also when they come in one burst: three make the peer repeat. */
Test(ack, each_of_a_burst_out_of_order)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		w->held = true;
		for (i = 1; i < 11; i++)
			wire_in(w, "P. %u:%u(100) ack 1 win 65535", 1 + 100 * i, 101 + 100 * i);
		wire_flush(w);
		for (i = 1; i < 11; i++)
			wire_out_now(w, ". 1:1(0) ack 1 win 65535");
	}
}

/* The same when a part of a gap is filled, or the first of two. */
Test(ack, at_once_when_a_gap_is_filled)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 101:201(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_in(w, "P. 301:401(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 1");
		wire_in(w, "P. 1:51(50) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 51");
		wire_in(w, "P. 51:101(50) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 201");
		wire_in(w, "P. 201:301(100) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 401");
		wire_quiet(w, S(10));
	}
}

/* Data that we send carry the ACK; then none is owed. */
Test(ack, rides_on_data)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_quiet(w, MS(20));
		user_send(&w->user, 50);
		wire_poll(w);
		wire_out_now(w, "P. 1:51(50) ack 101");
		wire_in(w, ". 101:101(0) ack 51 win 65535");
		wire_quiet(w, S(10));
	}
}

/* An ACK is never acknowledged: no ping-pong of empty segments (B16). */
Test(ack, is_not_acknowledged)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		for (i = 0; i < 10; i++)
			wire_in(w, ". 1:1(0) ack 1 win %u", 65535 - i);
		wire_quiet(w, S(100));
	}
}

/* MUST-58/59: a burst in one poll is acknowledged in this poll, and no more often than it came. */
Test(ack, burst_is_acknowledged_at_once)
{
	struct segment s;
	struct wire *w;
	uint32_t at, last;
	unsigned int n;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		w->held = true;
		for (at = 1; at < 1 + 20 * 1460; at += 1460)
			wire_in(w, ". %u:%u(1460) ack 1 win 65535", at, at + 1460);
		wire_flush(w);
		for (n = 0, last = 0; wire_segment(w, wire_now(w), &s); n++)
			last = s.ack - w->flow->peer_isn;
		wire_check(w, n >= 1 && n <= 20 && last == at, "%u ACKs, the last of %u", n, last);
		wire_check(w, w->user.got == 29200, "got %lu", w->user.got);
		wire_quiet(w, S(1));
	}
}

/* A keep-alive of the peer (old number, no data or one byte) is answered. */
Test(ack, answers_the_peers_keepalive)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out(w, MS(40), ". 1:1(0) ack 101");
		wire_in(w, ". 100:100(0) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 101");
		wire_in(w, ". 100:101(1) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 101");
		wire_check(w, w->user.got == 100, "got %lu", w->user.got);
	}
}

/* MUST-24, B33: we send none of our own, and an idle connection has no end. */
Test(ack, idle_connection_is_silent_and_stays)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);

	user_send(&w->user, 10);
	wire_poll(w);
	wire_out_now(w, "P. 1:11(10) ack 1");
	wire_in(w, ". 1:1(0) ack 11 win 65535");
	wire_quiet(w, S(86400) * 3);
	wire_state(w, TERN_ESTABLISHED);
	wire_in(w, "P. 1:11(10) ack 11 win 65535");
	wire_check(w, w->user.got == 10, "got %lu", w->user.got);
	wire_out(w, S(86400) * 3 + MS(40), ". 11:11(0) ack 11");
	wire_end(w);
}
