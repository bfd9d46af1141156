/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/sack.h"
#include "conn/held.h"
#include "core/seq.h"

void
sack_arrived(struct tern_conn *c, uint32_t seq)
{
	struct sack_block run, other;
	uint32_t i = 0, last;

	if (!early_run_of(c, seq, &run))
		return;
	/* The place of the same run, or the oldest one, is what the others move up to. */
	for (last = 0; last < TERN_RCV_RECENT - 1; last++) {
		if (early_run_of(c, c->recent[last], &other) && other.first == run.first)
			break;
	}
	for (i = last; i > 0; i--)
		c->recent[i] = c->recent[i - 1];
	c->recent[0] = seq;
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

/* All blocks that there are to tell, in order. Return: how many. */
static uint32_t
make_all(const struct tern_conn *c, struct sack_block *blocks)
{
	uint32_t n = 0, first, k;

	if ((c->flags & TERN_CONN_DSACK) != 0)
		blocks[n++] = (struct sack_block){ c->dsack_first, c->dsack_end };
	first = n;
	for (uint32_t i = 0; i < TERN_RCV_RECENT && n < TCP_SACK_BLOCKS_MAX; i++) {
		if (!early_run_of(c, c->recent[i], &blocks[n]))
			continue;
		for (k = first; k < n && blocks[k].first != blocks[n].first; k++)
			;
		n += k == n;
	}
	if (n == 0 && c->early != NULL && early_run_of(c, held_of(c->early)->seq, &blocks[0]))
		n = 1;
	return n;
}

uint32_t
sack_blocks(const struct tern_conn *c)
{
	struct sack_block blocks[TCP_SACK_BLOCKS_MAX];

	return make_all(c, blocks);
}

void
sack_make(const struct tern_conn *c, struct sack_block *blocks, uint32_t n)
{
	struct sack_block all[TCP_SACK_BLOCKS_MAX];

	make_all(c, all);
	memcpy(blocks, all, n * sizeof(*blocks));
}
