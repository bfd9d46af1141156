/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/suites/mlrsearch.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

static const double LEVEL_FACTOR = 8; /* trials of a level are at most so much longer */
static const double WIDTH_MOST = 0.5; /* of an early level */
static const double LOAD_MOST = 1e12; /* where no most is given */
static const double SLACK = 1 + 1e-9; /* widths are ratios of doubles */

/* Classification, RFC 9971 §6.1 and appendix A ---------------------------------------------- */

/* Seconds of the trials at one load. */
struct sums {
	double full_high, full_low, short_high, short_low;
};

static struct sums
sum_up(const struct mlr *m, const struct mlr_goal *goal, double load)
{
	struct sums s = { 0 };

	for (unsigned int i = 0; i < m->trials_n; i++) {
		const struct mlr_trial *t = &m->trials[i];
		bool high = t->loss > goal->loss_ratio, full = t->ns >= goal->final_ns;

		if (t->load != load)
			continue;
		*(full ? high ? &s.full_high : &s.full_low :
		  high ? &s.short_high :
			 &s.short_low) += (double)t->ns / 1e9;
	}
	return s;
}

enum mlr_bound
mlr_classify(const struct mlr *m, const struct mlr_goal *goal, double load)
{
	struct sums s = sum_up(m, goal, load);
	double balancing = s.short_low * goal->exceed_ratio / (1 - goal->exceed_ratio);
	double high = s.full_high + fmax(0, s.short_high - balancing);
	double whole = fmax(high + s.full_low, (double)goal->sum_ns / 1e9);
	double allowed = whole * goal->exceed_ratio;

	if (high > allowed * SLACK)
		return MLR_UPPER;
	return whole - s.full_low <= allowed * SLACK ? MLR_LOWER : MLR_UNDECIDED;
}

/* The full-length trial at this load with the least loss above `above`, or as much, after `i`. */
static const struct mlr_trial *
next_by_loss(const struct mlr *m, const struct mlr_goal *goal, double load,
	     const struct mlr_trial *last)
{
	const struct mlr_trial *best = NULL;

	for (unsigned int i = 0; i < m->trials_n; i++) {
		const struct mlr_trial *t = &m->trials[i];

		if (t->load != load || t->ns < goal->final_ns)
			continue;
		if (last != NULL && (t->loss < last->loss || (t->loss == last->loss && t <= last)))
			continue;
		if (best == NULL || t->loss < best->loss)
			best = t;
	}
	return best;
}

double
mlr_throughput(const struct mlr *m, const struct mlr_goal *goal, double load)
{
	struct sums s = sum_up(m, goal, load);
	double whole = fmax((double)goal->sum_ns / 1e9, s.full_high + s.full_low);
	double remaining = whole * (1 - goal->exceed_ratio), loss = 1;
	const struct mlr_trial *t = NULL;

	while (remaining > 1e-9 * whole) {
		t = next_by_loss(m, goal, load, t);
		if (t == NULL)
			return 0; /* the rest could have lost everything */
		loss = t->loss;
		remaining -= (double)t->ns / 1e9;
	}
	return load * (1 - loss);
}

/* Bounds ------------------------------------------------------------------------------------ */

struct bounds {
	double lower, upper; /* 0: none */
};

/* The smallest Upper Bound, and the largest Lower Bound below it: §4.8.1, §4.8.2. */
static struct bounds
find_bounds(const struct mlr *m, const struct mlr_goal *goal)
{
	struct bounds b = { 0, 0 };

	for (unsigned int i = 0; i < m->trials_n; i++) {
		double load = m->trials[i].load;

		if ((b.upper == 0 || load < b.upper) && mlr_classify(m, goal, load) == MLR_UPPER)
			b.upper = load;
	}
	for (unsigned int i = 0; i < m->trials_n; i++) {
		double load = m->trials[i].load;

		if (load > b.lower && (b.upper == 0 || load < b.upper) &&
		    mlr_classify(m, goal, load) == MLR_LOWER)
			b.lower = load;
	}
	return b;
}

static bool
is_narrow(const struct mlr *m, const struct mlr_goal *goal, struct bounds b)
{
	if (b.lower == 0 || b.upper == 0)
		return false;
	return b.upper - b.lower <= b.upper * goal->width * SLACK ||
	       (m->whole && b.upper - b.lower <= 1);
}

/* Levels ------------------------------------------------------------------------------------ */

static unsigned int
levels_of(const struct mlr_goal *goal)
{
	double ratio = (double)goal->final_ns / (double)goal->initial_ns;

	return 1 + (unsigned int)ceil(log(fmax(ratio, 1)) / log(LEVEL_FACTOR) - 1e-9);
}

/* The most that any goal has; a goal with fewer is at its last one from then on. */
static unsigned int
levels(const struct mlr *m)
{
	unsigned int most = 1;

	for (unsigned int i = 0; i < m->goals_n; i++)
		if (levels_of(&m->goals[i]) > most)
			most = levels_of(&m->goals[i]);
	return most;
}

/* A goal as it is on a level: one trial decides, and the width doubles with each level upwards. */
static struct mlr_goal
goal_on(const struct mlr *m, unsigned int goal, unsigned int level)
{
	struct mlr_goal g = m->goals[goal];
	unsigned int last = levels_of(&g) - 1;
	double ratio;

	if (level >= last)
		return g;
	ratio = pow((double)g.final_ns / (double)g.initial_ns, (double)level / last);
	g.final_ns = (uint64_t)((double)g.initial_ns * ratio);
	g.sum_ns = g.final_ns;
	g.width = fmin(WIDTH_MOST, g.width * exp2(last - level));
	return g;
}

/* The next load ----------------------------------------------------------------------------- */

static double
fit(const struct mlr *m, double load)
{
	load = m->whole ? floor(load + 0.5) : load;
	return fmax(m->least, fmin(load, m->most > 0 ? m->most : LOAD_MOST));
}

static const struct mlr_trial *
last_at(const struct mlr *m, double load)
{
	for (unsigned int i = m->trials_n; i > 0; i--)
		if (m->trials[i - 1].load == load)
			return &m->trials[i - 1];
	return NULL;
}

/*
 * Below the smallest upper bound: what got through it, or less with each step, so that a peer
 * which collapses when it is overloaded, or one that says little, is left behind as well.
 */
static double
below(struct mlr *m, const struct mlr_goal *goal, double upper)
{
	const struct mlr_trial *t = last_at(m, upper);
	double forwarded = upper * (1 - t->loss) / (1 - goal->loss_ratio) * (1 - goal->width / 2);
	double step = upper * pow(1 - goal->width, exp2(m->steps));

	m->steps++;
	if (m->whole)
		step = fmin(step, upper - 1);
	return fit(m, forwarded > m->least ? fmin(forwarded, step) : step);
}

/* Half way by the logarithm, in whole steps of the width: no trial is spent on less. */
static double
between(const struct mlr *m, const struct mlr_goal *goal, struct bounds b)
{
	double steps = ceil(log(b.upper / b.lower) / -log1p(-goal->width) - 1e-9);
	double load = b.upper * pow(1 - goal->width, fmax(1, floor(steps / 2)));

	load = fit(m, load);
	if (load <= b.lower || load >= b.upper)
		load = fit(m, (b.lower + b.upper) / 2);
	return load;
}

/*
 * Above the largest lower bound, and there is no upper one: the most at once, or by doubling. On
 * later levels what was too much before is only just not enough now: on in growing steps.
 */
static double
above(struct mlr *m, const struct mlr_goal *goal, double lower)
{
	if (lower > 0 && m->level > 0) {
		double step = lower / pow(1 - goal->width, exp2(m->steps++));

		return fit(m, m->whole ? fmax(step, lower + 1) : step);
	}
	if (m->most > 0)
		return m->most;
	return lower > 0 ? fit(m, 2 * lower) : m->least;
}

static bool
lies_between(double load, struct bounds b)
{
	return load > b.lower && (b.upper == 0 || load < b.upper);
}

/* What the level before found is confirmed, or refuted, with longer trials first. */
static double
hint_of(const struct mlr *m, unsigned int goal, const struct mlr_goal *g, struct bounds b)
{
	struct mlr_goal shorter;
	struct bounds before;

	if (m->level == 0)
		return 0;
	shorter = goal_on(m, goal, m->level - 1);
	before = find_bounds(m, &shorter);
	if (before.lower > 0 && lies_between(before.lower, b) &&
	    mlr_classify(m, g, before.lower) == MLR_UNDECIDED)
		return before.lower;
	if (before.upper > 0 && lies_between(before.upper, b) &&
	    mlr_classify(m, g, before.upper) == MLR_UNDECIDED)
		return before.upper;
	return 0;
}

/* The end of the range is what bounds the result: no other load can be asked. */
static bool
is_at_end(const struct mlr *m, struct bounds b)
{
	return (b.upper > 0 && b.upper <= m->least) ||
	       (b.upper == 0 && b.lower > 0 && b.lower >= (m->most > 0 ? m->most : LOAD_MOST));
}

/* Return: a load for the goal in focus, or 0: it has what it wants. */
static double
choose(struct mlr *m)
{
	struct mlr_goal g = goal_on(m, m->goal, m->level);
	struct bounds b = find_bounds(m, &g);
	double hint;

	if (is_narrow(m, &g, b) || is_at_end(m, b))
		return 0;
	if (m->focus > 0 && lies_between(m->focus, b) &&
	    mlr_classify(m, &g, m->focus) == MLR_UNDECIDED)
		return m->focus;
	hint = hint_of(m, m->goal, &g, b);
	if (hint > 0)
		return hint;
	if (b.upper == 0)
		return above(m, &g, b.lower);
	return b.lower == 0 ? below(m, &g, b.upper) : between(m, &g, b);
}

/* Goal after goal, level after level. Return: false when none is left. */
static bool
advance(struct mlr *m)
{
	m->focus = 0;
	m->steps = 0;
	if (++m->goal < m->goals_n)
		return true;
	m->goal = 0;
	return ++m->level < levels(m);
}

/* Trials for one goal may have taken from another what it had: all are asked once more. */
static bool
any_left(struct mlr *m)
{
	m->level = levels(m) - 1;
	m->focus = 0;
	m->steps = 0;
	for (m->goal = 0; m->goal < m->goals_n; m->goal++) {
		m->focus = choose(m);
		if (m->focus > 0)
			return true;
	}
	return false;
}

bool
mlr_next(struct mlr *m, double *load, uint64_t *ns)
{
	double at;

	if (m->trials_n >= MLR_TRIALS)
		return false;
	for (;;) {
		at = m->level < levels(m) ? choose(m) : 0;
		if (at > 0)
			break;
		if (m->level < levels(m) && advance(m))
			continue;
		if (!any_left(m))
			return false;
		at = m->focus;
		break;
	}
	m->focus = at;
	*load = at;
	*ns = goal_on(m, m->goal, m->level).final_ns;
	return true;
}

void
mlr_begin(struct mlr *m)
{
	m->trials_n = 0;
	m->level = m->goal = m->steps = 0;
	m->focus = 0;
	if (m->whole || m->least <= 0)
		m->least = fmax(1, ceil(m->least));
	if (m->most > 0 && m->most < m->least)
		m->most = m->least;
}

void
mlr_add(struct mlr *m, const struct mlr_trial *trial)
{
	if (m->trials_n < MLR_TRIALS)
		m->trials[m->trials_n++] = *trial;
}

void
mlr_conclude(const struct mlr *m, unsigned int goal, struct mlr_result *result)
{
	const struct mlr_goal *g = &m->goals[goal];
	struct bounds b = find_bounds(m, g);

	*result = (struct mlr_result){
		.lower = b.lower,
		.upper = b.upper,
		.throughput = b.lower > 0 ? mlr_throughput(m, g, b.lower) : 0,
		.regular = is_narrow(m, g, b),
	};
	for (unsigned int i = 0; i < m->trials_n; i++)
		if (m->trials[i].load == b.upper && m->trials[i].limited)
			result->limited = true;
}
