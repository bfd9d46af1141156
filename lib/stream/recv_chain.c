/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <string.h>

#include <rte_mbuf.h>

#include <tern_stream_recv.h>
#include <tern_tcp.h>

enum { SMALL_BYTES = 256 }; /* as fast to copy as the mbuf is to take, and to get anew */

static struct tern_recv_chain *
chain_of(struct tern_recv *recv)
{
	return (struct tern_recv_chain *)recv;
}

static uint32_t
index_of(const struct tern_recv_chain *c, uint32_t i)
{
	return c->first + i < c->n ? c->first + i : c->first + i - c->n;
}

static struct rte_mbuf *
oldest(const struct tern_recv_chain *c)
{
	return c->mbufs[c->first];
}

/* Bytes that can be written behind those of the last mbuf; of one that is shared, none. */
static uint16_t
room_behind(const struct tern_recv_chain *c)
{
	const struct rte_mbuf *last;

	if (c->count == 0)
		return 0;
	last = c->mbufs[index_of(c, c->count - 1)];
	if (!RTE_MBUF_DIRECT(last) || rte_mbuf_refcnt_read(last) != 1)
		return 0;
	return rte_pktmbuf_tailroom(last);
}

static void
copy_behind(struct tern_recv_chain *c, const uint8_t *data, uint16_t len)
{
	struct rte_mbuf *last = c->mbufs[index_of(c, c->count - 1)];

	memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len), data, len);
	last->data_len = (uint16_t)(last->data_len + len);
	last->pkt_len = last->data_len;
}

static void
keep(struct tern_recv_chain *c, const struct tern_in *in)
{
	struct rte_mbuf *m = in->mbuf;

	m->data_off = (uint16_t)(in->data - (uint8_t *)m->buf_addr);
	m->data_len = in->len;
	m->pkt_len = in->len;
	c->mbufs[index_of(c, c->count++)] = m;
}

static enum tern_verdict
take(struct tern_recv *self, struct tern_in *in)
{
	struct tern_recv_chain *c = chain_of(self);
	uint16_t room = room_behind(c);
	bool worth_it = in->len > SMALL_BYTES && c->count < c->n / 2;

	if (c->count < c->n && (in->len > room || worth_it)) {
		keep(c, in);
		return TERN_TAKEN;
	}
	in->len = RTE_MIN(in->len, room);
	if (in->len > 0)
		copy_behind(c, in->data, in->len);
	return TERN_DONE;
}

static unsigned int
peek(const struct tern_recv *self, struct iovec *iov, unsigned int n)
{
	const struct tern_recv_chain *c = (const struct tern_recv_chain *)self;
	unsigned int i;

	for (i = 0; i < n && i < c->count; i++) {
		struct rte_mbuf *m = c->mbufs[index_of(c, i)];

		iov[i] = (struct iovec){ .iov_base = rte_pktmbuf_mtod(m, void *),
					 .iov_len = m->data_len };
	}
	return i;
}

static struct rte_mbuf *
unlink_oldest(struct tern_recv_chain *c)
{
	struct rte_mbuf *m = oldest(c);

	c->first = index_of(c, 1);
	c->count--;
	return m;
}

static void
drop(struct tern_recv *self, uint32_t bytes)
{
	struct tern_recv_chain *c = chain_of(self);

	while (c->count > 0 && oldest(c)->data_len <= bytes) {
		bytes -= oldest(c)->data_len;
		rte_pktmbuf_free(unlink_oldest(c));
	}
	if (bytes > 0)
		rte_pktmbuf_adj(oldest(c), (uint16_t)bytes);
}

static const struct tern_recv_ops chain_ops = { .take = take, .peek = peek, .drop = drop };

void
tern_recv_chain_init(struct tern_recv_chain *self, struct rte_mbuf **mbufs, uint32_t n,
		     uint32_t space)
{
	assert(n >= 1 && space >= 1);
	*self = (struct tern_recv_chain){
		.recv = { .ops = &chain_ops, .size = space },
		.mbufs = mbufs,
		.n = n,
	};
}

struct rte_mbuf *
tern_recv_chain_pop(struct tern_recv_chain *self)
{
	struct tern_recv *recv = &self->recv;
	struct rte_mbuf *m;

	if (self->count == 0)
		return NULL;
	m = unlink_oldest(self);
	recv->used -= m->data_len;
	if (recv->conn != NULL)
		tern_tcp_consumed(recv->conn, m->data_len);
	return m;
}
