/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stage for engines that use a stack: a world (sim/world.h) in which a worker stands in front of
 * stack A, and services, or a peer that a test makes up, are on stack B. Trials are run by trial.c,
 * with the world's clock.
 */
#ifndef GEN_TESTS_STAGE_H
#define GEN_TESTS_STAGE_H

#include "gen/bench.h"
#include "gen/serve.h"
#include "gen/trial.h"
#include "sim/world.h"

enum { STAGE_PORT = 4000, STAGE_CONNECTIONS = 256 };

struct stage {
	struct world *w;
	struct plan plan;
	struct world_how how;
	struct tern_tcp_user
		*peer;	   /* of what comes to STAGE_PORT; NULL: the services of the plan */
	bool deaf;	   /* nobody listens */
	uint64_t ahead_ns; /* the clock of the worker goes on while a turn lasts */
	const struct engine *engine; /* of stage_plan(): engine_full */

	struct bench bench;
	struct serving *serving;
	struct tern_tcp_listener listener;
	uint64_t tick;
	struct result *result;
	struct trial trial; /* by hand */
};

/* A plan of so many transactions in closed loop, one at a time, and a world with 1 ms each way. */
void stage_plan(struct stage *s, enum mode mode, enum protocol proto);

void stage_open(struct stage *s);

/* One trial of the plan; what came of it is in s->result, and is the same as in the meter. */
void stage_run(struct stage *s);

/* Or by hand: give the worker an order, and let it obey. */
void stage_order(struct stage *s, enum worker_order order);

/* The ledger balances, all of so many transactions ended well, and nothing went wrong. */
void stage_all_well(const struct stage *s, uint64_t n);

/* So many of them failed, all for this cause. */
void stage_all_failed(const struct stage *s, uint64_t n, enum error error);

/* There are so many of this time, and each was this long. */
void stage_all_took(const struct stage *s, enum time_of what, uint64_t n, uint64_t ns);

/* The world ends: every mbuf is back. */
void stage_close(struct stage *s);

static inline uint64_t
stage_count(const struct stage *s, enum counter what)
{
	return s->result->total.count[what];
}

static inline uint64_t
stage_error(const struct stage *s, enum error what)
{
	return s->result->total.error[what];
}

#define stage_check(s, ok, ...) world_check((s)->w, ok, __VA_ARGS__)

#endif
