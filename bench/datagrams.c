/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a request costs tern-gen over UDP and ICMP: its side alone, no wire.
 *
 *	meson setup build && ninja -C build bench/bench-datagrams
 *	build/bench/bench-datagrams
 *
 * A port in memory hands the worker bursts of 32 packets and takes what it sends. The peer behind
 * it turns each packet round, as many packets later as there are flows: all are always under way.
 * Checksums are made and verified in software.
 *
 * Counted is the TSC over tern_poll() and worker_poll() in turns of 32 answers and 32 requests:
 * receiving, timing, launching, sending; the peer's work is not. Printed are the median of all
 * turns and the lowest tenth: somebody else may have had the core in between.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <rte_cycles.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include <tern_stack.h>

#include "arrays.h"
#include "gen/worker.h"

enum {
	BURST = TERN_BURST,
	TURNS = 20000,
	WARM_UP = 2000,
	FLOWS_MOST = 100000,
	MBUFS = 2 * FLOWS_MOST,
	HEADROOM = RTE_PKTMBUF_HEADROOM,
};

static struct {
	struct arrays wire;
	struct rte_mbuf *turned[MBUFS]; /* a ring */
	uint32_t head, n;
	struct plan plan;
	struct trial trial;
	struct worker *w;
	struct tern_stack *stack;
	double ns_a_cycle;
	double cost[TURNS];
} bench;

static uint64_t
clock_of(void *unused)
{
	(void)unused;
	return (uint64_t)((double)rte_rdtsc() * bench.ns_a_cycle);
}

/* The peer ----------------------------------------------------------------------------------- */

/* Swapping source and destination changes no sum; a reply's type does (RFC 1624). */
static void
turn_round(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)(ip + 1);
	uint32_t sum;

	RTE_SWAP(ip->src_addr, ip->dst_addr);
	if (ip->next_proto_id == IPPROTO_UDP) {
		RTE_SWAP(udp->src_port, udp->dst_port);
		return;
	}
	icmp->icmp_type = RTE_IP_ICMP_ECHO_REPLY;
	sum = icmp->icmp_cksum + (uint32_t)RTE_BE16(RTE_IP_ICMP_ECHO_REQUEST << 8);
	icmp->icmp_cksum = (uint16_t)((sum & UINT16_MAX) + (sum >> 16));
}

/* What was sent is turned round and queues; the oldest come in next. */
static void
serve(void)
{
	for (unsigned int i = 0; i < bench.wire.out_n; i++) {
		if (rte_pktmbuf_mtod(bench.wire.out[i], struct rte_ether_hdr *)->ether_type !=
		    RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
			rte_pktmbuf_free(bench.wire.out[i]);
			continue;
		}
		turn_round(bench.wire.out[i]);
		bench.turned[(bench.head + bench.n++) % MBUFS] = bench.wire.out[i];
	}
	bench.wire.out_n = 0;
	while (bench.wire.in_n < BURST && bench.n > 0) {
		bench.wire.in[bench.wire.in_n++] = bench.turned[bench.head];
		bench.head = (bench.head + 1) % MBUFS;
		bench.n--;
	}
}

/* Measuring ---------------------------------------------------------------------------------- */

/* Return: cycles of one turn. */
static uint64_t
turn(void)
{
	uint64_t begin = rte_rdtsc(), now = clock_of(NULL), end;

	tern_poll(bench.stack, now);
	worker_poll(bench.w, now);
	end = rte_rdtsc();
	serve();
	return end - begin;
}

static void
build(enum protocol proto, uint32_t flows, bool verify)
{
	struct plan *p = &bench.plan;
	struct tern_config config = tern_config_server;
	size_t bytes;

	config.secret[0] = 1;
	config.connections = 16;
	*p = (struct plan){
		.mode = MODE_RR,
		.proto = proto,
		.connections = flows,
		.depth = 1,
		.req_bytes = 64,
		.target = tern_addr_v4(RTE_BE32(RTE_IPV4(10, 9, 0, 1))),
		.target_port = 7,
		.src_first = tern_addr_v4(RTE_BE32(RTE_IPV4(10, 9, 0, 2))),
		.src_last = tern_addr_v4(RTE_BE32(RTE_IPV4(10, 9, 0, 9))),
		.timeout_ns = TERN_S,
		.payload = PAYLOAD_RANDOM,
		.verify = verify,
	};
	p->options.addrs[0].addr = p->src_first;
	p->options.addrs[0].prefix = 120;
	p->options.addrs_n = 1;
	bench.trial = (struct trial){ .plan = p, .duration_ns = 3600 * TERN_S };
	bytes = worker_bytes(p, &engine_datagrams, 1);
	bench.w = aligned_alloc(64, RTE_ALIGN_CEIL(bytes, (size_t)64));
	bytes = tern_stack_bytes(&config);
	bench.stack = aligned_alloc(64, RTE_ALIGN_CEIL(bytes, (size_t)64));
	if (bench.w == NULL || bench.stack == NULL)
		fail("no memory");
	memset(bench.w, 0, worker_bytes(p, &engine_datagrams, 1));
	worker_init(bench.w, p, &engine_datagrams, 0, 1);
	bench.w->clock = clock_of;
	bench.w->trial = &bench.trial;
	bench.w->count_cycles = true;
	bench.stack = tern_stack_init(bench.stack, &config, worker_port(bench.w, &bench.wire.port),
				      clock_of(NULL));
}

static void
open_up(void)
{
	static const struct rte_ether_addr theirs = { { 2, 0, 0, 0, 0, 2 } };

	if (bench.stack == NULL ||
	    tern_ip_add_addr(tern_ip(bench.stack), bench.plan.src_first, 120) < 0 ||
	    tern_arp_set(tern_arp(bench.stack), bench.plan.target, &theirs) < 0 ||
	    worker_attach(bench.w, bench.stack) < 0)
		fail("no stack");
	bench.w->order = WORKER_BEGIN;
}

static void
close_down(void)
{
	bench.w->order = WORKER_ORDERS + WORKER_END;
	turn();
	for (; bench.n > 0; bench.n--, bench.head = (bench.head + 1) % MBUFS)
		rte_pktmbuf_free(bench.turned[bench.head]);
	rte_pktmbuf_free_bulk(bench.wire.in, bench.wire.in_n);
	bench.wire.in_n = 0;
	tern_stack_fini(bench.stack);
	free(bench.stack);
	free(bench.w);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(enum protocol proto, uint32_t flows, bool verify)
{
	uint32_t n = 0;

	build(proto, flows, verify);
	open_up();
	for (uint32_t i = 0; i < WARM_UP + flows / BURST; i++)
		turn();
	while (n < TURNS) {
		uint64_t had = bench.w->meter->count[COUNT_responses];
		uint64_t cycles = turn();

		had = bench.w->meter->count[COUNT_responses] - had;
		if (had == 0)
			fail("no answers");
		bench.cost[n++] = (double)cycles / (double)had;
	}
	if (meter_errors(bench.w->meter) > 0)
		fail("requests failed");
	qsort(bench.cost, TURNS, sizeof(bench.cost[0]), compare);
	printf("%-5s %7" PRIu32 " flows%s %8.1f %8.1f\n", proto == PROTO_UDP ? "udp" : "icmp",
	       flows, verify ? ", verified" : "          ", bench.cost[TURNS / 10],
	       bench.cost[TURNS / 2]);
	close_down();
}

int
main(int argc, char **argv)
{
	static const uint32_t flows[] = { 64, 512, 10000, FLOWS_MOST };

	(void)argc;
	arrays_start(&bench.wire, argv[0], 768, MBUFS - 1, 512 + HEADROOM);
	bench.ns_a_cycle = 1e9 / (double)rte_get_tsc_hz();
	printf("cycles a request, TSC at %.2f GHz     lowest   median\n", 1 / bench.ns_a_cycle);
	for (unsigned int i = 0; i < RTE_DIM(flows); i++)
		for (unsigned int how = 0; how < 4; how++)
			measure(how < 2 ? PROTO_UDP : PROTO_ICMP, flows[i], how % 2 != 0);
	rte_eal_cleanup();
	return 0;
}
