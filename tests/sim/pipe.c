/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pipe by itself: what its links do to packets, to the nanosecond.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <tern_pipe.h>

#include "kit/eal.h"

enum { PACKETS = 64, FULL = 1514, ECT_1 = 1, ECT_0 = 2, CE = 3 };

static struct {
	uint64_t now;
	struct tern_pipe pipe;
	struct tern_pipe_packet mem[2 * PACKETS];
} bed;

static void
open_links(struct tern_pipe_link a, struct tern_pipe_link b)
{
	const struct tern_pipe_config config = {
		.now_ns = &bed.now,
		.link = { a, b },
		.packets = PACKETS,
		.mtu = 1500,
		.pool = { eal_pool(), eal_pool() },
	};

	cr_assert_leq(tern_pipe_bytes(PACKETS), sizeof(bed.mem));
	bed.now = 1000;
	cr_assert_eq(tern_pipe_init(&bed.pipe, bed.mem, &config), 0);
}

static void
close_links(void)
{
	tern_pipe_fini(&bed.pipe);
	cr_assert_eq(rte_mempool_avail_count(eal_pool()), EAL_MBUFS);
}

static struct rte_mbuf *
packet(uint16_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(eal_pool());

	cr_assert_not_null(m);
	memset(rte_pktmbuf_append(m, bytes), 0, bytes);
	return m;
}

/* Return: whether the port took it. */
static bool
sends(unsigned int end, struct rte_mbuf *m)
{
	struct tern_port *port = &bed.pipe.end[end].port;
	bool took = port->tx(port, &m, 1) == 1;

	if (!took)
		rte_pktmbuf_free(m);
	return took;
}

static struct rte_mbuf *
takes(unsigned int end)
{
	struct tern_port *port = &bed.pipe.end[end].port;
	struct rte_mbuf *m;

	return port->rx(port, &m, 1) == 1 ? m : NULL;
}

/* The next packet comes to this end just then, and not a nanosecond before. */
static void
comes(unsigned int end, uint64_t at)
{
	struct rte_mbuf *m;

	cr_assert_eq(tern_pipe_next(&bed.pipe), at, "next at %lu", tern_pipe_next(&bed.pipe));
	bed.now = at - 1;
	cr_assert_null(takes(end));
	bed.now = at;
	m = takes(end);
	cr_assert_not_null(m);
	rte_pktmbuf_free(m);
}

/* 1514 bytes and 24 of Ethernet's are 12304 bits: 12304 ns at 1 Gbit/s. */
Test(pipe, rate_spaces_packets)
{
	open_links((struct tern_pipe_link){ .rate_bps = 1000000000, .delay_ns = 500 },
		   (struct tern_pipe_link){ 0 });
	for (unsigned int i = 0; i < 3; i++)
		cr_assert(sends(0, packet(FULL)));
	for (unsigned int i = 1; i <= 3; i++)
		comes(1, 1000 + i * 12304 + 500);
	/* A link that was idle begins at once. */
	bed.now = 1000000;
	cr_assert(sends(0, packet(60)));
	comes(1, 1000000 + 84 * 8 + 500);
	cr_assert_eq(tern_pipe_next(&bed.pipe), UINT64_MAX);
	close_links();
}

/* 12304 bits at 3 Gbit/s are 4101.33 ns: thirty of them are 123040 ns, nothing is rounded away. */
Test(pipe, rate_is_exact_over_many_packets)
{
	open_links((struct tern_pipe_link){ .rate_bps = UINT64_C(3000000000) },
		   (struct tern_pipe_link){ 0 });
	for (unsigned int i = 0; i < 30; i++)
		cr_assert(sends(0, packet(FULL)));
	for (unsigned int i = 1; i <= 30; i++)
		comes(1, 1000 + i * UINT64_C(12304) / 3);
	close_links();
}

Test(pipe, directions_are_apart)
{
	open_links((struct tern_pipe_link){ .rate_bps = 1000000000, .delay_ns = 10000 },
		   (struct tern_pipe_link){ .rate_bps = 100000000, .delay_ns = 1 });
	cr_assert(sends(0, packet(FULL)));
	cr_assert(sends(1, packet(60)));
	comes(0, 1000 + 84 * 80 + 1);
	comes(1, 1000 + 12304 + 10000);
	/* Public: may be changed; for what is sent from then on. */
	bed.pipe.link[1].rate_bps = 0;
	cr_assert(sends(1, packet(60)));
	comes(0, bed.now + 1);
	close_links();
}

/* The packet that is being sent does not wait: a queue of three takes four at once. */
Test(pipe, queue_drops_its_tail)
{
	static const struct tern_pipe_link links[] = {
		{ .rate_bps = 1000000000, .queue_pkts = 3 },
		{ .rate_bps = 1000000000, .queue_bytes = 3 * FULL },
		{ .rate_bps = 1000000000, .queue_bytes = 4 * FULL - 1 },
		{ .rate_bps = 1000000000, .queue_bytes = 3 * FULL, .queue_pkts = 4 },
		{ .rate_bps = 1000000000, .queue_bytes = 4 * FULL, .queue_pkts = 3 },
	};

	for (unsigned int i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		open_links(links[i], (struct tern_pipe_link){ 0 });
		for (unsigned int k = 0; k < 6; k++)
			cr_assert(sends(0, packet(FULL)), "a full queue drops, it does not refuse");
		cr_assert_eq(bed.pipe.end[1].dropped, 2);
		cr_assert_eq(bed.pipe.end[0].dropped, 0);
		cr_assert_eq(tern_pipe_queue(&bed.pipe, 0), 3 * FULL);
		/* One more is sent: one more has room. */
		bed.now = 1000 + 12304;
		cr_assert_eq(tern_pipe_queue(&bed.pipe, 0), 2 * FULL);
		cr_assert(sends(0, packet(FULL)));
		cr_assert(sends(0, packet(FULL)));
		cr_assert_eq(bed.pipe.end[1].dropped, 3);
		for (unsigned int k = 1; k <= 5; k++) {
			struct rte_mbuf *m;

			bed.now = 1000 + k * 12304;
			m = takes(1);
			cr_assert_not_null(m);
			rte_pktmbuf_free(m);
		}
		cr_assert_eq(tern_pipe_next(&bed.pipe), UINT64_MAX);
		cr_assert_eq(tern_pipe_queue(&bed.pipe, 0), 0);
		cr_assert_eq(bed.pipe.end[1].received, 5);
		close_links();
	}
}

/* `packets` is the memory of the pipe: beyond it nothing is taken, and nothing is dropped. */
Test(pipe, memory_refuses)
{
	open_links((struct tern_pipe_link){ .rate_bps = 1000000 },
		   (struct tern_pipe_link){ .delay_ns = 5 });
	for (unsigned int end = 0; end < 2; end++) {
		for (unsigned int i = 0; i < PACKETS; i++)
			cr_assert(sends(end, packet(60)));
		cr_assert_not(sends(end, packet(60)));
		cr_assert_eq(bed.pipe.end[!end].dropped, 0);
	}
	cr_assert_eq(tern_pipe_fini(&bed.pipe), 2 * PACKETS);
	close_links();
}

static struct rte_mbuf *
ipv4(uint8_t tos, uint16_t id)
{
	struct rte_mbuf *m = packet(1000);
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);

	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->type_of_service = tos;
	ip->total_length = RTE_BE16(986);
	ip->packet_id = rte_cpu_to_be_16(id);
	ip->time_to_live = 64;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return m;
}

static const struct rte_ipv4_hdr *
ipv4_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *,
				       sizeof(struct rte_ether_hdr));
}

static const struct tern_pipe_link marking = { .rate_bps = 1000000000, .mark_bytes = 1999 };

/* RFC 8257 §3.1: who finds more than K waiting. RFC 3168 §5: if it is able, else never. */
Test(pipe, marks_ce_from_the_threshold_on)
{
	for (uint8_t ecn = 0; ecn <= CE; ecn++) {
		open_links(marking, (struct tern_pipe_link){ 0 });
		/* The first is sent, the second finds nothing waiting, the third 1000 bytes ... */
		for (unsigned int i = 0; i < 6; i++)
			cr_assert(sends(0, ipv4((uint8_t)(0xb8 | ecn), (uint16_t)i)));
		bed.now = 1000000;
		for (unsigned int i = 0; i < 6; i++) {
			struct rte_mbuf *m = takes(1);
			bool marked = i >= 3 && (ecn == ECT_0 || ecn == ECT_1);

			cr_assert_not_null(m);
			cr_assert_eq(ipv4_of(m)->type_of_service, 0xb8 | (marked ? CE : ecn));
			cr_assert_eq(rte_ipv4_cksum(ipv4_of(m)), 0, "the sum is wrong");
			rte_pktmbuf_free(m);
		}
		cr_assert_eq(bed.pipe.end[1].marked, ecn == ECT_0 || ecn == ECT_1 ? 3 : 0);
		close_links();
	}
}

/* RFC 1624: for every sum that there may be, so also at both of its zeros. */
Test(pipe, marking_updates_every_sum)
{
	open_links(marking, (struct tern_pipe_link){ 0 });
	for (unsigned int i = 0; i < 4; i++)
		cr_assert(sends(0, packet(1000)));
	for (unsigned int id = 0; id <= UINT16_MAX; id++) {
		struct rte_mbuf *m = ipv4(id & 1 ? ECT_0 : ECT_1, (uint16_t)id);
		struct tern_port *port = &bed.pipe.end[0].port;

		rte_pktmbuf_refcnt_update(m, 1); /* to be looked at; so the pipe makes a copy */
		cr_assert_eq(port->tx(port, &m, 1), 1);
		cr_assert_eq(ipv4_of(m)->type_of_service, id & 1 ? ECT_0 : ECT_1,
			     "others see these bytes");
		rte_pktmbuf_free(m);
		m = bed.pipe.end[1]
			    .ring[(bed.pipe.end[1].head + bed.pipe.end[1].n - 1) % PACKETS]
			    .mbuf;
		cr_assert_eq(ipv4_of(m)->type_of_service, CE);
		cr_assert_eq(rte_ipv4_cksum(ipv4_of(m)), 0);
		if (bed.pipe.end[1].n < PACKETS)
			continue;
		bed.now += 1000000;
		while ((m = takes(1)) != NULL)
			rte_pktmbuf_free(m);
		for (unsigned int i = 0; i < 4; i++)
			cr_assert(sends(0, packet(1000)));
	}
	close_links();
}

/* RFC 8200 §7: the traffic class of IPv6 holds the same two bits; no sum covers it. */
Test(pipe, marks_ipv6_and_nothing_else)
{
	struct rte_mbuf *m;
	uint8_t *bytes;

	open_links(marking, (struct tern_pipe_link){ 0 });
	for (unsigned int i = 0; i < 4; i++)
		cr_assert(sends(0, packet(1000)));
	m = packet(60);
	bytes = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(bytes + 12, "\x86\xdd\x6b\xa5\x55\x55", 6);
	cr_assert(sends(0, m));
	cr_assert_eq(memcmp(bytes + 12, "\x86\xdd\x6b\xb5\x55\x55", 6), 0);
	m = packet(60);
	bytes = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(bytes + 12, "\x08\x06\x45\x02", 4);
	cr_assert(sends(0, m));
	cr_assert_eq(memcmp(bytes + 12, "\x08\x06\x45\x02", 4), 0);
	m = packet(15);
	bytes = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(bytes + 12, "\x08\x00\x45", 3);
	cr_assert(sends(0, m));
	cr_assert_eq(bed.pipe.end[1].marked, 1);
	close_links();
}

Test(pipe, config_is_checked)
{
	const struct tern_pipe_config good = {
		.now_ns = &bed.now, .packets = 1, .mtu = 68, .pool = { eal_pool(), eal_pool() }
	};
	struct tern_pipe_config config = good;

	cr_assert_eq(tern_pipe_init(&bed.pipe, bed.mem, &config), 0);
	config.mtu = 67;
	cr_assert_eq(tern_pipe_init(&bed.pipe, bed.mem, &config), -EINVAL);
	config = good;
	config.packets = 0;
	cr_assert_eq(tern_pipe_init(&bed.pipe, bed.mem, &config), -EINVAL);
	config = good;
	config.now_ns = NULL;
	cr_assert_eq(tern_pipe_init(&bed.pipe, bed.mem, &config), -EINVAL);
	config = good;
	config.pool[1] = NULL;
	cr_assert_eq(tern_pipe_init(&bed.pipe, bed.mem, &config), -EINVAL);
}
