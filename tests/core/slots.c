/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/random.h"
#include "core/slots.h"

/* A release build has none. */
#ifdef NDEBUG
#define ASSERTS false
#else
#define ASSERTS true
#endif

enum { SLOTS = 100 };

static struct slots slots;
static uint32_t memory[SLOTS];
static struct random draw;

static void
start(uint32_t n)
{
	const uint8_t key[16] = { 7 };

	random_init(&draw, key);
	cr_assert_leq(slots_bytes(n), sizeof(memory));
	slots_init(&slots, memory, n);
}

Test(slots, every_slot_once_then_none)
{
	bool seen[SLOTS] = { false };

	start(SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t slot = slots_take(&slots);

		cr_assert_lt(slot, (uint32_t)SLOTS);
		cr_assert_not(seen[slot]);
		seen[slot] = true;
	}
	cr_assert_eq(slots.used, (uint32_t)SLOTS);
	cr_assert_eq(slots_take(&slots), SLOT_NONE);
	slots_give(&slots, 42);
	cr_assert_eq(slots_take(&slots), 42);
	cr_assert_eq(slots_take(&slots), SLOT_NONE);
}

Test(slots, zero_slots_and_one)
{
	start(0);
	cr_assert_eq(slots_take(&slots), SLOT_NONE);
	cr_assert_eq(slots_find(&slots, UINT64_MAX << 32), SLOT_NONE);
	start(1);
	cr_assert_eq(slots_take(&slots), 0);
	cr_assert_eq(slots_take(&slots), SLOT_NONE);
	slots_give(&slots, 0);
	cr_assert_eq(slots.used, 0);
	cr_assert_eq(slots_take(&slots), 0);
}

Test(slots, last_given_is_first_taken)
{
	start(SLOTS);
	for (int i = 0; i < SLOTS; i++)
		slots_take(&slots);
	for (uint32_t i = 10; i < 20; i++)
		slots_give(&slots, i);
	for (uint32_t i = 20; i > 10; i--)
		cr_assert_eq(slots_take(&slots), i - 1);
}

/* One slot, so it is reused every time; no handle of its past is ever good again. */
Test(slots, stale_handle_is_not_found_in_a_million_reuses)
{
	uint64_t first, previous, now;

	start(1);
	previous = first = slots_handle(&slots, slots_take(&slots));
	slots_give(&slots, 0);
	for (int i = 0; i < 1000000; i++) {
		cr_assert_eq(slots_find(&slots, previous), SLOT_NONE); /* free */
		cr_assert_eq(slots_take(&slots), 0);
		now = slots_handle(&slots, 0);
		cr_assert_eq(slots_find(&slots, now), 0);
		cr_assert_eq(slots_find(&slots, previous), SLOT_NONE); /* another's */
		cr_assert_eq(slots_find(&slots, first), SLOT_NONE);
		slots_give(&slots, 0);
		previous = now;
	}
}

/* The generation wraps and stays one that a used slot can have. */
Test(slots, generation_wraps)
{
	uint64_t before, after;

	start(2);
	slots.generation = UINT32_MAX - 1;
	before = slots_handle(&slots, slots_take(&slots));
	after = slots_handle(&slots, slots_take(&slots));
	cr_assert_eq(slots_find(&slots, before), 0);
	cr_assert_eq(slots_find(&slots, after), 1);
	cr_assert_neq(before >> 32, after >> 32);
	cr_assert_neq(after >> 32, 0);
}

/* Whatever a slot's word is while it is free, there is no handle that finds it. */
Test(slots, forged_handles_of_free_slots_are_not_found)
{
	start(SLOTS);
	slots_take(&slots);
	cr_assert_eq(slots_find(&slots, 0), SLOT_NONE);
	for (uint32_t i = 1; i < SLOTS; i++) {
		cr_assert_eq(slots_find(&slots, (uint64_t)memory[i] << 32 | i), SLOT_NONE);
		cr_assert_eq(slots_find(&slots, i), SLOT_NONE);
	}
	cr_assert_eq(slots_find(&slots, slots_handle(&slots, 0) + SLOTS), SLOT_NONE);
	cr_assert_eq(slots_find(&slots, UINT64_MAX), SLOT_NONE);
}

/* Random takes and gives in random order, against a plain list of who has what. */
Test(slots, agrees_with_a_model)
{
	uint64_t handle[SLOTS] = { 0 }, old[SLOTS] = { 0 };
	uint32_t used = 0;

	start(SLOTS);
	for (int round = 0; round < 100000; round++) {
		uint32_t i = random_below(&draw, SLOTS);

		/* Long phases of filling and of emptying reach both ends. */
		if (random_below(&draw, 10) < (round / 1000 % 2 ? 3U : 7U)) {
			i = slots_take(&slots);
			cr_assert_eq(i == SLOT_NONE, used == SLOTS);
			if (i != SLOT_NONE) {
				cr_assert_eq(handle[i], 0, "slot %u given out twice", i);
				handle[i] = slots_handle(&slots, i);
				used++;
			}
		} else if (handle[i] != 0) {
			slots_give(&slots, i);
			old[i] = handle[i];
			handle[i] = 0;
			used--;
		}
		cr_assert_eq(slots.used, used);
		for (uint32_t k = 0; k < SLOTS; k++) {
			if (handle[k] != 0 && slots_find(&slots, handle[k]) != k)
				cr_assert_fail("slot %u lost", k);
			if (slots_find(&slots, old[k]) != SLOT_NONE)
				cr_assert_fail("stale handle of slot %u found", k);
		}
	}
}

Test(slots, double_give_is_asserted, .signal = SIGABRT, .disabled = !ASSERTS)
{
	start(SLOTS);
	slots_take(&slots);
	slots_give(&slots, 0);
	slots_give(&slots, 0);
}

Test(slots, giving_what_is_no_slot_is_asserted, .signal = SIGABRT, .disabled = !ASSERTS)
{
	start(SLOTS);
	slots_give(&slots, SLOTS);
}
