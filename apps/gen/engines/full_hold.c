/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hold: connections that are opened and kept. A transaction is one of them: it is over when the
 * trial stops and the connection has been closed, and has failed when it was lost before.
 */
#include "gen/engines/full.h"

/* Open loop has a pace; in closed loop a server's backlog is not to be flooded. */
static enum launched
launch(struct full *f, uint64_t intended, uint64_t now)
{
	if (!f->w->open_loop && f->opening >= FULL_OPENING)
		return LAUNCH_BUSY;
	return flow_launch(f, intended, now);
}

static void
end(struct full *f, struct flow *fl)
{
	if (fl->state != FLOW_OPEN)
		return;
	ask_again(f, fl->index, full_now(f));
	flow_close(f, fl);
}

static void
on_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;

	flow_opened(f, fl);
	flow_time_connect(f, fl, full_now(f));
	ask_relax(f, fl->index);
	if (f->stopping)
		end(f, fl);
}

static enum tern_verdict
on_data(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	(void)conn;
	full_of(user)->w->meter->count[COUNT_rx_payload] += in->len;
	return TERN_DONE;
}

static void
on_eof(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;

	if (fl->state != FLOW_CLOSING)
		fl->fate = ERROR_bad_length;
	end(f, fl);
}

const struct full_kind full_hold = {
	.user = { .on_open = on_open,
		  .on_data = on_data,
		  .on_eof = on_eof,
		  .on_closed = flow_on_closed },
	.launch = launch,
	.end = end,
};
