/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Objectives: what a run has to reach, "connect.p99<500us,errors<0.001%,resp/s>100k".
 *
 *	TIME.STAT < T	connect ttfb ttlb close lag, and connect_naive ttfb_naive ttlb_naive;
 *			p50, p99.9 ..., max, mean, min
 *	ERROR < N%	errors (all), timeout, rst, refused ... of all that ended; without a %, N is
 *			how many of them
 *	loss < N%	what did not come back, of all that was due: also what was shed
 *	RATE > R	conns/s, req/s, resp/s, tx.pps, rx.pps, tx.bps, rx.bps
 *	busy < N%	of the generator's cycles
 *
 * "<", "<=", ">" and ">=" all do.
 */
#ifndef GEN_JUDGE_SLO_H
#define GEN_JUDGE_SLO_H

#include "gen/plan.h"
#include "gen/report/report.h"
#include "gen/trial.h"

/* Read one objective. Return: NULL, or what is wrong with it, for a person. */
const char *slo_read(struct slo *slo, const char *text);

/*
 * Is it met? A time of which nothing was recorded does not meet anything.
 * @value: in the unit of slo->limit; NAN: there is none
 */
bool slo_met(const struct slo *slo, const struct plan *plan, const struct result *result,
	     double *value);

/* All of the plan's, one by one. Return: are all of them met? */
bool slo_judge(const struct plan *plan, const struct result *result, struct judged *judged);

#endif
