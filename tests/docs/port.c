/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The port that docs/adding-a-layer.md makes of two rings: two stacks talk over it, nothing is
 * lost and every mbuf comes back.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include <tern_stack.h>

#include "examples/ringport.h"
#include "kit/eal.h"

enum { SIDES = 2, RING = 64, PORT = 7, QUESTIONS = 40, STEP_NS = 50000 };

struct side {
	struct ringport wire;
	struct tern_stack *stack;
	struct tern_addr addr;
	void *mem;
};

struct rings {
	struct rte_ring *ring[SIDES];
	struct side side[SIDES];
	uint64_t now;
	uint32_t heard; /* datagrams that came back */
};

static struct rte_ring *
make_ring(const char *name)
{
	struct rte_ring *ring =
		rte_ring_create(name, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);

	cr_assert_not_null(ring);
	return ring;
}

static void
open_side(struct rings *r, unsigned int i)
{
	struct tern_config config = tern_config_server;
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, (uint8_t)(i + 1) } };
	struct side *s = &r->side[i];

	config.connections = 16;
	config.secret[0] = (uint8_t)(i + 1);
	s->addr = tern_addr_v4(rte_cpu_to_be_32(0x0a090001 + i));
	ringport_init(&s->wire, r->ring[i], r->ring[!i], eal_pool(), mac);
	s->mem = aligned_alloc(64, RTE_ALIGN(tern_stack_bytes(&config), 64));
	cr_assert_not_null(s->mem);
	s->stack = tern_stack_init(s->mem, &config, &s->wire.port, r->now);
	cr_assert_not_null(s->stack);
	cr_assert_eq(tern_ip_add_addr(tern_ip(s->stack), s->addr, 96 + 24), 0);
}

static struct rings *
open_rings(void)
{
	static struct rings r;

	r.now = TERN_S;
	eal_pool(); /* starts the EAL, without which there are no rings */
	r.ring[0] = make_ring("a");
	r.ring[1] = make_ring("b");
	open_side(&r, 0);
	open_side(&r, 1);
	return &r;
}

static void
poll_both(struct rings *r, unsigned int times)
{
	while (times-- > 0) {
		r->now += STEP_NS;
		tern_poll(r->side[0].stack, r->now);
		tern_poll(r->side[1].stack, r->now);
	}
}

static void
close_rings(struct rings *r)
{
	poll_both(r, 4); /* what is under way arrives */
	for (unsigned int i = 0; i < SIDES; i++) {
		tern_stack_fini(r->side[i].stack);
		free(r->side[i].mem);
		cr_assert_eq(r->side[i].wire.lost, 0);
		cr_assert(rte_ring_empty(r->ring[i]));
	}
	cr_assert_eq(rte_mempool_avail_count(eal_pool()), EAL_MBUFS, "mbufs are missing");
}

/* Datagrams ---------------------------------------------------------------------------------- */

static struct rings *the_rings;

static enum tern_verdict
turn(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	return tern_udp_turn(in);
}

static enum tern_verdict
hear(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	cr_assert(in->len == 8 && memcmp(in->data, "question", 8) == 0);
	the_rings->heard++;
	return TERN_DONE;
}

Test(port, carries_datagrams_both_ways)
{
	struct tern_udp_port echo = { .port = PORT, .on_datagram = turn };
	struct tern_udp_port asker = { .port = PORT, .on_datagram = hear };
	struct rings *r = the_rings = open_rings();

	cr_assert_eq(tern_udp_bind(tern_udp(r->side[0].stack), &asker), 0);
	cr_assert_eq(tern_udp_bind(tern_udp(r->side[1].stack), &echo), 0);
	for (unsigned int i = 0; i < QUESTIONS; i++) {
		cr_assert_eq(tern_udp_send(tern_udp(r->side[0].stack), r->side[0].addr,
					   RTE_BE16(PORT), r->side[1].addr, RTE_BE16(PORT),
					   "question", 8),
			     0);
		poll_both(r, 4);
	}
	cr_assert_eq(r->heard, QUESTIONS);
	close_rings(r);
}

/* A ring takes so many, and the stack keeps the rest: the part of tx() that is easy to forget. */
Test(port, takes_a_prefix_when_the_ring_is_full)
{
	struct rings *r = open_rings();
	struct tern_port *port = &r->side[0].wire.port;
	struct rte_mbuf *pkts[RING * 2], *back[RING * 2];
	uint16_t taken;

	poll_both(r, 4); /* the announcements of the addresses */
	cr_assert_eq(rte_pktmbuf_alloc_bulk(eal_pool(), pkts, RTE_DIM(pkts)), 0);
	taken = port->tx(port, pkts, RTE_DIM(pkts));
	cr_assert_eq(taken, RING - 1);
	cr_assert_eq(port->tx(port, pkts + taken, 1), 0);
	port = &r->side[1].wire.port;
	cr_assert_eq(port->rx(port, back, RTE_DIM(back)), taken);
	cr_assert_eq(memcmp(back, pkts, taken * sizeof(*pkts)), 0, "not these mbufs, in order");
	rte_pktmbuf_free_bulk(pkts, RTE_DIM(pkts));
	close_rings(r);
}

/* Segments ----------------------------------------------------------------------------------- */

struct client {
	struct tern_tcp_user vt;
	uint64_t got;
	bool closed;
};

enum { STREAM = 200000 };

static uint8_t
byte_at(uint64_t at)
{
	return (uint8_t)(at * 31 >> 3);
}

static uint32_t
available(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at)
{
	(void)self;
	(void)conn;
	return (uint32_t)(STREAM - at);
}

static void
fill(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)self;
	(void)conn;
	for (uint32_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = byte_at(at + i);
}

static enum tern_verdict
check(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	struct client *c = (struct client *)self;

	for (uint16_t i = 0; i < in->len; i++)
		cr_assert_eq(in->data[i], byte_at(c->got + i));
	c->got += in->len;
	if (c->got == STREAM)
		tern_tcp_close(conn);
	return TERN_DONE;
}

static void
closed(struct tern_tcp_user *self, struct tern_conn *conn, enum tern_why why)
{
	(void)conn;
	cr_assert_eq(why, TERN_FINISHED);
	((struct client *)self)->closed = true;
}

static enum tern_verdict
echo(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	(void)self;
	return tern_tcp_answer(conn, in, in->data, in->len);
}

/* An mbuf that its sender still holds is not handed over, but its bytes are. */
Test(port, copies_what_its_sender_keeps)
{
	struct rings *r = open_rings();
	struct tern_port *from = &r->side[0].wire.port, *to = &r->side[1].wire.port;
	struct rte_mbuf *kept = rte_pktmbuf_alloc(eal_pool()), *got;

	poll_both(r, 4);
	cr_assert_not_null(kept);
	memcpy(rte_pktmbuf_append(kept, 6), "answer", 6);
	rte_mbuf_refcnt_set(kept, 2);
	cr_assert_eq(from->tx(from, &kept, 1), 1);
	cr_assert_eq(to->rx(to, &got, 1), 1);
	cr_assert(got != kept && rte_mbuf_refcnt_read(kept) == 1);
	cr_assert(got->pkt_len == 6 && memcmp(rte_pktmbuf_mtod(got, char *), "answer", 6) == 0);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(kept);
	close_rings(r);
}

/* Every byte that is echoed comes back, and the connection ends well. */
Test(port, carries_a_connection)
{
	static struct client client = { .vt = { .available = available,
						.fill = fill,
						.on_data = check,
						.on_closed = closed } };
	static struct tern_tcp_user server = { .on_data = echo };
	static struct tern_tcp_listener listener = { .port = PORT, .backlog = 1, .user = &server };
	struct rings *r = open_rings();
	struct tern_conn *conn;

	cr_assert_eq(tern_tcp_listen(tern_tcp(r->side[1].stack), &listener), 0);
	cr_assert_eq(tern_tcp_connect(tern_tcp(r->side[0].stack), r->side[1].addr, RTE_BE16(PORT),
				      &client.vt, &conn),
		     0);
	for (unsigned int i = 0; i < 200000 && !client.closed; i++)
		poll_both(r, 1);
	cr_assert_eq(client.got, STREAM);
	cr_assert(client.closed);
	close_rings(r);
}
