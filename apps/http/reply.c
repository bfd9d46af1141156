/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "http/client.h"

static const struct {
	const char *text;
	uint32_t bytes;
} endings[ENDINGS] = {
#define X(text) \
	{ \
		text, sizeof(text) - 1 \
	}
	[ENDING_PLAIN] = X("\r\n\r\n"),
	[ENDING_KEEP_ALIVE] = X("\r\nConnection: keep-alive\r\n\r\n"),
	[ENDING_CLOSE] = X("\r\nConnection: close\r\n\r\n"),
#undef X
};

/* The queue ----------------------------------------------------------------------------------- */

static struct response *
response_at(struct client *c, uint32_t i)
{
	return &c->queue[(c->first + i) % QUEUE_MAX];
}

static const struct object *
object_of(const struct server *s, const struct response *r)
{
	return &s->site->objects[r->object];
}

static uint32_t
head_bytes(const struct server *s, const struct response *r)
{
	return object_of(s, r)->head_bytes + DATE_BYTES + endings[r->ending].bytes;
}

static uint64_t
body_bytes(const struct server *s, const struct response *r)
{
	return r->bare ? 0 : object_of(s, r)->body_bytes;
}

static uint64_t
bytes_of(const struct server *s, const struct response *r)
{
	return head_bytes(s, r) + body_bytes(s, r);
}

void
reply(struct server *s, struct client *c, uint32_t object, enum ending ending, bool bare)
{
	struct response *r = response_at(c, c->n++);

	*r = (struct response){ .object = object, .ending = ending, .bare = bare, .date = s->date };
	c->end += bytes_of(s, r);
	c->heard = s->clock;
}

void
forget_upto(struct server *s, struct client *c, uint64_t upto)
{
	uint64_t bytes;

	while (c->n > 0) {
		bytes = bytes_of(s, response_at(c, 0));
		if (c->start + bytes > upto)
			return;
		c->start += bytes;
		c->first = (uint8_t)((c->first + 1) % QUEUE_MAX);
		c->n--;
	}
	c->first = 0; /* those of the first cache line are used most */
}

/* The response that holds the byte at this position, which becomes an offset into it. */
static uint32_t
seek(const struct server *s, struct client *c, uint64_t *at)
{
	uint64_t bytes;
	uint32_t i = 0;

	*at -= c->start;
	while (i + 1u < c->n && *at >= (bytes = bytes_of(s, response_at(c, i)))) {
		*at -= bytes;
		i++;
	}
	return i;
}

/* The stream ---------------------------------------------------------------------------------- */

static void
write_stamp(char *to, enum ending ending, uint32_t date)
{
	date_print(to, date);
	memcpy(to + DATE_BYTES, endings[ending].text, endings[ending].bytes);
}

void
stamp(struct server *s, uint32_t date)
{
	s->date = date;
	for (unsigned int i = 0; i < ENDINGS; i++)
		write_stamp(s->stamps[i], i, date);
}

/* Where bytes go: so many of the source are passed over first. */
struct sink {
	char *to;
	uint32_t room;
	uint64_t skip;
};

static void
put(struct sink *sink, const char *from, uint64_t bytes)
{
	uint64_t n = bytes - sink->skip;

	if (sink->skip >= bytes) {
		sink->skip -= bytes;
		return;
	}
	if (n > sink->room)
		n = sink->room;
	memcpy(sink->to, from + sink->skip, n);
	sink->to += n;
	sink->room -= (uint32_t)n;
	sink->skip = 0;
}

static void
put_stamp(const struct server *s, const struct response *r, struct sink *sink)
{
	const char *text = s->stamps[r->ending];
	char old[STAMP_MAX_BYTES];

	if (r->date != s->date) {
		write_stamp(old, r->ending, r->date);
		text = old;
	}
	put(sink, text, DATE_BYTES + endings[r->ending].bytes);
}

/* A segment is shorter than what a repeated body holds in one piece: see site.h. */
static void
put_body(const struct server *s, const struct response *r, struct sink *sink)
{
	const struct object *o = object_of(s, r);
	uint64_t at = sink->skip, bytes = body_bytes(s, r);

	if (at >= bytes) {
		sink->skip -= bytes;
		return;
	}
	sink->skip = 0;
	put(sink, o->body + (at & o->mask), bytes - at);
}

static void
put_response(const struct server *s, const struct response *r, struct sink *sink)
{
	put(sink, object_of(s, r)->head, object_of(s, r)->head_bytes);
	if (sink->room > 0)
		put_stamp(s, r, sink);
	if (sink->room > 0)
		put_body(s, r, sink);
}

uint32_t
stream_available(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at)
{
	enum { ENOUGH = 1 << 30 };
	uint64_t left = client_of(server_of(user), conn)->end - at;

	return left < ENOUGH ? (uint32_t)left : ENOUGH;
}

void
stream_fill(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	struct server *s = server_of(user);
	struct client *c = client_of(s, conn);
	struct sink sink = { .to = to, .room = len };
	uint32_t i = seek(s, c, &at);

	sink.skip = at;
	for (; sink.room > 0 && i < c->n; i++)
		put_response(s, response_at(c, i), &sink);
}

/*
 * Lent is what lies in one body: a segment that also holds a head is filled, and so is a small one,
 * for which a second mbuf costs more than the copy.
 */
bool
stream_lend(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, uint32_t len,
	    struct tern_loan *loan)
{
	enum { WORTH_IT_BYTES = 256, LOANS_MAX = 60000 /* the count has 16 bits */ };
	struct server *s = server_of(user);
	struct client *c = client_of(s, conn);
	const struct response *r;
	const struct object *o;

	if (!s->site->lent || len < WORTH_IT_BYTES)
		return false;
	r = response_at(c, seek(s, c, &at));
	o = object_of(s, r);
	if (!o->lendable || at < head_bytes(s, r) || bytes_of(s, r) - at < len ||
	    rte_mbuf_ext_refcnt_read(&s->shared) > LOANS_MAX)
		return false;
	at = (at - head_bytes(s, r)) & o->mask;
	loan->data = o->body + at;
	loan->len = len;
	loan->shared = &s->shared;
	if (s->site->iova != RTE_BAD_IOVA)
		loan->iova = s->site->iova + (uint64_t)(o->body + at - (char *)s->site->memory);
	return true;
}
