/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEGMENT ARRIVES, RFC 9293 §3.10.7, for a client that opens actively and reads all that comes.
 */
#include <rte_tcp.h>

#include "gen/engines/lite.h"

enum {
	FIN = RTE_TCP_FIN_FLAG,
	SYN = RTE_TCP_SYN_FLAG,
	RST = RTE_TCP_RST_FLAG,
	ACK = RTE_TCP_ACK_FLAG,
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WSCALE = 3,
	MSS_DEFAULT = 536, /* §3.7.1, MUST-15 */
	MSS_LEAST = 64,
	WSCALE_MOST = 14,      /* RFC 7323 §2.3 */
	CHALLENGES_MOST = 100, /* in a tick: RFC 5961 §7 */
	BEYOND = 65536,	       /* what an older connection's last number is passed by */
};

/* Beginning and ending ------------------------------------------------------------------------ */

/* The last byte, or the peer's FIN, is there: the FIN that leaves acknowledges it. */
void
lite_finish(struct lite *l, struct client *c, uint64_t now)
{
	if (l->close_rst) {
		lite_rst(l, c);
		lite_closed(l, c, now);
		return;
	}
	if ((c->flags & TRANSACTION) == 0)
		c->begun = lite_tick(now);
	c->state = FIN_WAIT_1;
	lite_push(l, c, now);
}

static void
finish_behind(struct lite *l, struct client *c, uint64_t now)
{
	lite_finish(l, c, now);
	if (c->state == FIN_WAIT_1)
		c->state = LAST_ACK;
}

void
lite_ask(struct lite *l, struct client *c, uint64_t now)
{
	c->end = c->nxt + l->ask_len;
	c->flags &= (uint8_t) ~(ANSWERED | AGAIN);
	worker_count(l->w, COUNT_requests);
	l->w->meter->count[COUNT_tx_payload] += l->ask_len;
	lite_expect(l, c);
	lite_push(l, c, now);
	if (unlikely(c->nxt == c->end - l->ask_len))
		lite_ack(l, c); /* there was nothing to take it along */
}

/* §3.10.7.4 and RFC 5961: what is not quite right is asked about, but not for ever. */
static void
challenge(struct lite *l, struct client *c, uint64_t now)
{
	uint32_t tick = lite_tick(now);

	if (l->challenged != tick) {
		l->challenged = tick;
		l->challenges = 0;
	}
	if (l->challenges++ < CHALLENGES_MOST)
		lite_ack(l, c);
}

/* SYN-SENT: §3.10.7.3 ------------------------------------------------------------------------- */

static void
read_option(struct client *c, const uint8_t *o, uint8_t len, uint16_t *mss)
{
	if (o[0] == OPTION_MSS && len == 4)
		*mss = (uint16_t)RTE_MAX(o[2] << 8 | o[3], (int)MSS_LEAST);
	if (o[0] == OPTION_WSCALE && len == 3)
		c->wscale = RTE_MIN(o[2], (uint8_t)WSCALE_MOST) & 15;
}

static void
read_options(struct client *c, const struct segment *s)
{
	uint16_t mss = MSS_DEFAULT;
	uint8_t len;

	c->wscale = 0;
	for (unsigned int at = 0; at < s->options_len && s->options[at] != OPTION_END; at += len) {
		const uint8_t *o = s->options + at;

		len = 1;
		if (o[0] == OPTION_NOP)
			continue;
		if (at + 1 >= s->options_len || o[1] < 2 || o[1] > s->options_len - at)
			break;
		len = o[1];
		read_option(c, o, len, &mss);
	}
	c->mss = RTE_MIN(c->mss, mss);
}

/* The window of a SYN is not scaled (RFC 7323 §2.2). */
static void
note_peer(struct client *c, const struct segment *s)
{
	c->una = c->end = c->nxt = s->ack;
	c->rcv_nxt = s->seq + 1;
	read_options(c, s);
	c->wnd = (uint16_t)(s->wnd >> c->wscale);
	c->state = ESTABLISHED;
}

static void
stands(struct lite *l, struct client *c, uint64_t now)
{
	worker_count(l->w, COUNT_established);
	if (likely((c->flags & AGAIN) == 0))
		lite_measure(l, c, now);
	worker_time(l->w, TIME_connect_naive, c->stamp, now);
	worker_time(l->w, TIME_connect, c->intended, now);
	c->tries = 0;
	c->flags &= (uint8_t) ~(AGAIN | UNREACHED);
	if (l->mode != MODE_CRR)
		lite_opened(l);
	if (likely(l->mode != MODE_HOLD && (c->flags & TRANSACTION) != 0)) {
		if (likely(l->ask_len + l->rsp_len > 0))
			lite_ask(l, c, now);
		else
			lite_finish(l, c, now);
		return;
	}
	lite_ack(l, c);
	if ((c->flags & TRANSACTION) != 0) { /* hold: to open is all of it */
		c->flags &= (uint8_t)~TRANSACTION;
		worker_done(l->w);
	}
	if (l->mode == MODE_RR)
		lite_idle(l, c);
}

/*
 * Somebody there remembers an older connection (§3.10.7.3, figure 9): a reset ends it, and the SYN
 * need not wait for its time to come again. TIME-WAIT may not be ended by it (RFC 1337 §3), but by
 * a SYN beyond all that the older connection had (RFC 6191 §2), and its ACK tells what that was.
 */
static void
is_remembered(struct lite *l, struct client *c, const struct segment *s, uint64_t now)
{
	if ((s->flags & RST) != 0)
		return;
	lite_reply(l, c->key, s->ack, 0, RST);
	if (c->tries > 0)
		return;
	c->tries = 1;
	c->flags |= AGAIN;
	c->una = s->ack + BEYOND;
	c->nxt = c->end = c->una + 1;
	worker_count(l->w, COUNT_rexmit_syn);
	lite_syn(l, c, now);
}

static void
syn_sent(struct lite *l, struct client *c, const struct segment *s, uint64_t now)
{
	if ((s->flags & ACK) == 0)
		return;
	if (s->ack != c->nxt) {
		is_remembered(l, c, s, now);
		return;
	}
	if ((s->flags & RST) != 0) {
		lite_failed(l, c, ERROR_refused, now);
		return;
	}
	if ((s->flags & SYN) == 0)
		return;
	note_peer(c, s);
	stands(l, c, now);
}

/* First: the sequence number. RFC 9293 §3.10.7.4, RFC 5961 ---------------------------------- */

static void
trim(struct segment *s, uint32_t n)
{
	s->seq += n;
	s->data += n;
	s->len = (uint16_t)(s->len - n);
}

static void
was_reset(struct lite *l, struct client *c, uint64_t now)
{
	/* All was said and done, and we had closed: nothing is lost by it. */
	if (c->state == LAST_ACK && c->error == NO_ERROR)
		lite_closed(l, c, now);
	else
		lite_failed(l, c, ERROR_rst, now);
}

/* Then: the ACK ------------------------------------------------------------------------------- */

/* The highest number that the peer may have seen. */
static uint32_t
highest(const struct client *c)
{
	if ((c->flags & AGAIN) == 0)
		return c->nxt;
	return c->end + (c->state >= FIN_WAIT_1);
}

static inline void
acked(struct lite *l, struct client *c, uint32_t ack, uint64_t now)
{
	c->una = ack;
	if (unlikely(lite_before(c->nxt, ack)))
		c->nxt = ack;
	c->tries = 0;
	if (likely(c->una == c->nxt)) {
		if (likely((c->flags & AGAIN) == 0))
			lite_measure(l, c, now);
		c->flags &= (uint8_t)~AGAIN;
	} else {
		c->sent = lite_tick(now);
	}
}

/* Return: may the segment be read on? */
static inline bool
take_ack(struct lite *l, struct client *c, const struct segment *s, uint64_t now)
{
	bool was_shut = c->wnd == 0;

	if (unlikely(lite_before(s->ack, c->una))) {
		/* An old one is nothing; one that nobody can have meant is asked about (§5). */
		if (c->una - s->ack > (uint32_t)RTE_MAX(c->wnd, 1) << c->wscale) {
			challenge(l, c, now);
			return false;
		}
		return true;
	}
	if (unlikely(s->ack != c->nxt && lite_before(highest(c), s->ack))) {
		challenge(l, c, now);
		return false;
	}
	c->wnd = s->wnd;
	if (s->ack != c->una)
		acked(l, c, s->ack, now);
	if (unlikely(was_shut && c->wnd != 0 && c->una != c->nxt)) {
		c->nxt = c->una; /* what asked the closed window was not taken */
		c->flags |= AGAIN;
	}
	if (unlikely(lite_before(c->nxt, c->end) && c->wnd != 0))
		lite_push(l, c, now);
	else if (unlikely(c->nxt == c->end && c->state >= FIN_WAIT_1))
		lite_push(l, c, now);
	return true;
}

/* Then: the text ------------------------------------------------------------------------------ */

static inline void
note_first(struct lite *l, struct client *c, uint64_t now)
{
	worker_time(l->w, TIME_ttfb_naive, c->stamp, now);
	worker_time(l->w, TIME_ttfb, c->intended, now);
}

static inline void
note_last(struct lite *l, struct client *c, uint64_t now)
{
	worker_time(l->w, TIME_ttlb_naive, c->stamp, now);
	worker_time(l->w, TIME_ttlb, c->intended, now);
}

static inline void
record_both(struct meter *m, enum time_of first, enum time_of last, uint64_t from, uint64_t to)
{
	uint64_t ns = to > from ? to - from : 0;
	uint32_t place = hdr_place(ns);

	hdr_record_at(&m->time[first], ns, place);
	hdr_record_at(&m->time[last], ns, place);
}

/* One segment that is all of the response: its first byte came with its last. */
static inline void
note_only(struct lite *l, struct client *c, uint64_t now)
{
	record_both(l->w->meter, TIME_ttfb_naive, TIME_ttlb_naive, c->stamp, now);
	record_both(l->w->meter, TIME_ttfb, TIME_ttlb, c->intended, now);
}

/*
 * The transaction of a connection that goes on is over. One that has not acknowledged the request
 * that it answered does not go on: what is repeated must be of one request.
 */
static inline void
rest(struct lite *l, struct client *c)
{
	c->flags = (uint8_t)((c->flags & ~TRANSACTION) | USED);
	worker_done(l->w);
	if (likely(c->una == c->end))
		lite_idle(l, c);
	else
		lite_drop(l, c);
}

static void
wrong(struct lite *l, struct client *c, uint64_t now)
{
	lite_rst(l, c);
	lite_failed(l, c, c->error, now);
}

/* Nobody asked for it, or the response is over and goes on all the same. */
static void
take_text_unasked(struct lite *l, struct client *c, const struct segment *s)
{
	c->rcv_nxt += s->len;
	if ((c->flags & TRANSACTION) != 0)
		c->error = ERROR_bad_length;
	else
		worker_count(l->w, COUNT_other);
	lite_owe(l, c);
}

static inline void
note_times(struct lite *l, struct client *c, enum lite_answer answer, uint64_t now)
{
	bool first = (c->flags & ANSWERED) == 0;

	c->flags |= ANSWERED;
	if (likely(first && answer == ANSWER_WHOLE))
		note_only(l, c, now);
	else if (first)
		note_first(l, c, now);
	else if (answer == ANSWER_WHOLE)
		note_last(l, c, now);
}

/* The response is whole. Return: as take_text(). */
static inline bool
take_whole(struct lite *l, struct client *c, bool fin, uint64_t now)
{
	worker_count(l->w, COUNT_responses);
	if (l->mode != MODE_CRR) {
		lite_owe_later(l, c);
		rest(l, c);
		return c->state != CLOSED;
	}
	c->rcv_nxt += fin;
	if (fin)
		finish_behind(l, c, now);
	else
		lite_finish(l, c, now);
	return false;
}

/* Return: is the connection as it was, and the peer's FIN to be looked at? */
static inline bool
take_text(struct lite *l, struct client *c, const struct segment *s, bool fin, uint64_t now)
{
	enum lite_answer answer;

	if (unlikely(c->state != ESTABLISHED || (c->flags & TRANSACTION) == 0)) {
		take_text_unasked(l, c, s);
		return true;
	}
	c->rcv_nxt += s->len;
	l->w->meter->count[COUNT_rx_payload] += s->len;
	answer = lite_answer(l, c, s->data, s->len);
	note_times(l, c, answer, now);
	if (likely(answer == ANSWER_WHOLE))
		return take_whole(l, c, fin, now);
	if (answer == ANSWER_MORE) {
		lite_owe(l, c);
		return true;
	}
	wrong(l, c, now);
	return false;
}

/* Last: the FIN ------------------------------------------------------------------------------- */

/* The peer closes before we do: at the end of a response, too early, or for lack of use. */
static void
peer_closes(struct lite *l, struct client *c, uint64_t now)
{
	enum lite_answer answer = ANSWER_MORE;

	/* It was closing when the request came: that is no failure (RFC 9112 §9.3.1). */
	if ((c->flags & (TRANSACTION | ANSWERED | USED)) == (TRANSACTION | USED)) {
		lite_ask_again(l, c, now);
		return;
	}
	if ((c->flags & TRANSACTION) != 0) {
		answer = lite_answer_end(l, c);
		if (answer != ANSWER_WHOLE) {
			wrong(l, c, now);
			return;
		}
		worker_count(l->w, COUNT_responses);
		note_last(l, c, now);
		if (l->mode != MODE_CRR) {
			c->flags &= (uint8_t)~TRANSACTION;
			worker_done(l->w);
		}
	}
	finish_behind(l, c, now);
}

static void
take_fin(struct lite *l, struct client *c, uint64_t now)
{
	c->rcv_nxt++;
	switch (c->state) {
	case ESTABLISHED:
		peer_closes(l, c, now);
		break;
	case FIN_WAIT_1: /* ours is not acknowledged yet: simultaneous close */
		c->state = CLOSING;
		lite_ack(l, c);
		break;
	case FIN_WAIT_2:
		lite_ack(l, c);
		lite_closed(l, c, now);
		break;
	default:
		break;
	}
}

/* Return: is there still a connection? */
static bool
note_fin_acked(struct lite *l, struct client *c, uint64_t now)
{
	if (c->una != c->end + 1)
		return true;
	switch (c->state) {
	case FIN_WAIT_1:
		c->state = FIN_WAIT_2;
		return true;
	case CLOSING:
	case LAST_ACK:
		lite_closed(l, c, now);
		return false;
	default:
		return true;
	}
}

/* Beside RCV.NXT: what is not the next ------------------------------------------------------- */

/*
 * What comes too early, or again, is not taken; but its ACK is, and answered with one. Else two
 * sides that both repeat would not hear each other any more: each one's ACKs have numbers that the
 * other finds too old or too new.
 */
static void
take_ack_alone(struct lite *l, struct client *c, const struct segment *s, enum counter what,
	       uint64_t now)
{
	worker_count(l->w, what);
	if ((s->flags & (SYN | ACK)) == ACK &&
	    (!take_ack(l, c, s, now) || (c->state >= FIN_WAIT_1 && !note_fin_acked(l, c, now))))
		return;
	challenge(l, c, now);
}

static void
is_early(struct lite *l, struct client *c, const struct segment *s, uint64_t now)
{
	bool within = s->seq - c->rcv_nxt < LITE_WND << l->wscale;

	if ((s->flags & RST) != 0) {
		if (within)
			challenge(l, c, now); /* RFC 5961 §3.2 */
	} else if (within) {
		take_ack_alone(l, c, s, COUNT_reordered, now);
	} else {
		challenge(l, c, now);
	}
}

/*
 * A segment that does not begin at RCV.NXT. Return: is there something new at RCV.NXT, now that
 * what is old is cut off?
 */
static bool
is_acceptable(struct lite *l, struct client *c, struct segment *s, uint64_t now)
{
	uint32_t old = c->rcv_nxt - s->seq;

	if (lite_before(c->rcv_nxt, s->seq)) {
		is_early(l, c, s, now);
		return false;
	}
	if ((s->flags & RST) != 0)
		return false;
	if (old < (uint32_t)s->len + ((s->flags & FIN) != 0) && (s->flags & SYN) == 0) {
		trim(s, RTE_MIN(old, (uint32_t)s->len));
		return true;
	}
	take_ack_alone(l, c, s, COUNT_duplicates, now);
	return false;
}

/* All of it ----------------------------------------------------------------------------------- */

/* Return: may it be read on? */
static bool
odd_flags(struct lite *l, struct client *c, const struct segment *s, uint64_t now)
{
	if ((s->flags & RST) != 0) {
		was_reset(l, c, now);
		return false;
	}
	if ((s->flags & SYN) != 0) { /* RFC 5961 §4 */
		challenge(l, c, now);
		return false;
	}
	return (s->flags & ACK) != 0;
}

void
lite_input(struct lite *l, struct client *c, struct segment *s, uint64_t now)
{
	bool fin;

	if (c->state == SYN_SENT) {
		syn_sent(l, c, s, now);
		return;
	}
	if (unlikely(s->seq != c->rcv_nxt) && !is_acceptable(l, c, s, now))
		return;
	if (unlikely((s->flags & (SYN | RST | ACK)) != ACK) && !odd_flags(l, c, s, now))
		return;
	if (!take_ack(l, c, s, now))
		return;
	if (c->state >= FIN_WAIT_1 && !note_fin_acked(l, c, now))
		return;
	fin = (s->flags & FIN) != 0;
	if (s->len > 0 && !take_text(l, c, s, fin, now))
		return;
	if (fin)
		take_fin(l, c, now);
}

/* Segments of no connection: §3.10.7.1. A FIN is one that was acknowledged before, see lite.h. */
void
lite_stray(struct lite *l, uint32_t key, const struct segment *s)
{
	uint32_t behind = s->seq + s->len + ((s->flags & SYN) != 0) + ((s->flags & FIN) != 0);

	worker_count(l->w, COUNT_other);
	if ((s->flags & RST) != 0)
		return;
	if ((s->flags & (FIN | SYN | ACK)) == (FIN | ACK))
		lite_reply(l, key, s->ack, behind, ACK);
	else if ((s->flags & ACK) != 0)
		lite_reply(l, key, s->ack, 0, RST);
	else
		lite_reply(l, key, 0, behind, RST | ACK);
}

/* RFC 1122 §4.2.3.9, RFC 5927: only where the quoted number is one that is under way. */
void
lite_unreached(struct lite *l, struct client *c, uint32_t seq, bool hard, uint16_t mtu,
	       uint64_t now)
{
	if (lite_before(seq, c->una) || !lite_before(seq, c->nxt))
		return;
	if (mtu >= MSS_DEFAULT && mtu - 40 < c->mss) {
		c->mss = (uint16_t)(mtu - 40);
		c->nxt = c->una;
		c->flags |= AGAIN;
		lite_push(l, c, now);
		return;
	}
	if (mtu != 0)
		return;
	if (hard && c->state == SYN_SENT)
		lite_failed(l, c, ERROR_unreachable, now);
	else
		c->flags |= UNREACHED;
}
