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
#include "layer/tcp/reply.h"
#include "layer/tcp/tcp.h"
#include <tern_tcp.h>

/* A reset that opens something is none. */
static bool
flags_good(uint8_t flags)
{
	return (flags & (TCP_SYN | TCP_RST)) != (TCP_SYN | TCP_RST);
}

/* Neither is a SYN that ends what it opens; one in a known connection is challenged (step 4). */
static bool
opens_and_ends(const struct segment *s)
{
	return (s->flags & (TCP_SYN | TCP_FIN)) == (TCP_SYN | TCP_FIN);
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
	if (!ip_sum_good(in, in->len)) /* MUST-3 */
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
	s->urgent = rte_be_to_cpu_16(h->tcp_urp);
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
 * TIME-WAIT was entered in taking this segment, and the FIN is to be acknowledged: the block of the
 * connection is gone, its small one knows.
 */
static __rte_noinline enum tern_verdict
last_ack(struct tern_tcp *tcp, struct tern_in *in, enum tern_verdict v)
{
	uint32_t i = flow_find(tcp, in->src, in->sport, in->dst, in->dport, in->flow);
	bool mine = v != TERN_TAKEN && v != TERN_ANSWER;
	struct reply r;

	if (v == TERN_ANSWER)
		v = TERN_TAKEN;
	if ((i & FLOW_KIND) != FLOW_TIME_WAIT)
		return v;
	r = reply_time_wait(tcp, time_wait_at(tcp, i));
	return reply_answer(tcp, in, &r, mine, v);
}

static __rte_always_inline enum tern_verdict
connection(struct tern_conn *c, struct segment *s, struct tern_in *in)
{
	struct tern_tcp *tcp = c->tcp;
	bool reset = false;
	enum tern_verdict v;

	in->layer = tcp;
	v = conn_arrives(c, s, in, &reset);
	if (unlikely(reset)) {
		c->flags &= ~TERN_CONN_ACK_NOW;
		return output_reset(tcp, s, in, v);
	}
	if (unlikely(c->state == TERN_CLOSED) && (c->flags & TERN_CONN_ACK_NOW) != 0)
		return last_ack(tcp, in, v);
	return output_answer(c, in, v);
}

/* The same, for the first segment of a connection: kept out of the way of all others. */
static __rte_noinline enum tern_verdict
new_connection(struct tern_conn *c, struct segment *s, struct tern_in *in)
{
	return connection(c, s, in);
}

/* RFC 9293 §3.10.7.2: LISTEN. TERN_UNDECIDED: to be answered as if nobody listened. */
static enum tern_verdict
listener(struct tern_tcp *tcp, struct listening *l, struct segment *s, struct tern_in *in)
{
	struct tern_conn *c;
	enum tern_verdict v;

	if (is_opening(s))
		return listen_syn(tcp, l, s, in, NULL);
	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == 0)
		return TERN_DROP_TCP_FLAGS;
	if ((s->flags & (TCP_SYN | TCP_RST)) != 0)
		return TERN_UNDECIDED;
	v = listen_ack(tcp, l, s, in, &c);
	return c != NULL ? new_connection(c, s, in) : v;
}

/* RFC 9293 §3.10.7.1 and §3.10.7.2: CLOSED and LISTEN. */
static enum tern_verdict
no_connection(struct tern_tcp *tcp, struct segment *s, struct tern_in *in)
{
	struct listening *l = listen_find(tcp, in->dst, in->dport);
	enum tern_verdict v = l != NULL ? listener(tcp, l, s, in) : TERN_UNDECIDED;

	if (v == TERN_UNDECIDED && tcp->stray != NULL && tcp->stray->on_stray != NULL)
		v = tcp->stray->on_stray(tcp->stray, tcp, in);
	if (v == TERN_UNDECIDED)
		v = output_reset(tcp, s, in, TERN_DROP_TCP_STRAY);
	return v;
}

static enum tern_verdict
half_open(struct tern_tcp *tcp, struct half_open *h, struct segment *s, struct tern_in *in)
{
	struct tern_conn *c;
	enum tern_verdict v = listen_half_open(tcp, h, s, in, &c);

	return c != NULL ? new_connection(c, s, in) : v;
}

/* MAY-2, RFC 1122 §4.2.2.13: a SYN beyond all that the old connection sent may take its place. */
static enum tern_verdict
reopen(struct tern_tcp *tcp, struct time_wait *t, struct listening *l, struct segment *s,
       struct tern_in *in)
{
	enum tern_verdict v = listen_syn(tcp, l, s, in, t);

	return v == TERN_UNDECIDED ? output_reset(tcp, s, in, TERN_DROP_TCP_STRAY) : v;
}

static enum tern_verdict
time_wait(struct tern_tcp *tcp, struct time_wait *t, struct segment *s, struct tern_in *in)
{
	struct listening *l;
	enum tern_verdict v;
	struct reply r;
	bool ack;

	if (is_opening(s) && !opens_and_ends(s) && time_wait_reopens(t, s)) {
		l = listen_find(tcp, in->dst, in->dport);
		if (l != NULL)
			return reopen(tcp, t, l, s, in);
	}
	v = time_wait_arrives(tcp, t, s, &ack);
	if (!ack)
		return v;
	r = reply_time_wait(tcp, t);
	return reply_answer(tcp, in, &r, true, v);
}

/* A segment for which there is no connection block. */
static __rte_noinline enum tern_verdict
no_block(struct tern_tcp *tcp, uint32_t i, struct segment *s, struct tern_in *in)
{
	if (opens_and_ends(s) && (i & FLOW_KIND) != FLOW_TIME_WAIT)
		return TERN_DROP_TCP_FLAGS;
	switch (i & FLOW_KIND) {
	case FLOW_HALF_OPEN:
		return half_open(tcp, half_open_at(tcp, i), s, in);
	case FLOW_TIME_WAIT:
		return time_wait(tcp, time_wait_at(tcp, i), s, in);
	default:
		return no_connection(tcp, s, in);
	}
}

enum tern_verdict
tcp_recv(struct tern_tcp *tcp, struct tern_in *in)
{
	struct segment s;
	uint32_t i;
	enum tern_verdict v = read_segment(in, &s);

	if (v != TERN_UNDECIDED)
		return v;
	count(tcp, TERN_EV_TCP_SEGMENTS_IN);
	if (in->flow == 0)
		in->flow = conn_hash(tcp, in->src, in->sport, in->dst, in->dport);
	i = flow_find(tcp, in->src, in->sport, in->dst, in->dport, in->flow);
	if (unlikely((i & FLOW_KIND) != FLOW_CONN))
		return no_block(tcp, i, &s, in);
	return connection(&tcp->conns[i], &s, in);
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

static const void *
small_block(const struct tern_tcp *tcp, uint32_t i)
{
	if ((i & FLOW_KIND) == FLOW_HALF_OPEN)
		return half_open_at(tcp, i);
	return time_wait_at(tcp, i);
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
	if (unlikely((i & FLOW_KIND) != FLOW_CONN)) {
		__builtin_prefetch(small_block(tcp, i), 1);
		return;
	}
	for (size_t at = 0; at < HOT_BYTES; at += RTE_CACHE_LINE_SIZE)
		__builtin_prefetch(block + at, 1);
}
