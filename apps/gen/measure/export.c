/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/measure/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zlib.h>

#include <rte_byteorder.h>

enum {
	V2_COOKIE = 0x1c849303 | 0x10,		  /* counts in ZigZag LEB128 */
	V2_COMPRESSED_COOKIE = 0x1c849304 | 0x10, /* the same, by zlib */
	WORD_MOST = 9,				  /* bytes of a count */
	DIGITS = 3,
	STEPS = 5, /* of a distribution, to each halving */
};

/* What stands before the counts; big endian. */
struct v2_head {
	rte_be32_t cookie, bytes, offset, digits;
	rte_be64_t lowest, highest;
	rte_be64_t ratio; /* a double: of integers to doubles */
};

struct v2_compressed {
	rte_be32_t cookie, bytes;
};

/* Encoding ------------------------------------------------------------------------------------- */

/* The sign in the lowest bit, then seven bits a byte, the lowest first; the ninth has eight. */
static size_t
put_word(uint8_t *to, int64_t value)
{
	uint64_t left = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
	size_t n = 0;

	while (left >= 0x80 && n < WORD_MOST - 1) {
		to[n++] = (uint8_t)(left | 0x80);
		left >>= 7;
	}
	to[n++] = (uint8_t)left;
	return n;
}

static uint32_t
buckets_used(const struct hdr *h)
{
	uint32_t n = HDR_BUCKETS;

	while (n > 0 && hdr_count(h, n - 1) == 0)
		n--;
	return n;
}

/* A run of empty buckets is one negative number. */
static size_t
put_counts(uint8_t *to, const struct hdr *h)
{
	uint32_t used = buckets_used(h), zeros;
	size_t n = 0;

	for (uint32_t i = 0; i < used; i++) {
		for (zeros = 0; hdr_count(h, i + zeros) == 0; zeros++)
			;
		if (zeros > 0)
			n += put_word(to + n, zeros > 1 ? -(int64_t)zeros : 0);
		i += zeros;
		n += put_word(to + n, (int64_t)hdr_count(h, i));
	}
	return n;
}

static size_t
put_v2(uint8_t *to, const struct hdr *h)
{
	const double ratio = 1;
	struct v2_head head = {
		.cookie = rte_cpu_to_be_32(V2_COOKIE),
		.digits = rte_cpu_to_be_32(DIGITS),
		.lowest = rte_cpu_to_be_64(1),
		.highest = rte_cpu_to_be_64(HDR_MOST_NS),
	};
	size_t bytes = put_counts(to + sizeof(head), h);
	uint64_t bits;

	memcpy(&bits, &ratio, sizeof(bits));
	head.ratio = rte_cpu_to_be_64(bits);
	head.bytes = rte_cpu_to_be_32((uint32_t)bytes);
	memcpy(to, &head, sizeof(head));
	return sizeof(head) + bytes;
}

/* Return: for free(), or NULL. */
static uint8_t *
compress_v2(const struct hdr *h, size_t *bytes)
{
	size_t most = sizeof(struct v2_head) + (size_t)HDR_BUCKETS * WORD_MOST, plain_bytes;
	uint8_t *plain = malloc(most), *packed = NULL;
	struct v2_compressed head = { .cookie = rte_cpu_to_be_32(V2_COMPRESSED_COOKIE) };
	uLongf packed_bytes = compressBound(most);

	if (plain != NULL)
		packed = malloc(sizeof(head) + packed_bytes);
	if (packed != NULL) {
		plain_bytes = put_v2(plain, h);
		if (compress(packed + sizeof(head), &packed_bytes, plain, plain_bytes) != Z_OK) {
			free(packed);
			packed = NULL;
		}
		head.bytes = rte_cpu_to_be_32((uint32_t)packed_bytes);
		*bytes = sizeof(head) + packed_bytes;
	}
	if (packed != NULL)
		memcpy(packed, &head, sizeof(head));
	free(plain);
	return packed;
}

/* RFC 4648 §4 */
static char *
base64(const uint8_t *from, size_t n)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((n + 2) / 3 * 4 + 1), *to = text;
	uint32_t bits;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < n; i += 3) {
		bits = (uint32_t)from[i] << 16;
		bits |= i + 1 < n ? (uint32_t)from[i + 1] << 8 : 0;
		bits |= i + 2 < n ? (uint32_t)from[i + 2] : 0;
		*to++ = alphabet[bits >> 18];
		*to++ = alphabet[bits >> 12 & 63];
		*to++ = i + 1 < n ? alphabet[bits >> 6 & 63] : '=';
		*to++ = i + 2 < n ? alphabet[bits & 63] : '=';
	}
	*to = '\0';
	return text;
}

char *
export_base64(const struct hdr *h)
{
	size_t bytes = 0;
	uint8_t *packed = compress_v2(h, &bytes);
	char *text = packed != NULL ? base64(packed, bytes) : NULL;

	free(packed);
	return text;
}

/* The distribution ----------------------------------------------------------------------------- */

static double
us(uint64_t ns)
{
	return (double)ns / 1e3;
}

static uint64_t
bucket_top_ns(const struct hdr *h, uint32_t i)
{
	uint64_t top = hdr_bucket_ns(i + 1) - 1;

	return top < h->longest_ns ? top : h->longest_ns;
}

/* The next share to be told: a step of the half that is above this one. */
static double
step_above(double share)
{
	double halvings = floor(log2(1 / (1 - share))) + 1;

	return share + 1 / (STEPS * exp2(halvings));
}

static double
deviation_us(const struct hdr *h)
{
	double mean = hdr_mean_ns(h), sum = 0, off;

	for (uint32_t i = 0; i < HDR_BUCKETS; i++) {
		off = (double)(hdr_bucket_ns(i) + hdr_bucket_ns(i + 1) - 1) / 2 - mean;
		sum += off * off * (double)hdr_count(h, i);
	}
	return h->n > 0 ? sqrt(sum / (double)h->n) / 1e3 : 0;
}

static void
put_shares(const struct hdr *h, FILE *to)
{
	uint64_t seen = 0;
	double share = 0, reached;

	for (uint32_t i = 0; i < HDR_BUCKETS && seen < h->n; i++) {
		if (hdr_count(h, i) == 0)
			continue;
		seen += hdr_count(h, i);
		reached = (double)seen / (double)h->n;
		if (seen == h->n || reached < share)
			continue;
		fprintf(to, "%12.3f %.12f %10" PRIu64 " %14.2f\n", us(bucket_top_ns(h, i)), reached,
			seen, 1 / (1 - reached));
		while (share <= reached)
			share = step_above(share);
	}
}

void
export_distribution(const struct hdr *h, FILE *to)
{
	fprintf(to, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	put_shares(h, to);
	if (h->n > 0)
		fprintf(to, "%12.3f %.12f %10" PRIu64 "\n", us(h->longest_ns), 1.0, h->n);
	fprintf(to, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", hdr_mean_ns(h) / 1e3,
		deviation_us(h));
	fprintf(to, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n", us(h->longest_ns),
		h->n);
	fprintf(to, "#[Buckets = %12d, SubBuckets     = %12d]\n", HDR_BITS - HDR_LINEAR_BITS + 1,
		HDR_LINEAR);
}

/* The log -------------------------------------------------------------------------------------- */

void
export_log_head(FILE *to, uint64_t epoch_ns)
{
	time_t seconds = (time_t)(epoch_ns / 1000000000);
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(text, sizeof(text), "%a %b %d %H:%M:%S UTC %Y", &tm);
	fprintf(to, "#[Histogram log format version 1.3]\n");
	fprintf(to, "#[StartTime: %.3f (seconds since epoch), %s]\n", (double)epoch_ns / 1e9, text);
	fprintf(to, "#[BaseTime: %.3f (seconds since epoch)]\n", (double)epoch_ns / 1e9);
	fprintf(to, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
		    "\"Interval_Compressed_Histogram\"\n");
}

int
export_log_line(FILE *to, const char *tag, uint64_t t0_ns, uint64_t t1_ns, const struct hdr *h)
{
	char *text = export_base64(h);

	if (text == NULL)
		return -1;
	/* the maximum is told in milliseconds, whatever the unit of the histogram */
	fprintf(to, "Tag=%s,%.3f,%.3f,%.3f,%s\n", tag, (double)t0_ns / 1e9,
		(double)(t1_ns - t0_ns) / 1e9, (double)h->longest_ns / 1e6, text);
	free(text);
	return 0;
}
