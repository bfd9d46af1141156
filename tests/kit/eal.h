/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK for tests: no hugepages, no devices, no files, no privileges; once per process.
 */
#ifndef KIT_EAL_H
#define KIT_EAL_H

#include <rte_mempool.h>

/* Packets in the pool of a test process. */
#define EAL_MBUFS 2047

/* Starts the EAL at the first call. The pool has no per-lcore cache, so its count is exact. */
struct rte_mempool *eal_pool(void);

#endif
