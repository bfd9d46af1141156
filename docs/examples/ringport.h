/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A port that is two rings: a wire between two stacks on two lcores.
 */
#ifndef RINGPORT_H
#define RINGPORT_H

#include <rte_ring.h>

#include <tern_port.h>

struct ringport {
	struct tern_port port; /* first member: what the stack knows of us */
	struct rte_ring *from, *to;
	uint64_t lost; /* no mbuf for a copy */
};

void ringport_init(struct ringport *self, struct rte_ring *from, struct rte_ring *to,
		   struct rte_mempool *pool, struct rte_ether_addr mac);

#endif
