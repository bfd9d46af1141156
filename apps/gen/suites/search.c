/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * search: the highest load that keeps to a loss ratio, or to an SLO: the Manager of RFC 9971, and
 * its Measurer.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "gen/judge/slo.h"
#include "gen/suites/suite.h"

static const double WIDTH = 0.01; /* without --precision */
static const double LEAST = 1000; /* without --min */
static const double CONNECTIONS_LEAST = 1;
static const double SHORT_MOST = 0.01; /* of what was due may be missing */
static const double LOST_ALL = 1;
static const uint64_t TRIAL_LEAST_NS = TERN_S, TRIAL_MOST_NS = 10 * TERN_S; /* without --trial */

/*
 * ETSI TST 009's loss verification, RFC 9971 §4.10.3: of two trials of the final duration
 * one may exceed the loss ratio. A single disturbance does not decide.
 */
static const double EXCEED_RATIO = 0.5;
static const unsigned int TRIALS_A_LOAD = 2;

static const char *const metric_names[] = {
	[METRIC_CPS] = "cps", [METRIC_RPS] = "rps", [METRIC_PPS] = "pps",
	[METRIC_BPS] = "bps", [METRIC_CC] = "cc",
};

/* Measuring ---------------------------------------------------------------------------------- */

static double
due(double rate, const struct trial *t)
{
	return rate * (double)(t->omit_ns + t->duration_ns) / 1e9;
}

/* Of what was due in the whole trial, what was neither begun nor left out. */
static double
shortfall(double rate, const struct result *r)
{
	double all = due(rate, &r->trial);
	/* A flood launches nothing: it sends. */
	uint64_t launched = RTE_MAX(r->ledger.launched, r->total.count[COUNT_requests]);
	double begun = (double)(launched + r->ledger.shed);

	if (!r->trial.open_loop || r->trial.count > 0 || all < 1 || begun >= all)
		return 0;
	return 1 - begun / all;
}

/* A flood of which nothing came back: whoever it is sent to does not answer such things. */
static bool
is_one_way(const struct plan *plan, const struct result *r)
{
	return plan->mode == MODE_FLOOD && r->total.count[COUNT_responses] == 0;
}

/* What did not come back, or, if nothing ever does, what the port did not take. */
static double
loss_ratio(const struct plan *plan, const struct result *r)
{
	uint64_t made = r->ledger.made, dropped = r->ledger.dropped;

	if (!is_one_way(plan, r))
		return result_loss(plan, r);
	return made > 0 ? (double)dropped / (double)made : 0;
}

double
search_loss(const struct plan *plan, double rate, const struct result *r, bool *limited)
{
	double missing = shortfall(rate, r), allowed = SHORT_MOST;

	/* Poisson arrivals are not as many as due, but within four standard deviations they are. */
	if (r->trial.profile.pacing == PACING_POISSON)
		allowed += 4 / sqrt(fmax(1, due(rate, &r->trial)));
	*limited = missing > allowed;
	return fmin(LOST_ALL, loss_ratio(plan, r) + (*limited ? missing : 0));
}

static void
tell_trial(struct series *s, const struct mlr_trial *t)
{
	const struct cell cells[] = {
		{ .name = "trial", .number = s->trials },
		{ .name = "load", .number = t->load },
		{ .name = "duration_ns", .number = (double)t->ns },
		{ .name = "loss_ratio", .number = t->loss },
		{ .name = "limited_by", .text = t->limited ? "generator" : "-" },
	};

	report_row(s->report, "trials", cells, sizeof(cells) / sizeof(cells[0]));
}

int
search_run(struct series *s, struct mlr *mlr, struct measurer *m)
{
	struct mlr_trial t = { 0 };
	struct trial trial;
	int status;

	mlr_begin(mlr);
	while (mlr_next(mlr, &t.load, &t.ns)) {
		trial_at_rate(m->plan, t.load, t.ns, &trial);
		trial.plan = m->plan;
		if (m->prepare != NULL)
			m->prepare(m, t.load, &trial);
		status = suite_trial(s, &trial);
		if (status != 0)
			return status;
		t.limited = false;
		t.offered = t.load * (1 - shortfall(trial.profile.phases[0].to, s->result));
		t.loss = m->loss(m, t.load, s->result, &t.limited);
		mlr_add(mlr, &t);
		if (!m->quiet)
			tell_trial(s, &t);
	}
	return 0;
}

double
search_width(const struct plan *plan)
{
	return plan->precision > 0 ? plan->precision : WIDTH;
}

void
search_range(const struct plan *plan, struct mlr *mlr)
{
	mlr->least = plan->least > 0 ? plan->least : LEAST;
	mlr->most = plan->most;
	if (mlr->most > 0 && plan->least <= 0)
		mlr->least = fmin(mlr->least, mlr->most / 1000);
}

/* Loads -------------------------------------------------------------------------------------- */

static double
mean_frame_bytes(const struct imix *imix)
{
	double bytes = 0, times = 0;

	for (unsigned int i = 0; i < imix->n; i++) {
		bytes += (double)imix->size[i].bytes * imix->size[i].times;
		times += imix->size[i].times;
	}
	return times > 0 ? bytes / times : 0;
}

/* Bits that one launch puts on the wire, or has sent back: frames with FCS, or a response. */
static double
bits_each(const struct plan *plan)
{
	if (plan->imix.n > 0)
		return 8 * mean_frame_bytes(&plan->imix);
	return 8.0 * (plan->rsp_bytes > 0 ? plan->rsp_bytes : 1);
}

/* What a search of one metric needs beside the plan. */
struct searching {
	struct plan plan; /* of the trials: with other connections for cc */
};

static void
at_bits(struct measurer *m, double load, struct trial *trial)
{
	double rate = load / bits_each(m->plan);

	trial->profile.phases[0].from = trial->profile.phases[0].to = rate;
}

static void
with_connections(struct measurer *m, double load, struct trial *trial)
{
	struct searching *g = m->data;

	g->plan.connections = (uint32_t)load;
	trial->open_loop = false;
}

static double
loss_of_rate(struct measurer *m, double load, const struct result *r, bool *limited)
{
	return search_loss(m->plan, load, r, limited);
}

static double
loss_of_bits(struct measurer *m, double load, const struct result *r, bool *limited)
{
	return search_loss(m->plan, load / bits_each(m->plan), r, limited);
}

static double
loss_of_connections(struct measurer *m, double load, const struct result *r, bool *limited)
{
	double stood = result_rate(m->plan, r);

	*limited = false;
	return fmax(result_loss(m->plan, r), stood < load ? 1 - stood / load : 0);
}

/* With SLOs a trial that misses one has lost all: no loss ratio can make up for it. */
static double
loss_of_load(struct measurer *m, double load, const struct result *r, bool *limited)
{
	struct judged judged[SLOS_MAX];
	double loss;

	if (m->plan->metric == METRIC_BPS)
		loss = loss_of_bits(m, load, r, limited);
	else if (m->plan->metric == METRIC_CC)
		loss = loss_of_connections(m, load, r, limited);
	else
		loss = loss_of_rate(m, load, r, limited);
	if (m->plan->slos_n == 0)
		return loss;
	if (!slo_judge(m->plan, r, judged) || *limited)
		return LOST_ALL;
	return m->plan->goals_n > 0 ? loss : 0;
}

/* The suite ---------------------------------------------------------------------------------- */

static void
set_goals(const struct plan *plan, struct mlr *mlr)
{
	mlr->goals_n = plan->goals_n > 0 ? plan->goals_n : 1;
	for (unsigned int i = 0; i < mlr->goals_n; i++)
		mlr->goals[i] = (struct mlr_goal){
			.loss_ratio = plan->goals_n > 0 ? plan->goals[i] : 0,
			.exceed_ratio = EXCEED_RATIO,
			.width = search_width(plan),
			.initial_ns =
				plan->trial_most_ns > 0 ? plan->trial_least_ns : TRIAL_LEAST_NS,
			.final_ns = plan->trial_most_ns > 0 ? plan->trial_most_ns : TRIAL_MOST_NS,
		};
	for (unsigned int i = 0; i < mlr->goals_n; i++)
		mlr->goals[i].sum_ns = TRIALS_A_LOAD * mlr->goals[i].final_ns;
}

static const char *
name_goal(const struct plan *plan, const struct mlr_goal *goal, char *text, size_t size)
{
	if (plan->slos_n > 0 && plan->goals_n == 0)
		return "SLO";
	snprintf(text, size, "loss %.9g%%%s", 100 * goal->loss_ratio,
		 plan->slos_n > 0 ? " and SLO" : "");
	return text;
}

static const char *
kind_of(const struct mlr_result *r)
{
	if (r->regular)
		return r->limited ? "generator-limited" : "regular";
	if (r->lower == 0)
		return r->upper > 0 ? "irregular: the least is too much" : "irregular";
	return r->upper == 0 ? "irregular: the most is not too much" : "irregular: too wide";
}

static int
tell_goal(struct series *s, const struct mlr *mlr, unsigned int i)
{
	const struct mlr_goal *goal = &mlr->goals[i];
	struct mlr_result r;
	char text[64];

	mlr_conclude(mlr, i, &r);
	const struct cell cells[] = {
		{ .name = "goal", .text = name_goal(s->plan, goal, text, sizeof(text)) },
		{ .name = "metric", .text = metric_names[s->plan->metric] },
		{ .name = "relevant_lower_bound", .number = r.lower },
		{ .name = "relevant_upper_bound", .number = r.upper },
		{ .name = "conditional_throughput", .number = r.throughput },
		{ .name = "result", .text = kind_of(&r) },
		{ .name = "trials", .number = s->trials },
		{ .name = "trials_ns", .number = (double)s->ns },
	};
	report_row(s->report, "search", cells, sizeof(cells) / sizeof(cells[0]));
	if (r.lower == 0)
		return 3;
	return r.limited ? 4 : 0;
}

static void
tell_attributes(struct series *s, const struct mlr_goal *goal)
{
	suite_note(
		s,
		"MLRsearch (RFC 9971): goal initial trial duration %.9g s, final %.9g s, duration "
		"sum %.9g s, exceed ratio %.9g%%, width %.9g%%",
		(double)goal->initial_ns / 1e9, (double)goal->final_ns / 1e9,
		(double)goal->sum_ns / 1e9, 100 * goal->exceed_ratio, 100 * goal->width);
}

static int
check(const struct plan *plan)
{
	if (plan->metric == METRIC_CC && plan->mode != MODE_HOLD)
		return suite_refuse("search: metric cc wants mode hold");
	if (plan->metric != METRIC_CC && plan->mode == MODE_HOLD)
		return suite_refuse("search: mode hold wants metric cc");
	if (plan->mode == MODE_STREAM || plan->mode == MODE_REPLAY || plan->mode == MODE_SERVER)
		return suite_refuse("search: of crr, rr, hold and flood, not of %s",
				    mode_names[plan->mode]);
	return 0;
}

static int
search(struct series *s, struct mlr *mlr, struct searching *g)
{
	struct measurer m = { .loss = loss_of_load, .plan = &g->plan, .data = g };
	int status;

	set_goals(s->plan, mlr);
	search_range(s->plan, mlr);
	if (s->plan->metric == METRIC_CC) {
		mlr->whole = true;
		mlr->most = s->plan->connections; /* there is memory for no more */
		if (s->plan->most > 0)
			mlr->most = fmin(mlr->most, s->plan->most);
		mlr->least = fmin(fmax(s->plan->least, CONNECTIONS_LEAST), mlr->most);
		m.prepare = with_connections;
	}
	if (s->plan->metric == METRIC_BPS)
		m.prepare = at_bits;
	tell_attributes(s, &mlr->goals[0]);
	status = search_run(s, mlr, &m);
	if (status == 0 && is_one_way(s->plan, s->result))
		suite_note(s, "nothing came back: the loss is of what the port did not take");
	for (unsigned int i = 0; i < mlr->goals_n && status != 2; i++)
		status = suite_worse(status, tell_goal(s, mlr, i));
	return status;
}

int
search_suite(struct series *s)
{
	struct mlr *mlr = calloc(1, sizeof(*mlr));
	struct searching *g = calloc(1, sizeof(*g));
	int status = check(s->plan);

	if (status == 0 && (mlr == NULL || g == NULL))
		status = suite_refuse("search: no memory");
	if (status == 0) {
		g->plan = *s->plan;
		status = search(s, mlr, g);
	}
	free(mlr);
	free(g);
	return status;
}
