/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory: nothing is allocated after start (E22), what is needed is known before (E23).
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "kit/trap.h"
#include "kit/wire.h"

/* The trap itself: it must catch what it says. */
Test(memory, trap_catches)
{
	struct wire *w = wire_after(TERN_CLOSED);
	const char *first = NULL;
	void *volatile p;

	trap_begin();
	p = malloc(100);
	free(p);
	cr_assert_eq(trap_end(&first), 1);
	cr_assert_str_eq(first, "malloc");
	p = malloc(1);
	free(p);
	trap_begin();
	cr_assert_eq(trap_end(&first), 0);
	wire_end(w);
}

static enum tern_verdict
turn(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	return tern_udp_turn(in);
}

/* Connections of each kind, with data both ways, losses, a hole, and each way to end. */
static void
tcp_traffic(struct wire *w, unsigned int n)
{
	wire_flow(w, n % WIRE_FLOWS);
	wire_renew(w, n * 99991);
	w->user.got = 0;
	w->user.offer = w->user.acked = 0;
	wire_in(w, "S 0:0(0) win 65535 <mss 1460,wscale 7>");
	wire_pass(w, wire_now(w) + S(2));
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	w->user.mode = n % 3 == 0 ? USER_ECHO : USER_READ;
	wire_in(w, "P. 101:201(100) ack 1 win 65535");
	wire_skip(w);
	wire_in(w, "P. 1:101(100) ack 1 win 65535");
	if (w->user.mode == USER_READ)
		user_send(&w->user, 20000);
	wire_pass(w, wire_now(w) + S(1));
	wire_in(w, "R 5000:5000(0) win 0");
	wire_skip(w);
	switch (n % 4) {
	case 0:
		wire_in(w, "R 201:201(0) win 0");
		break;
	case 1:
		wire_in(w, "F. 201:201(0) ack 1 win 65535");
		break;
	case 2:
		tern_tcp_close(wire_conn(w));
		break;
	default:
		tern_tcp_abort(wire_conn(w));
	}
	wire_pass(w, wire_now(w) + S(150));
}

static void
other_traffic(struct wire *w, unsigned int n)
{
	const struct ends bound = { ip4(PEER_ADDR), ip4(OUR_ADDR), 5000, 7 };
	const struct ends unbound = { ip4(PEER_ADDR), ip4(OUR_ADDR), 5000, 8 };
	const struct tern_addr any = { { 0, 0 } };
	struct tern_conn *conn;
	struct frame f;

	frame_udp(&f, &bound, "datagram", 8);
	wire_raw(w, &f);
	wire_skip(w);
	frame_udp(&f, &unbound, "datagram", 8);
	wire_raw(w, &f);
	wire_skip(w);
	frame_icmp(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), 8, 0, n, "data", 4);
	wire_raw(w, &f);
	wire_skip(w);
	tern_udp_send(tern_udp(w->stack), any, RTE_BE16(9),
		      tern_addr_v4(RTE_BE32(0x0a090000 + 10 + n % 200)), RTE_BE16(9), "x", 1);
	tern_icmp_send_echo(tern_icmp(w->stack), tern_addr_v4(ip4(PEER_ADDR)), 1, 1, "x", 1);
	tern_tcp_connect(w->tcp, tern_addr_v4(ip4("10.9.0.9")), RTE_BE16(9), &w->user.vt, &conn);
	wire_pass(w, wire_now(w) + S(200));
}

/* E22, design §4: with malloc, rte_malloc and mmap trapped, traffic of every kind runs. */
Test(memory, nothing_is_allocated_after_start)
{
	struct tern_udp_port port = { .port = 7, .on_datagram = turn };
	struct wire *w = wire_after(TERN_LISTEN);
	const char *first;
	unsigned long calls;
	unsigned int n;

	cr_assert_eq(tern_udp_bind(tern_udp(w->stack), &port), 0);
	w->user.fresh = true;
	w->payload = WIRE_ANY;
	trap_begin();
	for (n = 0; n < 200; n++) {
		tcp_traffic(w, n);
		other_traffic(w, n);
	}
	calls = trap_end(&first);
	wire_check(w, calls == 0, "%lu allocations, the first by %s()", calls, first);
	wire_check(w, w->user.opened == 200, "%u connections came up", w->user.opened);
	wire_end(w);
}

/* E23: a stack stands in the memory that was said, and writes nowhere else. */
Test(memory, stack_stays_in_its_memory)
{
	enum { GUARD = 4096 };
	struct wire *w = wire_after(TERN_CLOSED);
	struct tern_config c = w->config;
	struct tern_stack *stack;
	size_t bytes, i;
	uint8_t *mem;
	unsigned int k;

	for (k = 0; k < 3; k++) {
		c.connections = k == 0 ? 1 : k == 1 ? 1000 : 33333;
		c.neighbours = k == 0 ? 1 : 777;
		c.listeners = c.udp_ports = c.addresses = c.routes = k == 0 ? 1 : 65;
		bytes = tern_stack_bytes(&c);
		cr_assert_gt(bytes, 0);
		mem = aligned_alloc(64, RTE_ALIGN_CEIL(bytes, 64) + 2 * GUARD);
		cr_assert_not_null(mem);
		memset(mem, 0xa5, RTE_ALIGN_CEIL(bytes, 64) + 2 * GUARD);
		stack = tern_stack_init(mem + GUARD, &c, &w->port, 0);
		cr_assert_not_null(stack);
		cr_assert_eq((void *)stack, (void *)(mem + GUARD));
		tern_poll(stack, 0);
		tern_stack_fini(stack);
		for (i = 0; i < GUARD; i++)
			cr_assert(mem[i] == 0xa5 && mem[GUARD + bytes + i] == 0xa5,
				  "wrote beside its %zu bytes", bytes);
		free(mem);
	}
	wire_end(w);
}

/* What is out of range, or has no secret, is refused with a sentence, and needs 0 bytes. */
Test(memory, bad_configuration_is_refused)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct tern_config c = w->config;

	cr_assert_null(tern_config_check(&c));
	c.connections = 0;
	cr_assert_not_null(tern_config_check(&c));
	cr_assert_eq(tern_stack_bytes(&c), 0);
	cr_assert_null(tern_stack_init(w->mem, &c, &w->port, 0));
	c = w->config;
	c.wscale = 15;
	cr_assert_not_null(tern_config_check(&c));
	c = w->config;
	c.port_min = 2000;
	c.port_max = 1999;
	cr_assert_not_null(tern_config_check(&c));
	c = w->config;
	memset(c.secret, 0, sizeof(c.secret));
	cr_assert_not_null(tern_config_check(&c));
	cr_assert_null(tern_stack_init(w->mem, &c, &w->port, 0));
	wire_end(w);
}

/*
 * A connection with its share of all tables and timers. What a request and its answer touch are the
 * first 256 bytes of it.
 */
Test(memory, connection_costs_at_most_535_bytes)
{
	struct tern_config c = tern_config_server;
	size_t one, two;

	c.secret[0] = 1;
	c.connections = 1u << 20;
	one = tern_stack_bytes(&c);
	c.connections = 2u << 20;
	two = tern_stack_bytes(&c);
	cr_assert_gt(one, 0);
	cr_assert_leq((two - one) >> 20, 535, "%zu bytes a connection", (two - one) >> 20);
}

/* A stack that is ended with connections and packets in every place gives all back. */
Test(memory, fini_gives_every_mbuf_back)
{
	static const enum tern_tcp_state states[] = { TERN_LISTEN,	 TERN_SYN_SENT,
						      TERN_SYN_RECEIVED, TERN_ESTABLISHED,
						      TERN_FIN_WAIT_1,	 TERN_TIME_WAIT };
	struct wire_how how = { .state = TERN_CLOSED, .user = USER_ECHO };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(states); i++) {
		how.state = states[i];
		w = wire_open(&how);
		if (states[i] == TERN_ESTABLISHED) {
			wire_in(w, "P. 1:101(100) ack 1 win 65535");
			wire_skip(w);
			wire_in(w, "P. 201:301(100) ack 1 win 65535");
			wire_skip(w);
			tern_udp_send(tern_udp(w->stack), tern_addr_v4(ip4(OUR_ADDR)), RTE_BE16(9),
				      tern_addr_v4(ip4("10.9.0.99")), RTE_BE16(9), "x", 1);
			w->arp_off = true;
			w->tx_closed = true;
			tern_tcp_shutdown(wire_conn(w));
			tern_poll(w->stack, w->now);
			wire_check(w, tern_stack_mbufs(w->stack) >= 3, "%u mbufs",
				   tern_stack_mbufs(w->stack));
		}
		tern_stack_fini(w->stack);
		port_release(w);
		cr_assert_eq(rte_mempool_in_use_count(w->port.pool), 0, "%u mbufs are missing",
			     rte_mempool_in_use_count(w->port.pool));
		free(w->mem);
		free(w);
	}
}
