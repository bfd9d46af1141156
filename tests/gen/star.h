/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers of one bench and the peer that they ask, under a virtual clock: what the workers send
 * comes to the peer, and a test says to whose queue its answers come.
 *
 *	worker 0 - queue 0 --.
 *	                      >-- peer, with the services of the plan
 *	worker 1 - queue 1 --'
 */
#ifndef GEN_STAR_H
#define GEN_STAR_H

#include "gen/bench.h"
#include "gen/serve.h"
#include "gen/trial.h"

enum { STAR_WORKERS = 2, STAR_PEER = STAR_WORKERS, STAR_ENDS, STAR_ROOM = 2048, STAR_PORT = 7 };

/* To which queue the answer to a worker comes. */
enum star_route { ROUTE_HOME, ROUTE_AWAY, ROUTE_FIRST };

struct star;

struct star_end {
	struct tern_port port; /* first member */
	struct star *star;
	struct tern_stack *stack;
	struct rte_mbuf *in[STAR_ROOM];
	unsigned int in_n;
	bool asleep; /* it is not polled */
};

struct star {
	struct plan plan; /* to be filled before star_open() */
	const struct engine *engine;
	enum star_route route;
	bool deaf; /* the peer serves nothing */
	void (*on_turn)(struct star *s);

	struct star_end end[STAR_ENDS];
	struct bench bench;
	struct serving *serving;
	struct result *result;
	uint64_t now;
	void *memory[16];
	unsigned int memory_n;
};

/* A plan of so many transactions in closed loop. */
void star_plan(struct star *s, enum mode mode, enum protocol proto, const struct engine *engine);

void star_open(struct star *s);

/* One trial; its result. */
const struct result *star_run(struct star *s);

/* All mbufs are back. */
void star_close(struct star *s);

/* As if it had come over the wire; a copy is made. */
void star_inject(struct star *s, unsigned int end, const void *frame, uint16_t bytes);

#endif
