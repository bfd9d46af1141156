/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/sources.h"

enum { FIRST_PORT = 1024, LAST_PORT = 65535 };

static uint32_t
host(struct tern_addr addr)
{
	return rte_be_to_cpu_32(tern_addr_to_v4(addr));
}

static void
take_ranges(struct sources *s, const struct plan *plan, struct tern_addr own)
{
	bool given = !tern_addr_is_any(plan->src_first);
	uint16_t last = plan->sport_last != 0 ? plan->sport_last : LAST_PORT;

	s->first_addr = host(given ? plan->src_first : own);
	s->addrs = given ? (uint64_t)host(plan->src_last) - s->first_addr + 1 : 1;
	s->first_port = plan->sport_last != 0 ? plan->sport_first : FIRST_PORT;
	s->ports = last - s->first_port + 1u;
}

void
sources_init(struct sources *s, const struct plan *plan, struct tern_addr own, uint64_t seed,
	     unsigned int index, unsigned int workers)
{
	uint32_t bits = 1;

	take_ranges(s, plan, own);
	s->pairs = (uint64_t)s->addrs * s->ports;
	s->per_port = UINT64_MAX / s->ports + 1;
	while (bits < 63 && UINT64_C(1) << bits < s->pairs)
		bits++;
	s->mask = (UINT64_C(1) << bits) - 1;
	s->shift = (bits + 1) / 2;
	s->factor = ((seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ seed >> 32) | 1;
	s->count = (s->mask + 1) / workers * index + 1;
}
