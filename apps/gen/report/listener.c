/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --prom-listen ADDR:PORT: the figures of prometheus.c over HTTP, by a socket of the kernel and a
 * thread of its own. Without an address it listens on loopback only. One client at a time, with a
 * request of four kilobytes at most; each has a second to ask, one to take the answer and one to
 * close.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "gen/report/board.h"

enum { REQUEST_MOST = 4096, PATIENCE_MS = 1000 };

struct listener {
	struct board *board;
	pthread_t thread;
	int socket, stop; /* an eventfd: written to when it is to end */
};

/* A client ------------------------------------------------------------------------------------- */

struct client {
	int fd;
	int64_t end_ms; /* of its patience */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
be_patient(struct client *c)
{
	c->end_ms = now_ms() + PATIENCE_MS;
}

static bool
await(const struct client *c, short what)
{
	struct pollfd p = { .fd = c->fd, .events = what };
	int64_t left = c->end_ms - now_ms();

	return left > 0 && poll(&p, 1, (int)left) > 0;
}

/* Up to the empty line behind the header fields. Return: whether it came. */
static bool
read_request(const struct client *c, char request[REQUEST_MOST + 1])
{
	size_t n = 0;
	ssize_t got;

	request[0] = '\0';
	while (n < REQUEST_MOST && await(c, POLLIN)) {
		got = recv(c->fd, request + n, REQUEST_MOST - n, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		n += got > 0 ? (size_t)got : 0;
		request[n] = '\0';
		if (strstr(request, "\r\n\r\n") != NULL)
			return true;
	}
	return false;
}

static void
write_all(const struct client *c, const char *data, size_t n)
{
	ssize_t sent;

	while (n > 0 && await(c, POLLOUT)) {
		sent = send(c->fd, data, n, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (sent > 0) {
			data += sent;
			n -= (size_t)sent;
		}
	}
}

static void
answer(const struct client *c, const char *status, const char *body, size_t n, bool with_body)
{
	char head[256];
	int head_n;

	head_n = snprintf(head, sizeof(head),
			  "HTTP/1.1 %s\r\n"
			  "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
			  "Content-Length: %zu\r\n"
			  "Connection: close\r\n\r\n",
			  status, n);
	write_all(c, head, (size_t)head_n);
	if (with_body)
		write_all(c, body, n);
}

static void
answer_text(const struct client *c, const char *status)
{
	answer(c, status, status, strlen(status), true);
}

static void
answer_figures(const struct client *c, struct board *board, bool with_body)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	if (to != NULL) {
		board_expose(board, to);
		if (fclose(to) != 0)
			n = 0;
	}
	if (n > 0)
		answer(c, "200 OK", text, n, with_body);
	else
		answer_text(c, "503 Service Unavailable");
	free(text);
}

/* "GET /metrics HTTP/1.1"; a query behind the path does not matter. */
static bool
asks_for(const char *request, const char *method)
{
	size_t n = strlen(method);

	return strncmp(request, method, n) == 0 && strncmp(request + n, " /metrics", 9) == 0 &&
	       strchr(" ?", request[n + 9]) != NULL && request[n + 9] != '\0';
}

static void
serve(struct client *c, struct board *board)
{
	char request[REQUEST_MOST + 1];
	bool whole;

	be_patient(c);
	whole = read_request(c, request);
	be_patient(c);
	if (!whole)
		answer_text(c,
			    strlen(request) == REQUEST_MOST ? "431 Too Large" : "400 Bad Request");
	else if (asks_for(request, "GET"))
		answer_figures(c, board, true);
	else if (asks_for(request, "HEAD"))
		answer_figures(c, board, false);
	else if (strncmp(request, "GET ", 4) == 0)
		answer_text(c, "404 Not Found");
	else
		answer_text(c, "405 Method Not Allowed");
}

/* Bytes that nobody has read would make of the end a reset, which can overtake the answer. */
static void
part(struct client *c)
{
	char rest[REQUEST_MOST];

	be_patient(c);
	shutdown(c->fd, SHUT_WR);
	while (await(c, POLLIN) && recv(c->fd, rest, sizeof(rest), 0) > 0)
		;
	close(c->fd);
}

static void *
listen_on(void *data)
{
	struct listener *l = data;
	struct pollfd p[2] = { { .fd = l->socket, .events = POLLIN },
			       { .fd = l->stop, .events = POLLIN } };
	struct client c;

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (p[1].revents != 0)
			return NULL;
		c.fd = accept4(l->socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (c.fd < 0) { /* no descriptors left, say: not again at once */
			poll(&p[1], 1, 100);
			continue;
		}
		serve(&c, l->board);
		part(&c);
	}
}

/* The socket ----------------------------------------------------------------------------------- */

/* "ADDR:PORT", "[ADDR]:PORT", ":PORT" or "PORT". Return: false when it is none of these. */
static bool
split(const char *text, char host[64], char port[8])
{
	const char *colon = strrchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	const char *from = text;

	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		from = text + 1;
		n -= 2;
	}
	if (n >= 64 || strlen(colon != NULL ? colon + 1 : text) >= 8)
		return false;
	snprintf(host, 64, "%.*s", (int)n, from);
	snprintf(port, 8, "%s", colon != NULL ? colon + 1 : text);
	if (n == 0)
		strcpy(host, "127.0.0.1");
	return port[0] != '\0' && strspn(port, "0123456789") == strlen(port);
}

static int
bind_to(const struct addrinfo *to)
{
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, kept;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, to->ai_addr, to->ai_addrlen) == 0 && listen(fd, 8) == 0)
		return fd;
	kept = errno;
	close(fd);
	errno = kept;
	return -1;
}

/* Return: a socket, or -1 after one line on stderr. */
static int
open_socket(const char *text)
{
	const struct addrinfo wanted = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					 .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char host[64], port[8];
	int fd;

	if (!split(text, host, port) || atoi(port) > 65535 ||
	    getaddrinfo(host, port, &wanted, &found) != 0) {
		report_complain("--prom-listen %s: an address and a port are expected, as in "
				"127.0.0.1:9100",
				text);
		return -1;
	}
	fd = bind_to(found);
	freeaddrinfo(found);
	if (fd < 0)
		report_complain("--prom-listen %s: %s", text, strerror(errno));
	return fd;
}

/* Signals are for the main thread. */
static int
start_thread(struct listener *l)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&l->thread, NULL, listen_on, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static bool
is_asked(const struct plan *plan)
{
	return plan->prom_listen != NULL;
}

static void
close_files(struct listener *l)
{
	if (l->socket >= 0)
		close(l->socket);
	if (l->stop >= 0)
		close(l->stop);
	free(l);
}

static void *
open_listener(struct view *view)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		report_complain("no memory for --prom-listen");
		return NULL;
	}
	l->board = view->board;
	l->stop = eventfd(0, EFD_CLOEXEC);
	l->socket = open_socket(view->plan->prom_listen);
	if (l->socket >= 0 && l->stop >= 0 && start_thread(l) == 0)
		return l;
	if (l->socket >= 0)
		report_complain("--prom-listen: no thread or file for it");
	close_files(l);
	return NULL;
}

static int
close_listener(void *self, int status)
{
	struct listener *l = self;
	const uint64_t one = 1;

	(void)status;
	if (write(l->stop, &one, sizeof(one)) == (ssize_t)sizeof(one))
		pthread_join(l->thread, NULL);
	close_files(l);
	return 0;
}

const struct output output_prom_listen = {
	.asked = is_asked,
	.open = open_listener,
	.close = close_listener,
};
