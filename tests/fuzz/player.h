/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Players: users of connections that do whatever a user may, from inside every callback, and write
 * down what they were told, so that the connection block can be compared with it.
 */
#ifndef FUZZ_PLAYER_H
#define FUZZ_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "bed.h"

#define PLAYERS 256
#define PLAYER_TAKEN 16

struct player {
	struct tern_tcp_user vt;
	struct crew *crew;
	bool used;
	bool answers; /* sends by tern_tcp_answer() only; else by available() and fill() */

	uint64_t id;
	struct tern_conn *conn; /* while the connection lives, if known */
	unsigned int opened, eofs, closed;
	uint32_t base; /* rcv.nxt when it was opened: data begin here */
	uint64_t accepted, answered, offer, acked;

	bool seen;
	uint32_t adv; /* rcv.adv when it was seen last */

	struct rte_mbuf *taken[PLAYER_TAKEN];
	uint32_t taken_n, taken_bytes;
};

struct crew {
	struct bed *bed;
	bool wild;	      /* else they read, and do nothing more */
	bool fickle;	      /* they open and shut listeners from inside on_accept(), too */
	uint32_t limit_taken; /* mbufs that all may keep */
	struct player player[PLAYERS];
	struct tern_tcp_listener listener[4];
	bool listens[4];
	uint64_t calls, ends[TERN_WHYS];
};

enum { PLAYER_PORT = 7 }; /* and the three after it */

void crew_open(struct crew *c, struct bed *bed);
/* Give back what players keep, and check that each was told its end. */
void crew_close(struct crew *c);

/* One that is free; NULL: none is. */
struct player *crew_player(struct crew *c);

int player_connect(struct player *p, struct tern_conn **conn);

/* Something that a user may do with the connection, here and now. */
void player_acts(struct player *p, struct tern_conn *conn);

void player_release(struct player *p);

/* Compare each connection of the stack with what its player knows. */
void crew_check(struct crew *c);

#endif
