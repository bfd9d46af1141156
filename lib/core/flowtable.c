/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/flowtable.h"

#include <assert.h>
#include <string.h>

enum {
	MEAN_LOAD_MAX = 6,
	OVERFLOW_DIVISOR = 16,
	OVERFLOW_LEAST = 64,
};

/* Where an entry stands. */
struct place {
	struct flow_bucket *bucket;
	uint32_t at;
};

/* Main buckets for n entries, a power of two. */
static uint32_t
main_buckets(uint32_t n)
{
	uint32_t buckets = 1;

	while ((uint64_t)buckets * MEAN_LOAD_MAX < n)
		buckets *= 2;
	return buckets;
}

/*
 * Each overflow bucket hangs behind ten entries of its own chain, so n entries have use for
 * (n - 1) / 10 at most.
 */
static uint32_t
overflow_buckets(uint32_t n)
{
	uint32_t wanted = main_buckets(n) / OVERFLOW_DIVISOR + OVERFLOW_LEAST;
	uint32_t most = n > 0 ? (n - 1) / FLOW_BUCKET_ENTRIES : 0;

	return wanted < most ? wanted : most;
}

size_t
flowtable_bytes(uint32_t n)
{
	return ((size_t)main_buckets(n) + overflow_buckets(n)) * sizeof(struct flow_bucket);
}

void
flowtable_init(struct flowtable *table, void *mem, uint32_t n)
{
	uint32_t mains = main_buckets(n);
	uint32_t i;

	assert((uintptr_t)mem % _Alignof(struct flow_bucket) == 0);

	memset(mem, 0, flowtable_bytes(n));
	*table = (struct flowtable){
		.buckets = mem,
		.mask = mains - 1,
		.n = n,
		.overflow = overflow_buckets(n),
	};
	for (i = table->overflow; i > 0; i--) {
		table->buckets[mains + i - 1].link = table->free;
		table->free = mains + i - 1;
	}
}

/* Positions in use: those before the first empty one. */
static uint32_t
bucket_entries(const struct flow_bucket *bucket)
{
	uint32_t empty = flow_bucket_match(bucket, 0);

	return empty != 0 ? (uint32_t)__builtin_ctz(empty) : FLOW_BUCKET_ENTRIES;
}

/* Hang a free overflow bucket behind the last of a chain; NULL when none is left. */
static struct flow_bucket *
chain_grow(struct flowtable *table, struct flow_bucket *last)
{
	struct flow_bucket *bucket;

	if (table->free == 0)
		return NULL;
	bucket = &table->buckets[table->free];
	last->link = table->free;
	table->free = bucket->link;
	table->overflowed++;
	bucket->link = 0;
	return bucket;
}

/* Give back the last bucket of a chain, which is empty. */
static void
chain_shrink(struct flowtable *table, struct flow_bucket *previous)
{
	uint32_t i = previous->link;

	previous->link = 0;
	table->buckets[i].link = table->free;
	table->free = i;
	table->overflowed--;
}

bool
flowtable_insert(struct flowtable *table, uint32_t hash, uint32_t index)
{
	struct flow_bucket *bucket = &table->buckets[hash & table->mask];
	uint32_t chain = 1;
	uint32_t at;

	assert(index != FLOW_NONE);
	if (table->count == table->n)
		return false;
	for (; bucket->link != 0; chain++)
		bucket = &table->buckets[bucket->link];

	at = bucket_entries(bucket);
	if (at == FLOW_BUCKET_ENTRIES) {
		if (chain == FLOW_CHAIN_BUCKETS)
			return false;
		bucket = chain_grow(table, bucket);
		if (bucket == NULL)
			return false;
		at = 0;
	}
	bucket->tag[at] = flow_tag(hash);
	bucket->index[at] = index;
	table->count++;
	return true;
}

static struct place
chain_find(const struct flowtable *table, uint32_t hash, uint32_t index)
{
	struct flow_bucket *bucket = &table->buckets[hash & table->mask];
	uint32_t left, at;

	for (;;) {
		left = flow_bucket_match(bucket, flow_tag(hash));
		for (; left != 0; left &= left - 1) {
			at = (uint32_t)__builtin_ctz(left);
			if (bucket->index[at] == index)
				return (struct place){ bucket, at };
		}
		if (bucket->link == 0)
			return (struct place){ NULL, 0 };
		bucket = &table->buckets[bucket->link];
	}
}

void
flowtable_remove(struct flowtable *table, uint32_t hash, uint32_t index)
{
	struct place hole = chain_find(table, hash, index);
	struct flow_bucket *last = &table->buckets[hash & table->mask];
	struct flow_bucket *previous = NULL;
	uint32_t end;

	assert(hole.bucket != NULL);
	if (hole.bucket == NULL)
		return;
	for (; last->link != 0; last = &table->buckets[last->link])
		previous = last;

	end = bucket_entries(last) - 1;
	hole.bucket->tag[hole.at] = last->tag[end];
	hole.bucket->index[hole.at] = last->index[end];
	last->tag[end] = 0;
	if (end == 0 && previous != NULL)
		chain_shrink(table, previous);
	table->count--;
}
