/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP segments in packetdrill's notation:
 *
 *   flags seq:end(len) [ack N] [win N] [urg N] [<options>] [[text]]
 *
 *   flags    of S F R P . E W U, "." being ACK, "-" none; a small p in an expectation: PSH or not
 *   numbers  relative to the initial sequence number of the side that they count; with @ in front
 *            absolute. SYN and FIN do not count in len.
 *   win      as in the header, not scaled; "*" or nothing in an expectation: any
 *   options  mss N, wscale N, sackOK, nop, eol, TS val A ecr B, sack A:B C:D ..., "raw 1e0400..."
 *            bytes; "..." alone in an expectation: any. Padded with eol. An expectation does not
 *            look at their order, nor at nop and eol.
 *   [text]   the payload; else the kit's pattern
 */
#ifndef KIT_SEGMENT_H
#define KIT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128 };

struct segment {
	uint32_t seq, ack; /* absolute */
	uint16_t len;	   /* payload bytes */
	uint16_t win, urg;
	uint8_t flags;
	uint8_t opts_len;
	uint8_t opts[40];
	bool any_win, any_opts, any_psh;
	char text[64]; /* payload, if not empty */
};

#define SEGMENT_TEXT 400

/*
 * Read the notation; seq_base and ack_base are the initial sequence numbers of the side that sends
 * and of the one that receives. Return: NULL, or what is wrong with the text.
 */
const char *segment_parse(struct segment *s, const char *text, uint32_t seq_base,
			  uint32_t ack_base);

char *segment_print(char text[SEGMENT_TEXT], const struct segment *s, uint32_t seq_base,
		    uint32_t ack_base);

/* Fields of a received segment of len bytes, header first. Return: false, it is malformed. */
bool segment_read(struct segment *s, const uint8_t *tcp, uint32_t len);

/* Find an option. Return: its first byte (the kind), or NULL. */
const uint8_t *segment_option(const struct segment *s, uint8_t kind);

/* Is the actual segment what was expected? */
bool segment_matches(const struct segment *expected, const struct segment *actual);

/* Sequence space that it takes: payload, SYN and FIN. */
static inline uint32_t
segment_space(const struct segment *s)
{
	return s->len + ((s->flags & SYN) != 0) + ((s->flags & FIN) != 0);
}

#endif
