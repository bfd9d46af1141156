/* SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>
#include <time.h>

#include "run.h"

static const uint64_t IDLE_AFTER_NS = TERN_MS / 10; /* of polling in vain, an lcore may sleep */
static const uint64_t LOOK_EVERY_NS = 5 * TERN_MS;  /* whether the connections have closed */
static const uint64_t CLOSE_NS = 700 * TERN_MS;	    /* for FINs to be answered */
static const uint64_t RESET_NS = 1000 * TERN_MS;    /* for all resets */
static const uint64_t BATCH_NS = 2 * TERN_MS;	    /* for a batch of resets to leave */
static const uint64_t LEAVE_NS = 20 * TERN_MS;	    /* for the last segments to leave */

enum { BATCH = 256 }; /* resets at once: half of what may wait for a port by default */

/* Running ------------------------------------------------------------------------------------ */

static struct run_lcore *
this_lcore(void)
{
	struct run_lcore *lcore = run_process.lcores;

	while (lcore->id != rte_lcore_id())
		lcore++;
	return lcore;
}

static void
tick(struct run_lcore *lcore, uint64_t now)
{
	const struct tern_run_config *config = &run_process.config;

	lcore->tick_ns = now + config->tick_ns;
	if (config->on_tick != NULL)
		config->on_tick(lcore->stack, config->data, now);
	__atomic_store_n(&lcore->sample.connections, tern_tcp_connections(tern_tcp(lcore->stack)),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&lcore->sample.mbufs, tern_stack_mbufs(lcore->stack), __ATOMIC_RELAXED);
}

/* Until something is due. Ports that send a signal with a packet, as net_tap does, end it. */
static void
doze(const struct run_lcore *lcore, uint64_t now)
{
	uint64_t until = RTE_MIN(tern_next_deadline(lcore->stack), lcore->tick_ns);
	struct timespec rest = { 0 };
	uint64_t ns;

	until = RTE_MIN(until, tern_faults_next(&lcore->faults));
	if (until <= now)
		return;
	ns = RTE_MIN(until - now, run_process.config.idle_ns);
	rest.tv_sec = (time_t)(ns / TERN_S);
	rest.tv_nsec = (long)(ns % TERN_S);
	nanosleep(&rest, NULL);
}

static void
serve(struct run_lcore *lcore)
{
	const struct tern_run_config *config = &run_process.config;
	uint64_t now = run_clock_ns(&lcore->clock), busy = now;
	bool work;

	while (!run_stopping()) {
		now = run_clock_ns(&lcore->clock);
		run_hear(lcore, now);
		work = tern_poll(lcore->stack, now) > 0;
		if (config->on_poll != NULL)
			work |= config->on_poll(lcore->stack, config->data, now);
		if (work)
			busy = now;
		else if (config->idle_ns > 0 && now - busy > IDLE_AFTER_NS)
			doze(lcore, now);
		if (now >= lcore->tick_ns)
			tick(lcore, now);
	}
}

/* Ending ------------------------------------------------------------------------------------- */

static void
close_one(struct tern_conn *conn, void *data)
{
	(void)data;
	tern_tcp_close(conn);
}

/* Resets do not wait for room towards the port, as other segments do: some at a time. */
struct batch {
	struct run_lcore *lcore;
	unsigned int left;
};

static void
abort_one(struct tern_conn *conn, void *data)
{
	struct batch *b = data;

	if (b->left == 0)
		return;
	b->left--;
	b->lcore->cut_off++;
	tern_tcp_abort(conn);
}

/* Connections that somebody has: not those that are over for their user, nor mere attempts. */
static uint32_t
connections(const struct run_lcore *lcore)
{
	const struct tern_tcp *tcp = tern_tcp(lcore->stack);

	return tern_tcp_connections(tcp) - tern_tcp_in_state(tcp, TERN_TIME_WAIT) -
	       tern_tcp_in_state(tcp, TERN_SYN_RECEIVED);
}

/* Poll for so long, or until all is closed. */
static void
poll_on(struct run_lcore *lcore, uint64_t ns, bool until_closed)
{
	uint64_t now = run_clock_ns(&lcore->clock), end = now + ns, look = now;

	while (now < end) {
		run_hear(lcore, now);
		tern_poll(lcore->stack, now);
		if (until_closed && now >= look) {
			if (connections(lcore) == 0)
				return;
			look = now + LOOK_EVERY_NS;
		}
		now = run_clock_ns(&lcore->clock);
	}
}

/* Each walk looks at all slots: with very many connections the last of them go without a word. */
static void
abort_all(struct run_lcore *lcore)
{
	uint64_t end = run_clock_ns(&lcore->clock) + RESET_NS;
	struct batch b;

	do {
		b = (struct batch){ .lcore = lcore, .left = BATCH };
		if (run_clock_ns(&lcore->clock) > end)
			b.left = UINT_MAX;
		tern_tcp_each(tern_tcp(lcore->stack), abort_one, &b);
		poll_on(lcore, BATCH_NS, false);
	} while (b.left == 0);
}

/* Part with the peers: a FIN for each, then, for those who take no notice, a reset. */
static void
part(struct run_lcore *lcore)
{
	struct tern_tcp *tcp = tern_tcp(lcore->stack);

	if (run_process.config.on_stop != NULL)
		run_process.config.on_stop(lcore->stack, run_process.config.data);
	tern_tcp_each(tcp, close_one, NULL);
	poll_on(lcore, CLOSE_NS + run_faults_ns(), true);
	abort_all(lcore);
	poll_on(lcore, LEAVE_NS + run_faults_ns(), false);
	lcore->time_wait = tern_tcp_in_state(tcp, TERN_TIME_WAIT);
	lcore->left = connections(lcore);
}

int
run_loop(void *unused)
{
	struct run_lcore *lcore = this_lcore();

	(void)unused;
	__atomic_store_n(&lcore->tid, rte_gettid(), __ATOMIC_RELAXED);
	serve(lcore);
	part(lcore);
	return 0;
}
