/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "wire.h"

static const struct rte_ether_addr our_mac = { { 0x02, 0, 0, 0, 0, 0x01 } };
static const struct rte_ether_addr their_mac = { { 0x02, 0, 0, 0, 0, 0x02 } };

static struct wire *
wire_of(struct tern_port *port)
{
	return (struct wire *)port;
}

/* Judging ----------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3), noreturn))
fail(const struct wire *w, const char *form, ...)
{
	va_list args;

	fprintf(stderr, "tern_packetdrill: at %.6f s: ", (double)*w->now_ns / 1e9);
	va_start(args, form);
	vfprintf(stderr, form, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(1);
}

/* RFC 1071, the plain way: not the code that made the sums under test. */
static uint32_t
add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	return sum;
}

static bool
is_whole(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static void
judge_transport(const struct wire *w, const uint8_t *ip, const uint8_t *l4, size_t len)
{
	static const struct {
		uint8_t proto, least, at;
		const char *name;
	} sums[] = {
		{ IPPROTO_TCP, 20, 16, "TCP" },
		{ IPPROTO_UDP, 8, 6, "UDP" },
		{ IPPROTO_ICMP, 4, 2, "ICMP" },
	};
	uint32_t pseudo = 0;

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		if (sums[i].proto != ip[9])
			continue;
		if (len < sums[i].least)
			fail(w, "a %s packet of %zu bytes leaves", sums[i].name, len);
		if (ip[9] != IPPROTO_ICMP)
			pseudo = add(0, ip + 12, 8) + ip[9] + (uint32_t)len;
		/* 0 in UDP says that there is none: tern makes it always (RFC 1122 §4.1.3.4). */
		if (!is_whole(add(pseudo, l4, len)) ||
		    (ip[9] == IPPROTO_UDP && l4[6] == 0 && l4[7] == 0))
			fail(w, "wrong %s checksum %02x%02x in a packet of %zu bytes", sums[i].name,
			     l4[sums[i].at], l4[sums[i].at + 1], len);
	}
}

static void
judge(const struct wire *w, const uint8_t *ip, size_t len)
{
	size_t header = len < 20 ? 0 : (size_t)(ip[0] & 15) * 4;

	if (header < 20 || header > len || ip[0] >> 4 != 4)
		fail(w, "%zu bytes leave that are no IPv4 packet", len);
	if ((size_t)(ip[2] << 8 | ip[3]) != len)
		fail(w, "IPv4 total length is %u in a packet of %zu bytes", ip[2] << 8 | ip[3],
		     len);
	if (len > w->port.mtu)
		fail(w, "a packet of %zu bytes leaves by an MTU of %u", len, w->port.mtu);
	if (!is_whole(add(0, ip, header)))
		fail(w, "wrong IPv4 header checksum %02x%02x", ip[10], ip[11]);
	judge_transport(w, ip, ip + header, len - header);
}

/* The port ---------------------------------------------------------------------------------- */

static uint16_t
rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct wire *w = wire_of(port);
	uint16_t i;

	for (i = 0; i < n && w->in_tail != w->in_head; i++)
		pkts[i] = w->in[w->in_tail++ % WIRE_IN];
	return i;
}

/* A frame to the stack, without the header that is filled in here; NULL: no room. */
static void *
put(struct wire *w, uint16_t type, size_t len)
{
	struct rte_ether_hdr *eth;
	struct rte_mbuf *m;

	if (w->in_head - w->in_tail == WIRE_IN)
		return NULL;
	m = rte_pktmbuf_alloc(w->port.pool);
	if (m == NULL)
		return NULL;
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*eth) + len));
	*eth = (struct rte_ether_hdr){
		.dst_addr = our_mac,
		.src_addr = their_mac,
		.ether_type = rte_cpu_to_be_16(type),
	};
	w->in[w->in_head++ % WIRE_IN] = m;
	return eth + 1;
}

/* Somebody has every address that is asked for; our own announcements ask for our own. */
static void
answer_arp(struct wire *w, const struct rte_arp_hdr *question)
{
	const struct rte_arp_ipv4 *q = &question->arp_data;
	struct rte_arp_hdr *answer;

	if (question->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST) || q->arp_sip == q->arp_tip)
		return;
	answer = put(w, RTE_ETHER_TYPE_ARP, sizeof(*answer));
	if (answer == NULL)
		fail(w, "no room to answer ARP");
	*answer = *question;
	answer->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	answer->arp_data = (struct rte_arp_ipv4){
		.arp_sha = their_mac,
		.arp_sip = q->arp_tip,
		.arp_tha = q->arp_sha,
		.arp_tip = q->arp_sip,
	};
}

static void
keep(struct wire *w, const uint8_t *ip, uint16_t len)
{
	struct packet *p = &w->out[w->out_head++ % WIRE_OUT];

	judge(w, ip, len);
	*p = (struct packet){ .at_ns = *w->now_ns, .len = len, .b = malloc(len) };
	if (p->b == NULL)
		fail(w, "no memory");
	memcpy(p->b, ip, len);
}

static void
send_one(struct wire *w, struct rte_mbuf *m)
{
	uint8_t frame[sizeof(struct rte_ether_hdr) + WIRE_MTU];
	const struct rte_ether_hdr *eth;
	const uint8_t *b;

	if (m->pkt_len < sizeof(*eth) || m->pkt_len > sizeof(frame))
		fail(w, "a frame of %" PRIu32 " bytes leaves", m->pkt_len);
	b = rte_pktmbuf_read(m, 0, m->pkt_len, frame);
	eth = (const struct rte_ether_hdr *)b;
	if (!rte_is_same_ether_addr(&eth->src_addr, &our_mac))
		fail(w, "a frame leaves with a link address that is not ours");
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) &&
	    m->pkt_len >= sizeof(*eth) + sizeof(struct rte_arp_hdr))
		answer_arp(w, (const struct rte_arp_hdr *)(eth + 1));
	else
		keep(w, b + sizeof(*eth), (uint16_t)(m->pkt_len - sizeof(*eth)));
	rte_pktmbuf_free(m);
}

static uint16_t
tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct wire *w = wire_of(port);
	uint16_t i;

	for (i = 0; i < n && w->out_head - w->out_tail < WIRE_OUT; i++)
		send_one(w, pkts[i]);
	return i;
}

/* packetdrill's side ------------------------------------------------------------------------ */

bool
wire_inject(struct wire *w, const void *ip, size_t len)
{
	bool is_v6 = len > 0 && *(const uint8_t *)ip >> 4 == 6;
	void *at;

	if (len == 0 || len > rte_pktmbuf_data_room_size(w->port.pool) - 256u)
		return false;
	at = put(w, is_v6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4, len);
	if (at != NULL)
		memcpy(at, ip, len);
	return at != NULL;
}

const struct packet *
wire_take(struct wire *w)
{
	const struct packet *p;

	free(w->taken);
	w->taken = NULL;
	if (w->out_tail == w->out_head)
		return NULL;
	p = &w->out[w->out_tail++ % WIRE_OUT];
	w->taken = p->b;
	return p;
}

void
wire_init(struct wire *w, struct rte_mempool *pool, uint16_t mtu, const uint64_t *now_ns)
{
	*w = (struct wire){
		.port = { .rx = rx, .tx = tx, .pool = pool, .mac = our_mac, .mtu = mtu },
		.now_ns = now_ns,
	};
}

void
wire_fini(struct wire *w)
{
	while (w->in_tail != w->in_head)
		rte_pktmbuf_free(w->in[w->in_tail++ % WIRE_IN]);
	while (wire_take(w) != NULL)
		;
}
