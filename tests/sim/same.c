/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same seed makes the same run, to the frame and to the nanosecond: nothing in the stack looks
 * at a clock, at an address or at memory that it has not written.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "ends.h"

enum { PORT = 7 };

struct result {
	uint64_t hash, polls, time, frames[2];
};

static bool
all_closed(struct world *w)
{
	const struct end *ends = w->data;

	for (unsigned int i = 0; i < 8; i++)
		if (ends[i].closed == 0)
			return false;
	return true;
}

/* Four connections at once, of different kinds. `litter` is what the heap is filled with before. */
static struct result
run(uint64_t seed, uint8_t litter)
{
	const struct world_how how = {
		.seed = seed,
		.odds = { .loss_ppm = 20000,
			  .copy_ppm = 20000,
			  .corrupt_ppm = 5000,
			  .delay_ppm = 50000,
			  .delay_min_ns = 1000,
			  .delay_max_ns = MS(10) },
	};
	struct tern_tcp_listener listener[4];
	struct end e[8];
	struct world *w;
	struct result r;

	memset(&e, litter, sizeof(e));
	w = world_open(&how);
	w->data = e;
	for (unsigned int i = 0; i < 4; i++) {
		struct end *a = &e[2 * i], *b = &e[2 * i + 1];

		end_init(a, w, i % 2, 100000, i == 3 ? 100000 : 50000);
		if (i == 3)
			end_echo(b, w, !(i % 2));
		else
			end_init(b, w, !(i % 2), 50000, 100000);
		if (i == 3)
			b->seed = a->seed;
		end_listen(b, &listener[i], (uint16_t)(PORT + i));
		end_connect(a, (uint16_t)(PORT + i));
		ends_pair(a, b);
	}
	world_run(w, all_closed, S(600));
	for (unsigned int i = 0; i < 8; i++)
		end_check(&e[i], TERN_FINISHED);
	r = (struct result){ w->hash, w->polls, world_time(w), { w->frames[A], w->frames[B] } };
	world_close(w);
	return r;
}

Test(same, seed_makes_the_same_trace)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct result first = run(seed, 0x00), again = run(seed, 0xa5);

		cr_assert_eq(first.hash, again.hash, "seed %d: another trace", (int)seed);
		cr_assert_eq(memcmp(&first, &again, sizeof(first)), 0, "seed %d", (int)seed);
		cr_assert_neq(first.hash, run(seed + 100, 0x00).hash);
	}
}
