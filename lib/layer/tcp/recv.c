/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "conn/arrives.h"
#include "conn/machine.h"
#include "layer/ip/ip.h"
#include "layer/tcp/listen.h"
#include "layer/tcp/output.h"
#include "layer/tcp/tcp.h"
#include <tern_tcp.h>

/* A SYN that ends what it opens is none. */
static bool
flags_good(uint8_t flags)
{
	return (flags & TCP_SYN) == 0 || (flags & (TCP_FIN | TCP_RST)) == 0;
}

/* The header, checked; in->data, in->len become the payload. */
static enum tern_verdict
read_segment(struct tern_in *in, struct segment *s)
{
	const struct rte_tcp_hdr *h = (const struct rte_tcp_hdr *)in->data;
	uint16_t len;

	if (in->len < TCP_HEADER_BYTES)
		return TERN_DROP_TCP_TRUNCATED;
	len = (uint16_t)(h->data_off >> 4) * 4;
	if (len < TCP_HEADER_BYTES || len > in->len)
		return TERN_DROP_TCP_OFFSET;
	if (!ip_sum_good(in, in->len))
		return TERN_DROP_TCP_CHECKSUM;
	if (in->group != 0) /* MUST-57; IP has seen to the source */
		return TERN_DROP_TCP_GROUP;
	if (h->src_port == 0 || h->dst_port == 0)
		return TERN_DROP_TCP_PORT;
	if (!flags_good(h->tcp_flags))
		return TERN_DROP_TCP_FLAGS;
	in->l4 = in->data;
	in->sport = h->src_port;
	in->dport = h->dst_port;
	in->data += len;
	in->len = (uint16_t)(in->len - len);
	in->room = (uint16_t)(in->room - len);
	s->seq = rte_be_to_cpu_32(h->sent_seq);
	s->ack = rte_be_to_cpu_32(h->recv_ack);
	s->wnd = rte_be_to_cpu_16(h->rx_win);
	s->len = in->len;
	s->flags = h->tcp_flags;
	s->ce = in->ecn == IPV4_CE;
	s->mss = 0;
	s->wscale = TCP_WSCALE_NONE;
	s->has = 0;
	s->sacks = 0;
	if (len > TCP_HEADER_BYTES)
		tcp_read_options(in->l4 + TCP_HEADER_BYTES, len - TCP_HEADER_BYTES, s);
	return TERN_UNDECIDED;
}

static bool
is_opening(const struct segment *s)
{
	return (s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

/*
 * RFC 9293 §3.10.7.1 and §3.10.7.2: CLOSED and LISTEN. The ISN has to be above *above, if not NULL.
 */
static enum tern_verdict
no_connection(struct tern_tcp *tcp, const struct segment *s, struct tern_in *in,
	      const uint32_t *above)
{
	struct listening *l = listen_find(tcp, in->dst, in->dport);
	enum tern_verdict v = TERN_UNDECIDED;
	struct tern_conn *c;

	if (l != NULL && (s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == 0)
		return TERN_DROP_TCP_FLAGS;
	if (l != NULL && is_opening(s)) {
		v = listen_syn(tcp, l, s, in, above, &c);
		if (c != NULL)
			return output_answer(c, in, v);
	}
	if (v == TERN_UNDECIDED && tcp->stray != NULL && tcp->stray->on_stray != NULL)
		v = tcp->stray->on_stray(tcp->stray, tcp, in);
	if (v == TERN_UNDECIDED)
		v = output_reset(tcp, s, in, TERN_DROP_TCP_STRAY);
	return v;
}

/* MAY-2: a SYN beyond all that the old connection sent may take its place. */
static bool
reopens(struct tern_tcp *tcp, const struct tern_conn *c, const struct segment *s,
	const struct tern_in *in)
{
	return c->state == TERN_TIME_WAIT && is_opening(s) && seq_gt(s->seq, c->rcv.nxt) &&
	       listen_find(tcp, in->dst, in->dport) != NULL;
}

static enum tern_verdict
connection(struct tern_conn *c, struct segment *s, struct tern_in *in)
{
	struct tern_tcp *tcp = c->tcp;
	bool reset = false;
	enum tern_verdict v;

	in->layer = tcp;
	tcp->in_hand = c;
	v = conn_arrives(c, s, in, &reset);
	if (reset) {
		c->flags &= ~TERN_CONN_ACK_NOW;
		v = output_reset(tcp, s, in, v);
	} else {
		v = output_answer(c, in, v);
	}
	tcp->in_hand = NULL;
	return v;
}

/* The old connection makes way; the new one's numbers are to be above all of its own. */
static enum tern_verdict
reopen(struct tern_tcp *tcp, struct tern_conn *c, const struct segment *s, struct tern_in *in)
{
	uint32_t above = c->snd.max;

	conn_end_now(c, TERN_FINISHED);
	count(tcp, TERN_EV_TCP_TIME_WAIT_REUSED);
	return no_connection(tcp, s, in, &above);
}

enum tern_verdict
tcp_recv(struct tern_tcp *tcp, struct tern_in *in)
{
	struct segment s;
	struct tern_conn *c;
	enum tern_verdict v = read_segment(in, &s);

	if (v != TERN_UNDECIDED)
		return v;
	count(tcp, TERN_EV_TCP_SEGMENTS_IN);
	if (in->flow == 0)
		in->flow = conn_hash(tcp, in->src, in->sport, in->dst, in->dport);
	c = conn_find(tcp, in->src, in->sport, in->dst, in->dport, in->flow);
	if (c == NULL)
		return no_connection(tcp, &s, in, NULL);
	if (reopens(tcp, c, &s, in))
		return reopen(tcp, c, &s, in);
	return connection(c, &s, in);
}

uint32_t
tcp_peek(const struct tern_tcp *tcp, const struct rte_mbuf *m)
{
	enum { PORTS_AT = sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) };
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip =
		(const struct rte_ipv4_hdr *)(frame + sizeof(struct rte_ether_hdr));
	const struct rte_tcp_hdr *h = (const struct rte_tcp_hdr *)(frame + PORTS_AT);
	rte_be16_t type;
	uint32_t hash;

	if (m->data_len < PORTS_AT + TCP_HEADER_BYTES)
		return 0;
	memcpy(&type, frame + offsetof(struct rte_ether_hdr, ether_type), sizeof(type));
	if (type != RTE_BE16(RTE_ETHER_TYPE_IPV4) || ip->version_ihl != 0x45 ||
	    ip->next_proto_id != IPPROTO_TCP)
		return 0;
	hash = conn_hash(tcp, tern_addr_v4(ip->src_addr), h->src_port, tern_addr_v4(ip->dst_addr),
			 h->dst_port);
	flowtable_prefetch(&tcp->flows, hash);
	return hash;
}

/* What a request and its answer touch of a block: see tern_conn.h. */
void
tcp_prefetch(const struct tern_tcp *tcp, uint32_t hash)
{
	enum { HOT_BYTES = 256 };
	uint32_t i = flowtable_first(&tcp->flows, hash);
	const char *block = (const char *)&tcp->conns[i];

	if (i == FLOW_NONE)
		return;
	for (size_t at = 0; at < HOT_BYTES; at += RTE_CACHE_LINE_SIZE)
		__builtin_prefetch(block + at, 1);
}
