/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_common.h>

#include "ringport.h"

static uint16_t
ringport_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct ringport *self = (struct ringport *)port;

	return (uint16_t)rte_ring_sc_dequeue_burst(self->from, (void **)pkts, n, NULL);
}

/* An answer kept until it is acknowledged is still the sender's: the receiver gets a copy. */
static struct rte_mbuf *
make_own(struct ringport *self, struct rte_mbuf *m)
{
	struct rte_mbuf *own = m;

	if (rte_mbuf_refcnt_read(m) != 1) {
		own = rte_pktmbuf_copy(m, self->port.pool, 0, UINT32_MAX);
		rte_pktmbuf_free(m);
	}
	if (own == NULL)
		self->lost++;
	else
		own->ol_flags = 0; /* the marks of one side mean nothing to the other */
	return own;
}

static uint16_t
ringport_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct ringport *self = (struct ringport *)port;
	uint16_t room = (uint16_t)RTE_MIN((unsigned int)n, rte_ring_free_count(self->to));

	for (uint16_t i = 0; i < room; i++) {
		struct rte_mbuf *m = make_own(self, pkts[i]);

		if (m != NULL)
			rte_ring_sp_enqueue(self->to, m);
	}
	return room; /* a lost packet was accepted too: that is what wires do */
}

void
ringport_init(struct ringport *self, struct rte_ring *from, struct rte_ring *to,
	      struct rte_mempool *pool, struct rte_ether_addr mac)
{
	*self = (struct ringport){
		.port = { ringport_rx, ringport_tx, pool, mac, .mtu = 1500, .caps = 0 },
		.from = from,
		.to = to,
	};
}
