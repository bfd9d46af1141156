/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "layer/begin.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "layer/udp/ports.h"
#include "wire/udp.h"

static inline bool
port_sums(const struct tern_ip *ip)
{
	return (ip->eth->port->caps & TERN_PORT_TX_UDP_CKSUM) != 0;
}

static inline uint64_t
pseudo_sum(struct tern_addr src, struct tern_addr dst, uint16_t total_bytes)
{
	return ipv4_pseudo_sum(tern_addr_to_v4(src), tern_addr_to_v4(dst), IPPROTO_UDP,
			       total_bytes);
}

/*
 * Why there can be no answer: the sender wants none (RFC 768: source port 0), or it came to a
 * group and no address of ours can answer.
 */
static inline enum tern_verdict
unanswerable(struct tern_udp *udp, struct tern_in *in)
{
	if (unlikely(in->sport == 0))
		return TERN_DROP_UDP_PORT;
	if (unlikely(in->group != 0) && !ip_answer_source(udp->ip, in))
		return TERN_DROP_IP_DEST;
	return TERN_UNDECIDED;
}

/* Write a header before the payload at data; the mbuf begins there. */
static void
put_header(const struct tern_ip *ip, const struct tern_in *in, uint8_t *data, uint16_t len)
{
	struct udp_header h = {
		.sport = in->dport,
		.dport = in->sport,
		.total_bytes = (uint16_t)(UDP_HEADER_BYTES + len),
	};
	uint64_t sum = pseudo_sum(in->dst, in->src, h.total_bytes);

	if (port_sums(ip)) {
		h.cksum = cksum_fold(sum);
		in->mbuf->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	} else {
		h.cksum = udp_cksum(cksum_add(data, len, sum + udp_sum(&h)));
	}
	udp_emit(data - UDP_HEADER_BYTES, &h);
	in_begin(in, data - UDP_HEADER_BYTES, h.total_bytes);
}

enum tern_verdict
tern_udp_answer(struct tern_in *in, const void *data, uint16_t len)
{
	struct tern_udp *udp = in->layer;
	uintptr_t from = (uintptr_t)data, base = (uintptr_t)in->data;
	uint8_t *at = in->data;
	enum tern_verdict v;

	if (unlikely(len > in->room || len > ip_room(udp->ip) - UDP_HEADER_BYTES))
		return TERN_DROP_TX_FULL;
	v = unanswerable(udp, in);
	if (unlikely(v != TERN_UNDECIDED))
		return v;
	if (from >= base && from - base + len <= in->room)
		at += from - base;
	else if (len > 0)
		memmove(at, data, len);
	put_header(udp->ip, in, at, len);
	return TERN_ANSWER;
}

/*
 * The sum does not see that the ports, and the addresses of the pseudo-header, change places. It
 * does see when the answer leaves from another address than a group's that the question went to.
 */
enum tern_verdict
tern_udp_turn(struct tern_in *in)
{
	uint64_t port_says = in->mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	struct udp_header h = { .sport = in->dport, .dport = in->sport };
	enum tern_verdict v;

	if (unlikely(in->group != 0 || port_says == RTE_MBUF_F_RX_L4_CKSUM_NONE))
		return tern_udp_answer(in, in->data, in->len); /* its sum would not be right */
	v = unanswerable(in->layer, in);
	if (unlikely(v != TERN_UNDECIDED))
		return v;
	memcpy(in->l4, &h.sport, sizeof(h.sport));
	memcpy(in->l4 + sizeof(h.sport), &h.dport, sizeof(h.dport));
	in_begin(in, in->l4, (uint16_t)(UDP_HEADER_BYTES + in->len));
	return TERN_ANSWER;
}

/* Is it an address that a datagram can be sent to at all? */
static bool
is_destination(const struct tern_ip *ip, struct tern_addr dst)
{
	return ip_is_unicast(ip, dst) || ip_is_broadcast(ip, dst);
}

static int
check(const struct tern_udp *udp, struct tern_addr *src, rte_be16_t sport, struct tern_addr dst,
      rte_be16_t dport, uint16_t len)
{
	if (sport == 0 || dport == 0 || !is_destination(udp->ip, dst))
		return -EINVAL;
	if (len > ip_room(udp->ip) - UDP_HEADER_BYTES)
		return -EMSGSIZE;
	if (!udp_is_any(*src))
		return ip_is_ours(udp->ip, *src) ? 0 : -EADDRNOTAVAIL;
	if (ip_source(udp->ip, dst, src))
		return 0;
	udp->stats->event[TERN_EV_IP_NO_ROUTE]++;
	return -EHOSTUNREACH;
}

/* A datagram whose header h is complete but for the checksum. */
static void
write_datagram(const struct tern_ip *ip, struct rte_mbuf *m, struct udp_header *h, uint64_t sum,
	       const void *data)
{
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t len = (uint16_t)(h->total_bytes - UDP_HEADER_BYTES);

	if (port_sums(ip)) {
		if (len > 0)
			memcpy(at + UDP_HEADER_BYTES, data, len);
		h->cksum = cksum_fold(sum);
		m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	} else {
		sum = cksum_copy(at + UDP_HEADER_BYTES, data, len, sum + udp_sum(h));
		h->cksum = udp_cksum(sum);
	}
	udp_emit(at, h);
}

/* The hop is remembered for the next datagram that goes to the same place. */
static int
send_by_hop(struct tern_udp *udp, struct rte_mbuf *m, struct tern_addr src, struct tern_addr dst)
{
	if (!tern_addr_equal(udp->to, dst)) {
		udp->to = dst;
		udp->hop = 0;
	}
	return ip_send(udp->ip, m, src, dst, IPPROTO_UDP, 0, &udp->hop, udp->ip->eth->now);
}

int
tern_udp_send(struct tern_udp *udp, struct tern_addr src, rte_be16_t sport, struct tern_addr dst,
	      rte_be16_t dport, const void *data, uint16_t len)
{
	struct udp_header h = { .sport = sport, .dport = dport };
	struct rte_mbuf *m;
	int error = check(udp, &src, sport, dst, dport, len);

	if (error < 0)
		return error;
	h.total_bytes = (uint16_t)(UDP_HEADER_BYTES + len);
	m = eth_alloc(udp->ip->eth, h.total_bytes);
	if (m == NULL)
		return -ENOBUFS;
	write_datagram(udp->ip, m, &h, pseudo_sum(src, dst, h.total_bytes), data);
	error = send_by_hop(udp, m, src, dst);
	if (error < 0) {
		rte_pktmbuf_free(m);
		if (error == -ENOBUFS)
			udp->stats->event[TERN_EV_TX_DROPPED]++;
		return error;
	}
	udp->stats->event[TERN_EV_UDP_OUT]++;
	return 0;
}
