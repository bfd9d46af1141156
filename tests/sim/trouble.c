/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wires that fall silent, ports that refuse, users that are slow, pools that run dry; and both
 * sides doing the same thing at the same time.
 */
#include <inttypes.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "ends.h"

enum { PORT = 7 };

enum { FIN = 1, SYN = 2, RST = 4 };

struct pair {
	struct end a, b;
	struct tern_tcp_listener listener;
	uint32_t lost; /* bit per kind of segment that was lost */
	uint32_t lose;
};

static bool
both_closed(struct world *w)
{
	const struct pair *p = w->data;

	return p->a.closed > 0 && p->b.closed > 0;
}

static bool
both_open(struct world *w)
{
	const struct pair *p = w->data;

	return p->a.opened > 0 && p->b.opened > 0;
}

static void
begin(struct world *w, struct pair *p)
{
	w->data = p;
	ends_pair(&p->a, &p->b);
	end_listen(&p->b, &p->listener, PORT);
	end_connect(&p->a, PORT);
}

static void
finish(struct world *w, struct pair *p, uint64_t within_ns)
{
	world_run(w, both_closed, within_ns);
	end_check(&p->a, TERN_FINISHED);
	end_check(&p->b, TERN_FINISHED);
	world_close(w);
}

static struct world *
open_pair(const struct world_how *how, struct pair *p, uint64_t there, uint64_t back)
{
	struct world *w = world_open(how);

	memset(p, 0, sizeof(*p));
	end_init(&p->a, w, A, there, back);
	end_init(&p->b, w, B, back, there);
	return w;
}

/* RFC 6298 (5.5), (5.7): a second of silence costs a few seconds at most, and nothing else. */
Test(trouble, silence_of_a_second)
{
	static const uint64_t at[] = { MS(0), MS(7), MS(12), MS(40), MS(100), MS(350) };

	for (unsigned int i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		const struct world_how how = { .seed = 201 + i };
		struct pair p;
		struct world *w = open_pair(&how, &p, 10000000, 1000000);

		w->dark_from = w->now + at[i];
		w->dark_until = w->dark_from + S(1);
		begin(w, &p);
		finish(w, &p, S(8));
	}
}

/* Longer than R2 (RFC 9293 MUST-20): both sides are told, and nothing stays behind. */
Test(trouble, silence_for_ever)
{
	const struct world_how how = { .seed = 211 };
	struct pair p;
	struct world *w = open_pair(&how, &p, 10000000, 10000000);

	w->dark_from = w->now + MS(200);
	w->dark_until = UINT64_MAX;
	begin(w, &p);
	world_run(w, both_closed, S(300));
	end_check(&p.a, TERN_TIMED_OUT);
	end_check(&p.b, TERN_TIMED_OUT);
	world_close(w);
}

/* RFC 9293 §3.7.1: each side keeps to the smaller of the two; judge() looks at each frame. */
Test(trouble, small_mtu_on_one_side)
{
	static const uint16_t mtus[][2] = {
		{ 1500, 576 }, { 576, 1500 }, { 296, 576 }, { 100, 1500 }, { 1500, 68 }
	};

	for (unsigned int i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		const struct world_how how = { .seed = 221 + i, .mtu = { mtus[i][A], mtus[i][B] } };
		struct pair p;
		struct world *w = open_pair(&how, &p, 500000, 500000);

		begin(w, &p);
		finish(w, &p, S(60));
	}
}

static void
tiny_space(struct tern_config *config, unsigned int side)
{
	if (side == B)
		config->rcv_space = 1000;
}

static void
least_space(struct tern_config *config, unsigned int side)
{
	if (side == B)
		config->rcv_space = 1;
}

static void
no_scale(struct tern_config *config, unsigned int side)
{
	if (side == A)
		config->wscale = 0;
}

static void
huge_space(struct tern_config *config, unsigned int side)
{
	(void)side;
	config->rcv_space = 1 << 30;
	config->held_pkts = 1000;
}

/* Windows below a segment, of one byte, without scale, and of the largest scale. */
Test(trouble, windows_of_any_size)
{
	static const struct {
		void (*tune)(struct tern_config *config, unsigned int side);
		uint64_t there, back;
		uint32_t loss_ppm;
	} cases[] = {
		{ tiny_space, 300000, 300000, 0 },	{ tiny_space, 20000, 20000, 30000 },
		{ least_space, 200, 100000, 0 },	{ no_scale, 3000000, 3000000, 0 },
		{ no_scale, 1000000, 1000000, 10000 },	{ huge_space, 10000000, 10000000, 0 },
		{ huge_space, 3000000, 3000000, 5000 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct world_how how = { .seed = 231 + i,
					       .tune = cases[i].tune,
					       .odds.loss_ppm = cases[i].loss_ppm };
		struct pair p;
		struct world *w = open_pair(&how, &p, cases[i].there, cases[i].back);

		begin(w, &p);
		finish(w, &p, S(300));
	}
}

/* The window shuts and opens with what the user consumes (RFC 9293 §3.8.6). */
static uint64_t
read_slowly(const struct world_how *how, uint64_t bytes, uint64_t every_ns, uint32_t space)
{
	struct pair p;
	struct world *w = open_pair(how, &p, bytes, 1000);
	uint64_t last = 0;
	unsigned int idle = 0;
	uint64_t probes;

	p.b.mode = END_TAKE;
	p.b.space = space;
	begin(w, &p);
	while (!both_closed(w)) {
		world_pass(w, every_ns);
		end_release(&p.b);
		idle = p.b.got == last ? idle + 1 : 0;
		last = p.b.got;
		world_check(w, idle < 400 || p.b.got == bytes, "stuck at %" PRIu64, last);
		world_check(w, idle < 4000, "does not end");
	}
	end_release(&p.b);
	end_check(&p.a, TERN_FINISHED);
	end_check(&p.b, TERN_FINISHED);
	probes = world_count(w, A, TERN_EV_TCP_PROBES);
	world_close(w);
	return probes;
}

Test(trouble, user_reads_slowly)
{
	const struct world_how good = { .seed = 241 };
	const struct world_how bad = { .seed = 242, .odds.loss_ppm = 30000 };

	/* Window updates come before any probe, which takes 200 ms at least. */
	cr_assert_eq(read_slowly(&good, 3000000, MS(30), 0), 0);
	read_slowly(&good, 1000000, MS(700), 0);
	read_slowly(&good, 100000, MS(250), 4000);
	read_slowly(&bad, 500000, MS(100), 0);
	read_slowly(&bad, 30000, MS(100), 4000);
}

/* What the user does not take is not acknowledged and comes again. */
Test(trouble, user_takes_less)
{
	static const struct {
		uint32_t most, refuses;
		uint64_t bytes;
	} cases[] = { { 1000, 0, 30000 }, { 1, 0, 40 },	      { 0, 2, 60000 },
		      { 0, 50, 1000000 }, { 1459, 0, 60000 }, { 700, 7, 60000 } };

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t loss = 0; loss <= 20000; loss += 20000) {
			const struct world_how how = { .seed = 251 + i, .odds.loss_ppm = loss };
			struct pair p;
			struct world *w = open_pair(&how, &p, cases[i].bytes, 5000);

			p.b.most = cases[i].most;
			p.b.refuses = cases[i].refuses;
			begin(w, &p);
			finish(w, &p, S(600));
		}
	}
}

/* Nagle's algorithm (RFC 9293 §3.7.4) and delayed ACKs get on with each other. */
Test(trouble, sender_with_small_pieces)
{
	static const uint32_t pieces[] = { 1, 100, 1461, 5000 };

	for (unsigned int i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		for (uint32_t loss = 0; loss <= 10000; loss += 10000) {
			const struct world_how how = { .seed = 261 + i, .odds.loss_ppm = loss };
			struct pair p;
			struct world *w = open_pair(&how, &p, 500u * pieces[i], 100);

			p.a.piece = pieces[i];
			begin(w, &p);
			finish(w, &p, S(200));
		}
	}
}

static bool
a_has_eof_at_b(struct world *w)
{
	return ((const struct pair *)w->data)->b.eofs > 0;
}

/* RFC 9293 §3.6: after one side's FIN the other may go on for as long as it likes. */
Test(trouble, half_close_then_10_megabytes_back)
{
	for (uint32_t loss = 0; loss <= 10000; loss += 10000) {
		const struct world_how how = { .seed = 271, .odds.loss_ppm = loss };
		struct pair p;
		struct world *w = open_pair(&how, &p, 100, 10000000);

		p.b.offer = 0;
		begin(w, &p);
		world_run(w, a_has_eof_at_b, S(10));
		world_pass(w, S(90)); /* longer than any timeout of a closed connection */
		world_check(w, p.a.closed == 0 && p.b.closed == 0, "a half-open one was given up");
		end_offer(&p.b, 10000000);
		finish(w, &p, S(100));
	}
}

static void
fixed_ports(struct tern_config *config, unsigned int side)
{
	config->port_min = config->port_max = side == A ? 4000 : 5000;
}

/* Lose the first segment of each kind from each side that the mask names. */
static bool
loses_first(struct world *w, const struct line *l)
{
	struct pair *p = w->data;
	uint32_t kind = 0, bit;

	if (p == NULL || !l->tcp)
		return false;
	if ((l->flags & SYN) != 0)
		kind = (l->flags & 16) != 0 ? 1 : 0;
	else
		kind = (l->flags & FIN) != 0 ? 2 : 3;
	bit = 1u << (kind * 2 + l->from);
	if ((p->lose & bit) == 0 || (p->lost & bit) != 0)
		return false;
	p->lost |= bit;
	return true;
}

/*
 * RFC 9293 §3.5, figure 8: crossing SYNs make one connection. Any combination of first segments is
 * lost: SYN, SYN-ACK, FIN and ACK of either side.
 */
Test(trouble, simultaneous_open_and_close_with_each_packet_lost_once)
{
	for (uint32_t lose = 0; lose < 256; lose++) {
		const struct world_how how = { .seed = 281 + lose,
					       .tune = fixed_ports,
					       .loses = loses_first };
		struct pair p;
		struct world *w = open_pair(&how, &p, 3000, 2000);

		p.lose = lose;
		w->data = &p;
		ends_pair(&p.a, &p.b);
		end_connect(&p.a, 5000);
		end_connect(&p.b, 4000);
		finish(w, &p, S(60));
	}
}

/* RFC 9293 §3.6, figure 13: the FINs cross. Nothing else is under way. */
Test(trouble, simultaneous_close_with_each_packet_lost_once)
{
	for (uint32_t lose = 0; lose < 256; lose += 16) {
		const struct world_how how = { .seed = 601 + lose, .loses = loses_first };
		struct pair p;
		struct world *w = open_pair(&how, &p, 0, 0);

		p.a.keeps_open = p.b.keeps_open = true;
		begin(w, &p);
		world_run(w, both_open, S(10));
		world_pass(w, S(1));
		p.lose = lose;
		tern_tcp_close(p.a.conn);
		tern_tcp_close(p.b.conn);
		finish(w, &p, S(60));
	}
}

/* One side closes, and each segment of the ordinary open and close is lost once. */
Test(trouble, ordinary_open_and_close_with_each_packet_lost_once)
{
	for (uint32_t lose = 0; lose < 256; lose++) {
		const struct world_how how = { .seed = 701 + lose, .loses = loses_first };
		struct pair p;
		struct world *w = open_pair(&how, &p, 3000, 2000);

		p.lose = lose;
		begin(w, &p);
		finish(w, &p, S(60));
	}
}

/* The stack gets next to no mbufs for a while: service goes on when they return. */
static void
run_dry(uint64_t seed, unsigned int side, unsigned int left, uint32_t loss)
{
	const struct world_how how = { .seed = seed, .odds.loss_ppm = loss };
	static struct rte_mbuf *stolen[WORLD_MBUFS];
	struct pair p;
	struct world *w = open_pair(&how, &p, 10000000, 10000000);
	unsigned int n;

	begin(w, &p);
	world_pass(w, MS(60));
	n = rte_mempool_avail_count(w->side[side].pool);
	n = n > left ? n - left : 0;
	cr_assert_eq(rte_pktmbuf_alloc_bulk(w->side[side].pool, stolen, n), 0);
	world_pass(w, S(3));
	world_check(w, world_count(w, side, TERN_EV_NO_MBUF) > 0 || left > 0, "it did not run dry");
	rte_pktmbuf_free_bulk(stolen, n);
	finish(w, &p, S(60));
}

Test(trouble, pool_runs_dry)
{
	run_dry(1001, A, 0, 0);
	run_dry(1002, B, 0, 0);
	run_dry(1003, A, 3, 0);
	run_dry(1005, B, 20, 10000);
}

/* Less than any timer: who found no mbuf asks again, and need not be reminded. */
Test(trouble, pool_runs_dry_for_a_moment)
{
	const struct world_how how = { .seed = 1006 };
	static struct rte_mbuf *stolen[WORLD_MBUFS];
	struct pair p;
	struct world *w = open_pair(&how, &p, 3000000, 0);
	unsigned int n;

	p.a.offer = 0;
	p.a.keeps_open = true;
	begin(w, &p);
	world_run(w, both_open, S(1));
	world_pass(w, MS(500));
	n = rte_mempool_avail_count(w->side[A].pool);
	cr_assert_eq(rte_pktmbuf_alloc_bulk(w->side[A].pool, stolen, n), 0);
	p.a.keeps_open = false;
	end_offer(&p.a, 3000000);
	world_pass(w, MS(50));
	world_check(w, world_count(w, A, TERN_EV_NO_MBUF) > 0 && p.b.got == 0,
		    "it did not run dry");
	rte_pktmbuf_free_bulk(stolen, n);
	world_run(w, both_closed, S(1));
	world_check(w, world_count(w, A, TERN_EV_TCP_RTO) == 0, "waited for a timer");
	finish(w, &p, S(1));
}

static bool
some_got(struct world *w)
{
	return ((const struct pair *)w->data)->b.got > 100000;
}

static void
check_no_rto(struct world *w)
{
	for (unsigned int side = A; side <= B; side++)
		world_check(w, world_count(w, side, TERN_EV_TCP_RTO) == 0, "%c: waited for a timer",
			    "AB"[side]);
}

/* A port that accepts nothing for a while; then all goes on without waiting for any timer. */
Test(trouble, port_refuses)
{
	for (unsigned int side = A; side <= B; side++) {
		const struct world_how how = { .seed = 1011 + side };
		struct pair p;
		struct world *w = open_pair(&how, &p, 10000000, 1000000);

		begin(w, &p);
		world_run(w, some_got, S(5));
		w->shut[side] = true;
		world_pass(w, MS(100));
		w->shut[side] = false;
		world_run(w, both_closed, S(2));
		check_no_rto(w);
		finish(w, &p, S(2));
	}
}

/* A pipe that is always full: tx() takes a few of what it is offered. */
Test(trouble, pipe_is_full)
{
	for (uint32_t packets = 1; packets <= 16; packets *= 4) {
		const struct world_how how = { .seed = 1021,
					       .packets = packets,
					       .delay_ns = US(50) };
		struct pair p;
		struct world *w = open_pair(&how, &p, 2000000, 2000000);

		begin(w, &p);
		finish(w, &p, S(30));
	}
}

static void
small_queue(struct tern_config *config, unsigned int side)
{
	(void)side;
	config->tx_queue = 64;
	config->mbufs = 256;
	config->held_pkts = 8;
	config->held_total = 16;
	config->arp_queue = 1;
}

/* The least of everything that a configuration may have. */
Test(trouble, least_configuration)
{
	for (uint32_t loss = 0; loss <= 10000; loss += 10000) {
		const struct world_how how = {
			.seed = 1032, .tune = small_queue, .odds.loss_ppm = loss, .connections = 1
		};
		struct pair p;
		struct world *w = open_pair(&how, &p, 1000000, 0);

		begin(w, &p);
		finish(w, &p, S(100));
		w = open_pair(&how, &p, 300000, 300000);
		end_echo(&p.b, w, B);
		p.b.seed = p.a.seed;
		begin(w, &p);
		finish(w, &p, S(300));
	}
}

/* A reset ends both sides at once, whatever is under way, and leaves nothing. */
Test(trouble, abort_in_the_middle)
{
	for (unsigned int i = 0; i < 60; i++) {
		const struct world_how how = { .seed = 1041 + i };
		struct pair p;
		struct world *w = open_pair(&how, &p, 10000000, 10000000);
		struct end *one = i % 2 ? &p.a : &p.b, *other = i % 2 ? &p.b : &p.a;

		if (i % 3 == 0) {
			end_echo(&p.b, w, B);
			p.b.seed = p.a.seed;
		}
		begin(w, &p);
		world_run(w, both_open, S(20));
		world_pass(w, MS(i * 7));
		if (one->conn != NULL)
			tern_tcp_abort(one->conn);
		world_run(w, both_closed, S(1));
		end_check(one, TERN_ABORTED);
		end_check(other, TERN_RESET);
		world_close(w);
	}
}
