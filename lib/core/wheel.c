/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/wheel.h"

#include <assert.h>

/*
 * Lists are rings that go through their head. A link is one 32-bit number: i + 1 for node i, or
 * LIST | number of the list. So any node can leave its list without being told which it is in, and
 * 0 is no link at all.
 */
#define LIST (UINT32_C(1) << 31)
#define DUE (LIST | WHEEL_DUE)

__extension__ typedef unsigned __int128 bitmap;

enum {
	LEVEL_BITS = 6,		     /* a list of one level is 2^6 lists of the level below */
	LAST_SLOT = WHEEL_SLOTS - 1, /* the furthest ahead at a level */
	TOP_LEVEL = WHEEL_LEVELS - 1,
};

static inline struct wheel_node *
node_at(const struct wheel *wheel, uint32_t link)
{
	return (struct wheel_node *)(void *)(wheel->nodes + (link - 1) * wheel->stride);
}

static inline bool
is_list(uint32_t link)
{
	return (link & LIST) != 0;
}

static inline void
set_next(struct wheel *wheel, uint32_t link, uint32_t next)
{
	if (is_list(link))
		wheel->list[link & ~LIST].first = next;
	else
		node_at(wheel, link)->next = next;
}

static inline void
set_prev(struct wheel *wheel, uint32_t link, uint32_t prev)
{
	if (is_list(link))
		wheel->list[link & ~LIST].last = prev;
	else
		node_at(wheel, link)->prev = prev;
}

static void
mark_occupied(struct wheel *wheel, uint32_t list)
{
	uint32_t n = list & ~LIST;

	if (n == WHEEL_DUE)
		return;
	wheel->occupied[n / WHEEL_SLOTS][n / 64 % 2] |= UINT64_C(1) << n % 64;
	wheel->levels |= UINT32_C(1) << n / WHEEL_SLOTS;
}

static void
mark_empty(struct wheel *wheel, uint32_t list)
{
	uint32_t n = list & ~LIST;
	uint64_t *occupied;

	if (n == WHEEL_DUE)
		return;
	occupied = wheel->occupied[n / WHEEL_SLOTS];
	occupied[n / 64 % 2] &= ~(UINT64_C(1) << n % 64);
	if ((occupied[0] | occupied[1]) == 0)
		wheel->levels &= ~(UINT32_C(1) << n / WHEEL_SLOTS);
}

static void
push_back(struct wheel *wheel, uint32_t list, uint32_t link)
{
	struct wheel_node *node = node_at(wheel, link);
	uint32_t last = wheel->list[list & ~LIST].last;

	node->next = list;
	node->prev = last;
	set_next(wheel, last, link);
	wheel->list[list & ~LIST].last = link;
	mark_occupied(wheel, list);
}

static void
unlink_node(struct wheel *wheel, struct wheel_node *node)
{
	set_next(wheel, node->prev, node->next);
	set_prev(wheel, node->next, node->prev);
	/* Only in a ring of one are both neighbours the same, namely the head. */
	if (node->next == node->prev)
		mark_empty(wheel, node->next);
	node->next = 0;
	node->prev = 0;
}

/* The list that is so many ahead of the one where the base is. */
static uint32_t
list_ahead(const struct wheel *wheel, uint32_t level, uint32_t distance)
{
	uint32_t slot = (wheel->base >> level * LEVEL_BITS) + distance;

	return LIST | (level * WHEEL_SLOTS + slot % WHEEL_SLOTS);
}

/*
 * Put an unlinked node where its tick says. A tick beyond all levels waits in the furthest list
 * there is and comes by here again: one nearly 2^31 ahead of now, while the base is behind now.
 */
static void
place(struct wheel *wheel, uint32_t link)
{
	uint32_t at = node_at(wheel, link)->at;
	bool future = (int32_t)(at - wheel->now) > 0;
	uint32_t level = 0;
	uint32_t distance = at - wheel->base;

	if (!future && (int32_t)distance <= 0) {
		push_back(wheel, DUE, link);
		return;
	}
	if (distance > WHEEL_AHEAD_MAX)
		at = wheel->base + WHEEL_AHEAD_MAX;
	/* The base is within a list: count borders, from the ticks it is past the last one on. */
	while (distance > LAST_SLOT && level < TOP_LEVEL) {
		level++;
		distance = at - (wheel->base & -(UINT32_C(1) << level * LEVEL_BITS));
		distance >>= level * LEVEL_BITS;
	}
	if (distance > LAST_SLOT)
		distance = LAST_SLOT;
	push_back(wheel, list_ahead(wheel, level, distance), link);
}

void
wheel_init(struct wheel *wheel, void *first_node, size_t stride, uint32_t now_tick)
{
	uint32_t n;

	*wheel = (struct wheel){
		.nodes = first_node,
		.stride = stride,
		.now = now_tick,
		.base = now_tick,
	};
	for (n = 0; n < WHEEL_LISTS; n++)
		wheel->list[n] = (struct wheel_list){ LIST | n, LIST | n };
}

void
wheel_arm(struct wheel *wheel, uint32_t i, uint32_t at)
{
	struct wheel_node *node;

	assert(i < LIST - 1);
	node = node_at(wheel, i + 1);
	if (wheel_armed(node))
		unlink_node(wheel, node);
	node->at = at;
	place(wheel, i + 1);
}

void
wheel_cancel(struct wheel *wheel, uint32_t i)
{
	struct wheel_node *node = node_at(wheel, i + 1);

	if (wheel_armed(node))
		unlink_node(wheel, node);
}

/* How many lists of a level it is from that of the base to the first that holds nodes. */
static uint32_t
first_ahead(const struct wheel *wheel, uint32_t level)
{
	const uint64_t *occupied = wheel->occupied[level];
	bitmap all = (bitmap)occupied[1] << 64 | occupied[0];
	uint32_t turn = (wheel->base >> level * LEVEL_BITS) % WHEEL_SLOTS;
	bitmap ahead = all >> turn | all << (-turn % WHEEL_SLOTS);

	if ((uint64_t)ahead != 0)
		return (uint32_t)__builtin_ctzll((uint64_t)ahead);
	return 64 + (uint32_t)__builtin_ctzll((uint64_t)(ahead >> 64));
}

/* The list that begins next and the tick at which it does; some level must hold nodes. */
static uint32_t
next_list(const struct wheel *wheel, uint32_t *begins)
{
	uint32_t left, level, distance, start, list = DUE;

	*begins = wheel->base - 1; /* as far ahead as can be */
	for (left = wheel->levels; left != 0; left &= left - 1) {
		level = (uint32_t)__builtin_ctz(left);
		distance = first_ahead(wheel, level);
		start = (wheel->base >> level * LEVEL_BITS) + distance;
		start <<= level * LEVEL_BITS;
		if (start - wheel->base < *begins - wheel->base) {
			*begins = start;
			list = list_ahead(wheel, level, distance);
		}
	}
	return list;
}

/* Take all of a list, now empty; the nodes are linked up to the list's head as before. */
static struct wheel_list
take_list(struct wheel *wheel, uint32_t list)
{
	struct wheel_list taken = wheel->list[list & ~LIST];

	wheel->list[list & ~LIST] = (struct wheel_list){ list, list };
	mark_empty(wheel, list);
	return taken;
}

/* Time has entered a list: its nodes have run out (level 0), or must go to lower levels now. */
static void
enter_list(struct wheel *wheel, uint32_t list)
{
	struct wheel_list taken = take_list(wheel, list);
	uint32_t link, next;

	if ((list & ~LIST) < WHEEL_SLOTS) {
		/* All of one tick, and nothing else is due. */
		wheel->list[WHEEL_DUE] = taken;
		set_prev(wheel, taken.first, DUE);
		set_next(wheel, taken.last, DUE);
		return;
	}
	for (link = taken.first; link != list; link = next) {
		next = node_at(wheel, link)->next;
		place(wheel, link);
	}
}

/*
 * Move some nodes down from the lists that time will enter next, lowest level first, as that is
 * entered first. All of such a list is within reach of the level below.
 */
static void
move_down(struct wheel *wheel)
{
	uint32_t moves = WHEEL_MOVES;
	uint32_t level, list, link;

	wheel->moving = false;
	for (level = 1; level < WHEEL_LEVELS; level++) {
		list = list_ahead(wheel, level, 1);
		while ((link = wheel->list[list & ~LIST].first) != list) {
			if (moves-- == 0) {
				__builtin_prefetch(node_at(wheel, link));
				wheel->moving = true;
				return;
			}
			unlink_node(wheel, node_at(wheel, link));
			place(wheel, link);
		}
	}
}

/* Move the base on to the next list that begins no later than now; false if there is none. */
static bool
step(struct wheel *wheel)
{
	uint32_t begins = wheel->base, list;

	if (wheel->levels != 0) {
		list = next_list(wheel, &begins);
		if (begins - wheel->base <= wheel->now - wheel->base) {
			wheel->base = begins;
			wheel->moving = true;
			enter_list(wheel, list);
			return true;
		}
	}
	wheel->moving |= wheel->base >> LEVEL_BITS != wheel->now >> LEVEL_BITS;
	wheel->base = wheel->now;
	return false;
}

/*
 * The time told never goes back. With no node armed there is nothing to compare it with: it may
 * have gone on by any amount.
 */
static void
tell(struct wheel *wheel, uint32_t now_tick)
{
	if (wheel->levels == 0 && is_list(wheel->list[WHEEL_DUE].first))
		wheel->base = wheel->now = now_tick;
	else if ((int32_t)(now_tick - wheel->now) > 0)
		wheel->now = now_tick;
}

uint32_t
wheel_turn(struct wheel *wheel, uint32_t now_tick)
{
	uint32_t link;

	tell(wheel, now_tick);
	while (is_list(wheel->list[WHEEL_DUE].first)) {
		if (step(wheel))
			continue;
		if (wheel->moving)
			move_down(wheel);
		return WHEEL_NONE;
	}
	link = wheel->list[WHEEL_DUE].first;
	unlink_node(wheel, node_at(wheel, link));
	return link - 1;
}

bool
wheel_next(const struct wheel *wheel, uint32_t *at)
{
	if (!is_list(wheel->list[WHEEL_DUE].first)) {
		*at = wheel->base;
		return true;
	}
	if (wheel->levels == 0)
		return false;
	next_list(wheel, at);
	return true;
}
