/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/keepalive.h"
#include "conn/machine.h"
#include "conn/timers.h"

enum { TICKS_A_SECOND = 1000000000 / TERN_TICK_NS };

/* MUST-24, MUST-27 */
void
keepalive_set(struct tern_conn *c, uint16_t idle_s, uint16_t interval_s, uint8_t count)
{
	c->keepalive_s = idle_s;
	c->keepalive_every_s = interval_s;
	c->keepalive_count = count;
	c->keepalive_sent = 0;
	if (idle_s != 0)
		timer_set(c, TERN_TIMER_STATE, (uint32_t)idle_s * TICKS_A_SECOND);
	else
		timer_stop(c, TERN_TIMER_STATE);
}

/* MAY-5: after silence alone (MUST-26); one probe that is not answered says nothing (MUST-29). */
void
keepalive_expired(struct tern_conn *c)
{
	uint32_t silent_s = c->tcp->now_s - c->heard_s, next_s = c->keepalive_every_s;

	if (c->keepalive_s == 0)
		return;
	if (silent_s < c->keepalive_s) {
		c->keepalive_sent = 0;
		next_s = c->keepalive_s - silent_s;
	} else if (c->snd.una != c->snd.max) {
		c->keepalive_sent = 0; /* MUST-26: what is in flight is repeated anyway */
	} else if (c->keepalive_sent >= c->keepalive_count) {
		count(c->tcp, TERN_EV_TCP_TIMEOUTS);
		conn_end(c, TERN_TIMED_OUT);
		return;
	} else {
		c->keepalive_sent++;
		c->marks |= TERN_MARK_KEEPALIVE;
		conn_ready(c);
	}
	timer_set(c, TERN_TIMER_STATE, next_s * TICKS_A_SECOND);
}
