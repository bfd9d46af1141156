/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timing wheel: which of very many timers has run out.
 *
 * Time is a 32-bit count of ticks that wraps; what a tick is, the caller decides. There are five
 * levels of 128 lists. A list of level 0 is one tick, one of level 1 is 64 ticks, of level 2 64^2,
 * and so on; a timer lies at the lowest level whose 128 lists reach to its tick. Bitmaps tell which
 * lists hold timers, so time steps over empty stretches of any length at once. When time enters a
 * list of level 1 or higher, its timers must have moved to lower levels.
 *
 * Since every level reaches twice as far as one list of the next, a list can be moved down all the
 * while that time spends in the list before it. This is done a little in every call (16 timers),
 * so that a million timers that happen to share a list do not become one call of 40 ms. What has
 * not been moved when time gets there is then moved at once: late is worse than long.
 *
 * Nodes are part of the caller's blocks, node i at first_node + i * stride, and linked by index: 12
 * bytes a timer. A node is not armed after wheel_node_init() or when its memory is zero. The wheel
 * keeps no pointer to any other memory and takes 5.2 kB itself.
 *
 *   cost       arm and cancel O(1); a timer moves down at most four times before it fires, and
 *              most of TCP's are cancelled before; a step of time is O(levels)
 *   exactness  a timer fires neither before its tick nor in a later call than the first one that
 *              reaches it; timers fire in the order of their ticks (one armed for a tick already
 *              passed: next), those of one tick in any order
 *   limits     a deadline is at most WHEEL_AHEAD_MAX ticks after the tick last told to
 *              wheel_expired(); with any timer armed, that must be told at least as often;
 *              2^31 - 1 nodes
 */
#ifndef CORE_WHEEL_H
#define CORE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_NONE UINT32_MAX
#define WHEEL_AHEAD_MAX ((UINT32_C(1) << 31) - 1)

enum {
	WHEEL_LEVELS = 5,
	WHEEL_SLOTS = 128,			/* lists of a level */
	WHEEL_DUE = WHEEL_LEVELS * WHEEL_SLOTS, /* list of what has run out */
	WHEEL_LISTS,
	WHEEL_MOVES = 16, /* timers moved down in advance in one call */
};

struct wheel_node {
	uint32_t next, prev; /* links: see wheel.c; prev is 0 when not armed */
	uint32_t at;	     /* tick at which it runs out */
};

struct wheel_list {
	uint32_t first, last;
};

struct wheel {
	char *nodes;
	size_t stride;
	uint32_t now;	 /* tick last told */
	uint32_t base;	 /* tick reached: behind now only while wheel_expired() has more to give */
	uint32_t levels; /* those that hold nodes, one bit each */
	bool moving;	 /* there may be nodes to move down in advance */
	uint64_t occupied[WHEEL_LEVELS][2]; /* lists that hold nodes, one bit each */
	struct wheel_list list[WHEEL_LISTS];
};

/* No node is armed. Node i is at first_node + i * stride; they are not touched until armed. */
void wheel_init(struct wheel *, void *first_node, size_t stride, uint32_t now_tick);

static inline void
wheel_node_init(struct wheel_node *node)
{
	*node = (struct wheel_node){ 0 };
}

static inline bool
wheel_armed(const struct wheel_node *node)
{
	return node->prev != 0;
}

/*
 * wheel_arm() - have node i returned by wheel_expired() once time reaches a tick
 * @at: the tick; one that has been reached already counts as reached at the next call
 *
 * An armed node is moved.
 */
void wheel_arm(struct wheel *, uint32_t i, uint32_t at);

/* Does nothing if node i is not armed. */
void wheel_cancel(struct wheel *, uint32_t i);

uint32_t wheel_turn(struct wheel *, uint32_t now_tick);

/*
 * wheel_expired() - one node that has run out, no longer armed, or WHEEL_NONE
 * @now_tick: the present; while nodes are armed, one before that of an earlier call counts as that
 *            of the earlier call
 *
 * To be called until it returns WHEEL_NONE. In between any node may be armed or cancelled, the one
 * returned too. One that is armed for the present or the past comes in the same loop: whoever
 * does this to every node that comes never ends.
 */
static inline uint32_t
wheel_expired(struct wheel *wheel, uint32_t now_tick)
{
	/* A loop that polls asks many times a tick. An empty list's head is linked to itself. */
	if (now_tick == wheel->base && !wheel->moving && wheel->list[WHEEL_DUE].first >> 31 != 0)
		return WHEEL_NONE;
	return wheel_turn(wheel, now_tick);
}

/*
 * wheel_next() - how long nothing will run out
 * @at: set to a tick not later than that of the first armed node, and exactly that if it is in
 *      the same 64 ticks as the present; left alone if no node is armed
 *
 * An idle caller sleeps until then, calls wheel_expired(), which may give nothing, and asks again:
 * six times at most for one node.
 *
 * Return: whether any node is armed
 */
bool wheel_next(const struct wheel *, uint32_t *at);

#endif /* CORE_WHEEL_H */
