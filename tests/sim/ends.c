/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "ends.h"

static uint8_t lent[LENT_BYTES];

static struct end *
end_of(struct tern_tcp_user *vt)
{
	return (struct end *)vt;
}

/* The stream -------------------------------------------------------------------------------- */

static void
stream_write(uint64_t seed, uint64_t at, uint8_t *to, uint64_t len)
{
	uint64_t word = 0, end = at + len;

	while (at < end && at % 8 != 0)
		*to++ = (uint8_t)(mix(seed + at / 8) >> 8 * (at % 8)), at++;
	for (; end - at >= 8; at += 8, to += 8) {
		word = mix(seed + at / 8);
		memcpy(to, &word, 8);
	}
	for (; at < end; at++)
		*to++ = (uint8_t)(mix(seed + at / 8) >> 8 * (at % 8));
}

static bool
stream_is(uint64_t seed, uint64_t at, const uint8_t *p, uint64_t len)
{
	uint8_t should[256];
	uint64_t n;

	for (; len > 0; at += n, p += n, len -= n) {
		n = len < sizeof(should) ? len : sizeof(should);
		stream_write(seed, at, should, n);
		if (memcmp(should, p, n) != 0)
			return false;
	}
	return true;
}

/* Callbacks --------------------------------------------------------------------------------- */

static void
finish_if_all(struct end *e)
{
	if (e->conn != NULL && !e->keeps_open && e->offer == e->total)
		tern_tcp_shutdown(e->conn);
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct end *e = end_of(vt);

	world_check(e->w, e->opened == 0, "%c: opened twice", "AB"[e->side]);
	world_check(e->w, conn->state == TERN_ESTABLISHED || conn->state == TERN_FIN_WAIT_1,
		    "%c: opened in %s", "AB"[e->side], tern_tcp_state_name(conn->state));
	e->opened++;
	e->opened_at = world_time(e->w);
	e->conn = conn;
	if (e->space != 0)
		conn->rcv.space = e->space;
	if (e->mode != END_ECHO && e->rounds == 0)
		finish_if_all(e);
}

static enum tern_verdict
take(struct end *e, struct tern_in *in)
{
	if (e->taken_n == END_TAKEN)
		return TERN_DROP_USER;
	e->taken[e->taken_n++] = in->mbuf;
	e->taken_bytes += in->len;
	e->got += in->len;
	return TERN_TAKEN;
}

/* Every third from other memory: then the bytes are copied into the mbuf. */
static enum tern_verdict
answer(struct end *e, struct tern_conn *conn, struct tern_in *in)
{
	uint8_t elsewhere[2048];
	uint8_t *from = in->data;
	uint16_t len = in->len;
	enum tern_verdict v;

	if (e->calls % 3 == 0 && len <= sizeof(elsewhere))
		from = memcpy(elsewhere, in->data, len);
	v = tern_tcp_answer(conn, in, from, len);
	world_check(e->w, v == TERN_ANSWER || v == TERN_DONE || v == TERN_DROP_TCP_HELD,
		    "%c: an answer ended in %s", "AB"[e->side], tern_verdict_name(v));
	if (v != TERN_DROP_TCP_HELD)
		e->got += len;
	return v;
}

/* A whole request or response has come: the other side's turn is over. */
static void
take_turn(struct end *e)
{
	uint64_t turn;

	if (e->response == 0 || e->got % e->response != 0)
		return;
	turn = e->got / e->response + e->leads;
	if (turn > e->asked && turn <= e->rounds) {
		e->asked = turn;
		end_offer(e, e->request);
	}
}

static enum tern_verdict
on_data(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	struct end *e = end_of(vt);

	world_check(e->w, in->len > 0, "%c: no data in on_data()", "AB"[e->side]);
	world_check(e->w, e->eofs == 0 && e->closed == 0, "%c: data after the end", "AB"[e->side]);
	world_check(e->w, in->len <= in->room, "%c: no room for the data", "AB"[e->side]);
	if (!stream_is(e->peer_seed, e->got, in->data, in->len))
		world_fail(e->w, "%c: wrong bytes at %" PRIu64 "+%u", "AB"[e->side], e -> got,
			   in -> len);
	if (e->refuses != 0 && ++e->calls % e->refuses == 0)
		return TERN_DROP_USER;
	e->calls += e->refuses == 0;
	switch (e->mode) {
	case END_ECHO:
		return answer(e, conn, in);
	case END_TAKE:
		return take(e, in);
	default:
		if (e->most != 0 && in->len > e->most)
			in->len = (uint16_t)e->most;
		e->got += in->len;
		take_turn(e);
		return TERN_DONE;
	}
}

static void
on_eof(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct end *e = end_of(vt);

	(void)conn;
	world_check(e->w, ++e->eofs == 1, "%c: two ends of one stream", "AB"[e->side]);
	e->eof_at = world_time(e->w);
	if (e->mode == END_ECHO)
		tern_tcp_close(conn);
	else
		finish_if_all(e);
}

static void
on_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct end *e = end_of(vt);

	world_check(e->w, ++e->closed == 1, "%c: closed twice", "AB"[e->side]);
	world_check(e->w, e->conn == NULL || e->conn == conn, "%c: another block", "AB"[e->side]);
	e->why = why;
	e->closed_at = world_time(e->w);
	e->conn = NULL;
}

static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	const struct end *e = end_of(vt);
	uint64_t rest = e->offer - at;

	(void)conn;
	world_check(e->w, at <= e->offer && at >= e->acked, "%c: available(%" PRIu64 ")",
		    "AB"[e->side], at);
	return rest < UINT32_MAX ? (uint32_t)rest : UINT32_MAX;
}

static void
check_range(const struct end *e, uint64_t at, uint32_t len)
{
	world_check(e->w, len > 0 && at >= e->acked && at + len <= e->offer,
		    "%c: bytes wanted from %" PRIu64 "+%" PRIu32 ", acknowledged are %" PRIu64
		    ", available %" PRIu64,
		    "AB"[e->side], at, len, e -> acked, e -> offer);
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	const struct end *e = end_of(vt);

	(void)conn;
	check_range(e, at, len);
	stream_write(e->seed, at, to, len);
}

static void
never_freed(void *addr, void *opaque)
{
	(void)addr;
	(void)opaque;
}

static bool
lend(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, uint32_t len,
     struct tern_loan *loan)
{
	static struct rte_mbuf_ext_shared_info shared = { .free_cb = never_freed };
	const struct end *e = end_of(vt);

	(void)conn;
	check_range(e, at, len);
	/* Now and then it lends less than what was asked for, or nothing. */
	if (at / 1000 % 7 == 3)
		return false;
	if (at + len > LENT_BYTES)
		len = at < LENT_BYTES ? (uint32_t)(LENT_BYTES - at) : 0;
	if (len == 0)
		return false;
	if (rte_mbuf_ext_refcnt_read(&shared) == 0)
		rte_mbuf_ext_refcnt_set(&shared, 1);
	*loan = (struct tern_loan){
		.data = lent + at,
		.len = at / 1000 % 5 == 1 && len > 100 ? 100 : len,
		.iova = RTE_BAD_IOVA,
		.shared = &shared,
	};
	return true;
}

static void
on_acked(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t upto)
{
	struct end *e = end_of(vt);

	(void)conn;
	if (e->mode == END_ECHO) {
		e->acked = upto;
		return;
	}
	world_check(e->w, upto > e->acked && upto <= e->offer,
		    "%c: acked(%" PRIu64 ") after %" PRIu64, "AB"[e->side], upto, e -> acked);
	e->acked = upto;
	if (e->piece != 0 && e->acked == e->offer && e->offer < e->total)
		end_offer(e, e->piece);
}

/* Beginning and end ------------------------------------------------------------------------- */

void
end_init(struct end *e, struct world *w, unsigned int side, uint64_t total, uint64_t expect)
{
	memset(e, 0, sizeof(*e));
	e->vt = (struct tern_tcp_user){
		.on_open = on_open,
		.on_data = on_data,
		.on_eof = on_eof,
		.on_closed = on_closed,
		.available = available,
		.fill = fill,
		.acked = on_acked,
	};
	e->w = w;
	e->side = (uint8_t)side;
	e->total = total;
	e->offer = total;
	e->expect = expect;
	e->seed = mix(w->how.seed ^ (uint64_t)side << 60 ^ (uintptr_t)0) | 1;
}

void
ends_pair(struct end *a, struct end *b)
{
	a->peer_seed = b->seed;
	b->peer_seed = a->seed;
}

void
end_echo(struct end *e, struct world *w, unsigned int side)
{
	end_init(e, w, side, 0, 0);
	e->mode = END_ECHO;
	e->vt.available = NULL;
	e->vt.fill = NULL;
}

static void
begin_lending(struct end *e)
{
	e->seed = 0;
	e->vt.lend = lend;
	stream_write(0, 0, lent, LENT_BYTES);
}

static void
begin(struct end *e)
{
	if (e->lends)
		begin_lending(e);
	if (e->piece != 0)
		e->offer = e->piece < e->total ? e->piece : e->total;
	if (e->rounds != 0) {
		e->offer = 0;
		e->total = e->rounds * e->request;
		e->expect = e->rounds * e->response;
	}
}

void
end_connect(struct end *e, uint16_t port)
{
	int error;

	begin(e);
	error = tern_tcp_connect(world_tcp(e->w, e->side), e->w->side[!e->side].addr,
				 rte_cpu_to_be_16(port), &e->vt, &e->conn);
	world_check(e->w, error == 0, "%c: connect: %s", "AB"[e->side], strerror(-error));
	if (e->rounds != 0) {
		e->leads = true;
		e->asked = 1;
		end_offer(e, e->request);
	}
}

void
end_listen(struct end *e, struct tern_tcp_listener *l, uint16_t port)
{
	begin(e);
	*l = (struct tern_tcp_listener){ .port = port, .backlog = 64, .user = &e->vt };
	cr_assert_eq(tern_tcp_listen(world_tcp(e->w, e->side), l), 0);
}

void
end_offer(struct end *e, uint64_t bytes)
{
	e->offer = e->offer + bytes < e->total ? e->offer + bytes : e->total;
	if (e->conn == NULL)
		return;
	tern_tcp_ready(e->conn);
	finish_if_all(e);
}

void
end_release(struct end *e)
{
	uint32_t bytes = e->taken_bytes;

	rte_pktmbuf_free_bulk(e->taken, e->taken_n);
	e->taken_n = e->taken_bytes = 0;
	if (e->conn != NULL && bytes > 0)
		tern_tcp_consumed(e->conn, bytes);
}

void
end_check(const struct end *e, enum tern_why why)
{
	char who = "AB"[e->side];

	world_check(e->w, e->opened == 1, "%c: opened %u times", who, e->opened);
	world_check(e->w, e->closed == 1 && e->why == why, "%c: told %u times that it %s", who,
		    e->closed, tern_why_text(e->why));
	if (why != TERN_FINISHED)
		return;
	world_check(e->w, e->mode == END_ECHO || e->got == e->expect,
		    "%c: got %" PRIu64 " of %" PRIu64 " bytes", who, e->got, e->expect);
	world_check(e->w, e->mode == END_ECHO || e->acked == e->total,
		    "%c: %" PRIu64 " of %" PRIu64 " bytes are acknowledged", who, e->acked,
		    e->total);
	world_check(e->w, e->eofs == 1, "%c: %u ends of its peer's stream", who, e->eofs);
}
