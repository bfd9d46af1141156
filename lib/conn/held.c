/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "conn/held.h"
#include "core/seq.h"

/* The headers that are written in front of a payload when it leaves. */
enum {
	HEADERS_BYTES = sizeof(struct rte_tcp_hdr) + sizeof(struct rte_ipv6_hdr) +
			sizeof(struct rte_ether_hdr),
};

static bool
is_holdable(const struct rte_mbuf *m, const uint8_t *data)
{
	const uint8_t *first = (const uint8_t *)m->buf_addr + sizeof(struct held);

	return data >= first + HEADERS_BYTES && RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

static struct rte_mbuf *
copy(struct rte_mempool *pool, uint8_t **data, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *to;

	if (m == NULL)
		return NULL;
	to = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM + HEADERS_BYTES;
	if (to + len > (uint8_t *)m->buf_addr + m->buf_len) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(to, *data, len);
	*data = to;
	return m;
}

struct rte_mbuf *
held_make(const struct tern_conn *c, uint16_t n, struct rte_mbuf *m, uint8_t **data, uint16_t len)
{
	if (n >= c->tcp->held_pkts || c->tcp->held >= c->tcp->held_total)
		return NULL;
	return is_holdable(m, *data) ? m : copy(c->tcp->pool, data, len);
}

static void
hold(struct tern_conn *c, struct rte_mbuf *m, uint32_t seq, const uint8_t *data, uint16_t len,
     bool fin)
{
	*held_of(m) = (struct held){
		.seq = seq,
		.at = (uint16_t)(data - (uint8_t *)m->buf_addr),
		.len = len,
		.fin = fin,
	};
	c->tcp->held++;
}

static void
let_go(struct tern_conn *c, struct rte_mbuf *m)
{
	c->tcp->held--;
	rte_pktmbuf_free(m);
}

/*
 * Pieces of one list never overlap: a newcomer loses what is there already, from the front against
 * its predecessor, and swallows followers that it covers whole.
 */
bool
early_insert(struct tern_conn *c, struct rte_mbuf *m, uint32_t seq, uint8_t *data, uint16_t len,
	     bool fin)
{
	struct rte_mbuf **link = &c->early, *old;
	uint32_t end = seq + len, overlap;

	while (*link != NULL && seq_le(held_of(*link)->seq, seq)) {
		old = *link;
		if (seq_ge(held_end(old), end) && (!fin || held_of(old)->fin))
			return false; /* nothing new in it */
		if (seq_gt(held_end(old), seq)) {
			overlap = held_end(old) - seq;
			if (overlap > len)
				overlap = len;
			seq += overlap;
			data += overlap;
			len = (uint16_t)(len - overlap);
		}
		link = &held_of(old)->next;
	}
	while ((old = *link) != NULL && seq_le(held_end(old), end) && !held_of(old)->fin) {
		*link = held_of(old)->next;
		c->early_n--;
		let_go(c, old);
	}
	if (old != NULL && seq_lt(held_of(old)->seq, end)) {
		len = (uint16_t)(held_of(old)->seq - seq);
		fin = false;
	}
	hold(c, m, seq, data, len, fin);
	held_of(m)->next = old;
	*link = m;
	c->early_n++;
	return true;
}

struct rte_mbuf *
early_take(struct tern_conn *c)
{
	struct rte_mbuf *m = c->early;

	if (m == NULL || seq_gt(held_of(m)->seq, c->rcv.nxt))
		return NULL;
	c->early = held_of(m)->next;
	c->early_n--;
	c->tcp->held--;
	return m;
}

void
kept_append(struct tern_conn *c, struct rte_mbuf *m, uint8_t *data, uint16_t len)
{
	hold(c, m, kept_end(c, conn_data_max(c)), data, len, false);
	if (c->kept_last != NULL)
		held_of(c->kept_last)->next = m;
	else
		c->kept = m;
	c->kept_last = m;
	c->kept_n++;
	c->rcv.held += len;
}

uint32_t
kept_release(struct tern_conn *c, uint32_t upto)
{
	uint32_t bytes = 0, part;
	struct rte_mbuf *m;

	while ((m = c->kept) != NULL && seq_le(held_end(m), upto)) {
		bytes += held_of(m)->len;
		c->kept = held_of(m)->next;
		if (c->kept == NULL)
			c->kept_last = NULL;
		c->kept_n--;
		let_go(c, m);
	}
	if (m != NULL && seq_lt(held_of(m)->seq, upto)) {
		part = upto - held_of(m)->seq;
		held_of(m)->seq = upto;
		held_of(m)->at = (uint16_t)(held_of(m)->at + part);
		held_of(m)->len = (uint16_t)(held_of(m)->len - part);
		bytes += part;
	}
	c->rcv.held -= RTE_MIN(bytes, c->rcv.held);
	return bytes;
}

struct rte_mbuf *
kept_find(const struct tern_conn *c, uint32_t seq)
{
	struct rte_mbuf *m = c->kept;

	/* What is sent is near one of the ends: the last for the first time, the first again. */
	if (c->kept_last != NULL && seq_ge(seq, held_of(c->kept_last)->seq))
		m = c->kept_last;
	while (m != NULL && seq_le(held_end(m), seq))
		m = held_of(m)->next;
	return m != NULL && seq_le(held_of(m)->seq, seq) ? m : NULL;
}

uint32_t
kept_copy(const struct tern_conn *c, uint32_t seq, uint8_t *to, uint32_t len)
{
	struct rte_mbuf *m = kept_find(c, seq);
	uint32_t done = 0, n;

	for (; m != NULL && done < len; m = held_of(m)->next) {
		n = RTE_MIN(len - done, held_end(m) - (seq + done));
		memcpy(to + done, held_data(m) + (seq + done - held_of(m)->seq), n);
		done += n;
	}
	return done;
}

static void
free_list(struct tern_conn *c, struct rte_mbuf *m)
{
	struct rte_mbuf *next;

	for (; m != NULL; m = next) {
		next = held_of(m)->next;
		let_go(c, m);
	}
}

void
held_free_all(struct tern_conn *c)
{
	free_list(c, c->early);
	free_list(c, c->kept);
	c->early = c->kept = c->kept_last = NULL;
	c->early_n = c->kept_n = 0;
}
