/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_common.h>

#include "conn/congestion.h"
#include "core/random.h"
#include "flow.h"

static struct flow f;
static struct random draw;

static uint32_t
below(uint32_t bound)
{
	return random_below(&draw, bound);
}

/* RFC 9293 MAY-18 */
Test(congestion, every_kind_has_its_table)
{
	cr_assert_eq(congestion_of(TERN_CUBIC), &tern_cubic);
	cr_assert_eq(congestion_of(TERN_NEWRENO), &tern_newreno);
	cr_assert_eq(congestion_of(TERN_DCTCP), &tern_dctcp);
	cr_assert_eq(congestion_of(TERN_NO_CONGESTION_CONTROL), &tern_no_congestion_control);
	cr_assert_null(congestion_of(TERN_CONGESTIONS));
}

/* No congestion control: the largest window that can be advertised (RFC 7323 §2.3), always. */
Test(congestion, none_never_reduces)
{
	flow_begin(&f, &tern_no_congestion_control, 1460, 14600, FLOW_NO_SSTHRESH);
	cr_assert_eq(f.conn.cong.cwnd, FLOW_MOST);
	for (int why = TERN_CONGESTED_LOSS; why <= TERN_CONGESTED_ECN; why++) {
		cr_assert_eq(f.by->congested(&f.conn, (enum tern_congested)why, 1460), FLOW_MOST);
		f.conn.cong.cwnd = 1460; /* a timeout's doing */
		flow_ack(&f, 1460);
		cr_assert_eq(f.conn.cong.cwnd, FLOW_MOST);
	}
	f.conn.cong.cwnd = 14600;
	f.by->restart(&f.conn, 1000000);
	cr_assert_eq(f.conn.cong.cwnd, FLOW_MOST);
}

/* Changed in flight: cwnd and ssthresh stay, and the new table knows nothing of the old state. */
Test(congestion, may_change_in_flight)
{
	for (int from = 0; from < TERN_CONGESTIONS; from++) {
		for (int to = 0; to < TERN_CONGESTIONS; to++) {
			const struct tern_congestion *next =
				congestion_of((enum tern_congestion_kind)to);
			uint32_t cwnd, ssthresh;

			flow_begin(&f, congestion_of((enum tern_congestion_kind)from), 1460, 146000,
				   73000);
			flow_congested(&f, TERN_CONGESTED_LOSS);
			for (int i = 0; i < 100; i++)
				flow_ack(&f, 1460);
			cwnd = f.conn.cong.cwnd;
			ssthresh = f.conn.cong.ssthresh;
			tern_tcp_set_congestion(&f.conn, next);
			cr_assert_eq(f.conn.congestion, next);
			if (to == TERN_NO_CONGESTION_CONTROL)
				continue;
			cr_assert_eq(f.conn.cong.cwnd, cwnd, "%s", next->name);
			cr_assert_eq(f.conn.cong.ssthresh, ssthresh, "%s", next->name);
			f.by = next;
			flow_ack(&f, 1460);
			cr_assert_geq(f.conn.cong.cwnd, cwnd);
			cr_assert_leq(f.conn.cong.cwnd - cwnd, 1460);
		}
	}
}

/*
 * What holds for each ACK whatever came before it: cwnd does not shrink, does not grow by more than
 * the ACK covers (RFC 3465 §2: in avoidance of Reno, by one MSS), stays within its bounds, and
 * stands still in recovery and when it is not what holds back.
 */
static void
one_ack(void)
{
	uint32_t mss = f.conn.snd.mss, before = f.conn.cong.cwnd, grown;
	uint32_t luck = below(100), rtt_us = f.conn.rtt.srtt_8 / 8;
	struct tern_acked ack = {
		.bytes = 1 + (luck < 50 ? below(2 * mss) : below(before)),
		.flight = before,
		.rtt_us = luck % 7 ? rtt_us + below(rtt_us + 1) : 0,
		.now_us = f.now_us += luck < 95 ? below(rtt_us + 1) : (uint32_t)random_u64(&draw),
		.limited = luck % 10 != 0,
		.recovering = luck % 10 == 1,
	};

	ack.marked = luck % 3 == 0 ? ack.bytes : 0;
	flow_take(&f, &ack);
	cr_assert_geq(f.conn.cong.cwnd, before, "%s", f.by->name);
	cr_assert_leq(f.conn.cong.cwnd, FLOW_MOST);
	grown = f.conn.cong.cwnd - before;
	cr_assert_leq(grown, RTE_MAX(ack.bytes, mss), "%s", f.by->name);
	if (!ack.limited || ack.recovering)
		cr_assert_eq(grown, 0, "%s", f.by->name);
}

static void
one_event(uint32_t luck)
{
	uint32_t mss = f.conn.snd.mss, ssthresh;

	if (luck < 3) {
		flow_congested(&f, (enum tern_congested)luck);
		ssthresh = f.conn.cong.ssthresh;
		cr_assert_geq(ssthresh, 2 * mss);
		cr_assert_leq(ssthresh, RTE_MAX(f.conn.undo.cwnd, 2 * mss));
	} else if (luck == 3 && f.conn.undo.cwnd != 0) {
		flow_undo(&f);
	} else if (luck == 4) {
		f.conn.cong.cwnd = RTE_MIN(f.conn.cong.cwnd, 10 * mss);
		f.by->restart(&f.conn, below(100000000));
	} else if (luck == 5) {
		flow_rtt(&f, 1 + below(below(10000000) + 1));
	} else {
		one_ack();
	}
}

Test(congestion, cwnd_keeps_its_bounds_whatever_happens)
{
	static const uint16_t mss[] = { 1, 48, 1460, 9000, 65535 };
	static const struct tern_congestion *const table[] = { &tern_cubic, &tern_newreno,
							       &tern_dctcp };

	random_init(&draw, (const uint8_t[16]){ 7 });
	for (int t = 0; t < 3; t++) {
		for (int i = 0; i < 500; i++) {
			uint32_t most = i % 5 == 0 ? 1 << 24 : 1 << below(31);

			flow_begin(&f, table[t], mss[i % 5], 1, FLOW_NO_SSTHRESH);
			f.conn.cong.cwnd = RTE_MAX(most, f.conn.snd.mss);
			f.conn.undo.cwnd = 0;
			for (int n = 0; n < 1000; n++)
				one_event(below(300));
		}
	}
}
