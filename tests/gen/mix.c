/* SPDX-License-Identifier: BSD-3-Clause */
/* --mix: several loads on one worker, each with its share, its port and its figures. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/options.h"
#include "gen/stage.h"
#include "gen/star.h"
#include "typed.h"

#define PERCENT(n) ((uint32_t)((n)*10000))
#define OURS " --seed 1 --port pipe,ip=10.9.0.1/24 10.9.0.2"

static struct plan typed;

/* A stage for what was typed: 1 ms each way, services where the parts want them. */
static void
mix_open(struct stage *s, const char *line)
{
	plan_free(&typed);
	type_here(line, &typed);
	stage_plan(s, MODE_MIX, PROTO_TCP);
	s->plan = typed;
	s->engine = &engine_mix;
	s->ahead_ns = 0;
}

static const struct part_result *
part_of(const struct stage *s, unsigned int i)
{
	return &s->result->parts[i];
}

static uint64_t
asked(const struct part_result *p)
{
	return p->ledger.launched + p->ledger.shed;
}

/* Each balances, and all of them are the whole. */
static void
check_parts(const struct stage *s)
{
	const struct result *r = s->result;
	struct ledger sum = { 0 };
	uint64_t errors = 0;

	for (unsigned int i = 0; i < r->parts_n; i++) {
		const struct ledger *l = &r->parts[i].ledger;

		stage_check(s, l->launched == l->done + l->failed + l->inflight, "part %u", i);
		sum.launched += l->launched;
		sum.done += l->done;
		sum.failed += l->failed;
		sum.shed += l->shed;
		for (unsigned int e = 0; e < ERRORS_N; e++)
			errors += r->parts[i].error[e];
	}
	stage_check(s, sum.launched == r->ledger.launched, "launched");
	stage_check(s, sum.done == r->ledger.done, "done");
	stage_check(s, sum.failed == r->ledger.failed, "failed");
	stage_check(s, sum.shed == r->ledger.shed, "shed");
	stage_check(s, sum.shed == stage_count(s, COUNT_shed), "counted as shed");
	stage_check(s, errors == meter_errors(&r->total), "errors");
}

/* What was asked of each is binomial: four standard deviations are exceeded once in 15000. */
static void
check_shares(const struct stage *s)
{
	double all = 0, weights = 0, share, off;

	for (unsigned int i = 0; i < typed.parts_n; i++) {
		all += (double)asked(part_of(s, i));
		weights += typed.parts[i].weight;
	}
	for (unsigned int i = 0; i < typed.parts_n; i++) {
		share = typed.parts[i].weight / weights;
		off = fabs((double)asked(part_of(s, i)) - all * share);
		stage_check(s, off <= 4 * sqrt(all * share * (1 - share)),
			    "%s: %" PRIu64 " of %.0f", typed.parts[i].name, asked(part_of(s, i)),
			    all);
	}
}

/* Whose transactions take one round trip, whose two: in "1", "2". */
static const struct {
	const char *line, *trips;
} mixes[] = {
	{ "-R 2k -d 1s --mix crr/http@80:80,rr/udp@7:20" OURS, "21" },
	{ "-R 2k -d 1s --tcp lite --mix crr/http@80:80,rr/udp@7:20" OURS, "21" },
	{ "-R 2k --pacing poisson -d 1s --mix rr/http:1,rr/icmp:2,crr/tcp@7:3,rr/udp@9:4" OURS,
	  "1121" },
	{ "-R 2k --pacing poisson -d 1s --tcp lite --verify --mix "
	  "rr/http:1,rr/icmp:2,crr/tcp@7:3,rr/udp@9:4" OURS,
	  "1121" },
	{ "-c 8 -d 1s --verify --mix crr:50,rr:50" OURS ":7", "21" },
	{ "-c 8 -d 1s --tcp lite --verify --mix crr:50,rr:50" OURS ":7", "21" },
	{ "-c 8 -d 1s --mix crr:999,rr/udp:1" OURS ":7", "21" },
	{ "-c 4 -D 3 -n 3000 --mix rr/tcp:1,rr/udp:1" OURS ":7", "11" },
	/* the same twice: answers must not come to the other one */
	{ "-c 8 -d 1s --verify --mix rr/udp:1,rr/udp:1,rr/icmp:1,rr/icmp:1" OURS ":7", "1111" },
	{ "-c 8 -d 1s --verify --mix crr:1,crr:1,rr:1,rr:1" OURS ":7", "2211" },
	{ "-c 8 -d 1s --tcp lite --verify --mix crr:1,crr:1,rr:1,rr:1" OURS ":7", "2211" },
};

Test(mix, each_part_has_its_share_and_its_times)
{
	for (size_t i = 0; i < RTE_DIM(mixes); i++) {
		struct stage s;

		fprintf(stderr, "%s\n", mixes[i].line);
		mix_open(&s, mixes[i].line);
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, s.result->ledger.launched);
		stage_check(&s, s.result->ledger.launched >= 1000, "%" PRIu64,
			    s.result->ledger.launched);
		stage_check(&s, s.result->ledger.shed == 0, "shed");
		check_parts(&s);
		check_shares(&s);
		for (unsigned int k = 0; k < typed.parts_n; k++) {
			const struct hdr *h = &part_of(&s, k)->sum.time[TIME_ttlb];
			uint64_t trips = (uint64_t)(mixes[i].trips[k] - '0');

			stage_check(&s, h->n == part_of(&s, k)->ledger.done, "times");
			stage_check(&s,
				    h->least_ns == trips * MS(2) &&
					    h->longest_ns < trips * US(2100),
				    "%s: %" PRIu64 " to %" PRIu64 " ns", typed.parts[k].name,
				    h->least_ns, h->longest_ns);
		}
		stage_close(&s);
	}
}

static void
run_with_seed(uint64_t seed, uint64_t launched[2], uint64_t *tx)
{
	struct stage s;

	mix_open(&s, "-R 3k --pacing poisson -d 500ms --mix crr/http:1,rr/udp@7:2" OURS);
	s.plan.seed = seed;
	s.how.odds.loss_ppm = PERCENT(1);
	stage_open(&s);
	stage_run(&s);
	check_parts(&s);
	launched[0] = part_of(&s, 0)->ledger.launched;
	launched[1] = part_of(&s, 1)->ledger.launched;
	*tx = stage_count(&s, COUNT_tx_bytes);
	stage_close(&s);
}

Test(mix, is_the_same_for_the_same_seed)
{
	uint64_t one[2], again[2], other[2], tx[3];

	run_with_seed(5, one, &tx[0]);
	run_with_seed(5, again, &tx[1]);
	run_with_seed(6, other, &tx[2]);
	cr_assert(one[0] == again[0] && one[1] == again[1] && tx[0] == tx[1]);
	cr_assert(one[0] != other[0] || one[1] != other[1] || tx[0] != tx[2]);
}

/*
 * Half of 2000 a second go to a part whose one flow can do 500 a second: they wait, and then are
 * shed. The other half is on time, and neither part has what is the other's.
 */
Test(mix, who_is_busy_keeps_nobody_else_waiting)
{
	static const char *const kinds[] = { "rr/udp@7:1", "rr/tcp@7:1" };
	char line[256];

	for (size_t i = 0; i < RTE_DIM(kinds); i++) {
		struct stage s;
		const struct part_result *well, *busy;

		snprintf(line, sizeof(line),
			 "-R 2k -d 1s -c 1 --max-outstanding 100 --mix crr/http:1,%s" OURS,
			 kinds[i]);
		mix_open(&s, line);
		stage_open(&s);
		stage_run(&s);
		check_parts(&s);
		check_shares(&s);
		well = part_of(&s, 0);
		busy = part_of(&s, 1);
		stage_check(&s, well->ledger.shed == 0 && well->sum.count[COUNT_late] == 0,
			    "late, or shed");
		stage_check(&s, well->sum.time[TIME_ttlb].longest_ns < US(4100), "%" PRIu64 " ns",
			    well->sum.time[TIME_ttlb].longest_ns);
		stage_check(&s, busy->ledger.done >= 490 && busy->ledger.done <= 510,
			    "%" PRIu64 " done", busy->ledger.done);
		stage_check(&s, busy->sum.count[COUNT_late] > 400, "late");
		stage_check(&s, busy->ledger.shed > 300, "shed");
		/* 50 places, one of them under way: 49 in front, 2 ms each */
		stage_check(&s, busy->sum.time[TIME_ttlb].longest_ns > MS(95), "%" PRIu64 " ns",
			    busy->sum.time[TIME_ttlb].longest_ns);
		stage_check(&s, busy->sum.time[TIME_ttlb_naive].longest_ns < US(2100), "%" PRIu64,
			    busy->sum.time[TIME_ttlb_naive].longest_ns);
		stage_close(&s);
	}
}

/* Nobody is behind one of the ports: its transactions fail, each for itself. */
Test(mix, failures_are_told_of_their_part)
{
	static const struct {
		const char *line;
		enum error error;
	} cases[] = {
		{ "-R 1k -d 1s --mix crr/tcp@5:1,rr/udp@7:1" OURS, ERROR_refused },
		{ "-R 1k -d 1s --tcp lite --mix crr/tcp@5:1,rr/udp@7:1" OURS, ERROR_refused },
		{ "-R 50 -d 1s --mix rr/udp@5:1,crr/http:1" OURS, ERROR_unreachable },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct stage s;

		mix_open(&s, cases[i].line);
		strcpy(s.plan.services[0].name, "udp-echo");
		s.plan.services[0].port = 7;
		strcpy(s.plan.services[1].name, "http");
		s.plan.services[1].port = 80;
		s.plan.services_n = 2;
		stage_open(&s);
		stage_run(&s);
		check_parts(&s);
		check_shares(&s);
		stage_check(&s, part_of(&s, 0)->ledger.launched > 10, "launched");
		stage_check(&s,
			    part_of(&s, 0)->error[cases[i].error] ==
				    part_of(&s, 0)->ledger.launched,
			    "not all failed");
		stage_check(&s, part_of(&s, 1)->ledger.failed == 0, "failed");
		stage_close(&s);
	}
}

/* The stack repeats for several parts, and is counted once. */
Test(mix, what_the_stack_did_again_is_counted_once)
{
	const struct tern_stats *stats;
	const uint64_t *count;
	struct stage s;

	mix_open(&s, "-R 1k -d 1s -c 8 --timeout 60s --mix crr/http:1,rr/tcp@7:1,crr/tcp@7:1" OURS);
	s.how.odds.loss_ppm = PERCENT(2);
	s.how.odds.corrupt_ppm = PERCENT(1);
	stage_open(&s);
	stage_run(&s);
	check_parts(&s);
	stats = tern_stats(s.w->side[A].stack);
	count = s.result->total.count;
	stage_check(&s, stats->event[TERN_EV_TCP_RETRANSMITTED] > 20, "too few");
	stage_check(&s,
		    count[COUNT_rexmit_syn] + count[COUNT_rexmit_data] + count[COUNT_rexmit_fin] ==
			    stats->event[TERN_EV_TCP_RETRANSMITTED],
		    "%" PRIu64 " of %" PRIu64, count[COUNT_rexmit_data],
		    stats->event[TERN_EV_TCP_RETRANSMITTED]);
	stage_close(&s);
}

/* More connections than there are source ports: what is in TIME-WAIT leaves the busiest some. */
Test(mix, no_part_runs_out_of_ports)
{
	struct stage s;

	mix_open(&s, "-R 4k -d 1s --sport 5000-5999 --mix "
		     "crr/http:96,crr/tcp@7:1,crr/tcp@7:1,crr/tcp@7:1,crr/tcp@7:1" OURS);
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 4000);
	stage_check(&s, s.result->ledger.shed == 0 && stage_count(&s, COUNT_late) == 0, "late");
	check_shares(&s);
	stage_close(&s);
}

/* One trial after the other on what there is, as --repeat and search have them. */
Test(mix, trials_follow_one_another)
{
	struct stage s;
	uint64_t first;

	mix_open(&s, "-c 8 -n 900 --tcp lite --mix crr/http:1,rr/udp@7:1,rr/tcp@7:1" OURS);
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 900);
	first = part_of(&s, 0)->ledger.launched;
	s.plan.seed++;
	stage_run(&s);
	stage_all_well(&s, 900);
	check_parts(&s);
	check_shares(&s);
	stage_check(&s, part_of(&s, 0)->ledger.launched != first, "the same again");
	stage_close(&s);
}

/* On two cores, whose answers all come to the queue of the other one. */
Test(mix, parts_have_ports_on_each_core)
{
	static const char *const lines[] = {
		"-c 8 -n 400 --verify --mix crr:1,rr:1,rr/udp:1,rr/icmp:1" OURS ":7",
		"-c 8 -n 400 --tcp lite --verify --mix crr:1,rr:1,rr/udp:1,rr/icmp:1" OURS ":7",
	};

	for (size_t i = 0; i < RTE_DIM(lines); i++) {
		static struct star s;
		const struct result *r;

		star_plan(&s, MODE_MIX, PROTO_TCP, &engine_mix);
		plan_free(&typed);
		type_here(lines[i], &typed);
		typed.options.config = s.plan.options.config;
		typed.next_hop = s.plan.next_hop;
		typed.has_next_hop = true;
		s.plan = typed;
		s.route = ROUTE_AWAY;
		star_open(&s);
		r = star_run(&s);
		cr_assert_eq(r->failed, 0);
		cr_assert(r->ledger.balanced && r->ledger.done == 400 && r->ledger.shed == 0);
		cr_assert_gt(r->ledger.handed_over, 400);
		for (unsigned int k = 0; k < r->parts_n; k++)
			cr_assert_gt(r->parts[k].ledger.done, 60, "%s: %" PRIu64,
				     typed.parts[k].name, r->parts[k].ledger.done);
		star_close(&s);
	}
}
