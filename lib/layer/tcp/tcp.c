/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_common.h>

#include "conn/flight.h"
#include "conn/held.h"
#include "conn/timers.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "layer/tcp/listen.h"
#include "layer/tcp/output.h"
#include "layer/tcp/tcp.h"

/* A connection block is a whole number of cache lines, and how many is watched. */
_Static_assert(sizeof(struct tern_conn) == 512, "eight cache lines, four of them hot");
_Static_assert(sizeof(struct tern_timer_node) == sizeof(struct wheel_node), "one is the other");

struct tables {
	size_t conns, flows, slots, half_opens, time_waits, listening, ranges, sum;
};

static struct tables
lay_out(const struct tern_config *config)
{
	uint32_t all = config->connections + config->half_open + config->time_waits;
	struct tables t = { 0 };

	t.conns = 0;
	t.flows = t.conns + RTE_ALIGN(config->connections * sizeof(struct tern_conn), 64);
	t.slots = t.flows + RTE_ALIGN(flowtable_bytes(all), 64);
	t.half_opens = t.slots + RTE_ALIGN(slots_bytes(config->connections), 64);
	t.time_waits = t.half_opens + RTE_ALIGN(half_open_bytes(config), 64);
	t.listening = t.time_waits + config->time_waits * sizeof(struct time_wait);
	t.ranges = t.listening + RTE_ALIGN(config->listeners * sizeof(struct listening), 64);
	t.sum = t.ranges + RTE_ALIGN(flight_bytes(config), 64);
	return t;
}

size_t
tcp_bytes(const struct tern_config *config)
{
	return lay_out(config).sum;
}

size_t
tcp_half_open_bytes(const struct tern_config *config)
{
	struct tables t = lay_out(config);

	return t.time_waits - t.half_opens;
}

size_t
tcp_time_wait_bytes(const struct tern_config *config)
{
	struct tables t = lay_out(config);

	return t.listening - t.time_waits;
}

void
tcp_init(struct tern_tcp *tcp, void *mem, const struct tern_config *config, struct tern_ip *ip,
	 struct tern_stats *stats, uint64_t now)
{
	struct tables t = lay_out(config);
	char *base = mem;

	*tcp = (struct tern_tcp){ .ip = ip, .stats = stats, .pool = ip->eth->port->pool };
	tcp->conns = (struct tern_conn *)(void *)(base + t.conns);
	for (uint32_t i = 0; i < config->connections; i++)
		wheel_node_init((struct wheel_node *)&tcp->conns[i].wheel);
	flowtable_init(&tcp->flows, base + t.flows,
		       config->connections + config->half_open + config->time_waits);
	slots_init(&tcp->slots, base + t.slots, config->connections);
	listen_init(tcp, base + t.listening, config->listeners);
	flight_init(tcp, base + t.ranges, config);
	/* The MTU less 40, whatever options and way (MUST-67, RFC 6691 §2, RFC 1191 §3.1). */
	tcp->mss = (uint16_t)(ip_room(ip) - TCP_HEADER_BYTES);
	machine_init(tcp, config, now);
	half_open_init(tcp, base + t.half_opens, config);
	time_wait_init(&tcp->time_waits, base + t.time_waits, config->time_waits);
}

static void
forget(struct tern_conn *c, void *data)
{
	(void)data;
	held_free_all(c);
}

void
tcp_fini(struct tern_tcp *tcp)
{
	tern_tcp_each(tcp, forget, NULL);
}

void
tcp_set_time(struct tern_tcp *tcp, uint64_t now)
{
	machine_set_time(tcp, now);
}

void
tcp_run_timers(struct tern_tcp *tcp)
{
	timers_run(tcp);
	if (tcp->half_opens.used > 0)
		listen_run_timers(tcp);
	if (tcp->time_waits.used > 0)
		time_wait_run(tcp);
}

void
tcp_poll(struct tern_tcp *tcp)
{
	if (tcp->ready.first != CONN_NONE)
		output_ready(tcp);
	if (tcp->dead.first != CONN_NONE)
		machine_bury(tcp);
}

/* What is overdue had no turn, or no room to the port: a tick later. */
static uint32_t
ticks_until(const struct tern_tcp *tcp, uint32_t at)
{
	return seq_gt(at, tcp->tick) ? at - tcp->tick : 1;
}

uint64_t
tcp_next_deadline(const struct tern_tcp *tcp)
{
	uint64_t ticks = tcp->now / TERN_TICK_NS;
	uint32_t left = UINT32_MAX, at;

	/* Those that could not send: when the port may have made room, or the pool. */
	if (tcp->ready.first != CONN_NONE)
		return (ticks + 1) * TERN_TICK_NS;
	if (wheel_next(&tcp->wheel, &at))
		left = at - tcp->tick;
	if (half_open_next(tcp, &at))
		left = RTE_MIN(left, ticks_until(tcp, at));
	if (tcp->time_waits.used > 0) {
		at = tcp->time_waits.block[tcp->time_waits.first].deadline;
		left = RTE_MIN(left, ticks_until(tcp, at));
	}
	return left == UINT32_MAX ? UINT64_MAX : (ticks + left) * TERN_TICK_NS;
}

uint32_t
tcp_mbufs(const struct tern_tcp *tcp)
{
	return tcp->held;
}
