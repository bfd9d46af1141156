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

/* The link address that stands here, as a number: what is equal is equal, nothing else is meant. */
static inline uint64_t
eth_read(const void *at)
{
	const uint8_t *p = at;
	uint32_t first;
	uint16_t rest;

	memcpy(&first, p, sizeof(first));
	memcpy(&rest, p + sizeof(first), sizeof(rest));
	return (uint64_t)rest << 32 | first;
}

static inline void
eth_write(void *at, uint64_t number)
{
	uint8_t *p = at;
	uint32_t first = (uint32_t)number;
	uint16_t rest = (uint16_t)(number >> 32);

	memcpy(p, &first, sizeof(first));
	memcpy(p + sizeof(first), &rest, sizeof(rest));
}

static inline uint64_t
eth_number(const struct rte_ether_addr *addr)
{
	return eth_read(addr->addr_bytes);
}

static inline bool
eth_equal(const struct rte_ether_addr *a, const struct rte_ether_addr *b)
{
	return eth_number(a) == eth_number(b);
}

/* IEEE 802: the first bit on the wire tells a group, all ones is everybody. */
static inline bool
eth_is_group(uint64_t number)
{
	return (number & rte_cpu_to_le_32(RTE_ETHER_GROUP_ADDR)) != 0;
}

static inline bool
eth_is_broadcast(uint64_t number)
{
	return number == UINT64_C(0xffffffffffff);
}

/* May it belong to one station? */
static inline bool
eth_is_unicast(const struct rte_ether_addr *addr)
{
	return eth_number(addr) != 0 && !eth_is_group(eth_number(addr));
}

struct eth_header {
	uint64_t dst, src; /* as eth_number() */
	rte_be16_t type;
};

/* Return: TERN_UNDECIDED, or why it is no frame. */
static inline enum tern_verdict
eth_parse(const void *at, size_t len, struct eth_header *h)
{
	const uint8_t *p = at;

	if (len < ETH_HEADER_BYTES)
		return TERN_DROP_ETH_TRUNCATED;
	h->dst = eth_read(p);
	h->src = eth_read(p + RTE_ETHER_ADDR_LEN);
	memcpy(&h->type, p + 2 * RTE_ETHER_ADDR_LEN, sizeof(h->type));
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
