/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random calls between polls and from callbacks, on two stacks that talk over a pipe: connect,
 * listen, unlisten, shutdown, close, abort, consumed, ready, on any connection that there is and on
 * identifiers of those that are gone. No model of TCP: what must hold is the contract of the
 * callbacks, and that everything is there again at the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>
#include <tern_faults.h>
#include <tern_pipe.h>

#include "bed.h"

enum { CONNECTIONS = 24, USERS = 64, LISTENERS = 4, OLD = 256, ROUNDS = 100000, PACKETS = 256 };

struct user {
	struct tern_tcp_user vt;
	struct party *party;
	bool used;
	bool opened, eof, closed;
	struct tern_conn *conn;
	uint64_t id, offer, acked;
	struct rte_mbuf *kept;
	uint16_t kept_bytes;
};

struct party {
	struct table *table;
	struct tern_stack *stack;
	struct tern_tcp *tcp;
	void *mem;
	struct tern_addr addr;
	struct user user[USERS];
	struct tern_tcp_listener listener[LISTENERS];
	bool listens[LISTENERS];
	uint64_t old[OLD]; /* identifiers of connections that ended */
	uint64_t old_n;
	uint64_t opened, ended;
};

struct table {
	struct dice dice;
	uint64_t seed, now, round;
	struct tern_pipe pipe;
	struct tern_faults faults;
	void *pipe_mem, *faults_mem;
	struct party party[2];
	bool calm;
};

static void
fail(const struct table *t, const char *what)
{
	cr_assert_fail("seed %" PRIu64 ", round %" PRIu64 ": %s", t->seed, t->round, what);
}

static void
check(const struct table *t, bool ok, const char *what)
{
	if (!ok)
		fail(t, what);
}

static struct user *
user_of(struct tern_tcp_user *vt)
{
	return (struct user *)vt;
}

static struct dice *
dice_of(const struct party *p)
{
	return &p->table->dice;
}

static void act(struct party *p);

/* Callbacks --------------------------------------------------------------------------------- */

static void
meet(struct user *u, struct tern_conn *conn)
{
	const struct table *t = u->party->table;

	check(t, u->used && !u->closed, "called after the end");
	check(t, conn->user == &u->vt, "called for another's connection");
	if (u->conn == NULL) {
		u->conn = conn;
		u->id = tern_tcp_id(conn);
	}
	check(t, u->conn == conn && u->id == tern_tcp_id(conn), "called for another connection");
}

static void
maybe_act(struct party *p)
{
	if (!p->table->calm && once_in(dice_of(p), 4))
		act(p);
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct user *u = user_of(vt);

	meet(u, conn);
	check(u->party->table, !u->opened, "opened twice");
	u->opened = true;
	u->party->opened++;
	maybe_act(u->party);
}

static enum tern_verdict
on_data(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	struct user *u = user_of(vt);
	struct table *t = u->party->table;
	enum tern_verdict v = TERN_DONE;

	meet(u, conn);
	check(t, u->opened && !u->eof && in->len > 0, "data at a wrong time");
	switch (t->calm ? 5 : below(&t->dice, 8)) {
	case 0:
		v = TERN_DROP_USER;
		break;
	case 1:
		if (u->kept != NULL)
			break;
		u->kept = in->mbuf;
		u->kept_bytes = in->len;
		return TERN_TAKEN;
	case 2:
		in->len /= 2;
		break;
	case 3:
		if (vt->available == NULL)
			v = tern_tcp_answer(conn, in, in->data, in->len);
		break;
	default:
		break;
	}
	maybe_act(u->party);
	return v;
}

static void
on_eof(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct user *u = user_of(vt);

	meet(u, conn);
	check(u->party->table, u->opened && !u->eof, "two ends of a stream");
	u->eof = true;
	if (u->party->table->calm || once_in(dice_of(u->party), 2))
		tern_tcp_close(conn);
	else
		maybe_act(u->party);
}

static void
on_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct user *u = user_of(vt);
	struct party *p = u->party;

	meet(u, conn);
	check(p->table, (unsigned int)why < TERN_WHYS, "ended for no reason");
	check(p->table, why != TERN_FINISHED || u->opened, "finished, and was never opened");
	u->closed = true;
	u->conn = NULL;
	p->ended++;
	p->old[p->old_n++ % OLD] = u->id;
	maybe_act(p);
}

static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	struct user *u = user_of(vt);

	meet(u, conn);
	check(u->party->table, at >= u->acked && at <= u->offer, "available() beyond the offer");
	return (uint32_t)(u->offer - at);
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	struct user *u = user_of(vt);

	meet(u, conn);
	check(u->party->table, at >= u->acked && at + len <= u->offer, "fill() beyond the offer");
	memset(to, (int)at, len);
}

static void
on_acked(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t upto)
{
	struct user *u = user_of(vt);

	meet(u, conn);
	check(u->party->table, upto > u->acked, "acked() goes back");
	u->acked = upto;
	maybe_act(u->party);
}

/* Calls ------------------------------------------------------------------------------------- */

static void
release(struct user *u)
{
	if (u->kept == NULL)
		return;
	rte_pktmbuf_free(u->kept);
	u->kept = NULL;
	if (u->conn != NULL)
		tern_tcp_consumed(u->conn, u->kept_bytes);
}

static struct user *
fresh_user(struct party *p)
{
	struct user *u;

	for (unsigned int i = 0; i < USERS; i++) {
		u = &p->user[i];
		if (u->used && (!u->closed || u->kept != NULL))
			continue;
		memset(u, 0, sizeof(*u));
		u->used = true;
		u->party = p;
		u->vt = (struct tern_tcp_user){
			.on_open = on_open,
			.on_data = on_data,
			.on_eof = on_eof,
			.on_closed = on_closed,
			.acked = on_acked,
		};
		if (once_in(dice_of(p), 2)) {
			u->vt.available = available;
			u->vt.fill = fill;
			u->offer = below(dice_of(p), 4000);
		}
		return u;
	}
	return NULL;
}

static enum tern_accept
on_accept(const struct tern_tcp_listener *self, struct tern_syn *syn)
{
	struct party *p = user_of(self->user)->party;

	check(p->table, syn->user == self->user && syn->data == NULL, "not preset");
	if (once_in(dice_of(p), 8))
		return once_in(dice_of(p), 2) ? TERN_REFUSE : TERN_IGNORE;
	return TERN_ACCEPT;
}

/* Of a half-open connection that comes to nothing nobody is told: users come when it is open. */
static void
on_enter(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct user *u = fresh_user(user_of(vt)->party);

	if (u == NULL) {
		tern_tcp_abort(conn);
		return;
	}
	conn->user = &u->vt;
	on_open(&u->vt, conn);
}

static void
do_connect(struct party *p)
{
	struct party *peer = &p->table->party[p == &p->table->party[0]];
	struct user *u = fresh_user(p);
	struct tern_conn *conn = NULL;
	int error;

	if (u == NULL)
		return;
	error = tern_tcp_connect(p->tcp, peer->addr,
				 rte_cpu_to_be_16((uint16_t)(100 + below(dice_of(p), 6))), &u->vt,
				 &conn);
	check(p->table, error == 0 || error == -ENOBUFS || error == -EADDRNOTAVAIL, "connect");
	check(p->table, (error == 0) == (conn != NULL), "connect says one thing and does another");
	u->used = error == 0;
	if (error == 0) {
		u->conn = conn;
		u->id = tern_tcp_id(conn);
	}
}

static void
do_listen(struct party *p)
{
	unsigned int i = below(dice_of(p), LISTENERS);
	const struct tern_tcp_listener *l = &p->listener[i];
	int error;

	if (p->listens[i] && once_in(dice_of(p), 3)) {
		/* Its half-open ones are told the end within the call, and may listen again. */
		p->listens[i] = false;
		error = tern_tcp_unlisten(p->tcp, l);
		check(p->table, error == 0, "unlisten");
		return;
	}
	error = tern_tcp_listen(p->tcp, l);
	check(p->table, error == (p->listens[i] ? -EADDRINUSE : 0), "listen");
	p->listens[i] = true;
	check(p->table, tern_tcp_relisten(p->tcp, l) == 0, "relisten");
}

/* A connection that lives, or NULL; found by its identifier, as an application would. */
static struct user *
some_user(struct party *p)
{
	unsigned int from = below(dice_of(p), USERS);

	for (unsigned int i = 0; i < USERS; i++) {
		struct user *u = &p->user[(from + i) % USERS];

		if (u->used && !u->closed && u->conn != NULL) {
			check(p->table, tern_tcp_find(p->tcp, u->id) == u->conn,
			      "not found by its id");
			return u;
		}
	}
	return NULL;
}

static void
do_something(struct party *p)
{
	struct user *u = some_user(p);

	if (u == NULL)
		return;
	switch (below(dice_of(p), 12)) {
	case 0:
		tern_tcp_abort(u->conn);
		break;
	case 1:
		tern_tcp_close(u->conn);
		break;
	case 2:
		tern_tcp_shutdown(u->conn);
		break;
	case 3:
	case 4:
		release(u);
		break;
	case 5:
		tern_tcp_consumed(u->conn, 0);
		break;
	default:
		if (u->vt.available != NULL)
			u->offer += below(dice_of(p), 20000);
		tern_tcp_ready(u->conn);
	}
}

/* What is gone is not found, and nobody else in its place. */
static void
do_stale(struct party *p)
{
	uint64_t n = p->old_n < OLD ? p->old_n : OLD;
	uint64_t id = n > 0 ? p->old[below(dice_of(p), (uint32_t)n)] : roll(dice_of(p));
	struct tern_conn *conn = tern_tcp_find(p->tcp, id);

	check(p->table, n == 0 || conn == NULL, "found, and is gone");
	id = roll(dice_of(p)) >> below(dice_of(p), 64);
	conn = tern_tcp_find(p->tcp, id);
	check(p->table, conn == NULL || tern_tcp_id(conn) == id, "found under another name");
}

static void
act(struct party *p)
{
	switch (below(dice_of(p), 8)) {
	case 0:
		do_connect(p);
		break;
	case 1:
		do_listen(p);
		break;
	case 2:
	case 3:
		do_stale(p);
		break;
	default:
		do_something(p);
	}
}

/* The table --------------------------------------------------------------------------------- */

static struct rte_mempool *
pool_of(unsigned int i)
{
	static struct rte_mempool *pool[2];

	eal_pool();
	if (pool[i] == NULL)
		pool[i] = rte_pktmbuf_pool_create(i == 0 ? "p0" : "p1", EAL_MBUFS, 0, 0,
						  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(pool[i]);
	return pool[i];
}

static void
join(struct table *t, uint32_t loss_ppm)
{
	const struct tern_faults_odds odds = { .loss_ppm = loss_ppm,
					       .copy_ppm = loss_ppm,
					       .delay_ppm = loss_ppm,
					       .delay_max_ns = MS(20) };
	const struct tern_pipe_config pipe = {
		.now_ns = &t->now,
		.link = { { .delay_ns = MS(1) }, { .delay_ns = MS(1) } },
		.packets = PACKETS,
		.mtu = 1500,
		.pool = { pool_of(0), pool_of(1) },
		.mac = { { { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 } } },
	};
	const struct tern_faults_config faults = {
		.now_ns = &t->now, .seed = t->seed, .packets = PACKETS, .rx = odds, .tx = odds
	};

	t->pipe_mem = malloc(tern_pipe_bytes(PACKETS));
	t->faults_mem = malloc(tern_faults_bytes(PACKETS));
	cr_assert_eq(tern_pipe_init(&t->pipe, t->pipe_mem, &pipe), 0);
	cr_assert_eq(tern_faults_init(&t->faults, t->faults_mem, &t->pipe.end[0].port, &faults), 0);
}

static void
party_open(struct table *t, unsigned int i)
{
	static struct user dummy[2];
	struct tern_config config = tern_config_server;
	struct party *p = &t->party[i];

	config.connections = CONNECTIONS;
	config.mbufs = EAL_MBUFS;
	config.port_min = 2000;
	config.port_max = 2015;
	config.held_pkts = 8;
	scatter(&t->dice, config.secret, sizeof(config.secret));
	p->table = t;
	p->mem = aligned_alloc(64, (tern_stack_bytes(&config) + 63) / 64 * 64);
	p->stack = tern_stack_init(p->mem, &config, i == 0 ? &t->faults.port : &t->pipe.end[1].port,
				   t->now);
	cr_assert_not_null(p->stack);
	p->tcp = tern_tcp(p->stack);
	p->addr = tern_addr_v4(rte_cpu_to_be_32(UINT32_C(0x0a090001) + i));
	cr_assert_eq(tern_ip_add_addr(tern_ip(p->stack), p->addr, 120), 0);
	dummy[i].party = p;
	dummy[i].vt.on_open = on_enter;
	for (unsigned int k = 0; k < LISTENERS; k++)
		p->listener[k] = (struct tern_tcp_listener){
			.port = (uint16_t)(100 + k),
			.backlog = 1 + k,
			.one_shot = k == 3,
			.user = &dummy[i].vt,
			.on_accept = on_accept,
		};
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
check_party(struct party *p)
{
	uint32_t in_states = 0;

	for (unsigned int i = 0; i < TERN_TCP_STATES; i++)
		in_states += i == TERN_CLOSED ? 0 : tern_tcp_in_state(p->tcp, i);
	check(p->table, in_states == tern_tcp_connections(p->tcp), "states and connections differ");
	for (unsigned int i = 0; i < USERS; i++) {
		const struct user *u = &p->user[i];

		if (u->used && !u->closed && u->conn != NULL)
			check(p->table, tern_tcp_find(p->tcp, u->id) == u->conn,
			      "gone, and its user was not told");
	}
}

static void
turn(struct table *t, uint64_t until)
{
	unsigned int n = tern_poll(t->party[0].stack, t->now);
	uint64_t next;

	n += tern_poll(t->party[1].stack, t->now);
	if (n > 0)
		return;
	next = least(tern_pipe_next(&t->pipe), tern_faults_next(&t->faults));
	next = least(next, tern_next_deadline(t->party[0].stack));
	next = least(next, tern_next_deadline(t->party[1].stack));
	if (next <= t->now)
		next = t->now + TERN_TICK_NS;
	t->now = least(next, until);
}

static void
party_end(struct party *p)
{
	for (unsigned int k = 0; k < LISTENERS; k++) {
		if (p->listens[k])
			cr_assert_eq(tern_tcp_unlisten(p->tcp, &p->listener[k]), 0);
		p->listens[k] = false;
	}
	for (unsigned int i = 0; i < USERS; i++) {
		struct user *u = &p->user[i];

		if (u->used && !u->closed && u->conn != NULL) {
			release(u);
			if (u->conn != NULL)
				tern_tcp_close(u->conn);
		}
	}
}

static void
party_check_end(struct party *p, unsigned int i)
{
	check(p->table, tern_tcp_connections(p->tcp) == 0, "connections are left");
	check(p->table, tern_stack_mbufs(p->stack) == 0, "mbufs are held by nobody");
	for (unsigned int k = 0; k < USERS; k++) {
		release(&p->user[k]);
		check(p->table, !p->user[k].used || p->user[k].closed,
		      "a user was not told the end");
	}
	check(p->table, p->opened > ROUNDS / 1000, "hardly anything was opened");
	tern_stack_fini(p->stack);
	check(p->table, rte_mempool_avail_count(pool_of(i)) == EAL_MBUFS, "mbufs are missing");
	free(p->mem);
}

static void
play(uint64_t seed, uint32_t loss_ppm)
{
	static struct table table;
	struct table *t = &table;
	uint64_t until;

	memset(t, 0, sizeof(*t));
	t->seed = seed;
	t->dice.state = seed;
	t->now = S(1) + roll(&t->dice) % S(100000);
	join(t, loss_ppm);
	party_open(t, 0);
	party_open(t, 1);
	for (uint64_t left = rounds(ROUNDS); left > 0; left--, t->round++) {
		act(&t->party[below(&t->dice, 2)]);
		turn(t, t->now + (once_in(&t->dice, 100) ? S(1 + below(&t->dice, 90)) : MS(2)));
		check_party(&t->party[0]);
		check_party(&t->party[1]);
	}
	/* All close, and time goes by: 300 s are longer than any timeout. */
	t->calm = true;
	party_end(&t->party[0]);
	party_end(&t->party[1]);
	for (until = t->now + S(600); t->now < until;)
		turn(t, until);
	check(t, tern_pipe_next(&t->pipe) == UINT64_MAX, "packets go to and fro for ever");
	for (unsigned int i = 0; i < 2; i++)
		for (unsigned int k = 0; k < USERS; k++)
			release(&t->party[i].user[k]);
	party_check_end(&t->party[0], 0);
	party_check_end(&t->party[1], 1);
	free(t->pipe_mem);
	free(t->faults_mem);
}

Test(calls, of_any_kind_at_any_time)
{
	uint64_t seed = seed_or(51);

	play(seed, 0);
	play(seed + 1, 10000);
	play(seed + 2, 200000);
}

/* Of half-open connections their user knows nothing, nor of their end. */

static void
never(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	(void)vt;
	(void)conn;
	cr_assert_fail("on_closed(%s) without a connection", tern_why_text(why));
}

Test(calls, unlisten_resets_in_silence)
{
	static struct bed bed;
	struct tern_tcp_user user = { .on_closed = never };
	struct tern_tcp_listener listener = { .port = 7, .backlog = 8, .user = &user };
	struct ends e = { 0, 0, 1000, 7 };
	struct segment syn = { .flags = SYN, .win = 1000 };
	struct frame f;
	uint64_t sent;

	bed_open(&bed, seed_or(61), NULL);
	cr_assert_eq(tern_tcp_listen(bed.tcp, &listener), 0);
	e.src = bed.peer;
	e.dst = bed.addr;
	for (e.sport = 1000; e.sport < 1003; e.sport++) {
		frame_tcp(&f, &e, &syn, NULL);
		bed_frame(&bed, &f);
	}
	bed_poll(&bed);
	cr_assert_eq(tern_tcp_in_state(bed.tcp, TERN_SYN_RECEIVED), 3);
	sent = bed.sent;
	cr_assert_eq(tern_tcp_unlisten(bed.tcp, &listener), 0);
	cr_assert_eq(tern_tcp_in_state(bed.tcp, TERN_SYN_RECEIVED), 0);
	cr_assert_eq(tern_tcp_unlisten(bed.tcp, &listener), -ENOENT);
	bed_poll(&bed);
	cr_assert_eq(bed.sent, sent + 3, "%d resets", (int)(bed.sent - sent));
	bed_close(&bed);
}
