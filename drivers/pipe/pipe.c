/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <rte_ip.h>

#include <tern_pipe.h>

enum {
	LEAST_MTU = 68,	    /* RFC 791 §3.2 */
	ECN_MASK = 3,	    /* RFC 3168 §5: the low bits of the traffic class */
	ECN_CE = 3,	    /* 1 and 2 are ECT(1) and ECT(0) */
	IPV6_ECN_SHIFT = 4, /* in the second byte of the header: RFC 8200 §3 */
};

static const uint64_t NS_A_SECOND = 1000000000;

static struct tern_pipe_end *
end_of(struct tern_port *port)
{
	return (struct tern_pipe_end *)port;
}

static struct tern_pipe_end *
peer_of(struct tern_pipe_end *end)
{
	return &end->pipe->end[end == &end->pipe->end[0]];
}

/* Does anybody but the bearer of the packet see its bytes? */
static bool
is_shared(const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next)
		if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
			return true;
	return false;
}

/* What one side's port or stack noted in the mbuf does not travel over a wire. */
static void
forget_marks(struct rte_mbuf *m)
{
	m->port = RTE_MBUF_PORT_INVALID;
	m->packet_type = 0;
	m->tx_offload = 0;
	for (; m != NULL; m = m->next)
		m->ol_flags = 0;
}

/* As the receiver will see it: the packet itself, or its own copy; NULL: lost. */
static struct rte_mbuf *
carry(struct tern_pipe_end *to, struct rte_mbuf *m)
{
	struct rte_mbuf *copy;

	if (is_shared(m)) {
		copy = rte_pktmbuf_copy(m, to->port.pool, 0, UINT32_MAX);
		rte_pktmbuf_free(m);
		m = copy;
	}
	if (m == NULL)
		to->lost++;
	else
		forget_marks(m);
	return m;
}

/* The queue ---------------------------------------------------------------------------------- */

/* The link to this end: its peer's. */
static const struct tern_pipe_link *
link_to(const struct tern_pipe_end *to)
{
	return &to->pipe->link[to == &to->pipe->end[0]];
}

/* Those whose time has come leave the queue for the wire. */
static void
settle(struct tern_pipe_end *to)
{
	const struct tern_pipe_packet *p;
	uint64_t now = *to->pipe->now_ns;

	while (to->queued > 0) {
		p = &to->ring[(to->head + to->n - to->queued) % to->pipe->packets];
		if (p->begins_ns > now)
			return;
		to->queued--;
		to->queued_bytes -= p->mbuf->pkt_len;
	}
}

static bool
has_room(const struct tern_pipe_end *to, const struct tern_pipe_link *link, uint32_t bytes)
{
	if (to->free_ns <= *to->pipe->now_ns)
		return true; /* it need not wait */
	if (link->queue_pkts != 0 && to->queued >= link->queue_pkts)
		return false;
	return link->queue_bytes == 0 || to->queued_bytes + (uint64_t)bytes <= link->queue_bytes;
}

/* RFC 1624 eqn. 3: HC' = ~(~HC + ~m + m'), for the word that holds the changed byte. */
static void
update_sum(struct rte_ipv4_hdr *ip, uint8_t tos)
{
	rte_be16_t was, is;
	uint32_t sum;

	memcpy(&was, ip, sizeof(was));
	ip->type_of_service = tos;
	memcpy(&is, ip, sizeof(is));
	sum = (uint16_t)~ip->hdr_checksum + (uint16_t)~was + 0u + is;
	sum = (sum & UINT16_MAX) + (sum >> 16);
	ip->hdr_checksum = (uint16_t) ~(sum + (sum >> 16));
}

/* May this codepoint become CE? ECT(0) and ECT(1) may (RFC 3168 §5). */
static bool
is_ect(uint8_t ecn)
{
	return (ecn & ECN_MASK) != 0 && (ecn & ECN_MASK) != ECN_CE;
}

static bool
mark_v4(struct rte_ipv4_hdr *ip)
{
	if (!is_ect(ip->type_of_service))
		return false;
	update_sum(ip, ip->type_of_service | ECN_CE);
	return true;
}

/* The traffic class begins in the middle of the first byte. */
static bool
mark_v6(uint8_t *ip)
{
	if (!is_ect(ip[1] >> IPV6_ECN_SHIFT))
		return false;
	ip[1] |= ECN_CE << IPV6_ECN_SHIFT;
	return true;
}

/* Congestion experienced, if the transport understands. m is nobody else's. */
static bool
mark(struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	if (m->data_len < sizeof(*eth) + sizeof(struct rte_ipv4_hdr))
		return false;
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return mark_v4((struct rte_ipv4_hdr *)(uintptr_t)(eth + 1));
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return mark_v6((uint8_t *)(uintptr_t)(eth + 1));
	return false;
}

/* The link sends so many bytes next. Return: when it begins; free_ns: when it is done. */
static uint64_t
occupy(struct tern_pipe_end *to, const struct tern_pipe_link *link, uint32_t bytes)
{
	uint64_t now = *to->pipe->now_ns, begins = to->free_ns, work;

	if (to->free_ns <= now) {
		to->bits_left = 0;
		begins = now;
	}
	to->free_ns = begins;
	if (link->rate_bps != 0) {
		/* Whole nanoseconds; the rest counts for the next, or the rate would be off. */
		work = ((uint64_t)bytes + TERN_PIPE_OVERHEAD) * 8 * NS_A_SECOND + to->bits_left;
		to->free_ns += work / link->rate_bps;
		to->bits_left = work % link->rate_bps;
	}
	return begins;
}

static void
put(struct tern_pipe_end *to, const struct tern_pipe_link *link, struct rte_mbuf *m)
{
	uint32_t at = (to->head + to->n) % to->pipe->packets;
	uint64_t begins = occupy(to, link, m->pkt_len);

	to->ring[at] = (struct tern_pipe_packet){ begins, to->free_ns + link->delay_ns, m };
	to->n++;
	if (begins > *to->pipe->now_ns) {
		to->queued++;
		to->queued_bytes += m->pkt_len;
	}
}

/* One packet comes to the link. */
static void
offer(struct tern_pipe_end *to, struct rte_mbuf *m)
{
	const struct tern_pipe_link *link = link_to(to);

	settle(to);
	if (!has_room(to, link, m->pkt_len)) {
		to->dropped++;
		rte_pktmbuf_free(m);
		return;
	}
	m = carry(to, m);
	if (m == NULL)
		return;
	if (link->mark_bytes != 0 && to->queued_bytes > link->mark_bytes)
		to->marked += mark(m);
	put(to, link, m);
}

/* The port ----------------------------------------------------------------------------------- */

static struct rte_mbuf *
take(struct tern_pipe_end *end)
{
	struct rte_mbuf *m = end->ring[end->head].mbuf;

	end->head = (end->head + 1) % end->pipe->packets;
	end->n--;
	return m;
}

static uint16_t
pipe_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct tern_pipe_end *to = peer_of(end_of(port));
	uint16_t i;

	for (i = 0; i < n && to->n < to->pipe->packets; i++)
		offer(to, pkts[i]);
	return i;
}

static uint16_t
pipe_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct tern_pipe_end *end = end_of(port);
	uint64_t now = *end->pipe->now_ns;
	uint16_t i = 0;

	settle(end);
	while (i < n && end->n > 0 && end->ring[end->head].due_ns <= now)
		pkts[i++] = take(end);
	end->received += i;
	return i;
}

size_t
tern_pipe_bytes(uint32_t packets)
{
	return 2 * (size_t)packets * sizeof(struct tern_pipe_packet);
}

static void
end_init(struct tern_pipe *pipe, unsigned int i, const struct tern_pipe_config *config)
{
	struct tern_port *port = &pipe->end[i].port;

	port->rx = pipe_rx;
	port->tx = pipe_tx;
	port->pool = config->pool[i];
	port->mac = config->mac[i];
	port->mtu = config->mtu;
	port->caps = TERN_PORT_TX_CHAIN;
	pipe->end[i].pipe = pipe;
}

int
tern_pipe_init(struct tern_pipe *pipe, void *mem, const struct tern_pipe_config *config)
{
	if (config->packets == 0 || config->now_ns == NULL || config->mtu < LEAST_MTU ||
	    config->pool[0] == NULL || config->pool[1] == NULL)
		return -EINVAL;
	memset(pipe, 0, sizeof(*pipe));
	pipe->now_ns = config->now_ns;
	pipe->link[0] = config->link[0];
	pipe->link[1] = config->link[1];
	pipe->packets = config->packets;
	end_init(pipe, 0, config);
	end_init(pipe, 1, config);
	pipe->end[0].ring = mem;
	pipe->end[1].ring = pipe->end[0].ring + config->packets;
	return 0;
}

uint32_t
tern_pipe_fini(struct tern_pipe *pipe)
{
	uint32_t n = pipe->end[0].n + pipe->end[1].n;

	for (int i = 0; i < 2; i++) {
		pipe->end[i].queued = pipe->end[i].queued_bytes = 0;
		while (pipe->end[i].n > 0)
			rte_pktmbuf_free(take(&pipe->end[i]));
	}
	return n;
}

uint64_t
tern_pipe_next(const struct tern_pipe *pipe)
{
	uint64_t next = UINT64_MAX;

	for (int i = 0; i < 2; i++) {
		const struct tern_pipe_end *end = &pipe->end[i];

		if (end->n > 0 && end->ring[end->head].due_ns < next)
			next = end->ring[end->head].due_ns;
	}
	return next;
}

uint32_t
tern_pipe_queue(struct tern_pipe *pipe, unsigned int end)
{
	struct tern_pipe_end *to = &pipe->end[!end];

	settle(to);
	return to->queued_bytes;
}
