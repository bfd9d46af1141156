/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/checksum.h"

/*
 * Per vector two sums run: of the 64-bit words themselves, which overflows, and of their upper
 * halves, which does not. The first less 2^32 times the second is, modulo 2^64, the sum of the
 * lower halves, and that does not overflow either. Three operations for 16 bytes, no masks.
 */
typedef uint64_t vector __attribute__((vector_size(16)));

struct sums {
	vector words[4];
	vector uppers[4];
};

enum { STEP_BYTES = 64 };

static inline vector
load(const uint8_t *p)
{
	vector v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void
sums_add(struct sums *sums, int lane, vector v)
{
	sums->words[lane] += v;
	sums->uppers[lane] += v >> 32;
}

static inline uint64_t
sums_total(const struct sums *s)
{
	vector words = s->words[0] + s->words[1] + s->words[2] + s->words[3];
	vector uppers = s->uppers[0] + s->uppers[1] + s->uppers[2] + s->uppers[3];
	uint64_t upper = uppers[0] + uppers[1];
	uint64_t lower = words[0] + words[1] - (upper << 32);

	return lower + upper;
}

uint64_t
cksum_add_long(const void *data, size_t len, uint64_t sum)
{
	const uint8_t *p = data;
	struct sums sums = { 0 };

	for (; len >= STEP_BYTES; len -= STEP_BYTES, p += STEP_BYTES) {
		sums_add(&sums, 0, load(p));
		sums_add(&sums, 1, load(p + 16));
		sums_add(&sums, 2, load(p + 32));
		sums_add(&sums, 3, load(p + 48));
	}
	return cksum_add_short(p, len, sum + sums_total(&sums));
}

uint64_t
cksum_add_at(const void *data, size_t len, uint64_t sum, size_t offset)
{
	uint16_t piece;

	if ((offset & 1) == 0)
		return cksum_add(data, len, sum);
	/* Every byte stands in the other half of its word: RFC 1071 §2 (B). */
	piece = cksum_fold(cksum_add(data, len, 0));
	return sum + __builtin_bswap16(piece);
}

static inline vector
copy(uint8_t *to, const uint8_t *from)
{
	vector v = load(from);

	memcpy(to, &v, sizeof(v));
	return v;
}

static inline uint64_t
copy_word(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, 8);
	return cksum_halves(cksum_load64(from));
}

static inline uint64_t
copy_short(uint8_t *to, const uint8_t *from, size_t len, uint64_t sum)
{
	size_t i;

	for (; len >= 8; len -= 8, to += 8, from += 8)
		sum += copy_word(to, from);
	for (i = 0; i < len; i++)
		to[i] = from[i];
	return cksum_add_short(from, len, sum);
}

uint64_t
cksum_copy(void *dst, const void *src, size_t len, uint64_t sum)
{
	const uint8_t *from = src;
	uint8_t *to = dst;
	struct sums sums = { 0 };

	for (; len >= STEP_BYTES; len -= STEP_BYTES, to += STEP_BYTES, from += STEP_BYTES) {
		sums_add(&sums, 0, copy(to, from));
		sums_add(&sums, 1, copy(to + 16, from + 16));
		sums_add(&sums, 2, copy(to + 32, from + 32));
		sums_add(&sums, 3, copy(to + 48, from + 48));
	}
	return copy_short(to, from, len, sum + sums_total(&sums));
}
