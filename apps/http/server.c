/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "http/client.h"

static const uint64_t CLOCK_NS = 100000000; /* the unit of server.clock */

/* Events of a connection ---------------------------------------------------------------------- */

static void
on_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct server *s = server_of(user);
	struct client *c = client_of(s, conn);

	c->conn = conn;
	c->head = NULL;
	c->start = c->end = 0;
	c->skip = 0;
	c->heard = s->clock;
	c->first = c->n = c->flags = 0;
	conn->flags |= TERN_CONN_NODELAY; /* a response is to wait for nothing */
	conn->rcv.space = HEAD_MAX_BYTES;
}

/* Is this connection to end once its queue is sent? */
static bool
is_last(const struct client *c)
{
	return (c->flags & CLIENT_LAST) != 0 || ((c->flags & CLIENT_EOF) != 0 && c->head == NULL);
}

void
settle(struct client *c)
{
	uint32_t waiting = c->head != NULL ? c->head->len : 0;

	c->conn->rcv.space = HEAD_MAX_BYTES - waiting;
	if (!is_last(c) || (c->flags & CLIENT_SHUT) != 0)
		return;
	c->flags |= CLIENT_SHUT;
	tern_tcp_shutdown(c->conn);
}

/* Behind the FIN a head that is not whole never will be. */
static void
drop_unfinished(struct server *s, struct client *c)
{
	if ((c->flags & CLIENT_EOF) != 0 && has_room(c))
		drop_head(s, c);
}

static enum tern_verdict
on_data(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	struct server *s = server_of(user);
	struct client *c = client_of(s, conn);

	in->len = (uint16_t)take(s, c, (const char *)in->data, in->len);
	settle(c);
	return TERN_DONE;
}

static void
on_acked(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t upto)
{
	struct server *s = server_of(user);
	struct client *c = client_of(s, conn);

	c->heard = s->clock;
	forget_upto(s, c, upto);
	if (c->head == NULL)
		return;
	resume(s, c);
	drop_unfinished(s, c);
	settle(c);
	tern_tcp_consumed(conn, 0); /* the window may have opened */
}

/* What is owed is still sent, and what waits for room is still read. */
static void
on_eof(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct server *s = server_of(user);
	struct client *c = client_of(s, conn);

	c->flags |= CLIENT_EOF;
	drop_unfinished(s, c);
	settle(c);
}

static void
on_closed(struct tern_tcp_user *user, struct tern_conn *conn, enum tern_why why)
{
	struct server *s = server_of(user);
	struct client *c = client_of(s, conn);

	(void)why;
	if (c->conn == NULL)
		return; /* never opened */
	drop_head(s, c);
	c->conn = NULL;
}

/* Beginning ----------------------------------------------------------------------------------- */

struct plan {
	size_t clients, heads, sum;
};

static struct plan
lay_out(const struct server_config *config)
{
	struct plan p;

	p.clients = RTE_ALIGN(sizeof(struct server), RTE_CACHE_LINE_SIZE);
	p.heads = p.clients + config->connections * sizeof(struct client);
	p.sum = p.heads + config->heads * sizeof(struct head);
	return p;
}

size_t
server_bytes(const struct server_config *config)
{
	return lay_out(config).sum;
}

/* So much a tick that each is looked at four times within the timeout, if they are not too many. */
static void
plan_sweep(struct server *s, uint64_t timeout_ns)
{
	const uint64_t most = RTE_MIN(8192u, s->clients_n);
	uint64_t timeout = RTE_MAX(timeout_ns / CLOCK_NS, UINT64_C(1));
	uint64_t step = 1 + s->clients_n / RTE_MAX(timeout / 4, UINT64_C(1));

	s->timeout = (uint32_t)timeout;
	s->sweep_step = (uint32_t)RTE_MIN(step, most);
}

/* What is lent belongs to the site, and outlives every packet. */
static void
keep_memory(void *memory, void *unused)
{
	(void)memory;
	(void)unused;
}

struct server *
server_init(void *mem, const struct server_config *config, uint64_t now)
{
	struct plan p = lay_out(config);
	struct server *s = mem;
	struct head *heads = (struct head *)(void *)((char *)mem + p.heads);

	memset(mem, 0, p.heads);
	s->site = config->site;
	s->clients = (struct client *)(void *)((char *)mem + p.clients);
	s->clients_n = config->connections;
	for (uint32_t i = config->heads; i-- > 0;) {
		memset(&heads[i], 0, sizeof(heads[i]));
		heads[i].next = s->free_heads;
		s->free_heads = &heads[i];
	}
	s->shared.free_cb = keep_memory;
	rte_mbuf_ext_refcnt_set(&s->shared, 1);
	s->user = (struct tern_tcp_user){
		.on_open = on_open,
		.on_data = on_data,
		.on_eof = on_eof,
		.on_closed = on_closed,
		.available = stream_available,
		.fill = stream_fill,
		.lend = stream_lend,
		.acked = on_acked,
	};
	plan_sweep(s, config->timeout_ns);
	stamp(s, 0);
	s->clock = (uint32_t)(now / CLOCK_NS);
	return s;
}

struct tern_tcp_user *
server_user(struct server *s)
{
	return &s->user;
}

void
server_tick(struct server *s, uint64_t now, uint32_t date)
{
	s->clock = (uint32_t)(now / CLOCK_NS);
	if (date != s->date)
		stamp(s, date);
	sweep(s);
}

struct server_counts
server_counts(const struct server *s)
{
	return s->counts;
}
