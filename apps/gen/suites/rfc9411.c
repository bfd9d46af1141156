/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 9411 §7: connections a second, transactions a second and HTTP throughput, latency, and
 * concurrent connections of what stands between this generator and a server, or of the server.
 *
 * Each key figure is searched for with short trials; then it has to stand a whole load profile
 * (§4.3.4): initialization, in which addresses are resolved; ramp-up, which is not counted;
 * sustain; ramp-down, in which nothing new is begun; collection. What does not keep to the
 * validation criteria is tried again with less.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gen/suites/suite.h"

static const double FAILED_MOST = 1e-5;	   /* §7.2.3.3 a: less than 0.001 % of transactions */
static const double RST_MOST = 1e-5;	   /* b: less than 0.001 % of connections */
static const double DEVIATION_MOST = 0.05; /* c: of a rate that is called constant */
static const uint64_t SUSTAIN_NS = 300 * TERN_S; /* §4.3.4: at least */
static const unsigned int RAMP_PART = 5;	 /* of the sustain phase; no length is given */
static const uint64_t SEARCH_LEAST_NS = TERN_S, SEARCH_MOST_NS = 10 * TERN_S;
static const double LESS = 0.95; /* of a load that did not stand */
static const double HALF = 0.5;	 /* §7.4: latency at 50 % of the most */

enum { TRIES = 10 };

static const char *const tests[] = { "cps", "tps", "throughput", "latency", "cc", NULL };

/* One key figure, and the device as far as it is known. */
struct device {
	struct series *s;
	struct plan plan; /* of the trials */
	struct mlr mlr;
	uint64_t sustain_ns;
	double cps, tps; /* what was found; 0: not yet, or nothing */
};

/* Validation criteria, §7.2.3.3 ------------------------------------------------------------- */

struct validity {
	double failed, rst, deviation; /* shares of 1 */
	bool valid;
};

static double
share(uint64_t part, uint64_t all)
{
	return all > 0 ? (double)part / (double)all : 0;
}

/* The largest distance of an interval's rate from the mean of all that count. */
static double
deviation_of(const struct result *r, enum counter what)
{
	double mean = 0, most = 0;
	unsigned int n = 0;

	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < r->intervals_n; i++) {
			const struct interval *v = &r->intervals[i];
			double rate = (double)v->count[what] / (double)(v->t1_ns - v->t0_ns);

			if (v->t0_ns < r->trial.omit_ns)
				continue;
			if (pass == 0) {
				mean += rate;
				n++;
			} else {
				most = fmax(most, fabs(rate - mean));
			}
		}
		if (pass == 0 && n > 0)
			mean /= n;
	}
	return mean > 0 ? most / mean : 0;
}

static struct validity
validate(const struct plan *plan, const struct result *r)
{
	const struct meter *m = &r->sum;
	uint64_t asked =
		plan->mode == MODE_HOLD ? r->total.count[COUNT_opened] : m->count[COUNT_requests];
	/* What we gave up at the end had not failed. */
	uint64_t failed = meter_errors(m) - m->error[ERROR_aborted];
	uint64_t rst = m->error[ERROR_rst] + m->error[ERROR_refused];
	struct validity v = {
		.failed = share(failed, asked),
		.rst = share(rst, r->total.count[COUNT_opened]),
		.deviation = plan->mode == MODE_HOLD ? 0 : deviation_of(r, COUNT_responses),
	};

	v.valid = v.failed < FAILED_MOST && v.rst < RST_MOST && v.deviation < DEVIATION_MOST;
	return v;
}

/* The search -------------------------------------------------------------------------------- */

static double
loss_of(struct measurer *m, double load, const struct result *r, bool *limited)
{
	double loss = search_loss(m->plan, load, r, limited);
	struct validity v = validate(m->plan, r);

	return v.failed < FAILED_MOST && v.rst < RST_MOST ? loss : 1;
}

static void
with_connections(struct measurer *m, double load, struct trial *trial)
{
	struct device *d = m->data;

	d->plan.connections = (uint32_t)load;
	trial->open_loop = false;
}

static double
loss_of_connections(struct measurer *m, double load, const struct result *r, bool *limited)
{
	double stood = result_rate(m->plan, r);

	*limited = false;
	return stood < load ? 1 - stood / load : loss_of(m, load, r, limited);
}

static int
find(struct device *d, struct measurer *m, struct mlr_result *found)
{
	const struct plan *plan = d->s->plan;
	uint64_t most_ns = RTE_MIN(SEARCH_MOST_NS, d->sustain_ns);
	int status;

	d->mlr.goals_n = 1;
	d->mlr.goals[0] = (struct mlr_goal){
		.loss_ratio = nextafter(FAILED_MOST, 0),
		.exceed_ratio = 0.5,
		.width = search_width(plan),
		.initial_ns = RTE_MIN(
			plan->trial_most_ns > 0 ? plan->trial_least_ns : SEARCH_LEAST_NS, most_ns),
		.final_ns = most_ns,
		.sum_ns = 2 * most_ns,
	};
	status = search_run(d->s, &d->mlr, m);
	mlr_conclude(&d->mlr, 0, found);
	return status;
}

/* The load profile -------------------------------------------------------------------------- */

/* §4.3.4: from nothing to the load, then the load; the end of the trial is the ramp-down. */
static void
load_profile(const struct device *d, double rate, struct trial *trial)
{
	uint64_t ramp_ns = d->sustain_ns / RAMP_PART;

	trial_at_rate(&d->plan, rate, d->sustain_ns, trial);
	trial->plan = &d->plan;
	if (d->plan.mode == MODE_HOLD) {
		trial->open_loop = false; /* the opening of the connections is the ramp-up */
		trial->omit_ns = 0;
		return;
	}
	trial->omit_ns = ramp_ns;
	trial->profile.n = 2;
	trial->profile.phases[0] = (struct phase){ .from = 0, .to = rate, .ns = ramp_ns };
	trial->profile.phases[1] = (struct phase){ .from = rate, .to = rate, .ns = d->sustain_ns };
}

/* Return: 0, or a status: 3 when nothing down to half of the load stood the profile. */
static int
sustain(struct device *d, double *load, struct validity *v)
{
	struct trial trial;
	int status;

	for (unsigned int i = 0; i < TRIES; i++, *load *= LESS) {
		if (d->plan.mode == MODE_HOLD) {
			*load = floor(*load);
			d->plan.connections = (uint32_t)*load;
		}
		load_profile(d, *load, &trial);
		status = suite_trial(d->s, &trial);
		if (status != 0)
			return status;
		*v = validate(&d->plan, d->s->result);
		if (v->valid && result_rate(&d->plan, d->s->result) >= LESS * *load)
			return 0;
	}
	*load = 0;
	return 3;
}

static void
tell(struct device *d, const char *kpi, double value, const struct validity *v)
{
	const struct cell cells[] = {
		{ .name = "kpi", .text = kpi },
		{ .name = "value", .number = value },
		{ .name = "failed_ratio", .number = v->failed },
		{ .name = "rst_ratio", .number = v->rst },
		{ .name = "deviation_ratio", .number = v->deviation },
		{ .name = "sustain_ns", .number = (double)d->sustain_ns },
		{ .name = "valid", .text = v->valid ? "yes" : "no" },
	};

	report_row(d->s->report, "rfc9411", cells, sizeof(cells) / sizeof(cells[0]));
}

/* Key figures, §6.3 ------------------------------------------------------------------------- */

/* The most of a mode that stands; its trial is the suite's last. */
static int
key_figure(struct device *d, enum mode mode, double *load, struct validity *v)
{
	struct measurer m = { .loss = loss_of, .plan = &d->plan, .data = d };
	struct mlr_result found;
	int status;

	d->plan = *d->s->plan;
	d->plan.mode = mode;
	memset(&d->mlr, 0, sizeof(d->mlr));
	search_range(d->s->plan, &d->mlr);
	if (mode == MODE_HOLD) {
		m.prepare = with_connections;
		m.loss = loss_of_connections;
		d->mlr.whole = true;
		d->mlr.least = 1;
		d->mlr.most = d->s->plan->connections;
	}
	status = find(d, &m, &found);
	*load = found.lower;
	if (status != 0 || found.lower == 0)
		return status != 0 ? status : 3;
	return suite_worse(sustain(d, load, v), found.limited ? 4 : 0);
}

static int
connections_a_second(struct device *d)
{
	struct validity v = { 0 };
	int status = key_figure(d, MODE_CRR, &d->cps, &v);

	tell(d, "TCP connections per second", d->cps, &v);
	return status;
}

static int
transactions_a_second(struct device *d)
{
	struct validity v = { 0 };
	int status = key_figure(d, MODE_RR, &d->tps, &v);
	const struct result *r = d->s->result;
	double bits = 8.0 * (double)r->sum.count[COUNT_rx_payload];

	tell(d, "application transactions per second", d->tps, &v);
	tell(d, "throughput, bits of responses per second",
	     d->tps > 0 && r->ns > 0 ? bits * 1e9 / (double)r->ns : 0, &v);
	return status;
}

static int
concurrent_connections(struct device *d)
{
	struct validity v = { 0 };
	double connections;
	int status = key_figure(d, MODE_HOLD, &connections, &v);

	tell(d, "concurrent TCP connections", connections, &v);
	return status;
}

/* Latency, §7.4 ----------------------------------------------------------------------------- */

static void
tell_latency(struct device *d, const char *at, double rate, const char *what, enum time_of time,
	     const struct validity *v)
{
	const struct hdr *h = &d->s->result->sum.time[time];
	const struct cell cells[] = {
		{ .name = "at", .text = at },
		{ .name = "rate_per_s", .number = rate },
		{ .name = "what", .text = what },
		{ .name = "least_ns", .number = h->n > 0 ? (double)h->least_ns : 0 },
		{ .name = "mean_ns", .number = hdr_mean_ns(h) },
		{ .name = "p99_ns", .number = (double)hdr_percentile(h, 0.99) },
		{ .name = "most_ns", .number = (double)h->longest_ns },
		{ .name = "count", .number = (double)h->n },
		{ .name = "valid", .text = v->valid ? "yes" : "no" },
	};

	report_row(d->s->report, "rfc9411_latency", cells, sizeof(cells) / sizeof(cells[0]));
}

/* At half of the most there is no queue that a faster device would not have. */
static int
latency_at(struct device *d, enum mode mode, double most, const char *at)
{
	double rate = HALF * most;
	struct validity v = { 0 };
	struct trial trial;
	int status;

	if (most == 0)
		return 3;
	d->plan = *d->s->plan;
	d->plan.mode = mode;
	load_profile(d, rate, &trial);
	status = suite_trial(d->s, &trial);
	if (status != 0)
		return status;
	v = validate(&d->plan, d->s->result);
	tell_latency(d, at, rate, "TTFB", TIME_ttfb, &v);
	tell_latency(d, at, rate, "TTLB", TIME_ttlb, &v);
	return v.valid ? 0 : 3;
}

static int
latency(struct device *d)
{
	int status = latency_at(d, MODE_CRR, d->cps, "50% of connections per second");

	if (status == 1 || status == 2)
		return status;
	return suite_worse(status,
			   latency_at(d, MODE_RR, d->tps, "50% of transactions per second"));
}

/* The suite --------------------------------------------------------------------------------- */

static int
run_tests(struct device *d)
{
	const struct plan *plan = d->s->plan;
	bool late = suite_wants(plan, "latency"); /* it needs what the others find */
	const struct {
		bool wanted;
		int (*run)(struct device *d);
	} runs[] = {
		{ late || suite_wants(plan, "cps"), connections_a_second },
		{ late || suite_wants(plan, "tps") || suite_wants(plan, "throughput"),
		  transactions_a_second },
		{ late, latency },
		{ suite_wants(plan, "cc"), concurrent_connections },
	};
	int status = 0;

	for (unsigned int i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (runs[i].wanted && status != 1 && status != 2)
			status = suite_worse(status, runs[i].run(d));
	return status;
}

static void
notes(struct series *s, uint64_t sustain_ns)
{
	suite_note(s, "for an isolated test network only, never for one that others use");
	suite_note(s,
		   "valid: failed transactions and connections that were reset are each less than "
		   "0.001%%, no interval's rate is 5%% off the mean (RFC 9411 §7.2.3.3)");
	if (suite_wants(s->plan, "tps") || suite_wants(s->plan, "throughput"))
		suite_note(s,
			   "transactions are on connections that stay; RFC 9411 §7.3.3.2 has 10 on "
			   "each");
	if (suite_wants(s->plan, "cc"))
		suite_note(s,
			   "concurrent connections are opened and kept; RFC 9411 §7.5.3.2 has 10 "
			   "requests on each");
	if (sustain_ns < SUSTAIN_NS)
		suite_note(s, "sustain phase of %.9g s: this is not RFC length, which is 300 s",
			   (double)sustain_ns / 1e9);
	if (s->plan->interval_ns >= 2 * TERN_S)
		suite_note(s, "samples of %.9g s: RFC 9411 §4.3.4 wants less than 2 s",
			   (double)s->plan->interval_ns / 1e9);
}

int
rfc9411_suite(struct series *s)
{
	struct device *d;
	int status = suite_check_tests(s->plan, tests);

	if (status != 0)
		return status;
	if (s->plan->proto != PROTO_TCP && s->plan->proto != PROTO_HTTP)
		return suite_refuse("rfc9411: of tcp or http");
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return suite_refuse("no memory");
	d->s = s;
	d->sustain_ns = s->plan->trial_most_ns > 0 ? s->plan->trial_most_ns : SUSTAIN_NS;
	notes(s, d->sustain_ns);
	status = run_tests(d);
	free(d);
	return status;
}
