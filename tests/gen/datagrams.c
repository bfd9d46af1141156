/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and answers over UDP and ICMP: each request ends in one way, whatever the wire does.
 */
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "gen/stand.h"

static struct stand stand;

static void
begin(enum protocol proto, uint32_t connections, uint32_t depth, uint32_t bytes)
{
	memset(&stand, 0, sizeof(stand));
	stand_plan(&stand, MODE_RR, proto);
	stand.plan.connections = connections;
	stand.plan.depth = depth;
	stand.plan.req_bytes = bytes;
	stand.plan.verify = true;
}

static void
go(uint64_t ns)
{
	cr_assert_eq(stand_open(&stand, &engine_datagrams), 0);
	stand_trial(&stand, ns);
}

static void
at_rate(double rate, uint64_t ns)
{
	stand.trial.open_loop = true;
	stand.trial.profile.phases[0] = (struct phase){ .from = rate, .to = rate, .ns = ns };
	stand.trial.profile.n = 1;
}

/* All ended well. */
static void
all_well(void)
{
	const struct ledger *l = &stand.w->ledger;

	cr_assert_eq(meter_errors(&stand.sum), 0);
	cr_assert_eq(l->launched, l->done);
	cr_assert_eq(stand_count(&stand, COUNT_responses), l->done);
	cr_assert_eq(stand.sum.time[TIME_ttlb].n, l->done);
	cr_assert_eq(stand_count(&stand, COUNT_other), 0);
	cr_assert_eq(stand_count(&stand, COUNT_duplicates), 0);
	stand_close(&stand);
}

Test(datagrams, every_kind_and_size_is_echoed)
{
	static const uint32_t sizes[] = { 0, 1, 7, 8, 9, 17, 18, 19, 64, 255, 1471, 1472 };
	static const uint8_t file[] = "PING\r\n";

	for (unsigned int udp = 0; udp < 2; udp++)
		for (unsigned int kind = 0; kind <= PAYLOAD_FILE; kind++)
			for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
				begin(udp ? PROTO_UDP : PROTO_ICMP, 5, 4, sizes[i]);
				stand.plan.payload = (enum payload)kind;
				stand.plan.file = file;
				stand.plan.file_bytes = sizeof(file) - 1;
				stand.trial.count = 200;
				go(5 * TERN_MS);
				cr_assert_eq(stand.w->ledger.done, 200);
				all_well();
			}
}

/* One after the other: 20 us, and a frame of 64 + 42 bytes and 24 at 10 Gbit/s, there and back. */
Test(datagrams, a_closed_loop_keeps_so_many_under_way)
{
	uint64_t each = 20000 + 2 * (64 + 42 + 24) * 8 / 10;

	begin(PROTO_UDP, 1, 1, 64);
	go(100 * TERN_MS);
	cr_assert_leq(stand.sum.time[TIME_ttlb].least_ns, each + 2);
	cr_assert(stand.w->ledger.done > 100 * TERN_MS / each * 98 / 100 &&
		  stand.w->ledger.done <= 100 * TERN_MS / each + 1);
	all_well();
	begin(PROTO_UDP, 16, 4, 64);
	go(10 * TERN_MS);
	cr_assert_gt(stand.w->ledger.done, 64 * 10 * TERN_MS / (each + 64 * 104) * 95 / 100);
	all_well();
}

static void
loses(bool verify, uint32_t bytes, enum payload payload)
{
	const struct ledger *l;

	begin(PROTO_UDP, 32, 4, bytes);
	stand.plan.verify = verify;
	stand.plan.payload = payload;
	stand.plan.timeout_ns = 5 * TERN_MS;
	stand.odds[0] = (struct tern_faults_odds){ .loss_ppm = 20000, .copy_ppm = 20000 };
	stand.odds[1] = (struct tern_faults_odds){ .loss_ppm = 10000 };
	at_rate(100000, 200 * TERN_MS);
	go(200 * TERN_MS + 1);
	l = &stand.w->ledger;
	cr_assert_eq(l->launched, 20000);
	cr_assert_eq(l->done + l->failed, 20000);
	cr_assert_eq(l->failed, stand.sum.error[ERROR_timeout]);
	cr_assert(l->failed > 200 && l->failed < 800, "%lu failed", l->failed);
	cr_assert_eq(stand_count(&stand, COUNT_responses) + stand_count(&stand, COUNT_duplicates) +
			     stand_count(&stand, COUNT_other),
		     stand.came);
	stand_close(&stand);
}

Test(datagrams, what_is_lost_times_out)
{
	loses(true, 64, PAYLOAD_PRBS);
	loses(true, 64, PAYLOAD_RANDOM);
}

/* With no room for a tag a copy cannot be told from the answer to the next request. */
Test(datagrams, answers_without_a_tag_belong_to_the_oldest)
{
	loses(false, 2, PAYLOAD_ZERO);
}

Test(datagrams, a_late_answer_is_no_answer)
{
	begin(PROTO_ICMP, 8, 1, 64);
	stand.plan.timeout_ns = TERN_MS;
	stand.delay_ns = TERN_MS;
	at_rate(1000, 100 * TERN_MS);
	go(110 * TERN_MS);
	cr_assert_eq(stand.sum.error[ERROR_timeout], 100);
	cr_assert_eq(stand_count(&stand, COUNT_responses), 0);
	cr_assert_geq(stand_count(&stand, COUNT_other), 99);
	stand_close(&stand);
}

Test(datagrams, corruption_is_noticed)
{
	const struct ledger *l;

	begin(PROTO_UDP, 32, 1, 512);
	stand.plan.timeout_ns = 5 * TERN_MS;
	stand.odds[1] = (struct tern_faults_odds){ .corrupt_ppm = 100000 };
	at_rate(100000, 100 * TERN_MS);
	go(100 * TERN_MS + 1);
	l = &stand.w->ledger;
	cr_assert_gt(stand.sum.error[ERROR_bad_cksum], 700);
	cr_assert_eq(stand.sum.error[ERROR_bad_payload], 0, "a checksum that was right");
	cr_assert_eq(l->done + l->failed, l->launched);
	stand_close(&stand);
}

/* Nobody listens there: the port is unreachable, at once. */
Test(datagrams, a_shut_port_is_unreachable)
{
	begin(PROTO_UDP, 4, 1, 64);
	stand.plan.target_port = 9;
	stand.trial.count = 100;
	go(50 * TERN_MS);
	cr_assert_eq(stand.sum.error[ERROR_unreachable], 100);
	cr_assert_eq(stand.w->ledger.failed, 100);
	stand_close(&stand);
}

Test(datagrams, what_still_stands_at_the_end_is_aborted)
{
	begin(PROTO_UDP, 10, 2, 64);
	stand.plan.timeout_ns = TERN_MS;
	stand.delay_ns = 100 * TERN_MS;
	stand.plan.timeout_ns = 10 * TERN_MS;
	go(5 * TERN_MS);
	cr_assert_eq(stand.sum.error[ERROR_aborted] + stand.sum.error[ERROR_timeout], 20);
	cr_assert_eq(stand.w->ledger.inflight, 0);
	stand_close(&stand);
}

/* The second trial knows nothing of the first one's answers. */
Test(datagrams, trials_are_apart)
{
	begin(PROTO_UDP, 10, 2, 64);
	stand.delay_ns = 8 * TERN_MS;
	stand.plan.timeout_ns = TERN_MS;
	cr_assert_eq(stand_open(&stand, &engine_datagrams), 0);
	stand_trial(&stand, 2 * TERN_MS);
	stand.plan.timeout_ns = 100 * TERN_MS;
	stand_trial(&stand, 50 * TERN_MS);
	cr_assert_gt(stand_count(&stand, COUNT_duplicates), 0);
	cr_assert_eq(meter_errors(&stand.sum), 0);
	cr_assert_geq(stand.sum.time[TIME_ttlb].least_ns, 16 * TERN_MS);
	stand_close(&stand);
}

Test(datagrams, a_datagram_that_the_port_does_not_take_is_refused)
{
	begin(PROTO_UDP, 1, 1, 1473);
	cr_assert_eq(stand_open(&stand, &engine_datagrams), -1);
}
