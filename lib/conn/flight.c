/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/flight.h"
#include "core/seq.h"

/* What is sent within this part of the smallest round trip is told apart by number only. */
enum { GRAIN = 32 };

size_t
flight_bytes(const struct tern_config *config)
{
	return config->sent_ranges * sizeof(struct sent_range);
}

void
flight_init(struct tern_tcp *tcp, void *mem, const struct tern_config *config)
{
	tcp->ranges = mem;
	tcp->ranges_free = 0;
	tcp->ranges_each = config->sent_ranges_each;
	for (uint32_t i = 0; i < config->sent_ranges; i++)
		tcp->ranges[i].next = i + 1 < config->sent_ranges ? i + 1 : SENT_NONE;
}

static struct sent_range *
range(const struct tern_conn *c, uint32_t i)
{
	return &c->tcp->ranges[i];
}

/* A range behind `before`, or the first one. SENT_NONE: there is none to be had. */
static uint32_t
insert(struct tern_conn *c, uint32_t before, const struct sent_range *like)
{
	struct tern_tcp *tcp = c->tcp;
	uint32_t i = tcp->ranges_free;
	uint32_t *link = before != SENT_NONE ? &range(c, before)->next : &c->flight.first;

	if (i == SENT_NONE || c->ranges >= tcp->ranges_each)
		return SENT_NONE;
	tcp->ranges_free = range(c, i)->next;
	*range(c, i) = *like;
	range(c, i)->next = *link;
	*link = i;
	if (range(c, i)->next == SENT_NONE)
		c->flight.last = i;
	c->ranges++;
	return i;
}

/* Return: the range that follows. */
static uint32_t
discard(struct tern_conn *c, uint32_t before, uint32_t i)
{
	struct tern_tcp *tcp = c->tcp;
	uint32_t next = range(c, i)->next;

	if (before != SENT_NONE)
		range(c, before)->next = next;
	else
		c->flight.first = next;
	if (next == SENT_NONE)
		c->flight.last = before;
	range(c, i)->next = tcp->ranges_free;
	tcp->ranges_free = i;
	c->ranges--;
	return next;
}

void
flight_clear(struct tern_conn *c)
{
	while (c->ranges > 0)
		discard(c, SENT_NONE, c->flight.first);
	c->flight.first = c->flight.last = SENT_NONE;
	c->flight.sacked = c->flight.lost = 0;
	c->tail.first = c->snd.max;
}

/* The tail becomes a range, so that it can have a fate. */
static bool
close_tail(struct tern_conn *c)
{
	const struct sent_range r = { .end = c->snd.max, .us = c->tail.us };

	if (c->tail.first == c->snd.max)
		return true;
	if (insert(c, c->flight.last, &r) == SENT_NONE)
		return false;
	c->tail.first = c->snd.max;
	return true;
}

/* Cut range i, so that it ends before `at`; what follows is a range like it. */
static bool
split(struct tern_conn *c, uint32_t i, uint32_t at)
{
	const struct sent_range rest = *range(c, i);

	if (insert(c, i, &rest) == SENT_NONE)
		return false;
	range(c, i)->end = at;
	return true;
}

/* Of [start, end): bytes below snd.nxt. */
static uint32_t
below_nxt(const struct tern_conn *c, uint32_t start, uint32_t end)
{
	if (seq_ge(start, c->snd.nxt))
		return 0;
	return seq_min(end, c->snd.nxt) - start;
}

/*
 * The time of what is sent now. Within a poll all times are equal, and RACK then takes what has the
 * higher number for later (RFC 8985 §6.2). Where that is wrong, as for a repetition behind new
 * data, the clock is a microsecond ahead.
 */
static uint32_t
order(struct tern_conn *c, bool again_behind_new)
{
	enum { AHEAD_MOST_US = 1000 };
	uint32_t now = c->tcp->now_us, ahead = c->sent_us - now;

	if (ahead > AHEAD_MOST_US)
		c->sent_us = now;
	if (again_behind_new)
		c->sent_us++;
	return c->sent_us;
}

static void
sent_first(struct tern_conn *c, uint32_t seq, uint32_t end)
{
	uint32_t now = order(c, false);

	if (c->tail.first != c->snd.max && now - c->tail.us > c->rtt.least_us / GRAIN &&
	    !close_tail(c)) {
		c->tail.us = now;
		c->rtt.seq = end; /* the time of what was sent before is lost */
		return;
	}
	if (c->tail.first != c->snd.max)
		return;
	c->tail.first = seq;
	c->tail.us = now;
}

static void
sent_again(struct tern_conn *c, uint32_t seq, uint32_t end)
{
	bool tail = c->tail.first != c->snd.max;
	uint32_t start = c->snd.una, i, us;
	struct sent_range *r;

	/*
	 * What leaves after this for the first time gets a time of its own: with that of the tail
	 * it would seem to be older than what is repeated here, and lost when that arrives.
	 */
	if (!close_tail(c))
		c->rtt.seq = c->snd.max; /* Karn: RFC 6298 §3 */
	us = order(c, tail && seq_ge(c->tail.us, c->tcp->now_us));
	for (i = c->flight.first; i != SENT_NONE && seq_lt(start, end); i = range(c, i)->next) {
		if (seq_gt(range(c, i)->end, seq)) {
			if (seq_lt(start, seq) && split(c, i, seq)) {
				start = seq;
				continue;
			}
			if (seq_gt(range(c, i)->end, end))
				split(c, i, end);
			r = range(c, i);
			if ((r->fate & SENT_LOST) != 0)
				c->flight.lost -= below_nxt(c, start, r->end);
			r->fate = (r->fate & ~(uint32_t)SENT_LOST) | SENT_REPEATED;
			r->us = us;
		}
		start = range(c, i)->end;
	}
}

/* RFC 8985 §4, §6.1: the time of each transmission. */
void
flight_sent(struct tern_conn *c, uint32_t seq, uint32_t end)
{
	if (c->snd.una == c->snd.max) {
		c->tail.first = c->snd.max;
		c->rtt.seq = c->snd.una; /* nothing is under way that was sent twice */
	}
	if (seq_lt(seq, c->snd.max)) {
		sent_again(c, seq, seq_min(end, c->snd.max));
		seq = c->snd.max;
	}
	if (seq_lt(seq, end))
		sent_first(c, seq, end);
}

static void
note(struct delivery *d, uint32_t start, uint32_t end, uint32_t us, uint32_t fate)
{
	d->bytes += end - start;
	if (!d->any || seq_gt(us, d->us) || (us == d->us && seq_gt(end, d->end))) {
		d->us = us;
		d->end = end;
		d->repeated = (fate & SENT_REPEATED) != 0;
		d->any = true;
	}
	if ((fate & SENT_REPEATED) == 0 && (!d->any_least || seq_lt(end, d->least))) {
		d->least = end;
		d->any_least = true;
	}
}

/* [start, end) of range i is acknowledged. */
static void
settle(struct tern_conn *c, const struct sent_range *r, uint32_t start, uint32_t end,
       struct delivery *d)
{
	if ((r->fate & SENT_LOST) != 0)
		c->flight.lost -= below_nxt(c, start, end);
	if ((r->fate & SENT_SACKED) != 0)
		c->flight.sacked -= below_nxt(c, start, end);
	else
		note(d, start, end, r->us, r->fate);
}

void
flight_acked(struct tern_conn *c, uint32_t ack, struct delivery *d)
{
	uint32_t start = c->snd.una, i = c->flight.first;

	while (i != SENT_NONE && seq_le(range(c, i)->end, ack)) {
		settle(c, range(c, i), start, range(c, i)->end, d);
		start = range(c, i)->end;
		i = discard(c, SENT_NONE, i);
	}
	if (seq_ge(start, ack))
		return;
	if (i != SENT_NONE) {
		settle(c, range(c, i), start, ack, d);
		return;
	}
	note(d, start, ack, c->tail.us, 0);
	c->tail.first = ack;
}

/* Neighbours that were delivered are one. Return: the range to go on from. */
static uint32_t
merge(struct tern_conn *c, uint32_t before, uint32_t i)
{
	if (before == SENT_NONE || (range(c, before)->fate & SENT_SACKED) == 0 ||
	    (range(c, i)->fate & SENT_SACKED) == 0)
		return i;
	range(c, before)->end = range(c, i)->end;
	discard(c, before, i);
	return before;
}

/* Range i, which begins at start, was delivered as a whole. */
static void
deliver(struct tern_conn *c, uint32_t i, uint32_t start, struct delivery *d)
{
	struct sent_range *r = range(c, i);
	uint32_t below = below_nxt(c, start, r->end);

	if ((r->fate & SENT_SACKED) != 0)
		return;
	if ((r->fate & SENT_LOST) != 0)
		c->flight.lost -= below;
	c->flight.sacked += below;
	note(d, start, r->end, r->us, r->fate);
	r->fate = (r->fate & ~(uint32_t)SENT_LOST) | SENT_SACKED;
}

/* The scoreboard (RFC 6675 §3). */
void
flight_sacked(struct tern_conn *c, uint32_t first, uint32_t end, struct delivery *d)
{
	uint32_t start = c->snd.una, before = SENT_NONE, i;

	if (seq_gt(end, c->tail.first) && !close_tail(c))
		end = c->tail.first;
	/* One more than it covers, for that may be merged with what is. */
	for (i = c->flight.first; i != SENT_NONE && seq_le(start, end); i = range(c, i)->next) {
		if (seq_gt(range(c, i)->end, first) && seq_lt(start, end)) {
			if (seq_lt(start, first) && !split(c, i, first))
				return;
			if (seq_ge(start, first)) {
				if (seq_gt(range(c, i)->end, end) && !split(c, i, end))
					return;
				deliver(c, i, start, d);
			}
		}
		start = range(c, i)->end;
		i = merge(c, before, i);
		before = i;
	}
}

static void
forget(struct tern_conn *c, uint32_t fate)
{
	for (uint32_t i = c->flight.first; i != SENT_NONE; i = range(c, i)->next)
		range(c, i)->fate &= ~fate;
}

void
flight_forget_sacks(struct tern_conn *c)
{
	forget(c, SENT_SACKED);
	c->flight.sacked = 0;
}

void
flight_rewind(struct tern_conn *c)
{
	forget(c, SENT_LOST);
	c->flight.sacked = c->flight.lost = 0;
	c->snd.nxt = c->snd.una;
}

void
flight_restore(struct tern_conn *c)
{
	uint32_t start = c->snd.una;

	forget(c, SENT_LOST);
	c->flight.sacked = c->flight.lost = 0;
	c->snd.nxt = c->snd.max;
	for (uint32_t i = c->flight.first; i != SENT_NONE; i = range(c, i)->next) {
		if ((range(c, i)->fate & SENT_SACKED) != 0)
			c->flight.sacked += range(c, i)->end - start;
		start = range(c, i)->end;
	}
}

uint32_t
flight_first_end(const struct tern_conn *c)
{
	return c->flight.first != SENT_NONE ? range(c, c->flight.first)->end : c->snd.max;
}

bool
flight_lost(const struct tern_conn *c, uint32_t *seq, uint32_t *end)
{
	uint32_t start = c->snd.una;

	if (c->flight.lost == 0)
		return false;
	for (uint32_t i = c->flight.first; i != SENT_NONE; i = range(c, i)->next) {
		if ((range(c, i)->fate & SENT_LOST) != 0) {
			*seq = start;
			*end = range(c, i)->end;
			return true;
		}
		start = range(c, i)->end;
	}
	return false;
}

uint32_t
flight_skip(struct tern_conn *c)
{
	uint32_t start = c->snd.una;
	const struct sent_range *r;

	for (uint32_t i = c->flight.first; i != SENT_NONE; start = r->end, i = r->next) {
		r = range(c, i);
		if ((r->fate & SENT_SACKED) == 0 || seq_le(r->end, c->snd.nxt))
			continue;
		if (seq_gt(start, c->snd.nxt))
			return start;
		c->flight.sacked += r->end - c->snd.nxt;
		c->snd.nxt = r->end;
	}
	return c->snd.max;
}

bool
flight_reneged(const struct tern_conn *c)
{
	return c->ranges > 0 && (range(c, c->flight.first)->fate & SENT_SACKED) != 0;
}

void
flight_walk(const struct tern_conn *c, struct flight_walk *w)
{
	*w = (struct flight_walk){ .next = c->flight.first, .end = c->snd.una };
}

bool
flight_each(const struct tern_conn *c, struct flight_walk *w)
{
	w->start = w->end;
	w->i = w->next;
	if (w->i != SENT_NONE) {
		w->end = range(c, w->i)->end;
		w->us = range(c, w->i)->us;
		w->fate = range(c, w->i)->fate;
		w->next = range(c, w->i)->next;
		return true;
	}
	w->end = c->snd.max;
	w->us = c->tail.us;
	w->fate = 0;
	return seq_ge(w->start, c->tail.first) && seq_lt(w->start, w->end);
}

void
flight_lose(struct tern_conn *c, const struct flight_walk *w)
{
	uint32_t i = w->i;

	if (i == SENT_NONE) {
		if (!close_tail(c))
			return;
		i = c->flight.last;
	}
	range(c, i)->fate |= SENT_LOST;
	c->flight.lost += below_nxt(c, w->start, w->end);
}
