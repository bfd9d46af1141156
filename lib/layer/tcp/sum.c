/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "conn/machine.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "layer/tcp/sum.h"

void
sum_make(const struct tern_tcp *tcp, struct rte_mbuf *m, struct tern_addr a, struct tern_addr b)
{
	struct rte_tcp_hdr *h = rte_pktmbuf_mtod(m, struct rte_tcp_hdr *);
	uint64_t sum = sum_pseudo(a, b, m->pkt_len);
	const struct rte_mbuf *part;
	uint32_t at = 0;

	if ((tcp->ip->eth->port->caps & TERN_PORT_TX_TCP_CKSUM) != 0) {
		h->cksum = cksum_fold(sum);
		m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
		m->l4_len = (uint8_t)(h->data_off >> 2);
		return;
	}
	for (part = m; part != NULL; part = part->next) {
		sum = cksum_add_at(rte_pktmbuf_mtod(part, const void *), part->data_len, sum, at);
		at += part->data_len;
	}
	h->cksum = cksum_finish(sum);
}
