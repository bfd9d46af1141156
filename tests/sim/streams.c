/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams over a bad wire: what was written into a ring comes out of another, every byte of it.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include <tern_stream_pool.h>

#include "world.h"

#define PERCENT(n) ((uint32_t)((n)*10000))

enum { PORT = 7, MEMORY = 1 << 18, CHAIN = 512, TOTAL = 10000000 };

/* One side: writes `total` bytes, then shuts down; reads and compares. */
struct app {
	struct tern_stream s;
	struct tern_recv_ring ring;
	struct tern_recv_chain chain;
	struct rte_mbuf *mbufs[CHAIN];
	struct tern_send_ring out;
	struct tern_send_generator generator;
	struct tern_send_memory memory;
	struct tern_send_piece pieces[TOTAL / MEMORY + 1];
	struct world *w;
	uint64_t total, written, read;
	uint64_t read_at; /* a slow reader's next time */
	uint64_t pause_ns;
	bool echoes;
	unsigned int done, closed, eofs;
	enum tern_why why;
	uint8_t recv_memory[MEMORY], send_memory[MEMORY];
};

static struct app apps[2];

static const struct tern_faults_odds kinds[] = {
	{ 0 },
	{ .loss_ppm = PERCENT(1) },
	{ .loss_ppm = PERCENT(5), .copy_ppm = PERCENT(2) },
	{ .delay_ppm = PERCENT(20), .delay_min_ns = US(50), .delay_max_ns = MS(30) },
	{ .loss_ppm = PERCENT(1),
	  .copy_ppm = PERCENT(2),
	  .corrupt_ppm = PERCENT(1),
	  .delay_ppm = PERCENT(5),
	  .delay_min_ns = US(10),
	  .delay_max_ns = MS(20) },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct app *
app_of(struct tern_stream *s)
{
	return (struct app *)s;
}

/* The stream, which is the same in both directions; its block of MEMORY bytes comes again. */
static uint8_t block[MEMORY];

static void
make_block(void)
{
	for (uint32_t i = 0; i < MEMORY; i++)
		block[i] = (uint8_t)mix(i);
}

static void
copy_stream(uint64_t at, uint8_t *to, uint32_t len)
{
	uint32_t n;

	for (; len > 0; at += n, to += n, len -= n) {
		n = RTE_MIN(len, (uint32_t)(MEMORY - at % MEMORY));
		memcpy(to, block + at % MEMORY, n);
	}
}

static void
make(struct tern_send_generator *self, uint64_t at, void *to, uint32_t len)
{
	(void)self;
	copy_stream(at, to, len);
}

static void
write_all(struct tern_stream *s)
{
	struct app *a = app_of(s);
	uint8_t bytes[5000];
	uint32_t len, n;

	if (a->echoes) {
		tern_stream_move(s, s);
	} else if (s->send == &a->out.send) {
		do {
			len = (uint32_t)RTE_MIN(a->total - a->written, sizeof(bytes));
			copy_stream(a->written, bytes, len);
			n = tern_stream_write(s, bytes, len);
			a->written += n;
		} while (n > 0 && n == len);
	}
	if (a->echoes ? tern_stream_ended(s) : a->written == a->total)
		tern_stream_shutdown(s);
}

static void
read_all(struct app *a, uint32_t most)
{
	uint8_t should[2048];
	struct iovec piece;
	uint32_t n;

	while (most > 0 && tern_stream_peek(&a->s, &piece, 1) > 0) {
		n = (uint32_t)RTE_MIN(piece.iov_len, sizeof(should));
		n = RTE_MIN(n, most);
		copy_stream(a->read, should, n);
		world_check(a->w, memcmp(piece.iov_base, should, n) == 0, "wrong bytes at %lu",
			    a->read);
		a->read += tern_stream_skip(&a->s, n);
		most -= n;
	}
}

static void
on_readable(struct tern_stream *s)
{
	struct app *a = app_of(s);

	if (a->echoes)
		write_all(s);
	else if (a->pause_ns == 0)
		read_all(a, UINT32_MAX);
}

static void
on_eof(struct tern_stream *s)
{
	app_of(s)->eofs++;
	write_all(s);
}

static void
on_closed(struct tern_stream *s, enum tern_why why)
{
	app_of(s)->closed++;
	app_of(s)->why = why;
}

static const struct tern_stream_hooks hooks = {
	.on_open = write_all,
	.on_readable = on_readable,
	.on_writable = write_all,
	.on_eof = on_eof,
	.on_closed = on_closed,
};

static enum tern_accept
on_accept(const struct tern_tcp_listener *listener, struct tern_syn *syn)
{
	(void)listener;
	return tern_stream_accept(&apps[B].s, syn);
}

static void
begin(struct world *w, struct app *a, uint64_t total, uint32_t recv_bytes, uint32_t send_bytes)
{
	*a = (struct app){ .w = w, .total = total };
	tern_recv_ring_init(&a->ring, a->recv_memory, recv_bytes);
	tern_send_ring_init(&a->out, a->send_memory, send_bytes);
	tern_stream_init(&a->s, &hooks, &a->ring.recv, &a->out.send);
}

/* Slow readers read a piece now and then; what is left at the end they read then. */
static bool
both_closed(struct world *w)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct app *a = &apps[i];

		if (a->pause_ns == 0 || a->echoes || w->now < a->read_at)
			continue;
		a->read_at = w->now + a->pause_ns;
		read_all(a, 30000);
	}
	return apps[A].closed > 0 && apps[B].closed > 0;
}

static void
run(struct world *w, uint64_t within_ns)
{
	static struct tern_tcp_listener listener;
	struct tern_tcp_user nobody = { .on_open = NULL };
	int error;

	listener = (struct tern_tcp_listener){
		.port = PORT, .backlog = 1, .user = &nobody, .on_accept = on_accept
	};
	cr_assert_eq(tern_tcp_listen(world_tcp(w, B), &listener), 0);
	error = tern_stream_connect(&apps[A].s, world_tcp(w, A), w->side[B].addr,
				    rte_cpu_to_be_16(PORT));
	world_check(w, error == 0, "connect: %d", error);
	world_run(w, both_closed, within_ns);
	for (unsigned int i = 0; i < 2; i++) {
		struct app *a = &apps[i];

		read_all(a, UINT32_MAX);
		world_check(w, a->why == TERN_FINISHED && a->eofs == 1, "%c: %s", "AB"[i],
			    tern_why_text(a->why));
	}
}

static void
space_of_ring(struct tern_config *c, unsigned int side)
{
	(void)side;
	c->rcv_space = 60000;
}

static struct world *
open_kind(unsigned int kind, uint64_t seed)
{
	const struct world_how how = {
		.seed = seed, .odds = kinds[kind], .delay_ns = MS(1), .tune = space_of_ring
	};

	make_block();
	return world_open(&how);
}

/* Nothing that the window allowed was refused: the rings promised what they had. */
static void
end(struct world *w, uint64_t a_reads, uint64_t b_reads)
{
	world_check(w, apps[A].read == a_reads && apps[B].read == b_reads,
		    "A read %lu of %lu, B %lu of %lu", apps[A].read, a_reads, apps[B].read,
		    b_reads);
	world_check(w,
		    world_verdicts(w, A, TERN_DROP_TCP_UNTAKEN) == 0 &&
			    world_verdicts(w, B, TERN_DROP_TCP_UNTAKEN) == 0,
		    "refused");
	world_close(w);
}

Test(streams, megabytes_10_ring_to_ring)
{
	for (unsigned int k = 0; k < KINDS; k++) {
		struct world *w = open_kind(k, 300 + k);

		begin(w, &apps[A], TOTAL, 60000, 100000);
		begin(w, &apps[B], 0, 60000, 1000);
		run(w, S(400));
		end(w, 0, TOTAL);
	}
}

/* Windows close and open all the time. */
Test(streams, megabytes_10_to_a_slow_reader)
{
	for (unsigned int k = 0; k < KINDS; k++) {
		struct world *w = open_kind(k, 310 + k);

		begin(w, &apps[A], TOTAL, 60000, 100000);
		begin(w, &apps[B], TOTAL / 2, 60000, 7001);
		apps[B].pause_ns = MS(3);
		apps[A].pause_ns = MS(7);
		run(w, S(600));
		end(w, TOTAL / 2, TOTAL);
	}
}

/* From ring to ring to ring: the server of docs/streams.md. */
Test(streams, megabytes_10_echoed_by_rings)
{
	for (unsigned int k = 0; k < KINDS; k++) {
		struct world *w = open_kind(k, 320 + k);

		begin(w, &apps[A], TOTAL, 60000, 100000);
		begin(w, &apps[B], 0, 60000, 20000);
		apps[B].echoes = true;
		run(w, S(600));
		end(w, TOTAL, 0);
	}
}

static void
on_done(struct tern_send_piece *piece)
{
	apps[A].done++;
	cr_assert_eq(piece->shared.refcnt, 0);
}

/* Memory attached to packets one way, made bytes the other, kept mbufs at both ends. */
Test(streams, megabytes_10_of_lent_memory_and_of_made_bytes)
{
	for (unsigned int k = 0; k < KINDS; k++) {
		struct world *w = open_kind(k, 330 + k);
		struct app *a = &apps[A], *b = &apps[B];
		const unsigned int n = TOTAL / MEMORY;

		begin(w, a, 0, 60000, 1000);
		begin(w, b, 0, 60000, 1000);
		for (unsigned int i = 0; i < 2; i++) {
			tern_recv_chain_init(&apps[i].chain, apps[i].mbufs, CHAIN, 60000);
			apps[i].s.recv = &apps[i].chain.recv;
		}
		tern_send_memory_init(&a->memory);
		for (unsigned int i = 0; i < n; i++) {
			a->pieces[i] = (struct tern_send_piece){ .data = block,
								 .len = MEMORY,
								 .iova = RTE_BAD_IOVA,
								 .lent = true,
								 .on_done = on_done };
			tern_send_memory_add(&a->memory, &a->pieces[i]);
		}
		a->s.send = &a->memory.send;
		tern_send_generator_init(&b->generator, make, TOTAL);
		b->s.send = &b->generator.send;
		b->pause_ns = MS(5);
		run(w, S(600));
		end(w, TOTAL, (uint64_t)n * MEMORY);
		/* Now that no packet is on its way any more that was sent once too often. */
		cr_assert_eq(a->done, n, "%u pieces of %u are done", a->done, n);
	}
}
