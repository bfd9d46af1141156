/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/isn.h"
#include "conn/machine.h"
#include "core/siphash.h"

uint32_t
isn_of(const struct tern_conn *c)
{
	enum { M_NS = 4000 }; /* M is a 4 microsecond timer (MUST-8) */
	struct {
		struct tern_addr local, remote;
		rte_be16_t lport, rport;
	} tuple = { c->local, c->remote, c->lport, c->rport };

	/* 36 bytes: the padding at the end is not hashed. */
	return (uint32_t)(c->tcp->now / M_NS) +
	       (uint32_t)siphash24(c->tcp->isn_key, &tuple,
				   2 * sizeof(struct tern_addr) + 2 * sizeof(rte_be16_t));
}
