/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/bench.h"
#include "gen/complain.h"

enum { INTERVALS_AT_ONCE = 256 };

static const uint64_t STEP_NS = TERN_MS;	/* between two looks at the workers */
static const uint64_t OPENING_NS = 60 * TERN_S; /* for all connections of rr, hold and stream */
static const uint64_t START_NS = 2 * TERN_MS;	/* for all workers to hear of it */
static const uint64_t DRAIN_LEAST_NS = 100 * TERN_MS;
static const uint64_t STUCK_NS = 10 * TERN_S; /* who has not turned its loop for so long */
static const double CPU_SHARE_LEAST = 0.98;
static const double BUSY_MOST = 0.97;
static const uint64_t LAG_MOST_NS = TERN_MS;

bool
bench_stopped(const struct bench *bench)
{
	return __atomic_load_n(&bench->stop, __ATOMIC_RELAXED);
}

const struct plan *
bench_plan(const struct bench *bench)
{
	return bench->plan;
}

/* Orders ------------------------------------------------------------------------------------- */

static void
pass(struct bench *bench, uint64_t ns)
{
	bench->pass(bench, bench->now(bench) + ns);
}

/*
 * Wait until a worker has answered: *said is what was *asked. One that is stuck (its thread in a
 * driver that does not return) is given up, and with it the bench: its memory is its own from then
 * on. Time in which this thread did not run either, as that of a process that was stopped, does not
 * count. Return: has it answered?
 */
static bool
await(struct bench *bench, unsigned int index, const uint32_t *said, uint32_t asked, uint64_t ns)
{
	uint64_t waited = 0, before = bench->now(bench), now;

	while (__atomic_load_n(said, __ATOMIC_ACQUIRE) != asked) {
		if (waited > STUCK_NS) {
			bench->stuck = true;
			complain("core %u is stuck: its loop has not turned for %u s",
				 bench->setup.cores[index], (unsigned int)(STUCK_NS / TERN_S));
			return false;
		}
		pass(bench, ns);
		now = bench->now(bench);
		waited += RTE_MIN(now - before, 10 * STEP_NS);
		before = now;
	}
	return true;
}

/* Of a bench that is stuck nothing is asked any more. */
static void
order(struct bench *bench, enum worker_order what)
{
	if (bench->stuck)
		return;
	for (unsigned int i = 0; i < bench->workers_n; i++) {
		struct worker *w = bench->workers[i];
		uint32_t turn = w->order / WORKER_ORDERS + 1;

		__atomic_store_n(&w->order, turn * WORKER_ORDERS + what, __ATOMIC_RELEASE);
	}
	for (unsigned int i = 0; i < bench->workers_n; i++) {
		const struct worker *w = bench->workers[i];

		if (!await(bench, i, &w->obeyed, w->order, STEP_NS / 10))
			return;
	}
}

static bool
all_done(const struct bench *bench)
{
	for (unsigned int i = 0; i < bench->workers_n; i++)
		if (!worker_is_done(bench->workers[i]))
			return false;
	return true;
}

static bool
any_in(const struct bench *bench, enum worker_state state)
{
	for (unsigned int i = 0; i < bench->workers_n; i++)
		if (__atomic_load_n(&bench->workers[i]->state, __ATOMIC_RELAXED) == state)
			return true;
	return false;
}

/* Intervals ---------------------------------------------------------------------------------- */

static void
take_over(struct meter *into, struct meter *also, struct meter *written)
{
	meter_merge(into, written);
	if (also != NULL)
		meter_merge(also, written);
	meter_clear(written);
}

/*
 * Each worker goes on with its other meter; what they wrote so far is in bench->interval, what was
 * of the parts of a mix in their results as well.
 */
static void
collect(struct bench *bench, struct result *r)
{
	meter_clear(bench->interval);
	for (unsigned int k = 0; k < r->parts_n; k++)
		meter_clear(&r->parts[k].interval);
	if (bench->stuck)
		return;
	for (unsigned int i = 0; i < bench->workers_n; i++)
		__atomic_store_n(&bench->workers[i]->wanted, bench->workers[i]->wanted + 1,
				 __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < bench->workers_n; i++) {
		struct worker *w = bench->workers[i];
		unsigned int written = (w->wanted + 1) % 2;

		if (!await(bench, i, &w->given, w->wanted, STEP_NS / 100))
			return;
		take_over(bench->interval, NULL, &w->meters[written]);
		for (unsigned int k = 0; k < r->parts_n; k++)
			take_over(bench->interval, &r->parts[k].interval,
				  &w->parts[k].meters[written]);
	}
}

static struct summary
summarise(const struct hdr *h)
{
	return (struct summary){
		.n = h->n,
		.p50 = hdr_percentile(h, 0.5),
		.p99 = hdr_percentile(h, 0.99),
		.p999 = hdr_percentile(h, 0.999),
		.longest = h->longest_ns,
	};
}

/* How each worker's thread fared between two looks. */
struct fared {
	uint64_t ran[BENCH_WORKERS], waited[BENCH_WORKERS];
};

static void
look(struct bench *bench, struct fared *f)
{
	*f = (struct fared){ .ran = { 0 } };
	if (bench->schedstat == NULL)
		return;
	for (unsigned int i = 0; i < bench->workers_n; i++)
		bench->schedstat(bench, i, &f->ran[i], &f->waited[i]);
}

static double
least_share(const struct bench *bench, const struct fared *a, const struct fared *b)
{
	double least = 1;

	for (unsigned int i = 0; i < bench->workers_n; i++) {
		double ran = (double)(b->ran[i] - a->ran[i]);
		double waited = (double)(b->waited[i] - a->waited[i]);

		if (ran + waited > 0 && ran / (ran + waited) < least)
			least = ran / (ran + waited);
	}
	return least;
}

static double
busy_share(const struct meter *m)
{
	uint64_t all = m->busy_cycles + m->idle_cycles;

	return all > 0 ? (double)m->busy_cycles / (double)all : 0;
}

static uint32_t
flags_of(const struct interval *i, bool warm_up)
{
	return (uint32_t)((warm_up ? 1u << FLAG_WARMUP : 0) |
			  (i->cpu_share < CPU_SHARE_LEAST ? 1u << FLAG_DISTURBED : 0) |
			  (i->time[TIME_lag].p99 > LAG_MOST_NS ? 1u << FLAG_LATE : 0) |
			  (i->count[COUNT_shed] > 0 ? 1u << FLAG_SHED : 0) |
			  (i->count[COUNT_tx_dropped] > 0 ? 1u << FLAG_TXFULL : 0) |
			  (i->busy > BUSY_MOST ? 1u << FLAG_GENLIMIT : 0));
}

static struct interval *
add_interval(struct result *r)
{
	if (r->intervals_n % INTERVALS_AT_ONCE == 0) {
		size_t n = r->intervals_n + INTERVALS_AT_ONCE;
		struct interval *more = realloc(r->intervals, n * sizeof(*more));

		if (more == NULL)
			return NULL;
		r->intervals = more;
	}
	return &r->intervals[r->intervals_n++];
}

/* A trial while it runs. */
struct going {
	struct bench *bench;
	const struct trial *trial;
	const struct watcher *watcher;
	struct result *result;
	uint64_t t0, t1; /* of the interval under way */
	uint64_t left_out_ns;
	struct fared fared;
};

static uint32_t
outstanding(const struct bench *bench)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < bench->workers_n; i++)
		n += __atomic_load_n(&bench->workers[i]->outstanding, __ATOMIC_RELAXED);
	return n;
}

static void
fill_interval(struct going *g, struct interval *i, uint64_t begin)
{
	const struct meter *m = g->bench->interval;
	struct fared now;

	look(g->bench, &now);
	i->t0_ns = g->t0 - begin;
	i->t1_ns = g->t1 - begin;
	memcpy(i->count, m->count, sizeof(i->count));
	memcpy(i->error, m->error, sizeof(i->error));
	for (unsigned int k = 0; k < TIMES_N; k++)
		i->time[k] = summarise(&m->time[k]);
	i->busy = busy_share(m);
	i->cpu_share = least_share(g->bench, &g->fared, &now);
	i->outstanding = outstanding(g->bench);
	i->flags = flags_of(i, i->t0_ns < g->trial->omit_ns);
	g->fared = now;
}

/*
 * What overload does (LATE, SHED, TXFULL, GENLIMIT) belongs to the result: to leave it out would
 * make the result better than it was. Only what is not of its time, or not its own, is left out.
 */
static bool
counts(const struct plan *plan, const struct interval *i)
{
	if ((i->flags & 1u << FLAG_WARMUP) != 0)
		return false;
	return plan->keep || (i->flags & 1u << FLAG_DISTURBED) == 0;
}

/* Of the parts of a mix, beside what is done with the whole. */
static void
end_parts(struct result *r, const struct interval *i, bool counts)
{
	for (unsigned int k = 0; k < r->parts_n; k++) {
		struct part_result *p = &r->parts[k];

		if (counts)
			meter_merge(&p->sum, &p->interval);
		else if ((i->flags & 1u << FLAG_WARMUP) == 0)
			meter_merge(&p->left_out, &p->interval);
		for (unsigned int e = 0; e < ERRORS_N; e++)
			p->error[e] += p->interval.error[e];
	}
}

static void
end_interval(struct going *g, uint64_t begin)
{
	struct result *r = g->result;
	struct interval *i;

	g->t1 = g->bench->now(g->bench);
	collect(g->bench, r);
	if (g->bench->stuck)
		return;
	meter_merge(&r->total, g->bench->interval);
	i = add_interval(r);
	if (i == NULL)
		return;
	fill_interval(g, i, begin);
	if (counts(g->bench->plan, i)) {
		meter_merge(&r->sum, g->bench->interval);
		r->ns += g->t1 - g->t0;
	} else if ((i->flags & 1u << FLAG_WARMUP) == 0) {
		meter_merge(g->bench->left_out, g->bench->interval);
		g->left_out_ns += g->t1 - g->t0;
	}
	end_parts(r, i, counts(g->bench->plan, i));
	if ((i->flags & 1u << FLAG_WARMUP) == 0) {
		r->disturbed += (i->flags & 1u << FLAG_DISTURBED) != 0;
		r->flagged += i->flags != 0;
	}
	if (g->watcher != NULL)
		g->watcher->on_interval(g->watcher->data, i, g->bench->interval);
	g->t0 = g->t1;
}

/* Phases ------------------------------------------------------------------------------------- */

static int
open_all(struct bench *bench)
{
	uint64_t end;

	order(bench, WORKER_BEGIN);
	if (bench->stuck)
		return 2;
	end = bench->now(bench) + OPENING_NS;
	while (any_in(bench, WORKER_RESOLVING) || any_in(bench, WORKER_OPENING)) {
		if (any_in(bench, WORKER_LOST))
			break;
		if (bench_stopped(bench))
			return 2;
		if (bench->now(bench) > end)
			return complain("not all connections could be opened within 60 s"), 1;
		pass(bench, STEP_NS);
	}
	if (any_in(bench, WORKER_LOST))
		return complain("the target is unreachable: no ARP answer in 3 s"), 1;
	return 0;
}

/* Until the time is over, or --count is, or ^C; an interval after the other. */
static void
run_all(struct going *g)
{
	struct bench *bench = g->bench;
	uint64_t begin = g->trial->start_ns;
	uint64_t end = begin + g->trial->omit_ns + g->trial->duration_ns, next;
	bool over = false;

	g->t0 = begin;
	look(bench, &g->fared);
	if (bench->trial.together)
		order(bench, WORKER_GO);
	while (!over && !bench->stuck && g->t0 < end) {
		next = RTE_MIN(g->t0 + bench->plan->interval_ns, end);
		if (g->t0 < begin + g->trial->omit_ns)
			next = RTE_MIN(next, begin + g->trial->omit_ns);
		while (bench->now(bench) < next && !over) {
			bench->pass(bench, RTE_MIN(next, bench->now(bench) + 10 * STEP_NS));
			over = bench_stopped(bench) || all_done(bench);
		}
		end_interval(g, begin);
	}
}

/* Better a figure that is not to be trusted, and says so, than none. */
static void
take_disturbed(struct going *g)
{
	struct result *r = g->result;

	if (r->ns > 0)
		return;
	meter_merge(&r->sum, g->bench->left_out);
	for (unsigned int k = 0; k < r->parts_n; k++)
		meter_merge(&r->parts[k].sum, &r->parts[k].left_out);
	r->ns = g->left_out_ns;
}

static uint64_t
drain_ns(const struct bench *bench)
{
	return RTE_MAX(bench->plan->timeout_ns, DRAIN_LEAST_NS);
}

static void
add_ends(struct meter *sum, const struct meter *m)
{
	for (unsigned int i = 0; i < TIMES_N; i++)
		hdr_merge(&sum->time[i], &m->time[i]);
	for (unsigned int i = 0; i < ERRORS_N; i++)
		sum->error[i] += m->error[i];
}

static void
add_ends_of_part(struct part_result *p)
{
	add_ends(&p->sum, &p->interval);
	for (unsigned int i = 0; i < ERRORS_N; i++)
		p->error[i] += p->interval.error[i];
}

/* What was begun may end; its times and errors count, its rate does not. */
static void
drain(struct going *g)
{
	struct bench *bench = g->bench;
	struct result *r = g->result;
	uint64_t end;

	order(bench, WORKER_STOP);
	if (bench->stuck)
		return;
	end = bench->now(bench) + drain_ns(bench);
	while (!all_done(bench) && bench->now(bench) < end)
		pass(bench, STEP_NS);
	order(bench, WORKER_END);
	collect(bench, r);
	if (bench->stuck)
		return;
	meter_merge(&r->total, bench->interval);
	add_ends(&r->sum, bench->interval);
	for (unsigned int k = 0; k < r->parts_n; k++)
		add_ends_of_part(&r->parts[k]);
}

/* The result --------------------------------------------------------------------------------- */

static void
add_ledger(struct ledger *sum, const struct ledger *l)
{
	sum->launched += l->launched;
	sum->done += l->done;
	sum->failed += l->failed;
	sum->shed += l->shed;
	sum->inflight += l->inflight;
	sum->made += l->made;
	sum->sent += l->sent;
	sum->dropped += l->dropped;
	sum->received += l->received;
	sum->taken += l->taken;
	sum->passed += l->passed;
	sum->handed_over += l->handed_over;
	sum->taken_over += l->taken_over;
	sum->handover_dropped += l->handover_dropped;
}

static bool
balances(const struct ledger *l)
{
	return l->made == l->sent + l->dropped &&
	       l->received + l->taken_over ==
		       l->taken + l->passed + l->handed_over + l->handover_dropped &&
	       l->launched == l->done + l->failed + l->inflight;
}

static void
count_port(struct bench *bench, struct ledger *ledger)
{
	if (bench->port_counts != NULL)
		bench->port_counts(bench, ledger);
}

/* Each worker's as it was told last: behind the end of the trial, between two turns of its loop. */
static void
close_ledger(struct bench *bench, struct result *r, const struct ledger *before)
{
	struct ledger sum = { 0 }, after = { 0 };
	bool each = true;

	r->workers_n = bench->workers_n;
	for (unsigned int i = 0; i < bench->workers_n; i++) {
		const struct worker *w = bench->workers[i];
		struct ledger *l = &r->of_worker[i];

		*l = w->told;
		l->balanced = balances(l);
		each &= l->balanced;
		add_ledger(&sum, l);
		for (unsigned int k = 0; k < r->parts_n; k++)
			add_ledger(&r->parts[k].ledger, &w->parts[k].ledger);
	}
	count_port(bench, &after);
	sum.rx_missed = after.rx_missed - before->rx_missed;
	sum.rx_errors = after.rx_errors - before->rx_errors;
	sum.rx_no_mbuf = after.rx_no_mbuf - before->rx_no_mbuf;
	sum.tx_errors = after.tx_errors - before->tx_errors;
	sum.balanced = each && balances(&sum) && sum.handed_over == sum.taken_over;
	r->ledger = sum;
}

/* What a mode counts: its transactions that ended well, or its packets or bits. */
static uint64_t
counted(const struct plan *plan, const struct meter *m)
{
	if (plan->suite == SUITE_SEARCH) {
		switch (plan->metric) {
		case METRIC_PPS:
			return m->count[COUNT_tx_pkts];
		case METRIC_BPS:
			return 8 * (m->count[COUNT_tx_bytes] + m->count[COUNT_rx_bytes]);
		default:
			break;
		}
	}
	switch (plan->mode) {
	case MODE_CRR:
		return m->count[COUNT_closed];
	case MODE_STREAM:
		if (plan->proto == PROTO_HTTP) /* requests are none of it */
			return 8 * m->count[COUNT_rx_payload];
		return 8 * (m->count[COUNT_tx_payload] + m->count[COUNT_rx_payload]);
	case MODE_FLOOD:
	case MODE_REPLAY:
		return m->count[COUNT_tx_pkts];
	case MODE_HOLD:
		return m->count[COUNT_established];
	default:
		return m->count[COUNT_responses];
	}
}

uint64_t
result_counted(const struct plan *plan, const struct result *r)
{
	uint64_t sum = 0;

	if (plan->mode != MODE_MIX)
		return counted(plan, &r->sum);
	for (unsigned int k = 0; k < r->parts_n; k++)
		sum += counted(plan->parts[k].plan, &r->parts[k].sum);
	return sum;
}

static double
rate_of(const struct result *r, uint64_t n)
{
	return r->ns > 0 ? (double)n * 1e9 / (double)r->ns : 0;
}

double
result_rate(const struct plan *plan, const struct result *r)
{
	if (plan->mode == MODE_HOLD)
		return (double)counted(plan, &r->total);
	return rate_of(r, result_counted(plan, r));
}

double
result_loss(const struct plan *plan, const struct result *r)
{
	const struct ledger *l = &r->ledger;
	uint64_t all = l->launched + l->shed;
	const uint64_t *count = r->total.count;

	if (plan->mode == MODE_FLOOD || plan->mode == MODE_REPLAY) {
		all = count[COUNT_requests];
		return all > count[COUNT_responses] ?
			       (double)(all - count[COUNT_responses]) / (double)all :
			       0;
	}
	return all > 0 ? (double)(l->failed + l->inflight + l->shed) / (double)all : 0;
}

static void
conclude(struct bench *bench, struct result *r)
{
	uint64_t n = result_counted(bench->plan, r);
	uint64_t pkts = r->sum.count[COUNT_tx_pkts] + r->sum.count[COUNT_rx_pkts];

	if (bench->plan->mode == MODE_STREAM) /* not by the bit: by the packet */
		n = pkts;
	r->achieved = result_rate(bench->plan, r);
	r->busy = busy_share(&r->sum);
	r->cycles_each = n > 0 ? (double)r->sum.busy_cycles / (double)n : 0;
	r->pkts_each = n > 0 ? (double)pkts / (double)n : 0;
	for (unsigned int k = 0; k < r->parts_n; k++) {
		struct part_result *p = &r->parts[k];

		p->achieved = rate_of(r, counted(bench->plan->parts[k].plan, &p->sum));
	}
}

/* There is memory for the parts from the first trial on. Return: -1: there is none. */
static int
forget_parts(struct result *r, unsigned int n)
{
	if (r->parts == NULL && n > 0)
		r->parts = calloc(n, sizeof(*r->parts));
	if (r->parts == NULL && n > 0)
		return -1;
	r->parts_n = n;
	if (n > 0)
		memset(r->parts, 0, n * sizeof(*r->parts));
	return 0;
}

static void
forget(struct result *r)
{
	struct interval *kept = r->intervals;

	meter_clear(&r->sum);
	meter_clear(&r->total);
	free(kept);
	r->intervals = NULL;
	r->intervals_n = r->disturbed = r->flagged = 0;
	r->ns = 0;
	r->failed = 0;
	r->workers_n = 0;
}

int
trial_run(struct bench *bench, const struct trial *trial, const struct watcher *watcher,
	  struct result *result)
{
	struct going g = {
		.bench = bench, .trial = &bench->trial, .watcher = watcher, .result = result
	};
	struct ledger before = { 0 };

	forget(result);
	if (bench->stuck)
		return result->failed = 2;
	if (forget_parts(result, bench->workers[0]->parts_n) < 0)
		return complain("no memory for what comes of the parts"), result->failed = 2;
	meter_clear(bench->left_out);
	result->trial = bench->trial = *trial;
	bench->trial.together = bench->workers_n > 1;
	if (trial->plan == NULL)
		bench->trial.plan = bench->plan;
	for (unsigned int i = 0; i < bench->workers_n; i++)
		bench->workers[i]->trial = &bench->trial;
	count_port(bench, &before);
	collect(bench, result); /* whatever was before */
	result->failed = open_all(bench);
	if (result->failed == 0) {
		bench->trial.start_ns = bench->now(bench) + (bench->trial.together ? START_NS : 0);
		run_all(&g);
		take_disturbed(&g);
		drain(&g);
	} else {
		order(bench, WORKER_END);
		collect(bench, result);
	}
	if (bench->stuck)
		return result->failed = 2;
	if (bench->failures != NULL)
		failures_write(bench->failures);
	close_ledger(bench, result, &before);
	conclude(bench, result);
	return result->failed;
}
