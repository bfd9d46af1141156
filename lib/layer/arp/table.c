/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "core/siphash.h"
#include "layer/arp/table.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "wire/eth.h"

enum {
	RINGS = 2,
	TICK_NS = 10000,
	/* A wheel looks 2^31 ticks ahead: for a life beyond this a tick is ten times as long. */
	FINE_LIFE_S = 10000,
};

static uint32_t
index_places(const struct tern_config *config)
{
	return rte_align32pow2(2 * config->neighbours);
}

/* What waits for dead neighbours never takes more than a quarter of the pool. */
static uint32_t
waiters(const struct tern_config *config)
{
	uint64_t all = (uint64_t)config->neighbours * config->arp_queue;
	uint64_t share = RTE_MAX(config->mbufs / 4, config->arp_queue);

	return (uint32_t)RTE_MIN(all, share);
}

static size_t
table_bytes(const struct tern_config *config)
{
	return ((size_t)config->neighbours + RINGS) * sizeof(struct neighbour);
}

static size_t
index_bytes(const struct tern_config *config)
{
	return RTE_CACHE_LINE_ROUNDUP(index_places(config) * sizeof(struct arp_place));
}

size_t
arp_bytes(const struct tern_config *config)
{
	return table_bytes(config) + index_bytes(config) +
	       RTE_CACHE_LINE_ROUNDUP(waiters(config) * sizeof(struct arp_waiter));
}

static void
entries_init(struct tern_arp *arp)
{
	arp->hop_mask = rte_align32pow2(arp->entries) - 1;
	arp->used = arp->entries;
	arp->heard = arp->entries + 1;
	memset(arp->table, 0, (arp->entries + RINGS) * sizeof(*arp->table));
	for (uint32_t i = 0; i < arp->entries; i++) {
		/* Generation 0 is never used: no hop is 0. */
		arp->table[i].hop = (arp->hop_mask + 1) | i;
		arp->table[i].next = i + 1 < arp->entries ? i + 1 : ARP_NONE;
	}
	arp->free = 0;
	for (uint32_t ring = arp->used; ring <= arp->heard; ring++)
		arp->table[ring].next = arp->table[ring].prev = ring;
}

static void
waiters_init(struct tern_arp *arp)
{
	for (uint32_t i = 0; i < arp->waiters_n; i++)
		arp->waiters[i].next = i + 1 < arp->waiters_n ? i + 1 : ARP_NONE;
	arp->waiter_free = 0;
}

/* The label keeps these words apart from all else that is made of the secret. */
static void
key_init(struct hash_key *key, const uint8_t secret[16])
{
	char label[] = "neighbours ?";

	for (size_t i = 0; i < RTE_DIM(key->k); i++) {
		label[sizeof(label) - 2] = (char)('0' + i);
		key->k[i] = siphash24(secret, label, sizeof(label));
	}
}

void
arp_init(struct tern_arp *arp, void *mem, const struct tern_config *config, struct tern_eth *eth,
	 struct tern_ip *ip, struct tern_stats *stats, uint64_t now)
{
	char *at = mem;

	*arp = (struct tern_arp){
		.eth = eth,
		.ip = ip,
		.stats = stats,
		.table = (void *)at,
		.entries = config->neighbours,
		.index = (void *)(at + table_bytes(config)),
		.index_mask = index_places(config) - 1,
		.waiters = (void *)(at + table_bytes(config) + index_bytes(config)),
		.waiters_n = waiters(config),
		.queue_max = config->arp_queue,
		.retry_ns = config->arp_retry_ns,
		.life_ns = config->arp_life_ns,
		.refresh_ns = RTE_MIN(10 * TERN_S, config->arp_life_ns / 2),
		.tick_ns = config->arp_life_ns > FINE_LIFE_S * TERN_S ? 10 * TICK_NS : TICK_NS,
		.polled = now,
		.on_neighbour = config->on_neighbour,
		.on_neighbour_data = config->on_neighbour_data,
	};
	entries_init(arp);
	memset(arp->index, 0, ((size_t)arp->index_mask + 1) * sizeof(*arp->index));
	waiters_init(arp);
	key_init(&arp->key, config->secret);
	wheel_init(&arp->wheel, &arp->table[0].timer, sizeof(struct neighbour),
		   (uint32_t)(now / arp->tick_ns));
	eth->now = now;
}

void
arp_fini(struct tern_arp *arp)
{
	for (uint32_t i = 0; i < arp->entries; i++)
		arp_drop_waiting(arp, &arp->table[i]);
}

static uint32_t
home(const struct tern_arp *arp, rte_be32_t addr)
{
	return hash_addr(&arp->key, tern_addr_v4(addr).q) & arp->index_mask;
}

/* Where an address stands in the index, or the empty place where it would. At most half is full. */
static uint32_t
place_of(const struct tern_arp *arp, rte_be32_t addr)
{
	uint32_t p = home(arp, addr);

	while (arp->index[p].entry != 0 && arp->index[p].addr != addr)
		p = (p + 1) & arp->index_mask;
	return p;
}

uint32_t
arp_find(const struct tern_arp *arp, rte_be32_t addr)
{
	uint32_t entry = arp->index[place_of(arp, addr)].entry;

	return entry != 0 ? entry - 1 : ARP_NONE;
}

/* Close the gap: whoever was pushed past it by others moves up, unless it is at home beyond it. */
static void
index_remove(struct tern_arp *arp, rte_be32_t addr)
{
	uint32_t mask = arp->index_mask;
	uint32_t gap = place_of(arp, addr);
	uint32_t p;

	for (p = (gap + 1) & mask; arp->index[p].entry != 0; p = (p + 1) & mask) {
		if (((p - home(arp, arp->index[p].addr)) & mask) < ((p - gap) & mask))
			continue;
		arp->index[gap] = arp->index[p];
		gap = p;
	}
	arp->index[gap] = (struct arp_place){ 0 };
}

void
arp_take_out(struct tern_arp *arp, uint32_t i)
{
	struct neighbour *e = &arp->table[i];

	arp->table[e->prev].next = e->next;
	arp->table[e->next].prev = e->prev;
	e->next = e->prev = i;
}

void
arp_put(struct tern_arp *arp, uint32_t i, uint32_t ring)
{
	struct neighbour *e = &arp->table[i];

	arp_take_out(arp, i);
	e->prev = ring;
	e->next = arp->table[ring].next;
	arp->table[e->next].prev = i;
	arp->table[ring].next = i;
}

/* The handle of whoever has the entry next. Generation 0 is left out: see entries_init(). */
static void
bump(const struct tern_arp *arp, struct neighbour *e)
{
	do
		e->hop += arp->hop_mask + 1;
	while ((e->hop & ~arp->hop_mask) == 0);
}

void
arp_stale_hops(struct tern_arp *arp)
{
	for (uint32_t i = 0; i < arp->entries; i++)
		bump(arp, &arp->table[i]);
}

void
arp_release(struct tern_arp *arp, uint32_t i)
{
	struct neighbour *e = &arp->table[i];

	arp_drop_waiting(arp, e);
	wheel_cancel(&arp->wheel, i);
	arp_take_out(arp, i);
	index_remove(arp, e->addr);
	bump(arp, e);
	e->state = NEIGHBOUR_FREE;
	e->fresh_until = 0;
	e->next = arp->free;
	arp->free = i;
}

static bool
evict_one(struct tern_arp *arp)
{
	uint32_t i = arp->table[arp->heard].prev;

	if (i == arp->heard)
		i = arp->table[arp->used].prev;
	if (i == arp->used)
		return false;
	arp_release(arp, i);
	arp->stats->event[TERN_EV_ARP_EVICTED]++;
	return true;
}

uint32_t
arp_take(struct tern_arp *arp, rte_be32_t addr, bool evict)
{
	struct neighbour *e;
	uint32_t i;

	if (arp->free == ARP_NONE && (!evict || !evict_one(arp)))
		return ARP_NONE;
	i = arp->free;
	e = &arp->table[i];
	arp->free = e->next;
	*e = (struct neighbour){
		.addr = addr,
		.hop = e->hop,
		.state = NEIGHBOUR_INCOMPLETE,
		.next = i,
		.prev = i,
		.first = ARP_NONE,
		.last = ARP_NONE,
	};
	arp->index[place_of(arp, addr)] = (struct arp_place){ addr, i + 1 };
	return i;
}

int
tern_arp_set(struct tern_arp *arp, struct tern_addr addr, const struct rte_ether_addr *mac)
{
	rte_be32_t v4 = tern_addr_to_v4(addr);
	struct neighbour *e;
	uint32_t i;

	if (!ip_is_unicast(arp->ip, addr) || !eth_is_unicast(mac))
		return -EINVAL;
	i = arp_find(arp, v4);
	if (i == ARP_NONE)
		i = arp_take(arp, v4, true);
	if (i == ARP_NONE)
		return -ENOBUFS;
	e = &arp->table[i];
	arp_take_out(arp, i);
	wheel_cancel(&arp->wheel, i);
	e->mac = *mac;
	e->state = NEIGHBOUR_STATIC;
	e->fresh_until = UINT64_MAX;
	arp_send_waiting(arp, e);
	return 0;
}

int
tern_arp_del(struct tern_arp *arp, struct tern_addr addr)
{
	uint32_t i = tern_addr_is_v4(addr) ? arp_find(arp, tern_addr_to_v4(addr)) : ARP_NONE;

	if (i == ARP_NONE)
		return -ENOENT;
	arp_release(arp, i);
	return 0;
}

int
tern_arp_get(const struct tern_arp *arp, struct tern_addr addr, struct rte_ether_addr *mac)
{
	uint32_t i = tern_addr_is_v4(addr) ? arp_find(arp, tern_addr_to_v4(addr)) : ARP_NONE;

	if (i == ARP_NONE ||
	    (arp->table[i].state != NEIGHBOUR_KNOWN && arp->table[i].state != NEIGHBOUR_STATIC))
		return -ENOENT;
	*mac = arp->table[i].mac;
	return 0;
}
