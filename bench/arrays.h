/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For benches without a wire: a port that is two arrays. What is to come is put into the one, what
 * was sent stands in the other; neither costs more than a copy of pointers.
 */
#ifndef BENCH_ARRAYS_H
#define BENCH_ARRAYS_H

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include <tern_stack.h>

#define ARRAYS_OUT 4096 /* packets of one turn */

struct arrays {
	struct tern_port port; /* first */
	struct rte_mbuf *in[TERN_BURST], *out[ARRAYS_OUT];
	unsigned int in_n, out_n;
};

__attribute__((noreturn)) static inline void
fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

static inline uint16_t
arrays_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct arrays *a = (struct arrays *)port;
	unsigned int k = RTE_MIN(n, a->in_n);

	memcpy(pkts, a->in, k * sizeof(*pkts));
	a->in_n = 0;
	return (uint16_t)k;
}

static inline uint16_t
arrays_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct arrays *a = (struct arrays *)port;
	unsigned int k = RTE_MIN(n, ARRAYS_OUT - a->out_n);

	memcpy(a->out + a->out_n, pkts, k * sizeof(*pkts));
	a->out_n += k;
	return (uint16_t)k;
}

/* An EAL of so many MB on this processor, and mbufs with so much room each. */
static inline void
arrays_start(struct arrays *a, char *name, unsigned int megabytes, unsigned int mbufs,
	     uint16_t room)
{
	static char words[][24] = { "--no-huge",
				    "--no-pci",
				    "--no-shconf",
				    "--no-telemetry",
				    "",
				    "",
				    "--log-level=lib.*:error" };
	char *argv[RTE_DIM(words) + 1] = { name };

	snprintf(words[4], sizeof(words[4]), "-m%u", megabytes);
	snprintf(words[5], sizeof(words[5]), "--lcores=0@%d", sched_getcpu());
	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i + 1] = words[i];
	if (rte_eal_init(RTE_DIM(argv), argv) < 0)
		fail("the EAL does not start");
	a->port = (struct tern_port){
		.rx = arrays_rx, .tx = arrays_tx, .mac = { { 2, 0, 0, 0, 0, 1 } }, .mtu = 1500
	};
	a->port.pool = rte_pktmbuf_pool_create("bench", mbufs, 256, 0, room, SOCKET_ID_ANY);
	if (a->port.pool == NULL)
		fail("no memory for mbufs");
}

#endif
