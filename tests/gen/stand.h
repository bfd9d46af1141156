/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker with one engine, and a stack with echo services for it, under a virtual clock:
 *
 *	stack A - worker - tap - faults - pipe - stack B
 *
 * The tap shows each frame that A sends to the test. Both know the other's link address.
 */
#ifndef GEN_STAND_H
#define GEN_STAND_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_faults.h>
#include <tern_pipe.h>

#include "gen/worker.h"

#define STAND_A UINT32_C(0x0a090001)
#define STAND_B UINT32_C(0x0a090002)

struct stand {
	struct tern_port tap; /* first member */
	struct plan plan;     /* to be filled before stand_open() */
	struct trial trial;
	struct tern_faults_odds odds[2]; /* of what A sends; of what B sends */
	uint64_t delay_ns;		 /* one way; 0: 10 us */
	void (*on_frame)(struct stand *s, const struct rte_mbuf *m);
	bool silent; /* B is not there: what is sent is lost */

	struct worker *w;
	struct meter sum;
	uint64_t came; /* IPv4 packets to A */
	uint64_t now;
	struct tern_pipe pipe;
	struct tern_faults faults;
	struct tern_stack *stack[2];
	void *memory[8];
	unsigned int memory_n;
};

/* The plan of a test: to B's port 7, closed loop, from our address alone. */
void stand_plan(struct stand *s, enum mode mode, enum protocol proto);

/* Return: what engine->init() returned. */
int stand_open(struct stand *s, const struct engine *engine);

/* A whole trial: for so long, then until all is done, or its timeout. */
void stand_trial(struct stand *s, uint64_t ns);

/* All mbufs are back. */
void stand_close(struct stand *s);

static inline uint64_t
stand_count(const struct stand *s, enum counter what)
{
	return s->sum.count[what];
}

#endif
