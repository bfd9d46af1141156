/* SPDX-License-Identifier: BSD-3-Clause */
/* Server mode: the services on every stack of tern_run, until a signal. */
#include <time.h>

#include <tern_run.h>

#include "gen/addresses.h"
#include "gen/bench.h"
#include "gen/complain.h"
#include "gen/serve.h"

static struct {
	const struct plan *plan;
	uint32_t connections; /* of each stack */
	struct serving *serving[BENCH_WORKERS];
	unsigned int n;
} process;

static int
on_lcores(struct tern_config *config, unsigned int lcores, void *data)
{
	(void)data;
	if (lcores > BENCH_WORKERS)
		return complain("%u lcores: at most %d", lcores, BENCH_WORKERS);
	config->addresses = RTE_MAX(config->addresses, addresses_n(process.plan));
	serve_configure(process.plan, config);
	process.connections = config->connections;
	return 0;
}

static void
on_tick(struct tern_stack *stack, void *data, uint64_t now)
{
	(void)data;
	serve_tick(process.serving[tern_stack_index(stack)], now, (uint32_t)time(NULL));
}

static void
on_stop(struct tern_stack *stack, void *data)
{
	(void)data;
	serve_stop(process.serving[tern_stack_index(stack)]);
}

static int
start_one(struct tern_stack *stack)
{
	unsigned int index = tern_stack_index(stack);
	size_t bytes = serve_bytes(process.plan, process.connections);
	void *mem = tern_run_take(index, bytes, "the services");

	if (mem == NULL || addresses_apply(process.plan, stack) < 0)
		return -1;
	process.serving[index] =
		serve_start(mem, process.plan, process.connections, stack, tern_run_now());
	if (process.serving[index] == NULL)
		return -1;
	process.n++;
	serve_lend(process.serving[index]);
	return 0;
}

static int
start(void)
{
	tern_each_stack (s) {
		if (start_one(s) < 0)
			return -1;
	}
	return 0;
}

int
bench_serve(const struct plan *plan, int argc, char **argv)
{
	struct tern_config config = plan->options.config;
	struct tern_run_config run = plan->options.run;
	int status;

	process.plan = plan;
	run.on_lcores = on_lcores;
	run.on_tick = on_tick;
	run.on_stop = on_stop;
	run.silent = plan->quiet;
	if (tern_init_with(&config, &run, argc, argv) < 0)
		return 1;
	if (start() < 0) {
		tern_fini();
		return 1;
	}
	status = tern_run();
	for (unsigned int i = 0; i < process.n; i++)
		serve_end(process.serving[i]);
	return status == 0 ? 0 : 2;
}
