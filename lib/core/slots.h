/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slot map: which of n equal slots are in use, and handles that outlive what they name.
 *
 * The objects themselves lie wherever the caller keeps them; the map deals in indices 0 .. n - 1.
 * A handle is generation << 32 | index. Once its slot was given back, a handle is stale and is not
 * found again, whoever has the slot now. Handle 0 is never valid.
 *
 * One 32-bit word a slot serves both purposes, since a slot is either free or used:
 *   used: bit 31 set, below it the generation; the upper half of a handle is this very word
 *   free: bit 31 clear, below it the next free slot (last given, first taken: it may be in cache)
 * A free slot forgets its generation, and need not remember it: generations are drawn from one
 * counter of the whole map at every take, so that no two uses of any slot within 2^31 takes share
 * one. A stale handle could be found only if exactly k * 2^31 takes later (k >= 1) it is its own
 * slot that is taken, and it is then still held: at 10^6 connections a second, 36 minutes later to
 * the microsecond. Words kept apart (8 bytes a slot) would come to the same: a slot reused at
 * once every time, which is what last in, first out does, wraps its own 32 bits in 72 minutes.
 *
 * Memory: 4 bytes a slot, handed in by the caller, aligned to 4. Limit: 2^31 - 1 slots. All but
 * slots_init() is O(1), and one cache miss.
 */
#ifndef CORE_SLOTS_H
#define CORE_SLOTS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_NONE UINT32_MAX

struct slots {
	uint32_t *word;	     /* of each slot: generation or next free one */
	uint32_t n;	     /* slots there are */
	uint32_t used;	     /* slots taken now */
	uint32_t free;	     /* first free slot, or SLOT_LAST */
	uint32_t generation; /* of the latest take, with SLOT_USED */
};

#define SLOT_USED (UINT32_C(1) << 31)
#define SLOT_LAST (SLOT_USED - 1) /* ends the list of free slots */

/* Memory that slots_init() wants for n slots. */
size_t slots_bytes(uint32_t n);

/* All slots free; the first takes give 0, 1, 2 ... */
void slots_init(struct slots *, void *mem, uint32_t n);

static inline bool
slots_is_used(const struct slots *slots, uint32_t i)
{
	return i < slots->n && (slots->word[i] & SLOT_USED) != 0;
}

/* A free slot, from now on used; SLOT_NONE when there is none. */
static inline uint32_t
slots_take(struct slots *slots)
{
	uint32_t i = slots->free;

	if (i == SLOT_LAST)
		return SLOT_NONE;
	slots->generation = (slots->generation + 1) | SLOT_USED;
	slots->free = slots->word[i];
	slots->word[i] = slots->generation;
	slots->used++;
	return i;
}

/* The slot is free again and every handle of it stale. It must be in use: asserted. */
static inline void
slots_give(struct slots *slots, uint32_t i)
{
	assert(slots_is_used(slots, i));
	slots->word[i] = slots->free;
	slots->free = i;
	slots->used--;
}

/* The handle of a slot in use (asserted), valid until it is given back. */
static inline uint64_t
slots_handle(const struct slots *slots, uint32_t i)
{
	assert(slots_is_used(slots, i));
	return (uint64_t)slots->word[i] << 32 | i;
}

/* The slot of a handle, or SLOT_NONE when it is stale or never was one. */
static inline uint32_t
slots_find(const struct slots *slots, uint64_t handle)
{
	uint32_t i = (uint32_t)handle;

	if (!slots_is_used(slots, i) || slots->word[i] != handle >> 32)
		return SLOT_NONE;
	return i;
}

#endif /* CORE_SLOTS_H */
