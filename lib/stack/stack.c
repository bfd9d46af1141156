/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "stack/stack.h"

/* Where each layer's tables lie behind struct tern_stack. */
struct plan {
	size_t tx, arp, ip, udp, tcp, sum;
};

static size_t
aligned(size_t bytes)
{
	return RTE_ALIGN(bytes, RTE_CACHE_LINE_SIZE);
}

static struct plan
lay_out(const struct tern_config *config)
{
	struct plan p;

	p.tx = aligned(sizeof(struct tern_stack));
	p.arp = p.tx + aligned(config->tx_queue * sizeof(struct rte_mbuf *));
	p.ip = p.arp + aligned(arp_bytes(config));
	p.udp = p.ip + aligned(ip_bytes(config));
	p.tcp = p.udp + aligned(udp_bytes(config));
	p.sum = p.tcp + aligned(tcp_bytes(config));
	return p;
}

size_t
tern_stack_bytes(const struct tern_config *config)
{
	return tern_config_check(config) == NULL ? lay_out(config).sum : 0;
}

static void
print_item(FILE *to, const char *what, size_t bytes, uint32_t n)
{
	fprintf(to, "  %-34s %12zu bytes", what, bytes);
	if (n > 0)
		fprintf(to, "  %zu each", bytes / n);
	fputc('\n', to);
}

void
tern_bill(const struct tern_config *config, FILE *to)
{
	size_t half_open, time_wait;
	char what[64];
	struct plan p;

	if (tern_config_check(config) != NULL)
		return;
	p = lay_out(config);
	half_open = tcp_half_open_bytes(config);
	time_wait = tcp_time_wait_bytes(config);
	fprintf(to, "memory of one stack:\n");
	print_item(to, "layers and counters", p.tx, 0);
	snprintf(what, sizeof(what), "%" PRIu32 " packets towards the port", config->tx_queue);
	print_item(to, what, p.arp - p.tx, 0);
	snprintf(what, sizeof(what), "%" PRIu32 " neighbours", config->neighbours);
	print_item(to, what, p.ip - p.arp, config->neighbours);
	snprintf(what, sizeof(what), "%" PRIu32 " addresses, %" PRIu32 " routes", config->addresses,
		 config->routes);
	print_item(to, what, p.udp - p.ip, 0);
	snprintf(what, sizeof(what), "%" PRIu32 " UDP ports", config->udp_ports);
	print_item(to, what, p.tcp - p.udp, 0);
	snprintf(what, sizeof(what), "%" PRIu32 " TCP connections", config->connections);
	print_item(to, what, p.sum - p.tcp - half_open - time_wait, config->connections);
	snprintf(what, sizeof(what), "%" PRIu32 " more in SYN-RECEIVED", config->half_open);
	print_item(to, what, half_open, config->half_open);
	snprintf(what, sizeof(what), "%" PRIu32 " more in TIME-WAIT", config->time_waits);
	print_item(to, what, time_wait, config->time_waits);
	print_item(to, "sum", p.sum, 0);
	fprintf(to, "  and %" PRIu32 " mbufs for its port\n", config->mbufs);
}

struct tern_stack *
tern_stack_init(void *mem, const struct tern_config *config, struct tern_port *port, uint64_t now)
{
	struct tern_stack *s = mem;
	char *base = mem;
	struct plan p;

	if (tern_config_check(config) != NULL)
		return NULL;
	p = lay_out(config);
	memset(s, 0, sizeof(*s));
	s->config = *config;
	s->eth = (struct tern_eth){
		.port = port,
		.stats = &s->stats,
		.arp = &s->arp,
		.ip = &s->ip,
		.tx = (struct rte_mbuf **)(void *)(base + p.tx),
		.tx_max = config->tx_queue,
	};
	arp_init(&s->arp, base + p.arp, &s->config, &s->eth, &s->ip, &s->stats, now);
	ip_init(&s->ip, base + p.ip, &s->config, &s->eth, &s->arp, &s->icmp, &s->udp, &s->tcp,
		&s->stats);
	icmp_init(&s->icmp, &s->config, &s->ip, &s->stats);
	udp_init(&s->udp, base + p.udp, &s->config, &s->ip, &s->icmp, &s->stats);
	tcp_init(&s->tcp, base + p.tcp, &s->config, &s->ip, &s->stats, now);
	return s;
}

void
tern_stack_fini(struct tern_stack *s)
{
	tcp_fini(&s->tcp);
	arp_fini(&s->arp);
	rte_pktmbuf_free_bulk(s->eth.tx, s->eth.tx_n);
	s->eth.tx_n = 0;
}

struct tern_arp *
tern_arp(struct tern_stack *stack)
{
	return &stack->arp;
}

struct tern_ip *
tern_ip(struct tern_stack *stack)
{
	return &stack->ip;
}

struct tern_icmp *
tern_icmp(struct tern_stack *stack)
{
	return &stack->icmp;
}

struct tern_udp *
tern_udp(struct tern_stack *stack)
{
	return &stack->udp;
}

struct tern_tcp *
tern_tcp(struct tern_stack *stack)
{
	return &stack->tcp;
}

const struct tern_stats *
tern_stats(const struct tern_stack *stack)
{
	return &stack->stats;
}

uint32_t
tern_stack_mbufs(const struct tern_stack *s)
{
	return s->eth.tx_n + arp_mbufs(&s->arp) + tcp_mbufs(&s->tcp);
}
