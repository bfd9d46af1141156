/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The workers, and how time passes for them: really (run.c), or in a simulation (sim.c). trial.c
 * runs trials on either.
 */
#ifndef GEN_BENCH_H
#define GEN_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/plan.h"
#include "gen/record/failures.h"
#include "gen/report/report.h"
#include "gen/worker.h"

#define BENCH_WORKERS RESULT_WORKERS

struct bench {
	const struct plan *plan;
	const struct engine *engine;
	struct worker *workers[BENCH_WORKERS];
	unsigned int workers_n;
	struct trial trial; /* of the workers, while they run */

	uint64_t (*now)(struct bench *bench);
	/* Let time go by until then, or a little less; the workers are polled meanwhile. */
	void (*pass)(struct bench *bench, uint64_t until_ns);
	/*
	 * Share of the time that the worker had its processor, ns: ran and waited so far. NULL: it
	 * waits for none, as its time is not real.
	 */
	void (*schedstat)(struct bench *bench, unsigned int worker, uint64_t *ran,
			  uint64_t *waited);
	/* The port counts rx_missed, rx_errors, rx_no_mbuf, tx_errors, so far. NULL: nothing. */
	void (*port_counts)(struct bench *bench, struct ledger *ledger);
	bool stop;  /* somebody wants it to end */
	bool stuck; /* a worker does not answer: nothing can be run on it any more */
	struct setup setup;
	struct failures *failures; /* --capture-failed, or NULL */

	/* All workers together: of the interval that was just over, and of those left out. */
	struct meter *interval, *left_out;
};

/*
 * What is to be done with a bench once it stands; its value is the program's exit status.
 */
typedef int bench_work(struct bench *bench, void *data);

/* In real time over DPDK's ports; from main(). Return: the status of the work, or 1, 2. */
int bench_run(const struct plan *plan, int argc, char **argv, bench_work *work, void *data);

/* In virtual time, against a server of our own over a pipe: the same for the same seed. */
int bench_simulate(const struct plan *plan, int argc, char **argv, bench_work *work, void *data);

/* Server mode: until a signal. */
int bench_serve(const struct plan *plan, int argc, char **argv);

#endif
