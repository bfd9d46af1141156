/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <string.h>

#include <rte_mbuf.h>

#include "stream/send.h"

enum { LEAST_LOAN_BYTES = 256 }; /* less is copied as fast as it is attached */

static struct tern_send_memory *
memory_of(struct tern_send *send)
{
	return (struct tern_send_memory *)send;
}

static uint64_t
end_of(const struct tern_send_piece *p)
{
	return p->at + p->len;
}

/* The last reference is gone: ours, or that of an mbuf. */
static void
on_unshared(void *addr, void *piece)
{
	struct tern_send_piece *p = (struct tern_send_piece *)piece;

	(void)addr;
	if (p->on_done != NULL)
		p->on_done(p);
}

static void
let_go(struct tern_send_piece *p)
{
	if (rte_mbuf_ext_refcnt_update(&p->shared, -1) == 0)
		on_unshared(NULL, p);
}

/* The piece that holds a byte; what is sent in order is in the one of before, or the next. */
static struct tern_send_piece *
find(struct tern_send_memory *m, uint64_t at)
{
	struct tern_send_piece *p = m->near;

	if (p == NULL || at < p->at)
		p = m->head;
	while (end_of(p) <= at)
		p = p->next;
	return m->near = p;
}

static void
fill(struct tern_send *self, uint64_t at, void *to, uint32_t len)
{
	const struct tern_send_piece *p = find(memory_of(self), at);
	uint8_t *next = (uint8_t *)to;
	uint32_t n;

	for (; len > 0; p = p->next, at += n, next += n, len -= n) {
		n = (uint32_t)RTE_MIN((uint64_t)len, end_of(p) - at);
		memcpy(next, (const uint8_t *)p->data + (at - p->at), n);
	}
}

static bool
lend(struct tern_send *self, uint64_t at, uint32_t len, struct tern_loan *loan)
{
	struct tern_send_piece *p = find(memory_of(self), at);
	uint64_t offset = at - p->at;

	if (!p->lent || len < LEAST_LOAN_BYTES || at + len > end_of(p))
		return false;
	loan->data = (const uint8_t *)p->data + offset;
	loan->len = len;
	loan->iova = p->iova == RTE_BAD_IOVA ? RTE_BAD_IOVA : p->iova + offset;
	loan->shared = &p->shared;
	return true;
}

/* on_done() may add pieces, or end the connection and so clear the queue. */
static void
release(struct tern_send *self, uint64_t bytes)
{
	struct tern_send_memory *m = memory_of(self);
	struct tern_send_piece *p;

	(void)bytes;
	while ((p = m->head) != NULL && end_of(p) <= self->first) {
		m->head = p->next;
		if (m->head == NULL)
			m->tail = NULL;
		if (m->near == p)
			m->near = NULL;
		let_go(p);
	}
}

static void
clear(struct tern_send *self)
{
	struct tern_send_memory *m = memory_of(self);
	struct tern_send_piece *p = m->head, *next;

	m->head = m->tail = m->near = NULL;
	for (; p != NULL; p = next) {
		next = p->next;
		let_go(p);
	}
}

static const struct tern_send_ops memory_ops = {
	.fill = fill, .lend = lend, .release = release, .clear = clear
};

void
tern_send_memory_init(struct tern_send_memory *self)
{
	*self = (struct tern_send_memory){ .send.ops = &memory_ops };
}

void
tern_send_memory_add(struct tern_send_memory *self, struct tern_send_piece *p)
{
	struct tern_send *send = &self->send;

	assert(p->len > 0);
	p->at = send->end;
	p->next = NULL;
	p->shared.free_cb = on_unshared;
	p->shared.fcb_opaque = p;
	rte_mbuf_ext_refcnt_set(&p->shared, 1);
	if (self->tail != NULL)
		self->tail->next = p;
	else
		self->head = p;
	self->tail = p;
	send->end += p->len;
	send_ready(send);
}
