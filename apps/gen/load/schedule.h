/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * When work is due, in open loop: a rate over time, and how arrivals are spread around it.
 *
 * The times are fixed in advance by rate, pacing and seed; nothing that the peer does moves them.
 * Each of several workers has a schedule of its own with its share of the rate.
 */
#ifndef GEN_LOAD_SCHEDULE_H
#define GEN_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum pacing {
	PACING_UNIFORM,
	PACING_POISSON, /* exponential gaps */
	PACING_BURST,	/* so many at once */
};

/* From one rate to another, linearly, in so long; equal: it holds. A second's rate. */
struct phase {
	double from, to;
	uint64_t ns;
};

#define PHASES_MAX 256

struct profile {
	struct phase phases[PHASES_MAX]; /* after the last one nothing is due any more */
	unsigned int n;
	enum pacing pacing;
	uint32_t burst; /* of PACING_BURST */
};

/*
 * Arrivals are numbered through all phases and all workers. When number n is due follows from the
 * profile alone, so that nothing adds up on the way to the last of them.
 */
struct schedule {
	uint64_t next_ns;  /* when the next one is due; UINT64_MAX: never */
	double at;	   /* its number */
	double step;	   /* from it to this worker's next one; of PACING_POISSON: the mean */
	double base;	   /* number of the first arrival of this phase */
	double end;	   /* and behind its last */
	double ns_each;	   /* between two of them; 0: the rate changes */
	uint64_t phase_ns; /* when the phase began */
	uint64_t random;
	const struct profile *profile; /* borrowed */
	unsigned int phase;
	uint32_t in_burst;
	double total; /* arrivals of the profile */
};

/* How long it lasts, and how many arrivals it has (of PACING_POISSON: in the mean). */
uint64_t profile_total_ns(const struct profile *p);
double profile_arrivals(const struct profile *p);

/* One rate for so long. Pacing stays. */
void profile_hold(struct profile *p, double rate, uint64_t ns);

/*
 * "0:500k:10s,hold:30s,0:5s" (--ramp), "100k:1m:100k:5s" (--step: from, to, by, each so long).
 * A ramp is FROM:TO:TIME, or hold:TIME, or TO:TIME from where the one before ended.
 * Return: NULL, or what is wrong with it, for a person.
 */
const char *profile_read_ramp(struct profile *p, const char *text);
const char *profile_read_step(struct profile *p, const char *text);

/* "uniform", "poisson", "burst:N" */
const char *profile_read_pacing(struct profile *p, const char *text);

/*
 * The part of worker @index of @workers. Uniform arrivals of workers that begin at the same time
 * stand evenly between one another; of bursts each worker has a whole one in turn.
 */
void schedule_start(struct schedule *s, const struct profile *p, unsigned int index,
		    unsigned int workers, uint64_t seed, uint64_t begin_ns);

/* The one at next_ns has been begun, or shed: on to the one after it. */
void schedule_next(struct schedule *s);

static inline bool
schedule_due(const struct schedule *s, uint64_t now)
{
	return s->next_ns <= now;
}

#endif
