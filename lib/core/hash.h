/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed hash of addresses and 4-tuples, for the flow table and the neighbour cache.
 *
 * Whoever sends packets chooses the tuples, so the hash must not let them choose the bucket. A CRC
 * or the Toeplitz hash of RSS would not do, keyed or not: both are linear over GF(2), so that
 * h(x) ^ h(y) depends on x ^ y only and a set of tuples that collides under one key (CRC: initial
 * value) collides under every key. Here the words of the tuple are first masked by the key, then
 * multiplied with each other, 64 x 64 -> 128 bits, and the halves of the product folded together:
 * which differences collide depends on all of the key.
 *
 * Folded multiplication has one classical hole: a multiplicand of zero makes the product zero
 * whatever the other is (and 2^64 - 1 makes the folding all ones). So hash_fold() adds both
 * multiplicands to the folded product: beside a zero, the other one passes through unchanged;
 * beside 1 it is doubled; beside 2^64 - 1 it is shifted by a constant. Even the all-zero key,
 * which nobody should use, gives no constant result.
 *
 * The caller owns the key: six random words, drawn at start, told to nobody. A result is good for
 * choosing buckets, not for secrets (sequence numbers and cookies use siphash.h).
 *
 * Cost: four multiplications, three of them in a chain: about 20 cycles alone, 4 in a stream.
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stdint.h>

struct hash_key {
	uint64_t k[6];
};

__extension__ typedef unsigned __int128 hash_product;

static inline uint64_t
hash_fold(uint64_t a, uint64_t b)
{
	hash_product p = (hash_product)a * b;

	return ((uint64_t)p ^ (uint64_t)(p >> 64)) + a + b;
}

/* 64 bits to 32; both halves count, as the flow table uses the low bits and the high ones. */
static inline uint32_t
hash_finish(uint64_t h, uint64_t key)
{
	h = hash_fold(h, key);
	return (uint32_t)(h ^ (h >> 32));
}

/* Hash of one 16-byte address, given as two words in memory order. */
static inline uint32_t
hash_addr(const struct hash_key *key, const uint64_t addr[2])
{
	uint64_t a = hash_fold(addr[0] ^ key->k[0], addr[1] ^ key->k[1]);

	return hash_finish(hash_fold(a ^ key->k[2], key->k[3]), key->k[5]);
}

/*
 * Hash of a 4-tuple: two 16-byte addresses, each given as two words in memory order, and the two
 * ports in one word (in whatever order, as long as it is always the same).
 */
static inline uint32_t
hash_tuple(const struct hash_key *key, const uint64_t remote[2], const uint64_t local[2],
	   uint32_t ports)
{
	uint64_t r = hash_fold(remote[0] ^ key->k[0], remote[1] ^ key->k[1]);
	uint64_t l = hash_fold(local[0] ^ key->k[2], local[1] ^ key->k[3]);

	return hash_finish(hash_fold(r ^ ports, l ^ key->k[4]), key->k[5]);
}

#endif /* CORE_HASH_H */
