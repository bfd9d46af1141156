/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/arrives.h"
#include "conn/keepalive.h"
#include "conn/machine.h"
#include "conn/recovery.h"
#include "conn/rtt.h"
#include "conn/sack.h"
#include "conn/timers.h"
#include "core/seq.h"

enum tern_verdict
conn_challenge(struct tern_conn *c, enum tern_verdict verdict)
{
	struct tern_tcp *tcp = c->tcp;

	if (tcp->tick - c->challenged < tcp->times.challenge_gap) {
		count(tcp, TERN_EV_TCP_CHALLENGE_LIMITED);
		return verdict;
	}
	c->challenged = tcp->tick;
	c->flags |= TERN_CONN_ACK_NOW;
	count(tcp, TERN_EV_TCP_CHALLENGE_ACKS);
	return verdict;
}

/*
 * What both sides offered is in use from now on (RFC 7323 §3.2, RFC 2018 §2, RFC 3168 §6.1.1,
 * SHLD-8).
 */
static void
take_options(struct tern_conn *c, const struct segment *s)
{
	const struct tern_tcp *tcp = c->tcp;
	uint8_t ecn = s->flags & (TCP_ECE | TCP_CWR), ack = s->flags & TCP_ACK;

	if ((s->has & SEGMENT_TIMESTAMPS) != 0 && tcp->timestamps) {
		c->flags |= TERN_CONN_TIMESTAMPS;
		c->rcv.ts = s->ts_val;
		/* The MSS says nothing of options (RFC 9293 §3.7.1, RFC 6691 §2). */
		c->snd.mss = (uint16_t)(c->snd.mss - TCP_TIMESTAMPS_ROOM);
	}
	if ((s->has & SEGMENT_SACK_PERMITTED) != 0 && tcp->sack)
		c->flags |= TERN_CONN_SACK;
	if (ack == 0 ? tcp->ecn > 0 && ecn == (TCP_ECE | TCP_CWR) : tcp->ecn > 1 && ecn == TCP_ECE)
		c->flags |= TERN_CONN_ECN;
}

void
conn_take_syn(struct tern_conn *c, const struct segment *s)
{
	uint16_t mss = s->mss != 0 ? s->mss : TCP_MSS_DEFAULT; /* MUST-14, MUST-15 */

	if (mss < CONN_MSS_LEAST)
		mss = CONN_MSS_LEAST;
	c->snd.mss = mss < c->tcp->mss ? mss : c->tcp->mss; /* MUST-16 */
	take_options(c, s);
	c->rcv.nxt = s->seq + 1;
	c->rcv.acked = c->rcv.nxt;
	c->rcv.adv = c->rcv.nxt;
	if (s->wscale != TCP_WSCALE_NONE && c->tcp->wscale != TCP_WSCALE_NONE) {
		c->flags |= TERN_CONN_WSCALE;
		c->snd.wscale = s->wscale;
		c->rcv.wscale = c->tcp->wscale;
	}
	/* The window of a SYN is never scaled (RFC 7323 §2.2). */
	c->snd.wnd = s->wnd;
	c->snd.max_wnd = s->wnd;
	c->snd.wl1 = s->seq;
	c->snd.wl2 = s->ack;
}

void
conn_establish(struct tern_conn *c, const struct segment *s)
{
	enum { RTO_AFTER_SYN_LOSS = 3 * (1000000000 / TERN_TICK_NS) };

	struct tern_tcp *tcp = c->tcp;
	struct delivery d = { 0 };

	flight_acked(c, s->ack, &d);
	rtt_acked(c, s, &d);
	c->snd.una = s->ack;
	c->snd.nxt = seq_max(c->snd.nxt, s->ack);
	c->since = c->tcp->tick;
	c->rtt.backoff = 0;
	/* RFC 6298 (5.7): no sample was possible, and 1 s was too short. */
	if ((c->flags & TERN_CONN_SYN_REPEATED) != 0 && c->rtt.rto < RTO_AFTER_SYN_LOSS)
		c->rtt.rto = RTO_AFTER_SYN_LOSS;
	timer_stop(c, TERN_TIMER_REXMIT);
	recovery_start(c);
	c->state = (c->flags & TERN_CONN_FIN_WANTED) != 0 ? TERN_FIN_WAIT_1 : TERN_ESTABLISHED;
	if (tcp->keepalive) /* off (MUST-25), and two hours (MUST-28), if nobody says otherwise */
		keepalive_set(c, tcp->keepalive_s, tcp->keepalive_every_s, tcp->keepalive_count);
	if (tcp->paced)
		c->flags |= TERN_CONN_PACED;
	c->rcv.quick = tcp->quick_acks;
	c->tune_seq = c->rcv.nxt;
	c->tune_us = tcp->now_us;
	count(tcp, TERN_EV_TCP_ESTABLISHED);
	if (c->user->on_open != NULL)
		c->user->on_open(c->user, c);
}

/* RFC 9293 §3.10.7.3: before the peer's SYN there is no window to check against. */
static enum tern_verdict
syn_sent_arrives(struct tern_conn *c, const struct segment *s, bool *reset)
{
	bool ack = (s->flags & TCP_ACK) != 0;

	if (ack && (seq_le(s->ack, c->snd.una) || seq_gt(s->ack, c->snd.max))) {
		*reset = (s->flags & TCP_RST) == 0;
		return TERN_DROP_TCP_ACK;
	}
	if ((s->flags & TCP_RST) != 0) {
		if (!ack)
			return TERN_DROP_TCP_RESET;
		conn_end(c, TERN_REFUSED);
		return TERN_DONE;
	}
	if ((s->flags & (TCP_SYN | TCP_FIN)) != TCP_SYN)
		return TERN_DROP_TCP_FLAGS;
	conn_take_syn(c, s);
	c->flags |= TERN_CONN_ACK_NOW;
	if (ack) {
		conn_establish(c, s);
	} else { /* simultaneous open (MUST-10): our SYN again, with the ACK */
		c->state = TERN_SYN_RECEIVED;
		c->snd.nxt = c->snd.una;
	}
	return TERN_DONE;
}

/*
 * In SYN-RECEIVED the SYN of the peer may come again: ours was lost on the way, or both sides
 * opened at once and this is the peer's SYN-ACK.
 */
static bool
is_syn_again(const struct tern_conn *c, const struct segment *s)
{
	return c->state == TERN_SYN_RECEIVED && (s->flags & TCP_SYN) != 0 &&
	       s->seq + 1 == c->rcv.nxt;
}

/* RFC 9293 §3.10.7.4 step 1, RFC 7323 §5.3 (R2) */
static enum tern_verdict
check_sequence(struct tern_conn *c, struct segment *s)
{
	uint32_t length = segment_length(s);

	if (segment_fits(s, c->rcv.nxt, c->rcv.adv - c->rcv.nxt))
		return TERN_UNDECIDED;
	/* Nothing fits a closed window, but the ACK and the reset in it count (MUST-66). */
	if (c->rcv.adv == c->rcv.nxt && s->seq == c->rcv.nxt && (s->flags & TCP_SYN) == 0) {
		c->flags |= TERN_CONN_ACK_NOW;
		s->len = 0;
		s->flags = (uint8_t)(s->flags & ~TCP_FIN);
		return TERN_UNDECIDED;
	}
	if ((s->flags & TCP_RST) != 0)
		return TERN_DROP_TCP_SEQUENCE;
	/*
	 * A repetition is owed its ACK, whatever the limit (the first one may be lost), and what it
	 * acknowledges is as good as ever. An ACK without anything could be half of an ACK war.
	 */
	if (length == 0)
		return conn_challenge(c, TERN_DROP_TCP_SEQUENCE);
	if (s->len > 0 && seq_le(s->seq + s->len, c->rcv.nxt))
		sack_duplicate(c, s->seq, s->seq + s->len); /* RFC 2883 §4.1 */
	c->flags |= TERN_CONN_ACK_NOW;
	return TERN_DROP_TCP_SEQUENCE;
}

/*
 * RFC 9293 §3.10.7.4 step 2, RFC 5961 §3.2: only the exact number resets, whatever text comes with
 * it (SHLD-2). Who opened actively was refused (MUST-11).
 */
static enum tern_verdict
check_reset(struct tern_conn *c, const struct segment *s)
{
	bool refused;

	if ((s->flags & TCP_RST) == 0)
		return TERN_UNDECIDED;
	if (s->seq != c->rcv.nxt)
		return conn_challenge(c, TERN_DROP_TCP_RESET);
	refused = c->state == TERN_SYN_RECEIVED; /* of an active open: half_open.h has the others */
	if (c->state == TERN_ESTABLISHED || c->state == TERN_CLOSE_WAIT)
		count(c->tcp, TERN_EV_TCP_ESTAB_RESETS);
	conn_end(c, refused ? TERN_REFUSED : TERN_RESET);
	return TERN_DONE;
}

/* RFC 9293 §3.10.7.4 step 4, RFC 5961 §4.2: a SYN in a synchronised state is never believed. */
static enum tern_verdict
check_syn(struct tern_conn *c, const struct segment *s)
{
	if ((s->flags & TCP_SYN) == 0)
		return TERN_UNDECIDED;
	return conn_challenge(c, TERN_DROP_TCP_SEQUENCE);
}

/*
 * RFC 7323 §5.3 (R1), §5.5: older than what came last, which was not so long ago that clocks
 * wrapped.
 */
static bool
is_old(const struct tern_conn *c, const struct segment *s)
{
	enum { TWENTY_FOUR_DAYS_S = 24 * 86400 };

	return seq_lt(s->ts_val, c->rcv.ts) && c->tcp->now_s - c->heard_s < TWENTY_FOUR_DAYS_S;
}

/*
 * RFC 7323 §3.2, §5.3 (R1): where timestamps were agreed on, every segment but a reset has one, and
 * one that goes back is of the past (PAWS).
 */
static enum tern_verdict
check_timestamps(struct tern_conn *c, const struct segment *s)
{
	if ((c->flags & TERN_CONN_TIMESTAMPS) == 0 || (s->flags & TCP_RST) != 0)
		return TERN_UNDECIDED;
	if ((s->has & SEGMENT_TIMESTAMPS) == 0)
		return TERN_DROP_TCP_TIMESTAMP;
	if (!is_old(c, s))
		return TERN_UNDECIDED;
	if (segment_length(s) == 0)
		return conn_challenge(c, TERN_DROP_TCP_TIMESTAMP);
	if (seq_le(s->seq + s->len, c->rcv.nxt))
		sack_duplicate(c, s->seq, s->seq + s->len);
	c->flags |= TERN_CONN_ACK_NOW;
	return TERN_DROP_TCP_TIMESTAMP;
}

/*
 * RFC 7323 §5.3 (R3), §4.3: for what has passed the tests of window (R2) and ACK (RFC 5961 §5.2).
 */
static void
note_timestamp(struct tern_conn *c, const struct segment *s)
{
	if ((c->flags & TERN_CONN_TIMESTAMPS) == 0 || seq_gt(s->seq, c->rcv.acked) ||
	    (s->has & SEGMENT_TIMESTAMPS) == 0)
		return;
	c->rcv.ts = s->ts_val;
}

/*
 * RFC 9293 §3.10.7.4 step 6: urgent data end before this number (MUST-62, RFC 6093 §4), however far
 * off that is (MUST-31). The user is told once (MUST-32), and may look how much is to come
 * (MUST-33), also while the window is shut (MUST-66).
 */
static void
take_urgent(struct tern_conn *c, const struct segment *s)
{
	uint32_t end = s->seq + s->urgent;
	bool is_set = (c->marks & TERN_MARK_URGENT) != 0 && seq_gt(c->urgent, c->rcv.nxt);

	if (seq_le(end, c->rcv.nxt) || (is_set && seq_le(end, c->urgent)))
		return;
	c->urgent = end;
	c->marks |= TERN_MARK_URGENT;
	conn_report(c, TERN_REPORT_URGENT);
}

enum tern_verdict
conn_arrives(struct tern_conn *c, struct segment *s, struct tern_in *in, bool *reset)
{
	enum tern_verdict v;

	if (c->state == TERN_SYN_SENT)
		return syn_sent_arrives(c, s, reset);
	if (is_syn_again(c, s)) {
		if ((s->flags & TCP_ACK) == 0) {
			c->snd.nxt = c->snd.una;
			return TERN_DONE;
		}
		s->seq++;
		s->len = 0;
		s->flags = (uint8_t)(s->flags & ~TCP_SYN);
		c->flags |= TERN_CONN_ACK_NOW;
	}
	if ((v = check_timestamps(c, s)) != TERN_UNDECIDED)
		return v;
	if ((v = check_sequence(c, s)) != TERN_UNDECIDED)
		return v;
	if ((v = check_reset(c, s)) != TERN_UNDECIDED)
		return v;
	c->heard_s = c->tcp->now_s;
	/* Step 3, security and compartment, is not for hosts of today. */
	if ((v = check_syn(c, s)) != TERN_UNDECIDED)
		return v;
	if ((v = conn_check_ack(c, s, reset)) != TERN_UNDECIDED)
		return v;
	note_timestamp(c, s);
	/* RFC 9293 §3.10.7.4 step 6: urgent data come in line (MUST-30, RFC 6093 §6). */
	if ((s->flags & TCP_URG) != 0 && conn_receives(c)) {
		take_urgent(c, s);
		if (c->state == TERN_CLOSED)
			return TERN_DONE;
	}
	return conn_take_text(c, s, in, reset);
}
