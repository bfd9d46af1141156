/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 9293 §3.10.7.1 and .2: segments for no connection, and for a listener.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "kit/wire.h"

/* What comes in, and what goes out in the same mbuf; NULL: nothing, and this verdict. */
struct event {
	const char *in, *out;
	enum tern_verdict verdict;
};

static void
happens(struct wire *w, const struct event *e)
{
	const struct wire_line *line;
	unsigned int head = w->sent_head;

	wire_note(w, "%s", e->in);
	wire_in(w, "%s", e->in);
	if (e->out == NULL) {
		wire_saw(w, e->verdict);
		wire_quiet_now(w);
		return;
	}
	wire_saw(w, TERN_ANSWER);
	wire_check(w, w->sent_head == head + 1, "%u segments left", w->sent_head - head);
	wire_check(w, wire_same_mbuf(w, &w->sent[head % WIRE_SENT]), "not in the same mbuf");
	wire_out_now(w, "%s", e->out);
	line = &w->log[(w->log_n - 1) % WIRE_LOG];
	wire_check(w, line->out, "something came in");
}

static const struct event to_closed_port[] = {
	{ "S 0:0(0) win 1000 <mss 1460,sackOK,TS val 1 ecr 0,wscale 7>", "R. @0:@0(0) ack 1", 0 },
	{ "S 0:0(0) win 1000", "R. @0:@0(0) ack 1", 0 },
	{ "S 0:10(10) win 1000", "R. @0:@0(0) ack 11", 0 },
	{ "SP 0:0(0) win 0", "R. @0:@0(0) ack 1", 0 },
	{ "SEW 0:0(0) win 1000", "R. @0:@0(0) ack 1", 0 },
	{ ". 1:1(0) ack @0 win 1000", "R @0:@0(0)", 0 },
	{ ". 1:1(0) ack @5000 win 1000", "R @5000:@5000(0)", 0 },
	{ ". 1:1(0) ack @4294967295 win 1000", "R @4294967295:@4294967295(0)", 0 },
	{ "P. 1:101(100) ack @5000 win 1000", "R @5000:@5000(0)", 0 },
	{ "F. 1:1(0) ack @5000 win 1000", "R @5000:@5000(0)", 0 },
	{ "FPU. 1:1(0) ack @5000 win 1000", "R @5000:@5000(0)", 0 },
	{ "S. 0:0(0) ack @5000 win 1000 <mss 1460>", "R @5000:@5000(0)", 0 },
	{ "R 1:1(0) win 0", NULL, TERN_DROP_TCP_STRAY },
	{ "R. 1:1(0) ack @5000 win 0", NULL, TERN_DROP_TCP_STRAY },
	{ "R 1:101(100) win 0", NULL, TERN_DROP_TCP_STRAY },
	{ "SF 0:0(0) win 1000", NULL, TERN_DROP_TCP_FLAGS },
	{ "SR 0:0(0) win 1000", NULL, TERN_DROP_TCP_FLAGS },
	{ "SFRP.UEW 0:0(0) ack @1 win 1000", NULL, TERN_DROP_TCP_FLAGS },
	{ "- 1:1(0) win 1000", "R. @0:@0(0) ack 1", 0 },
	{ "P 1:11(10) win 1000", "R. @0:@0(0) ack 11", 0 },
	{ "FPU 1:1(0) win 1000", "R. @0:@0(0) ack 2", 0 },
};

/*
 * RFC 9293 §3.10.7.1, E46, row 8: SEQ=SEG.ACK; without ACK, SEQ=0, ACK=SEG.SEQ+SEG.LEN; no reset is
 * answered.
 */
Test(closed, answers_with_the_reset_of_rfc_9293)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_CLOSED)) != NULL)
		for (i = 0; i < RTE_DIM(to_closed_port); i++)
			happens(w, &to_closed_port[i]);
}

/* Of what comes to a port without a user nothing is remembered (B17). */
Test(closed, remembers_nothing)
{
	struct wire *w = wire_after(TERN_CLOSED);
	unsigned int n;

	for (n = 0; n < 10000; n++) {
		wire_flow(w, n % WIRE_FLOWS);
		wire_in(w, "%s", to_closed_port[n % RTE_DIM(to_closed_port)].in);
		wire_skip(w);
	}
	wire_check(w, tern_tcp_connections(w->tcp) == 0, "connections");
	wire_check(w, tern_stack_mbufs(w->stack) == 0, "mbufs");
	wire_check(w, tern_next_deadline(w->stack) > w->now + S(30), "timers");
	wire_end(w);
}

/* RFC 9293 §3.1, row 2: each header field that may lie. */
Test(closed, drops_malformed_segments)
{
	struct wire *w = wire_after(TERN_LISTEN);
	const char *syn = "S 0:0(0) win 1000";
	struct frame f;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		wire_frame(w, &f, "%s", syn);
		frame_ip(&f, w->flow->ends.src, w->flow->ends.dst, IPPROTO_TCP, f.b + 34,
			 (uint16_t)i);
		wire_note(w, "%u bytes", i);
		wire_drop(w, &f, TERN_DROP_TCP_TRUNCATED);
	}
	for (i = 0; i < 16; i++) {
		if (i == 5)
			continue;
		wire_frame(w, &f, "%s", syn);
		f.b[34 + 12] = (uint8_t)(i << 4);
		frame_sum(&f);
		wire_note(w, "data offset %u", i);
		wire_drop(w, &f, TERN_DROP_TCP_OFFSET);
	}
	wire_frame(w, &f, "%s", syn);
	put16(f.b + 34 + 16, (uint16_t)(get16(f.b + 34 + 16) + 1));
	wire_note(w, "checksum");
	wire_drop(w, &f, TERN_DROP_TCP_CHECKSUM);
	put16(f.b + 34 + 16, 0);
	wire_note(w, "no checksum");
	wire_drop(w, &f, TERN_DROP_TCP_CHECKSUM);
	wire_note(w, "source port 0");
	w->flow->ends.sport = 0;
	wire_frame(w, &f, "%s", syn);
	wire_drop(w, &f, TERN_DROP_TCP_PORT);
	w->flow->ends.sport = 40000;
	w->flow->ends.dport = 0;
	wire_note(w, "destination port 0");
	wire_frame(w, &f, "%s", syn);
	wire_drop(w, &f, TERN_DROP_TCP_PORT);
	wire_end(w);
}

/* MUST-57: TCP is between two; a SYN to a broadcast address is silence. */
Test(closed, drops_segments_to_groups)
{
	static const char *const groups[] = { "10.9.0.255", "255.255.255.255" };
	struct wire *w = wire_after(TERN_LISTEN);
	struct frame f;
	unsigned int i;

	for (i = 0; i < RTE_DIM(groups); i++) {
		w->flow->ends.dst = ip4(groups[i]);
		wire_frame(w, &f, "S 0:0(0) win 1000");
		frame_eth(&f)->dst_addr = all_mac;
		wire_note(w, "%s", groups[i]);
		wire_drop(w, &f, TERN_DROP_TCP_GROUP);
	}
	wire_end(w);
}

static const struct event to_listener[] = {
	{ "R 0:0(0) win 0", NULL, TERN_DROP_TCP_STRAY },
	{ "R. 0:0(0) ack @1 win 0", NULL, TERN_DROP_TCP_STRAY },
	{ ". 1:1(0) ack @5000 win 1000", "R @5000:@5000(0)", 0 },
	{ "P. 1:101(100) ack @0 win 1000", "R @0:@0(0)", 0 },
	{ "F. 1:1(0) ack @5000 win 1000", "R @5000:@5000(0)", 0 },
	{ "S. 0:0(0) ack @5000 win 1000", "R @5000:@5000(0)", 0 },
	{ "SF 0:0(0) win 1000", NULL, TERN_DROP_TCP_FLAGS },
	{ "SR 0:0(0) win 1000", NULL, TERN_DROP_TCP_FLAGS },
	{ "F 1:1(0) win 1000", NULL, TERN_DROP_TCP_FLAGS },
	{ "P 1:101(100) win 1000", NULL, TERN_DROP_TCP_FLAGS },
	{ "- 1:1(0) win 1000", NULL, TERN_DROP_TCP_FLAGS },
};

/* RFC 9293 §3.10.7.2: RST, then ACK, then SYN; nothing else is heard. */
Test(listen, answers_an_ack_with_a_reset_and_ignores_the_rest)
{
	struct wire *w;
	unsigned int i;

	while ((w = wire_each_after(TERN_LISTEN)) != NULL) {
		for (i = 0; i < RTE_DIM(to_listener); i++)
			happens(w, &to_listener[i]);
		wire_check(w, tern_tcp_connections(w->tcp) == 0, "a connection");
		wire_in(w, "S 0:0(0) win 1000 <mss 1460>");
		wire_out_now(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
	}
}

/* §3.10.7.2 third: flags beside the SYN do not matter; the SYN-ACK is in the mbuf of the SYN. */
Test(listen, answers_a_syn_in_its_mbuf)
{
	static const struct event syns[] = {
		{ "S 0:0(0) win 1000 <mss 1460>", "S. 0:0(0) ack 1 win 65535 <mss 1460>", 0 },
		{ "SP 0:0(0) win 1000 <mss 1460>", "S. 0:0(0) ack 1 win 65535 <mss 1460>", 0 },
		{ "SPU 0:0(0) win 1000 urg 9", "S. 0:0(0) ack 1 win 65535 <mss 1460>", 0 },
		{ "SEW 0:0(0) win 0", "S.E 0:0(0) ack 1 win 65535 <mss 1460>", 0 },
		/* E43: data in a SYN are neither taken nor acknowledged. */
		{ "S 0:10(10) win 1000", "S. 0:0(0) ack 1 win 65535 <mss 1460>", 0 },
	};
	const struct wire_how how = { .state = TERN_LISTEN };
	struct wire *w;
	unsigned int i;

	for (i = 0; i < RTE_DIM(syns); i++)
		while ((w = wire_each(&how)) != NULL) {
			happens(w, &syns[i]);
			wire_state(w, TERN_SYN_RECEIVED);
			wire_in(w, ". 1:1(0) ack 1 win 1000");
			wire_state(w, TERN_ESTABLISHED);
			wire_check(w, w->user.opened == 1 && w->user.datas == 0, "user");
		}
}

struct knock {
	struct tern_tcp_stray vt;
	struct tern_tcp_listener *listener;
	enum tern_verdict says;
	unsigned int calls;
};

static enum tern_verdict
on_stray(struct tern_tcp_stray *vt, struct tern_tcp *tcp, struct tern_in *in)
{
	struct knock *k = (struct knock *)vt;

	k->calls++;
	cr_assert_eq(in->dport, RTE_BE16(OUR_PORT));
	if (k->listener != NULL)
		cr_assert_eq(tern_tcp_listen(tcp, k->listener), 0);
	k->listener = NULL;
	return k->says;
}

/* E47: segments of no connection are its user's, who may keep silent, or begin to listen. */
Test(closed, hands_strays_to_who_wants_them)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct knock k = { .vt = { on_stray }, .says = TERN_DROP_USER };

	tern_tcp_set_stray(w->tcp, &k.vt);
	wire_in(w, "S 0:0(0) win 1000");
	wire_saw(w, TERN_DROP_USER);
	wire_quiet_now(w);
	k.says = TERN_UNDECIDED;
	wire_in(w, "S 0:0(0) win 1000");
	wire_out_now(w, "R. @0:@0(0) ack 1");
	w->listener =
		(struct tern_tcp_listener){ .port = OUR_PORT, .backlog = 1, .user = &w->user.vt };
	k.listener = &w->listener;
	k.says = TERN_DROP_USER;
	wire_in(w, "S 0:0(0) win 1000");
	wire_quiet_now(w);
	wire_check(w, k.calls == 3, "%u calls", k.calls);
	wire_in(w, "S 0:0(0) win 1000");
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
	tern_tcp_set_stray(w->tcp, NULL);
	wire_flow(w, 1);
	wire_in(w, ". 1:1(0) ack @9 win 1000");
	wire_out_now(w, "R @9:@9(0)");
	wire_end(w);
}
