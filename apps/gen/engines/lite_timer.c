/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One timer for each connection, in a wheel of lists that are only ever entered and taken from the
 * front. Their links are not in the blocks, but hold fourteen of their numbers each: so it is
 * known who is to be looked at next before its block is there, and blocks come all at a time, not
 * one after the other. It is lazy: a segment that leaves or an ACK that comes moves nothing. A
 * connection in the wheel is looked at the least RTO later, which no deadline can come before, and
 * put back for what it then still has to wait, or for the least RTO again. So no deadline is
 * noticed late, and what ended long before costs nothing but the look.
 */
#include <string.h>

#include "gen/engines/lite.h"

enum {
	LOOKS = 64,	   /* connections looked at in one call */
	TRIES_MOST = 15,   /* that are counted */
	BACKOFF_MOST = 10, /* doublings */
};

/* RFC 6298, over all connections: RFC 9040 has them share it --------------------------------- */

void
lite_sample(struct lite *l, uint64_t rtt)
{
	uint64_t off;

	if (unlikely(l->srtt == 0)) {
		l->srtt = rtt > 0 ? rtt : 1;
		l->rttvar = rtt / 2;
	} else {
		off = l->srtt > rtt ? l->srtt - rtt : rtt - l->srtt;
		l->rttvar += off / 4 - l->rttvar / 4;
		l->srtt += rtt / 8 - l->srtt / 8;
	}
	l->rto = RTE_MAX(l->srtt + 4 * l->rttvar, l->rto_min);
	l->rto = RTE_MIN(l->rto, l->rto_max);
	l->rto_ticks = lite_tick(l->rto) + 1;
}

/* §5.5: doubled with each repetition. */
static uint32_t
rto_of(const struct lite *l, const struct client *c)
{
	unsigned int doubled = RTE_MIN((unsigned int)c->tries, (unsigned int)BACKOFF_MOST);
	uint64_t ticks = (uint64_t)l->rto_ticks << doubled;

	return (uint32_t)RTE_MIN(ticks, (uint64_t)lite_tick(l->rto_max));
}

/* The wheel ---------------------------------------------------------------------------------- */

/* In each slot's list the first may have room, all others are full; and no client is in two. */
uint32_t
lite_crowds(uint32_t clients)
{
	return RTE_MIN(clients, clients / LITE_CROWD + LITE_SLOTS);
}

void
lite_timers_clear(struct lite *l)
{
	memset(l->slot, 0xff, sizeof(l->slot));
	l->crowd_free = LITE_NONE;
	l->crowd_fresh = 0;
}

static struct crowd *
put_crowd(struct lite *l, uint32_t *slot)
{
	uint32_t i = l->crowd_free;
	struct crowd *w;

	if (i == LITE_NONE)
		i = l->crowd_fresh++;
	else
		l->crowd_free = l->crowds[i].next;
	w = &l->crowds[i];
	w->next = *slot;
	w->n = 0;
	*slot = i;
	return w;
}

static void
take_crowd(struct lite *l, uint32_t *slot)
{
	uint32_t i = *slot;

	*slot = l->crowds[i].next;
	l->crowds[i].next = l->crowd_free;
	l->crowd_free = i;
}

/*
 * At least one tick ahead, so that the list being emptied is not the one being filled; and within
 * one turn of where the wheel stands, which may be behind: else those who wait longest would come
 * at once, keep the wheel behind, and come again.
 */
static void
enqueue(struct lite *l, struct client *c, uint32_t now, uint32_t ticks)
{
	uint32_t behind = now - l->turned;
	uint32_t most = behind < LITE_SLOTS - 2 ? LITE_SLOTS - 1 - behind : 1;
	uint32_t ahead = RTE_MIN(RTE_MAX(ticks, 1u), most);
	uint32_t *slot = &l->slot[(now + ahead) % LITE_SLOTS];
	struct crowd *w;

	if (*slot == LITE_NONE || l->crowds[*slot].n == LITE_CROWD)
		w = put_crowd(l, slot);
	else
		w = &l->crowds[*slot];
	w->client[w->n++] = lite_index(l, c);
	c->places |= QUEUED;
}

void
lite_wait(struct lite *l, struct client *c, uint64_t now)
{
	if (unlikely((c->places & QUEUED) == 0))
		enqueue(l, c, lite_tick(now), l->look_ticks);
}

static bool
has_unanswered(const struct client *c)
{
	if (c->una != c->nxt || lite_before(c->nxt, c->end))
		return true;
	return c->state >= FIN_WAIT_1 && c->nxt == c->end; /* a FIN for which there was no mbuf */
}

/* A connection that stands and has nothing to do may stand for ever. */
static bool
is_timed(const struct client *c)
{
	return (c->flags & TRANSACTION) != 0 || c->state != ESTABLISHED;
}

/* Ticks gone since then; a turn's time may be older than that of the packets that it brought. */
static uint32_t
gone(uint32_t since, uint32_t now)
{
	return lite_before(now, since) ? 0 : now - since;
}

static bool
timed_out(const struct lite *l, const struct client *c, uint32_t now)
{
	return is_timed(c) && gone(c->begun, now) >= l->timeout_ticks;
}

/* Ticks until something has to happen; 0: now; UINT32_MAX: never. */
static uint32_t
patience(const struct lite *l, const struct client *c, uint32_t now)
{
	uint32_t least = UINT32_MAX, spent, whole;

	if (has_unanswered(c)) {
		spent = gone(c->sent, now);
		whole = rto_of(l, c);
		least = spent < whole ? whole - spent : 0;
	}
	if (is_timed(c)) {
		spent = gone(c->begun, now);
		whole = spent < l->timeout_ticks ? l->timeout_ticks - spent : 0;
		least = RTE_MIN(least, whole);
	}
	return least;
}

/* §5.4: the earliest that was not acknowledged; all behind it counts as not sent. */
static void
repeat(struct lite *l, struct client *c, uint64_t now)
{
	bool probe = c->una == c->nxt;

	c->tries = RTE_MIN(c->tries + 1u, (unsigned int)TRIES_MOST) & TRIES_MOST;
	if (c->state == SYN_SENT) {
		worker_count(l->w, COUNT_rexmit_syn);
		lite_congested(l, now);
		c->flags |= AGAIN;
		lite_syn(l, c, now);
		return;
	}
	if (!probe)
		c->flags |= AGAIN;
	c->nxt = c->una;
	/* A closed window is asked with one byte (RFC 9293 §3.8.6.1). */
	lite_push_some(l, c, probe || c->wnd == 0 ? 1 : c->mss, now);
}

static void
look(struct lite *l, struct client *c, uint64_t now)
{
	uint32_t tick = lite_tick(now), ticks;

	c->places &= (uint8_t)~QUEUED;
	if (c->state == CLOSED)
		return;
	ticks = patience(l, c, tick);
	if (timed_out(l, c, tick)) {
		lite_rst(l, c);
		lite_failed(l, c, (c->flags & UNREACHED) ? ERROR_unreachable : ERROR_timeout, now);
		return;
	}
	if (ticks == 0) {
		repeat(l, c, now);
		ticks = patience(l, c, tick);
	}
	if (ticks != UINT32_MAX && (c->places & QUEUED) == 0)
		enqueue(l, c, tick, RTE_MIN(ticks, l->look_ticks));
}

/* The list that is the next to be emptied; NULL: time has not come to one that has somebody. */
static uint32_t *
next_slot(struct lite *l, uint32_t tick)
{
	while (l->slot[l->turned % LITE_SLOTS] == LITE_NONE) {
		if (l->turned == tick)
			return NULL;
		l->turned++;
	}
	return &l->slot[l->turned % LITE_SLOTS];
}

/* Who is next to be looked at, their blocks on the way. Return: how many. */
static unsigned int
take(struct lite *l, uint32_t tick, uint32_t *clients)
{
	unsigned int n = 0;
	uint32_t *slot;
	struct crowd *w;

	while (n < LOOKS && (slot = next_slot(l, tick)) != NULL) {
		w = &l->crowds[*slot];
		while (n < LOOKS && w->n > 0) {
			clients[n] = w->client[--w->n];
			rte_prefetch0(&l->clients[clients[n++]]);
		}
		if (w->n == 0)
			take_crowd(l, slot);
	}
	return n;
}

bool
lite_timers(struct lite *l, uint64_t now)
{
	uint32_t tick = lite_tick(now), clients[LOOKS];
	unsigned int n;

	l->polled = now;
	/* After a long sleep each list is emptied once. */
	if (tick - l->turned >= LITE_SLOTS)
		l->turned = tick - (LITE_SLOTS - 1);
	n = take(l, tick, clients);
	for (unsigned int i = 0; i < n; i++)
		look(l, &l->clients[clients[i]], now);
	return n > 0;
}

/* The tick that comes so many after the last one that was polled. */
static uint64_t
time_of(const struct lite *l, uint32_t tick)
{
	uint64_t polled = l->polled >> LITE_TICK_SHIFT;

	return (polled + (uint64_t)(int64_t)(int32_t)(tick - (uint32_t)polled)) << LITE_TICK_SHIFT;
}

uint64_t
lite_timers_next(const struct lite *l)
{
	uint64_t next = UINT64_MAX;

	if (l->later_n > 0)
		next = time_of(l, l->later[l->later_head].due);
	for (uint32_t i = 0; i < LITE_SLOTS; i++)
		if (l->slot[(l->turned + i) % LITE_SLOTS] != LITE_NONE)
			return RTE_MIN(next, time_of(l, l->turned + i));
	return next;
}

/* ACKs --------------------------------------------------------------------------------------- */

void
lite_owe(struct lite *l, struct client *c)
{
	if ((c->flags & ACK_NOW) != 0)
		return;
	if (unlikely(l->owing_n == RTE_DIM(l->owing))) {
		lite_ack(l, c);
		return;
	}
	c->flags |= ACK_NOW;
	l->owing[l->owing_n++] = lite_index(l, c);
}

/* The burst is over: one ACK for all of it, at least one for two segments (RFC 9293 §3.8.6.3). */
void
lite_pay(struct lite *l)
{
	for (uint32_t i = 0; i < l->owing_n; i++) {
		struct client *c = &l->clients[l->owing[i]];

		if ((c->flags & ACK_NOW) != 0)
			lite_ack(l, c);
	}
	l->owing_n = 0;
}

void
lite_owe_later(struct lite *l, struct client *c)
{
	if ((c->flags & ACK_LATER) != 0)
		return;
	if (unlikely(l->waiting_n == RTE_DIM(l->waiting))) {
		lite_ack(l, c);
		return;
	}
	c->flags |= ACK_LATER;
	l->waiting[l->waiting_n++] = lite_index(l, c);
}

static void
put_off(struct lite *l, uint32_t i, uint32_t due)
{
	if (l->later_n == LITE_LATER) {
		lite_ack(l, &l->clients[i]);
		return;
	}
	l->later[(l->later_head + l->later_n++) % LITE_LATER] = (struct later){ i, due };
}

/* What was launched meanwhile took its ACK along; the others' wait a little more. */
void
lite_pay_later(struct lite *l, uint64_t now)
{
	uint32_t tick = lite_tick(now);

	for (uint32_t i = 0; i < l->waiting_n; i++)
		if ((l->clients[l->waiting[i]].flags & ACK_LATER) != 0)
			put_off(l, l->waiting[i], tick + l->delay_ticks);
	l->waiting_n = 0;
	for (unsigned int n = 0; n < LOOKS && l->later_n > 0; n++) {
		const struct later *first = &l->later[l->later_head];

		if (lite_before(tick, first->due))
			return;
		if ((l->clients[first->client].flags & ACK_LATER) != 0)
			lite_ack(l, &l->clients[first->client]);
		l->later_head = (l->later_head + 1) % LITE_LATER;
		l->later_n--;
	}
}
