/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/lite.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "gen/complain.h"
#include "gen/engines/csum.h"
#include "gen/engines/lite_table.h"
#include "gen/engines/request.h"
#include "gen/layout.h"
#include "gen/ports.h"

enum {
	ASK_KEPT = 1 << 16,  /* bytes of a request that is kept as it is */
	BODY_KEPT = 1 << 18, /* bytes of a response that others are compared with */
	TUPLES_TRIED = 16,   /* in one launch */
	SOURCES_MOST = 1 << 16,
	OPENS_AT_ONCE = 32,  /* SYNs in one turn, of rr */
	CLOSES_AT_ONCE = 32, /* FINs in one turn, at the end of rr and hold */
	LOOKED_AT_ONCE = 1024,
	OPENING_FIRST = 64, /* SYNs under way: the limit at first, */
	OPENING_LEAST = 8,  /* and what it moves between */
	OPENING_MOST = 8192,
	ISN_SHIFT = 6, /* a number each 64 ns, see isn_of() */
	HEADERS = 40,  /* bytes of IPv4 and TCP */
	MSS_MOST = 0xffff - HEADERS,
};

static const uint64_t LOOK_LEAST_NS = 10 * TERN_MS; /* where the least RTO is less */

/* Memory ------------------------------------------------------------------------------------- */

static uint64_t
share_up(uint64_t all, unsigned int workers)
{
	return (all + workers - 1) / workers;
}

/* Connections that a worker may have at a time. */
static uint32_t
clients_of(const struct plan *plan, unsigned int workers)
{
	uint64_t all = plan->connections;

	if (plan->mode == MODE_CRR || plan->suite != SUITE_NONE)
		all = RTE_MAX(all, plan->max_outstanding);
	all = RTE_MAX(share_up(all, workers), UINT64_C(1));
	return (uint32_t)RTE_MIN(all, (uint64_t)CLIENTS_MOST);
}

static unsigned int
bucket_bits(uint32_t clients)
{
	unsigned int bits = 1;

	while (UINT64_C(1) << bits < (clients + BUCKET_MEAN - 1) / BUCKET_MEAN)
		bits++;
	return bits;
}

static bool
has_idle(const struct plan *plan)
{
	return plan->mode == MODE_RR || plan->suite != SUITE_NONE;
}

static bool
keeps_ask(const struct plan *plan)
{
	return plan->proto == PROTO_HTTP ||
	       (plan->payload != PAYLOAD_PRBS && plan->req_bytes <= ASK_KEPT);
}

/* The text of HTTP, and behind it what leaves as it is. */
static size_t
ask_room(const struct plan *plan)
{
	size_t text = request_text_bytes(plan);

	return text + (plan->proto == PROTO_HTTP ? text : (size_t)ASK_KEPT);
}

static size_t
body_room(const struct plan *plan)
{
	return plan->proto == PROTO_HTTP && plan->verify ? (size_t)BODY_KEPT : 0;
}

static size_t
lite_bytes(const struct plan *plan, unsigned int workers)
{
	uint32_t clients = clients_of(plan, workers);
	size_t at = 0;

	place(&at, sizeof(struct lite));
	place(&at, ask_room(plan));
	place(&at, body_room(plan));
	place(&at, has_idle(plan) ? clients * sizeof(uint32_t) : 0);
	place(&at, lite_crowds(clients) * sizeof(struct crowd));
	place(&at, sizeof(struct bucket) << bucket_bits(clients));
	place(&at, clients * sizeof(struct client));
	return at;
}

static void
lay_out(struct lite *l, const struct plan *plan, unsigned int workers)
{
	uint8_t *base = (uint8_t *)l;
	size_t at = 0;

	l->room = clients_of(plan, workers);
	place(&at, sizeof(*l));
	l->ask_mem = base + place(&at, ask_room(plan));
	l->body.kept = base + place(&at, body_room(plan));
	l->idle = (uint32_t *)(base + place(&at, has_idle(plan) ? l->room * sizeof(uint32_t) : 0));
	l->crowds =
		(struct crowd *)(base + place(&at, lite_crowds(l->room) * sizeof(struct crowd)));
	l->hash_shift = 64 - bucket_bits(l->room);
	l->buckets =
		(struct bucket *)(base + place(&at, sizeof(struct bucket) << bucket_bits(l->room)));
	l->clients = (struct client *)(base + place(&at, l->room * sizeof(struct client)));
}

/* Blocks ------------------------------------------------------------------------------------- */

static struct client *
take_block(struct lite *l)
{
	struct client *c;

	if (l->alive >= l->most)
		return NULL;
	if (l->free != LITE_NONE) {
		c = &l->clients[l->free];
		l->free = c->left;
	} else if (l->fresh < l->room) {
		c = &l->clients[l->fresh++];
	} else {
		return NULL;
	}
	l->alive++;
	return c;
}

static void
release(struct lite *l, struct client *c)
{
	table_remove(table_place(l, c->key), lite_index(l, c));
	if (c->state == SYN_SENT && l->mode != MODE_CRR)
		l->opening--;
	else
		l->established -= l->mode != MODE_CRR;
	c->state = CLOSED;
	c->flags = 0;
	c->left = l->free;
	l->free = lite_index(l, c);
	l->alive--;
}

/* --capture-failed wants the frames of this tuple. */
static void
capture(struct lite *l, uint32_t key, enum error error)
{
	const struct tuple who = { .local = rte_cpu_to_be_32(l->source + (key >> 16)),
				   .remote = l->target,
				   .local_port = rte_cpu_to_be_16((uint16_t)key),
				   .remote_port = l->port,
				   .proto = IPPROTO_TCP };

	worker_capture(l->w, &who, error);
}

static void
fail(struct lite *l, uint32_t key, enum error error)
{
	worker_failed(l->w, error);
	capture(l, key, error);
}

void
lite_drop(struct lite *l, struct client *c)
{
	lite_rst(l, c);
	release(l, c);
}

void
lite_closed(struct lite *l, struct client *c, uint64_t now)
{
	if ((c->flags & TRANSACTION) != 0 && c->error != NO_ERROR) {
		fail(l, c->key, c->error);
	} else {
		worker_count(l->w, COUNT_closed);
		if (!l->close_rst)
			worker_time(l->w, TIME_close, c->stamp, now);
		if ((c->flags & TRANSACTION) != 0)
			worker_done(l->w);
	}
	release(l, c);
}

void
lite_failed(struct lite *l, struct client *c, enum error error, uint64_t now)
{
	if (c->error != NO_ERROR)
		error = c->error;
	if (c->state == SYN_SENT)
		lite_congested(l, now);
	if ((c->flags & TRANSACTION) != 0) {
		fail(l, c->key, error);
	} else if (!l->stopping && c->state != SYN_SENT) {
		l->w->meter->error[error]++; /* it stood, for later use */
		capture(l, c->key, error);
	}
	release(l, c);
}

static bool
is_idle(const struct client *c)
{
	return c->state == ESTABLISHED && (c->flags & TRANSACTION) == 0;
}

/* The one that has waited longest; those that ended meanwhile are passed over. */
static struct client *
take_idle(struct lite *l)
{
	struct client *c;

	while (l->idle_n > 0) {
		c = &l->clients[l->idle[l->idle_head]];
		l->idle_head = l->idle_head + 1 == l->room ? 0 : l->idle_head + 1;
		l->idle_n--;
		if (l->idle_n > 0)
			rte_prefetch0(&l->clients[l->idle[l->idle_head]]);
		c->places &= (uint8_t)~LISTED;
		if (likely(is_idle(c)))
			return c;
	}
	return NULL;
}

/* Tuples -------------------------------------------------------------------------------------- */

static uint32_t
greatest_divisor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* All tuples have their turn, in an order that looks like none (RFC 4814 §5, RFC 6056 §3.3). */
static void
init_tuples(struct lite *l, const struct worker *w)
{
	struct ports own = ports_own(w->plan, w->index, w->workers);

	l->sport = own.first;
	l->sport_end = own.first + own.n;
	l->sports = own.n;
	l->tuples = (uint32_t)RTE_MIN((uint64_t)l->sports * l->sources, (uint64_t)INT32_MAX);
	if (l->tuples == 0)
		return;
	l->stride = (uint32_t)((double)l->tuples * 0.6180339887) | 1;
	while (greatest_divisor(l->tuples, l->stride) != 1)
		l->stride++;
	l->stride %= l->tuples;
}

static uint32_t
key_of(const struct lite *l, uint32_t tuple)
{
	return tuple % l->sources << 16 | (l->sport + tuple / l->sources);
}

/* One some steps ahead takes its place; its bucket is fetched meanwhile, as it is anywhere. */
static uint32_t
next_key(struct lite *l)
{
	uint32_t *coming = &l->coming[l->come++ % LITE_COMING], key = *coming;
	uint64_t further = (uint64_t)l->tuple + l->stride;

	*coming = key_of(l, l->tuple);
	rte_prefetch0(table_place(l, *coming).bucket);
	l->tuple = (uint32_t)(further < l->tuples ? further : further - l->tuples);
	return key;
}

static void
first_keys(struct lite *l, struct worker *w)
{
	l->tuple = (uint32_t)(worker_random(w) % l->tuples);
	for (unsigned int i = 0; i < LITE_COMING; i++)
		next_key(l);
}

/* One that is not in use. Return: false when none was found in some tries. */
static bool
choose(struct lite *l, uint32_t *key, struct place *place)
{
	for (unsigned int i = 0; i < TUPLES_TRIED; i++) {
		*key = next_key(l);
		*place = table_place(l, *key);
		if (table_has_room(*place) && table_find(l, *place, *key) == NULL)
			return true;
	}
	return false;
}

/*
 * RFC 9293 §3.4.1: a clock, so that a tuple that is used again begins above where it ended, and a
 * peer in TIME-WAIT takes its SYN (RFC 1122 §4.2.2.13). 64 ns a number: 1 MB may be sent on a tuple
 * that is used again after 68 ms; and after 60 s, the longest TIME-WAIT that is common, the clock
 * has not gone half its way round. RFC 6528 would add a secret. A generator has none from its own
 * peer, and without one the numbers of the next process go on above those of this one.
 */
static uint32_t
isn_of(const struct lite *l, uint64_t now)
{
	return (uint32_t)((l->isn + now) >> ISN_SHIFT);
}

/* Opening ------------------------------------------------------------------------------------- */

static struct client *
open_one(struct lite *l, uint8_t flags, uint64_t intended, uint64_t now)
{
	struct place place;
	struct client *c;
	uint32_t key;
	uint8_t places;

	if (!choose(l, &key, &place))
		return NULL;
	c = take_block(l);
	if (c == NULL)
		return NULL;
	places = c->places;
	*c = (struct client){
		.key = key,
		.una = isn_of(l, now),
		.begun = lite_tick(now),
		.mss = l->mss,
		.intended = intended,
		.stamp = now,
		.state = SYN_SENT,
		.flags = flags,
		.places = places,
		.error = NO_ERROR,
	};
	c->nxt = c->end = c->una + 1;
	table_insert(place, lite_index(l, c));
	worker_count(l->w, COUNT_opened);
	l->opening += l->mode != MODE_CRR;
	lite_syn(l, c, now);
	return c;
}

void
lite_opened(struct lite *l)
{
	l->opening--;
	l->established++;
	if (l->open_limit < OPENING_MOST)
		l->open_limit++;
}

/* As a window of segments: a loss halves it, once in a round trip. */
void
lite_congested(struct lite *l, uint64_t now)
{
	if (now < l->halved + l->rto)
		return;
	l->halved = now;
	l->open_limit = RTE_MAX(l->open_limit / 2, (uint32_t)OPENING_LEAST);
}

static bool
may_open(const struct lite *l)
{
	return l->opening < l->open_limit && worker_room(l->w, LITE_BURST);
}

/* rr, before the first request. What fails now is tried again when a request wants it. */
static bool
open_first(struct lite *l, uint64_t now)
{
	unsigned int n = 0;

	if (l->mode != MODE_RR || l->w->state != WORKER_OPENING)
		return false;
	while (n < OPENS_AT_ONCE && l->tried < l->most && may_open(l) &&
	       open_one(l, 0, now, now) != NULL) {
		l->tried++;
		n++;
	}
	return n > 0;
}

void
lite_ask_again(struct lite *l, struct client *c, uint64_t now)
{
	uint64_t intended = c->intended;
	uint32_t begun = c->begun, key = c->key;

	lite_drop(l, c);
	c = open_one(l, TRANSACTION, intended, now);
	if (c != NULL)
		c->begun = begun;
	else
		fail(l, key, ERROR_rst);
}

/* The engine ---------------------------------------------------------------------------------- */

static int
init_sources(struct lite *l, const struct worker *w)
{
	struct tern_addr first = w->plan->src_first, last = w->plan->src_last;
	uint32_t from, to;

	if (tern_addr_is_any(first))
		first = last = w->addr;
	if (tern_addr_is_any(last))
		last = first;
	if (!tern_addr_is_v4(w->plan->target) || !tern_addr_is_v4(first) || !tern_addr_is_v4(last))
		return complain("--tcp lite is for IPv4: try --tcp full");
	from = rte_be_to_cpu_32(tern_addr_to_v4(first));
	to = rte_be_to_cpu_32(tern_addr_to_v4(last));
	if (to < from || to - from >= SOURCES_MOST)
		return complain("--src: expected a range of 1 to 65536 addresses, lowest first");
	l->source = from;
	l->sources = to - from + 1;
	return 0;
}

/* The least shift with which our receive space can be told. */
static uint8_t
wscale_of(const struct tern_config *config)
{
	uint8_t scale = 0;

	while (scale < config->wscale && LITE_WND << scale < config->rcv_space)
		scale++;
	return scale;
}

static uint16_t
mss_of(const struct tern_port *port)
{
	unsigned int room = rte_pktmbuf_data_room_size(port->pool);
	unsigned int most = RTE_MIN((unsigned int)port->mtu - HEADERS, (unsigned int)MSS_MOST);

	return (uint16_t)RTE_MIN(most, room - RTE_PKTMBUF_HEADROOM - LITE_FRAME);
}

static void
init_times(struct lite *l, const struct plan *plan)
{
	const struct tern_config *config = &plan->options.config;

	l->rto_min = config->rto_min_ns;
	l->rto_max = config->rto_max_ns;
	l->rto = config->rto_initial_ns;
	l->rto_ticks = lite_tick(l->rto) + 1;
	l->delay_ticks = lite_tick(config->ack_delay_ns) + 1;
	l->look_ticks = lite_tick(RTE_MAX(l->rto_min, LOOK_LEAST_NS)) + 1;
}

static int
lite_init(struct worker *w)
{
	struct lite *l = w->mem;

	memset(l, 0, sizeof(*l));
	l->w = w;
	lay_out(l, w->plan, w->workers);
	if (init_sources(l, w) < 0)
		return -1;
	init_tuples(l, w);
	if (w->plan->mode != MODE_CRR && l->tuples < l->room)
		return complain("fewer addresses (--src) times ports (--sport) than connections");
	if (l->tuples == 0)
		return complain("--sport: expected at least one port for each core");
	l->target = tern_addr_to_v4(w->plan->target);
	l->port = rte_cpu_to_be_16(w->plan->target_port);
	l->wscale = wscale_of(&w->plan->options.config);
	init_times(l, w->plan);
	request_init(&l->request, w->plan, l->ask_mem);
	return 0;
}

/* Nothing is left of the trial before, but where the tuples are and the round trip. */
static void
clear(struct lite *l)
{
	memset(l->buckets, 0, sizeof(struct bucket) << (64 - l->hash_shift));
	for (uint32_t i = 0; i < l->fresh; i++)
		l->clients[i].places = l->clients[i].state = 0;
	lite_timers_clear(l);
	l->free = LITE_NONE;
	l->fresh = l->alive = l->established = l->opening = 0;
	l->idle_head = l->idle_n = 0;
	l->owing_n = l->waiting_n = l->later_n = 0;
	l->header.len = 0;
	l->cursor = 0;
	l->stopping = false;
}

/* What bodies are compared with: a file, or what comes first. */
static void
prepare_body(struct lite *l, const struct plan *plan)
{
	bool file = plan->payload == PAYLOAD_FILE && plan->file_bytes > 0;

	l->body.bytes = file ? plan->file : l->body.kept;
	l->body.known = file ? (uint32_t)plan->file_bytes : 0;
	l->body.total = file ? (uint32_t)plan->file_bytes : LITE_NONE;
	l->body.room = file ? 0 : (uint32_t)body_room(plan);
}

static void
prepare_request(struct lite *l, const struct plan *plan)
{
	uint8_t *kept = l->ask_mem + request_text_bytes(plan);

	request_set(&l->request, plan);
	l->http = plan->proto == PROTO_HTTP;
	l->ask_len = l->request.bytes;
	l->rsp_len = plan->rsp_bytes != 0 ? plan->rsp_bytes : plan->req_bytes;
	l->verify = plan->verify && (l->http || l->rsp_len == l->ask_len);
	l->body_bytes = plan->rsp_bytes;
	prepare_body(l, plan);
	l->close_rst = plan->close_rst && plan->mode == MODE_CRR;
	l->ask = NULL;
	if (!keeps_ask(plan))
		return;
	request_fill(&l->request, 0, 0, kept, l->ask_len);
	l->ask = kept;
	l->ask_sum = csum_add(0, kept, l->ask_len);
}

static uint32_t
connections_of(const struct lite *l)
{
	const struct worker *w = l->w;
	uint32_t all = w->plan->connections;

	if (l->mode == MODE_CRR)
		return l->room;
	return RTE_MIN(all / w->workers + (w->index < all % w->workers), l->room);
}

static void
lite_start(struct worker *w, uint64_t now)
{
	struct lite *l = w->mem;

	clear(l);
	l->mode = w->plan->mode;
	l->most = connections_of(l);
	l->caps = w->front.caps;
	l->mss = mss_of(&w->front);
	prepare_request(l, w->plan);
	lite_frame_init(l);
	if (l->isn == 0 && w->count_cycles) /* a real clock: one that no other process began at 0 */
		l->isn = (uint64_t)((double)rte_rdtsc() * 1e9 / (double)rte_get_tsc_hz()) - now;
	l->timeout_ticks = lite_tick(w->plan->timeout_ns) + 1;
	l->turned = lite_tick(now);
	l->polled = now;
	l->open_limit = OPENING_FIRST;
	l->halved = 0;
	l->since = now;
	l->tried = 0;
	first_keys(l, w);
}

static bool
lite_ready(struct worker *w, uint64_t now)
{
	const struct lite *l = w->mem;

	if (l->mode != MODE_RR || now - l->since >= w->plan->timeout_ns)
		return true;
	return l->tried == l->most && l->opening == 0;
}

static enum launched
launch_request(struct lite *l, uint64_t intended, uint64_t now)
{
	struct client *c = take_idle(l);

	if (unlikely(c == NULL))
		return open_one(l, TRANSACTION, intended, now) != NULL ? LAUNCHED : LAUNCH_BUSY;
	c->intended = intended;
	c->begun = lite_tick(now);
	c->flags |= TRANSACTION;
	c->error = NO_ERROR;
	lite_ask(l, c, now);
	return LAUNCHED;
}

static enum launched
lite_launch(struct worker *w, uint64_t intended, uint64_t now)
{
	struct lite *l = w->mem;

	if (unlikely(!worker_room(w, LITE_BURST + 1)))
		return LAUNCH_BUSY;
	if (l->mode == MODE_RR)
		return launch_request(l, intended, now);
	/* What is held is opened as fast as it is answered, unless a rate says how fast. */
	if (l->mode == MODE_HOLD && !w->open_loop && !may_open(l))
		return LAUNCH_BUSY;
	return open_one(l, TRANSACTION, intended, now) != NULL ? LAUNCHED : LAUNCH_BUSY;
}

/* Connections of rr and hold are parted with as they should, some in each turn. */
static bool
close_some(struct lite *l, uint64_t now)
{
	unsigned int n = 0;

	if (!l->stopping || l->mode == MODE_CRR)
		return false;
	for (unsigned int i = 0; i < LOOKED_AT_ONCE && n < CLOSES_AT_ONCE; i++) {
		struct client *c;

		if (l->cursor >= l->fresh || !worker_room(l->w, LITE_BURST + 1))
			break;
		c = &l->clients[l->cursor];
		if (c->state == ESTABLISHED && (c->flags & TRANSACTION) != 0)
			break; /* its response comes, or its time is over */
		l->cursor++;
		if (is_idle(c)) {
			lite_finish(l, c, now);
			n++;
		}
	}
	return n > 0;
}

static bool
lite_poll(struct worker *w, uint64_t now)
{
	struct lite *l = w->mem;
	bool did = lite_timers(l, now);

	did |= open_first(l, now);
	did |= close_some(l, now);
	lite_pay_later(l, now);
	lite_flush(l);
	return did;
}

static uint64_t
lite_next(const struct worker *w)
{
	const struct lite *l = w->mem;

	if (l->mode == MODE_RR && w->state == WORKER_OPENING && l->tried < l->most && may_open(l))
		return l->polled;
	if (l->stopping && l->mode != MODE_CRR && l->cursor < l->fresh)
		return l->polled;
	return lite_timers_next(l);
}

static void
lite_stop(struct worker *w, uint64_t now)
{
	struct lite *l = w->mem;

	(void)now;
	l->stopping = true;
	l->cursor = 0;
}

static bool
lite_done(const struct worker *w)
{
	const struct lite *l = w->mem;

	return w->outstanding == 0 && l->tx_n == 0 && (!l->stopping || l->alive == 0);
}

/* Who is still there hears an RST, as far as there is room for it. */
static void
lite_end(struct worker *w, uint64_t now)
{
	struct lite *l = w->mem;

	(void)now;
	for (uint32_t i = 0; i < l->fresh && l->alive > 0; i++) {
		struct client *c = &l->clients[i];

		if (c->state == CLOSED)
			continue;
		if (worker_room(w, LITE_BURST + 1))
			lite_rst(l, c);
		if ((c->flags & TRANSACTION) != 0)
			fail(l, c->key, c->error != NO_ERROR ? c->error : ERROR_aborted);
		release(l, c);
	}
	lite_flush(l);
	while (l->spare_n > 0)
		rte_pktmbuf_free(l->spare[--l->spare_n]);
}

const struct engine engine_lite = {
	.name = "lite",
	.steered = true,
	.bytes = lite_bytes,
	.init = lite_init,
	.start = lite_start,
	.ready = lite_ready,
	.launch = lite_launch,
	.poll = lite_poll,
	.next = lite_next,
	.rx = lite_rx,
	.stop = lite_stop,
	.done = lite_done,
	.end = lite_end,
};
