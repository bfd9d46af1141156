/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/random.h"

#include <assert.h>
#include <string.h>

#include "core/siphash.h"

__extension__ typedef unsigned __int128 product;

enum { DRAWS_MAX = 4 };

void
random_init(struct random *random, const uint8_t key[16])
{
	memcpy(random->key, key, sizeof(random->key));
	random->count = 0;
}

uint64_t
random_u64(struct random *random)
{
	uint64_t count = random->count++;

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		count = __builtin_bswap64(count);
	return siphash24(random->key, &count, sizeof(count));
}

/*
 * The draw is a fraction of 2^64; n times it, its integer part is the result. Each result owns
 * 2^64 / n draws, rounded up or down; refusing the lowest 2^64 mod n of the fractional parts
 * makes it rounded down for all.
 */
uint32_t
random_below(struct random *random, uint32_t n)
{
	uint64_t excess;
	product p = 0;
	int i;

	assert(n > 0);
	excess = -(uint64_t)n % n;
	for (i = 0; i < DRAWS_MAX; i++) {
		p = (product)random_u64(random) * n;
		if ((uint64_t)p >= excess)
			break;
	}
	return (uint32_t)(p >> 64);
}
