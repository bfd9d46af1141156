/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What users call about a connection (RFC 9293 §3.10).
 */
#include <errno.h>
#include <string.h>

#include "conn/close.h"
#include "conn/held.h"
#include "conn/keepalive.h"
#include "conn/timers.h"
#include "conn/window.h"
#include "layer/tcp/output.h"
#include <tern_tcp.h>

/* RFC 9293 §3.10.2, SEND: what is there leaves when state and windows allow it. */
void
tern_tcp_ready(struct tern_conn *c)
{
	conn_ready(c);
}

/* Add the answer to the kept one that waits last, if that has not been sent in any part. */
static bool
join_last(struct tern_conn *c, const uint8_t *data, uint16_t len)
{
	struct rte_mbuf *last = c->kept_last;
	struct held *h;

	if (last == NULL || seq_lt(held_of(last)->seq, conn_data_max(c)))
		return false;
	h = held_of(last);
	if (h->len + len > c->snd.mss || h->at + h->len + len > last->buf_len)
		return false;
	memcpy(held_data(last) + h->len, data, len);
	h->len = (uint16_t)(h->len + len);
	c->rcv.held += len;
	return true;
}

enum tern_verdict
tern_tcp_answer(struct tern_conn *c, struct tern_in *in, void *data, uint16_t len)
{
	struct rte_mbuf *m;
	uint8_t *at = data;

	if (len == 0 || (c->flags & TERN_CONN_FIN_WANTED) != 0 || c->state == TERN_CLOSED)
		return TERN_DONE;
	if (len > in->room)
		return TERN_DROP_USER;
	if (join_last(c, at, len))
		return TERN_DONE;
	if (at < in->data || at + len > in->data + in->room) {
		memmove(in->data, at, len);
		at = in->data;
	}
	m = held_make(c, c->kept_n, in->mbuf, &at, len);
	if (m == NULL)
		return TERN_DROP_TCP_HELD;
	kept_append(c, m, at, len);
	return m == in->mbuf ? TERN_ANSWER : TERN_DONE;
}

void
tern_tcp_consumed(struct tern_conn *c, uint32_t bytes)
{
	c->rcv.held -= RTE_MIN(bytes, c->rcv.held);
	if (!window_update_due(c))
		return;
	c->flags |= TERN_CONN_ACK_NOW;
	conn_ready(c);
}

void
tern_tcp_hold(struct tern_conn *c, uint32_t bytes)
{
	c->rcv.held += bytes;
}

void
tern_tcp_set_space(struct tern_conn *c, uint32_t bytes)
{
	c->rcv.space = bytes;
	c->marks |= TERN_MARK_SPACE;
}

int
tern_tcp_keepalive(struct tern_conn *c, uint32_t idle_s, uint32_t interval_s, uint32_t count)
{
	enum { MOST_S = 36000 }; /* ticks wrap after twelve hours */
	bool off = idle_s == 0;

	if (!off && (idle_s > MOST_S || interval_s == 0 || interval_s > MOST_S || count == 0 ||
		     count > UINT8_MAX))
		return -EINVAL;
	if ((c->flags & TERN_CONN_CLOSED) != 0 || !conn_synchronised(c))
		return -ENOTCONN;
	keepalive_set(c, (uint16_t)idle_s, (uint16_t)interval_s, (uint8_t)count);
	return 0;
}

/* MUST-21, RFC 5482 §3.1 */
int
tern_tcp_user_timeout(struct tern_conn *c, uint64_t ns)
{
	if (ns > 7200 * TERN_S || (ns != 0 && ns < TERN_MS))
		return -EINVAL;
	c->r2 = (uint32_t)(ns / TERN_TICK_NS);
	return 0;
}

void
tern_tcp_linger(struct tern_conn *c, uint64_t ns)
{
	if (ns < TERN_TICK_NS || c->state == TERN_SYN_SENT) {
		tern_tcp_abort(c);
		return;
	}
	conn_close(c);
	if (c->state == TERN_CLOSED || c->state == TERN_FIN_WAIT_2)
		return;
	c->flags |= TERN_CONN_LINGER;
	timer_set(c, TERN_TIMER_STATE, (uint32_t)(RTE_MIN(ns, 36000 * TERN_S) / TERN_TICK_NS));
}

void
tern_tcp_pace(struct tern_conn *c, uint64_t bytes_a_second)
{
	c->pace = (uint32_t)RTE_MIN((bytes_a_second + 999) / 1000, UINT32_MAX);
	c->pace_us = c->tcp->now_us;
	c->flags |= TERN_CONN_PACED;
}

void
tern_tcp_unpace(struct tern_conn *c)
{
	c->flags &= ~TERN_CONN_PACED;
	conn_ready(c);
}

void
tern_tcp_shutdown(struct tern_conn *c)
{
	conn_shutdown(c);
}

/* Both ways at once: a half-duplex close (MAY-1). */
void
tern_tcp_close(struct tern_conn *c)
{
	conn_close(c);
}

/* RFC 9293 §3.10.5 */
void
tern_tcp_abort(struct tern_conn *c)
{
	if (c->state == TERN_CLOSED)
		return;
	switch (c->state) {
	case TERN_SYN_RECEIVED:
	case TERN_ESTABLISHED:
	case TERN_FIN_WAIT_1:
	case TERN_FIN_WAIT_2:
	case TERN_CLOSE_WAIT:
		output_abort(c);
		break;
	default: /* the peer has not heard of it, or has finished */
		break;
	}
	conn_end(c, TERN_ABORTED);
}

uint64_t
tern_tcp_id(const struct tern_conn *c)
{
	return slots_handle(&c->tcp->slots, c->slot);
}

/* RFC 9293 §3.10.6, STATUS: the block tells all. */
struct tern_conn *
tern_tcp_find(struct tern_tcp *tcp, uint64_t id)
{
	uint32_t slot = slots_find(&tcp->slots, id);

	/* One that ended keeps its slot until the end of the poll. */
	if (slot == SLOT_NONE || tcp->conns[slot].state == TERN_CLOSED)
		return NULL;
	return &tcp->conns[slot];
}

uint32_t
tern_tcp_connections(const struct tern_tcp *tcp)
{
	return tcp->slots.used - tcp->dead_n + tcp->half_opens.used + tcp->time_waits.used;
}

uint32_t
tern_tcp_in_state(const struct tern_tcp *tcp, enum tern_tcp_state state)
{
	uint32_t n = 0;

	if (state == TERN_TIME_WAIT)
		return tcp->time_waits.used;
	if (state == TERN_SYN_RECEIVED)
		n = tcp->half_opens.used;
	for (uint32_t i = 0; i < tcp->slots.n; i++)
		n += slots_is_used(&tcp->slots, i) && tcp->conns[i].state == state;
	return n;
}

enum tern_tcp_state
tern_tcp_status(const struct tern_tcp *tcp, struct tern_addr local, rte_be16_t lport,
		struct tern_addr remote, rte_be16_t rport)
{
	uint32_t hash = conn_hash(tcp, remote, rport, local, lport);
	uint32_t i = flow_find(tcp, remote, rport, local, lport, hash);

	switch (i & FLOW_KIND) {
	case FLOW_CONN:
		return (enum tern_tcp_state)tcp->conns[i].state;
	case FLOW_HALF_OPEN:
		return TERN_SYN_RECEIVED;
	case FLOW_TIME_WAIT:
		return TERN_TIME_WAIT;
	default:
		return TERN_CLOSED;
	}
}

void
tern_tcp_each(struct tern_tcp *tcp, void (*each)(struct tern_conn *conn, void *data), void *data)
{
	for (uint32_t i = 0; i < tcp->slots.n; i++) {
		if (slots_is_used(&tcp->slots, i) && tcp->conns[i].state != TERN_CLOSED)
			each(&tcp->conns[i], data);
	}
}

void
tern_tcp_set_stray(struct tern_tcp *tcp, struct tern_tcp_stray *stray)
{
	tcp->stray = stray;
}
