/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What packetdrill asks of a stack in a shared object (--so_filename): a table of functions, filled
 * by the one symbol that the object exports.
 *
 * Every function gets self first. Values and errno are as POSIX has them. packetdrill calls members
 * without looking whether they are NULL.
 */
#ifndef PACKETDRILL_CALLS_H
#define PACKETDRILL_CALLS_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* How many functions struct calls holds. */
#define CALLS 32

/* In the order in which packetdrill lays them out. */
struct calls {
	void *self;
	void (*free)(void *self);

	int (*socket)(void *self, int domain, int type, int proto);
	int (*bind)(void *self, int fd, const struct sockaddr *addr, socklen_t len);
	int (*listen)(void *self, int fd, int backlog);
	int (*accept)(void *self, int fd, struct sockaddr *addr, socklen_t *len);
	int (*connect)(void *self, int fd, const struct sockaddr *addr, socklen_t len);

	ssize_t (*read)(void *self, int fd, void *to, size_t n);
	ssize_t (*readv)(void *self, int fd, const struct iovec *iov, int n);
	ssize_t (*recv)(void *self, int fd, void *to, size_t n, int flags);
	ssize_t (*recvfrom)(void *self, int fd, void *to, size_t n, int flags,
			    struct sockaddr *addr, socklen_t *len);
	ssize_t (*recvmsg)(void *self, int fd, struct msghdr *msg, int flags);

	ssize_t (*write)(void *self, int fd, const void *from, size_t n);
	ssize_t (*writev)(void *self, int fd, const struct iovec *iov, int n);
	ssize_t (*send)(void *self, int fd, const void *from, size_t n, int flags);
	ssize_t (*sendto)(void *self, int fd, const void *from, size_t n, int flags,
			  const struct sockaddr *addr, socklen_t len);
	ssize_t (*sendmsg)(void *self, int fd, const struct msghdr *msg, int flags);

	int (*fcntl)(void *self, int fd, int command, ...);
	int (*ioctl)(void *self, int fd, unsigned long request, ...);
	int (*close)(void *self, int fd);
	int (*shutdown)(void *self, int fd, int how);
	int (*getsockopt)(void *self, int fd, int level, int name, void *to, socklen_t *len);
	int (*setsockopt)(void *self, int fd, int level, int name, const void *from, socklen_t len);
	int (*poll)(void *self, struct pollfd *fds, nfds_t n, int timeout_ms);

	/* The wire: IP packets without a link header, and the clock that they are timed by. */
	int (*netdev_send)(void *self, const void *packet, size_t n);
	int (*netdev_receive)(void *self, void *packet, size_t *n, long long *time_us);
	int (*usleep)(void *self, useconds_t us);
	int (*gettimeofday)(void *self, struct timeval *now, struct timezone *zone);

	int (*epoll_create)(void *self, int size);
	int (*epoll_ctl)(void *self, int ep, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(void *self, int ep, struct epoll_event *events, int n, int timeout_ms);
	int (*pipe)(void *self, int fds[2]);
	int (*splice)(void *self, int in, loff_t *in_at, int out, loff_t *out_at, size_t n,
		      unsigned int flags);
};

/* Fills the table, or says in one line why not and exits with status 2. */
typedef void calls_init(const char *flags, struct calls *calls);
calls_init packetdrill_interface_init;

#endif
