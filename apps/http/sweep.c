/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/client.h"

/* Nothing is sent, and no request comes. One that was begun gets an answer (RFC 9110 §15.5.9). */
static void
end_idle(struct server *s, struct client *c)
{
	bool begun = c->head != NULL;

	drop_head(s, c);
	if (begun)
		refuse(s, c, 408, false);
	c->flags |= CLIENT_LAST;
	settle(c);
	tern_tcp_ready(c->conn);
}

/*
 * A peer that takes no byte for so long will not take the rest; one that has got all and keeps its
 * side open is not waited for any longer.
 */
static void
end_silent(struct server *s, struct client *c)
{
	s->counts.timeouts++;
	c->heard = s->clock;
	if (c->conn->sent < c->end)
		tern_tcp_abort(c->conn);
	else if ((c->flags & CLIENT_SHUT) != 0)
		tern_tcp_close(c->conn);
	else
		end_idle(s, c);
}

void
sweep(struct server *s)
{
	struct client *c;

	for (uint32_t i = 0; i < s->sweep_step; i++) {
		c = &s->clients[s->sweep];
		if (c->conn != NULL && s->clock - c->heard > s->timeout)
			end_silent(s, c);
		s->sweep = s->sweep + 1 < s->clients_n ? s->sweep + 1 : 0;
	}
}
