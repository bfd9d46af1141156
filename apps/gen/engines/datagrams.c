/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams: requests and answers over UDP, or ICMP echo.
 *
 * A flow is a source address and port (of ICMP: an identifier); each may have so many requests
 * under way. A request is a slot: the answer's destination tells the flow, and a tag at the start
 * of the payload (of ICMP: the sequence number) which of its slots and which use of it. A peer that
 * does not send the payload back, or requests that have no room for a tag, are served as well: then
 * an answer belongs to the oldest request of its flow.
 *
 * Frames are copies of a template, completed by adding what varies to its sums. The mbufs of
 * answers become requests: in closed loop nothing is taken from the pool. Times are taken once a
 * burst. Timeouts are found by a sweep over all slots, SWEEPS of them in a timeout, so they may be
 * that part of it late; a request costs nothing for them.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "gen/complain.h"
#include "gen/engines/payload.h"
#include "gen/engines/template.h"

enum {
	BURST = 32,
	STASH = 64,
	TAG_BYTES = 8,
	MARK = 0x7465726e,
	SWEEPS = 16,
	MANY_SLOTS = 16384, /* no longer in the caches next to the processor */
	SWEPT_AT_ONCE = 64,
	UDP_DEPTH_BITS = 16,
	ICMP_DEPTH_BITS = 8,
	ICMP_SEQ_BITS = 16,
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	QUOTED_AT = 8, /* in an ICMP error: the packet that brought it */
};

static const uint64_t SALT = UINT64_C(0x9e3779b97f4a7c15);

struct slot {
	uint64_t intended, sent; /* intended 0: free; sent 0: not yet */
	uint32_t use;		 /* how often it was used: the tag's upper bits */
	bool lost;		 /* the last use timed out */
};

struct datagrams {
	struct packet_template template;
	struct sources sources;
	uint32_t flows, slots; /* slots: flows << depth_bits */
	uint32_t depth_bits;
	uint32_t trial;
	bool tagged; /* the payload has a tag */
	uint16_t pending_n, stash_n;
	uint32_t pending_slot[BURST];
	struct rte_mbuf *pending[BURST], *stash[STASH];
	uint32_t free_head, free_n, free_size;
	uint32_t *free; /* slots, longest free first */
	uint32_t sweep;
	uint64_t sweep_ns, sweep_every_ns; /* when the next so many are looked at */
	struct slot *slot;
};

static struct datagrams *
datagrams_of(const struct worker *w)
{
	return w->mem;
}

static bool
is_icmp(const struct worker *w)
{
	return w->plan->proto == PROTO_ICMP;
}

/* Start -------------------------------------------------------------------------------------- */

static uint32_t
bits_for(uint32_t n)
{
	uint32_t bits = 0;

	while (bits < 31 && UINT32_C(1) << bits < n)
		bits++;
	return bits;
}

/* The first workers have what is left over. */
static uint32_t
flows_of(const struct plan *plan, unsigned int index, unsigned int workers)
{
	return plan->connections / workers + (index < plan->connections % workers);
}

static size_t
slots_for(const struct plan *plan, unsigned int workers)
{
	return (size_t)flows_of(plan, 0, workers) << bits_for(plan->depth);
}

static size_t
datagrams_bytes(const struct plan *plan, unsigned int workers)
{
	return sizeof(struct datagrams) +
	       slots_for(plan, workers) * (sizeof(struct slot) + sizeof(uint32_t));
}

static uint16_t
payload_of(const struct worker *w)
{
	if (w->trial != NULL && w->trial->imix.n > 0)
		return (uint16_t)(w->trial->imix.size[0].bytes - FRAME_FCS_BYTES -
				  FRAME_PAYLOAD_AT);
	return (uint16_t)RTE_MIN(w->plan->req_bytes, (uint32_t)UINT16_MAX);
}

static int
datagrams_init(struct worker *w)
{
	const struct plan *plan = w->plan;
	uint32_t most = template_most(w) - FRAME_PAYLOAD_AT;
	struct sources s;

	sources_init_own(&s, plan, w->addr, 0, w->index, w->workers);
	if (flows_of(plan, w->index, w->workers) > s.pairs)
		return complain("-c %u: only %" PRIu64
				" source addresses and ports for them on a core",
				plan->connections, s.pairs);
	if (plan->req_bytes > most)
		return complain(
			"--req %u: a datagram of %u bytes is the longest that the port takes",
			plan->req_bytes, most);
	return 0;
}

static void
make_template(struct worker *w, struct datagrams *d)
{
	uint16_t payload = RTE_MIN(payload_of(w), (uint16_t)(template_most(w) - FRAME_PAYLOAD_AT));
	uint16_t bytes = (uint16_t)RTE_MAX(FRAME_PAYLOAD_AT + payload, (int)FRAME_LEAST_BYTES);
	uint16_t vary = 0;

	d->tagged = !is_icmp(w) && payload >= TAG_BYTES && w->plan->payload != PAYLOAD_FILE;
	if (d->tagged)
		vary = TAG_BYTES;
	if (w->plan->payload == PAYLOAD_PRBS)
		vary = payload;
	template_init(&d->template, w, w->plan->proto, bytes, payload, vary);
}

/* All are free, those of one flow as far from one another as can be. */
static void
free_slots(struct datagrams *d, uint32_t depth)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->slots; i++)
		d->slot[i] = (struct slot){ .use = d->trial * 0x9e37 };
	for (uint32_t k = 0; k < depth; k++)
		for (uint32_t flow = 0; flow < d->flows; flow++)
			d->free[n++] = flow << d->depth_bits | k;
	d->free_head = 0;
	d->free_n = d->free_size = n;
}

static void
datagrams_start(struct worker *w, uint64_t now)
{
	struct datagrams *d = datagrams_of(w);
	const struct plan *plan = w->plan;

	d->flows = flows_of(plan, w->index, w->workers);
	d->depth_bits = bits_for(plan->depth);
	d->slots = d->flows << d->depth_bits;
	d->slot = (struct slot *)(d + 1);
	d->free = (uint32_t *)(d->slot + d->slots);
	d->trial++;
	sources_init_own(&d->sources, plan, w->addr, w->trial->seed, w->index, w->workers);
	make_template(w, d);
	free_slots(d, plan->depth);
	d->sweep = 0;
	d->sweep_every_ns = d->slots > 0 ? plan->timeout_ns * SWEPT_AT_ONCE / SWEEPS / d->slots : 0;
	d->sweep_every_ns = RTE_MIN(d->sweep_every_ns, plan->timeout_ns / SWEEPS) + 1;
	d->sweep_ns = now + d->sweep_every_ns;
}

/* Slots -------------------------------------------------------------------------------------- */

static uint32_t
take_slot(struct datagrams *d)
{
	uint32_t slot = d->free[d->free_head];

	if (++d->free_head == d->free_size)
		d->free_head = 0;
	d->free_n--;
	return slot;
}

static void
give_slot(struct datagrams *d, struct slot *s)
{
	uint32_t at = d->free_head + d->free_n;

	s->intended = 0;
	d->free[at < d->free_size ? at : at - d->free_size] = (uint32_t)(s - d->slot);
	d->free_n++;
}

/* The flow that has this source. Return: false: none of ours. */
static bool
find_flow(const struct datagrams *d, rte_be32_t addr, rte_be16_t port, uint32_t *flow)
{
	const struct sources *s = &d->sources;
	uint64_t at = rte_be_to_cpu_32(addr) - s->first_addr;
	uint32_t number = (uint32_t)rte_be_to_cpu_16(port) - s->first_port;

	if (number >= s->ports || at >= s->addrs)
		return false;
	at = at * s->ports + number;
	*flow = (uint32_t)at;
	return at < d->flows;
}

/* The request of this flow that has waited longest; NULL: none is under way. */
static struct slot *
oldest(const struct datagrams *d, uint32_t flow)
{
	struct slot *s = &d->slot[flow << d->depth_bits], *found = NULL;

	for (uint32_t i = 0; i < UINT32_C(1) << d->depth_bits; i++)
		if (s[i].intended != 0 && (found == NULL || s[i].sent < found->sent))
			found = &s[i];
	return found;
}

/* Sending ------------------------------------------------------------------------------------ */

static uint64_t
seed_of(const struct worker *w, uint32_t flow)
{
	return w->plan->seed + SALT * ((uint64_t)flow * w->workers + w->index + 1);
}

/* Bytes of another sequence for each flow. Return: what they add to the sum. */
static uint64_t
write_prbs(const struct worker *w, const struct datagrams *d, uint8_t *to, uint32_t flow)
{
	size_t skip = d->tagged ? TAG_BYTES : 0, len = d->template.payload_bytes - skip;

	to += FRAME_PAYLOAD_AT + skip;
	payload_fill(w->plan, seed_of(w, flow), skip, to, len);
	return csum_add(0, to, len);
}

static uint64_t
write_tag(uint8_t *to, uint32_t tag)
{
	store32(to + FRAME_PAYLOAD_AT, MARK);
	store32(to + FRAME_PAYLOAD_AT + 4, tag);
	return (uint64_t)MARK + tag;
}

static inline void
make(const struct worker *w, struct datagrams *d, struct rte_mbuf *m, uint32_t at)
{
	uint32_t flow = at >> d->depth_bits, k = at - (flow << d->depth_bits);
	uint32_t tag = d->slot[at].use << d->depth_bits | k;
	struct source source = sources_at(&d->sources, flow);
	uint8_t *to = template_copy(&d->template, m);
	uint64_t sum = d->template.l4_sum, from = template_from(&d->template, to, source);
	uint16_t port = rte_cpu_to_be_16(source.port), seq = rte_cpu_to_be_16((uint16_t)tag);

	if (d->tagged)
		sum += write_tag(to, tag);
	if (w->plan->payload == PAYLOAD_PRBS)
		sum += write_prbs(w, d, to, flow);
	if (is_icmp(w)) {
		store16(to + FRAME_ICMP_ID_AT, port);
		store16(to + FRAME_ICMP_ID_AT + 2, seq);
		store16(to + FRAME_ICMP_CKSUM_AT, csum_finish(sum + port + seq));
	} else {
		store16(to + FRAME_L4_AT, port);
		store16(to + FRAME_UDP_CKSUM_AT, csum_finish_udp(sum + from + port));
	}
}

/* What was made leaves now: its time is taken. */
static void
flush(struct worker *w, struct datagrams *d)
{
	uint64_t now = w->clock(w->clock_data);

	for (uint16_t i = 0; i < d->pending_n; i++)
		d->slot[d->pending_slot[i]].sent = now;
	worker_send(w, d->pending, d->pending_n);
	d->pending_n = 0;
}

static bool
fill_stash(struct worker *w, struct datagrams *d)
{
	if (d->stash_n > 0)
		return true;
	if (rte_pktmbuf_alloc_bulk(w->port->pool, d->stash, BURST) < 0) {
		worker_count(w, COUNT_no_mbuf);
		return false;
	}
	d->stash_n = BURST;
	return true;
}

static enum launched
datagrams_launch(struct worker *w, uint64_t intended, uint64_t now)
{
	struct datagrams *d = datagrams_of(w);
	uint32_t at;

	(void)now;
	if (d->free_n == 0 || !worker_room(w, BURST) || !fill_stash(w, d))
		return LAUNCH_BUSY;
	at = take_slot(d);
	d->slot[at].use++;
	d->slot[at].intended = intended;
	d->slot[at].sent = UINT64_MAX;
	d->slot[at].lost = false;
	d->pending_slot[d->pending_n] = at;
	d->pending[d->pending_n] = d->stash[--d->stash_n];
	make(w, d, d->pending[d->pending_n++], at);
	worker_count(w, COUNT_requests);
	w->meter->count[COUNT_tx_payload] += d->template.payload_bytes;
	if (d->pending_n == BURST)
		flush(w, d);
	return LAUNCHED;
}

/* --capture-failed wants the frames of its flow. */
static void
capture(struct worker *w, const struct slot *s, enum error why)
{
	const struct datagrams *d = datagrams_of(w);
	uint32_t flow = (uint32_t)(s - d->slot) >> d->depth_bits;
	struct source source = sources_at(&d->sources, flow);
	const struct tuple who = {
		.local = rte_cpu_to_be_32(source.addr),
		.remote = tern_addr_to_v4(w->plan->target),
		.local_port = rte_cpu_to_be_16(source.port),
		.remote_port = is_icmp(w) ? 0 : rte_cpu_to_be_16(w->plan->target_port),
		.proto = is_icmp(w) ? IPPROTO_ICMP : IPPROTO_UDP,
	};

	worker_capture(w, &who, why);
}

static void
give_up(struct worker *w, struct slot *s, enum error why)
{
	s->lost = true;
	give_slot(datagrams_of(w), s);
	worker_failed(w, why);
	capture(w, s, why);
}

static bool
is_overdue(const struct worker *w, const struct slot *s, uint64_t now)
{
	return s->sent != UINT64_MAX && now >= s->sent + w->plan->timeout_ns;
}

static void
sweep(struct worker *w, struct datagrams *d, uint64_t now)
{
	uint32_t n = RTE_MIN(d->slots - d->sweep, (uint32_t)SWEPT_AT_ONCE);
	struct slot *s = &d->slot[d->sweep];

	for (uint32_t i = 0; i < n; i++)
		if (s[i].intended != 0 && is_overdue(w, &s[i], now))
			give_up(w, &s[i], ERROR_timeout);
	d->sweep += n;
	if (d->sweep == d->slots)
		d->sweep = 0;
	d->sweep_ns += d->sweep_every_ns;
}

static bool
datagrams_poll(struct worker *w, uint64_t now)
{
	struct datagrams *d = datagrams_of(w);
	bool did = d->pending_n > 0;

	if (did)
		flush(w, d);
	if (now >= d->sweep_ns && d->slots > 0)
		sweep(w, d, now);
	return did;
}

static uint64_t
datagrams_next(const struct worker *w)
{
	return w->outstanding > 0 ? datagrams_of(w)->sweep_ns : UINT64_MAX;
}

/* Receiving ---------------------------------------------------------------------------------- */

static struct slot *
slot_of_tag(struct worker *w, struct datagrams *d, uint32_t flow, uint32_t tag, uint32_t tag_bits)
{
	uint32_t k = tag & ((UINT32_C(1) << d->depth_bits) - 1);
	struct slot *s = &d->slot[flow << d->depth_bits | k];
	uint32_t differ = (s->use << d->depth_bits ^ tag) >> d->depth_bits << d->depth_bits;

	if (tag_bits < 32)
		differ &= (UINT32_C(1) << tag_bits) - 1;
	if (s->intended != 0 && differ == 0)
		return s;
	worker_count(w, s->lost ? COUNT_other : COUNT_duplicates);
	return NULL;
}

/* The request that this answers. NULL: none, and that has been counted. */
static struct slot *
find_slot(struct worker *w, struct datagrams *d, const struct received *r, uint32_t flow)
{
	const uint8_t *payload = r->l4 + 8;
	struct slot *s;

	if (is_icmp(w))
		return slot_of_tag(w, d, flow, rte_be_to_cpu_16(load16(r->l4 + 6)), ICMP_SEQ_BITS);
	if (d->tagged && r->l4_bytes >= 8 + TAG_BYTES && load32(payload) == MARK)
		return slot_of_tag(w, d, flow, load32(payload + 4), 32);
	s = oldest(d, flow);
	if (s == NULL)
		worker_count(w, COUNT_other);
	return s;
}

static bool
is_echo(const struct worker *w, const struct datagrams *d, const struct received *r, uint32_t flow)
{
	size_t skip = d->tagged ? TAG_BYTES : 0;
	const uint8_t *payload = r->l4 + 8 + skip;
	size_t len = d->template.payload_bytes - skip;

	if (w->plan->payload == PAYLOAD_PRBS)
		return payload_check(w->plan, seed_of(w, flow), skip, payload, len);
	return memcmp(payload, d->template.data + FRAME_PAYLOAD_AT + skip, len) == 0;
}

/* A request ends with this answer, well or not. */
static void
complete(struct worker *w, struct datagrams *d, struct slot *s, const struct rte_mbuf *m,
	 const struct received *r, uint64_t now)
{
	uint32_t flow = (uint32_t)(s - d->slot) >> d->depth_bits;

	if (!received_good(m, r)) {
		give_up(w, s, ERROR_bad_cksum);
	} else if (w->plan->verify && r->l4_bytes - 8u != d->template.payload_bytes) {
		give_up(w, s, ERROR_bad_length);
	} else if (w->plan->verify && !is_echo(w, d, r, flow)) {
		give_up(w, s, ERROR_bad_payload);
	} else {
		worker_time(w, TIME_ttlb, s->intended, now);
		worker_time(w, TIME_ttlb_naive, s->sent, now);
		if (w->plan->suite == SUITE_RFC8219)
			worker_variation(w, now > s->sent ? now - s->sent : 0);
		worker_count(w, COUNT_responses);
		w->meter->count[COUNT_rx_payload] += r->l4_bytes - 8u;
		give_slot(d, s);
		worker_done(w);
	}
}

/* Whom it answers: of UDP a port, of ICMP the identifier of an echo. */
static bool
is_answer(const struct worker *w, const struct received *r)
{
	if (is_icmp(w))
		return r->proto == IPPROTO_ICMP && r->l4[0] == ICMP_ECHO_REPLY;
	return r->proto == IPPROTO_UDP && load16(r->l4) == rte_cpu_to_be_16(w->plan->target_port) &&
	       rte_be_to_cpu_16(load16(r->l4 + 4)) == r->l4_bytes;
}

/* An ICMP error that quotes a request of ours. */
static bool
take_unreachable(struct worker *w, struct datagrams *d, const struct rte_mbuf *m,
		 const struct received *r)
{
	const uint8_t *quoted = r->l4 + QUOTED_AT;
	uint32_t flow, l4_at = is_icmp(w) ? 20 + 4 : 20;
	struct slot *s;

	if (r->proto != IPPROTO_ICMP || r->l4[0] != ICMP_UNREACHABLE ||
	    r->l4_bytes < QUOTED_AT + 28 ||
	    load32(quoted + 16) != tern_addr_to_v4(w->plan->target) ||
	    !find_flow(d, load32(quoted + 12), load16(quoted + l4_at), &flow) ||
	    !received_good(m, r))
		return false;
	s = oldest(d, flow);
	if (s != NULL)
		give_up(w, s, ERROR_unreachable);
	return true;
}

static bool
take(struct worker *w, struct datagrams *d, const struct rte_mbuf *m, uint64_t now)
{
	struct received r;
	struct slot *s;
	uint32_t flow;

	if (!received_read(m, &r))
		return false;
	if (!is_answer(w, &r))
		return take_unreachable(w, d, m, &r);
	if (!find_flow(d, load32(r.ip + 16), load16(r.l4 + (is_icmp(w) ? 4 : 2)), &flow))
		return false;
	s = find_slot(w, d, &r, flow);
	if (s != NULL)
		complete(w, d, s, m, &r, now);
	return true;
}

/* The mbuf of an answer becomes a request, unless it is somebody else's too, or too small. */
static void
recycle(struct datagrams *d, struct rte_mbuf *m)
{
	if (d->stash_n == STASH || !RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1 ||
	    m->buf_len < RTE_PKTMBUF_HEADROOM + RTE_MAX((int)d->template.bytes, FRAME_COPY_BYTES)) {
		rte_pktmbuf_free(m);
		return;
	}
	rte_pktmbuf_reset(m);
	d->stash[d->stash_n++] = m;
}

static void
prefetch_slot(const struct worker *w, const struct datagrams *d, const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t flow;

	if (m->data_len >= FRAME_PAYLOAD_AT &&
	    find_flow(d, load32(data + FRAME_DST_AT),
		      load16(data + (is_icmp(w) ? FRAME_ICMP_ID_AT : FRAME_L4_AT + 2)), &flow))
		rte_prefetch0(&d->slot[flow << d->depth_bits]);
}

/* With many flows each answer is to one that was not touched for long: the misses overlap. */
static void
prefetch(const struct worker *w, const struct datagrams *d, struct rte_mbuf *const *pkts,
	 uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], const void *));
	for (uint16_t i = 0; i < n; i++)
		prefetch_slot(w, d, pkts[i]);
}

static uint16_t
datagrams_rx(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	struct datagrams *d = datagrams_of(w);
	uint16_t left = 0;

	if (d->slots > MANY_SLOTS)
		prefetch(w, d, pkts, n);
	for (uint16_t i = 0; i < n; i++)
		if (take(w, d, pkts[i], now))
			recycle(d, pkts[i]);
		else
			pkts[left++] = pkts[i];
	return left;
}

/* The end ------------------------------------------------------------------------------------ */

static void
datagrams_end(struct worker *w, uint64_t now)
{
	struct datagrams *d = datagrams_of(w);
	struct slot *s;

	for (uint32_t i = 0; i < d->slots; i++) {
		s = &d->slot[i];
		if (s->intended != 0)
			give_up(w, s, is_overdue(w, s, now) ? ERROR_timeout : ERROR_aborted);
	}
	rte_pktmbuf_free_bulk(d->pending, d->pending_n);
	rte_pktmbuf_free_bulk(d->stash, d->stash_n);
	d->pending_n = d->stash_n = 0;
}

const struct engine engine_datagrams = {
	.name = "datagrams",
	.steered = true,
	.bytes = datagrams_bytes,
	.init = datagrams_init,
	.start = datagrams_start,
	.launch = datagrams_launch,
	.poll = datagrams_poll,
	.next = datagrams_next,
	.rx = datagrams_rx,
	.end = datagrams_end,
};
