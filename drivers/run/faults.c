/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults in front of the port of each lcore, where they were wished for.
 */
#include <inttypes.h>

#include "run.h"

static const struct tern_faults_config *
wish(void)
{
	return &run_process.config.faults;
}

size_t
run_faults_bytes(void)
{
	return wish()->packets == 0 ? 0 : tern_faults_bytes(wish()->packets);
}

uint32_t
run_faults_mbufs(void)
{
	return 2 * wish()->packets;
}

static uint64_t
longest_ns(const struct tern_faults_odds *odds)
{
	return odds->latency_ns + (odds->delay_ppm > 0 ? odds->delay_max_ns : 0) +
	       (odds->stall_every_ns > 0 ? odds->stall_ns : 0);
}

uint64_t
run_faults_ns(void)
{
	return wish()->packets == 0 ? 0 : longest_ns(&wish()->rx) + longest_ns(&wish()->tx);
}

int
run_stand_faults(struct run_lcore *lcore)
{
	struct tern_faults_config config = *wish();

	lcore->port = &lcore->ethdev.port;
	if (config.packets == 0)
		return 0;
	config.now_ns = &lcore->clock.last;
	config.seed += (uint64_t)(lcore - run_process.lcores);
	if (tern_faults_init(&lcore->faults, lcore->faults_mem, lcore->port, &config) < 0)
		return run_complain("faults: an odd above 1000000 ppm, a delay that ends before it "
				    "begins, a stall without end, or fewer than 4 packets");
	lcore->port = &lcore->faults.port;
	return 0;
}

void
run_end_faults(struct run_lcore *lcore)
{
	tern_faults_fini(&lcore->faults);
}

/* Telling ------------------------------------------------------------------------------------ */

static void
print_odds(const char *name, const struct tern_faults_odds *odds, FILE *to)
{
	fprintf(to,
		"faults %s: loss %g %%, copy %g %%, corrupt %g %%, delay %g ms, %g %% up to %g ms "
		"more, stall %g ms every %g ms\n",
		name, odds->loss_ppm / 1e4, odds->copy_ppm / 1e4, odds->corrupt_ppm / 1e4,
		(double)odds->latency_ns / 1e6, odds->delay_ppm / 1e4,
		(double)odds->delay_max_ns / 1e6, (double)odds->stall_ns / 1e6,
		(double)odds->stall_every_ns / 1e6);
}

void
run_print_faults(FILE *to)
{
	if (wish()->packets == 0)
		return;
	print_odds("rx", &wish()->rx, to);
	print_odds("tx", &wish()->tx, to);
	fprintf(to,
		"faults: room for %" PRIu32 " packets each way, and mbufs for them, seed %" PRIu64
		"\n",
		wish()->packets, wish()->seed);
}

static void
add_counts(struct tern_faults_counts *to, const struct tern_faults_counts *from)
{
	to->packets += from->packets;
	to->lost += from->lost;
	to->copied += from->copied;
	to->corrupted += from->corrupted;
	to->delayed += from->delayed;
	to->stalled += from->stalled;
	to->no_mbuf += from->no_mbuf;
}

static void
print_counts(const char *name, const struct tern_faults_counts *counts, FILE *to)
{
	fprintf(to,
		"faults %s: packets %" PRIu64 ", lost %" PRIu64 ", copied %" PRIu64
		", corrupted %" PRIu64 ", delayed %" PRIu64 ", stalled %" PRIu64
		", no mbuf %" PRIu64 "\n",
		name, counts->packets, counts->lost, counts->copied, counts->corrupted,
		counts->delayed, counts->stalled, counts->no_mbuf);
}

void
run_report_faults(FILE *to)
{
	struct tern_faults_counts rx = { 0 }, tx = { 0 };

	if (wish()->packets == 0)
		return;
	for (unsigned int i = 0; i < run_process.n; i++) {
		add_counts(&rx, &run_process.lcores[i].faults.rx.counts);
		add_counts(&tx, &run_process.lcores[i].faults.tx.counts);
	}
	print_counts("rx", &rx, to);
	print_counts("tx", &tx, to);
}
