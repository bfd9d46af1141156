/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP (RFC 826, RFC 1122 §2.3.2, RFC 5227): questions answered, neighbours found, kept, lost.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/eal.h"
#include "kit/wire.h"

#define NEIGHBOUR "10.9.0.7"
#define OTHER "10.9.0.8"

/* A stack that knows nobody; its announcement has been seen. */
static struct wire *
cold(void (*tune)(struct tern_config *))
{
	const struct wire_how how = { .cold = true, .tune = tune };
	struct wire *w = wire_open(&how);

	wire_pass(w, S(10));
	w->zero = w->now;
	return w;
}

static const struct rte_arp_hdr *
arp_of(struct wire *w, const struct sent *s)
{
	wire_check(w, s != NULL, "no ARP packet left");
	wire_check(w, get16(s->f.b + 12) == RTE_ETHER_TYPE_ARP, "not ARP");
	return (const struct rte_arp_hdr *)(s->f.b + FRAME_L3);
}

/* The next frame is a broadcast question for this address. */
static void
asked(struct wire *w, uint64_t at, const char *whom)
{
	const struct sent *s = wire_next(w, at);
	const struct rte_arp_hdr *arp = arp_of(w, s);

	wire_check(w,
		   arp->arp_opcode == RTE_BE16(1) && arp->arp_data.arp_tip == ip4(whom) &&
			   arp->arp_data.arp_sip == ip4(OUR_ADDR),
		   "not the question for %s", whom);
	wire_check(w,
		   rte_is_broadcast_ether_addr(&((const struct rte_ether_hdr *)s->f.b)->dst_addr),
		   "question not for all");
	wire_check(w, s->at - w->zero >= at && s->at - w->zero < at + TERN_TICK_NS,
		   "asked at another time than %.3f", (double)at / 1e9);
}

/* The neighbour tells its address to us alone, in answer to a question. */
static void
tell(struct wire *w, const char *who)
{
	struct frame f;

	frame_arp(&f, RTE_ARP_OP_REPLY, ip4(who), ip4(OUR_ADDR));
	wire_raw(w, &f);
}

/* The neighbour asks for us; the reply is of no interest. */
static void
introduce(struct wire *w, const char *who)
{
	struct frame f;

	frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(who), ip4(OUR_ADDR));
	wire_raw(w, &f);
	wire_skip(w);
}

static int
known(struct wire *w, const char *who, struct rte_ether_addr *mac)
{
	return tern_arp_get(tern_arp(w->stack), tern_addr_v4(ip4(who)), mac);
}

static int
send_to(struct wire *w, const char *who, uint16_t mark)
{
	uint8_t payload[2];
	int err;

	put16(payload, mark);
	err = tern_udp_send(tern_udp(w->stack), tern_addr_v4(ip4(OUR_ADDR)), RTE_BE16(9),
			    tern_addr_v4(ip4(who)), RTE_BE16(9), payload, 2);
	wire_poll(w);
	return err;
}

/* The next frame is this datagram. */
static void
sent_to(struct wire *w, const char *who, uint16_t mark)
{
	const struct sent *s = wire_take(w);

	wire_check(w,
		   get16(s->f.b + 12) == RTE_ETHER_TYPE_IPV4 && s->f.b[23] == IPPROTO_UDP &&
			   get32(s->f.b + 30) == rte_be_to_cpu_32(ip4(who)) &&
			   get16(s->f.b + 42) == mark,
		   "not datagram %u to %s", mark, who);
}

/* RFC 826: "?Am I the target protocol address?" The reply leaves in the mbuf of the question. */
Test(arp, answers_for_its_own_address_in_the_same_mbuf)
{
	struct wire *w = cold(NULL);
	const struct rte_ether_addr peer = mac_of(ip4(NEIGHBOUR));
	const struct rte_arp_hdr *arp;
	const struct sent *s;
	struct frame f;

	frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(NEIGHBOUR), ip4(OUR_ADDR));
	frame_pad(&f, 60, 0xee);
	wire_raw(w, &f);
	wire_saw(w, TERN_ANSWER);
	s = wire_take(w);
	arp = arp_of(w, s);
	wire_check(w, wire_same_mbuf(w, s), "the reply is not in the mbuf of the question");
	wire_check(w, arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY), "no reply");
	wire_check(w, arp->arp_data.arp_sip == ip4(OUR_ADDR), "sender address");
	wire_check(w, arp->arp_data.arp_tip == ip4(NEIGHBOUR), "target address");
	wire_check(w, rte_is_same_ether_addr(&arp->arp_data.arp_tha, &peer), "target link address");
	wire_end(w);
}

/* RFC 5227 §2.3: an address that is taken on is announced. */
Test(arp, announces_a_new_address)
{
	const struct wire_how how = { .cold = true };
	struct wire *w = wire_open(&how);
	const struct rte_arp_hdr *arp = arp_of(w, wire_next(w, S(1)));

	wire_check(w,
		   arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) &&
			   arp->arp_data.arp_sip == ip4(OUR_ADDR) &&
			   arp->arp_data.arp_tip == ip4(OUR_ADDR),
		   "not an announcement");
	wire_pass(w, S(20));
	wire_check(w,
		   wire_count(w, TERN_EV_ARP_ANNOUNCED) >= 1 &&
			   wire_count(w, TERN_EV_ARP_ANNOUNCED) <= 2,
		   "announced %lu times", wire_count(w, TERN_EV_ARP_ANNOUNCED));
	wire_end(w);
}

/* RFC 5227 §2.1.1: a probe (sender 0.0.0.0) for an address in use is answered, not remembered. */
Test(arp, answers_a_probe_for_its_own_address)
{
	struct wire *w = cold(NULL);
	struct rte_ether_addr mac;
	struct frame f;

	frame_arp(&f, RTE_ARP_OP_REQUEST, 0, ip4(OUR_ADDR));
	wire_raw(w, &f);
	wire_check(w, arp_of(w, wire_take(w))->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY),
		   "no reply");
	wire_check(w, known(w, "0.0.0.0", &mac) == -ENOENT, "remembers 0.0.0.0");
	/* For an address that is not ours it is nothing to us; and it is never an answer. */
	frame_arp(&f, RTE_ARP_OP_REQUEST, 0, ip4(NEIGHBOUR));
	wire_drop(w, &f, TERN_DROP_ARP_DEST);
	frame_arp(&f, RTE_ARP_OP_REPLY, 0, ip4(OUR_ADDR));
	wire_drop(w, &f, TERN_DROP_ARP_SENDER);
	wire_end(w);
}

/* RFC 826: who is not the target learns nothing new, and says nothing. */
Test(arp, neither_answers_nor_learns_what_is_for_others)
{
	struct wire *w = cold(NULL);
	struct rte_ether_addr mac;
	struct frame f;

	frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(NEIGHBOUR), ip4("10.9.0.99"));
	wire_drop(w, &f, TERN_DROP_ARP_DEST);
	/* A gratuitous one: tells of itself to nobody in particular. */
	frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(NEIGHBOUR), ip4(NEIGHBOUR));
	wire_drop(w, &f, TERN_DROP_ARP_DEST);
	wire_check(w, known(w, NEIGHBOUR, &mac) == -ENOENT, "learnt from what was for others");
	wire_end(w);
}

/* RFC 826: the target adds the sender to its table; any later packet of the sender updates it. */
Test(arp, learns_who_asks_and_follows_a_new_link_address)
{
	const struct rte_ether_addr moved = { { 0x02, 0, 0, 0, 0, 0x77 } };
	struct wire *w = cold(NULL);
	struct rte_ether_addr mac;
	struct frame f;

	introduce(w, NEIGHBOUR);
	wire_check(w, known(w, NEIGHBOUR, &mac) == 0, "not learnt");
	frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(NEIGHBOUR), ip4(NEIGHBOUR));
	((struct rte_arp_hdr *)(f.b + FRAME_L3))->arp_data.arp_sha = moved;
	frame_eth(&f)->src_addr = moved;
	wire_raw(w, &f);
	wire_quiet_now(w);
	wire_check(w, known(w, NEIGHBOUR, &mac) == 0 && rte_is_same_ether_addr(&mac, &moved),
		   "the entry was not updated");
	wire_end(w);
}

/* RFC 1122 §2.3.2.2 and E31: packets wait for the answer, none is lost, their order is kept. */
Test(arp, keeps_packets_until_the_neighbour_answers)
{
	struct wire *w = cold(NULL);
	uint16_t i;

	for (i = 0; i < 10; i++)
		cr_assert_eq(send_to(w, NEIGHBOUR, i), 0);
	asked(w, 0, NEIGHBOUR);
	wire_check(w, tern_stack_mbufs(w->stack) == 10, "%u mbufs wait",
		   tern_stack_mbufs(w->stack));
	wire_quiet(w, MS(10));
	tell(w, NEIGHBOUR);
	for (i = 0; i < 10; i++)
		sent_to(w, NEIGHBOUR, i);
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "some still wait");
	wire_check(w, wire_count(w, TERN_EV_ARP_QUEUE_DROPPED) == 0, "some were dropped");
	wire_end(w);
}

static void
queue_of_4(struct tern_config *c)
{
	c->arp_queue = 4;
}

/* RFC 1122 §2.3.2.2: the queue is bounded, and "SHOULD save at least one (the latest)". */
Test(arp, bounds_the_packets_that_wait)
{
	struct wire *w = cold(queue_of_4);
	const struct sent *s;
	uint16_t i, last = 0, n = 0;

	for (i = 1; i <= 50; i++) {
		send_to(w, NEIGHBOUR, i);
		wire_check(w, tern_stack_mbufs(w->stack) <= 4, "%u mbufs wait",
			   tern_stack_mbufs(w->stack));
	}
	asked(w, 0, NEIGHBOUR);
	tell(w, NEIGHBOUR);
	while ((s = wire_next(w, wire_now(w))) != NULL) {
		last = get16(s->f.b + 42);
		n++;
	}
	wire_check(w, n == 4, "%u packets were kept", n);
	wire_check(w, last == 50, "the latest was not kept: the last is %u", last);
	wire_check(w, wire_count(w, TERN_EV_ARP_QUEUE_DROPPED) == 46, "dropped %lu",
		   wire_count(w, TERN_EV_ARP_QUEUE_DROPPED));
	wire_end(w);
}

/* B29, M6: asked five times, a second apart; then what waits is dropped. */
Test(arp, asks_five_times_then_gives_up)
{
	struct wire *w = cold(NULL);
	struct rte_ether_addr mac;
	unsigned int i;

	send_to(w, NEIGHBOUR, 1);
	for (i = 0; i < 5; i++)
		asked(w, S(i), NEIGHBOUR);
	wire_check(w, tern_stack_mbufs(w->stack) == 1, "given up too early");
	wire_quiet(w, S(5) + MS(1));
	wire_check(w, wire_count(w, TERN_EV_ARP_FAILED) == 1, "not given up");
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs still wait");
	wire_check(w, known(w, NEIGHBOUR, &mac) == -ENOENT, "known");
	wire_quiet(w, S(100));
	wire_end(w);
}

/* RFC 1122 §2.3.2.1: at most one question a second for one neighbour, however much is sent. */
Test(arp, asks_once_a_second_whatever_is_sent)
{
	struct wire *w = cold(NULL);
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		wire_pass(w, US(999) * i);
		send_to(w, NEIGHBOUR, 1);
	}
	wire_check(w, wire_count(w, TERN_EV_ARP_REQUESTS) == 1, "%lu requests",
		   wire_count(w, TERN_EV_ARP_REQUESTS));
	wire_skip(w);
	wire_end(w);
}

/* A reply that was lost: the second question brings the packet on its way within a second. */
Test(arp, survives_a_lost_question)
{
	struct wire *w = cold(NULL);

	send_to(w, NEIGHBOUR, 7);
	asked(w, 0, NEIGHBOUR);
	asked(w, S(1), NEIGHBOUR);
	tell(w, NEIGHBOUR);
	sent_to(w, NEIGHBOUR, 7);
	wire_quiet(w, S(20));
	wire_end(w);
}

/* E30, B29: one that never answers costs the others nothing. */
Test(arp, dead_neighbour_does_not_delay_a_living_one)
{
	struct wire *w = cold(NULL);
	const struct sent *s;
	uint16_t i, n = 0;

	introduce(w, OTHER);
	for (i = 0; i < 500; i++) {
		wire_pass(w, MS(20) * i);
		send_to(w, NEIGHBOUR, i);
		wire_check(w, send_to(w, OTHER, i) == 0, "refused for the living neighbour");
		while ((s = wire_next(w, wire_now(w))) != NULL)
			n += s->f.b[23] == IPPROTO_UDP && s->f.b[33] == 8 &&
			     get16(s->f.b + 42) == i;
	}
	wire_check(w, n == 500, "%u of 500 left at once", n);
	wire_skip(w);
	wire_end(w);
}

/* RFC 1122 §2.3.2.1: out-of-date entries go; one in use is asked anew without a pause. */
Test(arp, expires_after_60_s_and_refreshes_what_is_in_use)
{
	struct wire *w = cold(NULL);
	const struct sent *s;
	unsigned int datagrams = 0, requests = 0;

	introduce(w, NEIGHBOUR);
	wire_quiet(w, S(49));
	send_to(w, NEIGHBOUR, 1);
	sent_to(w, NEIGHBOUR, 1);
	wire_quiet(w, S(52));
	send_to(w, NEIGHBOUR, 2);
	while ((s = wire_next(w, S(52))) != NULL) {
		datagrams += s->f.b[13] == 0;
		requests += s->f.b[13] == 6;
	}
	wire_check(w, datagrams == 1 && requests == 1, "%u datagrams and %u requests at 52 s",
		   datagrams, requests);
	tell(w, NEIGHBOUR);
	/* Good for 60 s more: nothing is asked until 102 s. */
	wire_quiet(w, S(101));
	send_to(w, NEIGHBOUR, 3);
	sent_to(w, NEIGHBOUR, 3);
	wire_quiet(w, S(113));
	send_to(w, NEIGHBOUR, 4);
	asked(w, S(113), NEIGHBOUR);
	wire_quiet_now(w);
	tell(w, NEIGHBOUR);
	sent_to(w, NEIGHBOUR, 4);
	wire_end(w);
}

/* E32: what was set by hand is not changed by packets, and stays. */
Test(arp, static_neighbour_is_immune)
{
	const struct rte_ether_addr set = mac_of(ip4(NEIGHBOUR));
	const struct rte_ether_addr forged = { { 0x02, 0, 0, 0, 0, 0x66 } };
	struct wire *w = cold(NULL);
	struct rte_ether_addr mac;
	struct frame f;
	unsigned int op;

	cr_assert_eq(tern_arp_set(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR)), &set), 0);
	for (op = RTE_ARP_OP_REQUEST; op <= RTE_ARP_OP_REPLY; op++) {
		frame_arp(&f, (uint16_t)op, ip4(NEIGHBOUR), ip4(OUR_ADDR));
		((struct rte_arp_hdr *)(f.b + FRAME_L3))->arp_data.arp_sha = forged;
		frame_eth(&f)->src_addr = forged;
		wire_drop(w, &f, TERN_DROP_ARP_STATIC);
	}
	wire_quiet(w, S(1000));
	wire_check(w, known(w, NEIGHBOUR, &mac) == 0 && rte_is_same_ether_addr(&mac, &set),
		   "the static neighbour was changed");
	send_to(w, NEIGHBOUR, 5);
	sent_to(w, NEIGHBOUR, 5);
	cr_assert_eq(tern_arp_del(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR))), 0);
	cr_assert_eq(tern_arp_del(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR))), -ENOENT);
	cr_assert_eq(tern_arp_set(tern_arp(w->stack), tern_addr_v4(ip4("224.0.0.1")), &set),
		     -EINVAL);
	cr_assert_eq(tern_arp_set(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR)), &all_mac),
		     -EINVAL);
	wire_end(w);
}

static void
room_for_16(struct tern_config *c)
{
	c->neighbours = 16;
}

/* Row 52: a flood of neighbours is answered, bounded, and does not push out a static one. */
Test(arp, flood_of_neighbours_is_bounded)
{
	const struct rte_ether_addr set = mac_of(ip4(NEIGHBOUR));
	struct wire *w = cold(room_for_16);
	struct rte_ether_addr mac;
	char who[32];
	struct frame f;
	int i, n = 0;

	cr_assert_eq(tern_arp_set(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR)), &set), 0);
	for (i = 10; i < 250; i++) {
		snprintf(who, sizeof(who), "10.9.0.%d", i);
		frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(who), ip4(OUR_ADDR));
		wire_raw(w, &f);
		wire_take(w);
		wire_check(w, known(w, who, &mac) == 0, "the newest, %s, is not known", who);
	}
	for (i = 10; i < 250; i++) {
		snprintf(who, sizeof(who), "10.9.0.%d", i);
		n += known(w, who, &mac) == 0;
	}
	wire_check(w, n <= 15, "%d neighbours in room for 15", n);
	wire_check(w, n + wire_count(w, TERN_EV_ARP_EVICTED) == 240, "%d known, %lu evicted", n,
		   wire_count(w, TERN_EV_ARP_EVICTED));
	wire_check(w, known(w, NEIGHBOUR, &mac) == 0, "the static one was pushed out");
	wire_end(w);
}

/* RFC 5227 §2.4: who claims our address is named, not believed, and answered once in 10 s. */
Test(arp, defends_its_address_at_most_once_in_10_s)
{
	const struct rte_ether_addr foreign = { { 0x02, 0, 0, 0, 0, 0x55 } };
	struct wire *w = cold(NULL);
	struct frame f;
	unsigned int i, n = 0;

	for (i = 0; i < 20; i++) {
		if (i == 10)
			wire_quiet(w, S(11));
		frame_arp(&f, i & 1 ? RTE_ARP_OP_REPLY : RTE_ARP_OP_REQUEST, ip4(OUR_ADDR),
			  ip4(i & 2 ? NEIGHBOUR : OUR_ADDR));
		((struct rte_arp_hdr *)(f.b + FRAME_L3))->arp_data.arp_sha = foreign;
		frame_eth(&f)->src_addr = foreign;
		wire_raw(w, &f);
		wire_saw(w, TERN_DROP_ARP_CONFLICT);
		n += wire_skip(w);
	}
	wire_check(w, n == 2, "%u defences in two moments", n);
	introduce(w, NEIGHBOUR);
	wire_end(w);
}

/* RFC 826: each length, and each field that must be as it is. */
Test(arp, drops_malformed_packets)
{
	static const struct {
		unsigned int at;
		uint16_t value;
		enum tern_verdict verdict;
	} cases[] = {
		{ 0, 0, TERN_DROP_ARP_FORMAT },	      { 0, 6, TERN_DROP_ARP_FORMAT },
		{ 2, 0x86dd, TERN_DROP_ARP_FORMAT },  { 4, 0x0604 + 0x100, TERN_DROP_ARP_FORMAT },
		{ 4, 0x0610, TERN_DROP_ARP_FORMAT },  { 4, 0, TERN_DROP_ARP_FORMAT },
		{ 6, 0, TERN_DROP_ARP_FORMAT },	      { 6, 3, TERN_DROP_ARP_FORMAT },
		{ 6, 8, TERN_DROP_ARP_FORMAT },	      { 6, 0xffff, TERN_DROP_ARP_FORMAT },
		{ 8, 0x0100, TERN_DROP_ARP_SENDER },  { 14, 0xe000, TERN_DROP_ARP_SENDER },
		{ 14, 0xffff, TERN_DROP_ARP_SENDER }, { 14, 0x7f00, TERN_DROP_ARP_SENDER },
	};
	struct wire *w = cold(NULL);
	struct frame f;
	unsigned int i;

	for (i = 0; i < 28; i++) {
		frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(NEIGHBOUR), ip4(OUR_ADDR));
		f.len = (uint16_t)(FRAME_L3 + i);
		wire_note(w, "%u bytes", i);
		wire_drop(w, &f, TERN_DROP_ARP_TRUNCATED);
	}
	for (i = 0; i < RTE_DIM(cases); i++) {
		frame_arp(&f, RTE_ARP_OP_REQUEST, ip4(NEIGHBOUR), ip4(OUR_ADDR));
		put16(f.b + FRAME_L3 + cases[i].at, cases[i].value);
		wire_note(w, "%04x at %u", cases[i].value, cases[i].at);
		wire_drop(w, &f, cases[i].verdict);
	}
	wire_end(w);
}

/* A datagram that waits goes out, or back to the pool, however its neighbour ends. */
Test(arp, forgetting_a_neighbour_frees_what_waits_for_it)
{
	struct wire *w = cold(NULL);

	send_to(w, NEIGHBOUR, 1);
	asked(w, 0, NEIGHBOUR);
	cr_assert_eq(tern_arp_del(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR))), 0);
	wire_poll(w);
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "an mbuf waits for a forgotten neighbour");
	send_to(w, OTHER, 1);
	wire_skip(w);
	wire_end(w);
}

/* Who has failed is asked again when somebody sends, at most once a second, and may come back. */
Test(arp, failed_neighbour_may_come_back)
{
	struct wire *w = cold(NULL);
	uint64_t asked_before;
	unsigned int i;

	send_to(w, NEIGHBOUR, 1);
	wire_pass(w, S(8));
	asked_before = wire_count(w, TERN_EV_ARP_REQUESTS);
	for (i = 0; i < 500; i++) {
		wire_pass(w, S(8) + MS(10) * i);
		send_to(w, NEIGHBOUR, 2);
	}
	i = (unsigned int)(wire_count(w, TERN_EV_ARP_REQUESTS) - asked_before);
	wire_check(w, i >= 3 && i <= 6, "asked %u times in 5 s", i);
	wire_skip(w);
	introduce(w, NEIGHBOUR);
	send_to(w, NEIGHBOUR, 3);
	sent_to(w, NEIGHBOUR, 3);
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "something still waits");
	wire_end(w);
}

/* No mbuf for the question: it is asked a second later, and the packet that waits is not lost. */
Test(arp, question_waits_for_an_mbuf)
{
	static struct rte_mbuf *hoard[EAL_MBUFS];
	struct wire *w = cold(NULL);
	unsigned int n = 0;

	while (rte_mempool_avail_count(w->port.pool) > 1)
		hoard[n++] = rte_pktmbuf_alloc(w->port.pool);
	cr_assert_eq(send_to(w, NEIGHBOUR, 1), 0);
	wire_quiet(w, MS(900));
	wire_check(w, wire_count(w, TERN_EV_NO_MBUF) >= 1, "not counted");
	rte_pktmbuf_free_bulk(hoard, n);
	wire_check(w, wire_next(w, S(3)) != NULL, "never asked");
	tell(w, NEIGHBOUR);
	sent_to(w, NEIGHBOUR, 1);
	wire_end(w);
}

static struct {
	unsigned int calls;
	struct tern_addr addr;
	uint8_t mac[6];
} learnt;

static void
on_neighbour(void *data, struct tern_addr addr, const uint8_t mac[6])
{
	cr_assert_eq(data, &learnt);
	learnt.calls++;
	learnt.addr = addr;
	memcpy(learnt.mac, mac, 6);
}

static void
with_siblings(struct tern_config *c)
{
	c->on_neighbour = on_neighbour;
	c->on_neighbour_data = &learnt;
}

/* A sibling on another queue of the port hears what we learn, and tells us what it learns. */
Test(arp, siblings_share_what_they_learn)
{
	const struct rte_ether_addr mac = mac_of(ip4(OTHER));
	struct wire *w = cold(with_siblings);
	struct rte_ether_addr got;

	introduce(w, NEIGHBOUR);
	wire_check(w,
		   learnt.calls == 1 && tern_addr_to_v4(learnt.addr) == ip4(NEIGHBOUR) &&
			   memcmp(learnt.mac, mac_of(ip4(NEIGHBOUR)).addr_bytes, 6) == 0,
		   "siblings were not told");
	send_to(w, OTHER, 1);
	asked(w, 0, OTHER);
	tern_arp_heard(tern_arp(w->stack), tern_addr_v4(ip4(OTHER)), &mac, w->now);
	wire_poll(w);
	sent_to(w, OTHER, 1);
	wire_check(w, learnt.calls == 1, "told back what a sibling said");
	/* Nonsense and what is set by hand do not come in that way. */
	tern_arp_heard(tern_arp(w->stack), tern_addr_v4(ip4("10.9.0.50")), &all_mac, w->now);
	wire_check(w, known(w, "10.9.0.50", &got) == -ENOENT, "learnt a group address");
	tern_arp_heard(tern_arp(w->stack), tern_addr_v4(ip4(OUR_ADDR)), &mac, w->now);
	wire_check(w, known(w, OUR_ADDR, &got) == -ENOENT, "learnt itself");
	cr_assert_eq(tern_arp_set(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR)), &mac), 0);
	tern_arp_heard(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR)),
		       &(struct rte_ether_addr){ { 2, 0, 0, 0, 0, 9 } }, w->now);
	wire_check(w, known(w, NEIGHBOUR, &got) == 0 && rte_is_same_ether_addr(&got, &mac),
		   "changed a static neighbour");
	wire_end(w);
}

static void
room_for_4(struct tern_config *c)
{
	c->neighbours = 4;
	c->arp_queue = 2;
}

/* A table full of static neighbours takes no other, and says so. */
Test(arp, table_full_of_static_neighbours)
{
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, 9 } };
	struct wire *w = cold(room_for_4);
	struct rte_ether_addr got;
	char who[32];
	int i;

	for (i = 10; i < 14; i++) {
		snprintf(who, sizeof(who), "10.9.0.%d", i);
		cr_assert_eq(tern_arp_set(tern_arp(w->stack), tern_addr_v4(ip4(who)), &mac), 0);
	}
	cr_assert_eq(tern_arp_set(tern_arp(w->stack), tern_addr_v4(ip4(NEIGHBOUR)), &mac),
		     -ENOBUFS);
	introduce(w, NEIGHBOUR); /* answered all the same */
	wire_check(w, known(w, NEIGHBOUR, &got) == -ENOENT, "learnt");
	wire_check(w, send_to(w, NEIGHBOUR, 1) < 0, "accepted for nobody");
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "kept for nobody");
	wire_end(w);
}

/* More unanswered neighbours than the table has room for: each packet leaves, or is freed. */
Test(arp, scan_of_silent_neighbours_is_bounded)
{
	struct wire *w = cold(room_for_4);
	char who[32];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(who, sizeof(who), "10.9.0.%d", 10 + i % 200);
		send_to(w, who, 1);
		wire_check(w, tern_stack_mbufs(w->stack) <= 8, "%u mbufs wait",
			   tern_stack_mbufs(w->stack));
		wire_pass(w, MS(5) * i);
	}
	wire_pass(w, S(30));
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs wait for ever");
	wire_end(w);
}
