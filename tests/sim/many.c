/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many connections: at once over a bad wire, and one after the other over few slots.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "ends.h"

enum { PORT = 7, MANY = 1000, SHORT = 10000 };

/* A crowd: clients at A, servers at B, matched by the client's port. */
struct crowd {
	struct world *w;
	struct end *client, *server;
	struct end *by_port[65536]; /* of the client */
	unsigned int n, accepted;
	struct tern_tcp_listener listener;
};

static struct crowd crowd;

static void
init_server(struct end *s, const struct end *client)
{
	end_init(s, crowd.w, B, client->expect, client->total);
	s->peer_seed = client->seed;
	s->seed = client->peer_seed;
	if (client->mode == END_TAKE) { /* marks a client of the echo service */
		end_echo(s, crowd.w, B);
		s->peer_seed = s->seed = client->seed;
	}
}

static enum tern_accept
on_accept(const struct tern_tcp_listener *self, struct tern_syn *syn)
{
	const struct end *client = crowd.by_port[rte_be_to_cpu_16(syn->rport)];
	struct end *s;

	(void)self;
	cr_assert_not_null(client);
	s = &crowd.server[client - crowd.client];
	/* A SYN that comes again when its half-open connection is gone begins it anew. */
	if (s->opened == 0)
		init_server(s, client);
	syn->user = &s->vt;
	crowd.accepted++;
	return TERN_ACCEPT;
}

static void
crowd_open(struct world *w, unsigned int n)
{
	crowd.w = w;
	crowd.n = n;
	crowd.client = calloc(n, sizeof(struct end));
	crowd.server = calloc(n, sizeof(struct end));
	crowd.listener = (struct tern_tcp_listener){
		.port = PORT, .backlog = 2000, .user = &crowd.server[0].vt, .on_accept = on_accept
	};
	cr_assert_eq(tern_tcp_listen(world_tcp(w, B), &crowd.listener), 0);
}

static void
crowd_connect(unsigned int i, uint64_t there, uint64_t back)
{
	struct end *e = &crowd.client[i];

	end_init(e, crowd.w, A, there, back);
	e->seed += 3 * i;
	e->peer_seed = e->seed + 1;
	end_connect(e, PORT);
	crowd.by_port[rte_be_to_cpu_16(e->conn->lport)] = e;
}

static bool
all_closed(struct world *w)
{
	(void)w;
	for (unsigned int i = 0; i < crowd.n; i++)
		if (crowd.client[i].closed == 0 || crowd.server[i].closed == 0)
			return false;
	return true;
}

static void
crowd_close(void)
{
	for (unsigned int i = 0; i < crowd.n; i++) {
		end_check(&crowd.client[i], TERN_FINISHED);
		end_check(&crowd.server[i], TERN_FINISHED);
	}
	world_close(crowd.w);
	free(crowd.client);
	free(crowd.server);
}

Test(many, connections_1000_at_once_with_loss)
{
	const struct world_how how = { .seed = 401,
				       .connections = 1000,
				       .odds = { .loss_ppm = 10000,
						 .copy_ppm = 10000,
						 .delay_ppm = 50000,
						 .delay_min_ns = 1000,
						 .delay_max_ns = MS(10) } };
	struct world *w = world_open(&how);

	crowd_open(w, MANY);
	for (unsigned int i = 0; i < MANY; i++)
		crowd_connect(i, i % 5 * 4000, i % 7 * 3000);
	cr_assert_eq(tern_tcp_connections(world_tcp(w, A)), MANY);
	world_run(w, all_closed, S(300));
	crowd_close();
}

/* Eight at a time, the rest as those end, so that all blocks of TIME-WAIT are in use. */
static unsigned int next, pending[8];

static bool
churned(struct world *w)
{
	for (unsigned int i = 0; i < 8; i++) {
		const struct end *c = &crowd.client[pending[i]];
		const struct end *s = &crowd.server[pending[i]];

		if (pending[i] < crowd.n && (c->closed == 0 || s->closed == 0))
			continue;
		pending[i] = next;
		if (next < crowd.n) {
			crowd_connect(next, next % 3 * 100, next % 2 * 200);
			next++;
		}
	}
	(void)w;
	return next >= crowd.n && all_closed(w);
}

static void
few_time_waits(struct tern_config *config, unsigned int side)
{
	(void)side;
	config->time_waits = 16;
}

static void
few_ports(struct tern_config *config, unsigned int side)
{
	few_time_waits(config, side);
	config->port_min = 40000;
	config->port_max = 40031;
}

static void
churn(const struct world_how *how)
{
	struct world *w = world_open(how);

	crowd_open(w, SHORT);
	next = 0;
	memset(pending, 0xff, sizeof(pending));
	world_run(w, churned, S(4000));
	cr_assert_gt(world_count(w, A, TERN_EV_TCP_TIME_WAIT_REUSED) +
			     world_count(w, B, TERN_EV_TCP_TIME_WAIT_REUSED),
		     SHORT / 2);
	crowd_close();
}

/*
 * 16 slots for 10 000 connections within much less than TIME-WAIT each: the oldest TIME-WAIT gives
 * its block. With 32 ports the same 4-tuple comes again while the other side may still be in
 * TIME-WAIT with it (RFC 9293 MAY-2).
 */
Test(many, connections_10000_over_16_slots)
{
	const struct world_how how = {
		.seed = 411, .connections = 16, .delay_ns = US(100), .tune = few_time_waits
	};
	const struct world_how ports = {
		.seed = 412, .connections = 16, .delay_ns = US(100), .tune = few_ports
	};

	churn(&how);
	churn(&ports);
}

/* More than there are slots: refused, and possible again when there are. */
Test(many, slots_run_out)
{
	const struct world_how how = { .seed = 421, .connections = 4 };
	struct world *w = world_open(&how);
	struct tern_tcp_user user = { 0 };
	struct tern_conn *conn = NULL;

	crowd_open(w, 8);
	for (unsigned int i = 0; i < 4; i++)
		crowd_connect(i, 50000, 50000);
	cr_assert_eq(
		tern_tcp_connect(world_tcp(w, A), w->side[B].addr, RTE_BE16(PORT), &user, &conn),
		-ENOBUFS);
	cr_assert_null(conn);
	crowd.n = 4;
	world_run(w, all_closed, S(100));
	crowd.n = 8;
	for (unsigned int i = 4; i < 8; i++)
		crowd_connect(i, 50000, 50000);
	world_run(w, all_closed, S(100));
	crowd_close();
}

/* A user that opens its next connection from inside on_closed(), with one slot for all. */
struct chain {
	struct tern_tcp_user vt;
	struct world *w;
	unsigned int opened, closed, eofs;
	int error;
};

static void
chain_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	((struct chain *)vt)->opened++;
	tern_tcp_close(conn);
}

static void
chain_next(struct chain *c)
{
	struct tern_conn *conn;

	c->error = tern_tcp_connect(world_tcp(c->w, A), c->w->side[B].addr, RTE_BE16(PORT), &c->vt,
				    &conn);
}

static void
chain_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct chain *c = (struct chain *)vt;

	(void)conn;
	world_check(c->w, why == TERN_FINISHED, "closed: %s", tern_why_text(why));
	if (++c->closed < 100)
		chain_next(c);
}

static bool
chain_done(struct world *w)
{
	struct chain *c = w->data;

	if (c->error != 0 && c->closed < 100)
		chain_next(c);
	return c->closed >= 100;
}

static void
chain_server_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct chain *c = (struct chain *)vt;

	(void)conn;
	world_check(c->w, why == TERN_FINISHED, "server closed: %s", tern_why_text(why));
	c->closed++;
}

Test(many, next_one_from_inside_on_closed)
{
	for (uint32_t slots = 1; slots <= 3; slots++) {
		const struct world_how how = { .seed = 431 + 2 * slots, .connections = slots };
		struct world *w = world_open(&how);
		struct chain client = { .vt = { .on_open = chain_open, .on_closed = chain_closed },
					.w = w };
		struct chain server = { .vt = { .on_closed = chain_server_closed }, .w = w };
		const struct tern_tcp_listener listener = { .port = PORT,
							    .backlog = 10,
							    .user = &server.vt };

		w->data = &client;
		cr_assert_eq(tern_tcp_listen(world_tcp(w, B), &listener), 0);
		chain_next(&client);
		world_run(w, chain_done, S(1000));
		world_pass(w, S(1));
		cr_assert_eq(client.closed, 100);
		cr_assert_eq(client.opened, 100);
		cr_assert_eq(server.closed, 100);
		world_close(w);
	}
}
