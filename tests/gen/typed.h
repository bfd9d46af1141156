/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A command line as it is typed, read by a process of its own: whoever types it wrongly is told so,
 * and that process ends.
 */
#ifndef TESTS_GEN_TYPED_H
#define TESTS_GEN_TYPED_H

#include "gen/plan.h"

struct answer {
	int status;	 /* of exit; -1: a signal */
	char out[16384]; /* what was printed: the plan, or --help */
	char err[4096];
};

/* plan_read() and, when it comes back, plan_print(). Words are parted by spaces. */
void type(const char *line, struct answer *answer);

/* The same without a process: for lines that are right. Return: how many are the EAL's. */
int type_here(const char *line, struct plan *plan);

/* A file with this text. Return: its name, until the next call. */
const char *typed_file(const char *text);

/* Exit status 1, nothing but one line on stderr, and in it these words. */
void refused(const char *line, const char *words);

/* Exit status 0, nothing on stderr, and on stdout these words. */
void printed(const char *line, const char *words);

#endif
