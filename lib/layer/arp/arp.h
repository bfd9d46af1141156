/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * ARP as the layers see it: see tern_arp.h for what it does.
 *
 * The table is caller memory: an open-addressed index by keyed hash of the IPv4 address, entries
 * with generations, a timer wheel for retries and expiry, so each of look-up, learning and
 * expiring is O(1) and one dead neighbour costs the others nothing.
 */
#ifndef ARP_H
#define ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <tern_addr.h>
#include <tern_arp.h>
#include <tern_config.h>
#include <tern_in.h>
#include <tern_verdict.h>

#include "core/hash.h"
#include "core/wheel.h"

struct tern_eth;
struct tern_ip;

enum {
	ARP_TRIES = 5,
	ARP_NONE = INT32_MAX, /* no entry, no waiter */
};

enum neighbour_state {
	NEIGHBOUR_FREE,
	NEIGHBOUR_INCOMPLETE, /* asked for; packets wait */
	NEIGHBOUR_KNOWN,
	NEIGHBOUR_FAILED, /* did not answer */
	NEIGHBOUR_STATIC,
};

/* One cache line. */
struct neighbour {
	uint64_t fresh_until; /* sent to without a thought before this time; 0: never */
	uint64_t asked;	      /* time of the latest request */
	rte_be32_t addr;
	uint32_t
		hop; /* its handle: generation and index; changes when the old one is to go stale */
	struct rte_ether_addr mac;
	uint8_t state;
	uint8_t tries;
	uint32_t next, prev; /* in the ring of its kind; itself if in none */
	struct wheel_node timer;
	uint32_t first, last; /* waiters, oldest first */
	uint32_t waiting;
};

/* A packet that waits for a neighbour. */
struct arp_waiter {
	struct rte_mbuf *mbuf;
	uint32_t next;
};

/* A place of the index; entry + 1, so that 0 is an empty one. */
struct arp_place {
	rte_be32_t addr;
	uint32_t entry;
};

struct tern_arp {
	struct tern_eth *eth;
	struct tern_ip *ip;
	struct tern_stats *stats;

	/*
	 * The entries, and after them the heads of two rings, newest first: of those that were sent
	 * to, and of those that only were heard. The latter are given up first, so that a flood of
	 * strangers pushes out strangers.
	 */
	struct neighbour *table;
	uint32_t entries;
	uint32_t hop_mask; /* bits of a hop that are the index */
	uint32_t used, heard;
	uint32_t free; /* linked by next */

	struct arp_place *index;
	uint32_t index_mask;
	struct hash_key key;

	struct arp_waiter *waiters;
	uint32_t waiters_n, waiter_free, waiting;
	uint32_t queue_max; /* of one neighbour */

	uint64_t retry_ns, life_ns, refresh_ns;
	uint64_t tick_ns;   /* of the wheel */
	uint64_t polled;    /* time of the latest poll */
	uint64_t next_tick; /* time at which the wheel is looked at again */
	void (*on_neighbour)(void *data, struct tern_addr addr, const uint8_t mac[6]);
	void *on_neighbour_data;
	struct wheel wheel;
};

/* Bytes of table memory, 64-aligned, for this configuration. */
size_t arp_bytes(const struct tern_config *config);
void arp_init(struct tern_arp *arp, void *mem, const struct tern_config *config,
	      struct tern_eth *eth, struct tern_ip *ip, struct tern_stats *stats, uint64_t now);
/* Free the mbufs that wait. */
void arp_fini(struct tern_arp *arp);

/* A received ARP packet: the frame's payload begins at in->data, in->len. */
enum tern_verdict arp_recv(struct tern_arp *arp, struct tern_in *in);

/*
 * The way to a next hop that was remembered: 0 is none. Finds or makes the neighbour's entry (the
 * caller keeps the value; it goes stale by itself when the entry is given to another).
 * Return: the hop, or 0: the table is full of static neighbours.
 */
uint32_t arp_hop(struct tern_arp *arp, struct tern_addr next);
/* Is it still the entry it was? */
static inline bool
arp_hop_valid(const struct tern_arp *arp, uint32_t hop)
{
	return arp->table[hop & arp->hop_mask].hop == hop;
}

/* Routes or addresses changed: no hop is valid any longer. O(neighbours). */
void arp_stale_hops(struct tern_arp *arp);

/*
 * Send m, which begins at its IP header, to a valid hop: at once, or when it has answered.
 * Return: 0 (m is gone), or with m still the caller's
 *   -EHOSTUNREACH  it does not answer
 *   -ENOBUFS       no room on the way to the port
 */
int arp_send(struct tern_arp *arp, uint32_t hop, struct rte_mbuf *m, uint64_t now);

/* Tell the link that an address is ours (RFC 5227 §2.3). */
void arp_announce(struct tern_arp *arp, struct tern_addr addr);

/* Run what is due: retries, expiry. */
void arp_poll(struct tern_arp *arp, uint64_t now);
uint64_t arp_next_deadline(const struct tern_arp *arp);
/* mbufs that wait. */
uint32_t arp_mbufs(const struct tern_arp *arp);

#endif
