/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/rewrite.h"

#include <netinet/in.h>

#include <rte_byteorder.h>

#include "gen/engines/template.h"

enum {
	IP_LEAST = 20,
	VLAN_TAGS_MOST = 2,
	VLAN_TAG_BYTES = 4,
	TYPE_AT = 12,
	OFFSET_MASK = 0x1fff,
	MORE_FRAGMENTS = 0x2000,
	UDP_CKSUM_AT = 6,
	TCP_CKSUM_AT = 16,
	ICMP_CKSUM_AT = 2,
};

uint16_t
rewrite_ipv4_at(const uint8_t *frame, uint16_t bytes)
{
	uint16_t at = TYPE_AT, type, header;

	for (unsigned int tags = 0; at + 2 <= bytes; tags++, at = (uint16_t)(at + VLAN_TAG_BYTES)) {
		type = load16(frame + at);
		if ((type != RTE_BE16(RTE_ETHER_TYPE_VLAN) &&
		     type != RTE_BE16(RTE_ETHER_TYPE_QINQ)) ||
		    tags == VLAN_TAGS_MOST)
			break;
	}
	at = (uint16_t)(at + 2);
	if (at + IP_LEAST > bytes || load16(frame + at - 2) != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	    frame[at] >> 4 != 4)
		return 0;
	header = (uint16_t)((frame[at] & 0xf) * 4);
	return header >= IP_LEAST && at + header <= bytes ? at : 0;
}

/* The part of an IP packet that a transport checksum is over. */
struct l4 {
	uint8_t *at;
	uint16_t bytes;	   /* that the frame has of it */
	uint16_t cksum_at; /* 0: there is none */
};

/* Only the first fragment has a header with a checksum. */
static struct l4
l4_of(uint8_t *frame, uint16_t bytes, uint16_t at)
{
	uint16_t header = (uint16_t)((frame[at] & 0xf) * 4);
	uint16_t total = rte_be_to_cpu_16(load16(frame + at + 2));
	struct l4 l4 = { .at = frame + at + header };

	if (total < header || total > bytes - at ||
	    (load16(frame + at + 6) & RTE_BE16(OFFSET_MASK)) != 0)
		return l4;
	l4.bytes = (uint16_t)(total - header);
	switch (frame[at + 9]) {
	case IPPROTO_TCP:
		l4.cksum_at = TCP_CKSUM_AT;
		break;
	case IPPROTO_UDP:
		l4.cksum_at = UDP_CKSUM_AT;
		break;
	case IPPROTO_ICMP:
		l4.cksum_at = ICMP_CKSUM_AT;
		break;
	default:
		return l4;
	}
	if (l4.cksum_at + 2 > l4.bytes)
		l4.cksum_at = 0;
	return l4;
}

/* RFC 1624 equation 3: HC' = ~(~HC + ~m + m'), for both halves of an address. */
static void
update(uint8_t *cksum, rte_be32_t old, rte_be32_t new)
{
	uint64_t sum = (uint64_t)(uint16_t)~load16(cksum) + (uint32_t)~old + new;

	store16(cksum, csum_finish(sum));
}

static void
replace(uint8_t *addr, uint8_t *ip_cksum, const struct l4 *l4, uint8_t proto, rte_be32_t new)
{
	rte_be32_t old = load32(addr);

	store32(addr, new);
	update(ip_cksum, old, new);
	if (l4->cksum_at == 0 || proto == IPPROTO_ICMP)
		return;
	if (proto == IPPROTO_UDP && load16(l4->at + UDP_CKSUM_AT) == 0)
		return;
	update(l4->at + l4->cksum_at, old, new);
	if (proto == IPPROTO_UDP && load16(l4->at + UDP_CKSUM_AT) == 0)
		store16(l4->at + UDP_CKSUM_AT, UINT16_MAX);
}

void
rewrite_addrs(uint8_t *frame, uint16_t bytes, uint16_t at, const rte_be32_t *src,
	      const rte_be32_t *dst)
{
	struct l4 l4 = l4_of(frame, bytes, at);
	uint8_t *ip = frame + at;

	if (src != NULL)
		replace(ip + 12, ip + 10, &l4, ip[9], *src);
	if (dst != NULL)
		replace(ip + 16, ip + 10, &l4, ip[9], *dst);
}

void
rewrite_sum(uint8_t *frame, uint16_t bytes, uint16_t at)
{
	struct l4 l4 = l4_of(frame, bytes, at);
	const uint8_t *ip = frame + at;
	uint64_t sum = 0;

	if (l4.cksum_at == 0 || (load16(ip + 6) & RTE_BE16(MORE_FRAGMENTS)) != 0)
		return;
	if (ip[9] == IPPROTO_UDP && load16(l4.at + UDP_CKSUM_AT) == 0)
		return;
	if (ip[9] != IPPROTO_ICMP)
		sum = (uint64_t)load32(ip + 12) + load32(ip + 16) + rte_cpu_to_be_16(ip[9]) +
		      rte_cpu_to_be_16(l4.bytes);
	store16(l4.at + l4.cksum_at, 0);
	sum = csum_add(sum, l4.at, l4.bytes);
	store16(l4.at + l4.cksum_at,
		ip[9] == IPPROTO_UDP ? csum_finish_udp(sum) : csum_finish(sum));
}
