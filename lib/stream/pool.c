/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>

#include <rte_common.h>

#include <tern_stream_pool.h>

enum { BACKLOG = 1024, ALIGN_BYTES = 64 };

static size_t
ring_bytes(uint32_t bytes)
{
	return RTE_ALIGN_CEIL((size_t)bytes, (size_t)ALIGN_BYTES);
}

size_t
tern_stream_pool_bytes(uint32_t streams, uint32_t recv_bytes, uint32_t send_bytes)
{
	return streams *
	       (sizeof(struct tern_stream_entry) + ring_bytes(recv_bytes) + ring_bytes(send_bytes));
}

static enum tern_accept
on_accept(const struct tern_tcp_listener *listener, struct tern_syn *syn)
{
	/* The pool is its user's and not constant, only the layer's view of the listener is. */
	struct tern_stream_pool *pool = (struct tern_stream_pool *)(uintptr_t)listener;

	if (pool->free == NULL) {
		pool->refused++;
		return TERN_IGNORE;
	}
	syn->data = pool;
	return TERN_ACCEPT;
}

/* Nobody is told of an attempt that comes to nothing: only what is open takes a stream. */
static void
on_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct tern_stream_pool *pool = conn->data;
	struct tern_stream *s = tern_stream_pool_take(pool);

	(void)user;
	if (s == NULL) {
		pool->refused++;
		tern_tcp_abort(conn);
		return;
	}
	conn->data = NULL;
	conn->user = &s->user;
	s->user.on_open(&s->user, conn);
}

/* Who is named in the listener, until a connection is open. */
static struct tern_tcp_user nobody = { .on_open = on_open };

void
tern_stream_pool_init(struct tern_stream_pool *pool, void *mem,
		      const struct tern_stream_hooks *hooks, uint32_t streams, uint32_t recv_bytes,
		      uint32_t send_bytes)
{
	struct tern_stream_entry *e = (struct tern_stream_entry *)mem;
	uint8_t *rings = (uint8_t *)(e + streams);

	*pool = (struct tern_stream_pool){
		.listener = { .backlog = BACKLOG, .user = &nobody, .on_accept = on_accept },
		.hooks = hooks,
		.streams = streams,
		.used = streams,
	};
	for (uint32_t i = 0; i < streams; i++, e++) {
		e->stream.pool = pool;
		tern_recv_ring_init(&e->recv, rings, recv_bytes);
		rings += ring_bytes(recv_bytes);
		tern_send_ring_init(&e->send, rings, send_bytes);
		rings += ring_bytes(send_bytes);
		tern_stream_pool_give(&e->stream);
	}
}

struct tern_stream *
tern_stream_pool_take(struct tern_stream_pool *pool)
{
	struct tern_stream *s = pool->free;
	struct tern_stream_entry *e = (struct tern_stream_entry *)s;

	if (s == NULL)
		return NULL;
	pool->free = s->next;
	pool->used++;
	tern_recv_ring_init(&e->recv, e->recv.ring.mem, e->recv.ring.size);
	tern_send_ring_init(&e->send, e->send.ring.mem, e->send.ring.size);
	tern_stream_init(s, pool->hooks, &e->recv.recv, &e->send.send);
	s->pool = pool;
	return s;
}

void
tern_stream_pool_give(struct tern_stream *s)
{
	struct tern_stream_pool *pool = s->pool;

	assert(pool != NULL && pool->used > 0);
	s->next = pool->free;
	pool->free = s;
	pool->used--;
}
