/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "kit/eal.h"
#include "world.h"

enum {
	FIN = 1,
	SYN = 2,
	RST = 4,
	ACK = 16,
	NO_WSCALE = 0xff,
	CONNECTIONS = 16,
	PACKETS = 2048,
	/* Polls of one world_run(): ten times what the longest honest test needs. */
	POLLS = 20000000,
};

static const uint32_t SUMS =
	TERN_PORT_TX_IP_CKSUM | TERN_PORT_TX_UDP_CKSUM | TERN_PORT_TX_TCP_CKSUM;

/* Failing ----------------------------------------------------------------------------------- */

static void
print_flags(char text[8], uint8_t flags)
{
	static const char letters[] = "FSRP.U";
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(letters) - 1; i++)
		if (flags & 1u << i)
			text[n++] = letters[i];
	text[n] = '\0';
}

static void
print_line(const struct world *w, const struct line *l)
{
	char flags[8];

	print_flags(flags, l->flags);
	fprintf(stderr, "%14.6f  %c %s", (double)(l->at - w->zero) / 1e6, "AB"[l->from],
		l -> lost ? "lost " : "");
	if (l->tcp)
		fprintf(stderr, "%u > %u %s %" PRIu32 ":%" PRIu32 "(%u) ack %" PRIu32 " win %u\n",
			l->sport, l->dport, flags, l->seq, l->seq + l->len, l->len, l->ack, l->win);
	else
		fprintf(stderr, "%u bytes, not TCP\n", l->len);
}

static void
print_conn(struct tern_conn *c, void *data)
{
	unsigned int *n = data;

	if (++*n > 4)
		return;
	fprintf(stderr,
		"    port %u %s flags %" PRIx32 " una %" PRIu32 " nxt +%" PRIu32 " max +%" PRIu32
		" wnd %" PRIu32 " cwnd %" PRIu32 " ssthresh %" PRIu32 " rcv.nxt %" PRIu32
		" adv +%" PRIu32 " held %" PRIu32 " early %u kept %u timers %x backoff %u\n",
		rte_be_to_cpu_16(c->lport), tern_tcp_state_name(c->state), c->flags, c->snd.una,
		c->snd.nxt - c->snd.una, c->snd.max - c->snd.una, c->snd.wnd, c->cong.cwnd,
		c->cong.ssthresh, c->rcv.nxt, c->rcv.adv - c->rcv.nxt, c->rcv.held, c->early_n,
		c->kept_n, c->timers, c->rtt.backoff);
}

static void
print_side(const struct side *s)
{
	const struct tern_stats *stats = tern_stats(s->stack);
	unsigned int i, n = 0;

	fprintf(stderr, "  %c: %" PRIu32 " connections, %" PRIu32 " mbufs held\n", "AB"[s->i],
		tern_tcp_connections(tern_tcp(s->stack)), tern_stack_mbufs(s->stack));
	tern_tcp_each(tern_tcp(s->stack), print_conn, &n);
	for (i = 0; i < TERN_VERDICTS; i++)
		if (stats->verdict[i] != 0)
			fprintf(stderr, "    %s %" PRIu64 "\n", tern_verdict_name(i),
				stats->verdict[i]);
	for (i = 0; i < TERN_EVENTS; i++)
		if (stats->event[i] != 0)
			fprintf(stderr, "    %s %" PRIu64 "\n", tern_event_name(i),
				stats->event[i]);
}

void
world_fail(struct world *w, const char *format, ...)
{
	uint64_t i = w->lines > WORLD_LINES ? w->lines - WORLD_LINES : 0;
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "seed %" PRIu64 ", at %.6f ms, after %" PRIu64 " polls: %s\n", w->how.seed,
		(double)world_time(w) / 1e6, w->polls, text);
	for (; i < w->lines; i++)
		print_line(w, &w->line[i % WORLD_LINES]);
	print_side(&w->side[A]);
	print_side(&w->side[B]);
	cr_assert_fail("seed %" PRIu64 ": %s", w->how.seed, text);
}

/* The tap ----------------------------------------------------------------------------------- */

static void
hash_word(struct world *w, uint64_t word)
{
	w->hash = mix(w->hash ^ word);
}

static void
hash_frame(struct world *w, const struct side *s, const struct rte_mbuf *m)
{
	uint64_t word = 0;
	uint32_t i;

	hash_word(w, world_time(w));
	hash_word(w, s->i);
	for (; m != NULL; m = m->next) {
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

		for (i = 0; i + 8 <= m->data_len; i += 8) {
			memcpy(&word, p + i, 8);
			w->hash = (w->hash ^ word) * UINT64_C(0x9fb21c651e98df25);
			w->hash ^= w->hash >> 28;
		}
		for (; i < m->data_len; i++)
			w->hash = (w->hash ^ p[i]) * UINT64_C(0x9fb21c651e98df25);
		hash_word(w, m->data_len);
	}
}

static const struct rte_ipv4_hdr *
ip_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
}

static const struct rte_tcp_hdr *
tcp_of(const struct rte_mbuf *m)
{
	return (const struct rte_tcp_hdr *)(ip_of(m) + 1);
}

static bool
is_tcp(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       ip_of(m)->next_proto_id == IPPROTO_TCP;
}

static struct line
read_line(const struct side *s, const struct rte_mbuf *m)
{
	struct line l = { .at = s->w->now, .from = s->i, .tcp = is_tcp(m) };
	const struct rte_tcp_hdr *h = tcp_of(m);

	l.len = (uint16_t)m->pkt_len;
	if (!l.tcp)
		return l;
	l.len = (uint16_t)(l.len - RTE_ETHER_HDR_LEN - sizeof(struct rte_ipv4_hdr) -
			   (h->data_off >> 4) * 4u);
	l.flags = h->tcp_flags;
	l.sport = rte_be_to_cpu_16(h->src_port);
	l.dport = rte_be_to_cpu_16(h->dst_port);
	l.seq = rte_be_to_cpu_32(h->sent_seq);
	l.ack = rte_be_to_cpu_32(h->recv_ack);
	l.win = rte_be_to_cpu_16(h->rx_win);
	return l;
}

static struct flow_seen *
flow_of(struct world *w, const struct line *l)
{
	uint16_t port[2] = { l->from == A ? l->sport : l->dport,
			     l->from == A ? l->dport : l->sport };
	struct flow_seen *f = &w->flow[(port[A] * 31u + port[B]) % WORLD_FLOWS];

	if (f->port[A] != port[A] || f->port[B] != port[B]) {
		memset(f, 0, sizeof(*f));
		memcpy(f->port, port, sizeof(port));
	}
	return f;
}

static uint8_t
read_wscale(const struct rte_tcp_hdr *h)
{
	const uint8_t *p = (const uint8_t *)(h + 1),
		      *end = (const uint8_t *)h + (h->data_off >> 4) * 4;

	while (p < end && *p != 0) {
		if (*p == 3)
			return p[2];
		p += *p == 1 ? 1 : p[1];
	}
	return NO_WSCALE;
}

static uint16_t
tcp_sum(const struct rte_mbuf *m)
{
	const uint32_t at = RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr);
	uint16_t payload = 0;
	uint32_t sum;

	rte_raw_cksum_mbuf(m, at, m->pkt_len - at, &payload);
	sum = payload + 0u + rte_ipv4_phdr_cksum(ip_of(m), 0);
	return (uint16_t)(sum + (sum >> 16));
}

/* The lengths and the sums of a frame are right. */
static void
judge_bytes(struct world *w, const struct side *s, const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = ip_of(m);

	world_check(w, m->data_len >= RTE_ETHER_HDR_LEN + 40, "%c: headers are not in one piece",
		    "AB"[s->i]);
	world_check(w, rte_be_to_cpu_16(ip->total_length) + 0u + RTE_ETHER_HDR_LEN == m->pkt_len,
		    "%c: IP length wrong", "AB"[s->i]);
	world_check(w, m->pkt_len - RTE_ETHER_HDR_LEN <= s->tap.mtu, "%c: %u bytes, the MTU is %u",
		    "AB"[s->i], (unsigned int)(m->pkt_len - RTE_ETHER_HDR_LEN), s -> tap.mtu);
	world_check(w, rte_ipv4_cksum(ip) == 0, "%c: IP checksum wrong", "AB"[s->i]);
	world_check(w, tcp_sum(m) == 0xffff, "%c: TCP checksum wrong", "AB"[s->i]);
}

/* A SYN with another number begins another connection. */
static void
judge_syn(struct flow_seen *f, const struct rte_tcp_hdr *h, const struct line *l)
{
	struct side_seen *me = &f->side[l->from];

	if (!me->known || me->first != l->seq) {
		if ((l->flags & ACK) == 0)
			memset(f->side, 0, sizeof(f->side));
		*me = (struct side_seen){ .known = true, .first = l->seq, .end = l->seq + 1 };
	}
	me->wscale = read_wscale(h);
}

/*
 * What no sender may do: leave a gap in its numbers, send beyond the window that it was offered
 * (one byte of a probe may: RFC 9293 §3.8.6.1), acknowledge what was never sent, take back an ACK
 * or a window (SHLD-14), but for the rounding of its scale (RFC 7323 §2.4).
 */
static void
judge_numbers(struct world *w, struct flow_seen *f, const struct line *l)
{
	struct side_seen *me = &f->side[l->from], *peer = &f->side[!l->from];
	uint8_t shift = me->wscale != NO_WSCALE && peer->wscale != NO_WSCALE ? me->wscale : 0;
	uint32_t end = l->seq + l->len + ((l->flags & FIN) != 0), edge;
	char who = "AB"[l->from];

	/* What waits for ARP is overtaken by answers, whose way is known. */
	if (!me->known || !peer->known || w->learning)
		return;
	world_check(w, (int32_t)(l->seq - me->end) <= 0, "%c: leaves a gap in its numbers", who);
	if (peer->acked && l->len > 0)
		world_check(w, (int32_t)(l->seq + l->len - peer->edge) <= 1,
			    "%c: sends beyond the window, to %" PRIu32 ", the edge is %" PRIu32,
			    who, end, peer->edge);
	if ((int32_t)(end - me->end) > 0)
		me->end = end;
	if ((l->flags & ACK) == 0)
		return;
	world_check(w, (int32_t)(l->ack - peer->end) <= 0, "%c: acknowledges what was never sent",
		    who);
	edge = l->ack + ((uint32_t)l->win << ((l->flags & SYN) != 0 ? 0 : shift));
	if (me->acked) {
		world_check(w, (int32_t)(l->ack - me->ack) >= 0, "%c: takes an ACK back", who);
		world_check(w, (int32_t)(edge - me->edge) > -(1 << shift),
			    "%c: its window moves left by %d", who, (int)(me->edge - edge));
	}
	if (!me->acked || (int32_t)(edge - me->edge) > 0)
		me->edge = edge;
	me->acked = true;
	me->ack = l->ack;
}

static void
judge(struct world *w, const struct side *s, const struct rte_mbuf *m, const struct line *l)
{
	struct flow_seen *f;

	if (!l->tcp || !w->judging)
		return;
	judge_bytes(w, s, m);
	f = flow_of(w, l);
	if ((l->flags & RST) != 0) {
		memset(f, 0, sizeof(*f));
		return;
	}
	if ((l->flags & SYN) != 0)
		judge_syn(f, tcp_of(m), l);
	judge_numbers(w, f, l);
}

static bool
is_lost(struct world *w, const struct line *l)
{
	if (w->now >= w->dark_from && w->now < w->dark_until)
		return true;
	return w->how.loses != NULL && w->how.loses(w, l);
}

/* Nobody makes sums over it nor checks them: what is left out here is left out on both sides. */
static bool
send_unseen(struct side *s, struct rte_mbuf *m)
{
	uint32_t bytes = m->pkt_len;

	if (s->below->tx(s->below, &m, 1) == 0)
		return false;
	s->w->frames[s->i]++;
	s->w->bytes[s->i] += bytes;
	return true;
}

/* False: the wire beneath has no room, and nothing happened. */
static bool
send_one(struct side *s, struct rte_mbuf *m)
{
	struct world *w = s->w;
	struct line l;
	bool lost;

	if (w->how.unseen)
		return send_unseen(s, m);
	l = read_line(s, m);
	lost = is_lost(w, &l);

	if (!lost) {
		/* Judged before it goes: then it is somebody else's. */
		uint64_t hash = w->hash;

		hash_frame(w, s, m);
		judge(w, s, m, &l);
		if (s->below->tx(s->below, &m, 1) == 0) {
			w->hash = hash;
			return false;
		}
	} else {
		l.lost = true;
		hash_frame(w, s, m);
		judge(w, s, m, &l);
		rte_pktmbuf_free(m);
	}
	w->frames[s->i]++;
	w->bytes[s->i] += l.len;
	w->line[w->lines++ % WORLD_LINES] = l;
	return true;
}

static uint16_t
tap_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct side *s = (struct side *)port;
	uint16_t i;

	for (i = 0; i < n && !s->w->shut[s->i]; i++)
		if (!send_one(s, pkts[i]))
			break;
	return i;
}

static uint16_t
tap_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct side *s = (struct side *)port;

	n = s->below->rx(s->below, pkts, n);
	for (uint16_t i = 0; s->w->how.unseen && i < n; i++)
		pkts[i]->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return n;
}

/* Beginning --------------------------------------------------------------------------------- */

/* Outside of the EAL's memory, of which tests are given little. */
static struct rte_mempool *
pool_make(const char *name, uint32_t n)
{
	const uint32_t bytes = sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE;
	struct rte_mempool *pool;

	pool = rte_mempool_create_empty(name, n, bytes, 0, sizeof(struct rte_pktmbuf_pool_private),
					SOCKET_ID_ANY, 0);
	cr_assert_not_null(pool, "no memory for a pool");
	rte_pktmbuf_pool_init(pool, NULL);
	cr_assert_eq(rte_mempool_populate_anon(pool), (int)n, "no memory for %" PRIu32 " mbufs", n);
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

/* Made when a world of this process first needs one of its size. */
static struct rte_mempool *
pool_of(unsigned int side, uint32_t n)
{
	struct rte_mempool *pool;
	char name[20];

	eal_pool(); /* starts the EAL */
	snprintf(name, sizeof(name), "%c%" PRIu32, "ab"[side], n);
	pool = rte_mempool_lookup(name);
	return pool != NULL ? pool : pool_make(name, n);
}

static void *
memory(size_t bytes)
{
	void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64);

	cr_assert_not_null(mem);
	return mem;
}

/* Any time, and every fourth time one at which the count of ticks, or of us, soon wraps. */
static uint64_t
start_of(uint64_t seed)
{
	uint64_t random = mix(seed ^ 1);

	switch (random & 7) {
	case 0:
		return ((UINT64_C(1) << 32) * (1 + (random >> 32 & 7))) * TERN_TICK_NS - MS(700);
	case 1:
		return ((UINT64_C(1) << 32) * (1 + (random >> 32 & 63))) * 1000 - MS(300);
	default:
		return (random >> 8) % S(1000000);
	}
}

static struct tern_pipe_link
link_of(const struct world_how *how, unsigned int side)
{
	struct tern_pipe_link link = how->link[side];

	if (link.delay_ns == 0)
		link.delay_ns = how->delay_ns != 0 ? how->delay_ns : MS(5);
	return link;
}

static void
join(struct world *w)
{
	const struct world_how *how = &w->how;
	const struct tern_pipe_config pipe = {
		.now_ns = &w->now,
		.link = { link_of(how, A), link_of(how, B) },
		.packets = how->packets != 0 ? how->packets : PACKETS,
		.mtu = 1500,
		.pool = { w->side[A].pool, w->side[B].pool },
		.mac = { { { 2, 0, 0, 0, 0, 0xa } }, { { 2, 0, 0, 0, 0, 0xb } } },
	};
	const struct tern_faults_config faults = {
		.now_ns = &w->now,
		.seed = how->seed,
		.packets = 2 * pipe.packets + 2,
		.rx = how->apart ? how->odds_of[B] : how->odds,
		.tx = how->apart ? how->odds_of[A] : how->odds,
	};

	w->pipe_mem = memory(tern_pipe_bytes(pipe.packets));
	cr_assert_eq(tern_pipe_init(&w->pipe, w->pipe_mem, &pipe), 0);
	w->faults_mem = memory(tern_faults_bytes(faults.packets));
	cr_assert_eq(tern_faults_init(&w->faults, w->faults_mem, &w->pipe.end[0].port, &faults), 0);
	w->side[A].below = &w->faults.port;
	w->side[B].below = &w->pipe.end[1].port;
}

static void
introduce(struct side *s, const struct side *peer)
{
	cr_assert_eq(tern_arp_set(tern_arp(s->stack), peer->addr, &peer->tap.mac), 0);
}

static void
side_open(struct world *w, unsigned int i)
{
	struct tern_config config = tern_config_server;
	struct side *s = &w->side[i];

	config.connections = w->how.connections != 0 ? w->how.connections : CONNECTIONS;
	config.mbufs = w->how.mbufs;
	config.rcv_space_max = 0; /* no tuning, unless the test asks for it */
	for (unsigned int k = 0; k < sizeof(config.secret); k++)
		config.secret[k] = (uint8_t)(mix(w->how.seed * 2 + i) >> k * 4);
	config.secret[0] |= 1;
	if (w->how.tune != NULL)
		w->how.tune(&config, i);
	if (config.rcv_space_max == 0)
		config.rcv_space_max = config.rcv_space;
	s->w = w;
	s->i = (uint8_t)i;
	s->tap = *s->below;
	s->tap.rx = tap_rx;
	s->tap.tx = tap_tx;
	if (w->how.unseen)
		s->tap.caps |= SUMS;
	if (w->how.mtu[i] != 0)
		s->tap.mtu = w->how.mtu[i];
	s->mem = memory(tern_stack_bytes(&config));
	s->stack = tern_stack_init(s->mem, &config,
				   w->how.in_front != NULL ? w->how.in_front(i, &s->tap) : &s->tap,
				   w->now);
	cr_assert_not_null(s->stack, "%s", tern_config_check(&config));
	s->addr = tern_addr_v4(rte_cpu_to_be_32(UINT32_C(0x0a090001) + i));
	cr_assert_eq(tern_ip_add_addr(tern_ip(s->stack), s->addr, 120), 0);
}

struct world *
world_open(const struct world_how *how)
{
	struct world *w = calloc(1, sizeof(*w));

	cr_assert_not_null(w);
	w->how = *how;
	w->now = how->start != 0 ? how->start : start_of(how->seed);
	w->zero = w->now;
	w->judging = true;
	if (how->mbufs == 0)
		w->how.mbufs = WORLD_MBUFS;
	for (unsigned int i = 0; i < 2; i++)
		w->side[i].pool = pool_of(i, w->how.mbufs);
	join(w);
	side_open(w, A);
	side_open(w, B);
	w->learning = how->seed % 4 == 0;
	if (!w->learning) {
		introduce(&w->side[A], &w->side[B]);
		introduce(&w->side[B], &w->side[A]);
	}
	return w;
}

/* Time -------------------------------------------------------------------------------------- */

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
add_up(struct world *w, const struct side *s)
{
	const struct tern_stats *stats = tern_stats(s->stack);
	uint64_t sum = 0;

	for (unsigned int i = 0; i < TERN_VERDICTS; i++)
		sum += stats->verdict[i];
	world_check(w, sum == stats->event[TERN_EV_RX_PACKETS], "%c: verdicts are not the packets",
		    "AB"[s->i]);
}

static uint8_t
phase_of(const struct tern_conn *c)
{
	if ((c->flags & TERN_CONN_LOSS) != 0)
		return PHASE_LOSS;
	if ((c->flags & TERN_CONN_RECOVERY) != 0)
		return PHASE_RECOVERY;
	return c->cong.cwnd < c->cong.ssthresh ? PHASE_SLOW_START : PHASE_AVOIDANCE;
}

/* Is it time for another sample? */
static bool
is_news(const struct watch *at, const struct sample *s)
{
	const struct sample *last = &at->sample[at->n - 1];

	if (at->n == 0 || s->phase != last->phase || s->ssthresh != last->ssthresh)
		return true;
	return at->every_ns == 0 ? s->cwnd != last->cwnd : s->at >= last->at + at->every_ns;
}

static void
look(struct world *w)
{
	struct watch *at = w->watch;
	const struct tern_conn *c;
	struct sample s;

	if (at == NULL || *at->conn == NULL || (*at->conn)->state < TERN_ESTABLISHED)
		return;
	c = *at->conn;
	s = (struct sample){
		.at = world_time(w),
		.cwnd = c->cong.cwnd,
		.ssthresh = c->cong.ssthresh,
		.flight = c->snd.max - c->snd.una,
		.queue = tern_pipe_queue(&w->pipe, at->side),
		.srtt_us = c->rtt.srtt_8 / 8,
		.phase = phase_of(c),
	};
	if (!is_news(at, &s))
		return;
	if (at->n < at->most)
		at->sample[at->n++] = s;
	else
		at->missed++;
}

const char *
world_phase_name(unsigned int phase)
{
	static const char *const names[] = { "slow start", "avoidance", "recovery", "loss" };

	return phase < sizeof(names) / sizeof(names[0]) ? names[phase] : NULL;
}

/* One round; then the clock goes to what comes next, but not beyond `until`. */
static void
step(struct world *w, uint64_t until)
{
	unsigned int n = tern_poll(w->side[A].stack, w->now);
	uint64_t next;

	n += tern_poll(w->side[B].stack, w->now);
	w->polls += 2;
	look(w);
	if (w->how.turn != NULL)
		n += w->how.turn(w->now);
	if (n > 0)
		return;
	next = least(tern_pipe_next(&w->pipe), tern_faults_next(&w->faults));
	next = least(next, tern_next_deadline(w->side[A].stack));
	next = least(next, tern_next_deadline(w->side[B].stack));
	if (w->how.next != NULL)
		next = least(next, w->how.next());
	if (next <= w->now)
		next = (w->now / TERN_TICK_NS + 1) * TERN_TICK_NS;
	w->now = least(next, until);
}

void
world_run(struct world *w, bool (*done)(struct world *w), uint64_t within_ns)
{
	uint64_t until = w->now + within_ns, polls = w->polls + POLLS;

	while (!done(w)) {
		world_check(w, w->now < until, "not done after %.3f s", (double)within_ns / 1e9);
		world_check(w, w->polls < polls, "not done after %d polls", POLLS);
		step(w, until);
	}
	add_up(w, &w->side[A]);
	add_up(w, &w->side[B]);
}

void
world_pass(struct world *w, uint64_t ns)
{
	uint64_t until = w->now + ns;

	while (w->now < until)
		step(w, until);
}

/* Ending ------------------------------------------------------------------------------------ */

static bool
is_quiet(struct world *w)
{
	return tern_tcp_connections(world_tcp(w, A)) == 0 &&
	       tern_tcp_connections(world_tcp(w, B)) == 0 &&
	       tern_pipe_next(&w->pipe) == UINT64_MAX &&
	       tern_faults_next(&w->faults) == UINT64_MAX &&
	       tern_stack_mbufs(w->side[A].stack) == 0 && tern_stack_mbufs(w->side[B].stack) == 0;
}

static void
side_close(struct world *w, struct side *s)
{
	for (unsigned int state = 0; state < TERN_TCP_STATES; state++)
		world_check(w, tern_tcp_in_state(tern_tcp(s->stack), state) == 0,
			    "%c: connections left in %s", "AB"[s->i], tern_tcp_state_name(state));
	tern_stack_fini(s->stack);
	free(s->mem);
}

void
world_close(struct world *w)
{
	world_run(w, is_quiet, S(400));
	for (unsigned int i = 0; i < 2; i++)
		world_check(w, rte_mempool_avail_count(w->side[i].pool) == w->how.mbufs,
			    "%u mbufs of %c are missing",
			    w->how.mbufs - rte_mempool_avail_count(w->side[i].pool), "AB"[i]);
	side_close(w, &w->side[A]);
	side_close(w, &w->side[B]);
	tern_faults_fini(&w->faults);
	tern_pipe_fini(&w->pipe);
	free(w->faults_mem);
	free(w->pipe_mem);
	free(w);
}

uint64_t
world_count(const struct world *w, unsigned int side, enum tern_event event)
{
	return tern_stats(w->side[side].stack)->event[event];
}

uint64_t
world_verdicts(const struct world *w, unsigned int side, enum tern_verdict verdict)
{
	return tern_stats(w->side[side].stack)->verdict[verdict];
}
