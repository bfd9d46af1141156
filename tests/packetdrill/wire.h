/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wire between packetdrill and the stack: a port of tern's on one side, IP packets on the
 * other.
 *
 * packetdrill knows no link layer, tern does: packets get an Ethernet header on their way in and
 * lose it on their way out, and ARP is answered here for every address but ours. What leaves is
 * judged: a frame that is no IPv4 packet of its own length, or has a wrong IP, TCP, UDP or ICMP
 * checksum, ends the process with a line on stderr, for packetdrill looks at few of these.
 */
#ifndef PACKETDRILL_WIRE_H
#define PACKETDRILL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <tern_port.h>

#define WIRE_IN 64     /* frames on their way to the stack */
#define WIRE_OUT 1024  /* packets that packetdrill has not asked for yet */
#define WIRE_MTU 9000u /* largest of them */

struct packet {
	uint64_t at_ns;
	uint16_t len;
	uint8_t *b;
};

struct wire {
	struct tern_port port; /* first: what the stack sees is what we are given back */
	const uint64_t *now_ns;
	struct rte_mbuf *in[WIRE_IN];
	unsigned int in_head, in_tail;
	struct packet out[WIRE_OUT];
	unsigned int out_head, out_tail;
	uint8_t *taken; /* the bytes that were taken last */
};

void wire_init(struct wire *w, struct rte_mempool *pool, uint16_t mtu, const uint64_t *now_ns);
void wire_fini(struct wire *w);

/* A packet to the stack. False: longer than an mbuf, no mbuf, or too many wait already. */
bool wire_inject(struct wire *w, const void *ip, size_t len);

/* The oldest packet that the stack sent, good until the next call; NULL: none. */
const struct packet *wire_take(struct wire *w);

#endif
