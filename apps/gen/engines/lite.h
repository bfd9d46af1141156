/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --tcp lite: a TCP client for generators, and nothing else. Inside of it.
 *
 * A connection is a block of one cache line, found by a table of 32-bit entries, sixteen to a cache
 * line (lite_table.h): 64 bytes, 11 to 21 for its share of the table and 5 for that of the wheel,
 * 10^7 idle ones in 0.8 GB.
 * What all connections have in common is kept once: the peer's addresses and port, the frame's
 * first 54 bytes with their checksums half made (lite_frame.c), and the round trip, whose estimate
 * they share (RFC 9040 §3), as all go to one peer.
 *
 * What it leaves out, and where that shows: no congestion control, but never more in flight than
 * an initial window (RFC 6928); segments that come before a gap is filled are dropped and asked
 * for again, as there is no memory for them; no timestamps, no SACK, no simultaneous open;
 * TIME-WAIT has no block: a FIN that comes for a connection that is gone is acknowledged from what
 * it says itself, and tuples are used again only when all others had their turn, with higher
 * numbers (RFC 9293 §3.4.1, RFC 6191), so that a peer in TIME-WAIT takes them.
 *
 *	lite.c		the engine: memory, opening, launching, closing
 *	lite_input.c	segments that came: SEGMENT ARRIVES of RFC 9293 §3.10.7
 *	lite_burst.c	a burst of packets, from the port to lite_input.c
 *	lite_frame.c	segments that leave
 *	lite_timer.c	repetition, time-outs, delayed ACKs
 *	lite_answer.c	what a response has to be; lite_http.c: one of HTTP
 */
#ifndef GEN_ENGINES_LITE_H
#define GEN_ENGINES_LITE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "gen/engines/request.h"
#include "gen/worker.h"

enum {
	LITE_BURST = 32,
	LITE_SPARES = 64,      /* mbufs that came in, kept for what leaves */
	LITE_FRAME = 54,       /* bytes of Ethernet, IPv4 and TCP, all without options */
	LITE_ENTRIES = 16,     /* of a bucket of the table */
	LITE_TICK_SHIFT = 18,  /* a tick is 2^18 ns, 0.26 ms */
	LITE_SLOTS = 4096,     /* of the wheel: 1.07 s */
	LITE_COMING = 8,       /* tuples that are known before they are used */
	LITE_CROWD = 14,       /* clients that wait in a cache line of it */
	LITE_FLIGHT_SEGS = 10, /* RFC 6928 */
	LITE_LATER = 16384,    /* ACKs that may wait */
	LITE_HEADER = 1024,    /* bytes of an HTTP header that are remembered */
};

#define LITE_NONE UINT32_MAX
#define LITE_WND 65535u /* what we advertise: all that comes is taken at once */

enum lite_state { CLOSED, SYN_SENT, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSING, LAST_ACK };

enum lite_flag {
	TRANSACTION = 1 << 0, /* launched, and neither done nor failed */
	AGAIN = 1 << 1,	      /* something in flight was repeated: no round trip (Karn) */
	ACK_NOW = 1 << 2,     /* owed when the burst is over */
	ACK_LATER = 1 << 3,   /* owed, and the next request may carry it */
	UNREACHED = 1 << 4,   /* ICMP said so; a reason only when it times out (RFC 1122 4.2.3.9) */
	ANSWERED = 1 << 5,    /* the first byte of the response has come */
	USED = 1 << 7,	      /* there was a response on it before */
	BODILESS = 1 << 6,    /* the status says that no body follows, whatever the header says */
};

/* Of a block, whatever connection it holds. */
enum lite_place {
	QUEUED = 1 << 0, /* in the wheel */
	LISTED = 1 << 1, /* in lite.idle */
};

enum { NO_ERROR = 0xff };

/* A connection. */
struct client {
	uint32_t key;	    /* source: index of the address << 16 | port */
	uint32_t una, nxt;  /* SND.UNA, SND.NXT */
	uint32_t end;	    /* one past the last byte that there is to send; the FIN's number */
	uint32_t rcv_nxt;   /* RCV.NXT */
	uint32_t left;	    /* bytes of the response that are still to come */
	uint32_t sent;	    /* tick of the last transmission, first or repeated */
	uint32_t begun;	    /* tick at which the transaction began, or the FIN left */
	uint16_t wnd;	    /* SND.WND, not scaled */
	uint16_t mss;	    /* most bytes of a segment */
	uint64_t intended;  /* when the transaction was due, ns */
	uint64_t stamp;	    /* when what is in flight first left, ns */
	uint8_t state;	    /* enum lite_state */
	uint8_t flags;	    /* enum lite_flag */
	uint8_t places;	    /* enum lite_place */
	uint8_t tries : 4;  /* repetitions without an answer */
	uint8_t wscale : 4; /* of the peer's window */
	uint8_t error;	    /* what went wrong with the transaction; NO_ERROR */
	/* lite_http.c: where in the response. */
	uint8_t phase, at, match;
};

/* A cache line of the table. */
struct bucket {
	uint32_t entry[LITE_ENTRIES];
} __attribute__((aligned(64)));

/* A cache line of the wheel: who waits for the same tick. */
struct crowd {
	uint32_t next; /* of the same slot, and full; LITE_NONE: none */
	uint32_t n;
	uint32_t client[LITE_CROWD];
} __attribute__((aligned(64)));

static_assert(sizeof(struct client) == 64, "a connection is one cache line");
static_assert(sizeof(struct bucket) == 64, "so is a bucket");
static_assert(sizeof(struct crowd) == 64, "and so are those who wait");

/* An ACK that may wait. */
struct later {
	uint32_t client, due;
};

/* A segment that came, its numbers in host byte order. */
struct segment {
	uint32_t seq, ack;
	uint16_t wnd;
	uint16_t len; /* of the payload */
	uint8_t flags;
	const uint8_t *data;
	const uint8_t *options;
	uint8_t options_len;
};

struct lite {
	struct worker *w;

	/* What leaves, and whose times it sets. */
	struct rte_mbuf *tx[LITE_BURST], *spare[LITE_SPARES];
	uint32_t tx_client[LITE_BURST];
	uint32_t tx_n, spare_n;
	uint32_t owing[LITE_BURST * 2]; /* who has ACK_NOW */
	uint32_t owing_n;
	uint32_t waiting[LITE_BURST * 4]; /* who has ACK_LATER */
	uint32_t waiting_n;

	/* The frame that all are made of, and the sums of what does not change. */
	uint8_t frame[64];
	uint64_t ip_sum, tcp_sum;
	uint32_t buf_least; /* of an mbuf that holds any frame of ours */
	uint32_t caps;
	uint16_t mss; /* of our own port */
	uint8_t wscale;
	uint32_t source;   /* of key 0, host byte order */
	uint32_t sources;  /* addresses */
	rte_be32_t target; /* address */
	rte_be16_t port;   /* of the target */

	/* Tuples. */
	uint32_t sport, sport_end, sports; /* ours: ports.h */
	uint32_t tuples, tuple, stride;
	uint32_t coming[LITE_COMING]; /* keys, a ring */
	uint32_t come;
	uint64_t isn; /* ns to be added to the time for isn_of() */

	/* Blocks. */
	struct client *clients;
	struct bucket *buckets;
	unsigned int hash_shift;
	uint32_t most;	      /* clients that there may be in this trial */
	uint32_t room;	      /* and that there is memory for */
	uint32_t fresh;	      /* of them: never used */
	uint32_t free;	      /* first of a list */
	uint32_t alive;	      /* not CLOSED */
	uint32_t established; /* rr, hold */
	uint32_t *idle;	      /* rr: a ring, of those that may wait for a request */
	uint32_t idle_head, idle_n;

	/* Opening of rr and hold, and closing of them. */
	uint32_t opening, open_limit;
	uint64_t halved, since;
	uint32_t tried; /* of rr: opened before the first request */
	bool stopping;
	uint32_t cursor;

	/* Requests and responses. */
	enum mode mode;
	bool http, verify, close_rst;
	struct request request;
	uint8_t *ask_mem;
	const uint8_t *ask; /* bytes of a request, in there; NULL: made each time */
	uint32_t ask_len;
	uint64_t ask_sum;
	uint32_t rsp_len;
	struct {
		uint8_t text[LITE_HEADER];
		uint32_t len;  /* 0: none */
		uint32_t left; /* of the body behind it */
	} header;	       /* the last one that was read in one piece */
	uint32_t body_bytes;   /* --rsp of HTTP; 0: any */
	struct {
		const uint8_t *bytes;
		uint8_t *kept; /* where they may be written: `room` of them */
		uint32_t room, known;
		uint32_t total; /* LITE_NONE: none has come yet */
	} body;			/* --verify: what all bodies of HTTP have to be */

	/* Time. */
	uint64_t srtt, rttvar, rto; /* ns, of all connections */
	uint64_t measured;	    /* when the last round trip was */
	uint64_t rto_min, rto_max;
	uint32_t rto_ticks, timeout_ticks, delay_ticks;
	uint32_t look_ticks;		 /* between two looks at a connection that waits */
	uint64_t polled;		 /* when the wheel was last turned, ns */
	uint32_t turned;		 /* it stands at this tick */
	uint32_t slot[LITE_SLOTS];	 /* a list of crowds; LITE_NONE: nobody */
	struct crowd *crowds;		 /* lite_crowds() of them */
	uint32_t crowd_free;		 /* first of a list */
	uint32_t crowd_fresh;		 /* of them: never used */
	uint32_t challenges, challenged; /* ACKs of RFC 5961 in the tick `challenged` */
	struct later later[LITE_LATER];
	uint32_t later_head, later_n;
};

static inline uint32_t
lite_tick(uint64_t ns)
{
	return (uint32_t)(ns >> LITE_TICK_SHIFT);
}

/* Is a sequence number behind another one? RFC 9293 §3.4 */
static inline bool
lite_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* Of a request's payload (--payload prbs): another one for each request. */
static inline uint64_t
lite_seed(const struct lite *l, const struct client *c)
{
	return (uint64_t)c->key << 32 | (uint32_t)(c->end - l->ask_len);
}

static inline uint32_t
lite_index(const struct lite *l, const struct client *c)
{
	return (uint32_t)(c - l->clients);
}

/* rr: it may be asked, when all who wait longer were. */
static inline void
lite_idle(struct lite *l, struct client *c)
{
	uint32_t at = l->idle_head + l->idle_n;

	if (unlikely((c->places & LISTED) != 0))
		return;
	c->places |= LISTED;
	l->idle[at < l->room ? at : at - l->room] = lite_index(l, c);
	l->idle_n++;
}

/* lite.c */
/* How connections end: as they should, or by a mishap. The block is free afterwards. */
void lite_closed(struct lite *l, struct client *c, uint64_t now);
void lite_failed(struct lite *l, struct client *c, enum error error, uint64_t now);
/* Reset it; no transaction may be under way. */
void lite_drop(struct lite *l, struct client *c);
/* What was asked is asked again, on another connection. */
void lite_ask_again(struct lite *l, struct client *c, uint64_t now);
/* A connection of rr or hold stands, or its SYN was lost. */
void lite_opened(struct lite *l);
void lite_congested(struct lite *l, uint64_t now);

/* lite_frame.c */
void lite_frame_init(struct lite *l);
/*
 * Segments of a connection. What has been made leaves with lite_flush(), at the latest at the end
 * of a turn.
 */
void lite_syn(struct lite *l, struct client *c, uint64_t now);
void lite_ack(struct lite *l, struct client *c);
void lite_rst(struct lite *l, struct client *c);
/* As much as the peer's window takes of what is to be sent, and a FIN behind it when we close. */
void lite_push(struct lite *l, struct client *c, uint64_t now);
/* The same, but not more than so many bytes, whatever the window. */
void lite_push_some(struct lite *l, struct client *c, uint32_t bytes, uint64_t now);
/* Of no connection: an RST, or an ACK, as RFC 9293 §3.10.7.1 has them. */
void lite_reply(struct lite *l, uint32_t key, uint32_t seq, uint32_t ack, uint8_t flags);
void lite_flush(struct lite *l);
void lite_free(struct rte_mbuf *m);
/* An mbuf that is done with: one that is ours alone, and has room for a frame, leaves next. */
static inline void
lite_spare(struct lite *l, struct rte_mbuf *m)
{
	if (likely(l->spare_n < LITE_SPARES && m->nb_segs == 1 && RTE_MBUF_DIRECT(m) &&
		   rte_mbuf_refcnt_read(m) == 1 && m->buf_len >= l->buf_least))
		l->spare[l->spare_n++] = m;
	else
		lite_free(m);
}

/* lite_burst.c */
uint16_t lite_rx(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint64_t now);

/* lite_input.c */
void lite_input(struct lite *l, struct client *c, struct segment *s, uint64_t now);
void lite_stray(struct lite *l, uint32_t key, const struct segment *s);
/* Begin to close: with a FIN, or an RST. */
void lite_finish(struct lite *l, struct client *c, uint64_t now);
/* Send a request on a connection that stands. */
void lite_ask(struct lite *l, struct client *c, uint64_t now);
/* ICMP says that a segment of ours did not arrive; @mtu is 0 unless that was why. */
void lite_unreached(struct lite *l, struct client *c, uint32_t seq, bool hard, uint16_t mtu,
		    uint64_t now);

/* lite_timer.c */
/* Cache lines that a wheel of so many clients can need. */
uint32_t lite_crowds(uint32_t clients);
void lite_timers_clear(struct lite *l);
void lite_wait(struct lite *l, struct client *c, uint64_t now);
void lite_sample(struct lite *l, uint64_t rtt);
/* One of a burst is enough: they came at one time. */
static inline void
lite_measure(struct lite *l, const struct client *c, uint64_t now)
{
	if (now == l->measured)
		return;
	l->measured = now;
	lite_sample(l, now - c->stamp);
}

bool lite_timers(struct lite *l, uint64_t now);
uint64_t lite_timers_next(const struct lite *l);
/* An ACK is owed: when the burst is over, or a little later. */
void lite_owe(struct lite *l, struct client *c);
void lite_owe_later(struct lite *l, struct client *c);
void lite_pay(struct lite *l);
void lite_pay_later(struct lite *l, uint64_t now);

/* lite_answer.c */
enum lite_answer { ANSWER_MORE, ANSWER_WHOLE, ANSWER_WRONG };

/* A request leaves: what has to come back. */
void lite_expect(struct lite *l, struct client *c);
/* Bytes of the response, in order. ANSWER_WRONG: c->error says why. */
enum lite_answer lite_answer(struct lite *l, struct client *c, const uint8_t *data, uint32_t len);
/* It ends here, by the peer's FIN. */
enum lite_answer lite_answer_end(struct lite *l, struct client *c);
/* lite_http.c: the same, of HTTP. */
void lite_http_expect(struct client *c);
enum lite_answer lite_http_answer(struct lite *l, struct client *c, const uint8_t *data,
				  uint32_t len);
enum lite_answer lite_http_end(struct client *c);

#endif
