/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_errno.h>
#include <rte_ring_elem.h>

#include "run.h"

enum { RING_MESSAGES = 256 };

/* What one lcore tells another. */
struct message {
	struct tern_addr addr;
	struct rte_ether_addr mac;
	uint16_t unused;
};

/* A full ring drops the news: the neighbour is asked again by who needs it. */
static void
tell_others(void *data, struct tern_addr addr, const uint8_t mac[6])
{
	const struct run_lcore *from = data;
	struct message message = { .addr = addr };

	memcpy(message.mac.addr_bytes, mac, sizeof(message.mac.addr_bytes));
	for (unsigned int i = 0; i < run_process.n; i++)
		if (&run_process.lcores[i] != from)
			rte_ring_mp_enqueue_elem(run_process.lcores[i].heard, &message,
						 sizeof(message));
	if (run_process.on_neighbour != NULL)
		run_process.on_neighbour(run_process.on_neighbour_data, addr, mac);
}

int
run_make_rings(struct tern_config *config)
{
	if (run_process.n == 1)
		return 0;
	for (unsigned int i = 0; i < run_process.n; i++) {
		struct run_lcore *lcore = &run_process.lcores[i];
		char name[RTE_RING_NAMESIZE];

		snprintf(name, sizeof(name), "tern_heard_%u", lcore->id);
		lcore->heard =
			rte_ring_create_elem(name, sizeof(struct message), RING_MESSAGES,
					     (int)rte_lcore_to_socket_id(lcore->id), RING_F_SC_DEQ);
		if (lcore->heard == NULL)
			return run_complain("no memory for the ring of lcore %u: %s; give DPDK "
					    "more with -m",
					    lcore->id, rte_strerror(rte_errno));
	}
	run_process.on_neighbour = config->on_neighbour;
	run_process.on_neighbour_data = config->on_neighbour_data;
	config->on_neighbour = tell_others;
	return 0;
}

void
run_free_rings(void)
{
	for (unsigned int i = 0; i < run_process.n; i++)
		rte_ring_free(run_process.lcores[i].heard);
}

void
run_hear(struct run_lcore *lcore, uint64_t now)
{
	struct message message;

	while (lcore->heard != NULL &&
	       rte_ring_sc_dequeue_elem(lcore->heard, &message, sizeof(message)) == 0)
		tern_arp_heard(tern_arp(lcore->stack), message.addr, &message.mac, now);
}
