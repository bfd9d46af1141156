/* SPDX-License-Identifier: BSD-3-Clause */
#include "layer/arp/table.h"
#include "layer/eth/eth.h"

/* The packet that has waited for longest; there must be one. */
static struct rte_mbuf *
take_oldest(struct tern_arp *arp, struct neighbour *e)
{
	uint32_t i = e->first;
	struct arp_waiter *w = &arp->waiters[i];

	e->first = w->next;
	if (e->first == ARP_NONE)
		e->last = ARP_NONE;
	e->waiting--;
	arp->waiting--;
	w->next = arp->waiter_free;
	arp->waiter_free = i;
	return w->mbuf;
}

static void
drop_oldest(struct tern_arp *arp, struct neighbour *e)
{
	rte_pktmbuf_free(take_oldest(arp, e));
	arp->stats->event[TERN_EV_ARP_QUEUE_DROPPED]++;
}

/* RFC 1122 §2.3.2.2: of each destination at least the latest packet is kept. */
bool
arp_wait(struct tern_arp *arp, struct neighbour *e, struct rte_mbuf *m)
{
	uint32_t i;

	if (e->waiting > 0 && (e->waiting == arp->queue_max || arp->waiter_free == ARP_NONE))
		drop_oldest(arp, e);
	i = arp->waiter_free;
	if (i == ARP_NONE)
		return false;
	arp->waiter_free = arp->waiters[i].next;
	arp->waiters[i] = (struct arp_waiter){ m, ARP_NONE };
	if (e->first == ARP_NONE)
		e->first = i;
	else
		arp->waiters[e->last].next = i;
	e->last = i;
	e->waiting++;
	arp->waiting++;
	return true;
}

void
arp_drop_waiting(struct tern_arp *arp, struct neighbour *e)
{
	while (e->waiting > 0)
		drop_oldest(arp, e);
}

void
arp_send_waiting(struct tern_arp *arp, struct neighbour *e)
{
	struct rte_mbuf *m;

	while (e->waiting > 0) {
		m = take_oldest(arp, e);
		if (eth_send(arp->eth, m, &e->mac, RTE_BE16(RTE_ETHER_TYPE_IPV4)) == 0)
			continue;
		rte_pktmbuf_free(m);
		arp->stats->event[TERN_EV_TX_DROPPED]++;
	}
}

uint32_t
arp_mbufs(const struct tern_arp *arp)
{
	return arp->waiting;
}
