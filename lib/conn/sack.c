/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/sack.h"
#include "conn/held.h"
#include "core/seq.h"

/* One that begins where the user took only a part is not all there any more. */
static bool
is_told(const struct tern_conn *c, uint32_t i)
{
	return c->recent[i].first != c->recent[i].end && seq_gt(c->recent[i].first, c->rcv.nxt);
}

/* The latest first, then those that were told last (RFC 2018 §4 (1), (3)). */
void
sack_arrived(struct tern_conn *c, const struct sack_block *run)
{
	struct sack_block kept[TERN_RCV_RECENT];
	uint32_t n = 0;

	/* Those that the run has grown together with, or into, are no runs any more. */
	kept[n++] = *run;
	for (uint32_t i = 0; i < TERN_RCV_RECENT && n < TERN_RCV_RECENT; i++) {
		if (is_told(c, i) &&
		    (seq_lt(c->recent[i].end, run->first) || seq_gt(c->recent[i].first, run->end)))
			kept[n++] = (struct sack_block){ c->recent[i].first, c->recent[i].end };
	}
	for (uint32_t i = 0; i < TERN_RCV_RECENT; i++) {
		c->recent[i].first = i < n ? kept[i].first : 0;
		c->recent[i].end = i < n ? kept[i].end : 0;
	}
}

void
sack_duplicate(struct tern_conn *c, uint32_t first, uint32_t end)
{
	if ((c->flags & TERN_CONN_SACK) == 0)
		return;
	c->flags |= TERN_CONN_DSACK;
	c->dsack_first = first;
	c->dsack_end = end;
}

uint32_t
sack_make(const struct tern_conn *c, struct sack_block blocks[TCP_SACK_BLOCKS_MAX])
{
	uint32_t n = 0;

	if ((c->flags & TERN_CONN_DSACK) != 0)
		blocks[n++] = (struct sack_block){ c->dsack_first, c->dsack_end };
	for (uint32_t i = 0; i < TERN_RCV_RECENT && n < TCP_SACK_BLOCKS_MAX; i++) {
		if (c->early_n > 0 && is_told(c, i))
			blocks[n++] = (struct sack_block){ c->recent[i].first, c->recent[i].end };
	}
	return n;
}
