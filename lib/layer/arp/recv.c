/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 826's packet reception, with what later experience added to it.
 *
 * The link address that counts is the one in the packet. It may differ from the frame's source:
 * clusters and proxies do that on purpose, and it is no defence, as who lies in the one can lie in
 * the other. A reply goes where RFC 826 says, to the address in the packet.
 */
#include <rte_common.h>

#include "layer/arp/table.h"
#include "layer/begin.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "wire/arp.h"
#include "wire/eth.h"

enum { DEFEND_S = 10 }; /* RFC 5227 §1.1, DEFEND_INTERVAL */

/*
 * RFC 5227 §2.4 (c): a server keeps its address, and says so, but not more often than that: two
 * hosts that do it must not fill the link.
 */
static enum tern_verdict
conflict(struct tern_arp *arp, rte_be32_t addr, uint64_t now)
{
	struct ip_address *a = ip_address_of(arp->ip, addr);

	if (now >= a->defend_after) {
		a->defend_after = now + DEFEND_S * TERN_S;
		arp_announce(arp, a->addr);
	}
	return TERN_DROP_ARP_CONFLICT;
}

static enum tern_verdict
reply(struct tern_arp *arp, struct tern_in *in, const struct arp_packet *question)
{
	const struct arp_packet answer = {
		.op = ARP_REPLY,
		.sha = arp->eth->port->mac,
		.spa = question->tpa,
		.tha = question->sha,
		.tpa = question->spa,
	};

	arp_emit(in->data, &answer);
	in->from = question->sha;
	in_begin(in, in->data, ARP_BYTES);
	return TERN_ANSWER;
}

static void
tell_siblings(const struct tern_arp *arp, const struct arp_packet *p)
{
	if (arp->on_neighbour != NULL)
		arp->on_neighbour(arp->on_neighbour_data, tern_addr_v4(p->spa), p->sha.addr_bytes);
}

/*
 * Any packet of its own renews what is known of a neighbour; only a question to us makes one
 * known, and only if it is on our link. An answer that nobody here asked for makes nothing known,
 * but a sibling lcore may have asked. Return: whether the packet served anything.
 */
static bool
learn(struct tern_arp *arp, const struct arp_packet *p, uint32_t i, bool for_us, uint64_t now)
{
	if (i == ARP_NONE && for_us && p->op == ARP_REQUEST && ip_is_on_link(arp->ip, p->spa)) {
		i = arp_take(arp, p->spa, true);
		if (i != ARP_NONE)
			arp_put(arp, i, arp->heard);
	}
	if (i != ARP_NONE && arp->table[i].state != NEIGHBOUR_STATIC)
		arp_learn(arp, i, &p->sha, now);
	if (i != ARP_NONE || (for_us && p->op == ARP_REPLY))
		tell_siblings(arp, p);
	return i != ARP_NONE;
}

/* A probe (RFC 5227 §2.1): its sender has no address yet. Nothing is learnt from it. */
static enum tern_verdict
probed(struct tern_arp *arp, struct tern_in *in, const struct arp_packet *p)
{
	if (p->op != ARP_REQUEST)
		return TERN_DROP_ARP_SENDER;
	if (ip_kind(arp->ip, p->tpa) != IP_KIND_OURS)
		return TERN_DROP_ARP_DEST;
	return reply(arp, in, p);
}

enum tern_verdict
arp_recv(struct tern_arp *arp, struct tern_in *in)
{
	struct arp_packet p;
	enum tern_verdict v = arp_parse(in->data, in->len, &p);
	bool for_us, served;
	uint32_t i;

	if (v != TERN_UNDECIDED)
		return v;
	if (!eth_is_unicast(&p.sha) || eth_equal(&p.sha, &arp->eth->port->mac))
		return TERN_DROP_ARP_SENDER; /* would send our packets to a group, or to us */
	if (p.spa == 0)
		return probed(arp, in, &p);
	if (ipv4_is_martian(p.spa) || ip_kind(arp->ip, p.spa) == IP_KIND_BROADCAST)
		return TERN_DROP_ARP_SENDER;
	if (ip_kind(arp->ip, p.spa) == IP_KIND_OURS)
		return conflict(arp, p.spa, in->now);
	i = arp_find(arp, p.spa);
	if (i != ARP_NONE && arp->table[i].state == NEIGHBOUR_STATIC &&
	    !eth_equal(&arp->table[i].mac, &p.sha))
		return TERN_DROP_ARP_STATIC;

	for_us = ip_kind(arp->ip, p.tpa) == IP_KIND_OURS;
	served = learn(arp, &p, i, for_us, in->now);
	if (for_us && p.op == ARP_REQUEST)
		return reply(arp, in, &p);
	return served ? TERN_DONE : TERN_DROP_ARP_DEST;
}
