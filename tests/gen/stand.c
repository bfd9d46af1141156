/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/stand.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <tern_stack.h>

#include "kit/eal.h"

enum { IN_PIPE = 512, TURNS = 5000000 };

static struct tern_udp_port echo_port;

static void *
take(struct stand *s, size_t bytes)
{
	void *mem = aligned_alloc(64, RTE_ALIGN_CEIL(bytes, (size_t)64));

	cr_assert_not_null(mem);
	memset(mem, 0, bytes);
	s->memory[s->memory_n++] = mem;
	return mem;
}

static uint64_t
clock_of(void *data)
{
	return *(uint64_t *)data;
}

static enum tern_verdict
echo(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	return tern_udp_turn(in);
}

/* The tap ------------------------------------------------------------------------------------ */

static uint16_t
tap_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct stand *s = (struct stand *)port;

	n = s->faults.port.rx(&s->faults.port, pkts, n);
	for (uint16_t i = 0; i < n; i++)
		s->came += rte_pktmbuf_mtod(pkts[i], const struct rte_ether_hdr *)->ether_type ==
			   RTE_BE16(RTE_ETHER_TYPE_IPV4);
	return n;
}

static uint16_t
tap_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct stand *s = (struct stand *)port;

	if (s->silent) {
		for (uint16_t i = 0; i < n && s->on_frame != NULL; i++)
			s->on_frame(s, pkts[i]);
		rte_pktmbuf_free_bulk(pkts, n);
		return n;
	}
	return s->faults.port.tx(&s->faults.port, pkts, n);
}

/* Building ----------------------------------------------------------------------------------- */

void
stand_plan(struct stand *s, enum mode mode, enum protocol proto)
{
	s->plan.mode = mode;
	s->plan.proto = proto;
	s->plan.target = tern_addr_v4(rte_cpu_to_be_32(STAND_B));
	s->plan.target_port = 7;
	s->plan.options.addrs[0].addr = tern_addr_v4(rte_cpu_to_be_32(STAND_A));
	s->plan.options.addrs[0].prefix = 120;
	s->plan.options.addrs_n = 1;
	s->plan.options.config = tern_config_server;
	s->plan.options.config.mbufs = EAL_MBUFS;
	s->plan.connections = 1;
	s->plan.depth = 1;
	s->plan.max_outstanding = 1 << 20;
	s->plan.seed = 1;
	s->plan.timeout_ns = 100 * TERN_MS;
	s->plan.payload = PAYLOAD_RANDOM;
	s->trial.plan = &s->plan;
	s->trial.seed = 1;
}

static void
join(struct stand *s)
{
	uint64_t delay = s->delay_ns != 0 ? s->delay_ns : 10000;
	const struct tern_pipe_config pipe = {
		.now_ns = &s->now,
		.link = { { .delay_ns = delay, .rate_bps = UINT64_C(10000000000) },
			  { .delay_ns = delay, .rate_bps = UINT64_C(10000000000) } },
		.packets = IN_PIPE,
		.mtu = 1500,
		.pool = { eal_pool(), eal_pool() },
		.mac = { { { 2, 0, 0, 0, 0, 0xa } }, { { 2, 0, 0, 0, 0, 0xb } } },
	};
	const struct tern_faults_config faults = {
		.now_ns = &s->now,
		.seed = s->plan.seed,
		.packets = 2 * IN_PIPE,
		.rx = s->odds[1],
		.tx = s->odds[0],
	};

	cr_assert_eq(tern_pipe_init(&s->pipe, take(s, tern_pipe_bytes(IN_PIPE)), &pipe), 0);
	cr_assert_eq(tern_faults_init(&s->faults, take(s, tern_faults_bytes(faults.packets)),
				      &s->pipe.end[0].port, &faults),
		     0);
	s->tap = s->faults.port;
	s->tap.rx = tap_rx;
	s->tap.tx = tap_tx;
}

static void
build(struct stand *s, unsigned int side, struct tern_port *port)
{
	struct tern_config config = s->plan.options.config;

	config.connections = 16;
	config.secret[0] = (uint8_t)(side + 1);
	s->stack[side] = tern_stack_init(take(s, tern_stack_bytes(&config)), &config, port, s->now);
	cr_assert_not_null(s->stack[side]);
	cr_assert_eq(tern_ip_add_addr(tern_ip(s->stack[side]),
				      tern_addr_v4(rte_cpu_to_be_32(STAND_A + side)), 120),
		     0);
	cr_assert_eq(tern_arp_set(tern_arp(s->stack[side]),
				  tern_addr_v4(rte_cpu_to_be_32(STAND_A + !side)),
				  &s->pipe.end[!side].port.mac),
		     0);
}

int
stand_open(struct stand *s, const struct engine *engine)
{
	s->now = TERN_S;
	join(s);
	s->w = worker_init(take(s, worker_bytes(&s->plan, engine, 1)), &s->plan, engine, 0, 1);
	s->w->clock = clock_of;
	s->w->clock_data = &s->now;
	s->w->trial = &s->trial;
	build(s, 0, worker_port(s->w, &s->tap));
	build(s, 1, &s->pipe.end[1].port);
	echo_port = (struct tern_udp_port){ .port = 7, .on_datagram = echo };
	cr_assert_eq(tern_udp_bind(tern_udp(s->stack[1]), &echo_port), 0);
	return worker_attach(s->w, s->stack[0]);
}

/* Running ------------------------------------------------------------------------------------ */

static bool
turn(struct stand *s)
{
	bool did = tern_poll(s->stack[0], s->now) > 0;

	did |= worker_poll(s->w, s->now);
	did |= tern_poll(s->stack[1], s->now) > 0;
	return did;
}

static void
step(struct stand *s, uint64_t until)
{
	uint64_t next = RTE_MIN(worker_next(s->w), until);

	if (turn(s))
		return;
	next = RTE_MIN(next, tern_pipe_next(&s->pipe));
	next = RTE_MIN(next, tern_faults_next(&s->faults));
	next = RTE_MIN(next, tern_next_deadline(s->stack[0]));
	next = RTE_MIN(next, tern_next_deadline(s->stack[1]));
	s->now = RTE_MAX(next, s->now + 1);
}

static void
run(struct stand *s, uint64_t ns)
{
	uint64_t until = s->now + ns, turns = 0;

	while (s->now < until) {
		cr_assert_lt(turns++, TURNS, "time stands still");
		step(s, until);
	}
}

static void
order(struct stand *s, enum worker_order what)
{
	s->w->order = (s->w->order / WORKER_ORDERS + 1) * WORKER_ORDERS + what;
	turn(s);
}

void
stand_trial(struct stand *s, uint64_t ns)
{
	uint64_t until;

	memset(s->w->meters, 0, 2 * sizeof(s->w->meters[0]));
	memset(&s->sum, 0, sizeof(s->sum));
	order(s, WORKER_BEGIN);
	run(s, ns);
	order(s, WORKER_STOP);
	for (until = s->now + s->plan.timeout_ns; s->now < until && !worker_is_done(s->w);)
		step(s, until);
	order(s, WORKER_END);
	meter_merge(&s->sum, s->w->meter);
	cr_assert_eq(s->w->ledger.made, s->w->ledger.sent + s->w->ledger.dropped);
	cr_assert_eq(s->w->ledger.launched,
		     s->w->ledger.done + s->w->ledger.failed + s->w->ledger.inflight);
}

void
stand_close(struct stand *s)
{
	turn(s);
	for (unsigned int i = 0; i < s->w->queue_n; i++)
		rte_pktmbuf_free(s->w->queue[(s->w->queue_head + i) % WORKER_QUEUE]);
	for (unsigned int i = 0; i < 2; i++)
		tern_stack_fini(s->stack[i]);
	tern_faults_fini(&s->faults);
	tern_pipe_fini(&s->pipe);
	worker_detach(s->w);
	while (s->memory_n > 0)
		free(s->memory[--s->memory_n]);
	cr_assert_eq(rte_mempool_avail_count(eal_pool()), EAL_MBUFS);
}
