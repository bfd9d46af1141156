/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <sys/random.h>

#include <rte_eal.h>
#include <rte_launch.h>

#include "run.h"

enum { RX_DESCS = 1024, TX_DESCS = 1024 };

struct run_process run_process;

int
tern_run_complain(const char *form, va_list args)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, form, args);
	fputc('\n', stderr);
	return -1;
}

int
run_complain(const char *form, ...)
{
	va_list args;

	va_start(args, form);
	tern_run_complain(form, args);
	va_end(args);
	return -1;
}

/* Signals ------------------------------------------------------------------------------------ */

void
tern_stop(void)
{
	__atomic_store_n(&run_process.stop, true, __ATOMIC_RELAXED);
}

static void
on_signal(int number)
{
	(void)number;
	tern_stop();
}

static void
catch_signals(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Starting ----------------------------------------------------------------------------------- */

static int
fill_secret(struct tern_config *config)
{
	static const uint8_t zero[sizeof(config->secret)];

	if (memcmp(config->secret, zero, sizeof(zero)) != 0)
		return 0;
	if (getrandom(config->secret, sizeof(config->secret), 0) != sizeof(config->secret))
		return run_complain("no random numbers from the kernel: %s", strerror(errno));
	return 0;
}

static int
check_config(struct tern_config *config)
{
	const char *wrong;

	if (fill_secret(config) < 0)
		return -1;
	wrong = tern_config_check(config);
	return wrong == NULL ? 0 : run_complain("%s", wrong);
}

static int
find_port(struct tern_ethdev_info *info)
{
	const char *name = run_process.config.port;

	if (tern_ethdev_find(name, &run_process.port) < 0) {
		if (name != NULL)
			return run_complain("no port %s: start it with --vdev=%s,... or --allow",
					    name, name);
		return run_complain("no port: start one with --vdev=net_tap0, or bind a NIC to "
				    "vfio-pci and give --allow");
	}
	if (tern_ethdev_info(run_process.port, info) < 0)
		return run_complain("port %u says nothing of itself", run_process.port);
	if (rte_lcore_count() > info->queues)
		return run_complain("port %s has %u queue%s, %u lcores asked: start with -l %u",
				    info->name, info->queues, info->queues == 1 ? "" : "s",
				    rte_lcore_count(), rte_get_main_lcore());
	return 0;
}

static int
make_lcores(const struct tern_config *config, uint16_t mtu)
{
	struct run_clock clock = run_clock_make(0);
	unsigned int id;

	/* Time goes on from process to process, and sequence numbers with it (RFC 9293 §3.4.1). */
	run_clock_ns(&clock);
	RTE_LCORE_FOREACH(id)
	{
		struct run_lcore *lcore = &run_process.lcores[run_process.n++];

		lcore->id = id;
		lcore->clock = clock;
		if (run_take_memory(lcore, config) < 0 ||
		    run_make_pool(lcore, config->mbufs + run_faults_mbufs(), mtu) < 0)
			return -1;
	}
	return 0;
}

/* What a queue may keep for receiving leaves most of the pool for the stack. */
static uint16_t
fit_descs(uint16_t descs, uint32_t mbufs)
{
	return (uint16_t)RTE_MIN(descs, mbufs / 8);
}

static int
open_port(const struct tern_config *config, uint16_t mtu)
{
	struct tern_ethdev queues[RTE_MAX_LCORE];
	struct tern_ethdev_config wish = { .id = run_process.port,
					   .queues = (uint16_t)run_process.n,
					   .mtu = mtu,
					   .rx_descs = fit_descs(RX_DESCS, config->mbufs),
					   .tx_descs = fit_descs(TX_DESCS, config->mbufs) };
	char why[256];
	unsigned int i;

	for (i = 0; i < run_process.n; i++)
		queues[i] = run_process.lcores[i].ethdev;
	if (tern_ethdev_open(queues, &wish, why) < 0)
		return run_complain("%s", why);
	run_process.open = true;
	for (i = 0; i < run_process.n; i++)
		run_process.lcores[i].ethdev = queues[i];
	if (!run_process.config.silent)
		tern_ethdev_print(queues, stdout);
	return 0;
}

static int
build_stacks(struct tern_config *config)
{
	if (run_make_rings(config) < 0)
		return -1;
	for (unsigned int i = 0; i < run_process.n; i++) {
		struct run_lcore *lcore = &run_process.lcores[i];
		struct tern_config own = *config;

		if (run_process.n > 1)
			own.on_neighbour_data = lcore;
		if (run_stand_faults(lcore) < 0)
			return -1;
		if (run_process.config.on_stack != NULL &&
		    run_process.config.on_stack(&own, &lcore->port, i, run_process.config.data) < 0)
			return -1;
		lcore->stack =
			tern_stack_init(lcore->mem, &own, lcore->port, run_clock_ns(&lcore->clock));
		if (lcore->stack == NULL)
			return run_complain("this configuration makes no stack");
	}
	return 0;
}

static void
print_bill(const struct tern_config *config)
{
	if (run_process.config.silent)
		return;
	if (run_process.n > 1)
		printf("for each of %u lcores:\n", run_process.n);
	tern_bill(config, stdout);
	run_print_faults(stdout);
	fflush(stdout);
}

static int
set_up(struct tern_config *config)
{
	struct tern_ethdev_info info;
	uint16_t mtu = run_process.config.mtu;

	if (find_port(&info) < 0)
		return -1;
	if (run_process.config.on_lcores != NULL &&
	    run_process.config.on_lcores(config, rte_lcore_count(), run_process.config.data) < 0)
		return -1;
	if (check_config(config) < 0)
		return -1;
	if (mtu == 0)
		mtu = info.mtu;
	if (make_lcores(config, mtu) < 0 || open_port(config, mtu) < 0 || build_stacks(config) < 0)
		return -1;
	print_bill(config);
	run_speak();
	return 0;
}

static void
tear_down(void)
{
	unsigned int i;

	for (i = 0; i < run_process.n; i++) {
		if (run_process.lcores[i].stack != NULL)
			tern_stack_fini(run_process.lcores[i].stack);
		run_end_faults(&run_process.lcores[i]);
	}
	if (run_process.open)
		tern_ethdev_close(&run_process.lcores[0].ethdev);
	run_free_rings();
}

/* After the last look at the pools. */
static void
forget(void)
{
	for (unsigned int i = 0; i < run_process.n; i++) {
		rte_mempool_free(run_process.lcores[i].ethdev.port.pool);
		run_give_memory(&run_process.lcores[i]);
	}
	if (run_process.eal)
		run_end_eal();
	memset(&run_process, 0, sizeof(run_process));
	catch_signals(SIG_DFL);
}

int
tern_init_with(struct tern_config *config, const struct tern_run_config *run, int argc, char **argv)
{
	int used;

	if (run_process.eal)
		return run_complain("tern_init() has been called before");
	if (check_config(config) < 0)
		return -1;
	run_process.config = *run;
	if (run_process.config.tick_ns == 0)
		run_process.config.tick_ns = 100 * TERN_MS;
	catch_signals(on_signal);
	used = run_start_eal(argc, argv);
	run_process.eal = used >= 0;
	if (used >= 0 && set_up(config) == 0)
		return used;
	tear_down();
	forget();
	return -1;
}

int
tern_init(struct tern_config *config, int argc, char **argv)
{
	struct tern_run_config run = { 0 };

	return tern_init_with(config, &run, argc, argv);
}

/* Stacks ------------------------------------------------------------------------------------- */

unsigned int
tern_stacks(void)
{
	return run_process.n;
}

unsigned int
tern_stack_index(const struct tern_stack *stack)
{
	unsigned int i = 0;

	while (i < run_process.n && run_process.lcores[i].stack != stack)
		i++;
	return i;
}

struct tern_stack *
tern_next_stack(const struct tern_stack *stack)
{
	unsigned int i = stack == NULL ? 0 : tern_stack_index(stack) + 1;

	return i < run_process.n ? run_process.lcores[i].stack : NULL;
}

uint64_t
tern_run_now(void)
{
	struct run_clock clock = run_process.lcores[0].clock; /* whose time never goes back */

	return run_clock_ns(&clock);
}

uint16_t
tern_run_port(void)
{
	return run_process.port;
}

int
tern_run_lend(void *mem, size_t len, rte_iova_t *iova)
{
	return tern_ethdev_lend(run_process.port, mem, len, iova);
}

/* Running and ending ------------------------------------------------------------------------- */

int
tern_run(void)
{
	bool live = run_process.config.stats_ns > 0 && run_live_start() == 0;

	if (rte_eal_mp_remote_launch(run_loop, NULL, CALL_MAIN) < 0)
		run_complain("an lcore is busy already");
	rte_eal_mp_wait_lcore();
	if (live)
		run_live_stop();
	return tern_fini();
}

int
tern_fini(void)
{
	uint64_t missing;

	if (!run_process.eal)
		return 0;
	for (unsigned int i = 0; i < run_process.n; i++)
		run_process.lcores[i].stats = *tern_stats(run_process.lcores[i].stack);
	tear_down();
	missing = run_report(run_process.config.silent ? NULL : stdout);
	if (missing > 0 && run_process.config.silent)
		run_complain("%" PRIu64 " mbufs are missing", missing);
	forget();
	return missing > 0;
}
