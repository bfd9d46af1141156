/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Which of a sender's numbered packets came back: new, reordered (RFC 4737 §3.3: after one with a
 * higher number) or a duplicate (RFC 5560). What is not among the last TRACKER_BITS numbers cannot
 * be told from a duplicate any more: it is old.
 */
#ifndef GEN_ENGINES_TRACKER_H
#define GEN_ENGINES_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TRACKER_BITS = 1 << 18, /* 18 ms at 14.9 million a second */
	TRACKER_WORDS = TRACKER_BITS / 64,
};

enum tracked { TRACKED_NEW, TRACKED_REORDERED, TRACKED_DUPLICATE, TRACKED_OLD };

/* All zero: nothing came. */
struct tracker {
	uint32_t end; /* one behind the highest number that came */
	uint64_t bits[TRACKER_WORDS];
};

/* Any number but the one that is next. */
enum tracked tracker_take_other(struct tracker *t, uint32_t number);

static inline uint64_t *
tracker_word(struct tracker *t, uint32_t number)
{
	return &t->bits[number % TRACKER_BITS / 64];
}

static inline enum tracked
tracker_take(struct tracker *t, uint32_t number)
{
	if (number != t->end)
		return tracker_take_other(t, number);
	*tracker_word(t, number) |= UINT64_C(1) << number % 64;
	t->end++;
	return TRACKED_NEW;
}

#endif
