/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The live line is printed by a thread of its own: printing from a polling lcore would hold up
 * packets for as long as a terminal takes.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <unistd.h>

#include "run.h"

/* All lcores together. */
struct view {
	uint64_t at_ns; /* since the start */
	uint64_t rx, rx_bytes, tx, tx_bytes, accepts, drops;
	uint64_t connections, mbufs;
	/* Of the lcore that is hindered most: ran, and was ready to run but did not, ns. */
	uint64_t ran_ns[RTE_MAX_LCORE], waited_ns[RTE_MAX_LCORE];
};

static const double DISTURBED = 0.02; /* of an lcore's time, spent waiting for its processor */

static pthread_t thread;
static bool ending;

static uint64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * TERN_S + (uint64_t)t.tv_nsec;
}

/*
 * Of a thread: time on the processor, and time ready for it [ns]; 0, 0 before it runs. By plain
 * system calls, since a FILE would be allocated, and nothing is while packets flow.
 */
static void
read_schedstat(int tid, uint64_t *ran, uint64_t *waited)
{
	char path[64], text[128], *rest;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	*ran = strtoull(text, &rest, 10);
	*waited = strtoull(rest, NULL, 10);
}

void
tern_run_schedstat(unsigned int index, uint64_t *ran, uint64_t *waited)
{
	int tid = __atomic_load_n(&run_process.lcores[index].tid, __ATOMIC_RELAXED);

	*ran = *waited = 0;
	if (tid != 0)
		read_schedstat(tid, ran, waited);
}

static void
look(struct view *v, uint64_t start)
{
	memset(v, 0, sizeof(*v));
	v->at_ns = clock_ns() - start;
	for (unsigned int i = 0; i < run_process.n; i++) {
		const struct run_lcore *lcore = &run_process.lcores[i];
		const struct tern_stats *s = tern_stats(lcore->stack);

		v->rx += s->event[TERN_EV_RX_PACKETS];
		v->rx_bytes += s->event[TERN_EV_RX_BYTES];
		v->tx += s->event[TERN_EV_TX_PACKETS];
		v->tx_bytes += s->event[TERN_EV_TX_BYTES];
		v->accepts += s->event[TERN_EV_TCP_PASSIVE_OPENS];
		v->drops += s->event[TERN_EV_TX_DROPPED];
		for (unsigned int d = TERN_DONE + 1; d < TERN_VERDICTS; d++)
			v->drops += s->verdict[d];
		v->connections += __atomic_load_n(&lcore->sample.connections, __ATOMIC_RELAXED);
		v->mbufs += __atomic_load_n(&lcore->sample.mbufs, __ATOMIC_RELAXED);
		tern_run_schedstat(i, &v->ran_ns[i], &v->waited_ns[i]);
	}
}

/* The largest share of its time that an lcore waited for its processor. */
static double
worst_delay(const struct view *a, const struct view *b)
{
	double worst = 0;

	for (unsigned int i = 0; i < run_process.n; i++) {
		double waited = (double)(b->waited_ns[i] - a->waited_ns[i]);
		double ran = (double)(b->ran_ns[i] - a->ran_ns[i]);

		if (waited + ran > 0 && waited / (waited + ran) > worst)
			worst = waited / (waited + ran);
	}
	return worst;
}

static double
gbits(uint64_t bytes, double s)
{
	return (double)bytes * 8 / 1e9 / s;
}

static void
print_line(const struct view *a, const struct view *b)
{
	double s = (double)(b->at_ns - a->at_ns) / 1e9, delay = worst_delay(a, b);

	printf("%7.1f s  rx %6.3f Mpps %6.3f Gb/s  tx %6.3f Mpps %6.3f Gb/s  conns %" PRIu64
	       "  accepts %.0f/s  drops %.0f/s  held %" PRIu64 " mbufs  delay %.1f %%%s\n",
	       (double)b->at_ns / 1e9, (double)(b->rx - a->rx) / 1e6 / s,
	       gbits(b->rx_bytes - a->rx_bytes, s), (double)(b->tx - a->tx) / 1e6 / s,
	       gbits(b->tx_bytes - a->tx_bytes, s), b->connections,
	       (double)(b->accepts - a->accepts) / s, (double)(b->drops - a->drops) / s, b->mbufs,
	       delay * 100, delay > DISTURBED ? "  DISTURBED" : "");
	fflush(stdout);
}

/* Return: false: it is over. */
static bool
sleep_until(uint64_t ns)
{
	const struct timespec slice = { .tv_nsec = 20 * TERN_MS };

	while (clock_ns() < ns && !__atomic_load_n(&ending, __ATOMIC_RELAXED))
		nanosleep(&slice, NULL);
	return !__atomic_load_n(&ending, __ATOMIC_RELAXED);
}

static void *
live(void *unused)
{
	static struct view views[2];
	uint64_t start = clock_ns(), next = start;
	unsigned int now = 0;

	look(&views[now], start);
	while (sleep_until(next += run_process.config.stats_ns)) {
		now = !now;
		look(&views[now], start);
		print_line(&views[!now], &views[now]);
	}
	return unused;
}

int
run_live_start(void)
{
	ending = false;
	if (rte_ctrl_thread_create(&thread, "tern-live", NULL, live, NULL) != 0)
		return run_complain("no thread for the live line");
	return 0;
}

void
run_live_stop(void)
{
	__atomic_store_n(&ending, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}
