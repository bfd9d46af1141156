/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_common.h>

#include "layer/arp/table.h"
#include "layer/eth/eth.h"

/* How long a neighbour that did not answer is known for that. */
enum { NEGATIVE_S = 20 };

/*
 * Rounded up, so that nothing runs out early. A wheel without timers may have stood still for
 * longer than it can look ahead: it is told the time first.
 */
void
arp_arm(struct tern_arp *arp, uint32_t i, uint64_t at)
{
	uint32_t next;

	if (!wheel_next(&arp->wheel, &next))
		(void)wheel_expired(&arp->wheel, (uint32_t)(arp->eth->now / arp->tick_ns));
	wheel_arm(&arp->wheel, i, (uint32_t)((at + arp->tick_ns - 1) / arp->tick_ns));
}

static void
fail(struct tern_arp *arp, uint32_t i, uint64_t now)
{
	struct neighbour *e = &arp->table[i];

	e->state = NEIGHBOUR_FAILED;
	arp_drop_waiting(arp, e);
	arp_arm(arp, i, now + NEGATIVE_S * TERN_S);
	arp->stats->event[TERN_EV_ARP_FAILED]++;
}

static __rte_noinline void
due(struct tern_arp *arp, uint32_t i, uint64_t now)
{
	struct neighbour *e = &arp->table[i];

	if (e->state != NEIGHBOUR_INCOMPLETE) {
		arp_release(arp, i);
	} else if (e->tries < ARP_TRIES) {
		arp_ask(arp, e, now);
		arp_arm(arp, i, now + arp->retry_ns);
	} else {
		fail(arp, i, now);
	}
}

static __rte_noinline void
turn_wheel(struct tern_arp *arp, uint64_t now)
{
	uint64_t tick = now / arp->tick_ns;
	uint32_t i;

	arp->next_tick = (tick + 1) * arp->tick_ns;
	while ((i = wheel_expired(&arp->wheel, (uint32_t)tick)) != WHEEL_NONE)
		due(arp, i, now);
}

/* Nothing is ever armed for the present tick, so a tick is looked at once. */
void
arp_poll(struct tern_arp *arp, uint64_t now)
{
	arp->polled = now;
	arp->eth->now = now;
	if (now >= arp->next_tick)
		turn_wheel(arp, now);
}

uint64_t
arp_next_deadline(const struct tern_arp *arp)
{
	uint64_t tick = arp->polled / arp->tick_ns;
	uint32_t at;

	if (!wheel_next(&arp->wheel, &at))
		return UINT64_MAX;
	if ((int32_t)(at - (uint32_t)tick) <= 0)
		return arp->polled;
	return (tick + (at - (uint32_t)tick)) * arp->tick_ns;
}
