/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the stack itself costs: bursts of 32 packets through the tree, no port, no wire.
 *
 *	meson setup build && ninja -C build
 *	build/bench/bench-tree              # a table, a few seconds
 *	build/bench/bench-tree 1000000      # the TCP line with so many flows instead of 1000
 *
 * A port that is only two arrays hands the stack a burst and takes its answers; the time between
 * the two is measured in TSC cycles, all of tern_poll(). Making the burst is not. Each figure is
 * the median of 5 runs; between them the core may have been somebody else's, and the share that it
 * was taken away (/proc/self/schedstat) is printed at the end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/mman.h>

#include <rte_arp.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <tern_stack.h>

#include "arrays.h"

enum {
	BURST = TERN_BURST,
	RUNS = 5,
	BURSTS = 20000, /* a run */
	MBUFS = 8191,
	PAYLOAD_UDP = 18, /* a frame of 60 bytes, 64 with its check sequence */
	PAYLOAD_ICMP = 18,
	PAYLOAD_TCP = 64,
	CLIENT_PORT = 10000,
	SERVER_PORT = 7, /* answers in the mbuf that brought the question */
	FILLED_PORT = 8, /* writes its answers */
	STEP_NS = 1000,	 /* from burst to burst */
};

struct flow {
	rte_be32_t addr;
	rte_be16_t port;
	uint32_t seq, ack;
};

static struct {
	struct arrays wire;
	struct tern_stack *stack;
	uint64_t now;
	struct flow *flows;
	uint32_t flows_n, turn;
	rte_be16_t tcp_port;
	uint32_t picked[BURST];
} bench;

static const struct rte_ether_addr OURS = { { 0x02, 0, 0, 0, 0, 1 } };
static const struct rte_ether_addr THEIRS = { { 0x02, 0, 0, 0, 0, 2 } };

static enum tern_verdict
echo_datagram(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	return tern_udp_turn(in);
}

static enum tern_verdict
echo_data(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	(void)self;
	return tern_tcp_answer(conn, in, in->data, in->len);
}

/* The bufferless way: the answer is written into the frame from what the user remembers. */
static enum tern_verdict
count_data(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	(void)self;
	conn->data = (char *)conn->data + in->len;
	return TERN_DONE;
}

static uint32_t
count_available(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at)
{
	(void)self;
	return (uint32_t)((uintptr_t)conn->data - at);
}

static void
count_fill(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)self;
	(void)conn;
	memset(to, (int)at, len);
}

static struct rte_mbuf *
frame(rte_be16_t type, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bench.wire.port.pool);
	struct rte_ether_hdr *eth;

	if (m == NULL)
		fail("no mbuf left");
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, len);
	memset(eth, 0, len);
	eth->dst_addr = OURS;
	eth->src_addr = THEIRS;
	eth->ether_type = type;
	return m;
}

static struct rte_ipv4_hdr *
ip_frame(struct rte_mbuf **m, uint8_t proto, rte_be32_t from, uint16_t len)
{
	struct rte_ipv4_hdr *ip;

	*m = frame(RTE_BE16(RTE_ETHER_TYPE_IPV4),
		   (uint16_t)(sizeof(struct rte_ether_hdr) + sizeof(*ip) + len));
	ip = rte_pktmbuf_mtod_offset(*m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + len));
	ip->time_to_live = 64;
	ip->next_proto_id = proto;
	ip->src_addr = from;
	ip->dst_addr = RTE_BE32(RTE_IPV4(10, 9, 0, 2));
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return ip;
}

static struct rte_mbuf *
arp_request(uint32_t i)
{
	struct rte_mbuf *m = frame(RTE_BE16(RTE_ETHER_TYPE_ARP), 60);
	struct rte_arp_hdr *arp =
		rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, sizeof(struct rte_ether_hdr));

	(void)i;
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = 6;
	arp->arp_plen = 4;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST);
	arp->arp_data.arp_sha = THEIRS;
	arp->arp_data.arp_sip = RTE_BE32(RTE_IPV4(10, 9, 0, 1));
	arp->arp_data.arp_tip = RTE_BE32(RTE_IPV4(10, 9, 0, 2));
	return m;
}

static struct rte_mbuf *
icmp_echo(uint32_t i)
{
	struct rte_mbuf *m;
	struct rte_ipv4_hdr *ip = ip_frame(&m, IPPROTO_ICMP, RTE_BE32(RTE_IPV4(10, 9, 0, 1)),
					   sizeof(struct rte_icmp_hdr) + PAYLOAD_ICMP);
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)(ip + 1);

	icmp->icmp_type = RTE_IP_ICMP_ECHO_REQUEST;
	icmp->icmp_seq_nb = rte_cpu_to_be_16((uint16_t)i);
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, sizeof(*icmp) + PAYLOAD_ICMP);
	return m;
}

static struct rte_mbuf *
udp_datagram(uint32_t i)
{
	struct rte_mbuf *m;
	uint16_t len = sizeof(struct rte_udp_hdr) + PAYLOAD_UDP;
	struct rte_ipv4_hdr *ip = ip_frame(&m, IPPROTO_UDP, RTE_BE32(RTE_IPV4(10, 9, 0, 1)), len);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	udp->src_port = rte_cpu_to_be_16((uint16_t)(CLIENT_PORT + i % 1000));
	udp->dst_port = RTE_BE16(SERVER_PORT);
	udp->dgram_len = rte_cpu_to_be_16(len);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	return m;
}

static struct rte_mbuf *
tcp_segment(const struct flow *f, uint8_t flags, uint16_t len)
{
	struct rte_mbuf *m;
	struct rte_ipv4_hdr *ip =
		ip_frame(&m, IPPROTO_TCP, f->addr, (uint16_t)(sizeof(struct rte_tcp_hdr) + len));
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	tcp->src_port = f->port;
	tcp->dst_port = bench.tcp_port;
	tcp->sent_seq = rte_cpu_to_be_32(f->seq);
	tcp->recv_ack = rte_cpu_to_be_32(f->ack);
	tcp->data_off = sizeof(*tcp) << 2;
	tcp->tcp_flags = flags;
	tcp->rx_win = RTE_BE16(65535);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return m;
}

/* The next flows at random, none twice in a burst. */
static struct rte_mbuf *
tcp_request(uint32_t i)
{
	struct flow *f;
	uint32_t k, pick;

	do {
		bench.turn = bench.turn * 1664525u + 1013904223u;
		pick = (uint32_t)(((uint64_t)bench.turn * bench.flows_n) >> 32);
		for (k = 0; k < i && bench.picked[k] != pick; k++)
			;
	} while (k < i);
	bench.picked[i] = pick;
	f = &bench.flows[pick];
	return tcp_segment(f, RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG, PAYLOAD_TCP);
}

static void
tcp_answered(void)
{
	for (unsigned int i = 0; i < BURST; i++) {
		bench.flows[bench.picked[i]].seq += PAYLOAD_TCP;
		bench.flows[bench.picked[i]].ack += PAYLOAD_TCP;
	}
}

static void
drop_out(void)
{
	rte_pktmbuf_free_bulk(bench.wire.out, bench.wire.out_n);
	bench.wire.out_n = 0;
}

static void
poll_once(void)
{
	bench.now += STEP_NS;
	tern_poll(bench.stack, bench.now);
}

static void
open_flow(struct flow *f)
{
	const struct rte_tcp_hdr *answer;

	bench.wire.in[0] = tcp_segment(f, RTE_TCP_SYN_FLAG, 0);
	bench.wire.in_n = 1;
	poll_once();
	if (bench.wire.out_n != 1)
		fail("a SYN was not answered");
	answer = rte_pktmbuf_mtod_offset(bench.wire.out[0], const struct rte_tcp_hdr *, 34);
	f->seq++;
	f->ack = rte_be_to_cpu_32(answer->sent_seq) + 1;
	drop_out();
	bench.wire.in[0] = tcp_segment(f, RTE_TCP_ACK_FLAG, 0);
	bench.wire.in_n = 1;
	poll_once();
	drop_out();
}

static void
open_flows(uint32_t n, uint16_t port)
{
	free(bench.flows);
	bench.flows = calloc(n, sizeof(*bench.flows));
	if (bench.flows == NULL)
		fail("no memory for the flows");
	bench.flows_n = n;
	bench.tcp_port = rte_cpu_to_be_16(port);
	for (uint32_t i = 0; i < n; i++) {
		bench.flows[i].addr = rte_cpu_to_be_32(RTE_IPV4(10, 9, 1, 0) + i / 50000);
		bench.flows[i].port = rte_cpu_to_be_16((uint16_t)(CLIENT_PORT + i % 50000));
		bench.flows[i].seq = i * 7919u;
		open_flow(&bench.flows[i]);
	}
}

static uint64_t
run(struct rte_mbuf *(*make)(uint32_t i), void (*after)(void), uint32_t bursts)
{
	uint64_t cycles = 0, start;

	for (uint32_t b = 0; b < bursts; b++) {
		for (uint32_t i = 0; i < BURST; i++)
			bench.wire.in[i] = make(i);
		bench.wire.in_n = BURST;
		bench.now += STEP_NS;
		start = rte_rdtsc_precise();
		tern_poll(bench.stack, bench.now);
		cycles += rte_rdtsc_precise() - start;
		if (bench.wire.out_n != BURST)
			fail("a question was not answered");
		drop_out();
		if (after != NULL)
			after();
	}
	return cycles;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(const char *what, struct rte_mbuf *(*make)(uint32_t i), void (*after)(void))
{
	double figure[RUNS];

	run(make, after, BURSTS / 10);
	for (int r = 0; r < RUNS; r++)
		figure[r] = (double)run(make, after, BURSTS) / BURSTS / BURST;
	qsort(figure, RUNS, sizeof(figure[0]), by_value);
	printf("%-44s %8.1f  (%.1f .. %.1f)\n", what, figure[RUNS / 2], figure[0],
	       figure[RUNS - 1]);
}

/* The share of the time since start that this thread was ready to run and did not. */
static double
disturbed(void)
{
	uint64_t ran = 0, waited = 0;
	FILE *f = fopen("/proc/self/schedstat", "r");

	if (f == NULL || fscanf(f, "%" SCNu64 " %" SCNu64, &ran, &waited) != 2)
		waited = 0;
	if (f != NULL)
		fclose(f);
	return ran + waited > 0 ? (double)waited / (double)(ran + waited) : 0;
}

static void
start_stack(uint32_t flows)
{
	static struct tern_udp_port udp7 = { .port = SERVER_PORT, .on_datagram = echo_datagram };
	static struct tern_tcp_user echo = { .on_data = echo_data };
	static struct tern_tcp_user filled = {
		.on_data = count_data,
		.available = count_available,
		.fill = count_fill,
	};
	static struct tern_tcp_listener tcp7 = { .port = SERVER_PORT, .backlog = 1, .user = &echo };
	static struct tern_tcp_listener tcp8 = { .port = FILLED_PORT,
						 .backlog = 1,
						 .user = &filled };
	struct tern_config config = tern_config_server;
	struct tern_addr addr;
	unsigned int prefix;
	size_t bytes;
	void *mem;

	config.connections = 2 * flows;
	config.mbufs = MBUFS;
	config.held_total = MBUFS / 2;
	config.time_wait_ns = TERN_S;
	config.r2_ns = 7200 * TERN_S; /* kept answers are never given up */
	memset(config.secret, 7, sizeof(config.secret));
	bytes = RTE_ALIGN(tern_stack_bytes(&config), (size_t)2 << 20);
	mem = aligned_alloc(2 << 20, bytes);
	if (mem == NULL)
		fail("no memory for the stack");
	madvise(mem, bytes, MADV_HUGEPAGE); /* as drivers/run does */
	bench.now = TERN_S;
	bench.stack = tern_stack_init(mem, &config, &bench.wire.port, bench.now);
	if (bench.stack == NULL || tern_addr_parse("10.9.0.2/16", &addr, &prefix) < 0 ||
	    tern_ip_add_addr(tern_ip(bench.stack), addr, prefix) < 0 ||
	    tern_udp_bind(tern_udp(bench.stack), &udp7) < 0 ||
	    tern_tcp_listen(tern_tcp(bench.stack), &tcp7) < 0 ||
	    tern_tcp_listen(tern_tcp(bench.stack), &tcp8) < 0)
		fail("the stack did not start");
	poll_once();
	drop_out();
}

int
main(int argc, char **argv)
{
	uint32_t flows = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	char line[64];

	if (flows < BURST || flows > 10000000)
		fail("flows: a number from 32 to 10000000");
	arrays_start(&bench.wire, argv[0], 128, MBUFS, RTE_MBUF_DEFAULT_BUF_SIZE);
	start_stack(flows);
	printf("bursts of %d through the tree, software checksums, TSC at %.2f GHz\n", BURST,
	       (double)rte_get_tsc_hz() / 1e9);
	printf("%-44s %8s\n", "", "cycles/packet: median (least .. most)");
	if (argc <= 1) {
		measure("ARP request and reply", arp_request, NULL);
		measure("ICMP echo, 64 B frame", icmp_echo, NULL);
		measure("UDP echo, 64 B frame", udp_datagram, NULL);
	}
	if (flows < MBUFS / 4) { /* each flow keeps its last answer */
		open_flows(flows, SERVER_PORT);
		snprintf(line, sizeof(line), "TCP 64 B, answer in place, %" PRIu32 " flows", flows);
		measure(line, tcp_request, tcp_answered);
	}
	open_flows(flows, FILLED_PORT);
	snprintf(line, sizeof(line), "TCP 64 B, answer filled in, %" PRIu32 " flows", flows);
	measure(line, tcp_request, tcp_answered);
	printf("%zu bytes a connection block; the core was away %.1f %% of the time\n",
	       sizeof(struct tern_conn), 100 * disturbed());
	rte_eal_cleanup();
	return 0;
}
