/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/isn.h"
#include "conn/machine.h"
#include "core/siphash.h"

/* The padding at the end is not hashed. */
static uint64_t
hash(const struct tern_tcp *tcp, const struct tuple *t)
{
	return siphash24(tcp->isn_key, t, TUPLE_BYTES);
}

/* RFC 6528 §3: M + F, where F is a hash (SHLD-1) that nobody outside can compute (MUST-9). */
uint32_t
isn_of_tuple(const struct tern_tcp *tcp, const struct tuple *t)
{
	enum { M_NS = 4000 }; /* M is a 4 microsecond timer (MUST-8) */

	return (uint32_t)(tcp->now / M_NS) + (uint32_t)hash(tcp, t);
}

uint32_t
isn_of(const struct tern_conn *c)
{
	const struct tuple t = { c->local, c->remote, c->lport, c->rport };

	return isn_of_tuple(c->tcp, &t);
}

/* The other half of the hash: one tells nothing of the other. */
uint32_t
ts_offset_of(const struct tern_tcp *tcp, const struct tuple *t)
{
	return (uint32_t)(hash(tcp, t) >> 32);
}
