/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers that an outsider cannot predict and a test can repeat: SipHash-2-4 of a counter.
 *
 * The caller owns the struct and hands in 16 bytes of key: from the system's generator in earnest,
 * fixed in a test. The same key gives the same sequence; without the key the next number is not to
 * be had from the ones before. One sequence an lcore: nothing is shared, nothing is locked. The
 * sequence has 2^64 numbers. Do not use the key for anything else that is hashed by siphash24().
 *
 * Cost: about 30 cycles a number.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stdint.h>

struct random {
	uint8_t key[16];
	uint64_t count; /* numbers drawn so far */
};

void random_init(struct random *, const uint8_t key[16]);

uint64_t random_u64(struct random *);

/*
 * random_below() - a number in [0, n), each equally likely
 * @n: how many numbers there are to choose from; 0 is a mistake of the caller (assert)
 *
 * A draw must be repeated with probability below 2^-32. It is at most four times, so the time is
 * bounded; what bias this leaves is below 2^-128.
 */
uint32_t random_below(struct random *, uint32_t n);

#endif /* CORE_RANDOM_H */
