/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow.h"

enum { MSS = 1460, L = 8 };

static struct flow f;

/* RFC 3465 §2.2, §2.3: by the bytes acknowledged, up to L segments an ACK. */
Test(reno, slow_start_counts_bytes)
{
	static const struct {
		uint32_t bytes, by;
	} ack[] = {
		{ 1, 1 },
		{ MSS, MSS },
		{ 2 * MSS, 2 * MSS },
		{ L * MSS, L * MSS },
		{ L * MSS + 1, L * MSS },
		{ 64 * MSS, L * MSS },
	};

	flow_begin(&f, &tern_newreno, MSS, 10 * MSS, FLOW_NO_SSTHRESH);
	for (size_t i = 0; i < sizeof(ack) / sizeof(ack[0]); i++) {
		uint32_t before = f.conn.cong.cwnd;

		flow_ack(&f, ack[i].bytes);
		cr_assert_eq(f.conn.cong.cwnd - before, ack[i].by, "%u bytes", ack[i].bytes);
	}
}

/* RFC 5681 §3.1: cwnd doubles in a round trip. */
Test(reno, slow_start_doubles)
{
	flow_begin(&f, &tern_newreno, MSS, 10 * MSS, FLOW_NO_SSTHRESH);
	for (uint32_t n = 10; n < 10000; n *= 2) {
		cr_assert_eq(f.conn.cong.cwnd, n * MSS);
		flow_round(&f, 2 * MSS);
	}
}

/* RFC 5681 (2): slow start ends at ssthresh, and the rest of that ACK counts as avoidance. */
Test(reno, slow_start_ends_at_ssthresh)
{
	flow_begin(&f, &tern_newreno, MSS, 10 * MSS, 12 * MSS);
	flow_ack(&f, 3 * MSS);
	cr_assert_eq(f.conn.cong.cwnd, 12 * MSS);
	flow_ack(&f, 11 * MSS - 1);
	cr_assert_eq(f.conn.cong.cwnd, 12 * MSS);
	flow_ack(&f, 1);
	cr_assert_eq(f.conn.cong.cwnd, 13 * MSS);
}

/* RFC 3465 §2.3: L is 1 after a timeout, until ssthresh is reached. */
Test(reno, after_a_timeout_an_ack_opens_by_one_segment)
{
	flow_begin(&f, &tern_newreno, MSS, 20 * MSS, 10 * MSS);
	flow_congested(&f, TERN_CONGESTED_TIMEOUT);
	cr_assert_eq(f.conn.cong.ssthresh, 10 * MSS);
	for (uint32_t n = 1; n < 10; n++) {
		cr_assert_eq(f.conn.cong.cwnd, n * MSS);
		flow_ack(&f, 4 * MSS);
	}
	cr_assert_eq(f.conn.cong.cwnd, 10 * MSS);
	f.conn.cong.cwnd = 2 * MSS; /* idle: slow start, and no timeout was before it */
	f.by->restart(&f.conn, 1000000);
	flow_ack(&f, 4 * MSS);
	cr_assert_eq(f.conn.cong.cwnd, 6 * MSS);
}

/* RFC 5681 §3.1, RFC 3465 §2.1: one MSS a round trip, however the ACKs come. */
Test(reno, avoidance_adds_one_mss_a_window)
{
	static const uint32_t per_ack[] = { 100, MSS, 2 * MSS, 45 * MSS, 1 << 20 };

	for (size_t i = 0; i < sizeof(per_ack) / sizeof(per_ack[0]); i++) {
		flow_begin(&f, &tern_newreno, MSS, 50 * MSS, 50 * MSS);
		for (uint32_t round = 1; round <= 20; round++) {
			flow_round(&f, per_ack[i]);
			cr_assert_eq(f.conn.cong.cwnd, (50 + round) * MSS, "%u", per_ack[i]);
		}
	}
}

/* RFC 3465 §2.1: what is beyond the window counts towards the next MSS. */
Test(reno, avoidance_keeps_the_rest)
{
	flow_begin(&f, &tern_newreno, MSS, 100 * MSS, 100 * MSS);
	flow_ack(&f, 70 * MSS);
	flow_ack(&f, 70 * MSS);
	cr_assert_eq(f.conn.cong.cwnd, 101 * MSS);
	flow_ack(&f, 61 * MSS - 1);
	cr_assert_eq(f.conn.cong.cwnd, 101 * MSS);
	flow_ack(&f, 1);
	cr_assert_eq(f.conn.cong.cwnd, 102 * MSS);
}

/* RFC 5681 (4); RFC 3168 §5: the answer to a mark is essentially that to a loss. */
Test(reno, ssthresh_is_half_of_the_flight)
{
	static const struct {
		uint32_t flight, ssthresh;
	} with[] = {
		{ 0, 2 * MSS },	   { MSS, 2 * MSS },	    { 4 * MSS, 2 * MSS },
		{ 5 * MSS, 3650 }, { 100 * MSS, 50 * MSS }, { FLOW_MOST, FLOW_MOST / 2 },
	};

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		for (int why = TERN_CONGESTED_LOSS; why <= TERN_CONGESTED_ECN; why++) {
			flow_begin(&f, &tern_newreno, MSS, 100 * MSS, 100 * MSS);
			cr_assert_eq(
				f.by->congested(&f.conn, (enum tern_congested)why, with[i].flight),
				with[i].ssthresh);
		}
	}
}

/* RFC 7661 §4.3: cwnd does not grow when it was not used; RFC 6937: in recovery it is not ours. */
Test(reno, leaves_cwnd_alone_when_not_limited_and_in_recovery)
{
	static const uint32_t cwnd[] = { 10 * MSS, 100 * MSS };

	for (int i = 0; i < 4; i++) {
		struct tern_acked ack = { .bytes = 200 * MSS, .limited = i & 1 };

		ack.recovering = ack.limited;
		flow_begin(&f, &tern_newreno, MSS, cwnd[i / 2], 100 * MSS);
		flow_take(&f, &ack);
		cr_assert_eq(f.conn.cong.cwnd, cwnd[i / 2]);
	}
}

/* RFC 4015 §3.3: after a spurious timeout slow start is as before. */
Test(reno, undo_forgets_the_timeout)
{
	flow_begin(&f, &tern_newreno, MSS, 10 * MSS, FLOW_NO_SSTHRESH);
	flow_congested(&f, TERN_CONGESTED_TIMEOUT);
	flow_undo(&f);
	flow_ack(&f, 4 * MSS);
	cr_assert_eq(f.conn.cong.cwnd, 14 * MSS);
}
