/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEGMENT ARRIVES, step 5: the ACK field (RFC 9293 §3.10.7.4).
 */
#include "conn/arrives.h"
#include "conn/held.h"
#include "conn/machine.h"
#include "conn/rack.h"
#include "conn/recovery.h"
#include "conn/rtt.h"
#include "conn/timers.h"
#include "conn/window.h"
#include "core/seq.h"

/* A number without a sign, in 32 bits (MUST-1, REC-1). */
static uint32_t
scaled(const struct tern_conn *c, const struct segment *s)
{
	return s->wnd << c->snd.wscale;
}

/* RFC 5681 §2, definition of a duplicate acknowledgment. */
static bool
is_duplicate(const struct tern_conn *c, const struct segment *s)
{
	/* The answers to our window probes look alike and say nothing of a loss. */
	return s->ack == c->snd.una && conn_flight(c) > 0 && s->len == 0 &&
	       (c->flags & TERN_CONN_PROBING) == 0 && (s->flags & (TCP_SYN | TCP_FIN)) == 0 &&
	       scaled(c, s) == c->snd.wnd;
}

/* The window was shut, or too small to use, and has opened: what was tried goes again, in full. */
static void
end_probing(struct tern_conn *c)
{
	c->flags &= ~(TERN_CONN_PROBING | TERN_CONN_FORCE);
	c->rtt.backoff = 0;
	flight_rewind(c);
	timer_stop(c, TERN_TIMER_REXMIT);
}

/* Only a newer segment may set the window (wl1, wl2): B24. */
static void
update_window(struct tern_conn *c, const struct segment *s)
{
	uint32_t wnd = scaled(c, s);

	if (!seq_lt(c->snd.wl1, s->seq) && !(c->snd.wl1 == s->seq && seq_le(c->snd.wl2, s->ack)))
		return;
	c->snd.wl1 = s->seq;
	c->snd.wl2 = s->ack;
	if ((c->flags & TERN_CONN_PROBING) != 0) {
		c->since = c->tcp->tick; /* shut or not, somebody answers (MUST-37, SHLD-17) */
		if (wnd > c->snd.wnd)
			end_probing(c);
	}
	c->snd.wnd = wnd;
	if (wnd > c->snd.max_wnd)
		c->snd.max_wnd = wnd;
}

/* Our FIN is acknowledged. */
static enum tern_verdict
fin_acked(struct tern_conn *c)
{
	switch (c->state) {
	case TERN_FIN_WAIT_1:
		c->state = TERN_FIN_WAIT_2;
		c->flags &= ~TERN_CONN_LINGER;
		if ((c->flags & TERN_CONN_CLOSED) != 0)
			timer_set(c, TERN_TIMER_STATE, c->tcp->times.fin_wait_2);
		return TERN_UNDECIDED;
	case TERN_CLOSING:
		conn_time_wait(c);
		return TERN_DONE;
	default: /* LAST-ACK */
		conn_end(c, TERN_FINISHED);
		return TERN_DONE;
	}
}

/* RFC 6298 (5.2), (5.3) */
static void
restart_timer(struct tern_conn *c)
{
	if (c->snd.una == c->snd.max) {
		timer_stop(c, TERN_TIMER_REXMIT);
		c->flags &= ~TERN_CONN_PROBING;
	} else if ((c->flags & TERN_CONN_PROBING) == 0) {
		rexmit_start(c);
	}
}

/* RFC 2883 §4: is the first block one of what has come twice? */
static bool
is_duplicate_block(const struct segment *s)
{
	const struct sack_block *one = &s->sack[0], *two = &s->sack[1];

	if (seq_le(one->end, s->ack))
		return true;
	return s->sacks > 1 && seq_ge(one->first, two->first) && seq_le(one->end, two->end);
}

/* RFC 2018 §5, RFC 6675 §5 (B). Return: do the blocks tell of a duplicate? */
static bool
take_blocks(struct tern_conn *c, const struct segment *s, struct delivery *d)
{
	uint32_t from = seq_max(c->snd.una, s->ack), i = 0;
	bool dsack = is_duplicate_block(s);
	const struct sack_block *b = s->sack;

	/* One from beyond any window is a lie. */
	dsack = dsack && seq_lt(b->first, b->end) && seq_le(b->end, c->snd.max) &&
		seq_ge(b->first, c->snd.una - c->snd.max_wnd);
	for (; i < s->sacks; i++, b++) {
		if (seq_ge(b->first, from) && seq_lt(b->first, b->end) &&
		    seq_le(b->end, c->snd.max) && !(dsack && i == 0))
			flight_sacked(c, b->first, b->end, d);
	}
	return dsack;
}

/* The ACK of what was there to be acknowledged. */
static void
advance(struct tern_conn *c, const struct segment *s, bool fin)
{
	uint32_t bytes = s->ack - c->snd.una;

	c->snd.una = s->ack;
	c->snd.nxt = seq_max(c->snd.nxt, s->ack);
	c->sent += bytes - fin;
	/* The right edge stays until update_window() accepts another, which it may not do now. */
	c->snd.wnd -= bytes < c->snd.wnd ? bytes : c->snd.wnd;
	c->since = c->tcp->tick;
	c->rtt.backoff = 0;
	if (flight_reneged(c)) /* RFC 2018 §8, RFC 6675 §5.1 */
		flight_forget_sacks(c);
}

static enum tern_verdict
new_ack(struct tern_conn *c, const struct segment *s, struct ack_news *news, struct delivery *d)
{
	bool fin = (c->flags & TERN_CONN_FIN_SENT) != 0 && s->ack == c->snd.max;

	news->acked = s->ack - c->snd.una;
	flight_acked(c, s->ack, d);
	news->rtt_us = rtt_acked(c, s, d);
	advance(c, s, fin);
	recovery_acked(c, s, news, d);
	restart_timer(c);
	tlp_schedule(c);
	if (c->kept != NULL && kept_release(c, s->ack) > 0 && window_update_due(c))
		c->flags |= TERN_CONN_ACK_NOW;
	if (news->acked > fin && c->user->acked != NULL)
		c->user->acked(c->user, c, c->sent);
	if (c->state == TERN_CLOSED)
		return TERN_DONE;
	return fin ? fin_acked(c) : TERN_UNDECIDED;
}

/*
 * An ACK that does not move snd.una. In recovery what it delivers is progress all the same: RACK
 * sees to what is lost, and the RTO is for the case that nothing comes any more.
 */
static void
sack_only(struct tern_conn *c, const struct segment *s, const struct ack_news *news,
	  struct delivery *d)
{
	bool any = d->any;

	recovery_acked(c, s, news, d);
	if (any && (c->flags & TERN_CONN_RECOVERY) != 0)
		rexmit_start(c);
}

static enum tern_verdict
ack_of_syn(struct tern_conn *c, const struct segment *s, bool *reset)
{
	if (!seq_lt(c->snd.una, s->ack) || seq_gt(s->ack, c->snd.max)) {
		*reset = true;
		return TERN_DROP_TCP_ACK;
	}
	c->snd.wnd = scaled(c, s);
	c->snd.max_wnd = c->snd.wnd;
	c->snd.wl1 = s->seq;
	c->snd.wl2 = s->ack;
	conn_establish(c, s);
	return c->state == TERN_CLOSED ? TERN_DONE : TERN_UNDECIDED;
}

/* RFC 9293 §3.10.7.4 step 5 */
enum tern_verdict
conn_check_ack(struct tern_conn *c, const struct segment *s, bool *reset)
{
	enum tern_verdict v = TERN_UNDECIDED;
	struct ack_news news = { 0 };
	struct delivery d = { 0 };

	if ((s->flags & TCP_ACK) == 0)
		return TERN_DROP_TCP_NO_ACK;
	if (c->state == TERN_SYN_RECEIVED)
		return ack_of_syn(c, s, reset);
	/* RFC 5961 §5.2 (MAY-12): neither of the future nor of a past beyond any window. */
	if (seq_gt(s->ack, c->snd.max) || seq_lt(s->ack, c->snd.una - c->snd.max_wnd))
		return conn_challenge(c, TERN_DROP_TCP_ACK);
	news.duplicate = is_duplicate(c, s);
	news.flight = conn_flight(c);
	if (s->sacks > 0 && (c->flags & TERN_CONN_SACK) != 0) {
		news.dsack = take_blocks(c, s, &d);
		if (news.dsack)
			recovery_duplicate(c, s->sack[0].first, s->sack[0].end);
	}
	if (seq_gt(s->ack, c->snd.una))
		v = new_ack(c, s, &news, &d);
	else if (news.duplicate || news.dsack || d.any)
		sack_only(c, s, &news, &d);
	if (v == TERN_UNDECIDED && seq_ge(s->ack, c->snd.una))
		update_window(c, s);
	return v;
}
