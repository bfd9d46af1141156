/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends: users of connections that send a stream and check each byte of the one that comes.
 *
 * A stream is a function of its seed and the position, so that no byte of it need be kept: what
 * fill() writes twice is the same twice, and what comes is compared where it stands.
 */
#ifndef SIM_ENDS_H
#define SIM_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

#define END_TAKEN 512

/* What an end does with data. */
enum end_mode {
	END_READ,
	END_ECHO, /* answers with the same bytes, in the mbuf or next to it */
	END_TAKE, /* keeps the mbufs until end_release() */
};

struct end {
	struct tern_tcp_user vt;
	struct world *w;
	struct tern_conn *conn; /* NULL before on_open() and after on_closed() */
	uint8_t side;
	enum end_mode mode;

	/* What it sends. */
	uint64_t seed;
	uint64_t total; /* bytes in all; then FIN */
	uint64_t offer; /* of these so many are available; total from the start, unless told */
	uint64_t acked;
	uint32_t piece;	 /* 0, or: so many more are available whenever all are acknowledged */
	bool lends;	 /* out of `lent`, in place of fill() */
	bool keeps_open; /* sends no FIN by itself */

	/* What it receives. */
	uint64_t peer_seed;
	uint64_t expect; /* bytes in all */
	uint64_t got;
	uint32_t most;	  /* takes at most so many of a segment; 0: all */
	uint32_t refuses; /* every so many-th call is answered with TERN_DROP_USER; 0: none */
	uint32_t space;	  /* receive space; 0: as it is */
	uint32_t calls;

	/* Requests and responses: sends `request` bytes, awaits `response`, so many times. */
	uint32_t request, response;
	uint64_t asked, rounds;
	bool leads; /* its turn comes first */

	struct rte_mbuf *taken[END_TAKEN];
	uint32_t taken_n, taken_bytes;

	unsigned int opened, eofs, closed;
	enum tern_why why;
	uint64_t opened_at, eof_at, closed_at; /* time since the world began */
};

/* An end that sends `total` bytes and awaits `expect`; both streams are told apart by the seed. */
void end_init(struct end *e, struct world *w, unsigned int side, uint64_t total, uint64_t expect);

/* Both ends of a pair know each other's stream. */
void ends_pair(struct end *a, struct end *b);

/* One that sends back whatever comes. */
void end_echo(struct end *e, struct world *w, unsigned int side);

/* The memory that ends with `lends` send from: the stream of seed 0, lent and never copied. */
#define LENT_BYTES (1u << 20)

void end_connect(struct end *e, uint16_t port);
void end_listen(struct end *e, struct tern_tcp_listener *l, uint16_t port);

/* More of the total is available. */
void end_offer(struct end *e, uint64_t bytes);

/* Give the mbufs back and open the window again. */
void end_release(struct end *e);

/* It got all, sent all, and was told the end once, with this reason. */
void end_check(const struct end *e, enum tern_why why);

#endif
