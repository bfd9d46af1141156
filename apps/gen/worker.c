/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/worker.h"

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "gen/layout.h"

enum {
	LAUNCH_BURST = 64, /* in one turn: then what came in has its turn */
	TX_BURST = 64,	   /* offered to the port at once */
};

static const uint64_t LATE_NS = TERN_MS;
static const uint64_t ASK_EVERY_NS = 100 * TERN_MS;
static const uint16_t DISCARD_PORT = 9;

/* Memory ------------------------------------------------------------------------------------- */

static size_t
engine_bytes(const struct plan *plan, const struct engine *engine, unsigned int workers)
{
	return engine->bytes != NULL ? engine->bytes(plan, workers) : 0;
}

static size_t
steering_bytes(const struct engine *engine, unsigned int workers)
{
	return engine->steered && workers > 1 ? steer_bytes() : 0;
}

size_t
worker_bytes(const struct plan *plan, const struct engine *engine, unsigned int workers)
{
	size_t at = 0;

	place(&at, sizeof(struct worker));
	place(&at, 2 * sizeof(struct meter));
	place(&at, WORKER_QUEUE * sizeof(struct rte_mbuf *));
	place(&at, steering_bytes(engine, workers));
	place(&at, engine_bytes(plan, engine, workers));
	place(&at, plan->capture.file != NULL ? recorder_bytes(plan) : 0);
	return at;
}

struct worker *
worker_init(void *mem, const struct plan *plan, const struct engine *engine, unsigned int index,
	    unsigned int workers)
{
	size_t at = 0, steering = steering_bytes(engine, workers);
	uint8_t *base = mem, *steer;
	struct worker *w = mem;

	memset(w, 0, sizeof(*w));
	place(&at, sizeof(*w));
	w->meters = (struct meter *)(base + place(&at, 2 * sizeof(struct meter)));
	w->queue = (struct rte_mbuf **)(base + place(&at, WORKER_QUEUE * sizeof(*w->queue)));
	steer = base + place(&at, steering);
	w->mem = base + place(&at, engine_bytes(plan, engine, workers));
	if (plan->capture.file != NULL)
		w->recorder = recorder_init(base + at, plan);
	w->meter = &w->meters[0];
	w->plan = plan;
	w->engine = engine;
	w->index = index;
	w->workers = workers;
	w->addr = plan->options.addrs[0].addr;
	w->steer = steering > 0 ? steer_init(steer, w) : NULL;
	return w;
}

void
worker_join(struct worker *w, struct worker *const *workers)
{
	if (w->steer != NULL)
		steer_join(w->steer, workers);
}

/* The port ----------------------------------------------------------------------------------- */

static void
count_packets(struct worker *w, enum counter pkts, struct rte_mbuf **mbufs, uint16_t n)
{
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++)
		bytes += mbufs[i]->pkt_len;
	w->meter->count[pkts] += n;
	w->meter->count[pkts + 1] += bytes;
}

static uint16_t
front_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct worker *w = (struct worker *)port;
	uint16_t got = w->port->rx(w->port, pkts, n), left = got;

	if (got == 0)
		return 0;
	w->did = true;
	count_packets(w, COUNT_rx_pkts, pkts, got);
	w->ledger.received += got;
	if (w->engine->rx != NULL && w->state != WORKER_IDLE)
		left = w->engine->rx(w, pkts, got, w->clock(w->clock_data));
	w->ledger.taken += (uint64_t)got - left;
	w->ledger.passed += left;
	return left;
}

/* Bytes are counted before the packets go: the port may have freed them when tx() returns. */
static uint16_t
port_tx(struct worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t bytes = 0;
	uint16_t sent;

	for (uint16_t i = 0; i < n; i++)
		bytes += pkts[i]->pkt_len;
	sent = w->port->tx(w->port, pkts, n);
	for (uint16_t i = sent; i < n; i++)
		bytes -= pkts[i]->pkt_len;
	w->meter->count[COUNT_tx_pkts] += sent;
	w->meter->count[COUNT_tx_bytes] += bytes;
	w->ledger.sent += sent;
	w->did |= sent > 0;
	return sent;
}

/* What the stack sends: what is not taken it keeps, and offers again. */
static uint16_t
front_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct worker *w = (struct worker *)port;
	uint16_t sent = 0, some, took;

	while (sent < n) {
		some = RTE_MIN((uint16_t)(n - sent), (uint16_t)TX_BURST);
		took = port_tx(w, pkts + sent, some);
		sent = (uint16_t)(sent + took);
		if (took < some)
			break;
	}
	w->ledger.made += sent;
	w->meter->count[COUNT_tx_full] += (uint64_t)n - sent;
	return sent;
}

struct tern_port *
worker_port(struct worker *w, struct tern_port *behind)
{
	if (w->steer != NULL)
		behind = steer_port(w->steer, behind);
	if (w->recorder != NULL)
		behind = recorder_port(w->recorder, behind, w->clock, w->clock_data);
	w->port = behind;
	w->front = *behind;
	w->front.rx = front_rx;
	w->front.tx = front_tx;
	return &w->front;
}

/* A packet is counted once, however often it is refused. */
static void
note_refused(struct worker *w, uint16_t n)
{
	if (n <= w->refused)
		return;
	w->meter->count[COUNT_tx_full] += (uint64_t)n - w->refused;
	w->refused = n;
}

/* Return: did the port take all that it was offered? */
static bool
offer(struct worker *w)
{
	uint16_t head = w->queue_head % WORKER_QUEUE;
	uint16_t some = RTE_MIN(w->queue_n, (uint16_t)TX_BURST), took;

	some = RTE_MIN(some, (uint16_t)(WORKER_QUEUE - head));
	took = port_tx(w, w->queue + head, some);
	w->queue_head = (uint16_t)((head + took) % WORKER_QUEUE);
	w->queue_n = (uint16_t)(w->queue_n - took);
	w->refused = (uint16_t)(w->refused > took ? w->refused - took : 0);
	note_refused(w, (uint16_t)(some - took));
	return took == some;
}

static void
flush(struct worker *w)
{
	while (w->queue_n > 0 && offer(w))
		;
}

static void
enqueue(struct worker *w, struct rte_mbuf *m)
{
	w->ledger.made++;
	if (w->queue_n == WORKER_QUEUE) {
		rte_pktmbuf_free(m);
		w->ledger.dropped++;
		worker_count(w, COUNT_tx_dropped);
		return;
	}
	w->queue[(w->queue_head + w->queue_n) % WORKER_QUEUE] = m;
	w->queue_n++;
}

/* Whole bursts go at once if nothing waits. Return: how many the port took. */
static uint16_t
send_now(struct worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t done = 0, took;

	while (w->queue_n == 0 && n - done >= TX_BURST) {
		took = port_tx(w, pkts + done, TX_BURST);
		w->ledger.made += took;
		done = (uint16_t)(done + took);
		if (took < TX_BURST) { /* they are the first in the queue now */
			note_refused(w, (uint16_t)(TX_BURST - took));
			break;
		}
	}
	return done;
}

void
worker_send(struct worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	if (w->whole != NULL)
		w = w->whole;
	for (uint16_t i = send_now(w, pkts, n); i < n; i++)
		enqueue(w, pkts[i]);
	if (w->queue_n >= TX_BURST)
		offer(w);
}

/* The next hop ------------------------------------------------------------------------------- */

/* Who gets the frames: the target if it is on the link, else the gateway. */
static struct tern_addr
next_hop(const struct plan *plan)
{
	const struct options *o = &plan->options;

	for (unsigned int i = 0; i < o->addrs_n; i++)
		if (tern_addr_in(plan->target, o->addrs[i].addr, o->addrs[i].prefix))
			return plan->target;
	return o->gateway;
}

/* An engine that replays or floods a port behind which nobody answers needs no next hop. */
static bool
resolve(struct worker *w, uint64_t now)
{
	if (tern_addr_is_any(w->plan->target) ||
	    tern_arp_get(tern_arp(w->stack), next_hop(w->plan), &w->peer_mac) == 0)
		return true;
	if (w->lost_ns == 0 || now >= w->asked_ns + ASK_EVERY_NS) {
		/* A datagram to whom nobody listens has the stack ask. */
		tern_udp_send(tern_udp(w->stack), w->addr, rte_cpu_to_be_16(DISCARD_PORT),
			      w->plan->target, rte_cpu_to_be_16(DISCARD_PORT), "", 0);
		w->asked_ns = now;
	}
	if (w->lost_ns == 0)
		w->lost_ns = now;
	if (now - w->lost_ns > WORKER_PATIENCE_NS)
		w->state = WORKER_LOST;
	return false;
}

/* The trial ---------------------------------------------------------------------------------- */

int
worker_attach(struct worker *w, struct tern_stack *stack)
{
	w->stack = stack;
	if (w->plan->has_next_hop)
		tern_arp_set(tern_arp(stack), next_hop(w->plan), &w->plan->next_hop);
	return w->engine->init != NULL ? w->engine->init(w) : 0;
}

void
worker_detach(struct worker *w)
{
	if (w->engine->fini != NULL)
		w->engine->fini(w);
}

/* A share of a number for this worker: the first ones have what is left over. */
static uint64_t
share_of(const struct worker *w, uint64_t all)
{
	return all / w->workers + (w->index < all % w->workers);
}

static uint32_t
most_outstanding(const struct worker *w)
{
	const struct plan *plan = w->plan;
	uint64_t all = plan->connections;

	if (w->open_loop)
		all = plan->max_outstanding;
	else if (plan->mode == MODE_RR)
		all *= plan->depth;
	return (uint32_t)share_of(w, all);
}

static void
begin(struct worker *w)
{
	const struct trial *t = w->trial;

	w->plan = t->plan;
	w->open_loop = t->open_loop;
	w->most = most_outstanding(w);
	w->left = t->count > 0 ? share_of(w, t->count) : UINT64_MAX;
	w->random = (t->seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + w->index + 1;
	w->outstanding = 0;
	w->last_delay_ns = 0;
	w->lost_ns = 0;
	memset(&w->ledger, 0, sizeof(w->ledger));
	if (w->steer != NULL)
		steer_begin(w->steer);
	if (w->recorder != NULL)
		recorder_begin(w->recorder);
	w->state = WORKER_RESOLVING;
}

static void
run(struct worker *w, uint64_t begin_ns)
{
	w->began_ns = begin_ns;
	if (w->open_loop)
		schedule_start(&w->schedule, &w->trial->profile, w->index, w->workers,
			       w->trial->seed, w->began_ns);
	w->state = WORKER_RUNNING;
}

static void
open_up(struct worker *w, uint64_t now)
{
	if (w->state == WORKER_RESOLVING) {
		if (!resolve(w, now))
			return;
		if (w->engine->start != NULL)
			w->engine->start(w, now);
		w->state = WORKER_OPENING;
	}
	if (w->engine->ready != NULL && !w->engine->ready(w, now))
		return;
	if (w->trial->together)
		w->state = WORKER_READY;
	else
		run(w, now);
}

void
worker_lag(struct worker *w, uint64_t intended, uint64_t now)
{
	worker_time(w, TIME_lag, intended, now);
	if (now - intended > LATE_NS)
		worker_count(w, COUNT_late);
}

static enum launched
launch_one(struct worker *w, uint64_t intended, uint64_t now)
{
	enum launched how = w->engine->launch(w, intended, now);

	if (how == LAUNCHED) {
		w->outstanding++;
		w->left--;
		w->ledger.launched++;
		w->did = true;
	}
	return how;
}

void
worker_shed(struct worker *w)
{
	worker_count(w, COUNT_shed);
	w->ledger.shed++;
}

static void
launch_open(struct worker *w, uint64_t now)
{
	enum launched how;

	for (unsigned int i = 0; i < LAUNCH_BURST && w->left > 0; i++) {
		uint64_t due = w->schedule.next_ns;

		if (due > now)
			return;
		how = w->outstanding < w->most ? launch_one(w, due, now) : LAUNCH_SHED;
		if (how == LAUNCH_BUSY)
			return;
		if (how == LAUNCHED)
			worker_lag(w, due, now);
		else
			worker_shed(w);
		schedule_next(&w->schedule);
	}
}

static void
launch_closed(struct worker *w, uint64_t now)
{
	for (unsigned int i = 0; i < LAUNCH_BURST; i++)
		if (w->outstanding >= w->most || w->left == 0 ||
		    launch_one(w, now, now) != LAUNCHED)
			return;
}

static bool
is_done(const struct worker *w)
{
	return w->engine->done != NULL ? w->engine->done(w) : w->outstanding == 0;
}

/* Orders --------------------------------------------------------------------------------------- */

static void
give_up(struct worker *w, uint64_t now)
{
	if (w->engine->end != NULL)
		w->engine->end(w, now);
	if (w->recorder != NULL)
		recorder_end(w->recorder);
	w->ledger.inflight = w->outstanding;
	w->state = WORKER_IDLE;
}

static void
obey(struct worker *w, uint64_t now)
{
	uint32_t order = __atomic_load_n(&w->order, __ATOMIC_ACQUIRE);

	if (order == w->obeyed)
		return;
	switch (order % WORKER_ORDERS) {
	case WORKER_BEGIN:
		begin(w);
		break;
	case WORKER_GO:
		if (w->state == WORKER_READY)
			run(w, w->trial->start_ns);
		break;
	case WORKER_STOP:
		if (w->state >= WORKER_OPENING) {
			if (w->engine->stop != NULL)
				w->engine->stop(w, now);
			w->state = WORKER_DRAINING;
		}
		break;
	case WORKER_END:
		give_up(w, now);
		break;
	default:
		break;
	}
	__atomic_store_n(&w->obeyed, order, __ATOMIC_RELEASE);
}

/* All workers have ended the trial when this is asked for behind its end: see trial.c. */
static void
tell_ledger(struct worker *w)
{
	if (w->steer != NULL && w->state == WORKER_IDLE)
		steer_end(w->steer);
	w->told = w->ledger;
	if (w->steer != NULL)
		steer_tell(w->steer, &w->told);
}

/* The interval is over: who reports reads the one, and this goes on with the other. */
static void
hand_over(struct worker *w)
{
	uint32_t wanted = __atomic_load_n(&w->wanted, __ATOMIC_ACQUIRE);

	if (wanted == w->given)
		return;
	tell_ledger(w);
	w->meter = &w->meters[wanted % 2];
	for (unsigned int i = 0; i < w->parts_n; i++)
		w->parts[i].meter = &w->parts[i].meters[wanted % 2];
	__atomic_store_n(&w->given, wanted, __ATOMIC_RELEASE);
}

static void
count_cycles(struct worker *w)
{
	uint64_t now = rte_rdtsc(), spent = w->cycles > 0 ? now - w->cycles : 0;

	w->cycles = now;
	if (w->did)
		w->meter->busy_cycles += spent;
	else
		w->meter->idle_cycles += spent;
}

bool
worker_poll(struct worker *w, uint64_t now)
{
	bool did;

	hand_over(w);
	obey(w, now);
	if (w->state == WORKER_RESOLVING || w->state == WORKER_OPENING)
		open_up(w, now);
	if (w->state == WORKER_RUNNING && w->engine->launch != NULL) {
		if (w->open_loop)
			launch_open(w, now);
		else
			launch_closed(w, now);
	}
	if (w->engine->poll != NULL && w->state >= WORKER_OPENING)
		w->did |= w->engine->poll(w, now);
	flush(w);
	if (w->recorder != NULL)
		recorder_poll(w->recorder, now);
	did = w->did;
	if (w->count_cycles)
		count_cycles(w);
	w->did = false;
	return did;
}

bool
worker_is_done(const struct worker *w)
{
	switch (w->state) {
	case WORKER_IDLE:
	case WORKER_LOST:
		return true;
	case WORKER_RUNNING:
		return w->left == 0 && is_done(w);
	case WORKER_DRAINING:
		return is_done(w) && w->queue_n == 0;
	default:
		return false;
	}
}

uint64_t
worker_next(const struct worker *w)
{
	uint64_t next = UINT64_MAX;

	if (w->order != w->obeyed || w->wanted != w->given || w->queue_n > 0)
		return 0;
	if (w->state == WORKER_RESOLVING)
		next = w->asked_ns + ASK_EVERY_NS;
	if (w->state == WORKER_RUNNING && !w->open_loop && w->engine->launch != NULL &&
	    w->outstanding < w->most && w->left > 0)
		return 0;
	if (w->state == WORKER_RUNNING && w->open_loop && w->left > 0)
		next = w->schedule.next_ns;
	if (w->engine->next != NULL)
		next = RTE_MIN(next, w->engine->next(w));
	return next;
}
