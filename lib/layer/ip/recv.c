/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "layer/icmp/icmp.h"
#include "layer/ip/table.h"
#include "layer/udp/udp.h"
#include "wire/icmp.h"

static size_t
route_bytes(const struct tern_config *config)
{
	return RTE_CACHE_LINE_ROUNDUP(config->routes * sizeof(struct ip_route));
}

size_t
ip_bytes(const struct tern_config *config)
{
	return route_bytes(config) + ip_addresses_bytes(config->addresses);
}

void
ip_init(struct tern_ip *ip, void *mem, const struct tern_config *config, struct tern_eth *eth,
	struct tern_arp *arp, struct tern_icmp *icmp, struct tern_udp *udp, struct tern_tcp *tcp,
	struct tern_stats *stats)
{
	*ip = (struct tern_ip){
		.eth = eth,
		.arp = arp,
		.icmp = icmp,
		.udp = udp,
		.tcp = tcp,
		.stats = stats,
		.ttl = config->ttl,
		.route = mem,
		.routes_max = config->routes,
	};
	ip_addresses_init(ip, (char *)mem + route_bytes(config), config->addresses);
}

int
tern_ip_hang(struct tern_ip *ip, uint8_t number, struct tern_ip_proto *proto)
{
	if (number == IPPROTO_ICMP || number == IPPROTO_TCP || number == IPPROTO_UDP)
		return -EBUSY;
	ip->proto[number] = proto;
	return 0;
}

/* RFC 1122 §3.2.1.2. The port's word is taken where it has one. */
static inline bool
header_good(const struct rte_mbuf *m, const uint8_t *at, uint16_t header_bytes)
{
	uint64_t port_says = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	if (port_says == RTE_MBUF_F_RX_IP_CKSUM_GOOD || port_says == RTE_MBUF_F_RX_IP_CKSUM_NONE)
		return true;
	return port_says != RTE_MBUF_F_RX_IP_CKSUM_BAD && ipv4_sum_good(at, header_bytes);
}

/*
 * RFC 1122 §3.2.1.3, MUST-63: a source is one host, not us. The network address, host part zero, is
 * taken for a host: RFC 1122 §3.3.6 calls it an obsolete form of broadcast.
 */
static inline bool
source_good(const struct tern_ip *ip, rte_be32_t src)
{
	return !ipv4_is_martian(src) && ip_kind(ip, src) == IP_KIND_OTHER;
}

/*
 * In the packet's struct: past the header, and without the padding of a short Ethernet frame. Users
 * see there what class their data came in (MAY-9).
 */
static inline void
enter(struct tern_in *in, const struct ipv4_header *h)
{
	struct rte_mbuf *m = in->mbuf;

	if (unlikely(in->len > h->total_bytes)) {
		m->data_len = (uint16_t)(m->data_len - (in->len - h->total_bytes));
		m->pkt_len = m->data_len;
	}
	in->src = tern_addr_v4(h->src);
	in->dst = tern_addr_v4(h->dst);
	in->proto = h->proto;
	in->tos = h->tos & ~IPV4_ECN;
	in->ecn = h->tos & IPV4_ECN;
	in->l3 = in->data;
	in->l4 = in->data + h->header_bytes;
	in->data = in->l4;
	in->len = (uint16_t)(h->total_bytes - h->header_bytes);
	in->room = (uint16_t)(in->room - h->header_bytes);
}

static __rte_noinline enum tern_verdict
other(struct tern_ip *ip, struct tern_in *in)
{
	struct tern_ip_proto *proto = ip->proto[in->proto];
	enum tern_verdict v;

	if (proto == NULL)
		return icmp_unreachable(ip->icmp, in, ICMP_PROTOCOL_UNREACHABLE,
					TERN_DROP_IP_PROTOCOL);
	in->layer = ip;
	v = proto->recv(proto, in);
	if (v == TERN_ANSWER)
		return ip_answer(ip, in);
	return v;
}

static inline enum tern_verdict
up(struct tern_ip *ip, struct tern_in *in)
{
	switch (in->proto) {
	case IPPROTO_TCP:
		return tcp_recv(ip->tcp, in);
	case IPPROTO_UDP:
		return udp_recv(ip->udp, in);
	case IPPROTO_ICMP:
		return icmp_recv(ip->icmp, in);
	default:
		return other(ip, in);
	}
}

/*
 * The layers above answer by ip_answer() themselves, so here nothing is left to do on the way
 * down. TTL is not looked at: a host must not drop for it (RFC 1122 §3.2.1.7). Nor are options,
 * which are stepped over (MUST-50).
 */
enum tern_verdict
ip_recv(struct tern_ip *ip, struct tern_in *in)
{
	struct ipv4_header h;
	enum tern_verdict v = ipv4_parse(in->data, in->len, &h);
	enum ip_kind kind;

	if (unlikely(v != TERN_UNDECIDED))
		return v;
	if (unlikely(!header_good(in->mbuf, in->data, h.header_bytes)))
		return TERN_DROP_IP_CHECKSUM;
	if (unlikely(!source_good(ip, h.src)))
		return TERN_DROP_IP_SOURCE;
	kind = ip_kind(ip, h.dst);
	if (unlikely(kind == IP_KIND_OTHER))
		return TERN_DROP_IP_DEST;
	if (unlikely(kind == IP_KIND_OURS && in->group != 0))
		return TERN_DROP_IP_GROUP_LINK; /* RFC 1122 §3.3.6 */
	if (unlikely(ipv4_is_fragment(&h)))
		return TERN_DROP_IP_FRAGMENT;
	if (unlikely(kind == IP_KIND_BROADCAST))
		in->group |= TERN_IN_GROUP_IP;
	enter(in, &h);
	return up(ip, in);
}
