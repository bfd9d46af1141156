/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The 32 functions that packetdrill calls, around the sockets and the host: each takes the lock,
 * lets the stack do at once what the call gave it to do, and turns -errno into -1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "socks.h"

static struct host the_host;

static struct host *
begin(void *self)
{
	struct host *h = self;

	host_lock(h);
	return h;
}

static ssize_t
finish(struct host *h, ssize_t result)
{
	host_settle(h);
	host_unlock(h);
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static int
finish_int(struct host *h, int result)
{
	return (int)finish(h, result);
}

/* Addresses --------------------------------------------------------------------------------- */

static int
read_address(const struct sockaddr *from, socklen_t len, struct sockaddr_in *to)
{
	if (from == NULL)
		return -EFAULT;
	if (len < sizeof(*to))
		return -EINVAL;
	memcpy(to, from, sizeof(*to));
	return to->sin_family == AF_INET ? 0 : -EAFNOSUPPORT;
}

static void
write_address(const struct sockaddr_in *from, struct sockaddr *to, socklen_t *len)
{
	if (to == NULL || len == NULL)
		return;
	memcpy(to, from, *len < sizeof(*from) ? *len : sizeof(*from));
	*len = sizeof(*from);
}

/* Opening ----------------------------------------------------------------------------------- */

static int
make_socket(struct host *h, int domain, int type)
{
	enum sock_kind kind = (type & 15) == SOCK_STREAM ? KIND_STREAM : KIND_DATAGRAM;
	struct sock *s;
	int fd;

	if (domain != AF_INET)
		return -EAFNOSUPPORT;
	if ((type & 15) != SOCK_STREAM && (type & 15) != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	s = sock_make(h, kind);
	if (s == NULL)
		return -EMFILE;
	if (kind == KIND_STREAM)
		stream_init(s);
	s->nonblock = (type & SOCK_NONBLOCK) != 0;
	s->local.sin_family = AF_INET;
	fd = sock_open_fd(s);
	if (fd < 0)
		sock_free(s);
	return fd;
}

static int
call_socket(void *self, int domain, int type, int proto)
{
	struct host *h = begin(self);
	bool is_known = proto == 0 || (proto == IPPROTO_TCP && (type & 15) == SOCK_STREAM) ||
			(proto == IPPROTO_UDP && (type & 15) == SOCK_DGRAM);

	return finish_int(h, is_known ? make_socket(h, domain, type) : -EPROTONOSUPPORT);
}

static int
bind_to(struct sock *s, const struct sockaddr_in *addr)
{
	struct tern_addr ours;
	unsigned int prefix;

	if (s->stage != STAGE_FRESH || s->local.sin_port != 0 || s->is_bound)
		return -EINVAL;
	if (addr->sin_addr.s_addr != 0 &&
	    (tern_ip_get_addr(tern_ip(s->host->stack), 0, &ours, &prefix) < 0 ||
	     tern_addr_to_v4(ours) != addr->sin_addr.s_addr))
		return -EADDRNOTAVAIL;
	s->local = *addr;
	return s->kind == KIND_DATAGRAM ? datagram_bind(s) : 0;
}

static int
call_bind(void *self, int fd, const struct sockaddr *addr, socklen_t len)
{
	struct host *h = begin(self);
	struct sockaddr_in to;
	struct sock *s;
	int error = sock_get(fd, &s);

	if (error == 0)
		error = read_address(addr, len, &to);
	return finish_int(h, error == 0 ? bind_to(s, &to) : error);
}

static int
call_listen(void *self, int fd, int backlog)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(fd, &s);

	if (error == 0)
		error = s->kind == KIND_STREAM ? stream_listen(s, backlog) : -EOPNOTSUPP;
	return finish_int(h, error);
}

static bool
has_input(const void *what)
{
	return sock_readable(what);
}

static int
accept_one(struct sock *s, struct sockaddr *addr, socklen_t *len)
{
	struct sock *child;
	int fd;

	if (s->kind != KIND_STREAM || s->stage != STAGE_LISTENS)
		return s->kind == KIND_STREAM ? -EINVAL : -EOPNOTSUPP;
	if (!s->nonblock)
		host_wait(s->host, has_input, s, HOST_EVER);
	child = s->queue;
	if (child == NULL)
		return -EAGAIN;
	fd = sock_open_fd(child);
	if (fd < 0)
		return fd;
	s->queue = child->next;
	s->queued--;
	child->parent = child->next = NULL;
	write_address(&child->remote, addr, len);
	return fd;
}

static int
call_accept(void *self, int fd, struct sockaddr *addr, socklen_t *len)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(fd, &s);

	return finish_int(h, error == 0 ? accept_one(s, addr, len) : error);
}

static int
connect_to(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_in to;
	int error;

	if (addr != NULL && len >= sizeof(addr->sa_family) && addr->sa_family == AF_UNSPEC &&
	    s->kind == KIND_STREAM)
		return stream_disconnect(s);
	error = read_address(addr, len, &to);
	if (error < 0)
		return error;
	if (s->kind == KIND_DATAGRAM)
		return datagram_connect(s, &to);
	return s->kind == KIND_STREAM ? stream_connect(s, &to) : -ENOTSOCK;
}

static int
call_connect(void *self, int fd, const struct sockaddr *addr, socklen_t len)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(fd, &s);

	return finish_int(h, error == 0 ? connect_to(s, addr, len) : error);
}

/* Reading ----------------------------------------------------------------------------------- */

struct source {
	struct sockaddr_in from;
	bool known, cut;
};

static ssize_t
read_from(int fd, const struct iovec *iov, int n, int flags, struct source *source)
{
	ssize_t got;
	struct sock *s;
	int error = sock_get(fd, &s);

	if (error < 0)
		return error;
	switch (s->kind) {
	case KIND_STREAM:
		return stream_read(s, iov, n, flags);
	case KIND_DATAGRAM:
		got = datagram_read(s, iov, n, flags, &source->from, &source->cut);
		source->known = got >= 0;
		return got;
	case KIND_PIPE_OUT:
		return pipe_read(s, iov, n, flags);
	default:
		return -EINVAL;
	}
}

static ssize_t
call_readv(void *self, int fd, const struct iovec *iov, int n)
{
	struct host *h = begin(self);
	struct source source = { .known = false };

	if (n < 0 || iov == NULL)
		return finish(h, n < 0 ? -EINVAL : -EFAULT);
	return finish(h, read_from(fd, iov, n, 0, &source));
}

static ssize_t
call_recvfrom(void *self, int fd, void *to, size_t n, int flags, struct sockaddr *addr,
	      socklen_t *len)
{
	struct host *h = begin(self);
	struct iovec iov = { .iov_base = to, .iov_len = n };
	struct source source = { .known = false };
	ssize_t got = read_from(fd, &iov, 1, flags, &source);

	if (source.known)
		write_address(&source.from, addr, len);
	else if (got >= 0 && len != NULL)
		*len = 0;
	return finish(h, got);
}

static ssize_t
call_recv(void *self, int fd, void *to, size_t n, int flags)
{
	return call_recvfrom(self, fd, to, n, flags, NULL, NULL);
}

static ssize_t
call_read(void *self, int fd, void *to, size_t n)
{
	return call_recvfrom(self, fd, to, n, 0, NULL, NULL);
}

static ssize_t
call_recvmsg(void *self, int fd, struct msghdr *msg, int flags)
{
	struct host *h = begin(self);
	struct source source = { .known = false };
	ssize_t got;

	if (msg == NULL)
		return finish(h, -EFAULT);
	got = read_from(fd, msg->msg_iov, (int)msg->msg_iovlen, flags, &source);
	if (got >= 0) {
		if (source.known)
			write_address(&source.from, msg->msg_name, &msg->msg_namelen);
		else
			msg->msg_namelen = 0;
		msg->msg_controllen = 0;
		msg->msg_flags = source.cut ? MSG_TRUNC : 0;
	}
	return finish(h, got);
}

/* Writing ----------------------------------------------------------------------------------- */

static ssize_t
write_to(int fd, const struct iovec *iov, int n, int flags, const struct sockaddr *addr,
	 socklen_t len)
{
	struct sockaddr_in to;
	struct sock *s;
	int error = sock_get(fd, &s);

	if (error < 0)
		return error;
	switch (s->kind) {
	case KIND_STREAM:
		return stream_write(s, iov, n, flags);
	case KIND_DATAGRAM:
		error = addr == NULL ? 0 : read_address(addr, len, &to);
		return error < 0 ? error : datagram_write(s, iov, n, addr == NULL ? NULL : &to);
	case KIND_PIPE_IN:
		return pipe_write(s, iov, n, flags);
	default:
		return -EINVAL;
	}
}

static ssize_t
call_writev(void *self, int fd, const struct iovec *iov, int n)
{
	struct host *h = begin(self);

	if (n < 0 || iov == NULL)
		return finish(h, n < 0 ? -EINVAL : -EFAULT);
	return finish(h, write_to(fd, iov, n, 0, NULL, 0));
}

static ssize_t
call_sendto(void *self, int fd, const void *from, size_t n, int flags, const struct sockaddr *addr,
	    socklen_t len)
{
	struct host *h = begin(self);
	struct iovec iov = { .iov_base = (void *)(uintptr_t)from, .iov_len = n };

	return finish(h, write_to(fd, &iov, 1, flags, addr, len));
}

static ssize_t
call_send(void *self, int fd, const void *from, size_t n, int flags)
{
	return call_sendto(self, fd, from, n, flags, NULL, 0);
}

static ssize_t
call_write(void *self, int fd, const void *from, size_t n)
{
	return call_sendto(self, fd, from, n, 0, NULL, 0);
}

static ssize_t
call_sendmsg(void *self, int fd, const struct msghdr *msg, int flags)
{
	struct host *h = begin(self);

	if (msg == NULL)
		return finish(h, -EFAULT);
	return finish(h, write_to(fd, msg->msg_iov, (int)msg->msg_iovlen, flags, msg->msg_name,
				  msg->msg_namelen));
}

/* The rest of a socket's life --------------------------------------------------------------- */

static int
call_fcntl(void *self, int fd, int command, ...)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(fd, &s), arg = 0;
	va_list args;

	if (command == F_SETFL || command == F_SETFD) {
		va_start(args, command);
		arg = va_arg(args, int);
		va_end(args);
	}
	return finish_int(h, error == 0 ? options_fcntl(s, command, arg) : error);
}

static int
call_ioctl(void *self, int fd, unsigned long request, ...)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(fd, &s);
	va_list args;
	int *to;

	va_start(args, request);
	to = va_arg(args, int *);
	va_end(args);
	return finish_int(h, error == 0 ? options_ioctl(s, request, to) : error);
}

static int
close_one(int fd)
{
	struct sock *s;
	int error = sock_get(fd, &s);

	if (error < 0)
		return error;
	close(fd);
	switch (s->kind) {
	case KIND_STREAM:
		stream_close(s);
		break;
	case KIND_DATAGRAM:
		datagram_close(s);
		break;
	case KIND_PIPE_IN:
	case KIND_PIPE_OUT:
		pipe_close(s);
		break;
	default:
		sock_free(s);
	}
	return 0;
}

static int
call_close(void *self, int fd)
{
	struct host *h = begin(self);

	return finish_int(h, close_one(fd));
}

static int
shut(struct sock *s, int how)
{
	if (s->kind == KIND_STREAM)
		return stream_shutdown(s, how);
	if (s->kind != KIND_DATAGRAM)
		return -ENOTSOCK;
	if (s->remote.sin_port == 0)
		return -ENOTCONN;
	s->shut_rd = s->shut_rd || how != SHUT_WR;
	s->shut_wr = s->shut_wr || how != SHUT_RD;
	return 0;
}

static int
call_shutdown(void *self, int fd, int how)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(fd, &s);

	return finish_int(h, error == 0 ? shut(s, how) : error);
}

static int
call_getsockopt(void *self, int fd, int level, int name, void *to, socklen_t *len)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(fd, &s);

	return finish_int(h, error == 0 ? options_get(s, level, name, to, len) : error);
}

static int
call_setsockopt(void *self, int fd, int level, int name, const void *from, socklen_t len)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(fd, &s);

	return finish_int(h, error == 0 ? options_set(s, level, name, from, len) : error);
}

/* Many at a time ---------------------------------------------------------------------------- */

static int
call_poll(void *self, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct host *h = begin(self);

	return finish_int(h, fds == NULL && n > 0 ? -EFAULT : ready_poll(h, fds, n, timeout_ms));
}

static int
call_epoll_create(void *self, int size)
{
	struct host *h = begin(self);
	struct sock *s = size > 0 ? sock_make(h, KIND_EPOLL) : NULL;
	int fd;

	if (s == NULL)
		return finish_int(h, size > 0 ? -EMFILE : -EINVAL);
	fd = sock_open_fd(s);
	if (fd < 0)
		sock_free(s);
	return finish_int(h, fd);
}

static int
call_epoll_ctl(void *self, int ep, int op, int fd, struct epoll_event *event)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(ep, &s);

	if (error == 0 && event == NULL && op != EPOLL_CTL_DEL)
		error = -EFAULT;
	return finish_int(h, error == 0 ? ready_watch(s, op, fd, event) : error);
}

static int
call_epoll_wait(void *self, int ep, struct epoll_event *events, int n, int timeout_ms)
{
	struct host *h = begin(self);
	struct sock *s;
	int error = sock_get(ep, &s);

	return finish_int(h, error == 0 ? ready_wait(s, events, n, timeout_ms) : error);
}

static int
call_pipe(void *self, int fds[2])
{
	struct host *h = begin(self);

	return finish_int(h, pipe_make(h, fds));
}

/* Positions are packetdrill's copies of what the script says: neither end has any. */
static ssize_t
splice_fds(int in_fd, int out_fd, size_t n, unsigned int flags)
{
	struct sock *in, *out;
	int error = sock_get(in_fd, &in);

	if (error == 0)
		error = sock_get(out_fd, &out);
	return error < 0 ? error : pipe_splice(in, out, n, flags);
}

static int
call_splice(void *self, int in, loff_t *in_at, int out, loff_t *out_at, size_t n,
	    unsigned int flags)
{
	struct host *h = begin(self);

	(void)in_at;
	(void)out_at;
	return (int)finish(h, splice_fds(in, out, n, flags));
}

/* The wire and the clock -------------------------------------------------------------------- */

static int
call_netdev_send(void *self, const void *packet, size_t n)
{
	struct host *h = begin(self);
	bool done = wire_inject(&h->wire, packet, n);

	host_advance(h, h->now_ns);
	return finish_int(h, done ? 0 : -ENOBUFS);
}

/* packetdrill will say that it got an empty packet; these lines say why there is none. */
static void
tell_drops(const struct host *h)
{
	const struct tern_stats *stats = tern_stats(h->stack);

	fprintf(stderr, "tern_packetdrill: nothing leaves; dropped:");
	for (unsigned int v = TERN_DROP_ETH_TRUNCATED; v < TERN_VERDICTS; v++) {
		if (stats->verdict[v] > 0)
			fprintf(stderr, " %s", tern_verdict_name(v));
	}
	fputc('\n', stderr);
}

/* Runs the stack until it sends. n = 0: nothing will leave in the next minutes. */
static int
call_netdev_receive(void *self, void *packet, size_t *n, long long *time_us)
{
	struct host *h = begin(self);
	uint64_t until = h->now_ns + HOST_PATIENCE_NS, at;
	const struct packet *p;

	while ((p = wire_take(&h->wire)) == NULL) {
		at = host_next(h);
		if (at > until)
			break;
		host_advance(h, at);
	}
	if (p == NULL) {
		tell_drops(h);
		*n = 0;
		return finish_int(h, 0);
	}
	if (*n > p->len)
		*n = p->len;
	memcpy(packet, p->b, *n);
	*time_us = (long long)(p->at_ns / 1000);
	return finish_int(h, 0);
}

static int
call_usleep(void *self, useconds_t us)
{
	struct host *h = begin(self);

	host_advance(h, h->now_ns + (uint64_t)us * 1000);
	return finish_int(h, 0);
}

static int
call_gettimeofday(void *self, struct timeval *now, struct timezone *zone)
{
	struct host *h = begin(self);
	uint64_t us = host_time(h) / 1000;

	(void)zone;
	now->tv_sec = (time_t)(us / 1000000);
	now->tv_usec = (suseconds_t)(us % 1000000);
	host_unlock(h);
	return 0;
}

/*
 * packetdrill asks for TCP_INFO, for what stands in %{ }%, past its table. Preloaded, we hear it.
 */
__attribute__((visibility("default"))) int
getsockopt(int fd, int level, int name, void *restrict to, socklen_t *restrict len)
{
	if (the_host.stack != NULL && sock_find(fd) != NULL)
		return call_getsockopt(&the_host, fd, level, name, to, len);
	return (int)syscall(SYS_getsockopt, fd, level, name, to, len);
}

/* Beginning and end ------------------------------------------------------------------------- */

static void
call_free(void *self)
{
	struct host *h = begin(self);

	socks_fini();
	host_fini(h);
	host_unlock(h);
}

__attribute__((visibility("default"))) void
packetdrill_interface_init(const char *flags, struct calls *calls)
{
	host_init(&the_host, flags);
	*calls = (struct calls){
		.self = &the_host,
		.free = call_free,
		.socket = call_socket,
		.bind = call_bind,
		.listen = call_listen,
		.accept = call_accept,
		.connect = call_connect,
		.read = call_read,
		.readv = call_readv,
		.recv = call_recv,
		.recvfrom = call_recvfrom,
		.recvmsg = call_recvmsg,
		.write = call_write,
		.writev = call_writev,
		.send = call_send,
		.sendto = call_sendto,
		.sendmsg = call_sendmsg,
		.fcntl = call_fcntl,
		.ioctl = call_ioctl,
		.close = call_close,
		.shutdown = call_shutdown,
		.getsockopt = call_getsockopt,
		.setsockopt = call_setsockopt,
		.poll = call_poll,
		.netdev_send = call_netdev_send,
		.netdev_receive = call_netdev_receive,
		.usleep = call_usleep,
		.gettimeofday = call_gettimeofday,
		.epoll_create = call_epoll_create,
		.epoll_ctl = call_epoll_ctl,
		.epoll_wait = call_epoll_wait,
		.pipe = call_pipe,
		.splice = call_splice,
	};
}
