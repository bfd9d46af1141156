/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/judge/slo.h"
#include "gen/judge/verdict.h"
#include "gen/suites/suite.h"

enum { SAMPLES = 2000, INTERVALS_MOST = 1024 };

struct bench {
	struct model *model;
};

struct report {
	struct model *model;
};

/* What a trial is of: the mode counts connections or transactions. */
static const struct plan *
plan_of(const struct model *m, const struct trial *t)
{
	return t->plan != NULL ? t->plan : &m->plan;
}

static double
chance(struct model *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (double)(m->random >> 11) / (double)(UINT64_C(1) << 53);
}

/* One stretch of a trial at one rate -------------------------------------------------------- */

struct stretch {
	double offered, lost, done, ns;
};

static double
served(const struct model *m, double rate)
{
	double capacity = m->capacity > 0 ? m->capacity : 1e12;

	if (rate <= capacity)
		return rate;
	return m->collapse > 0 ? m->collapse * capacity : capacity;
}

static struct stretch
stretch_of(const struct model *m, double rate, double ns, double loss)
{
	struct stretch s = { .ns = ns };
	double offered = m->speed > 0 ? fmin(rate, m->speed) : rate;
	double over;

	s.offered = floor(offered * ns / 1e9);
	over = s.offered - floor(served(m, offered) * ns / 1e9);
	s.lost = ceil(fmax(0, over - m->buffer)) + floor(s.offered * (m->loss + loss));
	s.lost = fmin(s.lost, s.offered);
	s.done = s.offered - s.lost;
	return s;
}

/* The rate of a profile at a time, or of one that has none. */
static double
rate_at(const struct trial *t, double at_ns)
{
	double from_ns = 0;

	for (unsigned int i = 0; i < t->profile.n; i++) {
		const struct phase *p = &t->profile.phases[i];
		double in_ns = at_ns - from_ns;

		if (in_ns < (double)p->ns)
			return p->from + (p->to - p->from) * in_ns / (double)p->ns;
		from_ns += (double)p->ns;
	}
	return 0;
}

/* Results ----------------------------------------------------------------------------------- */

static void
add_counts(const struct model *m, const struct plan *plan, struct meter *meter,
	   const struct stretch *s)
{
	uint64_t done = (uint64_t)s->done, offered = (uint64_t)s->offered;
	uint64_t rst = (uint64_t)(s->offered * m->rst_share);
	uint64_t bad = (uint64_t)(s->offered * m->bad_share);

	meter->count[COUNT_requests] += offered;
	meter->count[COUNT_opened] += offered;
	meter->count[COUNT_established] += done;
	meter->count[COUNT_responses] += m->mute ? 0 : done;
	meter->count[COUNT_closed] += done;
	meter->count[COUNT_tx_pkts] += offered;
	meter->count[COUNT_rx_payload] += done * plan->rsp_bytes;
	meter->error[ERROR_timeout] += (uint64_t)s->lost;
	meter->error[ERROR_rst] += rst;
	meter->error[ERROR_bad_status] += bad;
}

static void
add_times(struct model *m, const struct trial *t, struct meter *meter, double rate)
{
	unsigned int n = t->tagged > 0 ? t->tagged : SAMPLES;
	double last = 0;

	for (unsigned int i = 0; i < n; i++) {
		double ns = m->base_ns + (m->capacity > 0 ? m->load_ns * rate / m->capacity : 0);

		/* The tail is spread evenly, so that percentiles are known exactly. */
		if (floor((i + 1) * m->tail_share) > floor(i * m->tail_share))
			ns += m->tail_ns;
		hdr_record(&meter->time[TIME_ttfb], (uint64_t)ns);
		hdr_record(&meter->time[TIME_ttlb], (uint64_t)ns);
		hdr_record(&meter->time[TIME_ttlb_naive], (uint64_t)ns);
		hdr_record(&meter->time[TIME_connect], (uint64_t)ns);
		if (i > 0 && ns >= last)
			hdr_record(&meter->time[TIME_ipdv_longer], (uint64_t)(ns - last));
		else if (i > 0)
			hdr_record(&meter->time[TIME_ipdv_shorter], (uint64_t)(last - ns));
		last = ns;
	}
}

static void
add_interval(struct model *m, const struct trial *t, struct result *r, const struct stretch *s,
	     double t0_ns)
{
	struct interval *i = &r->intervals[r->intervals_n++];

	memset(i, 0, sizeof(*i));
	i->t0_ns = (uint64_t)t0_ns;
	i->t1_ns = (uint64_t)(t0_ns + s->ns);
	i->count[COUNT_requests] = (uint64_t)s->offered;
	i->count[COUNT_opened] = (uint64_t)s->offered;
	i->count[COUNT_responses] = (uint64_t)s->done;
	i->count[COUNT_closed] = (uint64_t)s->done;
	i->time[TIME_ttlb].p999 = (uint64_t)m->base_ns;
	i->flags = i->t0_ns < t->omit_ns ? 1u << FLAG_WARMUP : 0;
}

static void
add_ledger(struct result *r, const struct plan *plan, const struct stretch *s)
{
	r->ledger.made += (uint64_t)s->offered;
	if (plan->mode == MODE_FLOOD) /* it launches nothing */
		return;
	r->ledger.launched += (uint64_t)s->offered;
	r->ledger.done += (uint64_t)s->done;
	r->ledger.failed += (uint64_t)s->lost;
}

/* Intervals of the plan's length; the loss of an overload goes on for a while behind it. */
static void
run_open(struct model *m, const struct trial *t, struct result *r, double loss)
{
	double end = (double)(t->omit_ns + t->duration_ns), step, until = 0, peak = 0;

	step = fmax((double)m->plan.interval_ns, end / INTERVALS_MOST);
	for (double at = 0; at < end - 1; at += step) {
		double rate = rate_at(t, at + fmin(step, end - at) / 2);
		struct stretch s = stretch_of(m, rate, fmin(step, end - at),
					      at < until ? fmax(loss, 0.1) : loss);

		if (m->recovery_ns > 0 && rate > m->capacity)
			until = at + step + m->recovery_ns;
		peak = fmax(peak, rate);
		add_interval(m, t, r, &s, at);
		add_ledger(r, plan_of(m, t), &s);
		add_counts(m, plan_of(m, t), &r->total, &s);
		if (at >= (double)t->omit_ns) {
			add_counts(m, plan_of(m, t), &r->sum, &s);
			r->ns += (uint64_t)s.ns;
		}
	}
	add_times(m, t, &r->sum, peak);
}

/* A burst: count frames, all at the rate of the profile. */
static void
run_count(struct model *m, const struct trial *t, struct result *r, double loss)
{
	double rate = rate_at(t, 0), ns = (double)t->count * 1e9 / rate;
	struct stretch s = stretch_of(m, rate, ns, loss);

	s.offered = (double)t->count;
	s.lost = fmin(s.offered,
		      ceil(fmax(0, s.offered - floor(served(m, rate) * ns / 1e9) - m->buffer)) +
			      floor(s.offered * loss));
	s.done = s.offered - s.lost;
	add_ledger(r, plan_of(m, t), &s);
	add_counts(m, plan_of(m, t), &r->total, &s);
	add_counts(m, plan_of(m, t), &r->sum, &s);
	r->ns = (uint64_t)ns;
}

static void
run_held(struct model *m, const struct trial *t, struct result *r)
{
	const struct plan *plan = plan_of(m, t);
	double stood =
		m->connections > 0 ? fmin(m->connections, plan->connections) : plan->connections;
	struct stretch s = { plan->connections, plan->connections - stood, stood,
			     (double)t->duration_ns };

	add_ledger(r, plan_of(m, t), &s);
	add_counts(m, plan, &r->total, &s);
	add_counts(m, plan, &r->sum, &s);
	r->ns = t->duration_ns;
}

int
trial_run(struct bench *bench, const struct trial *t, const struct watcher *watcher,
	  struct result *r)
{
	struct model *m = bench->model;
	double loss = chance(m) < m->noise ? m->noise_loss * chance(m) : 0;

	(void)watcher;
	free(r->intervals);
	memset(r, 0, sizeof(*r));
	r->intervals = calloc(INTERVALS_MOST + 1, sizeof(*r->intervals));
	cr_assert_not_null(r->intervals);
	cr_assert_lt(m->trials_n, MODEL_TRIALS);
	r->trial = *t;
	m->trials[m->trials_n++] = *t;
	if (m->trials_n == m->fail_at)
		return r->failed = 1;
	m->ran_ns += (double)(t->omit_ns + t->duration_ns);
	if (t->count > 0)
		run_count(m, t, r, loss);
	else if (t->open_loop)
		run_open(m, t, r, loss);
	else
		run_held(m, t, r);
	r->trustworthy = m->untrusted_every == 0 || m->trials_n % m->untrusted_every != 0;
	r->achieved = result_rate(plan_of(m, t), r);
	return 0;
}

double
result_rate(const struct plan *plan, const struct result *r)
{
	if (plan->mode == MODE_HOLD)
		return (double)r->total.count[COUNT_established];
	return r->ns > 0 ? (double)r->sum.count[COUNT_responses] * 1e9 / (double)r->ns : 0;
}

double
result_loss(const struct plan *plan, const struct result *r)
{
	const uint64_t *count = r->total.count;

	if (plan->mode == MODE_FLOOD)
		return 1 - (double)count[COUNT_responses] / fmax(1, (double)count[COUNT_requests]);
	return r->ledger.launched > 0 ? (double)r->ledger.failed / (double)r->ledger.launched : 0;
}

bool
bench_stopped(const struct bench *bench)
{
	return bench->model->stop_at > 0 && bench->model->trials_n >= bench->model->stop_at;
}

const struct plan *
bench_plan(const struct bench *bench)
{
	return &bench->model->plan;
}

bool
slo_judge(const struct plan *plan, const struct result *r, struct judged *judged)
{
	(void)judged;
	return plan->slos_n == 0 || r->trial.profile.phases[0].to <= plan->slos[0].limit;
}

void
verdict_make(const struct plan *plan, struct result *r)
{
	(void)plan;
	snprintf(r->verdict, sizeof(r->verdict), "%s", r->trustworthy ? "yes" : "no");
}

/* The report -------------------------------------------------------------------------------- */

struct watcher
report_watcher(struct report *report)
{
	(void)report;
	return (struct watcher){ 0 };
}

void
report_row(struct report *report, const char *table, const struct cell *cells, unsigned int n)
{
	struct model *m = report->model;
	unsigned int at = m->rows_n++;

	cr_assert_lt(at, MODEL_ROWS);
	cr_assert_leq(n, REPORT_CELLS);
	snprintf(m->rows[at].table, sizeof(m->rows[at].table), "%s", table);
	m->rows[at].n = n;
	for (unsigned int i = 0; i < n; i++) {
		m->rows[at].cells[i] = cells[i];
		if (cells[i].text == NULL)
			continue;
		snprintf(m->rows[at].texts[i], sizeof(m->rows[at].texts[i]), "%s", cells[i].text);
		m->rows[at].cells[i].text = m->rows[at].texts[i];
	}
}

const struct cell *
model_cell(const struct model *m, const char *table, unsigned int i, const char *name)
{
	for (unsigned int row = 0; row < m->rows_n; row++) {
		if (strcmp(m->rows[row].table, table) != 0 || i-- > 0)
			continue;
		for (unsigned int k = 0; k < m->rows[row].n; k++)
			if (strcmp(m->rows[row].cells[k].name, name) == 0)
				return &m->rows[row].cells[k];
	}
	cr_assert_fail("table %s has no such row, or no column %s", table, name);
	return NULL;
}

double
model_number(const struct model *m, const char *table, unsigned int i, const char *name)
{
	return model_cell(m, table, i, name)->number;
}

const char *
model_text(const struct model *m, const char *table, unsigned int i, const char *name)
{
	return model_cell(m, table, i, name)->text;
}

unsigned int
model_rows(const struct model *m, const char *table)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < m->rows_n; i++)
		n += strcmp(m->rows[i].table, table) == 0;
	return n;
}

bool
model_notes(const struct model *m, const char *text)
{
	for (unsigned int i = 0; i < model_rows(m, "notes"); i++)
		if (strstr(model_text(m, "notes", i, "note"), text) != NULL)
			return true;
	return false;
}

/* Its life ---------------------------------------------------------------------------------- */

struct model *
model_new(void)
{
	struct model *m = calloc(1, sizeof(*m));

	cr_assert_not_null(m);
	m->random = 88172645463325252;
	m->plan.mode = MODE_RR;
	m->plan.proto = PROTO_UDP;
	m->plan.interval_ns = TERN_S;
	m->plan.repeat = 1;
	m->base_ns = 20000;
	return m;
}

void
model_free(struct model *m)
{
	free(m);
}

int
model_suite(struct model *m)
{
	struct bench bench = { m };
	struct report report = { m };
	struct result *r = result_new();
	int status;

	cr_assert_not_null(r);
	status = suite_run(&bench, &report, r);
	result_free(r);
	return status;
}
