/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071), its incremental update (RFC 1624), and the two in one pass with
 * a copy.
 *
 * Sums are taken in the byte order of memory: RFC 1071 §2 (B) lets the sum of swapped words be
 * the swapped sum, so a result is written into the packet as it is, without htons(). A partial sum
 * is a uint64_t; only its residue modulo 0xffff, and whether it is zero, means anything. Start at
 * 0, add pieces in any order, then fold or finish. 2^34 bytes may be added before a sum overflows.
 *
 * Pieces must begin at even offsets of what is summed, so one of odd length must be the last; for
 * pieces at odd offsets (the second mbuf of a chain) there is cksum_add_at(). Memory may be aligned
 * in any way, and is only read.
 *
 * Words are summed as halves of 32 bits into 64: no carry is looked at before the end. Up to
 * CKSUM_SHORT_BYTES the work is inline, beyond it runs in 16-byte vectors.
 */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CKSUM_SHORT_BYTES = 64 };

uint64_t cksum_add_long(const void *data, size_t len, uint64_t sum);

/*
 * cksum_copy() - copy and sum in one pass
 *
 * As memcpy(dst, src, len) followed by cksum_add(dst, len, sum). The two must not overlap.
 */
uint64_t cksum_copy(void *dst, const void *src, size_t len, uint64_t sum);

/* The sum of a piece at any offset, even or odd, from the start of what is summed. */
uint64_t cksum_add_at(const void *data, size_t len, uint64_t sum, size_t offset);

static inline uint64_t
cksum_load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint64_t
cksum_load32(const uint8_t *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint64_t
cksum_load16(const uint8_t *p)
{
	uint16_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* The last byte of an odd length counts as the first of a word whose second is zero (RFC 1071). */
static inline uint64_t
cksum_load8(const uint8_t *p)
{
	const uint8_t w[2] = { *p, 0 };

	return cksum_load16(w);
}

static inline uint64_t
cksum_halves(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

/* Less than eight bytes. */
static inline uint64_t
cksum_add_tiny(const uint8_t *p, size_t len, uint64_t sum)
{
	if (len & 4) {
		sum += cksum_load32(p);
		p += 4;
	}
	if (len & 2) {
		sum += cksum_load16(p);
		p += 2;
	}
	if (len & 1)
		sum += cksum_load8(p);
	return sum;
}

/*
 * The 0 to 7 bytes behind the last whole word, as a word with zeros behind them: from the eight
 * bytes that end with them, with what was summed already shifted out.
 */
static inline uint64_t
cksum_load_rest(const uint8_t *end, size_t rest)
{
	uint64_t word = cksum_load64(end - 8);
	size_t out = 56 - 8 * rest;

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return word << out << 8;
	return word >> out >> 8;
}

/* Any length, best for short ones. */
static inline uint64_t
cksum_add_short(const void *data, size_t len, uint64_t sum)
{
	const uint8_t *p = data;
	const uint8_t *end = p + len;

	if (len < 8)
		return cksum_add_tiny(p, len, sum);
	sum += cksum_halves(cksum_load_rest(end, len & 7));
	for (; len >= 16; len -= 16, p += 16)
		sum += cksum_halves(cksum_load64(p)) + cksum_halves(cksum_load64(p + 8));
	if (len & 8)
		sum += cksum_halves(cksum_load64(p));
	return sum;
}

/* Add len bytes to a partial sum; if len is odd, nothing may follow them. */
static inline uint64_t
cksum_add(const void *data, size_t len, uint64_t sum)
{
	if (len <= CKSUM_SHORT_BYTES)
		return cksum_add_short(data, len, sum);
	return cksum_add_long(data, len, sum);
}

/*
 * The 16-bit one's complement sum, not complemented. Adding a word to itself turned by half brings
 * the upper half the sum of both halves with the carry that runs around the end. Zero only for a
 * sum of zero: anything else divisible by 0xffff gives 0xffff.
 */
static inline uint16_t
cksum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/*
 * The checksum to store. UDP stores 0xffff where this is 0 (RFC 768): the caller's business.
 * Over data that contain their own checksum it is 0 when they are intact.
 */
static inline uint16_t
cksum_finish(uint64_t sum)
{
	return (uint16_t)~cksum_fold(sum);
}

/*
 * A stored checksum after one 16-bit word (in memory order, at an even offset) became another:
 * RFC 1624 equation 3, HC' = ~(~HC + ~m + m'). It gives what summing anew would, where RFC 1141
 * (equation 2) may give 0xffff for 0x0000; but for data that are all zero, which no header is.
 */
static inline uint16_t
cksum_update16(uint16_t cksum, uint16_t old, uint16_t new)
{
	uint32_t sum = (uint32_t)(uint16_t)~cksum + (uint16_t)~old + new;

	return cksum_finish(sum);
}

/* cksum_finish() of an IPv4 header without options: 0 if it is intact. */
static inline uint16_t
cksum_ipv4_header(const void *header)
{
	const uint8_t *p = header;

	return cksum_finish(cksum_load32(p) + cksum_load32(p + 4) + cksum_load32(p + 8) +
			    cksum_load32(p + 12) + cksum_load32(p + 16));
}

#endif /* CORE_CHECKSUM_H */
