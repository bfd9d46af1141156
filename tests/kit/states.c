/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bringing a connection to each of the eleven states by segments, with the initial sequence
 * numbers that the test wants on both sides.
 *
 * Ours is the stack's choice: a 4 us clock plus a keyed hash of the tuple (RFC 6528). The hash is
 * the same in each run, so one connection at time 0 tells it, and the clock then begins where
 * the sum is what is wanted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "eal.h"
#include "wire.h"

#define ISN_CLOCK_NS 4000
#define NOT_FOUND UINT64_MAX

static struct tern_addr
addr_of(const char *text)
{
	return tern_addr_v4(ip4(text));
}

static void
configure(struct wire *w)
{
	struct tern_config *c = &w->config;
	unsigned int i;

	*c = tern_config_server;
	c->connections = 64;
	c->half_open = 64;
	c->time_waits = 64;
	c->listeners = 8;
	c->udp_ports = 8;
	c->neighbours = 64;
	c->addresses = 4;
	c->routes = 4;
	c->mbufs = EAL_MBUFS;
	c->held_total = 512;
	c->tx_queue = 256;
	c->quick_acks = 0;
	c->rcv_space_max = 0; /* no tuning, unless the test asks for it */
	c->congestion = TERN_NEWRENO;
	for (i = 0; i < sizeof(c->secret); i++)
		c->secret[i] = (uint8_t)(i * 37 + 1);
	if (w->how.tune != NULL)
		w->how.tune(c);
	if (c->rcv_space_max == 0)
		c->rcv_space_max = c->rcv_space;
}

static void
init_flows(struct wire *w)
{
	unsigned int i;

	for (i = 0; i < WIRE_FLOWS; i++) {
		wire_flow(w, i);
		w->flow->ends = (struct ends){
			.src = ip4(PEER_ADDR),
			.dst = ip4(OUR_ADDR),
			.sport = (uint16_t)(40000 + i),
			.dport = OUR_PORT,
		};
		wire_renew(w, w->how.peer_isn + i * 7919);
	}
	wire_flow(w, 0);
}

/* RFC 826: who is asked learns who asks. */
static void
introduce(struct wire *w)
{
	struct frame f;

	w->arp_off = w->how.cold;
	if (w->how.cold)
		return;
	frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(PEER_ADDR), ip4(OUR_ADDR));
	wire_raw(w, &f);
	wire_take(w);
}

static struct wire *
new_wire(const struct wire_how *how, uint64_t start)
{
	struct wire *w = malloc(sizeof(*w));
	const char *wrong;

	cr_assert_not_null(w);
	memset(w, 0, offsetof(struct wire, sent));
	w->how = *how;
	w->now = w->zero = start;
	port_init(w);
	configure(w);
	init_flows(w);
	wrong = tern_config_check(&w->config);
	cr_assert_null(wrong, "the test's configuration: %s", wrong);
	w->mem = aligned_alloc(64, RTE_ALIGN_CEIL(tern_stack_bytes(&w->config), 64));
	cr_assert_not_null(w->mem);
	w->stack = tern_stack_init(w->mem, &w->config, &w->port, w->now);
	cr_assert_not_null(w->stack, "tern_stack_init() refuses");
	w->tcp = tern_tcp(w->stack);
	cr_assert_eq(tern_ip_add_addr(tern_ip(w->stack), addr_of(OUR_ADDR), 120), 0);
	user_init(&w->user, how->user);
	w->user.offer = how->offer;
	w->payload = how->user == USER_ECHO ? WIRE_ECHO : WIRE_OURS;
	introduce(w);
	wire_poll(w);
	return w;
}

static void
abort_it(struct tern_conn *conn, void *data)
{
	(void)data;
	tern_tcp_abort(conn);
}

/* Everything back: connections, mbufs, memory. */
static void
close_wire(struct wire *w)
{
	user_release(&w->user, NULL);
	w->tx_closed = false;
	w->tx_refuse = 0;
	tern_tcp_each(w->tcp, abort_it, NULL);
	wire_poll(w);
	wire_check(w, wire_blocks(w) == 0, "%u connections are left", wire_blocks(w));
	port_release(w);
	tern_stack_fini(w->stack);
	port_fini(w);
	wire_check(w, rte_mempool_in_use_count(w->port.pool) == 0, "%u mbufs are missing",
		   rte_mempool_in_use_count(w->port.pool));
	free(w->mem);
	free(w);
}

void
wire_end(struct wire *w)
{
	wire_quiet_now(w);
	close_wire(w);
}

void
wire_listen(struct wire *w)
{
	int err;

	w->listener = (struct tern_tcp_listener){
		.port = OUR_PORT,
		.backlog = 64,
		.user = &w->user.vt,
	};
	err = tern_tcp_listen(w->tcp, &w->listener);
	wire_check(w, err == 0, "tern_tcp_listen(): %d", err);
}

/* Opens; learns port and number from the SYN, which is left to be asked for. */
void
wire_connect(struct wire *w)
{
	struct segment s;
	struct tern_conn *conn = NULL;
	int err;

	err = tern_tcp_connect(w->tcp, tern_addr_v4(w->flow->ends.src),
			       rte_cpu_to_be_16(w->flow->ends.sport), &w->user.vt, &conn);
	wire_check(w, err == 0, "tern_tcp_connect(): %d", err);
	w->user.conn = conn;
	w->flow->ends.dport = rte_be_to_cpu_16(conn->lport);
	wire_poll(w);
	wire_check(w, w->sent_head != w->sent_tail, "no SYN left");
	cr_assert(segment_read(&s, w->sent[w->sent_tail % WIRE_SENT].f.b + FRAME_L3 + 20, 40));
	w->flow->our_isn = s.seq;
	w->flow->our_isn_known = true;
}

static const char *
syn_options(const struct wire *w)
{
	return w->how.syn != NULL ? w->how.syn : "<mss 1460>";
}

static uint16_t
window(const struct wire *w)
{
	return w->how.win != 0 ? w->how.win : 65535;
}

static void
let_rtt_pass(struct wire *w)
{
	if (w->how.rtt_ns != 0)
		wire_quiet(w, wire_now(w) + w->how.rtt_ns);
}

static void
reach_syn_received(struct wire *w, bool active)
{
	if (active)
		wire_reach(w, TERN_SYN_SENT, true);
	else
		wire_reach(w, TERN_LISTEN, false);
	wire_in(w, "S 0:0(0) win %u %s", window(w), syn_options(w));
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
}

static void
reach_established(struct wire *w, bool active)
{
	if (active) {
		wire_reach(w, TERN_SYN_SENT, true);
		let_rtt_pass(w);
		wire_in(w, "S. 0:0(0) ack 1 win %u %s", window(w), syn_options(w));
		if (w->how.offer == 0)
			wire_out_now(w, ". 1:1(0) ack 1");
		return;
	}
	wire_reach(w, TERN_SYN_RECEIVED, false);
	let_rtt_pass(w);
	wire_in(w, ". 1:1(0) ack 1 win %u", window(w));
}

static void
reach_fin_wait_1(struct wire *w, bool active)
{
	wire_reach(w, TERN_ESTABLISHED, active);
	tern_tcp_shutdown(wire_conn(w));
	wire_poll(w);
	wire_out_now(w, "F. 1:1(0) ack 1");
}

static void
reach_later(struct wire *w, enum tern_tcp_state state, bool active)
{
	switch (state) {
	case TERN_FIN_WAIT_2:
		wire_reach(w, TERN_FIN_WAIT_1, active);
		wire_in(w, ". 1:1(0) ack 2 win %u", window(w));
		break;
	case TERN_CLOSING:
		wire_reach(w, TERN_FIN_WAIT_1, active);
		wire_in(w, "F. 1:1(0) ack 1 win %u", window(w));
		wire_out_now(w, ". 2:2(0) ack 2");
		break;
	case TERN_TIME_WAIT:
		wire_reach(w, TERN_FIN_WAIT_2, active);
		wire_in(w, "F. 1:1(0) ack 2 win %u", window(w));
		wire_out_now(w, ". 2:2(0) ack 2");
		break;
	case TERN_CLOSE_WAIT:
		wire_reach(w, TERN_ESTABLISHED, active);
		wire_in(w, "F. 1:1(0) ack 1 win %u", window(w));
		wire_out_now(w, ". 1:1(0) ack 2");
		break;
	default:
		wire_reach(w, TERN_CLOSE_WAIT, active);
		tern_tcp_close(wire_conn(w));
		wire_poll(w);
		wire_out_now(w, "F. 1:1(0) ack 2");
	}
}

void
wire_reach(struct wire *w, enum tern_tcp_state state, bool active)
{
	switch (state) {
	case TERN_CLOSED:
		break;
	case TERN_LISTEN:
		wire_listen(w);
		break;
	case TERN_SYN_SENT:
		wire_connect(w);
		wire_out_now(w, "S 0:0(0) win 65535 <...>");
		break;
	case TERN_SYN_RECEIVED:
		reach_syn_received(w, active);
		break;
	case TERN_ESTABLISHED:
		reach_established(w, active);
		break;
	case TERN_FIN_WAIT_1:
		reach_fin_wait_1(w, active);
		break;
	default:
		reach_later(w, state, active);
	}
	if (state != TERN_CLOSED && state != TERN_LISTEN)
		wire_state(w, state);
}

/* The number that a connection opened at this time gets. */
static uint32_t
isn_at(bool active, uint64_t start)
{
	const struct wire_how how = { .active = active };
	struct wire *w = new_wire(&how, start);
	uint32_t isn;

	wire_reach(w, active ? TERN_SYN_SENT : TERN_SYN_RECEIVED, active);
	isn = w->flow->our_isn;
	wire_skip(w);
	close_wire(w);
	return isn;
}

/* A start on a whole tick at which the clock adds delta, counted from time 0. */
static uint64_t
start_for(uint32_t delta)
{
	uint64_t start = (uint64_t)delta * ISN_CLOCK_NS;

	while (start % TERN_TICK_NS != 0)
		start += (UINT64_C(1) << 32) * ISN_CLOCK_NS;
	return start;
}

static uint64_t
start_of_isn(bool active, uint32_t wanted)
{
	static bool known[2];
	static uint32_t at_0[2];

	if (!known[active]) {
		at_0[active] = isn_at(active, 0);
		known[active] = true;
	}
	return start_for(wanted - at_0[active]);
}

struct wire *
wire_open(const struct wire_how *how)
{
	bool active = how->active || how->state == TERN_SYN_SENT;
	struct wire *w;

	w = new_wire(how, how->fix_isn ? start_of_isn(active, how->our_isn) : 0);
	wire_reach(w, how->state, active);
	if (how->fix_isn && w->flow->our_isn_known)
		wire_check(
			w, w->flow->our_isn == how->our_isn,
			"the ISN is not a 4 us clock plus a hash of the tuple (RFC 6528): %" PRIu32
			", expected %" PRIu32,
			w->flow->our_isn, how->our_isn);
	w->zero = w->now;
	return w;
}

struct wire *
wire_after(enum tern_tcp_state state)
{
	const struct wire_how how = { .state = state, .peer_isn = 1000 };

	return wire_open(&how);
}

struct wire *
wire_each(const struct wire_how *how)
{
	static const uint32_t isns[] = { 0, 0x7fffffff, 0x80000000, 0xfffffc18, 0xffffffff };
	static unsigned int turn;
	static struct wire *last;
	const unsigned int n = sizeof(isns) / sizeof(isns[0]);
	struct wire_how this = *how;

	if (last != NULL)
		wire_end(last);
	last = NULL;
	if (turn == n * n) {
		turn = 0;
		return NULL;
	}
	this.peer_isn = isns[turn % n];
	this.our_isn = isns[turn / n];
	this.fix_isn = true;
	turn++;
	last = wire_open(&this);
	return last;
}

struct wire *
wire_each_after(enum tern_tcp_state state)
{
	const struct wire_how how = { .state = state };

	return wire_each(&how);
}
