/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <rte_common.h>

#include <tern_config.h>
#include <tern_stream.h>
#include <tern_stream_pool.h>

enum { ENDING_NOT, ENDING_SHUTDOWN, ENDING_CLOSE, ENDING_LINGER };

static struct tern_stream *
stream_of(struct tern_tcp_user *user)
{
	return (struct tern_stream *)user;
}

/* The FIN must not overtake what is behind answers that have not left. */
static void
end(struct tern_stream *s, uint8_t how)
{
	if (s->send != NULL && tern_send_waits(s->send)) {
		s->ending = RTE_MAX(s->ending, how);
		return;
	}
	s->ending = ENDING_NOT;
	switch (how) {
	case ENDING_SHUTDOWN:
		tern_tcp_shutdown(s->conn);
		break;
	case ENDING_CLOSE:
		tern_tcp_close(s->conn);
		break;
	default:
		tern_tcp_linger(s->conn, s->linger_ms * TERN_MS);
		break;
	}
}

/* What the connection calls ------------------------------------------------------------------- */

static void
attach(struct tern_stream *s, struct tern_conn *conn)
{
	s->conn = conn;
	s->state = TERN_STREAM_OPEN;
	if (s->recv != NULL)
		tern_recv_open(s->recv, conn);
	if (s->send != NULL)
		tern_send_open(s->send, conn);
}

static void
on_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct tern_stream *s = stream_of(user);

	attach(s, conn);
	if (s->hooks->on_open != NULL)
		s->hooks->on_open(s);
}

static enum tern_verdict
on_data(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	struct tern_stream *s = stream_of(user);
	enum tern_verdict v = TERN_UNDECIDED;

	(void)conn;
	if (s->hooks->on_data != NULL && tern_stream_readable(s) == 0)
		v = s->hooks->on_data(s, in);
	if (v != TERN_UNDECIDED)
		return v;
	if (s->recv == NULL || s->conn == NULL) /* the hook may have ended it */
		return TERN_DONE;
	v = tern_recv_take(s->recv, in);
	if (v != TERN_DROP_USER && s->hooks->on_readable != NULL)
		s->hooks->on_readable(s);
	return v;
}

static void
on_eof(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct tern_stream *s = stream_of(user);

	(void)conn;
	s->eof = true;
	if (s->hooks->on_eof != NULL)
		s->hooks->on_eof(s);
	else
		tern_stream_close(s);
}

static void
on_closed(struct tern_tcp_user *user, struct tern_conn *conn, enum tern_why why)
{
	struct tern_stream *s = stream_of(user);

	(void)conn;
	s->conn = NULL;
	s->state = TERN_STREAM_CLOSED;
	s->short_write = false;
	s->ending = ENDING_NOT;
	if (s->recv != NULL)
		tern_recv_close(s->recv);
	if (s->send != NULL)
		tern_send_close(s->send);
	if (s->hooks->on_closed != NULL)
		s->hooks->on_closed(s, why);
	if (s->pool != NULL && s->state == TERN_STREAM_CLOSED)
		tern_stream_pool_give(s);
}

static uint32_t
available(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at)
{
	const struct tern_stream *s = stream_of(user);

	(void)conn;
	return s->send != NULL ? tern_send_available(s->send, at) : 0;
}

static void
fill(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)conn;
	tern_send_fill(stream_of(user)->send, at, to, len);
}

static bool
lend(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, uint32_t len,
     struct tern_loan *loan)
{
	(void)conn;
	return tern_send_lend(stream_of(user)->send, at, len, loan);
}

static void
acked(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t upto)
{
	struct tern_stream *s = stream_of(user);

	(void)conn;
	if (s->send == NULL)
		return;
	tern_send_acked(s->send, upto);
	/* on_done() of a piece may have ended the connection. */
	if (s->ending != ENDING_NOT)
		end(s, s->ending);
	if (!s->short_write || tern_send_room(s->send) < s->send->size / 4)
		return;
	s->short_write = false;
	if (s->hooks->on_writable != NULL)
		s->hooks->on_writable(s);
}

/* Beginning ----------------------------------------------------------------------------------- */

void
tern_stream_init(struct tern_stream *s, const struct tern_stream_hooks *hooks,
		 struct tern_recv *recv, struct tern_send *send)
{
	*s = (struct tern_stream){
		.user = {
			.on_open = on_open,
			.on_data = on_data,
			.on_eof = on_eof,
			.on_closed = on_closed,
			.available = available,
			.fill = fill,
			.lend = lend,
			.acked = acked,
		},
		.hooks = hooks,
		.recv = recv,
		.send = send,
	};
}

enum tern_accept
tern_stream_accept(struct tern_stream *s, struct tern_syn *syn)
{
	syn->user = &s->user;
	return TERN_ACCEPT;
}

int
tern_stream_connect(struct tern_stream *s, struct tern_tcp *tcp, struct tern_addr to,
		    rte_be16_t port)
{
	struct tern_conn *conn;
	int error = tern_tcp_connect(tcp, to, port, &s->user, &conn);

	if (error == 0)
		attach(s, conn);
	return error;
}

/* Reading ------------------------------------------------------------------------------------- */

uint32_t
tern_stream_readable(const struct tern_stream *s)
{
	return s->recv != NULL ? s->recv->used : 0;
}

uint32_t
tern_stream_read(struct tern_stream *s, void *to, uint32_t len)
{
	return s->recv != NULL ? tern_recv_read(s->recv, to, len) : 0;
}

unsigned int
tern_stream_peek(const struct tern_stream *s, struct iovec *iov, unsigned int n)
{
	return s->recv != NULL ? tern_recv_peek(s->recv, iov, n) : 0;
}

uint32_t
tern_stream_skip(struct tern_stream *s, uint32_t bytes)
{
	return s->recv != NULL ? tern_recv_skip(s->recv, bytes) : 0;
}

bool
tern_stream_ended(const struct tern_stream *s)
{
	return s->eof && tern_stream_readable(s) == 0;
}

/* Writing ------------------------------------------------------------------------------------- */

/* Will bytes that are written now be sent? */
static bool
sends(const struct tern_stream *s)
{
	if (s->send == NULL || s->state == TERN_STREAM_CLOSED || s->ending != ENDING_NOT)
		return false;
	return s->conn == NULL || (s->conn->flags & TERN_CONN_FIN_WANTED) == 0;
}

uint32_t
tern_stream_writable(const struct tern_stream *s)
{
	return sends(s) ? tern_send_room(s->send) : 0;
}

uint32_t
tern_stream_write(struct tern_stream *s, const void *data, uint32_t len)
{
	uint32_t n;

	if (!sends(s))
		return 0;
	n = tern_send_write(s->send, data, len);
	if (n < len)
		s->short_write = true;
	return n;
}

uint32_t
tern_stream_writev(struct tern_stream *s, const struct iovec *iov, unsigned int n)
{
	uint32_t sum = 0, part;

	for (unsigned int i = 0; i < n; i++) {
		part = tern_stream_write(s, iov[i].iov_base, (uint32_t)iov[i].iov_len);
		sum += part;
		if (part < iov[i].iov_len)
			break;
	}
	return sum;
}

uint32_t
tern_stream_move(struct tern_stream *from, struct tern_stream *to)
{
	uint32_t sum = 0, n;
	struct iovec piece;

	while (tern_stream_peek(from, &piece, 1) > 0) {
		n = tern_stream_write(to, piece.iov_base, (uint32_t)piece.iov_len);
		sum += tern_stream_skip(from, n);
		if (n < piece.iov_len)
			break;
	}
	return sum;
}

enum tern_verdict
tern_stream_answer(struct tern_stream *s, struct tern_in *in, void *data, uint16_t len)
{
	enum tern_verdict v;

	if (s->conn == NULL || s->ending != ENDING_NOT)
		return TERN_DONE;
	if (s->send != NULL && s->send->first != s->send->end) {
		if (sends(s) && tern_send_room(s->send) < len)
			return TERN_DROP_USER;
		tern_stream_write(s, data, len);
		return TERN_DONE;
	}
	/* What is closed already says TERN_DONE and keeps nothing. */
	if ((s->conn->flags & TERN_CONN_FIN_WANTED) != 0)
		return TERN_DONE;
	v = tern_tcp_answer(s->conn, in, data, len);
	if (s->send != NULL && (v == TERN_ANSWER || v == TERN_DONE))
		tern_send_seek(s->send, s->send->end + len);
	return v;
}

/* Ending -------------------------------------------------------------------------------------- */

int
tern_stream_shutdown(struct tern_stream *s)
{
	if (s->conn == NULL)
		return -ENOTCONN;
	end(s, ENDING_SHUTDOWN);
	return 0;
}

int
tern_stream_close(struct tern_stream *s)
{
	if (s->conn == NULL)
		return -ENOTCONN;
	end(s, ENDING_CLOSE);
	return 0;
}

int
tern_stream_linger(struct tern_stream *s, uint64_t ns)
{
	if (s->conn == NULL)
		return -ENOTCONN;
	if (ns == 0)
		return tern_stream_abort(s);
	s->linger_ms = (uint32_t)RTE_MIN((ns - 1) / TERN_MS + 1, (uint64_t)UINT32_MAX);
	end(s, ENDING_LINGER);
	return 0;
}

int
tern_stream_abort(struct tern_stream *s)
{
	if (s->conn == NULL)
		return -ENOTCONN;
	tern_tcp_abort(s->conn);
	return 0;
}
