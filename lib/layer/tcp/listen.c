/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "conn/arrives.h"
#include "conn/isn.h"
#include "layer/tcp/listen.h"
#include "layer/tcp/output.h"
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

/* Nobody finds it any more when the users of its half-open connections are told. */
int
tern_tcp_unlisten(struct tern_tcp *tcp, const struct tern_tcp_listener *listener)
{
	struct listening *l = find_own(tcp, listener);
	uint16_t self;

	if (l == NULL)
		return -ENOENT;
	self = (uint16_t)(l - tcp->listening);
	unlink_bucket(tcp, listener->port, self);
	for (uint32_t i = 0; i < tcp->slots.n && l->half_open > 0; i++) {
		if (slots_is_used(&tcp->slots, i) && tcp->conns[i].listener == self)
			tern_tcp_abort(&tcp->conns[i]);
	}
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

/* The connection of a SYN that was accepted. */
static void
receive_syn(struct tern_conn *c, const struct tern_syn *syn, const struct segment *s,
	    const uint32_t *above)
{
	c->user = syn->user;
	c->data = syn->data;
	c->state = TERN_SYN_RECEIVED;
	c->flags = TERN_CONN_PASSIVE;
	c->snd.una = isn_of(c);
	c->ts_offset = isn_ts_offset(c);
	if (above != NULL && !seq_gt(c->snd.una, *above))
		c->snd.una = *above + 1;
	c->snd.nxt = c->snd.una;
	c->snd.max = c->snd.una;
	conn_take_syn(c, s);
	count(c->tcp, TERN_EV_TCP_PASSIVE_OPENS);
}

enum tern_verdict
listen_syn(struct tern_tcp *tcp, struct listening *l, const struct segment *s,
	   const struct tern_in *in, const uint32_t *above, struct tern_conn **made)
{
	const struct tern_tcp_listener *listener = l->listener;
	struct tern_syn syn = {
		.remote = in->src,
		.local = in->dst,
		.rport = in->sport,
		.lport = in->dport,
		.user = listener->user,
	};
	enum tern_accept accept;
	struct tern_conn *c;

	*made = NULL;
	if (l->half_open >= listener->backlog)
		return TERN_DROP_TCP_BACKLOG;
	/* Before the user is asked: whom it accepts there must be a connection for. */
	c = conn_new(tcp, in->src, in->sport, in->dst, in->dport, in->flow);
	if (c == NULL)
		return TERN_DROP_TCP_FULL;
	accept = ask_user(listener, &syn);
	/* The user may have stopped listening meanwhile. */
	if (accept != TERN_ACCEPT || l->listener != listener || syn.user == NULL) {
		conn_discard(c);
		return accept == TERN_IGNORE ? TERN_DROP_TCP_POLICY : TERN_UNDECIDED;
	}
	receive_syn(c, &syn, s, above);
	c->listener = (uint16_t)(l - tcp->listening);
	l->half_open++;
	l->armed = !listener->one_shot;
	*made = c;
	return TERN_DONE;
}
