/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_common.h>

#include "stream/send.h"

static void
fill(struct tern_send *self, uint64_t at, void *to, uint32_t len)
{
	struct tern_send_generator *g = (struct tern_send_generator *)self;

	g->make(g, at, to, len);
}

static const struct tern_send_ops generator_ops = { .fill = fill };

void
tern_send_generator_init(struct tern_send_generator *self,
			 void (*make)(struct tern_send_generator *self, uint64_t at, void *to,
				      uint32_t len),
			 uint64_t total)
{
	self->send = (struct tern_send){ .ops = &generator_ops, .end = total };
	self->make = make;
}

void
tern_send_generator_extend(struct tern_send_generator *self, uint64_t bytes)
{
	self->send.end += RTE_MIN(bytes, UINT64_MAX - self->send.end);
	send_ready(&self->send);
}
