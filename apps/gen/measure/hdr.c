/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/measure/hdr.h"

#include <math.h>
#include <string.h>

void
hdr_clear(struct hdr *h)
{
	memset(h, 0, sizeof(*h));
}

void
hdr_merge(struct hdr *into, const struct hdr *from)
{
	uint32_t first, last;
	uint64_t sum;

	if (from->n == 0)
		return;
	if (into->n == 0 || from->least_ns < into->least_ns)
		into->least_ns = from->least_ns;
	if (from->longest_ns > into->longest_ns)
		into->longest_ns = from->longest_ns;
	into->n += from->n;
	into->sum += from->sum;
	first = hdr_index(from->least_ns < HDR_MOST_NS ? from->least_ns : HDR_MOST_NS);
	last = hdr_index(from->longest_ns < HDR_MOST_NS ? from->longest_ns : HDR_MOST_NS);
	for (uint32_t i = first; i <= last; i++) {
		sum = hdr_count(into, i) + hdr_count(from, i);
		into->low[i] = (uint32_t)sum;
		into->high[i] = (uint32_t)(sum >> 32);
	}
}

uint64_t
hdr_bucket_ns(uint32_t i)
{
	uint32_t shift;

	if (i < HDR_LINEAR)
		return i;
	shift = (i >> (HDR_LINEAR_BITS - 1)) - 1;
	return (uint64_t)((i & (HDR_LINEAR / 2 - 1)) + HDR_LINEAR / 2) << shift;
}

uint64_t
hdr_percentile(const struct hdr *h, double share)
{
	/* Whole values: the next one above, but for what the product may be off by. */
	uint64_t wanted = (uint64_t)ceil(share * (double)h->n - 1e-6), seen = 0, highest;

	if (h->n == 0)
		return 0;
	if (wanted == 0)
		wanted = 1;
	for (uint32_t i = 0; i < HDR_BUCKETS; i++) {
		seen += hdr_count(h, i);
		if (seen < wanted)
			continue;
		highest = hdr_bucket_ns(i + 1) - 1;
		return highest < h->longest_ns ? highest : h->longest_ns;
	}
	return h->longest_ns;
}

double
hdr_mean_ns(const struct hdr *h)
{
	return h->n > 0 ? (double)h->sum / (double)h->n : 0;
}
