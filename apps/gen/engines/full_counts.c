/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/full.h"

/* The stack counts from its start, and more than is asked for here. */
static const enum tern_event events[] = {
	TERN_EV_TCP_SYN_AGAIN,
	TERN_EV_TCP_FIN_AGAIN,
	TERN_EV_TCP_RETRANSMITTED,
};

enum { SYN_AGAIN, FIN_AGAIN, ALL_AGAIN };

/* The stack is one, though parts of a mix may share it: the first of them counts for all. */
static bool
is_first(const struct worker *w)
{
	const struct worker *first;

	if (w->whole == NULL)
		return true;
	for (first = w->whole->parts; first->engine != w->engine;)
		first++;
	return first == w;
}

static uint64_t
bad_sums_of(const struct tern_stats *stats)
{
	return stats->verdict[TERN_DROP_IP_CHECKSUM] + stats->verdict[TERN_DROP_TCP_CHECKSUM] +
	       stats->verdict[TERN_DROP_UDP_CHECKSUM] + stats->verdict[TERN_DROP_ICMP_CHECKSUM];
}

void
full_counts_start(struct full *f)
{
	const struct tern_stats *stats = tern_stats(f->w->stack);

	for (unsigned int i = 0; i < RTE_DIM(events); i++)
		f->events[i] = stats->event[events[i]];
	f->bad_sums = bad_sums_of(stats);
}

void
full_count(struct full *f)
{
	const struct tern_stats *stats = tern_stats(f->w->stack);
	struct meter *m = f->w->whole != NULL ? f->w->whole->meter : f->w->meter;
	uint64_t more[RTE_DIM(events)], bad = bad_sums_of(stats);

	if (!is_first(f->w))
		return;
	for (unsigned int i = 0; i < RTE_DIM(events); i++)
		more[i] = stats->event[events[i]] - f->events[i];
	if ((more[ALL_AGAIN] | (bad ^ f->bad_sums)) == 0)
		return;
	m->count[COUNT_rexmit_syn] += more[SYN_AGAIN];
	m->count[COUNT_rexmit_fin] += more[FIN_AGAIN];
	m->count[COUNT_rexmit_data] += more[ALL_AGAIN] - more[SYN_AGAIN] - more[FIN_AGAIN];
	m->count[COUNT_damaged] += bad - f->bad_sums;
	full_counts_start(f);
}
