/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replay: the packets of a capture, at the file's times, at a rate, or as fast as the port takes.
 *
 * Before anything is sent each worker has its part of the file in memory: packets between the same
 * two addresses are one worker's, so they keep their order. With a target all packets go there,
 * from our address or out of --src (the same one for the same original source), and whatever is
 * not IPv4 is left out; with --src alone they only get other sources; else nothing is changed.
 * What comes back is counted, and goes no further: no stack of ours sent what it answers.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gen/complain.h"
#include "gen/engines/capture.h"
#include "gen/engines/rewrite.h"
#include "gen/engines/template.h"

enum { BURST = 32 };

static const uint64_t TURN_NS = 1000; /* of a simulation: it sends a burst in */

struct replay {
	struct capture capture;
	uint32_t at; /* the packet that is next */
	uint64_t loop;
	uint64_t now;
	uint32_t foreign; /* left out: not IPv4 */
};

static struct replay *
replay_of(const struct worker *w)
{
	return w->mem;
}

static bool
has_target(const struct worker *w)
{
	return !tern_addr_is_any(w->plan->target);
}

/* Loading ------------------------------------------------------------------------------------ */

static size_t
replay_bytes(const struct plan *plan, unsigned int workers)
{
	(void)plan;
	(void)workers;
	return sizeof(struct replay);
}

/* Both directions of a flow are one worker's. */
static bool
is_ours(void *data, const struct capture *c, uint32_t i)
{
	struct worker *w = data;
	const struct captured *p = &c->packets[i];
	const uint8_t *frame = c->bytes + p->from;
	uint16_t at = rewrite_ipv4_at(frame, p->known);
	uint32_t mix = 0;

	if (at != 0)
		mix = load32(frame + at + 12) ^ load32(frame + at + 16);
	else if (has_target(w)) {
		replay_of(w)->foreign++;
		return false;
	}
	return (uint32_t)((uint64_t)(mix * UINT32_C(0x9e3779b1)) * w->workers >> 32) == w->index;
}

static rte_be32_t
source_for(const struct worker *w, rte_be32_t was)
{
	struct sources s;

	sources_init(&s, w->plan, w->addr, 0, 0, 1);
	return rte_cpu_to_be_32(s.first_addr + (uint32_t)(rte_be_to_cpu_32(was) % s.addrs));
}

static void
rewrite(const struct worker *w, uint8_t *frame, const struct captured *p)
{
	bool from = has_target(w) || !tern_addr_is_any(w->plan->src_first);
	rte_be32_t src, dst = tern_addr_to_v4(w->plan->target);
	uint16_t at = rewrite_ipv4_at(frame, p->bytes);

	if (at == 0)
		return;
	src = source_for(w, load32(frame + at + 12));
	rewrite_addrs(frame, p->bytes, at, from ? &src : NULL, has_target(w) ? &dst : NULL);
	if (p->known < p->bytes)
		rewrite_sum(frame, p->bytes, at);
}

static void
tell_left_out(const struct worker *w, const struct replay *r)
{
	if (w->index != 0 || r->foreign + r->capture.odd == 0)
		return;
	complain("%s: left out %" PRIu32 " packets that are too long or too short for the port, "
		 "and %" PRIu32 " that are not IPv4",
		 w->plan->pcap, r->capture.odd, r->foreign);
}

static int
replay_init(struct worker *w)
{
	struct replay *r = replay_of(w);
	struct capture *c = &r->capture;
	char why[256];

	if (capture_load(c, w->plan->pcap, template_most(w), why) < 0)
		return complain("%s", why);
	capture_keep(c, is_ours, w);
	if (r->foreign == c->in_file) {
		complain("%s: no packet in it that could go to the target, only IPv4 can",
			 w->plan->pcap);
		capture_free(c);
		return -1;
	}
	for (uint32_t i = 0; i < c->n; i++)
		rewrite(w, c->bytes + c->packets[i].from, &c->packets[i]);
	tell_left_out(w, r);
	return 0;
}

/* Whom the frames are for is known now. */
static void
replay_start(struct worker *w, uint64_t now)
{
	struct replay *r = replay_of(w);
	struct capture *c = &r->capture;
	uint64_t all = w->plan->loops > 0 ? w->plan->loops * c->n : UINT64_MAX;

	for (uint32_t i = 0; has_target(w) && i < c->n; i++) {
		uint8_t *frame = c->bytes + c->packets[i].from;

		memcpy(frame, &w->peer_mac, RTE_ETHER_ADDR_LEN);
		memcpy(frame + RTE_ETHER_ADDR_LEN, &w->port->mac, RTE_ETHER_ADDR_LEN);
	}
	w->left = c->n > 0 ? RTE_MIN(w->left, all) : 0;
	r->at = 0;
	r->loop = 0;
	r->now = now;
}

/* Sending ------------------------------------------------------------------------------------ */

/* When the next packet is due; 0: as soon as the port takes it. */
static uint64_t
due_at(const struct worker *w, const struct replay *r)
{
	const struct capture *c = &r->capture;
	double ns;

	if (w->open_loop)
		return w->schedule.next_ns;
	if (w->plan->speed <= 0)
		return 0;
	ns = (double)r->loop * (double)c->span_ns + (double)c->packets[r->at].at_ns;
	return w->began_ns + (uint64_t)(ns / w->plan->speed);
}

static void
step(struct worker *w, struct replay *r)
{
	if (w->open_loop)
		schedule_next(&w->schedule);
	w->left--;
	if (++r->at == r->capture.n) {
		r->at = 0;
		r->loop++;
	}
}

static void
note_late(struct worker *w, uint64_t due, uint64_t now)
{
	worker_time(w, TIME_lag, due, now);
	if (now - due > TERN_MS)
		worker_count(w, COUNT_late);
}

static void
make(const struct replay *r, struct rte_mbuf *m)
{
	const struct captured *p = &r->capture.packets[r->at];

	memcpy(rte_pktmbuf_mtod(m, uint8_t *), r->capture.bytes + p->from, p->bytes);
	m->data_len = p->bytes;
	m->pkt_len = p->bytes;
}

static bool
replay_poll(struct worker *w, uint64_t now)
{
	struct replay *r = replay_of(w);
	struct rte_mbuf *pkts[BURST];
	uint16_t n = 0;
	uint64_t due;

	r->now = now;
	if (w->state != WORKER_RUNNING || w->left == 0 || !worker_room(w, BURST) ||
	    due_at(w, r) > now || rte_pktmbuf_alloc_bulk(w->port->pool, pkts, BURST) < 0)
		return false;
	while (n < BURST && w->left > 0 && (due = due_at(w, r)) <= now) {
		if (due > 0)
			note_late(w, due, now);
		make(r, pkts[n++]);
		step(w, r);
	}
	w->meter->count[COUNT_requests] += n;
	worker_send(w, pkts, n);
	rte_pktmbuf_free_bulk(pkts + n, (unsigned int)(BURST - n));
	return true;
}

static uint64_t
replay_next(const struct worker *w)
{
	const struct replay *r = replay_of(w);

	if (w->state != WORKER_RUNNING || w->left == 0)
		return UINT64_MAX;
	return RTE_MAX(due_at(w, r), r->now + TURN_NS);
}

/* Receiving ---------------------------------------------------------------------------------- */

static uint16_t
replay_rx(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	struct received received;
	uint16_t left = 0;

	(void)now;
	for (uint16_t i = 0; i < n; i++) {
		if (!received_read(pkts[i], &received)) {
			pkts[left++] = pkts[i];
			continue;
		}
		if (received_good(pkts[i], &received))
			worker_count(w, COUNT_responses);
		else
			w->meter->error[ERROR_bad_cksum]++;
		rte_pktmbuf_free(pkts[i]);
	}
	return left;
}

static void
replay_fini(struct worker *w)
{
	capture_free(&replay_of(w)->capture);
}

const struct engine engine_replay = {
	.name = "replay",
	.bytes = replay_bytes,
	.init = replay_init,
	.start = replay_start,
	.poll = replay_poll,
	.next = replay_next,
	.rx = replay_rx,
	.fini = replay_fini,
};
