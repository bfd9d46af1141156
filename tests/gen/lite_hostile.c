/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --tcp lite against a peer that answers as it should now and then, and else with whatever comes to
 * its mind: numbers a little off, any flags, options and lengths that are none, pieces of HTTP,
 * checksums that are wrong, ICMP, mbufs in pieces. Whatever it says, each transaction ends in one
 * way, and every mbuf comes back.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "gen/scene.h"
#include "kit/frame.h"
#include "sim/world.h"

enum {
	RESPONSE = 64,
	HEARD = 64,   /* packets of the generator's that may still be answered */
	TURNS = 6000, /* of a round */
	ROUNDS = 24,
};

/* A segment that the generator sent. */
struct heard {
	rte_be32_t addr;
	uint16_t port, len;
	uint32_t seq, ack;
	uint8_t flags;
};

struct hostile {
	struct scene scene; /* first */
	uint64_t dice;
	struct heard heard[HEARD];
	uint32_t heard_n;
	uint32_t due; /* packets to come in this turn */
	bool mute;
};

static uint32_t
below(struct hostile *s, uint32_t n)
{
	return (uint32_t)((mix(s->dice++) >> 32) * n >> 32);
}

static bool
once_in(struct hostile *s, uint32_t n)
{
	return below(s, n) == 0;
}

/* What it says ------------------------------------------------------------------------------- */

static const char *const pieces[] = {
	"HTTP/1.1 200 OK\r\n",
	"HTTP/1.1 204 No\r\n",
	"HTTP/1.1 100 Go on\r\n",
	"Content-Length: 64\r\n",
	"Content-Length: 99999999999999999999\r\n",
	"content-length:\r\n",
	"Transfer-Encoding: chunked\r\n",
	"transfer-encoding: chunkedd\r\n",
	"\r\n",
	"\n",
	"5\r\nhello\r\n",
	"ffffffffff\r\n",
	"0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhellohello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.0 200 OK\r\n\r\nuntil the end",
};

/* Return: bytes of a payload. */
static uint16_t
say(struct hostile *s, uint8_t *to)
{
	const char *piece;
	uint16_t n = 0;

	if (s->scene.plan.proto != PROTO_HTTP) {
		n = (uint16_t)(once_in(s, 2) ? RESPONSE : below(s, 1400));
		memset(to, once_in(s, 50), n); /* --payload zero: mostly a good echo */
		return n;
	}
	do {
		piece = pieces[below(s, sizeof(pieces) / sizeof(pieces[0]))];
		memcpy(to + n, piece, strlen(piece));
		n = (uint16_t)(n + strlen(piece));
	} while (once_in(s, 2) && n < 1000);
	return once_in(s, 8) ? (uint16_t)below(s, n + 1u) : n;
}

/* As it should be. */
static void
answer(struct hostile *s, const struct heard *h, struct segment *g, uint8_t *data)
{
	*g = (struct segment){ .seq = h->ack,
			       .ack = h->seq + h->len + ((h->flags & (SYN | FIN)) != 0),
			       .win = 65535,
			       .flags = ACK };
	if ((h->flags & SYN) != 0) {
		g->flags |= SYN;
		g->seq = h->seq ^ 0x33333333;
	}
	if (h->len > 0)
		g->len = say(s, data);
	if ((h->flags & FIN) != 0 || (h->len > 0 && once_in(s, 4)))
		g->flags |= FIN;
}

static uint32_t
near(struct hostile *s)
{
	static const uint32_t steps[] = { 0, 0, 1, 2, 64, 1460, 65535, 65536, 1 << 20, 1u << 31 };
	uint32_t step = steps[below(s, sizeof(steps) / sizeof(steps[0]))];

	return once_in(s, 2) ? step : -step;
}

static void
spoil_segment(struct hostile *s, struct segment *g)
{
	if (once_in(s, 3))
		g->seq += near(s);
	if (once_in(s, 3))
		g->ack += near(s);
	if (once_in(s, 3))
		g->flags = (uint8_t)(g->flags ^ 1u << below(s, 8));
	if (once_in(s, 4))
		g->win = (uint16_t)(once_in(s, 2) ? 0 : below(s, 65536));
	if (once_in(s, 4)) {
		g->opts_len = (uint8_t)(4 * below(s, 11));
		for (uint8_t i = 0; i < g->opts_len; i++)
			g->opts[i] = (uint8_t)(once_in(s, 2) ? below(s, 6) : below(s, 256));
	}
}

/* Lengths, versions, anything; with its sums made right again, or not. */
static void
spoil_frame(struct hostile *s, struct frame *f)
{
	for (uint32_t n = 1 + below(s, 3); n > 0; n--)
		f->b[FRAME_L3 + below(s, 40)] = (uint8_t)below(s, 256);
	if (once_in(s, 2) && (f->b[FRAME_L3] & 0xf) == 5) {
		frame_sum_ip(f);
		if (get16(f->b + FRAME_L3 + 2) + FRAME_L3 <= f->len)
			frame_sum(f);
	}
}

static void
make_icmp(struct hostile *s, const struct heard *h, struct frame *f)
{
	const struct ends back = { h->addr, rte_cpu_to_be_32(SCENE_THEIRS), h->port, SCENE_PORT };
	const struct segment g = { .seq = h->seq + (once_in(s, 2) ? near(s) : 0),
				   .flags = h->flags };
	struct frame quoted;

	frame_tcp(&quoted, &back, &g, NULL);
	frame_icmp(f, rte_cpu_to_be_32(SCENE_THEIRS), h->addr, 3, (uint8_t)below(s, 5),
		   once_in(s, 2) ? below(s, 1600) : 0, quoted.b + FRAME_L3, (uint16_t)below(s, 41));
}

static void
make_frame(struct hostile *s, struct frame *f)
{
	const struct heard *h = &s->heard[below(s, RTE_MIN(s->heard_n, (uint32_t)HEARD))];
	const struct ends ends = { rte_cpu_to_be_32(SCENE_THEIRS), h->addr, SCENE_PORT,
				   once_in(s, 50) ? (uint16_t)below(s, 65536) : h->port };
	uint8_t data[FRAME_MAX];
	struct segment g;

	if (once_in(s, 40)) {
		make_icmp(s, h, f);
		return;
	}
	answer(s, h, &g, data);
	if (once_in(s, 3))
		spoil_segment(s, &g);
	frame_tcp(f, &ends, &g, data);
	if (once_in(s, 8))
		spoil_frame(s, f);
}

/* In one mbuf or two; now and then cut short. */
static struct rte_mbuf *
to_mbuf(struct hostile *s, const struct frame *f)
{
	uint16_t len = once_in(s, 60) ? (uint16_t)below(s, f->len + 1u) : f->len;
	uint16_t cut = once_in(s, 8) ? (uint16_t)below(s, len + 1u) : len;
	struct rte_mbuf *m = rte_pktmbuf_alloc(s->scene.port.pool), *behind;

	if (m == NULL)
		return NULL;
	memcpy(rte_pktmbuf_append(m, cut), f->b, cut);
	if (cut == len)
		return m;
	behind = rte_pktmbuf_alloc(s->scene.port.pool);
	if (behind == NULL)
		return m;
	memcpy(rte_pktmbuf_append(behind, (uint16_t)(len - cut)), f->b + cut, len - cut);
	cr_assert_eq(rte_pktmbuf_chain(m, behind), 0);
	return m;
}

/* The port ----------------------------------------------------------------------------------- */

static uint16_t
rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct hostile *s = (struct hostile *)port;
	static struct frame f;
	uint16_t got = 0;

	for (; s->due > 0 && got < n && s->heard_n > 0 && !s->mute; s->due--) {
		make_frame(s, &f);
		pkts[got] = to_mbuf(s, &f);
		got += pkts[got] != NULL;
	}
	return got;
}

/* The generator itself must be right, whatever it was told. */
static void
hear(struct hostile *s, const struct rte_mbuf *m)
{
	const uint8_t *b = rte_pktmbuf_mtod(m, const uint8_t *), *ip = b + FRAME_L3, *tcp = ip + 20;
	uint32_t len = get16(ip + 2) - 20u;

	if (get16(b + 12) != RTE_ETHER_TYPE_IPV4 || ip[9] != IPPROTO_TCP)
		return;
	cr_assert_eq(m->pkt_len, FRAME_L3 + 20 + len);
	cr_assert_eq(sum_fold(sum_bytes(0, ip, 20)), 0xffff, "the sum of IP");
	cr_assert_eq(sum_fold(sum_bytes(sum_pseudo(ip, len), tcp, len)), 0xffff, "of TCP");
	s->heard[s->heard_n++ % HEARD] = (struct heard){
		.addr = rte_cpu_to_be_32(get32(ip + 12)),
		.port = get16(tcp),
		.len = (uint16_t)(len - (tcp[12] >> 4) * 4u),
		.seq = get32(tcp + 4),
		.ack = get32(tcp + 8),
		.flags = tcp[13],
	};
}

static uint16_t
tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct hostile *s = (struct hostile *)port;

	if (once_in(s, 20))
		n = (uint16_t)below(s, n + 1u);
	for (uint16_t i = 0; i < n; i++) {
		hear(s, pkts[i]);
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

/* The scene ----------------------------------------------------------------------------------- */

static void
plan(struct hostile *s, uint64_t seed)
{
	static const enum mode modes[] = { MODE_CRR, MODE_RR, MODE_HOLD };
	struct plan *p = &s->scene.plan;
	bool http = seed / 3 % 2 != 0;

	scene_plan(&s->scene, modes[seed % 3], http ? PROTO_HTTP : PROTO_TCP);
	p->sport_first = 2000;
	p->sport_last = 2100;
	p->connections = p->max_outstanding = 16;
	p->seed = s->scene.trial.seed = seed;
	p->timeout_ns = MS(500);
	p->req_bytes = seed / 6 % 2 == 0 ? RESPONSE : 4000;
	p->rsp_bytes = http ? 0 : RESPONSE;
	p->url = "/";
	p->headers = "";
	p->verify = seed / 12 % 2 == 0;
	p->close_rst = seed % 5 == 0;
}

static void
begin(struct hostile *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->dice = seed << 32;
	plan(s, seed);
	s->scene.port = (struct tern_port){ .rx = rx, .tx = tx };
	scene_open(&s->scene);
}

static void
turn(struct hostile *s)
{
	s->due = below(s, 40);
	scene_turn(&s->scene);
	s->scene.now += once_in(s, 50) ? MS(below(s, 300)) : US(below(s, 2000));
}

static void
order(struct hostile *s, enum worker_order what)
{
	scene_order(&s->scene, what);
	turn(s);
}

/* A trial, of TURNS; the end of it may find the port mute. */
static void
trial(struct hostile *s)
{
	const struct worker *w = s->scene.w;
	const struct ledger *l = &w->ledger;

	order(s, WORKER_BEGIN);
	for (int i = 0; i < TURNS; i++)
		turn(s);
	order(s, WORKER_STOP);
	for (int i = 0; i < 1000 && !worker_is_done(w); i++)
		turn(s);
	s->mute = true;
	order(s, WORKER_END);
	for (int i = 0; i < 100; i++)
		turn(s);
	s->mute = false;
	cr_assert_eq(w->outstanding, 0);
	cr_assert_eq(l->launched, l->done + l->failed);
	cr_assert_gt(l->launched, 0);
	cr_assert_gt(l->done, 0, "nothing ended well");
	cr_assert_eq(l->made, l->sent + l->dropped);
}

Test(lite_hostile, every_transaction_ends)
{
	static struct hostile s;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		begin(&s, seed);
		trial(&s);
		trial(&s); /* and nothing of one is left for the next */
		scene_close(&s.scene);
	}
}
