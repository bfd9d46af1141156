/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <string.h>

#include <rte_common.h>

#include <tern_stream_ring.h>

void
tern_ring_init(struct tern_ring *r, void *mem, uint32_t size)
{
	assert(size >= 1 && size <= TERN_RING_BYTES_MAX);
	*r = (struct tern_ring){ .mem = (uint8_t *)mem, .size = size };
}

/* The index `offset` bytes on from the oldest; offset is at most the size. */
static uint32_t
index_of(const struct tern_ring *r, uint32_t offset)
{
	uint32_t i = r->first + offset;

	return i < r->size ? i : i - r->size;
}

/* `len` bytes from an index on, in one piece or two. */
static unsigned int
pieces(const struct tern_ring *r, uint32_t from, uint32_t len, struct iovec iov[2])
{
	uint32_t head = RTE_MIN(len, r->size - from);

	if (len == 0)
		return 0;
	iov[0] = (struct iovec){ .iov_base = r->mem + from, .iov_len = head };
	if (head == len)
		return 1;
	iov[1] = (struct iovec){ .iov_base = r->mem, .iov_len = len - head };
	return 2;
}

uint32_t
tern_ring_write(struct tern_ring *r, const void *data, uint32_t len)
{
	uint32_t n = RTE_MIN(len, r->size - r->used), from = index_of(r, r->used);
	uint32_t head = RTE_MIN(n, r->size - from);

	memcpy(r->mem + from, data, head);
	memcpy(r->mem, (const uint8_t *)data + head, n - head);
	r->used += n;
	return n;
}

void
tern_ring_copy(const struct tern_ring *r, uint32_t offset, void *to, uint32_t len)
{
	uint32_t from = index_of(r, offset), head = RTE_MIN(len, r->size - from);

	assert(offset <= r->used && len <= r->used - offset);
	memcpy(to, r->mem + from, head);
	memcpy((uint8_t *)to + head, r->mem, len - head);
}

unsigned int
tern_ring_peek(const struct tern_ring *r, struct iovec iov[2])
{
	return pieces(r, r->first, r->used, iov);
}

void
tern_ring_drop(struct tern_ring *r, uint32_t bytes)
{
	assert(bytes <= r->used);
	r->first = index_of(r, bytes);
	r->used -= bytes;
	if (r->used == 0)
		r->first = 0; /* what comes next stands in one piece, in memory that is warm */
}

unsigned int
tern_ring_room(const struct tern_ring *r, struct iovec iov[2])
{
	return pieces(r, index_of(r, r->used), r->size - r->used, iov);
}

void
tern_ring_commit(struct tern_ring *r, uint32_t bytes)
{
	assert(bytes <= r->size - r->used);
	r->used += bytes;
}
