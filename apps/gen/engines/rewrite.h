/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Frames of a capture are sent as somebody else's, to somebody else.
 */
#ifndef GEN_ENGINES_REWRITE_H
#define GEN_ENGINES_REWRITE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include <tern_addr.h>

/* Where the IPv4 header is, behind VLAN tags too; 0: there is none, or not a whole one. */
uint16_t rewrite_ipv4_at(const uint8_t *frame, uint16_t bytes);

/*
 * rewrite_addrs() - give an IPv4 packet other addresses; its checksums follow (RFC 1624)
 * @at:  of its IP header, from rewrite_ipv4_at()
 * @src, @dst: NULL: as it is
 *
 * What was wrong stays wrong. A UDP datagram without checksum gets none.
 */
void rewrite_addrs(uint8_t *frame, uint16_t bytes, uint16_t at, const rte_be32_t *src,
		   const rte_be32_t *dst);

/* Make the checksum of a TCP, UDP or ICMP packet anew that is no fragment. */
void rewrite_sum(uint8_t *frame, uint16_t bytes, uint16_t at);

#endif
