/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * IP as the layers above see it: see tern_ip.h for what it does.
 */
#ifndef IP_H
#define IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ip.h>
#include <rte_mbuf.h>

#include <tern_addr.h>
#include <tern_config.h>
#include <tern_in.h>
#include <tern_ip.h>
#include <tern_verdict.h>

#include "core/checksum.h"
#include "wire/ipv4.h"

struct tern_arp;
struct tern_eth;
struct tern_icmp;
struct tern_tcp;
struct tern_udp;

/* An address of ours and the network that it puts us on. */
struct ip_address {
	struct tern_addr addr;
	rte_be32_t v4, mask;
	rte_be32_t broadcast;  /* 0: the network has none (RFC 3021: /31; /32) */
	uint8_t bits;	       /* of the mask: 0..32 */
	uint64_t defend_after; /* ARP: the address was defended, and is not again before this */
};

struct ip_route {
	rte_be32_t net, mask, gateway;
	uint8_t bits;
};

/* What an address is to us. */
enum ip_kind {
	IP_KIND_OTHER,
	IP_KIND_OURS,
	IP_KIND_BROADCAST, /* limited, or directed to a network of ours */
};

struct ip_place {
	rte_be32_t v4;
	uint32_t kind; /* IP_KIND_OTHER: an empty place */
};

struct tern_ip {
	struct tern_eth *eth;
	struct tern_arp *arp;
	struct tern_icmp *icmp;
	struct tern_udp *udp;
	struct tern_tcp *tcp;
	struct tern_stats *stats;
	struct ip_place *kinds; /* open addressing, made anew when an address comes or goes */
	uint32_t kinds_shift, kinds_mask;
	uint8_t ttl;
	struct ip_address *address;
	uint32_t addresses, addresses_max;
	struct ip_route *route; /* longest prefix first */
	uint32_t routes, routes_max;
	struct tern_ip_proto *proto[256];
};

size_t ip_bytes(const struct tern_config *config);
void ip_init(struct tern_ip *ip, void *mem, const struct tern_config *config, struct tern_eth *eth,
	     struct tern_arp *arp, struct tern_icmp *icmp, struct tern_udp *udp,
	     struct tern_tcp *tcp, struct tern_stats *stats);

/* TCP's entrance, see layer/tcp/tcp.h: the rest of that is no business of the layers below it. */
enum tern_verdict tcp_recv(struct tern_tcp *tcp, struct tern_in *in);

/* An ICMP error about a packet of ours. */
struct icmp_error {
	uint8_t type, code;
	uint16_t mtu; /* of the next hop, if the code is ICMP_TOO_BIG; 0: it does not say */
	const uint8_t *packet; /* what it quotes: a whole IPv4 header and 8 bytes of its payload */
};

/* One that quotes TCP. Return: was it about a segment in flight? */
bool tcp_unreachable(struct tern_tcp *tcp, const struct icmp_error *e);

/* A received IPv4 packet: in->data, in->len is the frame's payload. */
enum tern_verdict ip_recv(struct tern_ip *ip, struct tern_in *in);

/*
 * From a layer above, down the same mbuf: in->mbuf begins at the transport header (data_off,
 * data_len, pkt_len say so, with at least 34 bytes of headroom); source and destination are
 * in->dst and in->src. Prepends the IPv4 header; eth does the rest when TERN_ANSWER comes back.
 * in->dst that is a group address is replaced by the address that the route gives: who sums over
 * it calls ip_answer_source() before. The traffic class is in->tos; a transport that can promise
 * what they say adds ECN bits to it (RFC 3168 §5).
 *
 * Return: TERN_ANSWER, or TERN_DROP_IP_DEST: it came to a group, and no address of ours can answer.
 */
enum tern_verdict ip_answer(struct tern_ip *ip, struct tern_in *in);

/* See ip_answer(). False: no address of ours can answer. */
bool ip_answer_source(struct tern_ip *ip, struct tern_in *in);

/*
 * A fresh mbuf that begins at its transport header, checksum made (or left to the port with
 * RTE_MBUF_F_TX_*_CKSUM and l4 pseudo-header sum in place). *hop remembers the way: 0 at first.
 * Return: 0 (m is gone), or with m still the caller's -EHOSTUNREACH, -ENOBUFS, -EMSGSIZE (longer
 * than the MTU).
 */
int ip_send(struct tern_ip *ip, struct rte_mbuf *m, struct tern_addr src, struct tern_addr dst,
	    uint8_t proto, uint8_t tos, uint32_t *hop, uint64_t now);

/* A multiplication spreads our own few addresses; whoever asks cannot change where they stand. */
static inline uint32_t
ip_kind_place(const struct tern_ip *ip, rte_be32_t v4)
{
	return (v4 * UINT32_C(0x9e3779b1)) >> ip->kinds_shift;
}

static inline enum ip_kind
ip_kind(const struct tern_ip *ip, rte_be32_t v4)
{
	uint32_t p = ip_kind_place(ip, v4);

	while (ip->kinds[p].kind != IP_KIND_OTHER && ip->kinds[p].v4 != v4)
		p = (p + 1) & ip->kinds_mask;
	return (enum ip_kind)ip->kinds[p].kind;
}

/* Is this address ours? */
bool ip_is_ours(const struct tern_ip *ip, struct tern_addr addr);

/* The record of an address of ours; NULL: it is not. */
struct ip_address *ip_address_of(struct tern_ip *ip, rte_be32_t v4);

/* Does a neighbour of ours on the link have this address, if anybody has? */
bool ip_is_on_link(const struct tern_ip *ip, rte_be32_t v4);

/* The address of ours that packets to dst leave from. False: no route, or no address. */
bool ip_source(const struct tern_ip *ip, struct tern_addr dst, struct tern_addr *src);

/* May a packet be sent to, or taken from, this address as one host's? No group, no martian. */
bool ip_is_unicast(const struct tern_ip *ip, struct tern_addr addr);

/* Is this address a broadcast that we can send to: limited, or of a network of ours? */
bool ip_is_broadcast(const struct tern_ip *ip, struct tern_addr addr);

/*
 * Is the checksum of a received TCP segment or UDP datagram right, which is len bytes at in->l4?
 * The port's word is taken; where it has none the bytes are summed, with the pseudo-header.
 */
static inline bool
ip_sum_good(const struct tern_in *in, uint16_t len)
{
	uint64_t port_says = in->mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint64_t sum;

	if (port_says == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return true;
	/* The data are whole, the field is not filled in: a virtual port of the same host. */
	if (port_says == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	if (port_says == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	sum = ipv4_pseudo_sum(tern_addr_to_v4(in->src), tern_addr_to_v4(in->dst), in->proto, len);
	return cksum_finish(cksum_add(in->l4, len, sum)) == 0;
}

/* Longest transport payload and header together, bytes: MTU less 20. */
uint16_t ip_room(const struct tern_ip *ip);

#endif
