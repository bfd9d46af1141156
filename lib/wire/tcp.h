/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * TCP segments: bytes <-> fields (RFC 9293 §3.1, §3.2). No state; every length checked by who says
 * so below.
 */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

enum {
	TCP_HEADER_BYTES = 20,
	TCP_HEADER_MAX_BYTES = 60,
	TCP_OPTION_END = 0,
	TCP_OPTION_NOP = 1,
	TCP_OPTION_MSS = 2,
	TCP_OPTION_MSS_BYTES = 4,
	TCP_OPTION_WSCALE = 3,
	TCP_OPTION_WSCALE_BYTES = 3,
	TCP_WSCALE_MAX = 14,	/* RFC 7323 §2.3 */
	TCP_MSS_DEFAULT = 536,	/* RFC 9293 MUST-15 */
	TCP_WSCALE_NONE = 0xff, /* the option was absent */
};

enum {
	TCP_FIN = RTE_TCP_FIN_FLAG,
	TCP_SYN = RTE_TCP_SYN_FLAG,
	TCP_RST = RTE_TCP_RST_FLAG,
	TCP_PSH = RTE_TCP_PSH_FLAG,
	TCP_ACK = RTE_TCP_ACK_FLAG,
	TCP_URG = RTE_TCP_URG_FLAG,
};

/* One received segment in host byte order. */
struct segment {
	uint32_t seq, ack;
	uint32_t wnd; /* as in the header: not scaled */
	uint16_t len; /* payload bytes */
	uint8_t flags;
	/* Options, read from SYN segments only; absent: 0 and TCP_WSCALE_NONE. */
	uint8_t wscale;
	uint16_t mss;
};

/* SEG.LEN: SYN and FIN count (RFC 9293 §3.4). */
static inline uint32_t
segment_length(const struct segment *s)
{
	return s->len + ((s->flags & TCP_SYN) != 0) + ((s->flags & TCP_FIN) != 0);
}

/*
 * Read the options of a SYN. Unknown kinds are skipped by their length (MUST-6); an illegal
 * length ends the reading and what was read before it stands (MUST-7).
 */
void tcp_read_options(const uint8_t *at, uint32_t len, struct segment *s);

/* Write the options of our SYN to @at: MSS, and Window Scale unless none. Return: their length, a
 * multiple of 4. */
uint32_t tcp_write_options(uint8_t *at, uint16_t mss, uint8_t wscale);

#endif
