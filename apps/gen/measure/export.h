/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Histograms as HdrHistogram has them, so that its plotter, its log readers and all that read its
 * encoding can be used. Our buckets are its buckets for a lowest value of 1 ns, a highest of
 * HDR_MOST_NS and three significant digits: counts map one to one.
 *
 * Not while packets flow on the same thread: memory is allocated.
 */
#ifndef GEN_MEASURE_EXPORT_H
#define GEN_MEASURE_EXPORT_H

#include <stdint.h>
#include <stdio.h>

#include "gen/measure/hdr.h"

/*
 * The V2 compressed encoding, in base64 (RFC 4648 §4). Return: for free(); NULL for want of
 * memory.
 */
char *export_base64(const struct hdr *h);

/*
 * .hgrm: the percentile distribution, five steps to each halving of what is left above. Values in
 * microseconds. Whoever plots such files says the unit with them.
 */
void export_distribution(const struct hdr *h, FILE *to);

/* .hlog, format 1.3: the lines that come first, and one of an interval. Times of day in ns. */
void export_log_head(FILE *to, uint64_t epoch_ns);
/* Return: 0, or -1 for want of memory. */
int export_log_line(FILE *to, const char *tag, uint64_t t0_ns, uint64_t t1_ns, const struct hdr *h);

#endif
