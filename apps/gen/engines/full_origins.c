/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses and ports of ours, in an order that does not come back to one before all others were
 * used (so that the peer's TIME-WAIT and ours are over by then), and that no switch or receiver
 * finds in a row (RFC 4814 §4.5).
 */
#include "gen/engines/full.h"

enum { FIRST_PORT = 1024, LAST_PORT = 65535 };

static uint32_t
v4_of(struct tern_addr addr)
{
	return rte_be_to_cpu_32(tern_addr_to_v4(addr));
}

static struct origins
all_of(const struct plan *plan)
{
	struct origins o = { .addrs = 1, .first_port = FIRST_PORT };
	uint16_t last = LAST_PORT;

	o.first_addr = v4_of(plan->options.addrs[0].addr);
	if (!tern_addr_is_any(plan->src_first)) {
		o.first_addr = v4_of(plan->src_first);
		o.addrs = v4_of(plan->src_last) - o.first_addr + 1;
	}
	if (plan->sport_first != 0) {
		o.first_port = plan->sport_first;
		last = plan->sport_last;
	}
	o.ports = last - o.first_port + 1u;
	o.all = (uint64_t)o.addrs * o.ports;
	return o;
}

static uint64_t
common_divisor(uint64_t a, uint64_t b)
{
	uint64_t rest;

	while (b != 0) {
		rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Near the golden section, so that what is close in time is far apart. */
static uint64_t
stride_of(uint64_t all)
{
	uint64_t stride = (uint64_t)((double)all * 0.6180339887) + 1;

	while (stride > 1 && common_divisor(stride, all) != 1)
		stride--;
	return stride;
}

const char *
origins_init(struct origins *o, const struct plan *plan, unsigned int index, unsigned int workers)
{
	*o = all_of(plan);
	if (o->all < workers)
		return "--sport: fewer source ports than workers";
	o->stride = stride_of(o->all);
	o->step = workers;
	o->at = (plan->seed % (o->all / workers)) * workers + index;
	return NULL;
}

uint64_t
origins_each(const struct plan *plan, unsigned int workers)
{
	return all_of(plan).all / workers;
}

/*
 * Places are walked in steps of `workers`; so that each worker meets its own ones only, the last
 * places that do not make a round of all of them are left out.
 */
void
origins_next(struct origins *o, struct tern_addr *addr, rte_be16_t *port)
{
	uint64_t rounds = o->all / o->step, place = o->at * o->stride % o->all;

	*addr = tern_addr_v4(rte_cpu_to_be_32(o->first_addr + (uint32_t)(place / o->ports)));
	*port = rte_cpu_to_be_16((uint16_t)(o->first_port + place % o->ports));
	o->at += o->step;
	if (o->at >= rounds * o->step)
		o->at -= rounds * o->step;
}
