/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "flows.h"

enum { PORT = 5001, ENDLESS = 1 << 30 };

/* Configured for whoever is being opened: world_how.tune() is given no more than the config. */
static const struct flows_how *opening;

static struct flow *
flow_of_sender(struct tern_tcp_user *user)
{
	return (struct flow *)(void *)((uint8_t *)user - offsetof(struct flow, sender));
}

static struct flow *
flow_of_taker(struct tern_tcp_user *user)
{
	return (struct flow *)(void *)((uint8_t *)user - offsetof(struct flow, taker));
}

static void
on_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct flow *f = flow_of_sender(user);

	(void)conn;
	f->opened_at = world_time(f->w);
}

static void
on_closed(struct tern_tcp_user *user, struct tern_conn *conn, enum tern_why why)
{
	struct flow *f = flow_of_sender(user);

	(void)conn;
	world_check(f->w, why == TERN_ABORTED, "a flow ended: %s", tern_why_text(why));
	f->conn = NULL;
}

static uint32_t
available(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at)
{
	(void)user;
	(void)conn;
	(void)at;
	return ENDLESS;
}

/* Whatever stands there: nobody looks at it, and frames without sums need not be repeatable. */
static void
fill(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	if (flow_of_sender(user)->w->how.unseen)
		return;
	(void)conn;
	memset(to, (int)(at & 1), len);
}

static void
acked(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t upto)
{
	(void)conn;
	flow_of_sender(user)->acked = upto;
}

static enum tern_verdict
on_data(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	(void)conn;
	flow_of_taker(user)->got += in->len;
	return TERN_DONE;
}

/* Segments that may be under way at once, waiting in the queue or not; some are of no data. */
static uint32_t
most_segments(const struct flows_how *how)
{
	uint64_t bytes = flows_bdp(how->rate_bps, how->rtt_ns) + how->queue_bytes;

	return (how->segments != 0 ? how->segments : (uint32_t)(bytes / FLOWS_MSS)) + 1000;
}

/* A power of two, so that few pools serve all worlds. */
static uint32_t
mbufs_for(const struct flows_how *how)
{
	uint32_t n = 4096;

	/* What waits at the receiver for a gap to close was sent a round trip before. */
	while (n < 2 * most_segments(how))
		n *= 2;
	return n - 1;
}

/* The receiver takes as much as may be under way. */
static void
tune(struct tern_config *config, unsigned int side)
{
	config->congestion = opening->congestion;
	if (opening->congestion == TERN_DCTCP)
		config->ecn = 2; /* ask for it */
	config->rcv_space = 1 << 27;
	config->rcv_space_max = 1 << 27;
	config->held_total = config->mbufs / 2;
	config->held_pkts = RTE_MIN(config->mbufs / 2, UINT32_C(65535));
	if (opening->tune != NULL)
		opening->tune(config, side);
}

static void
begin(struct flows *f)
{
	uint16_t port = (uint16_t)(PORT + f->begun);
	struct flow *flow = &f->flow[f->begun++];
	int error;

	*flow = (struct flow){
		.w = f->w,
		.sender = { .on_open = on_open,
			    .on_closed = on_closed,
			    .available = available,
			    .fill = fill,
			    .acked = acked },
		.taker = { .on_data = on_data },
		.listener = { .port = port, .backlog = 4, .user = &flow->taker },
	};
	cr_assert_eq(tern_tcp_listen(world_tcp(f->w, B), &flow->listener), 0);
	error = tern_tcp_connect(world_tcp(f->w, A), f->w->side[B].addr, rte_cpu_to_be_16(port),
				 &flow->sender, &flow->conn);
	cr_assert_eq(error, 0, "connect: %s", strerror(-error));
}

void
flows_open(struct flows *f, const struct flows_how *how)
{
	const struct world_how world = {
		.seed = how->seed,
		.start = S(1000),
		.packets = 2 * most_segments(how),
		.mbufs = mbufs_for(how),
		.link = { { .delay_ns = how->rtt_ns / 2,
			    .rate_bps = how->rate_bps,
			    .queue_bytes = how->queue_bytes,
			    .mark_bytes = how->mark_bytes },
			  { .delay_ns = how->rtt_ns / 2 } },
		.apart = true,
		.odds_of = { how->odds },
		.connections = 2 * FLOWS_MOST,
		.unseen = how->loses == NULL,
		.loses = how->loses,
		.tune = tune,
	};

	cr_assert(how->seed % 4 != 0 && how->n <= FLOWS_MOST);
	memset(f, 0, sizeof(*f));
	f->how = *how;
	f->n = how->n != 0 ? how->n : 1;
	opening = &f->how;
	f->w = world_open(&world);
	f->w->data = f;
	begin(f);
}

static bool
begin_due(struct world *w)
{
	struct flows *f = w->data;

	while (f->begun < f->n && world_time(w) >= f->begun * f->how.apart_ns)
		begin(f);
	return false;
}

void
flows_pass(struct flows *f, uint64_t ns)
{
	uint64_t until = f->w->now + ns, next;

	while (f->w->now < until) {
		begin_due(f->w);
		next = until;
		if (f->begun < f->n)
			next = RTE_MIN(until, f->w->zero + f->begun * f->how.apart_ns);
		world_pass(f->w, next - f->w->now);
	}
}

void
flows_deliver(struct flows *f, uint64_t bytes, uint64_t within_ns)
{
	uint64_t until = f->w->now + within_ns, step = RTE_MAX(f->how.rtt_ns / 8, MS(1));

	while (f->flow[0].got < bytes && f->w->now < until)
		world_pass(f->w, RTE_MIN(step, until - f->w->now));
}

static void
abort_all(struct flows *f)
{
	for (unsigned int i = 0; i < f->begun; i++)
		if (f->flow[i].conn != NULL)
			tern_tcp_abort(f->flow[i].conn);
}

void
flows_close(struct flows *f)
{
	struct world *w = f->w;

	/* The resets shall arrive: their receivers have nothing to send and would wait for ever. */
	w->faults.tx.odds = (struct tern_faults_odds){ 0 };
	w->pipe.link[A].queue_bytes = 0;
	abort_all(f);
	world_close(w);
}
