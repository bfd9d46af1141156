/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is bound to an address and port.
 */
#ifndef UDP_PORTS_H
#define UDP_PORTS_H

#include <stdbool.h>

#include <rte_branch_prediction.h>

#include "layer/udp/udp.h"

/* No address in particular. A person writes it 0.0.0.0, which stands mapped in the type. */
static inline bool
udp_is_any(struct tern_addr addr)
{
	return tern_addr_is_any(addr) || tern_addr_equal(addr, tern_addr_v4(0));
}

/* Our own few ports, spread; whoever sends cannot change where they stand. */
static inline uint32_t
udp_home(const struct tern_udp *udp, struct tern_addr addr, rte_be16_t port)
{
	uint64_t mixed = (addr.q[0] ^ addr.q[1]) * UINT64_C(0xff51afd7ed558ccd);

	mixed = (mixed ^ port) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(mixed >> 32) & udp->mask;
}

/* Where just this address and port stand, or the empty place where they would. */
static inline uint32_t
udp_place(const struct tern_udp *udp, struct tern_addr addr, rte_be16_t port)
{
	uint32_t p = udp_home(udp, addr, port);

	while (udp->places[p].user != NULL &&
	       (udp->places[p].port != port || !tern_addr_equal(udp->places[p].addr, addr)))
		p = (p + 1) & udp->mask;
	return p;
}

/* Who wants what comes for this address: one bound to just it goes before one bound to any. */
static inline struct tern_udp_port *
udp_user(const struct tern_udp *udp, struct tern_addr addr, rte_be16_t port)
{
	struct tern_udp_port *user = NULL;

	if (unlikely(udp->specific != 0))
		user = udp->places[udp_place(udp, addr, port)].user;
	if (user == NULL)
		user = udp->places[udp_place(udp, (struct tern_addr){ { 0, 0 } }, port)].user;
	return user;
}

#endif
