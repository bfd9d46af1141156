/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/star.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/ports.h"
#include "gen/steer.h"
#include "kit/eal.h"

enum { CONNECTIONS = 256, TURNS_AT_ONCE = 100 };

static const uint64_t STEP_NS = 10000;
static const struct rte_ether_addr macs[] = { { { 2, 0, 0, 0, 0, 0xa } },
					      { { 2, 0, 0, 0, 0, 0xb } } };

static struct star *on; /* one at a time */

static void *
take(struct star *s, size_t bytes)
{
	void *mem = aligned_alloc(64, RTE_ALIGN_CEIL(bytes, (size_t)64));

	cr_assert_not_null(mem);
	cr_assert_lt(s->memory_n, RTE_DIM(s->memory));
	memset(mem, 0, bytes);
	s->memory[s->memory_n++] = mem;
	return mem;
}

static struct tern_addr
addr_of(bool peer)
{
	return tern_addr_v4(rte_cpu_to_be_32(UINT32_C(0x0a090001) + peer));
}

/* Links -------------------------------------------------------------------------------------- */

/* Whoever sends may keep what it sent: a copy arrives. */
static void
arrive(struct star_end *to, const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = NULL;

	if (to->in_n < STAR_ROOM)
		copy = rte_pktmbuf_copy(m, to->port.pool, 0, UINT32_MAX);
	if (copy != NULL)
		to->in[to->in_n++] = copy;
}

static unsigned int
route(const struct star *s, const struct rte_mbuf *m)
{
	const struct ports all = ports_of(&s->plan);
	uint16_t port;

	if (s->route == ROUTE_FIRST || !steer_local_port(m, &port) || !ports_has(all, port))
		return 0;
	return ports_owner(all, STAR_WORKERS, port) ^ (s->route == ROUTE_AWAY);
}

static uint16_t
link_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct star_end *e = (struct star_end *)port;
	struct star *s = e->star;

	for (uint16_t i = 0; i < n; i++) {
		unsigned int to = e == &s->end[STAR_PEER] ? route(s, pkts[i]) : STAR_PEER;

		arrive(&s->end[to], pkts[i]);
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

static uint16_t
link_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct star_end *e = (struct star_end *)port;

	n = RTE_MIN(n, (uint16_t)e->in_n);
	memcpy(pkts, e->in, n * sizeof(pkts[0]));
	e->in_n -= n;
	memmove(e->in, e->in + n, e->in_n * sizeof(e->in[0]));
	return n;
}

void
star_inject(struct star *s, unsigned int end, const void *frame, uint16_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(eal_pool());

	cr_assert_not_null(m);
	memcpy(rte_pktmbuf_append(m, bytes), frame, bytes);
	arrive(&s->end[end], m);
	rte_pktmbuf_free(m);
}

/* The bench ---------------------------------------------------------------------------------- */

static bool
turn(struct star *s)
{
	bool did = false;

	if (s->on_turn != NULL)
		s->on_turn(s);
	for (unsigned int i = 0; i < STAR_ENDS; i++) {
		if (s->end[i].asleep)
			continue;
		did |= tern_poll(s->end[i].stack, s->now) > 0;
		if (i != STAR_PEER)
			did |= worker_poll(s->bench.workers[i], s->now);
	}
	return did;
}

static void
pass(struct bench *bench, uint64_t until)
{
	struct star *s = on;

	(void)bench;
	do {
		for (unsigned int i = 0; i < TURNS_AT_ONCE && turn(s); i++)
			;
		s->now += STEP_NS;
	} while (s->now < until);
}

static uint64_t
now_of(struct bench *bench)
{
	(void)bench;
	return on->now;
}

static uint64_t
clock_of(void *data)
{
	(void)data;
	return on->now;
}

/* Building ----------------------------------------------------------------------------------- */

void
star_plan(struct star *s, enum mode mode, enum protocol proto, const struct engine *engine)
{
	memset(s, 0, sizeof(*s));
	s->engine = engine;
	s->plan = (struct plan){
		.mode = mode,
		.proto = proto,
		.target = addr_of(true),
		.target_port = STAR_PORT,
		.next_hop = macs[true],
		.has_next_hop = true,
		.options.addrs = { { addr_of(false), 120 } },
		.options.addrs_n = 1,
		.options.config = tern_config_server,
		.connections = 8,
		.depth = 1,
		.max_outstanding = 64,
		.parallel = 2,
		.seed = 1,
		.duration_ns = 60 * TERN_S,
		.count = 40,
		.timeout_ns = TERN_S,
		.req_bytes = 64,
		.url = "/",
		.headers = "",
		.payload = PAYLOAD_PRBS,
		.verify = true,
		.interval_ns = TERN_S,
	};
	s->plan.options.config.mbufs = EAL_MBUFS;
	s->plan.options.config.held_total = EAL_MBUFS / 2;
}

static void
build(struct star *s, unsigned int i, struct tern_port *port, struct tern_config *config)
{
	bool peer = i == STAR_PEER;

	config->secret[0] = (uint8_t)(i + 1);
	s->end[i].stack = tern_stack_init(take(s, tern_stack_bytes(config)), config, port, s->now);
	cr_assert_not_null(s->end[i].stack);
	cr_assert_eq(tern_ip_add_addr(tern_ip(s->end[i].stack), addr_of(peer), 120), 0);
	cr_assert_eq(tern_arp_set(tern_arp(s->end[i].stack), addr_of(!peer), &macs[!peer]), 0);
}

static void
build_worker(struct star *s, unsigned int i)
{
	struct tern_config config = s->plan.options.config;
	struct worker *w;

	if (s->engine->configure != NULL)
		s->engine->configure(&s->plan, STAR_WORKERS, &config);
	w = worker_init(take(s, worker_bytes(&s->plan, s->engine, STAR_WORKERS)), &s->plan,
			s->engine, i, STAR_WORKERS);
	w->clock = clock_of;
	s->bench.workers[i] = w;
	worker_join(w, s->bench.workers);
	build(s, i, worker_port(w, &s->end[i].port), &config);
	cr_assert_eq(worker_attach(w, s->end[i].stack), 0);
}

static void
build_peer(struct star *s)
{
	struct tern_config config = s->plan.options.config;

	config.connections = CONNECTIONS;
	serve_configure(&s->plan, &config);
	build(s, STAR_PEER, &s->end[STAR_PEER].port, &config);
	if (s->deaf)
		return;
	s->serving = serve_start(take(s, serve_bytes(&s->plan, CONNECTIONS)), &s->plan, CONNECTIONS,
				 s->end[STAR_PEER].stack, s->now);
	cr_assert_not_null(s->serving);
}

void
star_open(struct star *s)
{
	on = s;
	s->now = TERN_S;
	s->bench = (struct bench){ .plan = &s->plan,
				   .engine = s->engine,
				   .workers_n = STAR_WORKERS,
				   .now = now_of,
				   .pass = pass,
				   .interval = take(s, sizeof(struct meter)),
				   .left_out = take(s, sizeof(struct meter)) };
	for (unsigned int i = 0; i < STAR_ENDS; i++) {
		s->end[i].star = s;
		s->end[i].port = (struct tern_port){ .rx = link_rx,
						     .tx = link_tx,
						     .mac = macs[i == STAR_PEER],
						     .mtu = 1500,
						     .pool = eal_pool() };
	}
	for (unsigned int i = 0; i < STAR_WORKERS; i++)
		build_worker(s, i);
	build_peer(s);
	s->result = result_new();
}

const struct result *
star_run(struct star *s)
{
	struct trial trial;

	trial_of_plan(&s->plan, &trial);
	cr_assert_eq(trial_run(&s->bench, &trial, NULL, s->result), 0);
	return s->result;
}

void
star_close(struct star *s)
{
	for (unsigned int i = 0; i < STAR_ENDS; i++)
		rte_pktmbuf_free_bulk(s->end[i].in, s->end[i].in_n);
	if (s->serving != NULL)
		serve_end(s->serving);
	for (unsigned int i = 0; i < STAR_ENDS; i++)
		tern_stack_fini(s->end[i].stack);
	for (unsigned int i = 0; i < STAR_WORKERS; i++)
		worker_detach(s->bench.workers[i]);
	result_free(s->result);
	while (s->memory_n > 0)
		free(s->memory[--s->memory_n]);
	cr_assert_eq(rte_mempool_avail_count(eal_pool()), EAL_MBUFS);
}
