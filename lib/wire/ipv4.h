/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 headers: bytes <-> fields (RFC 791 §3.1), and what IPv4 adds to the sums of others. No
 * state; memory may be aligned in any way.
 */
#ifndef WIRE_IPV4_H
#define WIRE_IPV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include <tern_verdict.h>

#include "core/checksum.h"

enum {
	IPV4_HEADER_BYTES = 20,
	IPV4_HEADER_MAX_BYTES = 60,
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_OFFSET_MASK = 0x1fff, /* of a fragment, in units of 8 bytes */
};

/* ECN, the low bits of the traffic class (RFC 3168 §5). */
enum {
	IPV4_ECN = 3,
	IPV4_ECT_0 = 2,
	IPV4_CE = 3,
};

struct ipv4_header {
	uint16_t header_bytes; /* with options */
	uint16_t total_bytes;  /* header and payload */
	uint16_t id;
	uint16_t fragment; /* IPV4_* flags and offset */
	uint8_t tos, ttl, proto;
	rte_be32_t src, dst;
};

static inline uint32_t
ipv4_word(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return rte_be_to_cpu_32(word);
}

static inline void
ipv4_read(const uint8_t *p, struct ipv4_header *h)
{
	uint32_t first = ipv4_word(p), second = ipv4_word(p + 4), third = ipv4_word(p + 8);

	h->header_bytes = (uint16_t)((first >> 24 & 0xf) * 4);
	h->tos = (uint8_t)(first >> 16);
	h->total_bytes = (uint16_t)first;
	h->id = (uint16_t)(second >> 16);
	h->fragment = (uint16_t)second;
	h->ttl = (uint8_t)(third >> 24);
	h->proto = (uint8_t)(third >> 16);
	memcpy(&h->src, p + 12, sizeof(h->src));
	memcpy(&h->dst, p + 16, sizeof(h->dst));
}

/*
 * Return: TERN_UNDECIDED, or why it is no packet. The checksum is not looked at: ipv4_sum_good().
 * After that 20 <= header_bytes <= total_bytes <= len; bytes beyond total_bytes are padding.
 */
static inline enum tern_verdict
ipv4_parse(const void *at, size_t len, struct ipv4_header *h)
{
	const uint8_t *p = at;

	if (len < IPV4_HEADER_BYTES)
		return TERN_DROP_IP_TRUNCATED;
	if (p[0] >> 4 != 4)
		return TERN_DROP_IP_VERSION;
	ipv4_read(p, h);
	if (h->header_bytes < IPV4_HEADER_BYTES || h->header_bytes > len)
		return TERN_DROP_IP_IHL;
	if (h->total_bytes < h->header_bytes || h->total_bytes > len)
		return TERN_DROP_IP_LENGTH;
	return TERN_UNDECIDED;
}

static inline bool
ipv4_sum_good(const void *at, uint16_t header_bytes)
{
	if (header_bytes == IPV4_HEADER_BYTES)
		return cksum_ipv4_header(at) == 0;
	return cksum_finish(cksum_add_long(at, header_bytes, 0)) == 0;
}

static inline bool
ipv4_is_fragment(const struct ipv4_header *h)
{
	return (h->fragment & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK)) != 0;
}

static inline void
ipv4_put(uint8_t *at, uint32_t word)
{
	memcpy(at, &word, sizeof(word));
}

/*
 * Write a header without options, IPV4_HEADER_BYTES; @sum: with its checksum, else with 0 in its
 * place. Summed and stored word by word from registers: wide loads of what was just stored in
 * narrow pieces would wait for it.
 */
static inline void
ipv4_emit(void *at, const struct ipv4_header *h, bool sum)
{
	uint32_t first = UINT32_C(0x45) << 24 | (uint32_t)h->tos << 16 | h->total_bytes;
	uint32_t second = (uint32_t)h->id << 16 | h->fragment;
	uint32_t third = (uint32_t)h->ttl << 24 | (uint32_t)h->proto << 16;
	uint64_t total = (uint64_t)rte_cpu_to_be_32(first) + rte_cpu_to_be_32(second) +
			 rte_cpu_to_be_32(third) + h->src + h->dst;
	uint8_t *p = at;

	if (sum)
		third |= rte_be_to_cpu_16(cksum_finish(total));
	ipv4_put(p, rte_cpu_to_be_32(first));
	ipv4_put(p + 4, rte_cpu_to_be_32(second));
	ipv4_put(p + 8, rte_cpu_to_be_32(third));
	ipv4_put(p + 12, h->src);
	ipv4_put(p + 16, h->dst);
}

/* Sum of the pseudo-header that TCP and UDP prefix (RFC 768, RFC 9293 §3.1), not folded. */
static inline uint64_t
ipv4_pseudo_sum(rte_be32_t src, rte_be32_t dst, uint8_t proto, uint16_t len)
{
	return (uint64_t)src + dst + rte_cpu_to_be_16(proto) + rte_cpu_to_be_16(len);
}

/* 0/8, 127/8 and everything from class D up: never the address of one host (RFC 1122 §3.2.1.3). */
static inline bool
ipv4_is_martian(rte_be32_t addr)
{
	uint32_t first = rte_be_to_cpu_32(addr) >> 24;

	return first == 0 || first == 127 || first >= 224;
}

/* The mask of a prefix of 0..32 bits. */
static inline rte_be32_t
ipv4_mask(unsigned int bits)
{
	return bits == 0 ? 0 : rte_cpu_to_be_32(UINT32_MAX << (32 - bits));
}

#endif
