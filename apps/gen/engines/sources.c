/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/sources.h"

#include "gen/ports.h"

static uint32_t
host(struct tern_addr addr)
{
	return rte_be_to_cpu_32(tern_addr_to_v4(addr));
}

static void
lay_out(struct sources *s, const struct plan *plan, struct tern_addr own, struct ports ports,
	uint64_t seed)
{
	bool given = !tern_addr_is_any(plan->src_first);
	uint32_t bits = 1;

	s->first_addr = host(given ? plan->src_first : own);
	s->addrs = given ? (uint64_t)host(plan->src_last) - s->first_addr + 1 : 1;
	s->first_port = (uint16_t)ports.first;
	s->ports = ports.n;
	s->pairs = s->addrs * s->ports;
	s->per_port = s->ports > 0 ? UINT64_MAX / s->ports + 1 : 0;
	while (bits < 63 && UINT64_C(1) << bits < s->pairs)
		bits++;
	s->mask = (UINT64_C(1) << bits) - 1;
	s->shift = (bits + 1) / 2;
	s->factor = ((seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ seed >> 32) | 1;
	s->count = 1;
}

void
sources_init(struct sources *s, const struct plan *plan, struct tern_addr own, uint64_t seed,
	     unsigned int index, unsigned int workers)
{
	lay_out(s, plan, own, ports_of(plan), seed);
	s->count += (s->mask + 1) / workers * index;
}

void
sources_init_own(struct sources *s, const struct plan *plan, struct tern_addr own, uint64_t seed,
		 unsigned int index, unsigned int workers)
{
	lay_out(s, plan, own, ports_share(ports_of(plan), index, workers), seed);
}
