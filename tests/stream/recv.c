/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive buffers on a block that no stack knows: what they take, and what they say is held.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "conn/machine.h"
#include "core/random.h"
#include "kit/eal.h"
#include "kit/user.h"
#include <tern_stream_recv.h>

enum { MSS = 1460, HEADERS = 54, CHAIN = 16 };

static struct tern_tcp tcp;
static struct tern_conn conn;
static struct random draw;
static uint64_t came, read; /* positions in the peer's stream */

static void
start(struct tern_recv *recv, uint8_t wscale)
{
	const uint8_t key[16] = { 5 };

	random_init(&draw, key);
	conn = (struct tern_conn){ .tcp = &tcp, .rcv.wscale = wscale };
	came = read = 0;
	tern_recv_open(recv, &conn);
}

static struct rte_mbuf *
segment(uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(eal_pool());
	uint8_t *p;

	cr_assert_not_null(m, "the buffer keeps too many mbufs");
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(HEADERS + len)) + HEADERS;
	for (uint16_t i = 0; i < len; i++)
		p[i] = peer_byte(came + i);
	return m;
}

/* As lib/conn/text.c hands data over. Return: how many bytes were accepted. */
static uint16_t
give(struct tern_recv *recv, uint16_t len)
{
	struct rte_mbuf *m = segment(len);
	struct tern_in in = {
		.mbuf = m,
		.data = rte_pktmbuf_mtod_offset(m, uint8_t *, HEADERS),
		.len = len,
	};
	enum tern_verdict v;

	conn.rcv.held += len;
	v = tern_recv_take(recv, &in);
	if (v == TERN_TAKEN) {
		cr_assert_eq(in.len, len);
		came += len;
		return len;
	}
	rte_pktmbuf_free(m);
	conn.rcv.held -= len;
	if (v == TERN_DROP_USER)
		return 0;
	cr_assert_eq(v, TERN_DONE);
	cr_assert(in.len > 0 && in.len <= len);
	came += in.len;
	return in.len;
}

static void
compare(const uint8_t *p, size_t len, uint64_t at)
{
	for (size_t i = 0; i < len; i++)
		cr_assert_eq(p[i], peer_byte(at + i), "byte %lu is wrong", at + i);
}

/* Read up to n bytes, in one of three ways. */
static void
take(struct tern_recv *recv, uint32_t n)
{
	uint32_t wanted = n < recv->used ? n : recv->used, seen = 0;
	static uint8_t copy[1 << 17];
	struct iovec iov[3];
	unsigned int pieces;

	pieces = tern_recv_peek(recv, iov, 1 + random_below(&draw, 3));
	for (unsigned int i = 0; i < pieces; i++) {
		compare(iov[i].iov_base, iov[i].iov_len, read + seen);
		seen += (uint32_t)iov[i].iov_len;
	}
	cr_assert(seen <= recv->used && (seen > 0) == (recv->used > 0));
	if (random_below(&draw, 2) == 0) {
		cr_assert_eq(tern_recv_skip(recv, n), wanted);
	} else {
		cr_assert_eq(tern_recv_read(recv, copy, n), wanted);
		compare(copy, wanted, read);
	}
	read += wanted;
}

static void
check(const struct tern_recv *recv)
{
	cr_assert_eq(recv->used, came - read);
	cr_assert_eq(conn.rcv.held, recv->used, "%u held, %u used", conn.rcv.held, recv->used);
}

static void
end(struct tern_recv *recv)
{
	tern_recv_close(recv);
	take(recv, UINT32_MAX);
	cr_assert_eq(read, came, "what was there at the end cannot be read");
	cr_assert_eq(rte_mempool_avail_count(eal_pool()), EAL_MBUFS, "mbufs are missing");
}

Test(recv, ring_takes_what_fits_and_no_more)
{
	static const uint32_t sizes[] = { 1, 2, 1459, 1460, 1461, 4096, 10007, 65536 };
	static uint8_t memory[65536];

	for (unsigned int k = 0; k < RTE_DIM(sizes); k++) {
		struct tern_recv_ring ring;
		struct tern_recv *recv = &ring.recv;

		tern_recv_ring_init(&ring, memory, sizes[k]);
		start(recv, 0);
		for (unsigned int i = 0; i < 3000; i++) {
			uint16_t len = (uint16_t)(1 + random_below(&draw, MSS));
			uint32_t space = sizes[k] - recv->used;

			cr_assert_eq(give(recv, len), RTE_MIN(len, space));
			check(recv);
			if (random_below(&draw, 4) == 0)
				take(recv, random_below(&draw, sizes[k] + 2));
			check(recv);
		}
		end(recv);
	}
}

/* RFC 7323 §2.4: the window may be rounded up by a unit; the ring keeps it in reserve. */
Test(recv, ring_offers_less_by_the_unit_of_the_scale)
{
	static const struct {
		uint32_t size, space;
		uint8_t wscale;
	} cases[] = {
		{ 1, 1, 0 },	 { 65536, 65536, 0 }, { 65536, 65534, 1 }, { 65536, 65408, 7 },
		{ 256, 256, 7 }, { 257, 129, 7 },     { 100, 100, 14 },	   { 32769, 16385, 14 },
	};
	static uint8_t memory[65536];
	struct tern_recv_ring ring;

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		tern_recv_ring_init(&ring, memory, cases[i].size);
		start(&ring.recv, cases[i].wscale);
		cr_assert_eq(conn.rcv.space, cases[i].space, "size %u scale %u: space %u",
			     cases[i].size, cases[i].wscale, conn.rcv.space);
	}
}

/* Random lengths, of one size for a while, as streams have them. */
Test(recv, chain_against_a_model)
{
	struct rte_mbuf *mbufs[CHAIN];
	struct tern_recv_chain chain;
	struct tern_recv *recv = &chain.recv;
	uint32_t n, most;
	uint64_t kept = 0;

	for (n = 1; n <= CHAIN; n++) {
		tern_recv_chain_init(&chain, mbufs, n, 100000);
		start(recv, 0);
		for (unsigned int i = 0; i < 3000; i++) {
			most = i / 100 % 3 == 0 ? MSS : i / 100 % 3 == 1 ? 300 : 3;
			give(recv, (uint16_t)(1 + random_below(&draw, most)));
			check(recv);
			cr_assert_leq(EAL_MBUFS - rte_mempool_avail_count(eal_pool()), n,
				      "more than %u mbufs are kept", n);
			kept += chain.count;
			if (random_below(&draw, 20) == 0)
				take(recv, random_below(&draw, recv->used + 2));
			check(recv);
		}
		end(recv);
	}
	cr_assert_gt(kept, 0);
}

/* 512 bytes for each entry of the table: nothing is refused, whatever the segments are. */
Test(recv, chain_takes_all_that_its_window_allows)
{
	static const uint16_t lens[] = {
		1, 2, 255, 256, 257, 258, 500, 700, 1000, 1023, 1100, 1460
	};
	struct rte_mbuf *mbufs[CHAIN];
	struct tern_recv_chain chain;
	struct tern_recv *recv = &chain.recv;

	for (unsigned int k = 0; k < RTE_DIM(lens) * RTE_DIM(lens); k++) {
		uint16_t a = lens[k % RTE_DIM(lens)], b = lens[k / RTE_DIM(lens)];

		tern_recv_chain_init(&chain, mbufs, CHAIN, CHAIN * 512);
		start(recv, 0);
		for (unsigned int i = 0; recv->used < recv->size; i++) {
			uint16_t len = i % 2 ? a : b;

			len = (uint16_t)RTE_MIN((uint32_t)len, recv->size - recv->used);
			cr_assert_eq(give(recv, len), len, "refused at %u, segments of %u and %u",
				     recv->used, a, b);
		}
		check(recv);
		take(recv, 5000);
		check(recv);
		end(recv);
	}
}

/* Small segments are copied together, large ones stay in their mbufs. */
Test(recv, chain_copies_what_is_small)
{
	struct rte_mbuf *mbufs[CHAIN];
	struct tern_recv_chain chain;

	tern_recv_chain_init(&chain, mbufs, CHAIN, 100000);
	start(&chain.recv, 0);
	for (unsigned int i = 0; i < 100; i++)
		give(&chain.recv, 10);
	cr_assert_eq(chain.count, 1);
	give(&chain.recv, MSS);
	cr_assert_eq(chain.count, 2);
	give(&chain.recv, 257);
	cr_assert_eq(chain.count, 3);
	give(&chain.recv, 256);
	cr_assert_eq(chain.count, 3);
	end(&chain.recv);
}

/* An mbuf that somebody else has too, is not written to. */
Test(recv, chain_writes_into_no_shared_mbuf)
{
	struct rte_mbuf *mbufs[CHAIN], *m;
	struct tern_recv_chain chain;

	tern_recv_chain_init(&chain, mbufs, CHAIN, 100000);
	start(&chain.recv, 0);
	give(&chain.recv, 10);
	m = mbufs[0];
	rte_mbuf_refcnt_update(m, 1);
	give(&chain.recv, 10);
	cr_assert_eq(chain.count, 2);
	cr_assert_eq(m->data_len, 10);
	rte_pktmbuf_free(m);
	end(&chain.recv);
}

Test(recv, chain_gives_mbufs_away)
{
	struct rte_mbuf *mbufs[CHAIN], *m;
	struct tern_recv_chain chain;

	tern_recv_chain_init(&chain, mbufs, CHAIN, 100000);
	start(&chain.recv, 0);
	cr_assert_null(tern_recv_chain_pop(&chain));
	for (unsigned int i = 0; i < 10; i++) {
		give(&chain.recv, 1000);
		give(&chain.recv, 500);
		take(&chain.recv, 100);
		m = tern_recv_chain_pop(&chain);
		cr_assert(m->data_len == 900 && m->pkt_len == 900 && m->nb_segs == 1 && !m->next);
		compare(rte_pktmbuf_mtod(m, uint8_t *), 900, read);
		read += 900;
		rte_pktmbuf_free(m);
		check(&chain.recv);
		m = tern_recv_chain_pop(&chain);
		compare(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, read);
		read += m->data_len;
		rte_pktmbuf_free(m);
		check(&chain.recv);
	}
	end(&chain.recv);
}
