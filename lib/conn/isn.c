/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/isn.h"
#include "conn/machine.h"
#include "core/siphash.h"

/* F of RFC 6528 §3; what is hashed with it keeps two uses apart. */
static uint32_t
hash(const struct tern_conn *c, uint32_t use)
{
	struct {
		struct tern_addr local, remote;
		rte_be16_t lport, rport;
		uint32_t use;
	} tuple = { c->local, c->remote, c->lport, c->rport, use };

	return (uint32_t)siphash24(c->tcp->isn_key, &tuple, sizeof(tuple));
}

uint32_t
isn_of(const struct tern_conn *c)
{
	enum { M_NS = 4000 }; /* M is a 4 microsecond timer (MUST-8) */

	return (uint32_t)(c->tcp->now / M_NS) + hash(c, 0);
}

uint32_t
isn_ts_offset(const struct tern_conn *c)
{
	return hash(c, 1);
}
