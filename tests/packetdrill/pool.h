/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool of mbufs without an EAL.
 *
 * packetdrill loads its stack with RTLD_DEEPBIND, locks all memory and is started once a script. An
 * EAL does not read its arguments under the first (the program's optind is another one then), maps
 * 64 MB into the second, and takes longer to start than a script to run. All that tern needs of it
 * is a mempool; this one is laid out as rte_mempool.h has it, in memory of the C library.
 */
#ifndef PACKETDRILL_POOL_H
#define PACKETDRILL_POOL_H

#include <stdint.h>

#include <rte_mempool.h>

/* n mbufs with room for bytes of data each; NULL: no memory. At most one pool a process. */
struct rte_mempool *pool_make(uint32_t n, uint16_t bytes);
void pool_free(struct rte_mempool *mp);

#endif
