/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Receive buffers: where the bytes of a connection wait until they are read.
 *
 *	tern_recv_ring    copies them into a ring of bytes
 *	tern_recv_chain   keeps the mbufs that brought them; small pieces are copied together
 *
 * A buffer serves one connection at a time and keeps to the receive window for it (RFC 9293
 * §3.8.6.2.2): the window is what the buffer can still take, and opens as it is read, in steps
 * worth telling of (MUST-39). What it did not take is not acknowledged. struct tern_stream does the
 * following by itself; with a struct tern_tcp_user of one's own it is
 *
 *	on_open()     tern_recv_open(&ring.recv, conn)
 *	on_data()     return tern_recv_take(&ring.recv, in)
 *	on_closed()   tern_recv_close(&ring.recv)
 *
 * Two things are to be known of the window:
 *   - It is offered first in the SYN-ACK, before there is a buffer, and from tern_config.rcv_space.
 *     Have that no larger than the buffer: what it cannot take has to be sent again.
 *   - It is told in units of 2^rcv.wscale bytes and may be rounded up by one (RFC 7323 §2.4). A
 *     buffer of more than two units keeps one in reserve for that and offers so much less.
 *
 * Memory is the user's and must outlive the buffer. All calls belong to the lcore of the
 * connection; none allocates or waits.
 */
#ifndef TERN_STREAM_RECV_H
#define TERN_STREAM_RECV_H

#include <stdint.h>

#include <sys/uio.h>

#include <tern_api.h>
#include <tern_conn.h>
#include <tern_in.h>
#include <tern_stream_ring.h>
#include <tern_verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_recv;

/** What makes a receive buffer; for those who write one. */
struct tern_recv_ops {
	/**
	 * Bytes for the buffer, in order: in->data, in->len. TERN_TAKEN: all are kept, and so is
	 * the mbuf. TERN_DONE: copied, as many as in->len then says, which may be lowered to 0.
	 */
	enum tern_verdict (*take)(struct tern_recv *self, struct tern_in *in);
	/** Where the oldest bytes stand, in at most @n pieces. Return: how many pieces. */
	unsigned int (*peek)(const struct tern_recv *self, struct iovec *iov, unsigned int n);
	/** Forget the oldest @bytes, at most self->used. */
	void (*drop)(struct tern_recv *self, uint32_t bytes);
};

/** The beginning of every receive buffer. */
struct tern_recv {
	const struct tern_recv_ops *ops;
	struct tern_conn *conn; /* NULL before tern_recv_open() and after tern_recv_close() */
	uint32_t size;		/* bytes that it has room for: what the window is made of */
	uint32_t used;		/* bytes that wait to be read */
};

/** The buffer serves this connection from now on, whose rcv.space becomes the buffer's. */
TERN_API void tern_recv_open(struct tern_recv *self, struct tern_conn *conn);

/** The connection is over. What is in the buffer can still be read. */
TERN_API void tern_recv_close(struct tern_recv *self);

/**
 * tern_recv_take() - from on_data(): take as many of the bytes as there is room for
 *
 * Bytes that are copied cost a memcpy() each; see the buffers for when mbufs are kept.
 *
 * Return: what on_data() must return: TERN_DONE (in->len may be lower than it was), TERN_TAKEN, or
 * TERN_DROP_USER: there was room for nothing.
 */
TERN_API enum tern_verdict tern_recv_take(struct tern_recv *self, struct tern_in *in);

/**
 * tern_recv_peek() - look at the oldest bytes where they stand; readv() without the copy
 * @iov: @n pieces; two are enough for all of a ring
 *
 * Return: how many pieces were filled in, 0 when there is nothing to read. They are good until the
 * next call that takes or reads. O(@n).
 */
TERN_API unsigned int tern_recv_peek(const struct tern_recv *self, struct iovec *iov,
				     unsigned int n);

/**
 * tern_recv_skip() - the oldest @bytes have been read: forget them, and open the window
 *
 * A window update leaves with the same or the next poll when it is due (RFC 9293 §3.8.6.2.2).
 *
 * Return: how many were forgotten: @bytes, or all there were.
 */
TERN_API uint32_t tern_recv_skip(struct tern_recv *self, uint32_t bytes);

/** tern_recv_read() - copy the oldest bytes and forget them. Return: how many, 0 .. @len. */
TERN_API uint32_t tern_recv_read(struct tern_recv *self, void *to, uint32_t len);

/* Ring ---------------------------------------------------------------------------------------- */

struct tern_recv_ring {
	struct tern_recv recv; /* first member: the calls above are for it */
	struct tern_ring ring;
};

/** @size bytes at @mem: 1 .. TERN_RING_BYTES_MAX. Again after use: all is forgotten. */
TERN_API void tern_recv_ring_init(struct tern_recv_ring *self, void *mem, uint32_t size);

/* Chain --------------------------------------------------------------------------------------- */

/**
 * A queue of mbufs as they came, in a table of the user's with room for so many. A piece of at most
 * 256 bytes is copied behind the one before it where that has room; of any length once half of the
 * table is in use. So an mbuf of which 2 kB are for data carries 512 bytes at the least on average,
 * and a buffer of at most 512 bytes for each entry of its table never has to refuse what its window
 * allowed. More space is a bet on larger segments; when it is lost, the rest comes again. What is
 * bounded for certain is the number of mbufs.
 *
 * Mbufs that are kept are missing in the pool of the port meanwhile: tern_config.mbufs.
 */
struct tern_recv_chain {
	struct tern_recv recv; /* first member: the calls above are for it */
	struct rte_mbuf **mbufs;
	uint32_t n;	/* entries of mbufs[] */
	uint32_t first; /* index of the oldest */
	uint32_t count; /* of those in use */
};

/**
 * tern_recv_chain_init() - an empty chain
 * @mbufs: @n >= 1 entries
 * @space: bytes that may wait: the window is made of that
 *
 * A chain that is not empty holds mbufs: tern_recv_skip() what is used of it before this.
 */
TERN_API void tern_recv_chain_init(struct tern_recv_chain *self, struct rte_mbuf **mbufs,
				   uint32_t n, uint32_t space);

/**
 * tern_recv_chain_pop() - take the oldest mbuf out; its unread bytes count as read
 *
 * Return: an mbuf of one segment whose data are those bytes; the caller's to free, from any thread.
 * NULL: the chain is empty.
 */
TERN_API struct rte_mbuf *tern_recv_chain_pop(struct tern_recv_chain *self);

#ifdef __cplusplus
}
#endif

#endif
