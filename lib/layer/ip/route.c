/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where packets go (RFC 1122 §3.3.1): to a neighbour on a network of ours, or by a gateway. The
 * longest prefix wins, and of two that are equal the network. O(addresses + routes), but asked
 * only when nobody remembers the hop.
 */
#include <errno.h>
#include <string.h>

#include "layer/arp/arp.h"
#include "layer/ip/table.h"

static struct ip_way
by_neighbour(rte_be32_t next, const struct ip_address *from)
{
	return (struct ip_way){ IP_BY_NEIGHBOUR, next, from };
}

/* The limited broadcast leaves from our first address, a directed one from that on its network. */
static struct ip_way
by_broadcast(const struct tern_ip *ip, rte_be32_t dst)
{
	const struct ip_address *from = ip_network_of(ip, dst);

	if (from == NULL && ip->addresses > 0)
		from = &ip->address[0];
	return (struct ip_way){ IP_BY_BROADCAST, dst, from };
}

/*
 * A route whose gateway is no longer on a network of ours is passed over. Down to bits: what is
 * shorter, or as short, need not be looked at.
 */
static struct ip_way
by_gateway(const struct tern_ip *ip, rte_be32_t dst, int bits)
{
	const struct ip_route *end = ip->route + ip->routes;
	const struct ip_address *from;

	for (const struct ip_route *r = ip->route; r < end && r->bits > bits; r++) {
		if (((r->net ^ dst) & r->mask) != 0)
			continue;
		from = ip_network_of(ip, r->gateway);
		if (from != NULL && ip_kind(ip, r->gateway) == IP_KIND_OTHER)
			return by_neighbour(r->gateway, from);
	}
	return (struct ip_way){ .means = IP_NOWHERE };
}

struct ip_way
ip_way_to(const struct tern_ip *ip, rte_be32_t dst)
{
	enum ip_kind kind = ip_kind(ip, dst);
	const struct ip_address *network;
	struct ip_way way;

	if (kind == IP_KIND_BROADCAST)
		return by_broadcast(ip, dst);
	if (kind == IP_KIND_OURS || ipv4_is_martian(dst))
		return (struct ip_way){ .means = IP_NOWHERE };
	network = ip_network_of(ip, dst);
	way = by_gateway(ip, dst, network != NULL ? network->bits : -1);
	if (way.means == IP_NOWHERE && network != NULL)
		return by_neighbour(dst, network);
	return way;
}

/* RFC 1122 §3.3.4.3, MUST-44: the address of ours on the network that the way begins in. */
bool
ip_source(const struct tern_ip *ip, struct tern_addr dst, struct tern_addr *src)
{
	struct ip_way way;

	if (!tern_addr_is_v4(dst))
		return false;
	way = ip_way_to(ip, tern_addr_to_v4(dst));
	if (way.means == IP_NOWHERE || way.from == NULL)
		return false;
	*src = way.from->addr;
	return true;
}

/* The first route that is not longer than this. */
static uint32_t
first_below(const struct tern_ip *ip, uint8_t bits)
{
	uint32_t i = 0;

	while (i < ip->routes && ip->route[i].bits > bits)
		i++;
	return i;
}

/* The index of just this route, or ip->routes. */
static uint32_t
find(const struct tern_ip *ip, rte_be32_t net, uint8_t bits)
{
	for (uint32_t i = first_below(ip, bits); i < ip->routes && ip->route[i].bits == bits; i++)
		if (ip->route[i].net == net)
			return i;
	return ip->routes;
}

static bool
is_network(struct tern_addr net, unsigned int prefix)
{
	return prefix >= 96 && prefix <= 128 && tern_addr_is_v4(net) &&
	       (tern_addr_to_v4(net) & ~ipv4_mask(prefix - 96)) == 0;
}

int
tern_ip_add_route(struct tern_ip *ip, struct tern_addr net, unsigned int prefix,
		  struct tern_addr gateway)
{
	rte_be32_t v4 = tern_addr_to_v4(net), by = tern_addr_to_v4(gateway);
	uint8_t bits = (uint8_t)(prefix - 96);
	uint32_t i;

	if (!is_network(net, prefix))
		return -EINVAL;
	if (find(ip, v4, bits) != ip->routes)
		return -EEXIST;
	if (!ip_is_unicast(ip, gateway) || ip_is_ours(ip, gateway) || !ip_is_on_link(ip, by))
		return -EHOSTUNREACH;
	if (ip->routes == ip->routes_max)
		return -ENOBUFS;
	i = first_below(ip, bits);
	memmove(ip->route + i + 1, ip->route + i, (ip->routes - i) * sizeof(*ip->route));
	ip->route[i] = (struct ip_route){ v4, ipv4_mask(bits), by, bits };
	ip->routes++;
	arp_stale_hops(ip->arp);
	return 0;
}

int
tern_ip_del_route(struct tern_ip *ip, struct tern_addr net, unsigned int prefix)
{
	uint32_t i;

	if (!is_network(net, prefix))
		return -ENOENT;
	i = find(ip, tern_addr_to_v4(net), (uint8_t)(prefix - 96));
	if (i == ip->routes)
		return -ENOENT;
	ip->routes--;
	memmove(ip->route + i, ip->route + i + 1, (ip->routes - i) * sizeof(*ip->route));
	arp_stale_hops(ip->arp);
	return 0;
}
