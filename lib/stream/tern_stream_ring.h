/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A ring of bytes in memory of its user: what is written at one end is dropped at the other.
 *
 * It knows nothing of connections. tern_stream_recv.h and tern_stream_send.h stand on it; who has
 * other uses for one takes it alone. Any size will do, not only powers of two. The bytes stand in
 * at most two pieces, and so does the room behind them.
 *
 * No function here can fail, allocate or wait; each copies at most what it returns and else costs
 * a few instructions. One thread at a time.
 */
#ifndef TERN_STREAM_RING_H
#define TERN_STREAM_RING_H

#include <stdint.h>

#include <sys/uio.h>

#include <tern_api.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TERN_RING_BYTES_MAX (UINT32_C(1) << 30)

struct tern_ring {
	uint8_t *mem;	/* the user's, until it needs the ring no more */
	uint32_t size;	/* bytes at mem: 1 .. TERN_RING_BYTES_MAX */
	uint32_t first; /* index of the oldest byte */
	uint32_t used;	/* bytes from there on, around the end */
};

/** An empty ring over @size bytes at @mem, which are not looked at. */
TERN_API void tern_ring_init(struct tern_ring *ring, void *mem, uint32_t size);

/** Write behind what there is. Return: how many of @len bytes fitted. */
TERN_API uint32_t tern_ring_write(struct tern_ring *ring, const void *data, uint32_t len);

/** Copy @len bytes out, beginning @offset bytes behind the oldest. Both within what is used. */
TERN_API void tern_ring_copy(const struct tern_ring *ring, uint32_t offset, void *to, uint32_t len);

/** Where the bytes stand, oldest first. Return: pieces, 0 .. 2; good until the next drop. */
TERN_API unsigned int tern_ring_peek(const struct tern_ring *ring, struct iovec iov[2]);

/** Forget the oldest @bytes, at most what is used. */
TERN_API void tern_ring_drop(struct tern_ring *ring, uint32_t bytes);

/** Where there is room, in the order of writing. Return: pieces, 0 .. 2. */
TERN_API unsigned int tern_ring_room(const struct tern_ring *ring, struct iovec iov[2]);

/** @bytes have been written into that room, from its beginning. At most what there is of it. */
TERN_API void tern_ring_commit(struct tern_ring *ring, uint32_t bytes);

#ifdef __cplusplus
}
#endif

#endif
