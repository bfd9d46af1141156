/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers: whoever receives an answer, it reaches the one who asked.
 */
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "gen/ports.h"
#include "gen/star.h"
#include "gen/steer.h"
#include "kit/eal.h"

static struct star star;

/* Whose is whose ----------------------------------------------------------------------------- */

static void
check_shares(struct ports all, unsigned int workers)
{
	uint32_t at = all.first;

	for (unsigned int i = 0; i < workers; i++) {
		struct ports own = ports_share(all, i, workers);

		cr_assert_eq(own.first, at, "%u of %u: from %u on", i, workers, own.first);
		cr_assert(own.n == all.n / workers || own.n == all.n / workers + 1);
		for (at = own.first; at < own.first + own.n; at++)
			cr_assert_eq(ports_owner(all, workers, at), i, "port %u of %u", at,
				     workers);
	}
	cr_assert_eq(at, all.first + all.n);
}

Test(steer, each_port_has_one_owner)
{
	static const struct ports ranges[] = {
		{ 0, 65536 }, { 1024, 64512 }, { 5000, 7 }, { 65535, 1 }, { 1, 65535 }
	};

	for (size_t i = 0; i < RTE_DIM(ranges); i++)
		for (unsigned int workers = 1; workers <= 128; workers += workers < 8 ? 1 : 30)
			check_shares(ranges[i], workers);
}

enum { MOST = 128, LOCAL = 0x1234, REMOTE = 0x0007 };

struct frame {
	uint8_t bytes[MOST];
	uint16_t n;
};

static void
add16(struct frame *f, unsigned int value)
{
	f->bytes[f->n++] = (uint8_t)(value >> 8);
	f->bytes[f->n++] = (uint8_t)value;
}

static void
add_eth(struct frame *f, unsigned int type)
{
	memset(f, 0, sizeof(*f));
	f->n = 12;
	add16(f, type);
}

/* With so many words of options. */
static void
add_ip(struct frame *f, unsigned int proto, unsigned int options, unsigned int fragment)
{
	uint8_t *ip = f->bytes + f->n;

	ip[0] = (uint8_t)(0x45 + options);
	ip[6] = (uint8_t)(fragment >> 8);
	ip[7] = (uint8_t)fragment;
	ip[9] = (uint8_t)proto;
	f->n = (uint16_t)(f->n + 20 + 4 * options);
}

/* UDP, as TCP begins. */
static void
add_ports(struct frame *f, unsigned int from, unsigned int to)
{
	add16(f, from);
	add16(f, to);
	add16(f, 8);
	add16(f, 0);
}

static void
add_icmp(struct frame *f, unsigned int type, unsigned int id)
{
	add16(f, type << 8);
	add16(f, 0);
	add16(f, id);
	add16(f, 0);
}

/* Whole it says so; cut off by as much as a byte nothing. */
static void
expect(const struct frame *f, bool has, const char *what)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(eal_pool());
	uint16_t port = 0;

	cr_assert_not_null(m);
	memcpy(rte_pktmbuf_append(m, f->n), f->bytes, f->n);
	cr_assert_eq(steer_local_port(m, &port), has, "%s", what);
	cr_assert_eq(port, has ? LOCAL : 0, "%s: %u", what, port);
	while (m->data_len > 0) {
		rte_pktmbuf_trim(m, 1);
		cr_assert_not(steer_local_port(m, &port), "%s: %u bytes", what, m->data_len);
	}
	rte_pktmbuf_free(m);
}

Test(steer, the_local_port_is_found_where_there_is_one)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct frame f;

	for (unsigned int options = 0; options <= 10; options++)
		for (size_t i = 0; i < RTE_DIM(protos); i++) {
			add_eth(&f, RTE_ETHER_TYPE_IPV4);
			add_ip(&f, protos[i], options, 0x4000);
			add_ports(&f, REMOTE, LOCAL);
			expect(&f, true, "TCP and UDP, options or not");
		}
	add_eth(&f, RTE_ETHER_TYPE_IPV4);
	add_ip(&f, IPPROTO_ICMP, 0, 0);
	add_icmp(&f, RTE_IP_ICMP_ECHO_REPLY, LOCAL);
	expect(&f, true, "an echo reply");
}

Test(steer, an_icmp_error_is_about_what_it_quotes)
{
	static const uint8_t types[] = { 3, 11, 12 };
	struct frame f;

	for (size_t i = 0; i < RTE_DIM(types); i++)
		for (unsigned int options = 0; options < 3; options++) {
			add_eth(&f, RTE_ETHER_TYPE_IPV4);
			add_ip(&f, IPPROTO_ICMP, 0, 0);
			add_icmp(&f, types[i], 0);
			add_ip(&f, i == 0 ? IPPROTO_TCP : IPPROTO_UDP, options, 0);
			add_ports(&f, LOCAL, REMOTE);
			expect(&f, true, "an error about TCP or UDP");
		}
	add_eth(&f, RTE_ETHER_TYPE_IPV4);
	add_ip(&f, IPPROTO_ICMP, 0, 0);
	add_icmp(&f, 3, 0);
	add_ip(&f, IPPROTO_ICMP, 0, 0);
	add_icmp(&f, RTE_IP_ICMP_ECHO_REQUEST, LOCAL);
	expect(&f, true, "an error about an echo request");
}

Test(steer, all_else_is_whose_queue_it_came_to)
{
	struct frame f;

	add_eth(&f, RTE_ETHER_TYPE_ARP);
	add_ip(&f, IPPROTO_UDP, 0, 0);
	add_ports(&f, REMOTE, LOCAL);
	expect(&f, false, "ARP");
	for (unsigned int fragment = 1; fragment <= 0x2000; fragment *= 2) {
		add_eth(&f, RTE_ETHER_TYPE_IPV4);
		add_ip(&f, IPPROTO_UDP, 0, fragment);
		add_ports(&f, REMOTE, LOCAL);
		expect(&f, false, "a fragment");
	}
	add_eth(&f, RTE_ETHER_TYPE_IPV4);
	add_ip(&f, IPPROTO_ICMP, 0, 0);
	add_icmp(&f, RTE_IP_ICMP_ECHO_REQUEST, LOCAL);
	expect(&f, false, "an echo request");
	add_eth(&f, RTE_ETHER_TYPE_IPV4);
	add_ip(&f, 132, 0, 0);
	add_ports(&f, REMOTE, LOCAL);
	expect(&f, false, "another protocol");
	add_eth(&f, RTE_ETHER_TYPE_IPV4);
	add_ip(&f, IPPROTO_UDP, 0, 0);
	f.bytes[14] = 0x44;
	add_ports(&f, REMOTE, LOCAL);
	expect(&f, false, "a header that is too short");
}

/* Every engine ------------------------------------------------------------------------------- */

struct load {
	const char *name;
	enum mode mode;
	enum protocol proto;
	const struct engine *engine;
};

static const struct load loads[] = {
	{ "rr udp", MODE_RR, PROTO_UDP, &engine_datagrams },
	{ "rr icmp", MODE_RR, PROTO_ICMP, &engine_datagrams },
	{ "crr lite", MODE_CRR, PROTO_TCP, &engine_lite },
	{ "crr full", MODE_CRR, PROTO_TCP, &engine_full },
	{ "rr lite", MODE_RR, PROTO_HTTP, &engine_lite },
	{ "rr full", MODE_RR, PROTO_HTTP, &engine_full },
	{ "hold lite", MODE_HOLD, PROTO_TCP, &engine_lite },
	{ "hold full", MODE_HOLD, PROTO_TCP, &engine_full },
};

static void
plan_load(const struct load *load)
{
	star_plan(&star, load->mode, load->proto, load->engine);
	star.plan.lite = load->engine == &engine_lite;
	if (load->mode == MODE_HOLD)
		star.plan.connections = (uint32_t)star.plan.count;
}

static void
check_each(const struct result *r, const char *name)
{
	uint64_t handed_over = 0;

	cr_assert_eq(r->workers_n, STAR_WORKERS);
	for (unsigned int i = 0; i < STAR_WORKERS; i++) {
		const struct ledger *l = &r->of_worker[i];

		cr_assert(l->balanced, "%s: ledger of %u", name, i);
		cr_assert_eq(l->launched, star.plan.count / 2, "%s: %u did not do half", name, i);
		handed_over += l->handed_over;
	}
	cr_assert_eq(handed_over, r->ledger.handed_over);
	cr_assert_eq(handed_over, r->total.count[COUNT_handed_over], "%s", name);
}

static void
run(const struct load *load, enum star_route route)
{
	const struct result *r;

	plan_load(load);
	star.route = route;
	star_open(&star);
	for (unsigned int again = 0; again < 3; again++) {
		r = star_run(&star);
		cr_assert(r->ledger.balanced, "%s: ledger", load->name);
		cr_assert_eq(r->ledger.done, star.plan.count, "%s: done", load->name);
		cr_assert_eq(meter_errors(&r->total), 0, "%s: errors", load->name);
		cr_assert_eq(r->total.count[COUNT_other], 0, "%s: strays", load->name);
		cr_assert_eq(r->ledger.handover_dropped, 0);
		check_each(r, load->name);
		if (route == ROUTE_HOME)
			cr_assert_eq(r->ledger.handed_over, 0, "%s: came home", load->name);
		else
			cr_assert_geq(r->ledger.handed_over, star.plan.count / 2);
		if (route == ROUTE_FIRST)
			cr_assert_eq(r->of_worker[1].received, 0);
		if (route == ROUTE_AWAY)
			cr_assert_eq(r->of_worker[0].handed_over, r->of_worker[0].received);
	}
	star_close(&star);
}

Test(steer, answers_that_come_home_stay)
{
	for (size_t i = 0; i < RTE_DIM(loads); i++)
		run(&loads[i], ROUTE_HOME);
}

Test(steer, answers_to_the_other_queue_are_handed_over)
{
	for (size_t i = 0; i < RTE_DIM(loads); i++)
		run(&loads[i], ROUTE_AWAY);
}

Test(steer, answers_to_one_queue_reach_both)
{
	for (size_t i = 0; i < RTE_DIM(loads); i++)
		run(&loads[i], ROUTE_FIRST);
}

/* Nobody serves: the peer's stack says so by ICMP, or by a reset. */
Test(steer, refusals_reach_who_asked)
{
	static const enum error causes[] = { ERROR_unreachable, ERROR_refused, ERROR_refused };
	static const struct load refused[] = {
		{ "rr udp", MODE_RR, PROTO_UDP, &engine_datagrams },
		{ "crr lite", MODE_CRR, PROTO_TCP, &engine_lite },
		{ "crr full", MODE_CRR, PROTO_TCP, &engine_full },
	};

	for (size_t i = 0; i < RTE_DIM(refused); i++) {
		const struct result *r;

		plan_load(&refused[i]);
		star.deaf = true;
		star.route = ROUTE_AWAY;
		star.plan.count = star.plan.connections = 8; /* ICMP errors have a rate limit */
		star_open(&star);
		r = star_run(&star);
		cr_assert(r->ledger.balanced);
		cr_assert_eq(r->ledger.failed, 8);
		cr_assert_eq(r->total.error[causes[i]], 8, "%s", refused[i].name);
		cr_assert_eq(r->ledger.handed_over, 8);
		check_each(r, refused[i].name);
		star_close(&star);
	}
}

/* A full ring -------------------------------------------------------------------------------- */

enum { MANY = STEER_RING + 200 };

static struct frame to_second;

/* Worker 1 does not poll for a while, and more than a ring of packets for it comes to worker 0. */
static void
sleep_and_flood(struct star *s)
{
	uint64_t begin = s->bench.trial.start_ns;

	s->end[1].asleep = s->now > begin + TERN_MS && s->now < begin + 3 * TERN_MS;
	if (!s->end[1].asleep || to_second.n == 0)
		return;
	for (unsigned int i = 0; i < MANY; i++)
		star_inject(s, 0, to_second.bytes, to_second.n);
	to_second.n = 0;
}

Test(steer, what_finds_the_ring_full_is_dropped_and_counted)
{
	const struct result *r;

	star_plan(&star, MODE_RR, PROTO_UDP, &engine_datagrams);
	star.plan.connections = 2;
	star.plan.count = 0;
	star.plan.duration_ns = 10 * TERN_MS;
	add_eth(&to_second, RTE_ETHER_TYPE_IPV4);
	add_ip(&to_second, IPPROTO_UDP, 0, 0);
	add_ports(&to_second, REMOTE, 65535);
	star.on_turn = sleep_and_flood;
	star_open(&star);
	r = star_run(&star);
	cr_assert_eq(to_second.n, 0);
	cr_assert(r->ledger.balanced);
	cr_assert_eq(r->of_worker[0].handed_over, STEER_RING - 1);
	cr_assert_eq(r->of_worker[0].handover_dropped, MANY - (STEER_RING - 1));
	cr_assert_eq(r->of_worker[1].taken_over, STEER_RING - 1);
	cr_assert_eq(r->total.count[COUNT_handover_dropped], MANY - (STEER_RING - 1));
	cr_assert_eq(meter_errors(&r->total), 0);
	cr_assert_gt(r->of_worker[1].done, 0);
	star_close(&star);
}

/* What was on its way when the trial ended belongs to no other: it is dropped and counted. */
static void
flood_the_end(struct star *s)
{
	const struct worker *w = s->bench.workers[0];

	s->end[1].asleep = w->state == WORKER_DRAINING && to_second.n > 0;
	if (w->state == WORKER_DRAINING && to_second.n > 0) {
		star_inject(s, 0, to_second.bytes, to_second.n);
		to_second.n = 0;
	}
}

Test(steer, no_packet_is_left_between_two_trials)
{
	star_plan(&star, MODE_RR, PROTO_UDP, &engine_datagrams);
	star.route = ROUTE_AWAY;
	star.on_turn = flood_the_end;
	star_open(&star);
	for (unsigned int i = 0; i < 3; i++) {
		const struct result *r;

		add_eth(&to_second, RTE_ETHER_TYPE_IPV4);
		add_ip(&to_second, IPPROTO_UDP, 0, 0);
		add_ports(&to_second, REMOTE, 65535);
		r = star_run(&star);
		cr_assert_eq(to_second.n, 0);
		cr_assert(r->ledger.balanced);
		cr_assert_eq(r->ledger.handed_over, star.plan.count + 1);
		cr_assert_eq(r->ledger.taken_over, star.plan.count + 1);
		cr_assert_eq(r->ledger.done, star.plan.count);
	}
	star_close(&star);
}
