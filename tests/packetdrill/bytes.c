/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Up to the end of the memory, then from its beginning. */
void
bytes_copy(const struct bytes *b, uint64_t at, void *to, size_t n)
{
	size_t from = (size_t)at & (b->room - 1), first = least(n, b->room - from);

	if (n == 0)
		return;
	memcpy(to, b->mem + from, first);
	memcpy((uint8_t *)to + first, b->mem, n - first);
}

static void
place(struct bytes *b, const void *from, size_t n)
{
	size_t at = (size_t)b->tail & (b->room - 1), first = least(n, b->room - at);

	memcpy(b->mem + at, from, first);
	memcpy(b->mem, (const uint8_t *)from + first, n - first);
	b->tail += n;
}

static void
grow(struct bytes *b, size_t need)
{
	struct bytes larger = { .room = b->room == 0 ? 4096 : b->room };
	size_t count = bytes_count(b), from = (size_t)b->head & (b->room - 1);

	while (larger.room < need)
		larger.room *= 2;
	larger.mem = malloc(larger.room);
	if (larger.mem == NULL) {
		fprintf(stderr, "tern_packetdrill: no memory for %zu bytes\n", larger.room);
		exit(1);
	}
	larger.head = larger.tail = b->head;
	if (count > 0) {
		size_t first = least(count, b->room - from);

		place(&larger, b->mem + from, first);
		place(&larger, b->mem, count - first);
	}
	free(b->mem);
	*b = larger;
}

void
bytes_add(struct bytes *b, const void *from, size_t n)
{
	if (n == 0)
		return;
	if (bytes_count(b) + n > b->room)
		grow(b, bytes_count(b) + n);
	place(b, from, n);
}

void
bytes_fini(struct bytes *b)
{
	free(b->mem);
	*b = (struct bytes){ 0 };
}
