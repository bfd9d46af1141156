/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A peer for tests of clients: when it has heard so much, it says its text, and ends the connection
 * in one of several ways, or not at all.
 */
#ifndef GEN_TESTS_PEER_H
#define GEN_TESTS_PEER_H

#include <tern_tcp.h>

enum peer_end { PEER_STAYS, PEER_CLOSES, PEER_RESETS };

struct peer {
	struct tern_tcp_user vt; /* first */
	uint32_t needs;		 /* bytes to be heard before each time that it speaks */
	const char *says;
	uint32_t bytes; /* so many of it each time */
	uint32_t all;	/* of it, until it comes again from its beginning */
	uint32_t times; /* so often; then it ends */
	enum peer_end end;
};

void peer_init(struct peer *p, uint32_t needs, const char *says, uint32_t bytes, enum peer_end end);

#endif
