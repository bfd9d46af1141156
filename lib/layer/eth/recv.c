/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>

#include <rte_branch_prediction.h>

#include "layer/arp/arp.h"
#include "layer/eth/eth.h"
#include "layer/eth/queue.h"
#include "layer/ip/ip.h"
#include "wire/eth.h"

static inline enum tern_verdict
up(struct tern_eth *eth, struct tern_in *in, rte_be16_t type)
{
	if (likely(type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return ip_recv(eth->ip, in);
	if (type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		return arp_recv(eth->arp, in);
	/* RFC 1122 §2.3.3: whoever cannot read IEEE 802.3 encapsulation drops it. VLAN tags too. */
	return TERN_DROP_ETH_TYPE;
}

/* What does not fit the link finds no room on it either: the question may have been longer. */
static inline enum tern_verdict
answer(struct tern_eth *eth, const struct tern_in *in, rte_be16_t type)
{
	struct rte_mbuf *m = in->mbuf;

	if (unlikely(!eth_room(eth, 1) || m->pkt_len > eth->port->mtu))
		return TERN_DROP_TX_FULL;
	eth_queue(eth, m, &in->from, type);
	return TERN_ANSWER;
}

enum tern_verdict
eth_recv(struct tern_eth *eth, struct tern_in *in)
{
	struct rte_mbuf *m = in->mbuf;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint64_t ours = eth_number(&eth->port->mac);
	struct eth_header h;
	enum tern_verdict v;

	assert(m->nb_segs == 1);
	eth->now = in->now;
	v = eth_parse(frame, m->data_len, &h);
	if (unlikely(v != TERN_UNDECIDED))
		return v;
	in->group = 0;
	if (unlikely(h.dst != ours)) {
		if (!eth_is_broadcast(h.dst))
			return TERN_DROP_ETH_DEST; /* no multicast group is joined */
		in->group = TERN_IN_GROUP_LINK;
	}
	if (unlikely(eth_is_group(h.src) || h.src == ours))
		return TERN_DROP_ETH_SOURCE;

	eth_write(in->from.addr_bytes, h.src);
	in->data = frame + ETH_HEADER_BYTES;
	in->len = (uint16_t)(m->data_len - ETH_HEADER_BYTES);
	in->room = (uint16_t)(m->buf_len - m->data_off - ETH_HEADER_BYTES);
	/* Some drivers leave flags of the mbuf's earlier life on another port. */
	m->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;

	v = up(eth, in, h.type);
	if (likely(v == TERN_ANSWER))
		return answer(eth, in, h.type);
	return v;
}
