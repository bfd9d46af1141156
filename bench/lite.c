/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a connection, and a request, cost tern-gen with --tcp lite: its side alone, no wire.
 *
 *	meson setup build && ninja -C build bench/bench-lite
 *	build/bench/bench-lite              # a table: crr and rr, 10^3 to 10^6 connections
 *	build/bench/bench-lite crr 1000     # one line of it
 *	build/bench/bench-lite hold 10000000 # opens so many, and says what memory that took
 *
 * A port in memory hands the worker bursts of 32 packets and takes what it sends. The peer behind
 * it keeps no connections: it answers each packet from what that says, in the order in which they
 * came, each as many packets later as there are connections; so all of them are always under way,
 * and no block is warm because it was used a moment ago. Checksums are right both ways and made
 * and verified in software.
 *
 * Counted is the TSC over tern_poll() and worker_poll(): receiving, timing, launching, sending. The
 * peer's work is not. A turn that took 8 times the median counts as the median: then somebody else
 * had the core; how many those were is printed. Of several runs the best and the median are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <tern_stack.h>

#include "arrays.h"
#include "gen/worker.h"

enum {
	BURST = TERN_BURST,
	RUNS = 7,
	TURNS = 4096, /* whose median is taken */
	MBUFS = 16383,
	REQUEST = 64,
	ETH = RTE_ETHER_HDR_LEN,
	HEADERS = ETH + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_tcp_hdr),
	PORTS = 64511, /* 1024 to 65534 */
	FIN = RTE_TCP_FIN_FLAG,
	SYN = RTE_TCP_SYN_FLAG,
	RST = RTE_TCP_RST_FLAG,
	ACK = RTE_TCP_ACK_FLAG,
	PSH = RTE_TCP_PSH_FLAG,
};

/* A packet that is to be answered. */
struct asked {
	rte_be32_t addr;
	rte_be16_t port;
	uint16_t len; /* of its payload */
	uint32_t seq, ack;
	uint8_t flags;
};

static struct {
	struct arrays wire;
	struct asked *asked; /* a ring */
	uint32_t asked_most, asked_head, asked_n;
	struct plan plan;
	struct trial trial;
	struct worker *w;
	struct tern_stack *stack;
	uint64_t tsc, last;
	uint64_t turns[TURNS];
	uint32_t turns_n, turns_all, taken;
	double ns_a_cycle;
} bench;

static const struct rte_ether_addr OURS = { { 2, 0, 0, 0, 0, 1 } };
static const struct rte_ether_addr THEIRS = { { 2, 0, 0, 0, 0, 2 } };

/* The peer ----------------------------------------------------------------------------------- */

static void
ask(const struct asked *a)
{
	if (bench.asked_n == bench.asked_most)
		fail("more packets than connections");
	bench.asked[(bench.asked_head + bench.asked_n++) % bench.asked_most] = *a;
}

/* Bare ACKs, and resets, want no answer. */
static void
hear(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, ETH);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(ip + 1);
	struct asked a = { .addr = ip->src_addr,
			   .port = tcp->src_port,
			   .seq = rte_be_to_cpu_32(tcp->sent_seq),
			   .ack = rte_be_to_cpu_32(tcp->recv_ack),
			   .flags = tcp->tcp_flags };

	if (ip->next_proto_id != IPPROTO_TCP)
		return;
	a.len = (uint16_t)(rte_be_to_cpu_16(ip->total_length) - sizeof(*ip) -
			   (tcp->data_off >> 4) * 4u);
	if (a.len > 0 || (a.flags & (SYN | FIN)) != 0)
		ask(&a);
}

static void
hear_all(void)
{
	for (unsigned int i = 0; i < bench.wire.out_n; i++)
		hear(bench.wire.out[i]);
	rte_pktmbuf_free_bulk(bench.wire.out, bench.wire.out_n);
	bench.wire.out_n = 0;
}

/* A SYN-ACK; the response, with a FIN behind it where one request is all; the ACK of a FIN. */
static void
answer(struct rte_mbuf *m, const struct asked *a)
{
	bool data = a->len > 0, fin = data && bench.plan.mode == MODE_CRR;
	uint16_t len = data ? REQUEST : 0;
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(HEADERS + len));
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	*eth = (struct rte_ether_hdr){ OURS, THEIRS, RTE_BE16(RTE_ETHER_TYPE_IPV4) };
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(HEADERS - ETH + len)),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = tern_addr_to_v4(bench.plan.target),
		.dst_addr = a->addr,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*tcp = (struct rte_tcp_hdr){
		.src_port = rte_cpu_to_be_16(bench.plan.target_port),
		.dst_port = a->port,
		.sent_seq = rte_cpu_to_be_32((a->flags & SYN) != 0 ? a->seq ^ 0x55aa55aa : a->ack),
		.recv_ack = rte_cpu_to_be_32(a->seq + a->len + ((a->flags & (SYN | FIN)) != 0)),
		.data_off = sizeof(*tcp) / 4 << 4,
		.tcp_flags = (uint8_t)(ACK | (a->flags & SYN) | (data ? PSH : 0) | (fin ? FIN : 0)),
		.rx_win = RTE_BE16(65535),
	};
	memset(tcp + 1, 0, len);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}

/* As many are kept back as there are connections, once they are all under way. */
static void
speak(uint32_t keep)
{
	uint32_t n = bench.asked_n > keep ? bench.asked_n - keep : 0;

	n = RTE_MIN(n, (uint32_t)BURST);
	if (n == 0 || rte_pktmbuf_alloc_bulk(bench.wire.port.pool, bench.wire.in, n) != 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		answer(bench.wire.in[i], &bench.asked[bench.asked_head]);
		bench.asked_head = (bench.asked_head + 1) % bench.asked_most;
	}
	bench.asked_n -= n;
	bench.wire.in_n = n;
}

/* The generator ------------------------------------------------------------------------------ */

static uint64_t
clock_of(void *data)
{
	uint64_t ns = (uint64_t)((double)(rte_rdtsc() - bench.tsc) * bench.ns_a_cycle) + TERN_S;

	(void)data;
	bench.last = RTE_MAX(ns, bench.last);
	return bench.last;
}

/* Return: cycles. */
static uint64_t __attribute__((noinline)) turn(void)
{
	uint64_t begin = rte_rdtsc(), now = clock_of(NULL);

	tern_poll(bench.stack, now);
	worker_poll(bench.w, now);
	return rte_rdtsc() - begin;
}

static void *
memory(size_t bytes)
{
	void *mem;

	bytes = RTE_ALIGN(bytes, (size_t)2 << 20);
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		fail("no memory");
	madvise(mem, bytes, MADV_HUGEPAGE); /* as drivers/run does */
	return mem;
}

static void
make_plan(enum mode mode, uint32_t connections)
{
	uint32_t addrs = (mode == MODE_CRR ? 4 : 1) * connections / PORTS + 1;

	bench.plan = (struct plan){
		.mode = mode,
		.proto = PROTO_TCP,
		.lite = true,
		.target_port = 7,
		.options.addrs_n = 1,
		.options.config = tern_config_server,
		.sport_first = 1024,
		.sport_last = 65534,
		.connections = connections,
		.depth = 1,
		.max_outstanding = connections,
		.seed = 1,
		.timeout_ns = 60 * TERN_S,
		.req_bytes = REQUEST,
		.rsp_bytes = REQUEST,
		.verify = true,
	};
	bench.plan.target = tern_addr_v4(RTE_BE32(RTE_IPV4(10, 8, 0, 1)));
	bench.plan.options.addrs[0].addr = tern_addr_v4(RTE_BE32(RTE_IPV4(10, 8, 0, 2)));
	bench.plan.options.addrs[0].prefix = 104;
	bench.plan.src_first = tern_addr_v4(RTE_BE32(RTE_IPV4(10, 9, 0, 0)));
	bench.plan.src_last = tern_addr_v4(rte_cpu_to_be_32(RTE_IPV4(10, 9, 0, 0) + addrs - 1));
	bench.plan.options.config.rto_min_ns = 30 * TERN_S; /* the peer loses nothing */
	bench.plan.options.config.rto_initial_ns = 30 * TERN_S;
	memset(bench.plan.options.config.secret, 7, sizeof(bench.plan.options.config.secret));
}

static void
start(enum mode mode, uint32_t connections)
{
	struct tern_config config;

	make_plan(mode, connections);
	/* What is held is opened some at a time; all else is under way at once. */
	bench.asked_most = (mode == MODE_HOLD ? 4 : 1) * ARRAYS_OUT;
	if (mode != MODE_HOLD)
		bench.asked_most += connections;
	bench.asked = memory(bench.asked_most * sizeof(*bench.asked));
	bench.asked_head = bench.asked_n = bench.wire.in_n = bench.wire.out_n = 0;
	bench.w = worker_init(memory(worker_bytes(&bench.plan, &engine_lite, 1)), &bench.plan,
			      &engine_lite, 0, 1);
	bench.w->clock = clock_of;
	bench.w->count_cycles = true;
	bench.trial = (struct trial){ .seed = 1, .plan = &bench.plan };
	bench.w->trial = &bench.trial;
	config = bench.plan.options.config;
	config.connections = 16;
	config.mbufs = MBUFS;
	bench.stack = tern_stack_init(memory(tern_stack_bytes(&config)), &config,
				      worker_port(bench.w, &bench.wire.port), clock_of(NULL));
	if (bench.stack == NULL ||
	    tern_ip_add_addr(tern_ip(bench.stack), bench.plan.options.addrs[0].addr, 104) < 0 ||
	    tern_arp_set(tern_arp(bench.stack), bench.plan.target, &THEIRS) < 0 ||
	    worker_attach(bench.w, bench.stack) < 0)
		fail("the worker does not start");
	bench.w->order = WORKER_BEGIN + WORKER_ORDERS;
}

static void
finish(void)
{
	bench.w->order += WORKER_END - WORKER_BEGIN;
	turn();
	hear_all();
	rte_pktmbuf_free_bulk(bench.wire.in, bench.wire.in_n);
	tern_stack_fini(bench.stack);
	munmap(bench.asked, RTE_ALIGN(bench.asked_most * sizeof(*bench.asked), (size_t)2 << 20));
	munmap(bench.w, RTE_ALIGN(worker_bytes(&bench.plan, &engine_lite, 1), (size_t)2 << 20));
}

/* Runs ---------------------------------------------------------------------------------------- */

static uint64_t
ended(void)
{
	return bench.w->ledger.done;
}

static int
by_cycles(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Of the turns so far. */
static uint64_t
sum_turns(void)
{
	uint64_t sum = 0, median;

	qsort(bench.turns, bench.turns_n, sizeof(bench.turns[0]), by_cycles);
	median = bench.turns[bench.turns_n / 2];
	for (uint32_t i = 0; i < bench.turns_n; i++) {
		bool taken = bench.turns[i] > 8 * median;

		sum += taken ? median : bench.turns[i];
		bench.taken += taken;
	}
	bench.turns_all += bench.turns_n;
	bench.turns_n = 0;
	return sum;
}

/* Until so many more transactions have ended. Return: cycles. */
static uint64_t
run(uint64_t n, uint32_t keep)
{
	uint64_t until = ended() + n, cycles = 0;

	while (ended() < until) {
		bench.turns[bench.turns_n++] = turn();
		if (bench.turns_n == TURNS)
			cycles += sum_turns();
		hear_all();
		speak(keep);
	}
	return cycles + (bench.turns_n > 0 ? sum_turns() : 0);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Until all are under way: as many packets wait for their answer. */
static void
fill(uint32_t keep)
{
	while (bench.w->state != WORKER_RUNNING || bench.asked_n < keep) {
		turn();
		hear_all();
		speak(bench.w->state == WORKER_RUNNING ? keep : 0);
	}
}

static uint64_t
packets(const struct meter *m)
{
	return m->count[COUNT_tx_pkts] + m->count[COUNT_rx_pkts];
}

static void
measure(enum mode mode, uint32_t connections)
{
	uint64_t n = RTE_MAX(200000u, 2 * connections), pkts, responses;
	uint32_t keep = connections - BURST;
	const struct meter *m;
	double figure[RUNS];

	start(mode, connections);
	fill(keep);
	run(2 * (uint64_t)connections, keep);
	m = bench.w->meter;
	pkts = packets(m);
	responses = m->count[COUNT_responses];
	for (int r = 0; r < RUNS; r++)
		figure[r] = (double)run(n, keep) / (double)n;
	qsort(figure, RUNS, sizeof(figure[0]), by_value);
	printf("%-4s %8" PRIu32 " connections %8.1f %8.1f     %5.2f\n", mode_names[mode],
	       connections, figure[0], figure[RUNS / 2],
	       (double)(packets(m) - pkts) / (double)(m->count[COUNT_responses] - responses));
	if (meter_errors(m) != 0 ||
	    m->count[COUNT_rexmit_syn] + m->count[COUNT_rexmit_data] + m->count[COUNT_rexmit_fin] !=
		    0)
		fail("not all went well");
	finish();
}

static void
hold(uint32_t connections)
{
	struct rusage usage;
	uint64_t cycles;

	start(MODE_HOLD, connections);
	cycles = run(connections, 0);
	getrusage(RUSAGE_SELF, &usage);
	printf("hold %8" PRIu32 " connections %8.1f cycles each, %zu MB for the worker, %ld MB in "
	       "all\n",
	       connections, (double)cycles / connections,
	       worker_bytes(&bench.plan, &engine_lite, 1) >> 20, usage.ru_maxrss >> 10);
	finish();
}

static enum mode
mode_named(const char *name)
{
	for (unsigned int i = 0; i <= MODE_HOLD; i++)
		if (strcmp(name, mode_names[i]) == 0)
			return (enum mode)i;
	fail("the first argument: crr, rr or hold");
	return MODE_CRR;
}

int
main(int argc, char **argv)
{
	uint32_t connections = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	enum mode mode = argc > 1 ? mode_named(argv[1]) : MODE_CRR;

	if (argc == 2 || (argc > 2 && (connections < 64 || connections > 50000000)))
		fail("arguments: crr, rr or hold, and 64 to 50000000 connections; or none");
	arrays_start(&bench.wire, argv[0], 96, MBUFS, RTE_MBUF_DEFAULT_BUF_SIZE);
	bench.ns_a_cycle = 1e9 / (double)rte_get_tsc_hz();
	bench.tsc = rte_rdtsc();
	if (argc <= 2 || mode != MODE_HOLD)
		printf("cycles of the generator, TSC at %.2f GHz       best   median  "
		       "packets each\n",
		       1 / bench.ns_a_cycle);
	if (argc > 2 && mode == MODE_HOLD)
		hold(connections);
	else if (argc > 2)
		measure(mode, connections);
	for (uint32_t n = 1000; argc <= 2 && n <= 1000000; n *= 10)
		measure(MODE_CRR, n);
	for (uint32_t n = 1000; argc <= 2 && n <= 1000000; n *= 10)
		measure(MODE_RR, n);
	printf("%" PRIu32 " of %" PRIu32 " turns were somebody else's\n", bench.taken,
	       bench.turns_all);
	rte_eal_cleanup();
	return 0;
}
