/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bench under a virtual clock: one worker and a server of our own (serve.h), joined by a pipe.
 * Time goes from one event to the next, so a run takes as long as it takes to compute, and the same
 * seed gives the same run to the last byte. Cycles are not counted: they would differ.
 *
 * The wire is 10 Gbit/s and 5 us long, each way; --impair makes it worse. Both stacks take no time.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include <tern_faults.h>
#include <tern_pipe.h>
#include <tern_run.h>

#include "gen/addresses.h"
#include "gen/bench.h"
#include "gen/complain.h"
#include "gen/serve.h"

enum {
	US = 0, /* the generator's end */
	THEM,
	ENDS,
	IN_PIPE = 16384, /* packets under way in a direction */
	POOL_SPARE = 2 * IN_PIPE,
	MTU = 1500,
};

static const uint64_t RATE_BPS = UINT64_C(10000000000);
static const uint64_t DELAY_NS = 5000;
static const uint64_t TICK_NS = 100 * TERN_MS;
static const uint64_t AGAIN_NS = 1000;
static const uint32_t DATE = 1600000000; /* that all responses bear, seconds since 1970 */
static const uint64_t START_NS = TERN_S; /* not 0: that would be "never" here and there */

static struct {
	struct bench bench;
	uint64_t now, tick_ns;
	struct tern_pipe pipe;
	struct tern_faults faults;
	struct rte_mempool *pool[ENDS];
	struct tern_stack *stack[ENDS];
	struct serving *serving;
	void *memory[8];
	unsigned int memory_n;
} sim;

/* Time --------------------------------------------------------------------------------------- */

static uint64_t
now_of(struct bench *bench)
{
	(void)bench;
	return sim.now;
}

static uint64_t
clock_of(void *data)
{
	(void)data;
	return sim.now;
}

/*
 * What is due already and was not done waits for something: for room, or for a connection that is
 * free. It is tried again a moment later, or with the next event, which may be what it waits for.
 */
static uint64_t
next_event(const struct worker *w)
{
	const uint64_t events[] = {
		worker_next(w),
		tern_next_deadline(sim.stack[US]),
		tern_next_deadline(sim.stack[THEM]),
		tern_pipe_next(&sim.pipe),
		tern_faults_next(&sim.faults),
		sim.tick_ns,
	};
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < RTE_DIM(events); i++)
		next = RTE_MIN(next, events[i] > sim.now ? events[i] : sim.now + AGAIN_NS);
	return next;
}

/* All that happens now. Return: did anything? */
static bool
turn(struct worker *w)
{
	bool did = tern_poll(sim.stack[US], sim.now) > 0;

	did |= worker_poll(w, sim.now);
	did |= tern_poll(sim.stack[THEM], sim.now) > 0;
	if (sim.now >= sim.tick_ns) {
		sim.tick_ns = sim.now + TICK_NS;
		serve_tick(sim.serving, sim.now, DATE);
	}
	return did;
}

static void
pass(struct bench *bench, uint64_t until_ns)
{
	struct worker *w = bench->workers[0];
	uint64_t next;

	do {
		while (turn(w))
			;
		next = next_event(w);
		sim.now = RTE_MIN(next, RTE_MAX(until_ns, sim.now + 1));
	} while (sim.now < until_ns);
}

/* Building ----------------------------------------------------------------------------------- */

static void *
take(size_t bytes)
{
	void *mem = aligned_alloc(64, RTE_ALIGN_CEIL(bytes, (size_t)64));

	if (mem == NULL || sim.memory_n == RTE_DIM(sim.memory)) {
		complain("no memory: %zu bytes", bytes);
		return NULL;
	}
	memset(mem, 0, bytes);
	sim.memory[sim.memory_n++] = mem;
	return mem;
}

/* mbufs come from a mempool, and that from an EAL: of its smallest kind. */
static int
start_eal(char *name, uint32_t mbufs)
{
	static char words[][28] = { "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
				    "--log-level=lib.*:critical" };
	static char memory[16], core[24];
	char *argv[RTE_DIM(words) + 4] = { name };
	int argc = 1;

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[argc++] = words[i];
	argv[argc++] = memory;
	argv[argc++] = core;
	snprintf(memory, sizeof(memory), "-m%u", 64 + mbufs / 250); /* MB; each in a page */
	snprintf(core, sizeof(core), "--lcores=0@%d", sched_getcpu());
	if (rte_eal_init(argc, argv) < 0)
		return complain("the EAL does not start: %s", rte_strerror(rte_errno));
	return 0;
}

static int
make_pools(const struct tern_config *config)
{
	static const char *const names[ENDS] = { "sim-us", "sim-them" };

	for (unsigned int i = 0; i < ENDS; i++) {
		sim.pool[i] = rte_pktmbuf_pool_create(names[i], config->mbufs + POOL_SPARE, 0, 0,
						      RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
		if (sim.pool[i] == NULL)
			return complain("no memory for %u mbufs: %s", config->mbufs + POOL_SPARE,
					rte_strerror(rte_errno));
	}
	return 0;
}

static int
join(void)
{
	const struct tern_pipe_config config = {
		.now_ns = &sim.now,
		.link = { { .delay_ns = DELAY_NS, .rate_bps = RATE_BPS },
			  { .delay_ns = DELAY_NS, .rate_bps = RATE_BPS } },
		.packets = IN_PIPE,
		.mtu = MTU,
		.pool = { sim.pool[US], sim.pool[THEM] },
		.mac = { { { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 } } },
	};
	void *mem = take(tern_pipe_bytes(IN_PIPE));

	if (mem == NULL)
		return -1;
	return tern_pipe_init(&sim.pipe, mem, &config) < 0 ? complain("no pipe") : 0;
}

/* Also without --impair: then nothing befalls a packet. */
static struct tern_port *
stand_faults(const struct plan *plan)
{
	struct tern_faults_config config = plan->options.run.faults;
	void *mem;

	config.now_ns = &sim.now;
	config.packets = RTE_MAX(config.packets, (uint32_t)IN_PIPE);
	mem = take(tern_faults_bytes(config.packets));
	if (mem == NULL || tern_faults_init(&sim.faults, mem, &sim.pipe.end[US].port, &config) < 0)
		return NULL;
	return &sim.faults.port;
}

static void
seed_secret(struct tern_config *config, uint64_t seed)
{
	for (unsigned int i = 0; i < sizeof(config->secret); i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		config->secret[i] = (uint8_t)(seed >> 56);
	}
	config->secret[0] |= 1;
}

static struct tern_stack *
build(const struct tern_config *config, struct tern_port *port)
{
	size_t bytes = tern_stack_bytes(config);
	void *mem = bytes > 0 ? take(bytes) : NULL;

	if (bytes == 0)
		complain("%s", tern_config_check(config));
	return mem != NULL ? tern_stack_init(mem, config, port, sim.now) : NULL;
}

static int
build_us(struct bench *bench, struct tern_config *config)
{
	struct tern_port *port = stand_faults(bench->plan);
	void *mem = take(worker_bytes(bench->plan, bench->engine, 1));
	struct worker *w;

	if (port == NULL || mem == NULL)
		return -1;
	w = worker_init(mem, bench->plan, bench->engine, 0, 1);
	w->clock = clock_of;
	bench->workers[0] = w;
	bench->workers_n = 1;
	sim.stack[US] = build(config, worker_port(w, port));
	if (sim.stack[US] == NULL || addresses_apply(bench->plan, sim.stack[US]) < 0)
		return -1;
	return worker_attach(w, sim.stack[US]);
}

static int
build_them(const struct plan *plan, struct tern_config *config)
{
	void *mem;

	sim.stack[THEM] = build(config, &sim.pipe.end[THEM].port);
	if (sim.stack[THEM] == NULL)
		return -1;
	if (tern_ip_add_addr(tern_ip(sim.stack[THEM]), plan->target,
			     plan->options.addrs[0].prefix) < 0)
		return complain("the server cannot have the target's address");
	mem = take(serve_bytes(plan, config->connections));
	if (mem != NULL)
		sim.serving = serve_start(mem, plan, config->connections, sim.stack[THEM], sim.now);
	return sim.serving != NULL ? 0 : -1;
}

static int
start(struct bench *bench, char *name)
{
	struct tern_config config = bench->plan->options.config;
	struct tern_config theirs;

	sim.now = START_NS;
	sim.tick_ns = sim.now + TICK_NS;
	config.addresses = RTE_MAX(config.addresses, addresses_n(bench->plan));
	if (bench->engine->configure != NULL)
		bench->engine->configure(bench->plan, 1, &config);
	seed_secret(&config, bench->plan->seed);
	theirs = config;
	serve_configure(bench->plan, &theirs);
	seed_secret(&theirs, bench->plan->seed + 1);
	if (start_eal(name, 2 * (config.mbufs + POOL_SPARE)) < 0 || make_pools(&config) < 0 ||
	    join() < 0 || build_us(bench, &config) < 0 || build_them(bench->plan, &theirs) < 0)
		return -1;
	bench->setup = (struct setup){
		.ports = { { .name = "pipe", .driver = "pipe" } },
		.ports_n = 1,
		.cores_n = 1,
		.timestamps = "virtual",
	};
	return 0;
}

/* Return: mbufs that are missing. */
static unsigned int
finish(void)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < ENDS; i++)
		if (sim.stack[i] != NULL)
			tern_stack_fini(sim.stack[i]);
	if (sim.serving != NULL)
		serve_end(sim.serving);
	if (sim.faults.below != NULL)
		tern_faults_fini(&sim.faults);
	if (sim.pipe.packets > 0)
		tern_pipe_fini(&sim.pipe);
	for (unsigned int i = 0; i < ENDS; i++) {
		if (sim.pool[i] == NULL)
			continue;
		missing += rte_mempool_in_use_count(sim.pool[i]);
		rte_mempool_free(sim.pool[i]);
	}
	if (sim.bench.workers_n > 0)
		worker_detach(sim.bench.workers[0]);
	while (sim.memory_n > 0)
		free(sim.memory[--sim.memory_n]);
	rte_eal_cleanup();
	return missing;
}

static void
on_signal(int number)
{
	__atomic_store_n(&sim.bench.stop, true, __ATOMIC_RELAXED);
	signal(number, SIG_DFL);
}

int
bench_simulate(const struct plan *plan, int argc, char **argv, bench_work *work, void *data)
{
	struct bench *bench = &sim.bench;
	unsigned int missing;
	int status = 1;

	(void)argc; /* no options: they are the EAL's */
	*bench = (struct bench){
		.plan = plan,
		.engine = engine_of(plan),
		.now = now_of,
		.pass = pass,
		.interval = calloc(1, sizeof(struct meter)),
		.left_out = calloc(1, sizeof(struct meter)),
	};
	if (bench->interval == NULL || bench->left_out == NULL)
		return complain("no memory"), 2;
	if (start(bench, argv[0]) == 0) {
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		status = work(bench, data);
	}
	missing = finish();
	if (missing > 0) {
		complain("%u mbufs are missing", missing);
		status = status == 0 ? 2 : status;
	}
	free(bench->interval);
	free(bench->left_out);
	return status;
}
