/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_dev_dma_map() is marked experimental in 22.11, and is the only way; in this file alone. */
#define ALLOW_EXPERIMENTAL_API
#include <errno.h>

#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <tern_ethdev.h>

#include "device.h"

static int
map(struct rte_device *device, void *mem, size_t len)
{
	int rc;

	if (rte_extmem_register(mem, len, NULL, 0, (size_t)sysconf(_SC_PAGESIZE)) < 0)
		return -rte_errno;
	if (rte_dev_dma_map(device, mem, (uintptr_t)mem, len) == 0)
		return 0;
	rc = -rte_errno;
	rte_extmem_unregister(mem, len);
	return rc;
}

int
tern_ethdev_lend(uint16_t id, void *mem, size_t len, rte_iova_t *iova)
{
	struct rte_eth_dev_info dev;
	int rc = rte_eth_dev_info_get(id, &dev);

	if (rc < 0)
		return rc;
	*iova = (uintptr_t)mem;
	if (device_is_virtual(&dev))
		return 0;
	/* By physical address, neighbouring pages need not be neighbours. */
	return rte_eal_iova_mode() == RTE_IOVA_VA ? map(dev.device, mem, len) : -ENOTSUP;
}
