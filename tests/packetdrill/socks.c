/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "socks.h"

static struct sock table[SOCKS];

struct sock *
sock_find(int fd)
{
	for (int i = 0; i < SOCKS && fd >= 0; i++) {
		if (table[i].kind != KIND_FREE && table[i].fd == fd)
			return &table[i];
	}
	return NULL;
}

int
sock_get(int fd, struct sock **s)
{
	*s = sock_find(fd);
	return *s == NULL ? -EBADF : 0;
}

struct sock *
sock_make(struct host *h, enum sock_kind kind)
{
	const struct tern_config *config = &h->flags.config;

	for (int i = 0; i < SOCKS; i++) {
		if (table[i].kind != KIND_FREE)
			continue;
		table[i] = (struct sock){
			.host = h,
			.kind = kind,
			.fd = SOCK_NONE,
			.sndbuf = SOCK_SNDBUF,
			.tos = (uint8_t)(config->dscp << 2),
			.idle_s = (uint32_t)(config->keepalive_idle_ns / TERN_S),
			.interval_s = (uint32_t)(config->keepalive_interval_ns / TERN_S),
			.count = config->keepalive_count,
		};
		for (int j = 0; j < SOCK_WATCHED; j++)
			table[i].watched[j].fd = SOCK_NONE;
		return &table[i];
	}
	return NULL;
}

int
sock_open_fd(struct sock *s)
{
	s->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -errno : s->fd;
}

void
sock_free(struct sock *s)
{
	bytes_fini(&s->in);
	bytes_fini(&s->out);
	while (s->datagram_tail != s->datagram_head)
		free(s->datagrams[s->datagram_tail++ % SOCK_DATAGRAMS].data);
	s->kind = KIND_FREE;
	s->fd = SOCK_NONE;
}

void
socks_fini(void)
{
	for (int i = 0; i < SOCKS; i++) {
		if (table[i].kind != KIND_FREE)
			sock_free(&table[i]);
	}
}

int
sock_take_error(struct sock *s)
{
	int error = s->error;

	s->error = 0;
	return -error;
}

bool
sock_readable(const struct sock *s)
{
	switch (s->kind) {
	case KIND_STREAM:
		if (s->stage == STAGE_LISTENS)
			return s->queue != NULL;
		return bytes_count(&s->in) > 0 || s->eof || s->shut_rd || s->error != 0 ||
		       s->stage == STAGE_OVER;
	case KIND_DATAGRAM:
		return s->datagram_head != s->datagram_tail || s->error != 0 || s->shut_rd;
	case KIND_PIPE_OUT:
		return bytes_count(&s->in) > 0 || s->peer == NULL;
	default:
		return false;
	}
}

/* A third of the buffer must be free, so that a writer is not woken for every segment. */
static bool
stream_has_room(const struct sock *s)
{
	return (uint64_t)bytes_count(&s->out) * 3 <= (uint64_t)s->sndbuf * 2;
}

bool
sock_writable(const struct sock *s)
{
	switch (s->kind) {
	case KIND_STREAM:
		if (s->stage == STAGE_CONNECTS || s->stage == STAGE_LISTENS)
			return false;
		return s->shut_wr || s->error != 0 || s->stage == STAGE_OVER || stream_has_room(s);
	case KIND_DATAGRAM:
		return true;
	case KIND_PIPE_IN:
		return s->peer == NULL || bytes_count(&s->peer->in) < PIPE_ROOM;
	default:
		return false;
	}
}

size_t
iov_bytes(const struct iovec *iov, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}
