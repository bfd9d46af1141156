/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last steps of a packet that leaves: its Ethernet header, and its place in the queue.
 */
#ifndef ETH_QUEUE_H
#define ETH_QUEUE_H

#include <assert.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "layer/eth/eth.h"
#include "wire/eth.h"

/* What the memory of an mbuf is, and what layers above asked of the port, stays; nothing else. */
static const uint64_t eth_kept_flags =
	RTE_MBUF_F_TX_OFFLOAD_MASK | RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;

/* There must be room in the queue, and headroom in m. */
static inline void
eth_queue(struct tern_eth *eth, struct rte_mbuf *m, const struct rte_ether_addr *to,
	  rte_be16_t type)
{
	assert(m->data_off >= ETH_HEADER_BYTES);
	m->data_off = (uint16_t)(m->data_off - ETH_HEADER_BYTES);
	m->data_len = (uint16_t)(m->data_len + ETH_HEADER_BYTES);
	m->pkt_len += ETH_HEADER_BYTES;
	eth_emit(rte_pktmbuf_mtod(m, void *), to, &eth->port->mac, type);
	m->ol_flags &= eth_kept_flags;
	/* The second cache line of the mbuf is touched only if the port is to look at it. */
	if (unlikely((m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0))
		m->l2_len = ETH_HEADER_BYTES;
	eth->tx[eth->tx_n++] = m;
}

#endif
