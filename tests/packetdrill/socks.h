/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets over tern's public API: just what packetdrill's scripts call, on one thread at a time.
 *
 * A socket has a descriptor of the kernel (of /dev/null), for packetdrill closes those that a
 * script leaves open. One that was closed lives on without it until its connection has ended.
 *
 * Functions return what the call returns, or -errno. Nothing here takes the lock of the host.
 */
#ifndef PACKETDRILL_SOCKS_H
#define PACKETDRILL_SOCKS_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <tern_congestion.h>
#include <tern_tcp.h>
#include <tern_udp.h>

#include "bytes.h"
#include "host.h"

#define SOCKS 256
#define SOCK_DATAGRAMS 64 /* that wait for a reader */
#define SOCK_WATCHED 16	  /* by one epoll */
#define SOCK_NONE (-1)
#define PIPE_ROOM 65536u

/* As Linux has it when scripts ask for nothing: net.ipv4.tcp_wmem[2]. */
#define SOCK_SNDBUF (4u << 20)

enum sock_kind {
	KIND_FREE,
	KIND_STREAM,
	KIND_DATAGRAM,
	KIND_EPOLL,
	KIND_PIPE_OUT, /* the end that is read */
	KIND_PIPE_IN,  /* the end that is written */
};

enum sock_stage {
	STAGE_FRESH,
	STAGE_LISTENS,
	STAGE_CONNECTS, /* active or passive */
	STAGE_CONNECTED,
	STAGE_OVER,
};

struct datagram {
	struct sockaddr_in from;
	uint32_t len;
	uint8_t *data;
};

struct watched {
	int fd; /* SOCK_NONE: free */
	struct epoll_event event;
	bool off;		    /* EPOLLONESHOT has fired */
	uint32_t seen_in, seen_out; /* EPOLLET: the news that was told already */
};

struct sock {
	struct tern_tcp_user vt; /* first: what a connection calls is its socket */
	struct tern_tcp_listener listener;
	struct tern_udp_port port;
	struct host *host;
	enum sock_kind kind;
	enum sock_stage stage;
	int fd;
	bool nonblock, is_bound;
	bool eof, shut_rd, shut_wr;
	bool told; /* connect() has said that it is connected */
	int error; /* SO_ERROR, > 0 */
	struct sockaddr_in local, remote;

	/* Stream */
	struct tern_conn *conn;
	struct bytes in, out;
	uint32_t sndbuf, rcvbuf; /* rcvbuf: 0 when never set */
	uint16_t mss;		 /* TCP_MAXSEG, or 0 */
	bool nodelay, cork, more, reuse;
	uint8_t tos; /* IP_TOS, without the ECN bits */
	bool keepalive;
	uint32_t idle_s, interval_s, count;	  /* of keep-alive */
	uint32_t timeout_ms;			  /* TCP_USER_TIMEOUT, or 0 */
	const struct tern_congestion *congestion; /* TCP_CONGESTION; NULL: the stack's */
	struct linger linger;
	uint32_t backlog;
	struct sock *parent; /* the listener, until accepted */
	struct sock *next;   /* in the queue of the parent */
	struct sock *queue;  /* to be accepted, the oldest first */
	uint32_t queued;
	uint32_t news_in, news_out; /* counts what may wake an edge-triggered epoll */

	/* Datagrams */
	struct datagram datagrams[SOCK_DATAGRAMS];
	uint32_t datagram_head, datagram_tail;

	/* epoll */
	struct watched watched[SOCK_WATCHED];

	/* Pipe: the other end; bytes are in that of the writer's peer */
	struct sock *peer;
};

/* The table: found by descriptor, or by kind where a new one is needed. */
struct sock *sock_find(int fd);
struct sock *sock_make(struct host *h, enum sock_kind kind);
int sock_open_fd(struct sock *s);
void sock_free(struct sock *s);
void socks_fini(void);

/* Is somebody of that kind there? -EBADF, -ENOTSOCK otherwise. */
int sock_get(int fd, struct sock **s);

bool sock_readable(const struct sock *s);
bool sock_writable(const struct sock *s);

/* The error that the next call is to tell, once. Return: -errno or 0. */
int sock_take_error(struct sock *s);

/* Streams */
void stream_init(struct sock *s);
int stream_listen(struct sock *s, int backlog);
int stream_connect(struct sock *s, const struct sockaddr_in *to);
int stream_disconnect(struct sock *s);
int stream_shutdown(struct sock *s, int how);
void stream_close(struct sock *s);
ssize_t stream_read(struct sock *s, const struct iovec *iov, int n, int flags);
ssize_t stream_write(struct sock *s, const struct iovec *iov, int n, int flags);
/* Its options to its connection, if that is there to take them. Return: 0, or what it refused. */
int stream_apply(struct sock *s);

/* Datagrams */
int datagram_bind(struct sock *s);
int datagram_connect(struct sock *s, const struct sockaddr_in *to);
void datagram_close(struct sock *s);
ssize_t datagram_read(struct sock *s, const struct iovec *iov, int n, int flags,
		      struct sockaddr_in *from, bool *cut);
ssize_t datagram_write(struct sock *s, const struct iovec *iov, int n,
		       const struct sockaddr_in *to);

size_t iov_bytes(const struct iovec *iov, int n);

/* The calls that have a file of their own. */
int options_get(struct sock *s, int level, int name, void *to, socklen_t *len);
int options_set(struct sock *s, int level, int name, const void *from, socklen_t len);
int options_fcntl(struct sock *s, int command, int arg);
int options_ioctl(struct sock *s, unsigned long request, int *to);

int ready_poll(struct host *h, struct pollfd *fds, nfds_t n, int timeout_ms);
int ready_watch(struct sock *ep, int op, int fd, const struct epoll_event *event);
int ready_wait(struct sock *ep, struct epoll_event *events, int n, int timeout_ms);

int pipe_make(struct host *h, int fds[2]);
void pipe_close(struct sock *s);
ssize_t pipe_read(struct sock *s, const struct iovec *iov, int n, int flags);
ssize_t pipe_write(struct sock *s, const struct iovec *iov, int n, int flags);
ssize_t pipe_splice(struct sock *in, struct sock *out, size_t n, unsigned int flags);

#endif
