/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and responses on connections that stay, over libtern's TCP. */
#include <inttypes.h>

#include <criterion/criterion.h>

#include "gen/engines/request.h"
#include "gen/peer.h"
#include "gen/stage.h"

#define PERCENT(n) ((uint32_t)((n)*10000))
#define SAYS(text) (text), sizeof(text) - 1

static const struct {
	enum protocol proto;
	uint32_t req, rsp, depth;
} shapes[] = {
	{ PROTO_TCP, 64, 0, 1 },      { PROTO_TCP, 64, 0, 8 }, { PROTO_TCP, 3000, 0, 5 },
	{ PROTO_TCP, 100, 20000, 4 }, { PROTO_HTTP, 0, 0, 1 }, { PROTO_HTTP, 0, 500, 10 },
	{ PROTO_HTTP, 0, 100000, 3 },
};

Test(rr, each_request_has_its_response)
{
	for (size_t i = 0; i < RTE_DIM(shapes); i++) {
		struct stage s;

		stage_plan(&s, MODE_RR, shapes[i].proto);
		s.plan.connections = 4;
		s.plan.count = 400;
		s.plan.req_bytes = shapes[i].req;
		s.plan.rsp_bytes = shapes[i].rsp;
		s.plan.depth = shapes[i].depth;
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 400);
		stage_check(&s, stage_count(&s, COUNT_opened) == 4, "opened");
		stage_check(&s, stage_count(&s, COUNT_requests) == 400, "requests");
		stage_check(&s, stage_count(&s, COUNT_responses) == 400, "responses");
		stage_check(&s, stage_count(&s, COUNT_closed) == 4, "closed");
		stage_check(&s, stage_count(&s, COUNT_rexmit_data) == 0, "data again");
		stage_check(&s, s.result->total.time[TIME_ttlb].n == 400, "times");
		stage_check(&s, s.result->total.time[TIME_ttfb].n == 400, "times");
		stage_close(&s);
	}
}

Test(rr, a_request_takes_a_round_trip)
{
	struct stage s;

	stage_plan(&s, MODE_RR, PROTO_TCP);
	s.ahead_ns = 0;
	s.plan.depth = 3;
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 20);
	stage_all_took(&s, TIME_ttlb, 20, MS(2));
	stage_close(&s);
}

Test(rr, survives_losses)
{
	uint64_t bad = 0;

	for (size_t i = 0; i < RTE_DIM(shapes); i++) {
		struct stage s;

		stage_plan(&s, MODE_RR, shapes[i].proto);
		s.how.seed = i + 1;
		s.how.odds.loss_ppm = PERCENT(3);
		s.how.odds.corrupt_ppm = PERCENT(1);
		s.plan.connections = 8;
		s.plan.count = 300;
		s.plan.timeout_ns = S(60);
		s.plan.duration_ns = S(600);
		s.plan.req_bytes = shapes[i].req;
		s.plan.rsp_bytes = shapes[i].rsp;
		s.plan.depth = shapes[i].depth;
		stage_open(&s);
		stage_run(&s);
		stage_check(&s, s.result->ledger.done == 300 && s.result->ledger.failed == 0,
			    "%" PRIu64 " done", s.result->ledger.done);
		stage_check(&s, meter_errors(&s.result->total) == 0, "errors");
		bad += stage_count(&s, COUNT_damaged);
		stage_close(&s);
	}
	cr_assert_gt(bad, 0, "no bad checksum");
}

/* Closes after each third response: what was not answered is asked again, and nothing fails. */
static void
opens_again_what_the_server_closes(const struct engine *engine)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";

	for (uint32_t depth = 1; depth <= 8; depth += 7) {
		struct stage s;
		struct peer peer;

		stage_plan(&s, MODE_RR, PROTO_HTTP);
		s.engine = engine;
		s.plan.depth = depth;
		s.plan.count = 30;
		peer_init(&peer, (uint32_t)request_text_bytes(&s.plan) - 1, SAYS(text),
			  PEER_CLOSES);
		peer.times = 3;
		s.peer = &peer.vt;
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 30);
		stage_check(&s, stage_count(&s, COUNT_opened) >= 10, "opened");
		stage_check(&s, stage_count(&s, COUNT_responses) == 30, "responses");
		stage_close(&s);
	}
}

Test(rr, opens_again_what_the_server_closes)
{
	opens_again_what_the_server_closes(&engine_full);
}

Test(rr, opens_again_what_the_server_closes_lite)
{
	opens_again_what_the_server_closes(&engine_lite);
}

/* The bodies of http by their lengths. */
static void
http_has_bodies_of_many_lengths(const struct engine *engine)
{
	static const struct {
		const char *url;
		uint64_t bytes;
	} cases[] = { { "/bytes/1", 1 },	   { "/bytes/1024", 1024 },
		      { "/bytes/100000", 100000 }, { "/bytes/12345", 12345 },
		      { "/bytes/0x", 17 },	   { "/", 17 } };

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct stage s;
		uint64_t least = 20 * cases[i].bytes;

		stage_plan(&s, MODE_RR, PROTO_HTTP);
		s.engine = engine;
		s.plan.url = cases[i].url;
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 20);
		stage_check(&s,
			    stage_count(&s, COUNT_rx_payload) > least &&
				    stage_count(&s, COUNT_rx_payload) < least + 20 * 200,
			    "%s: %" PRIu64 " bytes", cases[i].url,
			    stage_count(&s, COUNT_rx_payload));
		stage_close(&s);
	}
}

Test(rr, http_has_bodies_of_many_lengths)
{
	http_has_bodies_of_many_lengths(&engine_full);
}

Test(rr, http_has_bodies_of_many_lengths_lite)
{
	http_has_bodies_of_many_lengths(&engine_lite);
}

/* Without a file to compare with, bodies have to be alike: each second one is not. */
Test(rr, compares_bodies)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"
				   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo";
	static const uint8_t two[] = { 't', 'w', 'o' };

	for (int file = 0; file < 2; file++) {
		struct stage s;
		struct peer peer;

		stage_plan(&s, MODE_RR, PROTO_HTTP);
		if (file) {
			s.plan.payload = PAYLOAD_FILE;
			s.plan.file = two;
			s.plan.file_bytes = sizeof(two);
		}
		peer_init(&peer, (uint32_t)request_text_bytes(&s.plan) - 1, text,
			  (sizeof(text) - 1) / 2, PEER_STAYS);
		peer.times = 1000;
		peer.all = sizeof(text) - 1;
		s.peer = &peer.vt;
		stage_open(&s);
		stage_run(&s);
		stage_check(&s, stage_error(&s, ERROR_bad_payload) == 10, "wrong bodies");
		stage_check(&s, s.result->ledger.done == 10, "right bodies");
		stage_close(&s);
	}
}

static const struct {
	const char *name;
	uint32_t needs;
	const char *says;
	uint32_t bytes, times;
	enum peer_end end;
	enum error error;
} peers[] = {
	{ "stalls", 64, SAYS(""), 1, PEER_STAYS, ERROR_timeout },
	{ "resets", 64, SAYS(""), 1, PEER_RESETS, ERROR_rst },
	{ "closes at once", 0, SAYS(""), 1, PEER_CLOSES, ERROR_bad_length },
	{ "closes within", 64, SAYS("0123456789"), 1, PEER_CLOSES, ERROR_bad_length },
	{ "says the wrong thing", 64,
	  SAYS("0123456789012345678901234567890123456789012345678901234567890123"), 1000,
	  PEER_STAYS, ERROR_bad_payload },
};

static void
tells_what_was_wrong(const struct engine *engine)
{
	enum { N = 16 };

	for (size_t i = 0; i < RTE_DIM(peers); i++) {
		struct stage s;
		struct peer peer;

		fprintf(stderr, "%s\n", peers[i].name);
		stage_plan(&s, MODE_RR, PROTO_TCP);
		s.engine = engine;
		s.plan.verify = peers[i].error == ERROR_bad_payload;
		s.plan.count = N;
		s.plan.depth = 4;
		s.plan.connections = 2;
		peer_init(&peer, peers[i].needs, peers[i].says, peers[i].bytes, peers[i].end);
		peer.times = peers[i].times;
		s.peer = &peer.vt;
		stage_open(&s);
		stage_run(&s);
		stage_all_failed(&s, N, peers[i].error);
		stage_close(&s);
	}
}

Test(rr, tells_what_was_wrong)
{
	tells_what_was_wrong(&engine_full);
}

Test(rr, tells_what_was_wrong_lite)
{
	tells_what_was_wrong(&engine_lite);
}

static void
tells_of_a_closed_port(const struct engine *engine)
{
	struct stage s;

	stage_plan(&s, MODE_RR, PROTO_TCP);
	s.engine = engine;
	s.deaf = true;
	s.plan.depth = 2;
	stage_open(&s);
	stage_run(&s);
	stage_all_failed(&s, 20, ERROR_refused);
	stage_close(&s);
}

Test(rr, tells_of_a_closed_port)
{
	tells_of_a_closed_port(&engine_full);
}

Test(rr, tells_of_a_closed_port_lite)
{
	tells_of_a_closed_port(&engine_lite);
}

/* 900 connections: more than are opened at once. */
static void
begins_when_all_connections_stand(const struct engine *engine)
{
	struct stage s;

	stage_plan(&s, MODE_RR, PROTO_TCP);
	s.engine = engine;
	s.how.connections = 1024;
	s.plan.connections = 900;
	s.plan.count = 1800;
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 1800);
	stage_check(&s, stage_count(&s, COUNT_opened) == 900, "opened");
	stage_close(&s);
}

Test(rr, begins_when_all_connections_stand)
{
	begins_when_all_connections_stand(&engine_full);
}

Test(rr, begins_when_all_connections_stand_lite)
{
	begins_when_all_connections_stand(&engine_lite);
}
