/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * ARP (RFC 826, RFC 1122 §2.3.2, RFC 5227): the neighbours of a link.
 *
 * Sending never waits: packets to a neighbour whose address is asked for wait with it, at most
 * tern_config.arp_queue each, and go when it answers. It is asked every arp_retry_ns (1 s), 5
 * times; then what waits is dropped, and for 20 s it is asked only when somebody sends to it. What
 * was learnt is good for arp_life_ns (60 s) from the last sign of life and is asked anew, without a
 * pause in sending, in the last 10 s of them. A full table gives up the neighbour unused for
 * longest, never a static one.
 */
#ifndef TERN_ARP_H
#define TERN_ARP_H

#include <stdint.h>

#include <rte_ether.h>

#include <tern_addr.h>
#include <tern_api.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_arp;

/**
 * tern_arp_set() - a static neighbour: never expires, is never changed by a packet
 *
 * Return: 0, -EINVAL (not unicast), or -ENOBUFS (table full of static entries).
 */
TERN_API int tern_arp_set(struct tern_arp *arp, struct tern_addr addr,
			  const struct rte_ether_addr *mac);

/** Forget a neighbour, static or not. Return: 0, or -ENOENT. */
TERN_API int tern_arp_del(struct tern_arp *arp, struct tern_addr addr);

/** Return: 0 and the link address, or -ENOENT: not known (now). */
TERN_API int tern_arp_get(const struct tern_arp *arp, struct tern_addr addr,
			  struct rte_ether_addr *mac);

/**
 * tern_arp_heard() - a sibling lcore learnt a neighbour: its answers may have come to another
 * queue of the port than the question left by
 */
TERN_API void tern_arp_heard(struct tern_arp *arp, struct tern_addr addr,
			     const struct rte_ether_addr *mac, uint64_t now);

#ifdef __cplusplus
}
#endif

#endif
