/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Listeners: policy, backlog, one-shot, and what they leave behind.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "kit/wire.h"

static void
syn(struct wire *w, unsigned int flow)
{
	wire_flow(w, flow);
	wire_renew(w, 1000 + flow);
	wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
}

static void
accepted(struct wire *w, unsigned int flow)
{
	syn(w, flow);
	wire_out_now(w, "S. 0:0(0) ack 1 <...>");
}

static void
ignored(struct wire *w, unsigned int flow, enum tern_verdict verdict)
{
	syn(w, flow);
	wire_saw(w, verdict);
	wire_quiet_now(w);
}

static void
refused(struct wire *w, unsigned int flow)
{
	syn(w, flow);
	wire_out_now(w, "R. @0:@0(0) ack 1");
}

/* A listener with these, in place of the kit's. */
static struct wire *
listening(uint32_t backlog, bool one_shot, void (*tune)(struct tern_config *))
{
	const struct wire_how how = { .tune = tune };
	struct wire *w = wire_open(&how);

	w->listener = (struct tern_tcp_listener){
		.port = OUR_PORT,
		.backlog = backlog,
		.one_shot = one_shot,
		.user = &w->user.vt,
	};
	cr_assert_eq(tern_tcp_listen(w->tcp, &w->listener), 0);
	return w;
}

static void
no_cookies(struct tern_config *c)
{
	c->syn_cookies = 0;
}

/*
 * RFC 4987 §3.2, B18: the backlog is exact, and each end of a half-open connection gives its place
 * back.
 */
Test(listeners, backlog_is_given_back)
{
	struct wire *w = listening(4, false, no_cookies);
	unsigned int i;

	for (i = 0; i < 4; i++)
		accepted(w, i);
	ignored(w, 4, TERN_DROP_TCP_BACKLOG);
	/* By the ACK that completes the handshake. */
	wire_flow(w, 0);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	accepted(w, 5);
	ignored(w, 6, TERN_DROP_TCP_BACKLOG);
	/* By a reset. */
	wire_flow(w, 1);
	wire_in(w, "R 1:1(0) win 0");
	accepted(w, 7);
	ignored(w, 8, TERN_DROP_TCP_BACKLOG);
	/* By time. */
	wire_pass(w, S(80));
	wire_check(w, tern_tcp_in_state(w->tcp, TERN_SYN_RECEIVED) == 0, "half-open ones stay");
	for (i = 10; i < 14; i++)
		accepted(w, i);
	ignored(w, 14, TERN_DROP_TCP_BACKLOG);
	wire_end(w);
}

/* The same by 1000 rounds of SYN and RST: nothing is lost on the way (p#53). */
Test(listeners, backlog_survives_resets_without_end)
{
	struct wire *w = listening(2, false, no_cookies);
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		accepted(w, i % 3);
		wire_in(w, "R 1:1(0) win 0");
	}
	wire_check(w, tern_tcp_connections(w->tcp) == 0, "connections");
	accepted(w, 10);
	accepted(w, 11);
	ignored(w, 12, TERN_DROP_TCP_BACKLOG);
	wire_end(w);
}

/* E44: a one-shot listener takes one; others find a closed port until it is armed again. */
Test(listeners, one_shot_takes_one)
{
	struct wire *w = listening(8, true, NULL);
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		accepted(w, 0);
		refused(w, 1);
		wire_flow(w, 0);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		refused(w, 1);
		wire_flow(w, 0);
		wire_in(w, "R 1:1(0) win 0");
		refused(w, 1);
		cr_assert_eq(tern_tcp_relisten(w->tcp, &w->listener), 0);
	}
	wire_check(w, w->user.opened == 1000, "%u opened", w->user.opened);
	wire_end(w);
}

static const struct tern_tcp_listener *armed;

static void
rearm(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	(void)vt;
	cr_assert_eq(tern_tcp_relisten(conn->tcp, armed), 0);
}

/* E44: re-armed from on_open(), it serves one client after the other. */
Test(listeners, one_shot_is_rearmed_from_on_open)
{
	struct wire *w = listening(1, true, NULL);
	unsigned int i;

	armed = &w->listener;
	w->user.vt.on_open = rearm;
	for (i = 0; i < 60; i++) {
		accepted(w, i);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
	}
	wire_check(w, tern_tcp_in_state(w->tcp, TERN_ESTABLISHED) == 60, "not all open");
	wire_end(w);
}

struct policy {
	struct tern_tcp_listener vt;
	enum tern_accept says;
	struct tern_tcp_user *user;
	void *data;
	unsigned int calls;
};

static enum tern_accept
on_accept(const struct tern_tcp_listener *self, struct tern_syn *syn)
{
	struct policy *p = (struct policy *)(uintptr_t)self;

	p->calls++;
	cr_assert(tern_addr_to_v4(syn->remote) == ip4(PEER_ADDR));
	cr_assert(tern_addr_to_v4(syn->local) == ip4(OUR_ADDR));
	cr_assert(syn->lport == RTE_BE16(OUR_PORT) && rte_be_to_cpu_16(syn->rport) >= 40000);
	cr_assert(syn->user == self->user && syn->data == NULL);
	if (p->user != NULL)
		syn->user = p->user;
	syn->data = p->data;
	return p->says;
}

/* E45: refused as if nobody listened, byte for byte; or not answered; or another's. */
Test(listeners, policy_decides_before_any_reply)
{
	struct wire *w = wire_after(TERN_CLOSED);
	struct policy p = { .vt = { .port = OUR_PORT, .backlog = 8, .on_accept = on_accept } };
	struct frame closed, refusal, f;
	struct user other;

	p.vt.user = &w->user.vt;
	wire_frame(w, &f, "S 0:0(0) win 65535 <mss 1460,wscale 7>");
	wire_raw(w, &f);
	closed = wire_take(w)->f;
	cr_assert_eq(tern_tcp_listen(w->tcp, &p.vt), 0);
	p.says = TERN_REFUSE;
	wire_raw(w, &f);
	refusal = wire_take(w)->f;
	/* But for the IP identification, which may count. */
	memset(closed.b + 18, 0, 2);
	memset(refusal.b + 18, 0, 2);
	memset(closed.b + 24, 0, 2);
	memset(refusal.b + 24, 0, 2);
	wire_check(w, closed.len == refusal.len && memcmp(closed.b, refusal.b, closed.len) == 0,
		   "not the reset of a closed port");
	p.says = TERN_IGNORE;
	wire_drop(w, &f, TERN_DROP_TCP_POLICY);
	wire_check(w, tern_tcp_connections(w->tcp) == 0, "a connection");
	user_init(&other, USER_READ);
	p.says = TERN_ACCEPT;
	p.user = &other.vt;
	p.data = &p;
	accepted(w, 0);
	wire_in(w, "P. 1:11(10) ack 1 win 65535");
	wire_check(w, p.calls == 3 && other.opened == 1 && other.got == 10 && w->user.opened == 0,
		   "not the other user's");
	wire_check(w, wire_conn(w)->data == &p, "not with its data");
	/* Not asked again for segments of the connection, nor for a SYN that comes twice. */
	wire_pass(w, S(1));
	wire_in(w, "S 0:0(0) win 65535");
	wire_skip(w);
	wire_check(w, p.calls == 3, "%u calls", p.calls);
	wire_end(w);
}

/* Unlistening resets what is half open, keeps what is open, and the port is closed. */
Test(listeners, unlisten_resets_what_is_half_open)
{
	struct wire *w = listening(8, false, NULL);

	accepted(w, 0);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	accepted(w, 1);
	cr_assert_eq(tern_tcp_unlisten(w->tcp, &w->listener), 0);
	wire_poll(w);
	wire_out_reset(w, 1);
	wire_state(w, TERN_CLOSED);
	wire_flow(w, 0);
	wire_state(w, TERN_ESTABLISHED);
	refused(w, 2);
	cr_assert_eq(tern_tcp_unlisten(w->tcp, &w->listener), -ENOENT);
	cr_assert_eq(tern_tcp_relisten(w->tcp, &w->listener), -ENOENT);
	cr_assert_eq(tern_tcp_listen(w->tcp, &w->listener), 0);
	accepted(w, 3);
	wire_end(w);
}

/* MUST-41, MUST-42: by address and port, the closest first. */
Test(listeners, are_told_apart_by_address_and_port)
{
	struct wire *w = listening(8, false, NULL);
	struct user other, third;
	struct tern_tcp_listener ours = w->listener, elsewhere = w->listener, bad = w->listener;
	unsigned int i;
	struct tern_tcp_listener more[8];

	user_init(&other, USER_READ);
	user_init(&third, USER_READ);
	ours.addr = tern_addr_v4(ip4(OUR_ADDR));
	ours.user = &other.vt;
	elsewhere.port = OUR_PORT + 1;
	elsewhere.user = &third.vt;
	cr_assert_eq(tern_tcp_listen(w->tcp, &ours), 0);
	cr_assert_eq(tern_tcp_listen(w->tcp, &elsewhere), 0);
	cr_assert_eq(tern_tcp_listen(w->tcp, &ours), -EADDRINUSE);
	bad.port = 0;
	cr_assert_eq(tern_tcp_listen(w->tcp, &bad), -EINVAL);
	bad = w->listener;
	bad.backlog = 0;
	bad.port = 99;
	cr_assert_eq(tern_tcp_listen(w->tcp, &bad), -EINVAL);
	bad.backlog = 1;
	bad.user = NULL;
	cr_assert_eq(tern_tcp_listen(w->tcp, &bad), -EINVAL);
	accepted(w, 0);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_check(w, other.opened == 1, "not the closest listener");
	w->flows[1].ends.dport = OUR_PORT + 1;
	accepted(w, 1);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_check(w, third.opened == 1, "not by port");
	cr_assert_eq(tern_tcp_unlisten(w->tcp, &ours), 0);
	accepted(w, 2);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	wire_check(w, w->user.opened == 1, "not any address");
	for (i = 0; i < 7; i++) {
		more[i] = w->listener;
		more[i].port = (uint16_t)(100 + i);
		cr_assert_eq(tern_tcp_listen(w->tcp, &more[i]), i < 6 ? 0 : -ENOBUFS);
	}
	wire_end(w);
}

static void
three_blocks(struct tern_config *c)
{
	c->connections = 3;
}

/* Out of blocks: a counted drop; service goes on when one is free. */
Test(listeners, full_table_drops_and_recovers)
{
	struct wire *w = listening(64, false, three_blocks);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		accepted(w, i);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
	}
	ignored(w, 3, TERN_DROP_TCP_FULL);
	wire_flow(w, 1);
	wire_in(w, "R 1:1(0) win 0");
	accepted(w, 4);
	wire_in(w, ". 1:1(0) ack 1 win 65535");
	ignored(w, 5, TERN_DROP_TCP_FULL);
	wire_end(w);
}

static void
three_blocks_and_two(struct tern_config *c)
{
	c->connections = 3;
	c->time_waits = 2;
}

/* MUST-13 gives way where blocks are few: the oldest TIME-WAIT is ended for the next. */
Test(listeners, full_of_time_wait_still_accepts)
{
	struct wire *w = listening(64, false, three_blocks_and_two);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		accepted(w, i);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		tern_tcp_close(wire_conn(w));
		wire_poll(w);
		wire_out_now(w, "F. 1:1(0) ack 1");
		wire_in(w, "F. 1:1(0) ack 2 win 65535");
		wire_out_now(w, ". 2:2(0) ack 2");
		wire_state(w, TERN_TIME_WAIT);
	}
	wire_check(w, wire_count(w, TERN_EV_TCP_TIME_WAIT_REUSED) == 1, "not counted");
	wire_check(w, tern_tcp_in_state(w->tcp, TERN_TIME_WAIT) == 2, "more than one was ended");
	for (i = 3; i < 6; i++) {
		accepted(w, i);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
	}
	wire_check(w, tern_tcp_in_state(w->tcp, TERN_ESTABLISHED) == 3, "not all are open");
	wire_flow(w, 0);
	wire_state(w, TERN_CLOSED);
	wire_end(w);
}
