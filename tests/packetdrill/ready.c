/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poll() and epoll: which sockets are ready, as Linux tells it.
 */
#include <errno.h>

#include "socks.h"

struct polled {
	struct pollfd *fds;
	nfds_t n;
};

/* The events of a stream that is, or was, connected. */
static uint32_t
stream_events(const struct sock *s)
{
	uint32_t events = 0;
	bool over = s->stage == STAGE_OVER || s->stage == STAGE_FRESH;
	bool ended = s->eof || s->shut_rd || s->stage == STAGE_OVER;

	if (bytes_count(&s->in) > 0 || ended)
		events |= EPOLLIN | EPOLLRDNORM;
	if (ended)
		events |= EPOLLRDHUP;
	if (over || (ended && s->shut_wr))
		events |= EPOLLHUP;
	if (sock_writable(s))
		events |= EPOLLOUT | EPOLLWRNORM;
	if (s->error != 0)
		events |= EPOLLERR;
	return events;
}

static uint32_t
events_of(const struct sock *s)
{
	if (s->kind == KIND_STREAM && s->stage > STAGE_CONNECTS)
		return stream_events(s);
	if (s->kind == KIND_STREAM && s->stage == STAGE_FRESH)
		return EPOLLOUT | EPOLLWRNORM | EPOLLHUP;
	return (sock_readable(s) ? EPOLLIN | EPOLLRDNORM : 0u) |
	       (sock_writable(s) ? EPOLLOUT | EPOLLWRNORM : 0u) | (s->error != 0 ? EPOLLERR : 0u);
}

/* poll() ------------------------------------------------------------------------------------ */

static short
look(const struct pollfd *p)
{
	const struct sock *s = sock_find(p->fd);
	uint32_t always = EPOLLERR | EPOLLHUP;

	if (p->fd < 0)
		return 0;
	if (s == NULL)
		return POLLNVAL;
	return (short)(events_of(s) & ((uint32_t)(uint16_t)p->events | always));
}

static bool
any_ready(const void *what)
{
	const struct polled *p = what;

	for (nfds_t i = 0; i < p->n; i++) {
		if (look(&p->fds[i]) != 0)
			return true;
	}
	return false;
}

static uint64_t
timeout_ns(int ms)
{
	return ms < 0 ? HOST_EVER : (uint64_t)ms * TERN_MS;
}

int
ready_poll(struct host *h, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct polled p = { fds, n };
	int ready = 0;

	host_wait(h, any_ready, &p, timeout_ns(timeout_ms));
	for (nfds_t i = 0; i < n; i++) {
		fds[i].revents = look(&fds[i]);
		ready += fds[i].revents != 0;
	}
	return ready;
}

/* epoll ------------------------------------------------------------------------------------- */

static struct watched *
find_watched(struct sock *ep, int fd)
{
	for (int i = 0; i < SOCK_WATCHED; i++) {
		if (ep->watched[i].fd == fd)
			return &ep->watched[i];
	}
	return NULL;
}

int
ready_watch(struct sock *ep, int op, int fd, const struct epoll_event *event)
{
	struct watched *w = find_watched(ep, fd);

	if (ep->kind != KIND_EPOLL || sock_find(fd) == NULL || sock_find(fd) == ep)
		return sock_find(fd) == NULL ? -EBADF : -EINVAL;
	if (op == EPOLL_CTL_ADD && w != NULL)
		return -EEXIST;
	if (op != EPOLL_CTL_ADD && w == NULL)
		return -ENOENT;
	if (op == EPOLL_CTL_DEL) {
		w->fd = SOCK_NONE;
		return 0;
	}
	if (w == NULL)
		w = find_watched(ep, SOCK_NONE);
	if (w == NULL)
		return -ENOSPC;
	*w = (struct watched){ .fd = fd, .event = *event };
	return 0;
}

/* What is to be told of it. Edge-triggered: only if there are news since it was told last. */
static uint32_t
news_of(const struct watched *w)
{
	const struct sock *s = sock_find(w->fd);
	uint32_t events;

	if (s == NULL || w->off)
		return 0;
	events = events_of(s) & (w->event.events | EPOLLERR | EPOLLHUP);
	if ((w->event.events & EPOLLET) == 0)
		return events;
	if (w->seen_in == s->news_in + 1 && w->seen_out == s->news_out + 1)
		return 0;
	return events;
}

static void
note_told(struct watched *w)
{
	const struct sock *s = sock_find(w->fd);

	/* One more, so that 0 means never. */
	w->seen_in = s->news_in + 1;
	w->seen_out = s->news_out + 1;
	w->off = (w->event.events & EPOLLONESHOT) != 0;
}

static bool
any_news(const void *what)
{
	const struct sock *ep = what;

	for (int i = 0; i < SOCK_WATCHED; i++) {
		if (ep->watched[i].fd != SOCK_NONE && news_of(&ep->watched[i]) != 0)
			return true;
	}
	return false;
}

int
ready_wait(struct sock *ep, struct epoll_event *events, int n, int timeout_ms)
{
	int told = 0;
	uint32_t news;

	if (ep->kind != KIND_EPOLL || n <= 0)
		return -EINVAL;
	host_wait(ep->host, any_news, ep, timeout_ns(timeout_ms));
	for (int i = 0; i < SOCK_WATCHED && told < n; i++) {
		struct watched *w = &ep->watched[i];

		news = w->fd == SOCK_NONE ? 0 : news_of(w);
		if (news == 0)
			continue;
		events[told] = w->event;
		events[told++].events = news;
		note_told(w);
	}
	return told;
}
