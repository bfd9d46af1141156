/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A port: where packets come from and go to, as a stack sees it.
 *
 * A driver fills this struct (drivers/ethdev for any DPDK port and queue, drivers/pipe in memory);
 * a stack polls it. One port object belongs to one stack and one thread: a port with N queues is
 * N of these. Packets are mbufs: rx() hands over ownership, tx() takes it over for those that it
 * accepted, always a prefix of the burst.
 */
#ifndef TERN_PORT_H
#define TERN_PORT_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the port does by itself. Without a flag tern does it in software. */
#define TERN_PORT_TX_IP_CKSUM (1u << 0)	 /* makes IPv4 header checksums */
#define TERN_PORT_TX_UDP_CKSUM (1u << 1) /* completes UDP checksums over a pseudo-header sum */
#define TERN_PORT_TX_TCP_CKSUM (1u << 2) /* completes TCP checksums likewise */
#define TERN_PORT_TX_CHAIN (1u << 3)	 /* sends packets of several mbufs */

/*
 * Received checksums need no flag: an mbuf marked GOOD is believed, one marked BAD dropped, and
 * one that carries no mark is summed.
 */

struct tern_port {
	/** Receive at most @n packets without waiting. Return: how many. */
	uint16_t (*rx)(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n);
	/** Send the first packets of @pkts, at most @n, without waiting. Return: how many. */
	uint16_t (*tx)(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n);

	struct rte_mempool *pool;  /* where the stack takes mbufs for what nobody asked for */
	struct rte_ether_addr mac; /* our own address on this link */
	uint16_t mtu;		   /* longest IP packet, bytes */
	uint32_t caps;		   /* TERN_PORT_* */
};

#ifdef __cplusplus
}
#endif

#endif
