/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP sequence numbers (RFC 9293 §3.4): 32-bit numbers on a circle.
 *
 * A number is "less" than another when it is reached sooner going backwards: a < b holds iff b is
 * 1 .. 2^31 - 1 steps ahead of a. For two numbers exactly half a circle (2^31) apart the RFC has no
 * order; here both seq_lt(a, b) and seq_lt(b, a) hold then, as both differences are INT32_MIN. No
 * window of TCP is that large (RFC 7323 §2.3 caps it at 2^30), so no caller may depend on it.
 *
 * Every function is total: no pair of arguments is undefined behaviour. The subtraction is unsigned
 * and the conversion to int32_t is the two's complement one of gcc and clang.
 */
#ifndef CORE_SEQ_H
#define CORE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* How far a is ahead of b; negative when it is behind. */
static inline int32_t
seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool
seq_lt(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) < 0;
}

static inline bool
seq_le(uint32_t a, uint32_t b)
{
	return a == b || seq_lt(a, b);
}

static inline bool
seq_gt(uint32_t a, uint32_t b)
{
	return seq_lt(b, a);
}

static inline bool
seq_ge(uint32_t a, uint32_t b)
{
	return seq_le(b, a);
}

static inline uint32_t
seq_max(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? b : a;
}

static inline uint32_t
seq_min(uint32_t a, uint32_t b)
{
	return seq_lt(b, a) ? b : a;
}

/*
 * Whether lo <= x < hi, going forward from lo; right for a range of any length up to 2^32 - 1.
 * An empty range (lo == hi) holds nothing.
 */
static inline bool
seq_between(uint32_t lo, uint32_t x, uint32_t hi)
{
	return x - lo < hi - lo;
}

#endif /* CORE_SEQ_H */
