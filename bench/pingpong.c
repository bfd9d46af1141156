/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A closed loop of questions and answers with whoever echoes on the other side of a wire: how many
 * round trips a second the pair of them makes. scripts/bench-memif runs it beside its peers.
 *
 *	bench-pingpong -l1 --no-huge --no-shconf --no-pci --file-prefix=ping \
 *		--vdev=net_memif0,role=client,socket=/tmp/m.sock,socket-abstract=no -- \
 *		--addr 10.99.0.2/24 --peer 10.99.0.1 --udp 512 --seconds 5
 *	... --tcp 64                       # so many connections, one question each under way
 *	... --peer-mac 02:00:00:00:00:01   # the peer answers no ARP: dpdk-testpmd
 */
#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include <tern_run.h>

enum {
	ECHO_PORT = 7,
	DISCARD_PORT = 9,
	OUR_PORT = 4007,
	SIZE = 64,     /* bytes of a question */
	SIZE_UDP = 18, /* a frame of 64 bytes with its check sequence */
	WARM_UP_S = 1,
	TICK_MS = 10,
};

static struct {
	struct tern_addr addr, peer;
	unsigned int prefix;
	struct rte_ether_addr peer_mac;
	bool has_mac;
	uint32_t udp, tcp;
	uint64_t seconds;

	uint64_t answers, answers_before; /* before: at the tick before */
	uint64_t begin, answers_begin;	  /* when the warm-up was over */
	uint64_t failed;
	bool started;
} ping;

static int
number(const char *text, uint64_t most, uint64_t *to)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n == 0 || n > most)
		return -1;
	*to = n;
	return 0;
}

static error_t
option(int key, char *arg, struct argp_state *state)
{
	uint64_t n = 0;

	switch (key) {
	case 'a':
		if (tern_addr_parse(arg, &ping.addr, &ping.prefix) < 0)
			argp_failure(state, 2, 0, "--addr: \"%s\" is not ADDRESS/PREFIX", arg);
		return 0;
	case 'p':
		if (tern_addr_parse(arg, &ping.peer, NULL) < 0)
			argp_failure(state, 2, 0, "--peer: \"%s\" is not an address", arg);
		return 0;
	case 'm':
		if (rte_ether_unformat_addr(arg, &ping.peer_mac) < 0)
			argp_failure(state, 2, 0, "--peer-mac: \"%s\" is not one", arg);
		ping.has_mac = true;
		return 0;
	case 'u':
	case 't':
		if (number(arg, 100000, &n) < 0)
			argp_failure(state, 2, 0, "\"%s\" is not a number from 1 to 100000", arg);
		*(key == 'u' ? &ping.udp : &ping.tcp) = (uint32_t)n;
		return 0;
	case 's':
		if (number(arg, 3600, &ping.seconds) < 0)
			argp_failure(state, 2, 0, "--seconds: \"%s\" is not 1 to 3600", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "addr", 'a', "ADDR/LEN", 0, "our address", 0 },
	{ "peer", 'p', "ADDR", 0, "who echoes, on port 7", 0 },
	{ "peer-mac", 'm', "MAC", 0, "the peer's link address, if it answers no ARP", 0 },
	{ "udp", 'u', "N", 0, "N datagrams under way", 0 },
	{ "tcp", 't', "N", 0, "N connections, a question each under way", 0 },
	{ "seconds", 's', "S", 0, "how long, after a second of warm-up (5)", 0 },
	{ 0 },
};

static enum tern_verdict
udp_answer(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	ping.answers++;
	return tern_udp_turn(in);
}

static struct tern_udp_port our_port = { .port = OUR_PORT, .on_datagram = udp_answer };

static void
udp_questions(struct tern_stack *stack)
{
	static const char question[SIZE_UDP];

	for (uint32_t i = 0; i < ping.udp; i++)
		tern_udp_send(tern_udp(stack), ping.addr, RTE_BE16(OUR_PORT), ping.peer,
			      RTE_BE16(ECHO_PORT), question, sizeof(question));
}

static enum tern_verdict
tcp_answer(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	(void)self;
	ping.answers++;
	return tern_tcp_answer(conn, in, in->data, in->len);
}

/* The first question; the others are its answers turned round. */
static uint32_t
tcp_available(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at)
{
	(void)self;
	(void)conn;
	return at < SIZE ? (uint32_t)(SIZE - at) : 0;
}

static void
tcp_fill(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)self;
	(void)conn;
	(void)at;
	memset(to, 'q', len);
}

static void
tcp_closed(struct tern_tcp_user *self, struct tern_conn *conn, enum tern_why why)
{
	(void)self;
	(void)conn;
	ping.failed += why != TERN_ABORTED;
}

static struct tern_tcp_user asker = {
	.on_data = tcp_answer,
	.on_closed = tcp_closed,
	.available = tcp_available,
	.fill = tcp_fill,
};

static void
tcp_connect(struct tern_stack *stack)
{
	struct tern_conn *conn;

	for (uint32_t i = 0; i < ping.tcp; i++)
		if (tern_tcp_connect(tern_tcp(stack), ping.peer, RTE_BE16(ECHO_PORT), &asker,
				     &conn) < 0)
			ping.failed++;
}

/*
 * Is the way there known? Before that most of a window would be lost waiting for it: one datagram,
 * to whom it does not matter, has it asked for.
 */
static bool
is_reachable(struct tern_stack *stack)
{
	struct rte_ether_addr mac;

	if (tern_arp_get(tern_arp(stack), ping.peer, &mac) == 0)
		return true;
	tern_udp_send(tern_udp(stack), ping.addr, RTE_BE16(OUR_PORT), ping.peer,
		      RTE_BE16(DISCARD_PORT), "", 0);
	return false;
}

static void
report(uint64_t now)
{
	double seconds = (double)(now - ping.begin) / 1e9;

	printf("result: %.0f answers/s, %s, %" PRIu32 " under way, %" PRIu64 " failed\n",
	       (double)(ping.answers - ping.answers_begin) / seconds, ping.udp > 0 ? "udp" : "tcp",
	       ping.udp > 0 ? ping.udp : ping.tcp, ping.failed);
	fflush(stdout);
	tern_stop();
}

static void
tick(struct tern_stack *stack, void *data, uint64_t now)
{
	(void)data;
	if (!is_reachable(stack))
		return;
	/* A datagram may be lost; when all are, and at the beginning, the window is filled anew. */
	if (ping.udp > 0 && ping.answers == ping.answers_before)
		udp_questions(stack);
	if (ping.tcp > 0 && !ping.started)
		tcp_connect(stack);
	ping.started = true;
	ping.answers_before = ping.answers;
	if (ping.answers == 0 || ping.begin == UINT64_MAX)
		return;
	if (ping.begin == 0) {
		ping.begin = now + WARM_UP_S * TERN_S;
	} else if (now < ping.begin) {
		ping.answers_begin = ping.answers;
	} else if (now >= ping.begin + ping.seconds * TERN_S) {
		report(now);
		ping.begin = UINT64_MAX;
	}
}

int
main(int argc, char **argv)
{
	static const struct argp argp = {
		options, option, NULL, "a closed loop of questions and answers", NULL, NULL, NULL
	};
	struct tern_config config = tern_config_server;
	struct tern_run_config run = { .on_tick = tick, .tick_ns = TICK_MS * TERN_MS };
	int eal = 1;

	while (eal < argc && strcmp(argv[eal], "--") != 0)
		eal++;
	ping.seconds = 5;
	if (eal < argc) {
		argv[eal] = argv[0];
		argp_parse(&argp, argc - eal, argv + eal, 0, NULL, NULL);
	} else {
		argp_parse(&argp, argc, argv, 0, NULL, NULL);
	}
	if (ping.prefix == 0 || tern_addr_is_any(ping.peer) || (ping.udp == 0) == (ping.tcp == 0)) {
		fprintf(stderr, "bench-pingpong: --addr, --peer and one of --udp, --tcp\n");
		return 2;
	}
	config.mbufs = 32768;
	config.held_total = 16384;
	if (tern_init_with(&config, &run, eal, argv) < 0)
		return 1;
	tern_each_stack (s) {
		if (tern_ip_add_addr(tern_ip(s), ping.addr, ping.prefix) < 0 ||
		    tern_udp_bind(tern_udp(s), &our_port) < 0 ||
		    (ping.has_mac && tern_arp_set(tern_arp(s), ping.peer, &ping.peer_mac) < 0)) {
			fprintf(stderr, "bench-pingpong: address or port refused\n");
			return 2;
		}
	}
	return tern_run();
}
