/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The faults by themselves: which packets each model of loss takes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>
#include <tern_faults.h>

#include "kit/eal.h"

enum { PPM = 1000000, PACKETS = 64, MANY = 200000 };

/* A port that takes everything, and knows which of them it was. */
static struct {
	uint64_t now;
	struct tern_port below;
	struct tern_faults faults;
	struct tern_faults_packet mem[2 * PACKETS];
	uint32_t came; /* number of the packet that came last */
	bool passed[MANY + 1];
	uint64_t left_ns[MANY + 1];
	uint32_t left[MANY]; /* numbers, in the order in which they left */
	uint32_t left_n;
} bed;

static uint16_t
below_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	for (uint16_t i = 0; i < n; i++) {
		uint32_t number = *rte_pktmbuf_mtod(pkts[i], uint32_t *);

		bed.passed[number] = true;
		bed.left_ns[number] = bed.now;
		bed.left[bed.left_n++] = number;
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

static uint16_t
below_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	(void)pkts;
	(void)n;
	return 0;
}

static int
begin(const struct tern_faults_odds *odds, uint64_t seed)
{
	const struct tern_faults_config config = {
		.now_ns = &bed.now, .seed = seed, .packets = PACKETS, .tx = *odds
	};

	bed.below = (struct tern_port){ .tx = below_tx, .rx = below_rx, .pool = eal_pool() };
	bed.now = 0;
	bed.came = 0;
	bed.left_n = 0;
	memset(bed.passed, 0, sizeof(bed.passed));
	return tern_faults_init(&bed.faults, bed.mem, &bed.below, &config);
}

static void
send(uint32_t n)
{
	struct tern_port *port = &bed.faults.port;
	struct rte_mbuf *m;

	while (n-- > 0) {
		m = rte_pktmbuf_alloc(eal_pool());
		cr_assert_not_null(m);
		*(uint32_t *)(void *)rte_pktmbuf_append(m, 60) = ++bed.came;
		cr_assert_eq(port->tx(port, &m, 1), 1);
	}
}

static void
end(void)
{
	cr_assert_eq(tern_faults_fini(&bed.faults), 0);
	cr_assert_eq(rte_mempool_avail_count(eal_pool()), EAL_MBUFS);
}

static uint32_t
lost_in(uint32_t from, uint32_t to)
{
	uint32_t n = 0;

	for (uint32_t i = from; i <= to; i++)
		n += !bed.passed[i];
	return n;
}

/* Losses one after the other are a burst: how many packets the mean one takes. */
static double
mean_burst(void)
{
	uint32_t bursts = 0;

	for (uint32_t i = 1; i <= bed.came; i++)
		bursts += !bed.passed[i] && (i == 1 || bed.passed[i - 1]);
	return (double)lost_in(1, bed.came) / bursts;
}

/*
 * Gilbert's channel that loses everything while it is bad: b / (b + g) of the packets, in bursts of
 * 1e6 / g. Elliott's: some in each state. Within 5 % of 200 000 packets.
 */
Test(faults, bursts_are_as_long_and_as_frequent_as_the_odds_say)
{
	static const struct {
		struct tern_faults_odds odds;
		double lost, burst;
	} cases[] = {
		{ { .bad_ppm = 10000, .good_ppm = 250000, .bad_loss_ppm = PPM }, 1 / 26., 4 },
		{ { .bad_ppm = 5000, .good_ppm = 100000, .bad_loss_ppm = PPM }, 1 / 21., 10 },
		{ { .bad_ppm = 200000, .good_ppm = PPM, .bad_loss_ppm = PPM }, 1 / 6., 1 },
		/* 1/5 of the time bad, then every second is lost, else one of a hundred. */
		{ { .bad_ppm = 25000,
		    .good_ppm = 100000,
		    .bad_loss_ppm = 500000,
		    .loss_ppm = 10000 },
		  0.108,
		  0 },
		/* By chance alone a burst is 1 / (1 - p). */
		{ { .loss_ppm = 200000 }, 0.2, 1.25 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double lost;

		cr_assert_eq(begin(&cases[i].odds, 7 + i), 0);
		send(MANY);
		lost = lost_in(1, MANY) / (double)MANY;
		cr_assert_float_eq(lost, cases[i].lost, cases[i].lost * 0.05, "case %u: lost %f", i,
				   lost);
		cr_assert(cases[i].burst == 0 || (mean_burst() > cases[i].burst * 0.95 &&
						  mean_burst() < cases[i].burst * 1.05),
			  "case %u: bursts of %f", i, mean_burst());
		cr_assert_eq(bed.faults.tx.counts.lost, lost_in(1, MANY));
		cr_assert_eq(bed.faults.tx.counts.lost_bad > 0, cases[i].odds.bad_ppm > 0);
		cr_assert_eq(bed.faults.rx.counts.packets, 0);
		end();
	}
}

Test(faults, each_tenth)
{
	const struct tern_faults_odds odds = { .every = 10 };

	cr_assert_eq(begin(&odds, 1), 0);
	send(1000);
	for (uint32_t i = 1; i <= 1000; i++)
		cr_assert_eq(bed.passed[i], i % 10 != 0, "packet %u", i);
	cr_assert_eq(bed.faults.tx.counts.lost_every, 100);
	cr_assert_eq(bed.faults.tx.counts.lost, 100);
	end();
}

Test(faults, darkness_from_until)
{
	const struct tern_faults_odds odds = { .dark_from_ns = 100, .dark_until_ns = 200 };

	cr_assert_eq(begin(&odds, 1), 0);
	for (bed.now = 0; bed.now < 300; bed.now++)
		send(1);
	for (uint32_t i = 1; i <= 300; i++)
		cr_assert_eq(bed.passed[i], i <= 100 || i > 200, "at %u ns", i - 1);
	cr_assert_eq(bed.faults.tx.counts.lost_dark, 100);
	end();
}

/* Eight numbers a packet, whatever happens: what one model does the others do not feel. */
/* One a nanosecond, and what waits leaves when it is due, as who polls has it. */
static void
pass_time(uint64_t until, uint64_t gap)
{
	struct rte_mbuf *none[1];

	for (bed.now = 0; bed.now < until; bed.now++) {
		if (bed.now % gap == 0)
			send(1);
		bed.faults.port.rx(&bed.faults.port, none, 1);
	}
}

/* A stall of 100 of 1000 ns: each packet leaves when it came, or when the stall is over. */
Test(faults, stalls_hold_all_in_order)
{
	const struct tern_faults_odds odds = { .stall_ns = 100, .stall_every_ns = 1000 };

	cr_assert_eq(begin(&odds, 1), 0);
	pass_time(5000, 10);
	for (uint32_t i = 1; i <= 500; i++) {
		uint64_t came = 10 * (i - 1), in = came % 1000;

		cr_assert_eq(bed.left_ns[i], in < 100 ? came - in + 100 : came, "%u", i);
		cr_assert_eq(bed.left[i - 1], i);
	}
	cr_assert_eq(bed.faults.tx.counts.stalled, 50);
	end();
}

/* What a latency would let leave in a stall waits for its end as well. */
Test(faults, stalls_count_when_a_packet_leaves)
{
	const struct tern_faults_odds odds = { .latency_ns = 50,
					       .stall_ns = 100,
					       .stall_every_ns = 1000 };

	cr_assert_eq(begin(&odds, 1), 0);
	pass_time(3000, 20);
	for (uint32_t i = 1; i <= 100; i++) {
		uint64_t due = 20 * (i - 1) + 50, in = due % 1000;

		cr_assert_eq(bed.left_ns[i], in < 100 ? due - in + 100 : due, "%u", i);
	}
	bed.now = 3100;
	send(1);
	tern_faults_fini(&bed.faults);
}

/* A detour of a share: so many are late, each by the same. */
Test(faults, delay_of_a_share_is_exact)
{
	const struct tern_faults_odds odds = { .delay_ppm = 10000,
					       .delay_min_ns = 777,
					       .delay_max_ns = 777 };
	uint32_t late = 0;

	cr_assert_eq(begin(&odds, 3), 0);
	pass_time(MANY * 2, 100);
	for (uint32_t i = 1; i <= MANY / 50 - 10; i++) {
		uint64_t came = 100 * (uint64_t)(i - 1);

		cr_assert(bed.left_ns[i] == came || bed.left_ns[i] == came + 777, "%u", i);
		late += bed.left_ns[i] != came;
	}
	cr_assert(late > 20 && late < 60, "%u late", late); /* 40 of 4000 in the mean */
	tern_faults_fini(&bed.faults);
}

Test(faults, models_do_not_disturb_each_other)
{
	static bool alone[MANY + 1];
	const struct tern_faults_odds chance = { .loss_ppm = 50000 };
	const struct tern_faults_odds all = { .loss_ppm = 50000,
					      .every = 7,
					      .dark_from_ns = 10,
					      .dark_until_ns = 20,
					      .copy_ppm = 50000,
					      .corrupt_ppm = 50000 };

	cr_assert_eq(begin(&chance, 99), 0);
	send(10000);
	memcpy(alone, bed.passed, sizeof(alone));
	end();
	cr_assert_eq(begin(&all, 99), 0);
	for (; bed.came < 10000; bed.now = bed.came / 100)
		send(1);
	for (uint32_t i = 1; i <= 10000; i++) {
		bool dark = (i - 1) / 100 >= 10 && (i - 1) / 100 < 20;

		cr_assert_eq(bed.passed[i], alone[i] && i % 7 != 0 && !dark, "packet %u", i);
	}
	end();
}

Test(faults, seed_decides)
{
	static bool first[MANY + 1];
	const struct tern_faults_odds odds = {
		.loss_ppm = 10000, .bad_ppm = 10000, .good_ppm = 200000, .bad_loss_ppm = 700000
	};

	cr_assert_eq(begin(&odds, 5), 0);
	send(10000);
	memcpy(first, bed.passed, sizeof(first));
	end();
	cr_assert_eq(begin(&odds, 5), 0);
	send(10000);
	cr_assert_eq(memcmp(first, bed.passed, sizeof(first)), 0);
	end();
	cr_assert_eq(begin(&odds, 6), 0);
	send(10000);
	cr_assert_neq(memcmp(first, bed.passed, sizeof(first)), 0);
	end();
}

Test(faults, odds_are_checked)
{
	static const struct tern_faults_odds bad[] = {
		{ .loss_ppm = PPM + 1 },
		{ .bad_ppm = PPM + 1 },
		{ .good_ppm = PPM + 1 },
		{ .bad_loss_ppm = PPM + 1 },
		{ .copy_ppm = PPM + 1 },
		{ .corrupt_ppm = PPM + 1 },
		{ .delay_ppm = PPM + 1 },
		{ .delay_min_ns = 2, .delay_max_ns = 1 },
		{ .dark_from_ns = 2, .dark_until_ns = 1 },
		{ .stall_ns = 5, .stall_every_ns = 5 },
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(begin(&bad[i], 1), -EINVAL, "case %u", i);
}
