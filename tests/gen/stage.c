/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/stage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/scene.h"

static struct stage *on; /* one at a time */

/* The world's hooks -------------------------------------------------------------------------- */

static void
tune(struct tern_config *config, unsigned int side)
{
	if (side == A && on->engine->configure != NULL)
		on->engine->configure(&on->plan, 1, config);
	if (side == B)
		serve_configure(&on->plan, config);
}

static struct tern_port *
in_front(unsigned int side, struct tern_port *port)
{
	return side == A ? worker_port(on->bench.workers[0], port) : port;
}

static bool
turn(uint64_t now)
{
	if (on->serving != NULL && now >= on->tick) {
		serve_tick(on->serving, now, 784111777);
		on->tick = now + MS(100);
	}
	return worker_poll(on->bench.workers[0], now);
}

static uint64_t
next(void)
{
	return worker_next(on->bench.workers[0]);
}

/* The bench's -------------------------------------------------------------------------------- */

static uint64_t
clock_of(void *data)
{
	(void)data;
	return on->w->now + on->ahead_ns;
}

static uint64_t
now_of(struct bench *bench)
{
	(void)bench;
	return on->w->now;
}

static void
pass(struct bench *bench, uint64_t until)
{
	(void)bench;
	world_pass(on->w, until > on->w->now ? until - on->w->now : 1);
}

/* The stage ---------------------------------------------------------------------------------- */

static struct tern_addr
addr_of(unsigned int side)
{
	return tern_addr_v4(rte_cpu_to_be_32(UINT32_C(0x0a090001) + side));
}

void
stage_plan(struct stage *s, enum mode mode, enum protocol proto)
{
	*s = (struct stage){
		.plan = { .mode = mode,
			  .proto = proto,
			  .target = addr_of(B),
			  .target_port = STAGE_PORT,
			  .options.addrs = { { addr_of(A), 120 } },
			  .options.addrs_n = 1,
			  .options.config = tern_config_server,
			  .connections = 1,
			  .depth = 1,
			  .max_outstanding = 64,
			  .parallel = 1,
			  .seed = 1,
			  .duration_ns = S(60),
			  .count = 20,
			  .timeout_ns = S(5),
			  .req_bytes = 64,
			  .url = "/",
			  .headers = "",
			  .payload = PAYLOAD_PRBS,
			  .verify = true,
			  .interval_ns = S(1) },
		.engine = &engine_full,
		.ahead_ns = 300,
		.how = { .seed = 1, .delay_ns = MS(1), .connections = STAGE_CONNECTIONS },
	};
}

static void
serve(struct stage *s)
{
	if (s->deaf)
		return;
	if (s->peer == NULL) {
		s->serving =
			serve_start(scene_memory(serve_bytes(&s->plan, STAGE_CONNECTIONS)),
				    &s->plan, STAGE_CONNECTIONS, s->w->side[B].stack, s->w->now);
		cr_assert_not_null(s->serving);
		return;
	}
	s->listener = (struct tern_tcp_listener){ .port = STAGE_PORT,
						  .backlog = STAGE_CONNECTIONS,
						  .user = s->peer };
	cr_assert_eq(tern_tcp_listen(world_tcp(s->w, B), &s->listener), 0);
}

void
stage_open(struct stage *s)
{
	struct worker *w;

	on = s;
	if (s->engine == &engine_lite)
		s->plan.depth = 1; /* all that it knows of */
	s->bench = (struct bench){ .plan = &s->plan,
				   .engine = s->engine,
				   .workers_n = 1,
				   .now = now_of,
				   .pass = pass,
				   .interval = scene_memory(sizeof(struct meter)),
				   .left_out = scene_memory(sizeof(struct meter)) };
	w = worker_init(scene_memory(worker_bytes(&s->plan, s->bench.engine, 1)), &s->plan,
			s->bench.engine, 0, 1);
	w->clock = clock_of;
	s->bench.workers[0] = w;
	s->how.tune = tune;
	s->how.in_front = in_front;
	s->w = world_open(&s->how);
	s->w->how.turn = turn;
	s->w->how.next = next;
	cr_assert_eq(worker_attach(w, s->w->side[A].stack), 0);
	serve(s);
	s->result = result_new();
}

void
stage_run(struct stage *s)
{
	struct trial trial;
	uint64_t errors = 0;

	trial_of_plan(&s->plan, &trial);
	stage_check(s, trial_run(&s->bench, &trial, NULL, s->result) == 0, "the trial fails");
	for (unsigned int i = 0; i < ERRORS_N; i++)
		errors += s->result->total.error[i];
	stage_check(s, s->result->ledger.balanced, "the ledger does not balance");
	stage_check(s, errors >= s->result->ledger.failed, "failures without a cause");
}

void
stage_order(struct stage *s, enum worker_order order)
{
	struct worker *w = s->bench.workers[0];

	if (order == WORKER_BEGIN) {
		trial_of_plan(&s->plan, &s->trial);
		s->trial.plan = &s->plan;
		w->trial = &s->trial;
	}
	w->order = (w->order / WORKER_ORDERS + 1) * WORKER_ORDERS + order;
	world_pass(s->w, 1);
}

static void
print(const struct stage *s)
{
	const struct meter *m = &s->result->total;
	const struct ledger *l = &s->result->ledger;

	fprintf(stderr,
		"launched %" PRIu64 " done %" PRIu64 " failed %" PRIu64 " inflight %" PRIu64 "\n",
		l->launched, l->done, l->failed, l->inflight);
	for (unsigned int i = 0; i < COUNTS; i++)
		if (m->count[i] != 0)
			fprintf(stderr, "  %s %" PRIu64 "\n", counter_names[i], m->count[i]);
	for (unsigned int i = 0; i < ERRORS_N; i++)
		if (m->error[i] != 0)
			fprintf(stderr, "  error %s %" PRIu64 "\n", error_names[i], m->error[i]);
}

void
stage_all_well(const struct stage *s, uint64_t n)
{
	const struct ledger *l = &s->result->ledger;

	if (l->launched == n && l->done == n && meter_errors(&s->result->total) == 0)
		return;
	print(s);
	world_fail(s->w, "not all of %" PRIu64 " ended well", n);
}

void
stage_all_failed(const struct stage *s, uint64_t n, enum error error)
{
	const struct ledger *l = &s->result->ledger;

	if (l->launched == n && l->failed == n && stage_error(s, error) == n &&
	    meter_errors(&s->result->total) == n)
		return;
	print(s);
	world_fail(s->w, "not all of %" PRIu64 " failed: %s", n, error_names[error]);
}

/* A time is within the precision of its histogram: 1/1024. */
void
stage_all_took(const struct stage *s, enum time_of what, uint64_t n, uint64_t ns)
{
	const struct hdr *h = &s->result->total.time[what];

	stage_check(s, h->n == n, "%s: %" PRIu64 " times", time_names[what], h->n);
	stage_check(s, h->least_ns == ns && h->longest_ns == ns,
		    "%s: %" PRIu64 " to %" PRIu64 " ns, not %" PRIu64, time_names[what],
		    h->least_ns, h->longest_ns, ns);
}

void
stage_close(struct stage *s)
{
	struct worker *w = s->bench.workers[0];

	if (s->serving != NULL)
		serve_stop(s->serving);
	else if (!s->deaf)
		tern_tcp_unlisten(world_tcp(s->w, B), &s->listener);
	world_close(s->w);
	if (s->serving != NULL)
		serve_end(s->serving);
	free(s->serving);
	free(s->bench.interval);
	free(s->bench.left_out);
	free(w);
	result_free(s->result);
}
