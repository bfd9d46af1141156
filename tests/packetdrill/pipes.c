/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipes, and splice() between one and a stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "socks.h"

/* Most that one splice() moves at a time. */
#define PIECE 4096

int
pipe_make(struct host *h, int fds[2])
{
	struct sock *out = sock_make(h, KIND_PIPE_OUT), *in = sock_make(h, KIND_PIPE_IN);

	if (out != NULL && in != NULL) {
		fds[0] = sock_open_fd(out);
		fds[1] = sock_open_fd(in);
		if (fds[0] >= 0 && fds[1] >= 0) {
			out->peer = in;
			in->peer = out;
			return 0;
		}
		close(fds[0]);
		close(fds[1]);
	}
	if (out != NULL)
		sock_free(out);
	if (in != NULL)
		sock_free(in);
	return -EMFILE;
}

void
pipe_close(struct sock *s)
{
	if (s->peer != NULL)
		s->peer->peer = NULL;
	sock_free(s);
}

static bool
has_input(const void *what)
{
	return sock_readable(what);
}

static bool
has_room(const void *what)
{
	return sock_writable(what);
}

ssize_t
pipe_read(struct sock *s, const struct iovec *iov, int n, int flags)
{
	size_t got = 0, len;

	if (!s->nonblock && (flags & MSG_DONTWAIT) == 0)
		host_wait(s->host, has_input, s, HOST_EVER);
	if (bytes_count(&s->in) == 0)
		return s->peer == NULL ? 0 : -EAGAIN;
	for (int i = 0; i < n; i++, got += len) {
		len = iov[i].iov_len < bytes_count(&s->in) ? iov[i].iov_len : bytes_count(&s->in);
		bytes_copy(&s->in, s->in.head, iov[i].iov_base, len);
		bytes_drop(&s->in, len);
	}
	return (ssize_t)got;
}

ssize_t
pipe_write(struct sock *s, const struct iovec *iov, int n, int flags)
{
	size_t given = 0, len, room;

	if (!s->nonblock && (flags & MSG_DONTWAIT) == 0)
		host_wait(s->host, has_room, s, HOST_EVER);
	if (s->peer == NULL)
		return -EPIPE;
	for (int i = 0; i < n; i++, given += len) {
		room = PIPE_ROOM - bytes_count(&s->peer->in);
		len = iov[i].iov_len < room ? iov[i].iov_len : room;
		bytes_add(&s->peer->in, iov[i].iov_base, len);
	}
	return given > 0 || iov_bytes(iov, n) == 0 ? (ssize_t)given : -EAGAIN;
}

static ssize_t
read_any(struct sock *s, void *to, size_t n, int flags)
{
	struct iovec iov = { .iov_base = to, .iov_len = n };

	return s->kind == KIND_PIPE_OUT ? pipe_read(s, &iov, 1, flags) :
					  stream_read(s, &iov, 1, flags);
}

static ssize_t
write_any(struct sock *s, void *from, size_t n, int flags)
{
	struct iovec iov = { .iov_base = from, .iov_len = n };

	return s->kind == KIND_PIPE_IN ? pipe_write(s, &iov, 1, flags) :
					 stream_write(s, &iov, 1, flags);
}

/* How much the writing end takes now, so that nothing is read that cannot be written. */
static size_t
room_of(const struct sock *out)
{
	if (out->kind == KIND_PIPE_IN)
		return out->peer == NULL ? 0 : PIPE_ROOM - bytes_count(&out->peer->in);
	return bytes_count(&out->out) < out->sndbuf ? out->sndbuf - bytes_count(&out->out) : 0;
}

ssize_t
pipe_splice(struct sock *in, struct sock *out, size_t n, unsigned int flags)
{
	int how = (flags & SPLICE_F_NONBLOCK) != 0 ? MSG_DONTWAIT : 0;
	uint8_t piece[PIECE];
	size_t moved = 0, len;
	ssize_t got = 0;

	if ((in->kind == KIND_PIPE_OUT) == (out->kind == KIND_PIPE_IN) ||
	    (in->kind != KIND_PIPE_OUT && in->kind != KIND_STREAM) ||
	    (out->kind != KIND_PIPE_IN && out->kind != KIND_STREAM))
		return -EINVAL;
	while (moved < n) {
		len = n - moved < sizeof(piece) ? n - moved : sizeof(piece);
		if (len > room_of(out))
			len = room_of(out);
		if (len == 0)
			return moved > 0 ? (ssize_t)moved : -EAGAIN;
		got = read_any(in, piece, len, moved > 0 ? MSG_DONTWAIT : how);
		if (got <= 0)
			return moved > 0 ? (ssize_t)moved : got;
		got = write_any(out, piece, (size_t)got, MSG_DONTWAIT);
		if (got < 0)
			return moved > 0 ? (ssize_t)moved : got;
		moved += (size_t)got;
	}
	return (ssize_t)moved;
}
