/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * TIME-WAIT (RFC 9293 §3.6, §3.10.7.4) in 64 bytes a connection.
 *
 * The user has been told the end, nothing is left to send, no mbuf is held: what remains is to
 * acknowledge the FIN of the peer again, and to keep old segments of this connection from the next
 * one with the same addresses and ports. So a connection that gets here gives its block back and
 * goes on as one of tern_config.time_waits small ones. All wait equally long: the list in the order
 * of their coming is the timer. When all are taken the oldest makes room; it is a courtesy to old
 * packets, and a new one is worth more.
 */
#ifndef TIME_WAIT_H
#define TIME_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/tcp.h"
#include <tern_addr.h>
#include <tern_conn.h>
#include <tern_verdict.h>

/* The offset of its timestamps is not kept: ts_offset_of() gives it. */
struct time_wait {
	struct tern_addr remote, local;
	rte_be16_t rport, lport;
	uint32_t snd_nxt; /* one past our FIN */
	uint32_t rcv_nxt; /* one past the peer's */
	uint32_t ts;	  /* TS.Recent */
	uint32_t deadline;
	uint32_t next : 31;	 /* in the list, or of the free ones */
	uint32_t timestamps : 1; /* they were in use */
	uint32_t prev : 31;	 /* in the list */
	uint32_t scaled : 1;	 /* wnd counts in units of our window scale */
	uint16_t wnd;		 /* window that we advertised last, less what came since */
	uint16_t challenge_turn; /* of the last challenge ACK: challenge_due() */
};

_Static_assert(sizeof(struct time_wait) == 64, "one cache line");

#define TIME_WAIT_NONE (UINT32_MAX >> 1)

/* Those of one lcore. */
struct time_waits {
	struct time_wait *block;
	uint32_t n;	      /* blocks there are */
	uint32_t used;	      /* and in use */
	uint32_t fresh;	      /* from here on none has ever been used */
	uint32_t free;	      /* first of the others that are free */
	uint32_t first, last; /* of the list: oldest first */
};

void time_wait_init(struct time_waits *all, void *mem, uint32_t n);

/* The connection, which is in no table any more, waits from now on. @hash: of its tuple. */
void time_wait_enter(const struct tern_conn *c, uint32_t hash, uint16_t wnd);

/* A segment of its tuple that does not reopen it. *ack: it is owed an ACK. */
enum tern_verdict time_wait_arrives(struct tern_tcp *tcp, struct time_wait *t,
				    const struct segment *s, bool *ack);

/* MAY-2, RFC 6191 §2: may this SYN open the next connection of the tuple? */
bool time_wait_reopens(const struct time_wait *t, const struct segment *s);

/* Its time is over, or another takes its place. */
void time_wait_end(struct tern_tcp *tcp, struct time_wait *t);

/* End those whose time is over, but not too many at once. */
void time_wait_run(struct tern_tcp *tcp);

#endif
