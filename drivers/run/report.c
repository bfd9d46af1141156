/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include <rte_mempool.h>

#include "run.h"

static void
print_counters(const struct tern_stats *stats, FILE *to)
{
	unsigned int i;

	fputs("what became of the packets received:\n", to);
	for (i = 0; i < TERN_VERDICTS; i++)
		if (stats->verdict[i] > 0)
			fprintf(to, "%14" PRIu64 "  %-22s %s\n", stats->verdict[i],
				tern_verdict_name(i), tern_verdict_text(i));
	fputs("what else happened:\n", to);
	for (i = 0; i < TERN_EVENTS; i++)
		if (stats->event[i] > 0)
			fprintf(to, "%14" PRIu64 "  %-22s %s\n", stats->event[i],
				tern_event_name(i), tern_event_text(i));
}

uint64_t
run_report(FILE *to)
{
	struct tern_stats sum = { 0 };
	uint64_t mbufs = 0, missing = 0;
	uint32_t left = 0, time_wait = 0, cut_off = 0;

	for (unsigned int i = 0; i < run_process.n; i++) {
		const struct run_lcore *lcore = &run_process.lcores[i];
		const struct rte_mempool *pool = lcore->ethdev.port.pool;

		tern_stats_add(&sum, &lcore->stats);
		mbufs += pool->size;
		missing += pool->size - rte_mempool_avail_count(pool);
		left += lcore->left;
		time_wait += lcore->time_wait;
		cut_off += lcore->cut_off;
	}
	if (to == NULL)
		return missing;
	print_counters(&sum, to);
	run_report_faults(to);
	fprintf(to, "connections %u (at the end %u in TIME-WAIT, %u reset)\n", left, time_wait,
		cut_off);
	fprintf(to, "mbufs %" PRIu64 ", missing %" PRIu64 "\n", mbufs, missing);
	fflush(to);
	return missing;
}
