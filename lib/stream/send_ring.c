/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/send.h"

static struct tern_ring *
ring_of(struct tern_send *send)
{
	return &((struct tern_send_ring *)send)->ring;
}

static uint32_t
append(struct tern_send *self, const void *data, uint32_t len)
{
	return tern_ring_write(ring_of(self), data, len);
}

static void
fill(struct tern_send *self, uint64_t at, void *to, uint32_t len)
{
	tern_ring_copy(ring_of(self), (uint32_t)(at - self->first), to, len);
}

static void
release(struct tern_send *self, uint64_t bytes)
{
	tern_ring_drop(ring_of(self), (uint32_t)bytes);
}

static void
clear(struct tern_send *self)
{
	tern_ring_drop(ring_of(self), ring_of(self)->used);
}

static const struct tern_send_ops ring_ops = {
	.write = append, .fill = fill, .release = release, .clear = clear
};

void
tern_send_ring_init(struct tern_send_ring *self, void *mem, uint32_t size)
{
	self->send = (struct tern_send){ .ops = &ring_ops, .size = size };
	tern_ring_init(&self->ring, mem, size);
}

unsigned int
tern_send_ring_room(const struct tern_send_ring *self, struct iovec iov[2])
{
	return tern_ring_room(&self->ring, iov);
}

void
tern_send_ring_commit(struct tern_send_ring *self, uint32_t bytes)
{
	tern_ring_commit(&self->ring, bytes);
	self->send.end += bytes;
	send_ready(&self->send);
}
