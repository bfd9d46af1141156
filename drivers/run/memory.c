/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <numa.h>
#include <sys/mman.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "run.h"

enum {
	HUGE_BYTES = 2 << 20,
	CACHE_MBUFS = 256, /* kept by an lcore of its pool */
	EAL_MB = 32,	   /* what the EAL and its drivers take beside the mbufs, about */
};

static uint64_t
to_mb(uint64_t bytes)
{
	return (bytes + (1 << 20) - 1) >> 20;
}

/* Tables ------------------------------------------------------------------------------------- */

/*
 * What the kernel can still give, bytes; UINT64_MAX: it does not say. A sixteenth of it is left for
 * page tables and what the EAL has not touched yet: the last byte is given by the OOM killer.
 */
static uint64_t
memory_available(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	uint64_t kb = 0;
	char line[128];

	if (f == NULL)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "MemAvailable: %" SCNu64, &kb) == 1)
			break;
	fclose(f);
	return kb == 0 ? UINT64_MAX : (kb - kb / 16) << 10;
}

/* On the node of the lcore, in huge pages if the kernel has any, and there before it is used. */
static void
place(const struct run_lcore *lcore, void *mem, size_t bytes)
{
	int node = (int)rte_lcore_to_socket_id(lcore->id);

	if (numa_available() >= 0 && numa_max_node() > 0)
		numa_tonode_memory(mem, bytes, node);
	madvise(mem, bytes, MADV_HUGEPAGE);
	if (madvise(mem, bytes, MADV_POPULATE_WRITE) < 0)
		memset(mem, 0, bytes);
}

/* A mapping of whole huge pages: what is too much at both ends is given back at once. */
static void *
map_aligned(size_t bytes)
{
	uint8_t *all, *mem;
	size_t before;

	all = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	if (all == MAP_FAILED)
		return NULL;
	mem = (uint8_t *)RTE_ALIGN_CEIL((uintptr_t)all, HUGE_BYTES);
	before = (size_t)(mem - all);
	if (before > 0)
		munmap(all, before);
	munmap(mem + bytes, HUGE_BYTES - before);
	return mem;
}

/* To be asked first: the kernel promises more than it has, and kills who takes it at its word. */
static void *
take(const struct run_lcore *lcore, uint64_t bytes)
{
	void *mem = bytes > memory_available() ? NULL : map_aligned(bytes);

	if (mem != NULL)
		place(lcore, mem, bytes);
	return mem;
}

int
run_take_memory(struct run_lcore *lcore, const struct tern_config *config)
{
	uint64_t stack = RTE_ALIGN_CEIL(tern_stack_bytes(config), RTE_CACHE_LINE_SIZE);
	uint64_t wanted = stack + run_faults_bytes();

	lcore->bytes = RTE_ALIGN_CEIL(wanted, HUGE_BYTES);
	lcore->mem = take(lcore, lcore->bytes);
	if (lcore->mem == NULL)
		return run_complain("%" PRIu64 " MB for the tables of lcore %u, %" PRIu64
				    " MB free: fewer connections (now %u) or lcores (-l) take less",
				    to_mb(wanted), lcore->id, to_mb(memory_available()),
				    config->connections);
	lcore->faults_mem = (uint8_t *)lcore->mem + stack;
	return 0;
}

void *
tern_run_take(unsigned int index, size_t bytes, const char *what)
{
	const struct run_lcore *lcore = &run_process.lcores[index];
	void *mem = take(lcore, RTE_ALIGN_CEIL(bytes, (size_t)HUGE_BYTES));

	if (mem == NULL)
		run_complain("%" PRIu64 " MB for %s of lcore %u, %" PRIu64 " MB free", to_mb(bytes),
			     what, lcore->id, to_mb(memory_available()));
	return mem;
}

void
run_give_memory(struct run_lcore *lcore)
{
	if (lcore->mem != NULL)
		munmap(lcore->mem, lcore->bytes);
	lcore->mem = NULL;
}

/* mbufs -------------------------------------------------------------------------------------- */

static struct rte_mempool *
make_pool(const struct run_lcore *lcore, uint32_t mbufs, uint16_t room, int socket)
{
	uint32_t cache = RTE_MIN((uint32_t)CACHE_MBUFS, mbufs * 2 / 3);
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "tern_%u", lcore->id);
	return rte_pktmbuf_pool_create(name, mbufs, cache, 0, room, socket);
}

int
run_make_pool(struct run_lcore *lcore, uint32_t mbufs, uint16_t mtu)
{
	uint16_t room = tern_ethdev_room(mtu);
	uint64_t each = rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + room, 0, NULL);
	int socket = (int)rte_lcore_to_socket_id(lcore->id);
	struct rte_mempool *pool = make_pool(lcore, mbufs, room, socket);

	/* Without hugepages the EAL has memory on one node only. */
	if (pool == NULL && !rte_eal_has_hugepages())
		pool = make_pool(lcore, mbufs, room, SOCKET_ID_ANY);
	if (pool == NULL)
		return run_complain("%" PRIu64 " MB for %u mbufs of lcore %u: %s; give DPDK "
				    "-m %" PRIu64 " or more",
				    to_mb(each * mbufs), mbufs, lcore->id, rte_strerror(rte_errno),
				    to_mb(each * mbufs) * rte_lcore_count() + EAL_MB);
	lcore->ethdev.port.pool = pool;
	return 0;
}
