/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What payloads are made of, and whether it came back unharmed.
 *
 * A payload is an endless sequence of bytes that can be begun anywhere: what was written once can
 * be written again (a retransmission), or be compared, from its place alone. The kinds
 * (--payload):
 *
 *	zero	zeros
 *	random	a pseudorandom sequence, the same for all seeds
 *	prbs	one of its own for each seed: bytes of another connection are noticed
 *	file	the file, again and again
 *
 * The pseudorandom bytes are a table of 2 KiB, combined with a key that the seed and the number of
 * those 2 KiB give: written at the speed of a copy, and nothing repeats that a link could compress.
 * No state, any thread.
 */
#ifndef GEN_ENGINES_PAYLOAD_H
#define GEN_ENGINES_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gen/plan.h"

/*
 * payload_fill() - write bytes at .. at + len of a sequence
 * @plan: its kind, and its file
 * @seed: of the connection; only prbs looks at it
 * @to:   aligned in any way
 */
void payload_fill(const struct plan *plan, uint64_t seed, uint64_t at, void *to, size_t len);

/* Is this what payload_fill() writes there? */
bool payload_check(const struct plan *plan, uint64_t seed, uint64_t at, const void *data,
		   size_t len);

#endif
