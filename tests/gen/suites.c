/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/model.h"
#include "gen/suites/spread.h"

static void
is_near(double value, double wanted, double share)
{
	cr_assert(fabs(value - wanted) <= share * wanted, "%f, wanted %f", value, wanted);
}

/* A rate that is searched for lies below the capacity, by no more than the precision. */
static void
is_just_below(double value, double capacity, double precision)
{
	cr_assert(value <= capacity * 1.000001 && value >= capacity * (1 - precision) - 1,
		  "%f, wanted %f less %f", value, capacity, precision);
}

/* search ------------------------------------------------------------------------------------ */

static struct model *
searching(enum metric metric, enum mode mode)
{
	struct model *m = model_new();

	m->plan.suite = SUITE_SEARCH;
	m->plan.mode = mode;
	m->plan.metric = metric;
	m->plan.least = 1000;
	m->plan.most = 2e6;
	m->plan.trial_least_ns = TERN_S;
	m->plan.trial_most_ns = 10 * TERN_S;
	m->plan.precision = 0.01;
	m->capacity = 300e3;
	return m;
}

Test(search, finds_the_capacity)
{
	struct model *m = searching(METRIC_CPS, MODE_CRR);

	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_rows(m, "search"), 1);
	is_just_below(model_number(m, "search", 0, "relevant_lower_bound"), 300e3, 0.01);
	cr_assert_gt(model_number(m, "search", 0, "relevant_upper_bound"), 300e3);
	is_just_below(model_number(m, "search", 0, "conditional_throughput"), 300e3, 0.01);
	cr_assert_str_eq(model_text(m, "search", 0, "result"), "regular");
	cr_assert_str_eq(model_text(m, "search", 0, "metric"), "cps");
	cr_assert_eq(model_number(m, "search", 0, "trials"), m->trials_n);
	cr_assert_eq(model_rows(m, "trials"), m->trials_n);
	cr_assert_float_eq(model_number(m, "search", 0, "trials_ns"), m->ran_ns, 1);
	for (unsigned int i = 0; i < m->trials_n; i++)
		cr_assert(m->trials[i].open_loop && m->trials[i].duration_ns >= TERN_S);
	model_free(m);
}

/* Two goals, one search; each trial in ten is disturbed, and that does not decide. */
Test(search, several_goals_with_noise)
{
	struct model *m = searching(METRIC_RPS, MODE_RR);

	m->noise = 0.1;
	m->noise_loss = 0.05;
	m->plan.goals_n = 2;
	m->plan.goals[1] = 0.005;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_rows(m, "search"), 2);
	is_just_below(model_number(m, "search", 0, "relevant_lower_bound"), 300e3, 0.02);
	is_just_below(model_number(m, "search", 1, "relevant_lower_bound"), 300e3 / 0.995, 0.02);
	cr_assert_str_eq(model_text(m, "search", 0, "goal"), "loss 0%");
	cr_assert_str_eq(model_text(m, "search", 1, "goal"), "loss 0.5%");
	model_free(m);
}

/* With an SLO the goal is that it holds, however little is lost. */
Test(search, slo_is_the_goal)
{
	struct model *m = searching(METRIC_CPS, MODE_CRR);

	m->loss = 0.001;
	m->plan.slos_n = 1;
	m->plan.slos[0].limit = 100e3; /* the model's: up to this load it holds */
	cr_assert_eq(model_suite(m), 0);
	is_just_below(model_number(m, "search", 0, "relevant_lower_bound"), 100e3, 0.01);
	cr_assert_str_eq(model_text(m, "search", 0, "goal"), "SLO");
	model_free(m);
}

/* What the generator cannot offer is not what the peer can do: status 4. */
Test(search, generator_is_the_limit)
{
	struct model *m = searching(METRIC_CPS, MODE_CRR);

	m->speed = 120e3;
	cr_assert_eq(model_suite(m), 4);
	cr_assert_str_eq(model_text(m, "search", 0, "result"), "generator-limited");
	is_near(model_number(m, "search", 0, "relevant_lower_bound"), 120e3, 0.03);
	model_free(m);
}

Test(search, nothing_meets_the_goal)
{
	struct model *m = searching(METRIC_CPS, MODE_CRR);

	m->capacity = 10;
	cr_assert_eq(model_suite(m), 3);
	cr_assert_eq(model_number(m, "search", 0, "relevant_lower_bound"), 0);
	cr_assert_str_eq(model_text(m, "search", 0, "result"), "irregular: the least is too much");
	model_free(m);
}

Test(search, the_most_is_not_too_much)
{
	struct model *m = searching(METRIC_CPS, MODE_CRR);

	m->capacity = 1e9;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "search", 0, "relevant_lower_bound"), 2e6);
	cr_assert_eq(model_number(m, "search", 0, "relevant_upper_bound"), 0);
	cr_assert_str_eq(model_text(m, "search", 0, "result"),
			 "irregular: the most is not too much");
	model_free(m);
}

/* Bits are those of frames with FCS; what a trial is given is frames a second. */
Test(search, bits_a_second)
{
	struct model *m = searching(METRIC_BPS, MODE_FLOOD);

	m->plan.imix.n = 2;
	m->plan.imix.size[0].bytes = 64;
	m->plan.imix.size[0].times = 3;
	m->plan.imix.size[1].bytes = 1518;
	m->plan.imix.size[1].times = 1;
	m->plan.most = 10e9;
	cr_assert_eq(model_suite(m), 0);
	is_just_below(model_number(m, "search", 0, "relevant_lower_bound"),
		      300e3 * 8 * (3 * 64 + 1518) / 4, 0.01);
	model_free(m);
}

/* Who answers no flood loses none of it: what counts then is what the port takes. */
Test(search, flood_that_is_not_answered)
{
	struct model *m = searching(METRIC_PPS, MODE_FLOOD);

	cr_assert_eq(model_suite(m), 0);
	is_just_below(model_number(m, "search", 0, "relevant_lower_bound"), 300e3, 0.01);
	cr_assert_not(model_notes(m, "nothing came back"));
	m->rows_n = 0;
	m->mute = true;
	m->speed = 500e3;
	cr_assert_eq(model_suite(m), 4);
	is_near(model_number(m, "search", 0, "relevant_lower_bound"), 500e3, 0.03);
	cr_assert(model_notes(m, "nothing came back"));
	model_free(m);
}

/* Connections held: whole numbers, and each trial has a plan with as many of them. */
Test(search, connections)
{
	struct model *m = searching(METRIC_CC, MODE_HOLD);

	m->plan.connections = 100000;
	m->plan.most = 0;
	m->plan.least = 0;
	m->plan.precision = 0.00001;
	m->connections = 54321;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "search", 0, "relevant_lower_bound"), 54321);
	cr_assert_eq(model_number(m, "search", 0, "relevant_upper_bound"), 54322);
	cr_assert_not(m->trials[0].open_loop);
	cr_assert_not_null(m->trials[0].plan);
	model_free(m);
}

Test(search, refuses_what_cannot_be_searched)
{
	struct model *m = searching(METRIC_CC, MODE_CRR);

	cr_assert_eq(model_suite(m), 1);
	m->plan.metric = METRIC_BPS;
	m->plan.mode = MODE_STREAM;
	cr_assert_eq(model_suite(m), 1);
	cr_assert_eq(m->trials_n, 0);
	model_free(m);
}

/* A trial that cannot be run ends the search with its status; ^C with 2. */
Test(search, ends_when_a_trial_fails)
{
	struct model *m = searching(METRIC_CPS, MODE_CRR);

	m->fail_at = 3;
	cr_assert_eq(model_suite(m), 1);
	cr_assert_eq(m->trials_n, 3);
	m->fail_at = 0;
	m->trials_n = 0;
	m->stop_at = 2;
	cr_assert_eq(model_suite(m), 2);
	cr_assert_eq(m->trials_n, 2);
	model_free(m);
}

/* RFC 2544 ---------------------------------------------------------------------------------- */

static struct model *
frames_of(enum suite suite, const char *tests, uint16_t bytes)
{
	struct model *m = model_new();

	m->plan.suite = suite;
	m->plan.tests = tests;
	m->plan.least = 1000;
	m->plan.most = 1e6;
	m->plan.precision = 0.01;
	m->plan.imix.n = bytes > 0;
	m->plan.imix.size[0].bytes = bytes;
	m->plan.imix.size[0].times = 1;
	m->capacity = 400e3;
	return m;
}

/* §26.1: each of the seven sizes, trials of 60 s, no loss. */
Test(rfc2544, throughput_of_each_size)
{
	static const unsigned int sizes[] = { 64, 128, 256, 512, 1024, 1280, 1518 };
	struct model *m = frames_of(SUITE_RFC2544, "throughput", 0);

	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_rows(m, "throughput"), 7);
	for (unsigned int i = 0; i < 7; i++) {
		double rate = model_number(m, "throughput", i, "frames_per_s");

		cr_assert_eq(model_number(m, "throughput", i, "frame_bytes"), sizes[i]);
		is_just_below(rate, 400e3, 0.01);
		is_near(model_number(m, "throughput", i, "bits_per_s"), rate * 8 * sizes[i], 1e-9);
	}
	for (unsigned int i = 0; i < m->trials_n; i++) {
		cr_assert_eq(m->trials[i].duration_ns, 60 * TERN_S);
		cr_assert_eq(m->trials[i].imix.n, 1);
	}
	cr_assert(model_notes(m, "RFC 6815"));
	cr_assert_not(model_notes(m, "not RFC length"));
	model_free(m);
}

Test(rfc2544, shorter_trials_are_said_to_be_so)
{
	struct model *m = frames_of(SUITE_RFC2544, "throughput", 64);

	m->plan.trial_least_ns = m->plan.trial_most_ns = 2 * TERN_S;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(m->trials[0].duration_ns, 2 * TERN_S);
	cr_assert(model_notes(m, "trials of 2 s: this is not RFC length"));
	model_free(m);
}

/* Where the generator is slower than the media what it can offer is the most: status 4. */
Test(rfc2544, generator_is_the_limit)
{
	struct model *m = frames_of(SUITE_RFC2544, "loss,b2b", 64);

	m->speed = 300e3;
	m->plan.most = 10e6;
	cr_assert_eq(model_suite(m), 4);
	cr_assert_str_eq(model_text(m, "throughput", 0, "result"), "generator-limited");
	is_near(model_number(m, "frame_loss", 0, "frames_per_s"), 300e3, 0.03);
	cr_assert_eq(model_rows(m, "frame_loss"), 2);
	cr_assert_eq(model_rows(m, "back_to_back"), 0);
	model_free(m);
}

/* §26.2: 120 s at the throughput, one frame tagged behind 60 s, 20 times, averaged. */
Test(rfc2544, latency)
{
	struct model *m = frames_of(SUITE_RFC2544, "latency", 64);
	const struct trial *last;

	m->base_ns = 33333;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "latency", 0, "repeats"), 20);
	cr_assert(model_notes(m, "store-and-forward devices have it (RFC 1242)"));
	cr_assert_eq(model_number(m, "latency", 0, "stream_ns"), 120e9);
	is_near(model_number(m, "latency", 0, "latency_mean_ns"), 33333, 1e-6);
	last = &m->trials[m->trials_n - 1];
	cr_assert(last->omit_ns == 60 * TERN_S && last->duration_ns == 60 * TERN_S);
	cr_assert_eq(last->tagged, 1);
	cr_assert_eq(last->profile.phases[0].to, model_number(m, "throughput", 0, "frames_per_s"));
	model_free(m);
}

/* §26.3: from the maximum down by 10 % of it until two trials lose nothing. */
Test(rfc2544, frame_loss)
{
	struct model *m = frames_of(SUITE_RFC2544, "loss", 64);

	m->plan.most = 1e6; /* 40 % and 30 % are without loss */
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_rows(m, "frame_loss"), 8);
	for (unsigned int i = 0; i < 8; i++) {
		double share = 1 - 0.1 * i;

		is_near(model_number(m, "frame_loss", i, "share_of_most"), share, 1e-9);
		cr_assert_float_eq(model_number(m, "frame_loss", i, "loss_ratio"),
				   fmax(0, 1 - 0.4 / share), 1e-6);
	}
	model_free(m);
}

/*
 * §26.4, RFC 9004: N frames at the maximum rate M fill the buffer by N (1 - C / M), so with a
 * buffer of B frames N = B / (1 - C / M); its corrected time is B / M.
 */
Test(rfc2544, back_to_back)
{
	struct model *m = frames_of(SUITE_RFC2544, "b2b", 64);
	double frames = 6000 / (1 - 0.4);

	m->buffer = 6000;
	m->plan.precision = 0.001;
	m->plan.trial_least_ns = m->plan.trial_most_ns = 60 * TERN_S;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "back_to_back", 0, "repeats"), 50);
	is_near(model_number(m, "back_to_back", 0, "frames_mean"), frames, 0.0015);
	cr_assert_eq(model_number(m, "back_to_back", 0, "frames_least"),
		     model_number(m, "back_to_back", 0, "frames_most"));
	cr_assert_eq(model_number(m, "back_to_back", 0, "frames_stddev"), 0);
	is_near(model_number(m, "back_to_back", 0, "buffer_implied_ns"), frames / 1e6 * 1e9, 0.002);
	is_near(model_number(m, "back_to_back", 0, "buffer_corrected_ns"), 6000 / 1e6 * 1e9, 0.015);
	model_free(m);
}

/* RFC 9004 §6.2: bursts of 2 s are the longest, or of 30 s where asked for; §7: which is told. */
Test(rfc2544, bursts_may_be_longer)
{
	struct model *m = frames_of(SUITE_RFC2544, "b2b", 64);
	double frames = 6e6 / (1 - 0.4);

	m->buffer = 6e6;
	m->plan.interval_ns = 60 * TERN_S; /* the buffer is that of an interval */
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "back_to_back", 0, "burst_most_frames"), 2e6);
	is_near(model_number(m, "back_to_back", 0, "frames_mean"), 2e6, 0.01);
	cr_assert_eq(model_number(m, "back_to_back", 0, "step_ratio"), m->plan.precision);
	cr_assert(model_notes(m, "back-to-back, 64 bytes: the longest burst of 2 s was not lost"));
	m->rows_n = m->trials_n = 0;
	m->plan.repeat = 3;
	m->plan.trial_least_ns = m->plan.trial_most_ns = 900 * TERN_S;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "back_to_back", 0, "burst_most_frames"), 30e6);
	is_near(model_number(m, "back_to_back", 0, "frames_mean"), frames, 0.02);
	cr_assert_not(model_notes(m, "was not lost"));
	model_free(m);
}

/* RFC 9004 §6.1: without loss at the maximum rate there is no buffer to be measured. */
Test(rfc2544, back_to_back_does_not_apply)
{
	struct model *m = frames_of(SUITE_RFC2544, "b2b", 64);

	m->capacity = 1e9;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_rows(m, "back_to_back"), 0);
	cr_assert(model_notes(m, "back-to-back, 64 bytes: not applicable"));
	model_free(m);
}

/* §26.5: from the halving of the rate on, loss goes on for 3 s and a bit more of an interval. */
Test(rfc2544, system_recovery)
{
	struct model *m = frames_of(SUITE_RFC2544, "recovery", 64);

	m->recovery_ns = 3e9;
	m->plan.repeat = 3;
	cr_assert_eq(model_suite(m), 0);
	is_near(model_number(m, "system_recovery", 0, "recovery_mean_ns"), 3e9, 0.34);
	cr_assert_eq(model_number(m, "system_recovery", 0, "resolution_ns"), 1e9);
	cr_assert_eq(model_number(m, "system_recovery", 0, "repeats"), 3);
	is_near(model_number(m, "system_recovery", 0, "overload_per_s"),
		1.1 * model_number(m, "throughput", 0, "frames_per_s"), 1e-9);
	model_free(m);

	m = frames_of(SUITE_RFC2544, "recovery", 64);
	m->plan.repeat = 3;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "system_recovery", 0, "recovery_mean_ns"), 0);
	model_free(m);
}

Test(rfc2544, reset_is_not_applicable_and_unknown_tests_are_refused)
{
	struct model *m = frames_of(SUITE_RFC2544, "throughput,reset", 64);

	cr_assert_eq(model_suite(m), 0);
	cr_assert(model_notes(m, "reset (§26.6, RFC 6201): not applicable"));
	m->trials_n = 0;
	m->plan.tests = "throughput,lossy";
	cr_assert_eq(model_suite(m), 1);
	m->plan.tests = "";
	cr_assert_eq(model_suite(m), 1);
	m->plan.tests = "throughput";
	m->plan.proto = PROTO_TCP;
	cr_assert_eq(model_suite(m), 1);
	cr_assert_eq(m->trials_n, 0);
	model_free(m);
}

/* RFC 8219 ---------------------------------------------------------------------------------- */

static unsigned int
row_of(const struct model *m, const char *what)
{
	for (unsigned int i = 0; i < model_rows(m, "rfc8219"); i++)
		if (strcmp(model_text(m, "rfc8219", i, "what"), what) == 0)
			return i;
	cr_assert_fail("no row for %s", what);
	return 0;
}

/* §5.1.1: as far as frames of 1518 bytes; longer ones want a port that takes them. */
Test(rfc8219, throughput_of_each_size)
{
	static const unsigned int sizes[] = { 64, 128, 256, 512, 768, 1024, 1280, 1518 };
	struct model *m = frames_of(SUITE_RFC8219, "throughput", 0);

	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_rows(m, "throughput"), 8);
	for (unsigned int i = 0; i < 8; i++)
		cr_assert_eq(model_number(m, "throughput", i, "frame_bytes"), sizes[i]);
	cr_assert(model_notes(m, "1522, 2048, 4096, 8192 and 9216"));
	model_free(m);
}

/* §7.2: the median of 20 medians and of 20 99.9th percentiles, of 500 frames of the second half. */
Test(rfc8219, latency)
{
	struct model *m = frames_of(SUITE_RFC8219, "latency", 128);
	const struct trial *last;

	m->base_ns = 10000;
	m->tail_ns = 90000;
	m->tail_share = 0.004; /* 2 of 500: the 99.9th percentile is one of them, the median none */
	cr_assert_eq(model_suite(m), 0);
	is_near(model_number(m, "rfc8219", row_of(m, "typical latency"), "median_ns"), 10000, 1e-3);
	is_near(model_number(m, "rfc8219", row_of(m, "worst-case latency"), "median_ns"), 100000,
		1e-3);
	cr_assert_eq(model_number(m, "rfc8219", 0, "repeats"), 20);
	last = &m->trials[m->trials_n - 1];
	cr_assert(last->tagged == 500 && last->omit_ns == 60 * TERN_S &&
		  last->duration_ns == 60 * TERN_S);
	model_free(m);
}

/* §7.3.1: D99.9 - Dmin; §7.3.2: least, median and greatest of the differences of neighbours. */
Test(rfc8219, delay_variation)
{
	struct model *m = frames_of(SUITE_RFC8219, "pdv", 128);

	m->base_ns = 10000;
	m->tail_ns = 90000;
	m->tail_share = 0.01;
	cr_assert_eq(model_suite(m), 0);
	is_near(model_number(m, "rfc8219", row_of(m, "PDV"), "median_ns"), 90000, 2e-3);
	cr_assert_eq(model_number(m, "rfc8219", row_of(m, "IPDV Dmin"), "median_ns"), -90000);
	cr_assert_eq(model_number(m, "rfc8219", row_of(m, "IPDV Dmed"), "median_ns"), 0);
	cr_assert_eq(model_number(m, "rfc8219", row_of(m, "IPDV Dmax"), "median_ns"), 90000);
	model_free(m);
}

/* RFC 9411 ---------------------------------------------------------------------------------- */

static struct model *
stateful(const char *tests)
{
	struct model *m = model_new();

	m->plan.suite = SUITE_RFC9411;
	m->plan.proto = PROTO_HTTP;
	m->plan.tests = tests;
	m->plan.least = 1000;
	m->plan.most = 1e6;
	m->plan.rsp_bytes = 1024;
	m->plan.connections = 50000;
	m->plan.precision = 0.01;
	m->capacity = 250e3;
	m->connections = 30000;
	return m;
}

/* §4.3.4: ramp-up is not counted, sustain lasts 300 s; §7.2: connections a second. */
Test(rfc9411, connections_a_second)
{
	struct model *m = stateful("cps");
	const struct trial *last;

	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_rows(m, "rfc9411"), 1);
	is_just_below(model_number(m, "rfc9411", 0, "value"), 250e3, 0.01);
	cr_assert_str_eq(model_text(m, "rfc9411", 0, "valid"), "yes");
	last = &m->trials[m->trials_n - 1];
	cr_assert_eq(last->duration_ns, 300 * TERN_S);
	cr_assert_eq(last->omit_ns, 60 * TERN_S);
	cr_assert(last->profile.phases[0].from == 0 && last->profile.phases[1].to > 240e3);
	model_free(m);
}

Test(rfc9411, transactions_and_throughput_and_latency)
{
	struct model *m = stateful("latency");

	m->base_ns = 50000;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_rows(m, "rfc9411"), 3);
	is_just_below(model_number(m, "rfc9411", 1, "value"), 250e3, 0.01);
	is_near(model_number(m, "rfc9411", 2, "value"),
		8192 * model_number(m, "rfc9411", 1, "value"), 0.001);
	cr_assert_eq(model_rows(m, "rfc9411_latency"), 4);
	is_near(model_number(m, "rfc9411_latency", 0, "rate_per_s"),
		model_number(m, "rfc9411", 0, "value") / 2, 1e-9);
	is_near(model_number(m, "rfc9411_latency", 3, "mean_ns"), 50000, 1e-3);
	model_free(m);
}

Test(rfc9411, concurrent_connections)
{
	struct model *m = stateful("cc");

	m->plan.precision = 0.00001;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "rfc9411", 0, "value"), 30000);
	model_free(m);
}

/* §7.2.3.3: 1 of 100000 is too many, 1 of 200000 is not; so with RSTs. */
Test(rfc9411, validation_criteria)
{
	struct model *m = stateful("cps");

	m->plan.least = 100e3; /* less has too few for one of so many to be seen */
	m->bad_share = 2e-5;
	cr_assert_eq(model_suite(m), 3);
	cr_assert_eq(model_number(m, "rfc9411", 0, "value"), 0);
	m->rows_n = 0;
	m->bad_share = 5e-6;
	cr_assert_eq(model_suite(m), 0);
	m->rst_share = 3e-5;
	cr_assert_eq(model_suite(m), 3);
	model_free(m);
}

/* spread ------------------------------------------------------------------------------------ */

Test(spread, of_known_values)
{
	struct spread s = { .n = 0 };

	cr_assert_eq(spread_mean(&s), 0);
	cr_assert_eq(spread_median(&s), 0);
	for (unsigned int i = 10; i > 0; i--)
		spread_add(&s, i);
	cr_assert_float_eq(spread_mean(&s), 5.5, 1e-12);
	cr_assert_float_eq(spread_stddev(&s), sqrt(82.5 / 9), 1e-12);
	cr_assert_eq(spread_median(&s), 5.5);
	cr_assert_eq(spread_percentile(&s, 0), 1);
	cr_assert_eq(spread_percentile(&s, 0.1), 1);
	cr_assert_eq(spread_percentile(&s, 0.11), 2);
	cr_assert_eq(spread_percentile(&s, 1), 10);
	for (unsigned int i = 0; i < 2 * SPREAD_MOST; i++)
		spread_add(&s, 1);
	cr_assert_eq(s.n, SPREAD_MOST);
}

/* plain ---------------------------------------------------------------------------------------- */

/* ^C ends one trial early, and a series for good. */
Test(plain, stopped_by_hand_is_a_result)
{
	struct model *m = model_new();

	m->plan.open_loop = true;
	m->plan.duration_ns = TERN_S;
	m->plan.profile.n = 1;
	m->plan.profile.phases[0] = (struct phase){ 1000, 1000, TERN_S };
	m->stop_at = 1;
	cr_assert_eq(model_suite(m), 0);
	m->trials_n = 0;
	m->plan.repeat = 3;
	cr_assert_eq(model_suite(m), 2);
	cr_assert_eq(m->trials_n, 1);
	model_free(m);
}

/* repeat ------------------------------------------------------------------------------------ */

Test(repeat, each_has_a_seed_of_its_own)
{
	struct model *m = model_new();

	m->plan.repeat = 5;
	m->plan.seed = 40;
	m->plan.open_loop = true;
	m->plan.duration_ns = TERN_S;
	m->plan.profile.n = 1;
	m->plan.profile.phases[0] = (struct phase){ 1000, 1000, TERN_S };
	m->capacity = 1e6;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(m->trials_n, 5);
	for (unsigned int i = 0; i < 5; i++)
		cr_assert_eq(m->trials[i].seed, 40 + i);
	cr_assert_eq(model_rows(m, "repetitions"), 5);
	is_near(model_number(m, "repeated", 0, "achieved_mean"), 1000, 1e-9);
	cr_assert_eq(model_number(m, "repeated", 0, "repetitions"), 5);
	cr_assert_eq(model_number(m, "repeated", 0, "achieved_stddev"), 0);
	cr_assert_str_eq(model_text(m, "repeated", 0, "ci"), "-");
	model_free(m);
}

static struct model *
scattered(double scatter)
{
	struct model *m = model_new();

	m->plan.repeat = 200;
	m->plan.open_loop = true;
	m->plan.duration_ns = TERN_S;
	m->plan.profile.n = 1;
	m->plan.profile.phases[0] = (struct phase){ 100e3, 100e3, TERN_S };
	m->plan.ci_confidence = 0.95;
	m->plan.ci_width = 0.02;
	m->capacity = 1e6;
	m->noise = 1;
	m->noise_loss = scatter;
	return m;
}

/*
 * Each loses up to a share x: the deviation is x / sqrt(12), and half the interval is 2 of it by
 * sqrt(n): for x = 20 % and 2 % of 90 % some 40 are needed.
 */
Test(repeat, until_the_confidence_interval_is_narrow)
{
	struct model *m = scattered(0.2);

	cr_assert_eq(model_suite(m), 0);
	cr_assert(m->trials_n > 20 && m->trials_n < 60, "%u", m->trials_n);
	cr_assert_leq(model_number(m, "repeated", 0, "ci_half"), 0.02 * 92e3);
	cr_assert_str_eq(model_text(m, "repeated", 0, "ci"), "reached");
	model_free(m);
	m = scattered(0.8);
	m->plan.repeat = 10;
	cr_assert_eq(model_suite(m), 4);
	cr_assert_str_eq(model_text(m, "repeated", 0, "ci"), "not reached");
	model_free(m);
}

/* What cannot be trusted does not count, and is told. */
Test(repeat, untrustworthy_ones_are_left_out)
{
	struct model *m = scattered(0);

	m->plan.ci_confidence = 0;
	m->plan.repeat = 8;
	m->untrusted_every = 4;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "repeated", 0, "counted"), 6);
	m->rows_n = 0;
	m->plan.keep = true;
	cr_assert_eq(model_suite(m), 0);
	cr_assert_eq(model_number(m, "repeated", 0, "counted"), 8);
	m->plan.keep = false;
	m->untrusted_every = 1;
	cr_assert_eq(model_suite(m), 4);
	model_free(m);
}

/* One that misses an SLO is enough. */
Test(repeat, slo_is_judged_each_time)
{
	struct model *m = scattered(0);

	m->plan.ci_confidence = 0;
	m->plan.repeat = 3;
	m->plan.slos_n = 1;
	m->plan.slos[0].limit = 100e3;
	cr_assert_eq(model_suite(m), 0);
	m->plan.slos[0].limit = 99e3;
	cr_assert_eq(model_suite(m), 3);
	model_free(m);
}
