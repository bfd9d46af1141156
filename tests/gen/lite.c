/* SPDX-License-Identifier: BSD-3-Clause */
/* --tcp lite against libtern's TCP: services, peers that misbehave, and a wire that loses. */
#include <inttypes.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/stage.h"

#define PERCENT(n) ((uint32_t)((n)*10000))

static void
lite_plan(struct stage *s, enum mode mode, enum protocol proto)
{
	stage_plan(s, mode, proto);
	s->engine = &engine_lite;
}

/* A connection takes six packets where the peer closes with its answer, and seven where not. */
Test(lite, crr_says_no_more_than_it_must)
{
	struct stage s;

	lite_plan(&s, MODE_CRR, PROTO_TCP);
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 20);
	/* SYN, request, FIN, the last ACK; and two for ARP. */
	stage_check(&s, stage_count(&s, COUNT_tx_pkts) <= 20 * 4 + 2, "%" PRIu64 " packets left",
		    stage_count(&s, COUNT_tx_pkts));
	stage_close(&s);
}

Test(lite, crr_may_end_with_a_reset)
{
	struct stage s;

	lite_plan(&s, MODE_CRR, PROTO_TCP);
	s.plan.close_rst = true;
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 20);
	stage_check(&s, stage_count(&s, COUNT_closed) == 20, "closed");
	stage_check(&s, stage_count(&s, COUNT_tx_pkts) <= 20 * 3 + 2, "%" PRIu64 " packets left",
		    stage_count(&s, COUNT_tx_pkts));
	stage_close(&s);
}

/* Sizes from nothing to many segments, both ways, with payloads that are the same or not. */
Test(lite, crr_of_any_size)
{
	static const uint32_t sizes[][2] = {
		{ 1, 1 },	{ 64, 1 },     { 1, 64 },	 { 1460, 1460 },     { 1461, 1461 },
		{ 4000, 4000 }, { 3, 100000 }, { 60000, 60000 }, { 100000, 100000 },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct stage s;

		lite_plan(&s, MODE_CRR, PROTO_TCP);
		s.plan.req_bytes = sizes[i][0];
		s.plan.rsp_bytes = sizes[i][1];
		s.plan.payload = i % 2 == 0 ? PAYLOAD_PRBS : PAYLOAD_RANDOM;
		s.plan.connections = 4;
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 20);
		stage_check(&s, stage_count(&s, COUNT_rx_payload) == 20 * (uint64_t)sizes[i][1],
			    "bytes received");
		stage_check(&s, stage_count(&s, COUNT_tx_payload) == 20 * (uint64_t)sizes[i][0],
			    "bytes sent");
		stage_check(&s, stage_count(&s, COUNT_rexmit_data) == 0, "sent again");
		stage_close(&s);
	}
}

Test(lite, rr_keeps_its_connections)
{
	struct stage s;

	lite_plan(&s, MODE_RR, PROTO_TCP);
	s.plan.connections = 10;
	s.plan.count = 500;
	s.ahead_ns = 0;
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 500);
	stage_check(&s, stage_count(&s, COUNT_opened) == 10, "opened");
	stage_check(&s, stage_count(&s, COUNT_closed) == 10, "closed");
	stage_check(&s, stage_count(&s, COUNT_responses) == 500, "responses");
	stage_all_took(&s, TIME_ttlb, 500, MS(2));
	/* A request each; a SYN, an ACK, the last one's ACK, a FIN and its ACK for a connection. */
	stage_check(&s, stage_count(&s, COUNT_tx_pkts) <= 500 + 10 * 5 + 2,
		    "%" PRIu64 " packets left", stage_count(&s, COUNT_tx_pkts));
	stage_close(&s);
}

Test(lite, rr_of_many_segments)
{
	struct stage s;

	lite_plan(&s, MODE_RR, PROTO_TCP);
	s.plan.connections = 5;
	s.plan.req_bytes = 5000;
	s.plan.rsp_bytes = 20000;
	s.plan.count = 100;
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 100);
	stage_close(&s);
}

Test(lite, http)
{
	static const enum mode modes[] = { MODE_CRR, MODE_RR };

	for (size_t i = 0; i < 2; i++) {
		struct stage s;

		lite_plan(&s, modes[i], PROTO_HTTP);
		s.plan.connections = 4;
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 20);
		stage_close(&s);
	}
}

Test(lite, hold_keeps_what_it_opened)
{
	struct stage s;

	lite_plan(&s, MODE_HOLD, PROTO_TCP);
	s.plan.connections = 200;
	s.plan.count = 200;
	s.plan.duration_ns = S(2);
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 200);
	stage_check(&s, stage_count(&s, COUNT_established) == 200, "established");
	stage_check(&s, stage_count(&s, COUNT_closed) == 200, "closed");
	stage_close(&s);
}

/* Each SYN is refused at once; and of nobody at all nothing is heard. */
Test(lite, nobody_listens)
{
	struct stage s;

	lite_plan(&s, MODE_CRR, PROTO_TCP);
	s.deaf = true;
	stage_open(&s);
	stage_run(&s);
	stage_all_failed(&s, 20, ERROR_refused);
	stage_close(&s);
}

static bool
loses_all(struct world *w, const struct line *line)
{
	(void)w;
	return line->tcp && line->from == B;
}

Test(lite, nobody_answers)
{
	struct stage s;

	lite_plan(&s, MODE_CRR, PROTO_TCP);
	s.plan.connections = 20;
	s.how.loses = loses_all;
	stage_open(&s);
	stage_run(&s);
	stage_all_failed(&s, 20, ERROR_timeout);
	/* RFC 6298 (2.1), (5.5): after 1 and 3 s, and 5 s are all there are. */
	stage_check(&s, stage_count(&s, COUNT_rexmit_syn) == 40, "SYNs again");
	stage_close(&s);
}

/* Whatever is lost comes again: all transactions end well, on wires of many kinds of badness. */
Test(lite, losses_are_made_good)
{
	static const enum mode modes[] = { MODE_CRR, MODE_RR, MODE_HOLD };

	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct stage s;

		lite_plan(&s, modes[seed % 3], seed % 2 == 0 ? PROTO_HTTP : PROTO_TCP);
		s.plan.seed = s.how.seed = seed;
		s.plan.connections = 1 + (uint32_t)seed % 7 * 9;
		s.plan.count = modes[seed % 3] == MODE_HOLD ? s.plan.connections : 300;
		s.plan.req_bytes = 1 + (uint32_t)seed * 700 % 9000;
		s.plan.rsp_bytes = seed % 2 == 0 ? 0 : 1 + (uint32_t)seed * 1700 % 20000;
		s.plan.timeout_ns = S(200);
		s.plan.duration_ns = S(36000);
		s.plan.interval_ns = S(6000);
		s.how.odds = (struct tern_faults_odds){ .loss_ppm = PERCENT(seed % 4 * 3),
							.copy_ppm = PERCENT(seed % 3),
							.corrupt_ppm = PERCENT(seed % 2),
							.delay_ppm = PERCENT(seed % 5),
							.delay_min_ns = MS(1),
							.delay_max_ns = MS(20) };
		stage_open(&s);
		stage_run(&s);
		stage_check(&s, s.result->ledger.done == s.plan.count,
			    "seed %" PRIu64 ": %" PRIu64 " done, %" PRIu64 " failed", seed,
			    s.result->ledger.done, s.result->ledger.failed);
		stage_close(&s);
	}
}
