/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * SYN cookies (RFC 4987 §3.6): SYN-ACKs that need no memory, for when there is none left.
 *
 * All that has to be remembered of a SYN stands in our ISN, where the peer's ACK brings it back:
 *
 *	bits 4..31  keyed hash of: the tuple, the peer's ISN, the period, all that follows
 *	bit 3       parity of the period, so that one hash decides
 *	bits 0..2   the MSS, as one of eight
 *
 * and when the peer offered Timestamps, in the low six bits of the TSval of the SYN-ACK, which
 * comes back as TSecr: Window Scale (4 bits; 15: none), SACK-Permitted, ECN. That TSval is then up
 * to 63 ticks behind, never ahead. Without Timestamps only the MSS is kept, and the SYN-ACK offers
 * nothing else.
 *
 * A period is 64 s; a cookie is believed in its own and in the next, and only if one was sent in
 * its period: who floods with ACKs has one hash done for each, and when no cookies are out none.
 */
#ifndef COOKIE_H
#define COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/isn.h"
#include "wire/tcp.h"
#include <tern_conn.h>

struct cookies {
	uint8_t key[16];
	uint32_t last;	  /* period in which one was sent last */
	bool sent;	  /* has one ever been? */
	bool sent_before; /* also in the period before that? */
};

/* The options of a SYN as far as its cookie keeps them: the others are taken away. */
void cookie_reduce(const struct tern_tcp *tcp, struct segment *syn);

/* The ISN of the SYN-ACK to a reduced SYN; notes that one was sent. */
uint32_t cookie_make(struct tern_tcp *tcp, const struct tuple *t, const struct segment *syn);

/* The TSval of that SYN-ACK, sent when the clock shows @now. */
uint32_t cookie_timestamp(const struct segment *syn, uint32_t now);

/* Could a cookie come back at all now? */
bool cookie_expected(const struct tern_tcp *tcp);

/* Is this the ACK of a cookie of ours? Then *syn is the SYN, reduced. */
bool cookie_read(const struct tern_tcp *tcp, const struct tuple *t, const struct segment *ack,
		 struct segment *syn);

#endif
