/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A histogram of times, in the manner of HdrHistogram: log-linear, three significant digits.
 *
 * Values are nanoseconds from 0 to HDR_MOST_NS; what is longer counts as that. Below HDR_LINEAR
 * each value has a bucket of its own; above, each power of two is cut into HDR_LINEAR / 2 equal
 * parts, so no value is more than 1/1024 from the middle of its bucket. Recording is a few
 * instructions and one increment. Two histograms are merged by adding, so percentiles are of all
 * values, never averages of percentiles.
 *
 * The memory is the caller's: a struct hdr, all zero when empty, or after hdr_clear(). One writes;
 * who reads beside it must wait until it has stopped.
 */
#ifndef GEN_MEASURE_HDR_H
#define GEN_MEASURE_HDR_H

#include <stdint.h>

enum {
	HDR_LINEAR_BITS = 11,
	HDR_LINEAR = 1 << HDR_LINEAR_BITS,
	HDR_BITS = 36, /* of the longest */
	HDR_BUCKETS = HDR_LINEAR + (HDR_BITS - HDR_LINEAR_BITS) * (HDR_LINEAR / 2),
};

#define HDR_MOST_NS ((UINT64_C(1) << HDR_BITS) - 1) /* 68.7 s */

struct hdr {
	uint64_t n;	   /* values */
	uint64_t sum;	   /* of them, ns */
	uint64_t least_ns; /* of them; UINT64_MAX or 0 with none: look at n */
	uint64_t longest_ns;
	uint32_t low[HDR_BUCKETS];  /* of the counts: hdr_count(); what is touched stays dense */
	uint32_t high[HDR_BUCKETS]; /* their carries: a bucket never wraps */
};

/* The bucket of a value, which is not above HDR_MOST_NS. */
static inline uint32_t
hdr_index(uint64_t ns)
{
	uint32_t top, shift;

	if (ns < HDR_LINEAR)
		return (uint32_t)ns;
	top = 63u - (uint32_t)__builtin_clzll(ns);
	shift = top - (HDR_LINEAR_BITS - 1);
	return (shift << (HDR_LINEAR_BITS - 1)) + (uint32_t)(ns >> shift);
}

/* The bucket of any time. */
static inline uint32_t
hdr_place(uint64_t ns)
{
	return hdr_index(ns < HDR_MOST_NS ? ns : HDR_MOST_NS);
}

/* Into a bucket that is known: for a time that is recorded more than once. */
static inline void
hdr_record_at(struct hdr *h, uint64_t ns, uint32_t place)
{
	if (h->n == 0 || ns < h->least_ns)
		h->least_ns = ns;
	if (ns > h->longest_ns)
		h->longest_ns = ns;
	h->n++;
	h->sum += ns;
	if (__builtin_expect(++h->low[place] == 0, 0))
		h->high[place]++;
}

static inline void
hdr_record(struct hdr *h, uint64_t ns)
{
	hdr_record_at(h, ns, hdr_place(ns));
}

/* Values in bucket i. */
static inline uint64_t
hdr_count(const struct hdr *h, uint32_t i)
{
	return (uint64_t)h->high[i] << 32 | h->low[i];
}

void hdr_clear(struct hdr *h);
void hdr_merge(struct hdr *into, const struct hdr *from);

/* The lowest value of bucket i, and of the one behind it. */
uint64_t hdr_bucket_ns(uint32_t i);

/*
 * The value that `share` (0 .. 1) of all are not above: the highest of its bucket, but not above
 * the longest that was recorded. 0 when there are none. O(HDR_BUCKETS).
 */
uint64_t hdr_percentile(const struct hdr *h, double share);
double hdr_mean_ns(const struct hdr *h);

#endif
