/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the suites of frames share (RFC 2544, RFC 8219): one frame size after the other, and the
 * throughput of each, at which, or above which, the other tests are run.
 */
#ifndef GEN_SUITES_FRAMES_H
#define GEN_SUITES_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/suites/suite.h"

/* The device under test at one frame size. */
struct frames {
	struct series *s;
	uint16_t bytes;	       /* with FCS, RFC 2544 §9 */
	uint64_t trial_ns;     /* 60 s, or as --trial has it */
	double throughput;     /* a second; 0: none without loss */
	double ceiling;	       /* the highest rate that was, or could be, offered */
	bool loses_at_ceiling; /* else nothing is known of what overload does */
	bool limited;	       /* the generator did not offer more */
	struct mlr mlr;
};

/*
 * Of each frame size of the plan, or of the RFC: find the throughput, tell it, run the test.
 * Return: the worst status; the first that is 1 or 2 ends it.
 */
int frames_each(struct series *s, int (*test)(struct frames *f));

/* A trial of this size at this rate: so long without counting, then so long counted. */
void frames_trial(const struct frames *f, double rate, uint64_t omit_ns, uint64_t ns,
		  struct trial *trial);

/* Repetitions: --repeat, or what the RFC wants; fewer are noted. */
unsigned int frames_repeats(const struct frames *f, unsigned int wanted);

/* Before the first trial: a mode that sends frames and has them back. Return: 0, or 1. */
int frames_check(struct series *s, const char *const *tests);

/* Who may be troubled by it (RFC 6815), and what the figures are of. */
void frames_notes(struct series *s);

#endif
