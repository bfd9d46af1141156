/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The HTTP server of one stack: the user of its connections.
 *
 * Requests are read where they arrive. A response is an entry of 8 bytes in a queue of its
 * connection: the stream position where it begins is known, and its bytes are made, or lent, when
 * the stack asks for them, as often as it asks. Only a head that is not whole yet is copied, into
 * one of a fixed number of buffers; and requests beyond QUEUE_MAX responses not yet acknowledged,
 * into the same. The receive window is what that buffer can still take, so nothing that a peer may
 * send has to be refused. When no buffer is left: 503, and the connection closes.
 *
 * A connection that is to end is shut down for sending behind its last response and read on until
 * the peer's FIN (RFC 9112 §9.6): a reset for unread requests could overtake the response.
 *
 * Memory is handed in and so is time: server_tick() moves the clock, ten times a second or so,
 * and sweeps a part of the connections for those that have made no progress for timeout_ns.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include <tern_tcp.h>

#include "http/site.h"

enum {
	QUEUE_MAX = 16,		  /* responses under way on a connection */
	SKIP_MAX_BYTES = 1 << 20, /* of a request's body, which nobody reads; more: 413 */
};

struct server;

struct server_config {
	const struct site *site; /* borrowed */
	uint32_t connections;	 /* as in tern_config */
	uint32_t heads;		 /* buffers for heads that are not whole */
	uint64_t timeout_ns;
};

struct server_counts {
	uint64_t served;   /* answered with 200 */
	uint64_t refused;  /* answered with anything else */
	uint64_t timeouts; /* connections closed for silence */
};

/* Memory that server_init() wants, aligned to 64. */
size_t server_bytes(const struct server_config *config);

struct server *server_init(void *mem, const struct server_config *config, uint64_t now);

/* Whom to name in a listener. */
struct tern_tcp_user *server_user(struct server *server);

/* It is now, and so many seconds after 1970. */
void server_tick(struct server *server, uint64_t now, uint32_t date);

struct server_counts server_counts(const struct server *server);

#endif
