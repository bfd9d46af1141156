/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP headers: bytes <-> fields (RFC 768). No state; memory may be aligned in any way.
 */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_udp.h>

#include <tern_verdict.h>

#include "core/checksum.h"

enum { UDP_HEADER_BYTES = sizeof(struct rte_udp_hdr) };

struct udp_header {
	rte_be16_t sport, dport;
	uint16_t total_bytes; /* header and payload */
	uint16_t cksum;	      /* in memory order; 0: there is none */
};

/*
 * Return: TERN_UNDECIDED, or why it is no datagram. The checksum is not looked at. After that
 * 8 <= total_bytes <= len; bytes beyond it belong to no datagram.
 */
static inline enum tern_verdict
udp_parse(const void *at, size_t len, struct udp_header *udp)
{
	struct rte_udp_hdr h;

	if (len < UDP_HEADER_BYTES)
		return TERN_DROP_UDP_TRUNCATED;
	memcpy(&h, at, sizeof(h));
	udp->sport = h.src_port;
	udp->dport = h.dst_port;
	udp->total_bytes = rte_be_to_cpu_16(h.dgram_len);
	udp->cksum = h.dgram_cksum;
	if (udp->total_bytes < UDP_HEADER_BYTES || udp->total_bytes > len)
		return TERN_DROP_UDP_LENGTH;
	return TERN_UNDECIDED;
}

/* Write UDP_HEADER_BYTES. */
static inline void
udp_emit(void *at, const struct udp_header *udp)
{
	rte_be16_t total = rte_cpu_to_be_16(udp->total_bytes);
	uint8_t *p = at;

	memcpy(p, &udp->sport, sizeof(udp->sport));
	memcpy(p + 2, &udp->dport, sizeof(udp->dport));
	memcpy(p + 4, &total, sizeof(total));
	memcpy(p + 6, &udp->cksum, sizeof(udp->cksum));
}

/* The sum of a header that is still to be written, its checksum taken as 0. */
static inline uint64_t
udp_sum(const struct udp_header *udp)
{
	return (uint64_t)udp->sport + udp->dport + rte_cpu_to_be_16(udp->total_bytes);
}

/* RFC 768: 0 says that there is no checksum; a checksum that is 0 is sent as its other zero. */
static inline uint16_t
udp_cksum(uint64_t sum)
{
	uint16_t cksum = cksum_finish(sum);

	return cksum == 0 ? UINT16_MAX : cksum;
}

#endif
