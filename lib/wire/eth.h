/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet II frames: bytes <-> fields (RFC 894). No state; memory may be aligned in any way.
 */
#ifndef WIRE_ETH_H
#define WIRE_ETH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include <tern_verdict.h>

enum { ETH_HEADER_BYTES = RTE_ETHER_HDR_LEN };

/* A link address as a number: what is equal is equal, nothing else is meant. */
static inline uint64_t
eth_number(const struct rte_ether_addr *addr)
{
	uint32_t low;
	uint16_t high;

	memcpy(&low, addr->addr_bytes, sizeof(low));
	memcpy(&high, addr->addr_bytes + sizeof(low), sizeof(high));
	return (uint64_t)high << 32 | low;
}

static inline bool
eth_equal(const struct rte_ether_addr *a, const struct rte_ether_addr *b)
{
	return eth_number(a) == eth_number(b);
}

/* IEEE 802: the first bit on the wire tells a group, all ones is everybody. */
static inline bool
eth_is_group(const struct rte_ether_addr *addr)
{
	return (addr->addr_bytes[0] & RTE_ETHER_GROUP_ADDR) != 0;
}

static inline bool
eth_is_broadcast(const struct rte_ether_addr *addr)
{
	return eth_number(addr) == UINT64_C(0xffffffffffff);
}

/* May it belong to one station? */
static inline bool
eth_is_unicast(const struct rte_ether_addr *addr)
{
	return eth_number(addr) != 0 && !eth_is_group(addr);
}

/* Return: TERN_UNDECIDED, or why it is no frame. */
static inline enum tern_verdict
eth_parse(const void *at, size_t len, struct rte_ether_hdr *h)
{
	if (len < ETH_HEADER_BYTES)
		return TERN_DROP_ETH_TRUNCATED;
	memcpy(h, at, sizeof(*h));
	return TERN_UNDECIDED;
}

/* Write ETH_HEADER_BYTES. */
static inline void
eth_emit(void *at, const struct rte_ether_addr *dst, const struct rte_ether_addr *src,
	 rte_be16_t type)
{
	uint8_t *p = at;

	memcpy(p, dst, RTE_ETHER_ADDR_LEN);
	memcpy(p + RTE_ETHER_ADDR_LEN, src, RTE_ETHER_ADDR_LEN);
	memcpy(p + 2 * RTE_ETHER_ADDR_LEN, &type, sizeof(type));
}

#endif
