/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/template.h"

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "gen/engines/payload.h"

enum {
	IP_BYTES = 20,
	IP_VERSION_IHL = 0x45,
	TTL = 64,
	MSS = 1460,
	TCP_SYN_WORDS = 6,
	TCP_SYN_FLAG = 0x02,
	TCP_OPTION_MSS = 2,
	ICMP_ECHO = 8,
	MORE_FRAGMENTS = 0x2000,
	OFFSET_MASK = 0x1fff,
	DISCARD = 9, /* RFC 863 */
};

/* Templates ---------------------------------------------------------------------------------- */

static uint8_t
proto_number(enum protocol proto)
{
	switch (proto) {
	case PROTO_UDP:
		return IPPROTO_UDP;
	case PROTO_ICMP:
		return IPPROTO_ICMP;
	default:
		return IPPROTO_TCP;
	}
}

static void
write_eth(uint8_t *to, const struct worker *w)
{
	memcpy(to, &w->peer_mac, RTE_ETHER_ADDR_LEN);
	memcpy(to + RTE_ETHER_ADDR_LEN, &w->port->mac, RTE_ETHER_ADDR_LEN);
	store16(to + 2 * RTE_ETHER_ADDR_LEN, RTE_BE16(RTE_ETHER_TYPE_IPV4));
}

/* An atomic datagram: DF, and no ID is needed (RFC 6864 §4.1). */
static void
write_ip(uint8_t *ip, uint16_t total, uint8_t proto, rte_be32_t dst)
{
	memset(ip, 0, IP_BYTES);
	ip[0] = IP_VERSION_IHL;
	store16(ip + 2, rte_cpu_to_be_16(total));
	store16(ip + 6, RTE_BE16(RTE_IPV4_HDR_DF_FLAG));
	ip[8] = TTL;
	ip[9] = proto;
	store32(ip + 16, dst);
}

static void
write_syn(uint8_t *tcp, rte_be16_t dport)
{
	store16(tcp + 2, dport);
	tcp[12] = TCP_SYN_WORDS << 4;
	tcp[13] = TCP_SYN_FLAG;
	store16(tcp + 14, RTE_BE16(UINT16_MAX));
	tcp[20] = TCP_OPTION_MSS;
	tcp[21] = 4;
	store16(tcp + 22, RTE_BE16(MSS));
}

/* Return: bytes of the header. Source port, id and numbers are left 0. */
static uint16_t
write_l4(uint8_t *l4, enum protocol proto, uint16_t payload, rte_be16_t dport)
{
	memset(l4, 0, FRAME_SYN_PAYLOAD_AT - FRAME_L4_AT);
	if (proto == PROTO_SYN) {
		write_syn(l4, dport);
		return FRAME_SYN_PAYLOAD_AT - FRAME_L4_AT;
	}
	if (proto == PROTO_ICMP) {
		l4[0] = ICMP_ECHO;
	} else {
		store16(l4 + 2, dport);
		store16(l4 + 4, rte_cpu_to_be_16((uint16_t)(payload + 8)));
	}
	return FRAME_PAYLOAD_AT - FRAME_L4_AT;
}

/* RFC 768, RFC 9293 §3.1: of the pseudo-header what does not vary; ICMP has none (RFC 792). */
static uint64_t
pseudo_sum(uint8_t proto, uint16_t l4_bytes, rte_be32_t dst)
{
	if (proto == IPPROTO_ICMP)
		return 0;
	return (uint64_t)dst + rte_cpu_to_be_16(proto) + rte_cpu_to_be_16(l4_bytes);
}

/* RFC 2544 appendix C.2.2: addresses of the lab, for packets that nobody is to get. */
static rte_be32_t
destination(const struct worker *w)
{
	bool given = !tern_addr_is_any(w->plan->target);

	return given ? tern_addr_to_v4(w->plan->target) : RTE_BE32(RTE_IPV4(198, 19, 0, 1));
}

static rte_be16_t
destination_port(const struct worker *w)
{
	return rte_cpu_to_be_16(w->plan->target_port != 0 ? w->plan->target_port : DISCARD);
}

void
template_init(struct packet_template *f, const struct worker *w, enum protocol proto,
	      uint16_t bytes, uint16_t payload, uint16_t vary)
{
	rte_be32_t dst = destination(w);
	uint8_t *l4 = f->data + FRAME_L4_AT;
	uint16_t header = write_l4(l4, proto, payload, destination_port(w));
	uint16_t l4_bytes = (uint16_t)(header + payload);

	write_eth(f->data, w);
	write_ip(f->data + FRAME_IP_AT, (uint16_t)(IP_BYTES + l4_bytes), proto_number(proto), dst);
	f->bytes = bytes;
	f->payload_at = (uint16_t)(FRAME_L4_AT + header);
	f->payload_bytes = payload;
	memset(f->data + f->payload_at, 0, sizeof(f->data) - f->payload_at);
	payload_fill(w->plan, w->plan->seed, vary, f->data + f->payload_at + vary,
		     payload > vary ? payload - (size_t)vary : 0);
	f->ip_sum = csum_add(0, f->data + FRAME_IP_AT, IP_BYTES);
	f->l4_sum = csum_add(pseudo_sum(proto_number(proto), l4_bytes, dst), l4, l4_bytes);
}

uint16_t
template_most(const struct worker *w)
{
	uint32_t room = rte_pktmbuf_data_room_size(w->port->pool) - RTE_PKTMBUF_HEADROOM;
	uint32_t most = (uint32_t)w->port->mtu + RTE_ETHER_HDR_LEN;

	return (uint16_t)RTE_MIN(RTE_MIN(room, most), (uint32_t)FRAME_MOST_BYTES);
}

/* What comes back ---------------------------------------------------------------------------- */

static bool
is_whole(const uint8_t *ip)
{
	return (load16(ip + 6) & RTE_BE16(MORE_FRAGMENTS | OFFSET_MASK)) == 0;
}

bool
received_read(const struct rte_mbuf *m, struct received *r)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *), *ip = data + FRAME_IP_AT;
	uint16_t total;

	if (m->nb_segs != 1 || m->data_len < FRAME_PAYLOAD_AT ||
	    load16(data + 2 * RTE_ETHER_ADDR_LEN) != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	    ip[0] >> 4 != 4 || !is_whole(ip))
		return false;
	r->ip = ip;
	r->ip_bytes = (uint16_t)((ip[0] & 0xf) * 4);
	total = rte_be_to_cpu_16(load16(ip + 2));
	if (r->ip_bytes < IP_BYTES || total < r->ip_bytes + 8 || total > m->data_len - FRAME_IP_AT)
		return false;
	r->l4 = ip + r->ip_bytes;
	r->l4_bytes = (uint16_t)(total - r->ip_bytes);
	r->proto = ip[9];
	return true;
}

static bool
ip_sum_good(const struct rte_mbuf *m, const struct received *r)
{
	uint64_t mark = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	if (mark == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return true;
	return mark != RTE_MBUF_F_RX_IP_CKSUM_BAD &&
	       csum_finish(csum_add(0, r->ip, r->ip_bytes)) == 0;
}

static bool
l4_sum_good(const struct rte_mbuf *m, const struct received *r)
{
	uint64_t mark = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, sum = 0;

	if (mark == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return true;
	if (mark == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	if (r->proto == IPPROTO_UDP && load16(r->l4 + 6) == 0) /* RFC 768: there is none */
		return true;
	if (r->proto != IPPROTO_ICMP && r->proto != IPPROTO_UDP && r->proto != IPPROTO_TCP)
		return true;
	if (r->proto != IPPROTO_ICMP)
		sum = pseudo_sum(r->proto, r->l4_bytes, load32(r->ip + 16)) + load32(r->ip + 12);
	return csum_finish(csum_add(sum, r->l4, r->l4_bytes)) == 0;
}

bool
received_good(const struct rte_mbuf *m, const struct received *r)
{
	return ip_sum_good(m, r) && l4_sum_good(m, r);
}
