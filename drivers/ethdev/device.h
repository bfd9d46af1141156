/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The device behind a port.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>

#include <rte_ethdev.h>

/* Take out of info what its driver offers in DPDK 22.11, but does not keep. */
void device_leave_traps(struct rte_eth_dev_info *info);

/* The address that a stack on this port is to have. Return: 0, or what the driver said. */
int device_mac(uint16_t id, const struct rte_eth_dev_info *info, struct rte_ether_addr *mac);

/* What a start that failed says to people, with the port's name. Return: rc. */
int device_not_started(const struct rte_eth_dev_info *info, const char *name, int rc,
		       char why[256]);

/* Software: nothing but this machine's processors reads memory. */
bool device_is_virtual(const struct rte_eth_dev_info *info);

#endif
