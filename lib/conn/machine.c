/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conn/congestion.h"
#include "conn/flight.h"
#include "conn/held.h"
#include "conn/machine.h"
#include "conn/timers.h"
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
	random_init(&tcp->random, (const uint8_t *)words);
}

void
machine_init(struct tern_tcp *tcp, const struct tern_config *config, uint64_t now)
{
	tcp->ready = (struct conn_list){ CONN_NONE, CONN_NONE };
	tcp->time_wait = tcp->ready;
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
	tcp->tos = (uint8_t)(config->dscp << 2);
	tcp->quick_acks = (uint8_t)config->quick_acks;
	tcp->ts_clock = config->ts_clock_ns;
	tcp->initial_window = config->initial_window;
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
	tcp->now_ts = (uint32_t)(now / tcp->ts_clock);
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
	if ((c->flags & TERN_CONN_READY) != 0 || c->state == TERN_TIME_WAIT ||
	    c->state == TERN_CLOSED)
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

/* A TIME-WAIT is a courtesy to old packets; a new connection is worth more than the oldest. */
static uint32_t
take_slot(struct tern_tcp *tcp)
{
	uint32_t slot = slots_take(&tcp->slots), oldest = tcp->time_wait.first;

	if (slot != SLOT_NONE)
		return slot;
	/* Not the one that a callback was called for: it is still to be answered for. */
	if (oldest != CONN_NONE && &tcp->conns[oldest] == tcp->in_hand)
		oldest = tcp->conns[oldest].link_next;
	if (oldest == CONN_NONE)
		return SLOT_NONE;
	conn_end_now(&tcp->conns[oldest], TERN_FINISHED);
	count(tcp, TERN_EV_TCP_TIME_WAIT_REUSED);
	return slots_take(&tcp->slots);
}

struct tern_conn *
conn_new(struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport, struct tern_addr local,
	 rte_be16_t lport, uint32_t hash)
{
	uint32_t slot = take_slot(tcp);
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
	c->listener = LISTENER_NONE;
	c->since = tcp->tick;
	c->challenged = tcp->tick - tcp->times.challenge_gap;
	c->rcv.space = tcp->rcv_space;
	c->rtt.rto = tcp->times.rto_initial;
	c->flight.first = c->flight.last = SENT_NONE;
	c->tos = tcp->tos;
	c->heard_s = tcp->now_s;
	return c;
}

void
conn_discard(struct tern_conn *c)
{
	flowtable_remove(&c->tcp->flows, hash_of(c), c->slot);
	slots_give(&c->tcp->slots, c->slot);
}

void
conn_tell_closed(struct tern_conn *c, enum tern_why why)
{
	if ((c->flags & TERN_CONN_USER_GONE) != 0)
		return;
	c->flags |= TERN_CONN_USER_GONE;
	if (c->user->on_closed != NULL)
		c->user->on_closed(c->user, c, why);
}

/* A half-open connection that comes to nothing gives its place in the backlog back. */
static void
leave_listener(struct tern_conn *c)
{
	struct listening *l;

	if (c->listener == LISTENER_NONE)
		return;
	l = &c->tcp->listening[c->listener];
	c->listener = LISTENER_NONE;
	l->half_open--;
	l->armed = true;
}

void
conn_end(struct tern_conn *c, enum tern_why why)
{
	struct tern_tcp *tcp = c->tcp;
	uint8_t state = c->state;

	if (state == TERN_CLOSED)
		return;
	if (state == TERN_SYN_SENT || state == TERN_SYN_RECEIVED)
		count(tcp, TERN_EV_TCP_ATTEMPT_FAILS);
	if (state == TERN_TIME_WAIT)
		list_remove(tcp, &tcp->time_wait, c);
	conn_not_ready(c);
	leave_listener(c);
	c->state = TERN_CLOSED;
	flowtable_remove(&tcp->flows, hash_of(c), c->slot);
	timers_cancel(c);
	flight_clear(c);
	held_free_all(c);
	list_append(tcp, &tcp->dead, c);
	tcp->dead_n++;
	conn_tell_closed(c, why);
}

void
conn_end_now(struct tern_conn *c, enum tern_why why)
{
	struct tern_tcp *tcp = c->tcp;

	conn_end(c, why);
	list_remove(tcp, &tcp->dead, c);
	tcp->dead_n--;
	slots_give(&tcp->slots, c->slot);
}

void
conn_time_wait(struct tern_conn *c)
{
	struct tern_tcp *tcp = c->tcp;

	if (c->state == TERN_TIME_WAIT) {
		list_remove(tcp, &tcp->time_wait, c); /* 2 MSL begin again */
	} else {
		conn_not_ready(c);
		c->state = TERN_TIME_WAIT;
		flight_clear(c);
		held_free_all(c);
		timers_cancel(c);
	}
	list_append(tcp, &tcp->time_wait, c);
	timer_set(c, TERN_TIMER_STATE, tcp->times.time_wait);
	conn_tell_closed(c, TERN_FINISHED);
}
