/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Can the figures be trusted? What the generator did, or what was done to it, must not be taken for
 * the target's doing.
 *
 * Not trustworthy is a result when
 *	- no interval is left that counts;
 *	- in more than a fifth of the intervals it was kept from its processor (DISTURBED);
 *	- in more than a tenth it had no cycles left (GENLIMIT), unless it was told to be as fast
 *	  as it can;
 *	- in more than a tenth it launched late (LATE) though it had something to launch with: rr
 *	  may wait for its connections, which is the target's doing, and is in the latency;
 *	- the port did not take more than a thousandth of the packets;
 *	- the ledger does not balance.
 */
#ifndef GEN_JUDGE_VERDICT_H
#define GEN_JUDGE_VERDICT_H

#include "gen/plan.h"
#include "gen/trial.h"

/* result->trustworthy and result->verdict, "yes, 0 of 30 intervals disturbed, lag p99 4 us, ..." */
void verdict_make(const struct plan *plan, struct result *result);

/*
 * The exit status of a run: of its failure, 1 or 2; else 3 when objectives were missed, 4 when it
 * cannot be trusted, 0.
 */
int verdict_status(const struct plan *plan, const struct result *result, bool met);

#endif
