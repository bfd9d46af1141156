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

#include <rte_branch_prediction.h>

#include "conn/cookie.h"
#include "conn/half_open.h"
#include "conn/time_wait.h"
#include "core/flowtable.h"
#include "core/hash.h"
#include "core/random.h"
#include "core/seq.h"
#include "core/slots.h"
#include "core/wheel.h"
#include <tern_config.h>
#include <tern_conn.h>

/*
 * One table finds the blocks of all three kinds: the upper two bits of an index say which it is.
 */
#define FLOW_CONN 0u
#define FLOW_HALF_OPEN (1u << 30)
#define FLOW_TIME_WAIT (2u << 30)
#define FLOW_KIND (3u << 30) /* mask; FLOW_NONE is of a kind of its own */

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
	uint32_t half_open;			  /* blocks of SYN-RECEIVED */
	rte_be16_t port;
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
	uint16_t mtu_least;
	uint16_t mss; /* largest payload that the link allows */
	uint32_t initial_window;
	const struct tern_congestion *congestion;
	struct tcp_times times;

	bool syn_cookies;
	uint8_t tail_probes;
	struct sent_range *ranges;
	uint32_t ranges_free;
	uint32_t ranges_each;

	struct slots slots;
	struct conn_list ready; /* those that may have something to send */
	struct conn_list dead;	/* slots to give back at the end of the poll */
	uint32_t dead_n;
	struct wheel wheel;

	struct random random;
	uint8_t isn_key[16];
	uint32_t port_min, port_max;

	struct tern_tcp_stray *stray;
	struct listening *listening;
	uint32_t listening_n;
	uint16_t listening_bucket[LISTENER_BUCKETS];

	struct half_opens half_opens;
	struct time_waits time_waits;
	struct cookies cookies;
};

static inline void
count(struct tern_tcp *tcp, enum tern_event event)
{
	tcp->stats->event[event]++;
}

/*
 * The limit of challenge ACKs (RFC 5961 §7) where there is little room: time is cut into turns of
 * challenge_gap, and each connection has one in each. *turn is that of the last.
 */
bool challenge_due(struct tern_tcp *tcp, uint16_t *turn);
uint16_t challenge_never(const struct tern_tcp *tcp);

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

/* A fresh block with this 4-tuple, in the tables, all else zero. NULL: no slot. */
struct tern_conn *conn_new(struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport,
			   struct tern_addr local, rte_be16_t lport, uint32_t hash);

/*
 * A fresh block in SYN-RECEIVED, as if it had received this SYN and sent a SYN-ACK with this
 * number, at this time if it is not NULL: for the ACK that completes the handshake. Its user is the
 * caller's business.
 */
struct tern_conn *conn_passive(struct tern_tcp *tcp, const struct tuple *t, uint32_t hash,
			       const struct segment *syn, uint32_t isn, const uint32_t *sent_us);

uint32_t conn_hash(const struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport,
		   struct tern_addr local, rte_be16_t lport);

static inline struct half_open *
half_open_at(const struct tern_tcp *tcp, uint32_t flow)
{
	return &tcp->half_opens.block[flow & ~FLOW_KIND];
}

static inline struct time_wait *
time_wait_at(const struct tern_tcp *tcp, uint32_t flow)
{
	return &tcp->time_waits.block[flow & ~FLOW_KIND];
}

/* Is the small block of this index that of the tuple? */
bool flow_is_small(const struct tern_tcp *tcp, uint32_t flow, struct tern_addr remote,
		   rte_be16_t rport, struct tern_addr local, rte_be16_t lport);

/* The index of the tuple, with its kind; or FLOW_NONE. */
static inline uint32_t
flow_find(const struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport,
	  struct tern_addr local, rte_be16_t lport, uint32_t hash)
{
	struct flow_probe p = flowtable_probe(&tcp->flows, hash);
	const struct tern_conn *c;
	uint32_t i;

	while ((i = flow_probe_next(&p)) != FLOW_NONE) {
		if (unlikely((i & FLOW_KIND) != FLOW_CONN)) {
			if (flow_is_small(tcp, i, remote, rport, local, lport))
				return i;
			continue;
		}
		c = &tcp->conns[i];
		if (tern_addr_equal(c->remote, remote) && c->rport == rport && c->lport == lport &&
		    tern_addr_equal(c->local, local))
			return i;
	}
	return FLOW_NONE;
}

/* The same for those that have a connection block only; NULL: it has none. */
static inline struct tern_conn *
conn_find(const struct tern_tcp *tcp, struct tern_addr remote, rte_be16_t rport,
	  struct tern_addr local, rte_be16_t lport, uint32_t hash)
{
	uint32_t i = flow_find(tcp, remote, rport, local, lport, hash);

	return (i & FLOW_KIND) == FLOW_CONN ? &tcp->conns[i] : NULL;
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

/*
 * Enter TIME-WAIT; for the user that is the end. The block reads TERN_CLOSED from now on; if an ACK
 * is owed, TERN_CONN_ACK_NOW says so, and the small block of the tuple has what it takes.
 */
void conn_time_wait(struct tern_conn *c);

/* Soft errors, for who wants to know (MUST-47, SHLD-20). */
static inline void
conn_report(struct tern_conn *c, enum tern_report what)
{
	if (c->user->on_report != NULL && (c->flags & TERN_CONN_USER_GONE) == 0)
		c->user->on_report(c->user, c, what);
}

/* Call on_closed(), once. */
void conn_tell_closed(struct tern_conn *c, enum tern_why why);

#endif
