/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending: segments, PSH, Nagle (RFC 9293 §3.7.4, §3.9.1.2), memory that is lent, and what happens
 * when mbufs or the port run out.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "kit/wire.h"

static void
send_bytes(struct wire *w, uint32_t bytes)
{
	user_send(&w->user, bytes);
	wire_poll(w);
}

/* MUST-60, MUST-61, SHLD-28, row 24: full segments, PSH on the last that is buffered. */
Test(sending, cuts_at_the_mss_and_pushes_the_last)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		send_bytes(w, 4 * 1460);
		wire_out_now(w, ". 1:1461(1460) ack 1");
		wire_out_now(w, ". 1461:2921(1460) ack 1");
		wire_out_now(w, ". 2921:4381(1460) ack 1");
		wire_out_now(w, "P. 4381:5841(1460) ack 1");
		wire_in(w, ". 1:1(0) ack 5841 win 65535");
		send_bytes(w, 1461);
		wire_out_now(w, ". 5841:7301(1460) ack 1");
		wire_in(w, ". 1:1(0) ack 7301 win 65535");
		wire_out_now(w, "P. 7301:7302(1) ack 1");
	}
}

/* MAY-16, SHLD-7, row 15: while data are unacknowledged a small segment waits. */
Test(nagle, holds_a_small_segment_until_the_ack)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		send_bytes(w, 10);
		wire_out_now(w, "P. 1:11(10) ack 1");
		send_bytes(w, 10);
		wire_quiet(w, MS(50));
		send_bytes(w, 20);
		wire_quiet(w, MS(100));
		wire_in(w, ". 1:1(0) ack 11 win 65535");
		wire_out_now(w, "P. 11:41(30) ack 1");
	}
}

/* A full segment never waits. */
Test(nagle, lets_full_segments_go)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		send_bytes(w, 10);
		wire_out_now(w, "P. 1:11(10) ack 1");
		send_bytes(w, 1459);
		wire_quiet_now(w);
		send_bytes(w, 1);
		wire_out_now(w, "P. 11:1471(1460) ack 1");
		send_bytes(w, 1500);
		wire_out_now(w, ". 1471:2931(1460) ack 1");
		wire_quiet_now(w);
		wire_in(w, ". 1:1(0) ack 2931 win 65535");
		wire_out_now(w, "P. 2931:2971(40) ack 1");
	}
}

/* MUST-17: an application can switch it off, M38: each write then leaves by itself. */
Test(nagle, can_be_switched_off)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		wire_conn(w)->flags |= TERN_CONN_NODELAY;
		for (i = 0; i < 100; i++) {
			send_bytes(w, 1);
			wire_out_now(w, "P. %u:%u(1) ack 1", 1 + i, 2 + i);
		}
	}
}

/* A delayed ACK of the peer and Nagle here: no deadlock, only the peer's delay. */
Test(nagle, waits_for_the_ack_and_no_longer)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		send_bytes(w, 10);
		wire_out_now(w, "P. 1:11(10) ack 1");
		send_bytes(w, 10);
		wire_quiet(w, MS(199));
		/* Never acknowledged: the first is repeated, perhaps with what waited. */
		wire_pass(w, MS(201));
		wire_check(w, wire_count(w, TERN_EV_TCP_RTO) == 1, "no time-out");
		wire_in(w, ". 1:1(0) ack 11 win 65535");
		wire_pass(w, S(1));
		wire_in(w, ". 1:1(0) ack 21 win 65535");
		wire_check(w, w->user.acked == 20, "acked %lu", w->user.acked);
	}
}

/* Transfer the rest of what the user offers to a peer that acknowledges what comes in order. */
static void
transfer(struct wire *w, uint32_t bytes, uint64_t longest)
{
	struct segment s;
	uint32_t next = 1;
	uint64_t last = wire_now(w);

	while (next < 1 + bytes) {
		wire_check(w, wire_segment(w, last + longest, &s), "nothing for %.3f s, at byte %u",
			   (double)longest / 1e9, next);
		if (s.seq != w->flow->our_isn + next)
			continue;
		last = wire_now(w);
		next += s.len;
		if (w->sent_head != w->sent_tail)
			continue;
		wire_in(w, ". 1:1(0) ack %u win 65535", next);
	}
	wire_skip(w);
	wire_check(w, w->user.acked == bytes, "acked %lu", w->user.acked);
}

/* E48: bufferless: any length comes from fill(), byte for byte (judged), at each offset. */
Test(sending, long_streams_are_asked_from_the_user)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		send_bytes(w, 2000000);
		transfer(w, 2000000, MS(1));
		wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 0, "retransmitted");
	}
}

/* Positions count in 64 bits while the numbers wrap: over 2^32, from a block set just before. */
Test(sending, positions_go_on_beyond_32_bits)
{
	const uint64_t start = (UINT64_C(1) << 32) - 50000;
	struct segment s;
	struct wire *w;
	uint32_t next;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		w->payload = WIRE_ANY; /* the judge counts from the ISN */
		wire_conn(w)->sent = start;
		w->user.acked = start;
		w->user.offer = start + 100000;
		tern_tcp_ready(wire_conn(w));
		for (next = 1; next < 100001;) {
			wire_check(w, wire_segment(w, wire_now(w) + MS(1), &s), "stuck at %u",
				   next);
			wire_check(w, s.seq == w->flow->our_isn + next, "not in order");
			wire_check(w, s.len > 0 && s.len <= 1460, "%u bytes", s.len);
			next += s.len;
			if (w->sent_head != w->sent_tail)
				continue;
			wire_in(w, ". 1:1(0) ack %u win 65535", next);
			wire_check(w, w->user.acked == start + next - 1, "acked %lu",
				   w->user.acked);
		}
		wire_check(w, w->user.filled == start + 100000, "filled up to %lu", w->user.filled);
	}
}

/* Memory that a user lends: the stream as bytes, attached where the port takes chains. */
struct lender {
	struct user user; /* first: its callbacks are asked where lending is refused */
	struct rte_mbuf_ext_shared_info shared;
	uint8_t *mem;
	uint32_t len;
	uint32_t most; /* bytes a loan */
	unsigned int loans;
	bool frees;
};

static void
free_loan(void *addr, void *opaque)
{
	(void)addr;
	((struct lender *)opaque)->frees = true;
}

static bool
lend(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, uint32_t len,
     struct tern_loan *loan)
{
	struct lender *l = (struct lender *)vt;

	(void)conn;
	cr_assert_lt(at, l->len);
	loan->data = l->mem + at;
	loan->len = RTE_MIN(RTE_MIN(len, l->most), l->len - (uint32_t)at);
	loan->iova = RTE_BAD_IOVA;
	loan->shared = &l->shared;
	l->loans++;
	return true;
}

/* A lender of all the bytes that the user offers. */
static void
init_lender(struct lender *l, uint32_t len, uint32_t most)
{
	uint32_t i;

	user_init(&l->user, USER_READ);
	l->user.vt.lend = lend;
	l->mem = malloc(len);
	cr_assert_not_null(l->mem);
	l->len = len;
	l->most = most;
	for (i = 0; i < len; i++)
		l->mem[i] = our_byte(i);
	l->shared.free_cb = free_loan;
	l->shared.fcb_opaque = l;
	rte_mbuf_ext_refcnt_set(&l->shared, 1);
}

/* E48, zero copy: right bytes whatever the port can do; every reference comes back. */
Test(sending, lends_memory_without_keeping_it)
{
	static const uint32_t mosts[] = { 1460, 1000, 100, 1 };
	struct wire_how how = { .state = TERN_LISTEN };
	static struct lender l;
	struct wire *w;
	unsigned int i, n;
	uint32_t bytes;

	for (how.caps = 0; how.caps < 16; how.caps++)
		for (i = 0; i < RTE_DIM(mosts); i++) {
			bytes = mosts[i] * 200 < 50000 ? mosts[i] * 200 : 50000;
			l = (struct lender){ 0 };
			init_lender(&l, bytes, mosts[i]);
			w = wire_open(&how);
			wire_note(w, "caps %u, loans of %u", how.caps, mosts[i]);
			w->listener.user = &l.user.vt;
			wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
			wire_skip(w);
			wire_in(w, ". 1:1(0) ack 1 win 65535");
			l.user.offer = bytes;
			l.user.conn = wire_conn(w);
			tern_tcp_ready(l.user.conn);
			wire_poll(w);
			/* The user of the wire is not this one: transfer by hand. */
			for (n = 0; l.user.acked < bytes && n < 5000; n++) {
				struct segment s;
				uint32_t next = 0;

				while (wire_segment(w, wire_now(w) + MS(300), &s)) {
					next = s.seq + s.len - w->flow->our_isn;
					if (w->sent_head == w->sent_tail)
						break;
				}
				wire_in(w, ". 1:1(0) ack %u win 65535", next);
			}
			wire_check(w, l.user.acked == bytes, "acked %lu", l.user.acked);
			if (how.caps & TERN_PORT_TX_CHAIN)
				wire_check(w, l.loans > 0, "nothing was lent");
			wire_skip(w);
			wire_end(w);
			cr_assert_eq(rte_mbuf_ext_refcnt_read(&l.shared), 1, "%u references",
				     rte_mbuf_ext_refcnt_read(&l.shared));
			cr_assert(!l.frees, "freed what was only lent");
			free(l.mem);
		}
}

/* M78, E9: each combination of what the port sums; every frame is right (judged). */
Test(sending, leaves_to_the_port_what_it_offers)
{
	struct wire_how how = { .state = TERN_ESTABLISHED };
	struct wire *w;

	for (how.caps = 0; how.caps < 16; how.caps++)
		for (how.user = USER_READ; how.user <= USER_ECHO; how.user++) {
			w = wire_open(&how);
			wire_note(w, "caps %u", how.caps);
			if (how.user == USER_READ) {
				send_bytes(w, 30001);
				transfer(w, 30001, MS(1));
			} else {
				wire_in(w, "P. 1:102(101) ack 1 win 65535");
				wire_out_now(w, "P. 1:102(101) ack 102");
			}
			wire_end(w);
		}
}

/* Take all mbufs out of the pool but these; give them back. */
static struct rte_mbuf *hoard[4096];
static unsigned int hoarded;

static void
take_all_but(struct wire *w, unsigned int n)
{
	hoarded = 0;
	while (rte_mempool_avail_count(w->port.pool) > n && hoarded < RTE_DIM(hoard))
		hoard[hoarded++] = rte_pktmbuf_alloc(w->port.pool);
}

static void
give_back(void)
{
	rte_pktmbuf_free_bulk(hoard, hoarded);
	hoarded = 0;
}

/* Bad input: out of mbufs, nothing leaves, nothing is lost; service goes on when they return. */
Test(sending, waits_when_mbufs_run_out)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		take_all_but(w, 0);
		send_bytes(w, 10000);
		wire_pass(w, S(1));
		wire_check(w, wire_count(w, TERN_EV_NO_MBUF) > 0, "not counted");
		wire_state(w, TERN_ESTABLISHED);
		give_back();
		transfer(w, 10000, S(1));
	}
}

/* The same for an ACK, a SYN-ACK that is repeated, a SYN, a FIN and a reset. */
Test(sending, control_segments_wait_for_mbufs_too)
{
	struct wire *w;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		w = wire_after(i == 0 ? TERN_SYN_RECEIVED :
			       i == 1 ? TERN_SYN_SENT :
					TERN_ESTABLISHED);
		wire_note(w, "case %u", i);
		if (i == 3)
			wire_in(w, "P. 1:11(10) ack 1 win 65535");
		take_all_but(w, 0);
		if (i == 2)
			tern_tcp_shutdown(wire_conn(w));
		wire_pass(w, S(2));
		wire_quiet_now(w);
		give_back();
		wire_check(w, wire_next(w, S(10)) != NULL, "never sent");
		wire_skip(w);
		wire_end(w);
	}
}

static void
count_gaps(struct wire *w, uint32_t bytes)
{
	uint64_t begin = wire_now(w);

	transfer(w, bytes, MS(150));
	wire_check(w, wire_now(w) - begin < S(2), "took %.3f s",
		   (double)(wire_now(w) - begin) / 1e9);
	wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) == 0, "%lu retransmitted",
		   wire_count(w, TERN_EV_TCP_RETRANSMITTED));
}

/* E66: a port that refuses 30 % of the packets: all arrives, nothing is sent twice, no gap. */
Test(sending, port_that_refuses_loses_nothing)
{
	struct wire *w;

	while ((w = wire_each_after(TERN_ESTABLISHED)) != NULL) {
		w->stuck_is_fine = true;
		w->tx_refuse = 30;
		send_bytes(w, 300000);
		count_gaps(w, 300000);
		wire_check(w, wire_count(w, TERN_EV_TX_DROPPED) == 0, "dropped");
	}
}

/* What waits for the port is a deadline: who sleeps until then is not asleep for ever. */
Test(sending, waiting_for_the_port_is_a_deadline)
{
	struct wire *w = wire_after(TERN_ESTABLISHED);

	w->tx_closed = true;
	send_bytes(w, 100);
	wire_check(w, tern_next_deadline(w->stack) <= w->now + MS(10),
		   "sleeps for %.3f s with a packet that waits",
		   (double)(tern_next_deadline(w->stack) - w->now) / 1e9);
	w->tx_closed = false;
	wire_poll(w);
	wire_out_now(w, "P. 1:101(100) ack 1");
	wire_end(w);
}

static void
short_queue(struct tern_config *c)
{
	c->tx_queue = 64;
}

/* The queue to the port is full: received questions are dropped and counted, answers not lost. */
Test(sending, full_queue_to_the_port_is_a_counted_drop)
{
	const struct wire_how how = { .state = TERN_ESTABLISHED, .tune = short_queue };
	struct wire *w = wire_open(&how);
	struct frame f;
	unsigned int i, n;

	w->tx_closed = true;
	frame_icmp(&f, ip4(PEER_ADDR), ip4(OUR_ADDR), 8, 0, 1, "data", 4);
	for (i = 0; i < 200; i++)
		wire_raw(w, &f);
	wire_check(w, wire_verdicts(w, TERN_DROP_TX_FULL) >= 200 - 64, "%lu drops",
		   wire_verdicts(w, TERN_DROP_TX_FULL));
	send_bytes(w, 5000);
	wire_in(w, "P. 1:11(10) ack 1 win 65535");
	wire_pass(w, MS(20));
	w->tx_closed = false;
	for (n = 0; wire_next(w, MS(100)) != NULL; n++)
		;
	wire_check(w, n >= 64, "%u packets left", n);
	wire_state(w, TERN_ESTABLISHED);
	/* TCP has not lost its data for that. */
	wire_pass(w, S(1));
	wire_in(w, ". 11:11(0) ack 4381 win 65535");
	wire_out_now(w, "P. 4381:5001(620) ack 11");
	wire_in(w, ". 11:11(0) ack 5001 win 65535");
	wire_check(w, w->user.acked == 5000, "acked %lu", w->user.acked);
	wire_end(w);
}
