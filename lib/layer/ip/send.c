/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "layer/arp/arp.h"
#include "layer/begin.h"
#include "layer/eth/eth.h"
#include "layer/ip/table.h"

static const struct rte_ether_addr everybody = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

uint16_t
ip_room(const struct tern_ip *ip)
{
	return (uint16_t)(ip->eth->port->mtu - IPV4_HEADER_BYTES);
}

/*
 * What the port is to do. With a transport's checksum it must also be told that it is IPv4, and
 * where the header ends.
 */
static inline uint64_t
offload(const struct tern_ip *ip, const struct rte_mbuf *m)
{
	uint64_t flags = 0;

	if ((ip->eth->port->caps & TERN_PORT_TX_IP_CKSUM) != 0)
		flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0)
		flags |= RTE_MBUF_F_TX_IPV4;
	return flags;
}

/*
 * Prepend the header. Nobody may fragment it (RFC 1191 §2), so the ID says nothing and is 0, also
 * when a segment is sent again (RFC 6864 §4.1, MAY-4). The TTL is configured (MUST-49).
 */
static inline void
push(const struct tern_ip *ip, struct rte_mbuf *m, struct ipv4_header *h)
{
	uint64_t flags = offload(ip, m);

	assert(m->data_off >= IPV4_HEADER_BYTES);
	m->data_off = (uint16_t)(m->data_off - IPV4_HEADER_BYTES);
	m->data_len = (uint16_t)(m->data_len + IPV4_HEADER_BYTES);
	m->pkt_len += IPV4_HEADER_BYTES;
	h->total_bytes = (uint16_t)m->pkt_len;
	h->fragment = IPV4_DONT_FRAGMENT;
	h->ttl = ip->ttl;
	ipv4_emit(rte_pktmbuf_mtod(m, void *), h, (flags & RTE_MBUF_F_TX_IP_CKSUM) == 0);
	if (unlikely(flags != 0)) {
		m->ol_flags |= flags;
		m->l3_len = IPV4_HEADER_BYTES;
	}
}

bool
ip_answer_source(struct tern_ip *ip, struct tern_in *in)
{
	if ((in->group & TERN_IN_GROUP_IP) == 0)
		return true;
	if (!ip_source(ip, in->src, &in->dst)) {
		ip->stats->event[TERN_EV_IP_NO_ROUTE]++;
		return false;
	}
	in->group = 0;
	return true;
}

enum tern_verdict
ip_answer(struct tern_ip *ip, struct tern_in *in)
{
	struct ipv4_header h = { .proto = in->proto, .tos = in->tos };

	if (unlikely(in->group != 0) && !ip_answer_source(ip, in))
		return TERN_DROP_IP_DEST;
	h.src = tern_addr_to_v4(in->dst);
	h.dst = tern_addr_to_v4(in->src);
	push(ip, in->mbuf, &h);
	return TERN_ANSWER;
}

enum tern_verdict
tern_ip_answer(struct tern_in *in)
{
	if (in->len > in->room)
		return TERN_DROP_TX_FULL;
	in_begin(in, in->data, in->len);
	return TERN_ANSWER;
}

static int
no_route(struct tern_ip *ip)
{
	ip->stats->event[TERN_EV_IP_NO_ROUTE]++;
	return -EHOSTUNREACH;
}

/* Return: 0 and the hop; 1: to everybody; or the error of ip_send(). */
static __rte_noinline int
find_hop(struct tern_ip *ip, struct tern_addr dst, uint32_t *hop)
{
	struct ip_way way;

	if (!tern_addr_is_v4(dst))
		return no_route(ip);
	way = ip_way_to(ip, tern_addr_to_v4(dst));
	if (way.means == IP_NOWHERE)
		return no_route(ip);
	if (way.means == IP_BY_BROADCAST)
		return 1;
	*hop = arp_hop(ip->arp, tern_addr_v4(way.next));
	return *hop != 0 ? 0 : -ENOBUFS;
}

/* The packet did not leave: it begins at its transport header again. */
static __rte_noinline int
take_back(struct rte_mbuf *m, int error)
{
	rte_pktmbuf_adj(m, IPV4_HEADER_BYTES);
	m->ol_flags &= ~(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
	return error;
}

int
ip_send(struct tern_ip *ip, struct rte_mbuf *m, struct tern_addr src, struct tern_addr dst,
	uint8_t proto, uint8_t tos, uint32_t *hop, uint64_t now)
{
	struct ipv4_header h = { .proto = proto, .tos = tos };
	int everywhere = 0, error;

	if (unlikely(m->pkt_len > ip_room(ip)))
		return -EMSGSIZE;
	if (unlikely(!arp_hop_valid(ip->arp, *hop))) {
		everywhere = find_hop(ip, dst, hop);
		if (everywhere < 0)
			return everywhere;
	}
	h.src = tern_addr_to_v4(src);
	h.dst = tern_addr_to_v4(dst);
	push(ip, m, &h);
	if (likely(everywhere == 0))
		error = arp_send(ip->arp, *hop, m, now);
	else
		error = eth_send(ip->eth, m, &everybody, RTE_BE16(RTE_ETHER_TYPE_IPV4));
	return likely(error == 0) ? 0 : take_back(m, error);
}
