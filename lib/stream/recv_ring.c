/* SPDX-License-Identifier: BSD-3-Clause */
#include <tern_stream_recv.h>

static struct tern_ring *
ring_of(struct tern_recv *recv)
{
	return &((struct tern_recv_ring *)recv)->ring;
}

static enum tern_verdict
take(struct tern_recv *self, struct tern_in *in)
{
	in->len = (uint16_t)tern_ring_write(ring_of(self), in->data, in->len);
	return TERN_DONE;
}

static unsigned int
peek(const struct tern_recv *self, struct iovec *iov, unsigned int n)
{
	const struct tern_recv_ring *ring = (const struct tern_recv_ring *)self;
	struct iovec both[2];
	unsigned int pieces = tern_ring_peek(&ring->ring, both);

	for (unsigned int i = 0; i < pieces && i < n; i++)
		iov[i] = both[i];
	return pieces < n ? pieces : n;
}

static void
drop(struct tern_recv *self, uint32_t bytes)
{
	tern_ring_drop(ring_of(self), bytes);
}

static const struct tern_recv_ops ring_ops = { .take = take, .peek = peek, .drop = drop };

void
tern_recv_ring_init(struct tern_recv_ring *self, void *mem, uint32_t size)
{
	self->recv = (struct tern_recv){ .ops = &ring_ops, .size = size };
	tern_ring_init(&self->ring, mem, size);
}
