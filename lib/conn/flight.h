/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The flight: what of [snd.una, snd.max) was sent when, was delivered, is lost.
 *
 * It is cut into ranges of numbers, each with one time of sending and one fate. The newest, never
 * sent twice, is conn.tail and costs nothing: a request and its answer never have another. Older
 * ones are in a list, in order, out of a table that all connections of the lcore share. What is
 * sent within a 32nd of the round trip joins one range, so that a flight of any size without loss
 * has some 32 of them, and with losses two more for each hole.
 *
 * Bounds: tern_config.sent_ranges in all, sent_ranges_each of one connection. When they are used
 * up, sendings join the range before them with the later time, which makes RACK wait a little
 * longer, and SACK blocks that would need another range are not believed. The RTO needs no range.
 *
 * What lies at snd.nxt and beyond, after a timeout, is to be sent again whatever its range says,
 * unless it was delivered: flight.sacked and flight.lost count bytes below snd.nxt only.
 */
#ifndef FLIGHT_H
#define FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conn/machine.h"
#include <tern_conn.h>

#define SENT_NONE UINT32_MAX

enum {
	SENT_SACKED = 1,   /* delivered, says the peer (RFC 2018) */
	SENT_LOST = 2,	   /* and not sent again yet */
	SENT_REPEATED = 4, /* sent more than once: no round trip can be told (Karn) */
};

/* From the end of the one before, or snd.una, to end. */
struct sent_range {
	uint32_t end;
	uint32_t us; /* last time that any of it was sent */
	uint32_t next;
	uint32_t fate; /* SENT_* */
};

size_t flight_bytes(const struct tern_config *config);
void flight_init(struct tern_tcp *tcp, void *mem, const struct tern_config *config);

/* No range, an empty tail at snd.max. */
void flight_clear(struct tern_conn *c);

/* [seq, end) leaves now: for the first time when it begins at snd.max, which moves later. */
void flight_sent(struct tern_conn *c, uint32_t seq, uint32_t end);

/* How long ago that was: the time of a sending may be ahead of the clock a little. */
static inline uint32_t
flight_since_us(const struct tern_conn *c, uint32_t us)
{
	uint32_t now = c->tcp->now_us;

	return seq_gt(now, us) ? now - us : 0;
}

/* What an ACK delivered, put together from its number and its blocks. */
struct delivery {
	uint32_t bytes; /* not known to be delivered before */
	bool fresh;	/* of the following, all of what was never sent twice */
	uint32_t us;	/* latest time of sending of what was delivered */
	uint32_t end;	/* end of that */
	bool repeated;	/* that was sent more than once */
	uint32_t least; /* lowest number delivered that was never sent twice; for reordering */
	bool any;	/* us, end, repeated say something */
	bool any_least; /* so does least */
};

/* Everything before ack, which is new, was delivered; snd.una is still the old one. */
void flight_acked(struct tern_conn *c, uint32_t ack, struct delivery *d);

/* So was [first, end), which lies within [snd.una, snd.max). */
void flight_sacked(struct tern_conn *c, uint32_t first, uint32_t end, struct delivery *d);

/* Nothing is lost, nothing known of the far side (RFC 2018 §8: after a timeout it may forget). */
void flight_forget_sacks(struct tern_conn *c);

/* All is to be sent again from snd.una on: snd.nxt goes there. */
void flight_rewind(struct tern_conn *c);

/* It was for nothing: what is lost is not, and snd.nxt is snd.max again. */
void flight_restore(struct tern_conn *c);

/* The first lost bytes. False: there are none. */
bool flight_lost(const struct tern_conn *c, uint32_t *seq, uint32_t *end);

/* Where the oldest range ends, which begins at snd.una. */
uint32_t flight_first_end(const struct tern_conn *c);

/*
 * Behind a timeout: move snd.nxt over what was delivered. Return: the end of what is to be sent
 * from there, at most snd.max.
 */
uint32_t flight_skip(struct tern_conn *c);

/*
 * Look at all of it in order, the tail too:
 *	for (flight_walk(c, &w); flight_each(c, &w);)
 * In between the range that was given may be declared lost, which it is not yet.
 */
struct flight_walk {
	uint32_t start, end, us, fate;
	uint32_t i, next; /* private */
};

void flight_walk(const struct tern_conn *c, struct flight_walk *w);
bool flight_each(const struct tern_conn *c, struct flight_walk *w);
void flight_lose(struct tern_conn *c, const struct flight_walk *w);

/* Is the first number that is not acknowledged one that the peer said it has? It has thrown it
 * away. */
bool flight_reneged(const struct tern_conn *c);

/* Bytes that are in the network as far as can be told (RFC 6675 §2: pipe). */
static inline uint32_t
flight_pipe(const struct tern_conn *c)
{
	uint32_t below = c->snd.nxt - c->snd.una, out = c->flight.sacked + c->flight.lost;

	return below > out ? below - out : 0;
}

#endif
