/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <string.h>

#include "core/random.h"
#include "core/wheel.h"

enum { NODES = 200 };

/* A timer as it lies in a block of the caller: not alone, and not first. */
static struct block {
	uint64_t before;
	struct wheel_node timer;
	uint32_t after[3];
} block[NODES];

static struct wheel wheel;
static struct random draw;

static void
start(uint32_t now)
{
	memset(block, 0, sizeof(block));
	wheel_init(&wheel, &block[0].timer, sizeof(block[0]), now);
}

static void
seed(uint8_t byte)
{
	const uint8_t key[16] = { byte };

	random_init(&draw, key);
}

/* Ticks to begin at: 0, and both sides of where a digit, the sign or the whole number turns. */
static const uint32_t origin[] = {
	0,	    1,		63,	    64,		4095,
	0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xbfffffff,
	0xc0000001, 0xfffff000, 0xffffffc0, 0xfffffffe, 0xffffffff,
};

enum { ORIGINS = sizeof(origin) / sizeof(origin[0]) };

Test(wheel, zeroed_and_initialised_nodes_are_not_armed)
{
	struct wheel_node node = { 1, 2, 3 };

	start(5);
	cr_assert_not(wheel_armed(&block[0].timer));
	wheel_cancel(&wheel, 0);
	wheel_node_init(&node);
	cr_assert_not(wheel_armed(&node));
	cr_assert_eq(wheel_expired(&wheel, 1000), WHEEL_NONE);
	cr_assert_not(wheel_next(&wheel, &node.at));
}

Test(wheel, fires_at_its_tick_neither_before_nor_after)
{
	for (int o = 0; o < ORIGINS; o++) {
		for (uint32_t bit = 0; bit < 31; bit++) {
			for (int off = -1; off <= 1; off++) {
				uint32_t ahead = (UINT32_C(1) << bit) + (uint32_t)off;
				uint32_t at = origin[o] + ahead, next;

				if (ahead == 0)
					continue;
				start(origin[o]);
				wheel_arm(&wheel, 7, at);
				cr_assert(wheel_armed(&block[7].timer));
				cr_assert(wheel_next(&wheel, &next));
				cr_assert_leq(next - origin[o], ahead);
				cr_assert_eq(wheel_expired(&wheel, at - 1), WHEEL_NONE);
				cr_assert(wheel_next(&wheel, &next));
				cr_assert_eq(next, at);
				cr_assert_eq(wheel_expired(&wheel, at), 7);
				cr_assert_not(wheel_armed(&block[7].timer));
				cr_assert_eq(wheel_expired(&wheel, at), WHEEL_NONE);
			}
		}
	}
}

Test(wheel, the_furthest_deadline_from_any_origin)
{
	for (int o = 0; o < ORIGINS; o++) {
		uint32_t at = origin[o] + WHEEL_AHEAD_MAX;

		start(origin[o]);
		wheel_arm(&wheel, 0, at);
		cr_assert_eq(wheel_expired(&wheel, at - 1), WHEEL_NONE);
		cr_assert_eq(wheel_expired(&wheel, at), 0);
	}
}

Test(wheel, a_deadline_in_the_past_fires_at_the_next_call)
{
	for (int o = 0; o < ORIGINS; o++) {
		uint32_t next;

		start(origin[o]);
		wheel_arm(&wheel, 1, origin[o]);
		wheel_arm(&wheel, 2, origin[o] - 1000);
		wheel_arm(&wheel, 3, origin[o] - WHEEL_AHEAD_MAX);
		cr_assert(wheel_next(&wheel, &next));
		cr_assert_eq(next, origin[o]);
		cr_assert_eq(wheel_expired(&wheel, origin[o]), 1);
		cr_assert_eq(wheel_expired(&wheel, origin[o]), 2);
		cr_assert_eq(wheel_expired(&wheel, origin[o]), 3);
		cr_assert_eq(wheel_expired(&wheel, origin[o]), WHEEL_NONE);
	}
}

Test(wheel, arming_again_moves)
{
	start(100);
	wheel_arm(&wheel, 4, 200);
	wheel_arm(&wheel, 4, 100000);
	cr_assert_eq(wheel_expired(&wheel, 99999), WHEEL_NONE);
	wheel_arm(&wheel, 4, 100001);
	wheel_arm(&wheel, 4, 100000);
	cr_assert_eq(wheel_expired(&wheel, 100001), 4);
	cr_assert_eq(wheel_expired(&wheel, 200000), WHEEL_NONE);
}

/* Same tick, armed from far and from near, at several levels: all of them, and only then. */
Test(wheel, timers_of_one_tick_fire_together)
{
	const uint32_t at = 1000000;
	bool fired[50] = { false };
	uint32_t i;

	start(0);
	for (i = 0; i < 50; i++) {
		wheel_arm(&wheel, i, at);
		cr_assert_eq(wheel_expired(&wheel, at / 50 * i), WHEEL_NONE);
	}
	for (int n = 0; n < 50; n++) {
		i = wheel_expired(&wheel, at);
		cr_assert_lt(i, 50);
		cr_assert_not(fired[i]);
		fired[i] = true;
	}
	cr_assert_eq(wheel_expired(&wheel, at), WHEEL_NONE);
}

static uint32_t
list_length(uint32_t list)
{
	uint32_t link, n = 0;

	for (link = wheel.list[list].first; link >> 31 == 0; link = block[link - 1].timer.next)
		n++;
	return n;
}

/* A full list of level 2 is not moved in one call, and is gone before time gets there. */
Test(wheel, moves_down_in_small_steps)
{
	const uint32_t list = 2 * WHEEL_SLOTS + 3; /* ticks 3 * 4096 to 4 * 4096 - 1 */
	uint32_t before, left = NODES;

	start(0);
	for (uint32_t i = 0; i < NODES; i++)
		wheel_arm(&wheel, i, 3 * 4096 + i);
	cr_assert_eq(wheel_expired(&wheel, 2 * 4096 - 1), WHEEL_NONE);
	cr_assert_eq(list_length(list), (uint32_t)NODES);
	for (int call = 0; left > 0; call++) {
		cr_assert_leq(call, NODES / WHEEL_MOVES + 1);
		before = left;
		/* The same tick every time, as from a loop that polls. */
		cr_assert_eq(wheel_expired(&wheel, 2 * 4096), WHEEL_NONE);
		left = list_length(list);
		cr_assert_lt(left, before);
		cr_assert_leq(before - left, (uint32_t)WHEEL_MOVES);
	}
	for (uint32_t i = 0; i < NODES; i++) {
		cr_assert_eq(wheel_expired(&wheel, 3 * 4096 + i - 1), WHEEL_NONE);
		cr_assert_eq(wheel_expired(&wheel, 3 * 4096 + i), i);
	}
	cr_assert_eq(wheel.levels, 0);
}

/* Between two calls anything may change: others due are cancelled, the one returned is re-armed. */
Test(wheel, may_be_changed_inside_the_loop)
{
	start(0xfffffff0);
	for (uint32_t i = 0; i < 6; i++)
		wheel_arm(&wheel, i, 5);
	cr_assert_eq(wheel_expired(&wheel, 1000), 0);
	wheel_cancel(&wheel, 1);    /* due, not yet returned */
	wheel_arm(&wheel, 2, 2000); /* due, moved away */
	wheel_arm(&wheel, 0, 900);  /* later, but still past */
	wheel_arm(&wheel, 6, 1000); /* now */
	wheel_arm(&wheel, 7, 1001);
	cr_assert_eq(wheel_expired(&wheel, 1000), 3);
	cr_assert_eq(wheel_expired(&wheel, 1000), 4);
	cr_assert_eq(wheel_expired(&wheel, 1000), 5);
	cr_assert_eq(wheel_expired(&wheel, 1000), 0);
	cr_assert_eq(wheel_expired(&wheel, 1000), 6);
	cr_assert_eq(wheel_expired(&wheel, 1000), WHEEL_NONE);
	cr_assert_eq(wheel_expired(&wheel, 1001), 7);
	cr_assert_eq(wheel_expired(&wheel, 1999), WHEEL_NONE);
	cr_assert_eq(wheel_expired(&wheel, 2000), 2);
}

/* In one long jump too: what is re-armed for a later tick takes its place among others. */
Test(wheel, fires_in_the_order_of_ticks)
{
	start(0);
	wheel_arm(&wheel, 2, 900);
	wheel_arm(&wheel, 1, 30);
	wheel_arm(&wheel, 0, 5);
	cr_assert_eq(wheel_expired(&wheel, 1000), 0);
	wheel_arm(&wheel, 0, 500);
	wheel_arm(&wheel, 3, 4); /* passed: next */
	cr_assert_eq(wheel_expired(&wheel, 1000), 3);
	cr_assert_eq(wheel_expired(&wheel, 1000), 1);
	cr_assert_eq(wheel_expired(&wheel, 1000), 0);
	cr_assert_eq(wheel_expired(&wheel, 1000), 2);
	cr_assert_eq(wheel_expired(&wheel, 1000), WHEEL_NONE);
}

/* The wheel is still at an early timer when one is armed that is far ahead of the present. */
Test(wheel, the_furthest_deadline_from_inside_a_long_jump)
{
	for (int o = 0; o < ORIGINS; o++) {
		uint32_t now = origin[o] + WHEEL_AHEAD_MAX, at = now + WHEEL_AHEAD_MAX;

		start(origin[o]);
		wheel_arm(&wheel, 0, origin[o] + 1);
		wheel_arm(&wheel, 1, origin[o] + 2);
		cr_assert_eq(wheel_expired(&wheel, now), 0);
		wheel_arm(&wheel, 2, at);
		wheel_arm(&wheel, 3, now + 1);
		cr_assert_eq(wheel_expired(&wheel, now), 1);
		cr_assert_eq(wheel_expired(&wheel, now), WHEEL_NONE);
		cr_assert_eq(wheel_expired(&wheel, now + 1), 3);
		cr_assert_eq(wheel_expired(&wheel, at - 1), WHEEL_NONE);
		cr_assert_eq(wheel_expired(&wheel, at), 2);
	}
}

Test(wheel, time_told_does_not_go_back)
{
	start(1000);
	wheel_arm(&wheel, 0, 1500);
	cr_assert_eq(wheel_expired(&wheel, 1400), WHEEL_NONE);
	cr_assert_eq(wheel_expired(&wheel, 900), WHEEL_NONE);
	wheel_arm(&wheel, 1, 1300);
	cr_assert_eq(wheel_expired(&wheel, 900), 1);
	cr_assert_eq(wheel_expired(&wheel, 1500), 0);
}

/* With nothing armed any time may pass: more than half of the circle too. */
Test(wheel, an_empty_wheel_takes_any_jump)
{
	start(0);
	for (uint32_t now = 0, i = 0; i < 100; i++) {
		now += 0xd0000000;
		cr_assert_eq(wheel_expired(&wheel, now), WHEEL_NONE);
		wheel_arm(&wheel, 0, now + 10);
		cr_assert_eq(wheel_expired(&wheel, now + 9), WHEEL_NONE);
		cr_assert_eq(wheel_expired(&wheel, now + 10), 0);
	}
}

/* 10^13 ticks in all: whoever looks at each, or at each 64th, is not back within the time. */
Test(wheel, empty_stretches_cost_nothing, .timeout = 5)
{
	uint32_t now = 0;

	start(now);
	for (int i = 0; i < 100000; i++) {
		wheel_arm(&wheel, 0, now + 100000001);
		now += 100000000;
		if (wheel_expired(&wheel, now) != WHEEL_NONE)
			cr_assert_fail("fired early");
		now++;
		if (wheel_expired(&wheel, now) != 0)
			cr_assert_fail("fired late");
	}
}

/* An idle caller that sleeps as long as wheel_next() says wakes a bounded number of times. */
Test(wheel, sleeping_until_next_takes_at_most_six_wakes)
{
	seed(1);
	for (int o = 0; o < ORIGINS; o++) {
		for (int i = 0; i < 200; i++) {
			uint32_t at = origin[o] + 1 + random_below(&draw, WHEEL_AHEAD_MAX);
			uint32_t now, wakes = 1;

			start(origin[o]);
			wheel_arm(&wheel, 0, at);
			for (; wheel_next(&wheel, &now); wakes++)
				if (wheel_expired(&wheel, now) == 0)
					break;
			cr_assert_eq(now, at);
			cr_assert_leq(wakes, 6);
		}
	}
}

/* The model: ticks that never wrap, 0 when not armed, looked through from end to end. */
static uint64_t armed_at[NODES];
static uint64_t model_now;

static uint64_t
model_first(void)
{
	uint64_t first = UINT64_MAX;

	for (int i = 0; i < NODES; i++)
		if (armed_at[i] != 0 && armed_at[i] < first)
			first = armed_at[i];
	return first;
}

/* 1 .. 2^31 - 1, each number of digits as likely as any other. */
static uint32_t
some_ticks(void)
{
	return 1 + (random_below(&draw, WHEEL_AHEAD_MAX) >> random_below(&draw, 31));
}

static void
arm_some(void)
{
	uint32_t i = random_below(&draw, NODES);

	armed_at[i] = model_now + some_ticks();
	if (random_below(&draw, 10) == 0)
		armed_at[i] = model_now - random_below(&draw, 100);
	wheel_arm(&wheel, i, (uint32_t)armed_at[i]);
}

static void
cancel_some(void)
{
	uint32_t i = random_below(&draw, NODES);

	wheel_cancel(&wheel, i);
	armed_at[i] = 0;
}

static void
check_next(void)
{
	uint64_t first = model_first();
	uint32_t next;

	if (first == UINT64_MAX) {
		cr_assert_not(wheel_next(&wheel, &next));
		return;
	}
	if (first < model_now)
		first = model_now;
	cr_assert(wheel_next(&wheel, &next));
	cr_assert_leq((int32_t)(next - (uint32_t)first), 0, "later than the first timer");
	cr_assert_geq((int32_t)(next - (uint32_t)model_now), 0);
	if (first >> 6 == model_now >> 6)
		cr_assert_eq(next, (uint32_t)first);
}

static void
advance(void)
{
	int loops = 0;
	uint32_t i;

	/* To just before, to, or past the first timer, or anywhere. */
	if (random_below(&draw, 2) == 0 && model_first() < UINT64_MAX)
		model_now = model_first() > model_now + 1 ?
				    model_first() - 1 + random_below(&draw, 2) :
				    model_now + 1;
	else
		model_now += some_ticks();

	while ((i = wheel_expired(&wheel, (uint32_t)model_now)) != WHEEL_NONE) {
		cr_assert_neq(armed_at[i], 0, "%u fired unarmed or twice", i);
		cr_assert_leq(armed_at[i], model_now, "%u fired early", i);
		cr_assert_not(wheel_armed(&block[i].timer));
		armed_at[i] = 0;
		if (loops++ < 50 && random_below(&draw, 4) == 0) {
			arm_some();
			cancel_some();
		}
	}
	cr_assert_gt(model_first(), model_now, "a timer did not fire");
}

static void
run_against_model(uint32_t begin, int rounds)
{
	memset(armed_at, 0, sizeof(armed_at));
	start(begin);
	model_now = (UINT64_C(1) << 40) + begin;
	for (int round = 0; round < rounds; round++) {
		for (uint32_t n = random_below(&draw, 8); n > 0; n--)
			arm_some();
		for (uint32_t n = random_below(&draw, 3); n > 0; n--)
			cancel_some();
		check_next();
		advance();
		check_next();
	}
	for (uint32_t i = 0; i < NODES; i++) {
		cr_assert_eq(wheel_armed(&block[i].timer), armed_at[i] != 0);
		cr_assert_eq(block[i].before, 0);
		cr_assert_eq(block[i].after[0], 0);
	}
}

Test(wheel, agrees_with_a_model)
{
	seed(2);
	for (int o = 0; o < ORIGINS; o++)
		run_against_model(origin[o], 800);
}
