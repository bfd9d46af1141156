/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams and held connections over libtern's TCP. */
#include <inttypes.h>

#include <criterion/criterion.h>

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
