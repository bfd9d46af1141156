/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conn/arrives.h"
#include "conn/congestion.h"
#include "conn/flight.h"
#include "conn/held.h"
#include "conn/machine.h"
#include "conn/recovery.h"
#include "conn/timers.h"
#include "conn/window.h"
#include "core/siphash.h"
#include "wire/tcp.h"

static const char *const state_names[] = {
	[TERN_CLOSED] = "CLOSED",	    [TERN_LISTEN] = "LISTEN",
	[TERN_SYN_SENT] = "SYN-SENT",	    [TERN_SYN_RECEIVED] = "SYN-RECEIVED",
	[TERN_ESTABLISHED] = "ESTABLISHED", [TERN_FIN_WAIT_1] = "FIN-WAIT-1",
	[TERN_FIN_WAIT_2] = "FIN-WAIT-2",   [TERN_CLOSE_WAIT] = "CLOSE-WAIT",
	[TERN_CLOSING] = "CLOSING",	    [TERN_LAST_ACK] = "LAST-ACK",
	[TERN_TIME_WAIT] = "TIME-WAIT",
};

static const char *const why_texts[] = {
	[TERN_FINISHED] = "finished",	    [TERN_RESET] = "reset",
	[TERN_REFUSED] = "refused",	    [TERN_TIMED_OUT] = "timed out",
	[TERN_UNREACHABLE] = "unreachable", [TERN_ABORTED] = "aborted",
};

const char *
tern_tcp_state_name(unsigned int state)
{
	return state < TERN_TCP_STATES ? state_names[state] : NULL;
}

const char *
tern_why_text(unsigned int why)
{
	return why < TERN_WHYS ? why_texts[why] : NULL;
}

static uint32_t
ticks(uint64_t ns)
{
	return (uint32_t)((ns + TERN_TICK_NS - 1) / TERN_TICK_NS);
}

/* The smallest shift with which the whole space can be advertised (RFC 7323 §2.3). */
static uint8_t
choose_wscale(uint32_t space, uint8_t most)
{
	uint8_t shift = 0;

	if (most == 0)
		return TCP_WSCALE_NONE;
	while (shift < most && space >> shift > UINT16_MAX)
		shift++;
	return shift;
}

/* Independent keys out of one secret. */
static void
derive_keys(struct tern_tcp *tcp, const uint8_t secret[16])
{
	struct random keys;
	uint64_t words[2];

	random_init(&keys, secret);
	for (size_t i = 0; i < RTE_DIM(tcp->hash_key.k); i++)
		tcp->hash_key.k[i] = random_u64(&keys);
	for (size_t i = 0; i < RTE_DIM(words); i++)
		words[i] = random_u64(&keys);
	memcpy(tcp->isn_key, words, sizeof(tcp->isn_key));
	for (size_t i = 0; i < RTE_DIM(words); i++)
		words[i] = random_u64(&keys);
	memcpy(tcp->cookies.key, words, sizeof(tcp->cookies.key));
	for (size_t i = 0; i < RTE_DIM(words); i++)
		words[i] = random_u64(&keys);
	random_init(&tcp->random, (const uint8_t *)words);
}

void
machine_init(struct tern_tcp *tcp, const struct tern_config *config, uint64_t now)
{
	tcp->ready = (struct conn_list){ CONN_NONE, CONN_NONE };
	tcp->dead = tcp->ready;
	tcp->held_pkts = config->held_pkts;
	tcp->held_total = RTE_MIN(config->held_total, config->mbufs / 2);
	tcp->rcv_space = config->rcv_space;
	tcp->rcv_space_max = RTE_MAX(config->rcv_space, config->rcv_space_max);
	tcp->wscale = choose_wscale(tcp->rcv_space_max, config->wscale);
	if (tcp->wscale != TCP_WSCALE_NONE)
		tcp->rcv_space_max =
			RTE_MIN(tcp->rcv_space_max, (uint32_t)UINT16_MAX << tcp->wscale);
	tcp->rcv_space = RTE_MIN(tcp->rcv_space, tcp->rcv_space_max);
	tcp->sack = config->sack != 0;
	tcp->timestamps = config->timestamps != 0;
	tcp->ecn = config->ecn;
	tcp->keepalive = config->keepalive != 0;
	tcp->keepalive_s = (uint16_t)(config->keepalive_idle_ns / TERN_S);
	tcp->keepalive_every_s = (uint16_t)(config->keepalive_interval_ns / TERN_S);
	tcp->keepalive_count = (uint8_t)config->keepalive_count;
	tcp->paced = config->pacing != 0;
	tcp->plpmtud = config->plpmtud != 0;
	tcp->mtu_least = (uint16_t)config->mtu_least;
	tcp->tos = (uint8_t)(config->dscp << 2);
	tcp->quick_acks = (uint8_t)config->quick_acks;
	tcp->ts_clock = config->ts_clock_ns;
	tcp->initial_window = config->initial_window;
	tcp->tail_probes = config->tail_probes;
	tcp->syn_cookies = config->syn_cookies != 0;
	tcp->congestion = congestion_of(config->congestion);
	tcp->port_min = RTE_MIN(config->port_min, config->port_max);
	tcp->port_max = config->port_max;
	tcp->times = (struct tcp_times){
		.rto_initial = ticks(config->rto_initial_ns),
		.rto_min = ticks(config->rto_min_ns),
		.rto_max = ticks(config->rto_max_ns),
		.ack_delay = ticks(config->ack_delay_ns),
		.r2 = ticks(config->r2_ns),
		.syn_r2 = ticks(config->syn_r2_ns),
		.syn_ack_r2 = ticks(config->syn_ack_r2_ns),
		.time_wait = ticks(config->time_wait_ns),
		.fin_wait_2 = ticks(config->fin_wait_2_ns),
		.challenge_gap = ticks(TERN_S / config->challenge_rate),
	};
	derive_keys(tcp, config->secret);
	machine_set_time(tcp, now);
	wheel_init(&tcp->wheel, &tcp->conns[0].wheel, sizeof(*tcp->conns), tcp->tick);
}

void
machine_set_time(struct tern_tcp *tcp, uint64_t now)
{
	tcp->now = now;
	tcp->now_us = (uint32_t)(now / 1000);
	tcp->tick = (uint32_t)(now / TERN_TICK_NS);
	tcp->now_s = (uint32_t)(now / TERN_S);
	tcp->now_ts = (uint32_t)(now / tcp->ts_clock); /* RFC 7323 §5.4 */
}

static void
list_append(struct tern_tcp *tcp, struct conn_list *list, struct tern_conn *c)
{
	c->link_prev = list->last;
	c->link_next = CONN_NONE;
	if (list->last != CONN_NONE)
		tcp->conns[list->last].link_next = c->slot;
	else
		list->first = c->slot;
	list->last = c->slot;
}

static void
list_remove(struct tern_tcp *tcp, struct conn_list *list, struct tern_conn *c)
{
	if (c->link_prev != CONN_NONE)
		tcp->conns[c->link_prev].link_next = c->link_next;
	else
		list->first = c->link_next;
	if (c->link_next != CONN_NONE)
		tcp->conns[c->link_next].link_prev = c->link_prev;
	else
		list->last = c->link_prev;
}

void
conn_ready(struct tern_conn *c)
{
	if ((c->flags & TERN_CONN_READY) != 0 || c->state == TERN_CLOSED)
		return;
	c->flags |= TERN_CONN_READY;
	list_append(c->tcp, &c->tcp->ready, c);
}

void
conn_not_ready(struct tern_conn *c)
{
	if ((c->flags & TERN_CONN_READY) == 0)
		return;
	c->flags &= ~TERN_CONN_READY;
	list_remove(c->tcp, &c->tcp->ready, c);
}

uint32_t
conn_hash(const struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport,
	  struct tern_addr local, rte_be16_t lport)
{
	return hash_tuple(&tcp->hash_key, remote.q, local.q, (uint32_t)rport << 16 | lport);
}

/* Not kept in the block: it is needed once more, at the end. */
static uint32_t
hash_of(const struct tern_conn *c)
{
	return conn_hash(c->tcp, c->remote, c->rport, c->local, c->lport);
}

void
machine_bury(struct tern_tcp *tcp)
{
	struct tern_conn *c;

	while (tcp->dead.first != CONN_NONE) {
		c = &tcp->conns[tcp->dead.first];
		list_remove(tcp, &tcp->dead, c);
		slots_give(&tcp->slots, c->slot);
	}
	tcp->dead_n = 0;
}

static bool
half_open_is(const struct tern_tcp *tcp, uint32_t flow, struct tern_addr remote, rte_be16_t rport,
	     struct tern_addr local, rte_be16_t lport)
{
	const struct half_open *h = half_open_at(tcp, flow);

	return h->rport == rport && tern_addr_equal(h->remote, remote) &&
	       tern_addr_equal(tcp->half_opens.local[h->local].addr, local) &&
	       tcp->listening[h->listener].port == lport;
}

bool
flow_is_small(const struct tern_tcp *tcp, uint32_t flow, struct tern_addr remote, rte_be16_t rport,
	      struct tern_addr local, rte_be16_t lport)
{
	const struct time_wait *t;

	if ((flow & FLOW_KIND) == FLOW_HALF_OPEN)
		return half_open_is(tcp, flow, remote, rport, local, lport);
	t = time_wait_at(tcp, flow);
	return tern_addr_equal(t->remote, remote) && t->rport == rport && t->lport == lport &&
	       tern_addr_equal(t->local, local);
}

static uint16_t
challenge_turn(const struct tern_tcp *tcp)
{
	return (uint16_t)(tcp->tick / tcp->times.challenge_gap);
}

bool
challenge_due(struct tern_tcp *tcp, uint16_t *turn)
{
	uint16_t now = challenge_turn(tcp);

	if (*turn == now) {
		count(tcp, TERN_EV_TCP_CHALLENGE_LIMITED);
		return false;
	}
	*turn = now;
	count(tcp, TERN_EV_TCP_CHALLENGE_ACKS);
	return true;
}

uint16_t
challenge_never(const struct tern_tcp *tcp)
{
	return (uint16_t)(challenge_turn(tcp) - 1);
}

struct tern_conn *
conn_new(struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport, struct tern_addr local,
	 rte_be16_t lport, uint32_t hash)
{
	uint32_t slot = slots_take(&tcp->slots);
	struct tern_conn *c;

	if (slot == SLOT_NONE)
		return NULL;
	c = &tcp->conns[slot];
	memset(c, 0, sizeof(*c));
	c->slot = slot;
	if (!flowtable_insert(&tcp->flows, hash, slot)) {
		slots_give(&tcp->slots, slot);
		return NULL;
	}
	c->remote = remote;
	c->rport = rport;
	c->local = local;
	c->lport = lport;
	c->tcp = tcp;
	c->since = tcp->tick;
	c->challenged = tcp->tick - tcp->times.challenge_gap;
	c->rcv.space = tcp->rcv_space;
	c->rtt.rto = tcp->times.rto_initial; /* RFC 6298 (2.1) */
	c->flight.first = c->flight.last = SENT_NONE;
	c->tos = tcp->tos;
	c->heard_s = tcp->now_s;
	return c;
}

/* The SYN-ACK counts as sent; twice, if nobody knows when (Karn: RFC 6298 §3). */
static void
note_syn_ack(struct tern_conn *c, const uint32_t *sent_us)
{
	recovery_sent(c, c->snd.una, 1);
	c->snd.max++;
	c->snd.nxt++;
	if (sent_us != NULL)
		c->tail.us = *sent_us;
	else
		recovery_sent(c, c->snd.una, 1);
}

struct tern_conn *
conn_passive(struct tern_tcp *tcp, const struct tuple *t, uint32_t hash, const struct segment *syn,
	     uint32_t isn, const uint32_t *sent_us)
{
	struct tern_conn *c = conn_new(tcp, t->remote, t->rport, t->local, t->lport, hash);

	if (c == NULL)
		return NULL;
	c->state = TERN_SYN_RECEIVED;
	c->ts_offset = ts_offset_of(tcp, t);
	c->snd.una = isn;
	c->snd.nxt = isn;
	c->snd.max = isn;
	conn_take_syn(c, syn);
	note_syn_ack(c, sent_us);
	/* What the SYN-ACK advertised (RFC 7323 §2.2: never scaled). */
	c->rcv.adv = c->rcv.nxt + RTE_MIN(c->rcv.space, UINT16_MAX);
	return c;
}

/* MUST-12: closed, reset, refused, timed out: the user hears which. */
void
conn_tell_closed(struct tern_conn *c, enum tern_why why)
{
	if ((c->flags & TERN_CONN_USER_GONE) != 0)
		return;
	c->flags |= TERN_CONN_USER_GONE;
	if (c->user->on_closed != NULL)
		c->user->on_closed(c->user, c, why);
}

/* Take it out of every table; the slot is given back at the end of the poll. */
static void
leave(struct tern_conn *c, uint32_t hash)
{
	struct tern_tcp *tcp = c->tcp;

	conn_not_ready(c);
	c->state = TERN_CLOSED;
	flowtable_remove(&tcp->flows, hash, c->slot);
	timers_cancel(c);
	flight_clear(c);
	held_free_all(c);
	list_append(tcp, &tcp->dead, c);
	tcp->dead_n++;
}

void
conn_end(struct tern_conn *c, enum tern_why why)
{
	if (c->state == TERN_CLOSED)
		return;
	if (c->state == TERN_SYN_SENT || c->state == TERN_SYN_RECEIVED)
		count(c->tcp, TERN_EV_TCP_ATTEMPT_FAILS);
	leave(c, hash_of(c));
	conn_tell_closed(c, why);
}

/* MUST-13 */
void
conn_time_wait(struct tern_conn *c)
{
	uint32_t hash = hash_of(c);
	uint16_t wnd = window_advertise(c);

	leave(c, hash);
	time_wait_enter(c, hash, wnd);
	conn_tell_closed(c, TERN_FINISHED);
}
