/* SPDX-License-Identifier: BSD-3-Clause */
#include "layer/arp/table.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "wire/eth.h"

void
arp_learn(struct tern_arp *arp, uint32_t i, const struct rte_ether_addr *mac, uint64_t now)
{
	struct neighbour *e = &arp->table[i];

	e->mac = *mac;
	e->state = NEIGHBOUR_KNOWN;
	e->tries = 0;
	e->fresh_until = now + arp->life_ns - arp->refresh_ns;
	arp_arm(arp, i, now + arp->life_ns);
	arp_send_waiting(arp, e);
	arp->stats->event[TERN_EV_ARP_LEARNED]++;
}

void
tern_arp_heard(struct tern_arp *arp, struct tern_addr addr, const struct rte_ether_addr *mac,
	       uint64_t now)
{
	rte_be32_t v4 = tern_addr_to_v4(addr);
	uint32_t i;

	if (!eth_is_unicast(mac) || !ip_is_unicast(arp->ip, addr) || ip_is_ours(arp->ip, addr))
		return;
	i = arp_find(arp, v4);
	if (i == ARP_NONE && ip_is_on_link(arp->ip, v4)) {
		i = arp_take(arp, v4, false);
		if (i != ARP_NONE)
			arp_put(arp, i, arp->heard);
	}
	if (i != ARP_NONE && arp->table[i].state != NEIGHBOUR_STATIC)
		arp_learn(arp, i, mac, now);
}
