/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Whose local port is whose. Each of several workers has its part of the ports that clients may
 * have (of ICMP: of the identifiers), so that no two make the same connection, and whoever receives
 * a packet can tell whose it is: steer.h.
 *
 * Parts are of one size, one behind the other; the first have a port more where there is a rest.
 */
#ifndef GEN_PORTS_H
#define GEN_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "gen/plan.h"

struct ports {
	uint32_t first, n; /* host byte order */
};

/* Of all workers: --sport. */
struct ports ports_of(const struct plan *plan);

/* The part of one of so many workers; none when there are fewer ports than workers. */
struct ports ports_share(struct ports all, unsigned int index, unsigned int workers);

/* The worker who has this port, one of `all`. */
unsigned int ports_owner(struct ports all, unsigned int workers, uint32_t port);

static inline bool
ports_has(struct ports p, uint32_t port)
{
	return port - p.first < p.n;
}

#endif
