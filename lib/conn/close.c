/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/close.h"
#include "conn/machine.h"
#include "conn/timers.h"

/* RFC 9293 §3.10.4 */
void
conn_shutdown(struct tern_conn *c)
{
	switch (c->state) {
	case TERN_SYN_SENT: /* nothing was agreed yet */
		conn_end(c, TERN_ABORTED);
		return;
	case TERN_SYN_RECEIVED: /* FIN-WAIT-1 once the handshake is complete */
		break;
	case TERN_ESTABLISHED:
		c->state = TERN_FIN_WAIT_1;
		break;
	case TERN_CLOSE_WAIT:
		c->state = TERN_LAST_ACK;
		break;
	default:
		return;
	}
	c->flags |= TERN_CONN_FIN_WANTED;
	conn_ready(c);
}

void
conn_close(struct tern_conn *c)
{
	c->flags |= TERN_CONN_CLOSED;
	if (c->state == TERN_FIN_WAIT_2 && !timer_is_set(c, TERN_TIMER_STATE))
		timer_set(c, TERN_TIMER_STATE, c->tcp->times.fin_wait_2);
	conn_shutdown(c);
}
