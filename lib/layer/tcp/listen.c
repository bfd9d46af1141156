/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "conn/isn.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "layer/tcp/listen.h"
#include "layer/tcp/output.h"
#include "layer/tcp/reply.h"
#include <tern_tcp.h>

void
listen_init(struct tern_tcp *tcp, void *mem, uint32_t listeners)
{
	tcp->listening = mem;
	tcp->listening_n = listeners;
	for (uint32_t i = 0; i < listeners; i++)
		tcp->listening[i] = (struct listening){ .next = LISTENER_NONE };
	for (uint32_t i = 0; i < LISTENER_BUCKETS; i++)
		tcp->listening_bucket[i] = LISTENER_NONE;
}

static uint16_t *
bucket_of(struct tern_tcp *tcp, uint16_t port)
{
	return &tcp->listening_bucket[port % LISTENER_BUCKETS];
}

struct listening *
listen_find(struct tern_tcp *tcp, struct tern_addr addr, rte_be16_t port)
{
	uint16_t host = rte_be_to_cpu_16(port), i;
	struct listening *any = NULL, *l;

	for (i = *bucket_of(tcp, host); i != LISTENER_NONE; i = l->next) {
		l = &tcp->listening[i];
		if (l->listener->port != host || !l->armed)
			continue;
		if (tern_addr_equal(l->listener->addr, addr))
			return l;
		if (tern_addr_is_any(l->listener->addr))
			any = l;
	}
	return any;
}

static struct listening *
find_own(struct tern_tcp *tcp, const struct tern_tcp_listener *listener)
{
	uint16_t i;

	for (i = *bucket_of(tcp, listener->port); i != LISTENER_NONE; i = tcp->listening[i].next) {
		if (tcp->listening[i].listener == listener)
			return &tcp->listening[i];
	}
	return NULL;
}

static bool
is_taken(struct tern_tcp *tcp, const struct tern_tcp_listener *listener)
{
	const struct tern_tcp_listener *other;
	uint16_t i;

	for (i = *bucket_of(tcp, listener->port); i != LISTENER_NONE; i = tcp->listening[i].next) {
		other = tcp->listening[i].listener;
		if (other->port == listener->port && tern_addr_equal(other->addr, listener->addr))
			return true;
	}
	return false;
}

/* Connections are no concern of it: neither open ones (MUST-41) nor those that open (MUST-42). */
int
tern_tcp_listen(struct tern_tcp *tcp, const struct tern_tcp_listener *listener)
{
	uint16_t *bucket = bucket_of(tcp, listener->port);
	uint32_t i;

	if (listener->port == 0 || listener->backlog == 0 || listener->user == NULL)
		return -EINVAL;
	if (is_taken(tcp, listener))
		return -EADDRINUSE;
	for (i = 0; i < tcp->listening_n && tcp->listening[i].listener != NULL; i++)
		;
	if (i == tcp->listening_n)
		return -ENOBUFS;
	tcp->listening[i] = (struct listening){
		.listener = listener,
		.port = rte_cpu_to_be_16(listener->port),
		.armed = true,
		.next = *bucket,
	};
	*bucket = (uint16_t)i;
	return 0;
}

int
tern_tcp_relisten(struct tern_tcp *tcp, const struct tern_tcp_listener *listener)
{
	struct listening *l = find_own(tcp, listener);

	if (l == NULL)
		return -ENOENT;
	l->armed = true;
	return 0;
}

static void
unlink_bucket(struct tern_tcp *tcp, uint16_t port, uint16_t self)
{
	uint16_t *link = bucket_of(tcp, port);

	while (*link != self)
		link = &tcp->listening[*link].next;
	*link = tcp->listening[self].next;
}

/* One that comes to nothing: a one-shot listener has its shot again. */
static void
fail(struct tern_tcp *tcp, struct half_open *h, const struct tuple *t)
{
	tcp->listening[h->listener].armed = true;
	count(tcp, TERN_EV_TCP_ATTEMPT_FAILS);
	half_open_end(tcp, h, t);
}

static struct tuple
tuple_of_half_open(const struct tern_tcp *tcp, const struct half_open *h)
{
	return half_open_tuple(&tcp->half_opens, h, tcp->listening[h->listener].port);
}

static void
reset(struct tern_tcp *tcp, struct half_open *h)
{
	const struct reply r = {
		.to = tuple_of_half_open(tcp, h),
		.seq = h->isn + 1,
		.ack = h->irs + 1,
		.flags = TCP_RST | TCP_ACK,
	};

	if (reply_send(tcp, &r))
		count(tcp, TERN_EV_TCP_RESETS_OUT);
	fail(tcp, h, &r.to);
}

int
tern_tcp_unlisten(struct tern_tcp *tcp, const struct tern_tcp_listener *listener)
{
	struct listening *l = find_own(tcp, listener);
	struct half_open *h;
	uint32_t from = 0;
	uint16_t self;

	if (l == NULL)
		return -ENOENT;
	self = (uint16_t)(l - tcp->listening);
	unlink_bucket(tcp, listener->port, self);
	while (l->half_open > 0 && (h = half_open_of(tcp, self, &from)) != NULL)
		reset(tcp, h);
	*l = (struct listening){ .next = LISTENER_NONE };
	return 0;
}

static enum tern_accept
ask_user(const struct tern_tcp_listener *listener, struct tern_syn *syn)
{
	if (listener->on_accept == NULL)
		return TERN_ACCEPT;
	return listener->on_accept(listener, syn);
}

/* Does the user want it? TERN_DONE: yes. TERN_UNDECIDED: answer as if nobody listened. */
static enum tern_verdict
ask(struct listening *l, const struct tuple *t, struct tern_syn *syn)
{
	const struct tern_tcp_listener *listener = l->listener;
	enum tern_accept accept;

	*syn = (struct tern_syn){
		.remote = t->remote,
		.local = t->local,
		.rport = t->rport,
		.lport = t->lport,
		.user = listener->user,
	};
	accept = ask_user(listener, syn);
	if (accept == TERN_IGNORE)
		return TERN_DROP_TCP_POLICY;
	/* The user may have stopped listening meanwhile. */
	if (accept != TERN_ACCEPT || l->listener != listener || syn->user == NULL)
		return TERN_UNDECIDED;
	return TERN_DONE;
}

/* MAY-2: the numbers of the new connection are above all of the old one. */
static uint32_t
choose_isn(const struct tern_tcp *tcp, const struct tuple *t, const struct time_wait *old)
{
	uint32_t isn = isn_of_tuple(tcp, t);

	return old == NULL || seq_gt(isn, old->snd_nxt) ? isn : old->snd_nxt + 1;
}

static enum tern_verdict
send_cookie(struct tern_tcp *tcp, const struct segment *s, struct tern_in *in,
	    const struct tuple *t)
{
	struct segment syn = *s;
	struct reply r;

	cookie_reduce(tcp, &syn);
	r = reply_cookie(tcp, &syn, t);
	count(tcp, TERN_EV_TCP_COOKIES_SENT);
	return reply_answer(tcp, in, &r, true, TERN_DONE);
}

/* What is there for SYNs that come when no half-open connection can. */
static enum tern_verdict
no_room(struct tern_tcp *tcp, const struct segment *s, struct tern_in *in, const struct tuple *t,
	const struct time_wait *old)
{
	/* The number of a cookie is not above those of the old connection. */
	if (!tcp->syn_cookies || old != NULL)
		return TERN_DROP_TCP_BACKLOG;
	return send_cookie(tcp, s, in, t);
}

enum tern_verdict
listen_syn(struct tern_tcp *tcp, struct listening *l, const struct segment *s, struct tern_in *in,
	   struct time_wait *old)
{
	const struct tern_tcp_listener *listener = l->listener;
	const struct tuple t = tuple_of(in);
	struct tern_syn syn;
	enum tern_verdict v;
	struct half_open *h;
	struct reply r;

	if (tcp->slots.used == tcp->slots.n)
		return TERN_DROP_TCP_FULL;
	/* RFC 4987 §3.2, §3.7: cookies take over then. */
	if (l->half_open >= listener->backlog || !half_open_room(tcp, t.local))
		return no_room(tcp, s, in, &t, old);
	if ((v = ask(l, &t, &syn)) != TERN_DONE)
		return v;
	h = half_open_new(tcp, &t, in->flow, s, choose_isn(tcp, &t, old),
			  (uint16_t)(l - tcp->listening));
	if (h == NULL)
		return TERN_DROP_TCP_FULL;
	h->user = syn.user;
	h->data = syn.data;
	l->armed = !listener->one_shot;
	count(tcp, TERN_EV_TCP_PASSIVE_OPENS);
	if (old != NULL) {
		time_wait_end(tcp, old);
		count(tcp, TERN_EV_TCP_TIME_WAIT_REUSED);
	}
	r = reply_syn_ack(tcp, h, &t);
	return reply_answer(tcp, in, &r, true, TERN_DONE);
}

enum tern_verdict
listen_ack(struct tern_tcp *tcp, struct listening *l, const struct segment *s,
	   const struct tern_in *in, struct tern_conn **made)
{
	const struct tuple t = tuple_of(in);
	struct segment syn;
	struct tern_syn asked;
	enum tern_verdict v;

	*made = NULL;
	if (!cookie_expected(tcp))
		return TERN_UNDECIDED;
	if (!cookie_read(tcp, &t, s, &syn)) {
		count(tcp, TERN_EV_TCP_COOKIES_BAD);
		return TERN_UNDECIDED;
	}
	if (tcp->slots.used == tcp->slots.n)
		return TERN_DROP_TCP_FULL;
	if ((v = ask(l, &t, &asked)) != TERN_DONE)
		return v;
	*made = conn_passive(tcp, &t, in->flow, &syn, s->ack - 1, NULL);
	if (*made == NULL)
		return TERN_DROP_TCP_FULL;
	(*made)->user = asked.user;
	(*made)->data = asked.data;
	l->armed = !l->listener->one_shot;
	count(tcp, TERN_EV_TCP_PASSIVE_OPENS);
	count(tcp, TERN_EV_TCP_COOKIES_RECEIVED);
	return TERN_DONE;
}

enum tern_verdict
listen_half_open(struct tern_tcp *tcp, struct half_open *h, struct segment *s, struct tern_in *in,
		 struct tern_conn **made)
{
	const struct tuple t = tuple_of(in);
	enum tern_verdict v;
	struct reply r;

	*made = NULL;
	switch (half_open_arrives(tcp, h, s, &v)) {
	case HALF_OPEN_SYN_ACK:
		r = reply_syn_ack(tcp, h, &t);
		count(tcp, TERN_EV_TCP_RETRANSMITTED);
		return reply_answer(tcp, in, &r, true, v);
	case HALF_OPEN_ACK:
		r = reply_half_open_ack(tcp, h, &t);
		return reply_answer(tcp, in, &r, true, v);
	case HALF_OPEN_RESET:
		return output_reset(tcp, s, in, v);
	case HALF_OPEN_OVER:
		fail(tcp, h, &t);
		return v;
	case HALF_OPEN_COMPLETE:
		*made = half_open_complete(tcp, h, &t, in->flow);
		return *made != NULL ? TERN_DONE : TERN_DROP_TCP_FULL;
	default:
		return v;
	}
}

static void
repeat(struct tern_tcp *tcp, const struct half_open *h, const struct tuple *t)
{
	struct reply r = reply_syn_ack(tcp, h, t);

	count(tcp, TERN_EV_TCP_RTO);
	if (reply_send(tcp, &r))
		count(tcp, TERN_EV_TCP_RETRANSMITTED);
}

void
listen_run_timers(struct tern_tcp *tcp)
{
	enum { A_POLL = 64 }; /* as many as a burst or two: receiving has its turn */
	struct half_open *h;
	struct tuple t;
	bool over;

	for (int n = 0; n < A_POLL && tcp->half_opens.used > 0; n++) {
		h = half_open_expired(tcp, eth_room(tcp->ip->eth, 1), &over);
		if (h == NULL)
			return;
		t = tuple_of_half_open(tcp, h);
		if (over) {
			count(tcp, TERN_EV_TCP_TIMEOUTS);
			fail(tcp, h, &t);
		} else {
			repeat(tcp, h, &t);
		}
	}
}
