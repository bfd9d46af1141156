/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/scene.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "kit/eal.h"
#include "kit/frame.h"

static uint64_t
clock_of(void *data)
{
	return *(uint64_t *)data;
}

void *
scene_memory(size_t bytes)
{
	void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64);

	cr_assert_not_null(mem);
	memset(mem, 0, bytes);
	return mem;
}

void
scene_plan(struct scene *s, enum mode mode, enum protocol proto)
{
	s->plan = (struct plan){
		.mode = mode,
		.proto = proto,
		.lite = true,
		.target = tern_addr_v4(rte_cpu_to_be_32(SCENE_THEIRS)),
		.target_port = SCENE_PORT,
		.options.addrs = { { tern_addr_v4(rte_cpu_to_be_32(SCENE_OURS)), 120 } },
		.options.addrs_n = 1,
		.options.config = tern_config_server,
		.connections = 1,
		.depth = 1,
		.max_outstanding = 1,
	};
	s->plan.options.config.connections = 16;
	s->plan.options.config.secret[0] = 1;
	s->trial = (struct trial){ .seed = 1, .plan = &s->plan };
}

void
scene_open(struct scene *s)
{
	const struct tern_config *config = &s->plan.options.config;

	s->now = 100 * TERN_S;
	s->port.pool = eal_pool();
	s->port.mac = our_mac;
	s->port.mtu = 1500;
	s->w = worker_init(scene_memory(worker_bytes(&s->plan, &engine_lite, 1)), &s->plan,
			   &engine_lite, 0, 1);
	s->w->clock = clock_of;
	s->w->clock_data = &s->now;
	s->w->trial = &s->trial;
	s->stack_mem = scene_memory(tern_stack_bytes(config));
	s->stack = tern_stack_init(s->stack_mem, config, worker_port(s->w, &s->port), s->now);
	cr_assert_not_null(s->stack);
	cr_assert_eq(tern_ip_add_addr(tern_ip(s->stack), s->plan.options.addrs[0].addr, 120), 0);
	cr_assert_eq(tern_arp_set(tern_arp(s->stack), s->plan.target, &our_mac), 0);
	cr_assert_eq(worker_attach(s->w, s->stack), 0);
}

void
scene_turn(struct scene *s)
{
	tern_poll(s->stack, s->now);
	worker_poll(s->w, s->now);
}

void
scene_order(struct scene *s, enum worker_order what)
{
	s->w->order = (s->w->order / WORKER_ORDERS + 1) * WORKER_ORDERS + what;
}

void
scene_close(struct scene *s)
{
	tern_stack_fini(s->stack);
	free(s->stack_mem);
	free(s->w);
	cr_assert_eq(rte_mempool_avail_count(eal_pool()), EAL_MBUFS, "%u mbufs are missing",
		     EAL_MBUFS - rte_mempool_avail_count(eal_pool()));
}
