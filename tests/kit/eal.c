/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "eal.h"

/* One lcore that floats over every CPU we may use: the EAL would pin all test processes to one. */
static void
lcore_map(char *text, size_t size)
{
	cpu_set_t set;
	size_t at;
	int cpu;

	at = (size_t)snprintf(text, size, "0@(");
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		CPU_ZERO(&set);
	for (cpu = 0; cpu < CPU_SETSIZE && at < size - 8; cpu++)
		if (CPU_ISSET(cpu, &set))
			at += (size_t)snprintf(text + at, size - at, "%d,", cpu);
	text[at - 1] = ')';
}

static void
start(void)
{
	static char lcores[1024], a0[] = "tern-test", a1[] = "--no-huge", a2[] = "--no-shconf",
				  a3[] = "--no-pci", a4[] = "-m", a5[] = "64",
				  a6[] = "--no-telemetry", a7[] = "--log-level=error",
				  a8[] = "--lcores";
	char *argv[] = { a0, a1, a2, a3, a4, a5, a6, a7, a8, lcores, NULL };

	lcore_map(lcores, sizeof(lcores));
	if (rte_eal_init((int)(sizeof(argv) / sizeof(argv[0])) - 1, argv) < 0) {
		fprintf(stderr, "the EAL does not start\n");
		exit(1);
	}
}

struct rte_mempool *
eal_pool(void)
{
	static struct rte_mempool *pool;

	if (pool == NULL) {
		start();
		pool = rte_pktmbuf_pool_create("test", EAL_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					       (int)rte_socket_id());
	}
	if (pool == NULL) {
		fprintf(stderr, "no memory for %d mbufs\n", EAL_MBUFS);
		exit(1);
	}
	return pool;
}
