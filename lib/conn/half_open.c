/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_common.h>

#include "conn/arrives.h"
#include "conn/half_open.h"
#include "conn/machine.h"
#include "core/seq.h"

/* How long each level waits: until the sum reaches R2 (RFC 6298 (5.5), RFC 9293 §3.8.3). */
static void
plan_waits(struct half_opens *all, const struct tcp_times *times)
{
	uint32_t waited = 0, wait = times->rto_initial, level = 0;

	while (level < HALF_OPEN_LEVELS - 1 && wait < times->syn_ack_r2 - waited) {
		all->wait[level++] = wait;
		waited += wait;
		wait = wait < times->rto_max / 2 ? 2 * wait : times->rto_max;
	}
	all->wait[level] = times->syn_ack_r2 - waited;
	all->last_level = level;
}

size_t
half_open_bytes(const struct tern_config *config)
{
	return config->half_open * sizeof(struct half_open) +
	       config->addresses * sizeof(struct half_open_local);
}

void
half_open_init(struct tern_tcp *tcp, void *mem, const struct tern_config *config)
{
	struct half_opens *all = &tcp->half_opens;

	*all = (struct half_opens){
		.block = mem,
		.local = (struct half_open_local *)((struct half_open *)mem + config->half_open),
		.n = config->half_open,
		.locals = config->addresses,
		.free = HALF_OPEN_NONE,
	};
	for (uint32_t i = 0; i < config->addresses; i++)
		all->local[i].users = 0;
	for (uint32_t i = 0; i < HALF_OPEN_LEVELS; i++)
		all->first[i] = all->last[i] = HALF_OPEN_NONE;
	plan_waits(all, &tcp->times);
}

static uint32_t
index_of(const struct half_opens *all, const struct half_open *h)
{
	return (uint32_t)(h - all->block);
}

static void
append(struct half_opens *all, struct half_open *h)
{
	uint32_t i = index_of(all, h), *last = &all->last[h->level];

	h->next = HALF_OPEN_NONE;
	h->prev = *last & HALF_OPEN_NONE;
	if (*last != HALF_OPEN_NONE)
		all->block[*last].next = i & HALF_OPEN_NONE;
	else
		all->first[h->level] = i;
	*last = i;
	all->occupied |= 1u << h->level;
}

static void
take_out(struct half_opens *all, const struct half_open *h)
{
	if (h->prev != HALF_OPEN_NONE)
		all->block[h->prev].next = h->next;
	else
		all->first[h->level] = h->next;
	if (h->next != HALF_OPEN_NONE)
		all->block[h->next].prev = h->prev;
	else
		all->last[h->level] = h->prev;
	if (all->first[h->level] == HALF_OPEN_NONE)
		all->occupied &= ~(1u << h->level);
}

/* The place of an address in the table, or one for it; the number of places: no room. */
static uint32_t
find_local(const struct half_opens *all, struct tern_addr addr)
{
	uint32_t free = all->locals;

	for (uint32_t i = 0; i < all->locals; i++) {
		if (all->local[i].users == 0)
			free = free < i ? free : i;
		else if (tern_addr_equal(all->local[i].addr, addr))
			return i;
	}
	return free;
}

bool
half_open_room(const struct tern_tcp *tcp, struct tern_addr local)
{
	const struct half_opens *all = &tcp->half_opens;

	return all->used < all->n && find_local(all, local) < all->locals;
}

static struct half_open *
take_block(struct half_opens *all)
{
	struct half_open *h;

	if (all->used == all->n)
		return NULL;
	all->used++;
	if (all->free == HALF_OPEN_NONE)
		return &all->block[all->fresh++];
	h = &all->block[all->free];
	all->free = h->next;
	return h;
}

static void
give_block(struct half_opens *all, struct half_open *h)
{
	h->listener = LISTENER_NONE;
	h->next = all->free & HALF_OPEN_NONE;
	all->free = index_of(all, h);
	all->used--;
}

/* What the SYN offers and we take. */
static void
note_options(const struct tern_tcp *tcp, struct half_open *h, const struct segment *syn)
{
	bool scales = syn->wscale != TCP_WSCALE_NONE && tcp->wscale != TCP_WSCALE_NONE;

	h->mss = syn->mss;
	h->wscale = (scales ? syn->wscale : HALF_OPEN_NO_SCALE) & 0xf;
	h->timestamps = tcp->timestamps && (syn->has & SEGMENT_TIMESTAMPS) != 0;
	h->sack = tcp->sack && (syn->has & SEGMENT_SACK_PERMITTED) != 0;
	h->ecn = tcp->ecn != 0 && segment_asks_ecn(syn);
	h->ts = syn->ts_val;
}

/* RFC 4987 §3.5: what a SYN says, and no more, is remembered. */
struct half_open *
half_open_new(struct tern_tcp *tcp, const struct tuple *t, uint32_t hash, const struct segment *syn,
	      uint32_t isn, uint16_t listener)
{
	struct half_opens *all = &tcp->half_opens;
	uint32_t local = find_local(all, t->local);
	struct half_open *h = local < all->locals ? take_block(all) : NULL;

	if (h == NULL)
		return NULL;
	if (!flowtable_insert(&tcp->flows, hash, FLOW_HALF_OPEN | index_of(all, h))) {
		give_block(all, h);
		return NULL;
	}
	all->local[local].addr = t->local;
	all->local[local].users++;
	*h = (struct half_open){
		.remote = t->remote,
		.rport = t->rport,
		.local = local & 0x3ff,
		.isn = isn,
		.irs = syn->seq,
		.listener = listener,
		.challenge_turn = challenge_never(tcp),
		.deadline = tcp->tick + all->wait[0],
	};
	note_options(tcp, h, syn);
	append(all, h);
	tcp->listening[listener].half_open++;
	return h;
}

void
half_open_end(struct tern_tcp *tcp, struct half_open *h, const struct tuple *t)
{
	struct half_opens *all = &tcp->half_opens;
	uint32_t hash = conn_hash(tcp, t->remote, t->rport, t->local, t->lport);

	flowtable_remove(&tcp->flows, hash, FLOW_HALF_OPEN | index_of(all, h));
	take_out(all, h);
	all->local[h->local].users--;
	tcp->listening[h->listener].half_open--;
	give_block(all, h);
}

/* The window of our SYN-ACK: never scaled (RFC 7323 §2.2). */
static bool
is_acceptable(const struct tern_tcp *tcp, const struct half_open *h, const struct segment *s)
{
	return segment_fits(s, h->irs + 1, RTE_MIN(tcp->rcv_space, UINT16_MAX));
}

/* RFC 7323 §5.3, R1: older than the SYN. */
static bool
is_old(const struct half_open *h, const struct segment *s)
{
	return h->timestamps != 0 && (s->has & SEGMENT_TIMESTAMPS) != 0 &&
	       (s->flags & TCP_RST) == 0 && seq_lt(s->ts_val, h->ts);
}

static bool
lacks_timestamps(const struct half_open *h, const struct segment *s)
{
	return h->timestamps != 0 && (s->has & SEGMENT_TIMESTAMPS) == 0 &&
	       (s->flags & TCP_RST) == 0;
}

static enum half_open_reply
challenge(struct tern_tcp *tcp, struct half_open *h)
{
	return challenge_due(tcp, &h->challenge_turn) ? HALF_OPEN_ACK : HALF_OPEN_DROP;
}

/* Step 1 (RFC 9293 §3.10.7.4). */
static enum half_open_reply
not_acceptable(struct tern_tcp *tcp, struct half_open *h, const struct segment *s)
{
	if ((s->flags & TCP_RST) != 0)
		return HALF_OPEN_DROP;
	return segment_length(s) == 0 ? challenge(tcp, h) : HALF_OPEN_ACK;
}

enum half_open_reply
half_open_arrives(struct tern_tcp *tcp, struct half_open *h, struct segment *s,
		  enum tern_verdict *v)
{
	*v = TERN_DONE;
	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && s->seq == h->irs) {
		h->again = 1;
		return HALF_OPEN_SYN_ACK;
	}
	*v = TERN_DROP_TCP_TIMESTAMP;
	/* RFC 7323 §3.2: none but a reset may come without the Timestamps that were agreed. */
	if (lacks_timestamps(h, s))
		return HALF_OPEN_DROP;
	if (is_old(h, s))
		return not_acceptable(tcp, h, s);
	*v = TERN_DROP_TCP_SEQUENCE;
	if (!is_acceptable(tcp, h, s))
		return not_acceptable(tcp, h, s);
	/* RFC 9293 §3.10.7.4 step 2, RFC 5961 §3.2: only the exact number resets. */
	*v = TERN_DROP_TCP_RESET;
	if ((s->flags & TCP_RST) != 0 && s->seq != h->irs + 1)
		return challenge(tcp, h);
	*v = TERN_DONE;
	/* Step 4: back to LISTEN, as after a reset (MUST-11). */
	if ((s->flags & (TCP_RST | TCP_SYN)) != 0)
		return HALF_OPEN_OVER;
	/* Step 5. */
	*v = TERN_DROP_TCP_NO_ACK;
	if ((s->flags & TCP_ACK) == 0)
		return HALF_OPEN_DROP;
	*v = TERN_DROP_TCP_ACK;
	return s->ack == h->isn + 1 ? HALF_OPEN_COMPLETE : HALF_OPEN_RESET;
}

/* The SYN once more, as far as it counts. */
static struct segment
syn_of(const struct half_open *h)
{
	struct segment s = {
		.seq = h->irs,
		.flags = TCP_SYN,
		.mss = h->mss,
		.wscale = h->wscale == HALF_OPEN_NO_SCALE ? TCP_WSCALE_NONE : h->wscale,
		.ts_val = h->ts,
	};

	if (h->timestamps != 0)
		s.has |= SEGMENT_TIMESTAMPS;
	if (h->sack != 0)
		s.has |= SEGMENT_SACK_PERMITTED;
	if (h->ecn != 0)
		s.flags |= TCP_ECE | TCP_CWR;
	return s;
}

/* When the SYN-ACK was sent, to the tick. */
static uint32_t
sent_us(const struct tern_tcp *tcp, const struct half_open *h)
{
	uint32_t sent = h->deadline - tcp->half_opens.wait[0];

	return tcp->now_us - (tcp->tick - sent) * (TERN_TICK_NS / 1000);
}

struct tern_conn *
half_open_complete(struct tern_tcp *tcp, struct half_open *h, const struct tuple *t, uint32_t hash)
{
	const struct segment syn = syn_of(h);
	const uint32_t us = sent_us(tcp, h);
	struct tern_conn *c = conn_passive(tcp, t, hash, &syn, h->isn, h->again == 0 ? &us : NULL);

	if (c == NULL)
		return NULL;
	c->user = h->user;
	c->data = h->data;
	if (h->level > 0)
		c->flags |= TERN_CONN_SYN_REPEATED;
	half_open_end(tcp, h, t);
	return c;
}

/* The first of a level, if it is due. */
static struct half_open *
due(const struct tern_tcp *tcp, uint32_t level)
{
	const struct half_opens *all = &tcp->half_opens;
	struct half_open *h = &all->block[all->first[level]];

	return seq_gt(h->deadline, tcp->tick) ? NULL : h;
}

struct half_open *
half_open_expired(struct tern_tcp *tcp, bool may_send, bool *over)
{
	struct half_opens *all = &tcp->half_opens;
	struct half_open *h;

	for (uint32_t left = all->occupied; left != 0; left &= left - 1) {
		h = due(tcp, (uint32_t)__builtin_ctz(left));
		if (h == NULL)
			continue;
		*over = h->level == all->last_level;
		if (*over)
			return h;
		if (!may_send)
			continue;
		take_out(all, h);
		h->again = 1;
		h->level = (h->level + 1) & 0xf;
		h->deadline = tcp->tick + all->wait[h->level];
		append(all, h);
		return h;
	}
	return NULL;
}

bool
half_open_next(const struct tern_tcp *tcp, uint32_t *at)
{
	const struct half_opens *all = &tcp->half_opens;
	uint32_t deadline;

	for (uint32_t left = all->occupied; left != 0; left &= left - 1) {
		deadline = all->block[all->first[__builtin_ctz(left)]].deadline;
		if (left == all->occupied || seq_lt(deadline, *at))
			*at = deadline;
	}
	return all->occupied != 0;
}

struct half_open *
half_open_of(const struct tern_tcp *tcp, uint16_t listener, uint32_t *from)
{
	const struct half_opens *all = &tcp->half_opens;
	struct half_open *h;

	while (*from < all->fresh) {
		h = &all->block[(*from)++];
		if (h->listener == listener)
			return h;
	}
	return NULL;
}
