/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * mbufs that a connection holds: early segments beyond a gap, and answers kept until acknowledged.
 *
 * Both are lists ordered by sequence number. What has to be known of an mbuf while it waits stands
 * in its own headroom, in front of the frame that it carries or carried; m->next is not free for
 * it, for a kept mbuf may be on its way through the port at the same time.
 *
 * Bounds: tern_config.held_pkts on each list, held_total on all lists of the lcore. A segment costs
 * an mbuf however short it is, so mbufs are what is counted.
 */
#ifndef HELD_H
#define HELD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "conn/machine.h"
#include "wire/tcp.h"
#include <tern_conn.h>

struct held {
	struct rte_mbuf *next;
	struct rte_mbuf *run_last; /* of the first of a run: see early_insert() */
	uint32_t seq;
	uint16_t at; /* of the payload, from buf_addr */
	uint16_t len;
	bool fin; /* FIN follows its last byte */
};

static inline struct held *
held_of(struct rte_mbuf *m)
{
	return (struct held *)m->buf_addr;
}

static inline uint8_t *
held_data(struct rte_mbuf *m)
{
	return (uint8_t *)m->buf_addr + held_of(m)->at;
}

static inline uint32_t
held_end(struct rte_mbuf *m)
{
	return held_of(m)->seq + held_of(m)->len;
}

/*
 * An mbuf that can be held for this connection, which holds n on that list, with the payload at
 * *data: m itself, or else a copy, if its memory is not all its own (attached by a driver, shared)
 * or its headroom is too small. NULL: the bounds are reached, or the pool is empty.
 */
struct rte_mbuf *held_make(const struct tern_conn *c, uint16_t n, struct rte_mbuf *m,
			   uint8_t **data, uint16_t len);

enum early {
	EARLY_HELD,
	EARLY_NOTHING_NEW, /* it is all there */
	EARLY_TOO_FAR,	   /* its place would take too long to find */
};

/*
 * Hold a segment that is beyond a gap; unless it is, m stays the caller's. *run becomes the run
 * that it belongs to.
 *
 * Early segments lie in runs without a gap. A segment's place is found from run to run from the
 * first one: what is new comes behind the last, which is one step, and what is repeated fills gaps
 * from the first on, which is few. Who wants many steps is up to something (SegmentSmack), and is
 * told that there is no room.
 */
enum early early_insert(struct tern_conn *c, struct rte_mbuf *m, uint32_t seq, uint8_t *data,
			uint16_t len, bool fin, struct sack_block *run);

/* The first early mbuf if it begins at or before rcv.nxt, taken off the list; else NULL. */
struct rte_mbuf *early_take(struct tern_conn *c);

/* The first part of [seq, end) that is held, and its run. False: nothing of it is. */
bool early_overlap(const struct tern_conn *c, uint32_t seq, uint32_t end, struct sack_block *part,
		   struct sack_block *run);

/* Keep an answer at the end of the stream. */
void kept_append(struct tern_conn *c, struct rte_mbuf *m, uint8_t *data, uint16_t len);

/* Let go of everything below upto, which is snd.una after an ACK. Return: bytes let go. */
uint32_t kept_release(struct tern_conn *c, uint32_t upto);

/* One past the last kept byte, or seq when nothing is kept beyond it. */
static inline uint32_t
kept_end(const struct tern_conn *c, uint32_t seq)
{
	return c->kept_last != NULL ? seq_max(held_end(c->kept_last), seq) : seq;
}

/* Where the next kept byte behind seq stands, which none is at itself; end when there is none. */
uint32_t kept_next(const struct tern_conn *c, uint32_t seq, uint32_t end);

/* The kept mbuf that holds the byte seq, or NULL. */
struct rte_mbuf *kept_find(const struct tern_conn *c, uint32_t seq);

/* Copy kept bytes from seq on, at most len. Return: how many. */
uint32_t kept_copy(const struct tern_conn *c, uint32_t seq, uint8_t *to, uint32_t len);

/* Forget both lists. */
void held_free_all(struct tern_conn *c);

#endif
