/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stream sockets: what a script calls, and what tern's TCP calls in return.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <tern_stack.h>

#include "socks.h"

static struct sock *
sock_of(struct tern_tcp_user *vt)
{
	return (struct sock *)vt;
}

static struct tern_tcp *
tcp_of(const struct sock *s)
{
	return tern_tcp(s->host->stack);
}

/* Called by TCP ----------------------------------------------------------------------------- */

static void
append_child(struct sock *parent, struct sock *child)
{
	struct sock **at = &parent->queue;

	while (*at != NULL)
		at = &(*at)->next;
	*at = child;
	child->next = NULL;
	parent->queued++;
	parent->news_in++;
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct sock *s = sock_of(vt);

	s->conn = conn;
	s->stage = STAGE_CONNECTED;
	s->news_out++;
	stream_apply(s);
	if (s->parent != NULL)
		append_child(s->parent, s);
}

static enum tern_verdict
on_data(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	struct sock *s = sock_of(vt);

	bytes_add(&s->in, in->data, in->len);
	s->news_in++;
	tern_tcp_hold(conn, in->len);
	return TERN_DONE;
}

static void
on_eof(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct sock *s = sock_of(vt);

	(void)conn;
	s->eof = true;
	s->news_in++;
}

static int
error_of(enum tern_why why)
{
	switch (why) {
	case TERN_RESET:
		return ECONNRESET;
	case TERN_REFUSED:
		return ECONNREFUSED;
	case TERN_TIMED_OUT:
		return ETIMEDOUT;
	case TERN_UNREACHABLE:
		return EHOSTUNREACH;
	default:
		return 0;
	}
}

static void
on_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct sock *s = sock_of(vt);
	bool is_queued = s->parent != NULL && s->stage != STAGE_CONNECTS;

	(void)conn;
	s->conn = NULL;
	s->stage = STAGE_OVER;
	s->error = error_of(why);
	s->news_in++;
	s->news_out++;
	if (s->fd == SOCK_NONE && !is_queued)
		sock_free(s);
}

/* Under TCP_CORK, and behind MSG_MORE, whole segments only. */
static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	const struct sock *s = sock_of(vt);
	uint64_t n = s->out.tail - at;

	if ((s->cork || s->more) && !s->shut_wr)
		n -= n % conn->snd.mss;
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	const struct sock *s = sock_of(vt);

	(void)conn;
	assert(at >= s->out.head && at + len <= s->out.tail);
	bytes_copy(&s->out, at, to, len);
}

static void
acked(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t upto)
{
	struct sock *s = sock_of(vt);

	(void)conn;
	if (upto <= s->out.head)
		return;
	bytes_drop(&s->out, (size_t)(upto - s->out.head));
	if (sock_writable(s))
		s->news_out++;
}

static const struct tern_tcp_user stream_user = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_closed = on_closed,
	.available = available,
	.fill = fill,
	.acked = acked,
};

void
stream_init(struct sock *s)
{
	s->vt = stream_user;
}

/* Opening ----------------------------------------------------------------------------------- */

int
stream_apply(struct sock *s)
{
	struct tern_conn *c = s->conn;
	int error;

	if (c == NULL || s->stage != STAGE_CONNECTED)
		return 0;
	if (s->nodelay)
		c->flags |= TERN_CONN_NODELAY;
	else
		c->flags &= ~TERN_CONN_NODELAY;
	c->tos = s->tos;
	if (s->rcvbuf != 0)
		tern_tcp_set_space(c, s->rcvbuf);
	if (s->mss != 0 && s->mss < c->snd.mss)
		c->snd.mss = s->mss;
	if (s->congestion != NULL && s->congestion != c->congestion)
		tern_tcp_set_congestion(c, s->congestion);
	error = tern_tcp_keepalive(c, s->keepalive ? s->idle_s : 0, s->interval_s, s->count);
	if (error == 0)
		error = tern_tcp_user_timeout(c, s->timeout_ms * TERN_MS);
	return error == -ENOTCONN ? 0 : error;
}

static void
inherit(struct sock *child, const struct sock *parent)
{
	child->nodelay = parent->nodelay;
	child->tos = parent->tos;
	child->keepalive = parent->keepalive;
	child->idle_s = parent->idle_s;
	child->interval_s = parent->interval_s;
	child->count = parent->count;
	child->timeout_ms = parent->timeout_ms;
	child->congestion = parent->congestion;
	child->linger = parent->linger;
	child->sndbuf = parent->sndbuf;
	child->rcvbuf = parent->rcvbuf;
	child->mss = parent->mss;
}

static struct sockaddr_in
address(struct tern_addr addr, rte_be16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = port,
		.sin_addr.s_addr = tern_addr_to_v4(addr),
	};
}

static enum tern_accept
on_accept(const struct tern_tcp_listener *listener, struct tern_syn *syn)
{
	char *base = (char *)(uintptr_t)listener - offsetof(struct sock, listener);
	struct sock *s = (struct sock *)(void *)base, *child;

	if (s->queued > s->backlog)
		return TERN_IGNORE;
	child = sock_make(s->host, KIND_STREAM);
	if (child == NULL)
		return TERN_IGNORE;
	stream_init(child);
	inherit(child, s);
	child->stage = STAGE_CONNECTS;
	child->parent = s;
	child->told = true;
	child->remote = address(syn->remote, syn->rport);
	child->local = address(syn->local, syn->lport);
	syn->user = &child->vt;
	return TERN_ACCEPT;
}

int
stream_listen(struct sock *s, int backlog)
{
	int error;

	if (s->stage == STAGE_LISTENS) {
		s->backlog = backlog < 0 ? 0 : (uint32_t)backlog;
		return 0;
	}
	if (s->stage != STAGE_FRESH)
		return -EINVAL;
	s->backlog = backlog < 0 ? 0 : (uint32_t)backlog;
	s->listener = (struct tern_tcp_listener){
		.addr = tern_addr_v4(s->local.sin_addr.s_addr),
		.port = rte_be_to_cpu_16(s->local.sin_port),
		.backlog = s->host->flags.config.connections,
		.user = &s->vt,
		.on_accept = on_accept,
	};
	if (s->local.sin_addr.s_addr == 0)
		s->listener.addr = (struct tern_addr){ 0 };
	error = tern_tcp_listen(tcp_of(s), &s->listener);
	if (error == 0)
		s->stage = STAGE_LISTENS;
	return error;
}

static bool
has_connected(const void *what)
{
	const struct sock *s = what;

	return s->stage != STAGE_CONNECTS;
}

/* What became of it: told once, then it may be tried anew. */
static int
connect_result(struct sock *s)
{
	int error;

	if (s->stage == STAGE_CONNECTED) {
		s->told = true;
		return 0;
	}
	error = sock_take_error(s);
	s->stage = STAGE_FRESH;
	return error != 0 ? error : -ECONNABORTED;
}

static int
begin_connect(struct sock *s, const struct sockaddr_in *to)
{
	struct tern_addr from = { 0 };
	int error;

	s->eof = s->told = false;
	s->error = 0;
	if (s->local.sin_addr.s_addr != 0)
		from = tern_addr_v4(s->local.sin_addr.s_addr);
	error = tern_tcp_connect_from(tcp_of(s), from, s->local.sin_port,
				      tern_addr_v4(to->sin_addr.s_addr), to->sin_port, &s->vt,
				      &s->conn);
	if (error < 0)
		return error;
	s->remote = *to;
	s->stage = STAGE_CONNECTS;
	return 0;
}

int
stream_connect(struct sock *s, const struct sockaddr_in *to)
{
	int error;

	switch (s->stage) {
	case STAGE_LISTENS:
		return -EISCONN;
	case STAGE_CONNECTED:
		return s->told ? -EISCONN : connect_result(s);
	case STAGE_OVER:
		return s->told ? -EISCONN : connect_result(s);
	case STAGE_CONNECTS:
		if (s->nonblock)
			return -EALREADY;
		break;
	default:
		error = begin_connect(s, to);
		if (error < 0)
			return error;
		if (s->nonblock)
			return -EINPROGRESS;
	}
	if (!host_wait(s->host, has_connected, s, HOST_EVER))
		return -ETIMEDOUT;
	return connect_result(s);
}

/* connect() to AF_UNSPEC. */
int
stream_disconnect(struct sock *s)
{
	if (s->stage == STAGE_LISTENS)
		return -EINVAL;
	if (s->conn != NULL)
		tern_tcp_abort(s->conn);
	bytes_fini(&s->in);
	bytes_fini(&s->out);
	s->stage = STAGE_FRESH;
	s->eof = s->shut_rd = s->shut_wr = s->told = false;
	s->error = 0;
	return 0;
}

/* Closing ----------------------------------------------------------------------------------- */

int
stream_shutdown(struct sock *s, int how)
{
	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	if (s->stage != STAGE_CONNECTED)
		return -ENOTCONN;
	if (how != SHUT_WR)
		s->shut_rd = true;
	if (how != SHUT_RD && !s->shut_wr) {
		s->shut_wr = true;
		tern_tcp_shutdown(s->conn);
	}
	s->news_in++;
	s->news_out++;
	return 0;
}

static void
stop_listening(struct sock *s)
{
	struct sock *child;

	tern_tcp_unlisten(tcp_of(s), &s->listener);
	while ((child = s->queue) != NULL) {
		s->queue = child->next;
		child->parent = NULL;
		if (child->conn != NULL)
			tern_tcp_abort(child->conn);
		else
			sock_free(child);
	}
}

/* Bytes that nobody will read are told to the peer by a reset (RFC 9293 SHLD-3). */
void
stream_close(struct sock *s)
{
	bool abrupt = bytes_count(&s->in) > 0 || (s->linger.l_onoff && s->linger.l_linger == 0);

	s->fd = SOCK_NONE;
	s->shut_wr = true;
	if (s->stage == STAGE_LISTENS)
		stop_listening(s);
	if (s->conn == NULL)
		sock_free(s);
	else if (abrupt)
		tern_tcp_abort(s->conn);
	else
		tern_tcp_close(s->conn);
}

/* Reading ----------------------------------------------------------------------------------- */

static bool
has_input(const void *what)
{
	return sock_readable(what);
}

static size_t
take_bytes(struct sock *s, const struct iovec *iov, int n, size_t skip, int flags)
{
	uint64_t at = s->in.head;
	size_t len, taken = 0;

	for (int i = 0; i < n && at != s->in.tail; i++) {
		size_t before = skip < iov[i].iov_len ? skip : iov[i].iov_len;

		skip -= before;
		len = iov[i].iov_len - before;
		if (len > s->in.tail - at)
			len = (size_t)(s->in.tail - at);
		if ((flags & MSG_TRUNC) == 0)
			bytes_copy(&s->in, at, (uint8_t *)iov[i].iov_base + before, len);
		at += len;
		taken += len;
	}
	if ((flags & MSG_PEEK) != 0)
		return taken;
	bytes_drop(&s->in, taken);
	if (s->conn != NULL && taken > 0)
		tern_tcp_consumed(s->conn, (uint32_t)taken);
	return taken;
}

static bool
is_unreadable(const struct iovec *iov, int n)
{
	for (int i = 0; i < n; i++) {
		if (iov[i].iov_base == NULL && iov[i].iov_len > 0)
			return true;
	}
	return false;
}

/* What a read without bytes returns: 0 at the end, -EAGAIN when more may come. */
static ssize_t
without_bytes(struct sock *s)
{
	if (s->stage == STAGE_FRESH || s->stage == STAGE_LISTENS)
		return -ENOTCONN;
	if (s->error != 0)
		return sock_take_error(s);
	return s->eof || s->shut_rd || s->stage == STAGE_OVER ? 0 : -EAGAIN;
}

ssize_t
stream_read(struct sock *s, const struct iovec *iov, int n, int flags)
{
	bool waits = !s->nonblock && (flags & MSG_DONTWAIT) == 0;
	size_t want = iov_bytes(iov, n), got = 0;
	ssize_t none;

	if ((flags & MSG_OOB) != 0)
		return -EINVAL;
	if ((flags & MSG_ERRQUEUE) != 0)
		return -EAGAIN;
	if ((flags & MSG_TRUNC) == 0 && is_unreadable(iov, n) && bytes_count(&s->in) > 0)
		return -EFAULT;
	for (;;) {
		got += take_bytes(s, iov, n, got, flags);
		if (got == want || (got > 0 && ((flags & MSG_WAITALL) == 0 || !waits)))
			return (ssize_t)got;
		none = without_bytes(s);
		if (none != -EAGAIN || !waits)
			return got > 0 ? (ssize_t)got : none;
		if (!host_wait(s->host, has_input, s, HOST_EVER))
			return got > 0 ? (ssize_t)got : -EAGAIN;
	}
}

/* Writing ----------------------------------------------------------------------------------- */

static bool
has_room(const void *what)
{
	return sock_writable(what);
}

static size_t
give_bytes(struct sock *s, const struct iovec *iov, int n, size_t skip)
{
	size_t room, len, given = 0;

	for (int i = 0; i < n; i++) {
		size_t before = skip < iov[i].iov_len ? skip : iov[i].iov_len;
		const uint8_t *from = iov[i].iov_base;

		skip -= before;
		len = iov[i].iov_len - before;
		room = bytes_count(&s->out) < s->sndbuf ? s->sndbuf - bytes_count(&s->out) : 0;
		if (len > room)
			len = room;
		if (len > 0)
			bytes_add(&s->out, from + before, len);
		given += len;
	}
	if (given > 0)
		tern_tcp_ready(s->conn);
	return given;
}

/* 0: it may be written to now. */
static ssize_t
cannot_write(struct sock *s)
{
	if (s->error != 0)
		return sock_take_error(s);
	if (s->stage == STAGE_CONNECTS)
		return -EAGAIN;
	return s->shut_wr || s->stage != STAGE_CONNECTED ? -EPIPE : 0;
}

ssize_t
stream_write(struct sock *s, const struct iovec *iov, int n, int flags)
{
	bool waits = !s->nonblock && (flags & MSG_DONTWAIT) == 0;
	size_t want = iov_bytes(iov, n), given = 0;
	ssize_t cannot;

	if ((flags & (MSG_OOB | MSG_FASTOPEN | MSG_ZEROCOPY)) != 0)
		return -EOPNOTSUPP;
	for (;;) {
		cannot = cannot_write(s);
		if (cannot == 0 && is_unreadable(iov, n))
			return -EFAULT;
		if (cannot == 0) {
			s->more = (flags & MSG_MORE) != 0;
			given += give_bytes(s, iov, n, given);
			cannot = given == want ? 0 : -EAGAIN;
		}
		if (cannot != -EAGAIN || !waits)
			return given > 0 || cannot == 0 ? (ssize_t)given : cannot;
		if (!host_wait(s->host, has_room, s, HOST_EVER))
			return given > 0 ? (ssize_t)given : -EAGAIN;
	}
}
