/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Numbers as people type them. All of them return false for anything else, and for what does not
 * fit; then nothing is written.
 */
#ifndef GEN_UNITS_H
#define GEN_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* "500", "1.5k", "2m", "1g": powers of 1000. */
bool value_number(const char *text, double *value);
/* The same with "/s" behind it or not. */
bool value_rate(const char *text, double most, double *a_second);
/* The same, whole and from least to most. */
bool value_count(const char *text, uint64_t least, uint64_t most, uint64_t *count);
/* "64", "1k", "10m", "1g": powers of 1024. */
bool value_bytes(const char *text, uint64_t least, uint64_t most, uint64_t *bytes);
/* "100us", "1.5s", "250ns", "10min": ns, at most TIME_MOST_NS. */
bool value_time(const char *text, uint64_t *ns);
/* "0.5%", "0.005", "1e-6": of 1, 0 .. 1. */
bool value_share(const char *text, double *share);

#define VALUE_MOST 0x1p53			      /* below, whole numbers are told apart */
#define RATE_MOST 1e9				      /* of a schedule: one every nanosecond */
#define TIME_MOST_NS (UINT64_C(8640000) * 1000000000) /* 100 days */

#endif
