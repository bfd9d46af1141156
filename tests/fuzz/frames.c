/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole stack against frames that nobody should send: random ones, and good ones that were
 * damaged where it hurts (each length field high and low, options of length 0, 1 and past the end,
 * the URG matrix, truncation, mbufs in pieces), with their sums made right again or not.
 */
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "bed.h"

enum { ECHO_PORT = 7, ROUNDS = 250000 };

/* Users: they echo, they read, they keep nothing. */

static enum tern_verdict
echo_data(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	(void)self;
	return tern_tcp_answer(conn, in, in->data, in->len);
}

static enum tern_verdict
echo_datagram(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	return in->len % 2 ? tern_udp_turn(in) : tern_udp_answer(in, in->data, in->len);
}

static enum tern_verdict
on_message(struct tern_icmp_handler *self, struct tern_in *in)
{
	uint32_t sum = 0;

	(void)self;
	for (unsigned int i = 0; i < in->len; i++)
		sum += in->data[i];
	return sum % 2 ? TERN_DONE : tern_icmp_answer(in);
}

static enum tern_verdict
on_other(struct tern_ip_proto *self, struct tern_in *in)
{
	(void)self;
	return in->len % 2 ? TERN_DROP_USER : TERN_DONE;
}

struct world {
	struct bed bed;
	struct tern_tcp_user echo;
	struct tern_tcp_listener listener;
	struct tern_udp_port udp;
	struct tern_icmp_handler icmp;
	struct tern_ip_proto proto;
};

static void
world_open(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	bed_open(&w->bed, seed, NULL);
	w->bed.strange = true;
	w->echo.on_data = echo_data;
	w->listener =
		(struct tern_tcp_listener){ .port = ECHO_PORT, .backlog = 32, .user = &w->echo };
	w->udp = (struct tern_udp_port){ .port = ECHO_PORT, .on_datagram = echo_datagram };
	w->icmp.on_message = on_message;
	w->proto.recv = on_other;
	cr_assert_eq(tern_tcp_listen(w->bed.tcp, &w->listener), 0);
	cr_assert_eq(tern_udp_bind(tern_udp(w->bed.stack), &w->udp), 0);
	tern_icmp_set_handler(tern_icmp(w->bed.stack), &w->icmp);
	cr_assert_eq(tern_ip_hang(tern_ip(w->bed.stack), 99, &w->proto), 0);
}

/* Good frames ------------------------------------------------------------------------------- */

static rte_be32_t
some_host(struct bed *b)
{
	static const char *const hosts[] = { BED_PEER,	 BED_PEER,    "10.9.0.3",  "10.9.0.200",
					     "10.9.0.0", "192.0.2.1", "127.0.0.1", BED_ADDR };

	return ip4(hosts[below(&b->dice, once_in(&b->dice, 8) ? 8 : 4)]);
}

static rte_be32_t
some_target(struct bed *b)
{
	static const char *const hosts[] = { "10.9.0.255", "255.255.255.255", "224.0.0.1",
					     "10.9.0.9", "0.0.0.0" };

	return once_in(&b->dice, 12) ? ip4(hosts[below(&b->dice, 5)]) : b->addr;
}

static struct ends
some_ends(struct bed *b)
{
	struct ends e = { some_host(b), some_target(b), (uint16_t)(1000 + below(&b->dice, 8)),
			  ECHO_PORT };

	if (once_in(&b->dice, 6))
		e.dport = (uint16_t)below(&b->dice, 65536);
	if (once_in(&b->dice, 20))
		e.sport = (uint16_t)below(&b->dice, 2);
	return e;
}

static uint16_t
some_length(struct bed *b)
{
	return (uint16_t)below(&b->dice, once_in(&b->dice, 4) ? 1400 : 40);
}

static void
good_arp(struct bed *b, struct frame *f)
{
	frame_arp(f, (uint16_t)(1 + below(&b->dice, 2)), some_host(b), some_target(b));
}

static void
good_icmp(struct bed *b, struct frame *f)
{
	static const uint8_t types[] = { 8, 8, 0, 3, 4, 5, 11, 12, 13, 17 };
	uint8_t payload[1500];
	struct frame quoted;
	struct ends e = some_ends(b);
	uint16_t len = some_length(b);
	uint8_t type = types[below(&b->dice, sizeof(types))];

	scatter(&b->dice, payload, sizeof(payload));
	if (type != 8 && type != 0) {
		frame_udp(&quoted, &e, payload, 30);
		memcpy(payload, quoted.b + FRAME_L3, 58);
		payload[0] = once_in(&b->dice, 4) ? (uint8_t)(0x40 | below(&b->dice, 16)) : 0x45;
	}
	frame_icmp(f, e.src, e.dst, type, (uint8_t)below(&b->dice, 4), (uint32_t)roll(&b->dice),
		   payload, len);
}

static void
good_udp(struct bed *b, struct frame *f)
{
	uint8_t payload[1500];
	struct ends e = some_ends(b);

	scatter(&b->dice, payload, sizeof(payload));
	frame_udp(f, &e, payload, some_length(b));
}

/* Any connection of this peer, so that some segments fit one. */
struct wanted {
	const struct ends *ends;
	struct tern_conn *conn;
};

static void
is_wanted(struct tern_conn *c, void *data)
{
	struct wanted *w = data;

	if (c->rport == rte_cpu_to_be_16(w->ends->sport) &&
	    c->lport == rte_cpu_to_be_16(w->ends->dport) &&
	    tern_addr_equal(c->remote, tern_addr_v4(w->ends->src)))
		w->conn = c;
}

static void
good_tcp(struct bed *b, struct frame *f)
{
	static const uint8_t flags[] = { SYN, SYN,	 ACK,	    ACK | PSH, ACK | PSH, ACK | FIN,
					 RST, RST | ACK, ACK | URG, SYN | ACK, SYN | FIN, 0 };
	struct ends e = some_ends(b);
	struct wanted w = { &e, NULL };
	struct segment s = { .flags = flags[below(&b->dice, sizeof(flags))] };
	uint8_t payload[1500];

	scatter(&b->dice, payload, sizeof(payload));
	s.seq = (uint32_t)roll(&b->dice);
	s.ack = (uint32_t)roll(&b->dice);
	s.win = (uint16_t)roll(&b->dice);
	s.urg = (uint16_t)(once_in(&b->dice, 2) ? 0 : below(&b->dice, 65536));
	s.len = (s.flags & SYN) != 0 && !once_in(&b->dice, 8) ? 0 : some_length(b);
	if (once_in(&b->dice, 4) || (s.flags & SYN) != 0) {
		s.opts_len = (uint8_t)(4 * below(&b->dice, 11));
		scatter(&b->dice, s.opts, s.opts_len);
		for (unsigned int i = 0; i < s.opts_len; i++)
			s.opts[i] %= 6;
	}
	tern_tcp_each(b->tcp, is_wanted, &w);
	if (w.conn != NULL && !once_in(&b->dice, 8)) {
		s.seq = w.conn->rcv.nxt + (once_in(&b->dice, 3) ? below(&b->dice, 3000) - 1500 : 0);
		s.ack = w.conn->snd.max - (once_in(&b->dice, 3) ? below(&b->dice, 100) - 10 : 0);
	}
	frame_tcp(f, &e, &s, payload);
}

static void
good_other(struct bed *b, struct frame *f)
{
	uint8_t payload[100];

	scatter(&b->dice, payload, sizeof(payload));
	frame_ip(f, some_host(b), some_target(b),
		 once_in(&b->dice, 2) ? 99 : (uint8_t)below(&b->dice, 256), payload,
		 (uint16_t)below(&b->dice, 100));
}

static void
good_frame(struct bed *b, struct frame *f)
{
	static void (*const makers[])(struct bed *, struct frame *) = {
		good_arp, good_icmp, good_udp, good_tcp, good_tcp, good_tcp, good_other,
	};
	uint8_t options[40];

	makers[below(&b->dice, sizeof(makers) / sizeof(makers[0]))](b, f);
	if (f->b[12] == 8 && f->b[13] == 0 && f->len < 1400 && once_in(&b->dice, 8)) {
		scatter(&b->dice, options, sizeof(options));
		frame_ip_options(f, options, (uint8_t)(4 * below(&b->dice, 11)));
	}
	if (once_in(&b->dice, 4))
		frame_pad(f, 60, (uint8_t)roll(&b->dice));
}

/* Damage ------------------------------------------------------------------------------------ */

/* A value close to the right one, or at an end of its range. */
static uint16_t
lie(struct bed *b, uint16_t truth)
{
	static const uint16_t ends[] = { 0, 1, 7, 8, 19, 20, 21, 0x7fff, 0x8000, 0xfffe, 0xffff };

	if (once_in(&b->dice, 2))
		return (uint16_t)(truth + below(&b->dice, 9) - 4);
	return ends[below(&b->dice, sizeof(ends) / sizeof(ends[0]))];
}

static bool
is_ip(const struct frame *f)
{
	return f->len >= FRAME_L3 + 20 && f->b[12] == 8 && f->b[13] == 0;
}

static void
lie_about_length(struct bed *b, struct frame *f)
{
	uint8_t *ip = f->b + FRAME_L3, *m = ip + (ip[0] & 0xf) * 4;

	switch (below(&b->dice, 3)) {
	case 0:
		put16(ip + 2, lie(b, get16(ip + 2)));
		return;
	case 1:
		ip[0] = (uint8_t)(0x40 | below(&b->dice, 16));
		return;
	default:
		if (m + 20 > f->b + f->len)
			return;
		if (ip[9] == IPPROTO_UDP)
			put16(m + 4, lie(b, get16(m + 4)));
		else if (ip[9] == IPPROTO_TCP)
			m[12] = (uint8_t)(below(&b->dice, 16) << 4);
		else if (ip[9] == IPPROTO_ICMP)
			m[8] = (uint8_t)(0x40 | below(&b->dice, 16));
	}
}

static void
damage_tcp(struct bed *b, struct frame *f)
{
	uint8_t *ip = f->b + FRAME_L3, *m = ip + (ip[0] & 0xf) * 4;
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 5, 40, 41, 255 };

	if (ip[9] != IPPROTO_TCP || m + 24 > f->b + f->len)
		return;
	if (once_in(&b->dice, 2)) { /* an option of any length, at the place of the first */
		m[12] = (uint8_t)((6 + below(&b->dice, 10)) << 4);
		m[20] = (uint8_t)(2 + below(&b->dice, 4));
		m[21] = sizes[below(&b->dice, sizeof(sizes))];
		return;
	}
	/* URG pointer 0, in, at the end of, and past the segment; flag set or not */
	m[13] ^= (uint8_t)(once_in(&b->dice, 2) ? URG : 0);
	put16(m + 18, lie(b, (uint16_t)(f->b + f->len - m - 20)));
}

static void
flip_bits(struct bed *b, struct frame *f)
{
	for (unsigned int i = 1 + below(&b->dice, 8); i > 0 && f->len > 0; i--)
		f->b[below(&b->dice, f->len)] ^= (uint8_t)(1u << below(&b->dice, 8));
}

/* Make the sums right over whatever the lengths now say, as far as there are bytes. */
static void
sum_again(struct frame *f)
{
	uint8_t *ip = f->b + FRAME_L3, *m;
	uint32_t header = (ip[0] & 0xf) * 4u, total = get16(ip + 2), len, at;
	static const uint8_t where[256] = {
		[IPPROTO_ICMP] = 2, [IPPROTO_UDP] = 6, [IPPROTO_TCP] = 16
	};

	if (header < 20 || FRAME_L3 + header > f->len)
		return;
	frame_sum_ip(f);
	if (total < header || FRAME_L3 + total > f->len)
		return;
	m = ip + header;
	len = total - header;
	at = where[ip[9]];
	if (at == 0 || at + 2 > len)
		return;
	put16(m + at, 0);
	put16(m + at, (uint16_t)~sum_fold(
			      sum_bytes(ip[9] == IPPROTO_ICMP ? 0 : sum_pseudo(ip, len), m, len)));
}

static void
damage(struct bed *b, struct frame *f)
{
	bool ip = is_ip(f);

	switch (below(&b->dice, 8)) {
	case 0:
		return; /* none */
	case 1:
		f->len = (uint16_t)below(&b->dice, f->len + 1u);
		break;
	case 2:
		flip_bits(b, f);
		break;
	case 3:
		if (f->len < 1500)
			frame_pad(f, (uint16_t)(f->len + below(&b->dice, 100)), 0xff);
		break;
	case 4:
	case 5:
		if (ip)
			lie_about_length(b, f);
		break;
	case 6:
		if (ip)
			damage_tcp(b, f);
		break;
	default:
		if (ip)
			scatter(&b->dice, f->b + FRAME_L3 + 20, f->len - FRAME_L3 - 20u);
	}
	if (is_ip(f) && !once_in(&b->dice, 3))
		sum_again(f);
}

static void
random_frame(struct bed *b, struct frame *f)
{
	f->len = (uint16_t)below(&b->dice, once_in(&b->dice, 4) ? 1515 : 100);
	scatter(&b->dice, f->b, f->len);
	if (f->len < 14 || once_in(&b->dice, 4))
		return;
	frame_eth(f)->dst_addr = our_mac;
	frame_eth(f)->src_addr = mac_of(b->peer);
	frame_eth(f)->ether_type = once_in(&b->dice, 4) ? RTE_BE16(0x806) : RTE_BE16(0x800);
	if (f->len < 34 || once_in(&b->dice, 2))
		return;
	f->b[FRAME_L3] = 0x45;
	put16(f->b + FRAME_L3 + 2, (uint16_t)(f->len - FRAME_L3));
	put16(f->b + FRAME_L3 + 6, 0);
	memcpy(f->b + FRAME_L3 + 12, &b->peer, 4);
	memcpy(f->b + FRAME_L3 + 16, &b->addr, 4);
	f->b[FRAME_L3 + 9] = (uint8_t[]){ 1, 6, 17, 99 }[below(&b->dice, 4)];
	sum_again(f);
}

/* The tests --------------------------------------------------------------------------------- */

static void
throw_frames(uint64_t seed, void (*make)(struct bed *, struct frame *))
{
	static struct world w;
	struct bed *b = &w.bed;
	struct frame f;

	world_open(&w, seed_or(seed));
	for (uint64_t left = rounds(ROUNDS); left > 0; b->round++) {
		for (unsigned int n = 1 + below(&b->dice, 40); n > 0 && left > 0; n--, left--) {
			make(b, &f);
			bed_frame(b, &f);
		}
		bed_poll(b);
		b->now += once_in(&b->dice, 50) ? roll(&b->dice) % S(30) : below(&b->dice, 100000);
		while (b->in_n > 0)
			bed_poll(b);
	}
	bed_still_answers(b, ECHO_PORT);
	bed_close(b);
}

static void
damaged_frame(struct bed *b, struct frame *f)
{
	good_frame(b, f);
	damage(b, f);
}

/* Layer by layer: what reaches TCP at all is damaged further up only. */
static void
damaged_segment(struct bed *b, struct frame *f)
{
	good_tcp(b, f);
	if (is_ip(f) && once_in(&b->dice, 2))
		damage_tcp(b, f);
	else
		damage(b, f);
	sum_again(f);
}

Test(frames, random)
{
	throw_frames(11, random_frame);
}

Test(frames, damaged)
{
	throw_frames(12, damaged_frame);
}

Test(frames, damaged_segments)
{
	throw_frames(13, damaged_segment);
}

Test(frames, good_ones_in_any_order)
{
	throw_frames(14, good_frame);
}

/* Longer than any Ethernet: in one mbuf no more fits, so these come in pieces. */
Test(frames, giants)
{
	static struct world w;
	static uint8_t bytes[65535];
	struct bed *b = &w.bed;
	struct frame f;

	world_open(&w, seed_or(15));
	scatter(&b->dice, bytes, sizeof(bytes));
	for (uint64_t i = rounds(2000); i > 0; i--) {
		uint32_t len = 1500 + below(&b->dice, once_in(&b->dice, 4) ? 60000 : 2500);

		good_udp(b, &f);
		memcpy(bytes, f.b, FRAME_L3 + 28);
		put16(bytes + FRAME_L3 + 2, (uint16_t)(len - FRAME_L3));
		put16(bytes + FRAME_L3 + 24, (uint16_t)(len - FRAME_L3 - 20));
		put16(bytes + FRAME_L3 + 10, 0);
		put16(bytes + FRAME_L3 + 10,
		      (uint16_t)~sum_fold(sum_bytes(0, bytes + FRAME_L3, 20)));
		put16(bytes + FRAME_L3 + 26, 0);
		bed_give(b, bytes, len);
		bed_poll(b);
		b->now += 1000;
	}
	bed_still_answers(b, ECHO_PORT);
	bed_close(b);
}
