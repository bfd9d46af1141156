/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/rack.h"
#include "conn/machine.h"
#include "conn/timers.h"
#include "core/seq.h"

enum {
	TICK_US = TERN_TICK_NS / 1000,
	DUP_THRESH = 3,
	PERSIST = 16,	       /* recoveries that a widened window is kept (§6.2 step 4) */
	WIDEST = 255,	       /* quarters of min_RTT; SRTT bounds it long before */
	ACK_DELAY_US = 200000, /* of a peer whose delay we do not know: TLP.max_ack_delay */
	PTO_LEAST_US = 100,    /* less would be a timer's work for each flight of a fast link */
};

void
rack_start(struct tern_conn *c)
{
	c->rack.us = c->tcp->now_us;
	c->rack.end = c->snd.max;
	c->rack.fack = c->snd.max;
}

static bool
sent_after(uint32_t us, uint32_t end, uint32_t than_us, uint32_t than_end)
{
	return seq_gt(us, than_us) || (us == than_us && seq_gt(end, than_end));
}

/*
 * RFC 8985 §6.2 step 2: an ACK of what was sent twice is perhaps of the first time. So it is when
 * it echoes a clock of before the second (RFC 3522), or came faster than anything ever does.
 */
static bool
is_of_the_original(const struct tern_conn *c, const struct segment *s, uint32_t us)
{
	uint32_t ago = (uint32_t)((uint64_t)flight_since_us(c, us) * 1000 / c->tcp->ts_clock);
	uint32_t then = c->tcp->now_ts + c->ts_offset - ago;

	if ((c->flags & TERN_CONN_TIMESTAMPS) != 0 && (s->has & SEGMENT_TIMESTAMPS) != 0 &&
	    seq_lt(s->ts_ecr, then - 1))
		return true;
	return flight_since_us(c, us) < c->rtt.least_us;
}

void
rack_delivered(struct tern_conn *c, const struct segment *s, const struct delivery *d)
{
	if (!d->any)
		return;
	/*
	 * RFC 8985 §6.2 step 3: of what was never sent twice something beyond it had arrived
	 * before.
	 */
	if (d->any_least && seq_lt(d->least, c->rack.fack))
		c->flags |= TERN_CONN_REORDERED;
	c->rack.fack = seq_max(c->rack.fack, d->end);
	if (d->repeated && is_of_the_original(c, s, d->us))
		return;
	c->rack.rtt_us = flight_since_us(c, d->us);
	if (sent_after(d->us, d->end, c->rack.us, c->rack.end)) {
		c->rack.us = d->us;
		c->rack.end = d->end;
	}
}

void
rack_duplicate(struct tern_conn *c)
{
	if (!seq_ge(c->snd.una, c->rack.round)) /* once a round trip */
		return;
	c->rack.round = c->snd.max;
	c->rack_persist = PERSIST;
	if (c->rack_widened < WIDEST)
		c->rack_widened++;
}

void
rack_recovered(struct tern_conn *c)
{
	if (c->rack_persist > 0 && --c->rack_persist == 0)
		c->rack_widened = 0;
}

/*
 * RFC 8985 §6.2 step 4, RFC 6675 §5 (1), (2): as long as no reordering was ever seen, three
 * segments beyond a gap are enough.
 */
uint32_t
rack_window_us(const struct tern_conn *c)
{
	bool enough = c->snd.dupacks >= DUP_THRESH ||
		      c->flight.sacked > (DUP_THRESH - 1) * (uint32_t)c->snd.mss;
	uint64_t us;

	if ((c->flags & TERN_CONN_REORDERED) == 0 &&
	    (enough || (c->flags & (TERN_CONN_RECOVERY | TERN_CONN_LOSS)) != 0))
		return 0;
	us = (uint64_t)(c->rack_widened + 1u) * c->rtt.least_us / 4;
	return us < c->rtt.srtt_8 / 8 ? (uint32_t)us : c->rtt.srtt_8 / 8;
}

/* The reordering window of what was sent last among what is in doubt. */
static void
rack_wait(struct tern_conn *c, uint32_t us)
{
	c->marks &= (uint8_t)~TERN_MARK_PTO;
	timer_set(c, TERN_TIMER_LOSS, us / TICK_US + 1);
}

/* RFC 8985 §6.2 step 5 */
void
rack_detect(struct tern_conn *c)
{
	uint32_t window = c->rack.rtt_us + rack_window_us(c), longest = 0;
	struct flight_walk w;

	for (flight_walk(c, &w); flight_each(c, &w);) {
		uint32_t since = flight_since_us(c, w.us);

		if ((w.fate & (SENT_SACKED | SENT_LOST)) != 0 || seq_gt(w.end, c->snd.nxt) ||
		    !sent_after(c->rack.us, c->rack.end, w.us, w.end))
			continue;
		if (since >= window)
			flight_lose(c, &w);
		else if (window - since > longest)
			longest = window - since;
	}
	if (longest > 0)
		rack_wait(c, longest);
	else if ((c->marks & TERN_MARK_PTO) == 0)
		timer_stop(c, TERN_TIMER_LOSS);
}

/*
 * May a flight of which nothing is heard be probed for? RFC 8985 §7.2, §7.3 allow one probe until a
 * round trip has been measured, and none while anything else is in doubt: whoever loses that one,
 * or its ACK, or the last repetition of a recovery, waits for the RTO, which is a thousand round
 * trips of a short path. Where tern_config.tail_probes allows more, they go on in those cases, each
 * after twice the time of the one before, as QUIC's do (RFC 9002 §6.2).
 */
static bool
may_probe(const struct tern_conn *c)
{
	const uint32_t barred = TERN_CONN_LOSS | TERN_CONN_PROBING;

	if ((c->flags & (TERN_CONN_SACK | barred)) != TERN_CONN_SACK || c->snd.una == c->snd.max ||
	    c->rtt.srtt_8 == 0 || c->probes >= c->tcp->tail_probes)
		return false;
	return c->tcp->tail_probes > 1 ||
	       ((c->flags & (TERN_CONN_RECOVERY | TERN_CONN_TLP)) == 0 && c->flight.sacked == 0);
}

/* RFC 8985 §7.2 */
void
tlp_schedule(struct tern_conn *c)
{
	uint32_t pto_us = c->rtt.srtt_8 / 4;

	if (timer_is_set(c, TERN_TIMER_LOSS) && (c->marks & TERN_MARK_PTO) == 0)
		return; /* RACK has something to wait for */
	if (conn_flight(c) <= c->snd.mss)
		pto_us += ACK_DELAY_US;
	if (pto_us < PTO_LEAST_US)
		pto_us = PTO_LEAST_US;
	pto_us <<= c->probes;
	/* Where the RTO comes first, the probe takes its place: timers.c, rexmit_expired(). */
	if (!may_probe(c) || pto_us >= c->rtt.rto * TICK_US) {
		timer_stop(c, TERN_TIMER_LOSS);
		return;
	}
	c->marks |= TERN_MARK_PTO;
	timer_set(c, TERN_TIMER_LOSS, pto_us / TICK_US);
}

/* New data if there are any, whatever cwnd says; else the last of the flight once more. */
bool
tlp_expired(struct tern_conn *c)
{
	if (!may_probe(c))
		return false;
	c->flags |= TERN_CONN_TLP | TERN_CONN_FORCE;
	c->tlp_end = c->snd.max;
	count(c->tcp, TERN_EV_TCP_TAIL_PROBES);
	if (c->probes++ == 0)
		rexmit_start(c);
	conn_ready(c);
	return true;
}

/* RFC 8985 §7.4 */
bool
tlp_acked(struct tern_conn *c, const struct segment *s, bool duplicate, bool dsack)
{
	bool ended = (c->flags & TERN_CONN_TLP_REPEATS) == 0, lost = false;

	if ((c->flags & TERN_CONN_TLP) == 0 || seq_lt(s->ack, c->tlp_end))
		return false;
	if (!ended) {
		ended = dsack || seq_gt(s->ack, c->tlp_end) || (duplicate && s->sacks == 0);
		lost = !dsack && seq_gt(s->ack, c->tlp_end);
	}
	if (ended)
		c->flags &= ~(TERN_CONN_TLP | TERN_CONN_TLP_REPEATS);
	return lost;
}
