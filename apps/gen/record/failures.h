/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the recorders of all workers captured, trial by trial, into one file (--capture-failed).
 *
 *	f = failures_open(plan, workers, n, now, epoch);
 *	failures_write(f);	after each trial
 *	failures_close(f);
 *
 * All of it is called from the thread that runs trials. The frames of a trial are written in the
 * order of their times.
 */
#ifndef GEN_RECORD_FAILURES_H
#define GEN_RECORD_FAILURES_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/record/recorder.h"

struct worker;
struct pcapng;

/* One that is in the file. */
struct captured_failure {
	struct tuple who;
	enum error cause;
	uint64_t at_ns; /* as the file has times: since 1970, in a simulation since its beginning */
	uint32_t frames;
};

struct failures {
	const char *path;
	struct captured_failure *list;
	uint32_t n;
	uint64_t frames, missed; /* missed: failures that were not captured */
	/* private */
	struct pcapng *file;
	struct worker *const *workers;
	unsigned int workers_n;
	uint32_t left, most;
	uint64_t epoch_ns; /* added to the workers' times */
	bool failed;	   /* something could not be written, and that was told */
};

/*
 * @now_ns: of the workers' clock
 * @epoch_ns: the same time since 1970; in a simulation it may be any
 *
 * Before the first trial. Return: NULL after one line on stderr.
 */
struct failures *failures_open(const struct plan *plan, struct worker *const *workers,
			       unsigned int n, uint64_t now_ns, uint64_t epoch_ns);

/* What the trial has left; the workers are idle. */
void failures_write(struct failures *f);

/* f may be NULL. Return: 0, or -1: not all could be written, and that was told. */
int failures_close(struct failures *f);

#endif
