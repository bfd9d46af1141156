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
	TCP_OPTION_SACK_PERMITTED = 4,
	TCP_OPTION_SACK_PERMITTED_BYTES = 2,
	TCP_OPTION_SACK = 5,
	TCP_OPTION_SACK_BYTES = 2, /* and eight for each block */
	TCP_OPTION_TIMESTAMPS = 8,
	TCP_OPTION_TIMESTAMPS_BYTES = 10,
	TCP_WSCALE_MAX = 14,	/* RFC 7323 §2.3 */
	TCP_MSS_DEFAULT = 536,	/* RFC 9293 MUST-15 */
	TCP_WSCALE_NONE = 0xff, /* the option was absent */
	TCP_SACK_BLOCK_BYTES = 8,
	TCP_SACK_BLOCKS_MAX = 4, /* that fit 40 bytes of options (RFC 2018 §3) */
	/* What both take in every segment but a SYN, aligned to 4. */
	TCP_TIMESTAMPS_ROOM = 12,
	TCP_SACK_ROOM = 4, /* and eight for each block */
};

enum {
	TCP_FIN = RTE_TCP_FIN_FLAG,
	TCP_SYN = RTE_TCP_SYN_FLAG,
	TCP_RST = RTE_TCP_RST_FLAG,
	TCP_PSH = RTE_TCP_PSH_FLAG,
	TCP_ACK = RTE_TCP_ACK_FLAG,
	TCP_URG = RTE_TCP_URG_FLAG,
	TCP_ECE = RTE_TCP_ECE_FLAG,
	TCP_CWR = RTE_TCP_CWR_FLAG,
};

/* Numbers that the peer has, from first to before end (RFC 2018 §3). */
struct sack_block {
	uint32_t first, end;
};

/* Of segment.has: options whose absence no value can tell. */
enum {
	SEGMENT_TIMESTAMPS = 1,
	SEGMENT_SACK_PERMITTED = 2,
};

/* One received segment in host byte order. */
struct segment {
	uint32_t seq, ack;
	uint32_t wnd;	 /* as in the header: not scaled */
	uint16_t len;	 /* payload bytes */
	uint16_t urgent; /* with TCP_URG: how far behind seq urgent data end */
	uint8_t flags;
	bool ce; /* the packet was marked: Congestion Experienced (RFC 3168 §5) */
	/* Options. Those of SYN segments; absent, or no SYN: 0 and TCP_WSCALE_NONE. */
	uint16_t mss;
	uint8_t wscale;
	/* Those of all. */
	uint8_t has;   /* SEGMENT_* */
	uint8_t sacks; /* blocks in sack[] */
	uint32_t ts_val, ts_ecr;
	struct sack_block sack[TCP_SACK_BLOCKS_MAX];
};

/* SEG.LEN: SYN and FIN count (RFC 9293 §3.4). */
static inline uint32_t
segment_length(const struct segment *s)
{
	return s->len + ((s->flags & TCP_SYN) != 0) + ((s->flags & TCP_FIN) != 0);
}

/* A SYN that asks for ECN (RFC 3168 §6.1.1). */
static inline bool
segment_asks_ecn(const struct segment *s)
{
	return (s->flags & (TCP_SYN | TCP_ACK | TCP_ECE | TCP_CWR)) ==
	       (TCP_SYN | TCP_ECE | TCP_CWR);
}

/*
 * The four cases of the acceptability test (RFC 9293 §3.10.7.4 step 1), for the window of wnd bytes
 * from nxt on.
 */
static inline bool
segment_fits(const struct segment *s, uint32_t nxt, uint32_t wnd)
{
	uint32_t length = segment_length(s);
	uint32_t from = s->seq - nxt, to = s->seq + length - 1 - nxt;

	if (length == 0)
		return wnd == 0 ? from == 0 : from < wnd;
	return from < wnd || to < wnd;
}

/*
 * Read the options of a segment whose other fields are read. Unknown kinds are skipped by their
 * length (MUST-6); an illegal length ends the reading and what was read before it stands (MUST-7).
 * End and No-Operation are known, and MSS (MUST-4); any segment may have them (MUST-5), at any
 * alignment (MUST-64).
 */
void tcp_read_options(const uint8_t *at, uint32_t len, struct segment *s);

/* What a SYN of ours offers. */
struct syn_options {
	uint16_t mss;
	uint8_t wscale; /* TCP_WSCALE_NONE: not offered */
	bool sack, timestamps;
	uint32_t ts_val, ts_ecr;
};

/*
 * Write the options of a SYN to @at: MSS, SACK-Permitted, Timestamps, NOP, Window Scale. Return:
 * their length, a multiple of 4.
 */
uint32_t tcp_write_syn_options(uint8_t *at, const struct syn_options *o);

/* Write Timestamps to @at (RFC 7323 appendix A). Return: TCP_TIMESTAMPS_ROOM. */
uint32_t tcp_write_timestamps(uint8_t *at, uint32_t val, uint32_t ecr);

/* Write n blocks to @at, 1 to TCP_SACK_BLOCKS_MAX. Return: TCP_SACK_ROOM and their length. */
uint32_t tcp_write_sack(uint8_t *at, const struct sack_block *blocks, uint32_t n);

#endif
