/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The congestion control that docs/congestion.md makes: what the document says of it is so.
 */
#include <criterion/criterion.h>

#include "examples/weighted.h"
#include "kit/wire.h"

#define MSS 1460u

/* 100 ms away; the user has more than enough. */
static const struct wire_how far = {
	.state = TERN_ESTABLISHED,
	.rtt_ns = MS(100),
	.syn = "<mss 1460,wscale 7>",
	.offer = UINT64_C(100000000),
};

/* What has left now; the number after the last in *next, relative. */
static unsigned int
burst(struct wire *w, uint32_t *next)
{
	struct segment s;
	unsigned int n = 0;

	while (wire_segment(w, wire_now(w), &s)) {
		*next = s.seq + s.len - w->flow->our_isn;
		n++;
	}
	return n;
}

static void
weigh_more(struct tern_conn *conn)
{
	tern_tcp_set_congestion(conn, &four_flows);
}

/* In avoidance from the start, at ten segments. */
static struct wire *
open_weighted(uint32_t *next)
{
	struct wire *w = wire_open(&far);

	cr_assert_eq(burst(w, next), 10);
	wire_conn(w)->cong.ssthresh = 10 * MSS;
	weigh_more(wire_conn(w));
	cr_assert_eq(wire_conn(w)->cong.cwnd, 10 * MSS);
	return w;
}

/* An ACK for each two segments, after a round trip. */
static void
round_trip(struct wire *w, uint32_t *next)
{
	uint32_t end = *next, una = wire_conn(w)->snd.una - w->flow->our_isn;

	wire_pass(w, wire_now(w) + MS(100));
	while (una < end) {
		una = una + 2 * MSS < end ? una + 2 * MSS : end;
		wire_in(w, ". 1:1(0) ack %u win 65535", una);
		burst(w, next);
	}
}

Test(congestion, four_flows_open_by_four_segments_a_round_trip)
{
	uint32_t next;
	struct wire *w = open_weighted(&next);

	for (int round = 0; round < 20; round++) {
		uint32_t before = wire_conn(w)->cong.cwnd;

		round_trip(w, &next);
		cr_assert_geq(wire_conn(w)->cong.cwnd - before, 3 * MSS);
		cr_assert_leq(wire_conn(w)->cong.cwnd - before, 4 * MSS);
	}
	wire_end(w);
}

Test(congestion, four_flows_lose_an_eighth)
{
	uint32_t next;
	struct wire *w = open_weighted(&next);
	uint32_t una, flight;

	for (int round = 0; round < 5; round++)
		round_trip(w, &next);
	una = wire_conn(w)->snd.una - w->flow->our_isn;
	flight = wire_conn(w)->snd.nxt - wire_conn(w)->snd.una;
	for (int i = 0; i < 3; i++) {
		wire_in(w, ". 1:1(0) ack %u win 65535", una);
		burst(w, &next);
	}
	/* limited transmit (RFC 3042) sent two segments more meanwhile */
	cr_assert_geq(wire_conn(w)->cong.ssthresh, flight - flight / 8);
	cr_assert_leq(wire_conn(w)->cong.ssthresh, flight + 2 * MSS - (flight + 2 * MSS) / 8);
	wire_end(w);
}

/* What a timeout and an idle time ask of it, and that nothing grows where it must not. */
Test(congestion, four_flows_keep_to_the_table)
{
	static const struct tern_acked quiet[] = {
		{ .bytes = 100000, .limited = false },
		{ .bytes = 100000, .limited = true, .recovering = true },
	};
	static struct tern_conn conn = { .snd.mss = 1460, .cong = { 100000, 50000 } };

	tern_tcp_set_congestion(&conn, &four_flows);
	cr_assert_eq(four_flows.congested(&conn, TERN_CONGESTED_TIMEOUT, 100000), 50000);
	cr_assert_eq(four_flows.congested(&conn, TERN_CONGESTED_ECN, 80000), 70000);
	cr_assert_eq(four_flows.congested(&conn, TERN_CONGESTED_LOSS, 100), 2920);
	for (int i = 0; i < 2; i++)
		four_flows.acked(&conn, &quiet[i]);
	four_flows.undo(&conn);
	four_flows.restart(&conn, 1000000);
	cr_assert_eq(conn.cong.cwnd, 100000);
}
