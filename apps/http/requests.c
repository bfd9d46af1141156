/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "http/client.h"

/* Answering ----------------------------------------------------------------------------------- */

void
refuse(struct server *s, struct client *c, uint16_t status, bool bare)
{
	reply(s, c, site_status(status), ENDING_CLOSE, bare);
	c->flags |= CLIENT_LAST;
	s->counts.refused++;
}

static enum ending
ending_of(const struct request *r)
{
	if (!persists(r))
		return ENDING_CLOSE;
	return r->minor > 0 ? ENDING_PLAIN : ENDING_KEEP_ALIVE;
}

static uint32_t
choose(const struct server *s, const struct request *r, const char *text)
{
	switch (r->method) {
	case METHOD_GET:
	case METHOD_HEAD:
		return site_find(s->site, text + r->path, r->path_bytes);
	case METHOD_KNOWN:
		return site_status(405);
	default:
		return site_status(501);
	}
}

/* A head is complete. Its body, if any, has no say in the answer, which so need not wait for it. */
static void
answer(struct server *s, struct client *c, const struct request *r, const char *text)
{
	bool bare = r->method == METHOD_HEAD;
	enum ending ending = ending_of(r);
	uint32_t object;

	if (r->length > SKIP_MAX_BYTES) {
		refuse(s, c, 413, bare);
		return;
	}
	object = choose(s, r, text);
	reply(s, c, object, ending, bare);
	c->skip = (uint32_t)r->length;
	if (ending == ENDING_CLOSE)
		c->flags |= CLIENT_LAST;
	if (object >= s->site->statuses_n)
		s->counts.served++;
	else
		s->counts.refused++;
}

/* Reading ------------------------------------------------------------------------------------- */

static uint32_t
skip_body(struct server *s, struct client *c, uint32_t len)
{
	uint32_t n = RTE_MIN(c->skip, len);

	c->skip -= n;
	c->heard = s->clock;
	return n;
}

/* RFC 9112 §2.2: old clients send an empty line behind a body. */
static uint32_t
skip_empty_lines(struct request *r, const char *text, uint32_t len)
{
	uint32_t n = text[0] == '\r' ? empty_lines(text, len) : 0;

	if (n > 0)
		*r = (struct request){ 0 };
	return n;
}

/* One head, or a part. Return: how many of the bytes are done with. */
static uint32_t
read_head(struct server *s, struct client *c, const char *text, uint32_t len, struct request *r)
{
	uint32_t n = skip_empty_lines(r, text, len);

	if (n > 0)
		return n;
	switch (parse(r, text, len)) {
	case PARSED_PART:
		return 0;
	case PARSED_WHOLE:
		n = r->bytes;
		answer(s, c, r, text);
		*r = (struct request){ 0 };
		return n;
	default:
		refuse(s, c, r->status, r->method == METHOD_HEAD);
		return len;
	}
}

/*
 * Read requests, the first of which r has begun with, until all bytes are used, the queue is full,
 * or a head is not whole. Return: how many were used.
 */
static uint32_t
read_requests(struct server *s, struct client *c, const char *text, uint32_t len, struct request *r)
{
	uint32_t used = 0, n;

	while (used < len) {
		if ((c->flags & CLIENT_LAST) != 0)
			return len;
		if (c->skip > 0)
			n = skip_body(s, c, len - used);
		else if (has_room(c))
			n = read_head(s, c, text + used, len - used, r);
		else
			break;
		if (n == 0)
			break;
		used += n;
	}
	return used;
}

/* Keeping ------------------------------------------------------------------------------------- */

void
drop_head(struct server *s, struct client *c)
{
	struct head *h = c->head;

	if (h == NULL)
		return;
	c->head = NULL;
	h->next = s->free_heads;
	s->free_heads = h;
}

/* Keep bytes that r has begun with. Return: how many; 0: there is no buffer. */
static uint32_t
keep(struct server *s, struct client *c, const char *text, uint32_t len, const struct request *r)
{
	struct head *h = s->free_heads;

	if (h == NULL)
		return 0;
	s->free_heads = h->next;
	h->len = RTE_MIN(len, (uint32_t)HEAD_MAX_BYTES);
	h->r = *r;
	memcpy(h->text, text, h->len);
	c->head = h;
	return h->len;
}

void
resume(struct server *s, struct client *c)
{
	struct head *h = c->head;
	uint32_t used = read_requests(s, c, h->text, h->len, &h->r);

	h->len -= used;
	if (h->len == 0)
		drop_head(s, c);
	else if (used > 0)
		memmove(h->text, h->text + used, h->len);
}

/* Bytes that come behind others that wait. */
static uint32_t
take_more(struct server *s, struct client *c, const char *data, uint32_t len)
{
	struct head *h = c->head;
	uint32_t n = RTE_MIN(len, HEAD_MAX_BYTES - h->len);

	memcpy(h->text + h->len, data, n);
	h->len += n;
	resume(s, c);
	return n;
}

static uint32_t
take_fresh(struct server *s, struct client *c, const char *data, uint32_t len)
{
	struct request r = { 0 };
	uint32_t used = read_requests(s, c, data, len, &r), kept;

	if (used == len)
		return len;
	kept = keep(s, c, data + used, len - used, &r);
	if (kept == 0 && has_room(c)) {
		refuse(s, c, 503, false);
		return len;
	}
	return used + kept;
}

uint32_t
take(struct server *s, struct client *c, const char *data, uint32_t len)
{
	uint32_t used = 0, n;

	while (used < len) {
		n = c->head != NULL ? take_more(s, c, data + used, len - used) :
				      take_fresh(s, c, data + used, len - used);
		if (n == 0)
			break;
		used += n;
	}
	return used;
}
