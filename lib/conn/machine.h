/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The TCP machine of one lcore: connection blocks, the tables that find them, their timers.
 *
 * Everything here works on connection blocks and segments and sends nothing: what has to be sent is
 * noted in the block (snd.nxt below what there is, TERN_CONN_ACK_NOW, TERN_CONN_REPEAT ...) and
 * the block put on the list of ready ones; layer/tcp looks there and makes the packets.
 *
 * A block that ends is taken out of all tables at once but its slot is only given back at the end
 * of the poll, so that whoever still has it in hand reads TERN_CLOSED and nobody else's state.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flowtable.h"
#include "core/hash.h"
#include "core/random.h"
#include "core/seq.h"
#include "core/slots.h"
#include "core/wheel.h"
#include <tern_config.h>
#include <tern_conn.h>

struct tern_ip;
struct tern_tcp_listener;
struct tern_tcp_stray;

/* A doubly linked list of connection blocks, by slot. */
struct conn_list {
	uint32_t first, last;
};

#define CONN_NONE UINT32_MAX
#define LISTENER_NONE UINT16_MAX

/* A listener as one lcore sees it. */
struct listening {
	const struct tern_tcp_listener *listener; /* NULL: free */
	uint32_t half_open;
	bool armed;    /* a one-shot one that has had its shot is not */
	uint16_t next; /* of the same bucket, or LISTENER_NONE */
};

enum { LISTENER_BUCKETS = 256 };

/* Limits out of struct tern_config, in ticks. */
struct tcp_times {
	uint32_t rto_initial, rto_min, rto_max, ack_delay;
	uint32_t r2, syn_r2, syn_ack_r2, time_wait, fin_wait_2, challenge_gap;
};

struct sent_range;

struct tern_tcp {
	struct tern_conn *conns;
	struct flowtable flows;
	struct hash_key hash_key;
	struct tern_ip *ip;
	struct tern_stats *stats;

	uint64_t now;	 /* ns, of this poll */
	uint32_t now_us; /* the same, wrapping */
	uint32_t tick;	 /* the same in ticks, wrapping */
	uint32_t now_s;
	uint32_t now_ts; /* the clock of our timestamps, without the offset of a connection */
	uint64_t ts_clock;

	struct rte_mempool *pool;
	uint32_t held; /* mbufs on the lists of all connections */
	uint32_t held_total, held_pkts;
	uint32_t rcv_space;
	uint32_t rcv_space_max;
	uint8_t wscale; /* shift that we offer, or TCP_WSCALE_NONE */
	bool sack, timestamps, keepalive, paced, plpmtud;
	uint8_t tos, keepalive_count;
	uint16_t keepalive_s, keepalive_every_s;
	uint8_t ecn;
	uint8_t quick_acks;
	uint16_t mss; /* largest payload that the link allows */
	uint32_t initial_window;
	const struct tern_congestion *congestion;
	struct tcp_times times;

	struct sent_range *ranges;
	uint32_t ranges_free, ranges_each;

	struct slots slots;
	struct tern_conn *in_hand;  /* whose segment is being taken, or NULL */
	struct conn_list ready;	    /* those that may have something to send */
	struct conn_list time_wait; /* oldest first */
	struct conn_list dead;	    /* slots to give back at the end of the poll */
	uint32_t dead_n;
	struct wheel wheel;

	struct random random;
	uint8_t isn_key[16];
	uint32_t port_min, port_max;

	struct tern_tcp_stray *stray;
	struct listening *listening;
	uint32_t listening_n;
	uint16_t listening_bucket[LISTENER_BUCKETS];
};

static inline void
count(struct tern_tcp *tcp, enum tern_event event)
{
	tcp->stats->event[event]++;
}

/* Is the SYN of this connection acknowledged? */
static inline bool
conn_synchronised(const struct tern_conn *c)
{
	return c->state >= TERN_ESTABLISHED;
}

/* May the peer still send data? */
static inline bool
conn_receives(const struct tern_conn *c)
{
	return c->state == TERN_ESTABLISHED || c->state == TERN_FIN_WAIT_1 ||
	       c->state == TERN_FIN_WAIT_2;
}

/* One past the last data byte ever sent. */
static inline uint32_t
conn_data_max(const struct tern_conn *c)
{
	return c->snd.max - ((c->flags & TERN_CONN_FIN_SENT) != 0);
}

/* Stream position of a sequence number from snd.una on. */
static inline uint64_t
conn_position(const struct tern_conn *c, uint32_t seq)
{
	return c->sent + (seq - c->snd.una);
}

/* Bytes sent and not acknowledged (RFC 5681: FlightSize). */
static inline uint32_t
conn_flight(const struct tern_conn *c)
{
	return c->snd.max - c->snd.una;
}

void machine_init(struct tern_tcp *tcp, const struct tern_config *config, uint64_t now);
void machine_set_time(struct tern_tcp *tcp, uint64_t now);
/* Give back the slots of those that ended. */
void machine_bury(struct tern_tcp *tcp);

/*
 * A fresh block with this 4-tuple, in the tables, all else zero. When all slots are taken the
 * oldest TIME-WAIT makes room. NULL: no slot.
 */
struct tern_conn *conn_new(struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport,
			   struct tern_addr local, rte_be16_t lport, uint32_t hash);

/* Give a fresh block back that nobody has heard of. */
void conn_discard(struct tern_conn *c);

uint32_t conn_hash(const struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport,
		   struct tern_addr local, rte_be16_t lport);

static inline struct tern_conn *
conn_find(const struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport,
	  struct tern_addr local, rte_be16_t lport, uint32_t hash)
{
	struct flow_probe p = flowtable_probe(&tcp->flows, hash);
	struct tern_conn *c;
	uint32_t i;

	while ((i = flow_probe_next(&p)) != FLOW_NONE) {
		c = &tcp->conns[i];
		if (tern_addr_equal(c->remote, remote) && c->rport == rport && c->lport == lport &&
		    tern_addr_equal(c->local, local))
			return c;
	}
	return NULL;
}

/* Put the block on the list of ready ones. */
void conn_ready(struct tern_conn *c);
/* Take it from that list. */
void conn_not_ready(struct tern_conn *c);

/*
 * The connection is over: tell its user why (once), take it out of every table, free its mbufs.
 * The block reads TERN_CLOSED until the end of the poll.
 */
void conn_end(struct tern_conn *c, enum tern_why why);

/* The same, and the slot is free at once: for a block that nobody has in hand. */
void conn_end_now(struct tern_conn *c, enum tern_why why);

/* Enter TIME-WAIT; for the user that is the end. */
void conn_time_wait(struct tern_conn *c);

static inline void
conn_report(struct tern_conn *c, enum tern_report what)
{
	if (c->user->on_report != NULL && (c->flags & TERN_CONN_USER_GONE) == 0)
		c->user->on_report(c->user, c, what);
}

/* Call on_closed(), once. */
void conn_tell_closed(struct tern_conn *c, enum tern_why why);

#endif
