/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include <criterion/criterion.h>

#include "user.h"

static struct user *
self_of(struct tern_tcp_user *vt)
{
	return (struct user *)vt;
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct user *u = self_of(vt);

	if (u->fresh)
		u->got = u->acked = 0;
	u->conn = conn;
	u->opened++;
	if (u->abort_on_open)
		tern_tcp_abort(conn);
}

static enum tern_verdict
answer(struct user *u, struct tern_conn *conn, struct tern_in *in)
{
	uint16_t len = in->len;

	u->said = tern_tcp_answer(conn, in, in->data, in->len);
	if (u->said != TERN_DROP_TCP_HELD)
		u->got += len;
	return u->said;
}

static enum tern_verdict
take(struct user *u, struct tern_in *in)
{
	if (u->taken_n == USER_TAKEN_MAX)
		return TERN_DROP_USER;
	u->taken[u->taken_n++] = in->mbuf;
	u->taken_bytes += in->len;
	u->got += in->len;
	return TERN_TAKEN;
}

static enum tern_verdict
on_data(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	struct user *u = self_of(vt);
	uint32_t i;

	u->datas++;
	u->data = in->data;
	if (in->len == 0)
		cr_assert_fail("on_data() without data");
	for (i = 0; i < in->len && !u->any_data; i++)
		if (in->data[i] != peer_byte(u->got + i))
			cr_assert_fail("byte %" PRIu64 " of the stream is wrong", u->got + i);
	if (u->abort_on_data) {
		tern_tcp_abort(conn);
		return u->said = TERN_DONE;
	}
	switch (u->mode) {
	case USER_ECHO:
		return answer(u, conn, in);
	case USER_REFUSE:
		return u->said = TERN_DROP_USER;
	case USER_TAKE:
		return u->said = take(u, in);
	default:
		if (u->most != 0 && in->len > u->most)
			in->len = (uint16_t)u->most;
		u->got += in->len;
		return u->said = TERN_DONE;
	}
}

static void
on_eof(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct user *u = self_of(vt);

	u->eofs++;
	if (u->close_on_eof)
		tern_tcp_close(conn);
	if (u->abort_on_eof)
		tern_tcp_abort(conn);
}

static void
on_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct user *u = self_of(vt);

	if (u->conn == conn)
		u->conn = NULL;
	u->closed++;
	u->why = why;
}

static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	const struct user *u = self_of(vt);

	(void)conn;
	if (at >= u->offer)
		return 0;
	return u->offer - at > UINT32_MAX ? UINT32_MAX : (uint32_t)(u->offer - at);
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	struct user *u = self_of(vt);
	uint8_t *p = to;
	uint32_t i;

	(void)conn;
	if (at + len > u->offer)
		cr_assert_fail("fill() for %" PRIu64 "+%" PRIu32 ", beyond the %" PRIu64
			       " that are available",
			       at, len, u->offer);
	if (at < u->acked)
		cr_assert_fail("fill() for %" PRIu64 ", which is acknowledged", at);
	for (i = 0; i < len; i++)
		p[i] = our_byte(at + i);
	if (at + len > u->filled)
		u->filled = at + len;
}

static void
acked(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t upto)
{
	struct user *u = self_of(vt);

	(void)conn;
	if (upto < u->acked)
		cr_assert_fail("acked(%" PRIu64 ") after acked(%" PRIu64 ")", upto, u->acked);
	u->acked = upto;
}

void
user_init(struct user *u, enum user_mode mode)
{
	memset(u, 0, sizeof(*u));
	u->vt = (struct tern_tcp_user){
		.on_open = on_open,
		.on_data = on_data,
		.on_eof = on_eof,
		.on_closed = on_closed,
		.available = available,
		.fill = fill,
		.acked = acked,
	};
	u->mode = mode;
}

void
user_send(struct user *u, uint32_t bytes)
{
	u->offer += bytes;
	if (u->conn != NULL)
		tern_tcp_ready(u->conn);
}

void
user_release(struct user *u, struct tern_conn *conn)
{
	uint32_t i, bytes = u->taken_bytes;

	for (i = 0; i < u->taken_n; i++)
		rte_pktmbuf_free(u->taken[i]);
	u->taken_n = u->taken_bytes = 0;
	if (conn != NULL && bytes > 0)
		tern_tcp_consumed(conn, bytes);
}
