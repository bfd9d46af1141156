/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEGMENT ARRIVES, steps 7 and 8: the text and the FIN (RFC 9293 §3.10.7.4).
 */
#include <assert.h>

#include "conn/arrives.h"
#include "conn/close.h"
#include "conn/held.h"
#include "conn/machine.h"
#include "conn/sack.h"
#include "conn/timers.h"
#include "conn/window.h"
#include "core/seq.h"
#include <tern_congestion.h>

/*
 * An ACK for at least every second full-sized segment (SHLD-19), the rest in time (SHLD-18,
 * MUST-40). What comes in one burst is acknowledged at the end of it (MUST-58, MUST-59), but not
 * much at a time, or the peer's window would move in jumps. At the start each segment is told of,
 * for slow start lives of ACKs.
 */
static void
owe_ack(struct tern_conn *c, uint16_t len)
{
	enum { MOST_SEGMENTS = 8 };
	uint32_t owed = c->rcv.nxt - c->rcv.acked;

	if (len > c->rcv.mss) /* but for segments that a port has joined */
		c->rcv.mss = RTE_MIN(len, c->tcp->mss);
	if (c->rcv.quick > 0) {
		c->rcv.quick--;
		c->flags |= TERN_CONN_ACK_NOW;
	} else if (owed >= MOST_SEGMENTS * (uint32_t)c->rcv.mss) {
		c->flags |= TERN_CONN_ACK_NOW;
	} else if (owed >= 2u * c->rcv.mss) {
		c->flags |= TERN_CONN_ACK_SOON;
		conn_ready(c);
	} else if (!timer_is_set(c, TERN_TIMER_ACK)) {
		timer_set(c, TERN_TIMER_ACK, c->tcp->times.ack_delay);
	}
}

/*
 * RFC 9293 §3.10.3: hand in->data, in->len, which begin at rcv.nxt, to the user. What it accepts is
 * acknowledged, and nothing else.
 */
static enum tern_verdict
deliver(struct tern_conn *c, struct tern_in *in)
{
	enum tern_verdict v = TERN_DONE;
	uint16_t len = in->len;

	/* The user's from now on, so that it may have consumed them before it returns. */
	c->rcv.held += len;
	if (c->user->on_data != NULL)
		v = c->user->on_data(c->user, c, in);
	if (v != TERN_TAKEN)
		c->rcv.held -= RTE_MIN(len, c->rcv.held);
	if (c->state == TERN_CLOSED)
		return v == TERN_ANSWER ? TERN_TAKEN : v;
	switch (v) {
	case TERN_DONE:
		assert(in->len <= len);
		len = in->len < len ? in->len : len;
		break;
	case TERN_TAKEN:
	case TERN_ANSWER:
		break;
	default:
		return v == TERN_DROP_USER ? TERN_DROP_TCP_UNTAKEN : v;
	}
	c->rcv.nxt += len;
	if (c->rcv.space < c->tcp->rcv_space_max && (c->marks & TERN_MARK_SPACE) == 0 &&
	    c->rcv.space >= c->tcp->rcv_space)
		window_tune(c);
	owe_ack(c, len);
	return v;
}

/* RFC 9293 §3.10.7.4 step 8; the user hears of it (MUST-12). */
static void
take_fin(struct tern_conn *c)
{
	uint8_t state = c->state;

	c->rcv.nxt++;
	c->rcv.adv = seq_max(c->rcv.adv, c->rcv.nxt);
	c->flags |= TERN_CONN_ACK_NOW;
	if (state == TERN_ESTABLISHED)
		c->state = TERN_CLOSE_WAIT;
	else if (state == TERN_FIN_WAIT_1)
		c->state = TERN_CLOSING;
	if (c->user->on_eof != NULL)
		c->user->on_eof(c->user, c);
	else
		conn_close(c);
	if (state == TERN_FIN_WAIT_2 && c->state == TERN_FIN_WAIT_2)
		conn_time_wait(c);
}

/* Deliver one early piece. False: the user did not take all of it. */
static bool
deliver_early(struct tern_conn *c, struct rte_mbuf *m, const struct tern_in *in)
{
	struct held *h = held_of(m);
	uint32_t skip = c->rcv.nxt - h->seq, before = c->rcv.nxt;
	struct tern_in late = *in;
	bool all;

	if (skip >= h->len) {
		rte_pktmbuf_free(m);
		return true;
	}
	late.mbuf = m;
	late.data = held_data(m) + skip;
	late.len = (uint16_t)(h->len - skip);
	late.room = (uint16_t)((uint8_t *)m->buf_addr + m->buf_len - late.data);
	before += late.len;
	switch (deliver(c, &late)) {
	case TERN_TAKEN:
	case TERN_ANSWER:
		return true;
	default:
		all = c->rcv.nxt == before;
		rte_pktmbuf_free(m);
		return all;
	}
}

/* The gap is closed: what had come early is in order now. Return: is a FIN next? */
static bool
drain_early(struct tern_conn *c, const struct tern_in *in)
{
	struct rte_mbuf *m;
	uint32_t end;
	bool fin;

	while (c->state != TERN_CLOSED && (m = early_take(c)) != NULL) {
		fin = held_of(m)->fin;
		end = held_end(m);
		if (!deliver_early(c, m, in))
			return false;
		if (fin && end == c->rcv.nxt) /* one that lies inside other data is a lie */
			return true;
	}
	return false;
}

/* Cut off what is there already and what is beyond the window. */
static void
trim(struct tern_conn *c, struct segment *s, struct tern_in *in)
{
	uint32_t skip, over;

	if (seq_lt(s->seq, c->rcv.nxt)) {
		skip = c->rcv.nxt - s->seq;
		if (skip > s->len)
			skip = s->len;
		if (skip > 0)
			sack_duplicate(c, s->seq, s->seq + skip); /* RFC 2883 §4.2 */
		s->seq += skip;
		s->len = (uint16_t)(s->len - skip);
		in->data += skip;
		in->room = (uint16_t)(in->room - skip);
	}
	if (seq_gt(s->seq + s->len, c->rcv.adv)) {
		over = s->seq + s->len - c->rcv.adv;
		s->len = (uint16_t)(s->len - (over < s->len ? over : s->len));
		s->flags = (uint8_t)(s->flags & ~TCP_FIN);
	}
	in->len = s->len;
}

/* RFC 2883 §4: what of this is held already is told of, and the run that holds it next. */
static void
note_twice(struct tern_conn *c, const struct segment *s)
{
	struct sack_block part, run;

	if (!early_overlap(c, s->seq, s->seq + s->len, &part, &run))
		return;
	sack_duplicate(c, part.first, part.end);
	sack_arrived(c, &run);
}

/* What lies beyond a gap is kept (SHLD-31). */
static enum tern_verdict
hold_early(struct tern_conn *c, const struct segment *s, const struct tern_in *in)
{
	bool fin = (s->flags & TCP_FIN) != 0;
	uint8_t *data = in->data;
	struct rte_mbuf *m = held_make(c, c->early_n, in->mbuf, &data, s->len);
	struct sack_block run;
	enum early early;

	/* A duplicate ACK tells of the gap (RFC 5681 §4.2, MAY-13). */
	c->flags |= TERN_CONN_ACK_NOW;
	note_twice(c, s);
	if (m == NULL)
		return TERN_DROP_TCP_HELD;
	early = early_insert(c, m, s->seq, data, s->len, fin, &run);
	if (early == EARLY_HELD) {
		if (run.first != run.end)
			sack_arrived(c, &run);
		count(c->tcp, TERN_EV_TCP_OUT_OF_ORDER);
		return m == in->mbuf ? TERN_TAKEN : TERN_DONE;
	}
	if (m != in->mbuf)
		rte_pktmbuf_free(m);
	return early == EARLY_TOO_FAR ? TERN_DROP_TCP_HELD : TERN_DONE;
}

/*
 * RFC 3168 §6.1.3: congestion is echoed until the peer says that it has slowed down. For RFC 8257
 * §3.2 it is what the last packet said; a change is told at once.
 */
static void
take_mark(struct tern_conn *c, const struct segment *s)
{
	bool was = (c->flags & TERN_CONN_ECE) != 0;

	if (c->congestion == &tern_dctcp) {
		if (s->ce != was)
			c->flags = (c->flags ^ TERN_CONN_ECE) | TERN_CONN_ACK_NOW;
		return;
	}
	if ((s->flags & TCP_CWR) != 0)
		c->flags &= ~TERN_CONN_ECE;
	if (s->ce)
		c->flags |= TERN_CONN_ECE | TERN_CONN_ACK_NOW;
}

/* RFC 9293 §3.10.7.4 step 7 */
enum tern_verdict
conn_take_text(struct tern_conn *c, struct segment *s, struct tern_in *in, bool *reset)
{
	enum tern_verdict v = TERN_DONE;
	bool fin;

	if ((s->len == 0 && (s->flags & TCP_FIN) == 0) || !conn_receives(c))
		return TERN_DONE;
	if (seq_lt(s->seq, c->rcv.nxt))
		c->flags |= TERN_CONN_ACK_NOW; /* part of it is a repetition */
	trim(c, s, in);
	fin = (s->flags & TCP_FIN) != 0;
	if ((c->flags & TERN_CONN_ECN) != 0)
		take_mark(c, s);
	if (s->len > 0 && (c->flags & TERN_CONN_CLOSED) != 0) {
		*reset = true; /* SHLD-3: the peer shall know that these bytes were lost */
		conn_end(c, TERN_RESET);
		return TERN_DROP_TCP_CLOSED;
	}
	if (s->seq != c->rcv.nxt)
		return s->len > 0 || fin ? hold_early(c, s, in) : TERN_DONE;
	if (s->len > 0) {
		if (c->early != NULL && (c->flags & TERN_CONN_DSACK) == 0)
			note_twice(c, s);
		v = deliver(c, in);
		if (c->state == TERN_CLOSED)
			return v;
		fin = fin && c->rcv.nxt == s->seq + s->len;
	}
	if (c->early != NULL) {
		c->flags |= TERN_CONN_ACK_NOW; /* a gap is filled, or part of it: RFC 5681 §4.2 */
		if (!fin)
			fin = drain_early(c, in);
	}
	if (fin && c->state != TERN_CLOSED)
		take_fin(c);
	return v;
}
