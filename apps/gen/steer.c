/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/steer.h"

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_prefetch.h>
#include <rte_ring.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "gen/ports.h"
#include "gen/worker.h"

enum {
	ETH_BYTES = RTE_ETHER_HDR_LEN,
	IP_BYTES = sizeof(struct rte_ipv4_hdr),
	L4_BYTES = 8, /* of UDP, ICMP, and of what an ICMP error quotes (RFC 792) */
	FRAGMENT = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK,
	PLAIN_PORT_AT = ETH_BYTES + IP_BYTES + 2,
	UNREACHABLE = 3, /* ICMP types that quote a packet and are about it */
	TIME_EXCEEDED = 11,
	PARAMETER_PROBLEM = 12,
};

struct steer {
	struct tern_port port; /* first member */
	struct tern_port *behind;
	struct worker *w;
	struct worker *const *workers;
	struct rte_ring *ring; /* what others hand over to this one */
	struct ports own, all;
	bool ring_first; /* the ring and the port come first in turn: neither starves the other */
	uint64_t received, handed_over, taken_over, dropped; /* of this trial */
};

/* Whose is it -------------------------------------------------------------------------------- */

/* From the header of IPv4 on; a length of 0: it is none, or cut off. */
static uint32_t
header_bytes(const uint8_t *ip, uint32_t room)
{
	const struct rte_ipv4_hdr *h = (const struct rte_ipv4_hdr *)ip;
	uint32_t bytes;

	if (room < IP_BYTES + L4_BYTES || h->version_ihl >> 4 != IPVERSION)
		return 0;
	bytes = rte_ipv4_hdr_len(h);
	return bytes < IP_BYTES || bytes + L4_BYTES > room ? 0 : bytes;
}

static uint16_t
field(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* A packet of ours, of which an error quotes this much: its source. */
static bool
quoted_port(const uint8_t *ip, uint32_t room, uint16_t *port)
{
	uint32_t bytes = header_bytes(ip, room);
	const uint8_t *l4 = ip + bytes;

	if (bytes == 0)
		return false;
	switch (ip[offsetof(struct rte_ipv4_hdr, next_proto_id)]) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		*port = field(l4);
		return true;
	case IPPROTO_ICMP:
		*port = field(l4 + offsetof(struct rte_icmp_hdr, icmp_ident));
		return l4[0] == RTE_IP_ICMP_ECHO_REQUEST;
	default:
		return false;
	}
}

static bool
icmp_port(const uint8_t *icmp, uint32_t room, uint16_t *port)
{
	switch (icmp[0]) {
	case RTE_IP_ICMP_ECHO_REPLY:
		*port = field(icmp + offsetof(struct rte_icmp_hdr, icmp_ident));
		return true;
	case UNREACHABLE:
	case TIME_EXCEEDED:
	case PARAMETER_PROBLEM:
		return quoted_port(icmp + L4_BYTES, room - L4_BYTES, port);
	default:
		return false;
	}
}

bool
steer_local_port(const struct rte_mbuf *m, uint16_t *port)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const uint8_t *ip = (const uint8_t *)(eth + 1);
	uint32_t room, bytes;

	if (m->data_len < ETH_BYTES + IP_BYTES + L4_BYTES ||
	    eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return false;
	room = m->data_len - (uint32_t)ETH_BYTES;
	bytes = header_bytes(ip, room);
	if (bytes == 0 ||
	    (field(ip + offsetof(struct rte_ipv4_hdr, fragment_offset)) & FRAGMENT) != 0)
		return false;
	switch (ip[offsetof(struct rte_ipv4_hdr, next_proto_id)]) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		*port = field(ip + bytes + 2);
		return true;
	case IPPROTO_ICMP:
		return icmp_port(ip + bytes, room - bytes, port);
	default:
		return false;
	}
}

/* What most packets are: of UDP or TCP, without IP options, and where they should be. */
static inline bool
is_plainly_own(const struct steer *s, const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(data + ETH_BYTES);

	return m->data_len >= PLAIN_PORT_AT + 2 && ports_has(s->own, field(data + PLAIN_PORT_AT)) &&
	       ip->version_ihl == RTE_IPV4_VHL_DEF &&
	       (ip->next_proto_id == IPPROTO_UDP || ip->next_proto_id == IPPROTO_TCP);
}

/* Return: the worker whose it is; for what nobody has a claim to, this one. */
static unsigned int
owner_of(const struct steer *s, const struct rte_mbuf *m)
{
	uint16_t port;

	if (!steer_local_port(m, &port) || !ports_has(s->all, port))
		return s->w->index;
	return ports_owner(s->all, s->w->workers, port);
}

/* Handing over ------------------------------------------------------------------------------- */

static void
drop(struct steer *s, struct rte_mbuf **pkts, unsigned int n)
{
	rte_pktmbuf_free_bulk(pkts, n);
	s->dropped += n;
	s->w->meter->count[COUNT_handover_dropped] += n;
}

static void
hand_over(struct steer *s, unsigned int to, struct rte_mbuf **pkts, unsigned int n)
{
	struct rte_ring *ring = s->workers[to]->steer->ring;
	unsigned int took = rte_ring_enqueue_burst(ring, (void **)pkts, n, NULL);

	s->handed_over += took;
	s->w->meter->count[COUNT_handed_over] += took;
	if (took < n)
		drop(s, pkts + took, n - took);
}

/* Those of one worker go in one burst. */
static void
hand_all_over(struct steer *s, struct rte_mbuf **pkts, unsigned int *to, unsigned int n)
{
	struct rte_mbuf *one[TERN_BURST];
	unsigned int k, others, whose;

	for (; n > 0; n = others) {
		k = others = 0;
		whose = to[0];
		for (unsigned int i = 0; i < n; i++) {
			if (to[i] == whose) {
				one[k++] = pkts[i];
				continue;
			}
			to[others] = to[i];
			pkts[others++] = pkts[i];
		}
		hand_over(s, whose, one, k);
	}
}

/* Return: how many of a burst are left, in order, at the front. */
static uint16_t
keep_own(struct steer *s, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *foreign[TERN_BURST];
	unsigned int to[TERN_BURST], away = 0;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], const void *));
	for (uint16_t i = 0; i < n; i++) {
		if (likely(is_plainly_own(s, pkts[i])) ||
		    (to[away] = owner_of(s, pkts[i])) == s->w->index)
			pkts[kept++] = pkts[i];
		else
			foreign[away++] = pkts[i];
	}
	if (away > 0)
		hand_all_over(s, foreign, to, away);
	return kept;
}

/* The port ----------------------------------------------------------------------------------- */

static uint16_t
receive(struct steer *s, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t got = n > 0 ? s->behind->rx(s->behind, pkts, n) : 0;

	s->received += got;
	return s->w->state != WORKER_IDLE ? keep_own(s, pkts, got) : got;
}

static uint16_t
take_over(struct steer *s, struct rte_mbuf **pkts, uint16_t n)
{
	unsigned int got = 0;

	if (s->w->state != WORKER_IDLE)
		got = rte_ring_dequeue_burst(s->ring, (void **)pkts, n, NULL);
	s->taken_over += got;
	return (uint16_t)got;
}

static uint16_t
steer_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct steer *s = (struct steer *)port;
	uint16_t got = 0;

	n = RTE_MIN(n, (uint16_t)TERN_BURST);
	s->ring_first = !s->ring_first;
	if (s->ring_first)
		got = take_over(s, pkts, n);
	got = (uint16_t)(got + receive(s, pkts + got, (uint16_t)(n - got)));
	if (!s->ring_first)
		got = (uint16_t)(got + take_over(s, pkts + got, (uint16_t)(n - got)));
	return got;
}

static uint16_t
steer_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	const struct steer *s = (const struct steer *)port;

	return s->behind->tx(s->behind, pkts, n);
}

struct tern_port *
steer_port(struct steer *s, struct tern_port *behind)
{
	s->behind = behind;
	s->port = *behind;
	s->port.rx = steer_rx;
	s->port.tx = steer_tx;
	return &s->port;
}

/* Building, and trials ----------------------------------------------------------------------- */

static size_t
ring_at(void)
{
	return RTE_ALIGN_CEIL(sizeof(struct steer), (size_t)RTE_CACHE_LINE_SIZE);
}

size_t
steer_bytes(void)
{
	return ring_at() + (size_t)rte_ring_get_memsize(STEER_RING);
}

/*
 * Others enqueue without waiting for one another (RTS): one of them may have lost its processor in
 * the middle of it.
 */
struct steer *
steer_init(void *mem, struct worker *w)
{
	struct steer *s = mem;

	*s = (struct steer){ .w = w, .all = ports_of(w->plan) };
	s->own = ports_share(s->all, w->index, w->workers);
	s->ring = (struct rte_ring *)((uint8_t *)mem + ring_at());
	rte_ring_init(s->ring, "steer", STEER_RING, RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
	return s;
}

void
steer_join(struct steer *s, struct worker *const *workers)
{
	s->workers = workers;
}

void
steer_begin(struct steer *s)
{
	s->received = s->handed_over = s->taken_over = s->dropped = 0;
}

void
steer_end(struct steer *s)
{
	struct rte_mbuf *pkts[TERN_BURST];
	unsigned int n;

	while ((n = rte_ring_dequeue_burst(s->ring, (void **)pkts, TERN_BURST, NULL)) > 0) {
		s->taken_over += n;
		drop(s, pkts, n);
	}
}

void
steer_tell(const struct steer *s, struct ledger *ledger)
{
	ledger->received = s->received;
	ledger->handed_over = s->handed_over;
	ledger->taken_over = s->taken_over;
	ledger->handover_dropped = s->dropped;
}
