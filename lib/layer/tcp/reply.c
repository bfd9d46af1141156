/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include <rte_mbuf.h>

#include "layer/begin.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "layer/tcp/reply.h"
#include "layer/tcp/sum.h"

static uint32_t
write_options(uint8_t *at, const struct reply *r)
{
	const struct syn_options *o = &r->options;

	if ((r->flags & TCP_SYN) != 0)
		return tcp_write_syn_options(at, o);
	return o->timestamps ? tcp_write_timestamps(at, o->ts_val, o->ts_ecr) : 0;
}

/* Write the segment into m, from offset `at` of its buffer on. */
static void
write_segment(const struct tern_tcp *tcp, struct rte_mbuf *m, uint16_t at, const struct reply *r)
{
	struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)((uint8_t *)m->buf_addr + at);
	uint32_t len = TCP_HEADER_BYTES;

	*h = (struct rte_tcp_hdr){
		.src_port = r->to.lport,
		.dst_port = r->to.rport,
		.sent_seq = rte_cpu_to_be_32(r->seq),
		.recv_ack = rte_cpu_to_be_32(r->ack),
		.tcp_flags = r->flags,
		.rx_win = rte_cpu_to_be_16(r->wnd),
	};
	len += write_options((uint8_t *)h + len, r);
	h->data_off = (uint8_t)(len << 2);
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	m->data_off = at;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	sum_make(tcp, m, r->to.local, r->to.remote);
}

static bool
fits(const struct tern_in *in)
{
	const struct rte_mbuf *m = in->mbuf;

	return rte_mbuf_refcnt_read(m) == 1 &&
	       in->l4 + TCP_HEADER_MAX_BYTES <= (const uint8_t *)m->buf_addr + m->buf_len;
}

enum tern_verdict
reply_answer(struct tern_tcp *tcp, struct tern_in *in, const struct reply *r, bool mine,
	     enum tern_verdict v)
{
	if (!mine || !fits(in)) {
		reply_send(tcp, r);
		return v;
	}
	if (!eth_room(tcp->ip->eth, 1))
		return TERN_DROP_TX_FULL;
	write_segment(tcp, in->mbuf, (uint16_t)(in->l4 - (uint8_t *)in->mbuf->buf_addr), r);
	count(tcp, TERN_EV_TCP_SEGMENTS_OUT);
	in->tos = tcp->tos;
	return ip_answer(tcp->ip, in);
}

bool
reply_send(struct tern_tcp *tcp, const struct reply *r)
{
	struct rte_mbuf *m;
	uint32_t hop = 0;

	if (!eth_room(tcp->ip->eth, 1)) {
		count(tcp, TERN_EV_TX_DROPPED);
		return false;
	}
	m = rte_pktmbuf_alloc(tcp->pool);
	if (m == NULL) {
		count(tcp, TERN_EV_NO_MBUF);
		return false;
	}
	write_segment(tcp, m, SEGMENT_AT, r);
	if (ip_send(tcp->ip, m, r->to.local, r->to.remote, IPPROTO_TCP, tcp->tos, &hop, tcp->now) <
	    0) {
		rte_pktmbuf_free(m);
		return false;
	}
	count(tcp, TERN_EV_TCP_SEGMENTS_OUT);
	return true;
}

/* MUST-65, RFC 7323 §2.2: the window of a SYN is never scaled. */
static uint16_t
first_window(const struct tern_tcp *tcp)
{
	return (uint16_t)RTE_MIN(tcp->rcv_space, UINT16_MAX);
}

struct reply
reply_syn_ack(const struct tern_tcp *tcp, const struct half_open *h, const struct tuple *t)
{
	struct reply r = {
		.to = *t,
		.seq = h->isn,
		.ack = h->irs + 1,
		.wnd = first_window(tcp),
		.flags = TCP_SYN | TCP_ACK,
		.options = {
			.mss = tcp->mss,
			.wscale = h->wscale == HALF_OPEN_NO_SCALE ? TCP_WSCALE_NONE : tcp->wscale,
			.sack = h->sack != 0,
			.timestamps = h->timestamps != 0,
			.ts_ecr = h->ts,
		},
	};

	if (h->ecn != 0)
		r.flags |= TCP_ECE;
	if (r.options.timestamps)
		r.options.ts_val = tcp->now_ts + ts_offset_of(tcp, t);
	return r;
}

struct reply
reply_half_open_ack(const struct tern_tcp *tcp, const struct half_open *h, const struct tuple *t)
{
	struct reply r = reply_syn_ack(tcp, h, t);

	r.seq = h->isn + 1;
	r.flags = TCP_ACK;
	if (h->wscale != HALF_OPEN_NO_SCALE) /* whole units of what the SYN-ACK offered */
		r.wnd = (uint16_t)(r.wnd >> tcp->wscale);
	return r;
}

struct reply
reply_cookie(struct tern_tcp *tcp, const struct segment *syn, const struct tuple *t)
{
	bool scales = syn->wscale != TCP_WSCALE_NONE;
	struct reply r = {
		.to = *t,
		.seq = cookie_make(tcp, t, syn),
		.ack = syn->seq + 1,
		.wnd = first_window(tcp),
		.flags = TCP_SYN | TCP_ACK,
		.options = {
			.mss = tcp->mss,
			.wscale = scales ? tcp->wscale : TCP_WSCALE_NONE,
			.sack = (syn->has & SEGMENT_SACK_PERMITTED) != 0,
			.timestamps = (syn->has & SEGMENT_TIMESTAMPS) != 0,
			.ts_ecr = syn->ts_val,
		},
	};

	if (segment_asks_ecn(syn))
		r.flags |= TCP_ECE;
	if (r.options.timestamps)
		r.options.ts_val = cookie_timestamp(syn, tcp->now_ts + ts_offset_of(tcp, t));
	return r;
}

struct reply
reply_time_wait(const struct tern_tcp *tcp, const struct time_wait *t)
{
	struct reply r = {
		.to = { t->local, t->remote, t->lport, t->rport },
		.seq = t->snd_nxt,
		.ack = t->rcv_nxt,
		.wnd = t->wnd,
		.flags = TCP_ACK,
		.options = { .timestamps = t->timestamps != 0, .ts_ecr = t->ts },
	};

	if (r.options.timestamps)
		r.options.ts_val = tcp->now_ts + ts_offset_of(tcp, &r.to);
	return r;
}
