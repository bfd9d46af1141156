/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames made by hand: whole Ethernet frames in plain memory, right by default, that a test may
 * then spoil byte by byte. Nothing here uses the code under test.
 */
#ifndef KIT_FRAME_H
#define KIT_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "segment.h"

#define FRAME_MAX 2048
#define FRAME_L3 14 /* offset of the IP header */

struct frame {
	uint16_t len;
	uint8_t b[FRAME_MAX];
};

/* What a datagram says about itself below its payload. */
struct ends {
	rte_be32_t src, dst;
	uint16_t sport, dport; /* host byte order */
};

/* "10.9.0.2"; stops the test on anything else. */
rte_be32_t ip4(const char *text);

/* The link address that the kit gives to a neighbour with this address. */
struct rte_ether_addr mac_of(rte_be32_t addr);

/* The one of the stack under test. */
extern const struct rte_ether_addr our_mac;
extern const struct rte_ether_addr all_mac;

/* Every builder addresses the frame from mac_of(src) to our_mac. */
void frame_arp(struct frame *f, uint16_t op, rte_be32_t spa, rte_be32_t tpa);
void frame_ip(struct frame *f, rte_be32_t src, rte_be32_t dst, uint8_t proto, const void *payload,
	      uint16_t len);
void frame_icmp(struct frame *f, rte_be32_t src, rte_be32_t dst, uint8_t type, uint8_t code,
		uint32_t rest, const void *payload, uint16_t len);
void frame_udp(struct frame *f, const struct ends *e, const void *payload, uint16_t len);
void frame_tcp(struct frame *f, const struct ends *e, const struct segment *s, const uint8_t *data);

/* Bytes of a frame from text: hexadecimal digits, anything else between them is skipped. */
void frame_hex(struct frame *f, const char *text);

/* Insert IP options, len a multiple of 4, and make all sums right again. */
void frame_ip_options(struct frame *f, const uint8_t *options, uint8_t len);

/* Make the IPv4 header checksum right; and the one of the TCP, UDP or ICMP message in it. */
void frame_sum_ip(struct frame *f);
void frame_sum(struct frame *f);

/* Trailing bytes up to len, as an Ethernet pads to 60. */
void frame_pad(struct frame *f, uint16_t len, uint8_t with);

static inline struct rte_ether_hdr *
frame_eth(struct frame *f)
{
	return (struct rte_ether_hdr *)f->b;
}

static inline struct rte_ipv4_hdr *
frame_l3(struct frame *f)
{
	return (struct rte_ipv4_hdr *)(f->b + FRAME_L3);
}

static inline uint8_t *
frame_l4(struct frame *f)
{
	return f->b + FRAME_L3 + (f->b[FRAME_L3] & 0xf) * 4;
}

/* Ones' complement sum of len bytes, added to sum, not folded; RFC 1071. */
uint32_t sum_bytes(uint32_t sum, const uint8_t *p, uint32_t len);
uint16_t sum_fold(uint32_t sum);
/* Of the pseudo-header of the IPv4 packet at ip, for len bytes of payload. */
uint32_t sum_pseudo(const uint8_t *ip, uint32_t len);

static inline uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

#endif
