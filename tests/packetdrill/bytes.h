/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of bytes that grows: those from position head up to tail, counted from the first ever.
 */
#ifndef PACKETDRILL_BYTES_H
#define PACKETDRILL_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *mem;
	uint64_t head, tail;
	size_t room; /* a power of two, or 0 */
};

void bytes_fini(struct bytes *b);

static inline size_t
bytes_count(const struct bytes *b)
{
	return (size_t)(b->tail - b->head);
}

/* Adds to the tail; ends the process when there is no memory. */
void bytes_add(struct bytes *b, const void *from, size_t n);

/* Copies from position at, which need not be the head; all n must be there. */
void bytes_copy(const struct bytes *b, uint64_t at, void *to, size_t n);

/* Forget n bytes at the head. */
static inline void
bytes_drop(struct bytes *b, size_t n)
{
	b->head += n;
}

#endif
