/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * TCP (RFC 9293): listening, opening, sending, closing.
 *
 * One TCP layer belongs to one lcore and shares nothing; call these functions from that lcore, in
 * a callback or between two polls. None waits, none allocates, none sends from inside the call:
 * what is to be sent leaves in the same or the next tern_poll().
 */
#ifndef TERN_TCP_H
#define TERN_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_addr.h>
#include <tern_api.h>
#include <tern_conn.h>
#include <tern_in.h>
#include <tern_verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What on_accept() may say, before any reply has been sent. */
enum tern_accept {
	TERN_ACCEPT,
	TERN_REFUSE, /* answered exactly as if nobody listened */
	TERN_IGNORE, /* not answered at all */
};

/* A SYN for on_accept(). */
struct tern_syn {
	struct tern_addr remote, local;
	rte_be16_t rport, lport;
	struct tern_tcp_user *user; /* whose connection it becomes: preset, may be changed */
	void *data;		    /* tern_conn.data of it: preset to NULL, may be changed */
};

/**
 * A listener, in the user's memory until tern_tcp_unlisten(). The layer only reads it, so one may
 * serve the stacks of many lcores.
 */
struct tern_tcp_listener {
	struct tern_addr addr;	    /* local address, or any */
	uint16_t port;		    /* host byte order, 1..65535 */
	bool one_shot;		    /* takes one connection, then none until tern_tcp_relisten() */
	uint32_t backlog;	    /* most half-open connections (SYN-RECEIVED) per lcore, >= 1 */
	struct tern_tcp_user *user; /* of each connection, unless on_accept() changes it */
	/**
	 * May be NULL: accept all. Decides before any reply leaves; but when half-open connections
	 * are used up and SYN cookies stand in for them (tern_config.syn_cookies), when the peer
	 * has answered the SYN-ACK: until then nothing is known of it.
	 */
	enum tern_accept (*on_accept)(const struct tern_tcp_listener *self, struct tern_syn *syn);
};

/**
 * tern_tcp_listen() - LISTEN on an address and port (RFC 9293 §3.9.1, passive OPEN)
 *
 * Return: 0, or
 *   -EINVAL      port 0, backlog 0, or no user
 *   -EADDRINUSE  somebody listens on just this address and port
 *   -ENOBUFS     tern_config.listeners are in use
 */
TERN_API int tern_tcp_listen(struct tern_tcp *tcp, const struct tern_tcp_listener *listener);

/** Re-arm a one-shot listener. Return: 0, or -ENOENT: it does not listen. */
TERN_API int tern_tcp_relisten(struct tern_tcp *tcp, const struct tern_tcp_listener *listener);

/** Stop listening and reset its half-open connections. Return: 0, or -ENOENT. */
TERN_API int tern_tcp_unlisten(struct tern_tcp *tcp, const struct tern_tcp_listener *listener);

/**
 * tern_tcp_connect() - open a connection actively (RFC 9293 §3.9.1, OPEN call)
 * @tcp:   layer that will own the connection
 * @to:    remote address
 * @port:  remote port, network byte order
 * @user:  called for every event of the connection; borrowed until on_closed()
 * @conn:  the connection, in SYN-SENT; left untouched on failure
 *
 * The local port is drawn at random (RFC 6056 §3.3.1) from [port_min, port_max]; the SYN leaves
 * on the next poll. O(1) on average, at most one walk of the port range.
 *
 * Return: 0, or
 *   -EINVAL         port 0, no user, or @to is no unicast address
 *   -EADDRNOTAVAIL  no free port towards @to
 *   -EHOSTUNREACH   no route to @to, or no address of ours on it
 *   -ENOBUFS        all connection slots are taken
 */
TERN_API int tern_tcp_connect(struct tern_tcp *tcp, struct tern_addr to, rte_be16_t port,
			      struct tern_tcp_user *user, struct tern_conn **conn);

/**
 * tern_tcp_connect_from() - the same from a given address and port of ours (RFC 9293 MUST-43)
 * @from:      an address of ours, or any: that of the route
 * @from_port: network byte order; 0: drawn at random
 *
 * Return: as tern_tcp_connect(), and
 *   -EADDRNOTAVAIL  @from is not ours
 *   -EADDRINUSE     there is a connection from @from_port to this peer
 */
TERN_API int tern_tcp_connect_from(struct tern_tcp *tcp, struct tern_addr from,
				   rte_be16_t from_port, struct tern_addr to, rte_be16_t port,
				   struct tern_tcp_user *user, struct tern_conn **conn);

/** More can be sent than when available() was last asked. O(1). */
TERN_API void tern_tcp_ready(struct tern_conn *conn);

/**
 * tern_tcp_answer() - from on_data(): answer in the mbuf that brought the data
 * @conn: the connection that on_data() was called for
 * @in:   as on_data() got it
 * @data: the answer; within in->data .. in->data + in->room it stays where it is, else it is copied
 * @len:  bytes, at most in->room
 *
 * The mbuf leaves with the answer now if the peer's window and the congestion window allow it, and
 * is kept until the answer is acknowledged; kept bytes count against the receive window. A
 * connection that answers must not have bytes available() at the same time.
 *
 * A small answer behind one that still waits joins it. After tern_tcp_shutdown() or
 * tern_tcp_close() there is nothing to answer any more: the data are accepted, the answer is not
 * sent.
 *
 * Return: what on_data() must return. TERN_DROP_TCP_HELD: too much is kept already;
 * TERN_DROP_USER: @len is more than in->room. Then nothing was accepted, and the same bytes will
 * come again.
 */
TERN_API enum tern_verdict tern_tcp_answer(struct tern_conn *conn, struct tern_in *in, void *data,
					   uint16_t len);

/** The user is done with @bytes that it accepted with TERN_TAKEN: the window opens again. */
TERN_API void tern_tcp_consumed(struct tern_conn *conn, uint32_t bytes);

/**
 * From on_data(), which will return TERN_DONE: @bytes of what it accepts were copied, and count as
 * held until tern_tcp_consumed(). For buffers: so the window follows what they have free.
 */
TERN_API void tern_tcp_hold(struct tern_conn *conn, uint32_t bytes);

/**
 * Receive space of this connection, bytes: what the peer may send before some of it is consumed.
 * From now on it does not grow by itself (tern_config.rcv_space_max). What was advertised before is
 * still taken (RFC 9293 SHLD-14).
 */
TERN_API void tern_tcp_set_space(struct tern_conn *conn, uint32_t bytes);

/**
 * tern_tcp_keepalive() - probe the peer of an open connection that is silent (RFC 9293 §3.8.4)
 * @idle_s:     silence before the first probe, seconds up to 36000; 0: no probes
 * @interval_s: between two, seconds up to 36000
 * @count:      probes without any answer that end the connection with TERN_TIMED_OUT, up to 255
 *
 * Return: 0, -EINVAL: out of range, -ENOTCONN: it is not open, or closed by its user.
 */
TERN_API int tern_tcp_keepalive(struct tern_conn *conn, uint32_t idle_s, uint32_t interval_s,
				uint32_t count);

/**
 * How long data may remain unacknowledged before the connection ends with TERN_TIMED_OUT (RFC 5482,
 * RFC 9293 MUST-21), ns from 1 ms to two hours; 0: tern_config.r2_ns. An idle connection is never
 * ended by it. Return: 0, or -EINVAL.
 */
TERN_API int tern_tcp_user_timeout(struct tern_conn *conn, uint64_t ns);

/**
 * Close as tern_tcp_close(), but reset the connection when the peer has not acknowledged everything
 * after @ns; with 0 at once, as tern_tcp_abort(): the connection is gone then.
 */
TERN_API void tern_tcp_linger(struct tern_conn *conn, uint64_t ns);

/** Pace what is sent, at this rate; 0: at cwnd a round trip. Until tern_tcp_unpace(). */
TERN_API void tern_tcp_pace(struct tern_conn *conn, uint64_t bytes_a_second);
TERN_API void tern_tcp_unpace(struct tern_conn *conn);

/**
 * Send FIN after the last byte; data still come in (half close, RFC 9293 §3.6). In SYN-SENT there
 * is nothing to close: on_closed(TERN_ABORTED) is called from inside; the connection is gone.
 */
TERN_API void tern_tcp_shutdown(struct tern_conn *conn);

/**
 * Close both ways (CLOSE call, RFC 9293 §3.10.4): FIN after the last byte. Data that still come
 * are answered with a reset (RFC 9293 SHLD-3); on_closed() is still called at the end. In SYN-SENT
 * as tern_tcp_shutdown().
 */
TERN_API void tern_tcp_close(struct tern_conn *conn);

/**
 * Reset now (ABORT call, RFC 9293 §3.10.5). on_closed(TERN_ABORTED) is called from inside; the
 * connection is gone when this returns.
 */
TERN_API void tern_tcp_abort(struct tern_conn *conn);

/** A name for a connection that is never another's: stays safe when the block is reused. */
TERN_API uint64_t tern_tcp_id(const struct tern_conn *conn);

/** Return: the connection of that id, or NULL when it is gone. */
TERN_API struct tern_conn *tern_tcp_find(struct tern_tcp *tcp, uint64_t id);

/**
 * How many connections there are, those in SYN-RECEIVED and TIME-WAIT among them; and how many in
 * @state, which is O(n). tern_tcp_each() and tern_tcp_find() know only of those that have a
 * connection block: not of passive opens in SYN-RECEIVED, nor of any in TIME-WAIT.
 */
TERN_API uint32_t tern_tcp_connections(const struct tern_tcp *tcp);
TERN_API uint32_t tern_tcp_in_state(const struct tern_tcp *tcp, enum tern_tcp_state state);

/**
 * tern_tcp_status() - the state of the connection between two ends (STATUS call, RFC 9293 §3.9.1)
 *
 * Return: TERN_CLOSED when there is none, whether somebody listens there or not. O(1).
 */
TERN_API enum tern_tcp_state tern_tcp_status(const struct tern_tcp *tcp, struct tern_addr local,
					     rte_be16_t lport, struct tern_addr remote,
					     rte_be16_t rport);

/**
 * Call @each for every connection that has a block; it may abort the one it is given.
 * O(connections slots).
 */
TERN_API void tern_tcp_each(struct tern_tcp *tcp, void (*each)(struct tern_conn *conn, void *data),
			    void *data);

/**
 * Segments of no connection, after checks, in place of the closed port's answer. @self returns
 * TERN_UNDECIDED to have that answer given, or any verdict of its own; it may call
 * tern_tcp_listen(). NULL switches it off.
 */
struct tern_tcp_stray {
	enum tern_verdict (*on_stray)(struct tern_tcp_stray *self, struct tern_tcp *tcp,
				      struct tern_in *in);
};

TERN_API void tern_tcp_set_stray(struct tern_tcp *tcp, struct tern_tcp_stray *stray);

#ifdef __cplusplus
}
#endif

#endif
