/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Any DPDK ethdev port as ports of tern: tap, memif, ring, null, af_packet, pcap, physical NICs.
 *
 * A port with N queues is N objects, each for one stack and one thread. What the port can do is
 * asked of it and used: RSS with a symmetric key over more than one queue, so that both directions
 * of a flow meet on one lcore; checksums; packets of several mbufs; its MTU. Never
 * MBUF_FAST_FREE: an mbuf of tern may be shared, and may come from any pool.
 *
 * What a driver of DPDK 22.11 offers but does not do right is not used: the list, with reasons,
 * stands in device.c.
 */
#ifndef TERN_ETHDEV_H
#define TERN_ETHDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_memory.h>

#include <tern_api.h>
#include <tern_port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One queue, receiving and sending, of an ethdev port. Its port comes first. */
struct tern_ethdev {
	struct tern_port port;
	uint16_t id;	 /* of the ethdev port */
	uint16_t queue;	 /* index */
	uint16_t queues; /* that the port was opened with */
	/* What was got, in words of rte_ethdev.h: RTE_ETH_RX_OFFLOAD_*, ..TX.., RTE_ETH_RSS_*. */
	uint64_t rx_offloads, tx_offloads, rss;
};

struct tern_ethdev_config {
	uint16_t id;	   /* of the ethdev port */
	uint16_t queues;   /* at least 1 */
	uint16_t mtu;	   /* bytes; 0: as the port has it */
	uint16_t rx_descs; /* of each queue; the port may change them to what it can */
	uint16_t tx_descs;
};

/** What is to be known of a port before it is opened. */
struct tern_ethdev_info {
	char name[64];
	const char *driver;
	uint16_t queues; /* most that it has */
	uint16_t mtu;	 /* as it stands */
	int socket;	 /* NUMA node, or SOCKET_ID_ANY */
	bool is_virtual; /* software: no device reads memory by itself */
};

/**
 * tern_ethdev_find() - a port by its name; the first one there is if @name is NULL
 *
 * Return: 0, or -ENODEV.
 */
TERN_API int tern_ethdev_find(const char *name, uint16_t *id);

/** Return: 0, or what rte_eth_dev_info_get() returned. */
TERN_API int tern_ethdev_info(uint16_t id, struct tern_ethdev_info *info);

/** Room for data that the mbufs of a port with this MTU need, headroom included [bytes]. */
TERN_API uint16_t tern_ethdev_room(uint16_t mtu);

/**
 * tern_ethdev_open() - configure and start a port
 * @queues: config->queues of them, the caller's until tern_ethdev_close(); the pool of each, in
 *          queues[i].port.pool, is set before: it serves receiving and sending
 * @why:    on failure, one line for a person
 *
 * Return: 0, or -EINVAL (more queues or a larger MTU than it has), or what the driver said.
 */
TERN_API int tern_ethdev_open(struct tern_ethdev *queues, const struct tern_ethdev_config *config,
			      char why[256]);

/** Print in one line what an open port is and what was got of it. */
TERN_API void tern_ethdev_print(const struct tern_ethdev *ethdev, FILE *to);

/** Stop an open port, of which @ethdev is any queue, and give its mbufs back. */
TERN_API void tern_ethdev_close(const struct tern_ethdev *ethdev);

/**
 * tern_ethdev_lend() - let an open port read memory that is to be attached to packets
 * @mem:  aligned to a page, as is @len
 * @iova: for tern_loan.iova of its first byte
 *
 * Return: 0, or -ENOTSUP: it has to be copied instead; or what the driver said.
 */
TERN_API int tern_ethdev_lend(uint16_t id, void *mem, size_t len, rte_iova_t *iova);

#ifdef __cplusplus
}
#endif

#endif
