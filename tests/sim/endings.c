/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every way in which a connection ends, 5 000 at once: nothing of them is left on either side, no
 * block, no timer, no mbuf (RFC 9293 §3.6, §3.8.3, §3.10.4, §3.10.5, §3.10.7.4).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "world.h"

enum { PORT = 7, CONNECTIONS = 5000, BATCH = 400 };

/* How far the connections get before they end. */
enum when {
	OPENING,   /* no SYN arrives */
	HALF_OPEN, /* no SYN-ACK arrives */
	OPEN,
	SENDING, /* data under way, both ways */
};

/* What a side does then. */
enum act {
	WAITS,
	CLOSES,
	ABORTS,
	STAYS, /* behind the peer's FIN, too, until the peer is gone */
};

enum { ANY = TERN_WHYS };

struct ending {
	const char *name;
	enum when when;
	enum act act[2];
	bool dark;     /* nothing arrives any more */
	bool unlisten; /* the listener goes */
	bool lossy;
	bool keepalive, user_timeout;
	bool cookies;	     /* no room for half-open connections: RFC 4987 */
	unsigned int why[2]; /* enum tern_why, or ANY */
};

/* One side of a connection. */
struct peer {
	struct tern_tcp_user vt;
	struct tern_conn *conn;
	unsigned int begun, closed;
	unsigned int why;
	uint64_t offer;
};

static const struct ending *ending;
static struct peer *peers[2];
static struct peer *by_port[65536]; /* servers, by the client's port */
static unsigned int accepted, opened[2];

/* Users -------------------------------------------------------------------------------------- */

static struct peer *
peer_of(struct tern_tcp_user *vt)
{
	return (struct peer *)vt;
}

static unsigned int
side_of(const struct peer *p)
{
	return p >= peers[B] && p < peers[B] + CONNECTIONS ? B : A;
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct peer *p = peer_of(vt);

	p->conn = conn;
	p->begun += side_of(p) == B; /* that of A begins with tern_tcp_connect() */
	opened[side_of(p)]++;
	if (ending->keepalive)
		cr_assert_eq(tern_tcp_keepalive(conn, 3, 1, 3), 0);
	if (ending->user_timeout)
		cr_assert_eq(tern_tcp_user_timeout(conn, S(5)), 0);
}

static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	(void)conn;
	return (uint32_t)(peer_of(vt)->offer - at);
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)vt;
	(void)conn;
	for (uint32_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = (uint8_t)(at + i);
}

static void
on_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct peer *p = peer_of(vt);

	cr_assert(p->conn == NULL || p->conn == conn, "%s: another's block", ending->name);
	p->conn = NULL;
	p->closed++;
	p->why = why;
}

/* Without this the connection is closed in return. */
static void
on_eof(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	if (ending->act[side_of(peer_of(vt))] != STAYS)
		tern_tcp_close(conn);
}

static void
peer_init(struct peer *p)
{
	*p = (struct peer){ .vt = { .on_open = on_open,
				    .on_eof = on_eof,
				    .on_closed = on_closed,
				    .available = available,
				    .fill = fill } };
}

static enum tern_accept
on_accept(const struct tern_tcp_listener *self, struct tern_syn *syn)
{
	struct peer *p = by_port[rte_be_to_cpu_16(syn->rport)];

	(void)self;
	if (p == NULL) {
		p = &peers[B][accepted++];
		peer_init(p);
		by_port[rte_be_to_cpu_16(syn->rport)] = p;
	}
	syn->user = &p->vt;
	return TERN_ACCEPT;
}

static const struct tern_tcp_listener listener = { .port = PORT,
						   .backlog = CONNECTIONS,
						   .user = &(struct tern_tcp_user){ 0 },
						   .on_accept = on_accept };

/* Getting so far ----------------------------------------------------------------------------- */

static bool
all_half_open(struct world *w)
{
	return tern_tcp_in_state(world_tcp(w, B), TERN_SYN_RECEIVED) == CONNECTIONS;
}

static bool
all_open(struct world *w)
{
	(void)w;
	return opened[A] == CONNECTIONS && opened[B] == CONNECTIONS;
}

static bool
is_lost(struct world *w, const struct line *line)
{
	enum { SYN = 2 };

	(void)w;
	if ((line->flags & SYN) == 0)
		return false;
	return ending->when == (line->from == A ? OPENING : HALF_OPEN);
}

static void
connect_all(struct world *w)
{
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		struct peer *p = &peers[A][i];

		peer_init(p);
		p->begun++;
		cr_assert_eq(tern_tcp_connect(world_tcp(w, A), w->side[B].addr, RTE_BE16(PORT),
					      &p->vt, &p->conn),
			     0);
	}
}

static void
offer_all(unsigned int side)
{
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		peers[side][i].offer = 4000;
		tern_tcp_ready(peers[side][i].conn);
	}
}

static void
get_there(struct world *w)
{
	connect_all(w);
	if (ending->when == OPENING)
		world_pass(w, MS(100));
	else if (ending->when == HALF_OPEN)
		world_run(w, all_half_open, S(30));
	else
		world_run(w, all_open, S(60));
	if (ending->when == SENDING) {
		offer_all(A);
		offer_all(B);
		world_pass(w, MS(7));
	}
}

/* Ending ------------------------------------------------------------------------------------- */

/* What is yet to be ended in one go: a reset does not wait for room on the way to the port. */
struct batch {
	enum act act;
	unsigned int left;
};

static void
end_one(struct tern_conn *conn, void *data)
{
	struct batch *b = data;

	if (b->left == 0 || (conn->flags & TERN_CONN_CLOSED) != 0)
		return;
	b->left--;
	if (b->act == ABORTS)
		tern_tcp_abort(conn);
	else
		tern_tcp_close(conn);
}

/* Return: false: there was nothing more to end. */
static bool
end_some(struct world *w, unsigned int side)
{
	struct batch b = { .act = ending->act[side], .left = BATCH };

	if (b.act == CLOSES || b.act == ABORTS)
		tern_tcp_each(world_tcp(w, side), end_one, &b);
	return b.left == 0;
}

static bool
one_side_is_gone(struct world *w)
{
	return tern_tcp_connections(world_tcp(w, A)) == 0 ||
	       tern_tcp_connections(world_tcp(w, B)) == 0;
}

/* Those that stayed have nobody left to talk to. */
static void
end_rest(struct world *w)
{
	struct batch all = { .act = CLOSES, .left = CONNECTIONS };

	world_run(w, one_side_is_gone, S(1000));
	for (unsigned int side = A; side <= B; side++)
		if (ending->act[side] == STAYS)
			tern_tcp_each(world_tcp(w, side), end_one, &all);
}

static void
end_all(struct world *w)
{
	if (ending->dark) {
		w->dark_from = w->now;
		w->dark_until = UINT64_MAX;
	}
	if (ending->unlisten)
		cr_assert_eq(tern_tcp_unlisten(world_tcp(w, B), &listener), 0);
	for (bool a = true, b = true; a || b; world_pass(w, MS(2))) {
		a = end_some(w, A);
		b = end_some(w, B);
	}
	if (ending->act[A] == STAYS || ending->act[B] == STAYS)
		end_rest(w);
}

static bool
nothing_is_left(struct world *w)
{
	return tern_tcp_connections(world_tcp(w, A)) == 0 &&
	       tern_tcp_connections(world_tcp(w, B)) == 0;
}

static void
check_side(struct world *w, unsigned int side, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct peer *p = &peers[side][i];

		cr_assert_eq(p->closed, p->begun, "%s: %c %u: begun %u times, closed %u times",
			     ending->name, "AB"[side], i, p -> begun, p -> closed);
		cr_assert(p->begun == 0 || p->why == ending->why[side] || ending->why[side] == ANY,
			  "%s: %c %u: %s", ending->name, "AB"[side], i, tern_why_text(p->why));
	}
	cr_assert_eq(tern_stack_mbufs(w->side[side].stack), 0, "%s: %c", ending->name, "AB"[side]);
	cr_assert_eq(tern_next_deadline(w->side[side].stack), UINT64_MAX,
		     "%s: %c: a timer is armed", ending->name, "AB"[side]);
}

static void
room(struct tern_config *config, unsigned int side)
{
	(void)side;
	config->connections = CONNECTIONS;
	config->half_open = ending->cookies ? 1 : CONNECTIONS;
}

static void
begin(void)
{
	accepted = opened[A] = opened[B] = 0;
	for (unsigned int i = 0; i < 2; i++) {
		peers[i] = calloc(CONNECTIONS, sizeof(struct peer));
		cr_assert_not_null(peers[i]);
	}
	memset(by_port, 0, sizeof(by_port));
}

static void
play(const struct ending *e, uint64_t seed)
{
	const struct world_how how = {
		.seed = seed * 4 + 1, /* neighbours are static: their timers are not asked for */
		.tune = room,
		.loses = is_lost,
		.odds = { .loss_ppm = e->lossy ? 20000 : 0, .copy_ppm = e->lossy ? 10000 : 0 },
	};
	struct world *w;

	ending = e;
	w = world_open(&how);
	begin();
	w->judging = false; /* it knows 4096 flows by their ports */
	cr_assert_eq(tern_tcp_listen(world_tcp(w, B), &listener), 0);
	get_there(w);
	end_all(w);
	world_run(w, nothing_is_left, S(1000));
	world_pass(w, S(1)); /* for what is under way */
	check_side(w, A, CONNECTIONS);
	check_side(w, B, accepted);
	world_close(w);
	free(peers[A]);
	free(peers[B]);
}

#define BOTH(why) \
	{ \
		TERN_##why, TERN_##why \
	}

static const struct ending endings[] = {
	/* FIN: RFC 9293 §3.6 */
	{ "FIN by the client", OPEN, { CLOSES, WAITS }, .why = BOTH(FINISHED) },
	{ "FIN by the server", OPEN, { WAITS, CLOSES }, .why = BOTH(FINISHED) },
	{ "FIN by both at once", OPEN, { CLOSES, CLOSES }, .why = BOTH(FINISHED) },
	{ "FIN by the client, 2 % loss",
	  OPEN,
	  { CLOSES, WAITS },
	  .lossy = true,
	  .why = BOTH(FINISHED) },
	{ "FIN by both, 2 % loss", OPEN, { CLOSES, CLOSES }, .lossy = true, .why = BOTH(FINISHED) },
	{ "FIN by the client, never by the server",
	  OPEN,
	  { CLOSES, STAYS },
	  .why = { ANY, TERN_RESET } },
	{ "FIN by the server, never by the client",
	  OPEN,
	  { STAYS, CLOSES },
	  .why = { TERN_RESET, ANY } },
	{ "close with data under way", SENDING, { CLOSES, WAITS }, .why = { ANY, ANY } },
	{ "close by both with data under way", SENDING, { CLOSES, CLOSES }, .why = { ANY, ANY } },
	{ "close by both with data under way, 2 % loss",
	  SENDING,
	  { CLOSES, CLOSES },
	  .lossy = true,
	  .why = { ANY, ANY } },
	{ "FIN by both at once, opened by cookies",
	  OPEN,
	  { CLOSES, CLOSES },
	  .cookies = true,
	  .why = BOTH(FINISHED) },
	/* RST: §3.10.5, §3.10.7.4 */
	{ "RST by the client", OPEN, { ABORTS, WAITS }, .why = { TERN_ABORTED, TERN_RESET } },
	{ "RST by the server", OPEN, { WAITS, ABORTS }, .why = { TERN_RESET, TERN_ABORTED } },
	{ "RST by both at once", OPEN, { ABORTS, ABORTS }, .why = BOTH(ABORTED) },
	{ "RST against FIN", OPEN, { ABORTS, CLOSES }, .why = { TERN_ABORTED, TERN_RESET } },
	{ "RST by the client, opened by cookies",
	  OPEN,
	  { ABORTS, WAITS },
	  .cookies = true,
	  .why = { TERN_ABORTED, TERN_RESET } },
	{ "RST with data under way",
	  SENDING,
	  { ABORTS, WAITS },
	  .why = { TERN_ABORTED, TERN_RESET } },
	{ "RST with data under way, 2 % loss",
	  SENDING,
	  { WAITS, ABORTS },
	  .lossy = true,
	  .why = { TERN_RESET, TERN_ABORTED } },
	{ "RST before the SYN arrives", OPENING, { ABORTS, WAITS }, .why = { TERN_ABORTED, ANY } },
	{ "the listener goes half open",
	  HALF_OPEN,
	  { WAITS, WAITS },
	  .unlisten = true,
	  .why = { TERN_REFUSED, ANY } },
	{ "nobody listens", OPENING, { CLOSES, WAITS }, .unlisten = true, .why = { ANY, ANY } },
	/* Timeout: §3.8.3 */
	{ "the peer is gone before the SYN", OPENING, { WAITS, WAITS }, .why = BOTH(TIMED_OUT) },
	{ "the peer is gone half open",
	  HALF_OPEN,
	  { WAITS, WAITS },
	  .dark = true,
	  .why = BOTH(TIMED_OUT) },
	{ "no SYN-ACK arrives", HALF_OPEN, { WAITS, WAITS }, .why = BOTH(TIMED_OUT) },
	{ "the peer is gone with data under way",
	  SENDING,
	  { WAITS, WAITS },
	  .dark = true,
	  .why = BOTH(TIMED_OUT) },
	{ "the peer is gone, keep-alive finds out",
	  OPEN,
	  { WAITS, WAITS },
	  .dark = true,
	  .keepalive = true,
	  .why = BOTH(TIMED_OUT) },
	{ "the peer is gone with data under way for the user timeout",
	  SENDING,
	  { WAITS, WAITS },
	  .dark = true,
	  .user_timeout = true,
	  .why = BOTH(TIMED_OUT) },
	{ "the peer is gone before the FIN",
	  OPEN,
	  { CLOSES, CLOSES },
	  .dark = true,
	  .why = BOTH(TIMED_OUT) },
	{ "the peer is gone before the RST",
	  OPEN,
	  { ABORTS, ABORTS },
	  .dark = true,
	  .why = BOTH(ABORTED) },
};

Test(endings, leave_nothing_of_5000_connections)
{
	for (unsigned int i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		play(&endings[i], 1000 + i);
}
