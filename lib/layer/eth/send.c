/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "layer/eth/eth.h"
#include "layer/eth/queue.h"

/* Packets that the port is offered at a time. */
enum { BURST = 64 };

int
eth_send(struct tern_eth *eth, struct rte_mbuf *m, const struct rte_ether_addr *to, rte_be16_t type)
{
	if (unlikely(!eth_room(eth, 1)))
		return -ENOBUFS;
	eth_queue(eth, m, to, type);
	return 0;
}

struct rte_mbuf *
eth_alloc(struct tern_eth *eth, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(eth->port->pool);

	if (unlikely(m == NULL)) {
		eth->stats->event[TERN_EV_NO_MBUF]++;
		return NULL;
	}
	if (unlikely(rte_pktmbuf_append(m, len) == NULL)) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	return m;
}

static uint64_t
bytes_of(struct rte_mbuf *const *pkts, uint16_t n)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < n; i++)
		sum += pkts[i]->pkt_len;
	return sum;
}

/* What the port accepted may be freed by now, so bytes are counted before, less what stayed. */
static uint16_t
offer(struct tern_eth *eth, struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t bytes = bytes_of(pkts, n);
	uint16_t sent = eth->port->tx(eth->port, pkts, n);

	eth->stats->event[TERN_EV_TX_PACKETS] += sent;
	eth->stats->event[TERN_EV_TX_BYTES] += bytes - bytes_of(pkts + sent, (uint16_t)(n - sent));
	return sent;
}

void
eth_flush(struct tern_eth *eth)
{
	uint32_t done = 0;
	uint16_t n, sent;

	while (done < eth->tx_n) {
		n = (uint16_t)RTE_MIN(eth->tx_n - done, (uint32_t)BURST);
		sent = offer(eth, eth->tx + done, n);
		done += sent;
		if (sent < n)
			break;
	}
	eth->tx_n -= done;
	if (unlikely(eth->tx_n > 0))
		memmove(eth->tx, eth->tx + done, eth->tx_n * sizeof(*eth->tx));
}
