/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_common.h>

#include "layer/begin.h"
#include "layer/eth/eth.h"
#include "layer/icmp/icmp.h"
#include "layer/ip/ip.h"
#include "wire/eth.h"
#include "wire/icmp.h"

/* RFC 1812 §4.3.2.3: an error is at most so long, its IP header included. */
enum { ERROR_BYTES = 576 };

enum tern_verdict
tern_icmp_answer(struct tern_in *in)
{
	uint16_t sum = 0;

	if (in->len < ICMP_HEADER_BYTES || in->len > in->room)
		return TERN_DROP_TX_FULL;
	memcpy(in->data + ICMP_CKSUM_AT, &sum, sizeof(sum));
	sum = cksum_finish(cksum_add(in->data, in->len, 0));
	memcpy(in->data + ICMP_CKSUM_AT, &sum, sizeof(sum));
	in_begin(in, in->data, in->len);
	return TERN_ANSWER;
}

/* RFC 1812 §4.3.2.8: a bucket that fills with time and pays for one error each. */
static bool
may_send(struct tern_icmp *icmp, uint64_t now)
{
	uint64_t saved = icmp->saved + (now - icmp->saved_at);

	icmp->saved = RTE_MIN(saved, TERN_S);
	icmp->saved_at = now;
	if (icmp->price == 0 || icmp->saved < icmp->price)
		return false;
	icmp->saved -= icmp->price;
	return true;
}

/* The error's header goes right before the packet that it quotes. */
static void
quote(struct tern_in *in, uint8_t code)
{
	uint16_t packet = (uint16_t)(in->l4 - in->l3 + in->len);
	uint16_t most = ERROR_BYTES - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES;
	uint16_t len = (uint16_t)(ICMP_HEADER_BYTES + RTE_MIN(packet, most));
	struct icmp_header h = { .type = ICMP_UNREACHABLE, .code = code };
	uint8_t *at = in->l3 - ICMP_HEADER_BYTES;

	icmp_emit(at, &h);
	h.cksum = cksum_finish(cksum_add(at, len, 0));
	icmp_emit(at, &h);
	in_begin(in, at, len);
}

/*
 * Who calls has made sure that the packet is no fragment, no ICMP error, and from one host
 * (RFC 1122 §3.2.2).
 */
__rte_noinline enum tern_verdict
icmp_unreachable(struct tern_icmp *icmp, struct tern_in *in, uint8_t code,
		 enum tern_verdict instead)
{
	size_t headroom = (size_t)(in->l3 - (uint8_t *)in->mbuf->buf_addr);

	if (in->group != 0)
		return instead;
	if (headroom < ETH_HEADER_BYTES + IPV4_HEADER_BYTES + ICMP_HEADER_BYTES)
		return instead;
	if (!may_send(icmp, in->now)) {
		icmp->stats->event[TERN_EV_ICMP_ERRORS_LIMITED]++;
		return instead;
	}
	quote(in, code);
	in->proto = IPPROTO_ICMP;
	in->tos = 0;
	icmp->stats->event[TERN_EV_ICMP_ERRORS_SENT]++;
	return ip_answer(icmp->ip, in);
}

static void
write_echo(uint8_t *at, uint16_t id, uint16_t seq, const void *data, uint16_t len)
{
	struct icmp_header h = {
		.type = ICMP_ECHO_REQUEST,
		.rest = rte_cpu_to_be_32((uint32_t)id << 16 | seq),
	};
	uint64_t sum;

	icmp_emit(at, &h);
	sum = cksum_add_short(at, ICMP_HEADER_BYTES, 0);
	h.cksum = cksum_finish(cksum_copy(at + ICMP_HEADER_BYTES, data, len, sum));
	icmp_emit(at, &h);
}

int
tern_icmp_send_echo(struct tern_icmp *icmp, struct tern_addr dst, uint16_t id, uint16_t seq,
		    const void *data, uint16_t len)
{
	struct tern_ip *ip = icmp->ip;
	struct tern_addr src;
	struct rte_mbuf *m;
	uint32_t hop = 0;
	int error;

	if (len > ip_room(ip) - ICMP_HEADER_BYTES)
		return -EMSGSIZE;
	if (!ip_source(ip, dst, &src)) {
		icmp->stats->event[TERN_EV_IP_NO_ROUTE]++;
		return -EHOSTUNREACH;
	}
	m = eth_alloc(ip->eth, (uint16_t)(ICMP_HEADER_BYTES + len));
	if (m == NULL)
		return -ENOBUFS;
	write_echo(rte_pktmbuf_mtod(m, uint8_t *), id, seq, data, len);
	error = ip_send(ip, m, src, dst, IPPROTO_ICMP, 0, &hop, ip->eth->now);
	if (error == 0)
		return 0;
	rte_pktmbuf_free(m);
	if (error == -ENOBUFS)
		icmp->stats->event[TERN_EV_TX_DROPPED]++;
	return error;
}
