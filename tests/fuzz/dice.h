/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dice: random numbers from a seed, the same for the same seed on every machine.
 */
#ifndef FUZZ_DICE_H
#define FUZZ_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct dice {
	uint64_t state;
};

static inline uint64_t
roll(struct dice *d)
{
	uint64_t x = d->state += UINT64_C(0x9fb21c651e98df25);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x = (x ^ x >> 29) * UINT64_C(0x8cb92ba72f3d8dd7);
	return x ^ x >> 32;
}

/* A number below n. */
static inline uint32_t
below(struct dice *d, uint32_t n)
{
	return (uint32_t)((roll(d) >> 32) * n >> 32);
}

/* Once in n times. */
static inline bool
once_in(struct dice *d, uint32_t n)
{
	return below(d, n) == 0;
}

static inline void
scatter(struct dice *d, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(roll(d) >> 32);
}

/* How many rounds, by default n: TERN_FUZZ_ROUNDS multiplies. */
static inline uint64_t
rounds(uint64_t n)
{
	const char *text = getenv("TERN_FUZZ_ROUNDS");
	double times = text != NULL ? strtod(text, NULL) : 1;

	return times > 0 ? (uint64_t)((double)n * times) : n;
}

/* Where it all begins: TERN_FUZZ_SEED, or this. */
static inline uint64_t
seed_or(uint64_t seed)
{
	const char *text = getenv("TERN_FUZZ_SEED");

	return text != NULL ? strtoull(text, NULL, 0) : seed;
}

#endif
