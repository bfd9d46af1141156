/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * SYN-RECEIVED of passive opens (RFC 9293 §3.10.7.2) in 64 bytes a connection.
 *
 * Who sends a SYN has not shown yet that it is there. What its SYN said is kept in one of
 * tern_config.half_open small blocks until the ACK of the handshake comes; only then a connection
 * block is taken and everything put into it, and the ACK is processed there as usual.
 *
 * The SYN-ACK is repeated as RFC 6298 says: after rto_initial, then twice as long each time, up to
 * rto_max, until syn_ack_r2 is over; at most 15 times. Those that were repeated equally often wait
 * equally long, so that one list for each number of repetitions, in the order of their coming, is
 * the timer.
 */
#ifndef HALF_OPEN_H
#define HALF_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/isn.h"
#include "wire/tcp.h"
#include <tern_addr.h>
#include <tern_config.h>
#include <tern_conn.h>
#include <tern_verdict.h>

enum {
	HALF_OPEN_NONE = (1 << 21) - 1,
	HALF_OPEN_LEVELS = 16,
	HALF_OPEN_NO_SCALE = 15, /* of wscale: at least one side does not scale */
};

/* The local port is that of its listener. */
struct half_open {
	struct tern_addr remote;
	rte_be16_t rport;
	uint16_t challenge_turn; /* of the last challenge ACK: challenge_due() */
	uint32_t isn, irs;
	uint32_t ts;		    /* TSval of the SYN */
	struct tern_tcp_user *user; /* as on_accept() left them */
	void *data;
	uint32_t next : 21;  /* in the list of its level, or of the free ones */
	uint32_t local : 10; /* in half_opens.local */
	uint32_t again : 1;  /* the SYN-ACK was sent more than once */
	uint32_t prev : 21;
	uint32_t level : 4;  /* times that the timer expired */
	uint32_t wscale : 4; /* what the peer said */
	uint32_t timestamps : 1, sack : 1, ecn : 1;
	uint32_t deadline;
	uint16_t mss;	   /* what the peer said; 0: nothing */
	uint16_t listener; /* LISTENER_NONE: the block is free */
};

_Static_assert(sizeof(struct half_open) == 64, "one cache line");

/* An address of ours that SYNs came to. */
struct half_open_local {
	struct tern_addr addr;
	uint32_t users; /* half-open connections; 0: free */
};

/* Those of one lcore. */
struct half_opens {
	struct half_open *block;
	struct half_open_local *local;
	uint32_t n, locals;
	uint32_t used;	   /* blocks in use */
	uint32_t fresh;	   /* from here on none has ever been used */
	uint32_t free;	   /* first of the others that are free */
	uint32_t occupied; /* levels that have any, one bit each */
	uint32_t first[HALF_OPEN_LEVELS], last[HALF_OPEN_LEVELS];
	uint32_t wait[HALF_OPEN_LEVELS]; /* ticks of each level */
	uint32_t last_level;		 /* when its wait is over, so is all */
};

size_t half_open_bytes(const struct tern_config *config);
void half_open_init(struct tern_tcp *tcp, void *mem, const struct tern_config *config);

static inline struct tuple
half_open_tuple(const struct half_opens *all, const struct half_open *h, rte_be16_t lport)
{
	return (struct tuple){ all->local[h->local].addr, h->remote, lport, h->rport };
}

/* Is there room for one more at this address of ours? */
bool half_open_room(const struct tern_tcp *tcp, struct tern_addr local);

/* What on_accept() has accepted; its place in the backlog is taken. NULL: no room. */
struct half_open *half_open_new(struct tern_tcp *tcp, const struct tuple *t, uint32_t hash,
				const struct segment *syn, uint32_t isn, uint16_t listener);

/* It is over, for whatever reason: its place in the backlog is free again. */
void half_open_end(struct tern_tcp *tcp, struct half_open *h, const struct tuple *t);

/* What is owed to a segment of a half-open connection, and what becomes of it. */
enum half_open_reply {
	HALF_OPEN_DROP,	    /* nothing */
	HALF_OPEN_SYN_ACK,  /* the SYN-ACK again */
	HALF_OPEN_ACK,	    /* an ACK, as the segment was not acceptable */
	HALF_OPEN_RESET,    /* a reset made from its own fields */
	HALF_OPEN_OVER,	    /* nothing: the connection is to be ended */
	HALF_OPEN_COMPLETE, /* its ACK field completes the handshake: half_open_complete() */
};

/* SEGMENT ARRIVES in SYN-RECEIVED, up to the ACK field. *v: the verdict if that is all. */
enum half_open_reply half_open_arrives(struct tern_tcp *tcp, struct half_open *h, struct segment *s,
				       enum tern_verdict *v);

/*
 * The half-open connection becomes a whole one, in SYN-RECEIVED, to which the segment can be given
 * that completes the handshake. NULL: no block is free; nothing has changed.
 */
struct tern_conn *half_open_complete(struct tern_tcp *tcp, struct half_open *h,
				     const struct tuple *t, uint32_t hash);

/*
 * One whose timer has expired, or NULL. Its level is one higher now: its SYN-ACK is to be sent
 * again; or, *over, it is to be ended. @may_send: whether those of the first kind may come.
 */
struct half_open *half_open_expired(struct tern_tcp *tcp, bool may_send, bool *over);

/* When the first timer expires. False: there is none. */
bool half_open_next(const struct tern_tcp *tcp, uint32_t *at);

/* The next one of this listener, from block *from on, or NULL. Begin with *from 0. */
struct half_open *half_open_of(const struct tern_tcp *tcp, uint16_t listener, uint32_t *from);

#endif
