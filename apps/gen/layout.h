/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pieces of a block of memory, one behind the other, each on a cache line of its own: the same
 * calls add up what is wanted, and say later where each piece lies.
 */
#ifndef GEN_LAYOUT_H
#define GEN_LAYOUT_H

#include <stddef.h>

#include <rte_common.h>

enum { LAYOUT_ALIGN = 64 };

/* Return: where a piece of so many bytes lies; *at goes on behind it. */
static inline size_t
place(size_t *at, size_t bytes)
{
	size_t here = *at;

	*at += RTE_ALIGN_CEIL(bytes, (size_t)LAYOUT_ALIGN);
	return here;
}

#endif
