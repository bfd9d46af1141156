/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conn/held.h"
#include "conn/isn.h"
#include "conn/pace.h"
#include "conn/rack.h"
#include "conn/recovery.h"
#include "conn/sack.h"
#include "conn/timers.h"
#include "conn/window.h"
#include "layer/begin.h"
#include "layer/eth/eth.h"
#include "layer/ip/ip.h"
#include "layer/tcp/output.h"
#include "layer/tcp/sum.h"

/* One segment to be sent. */
struct outgoing {
	uint32_t seq;
	uint32_t len; /* payload */
	uint8_t flags;
	uint8_t header;	       /* bytes of the TCP header */
	uint8_t sacks;	       /* blocks in it: sack[] */
	bool repeat;	       /* outside the order of snd.nxt */
	bool tail;	       /* a tail loss probe (RFC 8985 §7.3) */
	bool keepalive;	       /* a keep-alive probe */
	bool ect;	       /* goes as ECN-capable (RFC 3168 §6.1.1) */
	bool more;	       /* another may follow at once */
	struct rte_mbuf *kept; /* holds just this payload */
	struct sack_block sack[TCP_SACK_BLOCKS_MAX];
};

enum {
	/*
	 * Then receiving has its turn, or the ACKs that this calls for come faster than they are
	 * read: with four times as many the port dropped a quarter of them.
	 */
	SEGMENTS_A_POLL = 32,
	SEGMENTS_A_TURN = 16, /* then the next connection has its turn */
};

/* What of an mbuf's flags says how its memory is held; the rest was said by the port. */
static const uint64_t KEEP_FLAGS = RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;

static struct tern_eth *
eth_of(const struct tern_tcp *tcp)
{
	return tcp->ip->eth;
}

/* Bytes not yet sent for the first time. */
static uint32_t
unsent(struct tern_conn *c)
{
	uint32_t from = conn_data_max(c);
	uint32_t kept = kept_end(c, from) - from;

	if ((c->flags & TERN_CONN_FIN_SENT) != 0)
		return 0;
	if (c->user->available == NULL)
		return kept;
	return kept + c->user->available(c->user, c, conn_position(c, from + kept));
}

/*
 * Sender's side of silly window avoidance (MUST-38) with Nagle's algorithm (SHLD-7), which users
 * may switch off (MUST-17). What waits leaves with what is written next (MAY-16), at the latest
 * when all before it is acknowledged (MUST-60). So: may a segment of less than the MSS go?
 */
static bool
small_may_go(const struct tern_conn *c, const struct outgoing *o, bool last, bool fin)
{
	bool idle = c->snd.una == c->snd.max || (c->flags & TERN_CONN_NODELAY) != 0;

	if (seq_lt(o->seq, conn_data_max(c)) || (c->flags & TERN_CONN_FORCE) != 0 || fin)
		return true;
	return idle && (last || o->len >= c->snd.max_wnd / 2);
}

/*
 * Kept answers leave in the mbufs that they stand in where one mbuf makes a segment: the segment
 * ends where the mbuf does, and where one begins behind what fill() gave.
 */
static void
match_kept(struct tern_conn *c, struct outgoing *o)
{
	uint32_t end = o->seq + o->len, rest;
	struct rte_mbuf *m;

	if (c->kept == NULL || o->len == 0)
		return;
	m = kept_find(c, o->seq);
	rest = (m != NULL ? held_end(m) : kept_next(c, o->seq, end)) - o->seq;
	if (rest < o->len) {
		o->len = rest;
		o->more = true;
		o->flags = (uint8_t)(o->flags & ~TCP_FIN);
	}
	/*
	 * One reference is the list's; any other is a port's that has not let go of it yet. And no
	 * frame begins at an odd address, as it would in front of an odd rest.
	 */
	if (m != NULL && held_of(m)->seq == o->seq && held_of(m)->len == o->len &&
	    held_of(m)->at % 2 == 0 && rte_mbuf_refcnt_read(m) == 1)
		o->kept = m;
}

static bool
plan_syn(const struct tern_conn *c, struct outgoing *o)
{
	if (c->snd.nxt != c->snd.una)
		return false;
	o->seq = c->snd.una;
	o->flags = c->state == TERN_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK;
	return true;
}

/* Bytes of [seq, end) that are data, into o, and the FIN if it is among them. */
static void
take_again(struct tern_conn *c, struct outgoing *o, uint32_t seq, uint32_t end)
{
	uint32_t data_max = conn_data_max(c);
	uint32_t len = seq_lt(seq, data_max) ? seq_min(end, data_max) - seq : 0;

	o->seq = seq;
	o->len = RTE_MIN(len, (uint32_t)c->snd.mss);
	o->flags = TCP_ACK;
	if (o->len == len && seq_gt(end, data_max))
		o->flags |= TCP_FIN;
	if (o->len > 0 && seq + o->len == data_max && unsent(c) == 0)
		o->flags |= TCP_PSH;
	o->repeat = true;
	o->more = true;
	match_kept(c, o);
}

/*
 * What is lost comes before what is new (RFC 6675 §4, §5 (C)); without SACK it is the oldest. It
 * leaves whatever the peer's window is by now (MAY-7).
 */
static bool
plan_lost(struct tern_conn *c, struct outgoing *o)
{
	uint32_t seq, end;

	if ((c->flags & TERN_CONN_REPEAT) != 0 && c->snd.una != c->snd.max) {
		take_again(c, o, c->snd.una, c->snd.max);
		return true;
	}
	if (c->flight.lost == 0 || flight_pipe(c) >= c->cong.cwnd || !flight_lost(c, &seq, &end))
		return false;
	take_again(c, o, seq, end);
	return true;
}

/*
 * RFC 8985 §7.3: something new if the peer's window allows it, else the last segment once more.
 * In recovery it is the oldest: either its repetition was lost, or the ACK of all.
 */
static bool
plan_tail(struct tern_conn *c, struct outgoing *o)
{
	uint32_t offset = c->snd.max - c->snd.una, fresh = unsent(c), len;

	if (c->snd.una == c->snd.max)
		return false;
	o->tail = true;
	if ((c->flags & TERN_CONN_RECOVERY) != 0) {
		take_again(c, o, c->snd.una, flight_first_end(c));
		return true;
	}
	if (fresh > 0 && c->snd.nxt == c->snd.max && c->snd.wnd > offset) {
		o->seq = c->snd.nxt;
		o->len = RTE_MIN(RTE_MIN(fresh, c->snd.wnd - offset), c->snd.mss);
		o->flags = TCP_ACK;
		match_kept(c, o);
		return true;
	}
	len = RTE_MIN(conn_data_max(c) - c->snd.una, (uint32_t)c->snd.mss);
	take_again(c, o, conn_data_max(c) - len, c->snd.max);
	return true;
}

/* What limits the next segment: the windows that are left of the peer and of the network. */
struct room {
	uint32_t wnd, cwnd;
};

/*
 * A window that was taken back leaves nothing (MUST-34, SHLD-15). What has arrived beyond a hole
 * makes room for new data even before recovery: limited transmit (RFC 3042 §2, RFC 5681 §3.2 (1),
 * RFC 6675 §5 (3)).
 */
static struct room
room_left(const struct tern_conn *c)
{
	uint32_t offset = c->snd.nxt - c->snd.una, pipe = flight_pipe(c);

	return (struct room){
		.wnd = c->snd.wnd > offset ? c->snd.wnd - offset : 0,
		.cwnd = c->cong.cwnd > pipe ? c->cong.cwnd - pipe : 0,
	};
}

/* Is cwnd what holds us back, or was it in this flight? Else it may not grow (RFC 7661 §4.3). */
static void
note_limit(struct tern_conn *c, const struct room *room, uint32_t all)
{
	if (room->cwnd < room->wnd && (room->cwnd < all || room->cwnd < c->snd.mss)) {
		c->flags |= TERN_CONN_LIMITED;
		c->limited = c->snd.max;
	} else if (seq_ge(c->snd.una, c->limited)) {
		c->flags &= ~TERN_CONN_LIMITED;
	}
}

/*
 * After a timeout: the next of what was not delivered (SHLD-16), up to end, in whole segments that
 * may go on with what is new.
 */
static bool
plan_again(struct tern_conn *c, struct outgoing *o, uint32_t end)
{
	uint32_t data_max = conn_data_max(c), mss = c->snd.mss, all;
	bool last = end == c->snd.max;
	struct room room = room_left(c);

	if ((c->flags & TERN_CONN_FORCE) == 0 && (room.wnd == 0 || room.cwnd == 0))
		return false;
	all = seq_lt(c->snd.nxt, data_max) ? seq_min(end, data_max) - c->snd.nxt : 0;
	if (last)
		all += unsent(c);
	o->seq = c->snd.nxt;
	o->len = RTE_MIN(RTE_MIN(all, mss), RTE_MAX(room.wnd, 1u));
	o->flags = TCP_ACK;
	if (last && o->len == all) {
		if (o->len > 0)
			o->flags |= TCP_PSH;
		if ((c->flags & TERN_CONN_FIN_WANTED) != 0)
			o->flags |= TCP_FIN;
	}
	o->more = true;
	match_kept(c, o);
	return true;
}

/*
 * What is next in order, as far as the windows let it (RFC 9293 §3.8.6, RFC 5681 §3.2 step 5), in
 * segments as large as may be (SHLD-28), however it was written (SHLD-27). Only what is new goes as
 * ECN-capable: not an ACK, a repetition or a probe (RFC 3168 §6.1.4, §6.1.5, §6.1.6), nor a SYN
 * (RFC 8257 §3.6).
 */
static bool
plan_new(struct tern_conn *c, struct outgoing *o)
{
	struct room room = room_left(c);
	uint32_t all = unsent(c), usable = RTE_MIN(room.wnd, room.cwnd);
	bool fin_due =
		(c->flags & (TERN_CONN_FIN_WANTED | TERN_CONN_FIN_SENT)) == TERN_CONN_FIN_WANTED;
	bool fin;

	note_limit(c, &room, all);
	if ((c->flags & TERN_CONN_PACED) != 0 && all > 0 && pace_waits(c))
		return false;
	if ((c->flags & TERN_CONN_FORCE) != 0 && usable == 0)
		usable = 1;
	o->seq = c->snd.nxt;
	o->len = RTE_MIN(RTE_MIN(all, usable), c->snd.mss);
	fin = fin_due && o->len == all;
	if (o->len == 0 && !fin)
		return false;
	if (o->len < c->snd.mss && !small_may_go(c, o, o->len == all, fin))
		return false;
	o->more = all > o->len && usable > o->len;
	o->ect = (c->flags & (TERN_CONN_ECN | TERN_CONN_FORCE)) == TERN_CONN_ECN && o->len > 0;
	o->flags = TCP_ACK;
	if (o->len > 0 && o->len == all)
		o->flags |= TCP_PSH; /* MUST-61: nothing is known to follow */
	if (fin)
		o->flags |= TCP_FIN;
	match_kept(c, o);
	return true;
}

static bool
plan_data(struct tern_conn *c, struct outgoing *o)
{
	uint32_t end;

	if ((c->flags & (TERN_CONN_TLP | TERN_CONN_FORCE)) == (TERN_CONN_TLP | TERN_CONN_FORCE))
		return plan_tail(c, o);
	if (plan_lost(c, o))
		return true;
	if (c->snd.nxt != c->snd.max) {
		end = flight_skip(c);
		if (c->snd.nxt != c->snd.max)
			return plan_again(c, o, end);
	}
	return plan_new(c, o);
}

/* Something waits, nothing under way will call for it, no timer runs: MUST-36. */
static void
plan_probe(struct tern_conn *c)
{
	if (timer_is_set(c, TERN_TIMER_REXMIT) || (c->snd.una == c->snd.max && unsent(c) == 0))
		return;
	c->since = c->tcp->tick;
	persist_start(c);
}

static bool
plan_ack(const struct tern_conn *c, struct outgoing *o)
{
	if ((c->flags & (TERN_CONN_ACK_NOW | TERN_CONN_ACK_SOON)) == 0)
		return false;
	o->seq = c->snd.max;
	o->flags = TCP_ACK;
	return true;
}

/* RFC 9293 §3.8.4: a number that has been acknowledged, so that the peer has to answer. */
static bool
plan_keepalive(const struct tern_conn *c, struct outgoing *o)
{
	if ((c->marks & TERN_MARK_KEEPALIVE) == 0)
		return false;
	o->seq = c->snd.una - 1;
	o->flags = TCP_ACK;
	o->keepalive = true; /* no data, and no new number: SHLD-12 */
	return true;
}

/*
 * How long the header becomes, and how many blocks are in it: all that there is room for, in every
 * ACK that leaves while there is a gap (RFC 2018 §4, (2)).
 */
static void
plan_header(const struct tern_conn *c, struct outgoing *o)
{
	uint32_t room = TCP_HEADER_MAX_BYTES - TCP_HEADER_BYTES, blocks;

	o->header = TCP_HEADER_BYTES;
	if ((o->flags & TCP_SYN) != 0)
		return;
	if ((c->flags & TERN_CONN_TIMESTAMPS) != 0) {
		o->header += TCP_TIMESTAMPS_ROOM;
		room -= TCP_TIMESTAMPS_ROOM;
	}
	if (!sack_wanted(c) || o->kept != NULL)
		return;
	if (o->len > 0)
		room = RTE_MIN(room, c->snd.mss - o->len);
	if (room < TCP_SACK_ROOM + TCP_SACK_BLOCK_BYTES)
		return;
	blocks = (room - TCP_SACK_ROOM) / TCP_SACK_BLOCK_BYTES;
	o->sacks = (uint8_t)RTE_MIN(blocks, sack_make(c, o->sack));
	if (o->sacks > 0)
		o->header = (uint8_t)(o->header + TCP_SACK_ROOM + o->sacks * TCP_SACK_BLOCK_BYTES);
}

static bool
plan_segment(struct tern_conn *c, struct outgoing *o)
{
	if (!conn_synchronised(c))
		return plan_syn(c, o) || (c->state == TERN_SYN_RECEIVED && plan_ack(c, o));
	if (plan_data(c, o))
		return true;
	*o = (struct outgoing){ 0 };
	plan_probe(c);
	return plan_ack(c, o) || plan_keepalive(c, o);
}

/* What is to be sent next? False: nothing. */
static bool
plan(struct tern_conn *c, struct outgoing *o)
{
	*o = (struct outgoing){ 0 };
	if (!plan_segment(c, o))
		return false;
	plan_header(c, o);
	return true;
}

/* RFC 5681 §4.1: after a silence the ACK clock has stopped. */
static void
check_idle(struct tern_conn *c, const struct outgoing *o)
{
	uint32_t idle = c->tcp->tick - c->since;

	if (o->len > 0 && c->snd.una == c->snd.max && idle > c->rtt.rto)
		recovery_restart(c, idle);
}

/* The ACK of everything that came is on its way, with the blocks if there are any. */
static void
note_acked(struct tern_conn *c, const struct outgoing *o)
{
	if (o->sacks > 0)
		sack_told(c);
	else if (o->len > 0 && sack_wanted(c) && (c->flags & TERN_CONN_ACK_NOW) != 0)
		return; /* a duplicate ACK without its blocks says too little */
	c->flags &= ~(TERN_CONN_ACK_NOW | TERN_CONN_ACK_SOON);
	c->rcv.acked = c->rcv.nxt;
	timer_stop(c, TERN_TIMER_ACK);
}

static void
note_tail(struct tern_conn *c, const struct outgoing *o)
{
	c->tlp_end = c->snd.max;
	if (o->repeat)
		c->flags |= TERN_CONN_TLP_REPEATS;
}

static void
count_again(struct tern_tcp *tcp, const struct outgoing *o)
{
	count(tcp, TERN_EV_TCP_RETRANSMITTED);
	if ((o->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		count(tcp, TERN_EV_TCP_SYN_AGAIN);
	else if ((o->flags & TCP_FIN) != 0 && o->len == 0)
		count(tcp, TERN_EV_TCP_FIN_AGAIN);
}

/* The segment is as good as sent: move the send variables. */
static void
commit(struct tern_conn *c, const struct outgoing *o)
{
	uint32_t end = o->seq + o->len + ((o->flags & TCP_SYN) != 0) + ((o->flags & TCP_FIN) != 0);

	count(c->tcp, TERN_EV_TCP_SEGMENTS_OUT);
	if ((o->flags & TCP_ACK) != 0)
		note_acked(c, o);
	if (o->keepalive) {
		c->marks &= (uint8_t)~TERN_MARK_KEEPALIVE;
		count(c->tcp, TERN_EV_TCP_KEEPALIVES);
	}
	if (end == o->seq)
		return;
	if ((c->flags & TERN_CONN_PACED) != 0)
		pace_sent(c, o->len);
	if (seq_lt(o->seq, c->snd.max))
		count_again(c->tcp, o);
	recovery_sent(c, o->seq, end - o->seq);
	if (o->repeat)
		c->flags &= ~TERN_CONN_REPEAT;
	else
		c->snd.nxt = seq_max(end, c->snd.nxt);
	if (seq_gt(end, c->snd.max)) {
		if (c->snd.una == c->snd.max)
			c->since = c->tcp->tick;
		c->snd.max = end;
	}
	if ((o->flags & TCP_FIN) != 0)
		c->flags |= TERN_CONN_FIN_SENT;
	c->flags &= ~TERN_CONN_FORCE;
	if ((o->flags & TCP_CWR) != 0)
		c->flags &= ~TERN_CONN_CWR;
	if (o->tail)
		note_tail(c, o);
	if (!timer_is_set(c, TERN_TIMER_REXMIT))
		rexmit_start(c);
	tlp_schedule(c);
}

/*
 * Options of a SYN, MSS always (MUST-65, SHLD-5, MAY-3); its window is never scaled (RFC 7323
 * §2.2).
 */
static uint32_t
write_syn(struct tern_conn *c, struct rte_tcp_hdr *h)
{
	bool answer = (h->tcp_flags & TCP_ACK) != 0;
	uint32_t agreed = answer ? c->flags : UINT32_MAX;
	struct tern_tcp *tcp = c->tcp;
	uint16_t window = (uint16_t)RTE_MIN(c->rcv.space, UINT16_MAX);
	const struct syn_options options = {
		.mss = tcp->mss,
		.wscale = (agreed & TERN_CONN_WSCALE) != 0 ? tcp->wscale : TCP_WSCALE_NONE,
		.sack = tcp->sack && (agreed & TERN_CONN_SACK) != 0,
		.timestamps = tcp->timestamps && (agreed & TERN_CONN_TIMESTAMPS) != 0,
		.ts_val = tcp->now_ts + c->ts_offset,
		.ts_ecr = answer ? c->rcv.ts : 0,
	};

	h->rx_win = rte_cpu_to_be_16(window);
	if (answer) {
		c->rcv.adv = seq_max(c->rcv.adv, c->rcv.nxt + window);
		if ((c->flags & TERN_CONN_ECN) != 0) /* RFC 3168 §6.1.1 */
			h->tcp_flags |= TCP_ECE;
	} else if (tcp->ecn > 1 && (c->flags & TERN_CONN_SYN_REPEATED) == 0) {
		h->tcp_flags |= TCP_ECE | TCP_CWR;
	}
	return TCP_HEADER_BYTES + tcp_write_syn_options((uint8_t *)(h + 1), &options);
}

static uint32_t
write_options(struct tern_conn *c, const struct outgoing *o, uint8_t *at)
{
	uint32_t len = 0;

	if ((c->flags & TERN_CONN_TIMESTAMPS) != 0)
		len = tcp_write_timestamps(at, c->tcp->now_ts + c->ts_offset, c->rcv.ts);
	if (o->sacks > 0)
		len += tcp_write_sack(at + len, o->sack, o->sacks);
	return TCP_HEADER_BYTES + len;
}

/* RFC 3168 §6.1.2, §6.1.3 */
static uint8_t
ecn_flags(const struct tern_conn *c, const struct outgoing *o)
{
	uint8_t flags = 0;

	if ((c->flags & TERN_CONN_ECE) != 0)
		flags |= TCP_ECE;
	if (o->ect && (c->flags & TERN_CONN_CWR) != 0)
		flags |= TCP_CWR;
	return flags;
}

/* Write the header in front of the payload at `at`. Return: its length. */
static uint32_t
write_header(struct tern_conn *c, struct outgoing *o, uint8_t *at)
{
	struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)at;
	bool ack = (o->flags & TCP_ACK) != 0, syn = (o->flags & TCP_SYN) != 0;
	uint32_t len;

	if (!syn)
		o->flags |= ecn_flags(c, o);
	h->src_port = c->lport;
	h->dst_port = c->rport;
	h->sent_seq = rte_cpu_to_be_32(o->seq);
	h->recv_ack = ack ? rte_cpu_to_be_32(c->rcv.nxt) : 0;
	h->tcp_flags = o->flags;
	h->cksum = 0;
	h->tcp_urp = 0;
	if (!syn)
		h->rx_win = rte_cpu_to_be_16(window_advertise(c));
	len = syn ? write_syn(c, h) : write_options(c, o, at + TCP_HEADER_BYTES);
	h->data_off = (uint8_t)(len << 2);
	return len;
}

/* Attach memory of the user behind the header in m. False: it has to be copied. */
static bool
attach(struct tern_conn *c, struct outgoing *o, struct rte_mbuf *m)
{
	struct tern_loan loan = { .iova = RTE_BAD_IOVA };
	struct rte_mbuf *data;

	if (c->user->lend == NULL || (eth_of(c->tcp)->port->caps & TERN_PORT_TX_CHAIN) == 0 ||
	    !c->user->lend(c->user, c, conn_position(c, o->seq), o->len, &loan))
		return false;
	data = rte_pktmbuf_alloc(c->tcp->pool);
	if (data == NULL)
		return false;
	if (loan.len < o->len) {
		o->len = loan.len;
		o->more = true;
		o->flags = (uint8_t)(o->flags & ~(TCP_FIN | TCP_PSH));
	}
	rte_mbuf_ext_refcnt_update(loan.shared, 1);
	rte_pktmbuf_attach_extbuf(data, (void *)(uintptr_t)loan.data, loan.iova, (uint16_t)o->len,
				  loan.shared);
	data->data_off = 0;
	data->data_len = (uint16_t)o->len;
	m->next = data;
	m->nb_segs = 2;
	return true;
}

/*
 * Write the segment into m, whose buffer is free from offset `at` on; the header goes there. Leaves
 * m beginning at the TCP header.
 */
static void
build(struct tern_conn *c, struct outgoing *o, struct rte_mbuf *m, uint16_t at)
{
	uint8_t *head = (uint8_t *)m->buf_addr + at;
	uint32_t hlen = o->header, copied = o->len;

	m->ol_flags &= KEEP_FLAGS;
	if (o->len > 0) {
		if (c->kept != NULL && kept_find(c, o->seq) != NULL)
			kept_copy(c, o->seq, head + hlen, o->len);
		else if (attach(c, o, m))
			copied = 0;
		else
			c->user->fill(c->user, c, conn_position(c, o->seq), head + hlen, o->len);
	}
	hlen = write_header(c, o, head);
	m->data_off = at;
	m->data_len = (uint16_t)(hlen + copied);
	m->pkt_len = hlen + o->len;
	sum_make(c->tcp, m, c->local, c->remote);
}

/* Write the header in front of a kept payload. */
static struct rte_mbuf *
build_kept(struct tern_conn *c, struct outgoing *o)
{
	struct rte_mbuf *m = o->kept;

	m->ol_flags = 0;
	m->data_off = (uint16_t)(held_of(m)->at - o->header);
	write_header(c, o, rte_pktmbuf_mtod(m, uint8_t *));
	m->data_len = (uint16_t)(o->header + o->len);
	m->pkt_len = m->data_len;
	sum_make(c->tcp, m, c->local, c->remote);
	rte_mbuf_refcnt_set(m, 2); /* the list's, and the port's */
	return m;
}

/* Is the mbuf of a received segment large enough to send this one in? */
static bool
fits(const struct tern_in *in, const struct outgoing *o)
{
	const struct rte_mbuf *m = in->mbuf;
	const uint8_t *end = (const uint8_t *)m->buf_addr + m->buf_len;

	return o->kept == NULL && rte_mbuf_refcnt_read(m) == 1 &&
	       in->l4 + TCP_HEADER_MAX_BYTES + o->len <= end;
}

/* The way is barred. Before the first answer that is the end; later the timers will see. */
static bool
unreachable(struct tern_conn *c, struct rte_mbuf *m, const struct outgoing *o)
{
	if (o->kept != NULL)
		rte_mbuf_refcnt_set(m, 1);
	else
		rte_pktmbuf_free(m);
	if (c->state == TERN_SYN_SENT) {
		conn_end(c, TERN_UNREACHABLE);
		return false;
	}
	commit(c, o);
	return true;
}

static struct rte_mbuf *
fresh(struct tern_tcp *tcp)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(tcp->pool);

	if (m == NULL)
		count(tcp, TERN_EV_NO_MBUF);
	return m;
}

/*
 * MUST-48, SHLD-22: all segments have the class that the user says now (SHLD-21), answers as well.
 */
static uint8_t
tos_of(const struct tern_conn *c, const struct outgoing *o)
{
	return (uint8_t)((c->tos & ~IPV4_ECN) | (o->ect ? IPV4_ECT_0 : 0));
}

/* The time that tern_tcp_linger() gave is over. */
static bool
has_lingered(const struct tern_conn *c)
{
	return (c->flags & TERN_CONN_LINGER) != 0 && !timer_is_set(c, TERN_TIMER_STATE);
}

enum sent {
	SENT_NOTHING, /* there was nothing to send, or the connection is gone */
	SENT_ONE,
	SENT_STUCK, /* no mbuf or no room: try again later */
};

/* Send the next segment of a connection in an mbuf of its own, from its address (MUST-45). */
static enum sent
send_next(struct tern_conn *c)
{
	struct outgoing o;
	struct rte_mbuf *m;

	if (has_lingered(c)) {
		output_abort(c);
		conn_end(c, TERN_ABORTED);
		return SENT_NOTHING;
	}
	if (!plan(c, &o))
		return SENT_NOTHING;
	check_idle(c, &o);
	if (!eth_room(eth_of(c->tcp), 1))
		return SENT_STUCK;
	if (o.kept != NULL) {
		m = build_kept(c, &o);
	} else {
		m = fresh(c->tcp);
		if (m == NULL)
			return SENT_STUCK;
		build(c, &o, m, SEGMENT_AT);
	}
	if (ip_send(c->tcp->ip, m, c->local, c->remote, IPPROTO_TCP, tos_of(c, &o), &c->hop,
		    c->tcp->now) < 0)
		return unreachable(c, m, &o) ? SENT_ONE : SENT_NOTHING;
	commit(c, &o);
	return SENT_ONE;
}

enum tern_verdict
output_answer(struct tern_conn *c, struct tern_in *in, enum tern_verdict v)
{
	struct outgoing o;
	struct rte_mbuf *mine = v == TERN_TAKEN ? NULL : in->mbuf;
	enum tern_verdict otherwise = v == TERN_ANSWER ? TERN_TAKEN : v;

	if (c->state == TERN_CLOSED || !plan(c, &o))
		return otherwise;
	check_idle(c, &o);
	if (mine == NULL || !eth_room(eth_of(c->tcp), 1) ||
	    (v == TERN_ANSWER ? o.kept != mine : !fits(in, &o))) {
		/* Each early segment is owed an ACK of its own (RFC 5681 §4.2), not one a poll. */
		if ((c->flags & TERN_CONN_ACK_NOW) != 0)
			send_next(c);
		conn_ready(c);
		return otherwise;
	}
	if (o.kept != NULL)
		build_kept(c, &o);
	else
		build(c, &o, mine, (uint16_t)(in->l4 - (uint8_t *)mine->buf_addr));
	commit(c, &o);
	if (o.more || (c->flags & TERN_CONN_ACK_NOW) != 0)
		conn_ready(c);
	in->tos = tos_of(c, &o);
	return ip_answer(c->tcp->ip, in);
}

/* Send what a connection has to, at most so many segments. Return: how many; -1: stuck. */
static int
serve(struct tern_conn *c, int most)
{
	for (int n = 0; n < most; n++) {
		switch (send_next(c)) {
		case SENT_NOTHING:
			return n;
		case SENT_STUCK:
			conn_ready(c);
			return -1;
		case SENT_ONE:
			break;
		}
	}
	conn_ready(c);
	return most;
}

void
output_ready(struct tern_tcp *tcp)
{
	int left = SEGMENTS_A_POLL, sent;
	struct tern_conn *c;

	while (tcp->ready.first != CONN_NONE && left > 0) {
		c = &tcp->conns[tcp->ready.first];
		conn_not_ready(c);
		sent = serve(c, RTE_MIN(left, (int)SEGMENTS_A_TURN));
		if (sent < 0)
			return;
		left -= sent;
	}
}

static void
write_reset(struct rte_tcp_hdr *h, rte_be16_t from, rte_be16_t to, uint32_t seq, uint32_t ack,
	    uint8_t flags)
{
	*h = (struct rte_tcp_hdr){
		.src_port = from,
		.dst_port = to,
		.sent_seq = rte_cpu_to_be_32(seq),
		.recv_ack = rte_cpu_to_be_32(ack),
		.data_off = TCP_HEADER_BYTES << 2,
		.tcp_flags = flags,
	};
}

static void
finish_reset(struct tern_tcp *tcp, struct rte_mbuf *m, struct tern_addr a, struct tern_addr b)
{
	const struct rte_tcp_hdr *h = rte_pktmbuf_mtod(m, const struct rte_tcp_hdr *);

	m->ol_flags &= KEEP_FLAGS;
	m->data_len = (uint16_t)(h->data_off >> 4) * 4;
	m->pkt_len = m->data_len;
	sum_make(tcp, m, a, b);
	count(tcp, TERN_EV_TCP_SEGMENTS_OUT);
	count(tcp, TERN_EV_TCP_RESETS_OUT);
}

enum tern_verdict
output_reset(struct tern_tcp *tcp, const struct segment *s, struct tern_in *in,
	     enum tern_verdict instead)
{
	struct rte_mbuf *m = in->mbuf;

	if ((s->flags & TCP_RST) != 0 || rte_mbuf_refcnt_read(m) != 1)
		return instead;
	if (!eth_room(eth_of(tcp), 1))
		return TERN_DROP_TX_FULL;
	m->data_off = (uint16_t)(in->l4 - (uint8_t *)m->buf_addr);
	if ((s->flags & TCP_ACK) != 0)
		write_reset(rte_pktmbuf_mtod(m, struct rte_tcp_hdr *), in->dport, in->sport, s->ack,
			    0, TCP_RST);
	else
		write_reset(rte_pktmbuf_mtod(m, struct rte_tcp_hdr *), in->dport, in->sport, 0,
			    s->seq + segment_length(s), TCP_RST | TCP_ACK);
	finish_reset(tcp, m, in->dst, in->src);
	return ip_answer(tcp->ip, in);
}

void
output_abort(struct tern_conn *c)
{
	struct tern_tcp *tcp = c->tcp;
	struct rte_tcp_hdr *h;
	struct rte_mbuf *m;

	if (!eth_room(eth_of(tcp), 1)) {
		count(tcp, TERN_EV_TX_DROPPED);
		return;
	}
	if ((m = fresh(tcp)) == NULL)
		return;
	m->data_off = SEGMENT_AT;
	h = rte_pktmbuf_mtod(m, struct rte_tcp_hdr *);
	write_reset(h, c->lport, c->rport, c->snd.max, c->rcv.nxt, TCP_RST | TCP_ACK);
	if ((c->flags & TERN_CONN_TIMESTAMPS) != 0) { /* RFC 7323 §3.2 */
		tcp_write_timestamps((uint8_t *)(h + 1), tcp->now_ts + c->ts_offset, c->rcv.ts);
		h->data_off = (TCP_HEADER_BYTES + TCP_TIMESTAMPS_ROOM) << 2;
	}
	finish_reset(tcp, m, c->local, c->remote);
	if (ip_send(tcp->ip, m, c->local, c->remote, IPPROTO_TCP, 0, &c->hop, tcp->now) < 0)
		rte_pktmbuf_free(m);
}
