/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internet checksums (RFC 1071) of frames that are made from a template: the sum of all that does
 * not vary is taken once, what varies is added for each frame (RFC 1624 §3 put to use the other way
 * round: nothing is ever taken off).
 *
 * Sums are taken in the byte order of memory (RFC 1071 §2 (B)): what csum_finish() returns is
 * stored as it is. Pieces begin at even offsets of what is summed; only the last may be of odd
 * length.
 */
#ifndef GEN_ENGINES_CSUM_H
#define GEN_ENGINES_CSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
csum_word(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

static inline uint64_t
csum_half(const uint8_t *at)
{
	uint16_t half;

	memcpy(&half, at, sizeof(half));
	return half;
}

/* 2^31 bytes may be added before a sum overflows. */
static inline uint64_t
csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t eight;
	uint32_t four;
	uint8_t one[2] = { 0, 0 };

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&eight, p, 8);
		sum += csum_word(eight);
	}
	if (len & 4) {
		memcpy(&four, p, 4);
		sum += four;
		p += 4;
	}
	if (len & 2) {
		sum += csum_half(p);
		p += 2;
	}
	if (len & 1) {
		one[0] = *p;
		sum += csum_half(one);
	}
	return sum;
}

/* The 16-bit one's complement sum. */
static inline uint16_t
csum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

static inline uint16_t
csum_finish(uint64_t sum)
{
	return (uint16_t)~csum_fold(sum);
}

/* RFC 768: a checksum that is 0 is sent as the other zero. */
static inline uint16_t
csum_finish_udp(uint64_t sum)
{
	uint16_t cksum = csum_finish(sum);

	return cksum != 0 ? cksum : UINT16_MAX;
}

#endif
