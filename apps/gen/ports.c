/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/ports.h"

#include <rte_common.h>

enum { FIRST_PORT = 1024, LAST_PORT = 65535 };

struct ports
ports_of(const struct plan *plan)
{
	bool given = plan->sport_last != 0;
	uint32_t first = given ? plan->sport_first : FIRST_PORT;
	uint32_t last = given ? plan->sport_last : LAST_PORT;

	return (struct ports){ first, last - first + 1 };
}

struct ports
ports_share(struct ports all, unsigned int index, unsigned int workers)
{
	uint32_t each = all.n / workers, more = all.n % workers;

	return (struct ports){ all.first + index * each + RTE_MIN(index, more),
			       each + (index < more) };
}

unsigned int
ports_owner(struct ports all, unsigned int workers, uint32_t port)
{
	uint32_t each = all.n / workers, more = all.n % workers;
	uint32_t at = port - all.first, longer = more * (each + 1);

	return at < longer ? at / (each + 1) : more + (at - longer) / each;
}
