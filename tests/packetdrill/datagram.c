/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagram sockets over tern's UDP.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <tern_stack.h>

#include "socks.h"

static struct tern_udp *
udp_of(const struct sock *s)
{
	return tern_udp(s->host->stack);
}

static bool
is_from_peer(const struct sock *s, const struct tern_in *in)
{
	return s->remote.sin_port == 0 || (s->remote.sin_port == in->sport &&
					   s->remote.sin_addr.s_addr == tern_addr_to_v4(in->src));
}

static enum tern_verdict
on_datagram(struct tern_udp_port *port, struct tern_in *in)
{
	char *base = (char *)port - offsetof(struct sock, port);
	struct sock *s = (struct sock *)(void *)base;
	struct datagram *d = &s->datagrams[s->datagram_head % SOCK_DATAGRAMS];

	if (s->datagram_head - s->datagram_tail == SOCK_DATAGRAMS || !is_from_peer(s, in))
		return TERN_DROP_USER;
	*d = (struct datagram){
		.from = { .sin_family = AF_INET,
			  .sin_port = in->sport,
			  .sin_addr.s_addr = tern_addr_to_v4(in->src) },
		.len = in->len,
		.data = malloc(in->len + 1u),
	};
	if (d->data == NULL)
		return TERN_DROP_USER;
	memcpy(d->data, in->data, in->len);
	s->datagram_head++;
	s->news_in++;
	return TERN_DONE;
}

static int
bind_port(struct sock *s, uint16_t port)
{
	int error;

	s->port = (struct tern_udp_port){ .port = port, .on_datagram = on_datagram };
	if (s->local.sin_addr.s_addr != 0)
		s->port.addr = tern_addr_v4(s->local.sin_addr.s_addr);
	error = tern_udp_bind(udp_of(s), &s->port);
	if (error < 0)
		return error;
	s->local.sin_port = rte_cpu_to_be_16(port);
	s->is_bound = true;
	return 0;
}

/* To the port that is asked for, or to the first that is free. */
int
datagram_bind(struct sock *s)
{
	const struct tern_config *config = &s->host->flags.config;
	uint32_t port = config->port_min;
	int error;

	if (s->local.sin_port != 0)
		return bind_port(s, rte_be_to_cpu_16(s->local.sin_port));
	do
		error = bind_port(s, (uint16_t)port);
	while (error == -EADDRINUSE && ++port <= config->port_max);
	return error;
}

int
datagram_connect(struct sock *s, const struct sockaddr_in *to)
{
	s->remote = *to;
	return s->is_bound ? 0 : datagram_bind(s);
}

void
datagram_close(struct sock *s)
{
	if (s->is_bound)
		tern_udp_unbind(udp_of(s), &s->port);
	sock_free(s);
}

static bool
has_input(const void *what)
{
	return sock_readable(what);
}

static size_t
scatter(const struct iovec *iov, int n, const uint8_t *from, size_t len)
{
	size_t at = 0, part;

	for (int i = 0; i < n; i++, at += part) {
		part = iov[i].iov_len < len - at ? iov[i].iov_len : len - at;
		memcpy(iov[i].iov_base, from + at, part);
	}
	return at;
}

ssize_t
datagram_read(struct sock *s, const struct iovec *iov, int n, int flags, struct sockaddr_in *from,
	      bool *cut)
{
	bool waits = !s->nonblock && (flags & MSG_DONTWAIT) == 0;
	struct datagram *d;
	size_t got;

	if ((flags & MSG_ERRQUEUE) != 0)
		return -EAGAIN;
	if (waits)
		host_wait(s->host, has_input, s, HOST_EVER);
	if (s->error != 0)
		return sock_take_error(s);
	if (s->datagram_head == s->datagram_tail)
		return s->shut_rd ? 0 : -EAGAIN;
	d = &s->datagrams[s->datagram_tail % SOCK_DATAGRAMS];
	*from = d->from;
	got = scatter(iov, n, d->data, d->len);
	*cut = got < d->len;
	if ((flags & MSG_TRUNC) != 0)
		got = d->len;
	if ((flags & MSG_PEEK) != 0)
		return (ssize_t)got;
	free(d->data);
	s->datagram_tail++;
	return (ssize_t)got;
}

ssize_t
datagram_write(struct sock *s, const struct iovec *iov, int n, const struct sockaddr_in *to)
{
	uint8_t whole[65536];
	size_t len = iov_bytes(iov, n), at = 0;
	int error = s->is_bound ? 0 : datagram_bind(s);

	if (to == NULL && s->remote.sin_port == 0)
		return -EDESTADDRREQ;
	if (s->shut_wr)
		return -EPIPE;
	if (error < 0 || len > sizeof(whole))
		return error < 0 ? error : -EMSGSIZE;
	for (int i = 0; i < n; at += iov[i].iov_len, i++)
		memcpy(whole + at, iov[i].iov_base, iov[i].iov_len);
	if (to == NULL)
		to = &s->remote;
	if (len > UINT16_MAX)
		return -EMSGSIZE;
	error = tern_udp_send(udp_of(s), s->port.addr, s->local.sin_port,
			      tern_addr_v4(to->sin_addr.s_addr), to->sin_port, whole,
			      (uint16_t)len);
	return error < 0 ? error : (ssize_t)len;
}
