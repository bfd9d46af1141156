/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>

#include <rte_common.h>

#include <tern_stream_send.h>
#include <tern_tcp.h>

#include "stream/send.h"

void
send_ready(struct tern_send *self)
{
	if (self->conn != NULL)
		tern_tcp_ready(self->conn);
}

void
tern_send_open(struct tern_send *self, struct tern_conn *conn)
{
	self->conn = conn;
	if (self->first != self->end)
		tern_tcp_ready(conn);
}

void
tern_send_close(struct tern_send *self)
{
	self->conn = NULL;
	self->first = 0;
	self->end = 0;
	if (self->ops->clear != NULL)
		self->ops->clear(self);
}

bool
tern_send_waits(const struct tern_send *self)
{
	const struct tern_conn *c = self->conn;

	return self->first != self->end && c != NULL &&
	       c->sent + (c->snd.max - c->snd.una) < self->first;
}

uint32_t
tern_send_available(const struct tern_send *self, uint64_t at)
{
	if (at >= self->end)
		return 0;
	return (uint32_t)RTE_MIN(self->end - at, (uint64_t)UINT32_MAX);
}

void
tern_send_fill(struct tern_send *self, uint64_t at, void *to, uint32_t len)
{
	assert(at >= self->first && at + len <= self->end);
	self->ops->fill(self, at, to, len);
}

bool
tern_send_lend(struct tern_send *self, uint64_t at, uint32_t len, struct tern_loan *loan)
{
	return self->ops->lend != NULL && self->ops->lend(self, at, len, loan);
}

void
tern_send_acked(struct tern_send *self, uint64_t upto)
{
	uint64_t to = RTE_MIN(upto, self->end), bytes = to - self->first;

	if (to <= self->first)
		return;
	self->first = to;
	if (self->ops->release != NULL)
		self->ops->release(self, bytes);
}

uint32_t
tern_send_room(const struct tern_send *self)
{
	return self->size == 0 ? 0 : self->size - (uint32_t)(self->end - self->first);
}

uint32_t
tern_send_write(struct tern_send *self, const void *data, uint32_t len)
{
	uint32_t n;

	if (self->ops->write == NULL)
		return 0;
	n = self->ops->write(self, data, len);
	self->end += n;
	if (n > 0)
		send_ready(self);
	return n;
}

void
tern_send_seek(struct tern_send *self, uint64_t position)
{
	assert(self->first == self->end && position >= self->end);
	self->first = position;
	self->end = position;
}
