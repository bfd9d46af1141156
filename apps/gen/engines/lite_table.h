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

typedef uint32_t lanes __attribute__((vector_size(16)));

/* A bit for each entry that is `wanted` where the mask has ones. */
static inline uint32_t
table_match(const struct bucket *b, uint32_t mask, uint32_t wanted)
{
	const lanes *e = (const lanes *)b->entry;
	lanes all = (lanes)((e[0] & mask) == wanted) & (lanes){ 1, 2, 4, 8 };
	__extension__ typedef unsigned __int128 wide;
	uint64_t half;

	all |= (lanes)((e[1] & mask) == wanted) & (lanes){ 1 << 4, 2 << 4, 4 << 4, 8 << 4 };
	all |= (lanes)((e[2] & mask) == wanted) & (lanes){ 1 << 8, 2 << 8, 4 << 8, 8 << 8 };
	all |= (lanes)((e[3] & mask) == wanted) & (lanes){ 1 << 12, 2 << 12, 4 << 12, 8 << 12 };
	half = (uint64_t)(wide)all | (uint64_t)((wide)all >> 64);
	return (uint32_t)(half | half >> 32);
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
