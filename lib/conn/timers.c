/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/timers.h"
#include <assert.h>

#include <rte_common.h>

#include "conn/keepalive.h"
#include "conn/mtu.h"
#include "conn/rack.h"
#include "conn/recovery.h"
#include "core/seq.h"
#include "core/wheel.h"

void
timer_set(struct tern_conn *c, enum tern_tcp_timer which, uint32_t ticks)
{
	struct tern_tcp *tcp = c->tcp;
	struct wheel_node *node = (struct wheel_node *)&c->wheel;

	assert(c->state != TERN_CLOSED); /* a user ended it where it was only to answer */
	c->deadline[which] = tcp->tick + ticks;
	c->timers = (uint8_t)(c->timers | 1u << which);
	if (!wheel_armed(node) || seq_lt(c->deadline[which], node->at))
		wheel_arm(&tcp->wheel, c->slot, c->deadline[which]);
}

void
timers_cancel(struct tern_conn *c)
{
	c->timers = 0;
	wheel_cancel(&c->tcp->wheel, c->slot);
}

/*
 * How long this connection may go unanswered: R2 (MUST-20, SHLD-11), of a SYN (MUST-22, MUST-23,
 * RFC 4987 §3.3).
 */
static uint32_t
patience(const struct tern_conn *c)
{
	switch (c->state) {
	case TERN_SYN_SENT:
		return c->tcp->times.syn_r2;
	case TERN_SYN_RECEIVED:
		return c->tcp->times.syn_ack_r2;
	default:
		return c->r2 != 0 ? c->r2 : c->tcp->times.r2;
	}
}

/* RFC 6298 (5.5), MUST-19: the back-off doubles, up to the maximum. */
uint32_t
rexmit_rto(const struct tern_conn *c)
{
	uint64_t rto = (uint64_t)c->rtt.rto << c->rtt.backoff;

	return rto < c->tcp->times.rto_max ? (uint32_t)rto : c->tcp->times.rto_max;
}

/* What is left of R2. */
static uint32_t
patience_left(const struct tern_conn *c)
{
	uint32_t unanswered = c->tcp->tick - c->since, most = patience(c);

	return unanswered < most ? most - unanswered : 0;
}

void
rexmit_start(struct tern_conn *c)
{
	c->flags &= ~TERN_CONN_PROBING;
	timer_set(c, TERN_TIMER_REXMIT, RTE_MIN(rexmit_rto(c), patience_left(c)));
}

/* The first probe after one RTO (SHLD-29), each further one after twice the time (SHLD-30). */
void
persist_start(struct tern_conn *c)
{
	c->flags |= TERN_CONN_PROBING;
	timer_set(c, TERN_TIMER_REXMIT, rexmit_rto(c));
}

static void
back_off(struct tern_conn *c)
{
	enum { BACKOFF_MAX = 30 };

	if (c->rtt.backoff < BACKOFF_MAX)
		c->rtt.backoff++;
}

/* RFC 6298 (5.4)-(5.7), RFC 5681 §3.1: send again from snd.una on, slowly. */
static void
go_back(struct tern_conn *c)
{
	enum { R1 = 3 }; /* at least (SHLD-10) */

	if (conn_synchronised(c)) {
		mtu_suspect(c);
		recovery_timeout(c);
	} else {
		c->flags |= TERN_CONN_SYN_REPEATED;
		c->snd.nxt = c->snd.una;
	}
	timer_stop(c, TERN_TIMER_LOSS);
	back_off(c);
	count(c->tcp, TERN_EV_TCP_RTO);
	rexmit_start(c);
	conn_ready(c);
	if (c->rtt.backoff == R1)
		conn_report(c, TERN_REPORT_UNANSWERED); /* SHLD-9 */
}

static void
probe(struct tern_conn *c)
{
	c->flags |= TERN_CONN_FORCE;
	flight_rewind(c);
	timer_stop(c, TERN_TIMER_LOSS);
	back_off(c);
	count(c->tcp, TERN_EV_TCP_PROBES);
	persist_start(c);
	conn_ready(c);
}

/* RFC 9293 §3.10.8 */
static void
rexmit_expired(struct tern_conn *c)
{
	if (c->tcp->tick - c->since >= patience(c)) {
		count(c->tcp, TERN_EV_TCP_TIMEOUTS);
		conn_end(c, TERN_TIMED_OUT);
	} else if ((c->flags & TERN_CONN_PROBING) != 0 ||
		   (conn_synchronised(c) && c->snd.wnd == 0)) {
		probe(c); /* also when the window was shut over what is in flight: MUST-35 */
	} else if (c->probes > 0 || !tlp_expired(c)) { /* which comes first: RFC 8985 §7.2 */
		go_back(c);
	}
}

/* Either the reordering window has passed, or nobody has said anything for a while. */
static void
loss_expired(struct tern_conn *c)
{
	if ((c->marks & TERN_MARK_PTO) != 0) {
		(void)tlp_expired(c);
		return;
	}
	recovery_detect(c);
	tlp_schedule(c);
}

/* An ACK that was delayed, if there is one: a paced flight has its timer here as well. */
static void
ack_expired(struct tern_conn *c)
{
	if (c->rcv.acked != c->rcv.nxt)
		c->flags |= TERN_CONN_ACK_NOW;
	conn_ready(c);
}

static void
state_expired(struct tern_conn *c)
{
	if ((c->flags & TERN_CONN_LINGER) != 0)
		conn_ready(c); /* it is reset there */
	else if (c->state == TERN_FIN_WAIT_2 && (c->flags & TERN_CONN_CLOSED) != 0)
		conn_end(c, TERN_TIMED_OUT);
	else
		keepalive_expired(c);
}

static void (*const on_expiry[TERN_TIMERS])(struct tern_conn *) = {
	[TERN_TIMER_REXMIT] = rexmit_expired,
	[TERN_TIMER_LOSS] = loss_expired,
	[TERN_TIMER_ACK] = ack_expired,
	[TERN_TIMER_STATE] = state_expired,
};

static void
expire(struct tern_conn *c)
{
	uint32_t tick = c->tcp->tick;

	for (unsigned int i = 0; i < TERN_TIMERS; i++) {
		if (!timer_is_set(c, i) || seq_gt(c->deadline[i], tick))
			continue;
		timer_stop(c, i);
		on_expiry[i](c);
	}
	/* What was set but is not due yet had this node as its own. */
	for (unsigned int i = 0; i < TERN_TIMERS; i++) {
		if (timer_is_set(c, i))
			timer_set(c, i, c->deadline[i] - tick);
	}
}

void
timers_run(struct tern_tcp *tcp)
{
	uint32_t slot;

	while ((slot = wheel_expired(&tcp->wheel, tcp->tick)) != WHEEL_NONE)
		expire(&tcp->conns[slot]);
}
