/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "conn/isn.h"
#include "conn/machine.h"
#include "layer/ip/ip.h"
#include "layer/tcp/tcp.h"

/*
 * RFC 6056 §3.1, §3.2, §3.3.1: begin at a random port of the range, then walk. Only this remote
 * address and port matter: the same local port may serve any number of different peers.
 */
static bool
choose_port(struct tern_tcp *tcp, struct tern_addr to, rte_be16_t port, struct tern_addr from,
	    rte_be16_t *lport, uint32_t *hash)
{
	uint32_t n = tcp->port_max - tcp->port_min + 1;
	uint32_t start = random_below(&tcp->random, n);

	for (uint32_t i = 0; i < n; i++) {
		*lport = rte_cpu_to_be_16((uint16_t)(tcp->port_min + (start + i) % n));
		*hash = conn_hash(tcp, to, port, from, *lport);
		if (flow_find(tcp, to, port, from, *lport, *hash) == FLOW_NONE)
			return true;
	}
	return false;
}

/* The local end (MUST-43). Return: 0, or the error of tern_tcp_connect_from(). */
static int
choose_end(struct tern_tcp *tcp, struct tern_addr to, rte_be16_t port, struct tern_addr *from,
	   rte_be16_t *lport, uint32_t *hash)
{
	if (!tern_addr_is_any(*from) && !ip_is_ours(tcp->ip, *from))
		return -EADDRNOTAVAIL;
	if (tern_addr_is_any(*from) && !ip_source(tcp->ip, to, from))
		return -EHOSTUNREACH;
	if (*lport == 0)
		return choose_port(tcp, to, port, *from, lport, hash) ? 0 : -EADDRNOTAVAIL;
	*hash = conn_hash(tcp, to, port, *from, *lport);
	return flow_find(tcp, to, port, *from, *lport, *hash) == FLOW_NONE ? 0 : -EADDRINUSE;
}

/* RFC 9293 §3.10.1, OPEN: never to what is no unicast address (MUST-46). */
int
tern_tcp_connect_from(struct tern_tcp *tcp, struct tern_addr from, rte_be16_t from_port,
		      struct tern_addr to, rte_be16_t port, struct tern_tcp_user *user,
		      struct tern_conn **conn)
{
	struct tern_conn *c;
	uint32_t hash;
	int err;

	if (port == 0 || user == NULL || !ip_is_unicast(tcp->ip, to))
		return -EINVAL;
	err = choose_end(tcp, to, port, &from, &from_port, &hash);
	if (err < 0)
		return err;
	c = conn_new(tcp, to, port, from, from_port, hash);
	if (c == NULL)
		return -ENOBUFS;
	c->user = user;
	c->state = TERN_SYN_SENT;
	c->ts_offset = ts_offset_of(tcp, &(struct tuple){ from, to, from_port, port });
	c->snd.una = isn_of(c);
	c->snd.nxt = c->snd.una;
	c->snd.max = c->snd.una;
	count(tcp, TERN_EV_TCP_ACTIVE_OPENS);
	conn_ready(c);
	*conn = c;
	return 0;
}

int
tern_tcp_connect(struct tern_tcp *tcp, struct tern_addr to, rte_be16_t port,
		 struct tern_tcp_user *user, struct tern_conn **conn)
{
	const struct tern_addr any = { 0 };

	return tern_tcp_connect_from(tcp, any, 0, to, port, user, conn);
}
