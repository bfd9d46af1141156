/* SPDX-License-Identifier: BSD-3-Clause */
#include "layer/arp/table.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "wire/arp.h"

static const struct rte_ether_addr everybody = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

/* Return: did it leave? A lost request is repeated by the timer, so nobody looks after it. */
static bool
request(struct tern_arp *arp, rte_be32_t from, rte_be32_t addr, const struct rte_ether_addr *to)
{
	const struct arp_packet packet = {
		.op = ARP_REQUEST,
		.sha = arp->eth->port->mac,
		.spa = from,
		.tpa = addr,
	};
	struct rte_mbuf *m = eth_alloc(arp->eth, ARP_BYTES);

	if (m == NULL)
		return false;
	arp_emit(rte_pktmbuf_mtod(m, void *), &packet);
	if (eth_send(arp->eth, m, to, RTE_BE16(RTE_ETHER_TYPE_ARP)) == 0)
		return true;
	rte_pktmbuf_free(m);
	arp->stats->event[TERN_EV_TX_DROPPED]++;
	return false;
}

/* RFC 1122 §2.3.2.1: who is known is asked alone, so the others need not listen. */
void
arp_ask(struct tern_arp *arp, struct neighbour *e, uint64_t now)
{
	struct tern_addr from;

	e->asked = now;
	if (e->tries < ARP_TRIES)
		e->tries++;
	if (!ip_source(arp->ip, tern_addr_v4(e->addr), &from))
		return;
	if (request(arp, tern_addr_to_v4(from), e->addr,
		    e->state == NEIGHBOUR_KNOWN ? &e->mac : &everybody))
		arp->stats->event[TERN_EV_ARP_REQUESTS]++;
}

/* An announcement is a request for what its sender has (RFC 5227 §2.3). */
void
arp_announce(struct tern_arp *arp, struct tern_addr addr)
{
	rte_be32_t v4 = tern_addr_to_v4(addr);

	if (request(arp, v4, v4, &everybody))
		arp->stats->event[TERN_EV_ARP_ANNOUNCED]++;
}
