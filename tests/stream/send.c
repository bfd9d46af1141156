/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Send sources without a connection: the same bytes as often as they are asked for, until they are
 * acknowledged; and who still has a hand on lent memory.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "core/random.h"
#include "kit/eal.h"
#include "kit/user.h"
#include <tern_stream_send.h>

static struct random draw;

static void
start(void)
{
	const uint8_t key[16] = { 9 };

	random_init(&draw, key);
}

static void
pattern(uint8_t *to, uint64_t at, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		to[i] = our_byte(at + i);
}

/* What is asked for between what is acknowledged and what there is, is right. */
static void
check_fill(struct tern_send *send)
{
	uint32_t most = tern_send_available(send, send->first), offset, len;
	uint8_t seen[3000], should[3000];

	if (most == 0)
		return;
	offset = random_below(&draw, most);
	len = 1 + random_below(&draw, RTE_MIN(most - offset, (uint32_t)sizeof(seen)));
	tern_send_fill(send, send->first + offset, seen, len);
	pattern(should, send->first + offset, len);
	cr_assert_eq(memcmp(seen, should, len), 0, "wrong bytes at %lu+%u", send->first + offset,
		     len);
}

Test(send, ring_against_a_model)
{
	static const uint32_t sizes[] = { 1, 2, 3, 100, 1460, 4096, 10007 };
	static uint8_t memory[10007], data[2 * sizeof(memory)];

	start();
	for (unsigned int k = 0; k < RTE_DIM(sizes); k++) {
		struct tern_send_ring ring;
		struct tern_send *send = &ring.send;
		uint64_t acked = 0, end = 0;

		tern_send_ring_init(&ring, memory, sizes[k]);
		for (unsigned int i = 0; i < 3000; i++) {
			uint32_t n = random_below(&draw, 2 * sizes[k] + 1);
			uint32_t room = sizes[k] - (uint32_t)(end - acked);

			cr_assert_eq(tern_send_room(send), room);
			pattern(data, end, n);
			cr_assert_eq(tern_send_write(send, data, n), RTE_MIN(n, room));
			end += RTE_MIN(n, room);
			cr_assert_eq(tern_send_available(send, acked), end - acked);
			cr_assert_eq(tern_send_available(send, end), 0);
			check_fill(send);
			acked += random_below(&draw, (uint32_t)(end - acked) + 1);
			tern_send_acked(send, acked);
			tern_send_acked(send, acked / 2); /* an old one says nothing */
			cr_assert(send->first == acked && send->end == end);
			check_fill(send);
		}
		tern_send_close(send);
		cr_assert_eq(tern_send_room(send), sizes[k]);
	}
}

/* The same written in place; and behind bytes that others sent. */
Test(send, ring_is_written_in_place_and_goes_on_behind_others)
{
	struct tern_send_ring ring;
	struct tern_send *send = &ring.send;
	uint8_t memory[100];
	struct iovec iov[2];

	start();
	tern_send_ring_init(&ring, memory, sizeof(memory));
	for (unsigned int i = 0; i < 1000; i++) {
		uint32_t sum = 0;

		tern_send_seek(send, send->end + i % 3 * 1000);
		for (unsigned int j = 0, n = tern_send_ring_room(&ring, iov); j < n; j++) {
			pattern(iov[j].iov_base, send->end + sum, iov[j].iov_len);
			sum += (uint32_t)iov[j].iov_len;
		}
		cr_assert_eq(sum, tern_send_room(send));
		tern_send_ring_commit(&ring, sum - i % 7);
		check_fill(send);
		tern_send_acked(send, send->first + i % 50);
		check_fill(send);
		tern_send_acked(send, send->end);
	}
}

struct piece {
	struct tern_send_piece piece;
	uint8_t data[2000];
	unsigned int done;
};

static void
on_done(struct tern_send_piece *self)
{
	((struct piece *)self)->done++;
}

enum { PIECES = 40 };

static struct piece pieces[PIECES];

static void
add(struct tern_send_memory *memory, struct piece *p, size_t len)
{
	*p = (struct piece){
		.piece = { .data = p->data, .len = len, .iova = 0x10000, .lent = true },
	};
	p->piece.on_done = on_done;
	pattern(p->data, memory->send.end, len);
	tern_send_memory_add(memory, &p->piece);
}

Test(send, memory_against_a_model)
{
	struct tern_send_memory memory;
	struct tern_send *send = &memory.send;
	uint32_t head = 0, tail = 0;

	start();
	tern_send_memory_init(&memory);
	for (unsigned int i = 0; i < 20000; i++) {
		if (tail - head < PIECES && random_below(&draw, 2) == 0)
			add(&memory, &pieces[tail++ % PIECES],
			    1 + random_below(&draw, random_below(&draw, 2) == 0 ? 10 : 2000));
		check_fill(send);
		tern_send_acked(send, send->first + random_below(&draw, 1000));
		for (; head < tail &&
		       pieces[head % PIECES].piece.at + pieces[head % PIECES].piece.len <=
			       send->first;
		     head++)
			cr_assert_eq(pieces[head % PIECES].done, 1, "not told that it is done");
		for (uint32_t k = head; k < tail; k++)
			cr_assert_eq(pieces[k % PIECES].done, 0, "told too early");
	}
	tern_send_close(send);
	for (; head < tail; head++)
		cr_assert_eq(pieces[head % PIECES].done, 1, "not told at the end");
	cr_assert(memory.head == NULL && send->first == send->end);
}

/* Lent is what lies in one piece and is worth it. */
Test(send, memory_is_lent_within_a_piece)
{
	struct tern_loan loan = { 0 };
	struct tern_send_memory memory;
	struct tern_send *send = &memory.send;

	tern_send_memory_init(&memory);
	add(&memory, &pieces[0], 1000);
	add(&memory, &pieces[1], 2000);
	cr_assert_not(tern_send_lend(send, 0, 255, &loan), "too little");
	cr_assert(tern_send_lend(send, 0, 1000, &loan));
	cr_assert(loan.data == pieces[0].data && loan.len == 1000 && loan.iova == 0x10000);
	cr_assert_eq(loan.shared, &pieces[0].piece.shared);
	cr_assert(tern_send_lend(send, 744, 256, &loan));
	cr_assert(loan.data == pieces[0].data + 744 && loan.iova == 0x10000 + 744);
	cr_assert_not(tern_send_lend(send, 745, 256, &loan), "beyond the piece");
	cr_assert(tern_send_lend(send, 1500, 1460, &loan));
	cr_assert(loan.data == pieces[1].data + 500 && loan.shared == &pieces[1].piece.shared);
	cr_assert(tern_send_lend(send, 100, 300, &loan));
	cr_assert_eq(loan.data, pieces[0].data + 100, "does not find back");
	pieces[0].piece.iova = RTE_BAD_IOVA;
	cr_assert(tern_send_lend(send, 100, 300, &loan) && loan.iova == RTE_BAD_IOVA);
	pieces[0].piece.lent = false;
	cr_assert_not(tern_send_lend(send, 100, 300, &loan), "no port may read it");
	tern_send_close(send);
}

/* As lib/layer/tcp/output.c attaches it. */
static struct rte_mbuf *
attach(struct tern_send *send, uint64_t at, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(eal_pool());
	struct tern_loan loan;

	cr_assert(tern_send_lend(send, at, len, &loan));
	rte_mbuf_ext_refcnt_update(loan.shared, 1);
	rte_pktmbuf_attach_extbuf(m, (void *)(uintptr_t)loan.data, loan.iova, (uint16_t)loan.len,
				  loan.shared);
	return m;
}

/* Acknowledged, but an mbuf still has it: done when that is free; the other way round, too. */
Test(send, memory_is_done_when_no_mbuf_has_it)
{
	struct tern_send_memory memory;
	struct tern_send *send = &memory.send;
	struct rte_mbuf *a, *b;

	for (unsigned int closed = 0; closed < 2; closed++) {
		tern_send_memory_init(&memory);
		add(&memory, &pieces[0], 2000);
		a = attach(send, 0, 1000);
		b = attach(send, 1000, 1000);
		rte_pktmbuf_free(a);
		a = attach(send, 0, 1000);
		cr_assert_eq(pieces[0].done, 0);
		if (closed)
			tern_send_close(send);
		else
			tern_send_acked(send, 2000);
		cr_assert_eq(pieces[0].done, 0, "an mbuf has it");
		rte_pktmbuf_free(b);
		cr_assert_eq(pieces[0].done, 0, "an mbuf has it");
		rte_pktmbuf_free(a);
		cr_assert_eq(pieces[0].done, 1);
		/* And none has it when it is acknowledged. */
		tern_send_memory_init(&memory);
		add(&memory, &pieces[0], 2000);
		rte_pktmbuf_free(attach(send, 0, 1000));
		tern_send_acked(send, 1999);
		cr_assert_eq(pieces[0].done, 0);
		tern_send_acked(send, 2000);
		cr_assert_eq(pieces[0].done, 1);
	}
	cr_assert_eq(rte_mempool_avail_count(eal_pool()), EAL_MBUFS);
}

static struct tern_send_memory looping;
static unsigned int rounds;

static void
add_again(struct tern_send_piece *self)
{
	if (++rounds < 1000)
		tern_send_memory_add(&looping, self);
}

/* A piece may be sent again from its own on_done(). */
Test(send, memory_is_added_again_when_it_is_done)
{
	struct tern_send_piece piece = { .data = "abc", .len = 3, .on_done = add_again };
	char seen[3];

	tern_send_memory_init(&looping);
	tern_send_memory_add(&looping, &piece);
	for (unsigned int i = 0; i < 1000; i++) {
		cr_assert_eq(looping.send.end, looping.send.first + 3);
		tern_send_fill(&looping.send, looping.send.first, seen, 3);
		cr_assert_eq(memcmp(seen, "abc", 3), 0);
		tern_send_acked(&looping.send, looping.send.end);
		cr_assert_eq(rounds, i + 1);
	}
	cr_assert(looping.head == NULL && looping.send.end == 3000);
}

static void
make(struct tern_send_generator *self, uint64_t at, void *to, uint32_t len)
{
	(void)self;
	pattern(to, at, len);
}

Test(send, generator_makes_the_same_again)
{
	struct tern_send_generator g;
	struct tern_send *send = &g.send;

	start();
	tern_send_generator_init(&g, make, 100000);
	cr_assert_eq(tern_send_available(send, 0), 100000);
	for (unsigned int i = 0; i < 1000; i++) {
		check_fill(send);
		tern_send_acked(send, send->first + random_below(&draw, 200));
		if (i % 2)
			tern_send_generator_extend(&g, random_below(&draw, 200));
	}
	cr_assert_eq(tern_send_room(send), 0);
	cr_assert_eq(tern_send_write(send, "x", 1), 0, "not to be written to");
	tern_send_generator_init(&g, make, UINT64_MAX);
	cr_assert_eq(tern_send_available(send, UINT64_C(1) << 40), UINT32_MAX);
	tern_send_generator_extend(&g, 1);
	cr_assert_eq(send->end, UINT64_MAX);
}
