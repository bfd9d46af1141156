/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "gen/engines/csum.h"
#include "gen/engines/lite.h"

enum {
	ETH = RTE_ETHER_HDR_LEN,
	IP_BYTES = sizeof(struct rte_ipv4_hdr),
	TCP_BYTES = sizeof(struct rte_tcp_hdr),
	OPTIONS_SYN = 8, /* MSS 4, NOP 1, window scale 3 */
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WSCALE = 3,
};

/* The frame ---------------------------------------------------------------------------------- */

static void
init_ip(struct rte_ipv4_hdr *ip, const struct lite *l)
{
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG), /* so ID is 0: RFC 6864 §4.1 */
		.time_to_live = (uint8_t)l->w->plan->options.config.ttl,
		.next_proto_id = IPPROTO_TCP,
		.dst_addr = l->target,
	};
}

/* What does not change of the pseudo-header and of the header, with flags and window. */
static uint64_t
sum_tcp(const struct rte_ipv4_hdr *ip, const struct rte_tcp_hdr *tcp)
{
	return csum_add(csum_add(0, &ip->dst_addr, 4), tcp, TCP_BYTES) + RTE_BE16(IPPROTO_TCP);
}

void
lite_frame_init(struct lite *l)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)l->frame;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(l->frame + ETH);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(l->frame + ETH + IP_BYTES);

	eth->dst_addr = l->w->peer_mac;
	eth->src_addr = l->w->front.mac;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	init_ip(ip, l);
	*tcp = (struct rte_tcp_hdr){
		.dst_port = l->port,
		.data_off = TCP_BYTES / 4 << 4,
		.rx_win = RTE_BE16(LITE_WND),
	};
	l->buf_least = RTE_PKTMBUF_HEADROOM + LITE_FRAME + OPTIONS_SYN + l->mss;
	l->ip_sum = csum_add(0, ip, IP_BYTES);
	l->tcp_sum = sum_tcp(ip, tcp);
}

/* Mbufs -------------------------------------------------------------------------------------- */

static bool
refill(struct lite *l)
{
	unsigned int n = LITE_BURST;

	if (rte_pktmbuf_alloc_bulk(l->w->front.pool, l->spare, n) == 0) {
		l->spare_n = n;
		return true;
	}
	l->spare[0] = rte_pktmbuf_alloc(l->w->front.pool);
	if (l->spare[0] == NULL) {
		worker_count(l->w, COUNT_no_mbuf);
		return false;
	}
	l->spare_n = 1;
	return true;
}

static inline struct rte_mbuf *
take_mbuf(struct lite *l)
{
	if (unlikely(l->spare_n == 0) && !refill(l))
		return NULL;
	return l->spare[--l->spare_n];
}

void
lite_free(struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
}

void
lite_flush(struct lite *l)
{
	uint64_t now;

	if (l->tx_n == 0)
		return;
	worker_send(l->w, l->tx, (uint16_t)l->tx_n);
	now = l->w->clock(l->w->clock_data);
	for (uint32_t i = 0; i < l->tx_n; i++)
		if (l->tx_client[i] != LITE_NONE)
			l->clients[l->tx_client[i]].stamp = now;
	l->tx_n = 0;
}

/* Segments ------------------------------------------------------------------------------------ */

/* A segment to be made: its payload comes first, then this. */
struct out {
	uint32_t key, seq, ack;
	uint16_t len; /* of the options and the payload */
	uint8_t options;
	uint8_t flags;
	uint64_t sum; /* over options and payload */
};

/* The port makes the sums: it is given that of the pseudo-header, and where they go. */
static void
leave_sums(struct lite *l, struct rte_mbuf *m, struct rte_ipv4_hdr *ip, struct rte_tcp_hdr *tcp)
{
	m->l2_len = ETH;
	m->l3_len = IP_BYTES;
	m->ol_flags = RTE_MBUF_F_TX_IPV4;
	if ((l->caps & TERN_PORT_TX_IP_CKSUM) != 0) {
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
		ip->hdr_checksum = 0;
	}
	if ((l->caps & TERN_PORT_TX_TCP_CKSUM) != 0) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
		tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
	}
}

static inline void
write_ip(const struct lite *l, struct rte_ipv4_hdr *ip, uint32_t key, uint16_t len)
{
	rte_be16_t total = rte_cpu_to_be_16((uint16_t)(IP_BYTES + TCP_BYTES + len));
	rte_be32_t src = rte_cpu_to_be_32(l->source + (key >> 16));

	ip->total_length = total;
	ip->src_addr = src;
	ip->hdr_checksum = csum_finish(l->ip_sum + total + src);
}

static inline void
write_tcp(const struct lite *l, struct rte_tcp_hdr *tcp, rte_be32_t src, const struct out *o)
{
	rte_be16_t port = rte_cpu_to_be_16((uint16_t)o->key);
	rte_be32_t seq = rte_cpu_to_be_32(o->seq), ack = rte_cpu_to_be_32(o->ack);
	uint32_t words = o->options / 4u << 4;
	rte_be16_t bits = rte_cpu_to_be_16((uint16_t)(words << 8 | o->flags));
	rte_be16_t len = rte_cpu_to_be_16((uint16_t)(TCP_BYTES + o->len));

	tcp->src_port = port;
	tcp->sent_seq = seq;
	tcp->recv_ack = ack;
	tcp->data_off = (uint8_t)((TCP_BYTES / 4 << 4) + words);
	tcp->tcp_flags = o->flags;
	tcp->cksum = csum_finish(l->tcp_sum + o->sum + src + port + seq + ack + bits + len);
}

/* @stamped: the client whose stamp it sets when it leaves, or LITE_NONE. */
static inline void
emit(struct lite *l, struct rte_mbuf *m, const struct out *o, uint32_t stamped)
{
	uint8_t *frame = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + ETH);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(frame + ETH + IP_BYTES);

	memcpy(frame, l->frame, LITE_FRAME);
	write_ip(l, ip, o->key, o->len);
	write_tcp(l, tcp, ip->src_addr, o);
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->data_len = (uint16_t)(LITE_FRAME + o->len);
	m->pkt_len = m->data_len;
	m->ol_flags = 0;
	if (unlikely((l->caps & (TERN_PORT_TX_IP_CKSUM | TERN_PORT_TX_TCP_CKSUM)) != 0))
		leave_sums(l, m, ip, tcp);
	l->tx[l->tx_n] = m;
	l->tx_client[l->tx_n] = stamped;
	if (++l->tx_n == LITE_BURST)
		lite_flush(l);
}

static inline uint8_t *
payload_of(struct rte_mbuf *m)
{
	return (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM + LITE_FRAME;
}

void
lite_syn(struct lite *l, struct client *c, uint64_t now)
{
	struct rte_mbuf *m = take_mbuf(l);
	struct out o = { .key = c->key, .seq = c->una, .flags = RTE_TCP_SYN_FLAG };
	uint8_t *options;

	c->sent = lite_tick(now);
	lite_wait(l, c, now);
	if (m == NULL)
		return;
	options = payload_of(m);
	memcpy(options,
	       (uint8_t[OPTIONS_SYN]){ OPTION_MSS, 4, (uint8_t)(l->mss >> 8), (uint8_t)l->mss,
				       OPTION_NOP, OPTION_WSCALE, 3, l->wscale },
	       OPTIONS_SYN);
	o.options = OPTIONS_SYN;
	o.len = OPTIONS_SYN;
	o.sum = csum_add(0, options, OPTIONS_SYN);
	emit(l, m, &o, c->tries == 0 ? lite_index(l, c) : LITE_NONE);
}

static void
send_bare(struct lite *l, const struct out *o)
{
	struct rte_mbuf *m = take_mbuf(l);

	if (m != NULL)
		emit(l, m, o, LITE_NONE);
}

void
lite_ack(struct lite *l, struct client *c)
{
	const struct out o = {
		.key = c->key, .seq = c->nxt, .ack = c->rcv_nxt, .flags = RTE_TCP_ACK_FLAG
	};

	c->flags &= (uint8_t) ~(ACK_NOW | ACK_LATER);
	send_bare(l, &o);
}

void
lite_rst(struct lite *l, struct client *c)
{
	const struct out o = { .key = c->key,
			       .seq = c->nxt,
			       .ack = c->rcv_nxt,
			       .flags = RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG };

	send_bare(l, &o);
}

void
lite_reply(struct lite *l, uint32_t key, uint32_t seq, uint32_t ack, uint8_t flags)
{
	const struct out o = { .key = key, .seq = seq, .ack = ack, .flags = flags };

	send_bare(l, &o);
}

/* Data --------------------------------------------------------------------------------------- */

/* Bytes of the request at `from`, and their sum. */
static inline uint64_t
write_payload(const struct lite *l, const struct client *c, uint8_t *to, uint32_t from,
	      uint32_t len)
{
	if (likely(l->ask != NULL)) {
		memcpy(to, l->ask + from, len);
		if (likely(len == l->ask_len))
			return l->ask_sum;
	} else {
		request_fill(&l->request, lite_seed(l, c), from, to, len);
	}
	if ((l->caps & TERN_PORT_TX_TCP_CKSUM) != 0)
		return 0;
	return csum_add(0, to, len);
}

/* `len` bytes at SND.NXT. Return: false when there is no mbuf for them. */
static inline bool
send_data(struct lite *l, struct client *c, uint32_t len, bool first)
{
	struct rte_mbuf *m = take_mbuf(l);
	struct out o = { .key = c->key,
			 .seq = c->nxt,
			 .ack = c->rcv_nxt,
			 .len = (uint16_t)len,
			 .flags = RTE_TCP_ACK_FLAG };

	if (m == NULL)
		return false;
	o.sum = write_payload(l, c, payload_of(m), c->nxt - (c->end - l->ask_len), len);
	c->nxt += len;
	if (c->nxt == c->end)
		o.flags |= RTE_TCP_PSH_FLAG;
	c->flags &= (uint8_t) ~(ACK_NOW | ACK_LATER);
	if (unlikely(!first))
		worker_count(l->w, COUNT_rexmit_data);
	emit(l, m, &o, first ? lite_index(l, c) : LITE_NONE);
	return true;
}

static bool
send_fin(struct lite *l, struct client *c, bool first)
{
	struct rte_mbuf *m = take_mbuf(l);
	const struct out o = { .key = c->key,
			       .seq = c->nxt,
			       .ack = c->rcv_nxt,
			       .flags = RTE_TCP_ACK_FLAG | RTE_TCP_FIN_FLAG };

	if (m == NULL)
		return false;
	c->nxt++;
	c->flags &= (uint8_t) ~(ACK_NOW | ACK_LATER);
	if (!first)
		worker_count(l->w, COUNT_rexmit_fin);
	emit(l, m, &o, first ? lite_index(l, c) : LITE_NONE);
	return true;
}

static inline bool
has_fin(const struct client *c)
{
	return c->state >= FIN_WAIT_1;
}

/* What leaves while AGAIN is set may have left before: its times count no more (Karn). */
void
lite_push_some(struct lite *l, struct client *c, uint32_t bytes, uint64_t now)
{
	bool first = (c->flags & AGAIN) == 0;

	while (lite_before(c->nxt, c->end) && bytes > 0) {
		uint32_t len = RTE_MIN(RTE_MIN(c->end - c->nxt, (uint32_t)c->mss), bytes);

		bytes -= len;
		if (!send_data(l, c, len, first))
			break;
	}
	if (c->nxt == c->end && has_fin(c))
		send_fin(l, c, first);
	c->sent = lite_tick(now);
	lite_wait(l, c, now);
}

void
lite_push(struct lite *l, struct client *c, uint64_t now)
{
	uint32_t window = (uint32_t)c->wnd << c->wscale;
	uint32_t most = LITE_FLIGHT_SEGS * (uint32_t)c->mss, flight = c->nxt - c->una;

	window = RTE_MIN(window, most);
	lite_push_some(l, c, window > flight ? window - flight : 0, now);
}
