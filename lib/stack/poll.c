/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The burst loop. Its stages overlap the cache misses of a burst: all frames are asked for, then
 * all flow buckets, then all connections, and only then is the tree walked, packet by packet.
 */
#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "stack/stack.h"

/* What the layers learn of a frame stands in its first mbuf; chains are made one, or dropped. */
static bool
is_contiguous(struct rte_mbuf *m)
{
	return m->nb_segs == 1 || rte_pktmbuf_linearize(m) == 0;
}

static enum tern_verdict
walk(struct tern_stack *stack, struct rte_mbuf *m, uint32_t flow, uint64_t now)
{
	struct tern_in in;

	if (unlikely(!is_contiguous(m)))
		return TERN_DROP_CHAIN;
	in.mbuf = m;
	in.flow = flow;
	in.now = now;
	return eth_recv(&stack->eth, &in);
}

static void
take_burst(struct tern_stack *stack, struct rte_mbuf **pkts, unsigned int n, uint64_t now)
{
	struct rte_mbuf *done[TERN_BURST];
	uint32_t flow[TERN_BURST];
	unsigned int done_n = 0;
	enum tern_verdict v;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (unsigned int i = 0; i < n; i++) {
		bytes += pkts[i]->pkt_len;
		flow[i] = tcp_peek(&stack->tcp, pkts[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		if (flow[i] != 0)
			tcp_prefetch(&stack->tcp, flow[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		v = walk(stack, pkts[i], flow[i], now);
		stack->stats.verdict[v]++;
		if (v != TERN_ANSWER && v != TERN_TAKEN)
			done[done_n++] = pkts[i];
	}
	rte_pktmbuf_free_bulk(done, done_n);
	stack->stats.event[TERN_EV_RX_PACKETS] += n;
	stack->stats.event[TERN_EV_RX_BYTES] += bytes;
}

/*
 * Behind a full burst more may wait, and among it the ACKs that timers are about to miss: a loop
 * that was kept from its core finds both due. So it reads on first, but not for ever.
 */
static bool
reads_on(struct tern_stack *stack, unsigned int n)
{
	enum { FULL_BURSTS = 16 };

	if (n == TERN_BURST && ++stack->full_bursts < FULL_BURSTS)
		return true;
	stack->full_bursts = 0;
	return false;
}

unsigned int
tern_poll(struct tern_stack *stack, uint64_t now)
{
	struct rte_mbuf *pkts[TERN_BURST];
	struct tern_port *port = stack->eth.port;
	unsigned int n = port->rx(port, pkts, TERN_BURST);

	tcp_set_time(&stack->tcp, now);
	if (n > 0)
		take_burst(stack, pkts, n, now);
	arp_poll(&stack->arp, now);
	if (!reads_on(stack, n))
		tcp_run_timers(&stack->tcp);
	tcp_poll(&stack->tcp);
	eth_flush(&stack->eth);
	return n;
}

uint64_t
tern_next_deadline(const struct tern_stack *stack)
{
	uint64_t arp = arp_next_deadline(&stack->arp);
	uint64_t tcp = tcp_next_deadline(&stack->tcp);

	/* What the port refused is offered again a tick later. */
	if (stack->eth.tx_n > 0)
		arp = RTE_MIN(arp, stack->eth.now + TERN_TICK_NS);
	return RTE_MIN(arp, tcp);
}
