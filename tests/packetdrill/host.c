/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "pool.h"

/* The clock begins here: not at zero, where a sum of differences may be right by chance. */
#define EPOCH_NS (1000000000 * TERN_S)

/* Time by itself, each time that it is asked for. */
#define TICK_NS 1000

void
host_lock(struct host *h)
{
	pthread_mutex_lock(&h->lock);
}

void
host_unlock(struct host *h)
{
	pthread_mutex_unlock(&h->lock);
}

uint64_t
host_next(const struct host *h)
{
	uint64_t next = tern_next_deadline(h->stack);

	for (int i = 0; i < HOST_SLEEPERS; i++) {
		if (h->sleepers[i].stage == SLEEPER_WAITS && h->sleepers[i].until_ns < next)
			next = h->sleepers[i].until_ns;
	}
	return next;
}

void
host_settle(struct host *h)
{
	/* What it sends may be answered at once: ARP. */
	do
		tern_poll(h->stack, h->now_ns);
	while (h->wire.in_tail != h->wire.in_head);
}

/* Until a woken thread has taken note of the time; it may be killed, so not for ever. */
static void
await_settled(struct host *h, const struct sleeper *s)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 2;
	while (s->stage == SLEEPER_WOKEN) {
		if (pthread_cond_timedwait(&h->settled, &h->lock, &limit) == ETIMEDOUT)
			return;
	}
}

static void
wake_ready(struct host *h)
{
	for (int i = 0; i < HOST_SLEEPERS; i++) {
		struct sleeper *s = &h->sleepers[i];

		if (s->stage != SLEEPER_WAITS || (h->now_ns < s->until_ns && !s->ready(s->what)))
			continue;
		s->stage = SLEEPER_WOKEN;
		pthread_cond_signal(&s->woken);
		await_settled(h, s);
	}
}

void
host_advance(struct host *h, uint64_t until_ns)
{
	uint64_t at;

	host_settle(h);
	wake_ready(h);
	while ((at = host_next(h)) <= until_ns) {
		/* A deadline that does not move must not hold up time. */
		h->now_ns = at > h->now_ns ? at : h->now_ns + TERN_TICK_NS;
		host_settle(h);
		wake_ready(h);
	}
	if (h->now_ns < until_ns)
		h->now_ns = until_ns;
}

/* packetdrill's own thread: nobody else would move time. */
static bool
wait_moving(struct host *h, host_ready *ready, const void *what, uint64_t until_ns)
{
	uint64_t most = h->now_ns + HOST_PATIENCE_NS, at;

	while (!ready(what)) {
		at = host_next(h);
		if (at >= until_ns || at > most)
			break;
		host_advance(h, at);
	}
	if (!ready(what) && until_ns <= most)
		host_advance(h, until_ns);
	return ready(what);
}

static struct sleeper *
find_sleeper(struct host *h, bool or_free)
{
	struct sleeper *free_one = NULL;

	for (int i = 0; i < HOST_SLEEPERS; i++) {
		struct sleeper *s = &h->sleepers[i];

		if (s->stage == SLEEPER_NONE)
			free_one = s;
		else if (pthread_equal(s->thread, pthread_self()))
			return s;
	}
	return or_free ? free_one : NULL;
}

static bool
wait_asleep(struct host *h, host_ready *ready, const void *what, uint64_t until_ns)
{
	struct sleeper *s = find_sleeper(h, true);

	if (s == NULL)
		return false;
	s->thread = pthread_self();
	s->ready = ready;
	s->what = what;
	s->until_ns = until_ns;
	s->stage = SLEEPER_WAITS;
	pthread_cond_broadcast(&h->settled);
	while (s->stage == SLEEPER_WAITS)
		pthread_cond_wait(&s->woken, &h->lock);
	return ready(what);
}

bool
host_wait(struct host *h, host_ready *ready, const void *what, uint64_t timeout_ns)
{
	uint64_t until = timeout_ns == HOST_EVER ? HOST_EVER : h->now_ns + timeout_ns;

	host_settle(h);
	if (ready(what) || timeout_ns == 0)
		return ready(what);
	if (pthread_equal(pthread_self(), h->main) != 0)
		return wait_moving(h, ready, what, until);
	return wait_asleep(h, ready, what, until);
}

uint64_t
host_time(struct host *h)
{
	struct sleeper *s = find_sleeper(h, false);

	if (s != NULL && s->stage == SLEEPER_WOKEN) {
		s->stage = SLEEPER_NONE;
		pthread_cond_broadcast(&h->settled);
	} else {
		host_advance(h, h->now_ns + TICK_NS);
	}
	return h->now_ns;
}

/* The default route, or the one to the peer alone. */
static void
add_route(struct host *h)
{
	const struct flags *f = &h->flags;
	bool all = tern_addr_is_any(f->peer);
	struct tern_addr net = all ? tern_addr_v4(0) : f->peer;

	if (!all && tern_addr_in(f->peer, f->ip, f->prefix))
		return;
	if (tern_ip_add_route(tern_ip(h->stack), net, all ? 96 : 128, f->gw) < 0) {
		fprintf(stderr, "tern_packetdrill: no route by that gateway\n");
		exit(2);
	}
}

static void
add_address(struct host *h)
{
	if (tern_ip_add_addr(tern_ip(h->stack), h->flags.ip, h->flags.prefix) < 0) {
		fprintf(stderr, "tern_packetdrill: ip= is no address that a host may have\n");
		exit(2);
	}
}

/* Scripts send to us what is longer than the MTU, as if the port had joined it. */
static struct rte_mempool *
make_pool(const struct host *h)
{
	struct rte_mempool *pool = pool_make(h->flags.config.mbufs, HOST_LONGEST);

	if (pool == NULL) {
		fprintf(stderr, "tern_packetdrill: no memory for %u mbufs\n",
			h->flags.config.mbufs);
		exit(1);
	}
	return pool;
}

void
host_init(struct host *h, const char *flags)
{
	flags_read(&h->flags, flags);
	h->now_ns = EPOCH_NS;
	h->main = pthread_self();
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->settled, NULL);
	for (int i = 0; i < HOST_SLEEPERS; i++)
		pthread_cond_init(&h->sleepers[i].woken, NULL);
	wire_init(&h->wire, make_pool(h), h->flags.mtu, &h->now_ns);
	h->mem = aligned_alloc(64, RTE_ALIGN(tern_stack_bytes(&h->flags.config), 64));
	if (h->mem != NULL)
		h->stack = tern_stack_init(h->mem, &h->flags.config, &h->wire.port, h->now_ns);
	if (h->stack == NULL) {
		fprintf(stderr, "tern_packetdrill: no memory for a stack\n");
		exit(1);
	}
	add_address(h);
	add_route(h);
	host_settle(h);
}

void
host_fini(struct host *h)
{
	unsigned int missing;

	tern_stack_fini(h->stack);
	wire_fini(&h->wire);
	free(h->mem);
	missing = rte_mempool_in_use_count(h->wire.port.pool);
	if (missing > 0) {
		fprintf(stderr, "tern_packetdrill: %u mbufs have not come back\n", missing);
		_exit(1);
	}
	pool_free(h->wire.port.pool);
}
