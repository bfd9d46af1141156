/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Ethernet: the root of the tree, and the queue of packets on their way to the port.
 *
 * A slot of the queue is a promise: what an answer or eth_send() put there stays queued until
 * the port takes it, so who advances state when it sends asks eth_room() first and never has to
 * take it back.
 */
#ifndef ETH_H
#define ETH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <tern_in.h>
#include <tern_port.h>
#include <tern_verdict.h>

struct tern_arp;
struct tern_ip;

struct tern_eth {
	struct tern_port *port;
	struct tern_stats *stats;
	struct tern_arp *arp;
	struct tern_ip *ip;
	struct rte_mbuf **tx; /* waiting for the port, oldest first */
	uint32_t tx_n, tx_max;
	/*
	 * Time of the latest poll, for calls that are not told one: set at start, by eth_recv() and
	 * by arp_poll().
	 */
	uint64_t now;
};

/* May n more packets be sent? */
static inline bool
eth_room(const struct tern_eth *eth, uint32_t n)
{
	return eth->tx_max - eth->tx_n >= n;
}

/*
 * Hand a received frame (in->mbuf, in->now set; the mbuf is contiguous) up the tree. After
 * TERN_ANSWER the mbuf is queued; after TERN_TAKEN it is somebody else's; else it is still the
 * caller's.
 */
enum tern_verdict eth_recv(struct tern_eth *eth, struct tern_in *in);

/*
 * Prepend a header to m, which begins at its IP or ARP header, and queue it. At least
 * RTE_ETHER_HDR_LEN bytes of headroom. Return: 0, or -ENOBUFS: no room, m is unchanged and still
 * the caller's.
 */
int eth_send(struct tern_eth *eth, struct rte_mbuf *m, const struct rte_ether_addr *to,
	     rte_be16_t type);

/*
 * A fresh mbuf of len bytes, not yet written, with headroom for every header below a transport's.
 * NULL: the pool is empty (counted), or its mbufs are shorter than that.
 */
struct rte_mbuf *eth_alloc(struct tern_eth *eth, uint16_t len);

/* Offer what is queued to the port; what it does not take stays. */
void eth_flush(struct tern_eth *eth);

#endif
