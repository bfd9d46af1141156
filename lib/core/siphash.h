/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012) with its 64-bit result: a keyed function whose results
 * nobody can predict without the 16-byte key. Used where a guess is an attack: initial sequence
 * numbers (RFC 6528), SYN cookies (RFC 4987), port and identifier choice (RFC 6056, RFC 7739).
 *
 * No state, no memory of its own. The result is the same on every machine. Input of any length up
 * to what memory holds, at any alignment; 8 bytes cost about 30 cycles, each further 8 about 6.
 */
#ifndef CORE_SIPHASH_H
#define CORE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash24(const uint8_t key[16], const void *data, size_t len);

#endif /* CORE_SIPHASH_H */
