/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bench in real time: a worker on each lcore of tern_run(), and a thread beside them that does
 * the work of the bench, such as trials, and sleeps most of the time.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>

#include <tern_ethdev.h>
#include <tern_run.h>

#include "gen/addresses.h"
#include "gen/bench.h"
#include "gen/complain.h"
#include "gen/ports.h"

static const uint64_t LINK_NS = 3 * TERN_S; /* for a link to come up */

/* One EAL a process, one bench. */
static struct {
	struct bench bench;
	bench_work *work;
	void *data;
	int status;
} process;

/* Time --------------------------------------------------------------------------------------- */

static uint64_t
now_of(struct bench *bench)
{
	(void)bench;
	return tern_run_now();
}

static void
pass(struct bench *bench, uint64_t until_ns)
{
	uint64_t now = tern_run_now(), ns = until_ns > now ? until_ns - now : 0;
	const struct timespec rest = { .tv_sec = (time_t)(ns / TERN_S),
				       .tv_nsec = (long)(ns % TERN_S) };

	(void)bench;
	nanosleep(&rest, NULL);
}

static uint64_t
clock_of(void *data)
{
	(void)data;
	return tern_run_now();
}

static void
schedstat(struct bench *bench, unsigned int worker, uint64_t *ran, uint64_t *waited)
{
	(void)bench;
	tern_run_schedstat(worker, ran, waited);
}

static void
port_counts(struct bench *bench, struct ledger *ledger)
{
	struct rte_eth_stats stats;

	(void)bench;
	if (rte_eth_stats_get(tern_run_port(), &stats) != 0)
		return;
	ledger->rx_missed = stats.imissed;
	ledger->rx_errors = stats.ierrors;
	ledger->rx_no_mbuf = stats.rx_nombuf;
	ledger->tx_errors = stats.oerrors;
}

/* Building ----------------------------------------------------------------------------------- */

/*
 * A peer in TIME-WAIT takes a SYN from the same port only with higher numbers and timestamps than
 * it has seen (RFC 6191 §2), also from the process after the one that it knew. So until the next
 * boot the secret is the same one, which the kernel has drawn and nobody on the wire knows. If it
 * cannot be read, tern_init() draws one.
 */
static void
keep_secret(struct tern_config *config)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	unsigned int byte;

	if (file == NULL)
		return;
	for (size_t i = 0; i < sizeof(config->secret); i++)
		if (fscanf(file, "-%2x", &byte) == 1 || fscanf(file, "%2x", &byte) == 1)
			config->secret[i] = (uint8_t)byte;
	fclose(file);
}

static int
on_lcores(struct tern_config *config, unsigned int lcores, void *data)
{
	struct bench *bench = data;

	if (lcores > BENCH_WORKERS)
		return complain("%u lcores: at most %d", lcores, BENCH_WORKERS);
	bench->workers_n = lcores;
	config->addresses = RTE_MAX(config->addresses, addresses_n(bench->plan));
	if (bench->engine->configure != NULL)
		bench->engine->configure(bench->plan, lcores, config);
	keep_secret(config);
	return 0;
}

/* Workers open connections from ports of their own, so that no two have the same one. */
static void
share_ports(struct tern_config *config, const struct bench *bench, unsigned int index)
{
	struct ports own = ports_share(ports_of(bench->plan), index, bench->workers_n);

	if (own.n == 0)
		return;
	config->port_min = (uint16_t)own.first;
	config->port_max = (uint16_t)(own.first + own.n - 1);
}

static int
on_stack(struct tern_config *config, struct tern_port **port, unsigned int index, void *data)
{
	struct bench *bench = data;
	size_t bytes = worker_bytes(bench->plan, bench->engine, bench->workers_n);
	void *mem = tern_run_take(index, bytes, "the load");
	struct worker *w;

	if (mem == NULL)
		return -1;
	w = worker_init(mem, bench->plan, bench->engine, index, bench->workers_n);
	w->clock = clock_of;
	w->count_cycles = true;
	bench->workers[index] = w;
	worker_join(w, bench->workers);
	*port = worker_port(w, *port);
	share_ports(config, bench, index);
	return 0;
}

static bool
on_poll(struct tern_stack *stack, void *data, uint64_t now)
{
	struct bench *bench = data;
	unsigned int index = bench->workers_n == 1 ? 0 : tern_stack_index(stack);

	return worker_poll(bench->workers[index], now);
}

static int
attach(struct bench *bench)
{
	tern_each_stack (s) {
		if (addresses_apply(bench->plan, s) < 0 ||
		    worker_attach(bench->workers[tern_stack_index(s)], s) < 0)
			return -1;
	}
	return 0;
}

/* A server of memif refuses a client that has more queues. */
static const char *
why_no_link(void)
{
	struct tern_ethdev_info info;

	if (process.bench.workers_n == 1 || tern_ethdev_info(tern_run_port(), &info) < 0 ||
	    strcmp(info.driver, "net_memif") != 0)
		return "";
	return "; a memif's peer needs as many queues as there are lcores here";
}

/* Drivers of software have their link up at once, but memif, whose peer has to come. */
static int
await_link(void)
{
	uint64_t end = tern_run_now() + LINK_NS;
	struct rte_eth_link link = { 0 };
	const struct timespec rest = { .tv_nsec = 10 * TERN_MS };
	char name[RTE_ETH_NAME_MAX_LEN] = "";

	rte_eth_dev_get_name_by_port(tern_run_port(), name);
	while (rte_eth_link_get_nowait(tern_run_port(), &link) == 0 &&
	       link.link_status == RTE_ETH_LINK_DOWN) {
		if (tern_run_now() > end)
			return complain(
				"port %s has no link: nobody came to its other end in 3 s%s", name,
				why_no_link());
		nanosleep(&rest, NULL);
	}
	return 0;
}

/* Bits a second that a flood at its highest rate takes of the wire, with what Ethernet adds. */
static double
flood_bps(const struct plan *plan)
{
	enum { AROUND = 20 }; /* preamble, start of frame, gap; the FCS is in the size */
	const struct imix *imix = &plan->imix;
	double bytes = 0, times = 0, rate = 0;

	for (unsigned int i = 0; i < imix->n; i++) {
		bytes += (double)imix->size[i].times * (imix->size[i].bytes + AROUND);
		times += imix->size[i].times;
	}
	for (unsigned int i = 0; i < plan->profile.n; i++)
		rate = RTE_MAX(rate,
			       RTE_MAX(plan->profile.phases[i].from, plan->profile.phases[i].to));
	return times > 0 ? 8 * rate * bytes / times : 0;
}

/* What a driver of software says of its speed is a name, not a limit. */
static int
check_rate(const struct bench *bench)
{
	struct tern_ethdev_info info;
	struct rte_eth_link link = { 0 };
	double wanted = flood_bps(bench->plan), is;

	if (bench->plan->mode != MODE_FLOOD || !bench->plan->open_loop ||
	    tern_ethdev_info(tern_run_port(), &info) < 0 || info.is_virtual ||
	    rte_eth_link_get_nowait(tern_run_port(), &link) < 0 ||
	    link.link_speed == RTE_ETH_SPEED_NUM_NONE ||
	    link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN)
		return 0;
	is = (double)link.link_speed * 1e6;
	if (wanted <= is)
		return 0;
	return complain("-R: this takes %.3g Gbit/s of the wire, and %s has %.3g", wanted / 1e9,
			info.name, is / 1e9);
}

/* ^C once: the run ends as if its time were over, and is reported; twice: at once. */
static void
on_signal(int number)
{
	__atomic_store_n(&process.bench.stop, true, __ATOMIC_RELAXED);
	signal(number, SIG_DFL);
}

static void
on_quit(void *data)
{
	struct bench *bench = data;

	__atomic_store_n(&bench->stop, true, __ATOMIC_RELAXED);
}

static void
describe(struct bench *bench)
{
	static struct tern_ethdev_info info;
	struct rte_eth_dev_info dev = { 0 };
	struct timespec now = { 0 };
	struct setup *setup = &bench->setup;
	unsigned int id;

	tern_ethdev_info(tern_run_port(), &info);
	rte_eth_dev_info_get(tern_run_port(), &dev);
	clock_gettime(CLOCK_REALTIME, &now);
	setup->ports_n = 1;
	setup->ports[0].name = info.name;
	setup->ports[0].driver = info.driver;
	setup->ports[0].tx_cksum_offload = (bench->workers[0]->port->caps &
					    (TERN_PORT_TX_TCP_CKSUM | TERN_PORT_TX_UDP_CKSUM)) != 0;
	RTE_LCORE_FOREACH(id)
	{
		setup->cores[setup->cores_n++] = id;
	}
	setup->timestamps = "tsc";
	setup->epoch_ns = (uint64_t)now.tv_sec * TERN_S + (uint64_t)now.tv_nsec;
	setup->on_quit = on_quit;
	setup->quit = bench;
}

/* Running ------------------------------------------------------------------------------------ */

/*
 * A thread that is stuck in a driver would be waited for without end, and what it works with must
 * stay: the process ends with what has been told.
 */
static void
leave_stuck(int status)
{
	fflush(NULL);
	_exit(status);
}

static void *
work(void *unused)
{
	process.status = await_link() < 0 || check_rate(&process.bench) < 0 ?
				 1 :
				 process.work(&process.bench, process.data);
	if (process.bench.stuck)
		leave_stuck(process.status);
	tern_stop();
	return unused;
}

static int
start(struct bench *bench, int argc, char **argv)
{
	struct tern_config config = bench->plan->options.config;
	struct tern_run_config run = bench->plan->options.run;

	run.on_lcores = on_lcores;
	run.on_stack = on_stack;
	run.on_poll = on_poll;
	run.data = bench;
	run.silent = true;
	if (tern_init_with(&config, &run, argc, argv) < 0)
		return -1;
	if (attach(bench) == 0)
		return 0;
	tern_fini();
	return -1;
}

int
bench_run(const struct plan *plan, int argc, char **argv, bench_work *todo, void *data)
{
	struct bench *bench = &process.bench;
	pthread_t thread;
	int rc;

	*bench = (struct bench){
		.plan = plan,
		.engine = engine_of(plan),
		.now = now_of,
		.pass = pass,
		.schedstat = schedstat,
		.port_counts = port_counts,
		.interval = calloc(1, sizeof(struct meter)),
		.left_out = calloc(1, sizeof(struct meter)),
	};
	process.work = todo;
	process.data = data;
	if (bench->interval == NULL || bench->left_out == NULL)
		return complain("no memory"), 2;
	if (start(bench, argc, argv) < 0)
		return 1;
	describe(bench);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	rc = rte_ctrl_thread_create(&thread, "tern-gen", NULL, work, NULL);
	if (rc != 0) {
		complain("no thread for the reports: %s", strerror(-rc));
		tern_fini();
		return 2;
	}
	rc = tern_run();
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < bench->workers_n; i++)
		worker_detach(bench->workers[i]);
	free(bench->interval);
	free(bench->left_out);
	return process.status == 0 && rc != 0 ? 2 : process.status;
}
