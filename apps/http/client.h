/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the files of the server share: one connection, its queue, its buffer, and the whole.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_mbuf.h>

#include <tern_tcp.h>

#include "http/date.h"
#include "http/parse.h"
#include "http/server.h"
#include "http/site.h"

/* What a head says of the connection (RFC 9112 §9.3). */
enum ending {
	ENDING_PLAIN,	   /* HTTP/1.1, it stays: nothing */
	ENDING_KEEP_ALIVE, /* HTTP/1.0, it stays because it was asked for */
	ENDING_CLOSE,
	ENDINGS
};

/* A response, from when it is decided until its last byte is acknowledged. */
struct response {
	uint32_t object : 29;
	uint32_t ending : 2;
	uint32_t bare : 1; /* the answer to HEAD: without the body */
	uint32_t date;	   /* seconds since 1970 */
};

/* Bytes that had to be kept: they begin where a request does, and r has read so far. */
struct head {
	struct head *next; /* free ones */
	struct request r;
	uint32_t len;
	char text[HEAD_MAX_BYTES];
};

enum {
	CLIENT_LAST = 1, /* the last response is in the queue: what comes now is not read */
	CLIENT_EOF = 2,	 /* the peer will send nothing more */
	CLIENT_SHUT = 4, /* tern_tcp_shutdown() was called */
};

/* What idle connections and small responses touch stands first: one line. */
struct client {
	struct tern_conn *conn; /* NULL: none has this slot */
	struct head *head;	/* bytes that wait; NULL: none do */
	uint64_t start;		/* stream position where the oldest response begins */
	uint64_t end;		/* and where the newest ends */
	uint32_t skip;		/* bytes of a body still to come */
	uint32_t heard;		/* server.clock at the last progress */
	uint8_t first, n;	/* of the queue */
	uint8_t flags;		/* CLIENT_* */
	struct response queue[QUEUE_MAX];
} __rte_cache_aligned;

/* The end of a head: the date, CRLF, Connection if due, CRLF. */
enum { STAMP_MAX_BYTES = DATE_BYTES + 32 };

struct server {
	struct tern_tcp_user user;
	const struct site *site;
	struct client *clients; /* by tern_conn.slot */
	uint32_t clients_n;
	uint32_t sweep; /* the client that is looked at next */
	uint32_t clock; /* in units of CLOCK_NS */
	uint32_t timeout, sweep_step;
	struct head *free_heads;
	struct rte_mbuf_ext_shared_info shared; /* of all that is lent: never 0, so never freed */
	uint32_t date;				/* seconds since 1970 */
	char stamps[ENDINGS][STAMP_MAX_BYTES];	/* with this date */
	struct server_counts counts;
};

/* reply.c: the queue, and the stream that it stands for. */

static inline bool
has_room(const struct client *c)
{
	return c->n < QUEUE_MAX;
}

/* Queue a response; there is room. */
void reply(struct server *s, struct client *c, uint32_t object, enum ending ending, bool bare);
/* Forget those that end at or before this position. */
void forget_upto(struct server *s, struct client *c, uint64_t upto);
/* Make the stamps for a date. */
void stamp(struct server *s, uint32_t date);

uint32_t stream_available(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at);
void stream_fill(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, void *to,
		 uint32_t len);
bool stream_lend(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, uint32_t len,
		 struct tern_loan *loan);

/* requests.c: reading them, and deciding what to answer. */

/*
 * Take bytes of the stream. Return: how many; fewer than all when the queue is full and so is the
 * buffer, or there is none.
 */
uint32_t take(struct server *s, struct client *c, const char *data, uint32_t len);
/* The queue has room again: read what waits. */
void resume(struct server *s, struct client *c);
/* Answer with this status, and with nothing after it. */
void refuse(struct server *s, struct client *c, uint16_t status, bool bare);
/* Give the buffer back. */
void drop_head(struct server *s, struct client *c);

/* server.c */

static inline struct server *
server_of(struct tern_tcp_user *user)
{
	return (struct server *)user;
}

static inline struct client *
client_of(struct server *s, const struct tern_conn *conn)
{
	return &s->clients[conn->slot];
}

/* Do what follows from the state of a connection: open its window, end it. */
void settle(struct client *c);

/* sweep.c: look at the next few connections; abort or close those that have been silent. */
void sweep(struct server *s);

#endif
