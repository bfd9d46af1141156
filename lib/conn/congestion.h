/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tables of congestion control share: which is which, and the bounds of cwnd.
 *
 * A table keeps its state in tern_conn.congestion_state. It is seen there as a struct of the
 * table's own, declared __rte_may_alias since the words are declared as numbers, and asserted to
 * fit.
 */
#ifndef CONGESTION_H
#define CONGESTION_H

#include <tern_config.h>
#include <tern_congestion.h>

enum { CWND_MAX = 1 << 30 }; /* the largest window that can be advertised (RFC 7323 §2.3) */

/* The table of that name; NULL beyond the enum. */
const struct tern_congestion *congestion_of(enum tern_congestion_kind kind);

/* cwnd grows by that much, up to CWND_MAX. */
static inline void
widen_cwnd(struct tern_conn *c, uint32_t bytes)
{
	if (c->cong.cwnd >= CWND_MAX || bytes > CWND_MAX - c->cong.cwnd)
		c->cong.cwnd = CWND_MAX;
	else
		c->cong.cwnd += bytes;
}

#endif
