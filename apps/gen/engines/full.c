/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/full.h"

#include "echo/chargen.h"
#include "gen/complain.h"
#include "gen/layout.h"

/* What stands where ---------------------------------------------------------------------------- */

struct layout {
	size_t flows, asks, turns, text, sum;
	uint32_t flows_n, depth;
};

static uint32_t
share(uint32_t all, unsigned int workers)
{
	return RTE_MAX((all + workers - 1) / workers, 1u);
}

/* Pairs of address and port that each worker has at least: as the last one. */
static uint64_t
pairs_of(const struct plan *plan, unsigned int workers)
{
	struct sources s;

	sources_init_own(&s, plan, plan->options.addrs[0].addr, 0, workers - 1, workers);
	return s.pairs;
}

/* The cap of what is outstanding leaves half of the pairs to TIME-WAIT. */
static uint32_t
outstanding_of(const struct plan *plan, unsigned int workers)
{
	uint64_t half = RTE_MAX(pairs_of(plan, workers) / 2, UINT64_C(1));

	return (uint32_t)RTE_MIN((uint64_t)share(plan->max_outstanding, workers), half);
}

/* Connections of one worker; in open loop as many as may be outstanding, if there are ports. */
static uint32_t
flows_of(const struct plan *plan, unsigned int workers, bool open_loop)
{
	uint32_t n = plan->connections;

	if (plan->mode == MODE_STREAM)
		n = plan->parallel;
	else if (plan->mode == MODE_CRR && open_loop)
		return outstanding_of(plan, workers);
	return share(n, workers);
}

static uint32_t
depth_of(const struct plan *plan)
{
	return plan->mode == MODE_RR ? RTE_MAX(plan->depth, 1u) : 1;
}

static uint32_t
depth_most(const struct plan *plan)
{
	return plan->suite != SUITE_NONE ? RTE_MAX(plan->depth, 1u) : depth_of(plan);
}

/* The trials of a suite may be of several modes, in open and in closed loop. */
static uint32_t
flows_most(const struct plan *plan, unsigned int workers)
{
	if (plan->suite != SUITE_NONE)
		return RTE_MAX(share(plan->connections, workers), outstanding_of(plan, workers));
	return flows_of(plan, workers, plan->open_loop);
}

static struct layout
lay_out(const struct plan *plan, unsigned int workers)
{
	struct layout l = { .flows_n = flows_most(plan, workers), .depth = depth_most(plan) };
	size_t asks = (size_t)l.flows_n * l.depth;

	place(&l.sum, sizeof(struct full));
	l.flows = place(&l.sum, l.flows_n * sizeof(struct flow));
	l.asks = place(&l.sum, asks * sizeof(struct ask));
	l.turns = place(&l.sum, asks * sizeof(uint32_t));
	l.text = place(&l.sum, request_text_bytes(plan));
	return l;
}

static size_t
bytes(const struct plan *plan, unsigned int workers)
{
	return lay_out(plan, workers).sum;
}

/*
 * TIME-WAIT lasts as long as it may, but never so long that no port is left: half of those that are
 * free beside the connections.
 */
static uint32_t
time_waits_of(const struct plan *plan, unsigned int workers, uint32_t flows)
{
	enum { MOST = 1 << 20 };
	uint64_t all = pairs_of(plan, workers);
	uint64_t half = all > flows ? (all - flows) / 2 : 0;

	return (uint32_t)RTE_MIN(RTE_MAX(half, UINT64_C(1)), (uint64_t)MOST);
}

static void
configure(const struct plan *plan, unsigned int workers, struct tern_config *config)
{
	uint32_t flows = flows_most(plan, workers);

	/* One that ended keeps its block until the end of the poll. */
	config->connections = flows + FULL_A_TURN;
	config->time_waits = time_waits_of(plan, workers, flows);
}

/* The kind of a plan ------------------------------------------------------------------------- */

static const struct full_kind *
kind_of(const struct plan *plan)
{
	switch (plan->mode) {
	case MODE_RR:
		return &full_rr;
	case MODE_HOLD:
		return &full_hold;
	case MODE_STREAM:
		return plan->proto == PROTO_HTTP ? &full_rr : &full_stream;
	default:
		return &full_crr;
	}
}

static const char *
check(const struct full *f)
{
	const struct plan *plan = f->plan;

	if (pairs_of(plan, f->w->workers) < f->flows_most)
		return "-c: more connections than source ports; give more by --src and --sport";
	return NULL;
}

static int
init(struct worker *w)
{
	struct layout l = lay_out(w->plan, w->workers);
	uint8_t *base = w->mem;
	struct full *f = w->mem;
	const char *wrong;

	f->w = w;
	f->plan = w->plan;
	f->flows = (struct flow *)(void *)(base + l.flows);
	f->asks = (struct ask *)(void *)(base + l.asks);
	f->turns = (uint32_t *)(void *)(base + l.turns);
	f->flows_most = l.flows_n;
	f->places = l.flows_n * l.depth;
	f->oldest = f->newest = ASK_NONE;
	request_init(&f->request, w->plan, base + l.text);
	chargen_make();
	sources_init_own(&f->sources, w->plan, w->addr, w->plan->seed, w->index, w->workers);
	wrong = check(f);
	return wrong != NULL ? complain("%s", wrong) : 0;
}

/* Asks and their limits ------------------------------------------------------------------------ */

static void
list(struct full *f, uint32_t i)
{
	struct ask *a = &f->asks[i];

	a->next = ASK_NONE;
	a->prev = f->newest;
	if (f->newest != ASK_NONE)
		f->asks[f->newest].next = i;
	else
		f->oldest = i;
	f->newest = i;
}

void
ask_relax(struct full *f, uint32_t i)
{
	struct ask *a = &f->asks[i];

	if (a->prev == ASK_OFF)
		return;
	if (a->prev != ASK_NONE)
		f->asks[a->prev].next = a->next;
	else
		f->oldest = a->next;
	if (a->next != ASK_NONE)
		f->asks[a->next].prev = a->prev;
	else
		f->newest = a->prev;
	a->prev = ASK_OFF;
}

void
ask_begin(struct full *f, uint32_t i, uint64_t intended, uint64_t now)
{
	f->asks[i] = (struct ask){ .intended_ns = intended, .begun_ns = now };
	list(f, i);
}

void
ask_again(struct full *f, uint32_t i, uint64_t now)
{
	ask_relax(f, i);
	f->asks[i].begun_ns = now;
	list(f, i);
}

void
ask_done(struct full *f, uint32_t i)
{
	ask_relax(f, i);
	worker_done(f->w);
}

void
ask_failed(struct full *f, uint32_t i, enum error error)
{
	ask_relax(f, i);
	worker_failed(f->w, error);
}

/* An ask may have begun in this turn, behind its `now`: full_now() is finer. */
static bool
is_over(const struct full *f, uint32_t i, uint64_t now)
{
	return i != ASK_NONE && now >= f->asks[i].begun_ns + f->limit_ns;
}

static bool
expire(struct full *f, uint64_t now)
{
	bool any = false;
	struct flow *fl;
	uint32_t i;

	while (is_over(f, i = f->oldest, now)) {
		fl = &f->flows[i / f->depth];
		if (f->plan->mode == MODE_STREAM && fl->moved) /* it is no standstill */
			ask_again(f, i, full_now(f));
		else
			flow_abort(fl, ERROR_timeout);
		fl->moved = false;
		any = true;
	}
	return any;
}

/* Members of the engine ------------------------------------------------------------------------ */

/* What this trial is of; all flows are free. */
static void
set_up(struct full *f, const struct plan *plan)
{
	const struct worker *w = f->w;

	f->plan = plan;
	f->kind = kind_of(plan);
	f->user = f->kind->user;
	f->flows_n = RTE_MIN(flows_of(plan, w->workers, w->open_loop), f->flows_most);
	f->depth = RTE_MIN(depth_of(plan), f->places / f->flows_n);
	request_set(&f->request, plan);
	f->rsp_bytes = plan->rsp_bytes != 0 ? plan->rsp_bytes : plan->req_bytes;
	f->limit_ns = plan->timeout_ns != 0 ? plan->timeout_ns : UINT64_MAX / 4;
	f->body_known = false;
	f->free = FLOW_NONE;
	for (uint32_t i = f->flows_n; i-- > 0;) {
		f->flows[i].index = i;
		flow_give(f, &f->flows[i]);
	}
}

static void
start(struct worker *w, uint64_t now)
{
	struct full *f = w->mem;

	set_up(f, w->plan);
	f->stopping = false;
	f->cursor = 0;
	f->since_ns = now;
	full_counts_start(f);
	if (f->kind->start != NULL)
		f->kind->start(f, now);
}

static bool
ready(struct worker *w, uint64_t now)
{
	struct full *f = w->mem;

	return f->kind->ready == NULL || f->kind->ready(f, now);
}

static enum launched
launch(struct worker *w, uint64_t intended, uint64_t now)
{
	struct full *f = w->mem;

	return f->kind->launch(f, intended, now);
}

static bool
is_ending(const struct full *f)
{
	return f->stopping && f->kind->end != NULL && f->cursor < f->flows_n;
}

/* Some in each turn. */
static void
end_flows(struct full *f)
{
	for (uint32_t n = 0; n < FULL_A_TURN && f->cursor < f->flows_n; n++, f->cursor++) {
		if (f->flows[f->cursor].conn != NULL)
			f->kind->end(f, &f->flows[f->cursor]);
	}
}

static bool
poll(struct worker *w, uint64_t now)
{
	struct full *f = w->mem;
	bool did;

	full_count(f);
	did = expire(f, now) || is_ending(f);
	if (is_ending(f))
		end_flows(f);
	return did;
}

/* There are flows that ready() may open at once. */
static bool
is_opening(const struct full *f)
{
	return !f->stopping && f->kind->ready != NULL && f->cursor < f->flows_n &&
	       f->opening < FULL_OPENING;
}

static uint64_t
next(const struct worker *w)
{
	const struct full *f = w->mem;

	if (f->kind != NULL && (is_ending(f) || is_opening(f)))
		return 0;
	return f->oldest != ASK_NONE ? f->asks[f->oldest].begun_ns + f->limit_ns : UINT64_MAX;
}

static void
stop(struct worker *w, uint64_t now)
{
	struct full *f = w->mem;

	(void)now;
	f->stopping = true;
	f->cursor = 0;
}

static bool
done(const struct worker *w)
{
	const struct full *f = w->mem;

	return w->outstanding == 0 && (!f->stopping || f->open == 0);
}

static void
end(struct worker *w, uint64_t now)
{
	struct full *f = w->mem;

	(void)now;
	f->stopping = true;
	for (uint32_t i = 0; i < f->flows_n && f->open > 0; i++) {
		if (f->flows[i].conn != NULL)
			flow_abort(&f->flows[i], ERROR_aborted);
	}
	full_count(f);
}

const struct engine engine_full = {
	.name = "full",
	.steered = true,
	.bytes = bytes,
	.configure = configure,
	.init = init,
	.start = start,
	.ready = ready,
	.launch = launch,
	.poll = poll,
	.next = next,
	.stop = stop,
	.done = done,
	.end = end,
};
