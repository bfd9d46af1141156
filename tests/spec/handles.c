/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of connections that are never another's (E25, M69); calls from inside callbacks.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

static void
two_blocks(struct tern_config *c)
{
	c->connections = 2;
}

/* E25: one block used 20000 times: each id is new, and no old one finds it. */
Test(handles, stale_id_finds_nothing)
{
	enum { ROUNDS = 20000, KEEP = 64 };
	const struct wire_how how = { .state = TERN_LISTEN, .tune = two_blocks };
	static uint64_t old[ROUNDS];
	struct wire *w = wire_open(&how);
	unsigned int n, i;

	for (n = 0; n < ROUNDS; n++) {
		wire_renew(w, n * 31337);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		old[n] = tern_tcp_id(wire_conn(w));
		wire_check(w, tern_tcp_find(w->tcp, old[n]) == wire_conn(w), "not found");
		for (i = n > KEEP ? n - KEEP : 0; i < n; i++)
			wire_check(w, old[i] != old[n] && tern_tcp_find(w->tcp, old[i]) == NULL,
				   "id of round %u in round %u", i, n);
		wire_in(w, "R 1:1(0) win 0");
		wire_check(w, tern_tcp_find(w->tcp, old[n]) == NULL, "found when it was gone");
	}
	for (i = 0; i < ROUNDS; i++)
		wire_check(w, tern_tcp_find(w->tcp, old[i]) == NULL, "found when it was gone");
	wire_end(w);
}

/* M69: any number at all. */
Test(handles, wild_ids_find_nothing)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);
	uint64_t id = tern_tcp_id(wire_conn(w)), wild = 1;
	unsigned int i;

	for (i = 0; i < 64; i++)
		wire_check(w, tern_tcp_find(w->tcp, id ^ UINT64_C(1) << i) == NULL, "bit %u", i);
	for (i = 0; i < 100000; i++) {
		wild = wild * UINT64_C(6364136223846793005) + 1442695040888963407u;
		wire_check(w, wild == id || tern_tcp_find(w->tcp, wild) == NULL, "found %lx", wild);
	}
	wire_check(w, tern_tcp_find(w->tcp, 0) == NULL || id == 0, "found 0");
	wire_check(w, tern_tcp_find(w->tcp, UINT64_MAX) == NULL, "found the last");
	wire_check(w, tern_tcp_find(w->tcp, id) == wire_conn(w), "not found");
	wire_end(w);
}

/* RFC 9293 §3.10.6: until the block is gone its id finds it, then never again. */
Test(handles, id_is_good_until_the_end)
{
	struct wire *w;
	uint64_t id;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		id = tern_tcp_id(wire_conn(w));
		tern_tcp_abort(wire_conn(w));
		wire_check(w, tern_tcp_find(w->tcp, id) == NULL, "found after abort");
		wire_poll(w);
		wire_out_reset(w, 1);
	}
}

static struct {
	struct wire *w;
	unsigned int opened;
} again;

/* Opens the next connection from inside the end of the last. */
static void
reconnect(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct tern_conn *c;

	(void)conn;
	(void)why;
	if (again.opened++ < 50)
		cr_assert_eq(tern_tcp_connect(again.w->tcp, tern_addr_v4(ip4(PEER_ADDR)),
					      RTE_BE16(80), vt, &c),
			     0);
}

static void
try_to_connect(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct tern_conn *c = conn;
	int err;

	(void)why;
	err = tern_tcp_connect(again.w->tcp, tern_addr_v4(ip4(PEER_ADDR)), RTE_BE16(80), vt, &c);
	cr_assert(err == 0 || err == -ENOBUFS, "%d", err);
	cr_assert(c != conn || err != 0, "the block that is ending was given away");
}

/* tern_conn.h: each callback may call any tern_tcp_*() function. */
Test(handles, connect_from_inside_on_closed)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct tern_conn *c;
	unsigned int i;

	again.w = w;
	again.opened = 0;
	w->user.vt.on_closed = reconnect;
	cr_assert_eq(tern_tcp_connect(w->tcp, tern_addr_v4(ip4(PEER_ADDR)), RTE_BE16(80),
				      &w->user.vt, &c),
		     0);
	w->flow->ends.sport = 80;
	for (i = 0; i <= 50; i++) {
		const struct sent *s = wire_next(w, wire_now(w));

		wire_check(w, s != NULL, "no SYN %u", i);
		w->flow->ends.dport = get16(s->f.b + 34);
		wire_renew(w, i);
		w->flow->our_isn = get32(s->f.b + 38);
		w->flow->our_isn_known = true;
		wire_in(w, "R. 0:0(0) ack 1 win 0");
	}
	wire_check(w, again.opened == 51 && tern_tcp_connections(w->tcp) == 0, "%u opened",
		   again.opened);
	wire_end(w);
}

static void
one_block(struct tern_config *c)
{
	c->connections = 1;
}

/* The same when the only block is the one that ends: it is not given away under our feet. */
Test(handles, connect_from_inside_on_closed_with_one_block)
{
	const struct wire_how how = { .state = TERN_FIN_WAIT_2, .tune = one_block };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		again.w = w;
		w->user.vt.on_closed = try_to_connect;
		wire_in(w, "FP. 1:101(100) ack 2 win 65535");
		wire_out_now(w, ". 2:2(0) ack 102");
		wire_pass(w, S(500));
		wire_check(w, tern_tcp_connections(w->tcp) <= 1, "two of one");
		w->user.vt.on_closed = NULL;
	}
}

static enum tern_verdict
listen_and_close(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	static struct tern_tcp_listener more = { .port = 9999, .backlog = 1 };

	(void)in;
	more.user = vt;
	cr_assert_eq(tern_tcp_listen(conn->tcp, &more), 0);
	cr_assert_eq(tern_tcp_unlisten(conn->tcp, &more), 0);
	conn->flags |= TERN_CONN_NODELAY;
	tern_tcp_ready(conn);
	tern_tcp_shutdown(conn);
	tern_tcp_close(conn);
	return TERN_DONE;
}

Test(handles, any_call_from_inside_on_data)
{
	struct segment s;
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		w->user.vt.on_data = listen_and_close;
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_check(w,
			   wire_segment(w, wire_now(w), &s) && s.flags & FIN &&
				   s.ack == w->flow->peer_isn + 101,
			   "no FIN with the ACK");
		wire_skip(w);
		wire_state(w, TERN_FIN_WAIT_1);
	}
}
