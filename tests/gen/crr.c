/* SPDX-License-Identifier: BSD-3-Clause */
/* Connect, request, response, close over libtern's TCP, against services and against bad peers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/engines/request.h"
#include "gen/peer.h"
#include "gen/stage.h"
#include "kit/trap.h"

#define PERCENT(n) ((uint32_t)((n)*10000))

/* The SYN's round trip, then the request's; then FIN and FIN. */
static void
times_are_round_trips(const struct engine *engine)
{
	struct stage s;

	stage_plan(&s, MODE_CRR, PROTO_TCP);
	s.engine = engine;
	s.ahead_ns = 0;
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 20);
	stage_all_took(&s, TIME_connect, 20, MS(2));
	stage_all_took(&s, TIME_connect_naive, 20, MS(2));
	stage_all_took(&s, TIME_ttfb, 20, MS(4));
	stage_all_took(&s, TIME_ttfb_naive, 20, MS(2));
	stage_all_took(&s, TIME_ttlb, 20, MS(4));
	stage_all_took(&s, TIME_ttlb_naive, 20, MS(2));
	stage_all_took(&s, TIME_close, 20, MS(2));
	stage_check(&s, stage_count(&s, COUNT_opened) == 20, "opened");
	stage_check(&s, stage_count(&s, COUNT_established) == 20, "established");
	stage_check(&s, stage_count(&s, COUNT_requests) == 20, "requests");
	stage_check(&s, stage_count(&s, COUNT_responses) == 20, "responses");
	stage_check(&s, stage_count(&s, COUNT_closed) == 20, "closed");
	stage_check(&s, stage_count(&s, COUNT_tx_payload) == 20 * 64, "bytes sent");
	stage_check(&s, stage_count(&s, COUNT_rx_payload) == 20 * 64, "bytes received");
	stage_close(&s);
}

Test(crr, times_are_round_trips)
{
	times_are_round_trips(&engine_full);
}

Test(crr, times_are_round_trips_lite)
{
	times_are_round_trips(&engine_lite);
}

/* The right end of a connection is the protocol's, and where asked for, a reset. */
Test(crr, closes_by_fin_or_by_reset)
{
	for (int rst = 0; rst < 2; rst++) {
		struct stage s;

		stage_plan(&s, MODE_CRR, PROTO_HTTP);
		s.plan.close_rst = rst;
		s.plan.rsp_bytes = 1000;
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 20);
		stage_check(&s, stage_count(&s, COUNT_closed) == 20, "closed");
		stage_check(&s, s.result->total.time[TIME_close].n == (rst ? 0 : 20),
			    "close times");
		stage_check(&s, world_count(s.w, A, TERN_EV_TCP_RESETS_OUT) == (rst ? 20 : 0),
			    "resets");
		stage_close(&s);
	}
}

/* All segments, and who sent the first FIN of a connection. */
static struct {
	uint64_t segments, first_fins[2];
} seen;

static bool
count_all(struct world *w, const struct line *line)
{
	enum { FIN = 1 };
	static unsigned int fins;

	(void)w;
	seen.segments += line->tcp;
	if (line->tcp && (line->flags & FIN) != 0 && fins++ % 2 == 0)
		seen.first_fins[line->from]++;
	return false;
}

/* RFC 9112 §9.6: the server is asked to close, and its FIN rides on the response. */
static void
http_takes_six_packets(const struct engine *engine)
{
	static const struct {
		const char *headers;
		uint64_t segments; /* of a connection */
		unsigned int closer;
	} cases[] = {
		{ "", 6, B },
		{ "Accept: */*\r\n", 6, B },
		{ "connection: keep-alive\r\n", 7, A },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct stage s;

		stage_plan(&s, MODE_CRR, PROTO_HTTP);
		s.engine = engine;
		s.plan.headers = cases[i].headers;
		s.how.loses = count_all;
		memset(&seen, 0, sizeof(seen));
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 20);
		stage_check(&s, stage_count(&s, COUNT_closed) == 20, "closed");
		stage_check(&s, seen.segments == 20 * cases[i].segments, "%" PRIu64 " segments",
			    seen.segments);
		stage_check(&s, seen.first_fins[cases[i].closer] == 20, "who closes");
		stage_close(&s);
	}
}

Test(crr, http_takes_six_packets)
{
	http_takes_six_packets(&engine_full);
}

Test(crr, http_takes_six_packets_lite)
{
	http_takes_six_packets(&engine_lite);
}

/* The trials of a suite are of several modes, each with its own request in the same memory. */
Test(crr, only_its_requests_ask_to_close)
{
	static const struct {
		enum mode mode;
		bool rst;
		const char *headers;
		bool asks;
	} cases[] = {
		{ MODE_CRR, false, "", true },
		{ MODE_RR, false, "", false },
		{ MODE_CRR, true, "", false },
		{ MODE_STREAM, false, "", false },
		{ MODE_CRR, false, "Connection: x\r\n", false },
		{ MODE_CRR, false, "X-Connection: x\r\n", true },
	};
	struct stage s;
	struct request r;

	stage_plan(&s, MODE_RR, PROTO_HTTP);
	s.plan.suite = SUITE_RFC9411;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		size_t room;
		char *text;

		s.plan.mode = MODE_RR;
		s.plan.headers = cases[i].headers;
		s.plan.close_rst = cases[i].rst;
		room = request_text_bytes(&s.plan);
		text = malloc(room);
		request_init(&r, &s.plan, text);
		cr_assert_null(strstr(text, "close"));
		s.plan.mode = cases[i].mode;
		request_set(&r, &s.plan);
		cr_assert_eq(strstr(text, "Connection: close\r\n") != NULL, cases[i].asks, "%s",
			     text);
		cr_assert_eq(strlen(text), r.bytes);
		cr_assert_leq(r.bytes, room - 1);
		cr_assert_str_eq(text + r.bytes - 4, "\r\n\r\n");
		free(text);
	}
}

/* What A sent, as the wire saw it. */
static struct {
	uint64_t syns, fins;
} sent;

static bool
count_sent(struct world *w, const struct line *line)
{
	enum { FIN = 1, SYN = 2 };

	(void)w;
	if (line->from == A && line->tcp) {
		sent.syns += (line->flags & SYN) != 0;
		sent.fins += (line->flags & FIN) != 0;
	}
	return false;
}

/* What is lost is sent again: every transaction still ends well, and what was repeated is told. */
Test(crr, survives_losses)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct stage s;
		uint64_t syn, fin, data;

		stage_plan(&s, MODE_CRR, PROTO_HTTP);
		s.how.seed = seed;
		s.how.odds.loss_ppm = PERCENT(5);
		s.how.loses = count_sent;
		sent.syns = sent.fins = 0;
		s.plan.connections = 32;
		s.plan.count = 300;
		s.plan.timeout_ns = S(60);
		s.plan.duration_ns = S(600);
		s.plan.rsp_bytes = 20000;
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 300);
		syn = stage_count(&s, COUNT_rexmit_syn);
		fin = stage_count(&s, COUNT_rexmit_fin);
		data = stage_count(&s, COUNT_rexmit_data);
		stage_check(&s, syn > 0 && sent.syns == 300 + syn, "%" PRIu64 " SYNs", syn);
		stage_check(&s, fin > 0 && sent.fins == 300 + fin, "%" PRIu64 " FINs", fin);
		stage_check(&s,
			    data > 0 && syn + fin + data ==
						world_count(s.w, A, TERN_EV_TCP_RETRANSMITTED),
			    "%" PRIu64 " requests again", data);
		stage_check(&s,
			    stage_count(&s, COUNT_tx_payload) ==
				    300 * (request_text_bytes(&s.plan) - 1),
			    "bytes counted twice");
		stage_close(&s);
	}
}

/* Open loop: the response that waits for its turn is late from when it was due. */
static void
open_loop_counts_from_when_it_was_due(const struct engine *engine)
{
	struct stage s;

	stage_plan(&s, MODE_CRR, PROTO_TCP);
	s.engine = engine;
	s.plan.open_loop = true;
	s.plan.count = 0;
	s.plan.duration_ns = S(2);
	s.plan.profile = (struct profile){ .n = 1,
					   .phases = { { 1000, 1000, S(2) } },
					   .pacing = PACING_UNIFORM };
	s.plan.max_outstanding = 3; /* one takes 6 ms: it can be 500 a second */
	stage_open(&s);
	stage_run(&s);
	stage_check(&s, s.result->ledger.shed > 900, "%" PRIu64 " shed", s.result->ledger.shed);
	stage_check(&s, s.result->ledger.done > 900, "%" PRIu64 " done", s.result->ledger.done);
	stage_check(&s, meter_errors(&s.result->total) == 0, "errors");
	stage_close(&s);
}

Test(crr, open_loop_counts_from_when_it_was_due)
{
	open_loop_counts_from_when_it_was_due(&engine_full);
}

Test(crr, open_loop_counts_from_when_it_was_due_lite)
{
	open_loop_counts_from_when_it_was_due(&engine_lite);
}

/* Bad peers ----------------------------------------------------------------------------------- */

#define SAYS(text) (text), sizeof(text) - 1

static const struct {
	const char *name;
	enum protocol proto;
	bool verify;
	uint32_t needs;
	const char *says;
	uint32_t bytes;
	enum peer_end end;
	enum error error; /* ERRORS_N: none */
	uint32_t rsp_bytes;
} peers[] = {
	{ "stalls", PROTO_TCP, true, 64, SAYS(""), PEER_STAYS, ERROR_timeout, 0 },
	{ "resets", PROTO_TCP, true, 64, SAYS(""), PEER_RESETS, ERROR_rst, 0 },
	{ "closes at once", PROTO_TCP, true, 0, SAYS(""), PEER_CLOSES, ERROR_bad_length, 0 },
	{ "closes early", PROTO_TCP, false, 64, SAYS("0123456789"), PEER_CLOSES, ERROR_bad_length,
	  0 },
	{ "says too much", PROTO_TCP, false, 64,
	  SAYS("0123456789012345678901234567890123456789012345678901234567890123+"), PEER_CLOSES,
	  ERROR_bad_length, 0 },
	{ "says the wrong thing", PROTO_TCP, true, 64,
	  SAYS("0123456789012345678901234567890123456789012345678901234567890123"), PEER_STAYS,
	  ERROR_bad_payload, 0 },
	{ "says enough", PROTO_TCP, false, 64,
	  SAYS("0123456789012345678901234567890123456789012345678901234567890123"), PEER_CLOSES,
	  ERRORS_N, 0 },
	{ "http: stalls within", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), PEER_STAYS, ERROR_timeout,
	  0 },
	{ "http: closes within", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), PEER_CLOSES, ERROR_bad_length,
	  0 },
	{ "http: says too much", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n12345"), PEER_STAYS, ERROR_bad_length,
	  0 },
	{ "http: another status", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno\n"), PEER_STAYS,
	  ERROR_bad_status, 0 },
	{ "http: no http", PROTO_HTTP, true, 1, SAYS("SSH-2.0-OpenSSH_9.2p1 Debian\r\n"),
	  PEER_STAYS, ERROR_bad_status, 0 },
	{ "http: no http, and closes", PROTO_HTTP, true, 1, SAYS("HTTP"), PEER_CLOSES,
	  ERROR_bad_status, 0 },
	{ "http: bad length", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n\r\n12345"), PEER_STAYS, ERROR_bad_length,
	  0 },
	{ "http: not the length asked for", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n123"), PEER_STAYS, ERROR_bad_length,
	  4 },
	{ "http: no length", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.0 200 OK\r\nServer: old\r\n\r\n12345"), PEER_CLOSES, ERRORS_N, 0 },
	{ "http: chunks", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "5;a=b\r\n12345\r\n1\r\n6\r\n0\r\nX: y\r\n\r\n"),
	  PEER_STAYS, ERRORS_N, 0 },
	{ "http: interim", PROTO_HTTP, true, 1,
	  SAYS("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	       "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"),
	  PEER_CLOSES, ERRORS_N, 0 },
};

static void
tells_what_was_wrong(const struct engine *engine)
{
	enum { N = 10 };

	for (size_t i = 0; i < RTE_DIM(peers); i++) {
		struct stage s;
		struct peer peer;

		stage_plan(&s, MODE_CRR, peers[i].proto);
		s.engine = engine;
		s.plan.verify = peers[i].verify;
		s.plan.rsp_bytes = peers[i].rsp_bytes;
		s.plan.count = N;
		s.plan.connections = 3;
		peer_init(&peer, peers[i].needs, peers[i].says, peers[i].bytes, peers[i].end);
		s.peer = &peer.vt;
		stage_open(&s);
		stage_run(&s);
		fprintf(stderr, "%s\n", peers[i].name);
		if (peers[i].error == ERRORS_N)
			stage_all_well(&s, N);
		else
			stage_all_failed(&s, N, peers[i].error);
		stage_close(&s);
	}
}

Test(crr, tells_what_was_wrong)
{
	tells_what_was_wrong(&engine_full);
}

Test(crr, tells_what_was_wrong_lite)
{
	tells_what_was_wrong(&engine_lite);
}

static void
tells_of_a_closed_port(const struct engine *engine)
{
	struct stage s;

	stage_plan(&s, MODE_CRR, PROTO_TCP);
	s.engine = engine;
	s.deaf = true;
	stage_open(&s);
	stage_run(&s);
	stage_all_failed(&s, 20, ERROR_refused);
	stage_close(&s);
}

Test(crr, tells_of_a_closed_port)
{
	tells_of_a_closed_port(&engine_full);
}

Test(crr, tells_of_a_closed_port_lite)
{
	tells_of_a_closed_port(&engine_lite);
}

/* A trial that is not waited for: what still stands is given up, and told. */
static void
gives_up_in_the_end(const struct engine *engine)
{
	struct stage s;
	struct peer peer;
	struct worker *w;

	stage_plan(&s, MODE_CRR, PROTO_TCP);
	s.engine = engine;
	s.plan.connections = 7;
	peer_init(&peer, 64, SAYS(""), PEER_STAYS);
	s.peer = &peer.vt;
	stage_open(&s);
	w = s.bench.workers[0];
	stage_order(&s, WORKER_BEGIN);
	world_pass(s.w, S(1));
	stage_check(&s, w->outstanding == 7, "%" PRIu32 " stand", w->outstanding);
	stage_order(&s, WORKER_END);
	stage_check(&s, w->outstanding == 0, "%" PRIu32 " stand", w->outstanding);
	stage_check(&s, w->meter->error[ERROR_aborted] == 7, "not aborted");
	stage_check(&s, w->ledger.launched == 7 && w->ledger.failed == 7, "not failed");
	stage_close(&s);
}

Test(crr, gives_up_in_the_end)
{
	gives_up_in_the_end(&engine_full);
}

Test(crr, gives_up_in_the_end_lite)
{
	gives_up_in_the_end(&engine_lite);
}

/* What a trial takes it has from the beginning. */
static void
allocates_nothing_while_it_runs(const struct engine *engine)
{
	const char *first = NULL;
	unsigned long calls;
	struct stage s;

	stage_plan(&s, MODE_CRR, PROTO_HTTP);
	s.engine = engine;
	s.plan.connections = 16;
	s.plan.count = 0;
	s.how.odds.loss_ppm = PERCENT(2);
	stage_open(&s);
	trap_begin();
	stage_order(&s, WORKER_BEGIN);
	world_pass(s.w, S(5));
	stage_order(&s, WORKER_STOP);
	world_pass(s.w, S(20));
	calls = trap_end(&first);
	stage_check(&s, calls == 0, "%lu allocations, the first is %s()", calls, first);
	stage_check(&s, s.bench.workers[0]->ledger.done > 1000, "%" PRIu64 " done",
		    s.bench.workers[0]->ledger.done);
	stage_order(&s, WORKER_END);
	stage_close(&s);
}

Test(crr, allocates_nothing_while_it_runs)
{
	allocates_nothing_while_it_runs(&engine_full);
}

Test(crr, allocates_nothing_while_it_runs_lite)
{
	allocates_nothing_while_it_runs(&engine_lite);
}

/* The trials of a suite follow one another on the same stack, of one kind and of others. */
static void
trials_follow_one_another(const struct engine *engine)
{
	static const struct {
		enum mode mode;
		uint32_t connections, depth;
		bool open_loop;
	} trials[] = {
		{ MODE_CRR, 10, 1, false },  { MODE_RR, 5, 2, false },	{ MODE_CRR, 10, 1, true },
		{ MODE_HOLD, 10, 1, false }, { MODE_RR, 10, 1, false }, { MODE_CRR, 1, 1, false },
	};
	struct stage s;

	stage_plan(&s, MODE_CRR, PROTO_HTTP);
	s.engine = engine;
	s.plan.suite = SUITE_RFC9411;
	s.plan.connections = 10;
	s.plan.depth = 2;
	s.plan.max_outstanding = 20;
	stage_open(&s);
	for (size_t i = 0; i < RTE_DIM(trials); i++) {
		struct plan plan = s.plan;
		struct trial trial;

		plan.mode = trials[i].mode;
		plan.connections = trials[i].connections;
		plan.depth = trials[i].depth;
		trial_at_rate(&plan, 1000, S(1), &trial);
		trial.open_loop = trials[i].open_loop;
		trial.plan = &plan;
		stage_check(&s, trial_run(&s.bench, &trial, NULL, s.result) == 0, "trial %zu", i);
		stage_check(&s, s.result->ledger.balanced, "trial %zu: no balance", i);
		stage_all_well(&s, s.result->ledger.launched);
		stage_check(&s, s.result->ledger.launched >= trials[i].connections,
			    "trial %zu: %" PRIu64, i, s.result->ledger.launched);
	}
	stage_close(&s);
}

Test(crr, trials_follow_one_another)
{
	trials_follow_one_another(&engine_full);
}

Test(crr, trials_follow_one_another_lite)
{
	trials_follow_one_another(&engine_lite);
}
