/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the congestion window does, held against what the RFCs say that it does: in traces of bulk
 * flows, sampled at each change, and in what several flows get of one bottleneck.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "flows.h"

#define MBIT UINT64_C(1000000)
#define GBIT UINT64_C(1000000000)

enum { SAMPLES = 200000, IW = 10 };

static struct sample samples[SAMPLES];
static struct watch watch;
static struct flows flows;

/* A flow whose samples are taken, every so often and at each change. */
static void
open_watched(const struct flows_how *how, uint64_t every_ns)
{
	flows_open(&flows, how);
	watch = (struct watch){ .conn = &flows.flow[0].conn,
				.side = A,
				.every_ns = every_ns,
				.sample = samples,
				.most = SAMPLES };
	flows.w->watch = &watch;
}

static double
segments(uint32_t bytes)
{
	return (double)bytes / FLOWS_MSS;
}

/* The last sample up to then; NULL: none. */
static const struct sample *
sample_at(uint64_t at)
{
	const struct sample *found = NULL;

	for (uint32_t i = 0; i < watch.n && samples[i].at <= at; i++)
		found = &samples[i];
	return found;
}

/* The first sample in this phase, from sample number i on; watch.n: none. */
static uint32_t
first_in(enum congestion_phase phase, uint32_t i)
{
	while (i < watch.n && samples[i].phase != phase)
		i++;
	return i;
}

static uint32_t
first_not_in(enum congestion_phase phase, uint32_t i)
{
	while (i < watch.n && samples[i].phase == phase)
		i++;
	return i;
}

static uint64_t
events(enum tern_event event)
{
	return world_count(flows.w, A, event);
}

/* Slow start --------------------------------------------------------------------------------- */

/*
 * RFC 5681 §3.1 (2) with RFC 3465 (2 MSS an ACK, so that delayed ACKs do not slow it down): twice
 * as much each round trip, from the initial window of RFC 6928 on.
 */
Test(cwnd, slow_start_doubles_each_round_trip)
{
	static const uint8_t kinds[] = { TERN_NEWRENO, TERN_CUBIC };

	for (unsigned int k = 0; k < 2; k++) {
		const struct flows_how how = {
			.seed = 1, .rate_bps = 10 * GBIT, .rtt_ns = MS(50), .congestion = kinds[k]
		};
		uint64_t opened;

		open_watched(&how, 0);
		flows_pass(&flows, MS(50) * 8);
		opened = flows.flow[0].opened_at;
		for (unsigned int round = 0; round < 7; round++) {
			const struct sample *s = sample_at(opened + MS(50) * round + MS(40));
			double ideal = IW * (1u << round);

			cr_assert_not_null(s);
			cr_assert_float_eq(segments(s->cwnd), ideal, ideal * 0.05,
					   "kind %u: %.1f segments after %u round trips, not %.0f",
					   kinds[k], segments(s->cwnd), round, ideal);
		}
		flows_close(&flows);
	}
}

/*
 * RFC 9406: with a queue that would hold ten times what the path does, round trips become longer
 * long before anything is lost, and slow start ends there: after five rounds at a quarter of the
 * pace, each of which makes 5/4 of cwnd. Without it slow start only ends when the queue is full.
 */
Test(cwnd, hystart_leaves_slow_start_before_loss)
{
	struct flows_how how = { .seed = 1,
				 .rate_bps = 100 * MBIT,
				 .rtt_ns = MS(40),
				 .queue_bytes = 5000000,
				 .congestion = TERN_CUBIC };
	double bdp = (double)flows_bdp(how.rate_bps, how.rtt_ns), most = 4 * bdp * pow(1.25, 5);
	uint32_t out;

	open_watched(&how, 0);
	flows_pass(&flows, S(2));
	out = first_not_in(PHASE_SLOW_START, 0);
	cr_assert_lt(out, watch.n, "still in slow start");
	cr_assert_eq(samples[out].phase, PHASE_AVOIDANCE);
	cr_assert_eq(flows.w->pipe.end[B].dropped, 0);
	cr_assert_eq(events(TERN_EV_TCP_RETRANSMITTED), 0);
	cr_assert(samples[out].cwnd >= bdp && samples[out].cwnd <= most,
		  "it left with %.1f segments, the path holds %.1f", segments(samples[out].cwnd),
		  bdp / FLOWS_MSS);
	flows_close(&flows);
	how.congestion = TERN_NEWRENO;
	open_watched(&how, 0);
	flows_pass(&flows, S(2));
	cr_assert_gt(flows.w->pipe.end[B].dropped, 1000);
	cr_assert_eq(samples[first_not_in(PHASE_SLOW_START, 0)].phase, PHASE_RECOVERY);
	flows_close(&flows);
}

/* Losses ------------------------------------------------------------------------------------- */

/* Frame number `lose_at` with data is lost, and none else. */
static uint64_t lose_at, seen;

static bool
loses_one(struct world *w, const struct line *line)
{
	(void)w;
	return line->from == A && line->len > 0 && ++seen == lose_at;
}

/* RFC 5681 (4): half of what was in flight; RFC 9438 §4.6: 0.7 of it. No timer has to expire. */
Test(cwnd, one_loss_costs_what_beta_says)
{
	static const struct {
		uint8_t congestion;
		double beta;
	} cases[] = { { TERN_NEWRENO, 0.5 }, { TERN_CUBIC, 0.7 } };

	for (unsigned int k = 0; k < 2; k++) {
		const struct flows_how how = { .seed = 1,
					       .rate_bps = GBIT,
					       .rtt_ns = MS(20),
					       .congestion = cases[k].congestion,
					       .loses = loses_one };
		uint32_t in, out;
		double before, after;

		seen = 0;
		lose_at = 2000;
		open_watched(&how, 0);
		flows_pass(&flows, S(1));
		in = first_in(PHASE_RECOVERY, 0);
		cr_assert(in > 0 && in < watch.n, "kind %u: no recovery", cases[k].congestion);
		out = first_not_in(PHASE_RECOVERY, in);
		cr_assert_lt(out, watch.n);
		before = segments(samples[in - 1].cwnd);
		after = segments(samples[out].cwnd);
		cr_assert_float_eq(segments(samples[in].ssthresh), before * cases[k].beta,
				   0.03 * before, "kind %u: ssthresh %.1f of cwnd %.1f",
				   cases[k].congestion, segments(samples[in].ssthresh), before);
		cr_assert_float_eq(after, before * cases[k].beta, 0.03 * before + 1,
				   "kind %u: cwnd %.1f after recovery, %.1f before",
				   cases[k].congestion, after, before);
		/* A round trip for the repetition, and what is in the queue. */
		cr_assert_leq(samples[out].at - samples[in].at, MS(30));
		cr_assert_eq(events(TERN_EV_TCP_RTO), 0);
		cr_assert_eq(events(TERN_EV_TCP_RETRANSMITTED), 1);
		flows_close(&flows);
	}
}

/*
 * Nothing reorders here and ACKs are not lost, so there is no doubt about what was: each loss is
 * repaired by one retransmission, which may be lost and repaired in its turn, and by no timer
 * (RFC 6675, RFC 8985). By chance, in bursts, and where slow start runs over a full queue, which
 * drops every other packet of a whole round trip.
 */
Test(cwnd, what_is_lost_is_sent_again_and_nothing_else)
{
	static const struct {
		uint64_t rate_bps, rtt_ns;
		struct tern_faults_odds odds;
	} cases[] = {
		{ GBIT, MS(20), { .loss_ppm = 10000 } },
		{ 10 * MBIT, MS(20), { .loss_ppm = 1000 } },
		{ GBIT, MS(20), { .bad_ppm = 1000, .good_ppm = 300000, .bad_loss_ppm = 500000 } },
		{ 100 * MBIT, MS(100), { 0 } },
		{ GBIT, MS(20), { 0 } },
	};

	for (unsigned int i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const struct flows_how how = {
			.seed = 1,
			.rate_bps = cases[i / 2].rate_bps,
			.rtt_ns = cases[i / 2].rtt_ns,
			.queue_bytes =
				(uint32_t)flows_bdp(cases[i / 2].rate_bps, cases[i / 2].rtt_ns),
			.odds = cases[i / 2].odds,
			.congestion = i % 2 == 0 ? TERN_NEWRENO : TERN_CUBIC,
		};
		uint64_t lost, repeated;

		flows_open(&flows, &how);
		flows_pass(&flows, S(3));
		/* Nothing more is lost; what was has a second to be repaired. */
		flows.w->faults.tx.odds = (struct tern_faults_odds){ 0 };
		flows.w->pipe.link[A].queue_bytes = 0;
		flows_pass(&flows, S(1));
		lost = flows.w->faults.tx.counts.lost + flows.w->pipe.end[B].dropped;
		repeated = events(TERN_EV_TCP_RETRANSMITTED);
		cr_assert_geq(lost, 5, "case %u: only %" PRIu64 " losses", i, lost);
		cr_assert_eq(events(TERN_EV_TCP_RTO), 0, "case %u: %" PRIu64 " timeouts", i,
			     events(TERN_EV_TCP_RTO));
		cr_assert_eq(repeated, lost, "case %u: %" PRIu64 " retransmissions of %" PRIu64, i,
			     repeated, lost);
		flows_close(&flows);
	}
}

/* RFC 5681 §3.1: after a timeout cwnd is the loss window, one segment; then slow start. */
Test(cwnd, timeout_leaves_one_segment)
{
	static const struct {
		uint8_t congestion;
		double beta;
	} cases[] = { { TERN_NEWRENO, 0.5 }, { TERN_CUBIC, 0.7 } };

	for (unsigned int k = 0; k < 2; k++) {
		const struct flows_how how = { .seed = 1,
					       .rate_bps = 100 * MBIT,
					       .rtt_ns = MS(20),
					       .queue_bytes = 250000,
					       .congestion = cases[k].congestion };
		uint64_t dark;
		uint32_t lowest = UINT32_MAX, flight, i;

		open_watched(&how, MS(1));
		flows_pass(&flows, S(5));
		dark = flows.w->now;
		flight = flows.flow[0].conn->snd.max - flows.flow[0].conn->snd.una;
		flows.w->faults.tx.odds.dark_from_ns = dark;
		flows.w->faults.tx.odds.dark_until_ns = dark + MS(900);
		flows_pass(&flows, S(3));
		cr_assert_geq(events(TERN_EV_TCP_RTO), 1);
		for (i = 0; i < watch.n; i++) {
			if (samples[i].at < dark - flows.w->zero + MS(100))
				continue;
			lowest = RTE_MIN(lowest, samples[i].cwnd);
			if (samples[i].at < dark - flows.w->zero + MS(900))
				continue;
			/* Back again: below ssthresh it is slow start that brings it there. */
			cr_assert_float_eq(
				samples[i].ssthresh, cases[k].beta * flight, 0.25 * flight,
				"kind %u: ssthresh %.1f of %.1f in flight", cases[k].congestion,
				segments(samples[i].ssthresh), segments(flight));
			break;
		}
		cr_assert_eq(lowest, FLOWS_MSS, "kind %u: cwnd fell to %u bytes",
			     cases[k].congestion, lowest);
		cr_assert_gt(flows.flow[0].conn->cong.cwnd,
			     flows_bdp(how.rate_bps, how.rtt_ns) / 2);
		flows_close(&flows);
	}
}

/* CUBIC -------------------------------------------------------------------------------------- */

/* RFC 9438 §4.2: C (t - K)^3 + W_max, segments and seconds. */
static double
w_cubic(double t, double w_max, double epoch_cwnd)
{
	double k = cbrt((w_max - epoch_cwnd) / 0.4);

	return 0.4 * (t - k) * (t - k) * (t - k) + w_max;
}

/*
 * One loss in a window of a thousand segments, on a path that holds more: the epoch after it, up
 * to W_max and well beyond, follows the curve. 100 ms and windows of that size are far from the
 * Reno-friendly region.
 */
Test(cwnd, cubic_follows_its_curve)
{
	const struct flows_how how = { .seed = 1,
				       .rate_bps = GBIT,
				       .rtt_ns = MS(100),
				       .congestion = TERN_CUBIC,
				       .loses = loses_one };
	uint32_t in, begin, i;
	double w_max, least, k, t = 0;

	seen = 0;
	lose_at = 2200;
	open_watched(&how, MS(20));
	flows_pass(&flows, S(20));
	in = first_in(PHASE_RECOVERY, 0);
	cr_assert(in > 0 && in < watch.n);
	begin = first_not_in(PHASE_RECOVERY, in);
	cr_assert_lt(begin, watch.n);
	w_max = segments(samples[in - 1].cwnd);
	least = segments(samples[begin].cwnd);
	k = cbrt((w_max - least) / 0.4);
	cr_assert_gt(w_max, 500);
	for (i = begin; i < watch.n && t < 1.7 * k; i++) {
		double is = segments(samples[i].cwnd), should;

		cr_assert_eq(samples[i].phase, PHASE_AVOIDANCE);
		t = (double)(samples[i].at - samples[begin].at) / 1e9;
		should = w_cubic(t, w_max, least);
		cr_assert_float_eq(is, should, 0.1 * should,
				   "after %.3f s: %.1f segments, W_cubic %.1f (W_max %.1f, K %.3f)",
				   t, is, should, w_max, k);
	}
	cr_assert_geq(t, 1.7 * k, "the trace is too short");
	cr_assert_gt(segments(samples[i - 1].cwnd), w_max);
	flows_close(&flows);
}

/* DCTCP -------------------------------------------------------------------------------------- */

/*
 * RFC 8257: the queue stays about where marking begins, the link stays full, nothing is dropped
 * though the queue could hold much more; an ordinary sender fills it all.
 */
Test(cwnd, dctcp_keeps_the_queue_at_the_threshold)
{
	enum { MARK = 30000, QUEUE = 600000 };
	const struct flows_how how = { .seed = 1,
				       .rate_bps = GBIT,
				       .rtt_ns = US(400),
				       .queue_bytes = QUEUE,
				       .mark_bytes = MARK,
				       .congestion = TERN_DCTCP,
				       .n = 2 };
	uint32_t most = 0, got[2];
	double mbit;

	open_watched(&how, US(50));
	flows_pass(&flows, MS(300));
	watch.n = 0;
	got[0] = (uint32_t)flows.flow[0].got;
	got[1] = (uint32_t)flows.flow[1].got;
	flows_pass(&flows, MS(500));
	for (uint32_t i = 0; i < watch.n; i++)
		most = RTE_MAX(most, samples[i].queue);
	mbit = ((uint32_t)flows.flow[0].got - got[0] + ((uint32_t)flows.flow[1].got - got[1])) * 8 /
	       0.5 / 1e6;
	cr_assert_gt(flows.w->pipe.end[B].marked, 0);
	cr_assert_eq(flows.w->pipe.end[B].dropped, 0);
	cr_assert_leq(most, 4 * MARK, "a queue of %u bytes", most);
	cr_assert_geq(mbit, 0.95 * 1000 * FLOWS_MSS / FLOWS_WIRE_BYTES, "%.1f Mbit/s", mbit);
	flows_close(&flows);
}

/* Fairness ----------------------------------------------------------------------------------- */

/* Jain, Chiu, Hawe 1984: 1 when all get the same, 1/n when one gets everything. */
static double
jain(const double *x, unsigned int n)
{
	double sum = 0, squares = 0;

	for (unsigned int i = 0; i < n; i++) {
		sum += x[i];
		squares += x[i] * x[i];
	}
	return sum * sum / (n * squares);
}

/* Flows that begin one after the other, half a second apart; what they get once all are there. */
static void
share(uint8_t congestion, unsigned int n)
{
	const struct flows_how how = { .seed = 1,
				       .rate_bps = 100 * MBIT,
				       .rtt_ns = MS(20),
				       .queue_bytes = 250000,
				       .congestion = congestion,
				       .n = n,
				       .apart_ns = MS(500) };
	double got[FLOWS_MOST], all = 0, index;

	flows_open(&flows, &how);
	flows_pass(&flows, S(50));
	for (unsigned int i = 0; i < n; i++)
		got[i] = -(double)flows.flow[i].got;
	flows_pass(&flows, S(60));
	for (unsigned int i = 0; i < n; i++) {
		got[i] += (double)flows.flow[i].got;
		all += got[i] * 8 / 60 / 1e6;
	}
	index = jain(got, n);
	cr_log_info("kind %u, %u flows: Jain's index %.3f, %.1f Mbit/s in all", congestion, n,
		    index, all);
	cr_assert_gt(index, 0.9, "kind %u, %u flows: Jain's index %.3f", congestion, n, index);
	cr_assert_gt(all, 0.9 * 100 * FLOWS_MSS / FLOWS_WIRE_BYTES,
		     "kind %u, %u flows: %.1f Mbit/s in all", congestion, n, all);
	flows_close(&flows);
}

Test(cwnd, flows_share_fairly)
{
	for (unsigned int n = 2; n <= FLOWS_MOST; n *= 4) {
		share(TERN_NEWRENO, n);
		share(TERN_CUBIC, n);
	}
}
