/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams over a bad wire: what one side says is what the other hears, and nothing is left behind.
 */
#include <criterion/criterion.h>

#include "ends.h"

#define PERCENT(n) ((uint32_t)((n)*10000))

enum { PORT = 7 };

struct pair {
	struct end a, b;
	struct tern_tcp_listener listener;
};

static bool
both_closed(struct world *w)
{
	const struct pair *p = w->data;

	return p->a.closed > 0 && p->b.closed > 0;
}

/* What a bad wire may be like. */
static const struct wire_kind {
	const char *name;
	struct tern_faults_odds odds;
	uint32_t seconds; /* in which 1 MB must be through */
} kinds[] = {
	{ "perfect", { 0 }, 2 },
	{ "losing 1 %", { .loss_ppm = PERCENT(1) }, 30 },
	{ "losing 10 %", { .loss_ppm = PERCENT(10) }, 1200 },
	{ "doubling 5 %", { .copy_ppm = PERCENT(5) }, 30 },
	{ "delaying 20 %",
	  { .delay_ppm = PERCENT(20), .delay_min_ns = US(50), .delay_max_ns = MS(30) },
	  60 },
	{ "damaging 1 %", { .corrupt_ppm = PERCENT(1) }, 30 },
	{ "doing all that",
	  { .loss_ppm = PERCENT(2),
	    .copy_ppm = PERCENT(5),
	    .corrupt_ppm = PERCENT(1),
	    .delay_ppm = PERCENT(10),
	    .delay_min_ns = US(10),
	    .delay_max_ns = MS(20) },
	  200 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
run_pair(struct world *w, struct pair *p, uint64_t within_ns)
{
	w->data = p;
	end_listen(&p->b, &p->listener, PORT);
	end_connect(&p->a, PORT);
	ends_pair(&p->a, &p->b);
	world_run(w, both_closed, within_ns);
	end_check(&p->a, TERN_FINISHED);
	end_check(&p->b, TERN_FINISHED);
}

static struct world *
open_kind(const struct wire_kind *kind, uint64_t seed)
{
	const struct world_how how = { .seed = seed, .odds = kind->odds };

	return world_open(&how);
}

static uint64_t
bound(const struct wire_kind *kind, uint64_t bytes)
{
	return S(kind->seconds) * (1 + bytes / 1000000);
}

/* What was to happen to packets did happen, and damage was noticed. */
static void
check_faults(struct world *w)
{
	const struct tern_faults_counts *rx = &w->faults.rx.counts, *tx = &w->faults.tx.counts;
	const struct tern_faults_odds *odds = &w->how.odds;

	if (rx->packets + tx->packets < 2000)
		return;
	cr_assert_eq(odds->loss_ppm > 0, rx->lost + tx->lost > 0);
	cr_assert_eq(odds->copy_ppm > 0, rx->copied + tx->copied > 0);
	cr_assert_eq(odds->delay_ppm > 0, rx->delayed + tx->delayed > 0);
	cr_assert_eq(odds->corrupt_ppm > 0, rx->corrupted + tx->corrupted > 0);
	if (odds->corrupt_ppm > 0)
		cr_assert_gt(world_verdicts(w, A, TERN_DROP_TCP_CHECKSUM) +
				     world_verdicts(w, B, TERN_DROP_TCP_CHECKSUM),
			     0);
}

static void
transfer(const struct wire_kind *kind, uint64_t seed, uint64_t there, uint64_t back)
{
	struct world *w = open_kind(kind, seed);
	struct pair p;

	end_init(&p.a, w, A, there, back);
	end_init(&p.b, w, B, back, there);
	run_pair(w, &p, bound(kind, there + back));
	check_faults(w);
	world_close(w);
}

/* tern_tcp_answer(): the server has no buffer of its own at all. */
static void
echo(const struct wire_kind *kind, uint64_t seed, uint64_t bytes)
{
	struct world *w = open_kind(kind, seed);
	struct pair p;

	end_init(&p.a, w, A, bytes, bytes);
	end_echo(&p.b, w, B);
	p.b.seed = p.a.seed;
	run_pair(w, &p, bound(kind, 3 * bytes));
	cr_assert_eq(p.b.got, bytes);
	check_faults(w);
	world_close(w);
}

static void
ask_and_answer(const struct wire_kind *kind, uint64_t seed, uint64_t rounds, uint32_t request,
	       uint32_t response)
{
	struct world *w = open_kind(kind, seed);
	struct pair p;

	end_init(&p.a, w, A, 0, 0);
	p.a.request = request;
	p.a.response = response;
	p.a.rounds = rounds;
	end_init(&p.b, w, B, 0, 0);
	p.b.request = response;
	p.b.response = request;
	p.b.rounds = rounds;
	run_pair(w, &p, bound(kind, rounds * 50000));
	world_close(w);
}

Test(transfer, megabytes_10_one_way)
{
	for (unsigned int i = 0; i < KINDS; i++) {
		for (uint64_t seed = 0; seed < 4; seed++) {
			transfer(&kinds[i], 100 * seed + 10 + i, 10000000, 0);
			transfer(&kinds[i], 100 * seed + 20 + i, 0, 1000000);
		}
	}
}

Test(transfer, megabytes_10_both_ways_at_once)
{
	for (unsigned int i = 0; i < KINDS; i++)
		for (uint64_t seed = 0; seed < 4; seed++)
			transfer(&kinds[i], 100 * seed + 30 + i, 10000000, 10000000);
}

Test(transfer, megabytes_10_echoed_in_place)
{
	for (unsigned int i = 0; i < KINDS; i++)
		for (uint64_t seed = 0; seed < 4; seed++)
			echo(&kinds[i], 100 * seed + 40 + i, 10000000);
}

Test(transfer, requests_and_responses)
{
	for (unsigned int i = 0; i < KINDS; i++) {
		ask_and_answer(&kinds[i], 50 + i, 2000, 100, 1000);
		ask_and_answer(&kinds[i], 60 + i, 300, 5000, 1);
		ask_and_answer(&kinds[i], 70 + i, 300, 1, 20000);
	}
}

/* Much of what goes wrong does so at the beginning and at the end: many short ones. */
Test(transfer, many_short_ones)
{
	for (uint64_t seed = 1000; seed < 1600; seed++) {
		for (unsigned int i = 0; i < KINDS; i++) {
			transfer(&kinds[i], seed, seed % 4 * 3000, seed % 3 * 7000);
			echo(&kinds[i], seed, 1 + seed % 7 * 1000);
		}
	}
}

/* Memory that the user lends leaves without having been copied, also when it is repeated. */
Test(transfer, lent_memory)
{
	for (unsigned int i = 0; i < KINDS; i++) {
		struct world *w = open_kind(&kinds[i], 80 + i);
		struct pair p;

		end_init(&p.a, w, A, LENT_BYTES, 0);
		p.a.lends = true;
		end_init(&p.b, w, B, 0, LENT_BYTES);
		run_pair(w, &p, bound(&kinds[i], LENT_BYTES));
		world_close(w);
	}
}

/* The time at which the ISN of the first connection of this world is the wanted one. */
static uint64_t
time_of_isn(const struct world_how *how, uint32_t wanted)
{
	struct world_how at_0 = *how;
	struct world *w;
	struct end a;
	uint32_t isn;

	at_0.start = TERN_TICK_NS;
	w = world_open(&at_0);
	end_init(&a, w, A, 0, 0);
	end_connect(&a, PORT);
	isn = a.conn->snd.una;
	tern_tcp_abort(a.conn);
	world_close(w);
	/* RFC 6528: it goes on by one every 4 us. */
	return (UINT64_C(1) << 32) * 4000 + (uint64_t)(wanted - isn) * 4000 + TERN_TICK_NS;
}

/* RFC 9293 §3.4: numbers go on from 2^32 - 1 to 0, and past 2^31 where differences change sign. */
Test(transfer, sequence_numbers_wrap)
{
	static const uint32_t isns[] = { 0xffffffff, 0xfffffff0, 0xfff00000,
					 0x7ffffff0, 0x7ff80000, 0 };

	for (unsigned int i = 0; i < sizeof(isns) / sizeof(isns[0]); i++) {
		struct world_how how = { .seed = 90 + i, .odds = kinds[i % KINDS].odds };
		struct world *w;
		struct pair p;

		how.start = time_of_isn(&how, isns[i]);
		w = world_open(&how);
		end_init(&p.a, w, A, 2000000, 100000);
		end_init(&p.b, w, B, 100000, 2000000);
		end_connect(&p.a, PORT);
		cr_assert_eq(p.a.conn->snd.una, isns[i],
			     "RFC 6528: the ISN is not a clock of 4 us");
		end_listen(&p.b, &p.listener, PORT);
		ends_pair(&p.a, &p.b);
		w->data = &p;
		world_run(w, both_closed, bound(&kinds[i % KINDS], 2100000));
		end_check(&p.a, TERN_FINISHED);
		end_check(&p.b, TERN_FINISHED);
		world_close(w);
	}
}
