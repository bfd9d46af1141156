/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>

#include "device.h"

/* A promise that is not kept, and what was seen. */
struct trap {
	const char *driver;
	uint64_t rx, tx, rss;
};

static const struct trap traps[] = {
	/*
	 * Checksums: made in software, and wrong when the first mbuf of a chain holds an odd number
	 * of payload bytes: 24 of 24 TCP and UDP packets of 1 + 1 .. 1 + 1288 bytes were bad on the
	 * wire, 48 of 48 with 0 or 2 bytes in front good. Our own software is right and as fast.
	 *
	 * RSS: a classifier in the kernel that only rte_flow rules set up, if multiq is there at
	 * all. Without rules the kernel itself sends a flow's packets to the queue that the flow
	 * was last answered from, which is just what a stack per queue needs.
	 */
	{ .driver = "net_tap",
	  .tx = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
		RTE_ETH_TX_OFFLOAD_TCP_CKSUM,
	  .rss = UINT64_MAX },
	/* It makes packets of zeroes: there are no flows to tell apart. */
	{ .driver = "net_null", .rss = UINT64_MAX },
};

void
device_leave_traps(struct rte_eth_dev_info *info)
{
	for (size_t i = 0; i < RTE_DIM(traps); i++) {
		if (strcmp(traps[i].driver, info->driver_name) != 0)
			continue;
		info->rx_offload_capa &= ~traps[i].rx;
		info->tx_offload_capa &= ~traps[i].tx;
		info->flow_type_rss_offloads &= ~traps[i].rss;
	}
}

int
device_not_started(const struct rte_eth_dev_info *info, const char *name, int rc, char why[256])
{
	/* A client of memif has no errno for it: -1 is that it could not connect. */
	if (rc == -1 && strcmp(info->driver_name, "net_memif") == 0)
		snprintf(why, 256, "port %s has no link: is a server running on its socket?", name);
	else
		snprintf(why, 256, "port %s does not start: %s", name, strerror(-rc));
	return rc;
}

bool
device_is_virtual(const struct rte_eth_dev_info *info)
{
	const struct rte_bus *bus = info->device != NULL ? rte_dev_bus(info->device) : NULL;

	/* Ports that an application made of rings have no device at all. */
	return bus == NULL || strcmp(rte_bus_name(bus), "vdev") == 0;
}

int
device_mac(uint16_t id, const struct rte_eth_dev_info *info, struct rte_ether_addr *mac)
{
	int rc = rte_eth_macaddr_get(id, mac);

	/* Ports made of rings have none, and no frame may come from 00:00:00:00:00:00. */
	if (rc == 0 && rte_is_zero_ether_addr(mac))
		rte_eth_random_addr(mac->addr_bytes);
	/*
	 * The kernel's interface at the other end of a tap has this very address, and two
	 * neighbours must not. What the kernel sends comes through whatever address it is for.
	 */
	if (strcmp(info->driver_name, "net_tap") == 0)
		mac->addr_bytes[RTE_ETHER_ADDR_LEN - 1] ^= 1;
	return rc;
}
