/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 2544 §26, with RFC 9004 for bursts: throughput, latency, frame loss rate, back-to-back
 * frames and system recovery of a device that sends back what it is sent.
 */
#include <math.h>
#include <string.h>

#include "gen/suites/frames.h"
#include "gen/suites/spread.h"

enum { LATENCY_REPEATS = 20, BURST_REPEATS = 50, RECOVERY_REPEATS = 20 };

static const unsigned int BURST_PART = 30;	/* of a trial: §26.4 has bursts of 2 s tried */
static const double STEP = 0.1;			/* §26.3: of the maximum rate, at most 10 % */
static const double OVERLOAD = 1.1, HALF = 0.5; /* §26.5 */

static const char *const tests[] = { "throughput", "latency", "loss", "b2b",
				     "recovery",   "reset",   NULL };

/* Latency, §26.2 ---------------------------------------------------------------------------- */

/*
 * A stream of 120 s at the throughput; one frame is tagged after 60 s; 20 times, averaged. Its time
 * begins when it left: that it could have left before is not the device's doing.
 */
static int
latency(struct frames *f)
{
	unsigned int n = frames_repeats(f, LATENCY_REPEATS);
	struct spread ns = { .n = 0 };
	struct trial trial;
	int status = 0;

	frames_trial(f, f->throughput, f->trial_ns, f->trial_ns, &trial);
	trial.tagged = 1;
	for (unsigned int i = 0; i < n && status == 0; i++) {
		const struct hdr *h = &f->s->result->sum.time[TIME_ttlb_naive];

		status = suite_trial(f->s, &trial);
		if (status == 0 && h->n > 0)
			spread_add(&ns, hdr_mean_ns(h));
	}
	const struct cell cells[] = {
		{ .name = "frame_bytes", .number = f->bytes },
		{ .name = "frames_per_s", .number = f->throughput },
		{ .name = "latency_mean_ns", .number = spread_mean(&ns) },
		{ .name = "latency_least_ns", .number = spread_percentile(&ns, 0) },
		{ .name = "latency_most_ns", .number = spread_percentile(&ns, 1) },
		{ .name = "repeats", .number = ns.n },
		{ .name = "stream_ns", .number = 2 * (double)f->trial_ns },
	};
	if (status == 0)
		report_row(f->s->report, "latency", cells, sizeof(cells) / sizeof(cells[0]));
	return status == 0 && ns.n < n ? 3 : status;
}

/* Frame loss rate, §26.3 -------------------------------------------------------------------- */

static void
tell_loss(const struct frames *f, double rate, double loss, bool limited)
{
	const struct cell cells[] = {
		{ .name = "frame_bytes", .number = f->bytes },
		{ .name = "frames_per_s", .number = rate },
		{ .name = "share_of_most", .number = rate / f->ceiling },
		{ .name = "loss_ratio", .number = loss },
		{ .name = "limited_by", .text = limited ? "generator" : "-" },
	};

	report_row(f->s->report, "frame_loss", cells, sizeof(cells) / sizeof(cells[0]));
}

/* From the maximum rate down, until two trials in a row lose nothing. */
static int
frame_loss(struct frames *f)
{
	unsigned int clean = 0;
	struct trial trial;
	bool limited;
	int status;

	for (double share = 1; share > STEP / 2 && clean < 2; share -= STEP) {
		double loss, rate = share * f->ceiling;

		frames_trial(f, rate, 0, f->trial_ns, &trial);
		status = suite_trial(f->s, &trial);
		if (status != 0)
			return status;
		loss = search_loss(f->s->plan, rate, f->s->result, &limited);
		clean = loss > 0 ? 0 : clean + 1;
		tell_loss(f, rate, loss, limited);
	}
	return 0;
}

/* Back-to-back frames, §26.4 and RFC 9004 --------------------------------------------------- */

/* RFC 9004 §6.2: the longest that is tried can be of up to 30 s, with trials of 15 min. */
static uint64_t
burst_ns(const struct frames *f)
{
	return f->trial_ns / BURST_PART;
}

static double
burst_most(const struct frames *f)
{
	return floor(f->ceiling * (double)burst_ns(f) / 1e9);
}

/* So many frames, as fast as the maximum rate has them; then nothing. */
static void
one_burst(struct measurer *m, double frames, struct trial *trial)
{
	const struct frames *f = m->data;
	uint64_t ns = (uint64_t)(frames / f->ceiling * 1e9) + TERN_MS;

	frames_trial(f, f->ceiling, 0, ns, trial);
	trial->count = (uint64_t)frames;
}

static double
loss_of_burst(struct measurer *m, double frames, const struct result *r, bool *limited)
{
	double answered = (double)r->total.count[COUNT_responses];

	(void)m;
	*limited = (double)(r->ledger.launched + r->ledger.shed) < frames;
	return answered < frames ? 1 - answered / frames : 0;
}

/* RFC 9004 §6.3: each repetition is a search of its own for the longest burst without loss. */
static int
longest_burst(struct frames *f, double *frames)
{
	struct measurer m = { .prepare = one_burst,
			      .loss = loss_of_burst,
			      .plan = f->s->plan,
			      .quiet = true,
			      .data = f };
	struct mlr_result r;
	int status;

	memset(&f->mlr, 0, sizeof(f->mlr));
	f->mlr.goals_n = 1;
	f->mlr.goals[0] = (struct mlr_goal){ .width = search_width(f->s->plan),
					     .initial_ns = burst_ns(f),
					     .final_ns = burst_ns(f),
					     .sum_ns = burst_ns(f) };
	f->mlr.whole = true;
	f->mlr.least = 1;
	f->mlr.most = burst_most(f);
	status = search_run(f->s, &f->mlr, &m);
	mlr_conclude(&f->mlr, 0, &r);
	*frames = r.lower;
	return status;
}

/*
 * RFC 9004 §6.4: the burst fills the buffer only by what is not forwarded meanwhile, so that much
 * of its time is taken off.
 */
static void
tell_bursts(const struct frames *f, struct spread *frames)
{
	double mean = spread_mean(frames), implied_ns = mean / f->ceiling * 1e9;
	const struct cell cells[] = {
		{ .name = "frame_bytes", .number = f->bytes },
		{ .name = "frames_mean", .number = mean },
		{ .name = "frames_least", .number = spread_percentile(frames, 0) },
		{ .name = "frames_most", .number = spread_percentile(frames, 1) },
		{ .name = "frames_stddev", .number = spread_stddev(frames) },
		{ .name = "repeats", .number = frames->n },
		{ .name = "burst_most_frames", .number = burst_most(f) },
		{ .name = "step_ratio", .number = search_width(f->s->plan) },
		{ .name = "frames_per_s", .number = f->ceiling },
		{ .name = "buffer_implied_ns", .number = implied_ns },
		{ .name = "buffer_corrected_ns",
		  .number = implied_ns - implied_ns * f->throughput / f->ceiling },
	};

	report_row(f->s->report, "back_to_back", cells, sizeof(cells) / sizeof(cells[0]));
	if (spread_percentile(frames, 1) >= burst_most(f) * (1 - search_width(f->s->plan)))
		suite_note(
			f->s,
			"back-to-back, %u bytes: the longest burst of %.9g s was not lost, so this "
			"says little of the buffer; give a longer --trial (RFC 9004 §6.2)",
			f->bytes, (double)burst_ns(f) / 1e9);
}

static int
back_to_back(struct frames *f)
{
	unsigned int n = frames_repeats(f, BURST_REPEATS);
	struct spread frames = { .n = 0 };
	int status = 0;

	if (!f->loses_at_ceiling) {
		suite_note(f->s,
			   "back-to-back, %u bytes: not applicable, nothing is lost at the highest "
			   "rate (RFC 9004 §6.1)",
			   f->bytes);
		return 0;
	}
	for (unsigned int i = 0; i < n && status == 0; i++) {
		double longest;

		status = longest_burst(f, &longest);
		spread_add(&frames, longest);
	}
	if (status == 0)
		tell_bursts(f, &frames);
	return status;
}

/* System recovery, §26.5 -------------------------------------------------------------------- */

/* Fewer answers than requests, by more than are on their way at any time. */
static bool
is_lossy(const struct interval *i)
{
	double s = (double)(i->t1_ns - i->t0_ns) / 1e9, requests = (double)i->count[COUNT_requests];
	double under_way = s > 0 ? requests / s * (double)i->time[TIME_ttlb].p999 / 1e9 : 0;

	return requests - (double)i->count[COUNT_responses] > under_way + 1;
}

/* From when the rate was halved to the end of the last interval in which anything was lost. */
static double
recovery_of(const struct result *r, uint64_t halved_ns)
{
	uint64_t lost_ns = halved_ns;

	for (unsigned int i = 0; i < r->intervals_n; i++)
		if (r->intervals[i].t0_ns >= halved_ns && is_lossy(&r->intervals[i]))
			lost_ns = r->intervals[i].t1_ns;
	return (double)(lost_ns - halved_ns);
}

static int
recovery(struct frames *f)
{
	double over = fmin(OVERLOAD * f->throughput, f->ceiling);
	unsigned int n = frames_repeats(f, RECOVERY_REPEATS);
	struct spread ns = { .n = 0 };
	struct trial trial;
	int status = 0;

	frames_trial(f, over, 0, 2 * f->trial_ns, &trial);
	trial.profile.n = 2;
	trial.profile.phases[0] = (struct phase){ .from = over, .to = over, .ns = f->trial_ns };
	trial.profile.phases[1] =
		(struct phase){ .from = HALF * over, .to = HALF * over, .ns = f->trial_ns };
	for (unsigned int i = 0; i < n && status == 0; i++) {
		status = suite_trial(f->s, &trial);
		spread_add(&ns, recovery_of(f->s->result, f->trial_ns));
	}
	const struct cell cells[] = {
		{ .name = "frame_bytes", .number = f->bytes },
		{ .name = "overload_per_s", .number = over },
		{ .name = "halved_per_s", .number = HALF * over },
		{ .name = "recovery_mean_ns", .number = spread_mean(&ns) },
		{ .name = "recovery_most_ns", .number = spread_percentile(&ns, 1) },
		{ .name = "resolution_ns", .number = (double)f->s->plan->interval_ns },
		{ .name = "repeats", .number = ns.n },
	};
	if (status == 0)
		report_row(f->s->report, "system_recovery", cells,
			   sizeof(cells) / sizeof(cells[0]));
	return status;
}

/* The suite --------------------------------------------------------------------------------- */

static int
tests_of_size(struct frames *f)
{
	static const struct {
		const char *name;
		int (*run)(struct frames *f);
	} runs[] = {
		{ "latency", latency },
		{ "loss", frame_loss },
		{ "b2b", back_to_back },
		{ "recovery", recovery },
	};
	int status = 0;

	for (unsigned int i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (suite_wants(f->s->plan, runs[i].name) && status != 1 && status != 2)
			status = suite_worse(status, runs[i].run(f));
	return status;
}

int
rfc2544_suite(struct series *s)
{
	int status = frames_check(s, tests);

	if (status != 0)
		return status;
	frames_notes(s);
	if (s->plan->repeat > 1 && s->plan->repeat < BURST_REPEATS)
		suite_note(s, "%u repetitions: RFC 2544 wants 20 of latency and 50 of bursts",
			   s->plan->repeat);
	if (suite_wants(s->plan, "reset"))
		suite_note(s, "reset (§26.6, RFC 6201): not applicable, nothing here can reset the "
			      "device");
	return frames_each(s, tests_of_size);
}
