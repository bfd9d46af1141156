/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/recovery.h"
#include "conn/congestion.h"
#include "conn/machine.h"
#include "conn/mtu.h"
#include "conn/rack.h"
#include "conn/timers.h"
#include "core/seq.h"
#include <tern_congestion.h>

enum {
	DUP_THRESH = 3,		     /* RFC 5681 §3.2 */
	INITIAL_BYTES = 14600,	     /* RFC 6928 §2 */
	INITIAL_BYTES_SEGMENTS = 10, /* for which that holds */
	FRTO = TERN_CONN_FRTO_1 | TERN_CONN_FRTO_2,
	RECOVERING = TERN_CONN_RECOVERY | TERN_CONN_LOSS,
};

static void
set_cwnd(struct tern_conn *c, uint64_t cwnd)
{
	uint32_t least = c->snd.mss;

	c->cong.cwnd = cwnd > CWND_MAX ? CWND_MAX : cwnd < least ? least : (uint32_t)cwnd;
}

/* RFC 6928 §2, scaled when another number of segments is configured. */
uint32_t
recovery_initial_window(const struct tern_conn *c)
{
	uint32_t n = c->tcp->initial_window, mss = c->snd.mss;
	uint32_t bytes = n * (INITIAL_BYTES / INITIAL_BYTES_SEGMENTS);

	return RTE_MIN(n * mss, RTE_MAX(2 * mss, bytes));
}

void
recovery_start(struct tern_conn *c)
{
	c->congestion = c->tcp->congestion;
	c->cong.ssthresh = CWND_MAX;
	/* RFC 5681 §3.1: a lost SYN is a sign of congestion. */
	set_cwnd(c, c->flags & TERN_CONN_SYN_REPEATED ? c->snd.mss : recovery_initial_window(c));
	c->snd.recover = c->snd.una - 1; /* the SYN: RFC 6582 §3.2 step 1 */
	c->congestion->start(c);
}

/* RFC 2861 §3.1: what cwnd was is remembered in ssthresh. */
void
recovery_restart(struct tern_conn *c, uint32_t idle_ticks)
{
	uint32_t before = c->cong.cwnd;

	c->cong.ssthresh = RTE_MAX(c->cong.ssthresh, before / 4 * 3);
	set_cwnd(c, RTE_MIN(before, recovery_initial_window(c)));
	c->congestion->restart(c, idle_ticks * (TERN_TICK_NS / 1000));
}

/* Congestion: a new ssthresh, and what is needed to take it back. */
static void
reduce(struct tern_conn *c, enum tern_congested why, uint32_t flight)
{
	c->undo.cwnd = c->cong.cwnd;
	c->undo.ssthresh = c->cong.ssthresh;
	c->undo.repeated = 0;
	c->undo.first = c->undo.high = c->snd.una;
	c->flags |= TERN_CONN_UNDO;
	c->cong.ssthresh = c->congestion->congested(c, why, flight);
	if ((c->flags & TERN_CONN_ECN) != 0)
		c->flags |= TERN_CONN_CWR;
}

/*
 * What of a flight answers for a loss: not what limited transmit let out beyond cwnd while the loss
 * was in doubt (RFC 5681 §3.2 step 2, RFC 6675 §5 (4.2)). Who fills cwnd answers with cwnd: ACKs
 * that came in one burst with this one have made the flight small, and what they allow is not sent
 * before the end of it.
 */
static uint32_t
answerable(const struct tern_conn *c, uint32_t flight)
{
	if ((c->flags & TERN_CONN_LIMITED) != 0)
		return c->cong.cwnd;
	return RTE_MIN(flight, c->cong.cwnd);
}

/*
 * The same, in the midst of a flight of which nothing need be sent again: RFC 3168 §6.1.2. Return:
 * whether it is the first in this flight.
 */
static bool
reduce_at_once(struct tern_conn *c, enum tern_congested why, uint32_t flight)
{
	if ((c->flags & (RECOVERING | TERN_CONN_REDUCED)) != 0)
		return false;
	reduce(c, why, answerable(c, flight));
	set_cwnd(c, c->cong.ssthresh);
	c->snd.recover = c->snd.max;
	c->flags |= TERN_CONN_REDUCED;
	c->flags &= ~TERN_CONN_UNDO;
	return true;
}

/*
 * RFC 6675 §5 (4), RFC 9937 §6.1, RFC 5681 §3.2 (2), (3); no less with SACK (RFC 2018 §5.1).
 * @flight: before this ACK; @delivered: what it told of
 */
static void
enter(struct tern_conn *c, uint32_t flight, uint32_t delivered)
{
	uint32_t before = c->flight.sacked - RTE_MIN(delivered, c->flight.sacked);

	/* For a mark in the same window cwnd has shrunk already (RFC 3168 §6.1.2). */
	if ((c->flags & TERN_CONN_REDUCED) == 0)
		reduce(c, TERN_CONGESTED_LOSS, answerable(c, flight));
	c->flags &= ~TERN_CONN_REDUCED;
	c->flags |= TERN_CONN_RECOVERY;
	c->snd.recover = c->snd.max;
	c->prr.delivered = 0;
	c->prr.out = 0;
	c->prr.flight = flight - RTE_MIN(before, flight); /* RFC 9937 §6.1: RecoverFS */
	count(c->tcp, TERN_EV_TCP_FAST_RETRANSMIT);
}

/* RFC 6675 §5 (A), RFC 9937 §6.4, RFC 5681 §3.2 step 6 */
static void
leave(struct tern_conn *c)
{
	uint32_t mss = c->snd.mss, pipe;

	if ((c->flags & TERN_CONN_SACK) == 0) {
		c->flight.sacked = c->flight.lost = 0;
		c->flags &= ~TERN_CONN_REPEAT;
	}
	if ((c->flags & TERN_CONN_RECOVERY) != 0 && c->cong.ssthresh < CWND_MAX) {
		pipe = flight_pipe(c);
		/* RFC 6582 §3.2 step 3: without SACK the flight may be small, and bursts come. */
		if ((c->flags & TERN_CONN_SACK) != 0)
			set_cwnd(c, c->cong.ssthresh);
		else
			set_cwnd(c, RTE_MIN(c->cong.ssthresh, RTE_MAX(pipe, mss) + mss));
		rack_recovered(c);
	}
	c->flags &= ~(RECOVERING | FRTO);
	c->snd.dupacks = 0;
}

/* What was taken for a loss was none (RFC 4015 §3.2, RFC 5682 §4). */
static void
undo(struct tern_conn *c)
{
	c->flags &= ~(RECOVERING | FRTO | TERN_CONN_UNDO | TERN_CONN_REPEAT);
	flight_restore(c);
	set_cwnd(c, RTE_MAX(c->cong.cwnd, c->undo.cwnd));
	c->cong.ssthresh = RTE_MAX(c->cong.ssthresh, c->undo.ssthresh);
	c->snd.dupacks = 0;
	c->snd.recover = c->snd.una - 1;
	c->rtt.backoff = 0;
	c->congestion->undo(c);
	count(c->tcp, TERN_EV_TCP_UNDONE);
}

/*
 * RFC 3522: the ACK echoes a clock of before the first retransmission, and covers all of them: what
 * else was sent again may have been lost in earnest.
 */
static bool
is_spurious(const struct tern_conn *c, const struct segment *s, const struct ack_news *news)
{
	return (c->flags & (TERN_CONN_UNDO | TERN_CONN_TIMESTAMPS)) ==
		       (TERN_CONN_UNDO | TERN_CONN_TIMESTAMPS) &&
	       (c->flags & RECOVERING) != 0 && (s->has & SEGMENT_TIMESTAMPS) != 0 &&
	       news->acked > 0 && c->undo.repeated > 0 && seq_lt(s->ts_ecr, c->undo.ts) &&
	       seq_le(c->undo.high, c->snd.una);
}

/* RFC 2883 §5 */
void
recovery_duplicate(struct tern_conn *c, uint32_t first, uint32_t end)
{
	uint32_t len = end - first;

	rack_duplicate(c);
	count(c->tcp, TERN_EV_TCP_DSACKS);
	if ((c->flags & TERN_CONN_UNDO) == 0 || c->undo.repeated == 0 || seq_le(end, c->undo.first))
		return;
	c->undo.repeated -= RTE_MIN(len, c->undo.repeated);
	if (c->undo.repeated == 0) /* each retransmission was for nothing */
		undo(c);
}

/* RFC 5682 §2.1, step 3: the second ACK after a timeout decides. */
static void
frto_second(struct tern_conn *c, const struct ack_news *news)
{
	c->flags &= ~TERN_CONN_FRTO_2;
	if (news->acked > 0) {
		undo(c);
		return;
	}
	flight_rewind(c);
	set_cwnd(c, RTE_MIN(c->cong.cwnd, (uint32_t)DUP_THRESH * c->snd.mss));
}

/*
 * RFC 5682 §2.1, step 2: if the first advances, new data go out, and what their ACKs say is waited
 * for.
 */
static void
frto_first(struct tern_conn *c, const struct ack_news *news)
{
	c->flags &= ~TERN_CONN_FRTO_1;
	if (news->acked == 0 || seq_ge(c->snd.una, c->snd.recover))
		return;
	c->flags |= TERN_CONN_FRTO_2;
	flight_restore(c);
	set_cwnd(c, (uint64_t)flight_pipe(c) + 2 * c->snd.mss);
}

/* RFC 5682 §3.1: with SACK it is the same, as duplicates tell what they are for. */
static void
frto(struct tern_conn *c, const struct ack_news *news)
{
	if (news->acked == 0 && !news->duplicate)
		return;
	if ((c->flags & TERN_CONN_FRTO_2) != 0)
		frto_second(c, news);
	else if ((c->flags & TERN_CONN_FRTO_1) != 0)
		frto_first(c, news);
}

/* Without SACK: the segment at snd.una is lost, and nothing else is known. */
static void
lose_head(struct tern_conn *c)
{
	uint32_t len = RTE_MIN(c->snd.nxt - c->snd.una, (uint32_t)c->snd.mss);

	c->flight.sacked = RTE_MIN(c->flight.sacked, c->snd.nxt - c->snd.una - len);
	c->flight.lost = len;
	c->flags |= TERN_CONN_REPEAT;
}

/* RFC 5681 §3.2 (2)-(4), RFC 6582 §3.2 (2), (3), §4: what duplicate and partial ACKs say. */
static void
count_duplicates(struct tern_conn *c, const struct ack_news *news, struct delivery *d)
{
	uint32_t mss = c->snd.mss, room = c->snd.nxt - c->snd.una, known;

	if (news->duplicate) {
		if (c->snd.dupacks < UINT8_MAX)
			c->snd.dupacks++;
		if (c->flight.sacked + c->flight.lost + mss < room) {
			c->flight.sacked += mss;
			d->bytes += mss;
		}
		/* RFC 6582 §3.2 step 2: what was sent before the last recovery does not count. */
		if (c->snd.dupacks >= DUP_THRESH && (c->flags & RECOVERING) == 0 &&
		    seq_gt(c->snd.una, c->snd.recover))
			lose_head(c);
	} else if (news->acked > 0) {
		/* All but the segment that was repeated had been counted as delivered. */
		known = news->acked > mss ? RTE_MIN(news->acked - mss, c->flight.sacked) : 0;
		c->flight.sacked -= known;
		d->bytes -= known;
		c->snd.dupacks = 0;
		if ((c->flags & TERN_CONN_RECOVERY) == 0)
			c->flight.sacked = c->flight.lost = 0;
		else if (seq_lt(c->snd.una, c->snd.recover))
			lose_head(c); /* a partial ACK: the next hole */
	}
}

/* RFC 9937 §6.2 */
static void
spend(struct tern_conn *c, const struct ack_news *news, const struct delivery *d, bool lost)
{
	uint32_t pipe = flight_pipe(c), ssthresh = c->cong.ssthresh, mss = c->snd.mss;
	int64_t send;

	if (ssthresh >= CWND_MAX)
		return;
	c->prr.delivered += d->bytes;
	if (pipe > ssthresh) {
		uint64_t share = (uint64_t)c->prr.delivered * ssthresh + c->prr.flight - 1;

		send = (int64_t)(share / RTE_MAX(c->prr.flight, 1u)) - c->prr.out;
	} else {
		send = (int64_t)c->prr.delivered - c->prr.out;
		send = RTE_MAX(send, (int64_t)d->bytes);
		if (news->acked > 0 && !lost) /* SafeACK */
			send += mss;
		send = RTE_MIN(send, (int64_t)ssthresh - pipe);
	}
	if (c->prr.out == 0 && send < (int64_t)mss)
		send = mss; /* the fast retransmit */
	set_cwnd(c, (uint64_t)pipe + (uint64_t)RTE_MAX(send, 0));
}

/* The most that was in flight in this round trip (RFC 7661 §4.2: pipeACK). */
static uint32_t
round_flight(struct tern_conn *c, uint32_t flight)
{
	if (seq_ge(c->snd.una, c->round_end)) {
		c->round_end = c->snd.max;
		c->round_flight = flight;
	}
	c->round_flight = RTE_MAX(c->round_flight, flight);
	return c->round_flight;
}

static bool
is_limited(struct tern_conn *c, uint32_t flight)
{
	if ((c->flags & TERN_CONN_LIMITED) != 0)
		return true;
	/* In slow start cwnd may run ahead of what is sent by as much again (RFC 7661 §4.3). */
	return c->cong.cwnd < c->cong.ssthresh && round_flight(c, flight) >= c->cong.cwnd / 2;
}

static void
grow(struct tern_conn *c, const struct segment *s, const struct ack_news *news, bool recovering)
{
	bool marked = (s->flags & TCP_ECE) != 0 && (c->flags & TERN_CONN_ECN) != 0;
	bool reduced = marked && reduce_at_once(c, TERN_CONGESTED_ECN, news->flight);
	const struct tern_acked ack = {
		.bytes = news->acked,
		.flight = news->flight,
		.rtt_us = news->rtt_us,
		.now_us = c->tcp->now_us,
		.marked = marked ? news->acked : 0,
		.limited = is_limited(c, news->flight),
		.recovering = recovering || reduced,
	};

	if ((c->mss_most | c->mtu_doubts) != 0)
		mtu_acked(c);
	c->congestion->acked(c, &ack);
	set_cwnd(c, c->cong.cwnd);
}

/* With SACK a duplicate is what tells of something new (RFC 6675 §2). */
static void
find_losses(struct tern_conn *c, const struct segment *s, const struct ack_news *news,
	    struct delivery *d)
{
	if ((c->flags & TERN_CONN_SACK) == 0) {
		if ((c->flags & TERN_CONN_LOSS) == 0)
			count_duplicates(c, news, d);
		return;
	}
	if (news->acked > 0)
		c->snd.dupacks = 0;
	else if (d->bytes > 0 && c->snd.dupacks < UINT8_MAX)
		c->snd.dupacks++;
	rack_delivered(c, s, d);
	if (c->flight.sacked > 0 || (c->flags & RECOVERING) != 0)
		rack_detect(c);
}

void
recovery_acked(struct tern_conn *c, const struct segment *s, const struct ack_news *news,
	       struct delivery *d)
{
	bool recovering = (c->flags & TERN_CONN_RECOVERY) != 0;
	uint32_t lost = c->flight.lost;

	if (is_spurious(c, s, news))
		undo(c);
	if ((c->flags & FRTO) != 0)
		frto(c, news);
	if (seq_ge(c->snd.una, c->snd.recover) && news->acked > 0) {
		if ((c->flags & RECOVERING) != 0)
			leave(c);
		c->flags &= ~TERN_CONN_REDUCED;
	}
	find_losses(c, s, news, d);
	if (tlp_acked(c, s, news->duplicate, news->dsack))
		reduce_at_once(c, TERN_CONGESTED_LOSS, news->flight);
	if (c->flight.lost > 0 && (c->flags & RECOVERING) == 0)
		enter(c, news->flight, d->bytes);
	if (news->acked > 0)
		/* What F-RTO has not decided yet is no time for cwnd to grow. */
		grow(c, s, news, recovering || (c->flags & (TERN_CONN_RECOVERY | FRTO)) != 0);
	if ((c->flags & TERN_CONN_RECOVERY) != 0)
		spend(c, news, d, c->flight.lost > lost);
	/* Once passed, it follows close behind, so that it never seems to be ahead (wrapping). */
	if (seq_gt(c->snd.una, c->snd.recover))
		c->snd.recover = c->snd.una - 1;
}

void
recovery_detect(struct tern_conn *c)
{
	static const struct ack_news nothing = { 0 };
	static const struct delivery none = { 0 };
	uint32_t lost = c->flight.lost;

	rack_detect(c);
	if (c->flight.lost == lost)
		return;
	if ((c->flags & RECOVERING) == 0)
		enter(c, conn_flight(c), 0);
	if ((c->flags & TERN_CONN_RECOVERY) != 0)
		spend(c, &nothing, &none, true);
	conn_ready(c);
}

/* RFC 9937 §6.3 */
void
recovery_sent(struct tern_conn *c, uint32_t seq, uint32_t len)
{
	bool again = seq_lt(seq, c->snd.max);

	if ((c->flags & TERN_CONN_RECOVERY) != 0)
		c->prr.out += len;
	if (again && (c->flags & TERN_CONN_UNDO) != 0) {
		if (c->undo.repeated == 0)
			c->undo.ts = c->tcp->now_ts + c->ts_offset;
		c->undo.repeated += len;
		c->undo.high = seq_max(c->undo.high, seq + len);
	}
	if (again && (c->flags & (TERN_CONN_SACK | TERN_CONN_LOSS)) == 0)
		c->flight.lost = 0;
	if (c->snd.una == c->snd.max)
		rack_start(c);
	flight_sent(c, seq, seq + len);
}

void
recovery_timeout(struct tern_conn *c)
{
	/* RFC 5681 §3.1 (4), once for one loss however often its timer expires. */
	if (c->rtt.backoff == 0)
		reduce(c, TERN_CONGESTED_TIMEOUT, answerable(c, conn_flight(c)));
	set_cwnd(c, c->snd.mss); /* loss window: RFC 5681 §3.1 */
	c->flags &= ~(TERN_CONN_RECOVERY | TERN_CONN_REPEAT | TERN_CONN_REDUCED | TERN_CONN_TLP |
		      TERN_CONN_TLP_REPEATS | FRTO);
	/* Timestamps tell the same with one ACK (RFC 3522); RFC 5682 §2.1 step 1. */
	if ((c->flags & (TERN_CONN_LOSS | TERN_CONN_TIMESTAMPS)) == 0)
		c->flags |= TERN_CONN_FRTO_1;
	c->flags |= TERN_CONN_LOSS;
	c->snd.recover = c->snd.max; /* RFC 6582 §3.2 step 4 */
	c->snd.dupacks = 0;
	/* RFC 2018 §8: what the peer had told of, it may have thrown away. */
	if (c->rtt.backoff > 0 || flight_reneged(c))
		flight_forget_sacks(c);
	flight_rewind(c);
}
