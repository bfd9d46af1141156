/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The SACK blocks that we send (RFC 2018 §4), duplicates first (RFC 2883).
 *
 * A block is a run of early segments that lie without a gap (held.h). The run that the latest
 * segment came into is told first, then those before it.
 */
#ifndef SACK_H
#define SACK_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/tcp.h"
#include <tern_conn.h>

/* An early segment was taken, or came twice, that now belongs to this run. */
void sack_arrived(struct tern_conn *c, const struct sack_block *run);

/* [first, end) has come before. */
void sack_duplicate(struct tern_conn *c, uint32_t first, uint32_t end);

/* Is there anything to tell? */
static inline bool
sack_wanted(const struct tern_conn *c)
{
	return (c->flags & TERN_CONN_SACK) != 0 &&
	       (c->early_n > 0 || (c->flags & TERN_CONN_DSACK) != 0);
}

/* The blocks there are to tell, in order. Return: how many; none if all that is early is a FIN. */
uint32_t sack_make(const struct tern_conn *c, struct sack_block blocks[TCP_SACK_BLOCKS_MAX]);

/* They leave now. */
static inline void
sack_told(struct tern_conn *c)
{
	c->flags &= ~TERN_CONN_DSACK;
}

#endif
