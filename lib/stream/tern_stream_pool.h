/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A pool of streams with rings, and a listener that gives one to each connection.
 *
 *	tern_stream_pool_init(pool, mem, &hooks, 1024, 65536, 65536);
 *	pool->listener.port = 7;
 *	tern_tcp_listen(tcp, &pool->listener);
 *
 * The memory is handed in and is all there is: tern_stream_pool_bytes(), which is about the two
 * rings of each stream and 256 bytes. A pool belongs to one stack, as its streams do: make one for
 * each. When no stream is left SYNs are not answered (TERN_IGNORE), so that the peer tries again;
 * who had been answered before that is reset when its connection opens.
 *
 * A stream comes back by itself when on_closed() has returned, whatever is left in its rings. Who
 * wants to connect anew takes another.
 */
#ifndef TERN_STREAM_POOL_H
#define TERN_STREAM_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <tern_api.h>
#include <tern_stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A stream of a pool and what it stands on. */
struct tern_stream_entry {
	struct tern_stream stream; /* first member */
	struct tern_recv_ring recv;
	struct tern_send_ring send;
} __attribute__((aligned(64)));

struct tern_stream_pool {
	struct tern_tcp_listener listener; /* first member; addr, port, backlog: the user's */
	const struct tern_stream_hooks *hooks;
	struct tern_stream *free;
	uint32_t streams, used; /* how many there are, and are in use */
	uint64_t refused;	/* SYNs and connections that found none left */
};

/** Memory that tern_stream_pool_init() wants, aligned to 64. */
TERN_API size_t tern_stream_pool_bytes(uint32_t streams, uint32_t recv_bytes, uint32_t send_bytes);

/**
 * tern_stream_pool_init() - make the streams, all free, and the listener
 * @mem:        tern_stream_pool_bytes() of it, aligned to 64; borrowed until the last has closed
 * @hooks:      of every stream; borrowed likewise
 * @streams:    how many
 * @recv_bytes: of each receive ring; tern_config.rcv_space should not be more
 * @send_bytes: of each send ring: 1 .. TERN_RING_BYTES_MAX, as above
 *
 * The listener has a backlog of 1024 and no port yet. Its streams are new in on_open(): data is
 * NULL. O(@streams).
 */
TERN_API void tern_stream_pool_init(struct tern_stream_pool *pool, void *mem,
				    const struct tern_stream_hooks *hooks, uint32_t streams,
				    uint32_t recv_bytes, uint32_t send_bytes);

/** A stream for tern_stream_connect(); NULL: none is left. O(1). */
TERN_API struct tern_stream *tern_stream_pool_take(struct tern_stream_pool *pool);

/** Give one back that has no connection: one that could not be connected. */
TERN_API void tern_stream_pool_give(struct tern_stream *s);

#ifdef __cplusplus
}
#endif

#endif
