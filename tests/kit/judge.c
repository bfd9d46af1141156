/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is true of every frame that leaves, whatever the test is about.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "wire.h"

/* A peer that announces less is served with segments of up to this: RFC 9293 sets no floor. */
#define LEAST_MSS 64

/* The sums that the port was told to make: it makes them. */
static void
complete(struct wire *w, const struct rte_mbuf *m, struct frame *f)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	uint8_t *ip = f->b + FRAME_L3, *seg = ip + 20;
	uint32_t len = f->len - FRAME_L3 - 20u;
	uint16_t at = l4 == RTE_MBUF_F_TX_UDP_CKSUM ? 6 : 16, sum;

	if (m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK))
		wire_check(w,
			   m->ol_flags & RTE_MBUF_F_TX_IPV4 && m->l2_len == 14 && m->l3_len == 20,
			   "offload asked for without saying where the headers are");
	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) {
		wire_check(w, w->port.caps & TERN_PORT_TX_IP_CKSUM,
			   "IP checksum left to a port that makes none");
		frame_sum_ip(f);
	}
	if (l4 == 0)
		return;
	wire_check(w, w->port.caps & (at == 6 ? TERN_PORT_TX_UDP_CKSUM : TERN_PORT_TX_TCP_CKSUM),
		   "checksum left to a port that makes none");
	wire_check(w, get16(seg + at) == sum_fold(sum_pseudo(ip, len)),
		   "no pseudo-header sum for the port to complete");
	sum = (uint16_t)~sum_fold(sum_bytes(0, seg, len));
	put16(seg + at, at == 6 && sum == 0 ? 0xffff : sum);
}

static void
judge_link(struct wire *w, const struct frame *f, rte_be32_t to)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)f->b;
	rte_be32_t hop = to;
	struct rte_ether_addr mac;

	if ((to & RTE_BE32(0xffffff00)) != RTE_BE32(0x0a090000) && w->gateway != 0)
		hop = w->gateway;
	mac = to == 0xffffffff || to == RTE_BE32(0x0a0900ff) ? all_mac : mac_of(hop);
	wire_check(w, rte_is_same_ether_addr(&eth->src_addr, &our_mac), "wrong link source");
	wire_check(w, rte_is_same_ether_addr(&eth->dst_addr, &mac), "wrong link destination");
}

static void
judge_arp(struct wire *w, const struct frame *f)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)f->b;
	const struct rte_arp_hdr *arp = (const struct rte_arp_hdr *)(f->b + FRAME_L3);

	wire_check(w, f->len >= FRAME_L3 + sizeof(*arp), "ARP too short");
	wire_check(w,
		   arp->arp_hardware == RTE_BE16(1) && arp->arp_protocol == RTE_BE16(0x800) &&
			   arp->arp_hlen == 6 && arp->arp_plen == 4,
		   "ARP of another format");
	wire_check(w,
		   rte_is_same_ether_addr(&eth->src_addr, &our_mac) &&
			   rte_is_same_ether_addr(&arp->arp_data.arp_sha, &our_mac),
		   "ARP from another link address");
	if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY))
		wire_check(w, rte_is_same_ether_addr(&eth->dst_addr, &arp->arp_data.arp_tha),
			   "ARP reply to another link address");
	else
		wire_check(w, arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST),
			   "ARP neither request nor reply");
}

static void
judge_ip(struct wire *w, const struct frame *f)
{
	const uint8_t *ip = f->b + FRAME_L3;
	uint32_t len = f->len - (uint32_t)FRAME_L3;

	wire_check(w, len >= 20 && ip[0] == 0x45, "IP header is not the plain one");
	wire_check(w, len <= w->port.mtu, "frame of %u bytes over the MTU of %u", len, w->port.mtu);
	wire_check(w, get16(ip + 2) == len, "IP total length %u in a frame that has %u",
		   get16(ip + 2), len);
	wire_check(w, (get16(ip + 6) & 0xbfff) == 0, "a fragment");
	wire_check(w, ip[8] == w->config.ttl, "TTL %u", ip[8]);
	wire_check(w, sum_fold(sum_bytes(0, ip, 20)) == 0xffff, "IP checksum wrong");
	judge_link(w, f, *(const rte_be32_t *)(const void *)(ip + 16));
}

static void
judge_udp(struct wire *w, const struct frame *f)
{
	const uint8_t *ip = f->b + FRAME_L3, *u = ip + 20;
	uint32_t len = f->len - FRAME_L3 - 20u;

	wire_check(w, len >= 8 && get16(u + 4) == len, "UDP length wrong");
	wire_check(w, get16(u + 6) != 0, "UDP without checksum");
	wire_check(w, sum_fold(sum_bytes(sum_pseudo(ip, len), u, len)) == 0xffff,
		   "UDP checksum wrong");
}

static void
judge_icmp(struct wire *w, const struct frame *f)
{
	uint32_t len = f->len - FRAME_L3 - 20u;

	wire_check(w, len >= 8 && sum_fold(sum_bytes(0, f->b + FRAME_L3 + 20, len)) == 0xffff,
		   "ICMP checksum wrong");
}

/* RFC 9293 §3.1: options are well formed, end in zeros, and stand where they may. */
static void
judge_options(struct wire *w, const struct segment *s)
{
	unsigned int at = 0, kind, len;

	while (at < s->opts_len && s->opts[at] != 0) {
		kind = s->opts[at];
		if (kind == 1) {
			at++;
			continue;
		}
		len = at + 1 < s->opts_len ? s->opts[at + 1] : 0;
		wire_check(w, len >= 2 && at + len <= s->opts_len,
			   "malformed TCP option %u (MUST-68)", kind);
		wire_check(w, (s->flags & SYN) || (kind != 2 && kind != 3 && kind != 4),
			   "TCP option %u outside a SYN (MUST-65)", kind);
		at += len;
	}
	for (; at < s->opts_len; at++)
		wire_check(w, s->opts[at] == 0, "TCP header not padded with zeros (MUST-69)");
}

static void
judge_flags(struct wire *w, const struct segment *s, const uint8_t *tcp)
{
	unsigned int f = s->flags;

	wire_check(w, (tcp[12] & 0xf) == 0, "reserved bits set");
	wire_check(w, (f & (SYN | RST | ACK)) != 0, "neither SYN, RST nor ACK");
	wire_check(w, !(f & SYN) || !(f & (FIN | RST)), "SYN with FIN or RST");
	wire_check(w, !(f & SYN) || s->len == 0, "SYN with data");
	wire_check(w, !(f & RST) || s->len == 0, "RST with data");
	wire_check(w, (f & ACK) || s->ack == 0, "acknowledgment number without ACK");
	wire_check(w, !(f & URG), "urgent data that nobody sent");
}

/*
 * Never before what was acknowledged, never a window that shrinks; but a scaled one is told in
 * steps, and may seem to lose a part of one (RFC 7323 §2.4).
 */
static void
judge_ack(struct wire *w, struct flow *f, const struct segment *s)
{
	unsigned int shift = 0;
	uint32_t edge;

	if (!(s->flags & ACK) || s->flags & RST)
		return;
	if (!(s->flags & SYN) && f->our_wscale >= 0 && f->peer_wscale >= 0)
		shift = (unsigned int)f->our_wscale;
	edge = s->ack + ((uint32_t)s->win << shift);
	wire_check(w, (int32_t)(s->ack - f->peer_max) <= 0,
		   "acknowledges what the peer has not sent");
	if (f->our_ack_known) {
		wire_check(w, (int32_t)(s->ack - f->our_ack) >= 0, "acknowledges less than before");
		wire_check(w, (int32_t)(edge + (1u << shift) - f->our_edge) > 0,
			   "right edge of the receive window moves left by %u (SHLD-14)",
			   f->our_edge - edge);
		if ((int32_t)(edge - f->our_edge) < 0)
			edge = f->our_edge;
	}
	f->our_ack_known = true;
	f->our_ack = s->ack;
	f->our_edge = edge;
}

static void
judge_data(struct wire *w, const struct flow *f, const struct segment *s, const uint8_t *data)
{
	uint32_t over = s->seq + s->len - f->peer_edge;
	uint32_t at = s->seq - f->our_isn - 1, i;

	if (s->len == 0)
		return;
	wire_check(w, s->len <= f->peer_mss, "%u bytes to a peer with MSS %u", s->len, f->peer_mss);
	wire_check(w, (int32_t)over <= 1, "%u bytes beyond the peer's window", over);
	for (i = 0; i < s->len && w->payload != WIRE_ANY; i++)
		if (data[i] != (w->payload == WIRE_ECHO ? peer_byte(at + i) : our_byte(at + i)))
			wire_fail(w, "byte %u of our stream is wrong", at + i);
}

static void
learn_syn(struct flow *f, const struct segment *s)
{
	const uint8_t *o;

	if (!(s->flags & SYN))
		return;
	if (!f->our_isn_known && f->judged)
		f->peer_edge += s->seq + 1;
	f->our_isn = s->seq;
	f->our_isn_known = true;
	o = segment_option(s, 3);
	f->our_wscale = o != NULL ? o[2] : -1;
}

static void
judge_tcp(struct wire *w, const struct frame *frame)
{
	const uint8_t *ip = frame->b + FRAME_L3, *tcp = ip + 20;
	uint32_t len = frame->len - FRAME_L3 - 20u;
	struct segment s;
	struct flow *f;

	wire_check(w, segment_read(&s, tcp, len), "malformed TCP header");
	wire_check(w, sum_fold(sum_bytes(sum_pseudo(ip, len), tcp, len)) == 0xffff,
		   "TCP checksum wrong (MUST-2)");
	judge_flags(w, &s, tcp);
	judge_options(w, &s);
	f = wire_find_flow(w, *(const rte_be32_t *)(const void *)(ip + 16), get16(tcp + 2),
			   get16(tcp));
	if (f == NULL)
		return;
	learn_syn(f, &s);
	if (!f->judged)
		return;
	judge_ack(w, f, &s);
	judge_data(w, f, &s, tcp + 20 + s.opts_len);
}

void
judge(struct wire *w, const struct rte_mbuf *m, struct frame *f)
{
	const void *p;
	uint8_t proto;

	wire_check(w, rte_mbuf_check(m, 1, &(const char *){ NULL }) == 0, "mbuf is not consistent");
	wire_check(w, m->nb_segs == 1 || w->port.caps & TERN_PORT_TX_CHAIN,
		   "chain for a port that takes none");
	wire_check(w, m->pkt_len >= FRAME_L3 + 20 && m->pkt_len <= FRAME_MAX, "frame of %u bytes",
		   m->pkt_len);
	f->len = (uint16_t)m->pkt_len;
	p = rte_pktmbuf_read(m, 0, m->pkt_len, f->b);
	if (p != f->b)
		memcpy(f->b, p, f->len);
	complete(w, m, f);
	wire_log(w, f, true);
	if (frame_eth(f)->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP)) {
		judge_arp(w, f);
		return;
	}
	wire_check(w, frame_eth(f)->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4), "EtherType %04x",
		   rte_be_to_cpu_16(frame_eth(f)->ether_type));
	judge_ip(w, f);
	proto = f->b[FRAME_L3 + 9];
	if (proto == IPPROTO_TCP)
		judge_tcp(w, f);
	else if (proto == IPPROTO_UDP)
		judge_udp(w, f);
	else if (proto == IPPROTO_ICMP)
		judge_icmp(w, f);
}

static void
heard_syn(struct flow *f, const struct segment *s)
{
	const uint8_t *o = segment_option(s, 2);

	if (f->judged && s->seq != f->peer_isn)
		return;
	f->peer_mss = o != NULL && o[1] == 4 && get16(o + 2) != 0 ? get16(o + 2) : 536;
	if (f->peer_mss < LEAST_MSS)
		f->peer_mss = LEAST_MSS;
	o = segment_option(s, 3);
	f->peer_wscale = o != NULL && o[1] == 3 ? (o[2] > 14 ? 14 : o[2]) : -1;
	if (f->judged)
		return;
	f->judged = true;
	f->peer_max = s->seq + 1;
	f->peer_edge = (f->our_isn_known ? f->our_isn + 1 : 0) + s->win;
}

/* The peer has sent this: what it may expect of us from now on. */
void
judge_heard(struct wire *w, const struct frame *frame)
{
	const uint8_t *ip = frame->b + FRAME_L3, *tcp = ip + 20;
	unsigned int shift = 0;
	struct segment s;
	struct flow *f;
	uint32_t edge, end;

	if (frame->len < FRAME_L3 + 40 || ip[0] != 0x45 || ip[9] != IPPROTO_TCP ||
	    !segment_read(&s, tcp, frame->len - FRAME_L3 - 20u))
		return;
	f = wire_find_flow(w, *(const rte_be32_t *)(const void *)(ip + 12), get16(tcp),
			   get16(tcp + 2));
	if (f == NULL)
		return;
	if (s.flags & SYN)
		heard_syn(f, &s);
	if (!f->judged)
		return;
	end = s.seq + segment_space(&s);
	if ((int32_t)(end - f->peer_max) > 0)
		f->peer_max = end;
	if (!(s.flags & SYN) && f->our_wscale >= 0 && f->peer_wscale >= 0)
		shift = (unsigned int)f->peer_wscale;
	edge = s.ack + ((uint32_t)s.win << shift);
	if (s.flags & ACK && f->our_isn_known && (int32_t)(edge - f->peer_edge) > 0)
		f->peer_edge = edge;
}
