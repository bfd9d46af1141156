/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several loads side by side on one worker (--mix): each transaction is of one that is drawn, with
 * the weights as odds.
 *
 * A part is a worker of its own, with the plan, the engine, the memory and the meters that it would
 * have if it were alone; of the whole it has the stack, the port, the clock and the state of the
 * trial. It sends through the whole, so packets are counted there, once. What comes from the port
 * goes through the parts in turn, each of which leaves what is not its own: their source ports are
 * different ones. Transactions are counted by the parts, and the whole adds up.
 *
 * What is drawn stays drawn. While a part is busy, its transactions wait in a line of their own,
 * and the others go on: they are late, or, where too many are under way or wait, shed; so the
 * shares of what is asked for never move, and who has no room shows. In open loop each part has its
 * share of --max-outstanding by weight, so that one that stalls takes nothing from the others. In
 * closed loop all have the same places, and what waits holds one.
 */
#include "gen/layout.h"
#include "gen/worker.h"

enum {
	WAITING = 16384,   /* transactions of a part, and in closed loop of all, that wait */
	LAUNCH_BURST = 64, /* in one turn: then what came in has its turn */
	AGAIN_NS = 1000,   /* what waits is tried again, though nothing came */
};

/* When they were due, in a ring. */
struct line {
	uint64_t due[WAITING];
	uint32_t head, n;
	uint32_t most; /* open loop: of the part, under way and waiting */
};

struct mix {
	struct worker parts[PARTS_MAX];
	struct line *lines;
	uint32_t most;		   /* closed loop: of all parts, under way and waiting */
	uint32_t below[PARTS_MAX]; /* weights of the parts so far */
	uint32_t waiting;	   /* in all lines */
	uint64_t tried_ns;
};

static struct mix *
mix_of(const struct worker *w)
{
	return w->mem;
}

/* Memory ------------------------------------------------------------------------------------- */

static size_t
bytes_of(const struct plan *part, unsigned int workers)
{
	const struct engine *engine = engine_of(part);

	return engine->bytes != NULL ? engine->bytes(part, workers) : 0;
}

static size_t
mix_bytes(const struct plan *plan, unsigned int workers)
{
	size_t at = 0;

	place(&at, sizeof(struct mix));
	place(&at, plan->parts_n * sizeof(struct line));
	for (unsigned int i = 0; i < plan->parts_n; i++) {
		place(&at, 2 * sizeof(struct meter));
		place(&at, bytes_of(plan->parts[i].plan, workers));
	}
	return at;
}

/*
 * Their connections have places side by side in the stack. TIME-WAIT is one queue for all, and any
 * of them may fill it: it is never longer than the part with the fewest ports can do without.
 */
static void
mix_configure(const struct plan *plan, unsigned int workers, struct tern_config *config)
{
	uint32_t connections = 0, time_waits = UINT32_MAX;

	for (unsigned int i = 0; i < plan->parts_n; i++) {
		const struct engine *engine = engine_of(plan->parts[i].plan);
		struct tern_config alone = *config;

		if (engine->configure == NULL)
			continue;
		engine->configure(plan->parts[i].plan, workers, &alone);
		connections += alone.connections;
		time_waits = RTE_MIN(time_waits, alone.time_waits);
	}
	if (connections == 0)
		return;
	config->connections = connections;
	config->time_waits = time_waits;
}

/* What it has of the whole, and what of its own; nothing is under way. */
static void
become_part(struct worker *p, struct worker *w, unsigned int i)
{
	const struct worker before = *p;

	*p = *w;
	p->whole = w;
	p->parts = NULL;
	p->parts_n = 0;
	p->engine = before.engine;
	p->mem = before.mem;
	p->meters = before.meters;
	p->meter = &p->meters[w->meter - w->meters];
	p->plan = w->plan->parts[i].plan;
	p->queue = NULL;
	p->outstanding = 0;
	p->random = (w->random ^ (i + 1) * UINT64_C(0xd1342543de82ef95)) | 1;
	p->ledger = (struct ledger){ .launched = 0 };
}

static int
mix_init(struct worker *w)
{
	const struct plan *plan = w->plan;
	uint8_t *base = w->mem;
	struct mix *m = w->mem;
	size_t at = 0;

	place(&at, sizeof(*m));
	m->lines = (struct line *)(void *)(base + place(&at, plan->parts_n * sizeof(*m->lines)));
	w->parts = m->parts;
	w->parts_n = plan->parts_n;
	for (unsigned int i = 0; i < plan->parts_n; i++) {
		const struct plan *part = plan->parts[i].plan;
		struct worker *p = &m->parts[i];

		p->engine = engine_of(part);
		p->meters = (struct meter *)(void *)(base + place(&at, 2 * sizeof(struct meter)));
		p->mem = base + place(&at, bytes_of(part, w->workers));
		become_part(p, w, i);
		m->below[i] = plan->parts[i].weight + (i > 0 ? m->below[i - 1] : 0);
	}
	for (unsigned int i = 0; i < w->parts_n; i++)
		if (w->parts[i].engine->init != NULL && w->parts[i].engine->init(&w->parts[i]) < 0)
			return -1;
	return 0;
}

static void
mix_fini(struct worker *w)
{
	for (unsigned int i = 0; i < w->parts_n; i++)
		if (w->parts[i].engine->fini != NULL)
			w->parts[i].engine->fini(&w->parts[i]);
}

/* What parts and whole know of one another --------------------------------------------------- */

static void
tell_state(struct worker *w)
{
	for (unsigned int i = 0; i < w->parts_n; i++)
		w->parts[i].state = w->state;
}

static uint32_t
under_way(const struct worker *w)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < w->parts_n; i++)
		n += w->parts[i].outstanding;
	return n;
}

/* Who reports may look at `outstanding` at any time. */
static void
add_up(struct worker *w)
{
	struct ledger sum = { 0 };

	for (unsigned int i = 0; i < w->parts_n; i++) {
		const struct ledger *l = &w->parts[i].ledger;

		sum.launched += l->launched;
		sum.done += l->done;
		sum.failed += l->failed;
		sum.shed += l->shed;
	}
	w->ledger.launched = sum.launched;
	w->ledger.done = sum.done;
	w->ledger.failed = sum.failed;
	w->ledger.shed = sum.shed;
	w->outstanding = under_way(w);
}

/* A share of this worker: one at least. */
static uint32_t
share_of(const struct worker *w, uint32_t all)
{
	return RTE_MAX(all / w->workers + (w->index < all % w->workers), 1u);
}

/* The trial ---------------------------------------------------------------------------------- */

static void
mix_start(struct worker *w, uint64_t now)
{
	struct mix *m = mix_of(w);

	m->most = share_of(w, w->plan->max_outstanding);
	m->waiting = 0;
	m->tried_ns = now;
	for (unsigned int i = 0; i < w->parts_n; i++) {
		struct worker *p = &w->parts[i];

		become_part(p, w, i);
		m->lines[i].head = m->lines[i].n = 0;
		m->lines[i].most = share_of(w, p->plan->max_outstanding);
		if (p->engine->start != NULL)
			p->engine->start(p, now);
	}
}

/* Each of them is asked: it may open its connections in there. */
static bool
mix_ready(struct worker *w, uint64_t now)
{
	unsigned int ready = 0;

	tell_state(w);
	for (unsigned int i = 0; i < w->parts_n; i++) {
		struct worker *p = &w->parts[i];

		ready += p->engine->ready == NULL || p->engine->ready(p, now);
	}
	return ready == w->parts_n;
}

/* Launching ---------------------------------------------------------------------------------- */

/* Nobody else draws from the whole's numbers: which part is next the seed alone says. */
static unsigned int
draw(struct worker *w)
{
	const struct mix *m = mix_of(w);
	uint64_t at = (worker_random(w) >> 32) * m->below[w->parts_n - 1] >> 32;
	unsigned int i = 0;

	while (at >= m->below[i])
		i++;
	return i;
}

static enum launched
launch(struct worker *p, uint64_t due, uint64_t now)
{
	enum launched how = p->engine->launch(p, due, now);

	if (how != LAUNCHED)
		return how;
	p->outstanding++;
	p->ledger.launched++;
	if (p->open_loop)
		worker_lag(p, due, now);
	return how;
}

/* Return: was one launched, or shed? */
static bool
launch_first(struct worker *w, unsigned int i, uint64_t now)
{
	struct mix *m = mix_of(w);
	struct worker *p = &w->parts[i];
	struct line *l = &m->lines[i];
	enum launched how = launch(p, l->due[l->head], now);

	if (how == LAUNCH_BUSY)
		return false;
	if (how == LAUNCH_SHED)
		worker_shed(p);
	l->head = (l->head + 1) % WAITING;
	l->n--;
	m->waiting--;
	return true;
}

/* Return: how many went. */
static unsigned int
launch_waiting(struct worker *w, uint64_t now)
{
	const struct mix *m = mix_of(w);
	unsigned int n = 0, before;

	for (unsigned int i = 0; i < w->parts_n; i++) {
		before = n;
		while (m->lines[i].n > 0 && n - before < LAUNCH_BURST && launch_first(w, i, now))
			n++;
	}
	return n;
}

/* Behind those that wait already. LAUNCH_SHED: there is no place. */
static enum launched
enqueue(struct worker *w, unsigned int i, uint64_t due)
{
	struct mix *m = mix_of(w);
	struct line *l = &m->lines[i];

	if (l->n == WAITING)
		return LAUNCH_SHED;
	l->due[(l->head + l->n++) % WAITING] = due;
	m->waiting++;
	return LAUNCH_BUSY;
}

/* One more of this part. */
static enum launched
begin(struct worker *w, unsigned int i, uint64_t due, uint64_t now)
{
	const struct line *l = &mix_of(w)->lines[i];
	struct worker *p = &w->parts[i];
	enum launched how = LAUNCH_BUSY;

	if (w->open_loop && p->outstanding + l->n >= l->most)
		how = LAUNCH_SHED;
	else if (l->n == 0)
		how = launch(p, due, now);
	if (how == LAUNCH_BUSY)
		how = enqueue(w, i, due);
	if (how == LAUNCH_SHED)
		worker_shed(p);
	else
		w->left--;
	return how;
}

static unsigned int
launch_open(struct worker *w, uint64_t now)
{
	unsigned int n = 0;

	while (n < LAUNCH_BURST && w->left > 0 && w->schedule.next_ns <= now) {
		begin(w, draw(w), w->schedule.next_ns, now);
		schedule_next(&w->schedule);
		n++;
	}
	return n;
}

static bool
has_place(const struct worker *w)
{
	const struct mix *m = mix_of(w);

	return w->left > 0 && m->waiting < WAITING && under_way(w) + m->waiting < m->most;
}

static unsigned int
launch_closed(struct worker *w, uint64_t now)
{
	unsigned int n = 0;

	while (n < LAUNCH_BURST && has_place(w)) {
		begin(w, draw(w), now, now);
		n++;
	}
	return n;
}

static bool
launch_all(struct worker *w, uint64_t now)
{
	unsigned int n = launch_waiting(w, now);

	mix_of(w)->tried_ns = now;
	n += w->open_loop ? launch_open(w, now) : launch_closed(w, now);
	return n > 0;
}

/* In every turn ------------------------------------------------------------------------------ */

static bool
mix_poll(struct worker *w, uint64_t now)
{
	bool did = false;

	tell_state(w);
	if (w->state == WORKER_RUNNING)
		did = launch_all(w, now);
	for (unsigned int i = 0; i < w->parts_n; i++) {
		struct worker *p = &w->parts[i];

		if (p->engine->poll != NULL && p->engine->poll(p, now))
			did = true;
	}
	add_up(w);
	return did;
}

static uint64_t
mix_next(const struct worker *w)
{
	const struct mix *m = mix_of(w);
	uint64_t next = UINT64_MAX;

	if (w->state == WORKER_RUNNING && !w->open_loop && has_place(w))
		return 0;
	if (m->waiting > 0)
		next = m->tried_ns + AGAIN_NS;
	for (unsigned int i = 0; i < w->parts_n; i++) {
		const struct worker *p = &w->parts[i];

		if (p->engine->next != NULL)
			next = RTE_MIN(next, p->engine->next(p));
	}
	return next;
}

static uint16_t
mix_rx(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	for (unsigned int i = 0; i < w->parts_n && n > 0; i++) {
		struct worker *p = &w->parts[i];

		if (p->engine->rx != NULL)
			n = p->engine->rx(p, pkts, n, now);
	}
	return n;
}

/* The end ------------------------------------------------------------------------------------ */

/* Who waits still was due, and is not begun any more. */
static void
shed_waiting(struct worker *w)
{
	struct mix *m = mix_of(w);

	for (unsigned int i = 0; i < w->parts_n; i++)
		for (; m->lines[i].n > 0; m->lines[i].n--)
			worker_shed(&w->parts[i]);
	m->waiting = 0;
}

static void
mix_stop(struct worker *w, uint64_t now)
{
	shed_waiting(w);
	for (unsigned int i = 0; i < w->parts_n; i++)
		if (w->parts[i].engine->stop != NULL)
			w->parts[i].engine->stop(&w->parts[i], now);
	add_up(w);
}

static bool
mix_done(const struct worker *w)
{
	if (mix_of(w)->waiting > 0)
		return false;
	for (unsigned int i = 0; i < w->parts_n; i++) {
		const struct worker *p = &w->parts[i];

		if (p->engine->done != NULL ? !p->engine->done(p) : p->outstanding > 0)
			return false;
	}
	return true;
}

static void
mix_end(struct worker *w, uint64_t now)
{
	for (unsigned int i = 0; i < w->parts_n; i++) {
		struct worker *p = &w->parts[i];

		if (p->engine->end != NULL)
			p->engine->end(p, now);
		p->ledger.inflight = p->outstanding;
		p->state = WORKER_IDLE;
	}
	add_up(w);
}

const struct engine engine_mix = {
	.name = "mix",
	.steered = true,
	.bytes = mix_bytes,
	.configure = mix_configure,
	.init = mix_init,
	.start = mix_start,
	.ready = mix_ready,
	.poll = mix_poll,
	.next = mix_next,
	.rx = mix_rx,
	.stop = mix_stop,
	.done = mix_done,
	.end = mix_end,
	.fini = mix_fini,
};
