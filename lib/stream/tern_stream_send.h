/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Send sources: where the bytes come from that a connection sends, and sends again until they are
 * acknowledged (RFC 9293 §3.8.1).
 *
 *	tern_send_ring       a ring of bytes: written, copied into segments, forgotten when acked
 *	tern_send_memory     memory as it stands: attached where the port can, not copied
 *	tern_send_generator  a function of the position in the stream: nothing is stored
 *
 * A source serves one connection at a time. Positions are those of tern_conn.h: 0 is the first byte
 * after the SYN. It holds the bytes from `first` to `end`: those before are acknowledged, those
 * behind are not there yet. struct tern_stream does the following by itself; with a struct
 * tern_tcp_user of one's own it is
 *
 *	on_open()     tern_send_open(&ring.send, conn)
 *	available()   return tern_send_available(&ring.send, at)
 *	fill()        tern_send_fill(&ring.send, at, to, len)
 *	lend()        return tern_send_lend(&ring.send, at, len, loan)
 *	acked()       tern_send_acked(&ring.send, upto)
 *	on_closed()   tern_send_close(&ring.send)
 *
 * The fourth source, the mbufs of answers, is the connection's own: tern_tcp_answer(). Answers take
 * positions in the same stream, so a source may go on behind them once it is empty:
 * tern_send_seek(). See tern_stream_answer().
 *
 * Memory is the user's. All calls belong to the lcore of the connection; none allocates or waits.
 */
#ifndef TERN_STREAM_SEND_H
#define TERN_STREAM_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf_core.h>

#include <tern_api.h>
#include <tern_conn.h>
#include <tern_stream_ring.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_send;

/** What makes a source; for those who write one. Any member but fill may be NULL. */
struct tern_send_ops {
	/** Take as many of @len bytes as fit behind self->end. Return: how many. */
	uint32_t (*write)(struct tern_send *self, const void *data, uint32_t len);
	/** As in tern_tcp_user; within first .. end. */
	void (*fill)(struct tern_send *self, uint64_t at, void *to, uint32_t len);
	bool (*lend)(struct tern_send *self, uint64_t at, uint32_t len, struct tern_loan *loan);
	/** self->first has moved on by @bytes: they are needed no more. */
	void (*release)(struct tern_send *self, uint64_t bytes);
	/** The connection is over: nothing is needed any more. */
	void (*clear)(struct tern_send *self);
};

/** The beginning of every source. */
struct tern_send {
	const struct tern_send_ops *ops;
	struct tern_conn *conn; /* NULL before tern_send_open() and after tern_send_close() */
	uint64_t first, end;	/* the positions that it holds: first .. end - 1 */
	uint32_t size;		/* bytes that it has room for; 0: it is not written to */
};

/** The source serves this connection from now on; it may hold bytes already. */
TERN_API void tern_send_open(struct tern_send *self, struct tern_conn *conn);

/**
 * The connection is over: what is left is forgotten, and the source as new: what it is given from
 * now on is for the next connection.
 */
TERN_API void tern_send_close(struct tern_send *self);

/** The calls of tern_tcp_user, but for the connection. O(1), and what is copied. */
TERN_API uint32_t tern_send_available(const struct tern_send *self, uint64_t at);
TERN_API void tern_send_fill(struct tern_send *self, uint64_t at, void *to, uint32_t len);
TERN_API bool tern_send_lend(struct tern_send *self, uint64_t at, uint32_t len,
			     struct tern_loan *loan);
TERN_API void tern_send_acked(struct tern_send *self, uint64_t upto);

/**
 * tern_send_write() - SEND (RFC 9293 §3.9.1): copy bytes into the source
 *
 * They leave with the same or the next poll, as windows allow.
 *
 * Return: how many fitted, 0 .. @len; 0 from a source that is not written to.
 */
TERN_API uint32_t tern_send_write(struct tern_send *self, const void *data, uint32_t len);

/** How much tern_send_write() would take. */
TERN_API uint32_t tern_send_room(const struct tern_send *self);

/**
 * Other bytes go before: the source, which is empty, goes on at this position. What it is given
 * from now on leaves behind them.
 */
TERN_API void tern_send_seek(struct tern_send *self, uint64_t position);

/**
 * Has it bytes behind answers that have not left yet? Then FIN must wait: the connection does not
 * ask for bytes before those have left.
 */
TERN_API bool tern_send_waits(const struct tern_send *self);

/* Ring ---------------------------------------------------------------------------------------- */

/**
 * Bytes stay in the ring until they are acknowledged, so its size bounds what is under way: for the
 * full rate of a path it has to hold the product of bandwidth and round-trip time. They are copied
 * into each segment, never lent: the port may still have an earlier copy of a segment when the
 * acknowledgment lets the ring be written over.
 */
struct tern_send_ring {
	struct tern_send send; /* first member: the calls above are for it */
	struct tern_ring ring;
};

/** @size bytes at @mem: 1 .. TERN_RING_BYTES_MAX. Again after use: all is forgotten. */
TERN_API void tern_send_ring_init(struct tern_send_ring *self, void *mem, uint32_t size);

/** Where there is room, to be written in place. Return: pieces, 0 .. 2. */
TERN_API unsigned int tern_send_ring_room(const struct tern_send_ring *self, struct iovec iov[2]);

/** So many bytes have been written there, at most what there is of it: they are to be sent. */
TERN_API void tern_send_ring_commit(struct tern_send_ring *self, uint32_t bytes);

/* Memory -------------------------------------------------------------------------------------- */

/**
 * Memory to be sent as it stands. It must not change from tern_send_memory_add() to on_done().
 * Cleared to zero before its first use but for the members that are the user's.
 */
struct tern_send_piece {
	const void *data;
	size_t len;	 /* bytes, at least 1 */
	rte_iova_t iova; /* of data; RTE_BAD_IOVA where no port needs it */
	bool lent;	 /* a port may read it: tern_run_lend(). Otherwise it is copied */
	/**
	 * No longer needed: all is acknowledged or the connection over, and no mbuf refers to it.
	 * Called on the thread that frees the last such mbuf, or from a call about the connection;
	 * the piece may be used anew. NULL: nobody cares.
	 */
	void (*on_done)(struct tern_send_piece *self);

	/* Private from here on. */
	uint64_t at; /* position of its first byte */
	struct tern_send_piece *next;
	struct rte_mbuf_ext_shared_info shared; /* one reference is the source's */
};

/**
 * A queue of pieces. What is attached costs an mbuf more for each segment and no copy; it is tried
 * for 256 bytes and more in one piece, if the port sends packets of several parts
 * (TERN_PORT_TX_CHAIN). All else is copied, so that segments are full across the border of pieces.
 */
struct tern_send_memory {
	struct tern_send send; /* first member: the calls above are for it */
	struct tern_send_piece *head, *tail;
	struct tern_send_piece *near; /* where something was found last */
};

TERN_API void tern_send_memory_init(struct tern_send_memory *self);

/** Send a piece behind all others. It is the source's until its on_done(). O(1). */
TERN_API void tern_send_memory_add(struct tern_send_memory *self, struct tern_send_piece *piece);

/* Generator ----------------------------------------------------------------------------------- */

/** Bytes that are made when they are sent, as often as they are: a function of the position. */
struct tern_send_generator {
	struct tern_send send; /* first member: the calls above are for it */
	/** Write @len bytes from position @at to @to. The same each time. */
	void (*make)(struct tern_send_generator *self, uint64_t at, void *to, uint32_t len);
};

/** Of @total bytes; UINT64_MAX: a stream without end. */
TERN_API void tern_send_generator_init(struct tern_send_generator *self,
				       void (*make)(struct tern_send_generator *self, uint64_t at,
						    void *to, uint32_t len),
				       uint64_t total);

/** There are @bytes more of it. */
TERN_API void tern_send_generator_extend(struct tern_send_generator *self, uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif
