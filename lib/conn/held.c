/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "conn/held.h"
#include "core/seq.h"
#include "wire/tcp.h"

/* The headers that are written in front of a payload when it leaves. */
enum {
	HEADERS_BYTES = sizeof(struct rte_tcp_hdr) + TCP_TIMESTAMPS_ROOM +
			sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_ether_hdr),
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

static uint32_t
run_end(struct rte_mbuf *run)
{
	return held_end(held_of(run)->run_last);
}

static struct rte_mbuf *
next_run(struct rte_mbuf *run)
{
	return held_of(held_of(run)->run_last)->next;
}

/* The last run that begins at or before seq, or NULL. False: it is too far. */
static bool
run_before(const struct tern_conn *c, uint32_t seq, struct rte_mbuf **before)
{
	enum { STEPS_MAX = 256 };
	struct rte_mbuf *run = c->early;

	*before = NULL;
	if (c->early_last != NULL && seq_le(held_of(c->early_last)->seq, seq)) {
		*before = c->early_last;
		return true;
	}
	for (int steps = 0; steps < STEPS_MAX; steps++, run = next_run(run)) {
		if (run == NULL || seq_gt(held_of(run)->seq, seq))
			return true;
		*before = run;
	}
	return false;
}

/* Free the run behind `before`. Return: the one that follows it. */
static struct rte_mbuf *
swallow(struct tern_conn *c, struct rte_mbuf *before, struct rte_mbuf *run)
{
	struct rte_mbuf *end = next_run(run), *m, *next;

	for (m = run; m != end; m = next) {
		next = held_of(m)->next;
		c->early_n--;
		let_go(c, m);
	}
	if (before != NULL)
		held_of(held_of(before)->run_last)->next = end;
	else
		c->early = end;
	if (end == NULL)
		c->early_last = before;
	return end;
}

/* Put m between two runs, and join it with those that it touches. Return: the run that it is in. */
static struct rte_mbuf *
join(struct tern_conn *c, struct rte_mbuf *before, struct rte_mbuf *m, struct rte_mbuf *after)
{
	struct rte_mbuf *run = m;

	held_of(m)->run_last = m;
	held_of(m)->next = after;
	if (before != NULL)
		held_of(held_of(before)->run_last)->next = m;
	else
		c->early = m;
	if (before != NULL && run_end(before) == held_of(m)->seq) {
		held_of(before)->run_last = m;
		run = before;
	}
	if (after != NULL && held_of(after)->seq == run_end(run))
		held_of(run)->run_last = held_of(after)->run_last;
	if (held_of(held_of(run)->run_last)->next == NULL)
		c->early_last = run;
	c->early_n++;
	return run;
}

static struct sack_block
block_of(struct rte_mbuf *run)
{
	return (struct sack_block){ held_of(run)->seq, run_end(run) };
}

/*
 * Pieces never overlap: a newcomer loses what is there already, and swallows runs that it covers
 * whole.
 */
enum early
early_insert(struct tern_conn *c, struct rte_mbuf *m, uint32_t seq, uint8_t *data, uint16_t len,
	     bool fin, struct sack_block *run)
{
	uint32_t end = seq + len, skip;
	struct rte_mbuf *before, *after;

	if (!run_before(c, seq, &before))
		return EARLY_TOO_FAR;
	if (before != NULL && seq_ge(run_end(before), seq)) {
		*run = block_of(before);
		if (seq_gt(run_end(before), end) ||
		    (run_end(before) == end && (!fin || held_of(held_of(before)->run_last)->fin)))
			return EARLY_NOTHING_NEW;
		skip = run_end(before) - seq;
		seq += skip;
		data += skip;
		len = (uint16_t)(len - skip);
	}
	after = before != NULL ? next_run(before) : c->early;
	while (after != NULL && seq_le(run_end(after), end) &&
	       !held_of(held_of(after)->run_last)->fin)
		after = swallow(c, before, after);
	if (after != NULL && seq_lt(held_of(after)->seq, end)) {
		*run = block_of(after);
		len = (uint16_t)(held_of(after)->seq - seq);
		fin = false;
	}
	if (len == 0 && !fin)
		return EARLY_NOTHING_NEW;
	hold(c, m, seq, data, len, fin);
	*run = block_of(join(c, before, m, after));
	return EARLY_HELD;
}

struct rte_mbuf *
early_take(struct tern_conn *c)
{
	struct rte_mbuf *m = c->early, *last;

	if (m == NULL || seq_gt(held_of(m)->seq, c->rcv.nxt))
		return NULL;
	last = held_of(m)->run_last;
	c->early = held_of(m)->next;
	if (m != last) {
		held_of(c->early)->run_last = last;
		if (c->early_last == m)
			c->early_last = c->early;
	} else if (c->early_last == m) {
		c->early_last = NULL;
	}
	c->early_n--;
	c->tcp->held--;
	return m;
}

bool
early_overlap(const struct tern_conn *c, uint32_t seq, uint32_t end, struct sack_block *part,
	      struct sack_block *run)
{
	struct rte_mbuf *m;

	if (c->early == NULL || !run_before(c, seq, &m))
		return false;
	if (m == NULL || seq_le(run_end(m), seq))
		m = m != NULL ? next_run(m) : c->early;
	if (m == NULL || seq_ge(held_of(m)->seq, end))
		return false;
	*run = block_of(m);
	part->first = seq_max(run->first, seq);
	part->end = seq_min(run->end, end);
	return seq_lt(part->first, part->end);
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
kept_next(const struct tern_conn *c, uint32_t seq, uint32_t end)
{
	struct rte_mbuf *m = c->kept;

	while (m != NULL && seq_le(held_of(m)->seq, seq))
		m = held_of(m)->next;
	return m != NULL ? seq_min(held_of(m)->seq, end) : end;
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
	c->early = c->early_last = c->kept = c->kept_last = NULL;
	c->early_n = c->kept_n = 0;
}
