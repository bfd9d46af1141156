/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <tern_pipe.h>

enum { LEAST_MTU = 68 }; /* RFC 791 §3.2 */

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

static void
put(struct tern_pipe_end *to, struct rte_mbuf *m)
{
	const struct tern_pipe *pipe = to->pipe;
	uint32_t at = (to->head + to->n) % pipe->packets;

	to->ring[at] = (struct tern_pipe_packet){ *pipe->now_ns + pipe->delay_ns, m };
	to->n++;
}

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
	struct rte_mbuf *m;
	uint16_t i;

	for (i = 0; i < n && to->n < to->pipe->packets; i++) {
		m = carry(to, pkts[i]);
		if (m != NULL)
			put(to, m);
	}
	return i;
}

static uint16_t
pipe_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct tern_pipe_end *end = end_of(port);
	uint64_t now = *end->pipe->now_ns;
	uint16_t i = 0;

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
	pipe->delay_ns = config->delay_ns;
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

	for (int i = 0; i < 2; i++)
		while (pipe->end[i].n > 0)
			rte_pktmbuf_free(take(&pipe->end[i]));
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
