/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/suites/mlrsearch.h"

#define S(n) (UINT64_C(1000000000) * (n))

static struct mlr mlr;

static void
add(unsigned int times, double load, unsigned int seconds, double loss)
{
	const struct mlr_trial t = { .load = load, .ns = S(seconds), .loss = loss };

	while (times-- > 0)
		mlr_add(&mlr, &t);
}

/* RFC 9971 appendix C.1: goals "RFC2544", "TST009", "1s final" and "20% exceed". */
static const struct mlr_goal examples[] = {
	{ .loss_ratio = 0, .exceed_ratio = 0, .final_ns = S(60), .sum_ns = S(60) },
	{ .loss_ratio = 0, .exceed_ratio = 0.5, .final_ns = S(60), .sum_ns = S(120) },
	{ .loss_ratio = 0.005, .exceed_ratio = 0.5, .final_ns = S(1), .sum_ns = S(120) },
	{ .loss_ratio = 0.005, .exceed_ratio = 0.2, .final_ns = S(60), .sum_ns = S(60) },
};

static void
are(enum mlr_bound a, enum mlr_bound b, enum mlr_bound c, enum mlr_bound d)
{
	const enum mlr_bound wanted[] = { a, b, c, d };

	for (unsigned int i = 0; i < 4; i++)
		cr_assert_eq(mlr_classify(&mlr, &examples[i], 1e6), wanted[i],
			     "goal %u after %u trials", i + 1, mlr.trials_n);
}

/*
 * Appendix C.3, point after point. Of goal 4 at points 5 and 6 the table there says Lower Bound,
 * beside ratios (42.857 % and 27.273 %) that exceed the 20 % of the goal: by §6.1 and by the code
 * of appendix A it is an Upper Bound, and so it is here.
 */
Test(mlrsearch, classifies_as_the_example_of_rfc_9971)
{
	memset(&mlr, 0, sizeof(mlr));
	are(MLR_UNDECIDED, MLR_UNDECIDED, MLR_UNDECIDED, MLR_UNDECIDED);
	add(59, 1e6, 1, 0);
	are(MLR_UNDECIDED, MLR_UNDECIDED, MLR_UNDECIDED, MLR_UNDECIDED);
	add(1, 1e6, 1, 0.01);
	are(MLR_UPPER, MLR_UNDECIDED, MLR_UNDECIDED, MLR_UNDECIDED);
	add(59, 1e6, 1, 0.01);
	are(MLR_UPPER, MLR_UNDECIDED, MLR_UNDECIDED, MLR_UPPER);
	add(1, 1e6, 1, 0);
	are(MLR_UPPER, MLR_UNDECIDED, MLR_LOWER, MLR_UPPER);
	add(1, 1e6, 60, 0.001);
	are(MLR_UPPER, MLR_UNDECIDED, MLR_LOWER, MLR_UPPER);
	add(1, 1e6, 60, 0);
	are(MLR_UPPER, MLR_LOWER, MLR_LOWER, MLR_UPPER);
	add(3, 2e6, 60, 1); /* another load says nothing of this one */
	are(MLR_UPPER, MLR_LOWER, MLR_LOWER, MLR_UPPER);
}

/* Appendix C.4: the loss of the trial at the quantile, by duration, of the full-length trials. */
Test(mlrsearch, conditional_throughput_as_the_example_of_rfc_9971)
{
	memset(&mlr, 0, sizeof(mlr));
	add(60, 1e6, 1, 0);
	add(60, 1e6, 1, 0.01);
	add(1, 1e6, 60, 0.001);
	add(1, 1e6, 60, 0);
	cr_assert_float_eq(mlr_throughput(&mlr, &examples[1], 1e6), 1e6, 1e-6);
	cr_assert_float_eq(mlr_throughput(&mlr, &examples[2], 1e6), 1e6, 1e-6);
	cr_assert_float_eq(mlr_throughput(&mlr, &examples[3], 1e6), 999000, 1e-6);
}

/* Appendix B: what has not been measured of the duration sum could have lost everything. */
Test(mlrsearch, conditional_throughput_is_conservative)
{
	memset(&mlr, 0, sizeof(mlr));
	add(1, 1e6, 60, 0.004);
	cr_assert_float_eq(mlr_throughput(&mlr, &examples[1], 1e6), 996000, 1e-6);
	add(29, 2e6, 1, 0);
	cr_assert_eq(mlr_throughput(&mlr, &examples[2], 2e6), 0);
}

/* Searches ---------------------------------------------------------------------------------- */

struct peer {
	double capacity, collapse;
	double noise; /* each so many-th trial loses 3 % */
	double spent_s;
};

static void
search(const struct mlr_goal *goals, unsigned int n, struct peer *peer)
{
	double load;
	uint64_t ns;

	memcpy(mlr.goals, goals, n * sizeof(*goals));
	mlr.goals_n = n;
	mlr_begin(&mlr);
	while (mlr_next(&mlr, &load, &ns)) {
		double over = load > peer->capacity ? peer->capacity * peer->collapse : load;
		struct mlr_trial t = { .load = load, .ns = ns, .loss = 1 - over / load };

		cr_assert_geq(load, mlr.least);
		if (mlr.most > 0)
			cr_assert_leq(load, mlr.most);
		if (peer->noise > 0 && fmod(mlr.trials_n, peer->noise) == 1)
			t.loss = fmax(t.loss, 0.03);
		peer->spent_s += (double)ns / 1e9;
		mlr_add(&mlr, &t);
	}
}

static struct mlr_goal
goal_of(double loss_ratio, double exceed_ratio, double width, unsigned int least_s,
	unsigned int most_s)
{
	return (struct mlr_goal){ .loss_ratio = loss_ratio,
				  .exceed_ratio = exceed_ratio,
				  .width = width,
				  .initial_ns = S(least_s),
				  .final_ns = S(most_s),
				  .sum_ns = S(most_s) * (exceed_ratio > 0 ? 2 : 1) };
}

/* Both bounds are where the capacity is, no further apart than the width. */
static void
holds(unsigned int goal, double lowest, double highest)
{
	struct mlr_result r;

	mlr_conclude(&mlr, goal, &r);
	cr_assert(r.regular, "goal %u: %f .. %f", goal, r.lower, r.upper);
	cr_assert(r.lower <= highest && r.upper >= lowest, "goal %u: %f .. %f", goal, r.lower,
		  r.upper);
	cr_assert_leq(r.upper - r.lower, r.upper * mlr.goals[goal].width * 1.000001);
	cr_assert_float_eq(r.throughput, r.lower, r.lower * mlr.goals[goal].loss_ratio + 1e-6);
}

Test(mlrsearch, finds_any_capacity_with_and_without_a_most)
{
	struct mlr_goal goal = goal_of(0, 0, 0.01, 60, 60);

	for (double capacity = 1500; capacity < 9e6; capacity *= 1.37)
		for (unsigned int known = 0; known < 2; known++) {
			struct peer peer = { .capacity = capacity, .collapse = 1 };

			memset(&mlr, 0, sizeof(mlr));
			mlr.least = 1000;
			mlr.most = known ? 1e7 : 0;
			search(&goal, 1, &peer);
			holds(0, capacity, capacity);
			cr_assert_lt(mlr.trials_n, 40, "%u trials", mlr.trials_n);
		}
}

/* A peer that falls to a quarter when overloaded: what it forwards then misleads, not for long. */
Test(mlrsearch, finds_a_knee_behind_a_collapse)
{
	struct mlr_goal goal = goal_of(0, 0, 0.01, 1, 1);
	struct peer peer = { .capacity = 700e3, .collapse = 0.25 };

	memset(&mlr, 0, sizeof(mlr));
	mlr.least = 1000;
	mlr.most = 5e6;
	search(&goal, 1, &peer);
	holds(0, 700e3, 700e3);
	cr_assert_lt(mlr.trials_n, 20, "%u trials", mlr.trials_n);
}

/* Several goals in one search cost less than one search for each; NDR is below PDR. */
Test(mlrsearch, several_goals_share_their_trials)
{
	struct mlr_goal goals[] = { goal_of(0, 0.5, 0.005, 1, 60),
				    goal_of(0.005, 0.5, 0.005, 1, 60),
				    goal_of(0.1, 0.5, 0.005, 1, 60) };
	struct peer one = { .capacity = 123456, .collapse = 1 }, all = one;
	struct mlr_result r[3];
	double apart = 0;

	for (unsigned int i = 0; i < 3; i++) {
		memset(&mlr, 0, sizeof(mlr));
		mlr.least = 1000;
		mlr.most = 1e6;
		one.spent_s = 0;
		search(&goals[i], 1, &one);
		apart += one.spent_s;
	}
	memset(&mlr, 0, sizeof(mlr));
	mlr.least = 1000;
	mlr.most = 1e6;
	search(goals, 3, &all);
	holds(0, 123456, 123456);
	holds(1, 123456 / 0.995, 123456 / 0.995);
	holds(2, 123456 / 0.9, 123456 / 0.9);
	for (unsigned int i = 0; i < 3; i++)
		mlr_conclude(&mlr, i, &r[i]);
	cr_assert(r[0].lower <= r[1].lower && r[1].lower < r[2].lower);
	cr_assert_lt(all.spent_s, apart);
}

/* Short trials first: most of the time goes into the few loads next to the result. */
Test(mlrsearch, short_trials_spare_time)
{
	struct mlr_goal slow = goal_of(0, 0, 0.01, 60, 60), quick = goal_of(0, 0, 0.01, 1, 60);
	struct peer a = { .capacity = 271828, .collapse = 1 }, b = a;

	memset(&mlr, 0, sizeof(mlr));
	mlr.least = 1000;
	mlr.most = 1e7;
	search(&slow, 1, &a);
	memset(&mlr, 0, sizeof(mlr));
	mlr.least = 1000;
	mlr.most = 1e7;
	search(&quick, 1, &b);
	holds(0, 271828, 271828);
	cr_assert_lt(b.spent_s, a.spent_s / 2, "%.0f s and %.0f s", b.spent_s, a.spent_s);
}

/* One trial in three is disturbed: with an exceed ratio that does not decide, without it does. */
Test(mlrsearch, disturbed_trials_are_tolerated_by_the_exceed_ratio)
{
	struct mlr_goal tolerant = goal_of(0, 0.5, 0.01, 2, 2), strict = goal_of(0, 0, 0.01, 2, 2);
	struct peer peer = { .capacity = 500e3, .collapse = 1, .noise = 3 };
	struct mlr_result r;

	memset(&mlr, 0, sizeof(mlr));
	mlr.least = 1000;
	mlr.most = 2e6;
	search(&tolerant, 1, &peer);
	holds(0, 500e3, 500e3);
	memset(&mlr, 0, sizeof(mlr));
	mlr.least = 1000;
	mlr.most = 2e6;
	search(&strict, 1, &peer);
	mlr_conclude(&mlr, 0, &r);
	cr_assert_lt(r.upper, 499e3, "%f", r.upper);
}

/* What is not in the range is said to be irregular, and the search ends. */
Test(mlrsearch, ends_at_both_ends_of_the_range)
{
	struct mlr_goal goal = goal_of(0, 0.5, 0.01, 1, 8);
	struct peer low = { .capacity = 10, .collapse = 1 }, high = { .capacity = 1e9 };
	struct mlr_result r;

	memset(&mlr, 0, sizeof(mlr));
	mlr.least = 1000;
	mlr.most = 1e6;
	search(&goal, 1, &low);
	mlr_conclude(&mlr, 0, &r);
	cr_assert(!r.regular && r.lower == 0 && r.upper == 1000);
	memset(&mlr, 0, sizeof(mlr));
	mlr.least = 1000;
	mlr.most = 1e6;
	search(&goal, 1, &high);
	mlr_conclude(&mlr, 0, &r);
	cr_assert(!r.regular && r.lower == 1e6 && r.upper == 0);
}

/* Connections are counted in whole ones, down to the last. */
Test(mlrsearch, whole_loads)
{
	struct mlr_goal goal = goal_of(0, 0.5, 0.0001, 1, 1);

	for (unsigned int capacity = 1; capacity < 130; capacity += 7) {
		struct peer peer = { .capacity = capacity, .collapse = 1 };
		struct mlr_result r;

		memset(&mlr, 0, sizeof(mlr));
		mlr.least = 1;
		mlr.most = 1000;
		mlr.whole = true;
		search(&goal, 1, &peer);
		mlr_conclude(&mlr, 0, &r);
		cr_assert(r.regular && r.lower == capacity && r.upper == capacity + 1, "%u: %f %f",
			  capacity, r.lower, r.upper);
	}
}

/* Whatever comes of the trials, it ends: each is random here. */
Test(mlrsearch, ends_with_nonsense)
{
	uint64_t random = 7, ns;
	double load;

	for (unsigned int run = 0; run < 50; run++) {
		memset(&mlr, 0, sizeof(mlr));
		mlr.least = 1;
		mlr.most = run % 2 == 0 ? 1e6 : 0;
		mlr.whole = run % 3 == 0;
		mlr.goals_n = 3;
		for (unsigned int i = 0; i < 3; i++)
			mlr.goals[i] = goal_of(0.1 * i, 0.25 * i, 0.02, 1, 10 * (i + 1));
		mlr_begin(&mlr);
		while (mlr_next(&mlr, &load, &ns)) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			add(1, load, (unsigned int)(ns / S(1)), (double)(random >> 60) / 20);
		}
		cr_assert_leq(mlr.trials_n, MLR_TRIALS);
	}
}
