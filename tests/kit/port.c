/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "eal.h"
#include "wire.h"

static uint16_t
rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct wire *w = (struct wire *)port;
	uint16_t i;

	for (i = 0; i < n && w->in_tail != w->in_head; i++)
		pkts[i] = w->in[w->in_tail++ % WIRE_IN];
	return i;
}

static uint32_t
sum_of(const struct rte_mbuf *m)
{
	uint32_t sum = 0;

	for (; m != NULL; m = m->next)
		sum = sum * 31 + sum_bytes(0, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	return sum;
}

/* The oldest packet has been sent now: until here nobody may have written to it. */
static void
release_one(struct wire *w)
{
	unsigned int i = w->lag_tail++ % WIRE_LAG;

	if (sum_of(w->lag[i]) != w->lag_sum[i])
		wire_fail(w, "a frame was changed after the port had accepted it");
	rte_pktmbuf_free(w->lag[i]);
}

void
port_release(struct wire *w)
{
	while (w->lag_tail != w->lag_head)
		release_one(w);
}

static bool
refused(struct wire *w)
{
	if (w->tx_closed)
		return true;
	w->dice = w->dice * 1664525 + 1013904223;
	return (w->dice >> 16) % 100 < w->tx_refuse;
}

/* The peer answers for its own addresses: nobody asked for this frame. */
static bool
answered_arp(struct wire *w, struct frame *f)
{
	const struct rte_arp_hdr *arp = (const struct rte_arp_hdr *)(f->b + FRAME_L3);
	rte_be32_t spa = arp->arp_data.arp_sip, tpa = arp->arp_data.arp_tip;
	struct frame reply;
	struct rte_mbuf *m;

	if (w->arp_off || frame_eth(f)->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP) ||
	    arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST))
		return false;
	if (spa == tpa)
		return true;
	frame_arp(&reply, RTE_ARP_OP_REPLY, tpa, spa);
	m = rte_pktmbuf_alloc(w->port.pool);
	if (m == NULL)
		return true;
	memcpy(rte_pktmbuf_append(m, reply.len), reply.b, reply.len);
	wire_log(w, &reply, false);
	wire_inject(w, m);
	return true;
}

static void
accept_one(struct wire *w, struct rte_mbuf *m)
{
	struct sent *s = &w->sent[w->sent_head % WIRE_SENT];

	if (w->sent_head - w->sent_tail == WIRE_SENT)
		wire_fail(w, "more frames left than the kit can keep");
	s->at = w->now;
	s->mbuf = m;
	s->data = rte_pktmbuf_mtod(m, const uint8_t *);
	judge(w, m, &s->f);
	w->left++;
	if (!answered_arp(w, &s->f))
		w->sent_head++;
	if (w->lag_head - w->lag_tail == WIRE_LAG)
		release_one(w);
	w->lag_sum[w->lag_head % WIRE_LAG] = sum_of(m);
	w->lag[w->lag_head++ % WIRE_LAG] = m;
	while (w->lag_head - w->lag_tail > w->tx_lag)
		release_one(w);
}

static uint16_t
tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct wire *w = (struct wire *)port;
	uint16_t i;

	for (i = 0; i < n && !refused(w); i++)
		accept_one(w, pkts[i]);
	return i;
}

void
port_init(struct wire *w)
{
	w->port = (struct tern_port){
		.rx = rx,
		.tx = tx,
		.pool = eal_pool(),
		.mac = our_mac,
		.mtu = w->how.mtu != 0 ? w->how.mtu : 1500,
		.caps = w->how.caps,
	};
	w->dice = 1;
}

void
port_fini(struct wire *w)
{
	while (w->in_tail != w->in_head)
		rte_pktmbuf_free(w->in[w->in_tail++ % WIRE_IN]);
	port_release(w);
}
