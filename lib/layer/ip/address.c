/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "layer/arp/arp.h"
#include "layer/eth/eth.h"
#include "layer/ip/table.h"

/* Twice as many as there can be: each address, its network's broadcast, the limited broadcast. */
static uint32_t
kind_places(uint32_t addresses)
{
	return rte_align32pow2(2 * (2 * addresses + 1));
}

static size_t
address_bytes(uint32_t max)
{
	return RTE_CACHE_LINE_ROUNDUP(max * sizeof(struct ip_address));
}

size_t
ip_addresses_bytes(uint32_t max)
{
	return address_bytes(max) +
	       RTE_CACHE_LINE_ROUNDUP(kind_places(max) * sizeof(struct ip_place));
}

/* Who is there already stays: an address of ours that is also a broadcast is ours. */
static void
add_kind(struct tern_ip *ip, rte_be32_t v4, enum ip_kind kind)
{
	uint32_t p = ip_kind_place(ip, v4);

	while (ip->kinds[p].kind != IP_KIND_OTHER && ip->kinds[p].v4 != v4)
		p = (p + 1) & ip->kinds_mask;
	if (ip->kinds[p].kind == IP_KIND_OTHER)
		ip->kinds[p] = (struct ip_place){ v4, kind };
}

static void
make_kinds(struct tern_ip *ip)
{
	const struct ip_address *end = ip->address + ip->addresses;

	memset(ip->kinds, 0, ((size_t)ip->kinds_mask + 1) * sizeof(*ip->kinds));
	for (const struct ip_address *a = ip->address; a < end; a++)
		add_kind(ip, a->v4, IP_KIND_OURS);
	for (const struct ip_address *a = ip->address; a < end; a++)
		if (a->broadcast != 0)
			add_kind(ip, a->broadcast, IP_KIND_BROADCAST);
	add_kind(ip, RTE_BE32(UINT32_MAX), IP_KIND_BROADCAST);
}

void
ip_addresses_init(struct tern_ip *ip, void *mem, uint32_t max)
{
	uint32_t places = kind_places(max);

	ip->address = mem;
	ip->addresses_max = max;
	ip->kinds = (void *)((char *)mem + address_bytes(max));
	ip->kinds_mask = places - 1;
	ip->kinds_shift = 32 - (uint32_t)__builtin_ctz(places);
	make_kinds(ip);
}

bool
ip_is_ours(const struct tern_ip *ip, struct tern_addr addr)
{
	return tern_addr_is_v4(addr) && ip_kind(ip, tern_addr_to_v4(addr)) == IP_KIND_OURS;
}

bool
ip_is_broadcast(const struct tern_ip *ip, struct tern_addr addr)
{
	return tern_addr_is_v4(addr) && ip_kind(ip, tern_addr_to_v4(addr)) == IP_KIND_BROADCAST;
}

bool
ip_is_unicast(const struct tern_ip *ip, struct tern_addr addr)
{
	rte_be32_t v4 = tern_addr_to_v4(addr);

	return tern_addr_is_v4(addr) && !ipv4_is_martian(v4) &&
	       ip_kind(ip, v4) != IP_KIND_BROADCAST;
}

struct ip_address *
ip_address_of(struct tern_ip *ip, rte_be32_t v4)
{
	for (uint32_t i = 0; i < ip->addresses; i++)
		if (ip->address[i].v4 == v4)
			return &ip->address[i];
	return NULL;
}

const struct ip_address *
ip_network_of(const struct tern_ip *ip, rte_be32_t v4)
{
	const struct ip_address *best = NULL;

	for (const struct ip_address *a = ip->address; a < ip->address + ip->addresses; a++)
		if (((a->v4 ^ v4) & a->mask) == 0 && (best == NULL || a->bits > best->bits))
			best = a;
	return best;
}

bool
ip_is_on_link(const struct tern_ip *ip, rte_be32_t v4)
{
	return ip_network_of(ip, v4) != NULL;
}

/* RFC 1122 §3.2.1.3: the host part is neither all zero nor all ones. RFC 3021: but on a /31. */
static bool
is_host_of(rte_be32_t v4, uint8_t bits)
{
	rte_be32_t host = v4 & ~ipv4_mask(bits);

	return bits >= 31 || (host != 0 && host != ~ipv4_mask(bits));
}

/* The hops that others remember may lead elsewhere now. */
static void
addresses_changed(struct tern_ip *ip)
{
	make_kinds(ip);
	arp_stale_hops(ip->arp);
}

int
tern_ip_add_addr(struct tern_ip *ip, struct tern_addr addr, unsigned int prefix)
{
	rte_be32_t v4 = tern_addr_to_v4(addr);
	uint8_t bits = (uint8_t)(prefix - 96);
	rte_be32_t mask;

	if (prefix < 96 || prefix > 128 || !ip_is_unicast(ip, addr) || !is_host_of(v4, bits))
		return -EINVAL;
	if (ip_is_ours(ip, addr))
		return -EEXIST;
	if (ip->addresses == ip->addresses_max)
		return -ENOBUFS;
	mask = ipv4_mask(bits);
	ip->address[ip->addresses++] = (struct ip_address){
		.addr = addr,
		.v4 = v4,
		.mask = mask,
		.broadcast = bits < 31 ? v4 | ~mask : 0,
		.bits = bits,
	};
	addresses_changed(ip);
	arp_announce(ip->arp, addr);
	return 0;
}

int
tern_ip_del_addr(struct tern_ip *ip, struct tern_addr addr)
{
	struct ip_address *a;

	if (!ip_is_ours(ip, addr))
		return -ENOENT;
	a = ip_address_of(ip, tern_addr_to_v4(addr));
	ip->addresses--;
	memmove(a, a + 1, (size_t)(ip->address + ip->addresses - a) * sizeof(*a));
	addresses_changed(ip);
	return 0;
}

int
tern_ip_get_addr(const struct tern_ip *ip, unsigned int i, struct tern_addr *addr,
		 unsigned int *prefix)
{
	if (i >= ip->addresses)
		return -ENOENT;
	*addr = ip->address[i].addr;
	*prefix = 96u + ip->address[i].bits;
	return 0;
}
