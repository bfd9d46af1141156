/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flood: packets as fast as the port takes them, or as the schedule says.
 *
 * Each packet is a copy of a template of its size with another source, completed by adding what
 * varies to the template's sums. UDP datagrams and echo requests carry a stamp at the start of
 * their payload, so an answer that brings it back (an echo service, a device under test that sends
 * the frames back to us) is known, timed and accounted for. A stamp fits the smallest frame of
 * Ethernet. SYNs have no payload: what answers them is counted only.
 *
 *	bytes 0..7	mark 16 bits, trial 8, tagged 1, worker 7, number 32
 *	bytes 8..15	when it was sent 48, low bits of how late that was 16; ns
 *	bytes 16, 17	high bits of how late
 *
 * Who sent a packet and who receives its answer may be two workers: whoever receives it accounts
 * for it, with a tracker for each sender.
 */
#include <netinet/in.h>
#include <string.h>

#include "gen/complain.h"
#include "gen/engines/payload.h"
#include "gen/engines/template.h"
#include "gen/engines/tracker.h"

enum {
	BURST = 64,
	BURSTS = 4, /* in a turn */
	STAMP_BYTES = 18,
	MARK = 0x7e47,
	WORKER_BITS = 7,
	WORKER_MASK = (1 << WORKER_BITS) - 1,
	TAGGED = 1 << WORKER_BITS,
	SENT_BITS = 48,
	LAB_MAC = 0x02, /* locally administered, all else zero: for frames that nobody takes */
	SYN_ACK = 0x12,
	RST = 0x04,
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	QUOTED_AT = 8, /* in an ICMP error: the packet that brought it */
};

static const uint64_t SENT_MASK = (UINT64_C(1) << SENT_BITS) - 1;
static const uint64_t TURN_NS = 1000;		/* of a simulation: it sends a burst in */
static const uint64_t SILENT_NS = 50 * TERN_MS; /* who has said nothing by then is a sink */

struct flood {
	struct sources sources;
	uint32_t number;      /* of the next packet */
	uint32_t trial;	      /* number of it, so that late answers to another are told apart */
	uint32_t turn, turns; /* of sizes */
	uint64_t now, sent_ns,
		answered_ns; /* of the turn, of the last packet, of the last answer */
	uint64_t answers;
	uint64_t tag_ns, tag_every_ns; /* the next packet to be tagged; 0: all are timed */
	uint8_t size[IMIX_TURNS];      /* indices into frame[] */
	struct packet_template frame[SIZES_MAX];
	struct tracker from[]; /* each worker's packets that came to this one */
};

struct stamp {
	uint64_t who, sent;
	uint16_t late;
};

static struct flood *
flood_of(const struct worker *w)
{
	return w->mem;
}

static bool
is_syn(const struct worker *w)
{
	return w->plan->proto == PROTO_SYN;
}

/* Start -------------------------------------------------------------------------------------- */

static size_t
flood_bytes(const struct plan *plan, unsigned int workers)
{
	(void)plan;
	return sizeof(struct flood) + workers * sizeof(struct tracker);
}

static int
flood_init(struct worker *w)
{
	const struct imix *imix = &w->plan->imix;
	unsigned int most = template_most(w) + FRAME_FCS_BYTES;

	for (unsigned int i = 0; i < imix->n; i++)
		if (imix->size[i].bytes > most)
			return complain("a frame of %u bytes is longer than the port takes, %u",
					imix->size[i].bytes, most);
	return 0;
}

/* The smallest frame has room for a stamp, or for a SYN with its option and padding. */
static void
make_frame(struct worker *w, struct packet_template *f, uint16_t bytes)
{
	uint16_t headers = is_syn(w) ? FRAME_SYN_PAYLOAD_AT : FRAME_PAYLOAD_AT;
	uint16_t payload = (uint16_t)(bytes - headers);

	if (is_syn(w) && bytes == FRAME_LEAST_BYTES)
		payload = 0;
	template_init(f, w, w->plan->proto, bytes, payload, is_syn(w) ? 0 : STAMP_BYTES);
}

static void
make_frames(struct worker *w, struct flood *f)
{
	static const struct imix least = { .size = { { IMIX_LEAST_BYTES, 1 } }, .n = 1 };
	const struct imix *imix = &w->trial->imix;
	uint16_t most = template_most(w);

	if (imix->n == 0)
		imix = w->plan->imix.n > 0 ? &w->plan->imix : &least;
	for (unsigned int i = 0; i < imix->n; i++)
		make_frame(w, &f->frame[i],
			   RTE_MIN((uint16_t)(imix->size[i].bytes - FRAME_FCS_BYTES), most));
	f->turns = imix_turns(imix, f->size);
	f->turn = 0;
}

static void
flood_start(struct worker *w, uint64_t now)
{
	struct flood *f = flood_of(w);
	static const struct rte_ether_addr nobody = { { LAB_MAC } };

	if (rte_is_zero_ether_addr(&w->peer_mac))
		w->peer_mac = nobody;
	f->trial++;
	f->number = 0;
	f->answers = 0;
	f->now = f->sent_ns = f->answered_ns = now;
	f->tag_ns = 0;
	memset(f->from, 0, w->workers * sizeof(f->from[0]));
	make_frames(w, f);
	sources_init(&f->sources, w->plan, w->addr, w->trial->seed, w->index, w->workers);
}

/* Tags are spread evenly over the time that counts (RFC 8219 §7.2), each worker's in its turn. */
static void
spread_tags(struct worker *w, struct flood *f)
{
	const struct trial *t = w->trial;

	f->tag_every_ns = RTE_MAX(t->duration_ns * w->workers / t->tagged, UINT64_C(1));
	f->tag_ns = w->began_ns + t->omit_ns + f->tag_every_ns * (w->index + 1) / (w->workers + 1);
}

/* Sending ------------------------------------------------------------------------------------ */

/*
 * What all packets of a burst have in common, and what goes on from one to the next: a copy, that
 * no store to a packet can be thought to change.
 */
struct burst {
	const struct packet_template *frame;
	const uint8_t *size;
	struct sources sources;
	uint32_t turn, turns, number;
	uint64_t who, now, tag_ns, tag_every_ns;
	uint64_t random;
};

static struct burst
burst_begin(const struct worker *w, const struct flood *f, uint64_t now)
{
	return (struct burst){
		.frame = f->frame,
		.size = f->size,
		.sources = f->sources,
		.turn = f->turn,
		.turns = f->turns,
		.number = f->number,
		.who = (uint64_t)MARK << 48 | (uint64_t)(f->trial & UINT8_MAX) << 40 |
		       (uint64_t)(w->index & WORKER_MASK) << 32,
		.now = now,
		.tag_ns = f->tag_ns,
		.tag_every_ns = f->tag_every_ns,
		.random = w->random,
	};
}

static void
burst_end(struct worker *w, struct flood *f, const struct burst *b)
{
	f->sources = b->sources;
	f->turn = b->turn;
	f->number = b->number;
	f->tag_ns = b->tag_ns;
	w->random = b->random;
}

/*
 * What a loop over a burst is made for: `plain` packets are all due now and none is tagged, so
 * their stamps differ in the number alone; `mixed` ones are of several sizes. Both are constants
 * where they are given: the case that has to be fast carries nothing of the others.
 */
#define EACH static inline __attribute__((always_inline))

EACH const struct packet_template *
next_frame(struct burst *b, bool mixed)
{
	const struct packet_template *frame = b->frame;

	if (!mixed)
		return frame;
	frame += b->size[b->turn];
	if (++b->turn == b->turns)
		b->turn = 0;
	return frame;
}

EACH uint64_t
tag(struct burst *b, uint64_t intended)
{
	if (b->tag_ns == 0 || intended < b->tag_ns)
		return 0;
	b->tag_ns += b->tag_every_ns;
	return (uint64_t)TAGGED << 32;
}

/* Return: what the stamp adds to the sum of the packet. */
EACH uint64_t
write_stamp(struct burst *b, uint8_t *to, uint64_t intended, bool plain)
{
	uint64_t late = plain ? 0 : RTE_MIN(b->now - intended, (uint64_t)UINT32_MAX);
	uint64_t who = b->who | b->number++ | (plain ? 0 : tag(b, intended));
	uint64_t sent = (b->now & SENT_MASK) | late << SENT_BITS;
	uint16_t rest = (uint16_t)(late >> 16);

	memcpy(to, &who, 8);
	memcpy(to + 8, &sent, 8);
	memcpy(to + 16, &rest, 2);
	return csum_word(who) + csum_word(sent) + rest;
}

EACH void
make_udp(struct burst *b, struct rte_mbuf *m, uint64_t intended, bool plain, bool mixed)
{
	const struct packet_template *t = next_frame(b, mixed);
	struct source source = sources_next(&b->sources);
	uint16_t port = rte_cpu_to_be_16(source.port);
	uint8_t *to = template_copy(t, m);
	uint64_t sum = t->l4_sum + template_from(t, to, source) + port;

	sum += write_stamp(b, to + FRAME_PAYLOAD_AT, intended, plain);
	store16(to + FRAME_L4_AT, port);
	store16(to + FRAME_UDP_CKSUM_AT, csum_finish_udp(sum));
}

/* The identifier varies as ports do; the sequence number counts (RFC 792). */
EACH void
make_icmp(struct burst *b, struct rte_mbuf *m, uint64_t intended, bool plain, bool mixed)
{
	const struct packet_template *t = next_frame(b, mixed);
	struct source source = sources_next(&b->sources);
	uint32_t id = rte_cpu_to_be_32((uint32_t)source.port << 16 | (b->number & UINT16_MAX));
	uint8_t *to = template_copy(t, m);
	uint64_t sum = t->l4_sum + id;

	template_from(t, to, source);
	sum += write_stamp(b, to + FRAME_PAYLOAD_AT, intended, plain);
	store32(to + FRAME_ICMP_ID_AT, id);
	store16(to + FRAME_ICMP_CKSUM_AT, csum_finish(sum));
}

EACH void
make_syn(struct burst *b, struct rte_mbuf *m)
{
	const struct packet_template *t = next_frame(b, true);
	struct source source = sources_next(&b->sources);
	uint16_t port = rte_cpu_to_be_16(source.port);
	uint8_t *to = template_copy(t, m);
	uint64_t sum = t->l4_sum + template_from(t, to, source) + port;
	uint32_t isn;

	b->random = b->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	b->number++;
	isn = (uint32_t)(b->random >> 32);
	store16(to + FRAME_L4_AT, port);
	store32(to + FRAME_TCP_SEQ_AT, isn);
	store16(to + FRAME_TCP_CKSUM_AT, csum_finish(sum + isn));
}

EACH void
make_each(struct burst *b, enum protocol proto, struct rte_mbuf *const pkts[BURST],
	  const uint64_t due[BURST], uint16_t n, bool plain, bool mixed)
{
	for (uint16_t i = 0; i < n; i++)
		if (proto == PROTO_SYN)
			make_syn(b, pkts[i]);
		else if (proto == PROTO_ICMP)
			make_icmp(b, pkts[i], plain ? 0 : due[i], plain, mixed);
		else
			make_udp(b, pkts[i], plain ? 0 : due[i], plain, mixed);
}

static void
make_all(struct worker *w, struct flood *f, struct rte_mbuf *const pkts[BURST],
	 const uint64_t due[BURST], uint16_t n, uint64_t now)
{
	bool plain = !w->open_loop && f->tag_ns == 0 && f->turns == 1;
	struct burst b = burst_begin(w, f, now);

	switch (w->plan->proto) {
	case PROTO_SYN:
		make_each(&b, PROTO_SYN, pkts, due, n, false, true);
		break;
	case PROTO_ICMP:
		if (plain)
			make_each(&b, PROTO_ICMP, pkts, due, n, true, false);
		else
			make_each(&b, PROTO_ICMP, pkts, due, n, false, true);
		break;
	default:
		if (plain)
			make_each(&b, PROTO_UDP, pkts, due, n, true, false);
		else
			make_each(&b, PROTO_UDP, pkts, due, n, false, true);
		break;
	}
	burst_end(w, f, &b);
}

/* What is due by now, as far as a burst goes. Return: how many. */
static uint16_t
take_due(struct worker *w, uint64_t now, uint64_t due[BURST])
{
	uint16_t n = 0, most = (uint16_t)RTE_MIN(w->left, (uint64_t)BURST);

	if (!w->open_loop)
		return most;
	while (n < most && schedule_due(&w->schedule, now)) {
		due[n++] = w->schedule.next_ns;
		schedule_next(&w->schedule);
	}
	return n;
}

static void
note_late(struct worker *w, const uint64_t due[BURST], uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++) {
		worker_time(w, TIME_lag, due[i], now);
		if (now - due[i] > TERN_MS)
			worker_count(w, COUNT_late);
	}
}

/* Closed loop: all are due now. */
static void
all_due(uint64_t due[BURST], uint16_t n, uint64_t now)
{
	for (uint16_t i = 0; i < n; i++)
		due[i] = now;
}

static uint64_t
payload_bytes(const struct worker *w, struct rte_mbuf *const pkts[BURST], uint16_t n)
{
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++)
		bytes += pkts[i]->data_len;
	return bytes - (uint64_t)n * (is_syn(w) ? FRAME_SYN_PAYLOAD_AT : FRAME_PAYLOAD_AT);
}

static void
send_burst(struct worker *w, struct flood *f, struct rte_mbuf *pkts[BURST], uint64_t due[BURST],
	   uint16_t n)
{
	uint64_t now = w->clock(w->clock_data);

	if (w->open_loop)
		note_late(w, due, n, now);
	else
		all_due(due, n, now);
	make_all(w, f, pkts, due, n, now);
	f->sent_ns = now;
	w->left -= n;
	w->meter->count[COUNT_requests] += n;
	w->meter->count[COUNT_tx_payload] += payload_bytes(w, pkts, n);
	worker_send(w, pkts, n);
}

/* Return: were there packets to be sent, and mbufs for them? */
static bool
flood_once(struct worker *w, struct flood *f, uint64_t now)
{
	struct rte_mbuf *pkts[BURST];
	uint64_t due[BURST];
	uint16_t n;

	if (!worker_room(w, BURST))
		return false;
	n = take_due(w, now, due);
	if (n == 0)
		return false;
	if (rte_mempool_get_bulk(w->port->pool, (void **)pkts, n) < 0) {
		w->meter->count[COUNT_no_mbuf] += w->open_loop ? n : 0;
		return false;
	}
	send_burst(w, f, pkts, due, n);
	return true;
}

/* While nothing comes back there is no need to look for it after each burst. */
static bool
flood_poll(struct worker *w, uint64_t now)
{
	struct flood *f = flood_of(w);
	unsigned int bursts = w->did ? 1 : BURSTS;
	bool did = false;

	f->now = now;
	if (w->state != WORKER_RUNNING)
		return false;
	if (w->trial->tagged > 0 && f->number == 0)
		spread_tags(w, f);
	while (bursts-- > 0 && flood_once(w, f, now))
		did = true;
	return did;
}

/* Receiving ---------------------------------------------------------------------------------- */

static bool
read_stamp(const struct received *r, struct stamp *s)
{
	const uint8_t *from = r->l4 + 8;

	if (r->l4_bytes < 8 + STAMP_BYTES)
		return false;
	memcpy(&s->who, from, 8);
	memcpy(&s->sent, from + 8, 8);
	memcpy(&s->late, from + 16, 2);
	return s->who >> 48 == MARK;
}

/* The nearest time that has these bits, not after now. */
static uint64_t
when_sent(const struct stamp *s, uint64_t now)
{
	return now - ((now - s->sent) & SENT_MASK);
}

static void
time_answer(struct worker *w, const struct stamp *s, uint64_t now)
{
	uint64_t late = s->sent >> SENT_BITS | (uint64_t)s->late << 16, sent = when_sent(s, now);

	if (flood_of(w)->tag_ns != 0 && (s->who >> 32 & TAGGED) == 0)
		return;
	worker_time(w, TIME_ttlb, sent - late, now);
	worker_time(w, TIME_ttlb_naive, sent, now);
}

static bool
payload_is_ours(const struct worker *w, const struct received *r)
{
	return payload_check(w->plan, w->plan->seed, STAMP_BYTES, r->l4 + 8 + STAMP_BYTES,
			     r->l4_bytes - 8 - (size_t)STAMP_BYTES);
}

static bool
is_of_trial(const struct worker *w, const struct flood *f, const struct stamp *s)
{
	uint32_t worker = s->who >> 32 & WORKER_MASK;

	if ((s->who >> 40 & UINT8_MAX) != (f->trial & UINT8_MAX) || worker >= w->workers)
		return false;
	return worker != w->index || (uint32_t)s->who - f->number > INT32_MAX;
}

/* A port that gives back what was sent (net_null, net_ring) answers nothing: nobody had it. */
static bool
is_for_us(const struct worker *w, const struct rte_mbuf *m)
{
	return rte_is_same_ether_addr(rte_pktmbuf_mtod(m, const struct rte_ether_addr *),
				      &w->port->mac);
}

static void
account(struct worker *w, struct flood *f, const struct received *r, const struct stamp *s,
	uint64_t now)
{
	switch (tracker_take(&f->from[s->who >> 32 & WORKER_MASK], (uint32_t)s->who)) {
	case TRACKED_DUPLICATE:
		worker_count(w, COUNT_duplicates);
		return;
	case TRACKED_OLD:
		worker_count(w, COUNT_other);
		return;
	case TRACKED_REORDERED:
		worker_count(w, COUNT_reordered);
		break;
	case TRACKED_NEW:
		break;
	}
	f->answers++;
	f->answered_ns = now;
	worker_count(w, COUNT_responses);
	w->meter->count[COUNT_rx_payload] += r->l4_bytes - 8u;
	time_answer(w, s, now);
}

static void
take_stamped(struct worker *w, const struct rte_mbuf *m, const struct received *r,
	     const struct stamp *s, uint64_t now)
{
	struct flood *f = flood_of(w);

	if (!is_for_us(w, m))
		worker_count(w, COUNT_other);
	else if (!received_good(m, r))
		w->meter->error[ERROR_bad_cksum]++;
	else if (!is_of_trial(w, f, s))
		worker_count(w, COUNT_other);
	else if (w->plan->verify && !payload_is_ours(w, r))
		w->meter->error[ERROR_bad_payload]++;
	else
		account(w, f, r, s, now);
}

/* The target's answer to a SYN: there is nothing in it to know the SYN by. */
static bool
take_tcp(struct worker *w, const struct rte_mbuf *m, const struct received *r)
{
	uint8_t flags;

	if (!is_syn(w) || r->l4_bytes < 20 ||
	    load32(r->ip + 12) != tern_addr_to_v4(w->plan->target) ||
	    load16(r->l4) != rte_cpu_to_be_16(w->plan->target_port))
		return false;
	flags = r->l4[13];
	if (!received_good(m, r))
		w->meter->error[ERROR_bad_cksum]++;
	else if ((flags & RST) != 0)
		w->meter->error[ERROR_refused]++;
	else if ((flags & SYN_ACK) == SYN_ACK)
		worker_count(w, COUNT_responses);
	else
		worker_count(w, COUNT_other);
	return true;
}

/* An error that a packet to the target brought. */
static bool
take_unreachable(struct worker *w, const struct rte_mbuf *m, const struct received *r)
{
	const uint8_t *quoted = r->l4 + QUOTED_AT;
	uint32_t l4_at = w->plan->proto == PROTO_ICMP ? 20 + 4 : 20;

	if (r->l4[0] != ICMP_UNREACHABLE || r->l4_bytes < QUOTED_AT + 28 ||
	    load32(quoted + 16) != tern_addr_to_v4(w->plan->target) ||
	    !sources_has(&flood_of(w)->sources, load32(quoted + 12), load16(quoted + l4_at)))
		return false;
	w->meter->error[received_good(m, r) ? ERROR_unreachable : ERROR_bad_cksum]++;
	return true;
}

static bool
take(struct worker *w, const struct rte_mbuf *m, uint64_t now)
{
	struct received r;
	struct stamp s;

	if (!received_read(m, &r))
		return false;
	if (r.proto == IPPROTO_TCP)
		return take_tcp(w, m, &r);
	if (r.proto != IPPROTO_UDP && r.proto != IPPROTO_ICMP)
		return false;
	if (read_stamp(&r, &s)) {
		take_stamped(w, m, &r, &s, now);
		return true;
	}
	return r.proto == IPPROTO_ICMP && take_unreachable(w, m, &r);
}

static uint16_t
flood_rx(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	struct rte_mbuf *taken[TERN_BURST];
	uint16_t left = 0, freed = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (!take(w, pkts[i], now)) {
			pkts[left++] = pkts[i];
			continue;
		}
		taken[freed++] = pkts[i];
		if (freed == TERN_BURST) {
			rte_pktmbuf_free_bulk(taken, freed);
			freed = 0;
		}
	}
	rte_pktmbuf_free_bulk(taken, freed);
	return left;
}

/* The end ------------------------------------------------------------------------------------ */

/*
 * All came back; or nothing for so long that nothing will: RFC 2544 §23 (d) has a tester wait for
 * residual frames. Who never answered at all is not waited for as long.
 */
static bool
flood_done(const struct worker *w)
{
	const struct flood *f = flood_of(w);
	uint64_t patience = f->answers > 0 ? w->plan->timeout_ns : SILENT_NS;

	if (f->answers >= f->number)
		return true;
	return f->now > RTE_MAX(f->sent_ns, f->answered_ns) + patience;
}

static uint64_t
flood_next(const struct worker *w)
{
	const struct flood *f = flood_of(w);

	if (w->state == WORKER_RUNNING && !w->open_loop && w->left > 0)
		return f->now + TURN_NS;
	return UINT64_MAX;
}

const struct engine engine_flood = {
	.name = "flood",
	.bytes = flood_bytes,
	.init = flood_init,
	.start = flood_start,
	.poll = flood_poll,
	.next = flood_next,
	.rx = flood_rx,
	.done = flood_done,
};
