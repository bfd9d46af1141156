/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server against a stack: a client on side A of a world asks the server on side B.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http/client.h"
#include "http/server.h"
#include "sim/world.h"

#define PERCENT(n) ((uint32_t)((n)*10000))
#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

enum { PORT = 80, SECONDS = 784111777, ASKERS = 40, GOT_MAX = 1 << 23 };

/* A client: says its text in pieces, and keeps what it hears. */
struct asker {
	struct tern_tcp_user vt;
	struct world *w;
	struct tern_conn *conn;
	const char *say;
	uint64_t say_bytes, acked;
	uint64_t cut;	/* nothing beyond is said before all up to here has left */
	uint32_t piece; /* most bytes of a segment; 0: any */
	bool hasty;	/* sends FIN behind its text */
	bool deaf;	/* accepts nothing */
	bool stays;	/* does not close in return */
	char *got;	/* with a NUL behind */
	uint64_t got_bytes;
	bool opened, eof, closed;
	enum tern_why why;
	uint64_t eof_at; /* since the world began */
};

struct scene {
	struct world *w;
	struct site site;
	struct server *server;
	struct tern_tcp_listener listener;
	unsigned int heads;
	uint64_t tick;
	struct asker asker[ASKERS];
	unsigned int n;
};

/* The client ---------------------------------------------------------------------------------- */

static struct asker *
asker_of(struct tern_tcp_user *vt)
{
	return (struct asker *)vt;
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct asker *a = asker_of(vt);

	a->opened = true;
	conn->flags |= TERN_CONN_NODELAY;
	if (a->hasty)
		tern_tcp_shutdown(conn);
}

static enum tern_verdict
on_data(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	struct asker *a = asker_of(vt);

	(void)conn;
	if (a->deaf)
		return TERN_DROP_USER;
	world_check(a->w, a->got_bytes + in->len < GOT_MAX, "more than was asked for");
	memcpy(a->got + a->got_bytes, in->data, in->len);
	a->got_bytes += in->len;
	a->got[a->got_bytes] = '\0';
	return TERN_DONE;
}

static void
on_eof(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct asker *a = asker_of(vt);

	a->eof = true;
	a->eof_at = world_time(a->w);
	if (!a->stays)
		tern_tcp_shutdown(conn);
}

static void
on_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct asker *a = asker_of(vt);

	(void)conn;
	a->closed = true;
	a->why = why;
	a->conn = NULL;
}

static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	const struct asker *a = asker_of(vt);
	uint64_t rest = (at < a->cut && a->cut < a->say_bytes ? a->cut : a->say_bytes) - at;

	(void)conn;
	return (uint32_t)(a->piece != 0 && rest > a->piece ? a->piece : rest);
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	const struct asker *a = asker_of(vt);

	(void)conn;
	memcpy(to, a->say + at, len);
}

static void
on_acked(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t upto)
{
	struct asker *a = asker_of(vt);

	a->acked = upto;
	tern_tcp_ready(conn);
}

static const struct tern_tcp_user asker_vt = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_closed = on_closed,
	.available = available,
	.fill = fill,
	.acked = on_acked,
};

/* The scene ----------------------------------------------------------------------------------- */

static void
serves(struct scene *s, const struct server_config *wish)
{
	struct server_config config = *wish;
	void *mem;

	config.site = &s->site;
	config.connections = s->w->how.connections;
	if (config.heads == 0)
		config.heads = ASKERS;
	if (config.timeout_ns == 0)
		config.timeout_ns = S(60);
	s->heads = config.heads;
	mem = aligned_alloc(64, (server_bytes(&config) + 63) & ~(size_t)63);
	cr_assert_not_null(mem);
	s->server = server_init(mem, &config, s->w->now);
	server_tick(s->server, s->w->now, SECONDS);
	s->listener = (struct tern_tcp_listener){ .port = PORT,
						  .backlog = 64,
						  .user = server_user(s->server) };
	cr_assert_eq(tern_tcp_listen(world_tcp(s->w, B), &s->listener), 0);
}

static void
tune(struct tern_config *config, unsigned int side)
{
	if (side == B)
		config->rcv_space = HEAD_MAX_BYTES;
}

static struct world_how
plain(void)
{
	return (struct world_how){ .seed = 1, .connections = ASKERS + 8, .tune = tune };
}

/* A scene without a site yet. */
static struct scene *
scene_open(const struct world_how *how)
{
	struct scene *s = calloc(1, sizeof(*s));

	cr_assert_not_null(s);
	s->w = world_open(how);
	s->w->data = s;
	cr_assert_eq(site_init(&s->site), 0);
	return s;
}

static struct scene *
hello(void)
{
	struct world_how how = plain();
	struct scene *s = scene_open(&how);

	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ 0 });
	return s;
}

static struct asker *
ask(struct scene *s, const char *text, uint64_t bytes)
{
	struct asker *a = &s->asker[s->n++];

	cr_assert_leq(s->n, ASKERS);
	*a = (struct asker){
		.vt = asker_vt, .w = s->w, .say = text, .say_bytes = bytes, .got = malloc(GOT_MAX)
	};
	cr_assert_not_null(a->got);
	a->got[0] = '\0';
	cr_assert_eq(tern_tcp_connect(world_tcp(s->w, A), s->w->side[B].addr,
				      rte_cpu_to_be_16(PORT), &a->vt, &a->conn),
		     0);
	return a;
}

static void
tick(struct scene *s)
{
	if (s->w->now < s->tick)
		return;
	s->tick = s->w->now + MS(100);
	server_tick(s->server, s->w->now, SECONDS);
}

static bool
all_are_closed(struct world *w)
{
	struct scene *s = w->data;

	tick(s);
	for (unsigned int i = 0; i < s->n; i++)
		if (!s->asker[i].closed)
			return false;
	return true;
}

static void
run(struct scene *s)
{
	world_run(s->w, all_are_closed, S(400));
}

/* Time, with ticks in it. */
static void
pass(struct scene *s, uint64_t ns)
{
	uint64_t until = s->w->now + ns;

	while (s->w->now < until) {
		world_pass(s->w, MS(100));
		tick(s);
	}
}

/* Nothing may be left: no buffer in use, no connection, no mbuf. */
static void
scene_close(struct scene *s)
{
	unsigned int heads = 0;

	world_close(s->w);
	for (const struct head *h = s->server->free_heads; h != NULL; h = h->next)
		heads++;
	cr_assert_eq(heads, s->heads, "%u buffers are missing", s->heads - heads);
	for (uint32_t i = 0; i < s->server->clients_n; i++)
		cr_assert(s->server->clients[i].conn == NULL && s->server->clients[i].head == NULL,
			  "a connection is left");
	cr_assert_eq(rte_mbuf_ext_refcnt_read(&s->server->shared), 1, "something is still lent");
	for (unsigned int i = 0; i < s->n; i++)
		free(s->asker[i].got);
	free(s->server);
	site_fini(&s->site);
	free(s);
}

/* What a response has to look like. */
static char *
append(char *to, const char *status, const char *fields, const char *ending, const char *body,
       bool bare)
{
	return to + sprintf(to,
			    "HTTP/1.1 %s\r\nServer: tern\r\n%s"
			    "Content-Type: text/plain; charset=utf-8\r\n"
			    "Content-Length: %zu\r\n" DATE "%s\r\n%s",
			    status, fields, strlen(body), ending, bare ? "" : body);
}

static char *
append_hello(char *to, const char *ending)
{
	return append(to, "200 OK", "", ending, "hello\n", false);
}

static void
expect(const struct asker *a, const char *text)
{
	world_check(a->w, strcmp(a->got, text) == 0, "asked:\n%.*s\ngot:\n%s\nnot:\n%s",
		    (int)a->say_bytes, a->say, a->got, text);
}

/* Requests ------------------------------------------------------------------------------------ */

#define H "Host: a\r\n"

static const char conversation[] = "GET / HTTP/1.1\r\n" H "\r\n"
				   "HEAD /b HTTP/1.1\r\n" H "\r\n"
				   "\r\n\r\n"
				   "POST /c HTTP/1.1\r\n" H "Content-Length: 7\r\n\r\nGET / H"
				   "BREW / HTTP/1.1\r\n" H "\r\n"
				   "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
				   "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n"
				   "GET /not/any/more HTTP/1.1\r\n" H "\r\n";

static char *
append_replies(char *to)
{
	to = append_hello(to, "");
	to = append(to, "200 OK", "", "", "hello\n", true);
	to = append(to, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", "",
		    "405 Method Not Allowed\n", false);
	to = append(to, "501 Not Implemented", "", "", "501 Not Implemented\n", false);
	to = append_hello(to, "Connection: keep-alive\r\n");
	return append_hello(to, "Connection: close\r\n");
}

/* RFC 9112 §9.3.2, §9.6: the same answers, in order, wherever the requests are cut; no reset. */
Test(server, answers_however_it_is_asked)
{
	uint32_t len = sizeof(conversation) - 1;
	static char replies[4096];
	struct scene *s = hello();

	append_replies(replies);
	for (uint32_t cut = 0; cut <= len;) {
		for (s->n = 0; s->n < ASKERS && cut <= len; cut++)
			ask(s, conversation, len)->cut = cut;
		run(s);
		for (unsigned int i = 0; i < s->n; i++) {
			expect(&s->asker[i], replies);
			world_check(s->w, s->asker[i].why == TERN_FINISHED, "it %s",
				    tern_why_text(s->asker[i].why));
			free(s->asker[i].got);
		}
		s->n = 0;
		pass(s, S(61));
	}
	for (uint32_t piece = 1; piece < 40; piece += 7)
		ask(s, conversation, len)->piece = piece;
	run(s);
	for (unsigned int i = 0; i < s->n; i++)
		expect(&s->asker[i], replies);
	world_check(s->w, world_count(s->w, B, TERN_EV_TCP_RESETS_OUT) == 0, "resets");
	scene_close(s);
}

/* What is wrong is answered once, and nothing behind it. */
Test(server, refuses_and_closes)
{
	static const struct {
		const char *text, *status, *body;
	} wrongs[] = {
		{ "GET /\r\n\r\n", "400 Bad Request", "400 Bad Request\n" },
		{ "GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "400 Bad Request\n" },
		{ "GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported",
		  "505 HTTP Version Not Supported\n" },
		{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
		  "411 Length Required", "411 Length Required\n" },
		{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n",
		  "501 Not Implemented", "501 Not Implemented\n" },
		{ "PUT / HTTP/1.1\r\n" H "Content-Length: 1048577\r\n\r\n", "413 Content Too Large",
		  "413 Content Too Large\n" },
	};
	static char text[1024], reply[1024];
	struct scene *s = hello();

	for (size_t i = 0; i < RTE_DIM(wrongs); i++) {
		struct asker *a;

		snprintf(text, sizeof(text), "%sGET / HTTP/1.1\r\n" H "\r\n", wrongs[i].text);
		append(reply, wrongs[i].status, "", "Connection: close\r\n", wrongs[i].body, false);
		a = ask(s, text, strlen(text));
		run(s);
		expect(a, reply);
		world_check(s->w, a->why == TERN_FINISHED, "it %s", tern_why_text(a->why));
	}
	scene_close(s);
}

/* RFC 9112 §9.6: what comes behind the last request is read, so that no reset cuts the answer. */
Test(server, lingers)
{
	static char text[200000] = "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
	static char reply[1024];
	struct scene *s = hello();
	struct asker *a;

	memset(text + strlen(text), 'x', sizeof(text) - strlen(text));
	append_hello(reply, "Connection: close\r\n");
	a = ask(s, text, sizeof(text));
	run(s);
	expect(a, reply);
	world_check(s->w, a->acked == sizeof(text), "%" PRIu64 " bytes were read", a->acked);
	world_check(s->w, a->why == TERN_FINISHED, "it %s", tern_why_text(a->why));
	scene_close(s);
}

/* A body that nobody wants, up to its limit, does not disturb what comes behind. */
Test(server, skips_bodies)
{
	static const char head[] = "GET /a HTTP/1.1\r\n" H "Content-Length: 1048576\r\n\r\n";
	static const char next[] = "GET /b HTTP/1.0\r\n\r\n";
	static char text[sizeof(head) + sizeof(next) + SKIP_MAX_BYTES], replies[1024];
	struct scene *s = hello();
	uint32_t len = sizeof(head) - 1;

	memcpy(text, head, len);
	memset(text + len, '\n', SKIP_MAX_BYTES);
	len += SKIP_MAX_BYTES;
	strcpy(text + len, next);
	append_hello(append_hello(replies, ""), "Connection: close\r\n");
	ask(s, text, len + sizeof(next) - 1);
	run(s);
	expect(&s->asker[0], replies);
	scene_close(s);
}

/* Pipelining -------------------------------------------------------------------------------- */

enum { MANY = 1000 };

static char many_requests[MANY * 64], many_replies[MANY * 256];

static uint32_t
make_many(void)
{
	char *q = many_requests, *r = many_replies;

	for (unsigned int i = 0; i < MANY; i++) {
		q += sprintf(q, "GET /%u HTTP/1.1\r\n" H "%s\r\n", i,
			     i == MANY - 1 ? "Connection: close\r\n" : "");
		r = append_hello(r, i == MANY - 1 ? "Connection: close\r\n" : "");
	}
	return (uint32_t)(q - many_requests);
}

/* More requests at once than the queue holds: the window holds the client back, nothing is lost. */
Test(server, holds_a_hasty_client_back)
{
	uint32_t len = make_many(), pieces[] = { 0, 1, 1000, 0 };
	struct scene *s = hello();

	for (size_t i = 0; i < RTE_DIM(pieces); i++) {
		struct asker *a = ask(s, many_requests, len);

		a->piece = pieces[i];
		a->hasty = i == 3;
	}
	run(s);
	for (unsigned int i = 0; i < s->n; i++) {
		expect(&s->asker[i], many_replies);
		world_check(s->w, s->asker[i].why == TERN_FINISHED, "it %s",
			    tern_why_text(s->asker[i].why));
	}
	world_check(s->w, world_verdicts(s->w, B, TERN_DROP_TCP_UNTAKEN) == 0, "data refused");
	world_check(s->w, world_count(s->w, A, TERN_EV_TCP_RETRANSMITTED) == 0,
		    "%" PRIu64 " repeated", world_count(s->w, A, TERN_EV_TCP_RETRANSMITTED));
	scene_close(s);
}

/* The same where the first window was larger than what can be kept: only slower. */
Test(server, survives_a_window_too_large)
{
	uint32_t len = make_many();
	struct world_how how = { .seed = 2, .connections = ASKERS };
	struct scene *s = scene_open(&how);

	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ 0 });
	ask(s, many_requests, len);
	ask(s, many_requests, len)->hasty = true;
	run(s);
	expect(&s->asker[0], many_replies);
	expect(&s->asker[1], many_replies);
	scene_close(s);
}

/* The FIN comes with the requests; the last of them is not whole. */
Test(server, answers_behind_the_end)
{
	static const char text[] = "GET / HTTP/1.1\r\n" H "\r\nGET / HTTP/1.1\r\nHos";
	static char reply[1024];
	struct scene *s = hello();
	struct asker *a = ask(s, text, sizeof(text) - 1);

	a->hasty = true;
	append_hello(reply, "");
	run(s);
	expect(a, reply);
	world_check(s->w, a->why == TERN_FINISHED, "it %s", tern_why_text(a->why));
	scene_close(s);
}

/* More than the queue holds, then the FIN, and the last of them is not whole. */
Test(server, answers_behind_the_end_what_had_to_wait)
{
	static const char text[] = "GET / HTTP/1.1\r\n" H "\r\n";
	enum { N = 50, EACH = sizeof(text) - 1 };
	static char replies[N * 256];
	struct scene *s = hello();
	char *to = replies;
	struct asker *a;

	for (unsigned int i = 0; i < N; i++)
		memcpy(many_requests + i * EACH, text, EACH);
	for (unsigned int i = 0; i < N - 1; i++)
		to = append_hello(to, "");
	a = ask(s, many_requests, N * EACH - 1);
	a->hasty = true;
	run(s);
	expect(a, replies);
	world_check(s->w, a->eof_at < S(1), "it waited for the rest");
	scene_close(s);
}

/* Empty lines get no answer that could tell of the room that they leave: the window does. */
Test(server, opens_the_window_by_itself)
{
	static const char text[] = "GET / HTTP/1.1\r\n" H "\r\n", last[] = "GET / HTTP/1.0\r\n\r\n";
	enum { EACH = sizeof(text) - 1, LINES = 30000 };
	static char requests[QUEUE_MAX * EACH + LINES + sizeof(last)], replies[8192];
	struct scene *s = hello();
	char *at = requests, *to = replies;

	for (unsigned int i = 0; i < QUEUE_MAX; i++, at += EACH) {
		memcpy(at, text, EACH);
		to = append_hello(to, "");
	}
	for (unsigned int i = 0; i < LINES; i += 2, at += 2)
		memcpy(at, "\r\n", 2);
	strcpy(at, last);
	append_hello(to, "Connection: close\r\n");
	ask(s, requests, sizeof(requests) - 1);
	run(s);
	expect(&s->asker[0], replies);
	world_check(s->w, world_count(s->w, A, TERN_EV_TCP_PROBES) == 0, "the client had to probe");
	world_check(s->w, world_count(s->w, A, TERN_EV_TCP_RETRANSMITTED) == 0, "data refused");
	scene_close(s);
}

/* A client that goes when it has begun a request: what was kept of it is forgotten. */
Test(server, forgets_who_goes)
{
	static const char part[] = "GET / HTTP/1.1\r\nHo";
	struct scene *s = hello();
	struct asker *a = ask(s, part, sizeof(part) - 1), *b = ask(s, part, sizeof(part) - 1);

	b->hasty = true;
	world_pass(s->w, S(1));
	world_check(s->w, b->eof && b->eof_at < S(1), "waits for the rest behind the FIN");
	tern_tcp_abort(a->conn);
	run(s);
	expect(a, "");
	expect(b, "");
	scene_close(s);
}

/* Bodies -------------------------------------------------------------------------------------- */

static const char *
body_of(const struct asker *a)
{
	const char *end = strstr(a->got, "\r\n\r\n");

	world_check(a->w, end != NULL, "no head in:\n%.200s", a->got);
	return end + 4;
}

/* Bodies of bytes in a repeated line, twice on one connection, lent or copied, over a wire. */
static void
fetch(uint64_t bytes, bool lent, const struct world_how *how)
{
	static const char text[] = "GET / HTTP/1.1\r\n" H "\r\n"
				   "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
	struct scene *s = scene_open(how);
	const char *body;
	struct asker *a;

	cr_assert_eq(site_repeat(&s->site, bytes), 0);
	s->site.lent = lent;
	serves(s, &(struct server_config){ 0 });
	a = ask(s, text, sizeof(text) - 1);
	run(s);
	for (unsigned int i = 0; i < 2; i++) {
		body = i == 0 ? body_of(a) : strstr(body + bytes, "\r\n\r\n") + 4;
		for (uint64_t at = 0; at < bytes; at += 64)
			world_check(s->w,
				    memcmp(body + at, s->site.memory,
					   bytes - at < 64 ? bytes - at : 64) == 0,
				    "wrong at %" PRIu64 " of body %u", at, i);
	}
	world_check(s->w, body + bytes == a->got + a->got_bytes, "%" PRIu64 " bytes", a->got_bytes);
	scene_close(s);
}

Test(server, sends_bodies_of_any_length)
{
	static const uint64_t lengths[] = { 0,	  1,	63,   64,    1000,  1200,    1299,
					    1300, 1460, 2920, 65535, 65536, 1000000, 3333333 };
	struct world_how how = plain();

	for (size_t i = 0; i < RTE_DIM(lengths); i++) {
		fetch(lengths[i], true, &how);
		fetch(lengths[i], false, &how);
	}
}

/* What is repeated is the same bytes again, heads and dates among them. */
Test(server, sends_bodies_over_a_bad_wire)
{
	struct world_how how = plain();

	how.odds = (struct tern_faults_odds){
		.loss_ppm = PERCENT(3),
		.copy_ppm = PERCENT(3),
		.delay_ppm = PERCENT(5),
		.delay_min_ns = US(10),
		.delay_max_ns = MS(20),
	};
	for (how.seed = 1; how.seed <= 6; how.seed++)
		fetch(500000, how.seed % 2 == 0, &how);
}

/* A response that is repeated in another second still has the date that it had. */
Test(server, repeats_the_date_that_it_sent)
{
	struct world_how how = plain();
	static char text[] = "GET / HTTP/1.0\r\n\r\n", reply[1024];
	struct asker *a;
	struct scene *s;

	s = scene_open(&how);
	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ 0 });
	a = ask(s, text, sizeof(text) - 1);
	a->deaf = true; /* it has to come again */
	pass(s, MS(100));
	server_tick(s->server, s->w->now, SECONDS + 1);
	a->deaf = false;
	world_pass(s->w, S(5));
	append_hello(reply, "Connection: close\r\n");
	expect(a, reply);
	scene_close(s);
}

/* RFC 9110 §9.3.2: the head is that of GET, the body is not sent. */
Test(server, sends_heads_alone)
{
	static const char text[] = "HEAD / HTTP/1.1\r\n" H "\r\nHEAD / HTTP/1.0\r\n\r\n";
	struct world_how how = plain();
	struct scene *s = scene_open(&how);
	struct asker *a;

	cr_assert_eq(site_repeat(&s->site, UINT64_C(10) << 30), 0);
	s->site.lent = true;
	serves(s, &(struct server_config){ 0 });
	a = ask(s, text, sizeof(text) - 1);
	run(s);
	cr_assert_not_null(strstr(a->got, "\r\nContent-Length: 10737418240\r\n"), "%s", a->got);
	cr_assert_not_null(strstr(body_of(a), "\r\nConnection: close\r\n\r\n"), "%s", a->got);
	cr_assert_str_eq(strstr(body_of(a), "\r\n\r\n"), "\r\n\r\n");
	scene_close(s);
}

/* Limits -------------------------------------------------------------------------------------- */

static bool
all_have_opened(struct world *w)
{
	const struct scene *s = w->data;

	for (unsigned int i = 0; i < s->n; i++)
		if (!s->asker[i].opened)
			return false;
	return true;
}

/* Buffers for heads run out: who needs one is told so; who needs none is served. */
Test(server, has_so_many_heads_and_no_more)
{
	static const char part[] = "GET / HTTP/1.1\r\nHo", rest[] = "GET / HTTP/1.0\r\n\r\n";
	static char reply[1024], refusal[1024];
	struct world_how how = plain();
	struct scene *s = scene_open(&how);

	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ .heads = 2, .timeout_ns = S(5) });
	append(refusal, "503 Service Unavailable", "", "Connection: close\r\n",
	       "503 Service Unavailable\n", false);
	append_hello(reply, "Connection: close\r\n");
	for (unsigned int i = 0; i < 2; i++) {
		ask(s, part, sizeof(part) - 1);
		world_run(s->w, all_have_opened, S(10));
	}
	world_pass(s->w, MS(100));
	ask(s, part, sizeof(part) - 1);
	ask(s, rest, sizeof(rest) - 1);
	world_pass(s->w, MS(100));
	expect(&s->asker[2], refusal);
	expect(&s->asker[3], reply);
	pass(s, S(12));
	ask(s, rest, sizeof(rest) - 1)->piece = 1;
	run(s);
	expect(&s->asker[4], reply);
	scene_close(s);
}

/* RFC 9110 §15.5.9 for a request that was begun; a connection without one is closed. */
Test(server, closes_silent_connections)
{
	static const char part[] = "GET / HTTP/1.1\r\nHo", whole[] = "GET / HTTP/1.1\r\n" H "\r\n";
	static char late[1024], reply[1024];
	struct world_how how = plain();
	struct scene *s = scene_open(&how);

	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ .timeout_ns = S(5) });
	append(late, "408 Request Timeout", "", "Connection: close\r\n", "408 Request Timeout\n",
	       false);
	append_hello(reply, "");
	ask(s, "", 0);
	ask(s, part, sizeof(part) - 1);
	ask(s, whole, sizeof(whole) - 1);
	pass(s, S(4));
	for (unsigned int i = 0; i < 3; i++)
		world_check(s->w, !s->asker[i].eof, "%u was closed early", i);
	for (unsigned int i = 0; i < s->server->clients_n; i++)
		cr_assert_eq(s->server->clients[i].n, 0, "what is acknowledged is not forgotten");
	pass(s, S(4));
	for (unsigned int i = 0; i < 3; i++)
		world_check(s->w, s->asker[i].eof, "%u was not closed", i);
	expect(&s->asker[0], "");
	expect(&s->asker[1], late);
	expect(&s->asker[2], reply);
	cr_assert_eq(server_counts(s->server).timeouts, 3);
	run(s);
	scene_close(s);
}

/* One byte now and then is no progress: a head has its time, however it is spent. */
Test(server, is_not_held_by_trickles)
{
	static char text[512] = "GET / HTTP/1.1\r\nX: ";
	struct world_how how = plain();
	struct scene *s = scene_open(&how);
	struct asker *a;

	memset(text + strlen(text), 'x', sizeof(text) - strlen(text));
	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ .timeout_ns = S(5) });
	a = ask(s, text, 1);
	for (unsigned int i = 0; i < 20 && !a->eof; i++) {
		pass(s, S(1));
		a->say_bytes++;
		if (a->conn != NULL)
			tern_tcp_ready(a->conn);
	}
	world_check(s->w, a->eof && a->eof_at < S(8), "held for %.1f s", (double)a->eof_at / 1e9);
	run(s);
	scene_close(s);
}

/* Who takes nothing of what it asked for is cut off. */
Test(server, cuts_off_who_does_not_read)
{
	static const char text[] = "GET / HTTP/1.1\r\n" H "\r\n";
	struct world_how how = plain();
	struct scene *s = scene_open(&how);
	struct asker *a;

	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ .timeout_ns = S(5) });
	a = ask(s, text, sizeof(text) - 1);
	a->deaf = true;
	pass(s, S(4));
	world_check(s->w, !a->closed, "cut off early");
	pass(s, S(4));
	world_check(s->w, a->closed && a->why == TERN_RESET, "not cut off");
	scene_close(s);
}

/* Who has its answer and leaves its side open is waited for, but not for ever. */
Test(server, does_not_linger_for_ever)
{
	static const char text[] = "GET / HTTP/1.0\r\n\r\n";
	struct world_how how = plain();
	struct scene *s = scene_open(&how);
	struct asker *a;

	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ .timeout_ns = S(5) });
	a = ask(s, text, sizeof(text) - 1);
	a->stays = true;
	pass(s, S(4));
	world_check(s->w, a->eof && tern_tcp_connections(world_tcp(s->w, B)) == 1, "does not wait");
	pass(s, S(5) + tern_config_server.fin_wait_2_ns);
	world_check(s->w, tern_tcp_connections(world_tcp(s->w, B)) == 0, "waits for ever");
	tern_tcp_abort(a->conn);
	scene_close(s);
}

/* A download that takes longer than the timeout is not silent. */
Test(server, bears_with_slow_readers)
{
	static const char text[] = "GET / HTTP/1.0\r\n\r\n";
	struct world_how how = plain();
	struct scene *s;
	struct asker *a;

	how.delay_ns = MS(400);
	s = scene_open(&how);
	cr_assert_eq(site_repeat(&s->site, 1000000), 0);
	s->site.lent = true;
	serves(s, &(struct server_config){ .timeout_ns = S(2) });
	a = ask(s, text, sizeof(text) - 1);
	run(s);
	cr_assert_eq(a->got_bytes - (uint64_t)(body_of(a) - a->got), 1000000);
	world_check(s->w, a->eof_at > S(4), "too fast for this test");
	scene_close(s);
}

/* Nor is an upload, though nobody reads it. */
Test(server, bears_with_slow_writers)
{
	static char text[4096] = "POST / HTTP/1.1\r\n" H "Content-Length: 20\r\n\r\n";
	static const char next[] = "xxxxxxxxxxxxxxxxxxxxGET / HTTP/1.0\r\n\r\n";
	static char replies[1024];
	struct world_how how = plain();
	struct scene *s = scene_open(&how);
	struct asker *a;

	cr_assert_eq(site_say(&s->site, "hello\n"), 0);
	serves(s, &(struct server_config){ .timeout_ns = S(3) });
	append_hello(append(replies, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", "",
			    "405 Method Not Allowed\n", false),
		     "Connection: close\r\n");
	a = ask(s, text, strlen(text));
	strcat(text, next);
	for (unsigned int i = 0; i < 20; i++) {
		pass(s, S(1));
		world_check(s->w, !a->eof, "closed after %u s", i);
		a->say_bytes++;
		tern_tcp_ready(a->conn);
	}
	a->say_bytes = strlen(text);
	tern_tcp_ready(a->conn);
	run(s);
	expect(a, replies);
	scene_close(s);
}
