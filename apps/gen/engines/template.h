/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Frames: a template that is copied and completed for each packet, and the way back: what stands in
 * a frame that was received.
 *
 * IPv4 without options: Ethernet 14 bytes, IP 20, then UDP 8, ICMP echo 8, or TCP 24 (a SYN with an
 * MSS). Lengths are without FCS, which the port makes.
 */
#ifndef GEN_ENGINES_TEMPLATE_H
#define GEN_ENGINES_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include "gen/engines/csum.h"
#include "gen/engines/imix.h"
#include "gen/engines/sources.h"
#include "gen/worker.h"

enum {
	FRAME_FCS_BYTES = 4,
	FRAME_LEAST_BYTES = IMIX_LEAST_BYTES - FRAME_FCS_BYTES,
	FRAME_MOST_BYTES = IMIX_MOST_BYTES - FRAME_FCS_BYTES,
	FRAME_IP_AT = 14,
	FRAME_IP_CKSUM_AT = FRAME_IP_AT + 10,
	FRAME_SRC_AT = FRAME_IP_AT + 12,
	FRAME_DST_AT = FRAME_IP_AT + 16,
	FRAME_L4_AT = FRAME_IP_AT + 20,
	FRAME_UDP_CKSUM_AT = FRAME_L4_AT + 6,
	FRAME_ICMP_CKSUM_AT = FRAME_L4_AT + 2,
	FRAME_ICMP_ID_AT = FRAME_L4_AT + 4,
	FRAME_TCP_SEQ_AT = FRAME_L4_AT + 4,
	FRAME_TCP_CKSUM_AT = FRAME_L4_AT + 16,
	FRAME_PAYLOAD_AT = FRAME_L4_AT + 8, /* of UDP and ICMP echo */
	FRAME_SYN_PAYLOAD_AT = FRAME_L4_AT + 24,
	FRAME_COPY_BYTES = 64, /* a template may be read and an mbuf written so far */
};

struct packet_template {
	uint8_t data[RTE_ALIGN_CEIL(FRAME_MOST_BYTES, 64)] __rte_cache_aligned;
	uint64_t ip_sum, l4_sum; /* of all but source address and port, id, seq, and stamp */
	uint16_t bytes;
	uint16_t payload_at, payload_bytes;
};

/*
 * template_init() - make a template
 * @proto:   PROTO_UDP, PROTO_ICMP or PROTO_SYN
 * @bytes:   of the frame, FRAME_LEAST_BYTES at least; what no packet fills is padding
 * @payload: of the packet
 * @vary:    so many bytes of the payload are written anew for each packet, and not in l4_sum
 */
void template_init(struct packet_template *f, const struct worker *w, enum protocol proto,
		   uint16_t bytes, uint16_t payload, uint16_t vary);

/* The longest frame that the port of a worker takes, and its mbufs hold. */
uint16_t template_most(const struct worker *w);

/*
 * Make an mbuf as it comes from its mempool, where next, the number of segments and the references
 * are right already, a packet. Of rte_pktmbuf_reset() without what nobody looks at while no flag
 * says so.
 */
static inline void
template_dress(struct rte_mbuf *m, uint16_t bytes)
{
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->port = RTE_MBUF_PORT_INVALID;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->pkt_len = bytes;
	m->data_len = bytes;
	m->vlan_tci = 0;
}

/*
 * Copy a template into an mbuf as it comes from its mempool, whose room for it is certain. Return:
 * its first byte.
 */
static inline uint8_t *
template_copy(const struct packet_template *f, struct rte_mbuf *m)
{
	uint8_t *to = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;

	template_dress(m, f->bytes);
	memcpy(to, f->data, FRAME_COPY_BYTES);
	if (f->bytes > FRAME_COPY_BYTES)
		memcpy(to + FRAME_COPY_BYTES, f->data + FRAME_COPY_BYTES,
		       f->bytes - (size_t)FRAME_COPY_BYTES);
	return to;
}

static inline void
store16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void
store32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline uint16_t
load16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t
load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Complete the IP header. Return: what this source adds to the checksum above it. */
static inline uint64_t
template_from(const struct packet_template *f, uint8_t *to, struct source source)
{
	uint32_t addr = rte_cpu_to_be_32(source.addr);

	store32(to + FRAME_SRC_AT, addr);
	store16(to + FRAME_IP_CKSUM_AT, csum_finish(f->ip_sum + addr));
	return addr;
}

/* What was received: an unfragmented IPv4 packet in one mbuf, lengths checked. */
struct received {
	const uint8_t *ip, *l4;
	uint16_t ip_bytes; /* of its header */
	uint16_t l4_bytes; /* header and payload */
	uint8_t proto;
};

/* Return: is it one? Checksums are not looked at. */
bool received_read(const struct rte_mbuf *m, struct received *r);

/* The checksums of IP and of UDP or ICMP: as the mbuf is marked, else summed. */
bool received_good(const struct rte_mbuf *m, const struct received *r);

#endif
