/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A stream: a connection with a receive buffer, a send source and the callbacks of an application.
 *
 *	static void
 *	pump(struct tern_stream *s)
 *	{
 *		tern_stream_move(s, s);
 *		if (tern_stream_ended(s))
 *			tern_stream_close(s);
 *	}
 *
 *	static const struct tern_stream_hooks echo = {
 *		.on_readable = pump, .on_writable = pump, .on_eof = pump,
 *	};
 *
 * It joins what tern_stream_recv.h and tern_stream_send.h have to a struct tern_tcp_user, and has
 * what a user of sockets looks for: read, write, shutdown, close, abort. It is no socket: nothing
 * waits, and all calls belong to the lcore of the connection, in a callback or between two polls.
 *
 * Owners: the stream, its buffer and its source are the application's memory, and serve one
 * connection at a time, from tern_stream_accept() or tern_stream_connect() until on_closed().
 * tern_stream_pool.h has them in numbers, with a listener.
 *
 * What is read opens the window, what is written leaves with the same or the next poll: RFC 9293
 * §3.9.1 SEND and RECEIVE. There is no PUSH in either (MAY-15, MAY-16): all is sent as soon as may
 * be, and read as it comes.
 */
#ifndef TERN_STREAM_H
#define TERN_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_stream_recv.h>
#include <tern_stream_send.h>
#include <tern_tcp.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_stream;
struct tern_stream_pool;

/**
 * What the application supplies; one for many streams. Any member may be NULL. All are called from
 * tern_poll() on the lcore of the stream, on_closed() also from the call that ends it, and may call
 * anything below, tern_stream_abort() included.
 */
struct tern_stream_hooks {
	/** The connection reached ESTABLISHED. */
	void (*on_open)(struct tern_stream *s);

	/**
	 * A first look at data in place, when nothing waits to be read before them. Return
	 * TERN_UNDECIDED to have them put into the receive buffer, or what tern_tcp_user.on_data()
	 * may return: what tern_stream_answer() did, TERN_DONE, TERN_TAKEN ...
	 */
	enum tern_verdict (*on_data)(struct tern_stream *s, struct tern_in *in);

	/** There is more to read. Called for each segment; what is not read now waits. */
	void (*on_readable)(struct tern_stream *s);

	/**
	 * There is room in the source again, a quarter of it: after a tern_stream_write() or
	 * tern_stream_move() that found too little, once.
	 */
	void (*on_writable)(struct tern_stream *s);

	/**
	 * The peer has sent all it will (FIN). There may be bytes that wait to be read: see
	 * tern_stream_ended(). NULL: the stream is closed in return.
	 */
	void (*on_eof)(struct tern_stream *s);

	/**
	 * The connection is over, also one that was never open. What was received can still be
	 * read. A stream of a pool goes back to it as soon as this returns; one of one's own may be
	 * connected anew from here, after tern_stream_init().
	 */
	void (*on_closed)(struct tern_stream *s, enum tern_why why);
};

enum tern_stream_state {
	TERN_STREAM_NEW,    /* no connection yet, or not known to be open */
	TERN_STREAM_OPEN,   /* ESTABLISHED was reached, or the SYN is ours */
	TERN_STREAM_CLOSED, /* on_closed() is or was called */
};

struct tern_stream {
	struct tern_tcp_user user; /* first member: the user of the connection */
	const struct tern_stream_hooks *hooks;
	struct tern_recv *recv; /* NULL: what is received is forgotten */
	struct tern_send *send; /* NULL: nothing is sent but answers */
	struct tern_conn *conn; /* NULL unless TERN_STREAM_OPEN */
	void *data;		/* the application's own */

	/* Private, but to be read. */
	struct tern_stream_pool *pool; /* where it goes when it is closed, or NULL */
	struct tern_stream *next;      /* in the pool */
	uint8_t state;		       /* enum tern_stream_state */
	bool eof;		       /* the peer's FIN has come */
	bool short_write;	       /* on_writable() is owed */
	uint8_t ending;		       /* what to do when the answers before have left */
	uint32_t linger_ms;
};

/**
 * tern_stream_init() - a stream without connection
 * @hooks: borrowed
 * @recv:  empty; borrowed until the stream is no longer used. NULL: reads nothing
 * @send:  borrowed likewise; may hold bytes already. NULL: writes nothing
 *
 * Again after on_closed(), with buffers that were made anew. Sets data to NULL.
 */
TERN_API void tern_stream_init(struct tern_stream *s, const struct tern_stream_hooks *hooks,
			       struct tern_recv *recv, struct tern_send *send);

/**
 * From on_accept(): the connection of this SYN becomes the stream's. Should it come to nothing
 * before on_open(), nobody is told, and the stream may be given to another. Return: TERN_ACCEPT.
 */
TERN_API enum tern_accept tern_stream_accept(struct tern_stream *s, struct tern_syn *syn);

/**
 * tern_stream_connect() - open a connection actively (RFC 9293 §3.9.1, OPEN call)
 *
 * s->conn is good at once, s->conn->rcv.space what the receive buffer has; bytes may be written
 * before on_open().
 *
 * Return: as tern_tcp_connect(); on failure nothing has happened.
 */
TERN_API int tern_stream_connect(struct tern_stream *s, struct tern_tcp *tcp, struct tern_addr to,
				 rte_be16_t port);

/* Reading: RECEIVE (RFC 9293 §3.9.1). Costs and lifetimes are those of tern_stream_recv.h. */

/** How many bytes wait to be read. */
TERN_API uint32_t tern_stream_readable(const struct tern_stream *s);
/** Copy the oldest out. Return: how many, 0 .. @len. */
TERN_API uint32_t tern_stream_read(struct tern_stream *s, void *to, uint32_t len);
/** Where they stand. Return: pieces filled in, 0 .. @n. */
TERN_API unsigned int tern_stream_peek(const struct tern_stream *s, struct iovec *iov,
				       unsigned int n);
/** They have been read where they stand. Return: how many, 0 .. @bytes. */
TERN_API uint32_t tern_stream_skip(struct tern_stream *s, uint32_t bytes);

/** All has been read that the peer will ever send: its FIN has come, and nothing waits. */
TERN_API bool tern_stream_ended(const struct tern_stream *s);

/* Writing: SEND (RFC 9293 §3.9.1). */

/** How much can be written: room in the source; 0 after shutdown, close and on_closed(). */
TERN_API uint32_t tern_stream_writable(const struct tern_stream *s);

/**
 * tern_stream_write() - copy bytes into the source, to be sent
 *
 * Return: how many fitted, 0 .. @len. When that is less than @len, on_writable() tells of room,
 * unless there will be none: after shutdown, close or on_closed(), or with a source that is not
 * written to.
 */
TERN_API uint32_t tern_stream_write(struct tern_stream *s, const void *data, uint32_t len);

/** The same of several pieces, in order. Return: how many bytes fitted. */
TERN_API uint32_t tern_stream_writev(struct tern_stream *s, const struct iovec *iov,
				     unsigned int n);

/**
 * tern_stream_move() - write to one stream what waits to be read from another, or from the same
 *
 * One copy. Return: how many bytes were moved; what did not fit waits, and on_writable() of @to
 * tells of room.
 */
TERN_API uint32_t tern_stream_move(struct tern_stream *from, struct tern_stream *to);

/**
 * tern_stream_answer() - from hooks.on_data(): answer in the mbuf that brought the data
 * @data, @len: as for tern_tcp_answer()
 *
 * When all that the source had is acknowledged the answer leaves in the very mbuf, which is kept
 * until it is acknowledged; the source goes on behind it. Otherwise it is copied into the source,
 * all of it or nothing.
 *
 * Return: what on_data() must return. TERN_DROP_USER, TERN_DROP_TCP_HELD: there was no room for the
 * answer, so that the question was not accepted and will come again.
 */
TERN_API enum tern_verdict tern_stream_answer(struct tern_stream *s, struct tern_in *in, void *data,
					      uint16_t len);

/* Ending. Each returns 0, or -ENOTCONN: there is no connection, or it is not known to be open. */

/** FIN behind the last byte of the source; reading goes on (RFC 9293 §3.6, half close). */
TERN_API int tern_stream_shutdown(struct tern_stream *s);

/**
 * CLOSE both ways (RFC 9293 §3.10.4): FIN behind the last byte; what still comes is answered with a
 * reset (SHLD-3). What is in the receive buffer can still be read. on_closed() follows when the
 * peer has acknowledged all and closed too.
 */
TERN_API int tern_stream_close(struct tern_stream *s);

/**
 * The same, but reset after @ns when the peer has not acknowledged all by then: SO_LINGER. Rounded
 * up to milliseconds; with 0 at once, as tern_stream_abort().
 */
TERN_API int tern_stream_linger(struct tern_stream *s, uint64_t ns);

/** ABORT (RFC 9293 §3.10.5): reset now; on_closed(TERN_ABORTED) is called from inside. */
TERN_API int tern_stream_abort(struct tern_stream *s);

#ifdef __cplusplus
}
#endif

#endif
