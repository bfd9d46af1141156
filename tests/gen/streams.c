/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams and held connections over libtern's TCP. */
#include <inttypes.h>

#include <criterion/criterion.h>

#include "gen/engines/request.h"
#include "gen/peer.h"
#include "gen/stage.h"

#define PERCENT(n) ((uint32_t)((n)*10000))
#define SAYS(text) (text), sizeof(text) - 1

enum way { SEND, RECEIVE, BOTH, WAYS };

static void
stream_plan(struct stage *s, enum way way)
{
	stage_plan(s, MODE_STREAM, PROTO_TCP);
	s->plan.parallel = 4;
	s->plan.connections = 4;
	s->plan.count = 0;
	s->plan.duration_ns = S(1);
	s->plan.reverse = way == RECEIVE;
	s->plan.bidir = way == BOTH;
	for (unsigned int i = 0; i < 2; i++)
		s->how.link[i] =
			(struct tern_pipe_link){ .rate_bps = 50000000, .queue_bytes = 200000 };
}

/* Payload of `bits` a second, for a second, is at least so much of what the link can carry. */
static void
check_share(const struct stage *s, uint64_t bytes, double least)
{
	double share = (double)bytes * 8 / 50e6;

	stage_check(s, share > least && share < 1.1, "%.2f of the link", share);
}

Test(stream, fills_the_link_each_way)
{
	for (enum way way = SEND; way < WAYS; way++) {
		struct stage s;

		stream_plan(&s, way);
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 4);
		if (way != RECEIVE)
			check_share(&s, stage_count(&s, COUNT_tx_payload), 0.8);
		if (way != SEND)
			check_share(&s, stage_count(&s, COUNT_rx_payload), 0.8);
		stage_close(&s);
	}
}

Test(stream, survives_losses)
{
	for (enum way way = SEND; way < WAYS; way++) {
		struct stage s;

		stream_plan(&s, way);
		s.how.seed = 10 + way;
		s.how.odds.loss_ppm = PERCENT(1);
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 4);
		stage_check(&s, way == RECEIVE || stage_count(&s, COUNT_rexmit_data) > 0,
			    "nothing again");
		stage_close(&s);
	}
}

/* What is not like the pattern is found, and so is an echo that stops. */
Test(stream, tells_of_wrong_bytes_and_early_ends)
{
	static const struct {
		enum way way;
		uint32_t needs;
		enum peer_end end;
		enum error error;
	} cases[] = {
		{ RECEIVE, 0, PEER_STAYS, ERROR_bad_payload },
		{ BOTH, 100, PEER_STAYS, ERROR_bad_payload },
		{ SEND, 100, PEER_CLOSES, ERROR_bad_length },
		{ SEND, 100, PEER_RESETS, ERROR_rst },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct stage s;
		struct peer peer;

		stream_plan(&s, cases[i].way);
		s.plan.count = 10;
		peer_init(&peer, cases[i].needs, SAYS("not what was expected"), cases[i].end);
		s.peer = &peer.vt;
		stage_open(&s);
		stage_run(&s);
		stage_all_failed(&s, 10, cases[i].error);
		stage_close(&s);
	}
}

/* A peer that takes nothing more, from its beginning or after a while, is given up. */
static uint64_t takes;

static enum tern_verdict
take_some(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	(void)user;
	(void)in;
	if ((uintptr_t)conn->data >= takes)
		return TERN_DROP_USER;
	conn->data = (void *)((uintptr_t)conn->data + in->len);
	return TERN_DONE;
}

Test(stream, tells_of_a_stall)
{
	for (takes = 0; takes <= 100000; takes += 100000) {
		struct tern_tcp_user stalls = { .on_data = take_some };
		struct stage s;

		stream_plan(&s, SEND);
		s.peer = &stalls;
		s.plan.count = 4;
		s.plan.duration_ns = S(20);
		stage_open(&s);
		stage_run(&s);
		stage_all_failed(&s, 4, ERROR_timeout);
		stage_check(&s, stage_count(&s, COUNT_tx_payload) >= 4 * takes, "what it took");
		stage_close(&s);
	}
}

/* An echo has to give back all before it ends. */
Test(stream, tells_of_an_echo_that_is_not_whole)
{
	struct tern_tcp_user silent = { 0 };
	struct stage s;

	stream_plan(&s, BOTH);
	s.peer = &silent;
	stage_open(&s);
	stage_run(&s);
	stage_all_failed(&s, 4, ERROR_bad_length);
	stage_close(&s);
}

/* Over HTTP ------------------------------------------------------------------------------------ */

enum { BODY = 100000 };

static void
bodies_plan(struct stage *s, const char *url)
{
	stream_plan(s, RECEIVE);
	s->plan.proto = PROTO_HTTP;
	s->plan.url = url;
}

/* All that was asked for came, or was coming at the end; what is measured is bodies alone. */
Test(stream, http_fills_the_link)
{
	uint64_t bodies, bytes;
	struct stage s;

	bodies_plan(&s, "/bytes/100000");
	stage_open(&s);
	stage_run(&s);
	bodies = stage_count(&s, COUNT_responses);
	bytes = stage_count(&s, COUNT_rx_payload);
	check_share(&s, bytes, 0.8);
	stage_check(&s, bodies * BODY <= bytes && bytes < (bodies + 4) * BODY,
		    "%" PRIu64 " bytes of %" PRIu64 " bodies", bytes, bodies);
	stage_all_well(&s, stage_count(&s, COUNT_requests));
	stage_check(&s, stage_count(&s, COUNT_opened) == 4, "opened");
	stage_check(&s, s.result->total.time[TIME_ttlb].n == bodies, "times");
	stage_check(&s,
		    stage_count(&s, COUNT_tx_payload) > 0 &&
			    s.result->achieved == 8 * (double)bytes,
		    "%.0f bits a second", s.result->achieved);
	stage_close(&s);
}

/* With --count each body is awaited, even beside losses, and no byte of a head is counted. */
Test(stream, http_is_whole_beside_losses)
{
	struct stage s;

	bodies_plan(&s, "/bytes/100000");
	s.how.seed = 5;
	s.how.odds.loss_ppm = PERCENT(1);
	s.plan.count = 40;
	s.plan.duration_ns = S(60);
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 40);
	stage_check(&s, stage_count(&s, COUNT_rx_payload) == 40 * BODY, "bytes");
	stage_close(&s);
}

/* 10 MB take 1.6 s, which rr would not wait for. */
Test(stream, http_may_take_its_time_while_it_moves)
{
	static const enum mode modes[] = { MODE_STREAM, MODE_RR };

	for (size_t i = 0; i < RTE_DIM(modes); i++) {
		struct stage s;

		bodies_plan(&s, "/bytes/10000000");
		s.plan.mode = modes[i];
		s.plan.parallel = s.plan.connections = 1;
		s.plan.timeout_ns = MS(500);
		s.plan.duration_ns = S(60);
		s.plan.count = 1;
		stage_open(&s);
		stage_run(&s);
		if (modes[i] == MODE_STREAM)
			stage_all_well(&s, 1);
		else
			stage_all_failed(&s, 1, ERROR_timeout);
		stage_close(&s);
	}
}

/* A server that closes behind its response, whether it says so or not, is no error. */
Test(stream, http_goes_on_where_the_server_closes)
{
	static const struct {
		const char *says;
		uint32_t bytes;
		enum peer_end end;
	} cases[] = {
		{ SAYS("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes"),
		  PEER_CLOSES },
		{ SAYS("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes"),
		  PEER_STAYS },
		{ SAYS("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"), PEER_CLOSES },
		{ SAYS("HTTP/1.0 200 OK\r\n\r\nyes"), PEER_CLOSES },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct stage s;
		struct peer peer;

		bodies_plan(&s, "/");
		s.plan.count = 30;
		s.plan.duration_ns = S(60);
		peer_init(&peer, (uint32_t)request_text_bytes(&s.plan) - 1, cases[i].says,
			  cases[i].bytes, cases[i].end);
		s.peer = &peer.vt;
		stage_open(&s);
		stage_run(&s);
		stage_all_well(&s, 30);
		stage_check(&s, stage_count(&s, COUNT_responses) == 30, "responses");
		stage_check(&s, stage_count(&s, COUNT_rx_payload) == 90, "bytes");
		stage_check(&s, stage_count(&s, COUNT_opened) >= 30, "opened");
		stage_close(&s);
	}
}

Test(stream, http_tells_what_was_wrong)
{
	static const struct {
		const char *says;
		uint32_t bytes;
		enum peer_end end;
		enum error error;
	} cases[] = {
		{ SAYS("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), PEER_STAYS,
		  ERROR_bad_status },
		{ SAYS("220 mail ESMTP\r\n"), PEER_STAYS, ERROR_bad_status },
		{ SAYS("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), PEER_CLOSES,
		  ERROR_bad_length },
		{ SAYS("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), PEER_STAYS,
		  ERROR_timeout },
		{ SAYS("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother"), PEER_STAYS,
		  ERROR_bad_payload },
		{ SAYS("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"), PEER_RESETS,
		  ERROR_rst },
	};
	static const uint8_t right[] = { 'r', 'i', 'g', 'h', 't' };

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct stage s;
		struct peer peer;

		bodies_plan(&s, "/");
		s.plan.count = 10;
		s.plan.duration_ns = S(60);
		s.plan.payload = PAYLOAD_FILE;
		s.plan.file = right;
		s.plan.file_bytes = sizeof(right);
		peer_init(&peer, (uint32_t)request_text_bytes(&s.plan) - 1, cases[i].says,
			  cases[i].bytes, cases[i].end);
		peer.times = cases[i].end == PEER_STAYS ? 100 : 1;
		s.peer = &peer.vt;
		stage_open(&s);
		stage_run(&s);
		stage_all_failed(&s, 10, cases[i].error);
		stage_close(&s);
	}
}

Test(hold, keeps_them_all)
{
	struct stage s;

	stage_plan(&s, MODE_HOLD, PROTO_TCP);
	s.how.connections = 1024;
	s.plan.connections = 700;
	s.plan.count = 0;
	s.plan.duration_ns = S(30);
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 700);
	stage_check(&s, stage_count(&s, COUNT_established) == 700, "established");
	stage_check(&s, stage_count(&s, COUNT_closed) == 700, "closed");
	stage_check(&s, s.result->total.time[TIME_connect].n == 700, "times");
	stage_close(&s);
}

/* Those that the peer ends have failed, and others take their places. */
Test(hold, tells_of_those_that_were_lost)
{
	static const struct {
		enum peer_end end;
		enum error error;
	} cases[] = { { PEER_CLOSES, ERROR_bad_length }, { PEER_RESETS, ERROR_rst } };

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct stage s;
		struct peer peer;

		stage_plan(&s, MODE_HOLD, PROTO_TCP);
		s.plan.connections = 5;
		s.plan.count = 30;
		peer_init(&peer, 0, SAYS(""), cases[i].end);
		s.peer = &peer.vt;
		stage_open(&s);
		stage_run(&s);
		stage_all_failed(&s, 30, cases[i].error);
		stage_close(&s);
	}
}
