/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Whom packets come from: addresses and ports out of ranges (--src, --sport), pseudorandomly and
 * yet each pair exactly once before any comes again (RFC 4814 §4.5): a permutation of the numbers
 * of all pairs, that the seed chooses.
 */
#ifndef GEN_ENGINES_SOURCES_H
#define GEN_ENGINES_SOURCES_H

#include <stdint.h>

#include <rte_byteorder.h>

#include "gen/plan.h"

__extension__ typedef unsigned __int128 sources_wide;

struct sources {
	uint32_t first_addr; /* host byte order */
	uint16_t first_port;
	uint32_t ports;
	uint64_t addrs, pairs; /* pairs: addrs times ports, 2^48 at most */
	uint64_t per_port;     /* 2^64 / ports, rounded up: multiplied, not divided */
	uint64_t mask;	       /* of the least power of two that is not below pairs */
	uint32_t shift;	       /* half its bits */
	uint64_t factor;       /* odd, out of the seed */
	uint64_t count;
};

struct source {
	uint32_t addr; /* host byte order */
	uint16_t port;
};

/*
 * @plan:  its ranges; where it has none: `own` alone, ports from 1024 on
 * @index: of the worker, of so many: each begins at another place of the period
 */
void sources_init(struct sources *s, const struct plan *plan, struct tern_addr own, uint64_t seed,
		  unsigned int index, unsigned int workers);

/*
 * The same, but from the worker's own ports alone, for whom answers are to come back: ports.h. No
 * pairs at all when there are fewer ports than workers.
 */
void sources_init_own(struct sources *s, const struct plan *plan, struct tern_addr own,
		      uint64_t seed, unsigned int index, unsigned int workers);

/* The pair of this number, below s->pairs: all ports of the first address come first. */
static inline struct source
sources_at(const struct sources *s, uint64_t number)
{
	uint64_t addr = number;

	if (s->ports > 1)
		addr = (uint64_t)((sources_wide)number * s->per_port >> 64);
	return (struct source){ s->first_addr + (uint32_t)addr,
				(uint16_t)(s->first_port + (number - addr * s->ports)) };
}

/* Can this be one of them? */
static inline bool
sources_has(const struct sources *s, rte_be32_t addr, rte_be16_t port)
{
	uint32_t a = rte_be_to_cpu_32(addr) - s->first_addr;
	uint32_t p = (uint32_t)rte_be_to_cpu_16(port) - s->first_port;

	return a < s->addrs && p < s->ports;
}

/* Multiplying by an odd number and adding what is above to what is below can both be undone. */
static inline uint64_t
sources_shuffle(const struct sources *s, uint64_t n)
{
	n = n * s->factor & s->mask;
	n ^= n >> s->shift;
	return n * UINT64_C(0xd1342543de82ef95) & s->mask;
}

/* More than half of all numbers up to the mask are pairs: the others are stepped over. */
static inline struct source
sources_next(struct sources *s)
{
	uint64_t n;

	do
		n = sources_shuffle(s, s->count++);
	while (n >= s->pairs);
	return sources_at(s, n);
}

#endif
