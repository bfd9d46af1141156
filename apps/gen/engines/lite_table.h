/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a tuple to its block.
 *
 * An entry is 6 bits of the hash, never all zero, and the number of the block. A key has one bucket
 * of sixteen entries, compared at once; where it is full, the tuple is not taken, but another: as
 * the client chooses its tuples it never needs a second place. With six tuples a bucket in the mean
 * that befalls one in ten thousand.
 */
#ifndef GEN_ENGINES_LITE_TABLE_H
#define GEN_ENGINES_LITE_TABLE_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "gen/engines/lite.h"

enum {
	INDEX_BITS = 26,
	TAGS = 63,
	CLIENTS_MOST = (1 << INDEX_BITS) - 1,
	BUCKET_MEAN = 6, /* tuples, at most */
};

struct place {
	struct bucket *bucket;
	uint32_t tag; /* where an entry has it */
};

static inline struct place
table_place(const struct lite *l, uint32_t key)
{
	uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);

	hash ^= hash >> 32;
	hash *= UINT64_C(0xd6e8feb86659fd93);
	return (struct place){
		.bucket = &l->buckets[hash >> l->hash_shift],
		.tag = ((uint32_t)((hash & 0xffff) * TAGS >> 16) + 1) << INDEX_BITS,
	};
}

/* A bit for each entry that is `wanted` where the mask has ones. */
static inline uint32_t
table_match(const struct bucket *b, uint32_t mask, uint32_t wanted)
{
#ifdef __SSE2__
	const __m128i *e = (const __m128i *)(const void *)b->entry;
	const __m128i m = _mm_set1_epi32((int)mask), w = _mm_set1_epi32((int)wanted);
	const __m128i low = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_and_si128(e[0], m), w),
					    _mm_cmpeq_epi32(_mm_and_si128(e[1], m), w));
	const __m128i high = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_and_si128(e[2], m), w),
					     _mm_cmpeq_epi32(_mm_and_si128(e[3], m), w));

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
#else
	uint32_t matches = 0;

	for (uint32_t i = 0; i < LITE_ENTRIES; i++)
		matches |= (uint32_t)((b->entry[i] & mask) == wanted) << i;
	return matches;
#endif
}

static inline uint32_t
table_tagged(struct place p)
{
	return table_match(p.bucket, ~(uint32_t)0 << INDEX_BITS, p.tag);
}

static inline struct client *
table_client(const struct lite *l, struct place p, uint32_t matches)
{
	unsigned int i = (unsigned int)__builtin_ctz(matches);

	return &l->clients[p.bucket->entry[i] & CLIENTS_MOST];
}

static inline struct client *
table_find(const struct lite *l, struct place p, uint32_t key)
{
	struct client *c;

	for (uint32_t matches = table_tagged(p); matches != 0; matches &= matches - 1) {
		c = table_client(l, p, matches);
		if (c->key == key)
			return c;
	}
	return NULL;
}

static inline bool
table_has_room(struct place p)
{
	return table_match(p.bucket, ~(uint32_t)0, 0) != 0;
}

static inline void
table_insert(struct place p, uint32_t index)
{
	uint32_t free = table_match(p.bucket, ~(uint32_t)0, 0);

	p.bucket->entry[__builtin_ctz(free)] = p.tag | index;
}

static inline void
table_remove(struct place p, uint32_t index)
{
	uint32_t match = table_match(p.bucket, ~(uint32_t)0, p.tag | index);

	if (match != 0)
		p.bucket->entry[__builtin_ctz(match)] = 0;
}

#endif
