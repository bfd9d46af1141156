/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/time_wait.h"
#include "conn/machine.h"
#include "core/seq.h"

enum { ENDED_A_POLL = 256 }; /* those behind them wait for the next: late is worse than long */

void
time_wait_init(struct time_waits *all, void *mem, uint32_t n)
{
	*all = (struct time_waits){
		.block = mem,
		.n = n,
		.free = TIME_WAIT_NONE,
		.first = TIME_WAIT_NONE,
		.last = TIME_WAIT_NONE,
	};
}

static uint32_t
index_of(const struct time_waits *all, const struct time_wait *t)
{
	return (uint32_t)(t - all->block);
}

static void
append(struct time_waits *all, struct time_wait *t)
{
	uint32_t i = index_of(all, t);

	t->next = TIME_WAIT_NONE;
	t->prev = all->last;
	if (all->last != TIME_WAIT_NONE)
		all->block[all->last].next = i;
	else
		all->first = i;
	all->last = i;
}

static void
take_out(struct time_waits *all, const struct time_wait *t)
{
	if (t->prev != TIME_WAIT_NONE)
		all->block[t->prev].next = t->next;
	else
		all->first = t->next;
	if (t->next != TIME_WAIT_NONE)
		all->block[t->next].prev = t->prev;
	else
		all->last = t->prev;
}

/* There is one: the oldest makes room, if none is free. */
static struct time_wait *
take_block(struct tern_tcp *tcp)
{
	struct time_waits *all = &tcp->time_waits;
	struct time_wait *t;

	if (all->used == all->n) {
		time_wait_end(tcp, &all->block[all->first]);
		count(tcp, TERN_EV_TCP_TIME_WAIT_REUSED);
	}
	all->used++;
	if (all->free == TIME_WAIT_NONE)
		return &all->block[all->fresh++];
	t = &all->block[all->free];
	all->free = t->next;
	return t;
}

static void
give_block(struct time_waits *all, struct time_wait *t)
{
	t->next = all->free;
	all->free = index_of(all, t);
	all->used--;
}

/* MUST-13 */
void
time_wait_enter(const struct tern_conn *c, uint32_t hash, uint16_t wnd)
{
	struct tern_tcp *tcp = c->tcp;
	struct time_waits *all = &tcp->time_waits;
	struct time_wait *t = take_block(tcp);

	*t = (struct time_wait){
		.remote = c->remote,
		.local = c->local,
		.rport = c->rport,
		.lport = c->lport,
		.snd_nxt = c->snd.max,
		.rcv_nxt = c->rcv.nxt,
		.ts = c->rcv.ts,
		.timestamps = (c->flags & TERN_CONN_TIMESTAMPS) != 0,
		.scaled = (c->flags & TERN_CONN_WSCALE) != 0,
		.wnd = wnd,
		.challenge_turn = challenge_never(tcp),
		.deadline = tcp->tick + tcp->times.time_wait,
	};
	if (flowtable_insert(&tcp->flows, hash, FLOW_TIME_WAIT | index_of(all, t)))
		append(all, t);
	else
		give_block(all, t);
}

static uint32_t
hash_of(const struct tern_tcp *tcp, const struct time_wait *t)
{
	return conn_hash(tcp, t->remote, t->rport, t->local, t->lport);
}

void
time_wait_end(struct tern_tcp *tcp, struct time_wait *t)
{
	struct time_waits *all = &tcp->time_waits;

	flowtable_remove(&tcp->flows, hash_of(tcp, t), FLOW_TIME_WAIT | index_of(all, t));
	take_out(all, t);
	give_block(all, t);
}

static void
restart(struct tern_tcp *tcp, struct time_wait *t)
{
	take_out(&tcp->time_waits, t);
	append(&tcp->time_waits, t);
	t->deadline = tcp->tick + tcp->times.time_wait;
}

/* RFC 7323 §5.3, R1: from before the last segment that counted. */
static bool
is_old(const struct time_wait *t, const struct segment *s)
{
	return t->timestamps != 0 && (s->has & SEGMENT_TIMESTAMPS) != 0 && seq_lt(s->ts_val, t->ts);
}

static bool
is_acceptable(const struct tern_tcp *tcp, const struct time_wait *t, const struct segment *s)
{
	uint32_t wnd = t->scaled != 0 ? (uint32_t)t->wnd << tcp->wscale : t->wnd;

	return segment_fits(s, t->rcv_nxt, wnd);
}

enum tern_verdict
time_wait_arrives(struct tern_tcp *tcp, struct time_wait *t, const struct segment *s, bool *ack)
{
	bool fin = (s->flags & (TCP_FIN | TCP_ACK)) == (TCP_FIN | TCP_ACK);

	*ack = false;
	if ((s->flags & TCP_RST) != 0) /* RFC 1337 §3: it must not be cut short */
		return TERN_DROP_TCP_RESET;
	if (fin && s->seq + s->len + 1 == t->rcv_nxt && !is_old(t, s)) {
		restart(tcp, t);
		*ack = true;
		return TERN_DONE;
	}
	if ((s->flags & TCP_SYN) == 0 && is_acceptable(tcp, t, s) && !is_old(t, s))
		return TERN_DONE;
	*ack = challenge_due(tcp, &t->challenge_turn);
	return TERN_DROP_TCP_SEQUENCE;
}

/* MAY-2, SHLD-4, RFC 6191 §2 */
bool
time_wait_reopens(const struct time_wait *t, const struct segment *s)
{
	bool above = seq_gt(s->seq, t->rcv_nxt);

	if ((s->has & SEGMENT_TIMESTAMPS) == 0)
		return above;
	/* Old segments without Timestamps would not be taken by the new connection (PAWS). */
	if (t->timestamps == 0)
		return true;
	return seq_gt(s->ts_val, t->ts) || (s->ts_val == t->ts && above);
}

void
time_wait_run(struct tern_tcp *tcp)
{
	struct time_waits *all = &tcp->time_waits;

	for (int n = 0; n < ENDED_A_POLL && all->first != TIME_WAIT_NONE &&
			!seq_gt(all->block[all->first].deadline, tcp->tick);
	     n++)
		time_wait_end(tcp, &all->block[all->first]);
}
