/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP for Ethernet and IPv4: bytes <-> fields (RFC 826). No state; memory may be aligned in any
 * way.
 */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>

#include <tern_verdict.h>

enum {
	ARP_BYTES = sizeof(struct rte_arp_hdr),
	ARP_REQUEST = RTE_ARP_OP_REQUEST,
	ARP_REPLY = RTE_ARP_OP_REPLY,
};

struct arp_packet {
	uint16_t op;			/* ARP_REQUEST or ARP_REPLY */
	struct rte_ether_addr sha, tha; /* link address of sender and target */
	rte_be32_t spa, tpa;		/* their IPv4 addresses */
};

/* Return: TERN_UNDECIDED, or why it is no such packet. Bytes after it are padding. */
static inline enum tern_verdict
arp_parse(const void *at, size_t len, struct arp_packet *arp)
{
	struct rte_arp_hdr h;

	if (len < ARP_BYTES)
		return TERN_DROP_ARP_TRUNCATED;
	memcpy(&h, at, sizeof(h));
	if (h.arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
	    h.arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) || h.arp_hlen != RTE_ETHER_ADDR_LEN ||
	    h.arp_plen != sizeof(rte_be32_t))
		return TERN_DROP_ARP_FORMAT;
	if (h.arp_opcode != RTE_BE16(ARP_REQUEST) && h.arp_opcode != RTE_BE16(ARP_REPLY))
		return TERN_DROP_ARP_FORMAT;
	arp->op = rte_be_to_cpu_16(h.arp_opcode);
	arp->sha = h.arp_data.arp_sha;
	arp->tha = h.arp_data.arp_tha;
	arp->spa = h.arp_data.arp_sip;
	arp->tpa = h.arp_data.arp_tip;
	return TERN_UNDECIDED;
}

/* Write ARP_BYTES. */
static inline void
arp_emit(void *at, const struct arp_packet *arp)
{
	const struct rte_arp_hdr h = {
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = sizeof(rte_be32_t),
		.arp_opcode = rte_cpu_to_be_16(arp->op),
		.arp_data = {
			.arp_sha = arp->sha,
			.arp_sip = arp->spa,
			.arp_tha = arp->tha,
			.arp_tip = arp->tpa,
		},
	};

	memcpy(at, &h, sizeof(h));
}

#endif
