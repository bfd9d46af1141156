/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker of --tcp lite and a stack behind a port that the test itself is: its rx says what comes,
 * its tx hears what left. Time is the test's, too.
 */
#ifndef GEN_TESTS_SCENE_H
#define GEN_TESTS_SCENE_H

#include "gen/worker.h"

#define SCENE_OURS UINT32_C(0x0a090001)
#define SCENE_THEIRS UINT32_C(0x0a090002)

enum { SCENE_PORT = 7 };

struct scene {
	struct tern_port port; /* first; rx and tx are the test's */
	struct plan plan;
	struct trial trial;
	struct worker *w;
	struct tern_stack *stack;
	void *stack_mem;
	uint64_t now;
};

/* The plan of a test: one connection to THEIRS, closed loop, from our address alone. */
void scene_plan(struct scene *s, enum mode mode, enum protocol proto);

void scene_open(struct scene *s);
void scene_turn(struct scene *s);
void scene_order(struct scene *s, enum worker_order what); /* obeyed in the next turn */

/* All mbufs are back. */
void scene_close(struct scene *s);

/* Zeros, aligned as workers and stacks want it; for free(). */
void *scene_memory(size_t bytes);

#endif
