/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The command line of tern-gen, `tern-gen [EAL options] -- MODE [options] [TARGET]`, into a plan.
 *
 * What is wrong is said in one line on stderr and ends the program with exit status 1. Options may
 * also come from files, --config and --dperf-conf; those on the command line count more.
 */
#ifndef GEN_OPTIONS_H
#define GEN_OPTIONS_H

#include <stdio.h>

#include "gen/plan.h"

/*
 * plan_read() - read a whole command line
 * @argv: borrowed as long as the plan is
 *
 * Does not return after --help or an error. Return: how many of the arguments, from argv[0] on, are
 * for the EAL.
 */
int plan_read(struct plan *plan, int argc, char **argv);

/* The plan as it was read, a line for each thing: --dry-run. */
void plan_print(const struct plan *plan, FILE *to);

void plan_free(struct plan *plan);

#endif
