/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of ARP to each other: table.c keeps the entries, waiting.c what waits for them, learn.c
 * what is believed of them, ask.c speaks to the link.
 */
#ifndef ARP_TABLE_H
#define ARP_TABLE_H

#include "layer/arp/arp.h"

/* The entry of an address, or ARP_NONE. */
uint32_t arp_find(const struct tern_arp *arp, rte_be32_t addr);

/*
 * A new entry, incomplete and in no ring. If the table is full the neighbour unused for longest
 * goes, unless it must not: then ARP_NONE, as when all are static.
 */
uint32_t arp_take(struct tern_arp *arp, rte_be32_t addr, bool evict);

/* Forget a neighbour and drop what waits for it. */
void arp_release(struct tern_arp *arp, uint32_t i);

/* Make an entry the newest of a ring: arp->used or arp->heard; or take it out of any. */
void arp_put(struct tern_arp *arp, uint32_t i, uint32_t ring);
void arp_take_out(struct tern_arp *arp, uint32_t i);

/* Have arp_poll() look at an entry once this time is reached. */
void arp_arm(struct tern_arp *arp, uint32_t i, uint64_t at);

/* False: nobody can wait any longer, m is still the caller's. */
bool arp_wait(struct tern_arp *arp, struct neighbour *e, struct rte_mbuf *m);
void arp_drop_waiting(struct tern_arp *arp, struct neighbour *e);
void arp_send_waiting(struct tern_arp *arp, struct neighbour *e);

/* The neighbour lives at this link address, now. */
void arp_learn(struct tern_arp *arp, uint32_t i, const struct rte_ether_addr *mac, uint64_t now);

/* Broadcast a request, or send one to the link address that is to be confirmed. */
void arp_ask(struct tern_arp *arp, struct neighbour *e, uint64_t now);

#endif
