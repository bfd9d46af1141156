/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "layer/arp/table.h"
#include "layer/eth/eth.h"

/* Used now. Static entries are in no ring. */
static inline void
touch(struct tern_arp *arp, uint32_t i)
{
	if (likely(arp->table[arp->used].next == i) || arp->table[i].state == NEIGHBOUR_STATIC)
		return;
	arp_put(arp, i, arp->used);
}

uint32_t
arp_hop(struct tern_arp *arp, struct tern_addr next)
{
	rte_be32_t v4 = tern_addr_to_v4(next);
	uint32_t i = arp_find(arp, v4);

	if (i == ARP_NONE)
		i = arp_take(arp, v4, true);
	if (i == ARP_NONE)
		return 0;
	touch(arp, i);
	return arp->table[i].hop;
}

static int
wait_for(struct tern_arp *arp, uint32_t i, struct rte_mbuf *m, uint64_t now)
{
	struct neighbour *e = &arp->table[i];

	if (e->tries == 0) {
		arp_ask(arp, e, now);
		arp_arm(arp, i, now + arp->retry_ns);
	}
	return arp_wait(arp, e, m) ? 0 : -ENOBUFS;
}

/* In the last part of its life: ask whether it still lives there, and go on sending meanwhile. */
static int
send_and_ask(struct tern_arp *arp, struct neighbour *e, struct rte_mbuf *m, uint64_t now)
{
	if (e->tries == 0 || now - e->asked >= arp->retry_ns)
		arp_ask(arp, e, now);
	return eth_send(arp->eth, m, &e->mac, RTE_BE16(RTE_ETHER_TYPE_IPV4));
}

static __rte_noinline int
send_slowly(struct tern_arp *arp, uint32_t i, struct rte_mbuf *m, uint64_t now)
{
	struct neighbour *e = &arp->table[i];

	if (e->state == NEIGHBOUR_FAILED) {
		/* Who still sends asks once more a second: a host that returns is found soon. */
		if (now - e->asked >= arp->retry_ns)
			arp_ask(arp, e, now);
		return -EHOSTUNREACH;
	}
	if (e->state == NEIGHBOUR_KNOWN) {
		if (now < e->fresh_until + arp->refresh_ns)
			return send_and_ask(arp, e, m, now);
		/* It has run out in this very poll, before its timer was looked at. */
		e->state = NEIGHBOUR_INCOMPLETE;
		e->fresh_until = 0;
		e->tries = 0;
	}
	return wait_for(arp, i, m, now);
}

int
arp_send(struct tern_arp *arp, uint32_t hop, struct rte_mbuf *m, uint64_t now)
{
	uint32_t i = hop & arp->hop_mask;
	struct neighbour *e = &arp->table[i];

	touch(arp, i);
	if (likely(now < e->fresh_until))
		return eth_send(arp->eth, m, &e->mac, RTE_BE16(RTE_ETHER_TYPE_IPV4));
	return send_slowly(arp, i, m, now);
}
