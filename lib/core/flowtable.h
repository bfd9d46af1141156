/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flow table: from a 32-bit hash to the 32-bit indices of the blocks that may have it.
 *
 * The table holds no keys; they lie in the caller's blocks. A look-up gives candidates, nearly
 * always one, and the caller compares keys. Indices are any number but FLOW_NONE; the same pair of
 * hash and index must not be in the table twice.
 *
 * A bucket is one cache line: ten 16-bit tags (the upper half of the hash), ten indices, and a link
 * to an overflow bucket. So a look-up costs one cache miss for the table and one for the block,
 * each of which can be prefetched: flowtable_prefetch() for a burst of packets, flowtable_first()
 * to prefetch blocks, then the probes.
 *
 *   buckets    2^k >= n / 6 main ones, chosen by the low bits of the hash: mean load 3 to 6
 *   overflow   main / 16 + 64 more (fewer where n entries cannot need them), shared by all
 *   memory     64 bytes each: 11 to 23 bytes an entry; 17.8 MB for 10^6, 142.6 MB for 10^7
 *
 * A bucket is filled from position 0 and all buckets of a chain but the last are full: removal
 * fills its hole from the end of the chain and gives back a bucket that it empties. How much of
 * the overflow is in use thus depends on the entries present, not on how they came and went.
 *
 * Insertion fails when the table holds n entries, when the overflow is used up, or when a chain has
 * FLOW_CHAIN_BUCKETS: this bounds every operation to so many cache lines whatever the hashes. With
 * hashes that are random (hash.h, secret key) a table of any n that is filled to 100 % sees the
 * last two with a probability below 10^-20: a bucket overflows with 4.3 % (Poisson, mean 6, above
 * 10), and of 2048 buckets, the worst case, 192 would have to: Chernoff gives 2 * 10^-22.
 * More than 50 entries in any one of 2^21 buckets: 2 * 10^-23.
 *
 * Memory is the caller's, aligned to 64 bytes; huge pages matter from about 10^5 entries on.
 */
#ifndef CORE_FLOWTABLE_H
#define CORE_FLOWTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define FLOW_NONE UINT32_MAX

enum {
	FLOW_BUCKET_ENTRIES = 10,
	FLOW_CHAIN_BUCKETS = 5,
};

struct flow_bucket {
	_Alignas(64) uint16_t tag[FLOW_BUCKET_ENTRIES]; /* 0: position is empty */
	uint32_t link;					/* next bucket of the chain, 0: none */
	uint32_t index[FLOW_BUCKET_ENTRIES];
};

_Static_assert(sizeof(struct flow_bucket) == 64, "a bucket is one cache line");

struct flowtable {
	struct flow_bucket *buckets; /* the main ones, then the overflow */
	uint32_t mask;		     /* main buckets less one */
	uint32_t n;		     /* entries it may hold */
	uint32_t count;		     /* entries it holds */
	uint32_t free;		     /* first free overflow bucket, 0: none */
	uint32_t overflow;	     /* overflow buckets there are */
	uint32_t overflowed;	     /* overflow buckets in use */
};

/* The candidates of one hash not yet looked at; of interest to the functions below only. */
struct flow_probe {
	const struct flow_bucket *buckets;
	const struct flow_bucket *bucket;
	uint32_t left; /* positions of this bucket, one bit each */
	uint16_t tag;
};

/* Memory that flowtable_init() wants for n entries. */
size_t flowtable_bytes(uint32_t n);

void flowtable_init(struct flowtable *, void *mem, uint32_t n);

/* False when there is no room, and nothing has changed. */
bool flowtable_insert(struct flowtable *, uint32_t hash, uint32_t index);

/* The pair must be in the table: asserted. Ends any probe that is under way. */
void flowtable_remove(struct flowtable *, uint32_t hash, uint32_t index);

static inline const struct flow_bucket *
flowtable_bucket(const struct flowtable *table, uint32_t hash)
{
	return &table->buckets[hash & table->mask];
}

/* 1 .. 65535, as 0 means an empty position; hashes 0x0000.... and 0x0001.... share one. */
static inline uint16_t
flow_tag(uint32_t hash)
{
	uint32_t tag = hash >> 16;

	return (uint16_t)(tag + (tag == 0));
}

/* The positions of a bucket that hold the tag: bits 0 to 9. */
static inline uint32_t
flow_bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
#ifdef __SSE2__
	/* The second load takes in tags 8 and 9 and the link, which the mask removes. */
	const __m128i want = _mm_set1_epi16((short)tag);
	const __m128i low = _mm_load_si128((const __m128i *)(const void *)&bucket->tag[0]);
	const __m128i high = _mm_loadl_epi64((const __m128i *)(const void *)&bucket->tag[8]);
	const __m128i same =
		_mm_packs_epi16(_mm_cmpeq_epi16(low, want), _mm_cmpeq_epi16(high, want));

	return (uint32_t)_mm_movemask_epi8(same) & 0x3ff;
#else
	uint32_t mask = 0;
	uint32_t i;

	for (i = 0; i < FLOW_BUCKET_ENTRIES; i++)
		mask |= (uint32_t)(bucket->tag[i] == tag) << i;
	return mask;
#endif
}

static inline void
flowtable_prefetch(const struct flowtable *table, uint32_t hash)
{
	__builtin_prefetch(flowtable_bucket(table, hash));
}

/*
 * Begin to look up a hash. To be used as
 *	for (p = flowtable_probe(table, hash); (i = flow_probe_next(&p)) != FLOW_NONE;)
 *		if (the key of block i matches)
 *			...
 */
static inline struct flow_probe
flowtable_probe(const struct flowtable *table, uint32_t hash)
{
	struct flow_probe probe = {
		.buckets = table->buckets,
		.bucket = flowtable_bucket(table, hash),
		.tag = flow_tag(hash),
	};

	probe.left = flow_bucket_match(probe.bucket, probe.tag);
	return probe;
}

/* The next candidate, or FLOW_NONE. The table must not have changed since the probe began. */
static inline uint32_t
flow_probe_next(struct flow_probe *probe)
{
	uint32_t at;

	while (__builtin_expect(probe->left == 0, 0)) {
		if (probe->bucket->link == 0)
			return FLOW_NONE;
		probe->bucket = &probe->buckets[probe->bucket->link];
		probe->left = flow_bucket_match(probe->bucket, probe->tag);
	}
	at = (uint32_t)__builtin_ctz(probe->left);
	probe->left &= probe->left - 1;
	return probe->bucket->index[at];
}

/* The first candidate or FLOW_NONE: whose block to prefetch. */
static inline uint32_t
flowtable_first(const struct flowtable *table, uint32_t hash)
{
	struct flow_probe probe = flowtable_probe(table, hash);

	return flow_probe_next(&probe);
}

#endif /* CORE_FLOWTABLE_H */
