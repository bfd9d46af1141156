/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A capture file, pcap or pcapng, read into memory by libpcap: any byte order, micro- and
 * nanoseconds. All packets come out as Ethernet frames: those of captures that begin with IP get a
 * header, its addresses zero.
 */
#ifndef GEN_ENGINES_CAPTURE_H
#define GEN_ENGINES_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct captured {
	uint64_t at_ns;	 /* from the first packet on; never less than the one before */
	size_t from;	 /* of capture.bytes */
	uint32_t number; /* in the file, of those that are not left out */
	uint16_t bytes;	 /* of the frame as it was on the wire; what was not captured is zero */
	uint16_t known;	 /* of them: those that were captured */
};

struct capture {
	struct captured *packets;
	uint8_t *bytes;
	uint32_t n;
	uint32_t in_file; /* packets of the file, less those left out */
	uint32_t odd;	  /* left out: shorter than an Ethernet header, or longer than `most` */
	uint64_t span_ns; /* from the first packet to the last, and a mean gap */
	size_t bytes_n, bytes_room;
	uint32_t packets_room;
};

/*
 * capture_load() - read a whole file
 * @most: the longest frame that is wanted, without FCS
 * @why:  on failure, one line for a person
 *
 * Return: 0; or -1: no such file, not a capture, cut off, of no kind of link that is known, or
 * without a packet. Then nothing is to be freed.
 */
int capture_load(struct capture *c, const char *path, uint16_t most, char why[256]);

void capture_free(struct capture *c);

/* Keep those packets only of which `wanted` is true; the others' bytes are given up, too. */
void capture_keep(struct capture *c,
		  bool (*wanted)(void *data, const struct capture *c, uint32_t i), void *data);

#endif
