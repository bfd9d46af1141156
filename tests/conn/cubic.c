/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include <rte_common.h>

#include "flow.h"

static struct flow f;

static const double C = 0.4, BETA = 0.7, ALPHA = 3 * (1 - 0.7) / (1 + 0.7); /* RFC 9438 */

static const uint16_t every_mss[] = { 48, 536, 1460, 9000 };
static const uint32_t every_rtt[] = { 10, 1000, 50000, 1000000, 10000000 };

enum { MSSES = sizeof(every_mss) / sizeof(every_mss[0]) };
enum { RTTS = sizeof(every_rtt) / sizeof(every_rtt[0]) };

/* In congestion avoidance, with a window that nothing was learnt about. */
static void
begin(uint16_t mss, uint32_t cwnd, uint32_t rtt_us)
{
	flow_begin(&f, &tern_cubic, mss, cwnd, cwnd);
	flow_rtt(&f, rtt_us);
}

/* RFC 9438 Figure 1, bytes; t in seconds, w_max in bytes. */
static double
w_cubic(double t, double k, double w_max, double mss)
{
	return C * (t - k) * (t - k) * (t - k) * mss + w_max;
}

/* RFC 9438 Figure 2, seconds. */
static double
k_of(double w_max, double cwnd_epoch, double mss)
{
	return cbrt((w_max - cwnd_epoch) / mss / C);
}

static void
near(double is, double wanted, double within, const char *what)
{
	cr_assert(fabs(is - wanted) <= within * wanted + 2, "%s: %.0f, not %.0f (mss %u, srtt %u)",
		  what, is, wanted, f.conn.snd.mss, f.conn.rtt.srtt_8 / 8);
}

/* An ACK of a whole window, after a time that may be many round trips. */
static void
window_after(double s)
{
	f.now_us += (uint32_t)(s * 1e6);
	f.conn.rtt.rttvar_4 = UINT32_MAX / 2; /* none of it is a silence */
	flow_ack(&f, f.conn.cong.cwnd);
}

/*
 * RFC 9438 §4.2, §4.4, §4.5: cwnd is W_cubic(t + RTT), from the reduction through the plateau to
 * where the window is W_max again as far beyond it as it began below; where that is more than
 * W_est, and unless it would have to grow by more than half at once. Return: points compared.
 */
static int
follow_curve(uint16_t mss, double w_max)
{
	double rtt = f.conn.rtt.srtt_8 / 8e6, epoch = f.conn.cong.cwnd;
	double k = k_of(w_max, epoch, mss), dt = fmax(k / 100, rtt), t, w_est = epoch;
	int compared = 0;

	flow_ack(&f, 1); /* the epoch begins */
	for (t = dt; t < 2 * k; t += dt) {
		double before = f.conn.cong.cwnd, w, target;

		w_est += (w_est < w_max ? ALPHA : 1) * mss;
		w = w_cubic(t, k, w_max, mss);
		target = w_cubic(t + rtt, k, w_max, mss);
		window_after(dt);
		if (w < w_est * 1.001)
			continue; /* the Reno-friendly region, or too near to it */
		near(f.conn.cong.cwnd, fmin(fmin(target, before * 1.5), FLOW_MOST), 0.01, "W");
		compared++;
	}
	return compared;
}

Test(cubic, follows_the_curve)
{
	int compared = 0;

	for (int m = 0; m < MSSES; m++) {
		for (int r = 0; r < RTTS; r++) {
			for (double w = 2.0 * every_mss[m]; w <= FLOW_MOST; w *= 3) {
				begin(every_mss[m], (uint32_t)w, every_rtt[r]);
				flow_congested(&f, TERN_CONGESTED_LOSS);
				compared += follow_curve(every_mss[m], floor(w));
			}
			begin(every_mss[m], FLOW_MOST, every_rtt[r]);
			flow_congested(&f, TERN_CONGESTED_LOSS);
			compared += follow_curve(every_mss[m], FLOW_MOST);
		}
	}
	cr_assert_gt(compared, 10000, "%d", compared);
}

/* RFC 9438 §4.6: ssthresh is 0.7 of the flight, two segments at least; the same for a mark. */
Test(cubic, reduces_by_beta)
{
	static const uint32_t flight[] = { 0, 1460, 2920, 4380, 14600, 1000000, FLOW_MOST };

	for (size_t i = 0; i < sizeof(flight) / sizeof(flight[0]); i++) {
		for (int why = TERN_CONGESTED_LOSS; why <= TERN_CONGESTED_ECN; why++) {
			begin(1460, 1 << 20, 10000);
			cr_assert_eq(f.by->congested(&f.conn, (enum tern_congested)why, flight[i]),
				     (uint32_t)fmax(floor(BETA * flight[i] + 1e-6), 2920));
		}
	}
}

/*
 * RFC 9438 §4.3: where W_cubic is less, cwnd grows like Reno's with the same average: alpha_cubic
 * segments a round trip up to cwnd_prior, and a whole one from there on.
 */
Test(cubic, keeps_up_with_reno)
{
	static const uint32_t segments[] = { 2, 5, 20, 100, 1000 };

	for (int m = 0; m < MSSES; m++) {
		for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
			uint32_t mss = every_mss[m], prior = segments[i] * mss;
			double w;

			begin((uint16_t)mss, prior, 10);
			flow_congested(&f, TERN_CONGESTED_LOSS);
			w = f.conn.cong.cwnd;
			for (uint32_t round = 0; round < 2 * segments[i]; round++) {
				flow_round(&f, UINT32_MAX);
				w += (w < prior ? ALPHA : 1) * mss;
				near(f.conn.cong.cwnd, w, 0.01, "W_est");
			}
			cr_assert_gt(f.conn.cong.cwnd, prior);
		}
	}
}

/*
 * RFC 9438 §4.2: the plateau is reached after K: at K / 2 there is 1/8 left of the way, at K
 * nothing.
 */
Test(cubic, plateau_is_after_k)
{
	static const uint32_t segments[] = { 1000, 10000, 100000 };

	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		double prior = segments[i] * 1460.0, k = cbrt(0.3 * segments[i] / C);
		int step = 0;

		begin(1460, (uint32_t)prior, 1);
		flow_congested(&f, TERN_CONGESTED_LOSS);
		flow_ack(&f, 1);
		while (++step <= 50)
			window_after(k / 100);
		near(prior - f.conn.cong.cwnd, 0.3 * prior / 8, 0.01, "half way");
		while (++step <= 100)
			window_after(k / 100);
		near(f.conn.cong.cwnd, prior, 0.0001, "plateau");
	}
}

/* RFC 9438 §4.7: a reduction below the last W_max makes W_max 0.85 of cwnd. */
Test(cubic, converges_fast)
{
	double w_max = 10000 * 1460;

	begin(1460, (uint32_t)w_max, 50000);
	flow_congested(&f, TERN_CONGESTED_LOSS);
	flow_ack(&f, 1);
	f.conn.cong.cwnd = 9000 * 1460;
	flow_congested(&f, TERN_CONGESTED_LOSS);
	near(f.conn.cong.cwnd, 6300 * 1460, 0.0001, "cwnd");
	cr_assert_gt(follow_curve(1460, 0.85 * 9000 * 1460), 100);
	/* and one at or above it does not */
	f.conn.cong.cwnd = 9000 * 1460;
	flow_congested(&f, TERN_CONGESTED_LOSS);
	cr_assert_gt(follow_curve(1460, 9000 * 1460), 100);
}

/* RFC 9438 §4.2, §5.8: t stands still while cwnd is not what holds back. */
Test(cubic, does_not_count_time_when_not_limited)
{
	static struct flow steady;

	for (int silent = 0; silent < 2; silent++) {
		begin(1460, 1000 * 1460, 50000);
		flow_congested(&f, TERN_CONGESTED_LOSS);
		for (int i = 0; i < 40; i++)
			flow_round(&f, 2920);
		steady = f;
		for (int i = 0; i < 100; i++) {
			struct tern_acked ack = { .bytes = 1460, .now_us = f.now_us += 600000 };

			if (!silent)
				flow_take(&f, &ack);
		}
		cr_assert_eq(f.conn.cong.cwnd, steady.conn.cong.cwnd);
		for (int i = 0; i < 100; i++) {
			flow_round(&f, 2920);
			near(f.conn.cong.cwnd, steady.conn.cong.cwnd, 0.01, "after it");
			flow_round(&steady, 2920);
		}
		cr_assert_gt(f.conn.cong.cwnd, 900 * 1460);
	}
}

/* RFC 9438 §4.2: t does not begin again when the clock has gone round, at 71 minutes, either. */
Test(cubic, survives_a_wrapping_clock)
{
	begin(1460, 1000 * 1460, 50000);
	flow_congested(&f, TERN_CONGESTED_LOSS);
	flow_ack(&f, 1);
	for (int s = 0; s < 10000; s++) {
		uint32_t cwnd = f.conn.cong.cwnd;

		window_after(1);
		cr_assert(f.conn.cong.cwnd > cwnd || cwnd == FLOW_MOST || s < 10);
		cr_assert_geq(f.conn.cong.cwnd, cwnd);
	}
	cr_assert_eq(f.conn.cong.cwnd, FLOW_MOST);
}

/* RFC 9438 §4.8: ssthresh is 0.7 of the flight; K is 0 and W_max is cwnd when avoidance begins. */
Test(cubic, after_a_timeout_the_curve_is_convex)
{
	double t;

	begin(1460, 1000 * 1460, 1000);
	f.conn.rtt.srtt_8 = 8;
	flow_congested(&f, TERN_CONGESTED_TIMEOUT);
	cr_assert_eq(f.conn.cong.ssthresh, 700 * 1460);
	for (uint32_t n = 1; n < 700; n++) {
		cr_assert_eq(f.conn.cong.cwnd, n * 1460);
		flow_ack(&f, 4 * 1460); /* RFC 3465 §2.3 */
	}
	flow_ack(&f, 1);
	for (t = 0.1; t < 30; t += 0.1) {
		window_after(0.1);
		if (t > 20)
			near(f.conn.cong.cwnd, w_cubic(t, 0, 700 * 1460, 1460), 0.01, "W");
	}
}

/* RFC 9438 §4.10: nor is there a W_max when slow start ended without a loss. */
Test(cubic, without_a_loss_the_curve_is_convex)
{
	double t, w_max;

	flow_begin(&f, &tern_cubic, 1460, 10 * 1460, FLOW_NO_SSTHRESH);
	for (int round = 0; f.conn.cong.ssthresh == FLOW_NO_SSTHRESH; round++) {
		cr_assert_lt(round, 10);
		flow_rtt(&f, round < 3 ? 20000 : 30000);
		flow_round(&f, 1460);
	}
	f.conn.rtt.srtt_8 = 8;
	w_max = f.conn.cong.cwnd;
	flow_ack(&f, 1);
	for (t = 0.1; t < 30; t += 0.1) {
		window_after(0.1);
		if (t > 20)
			near(f.conn.cong.cwnd, w_cubic(t, 0, w_max, 1460), 0.01, "W");
	}
}

/* RFC 9438 §4.2: however far the curve is ahead, a window's ACKs let cwnd grow by half at most. */
Test(cubic, grows_by_half_at_most)
{
	begin(1460, 10 * 1460, 50000);
	flow_congested(&f, TERN_CONGESTED_LOSS);
	flow_ack(&f, 1);
	for (int i = 0; i < 40; i++) {
		uint32_t cwnd = f.conn.cong.cwnd;

		window_after(100);
		cr_assert_leq(f.conn.cong.cwnd, cwnd + cwnd / 2);
		cr_assert(i == 0 || f.conn.cong.cwnd >= cwnd + cwnd / 2 - 1 ||
			  f.conn.cong.cwnd == FLOW_MOST);
	}
}

static void
run(struct flow *flow, int rounds)
{
	while (rounds-- > 0)
		flow_round(flow, 2920);
}

/*
 * RFC 9438 §4.9: what a spurious reduction changed is as before: the flow goes on as its twin does.
 */
Test(cubic, undo_is_complete)
{
	static struct flow twin;

	for (int why = TERN_CONGESTED_LOSS; why <= TERN_CONGESTED_ECN; why++) {
		for (int twice = 0; twice < 2; twice++) {
			begin(1460, 500 * 1460, 20000);
			flow_congested(&f, TERN_CONGESTED_LOSS);
			run(&f, 50);
			if (twice) { /* with a W_max and a cwnd_prior that differ */
				flow_congested(&f, TERN_CONGESTED_LOSS);
				run(&f, 50);
			}
			twin = f;
			flow_congested(&f, (enum tern_congested)why);
			flow_undo(&f);
			for (int i = 0; i < 200; i++) {
				run(&f, 1);
				run(&twin, 1);
				near(f.conn.cong.cwnd, twin.conn.cong.cwnd, 0.005, "undone");
			}
		}
	}
}

/* RFC 9438 §4.9, RFC 4015 §3.3: a spurious reduction in the initial slow start does not end it. */
Test(cubic, undo_returns_to_slow_start)
{
	flow_begin(&f, &tern_cubic, 1460, 10 * 1460, FLOW_NO_SSTHRESH);
	run(&f, 2);
	flow_congested(&f, TERN_CONGESTED_TIMEOUT);
	flow_ack(&f, 1460);
	flow_undo(&f);
	cr_assert_eq(f.conn.cong.cwnd, 40 * 1460);
	run(&f, 3);
	cr_assert_eq(f.conn.cong.cwnd, 320 * 1460);
	/* by HyStart++, which has begun again */
	for (int round = 0; f.conn.cong.ssthresh == FLOW_NO_SSTHRESH; round++) {
		cr_assert_lt(round, 7);
		flow_rtt(&f, 30000);
		flow_round(&f, 2920);
	}
}

/* Detected late, in the next epoch, it leads to a new one at the window that was restored. */
Test(cubic, late_undo_begins_an_epoch)
{
	begin(1460, 500 * 1460, 20000);
	flow_congested(&f, TERN_CONGESTED_LOSS);
	run(&f, 10);
	flow_undo(&f);
	cr_assert_eq(f.conn.cong.cwnd, 500 * 1460);
	run(&f, 10);
	cr_assert_geq(f.conn.cong.cwnd, 500 * 1460);
	cr_assert_leq(f.conn.cong.cwnd, 511 * 1460);
}

/* RFC 5681 §4.1: after a silence slow start up to ssthresh, and a new epoch from there. */
Test(cubic, restart_begins_an_epoch)
{
	begin(1460, 500 * 1460, 20000);
	flow_congested(&f, TERN_CONGESTED_LOSS);
	run(&f, 100);
	f.conn.cong.cwnd = 10 * 1460;
	f.now_us += 5000000;
	f.by->restart(&f.conn, 5000000);
	flow_ack(&f, 4 * 1460);
	cr_assert_eq(f.conn.cong.cwnd, 14 * 1460);
	while (f.conn.cong.cwnd < f.conn.cong.ssthresh)
		flow_ack(&f, 2920);
	cr_assert_eq(f.conn.cong.cwnd, 350 * 1460);
	cr_assert_gt(follow_curve(1460, 500 * 1460), 50);
}

/*
 * The RFC in floating point, with all that can happen in any order: the table must not leave it.
 */
static struct model {
	double cwnd, ssthresh, w_max, prior, k, t, w_est, mss, last;
	bool epoch, timeout;
} m;

static void
model_avoid(double bytes, bool limited, double now, double rtt)
{
	double alpha, w, target, reno, cubic, is = f.conn.cong.cwnd;

	if (!m.epoch) {
		if (m.w_max < m.cwnd)
			m.w_max = m.cwnd;
		m.k = k_of(m.w_max, m.cwnd, m.mss);
		m.t = 0;
		m.w_est = m.cwnd;
		m.epoch = true;
	} else if (limited) {
		m.t += now - m.last;
	}
	m.timeout = false;
	if (!limited)
		return;
	bytes = fmin(bytes, m.cwnd);
	alpha = m.w_est < m.prior ? ALPHA : 1;
	m.w_est += alpha * m.mss * bytes / m.cwnd;
	w = w_cubic(m.t, m.k, m.w_max, m.mss);
	reno = fmax(m.cwnd, m.w_est);
	target = w_cubic(m.t + rtt, m.k, m.w_max, m.mss);
	target = fmin(fmax(target, m.cwnd), 1.5 * m.cwnd);
	cubic = m.cwnd + (target - m.cwnd) * bytes / m.cwnd;
	m.cwnd = w < m.w_est ? reno : cubic;
	/* On the edge between the regions, either will do. */
	if (fabs(w - m.w_est) < 0.005 * w + 2)
		m.cwnd = fabs(reno - is) < fabs(cubic - is) ? reno : cubic;
}

static void
model_ack(double bytes, bool limited, double now, double rtt)
{
	if (limited && m.cwnd < m.ssthresh)
		m.cwnd = fmin(m.ssthresh, m.cwnd + fmin(bytes, (m.timeout ? 1 : 8) * m.mss));
	else if (m.cwnd >= m.ssthresh)
		model_avoid(bytes, limited, now, rtt);
	m.last = now;
	m.cwnd = fmin(m.cwnd, FLOW_MOST);
	m.w_est = fmin(m.w_est, FLOW_MOST);
}

static void
model_congested(enum tern_congested why)
{
	m.w_max = m.cwnd < m.w_max ? m.cwnd * (1 + BETA) / 2 : m.cwnd;
	if (why == TERN_CONGESTED_TIMEOUT)
		m.w_max = 0;
	m.prior = m.cwnd;
	m.ssthresh = fmax(BETA * m.cwnd, 2 * m.mss);
	m.cwnd = why == TERN_CONGESTED_TIMEOUT ? m.mss : m.ssthresh;
	m.timeout = why == TERN_CONGESTED_TIMEOUT;
	m.epoch = false;
}

static uint32_t
draw(uint32_t below)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

/* Return: for how many ACKs they agreed. */
static int
compare_with_model(uint16_t mss, uint32_t cwnd, uint32_t rtt_us)
{
	double now = 0;
	int acks = 0;

	begin(mss, cwnd, rtt_us);
	m = (struct model){ .cwnd = cwnd, .ssthresh = cwnd, .mss = mss };
	for (; acks < 2000; acks++) {
		uint32_t luck = draw(1000), gap_us = draw(rtt_us), flight = f.conn.cong.cwnd;
		uint32_t bytes = luck % 2 ? flight : RTE_MIN(flight, (luck % 8 + 1) * mss);
		struct tern_acked ack = { .bytes = bytes, .limited = luck >= 100 };

		if (luck < 4) {
			enum tern_congested why =
				luck < 2 ? TERN_CONGESTED_LOSS : (enum tern_congested)(luck - 1);

			flow_congested(&f, why);
			model_congested(why);
			continue;
		}
		now += gap_us / 1e6;
		ack.now_us = f.now_us += gap_us;
		flow_take(&f, &ack);
		model_ack(bytes, ack.limited, now, rtt_us / 1e6);
		near(f.conn.cong.cwnd, m.cwnd, 0.01, "model");
	}
	return acks;
}

Test(cubic, agrees_with_the_formulas_whatever_happens)
{
	int acks = 0;

	for (int i = 0; i < MSSES; i++)
		for (int r = 0; r < RTTS; r++)
			for (double w = 2.0 * every_mss[i]; w <= FLOW_MOST; w *= 4)
				acks += compare_with_model(every_mss[i], (uint32_t)w, every_rtt[r]);
	cr_assert_gt(acks, 100000);
}
