/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "bed.h"

enum { HEADROOM = RTE_PKTMBUF_HEADROOM };

/* Failing ----------------------------------------------------------------------------------- */

void
bed_note(struct bed *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(b->log[b->logs++ % BED_LOG], sizeof(b->log[0]), format, args);
	va_end(args);
}

void
bed_fail(struct bed *b, const char *format, ...)
{
	uint64_t i = b->logs > BED_LOG ? b->logs - BED_LOG : 0;
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (; i < b->logs; i++)
		fprintf(stderr, "  %s\n", b->log[i % BED_LOG]);
	cr_assert_fail("seed %" PRIu64 ", round %" PRIu64 ": %s", b->seed, b->round, text);
}

/* Packets in -------------------------------------------------------------------------------- */

struct exact {
	struct rte_mbuf_ext_shared_info shared;
	uint8_t *bytes;
};

static void
free_exact(void *addr, void *opaque)
{
	struct exact *e = opaque;

	(void)addr;
	free(e->bytes);
	free(e);
}

/* In memory of its own that ends with its last byte: a sanitizer sees what goes beyond. */
static void
put_exact(struct bed *b, struct rte_mbuf *m, const uint8_t *bytes, uint16_t len)
{
	uint16_t room = (uint16_t)(once_in(&b->dice, 4) ? below(&b->dice, HEADROOM) : HEADROOM);
	struct exact *e = calloc(1, sizeof(*e));

	cr_assert_not_null(e);
	e->bytes = malloc((size_t)room + len + 1);
	cr_assert_not_null(e->bytes);
	e->bytes = realloc(e->bytes, room + len + (size_t)(room + len == 0));
	memcpy(e->bytes + room, bytes, len);
	e->shared.free_cb = free_exact;
	e->shared.fcb_opaque = e;
	rte_mbuf_ext_refcnt_set(&e->shared, 1);
	rte_pktmbuf_attach_extbuf(m, e->bytes, RTE_BAD_IOVA, (uint16_t)(room + len), &e->shared);
	m->data_off = room;
	m->data_len = len;
	m->pkt_len = len;
}

static struct rte_mbuf *
alloc(struct bed *b)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(b->port.pool);

	bed_check(b, m != NULL, "the pool is empty");
	return m;
}

/* The first bytes, in pieces: up to four more mbufs behind this one. */
static void
put_pieces(struct bed *b, struct rte_mbuf *m, const uint8_t *bytes, uint32_t len)
{
	uint32_t n = 1 + below(&b->dice, 4), part;
	struct rte_mbuf *last = m, *next;

	do {
		part = n == 1 ? len : below(&b->dice, len + 1);
		part = part < 2000 ? part : 2000;
		memcpy(rte_pktmbuf_mtod(last, void *), bytes, part);
		last->data_len = (uint16_t)part;
		m->pkt_len += part;
		bytes += part;
		len -= part;
		if (n-- == 1 && len == 0)
			break;
		n += n == 0;
		next = alloc(b);
		last->next = next;
		last = next;
		m->nb_segs++;
	} while (true);
}

void
bed_give(struct bed *b, const uint8_t *bytes, uint32_t len)
{
	struct rte_mbuf *m = alloc(b);

	bed_check(b, b->in_n < BED_IN, "the test gives too much at once");
	if (b->strange && once_in(&b->dice, 3)) {
		put_exact(b, m, bytes, (uint16_t)len);
	} else if (len > 2000 || (b->strange && once_in(&b->dice, 8))) {
		put_pieces(b, m, bytes, len);
	} else {
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	}
	b->in[b->in_n++] = m;
	b->given++;
}

static uint16_t
rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct bed *b = (struct bed *)port;

	if (n > b->in_n)
		n = (uint16_t)b->in_n;
	memcpy(pkts, b->in, n * sizeof(*pkts));
	b->in_n -= n;
	memmove(b->in, b->in + n, b->in_n * sizeof(*pkts));
	return n;
}

/* Packets out ------------------------------------------------------------------------------- */

static bool
sum_is_good(struct frame *f, uint8_t *m, uint32_t len)
{
	uint8_t *ip = f->b + FRAME_L3;
	uint32_t from = ip[9] == IPPROTO_ICMP ? 0 : sum_pseudo(ip, len);

	if (ip[9] == IPPROTO_UDP && m[6] == 0 && m[7] == 0)
		return true;
	return sum_fold(sum_bytes(from, m, len)) == 0xffff;
}

static void
judge_ip(struct bed *b, struct frame *f)
{
	uint8_t *ip = f->b + FRAME_L3, *m = ip + 20;
	uint32_t len = f->len - FRAME_L3 - 20u;

	bed_check(b, f->len >= FRAME_L3 + 20 && ip[0] == 0x45, "leaves with an odd IP header");
	bed_check(b, get16(ip + 2) == f->len - FRAME_L3, "leaves with a wrong IP length");
	bed_check(b, f->len - FRAME_L3 <= b->port.mtu, "leaves with %u bytes", f->len);
	bed_check(b, sum_fold(sum_bytes(0, ip, 20)) == 0xffff, "leaves with a wrong IP checksum");
	bed_check(b, memcmp(ip + 12, &b->addr, 4) == 0, "leaves from another address");
	bed_check(b, ip[16] != 127 && ip[16] != 0 && ip[16] < 224, "leaves to no host");
	switch (ip[9]) {
	case IPPROTO_TCP:
		bed_check(b, len >= 20 && (m[12] >> 4) * 4u <= len, "leaves with a bad offset");
		break;
	case IPPROTO_UDP:
		bed_check(b, len >= 8 && get16(m + 4) == len, "leaves with a bad UDP length");
		break;
	case IPPROTO_ICMP:
		bed_check(b, len >= 8, "leaves with a short ICMP message");
		break;
	default:
		bed_fail(b, "leaves with protocol %u", ip[9]);
	}
	bed_check(b, sum_is_good(f, m, len), "leaves with a wrong checksum, protocol %u", ip[9]);
}

static void
accept_one(struct bed *b, struct rte_mbuf *m)
{
	struct frame *f = &b->out[b->sent++ % BED_OUT];
	const uint8_t *at;

	bed_check(b, m->pkt_len <= FRAME_MAX, "leaves with %u bytes", m->pkt_len);
	f->len = (uint16_t)m->pkt_len;
	at = rte_pktmbuf_read(m, 0, m->pkt_len, f->b);
	bed_check(b, at != NULL, "leaves in pieces that are not its length");
	if (at != f->b)
		memcpy(f->b, at, f->len);
	bed_check(b, memcmp(frame_eth(f)->src_addr.addr_bytes, our_mac.addr_bytes, 6) == 0,
		  "leaves from another link address");
	if (frame_eth(f)->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		judge_ip(b, f);
	else
		bed_check(b,
			  frame_eth(f)->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) &&
				  f->len == FRAME_L3 + 28,
			  "leaves as no ARP packet");
	rte_pktmbuf_free(m);
}

static uint16_t
tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct bed *b = (struct bed *)port;

	for (uint16_t i = 0; i < n; i++)
		accept_one(b, pkts[i]);
	return n;
}

struct frame *
bed_left(struct bed *b, uint64_t since, uint64_t i)
{
	if (since + i >= b->sent)
		return NULL;
	return &b->out[(b->sent - 1 - i) % BED_OUT];
}

/* Polling ----------------------------------------------------------------------------------- */

static void
check_verdicts(struct bed *b)
{
	const struct tern_stats *stats = tern_stats(b->stack);
	uint64_t sum = 0;

	for (unsigned int i = 0; i < TERN_VERDICTS; i++)
		sum += stats->verdict[i];
	bed_check(b, sum == b->given - b->in_n, "%" PRIu64 " verdicts for %" PRIu64 " packets", sum,
		  b->given - b->in_n);
	bed_check(b, stats->verdict[TERN_UNDECIDED] == 0, "a packet without a verdict");
}

static void
sum_kept(struct tern_conn *c, void *data)
{
	*(uint32_t *)data += c->kept_n;
}

/*
 * Chains that came in for one poll are gone after it: only whole mbufs are ever held. An answer
 * that is kept until it is acknowledged may wait for ARP at the same time, and counts twice then.
 */
static void
check_mbufs(struct bed *b)
{
	uint32_t in = 0, twice = 0, held = tern_stack_mbufs(b->stack);
	uint32_t free_n = rte_mempool_avail_count(b->port.pool);

	for (unsigned int i = 0; i < b->in_n; i++)
		in += b->in[i]->nb_segs;
	tern_tcp_each(b->tcp, sum_kept, &twice);
	bed_check(b,
		  free_n + held + in + b->users >= EAL_MBUFS &&
			  free_n + held - twice + in + b->users <= EAL_MBUFS,
		  "mbufs: %u free, %u held, %u coming, %u with users, of %u", free_n, held, in,
		  b->users, EAL_MBUFS);
}

void
bed_poll(struct bed *b)
{
	unsigned int n = b->in_n, took;

	took = tern_poll(b->stack, b->now);
	bed_check(b, took == (n < TERN_BURST ? n : TERN_BURST), "took %u of %u packets", took, n);
	check_verdicts(b);
	check_mbufs(b);
}

void
bed_pass(struct bed *b, uint64_t ns)
{
	uint64_t until = b->now + ns, next;
	unsigned int polls = 0;

	while (b->now < until) {
		next = tern_next_deadline(b->stack);
		if (next <= b->now)
			next = b->now + TERN_TICK_NS;
		b->now = next < until ? next : until;
		bed_poll(b);
		bed_check(b, ++polls < 1000000, "polls for ever");
	}
}

/* Beginning and end ------------------------------------------------------------------------- */

void
bed_open(struct bed *b, uint64_t seed, void (*tune)(struct tern_config *config))
{
	struct tern_config config = tern_config_server;
	struct rte_ether_addr mac;

	memset(b, 0, sizeof(*b));
	b->seed = seed;
	b->dice.state = seed;
	b->addr = ip4(BED_ADDR);
	b->peer = ip4(BED_PEER);
	b->port = (struct tern_port){
		.rx = rx, .tx = tx, .pool = eal_pool(), .mac = our_mac, .mtu = 1500
	};
	config.connections = 64;
	config.half_open = 24;
	config.time_waits = 24;
	config.mbufs = EAL_MBUFS;
	scatter(&b->dice, config.secret, sizeof(config.secret));
	if (tune != NULL)
		tune(&config);
	b->now = roll(&b->dice) % S(1000000);
	b->mem = aligned_alloc(64, (tern_stack_bytes(&config) + 63) / 64 * 64);
	cr_assert_not_null(b->mem);
	b->stack = tern_stack_init(b->mem, &config, &b->port, b->now);
	cr_assert_not_null(b->stack);
	b->tcp = tern_tcp(b->stack);
	cr_assert_eq(tern_ip_add_addr(tern_ip(b->stack), tern_addr_v4(b->addr), 120), 0);
	mac = mac_of(b->peer);
	cr_assert_eq(tern_arp_set(tern_arp(b->stack), tern_addr_v4(b->peer), &mac), 0);
	bed_poll(b);
}

static void
abort_it(struct tern_conn *conn, void *data)
{
	(void)data;
	tern_tcp_abort(conn);
}

void
bed_close(struct bed *b)
{
	tern_tcp_each(b->tcp, abort_it, NULL);
	bed_pass(b, S(300));
	bed_check(b, tern_tcp_connections(b->tcp) == 0, "connections are left");
	tern_stack_fini(b->stack);
	bed_check(b, b->users == 0, "users keep %u mbufs", b->users);
	bed_check(b, rte_mempool_avail_count(b->port.pool) == EAL_MBUFS, "mbufs are missing");
	free(b->mem);
}

/* Still alive? ------------------------------------------------------------------------------ */

static void
ping(struct bed *b)
{
	static const uint8_t text[] = "still there?";
	uint64_t since = b->sent;
	struct frame f, *reply;

	frame_icmp(&f, b->peer, b->addr, 8, 0, 0x12345678, text, sizeof(text));
	bed_frame(b, &f);
	bed_poll(b);
	reply = bed_left(b, since, 0);
	bed_check(b,
		  reply != NULL && reply->len == f.len && reply->b[FRAME_L3 + 20] == 0 &&
			  memcmp(reply->b + FRAME_L3 + 28, text, sizeof(text)) == 0,
		  "a ping is not answered");
}

static void
say(struct bed *b, const struct ends *e, uint8_t flags, uint32_t seq, uint32_t ack,
    const char *text)
{
	struct segment s = { .flags = flags, .seq = seq, .ack = ack, .win = 65535 };
	struct frame f;

	s.len = (uint16_t)strlen(text);
	frame_tcp(&f, e, &s, (const uint8_t *)text);
	bed_frame(b, &f);
	bed_poll(b);
}

void
bed_still_answers(struct bed *b, uint16_t echo_port)
{
	const struct ends e = { b->peer, b->addr, 65000, echo_port };
	uint64_t since = b->sent;
	struct frame *f;
	uint32_t ack;

	b->strange = false;
	tern_tcp_each(b->tcp, abort_it, NULL);
	bed_pass(b, S(300));
	ping(b);
	since = b->sent;
	say(b, &e, SYN, 1000, 0, "");
	f = bed_left(b, since, 0);
	bed_check(b, f != NULL && frame_l4(f)[13] == (SYN | ACK), "a SYN is not answered");
	ack = get32(frame_l4(f) + 4) + 1;
	since = b->sent;
	say(b, &e, ACK, 1001, ack, "hello");
	f = bed_left(b, since, 0);
	bed_check(b,
		  f != NULL && f->len == FRAME_L3 + 45 && memcmp(frame_l4(f) + 20, "hello", 5) == 0,
		  "TCP does not echo");
	say(b, &e, RST, 1006, 0, "");
	bed_check(b, tern_tcp_connections(b->tcp) == 0, "a reset does not end the connection");
}
