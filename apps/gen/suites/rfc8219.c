/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 8219 §7.2 and §7.3: typical and worst-case latency, packet delay variation. Its definitions
 * are of use without any IPv6 transition between the two ends, too.
 */
#include <math.h>

#include "gen/suites/frames.h"
#include "gen/suites/spread.h"

enum {
	REPEATS = 20, /* §7.2, §7.3: at least */
	TAGGED = 500, /* §7.2: at least, in the second half of the stream */
};

static const double WORST = 0.999; /* WCL = L99.9thPercentile, PDV = D99.9thPercentile - Dmin */

static const char *const tests[] = { "throughput", "latency", "pdv", NULL };

/* Of 20 repetitions the median is reported, and the 1st and 99th percentile. */
static void
tell(struct frames *f, const char *what, struct spread *ns)
{
	const struct cell cells[] = {
		{ .name = "frame_bytes", .number = f->bytes },
		{ .name = "frames_per_s", .number = f->throughput },
		{ .name = "what", .text = what },
		{ .name = "median_ns", .number = spread_median(ns) },
		{ .name = "p1_ns", .number = spread_percentile(ns, 0.01) },
		{ .name = "p99_ns", .number = spread_percentile(ns, 0.99) },
		{ .name = "repeats", .number = ns->n },
	};

	report_row(f->s->report, "rfc8219", cells, sizeof(cells) / sizeof(cells[0]));
}

/* Latency, §7.2: 60 s of the stream, then 60 s in which 500 frames and more are tagged. */
static int
latency(struct frames *f)
{
	unsigned int n = frames_repeats(f, REPEATS);
	struct spread typical = { .n = 0 }, worst = { .n = 0 };
	const struct hdr *h = &f->s->result->sum.time[TIME_ttlb_naive];
	uint64_t least = UINT64_MAX;
	struct trial trial;
	int status = 0;

	frames_trial(f, f->throughput, f->trial_ns, f->trial_ns, &trial);
	trial.tagged = TAGGED;
	for (unsigned int i = 0; i < n && status == 0; i++) {
		status = suite_trial(f->s, &trial);
		spread_add(&typical, (double)hdr_percentile(h, 0.5));
		spread_add(&worst, (double)hdr_percentile(h, WORST));
		least = RTE_MIN(least, h->n);
	}
	if (status != 0)
		return status;
	tell(f, "typical latency", &typical);
	tell(f, "worst-case latency", &worst);
	if (least < TAGGED)
		suite_note(f->s,
			   "%u bytes: only %llu tagged frames came back in one of the streams",
			   f->bytes, (unsigned long long)least);
	return least == 0 ? 3 : 0;
}

/*
 * The delay variation between neighbours, §7.3.2: of differences d the shorter ones are kept as
 * -d, the longer ones as d. Return: the value that `share` of all are not above.
 */
static double
variation(const struct meter *m, double share)
{
	const struct hdr *less = &m->time[TIME_ipdv_shorter], *more = &m->time[TIME_ipdv_longer];
	double all = (double)(less->n + more->n), rank = share * all;

	if (all == 0)
		return 0;
	if (rank <= (double)less->n && less->n > 0)
		return -(double)hdr_percentile(less, 1 - rank / (double)less->n);
	return (double)hdr_percentile(more, (rank - (double)less->n) / (double)more->n);
}

static double
least_variation(const struct meter *m)
{
	const struct hdr *less = &m->time[TIME_ipdv_shorter], *more = &m->time[TIME_ipdv_longer];

	return less->n > 0 ? -(double)less->longest_ns : (double)more->least_ns;
}

static double
most_variation(const struct meter *m)
{
	const struct hdr *less = &m->time[TIME_ipdv_shorter], *more = &m->time[TIME_ipdv_longer];

	if (more->n > 0)
		return (double)more->longest_ns;
	return less->n > 0 ? -(double)less->least_ns : 0;
}

/* PDV and IPDV, §7.3: of all frames of a stream of 60 s. */
static int
delay_variation(struct frames *f)
{
	unsigned int n = frames_repeats(f, REPEATS);
	struct spread pdv = { .n = 0 }, least = pdv, median = pdv, most = pdv;
	const struct meter *m = &f->s->result->sum;
	const struct hdr *h = &m->time[TIME_ttlb_naive];
	struct trial trial;
	int status = 0;

	frames_trial(f, f->throughput, 0, f->trial_ns, &trial);
	for (unsigned int i = 0; i < n && status == 0; i++) {
		status = suite_trial(f->s, &trial);
		spread_add(&pdv, (double)hdr_percentile(h, WORST) - (double)h->least_ns);
		spread_add(&least, least_variation(m));
		spread_add(&median, variation(m, 0.5));
		spread_add(&most, most_variation(m));
	}
	if (status != 0)
		return status;
	if (m->time[TIME_ipdv_longer].n + m->time[TIME_ipdv_shorter].n == 0)
		suite_note(f->s, "%u bytes: no two frames in a row came back", f->bytes);
	tell(f, "PDV", &pdv);
	tell(f, "IPDV Dmin", &least);
	tell(f, "IPDV Dmed", &median);
	tell(f, "IPDV Dmax", &most);
	return h->n == 0 ? 3 : 0;
}

static int
tests_of_size(struct frames *f)
{
	int status = suite_wants(f->s->plan, "latency") ? latency(f) : 0;

	if (suite_wants(f->s->plan, "pdv") && status != 1 && status != 2)
		status = suite_worse(status, delay_variation(f));
	return status;
}

int
rfc8219_suite(struct series *s)
{
	int status = frames_check(s, tests);

	if (status != 0)
		return status;
	frames_notes(s);
	if (s->plan->repeat > 1 && s->plan->repeat < REPEATS)
		suite_note(s, "%u repetitions: RFC 8219 wants at least 20", s->plan->repeat);
	return frames_each(s, tests_of_size);
}
