/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Nanoseconds from the time stamp counter, without a division.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#include <rte_cycles.h>

#include <tern_config.h>

__extension__ typedef unsigned __int128 run_wide;

struct run_clock {
	uint64_t base; /* counter at time 0 */
	uint64_t mult; /* nanoseconds a count, times 2^32 */
	uint64_t last; /* never goes back, whatever the counters of two sockets say */
};

/* Clocks with the same base tell the same time on all lcores. */
static inline struct run_clock
run_clock_make(uint64_t base)
{
	run_wide second = (run_wide)TERN_S << 32;

	return (struct run_clock){ .base = base, .mult = (uint64_t)(second / rte_get_tsc_hz()) };
}

static inline uint64_t
run_clock_ns(struct run_clock *clock)
{
	uint64_t counts = rte_rdtsc() - clock->base;
	uint64_t ns = (uint64_t)((run_wide)counts * clock->mult >> 32);

	if (ns > clock->last)
		clock->last = ns;
	return clock->last;
}

#endif
