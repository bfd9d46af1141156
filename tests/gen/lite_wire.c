/* SPDX-License-Identifier: BSD-3-Clause */
/* --tcp lite, segment by segment: what the RFCs want of a client. Notation: kit/segment.h. */
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "gen/scene.h"
#include "kit/frame.h"
#include "sim/world.h"

enum { OUT_MOST = 512, PEER_ISN = 5000 };

/* A connection's ends change from test to test only in what the plan says. */
struct line_out {
	struct segment s;
	uint16_t port;
};

static struct scene scene;

static struct {
	struct frame in;
	bool has_in;
	struct line_out out[OUT_MOST];
	unsigned int out_head, out_n;
	uint32_t isn; /* of the generator's last SYN */
	uint16_t our_port;
} wire;

/* The port ----------------------------------------------------------------------------------- */

static uint16_t
rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)n;
	if (!wire.has_in)
		return 0;
	wire.has_in = false;
	pkts[0] = rte_pktmbuf_alloc(port->pool);
	cr_assert_not_null(pkts[0]);
	memcpy(rte_pktmbuf_append(pkts[0], wire.in.len), wire.in.b, wire.in.len);
	return 1;
}

static void
note(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *) + FRAME_L3;
	struct line_out *o = &wire.out[wire.out_n];

	if (get16(ip - 2) != RTE_ETHER_TYPE_IPV4 || ip[9] != IPPROTO_TCP)
		return;
	cr_assert_lt(wire.out_n, OUT_MOST);
	cr_assert(segment_read(&o->s, ip + 20, get16(ip + 2) - 20u));
	o->port = get16(ip + 20);
	if (o->s.flags == SYN) {
		wire.isn = o->s.seq;
		wire.our_port = o->port;
	}
	wire.out_n++;
}

static uint16_t
tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	for (uint16_t i = 0; i < n; i++)
		note(pkts[i]);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* Time --------------------------------------------------------------------------------------- */

static void
pass(uint64_t ns)
{
	for (uint64_t until = scene.now + ns; scene.now < until; scene.now += US(100))
		scene_turn(&scene);
	scene_turn(&scene);
}

/* Saying and hearing -------------------------------------------------------------------------- */

/* The peer says this, to the last connection. */
static void
in(const char *text)
{
	const struct ends ends = { rte_cpu_to_be_32(SCENE_THEIRS), rte_cpu_to_be_32(SCENE_OURS),
				   SCENE_PORT, wire.our_port };
	static const uint8_t zeros[2000];
	struct segment s;

	cr_assert_null(segment_parse(&s, text, PEER_ISN, wire.isn));
	frame_tcp(&wire.in, &ends, &s, zeros);
	wire.has_in = true;
	scene_turn(&scene);
}

/* This is what the generator said next. */
static void
out(const char *text)
{
	char was[SEGMENT_TEXT];
	struct segment s;

	cr_assert_null(segment_parse(&s, text, wire.isn, PEER_ISN));
	cr_assert_lt(wire.out_head, wire.out_n, "nothing left; expected: %s", text);
	segment_print(was, &wire.out[wire.out_head].s, wire.isn, PEER_ISN);
	cr_assert(segment_matches(&s, &wire.out[wire.out_head].s), "expected %s\nbut was  %s", text,
		  was);
	wire.out_head++;
}

static void
quiet(void)
{
	char was[SEGMENT_TEXT];

	if (wire.out_head == wire.out_n)
		return;
	segment_print(was, &wire.out[wire.out_head].s, wire.isn, PEER_ISN);
	cr_assert_fail("nothing was expected, but %s", was);
}

static uint64_t
count(enum counter what)
{
	return scene.w->meter->count[what];
}

static uint64_t
errors(enum error what)
{
	return scene.w->meter->error[what];
}

/* The scene ----------------------------------------------------------------------------------- */

static void
plan(enum mode mode)
{
	scene_plan(&scene, mode, PROTO_TCP);
	scene.plan.timeout_ns = S(20);
	scene.plan.req_bytes = 100;
	scene.plan.rsp_bytes = 200;
	scene.trial.count = 1;
}

static void
start(void)
{
	scene.port = (struct tern_port){ .rx = rx, .tx = tx };
	scene_open(&scene);
	scene_order(&scene, WORKER_BEGIN);
	pass(MS(1));
}

/* A connection that has sent its request, 10 ms after it began. */
static void
request_sent(enum mode mode)
{
	plan(mode);
	start();
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	pass(MS(10));
	in("S. 0:0(0) ack 1 win 65535 <mss 1460>");
	if (mode == MODE_RR) {
		out(". 1:1(0) ack 1 win 65535");
		pass(MS(1));
	}
	out("P. 1:101(100) ack 1 win 65535");
	quiet();
}

/* Opening ------------------------------------------------------------------------------------- */

/* RFC 6298 (2.1), (5.5): 1 s at first, then doubled. */
Test(lite_wire, the_syn_is_repeated_after_1_s_and_3_s)
{
	plan(MODE_CRR);
	start();
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	pass(MS(990));
	quiet();
	pass(MS(15));
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	pass(MS(1980));
	quiet();
	pass(MS(25));
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	cr_assert_eq(count(COUNT_rexmit_syn), 2);
}

/* RFC 9293 §3.10.7.3: a reset is for us only when it acknowledges the SYN. */
Test(lite_wire, a_reset_of_another_syn_is_not_believed)
{
	plan(MODE_CRR);
	start();
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	in("R. 0:0(0) ack 2");
	in("R 0:0(0)");
	quiet();
	cr_assert_eq(errors(ERROR_refused), 0);
	in("R. 0:0(0) ack 1");
	cr_assert_eq(errors(ERROR_refused), 1);
	cr_assert_eq(scene.w->outstanding, 0);
}

/*
 * RFC 9293 §3.5.1, figure 9: who remembers an older connection is reset, and asked again. TIME-WAIT
 * that outlives a reset (RFC 1337 §3) takes a SYN beyond the older connection's numbers (RFC 6191
 * §2).
 */
Test(lite_wire, an_older_connection_is_reset)
{
	uint32_t isn;

	plan(MODE_CRR);
	start();
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	isn = wire.isn;
	in(". 700:700(0) ack 77777 win 100");
	cr_assert_eq(wire.out[wire.out_head].s.flags, RST);
	cr_assert_eq(wire.out[wire.out_head++].s.seq, isn + 77777);
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	cr_assert_eq(wire.isn, isn + 77777 + 65536);
	in("S. 0:0(0) ack 1 win 65535");
	out("P. 1:101(100) ack 1 win 65535");
	quiet();
}

/* RFC 9293 MUST-15: without an MSS it is 536. */
Test(lite_wire, no_mss_means_536)
{
	plan(MODE_CRR);
	scene.plan.req_bytes = 600;
	start();
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	in("S. 0:0(0) ack 1 win 65535");
	out(". 1:537(536) ack 1 win 65535");
	out("P. 537:601(64) ack 1 win 65535");
	quiet();
}

static void
unreachable(uint8_t code)
{
	const struct ends back = { rte_cpu_to_be_32(SCENE_OURS), rte_cpu_to_be_32(SCENE_THEIRS),
				   wire.our_port, SCENE_PORT };
	const struct segment s = { .seq = wire.isn, .flags = SYN };
	struct frame quoted;

	frame_tcp(&quoted, &back, &s, NULL);
	frame_icmp(&wire.in, rte_cpu_to_be_32(SCENE_THEIRS), rte_cpu_to_be_32(SCENE_OURS), 3, code,
		   0, quoted.b + FRAME_L3, 28);
	wire.has_in = true;
	scene_turn(&scene);
}

/* RFC 1122 §4.2.3.9: "port unreachable" is final, "host unreachable" only when time is over. */
Test(lite_wire, icmp_says_why)
{
	static const uint8_t codes[] = { 3, 1 };

	for (size_t i = 0; i < sizeof(codes); i++) {
		plan(MODE_CRR);
		start();
		unreachable(codes[i]);
		cr_assert_eq(errors(ERROR_unreachable), codes[i] == 3);
		pass(S(21));
		cr_assert_eq(errors(ERROR_unreachable), 1);
		cr_assert_eq(errors(ERROR_timeout), 0);
		scene_order(&scene, WORKER_END);
		scene_turn(&scene);
		scene_close(&scene);
		wire.out_head = wire.out_n = 0;
	}
}

/* Data ---------------------------------------------------------------------------------------- */

Test(lite_wire, six_packets)
{
	request_sent(MODE_CRR);
	in("FP. 1:201(200) ack 101 win 65535");
	out("F. 101:101(0) ack 202 win 65535");
	in(". 202:202(0) ack 102 win 65535");
	quiet();
	cr_assert_eq(count(COUNT_closed), 1);
	cr_assert_eq(scene.w->ledger.done, 1);
}

/* The SYN-ACK came again: the ACK of it was lost (RFC 5961 §4). */
Test(lite_wire, a_second_syn_ack_is_acknowledged)
{
	request_sent(MODE_CRR);
	in("S. 0:0(0) ack 1 win 65535 <mss 1460>");
	out(". 101:101(0) ack 1 win 65535");
	quiet();
}

/* In any order; what is too early is asked for again, and each bit counts once. */
Test(lite_wire, segments_in_disorder)
{
	request_sent(MODE_CRR);
	in(". 101:201(100) ack 101 win 65535");
	out(". 101:101(0) ack 1 win 65535");
	in(". 1:51(50) ack 101 win 65535");
	out(". 101:101(0) ack 51 win 65535");
	in(". 1:51(50) ack 101 win 65535");
	out(". 101:101(0) ack 51 win 65535");
	in(". 31:131(100) ack 101 win 65535");
	out(". 101:101(0) ack 131 win 65535");
	in("P. 101:201(100) ack 101 win 65535");
	out("F. 101:101(0) ack 201 win 65535");
	quiet();
	cr_assert_eq(count(COUNT_rx_payload), 200);
	cr_assert_eq(count(COUNT_reordered), 1);
	cr_assert_eq(count(COUNT_duplicates), 1);
}

/* RFC 5961 §3.2: in the window, but not the next number: asked about. Elsewhere: nothing. */
Test(lite_wire, a_blind_reset_is_asked_about)
{
	request_sent(MODE_CRR);
	in("R 2:2(0)");
	out(". 101:101(0) ack 1 win 65535");
	in("R 900001:900001(0)");
	quiet();
	in("R 1:1(0)");
	cr_assert_eq(errors(ERROR_rst), 1);
	quiet();
}

/* RFC 5961 §5: an ACK of what was never sent. */
Test(lite_wire, an_ack_of_nothing_is_asked_about)
{
	request_sent(MODE_CRR);
	in(". 1:1(0) ack 500 win 65535");
	out(". 101:101(0) ack 1 win 65535");
	pass(MS(250));
	out("P. 1:101(100) ack 1 win 65535"); /* and it was no ACK */
	cr_assert_eq(count(COUNT_rexmit_data), 1);
}

/* RFC 9293 §3.8.6.1: a closed window is asked with one byte, and opens again. */
Test(lite_wire, a_closed_window_is_asked)
{
	plan(MODE_CRR);
	start();
	out("S 0:0(0) win 65535 <mss 1460, nop, wscale 3>");
	in("S. 0:0(0) ack 1 win 0 <mss 1460>");
	out(". 1:1(0) ack 1 win 65535");
	quiet();
	pass(MS(250));
	out(". 1:2(1) ack 1 win 65535");
	in(". 1:1(0) ack 1 win 0");
	pass(MS(340));
	quiet();
	pass(MS(110));
	out(". 1:2(1) ack 1 win 65535");
	in(". 1:1(0) ack 2 win 1000");
	out("P. 2:101(99) ack 1 win 65535");
	quiet();
}

/* Nobody has to do anything for half a minute: after a pause the wheel comes to rest. */
Test(lite_wire, who_waits_long_lets_the_worker_sleep)
{
	unsigned int turns = 0;

	plan(MODE_CRR);
	scene.plan.connections = 200;
	scene.plan.timeout_ns = S(60);
	scene.plan.options.config.rto_initial_ns = S(30);
	scene.plan.options.config.rto_min_ns = S(30);
	scene.trial.count = 200;
	start();
	cr_assert_eq(count(COUNT_opened), 200);
	for (unsigned int pause = 0; pause < 3; pause++) {
		scene.now += S(2);
		while (worker_poll(scene.w, scene.now))
			cr_assert_lt(++turns, 20);
	}
	scene.now += S(24);
	pass(MS(100));
	cr_assert_eq(count(COUNT_rexmit_syn), 200);
}

/* rr: the ACK of a response waits for the next request, but not for ever (RFC 9293 MUST-59). */
Test(lite_wire, an_ack_that_nothing_takes_along_goes_alone)
{
	request_sent(MODE_RR);
	in("P. 1:201(200) ack 101 win 65535");
	quiet();
	pass(MS(35));
	quiet();
	pass(MS(10));
	out(". 101:101(0) ack 201 win 65535");
	quiet();
}

/* What comes for a tuple that is in no use: TIME-WAIT for a FIN, a reset for what is older. */
Test(lite_wire, who_comes_late_is_answered)
{
	request_sent(MODE_CRR);
	in("FP. 1:201(200) ack 101 win 65535");
	out("F. 101:101(0) ack 202 win 65535");
	in(". 202:202(0) ack 102 win 65535");
	quiet();
	in("F. 201:201(0) ack 102 win 65535");
	out(". 102:102(0) ack 202 win 65535");
	in(". 201:201(0) ack 102 win 65535");
	out("R 102:102(0) win 65535");
	in("R 201:201(0)");
	quiet();
	cr_assert_eq(count(COUNT_other), 3);
}
