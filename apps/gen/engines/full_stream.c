/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream: bytes without end, to the peer, from it (--reverse), or both (--bidir). A transaction is
 * one stream: it is over when the trial stops, and has failed when it ended, or stood still for
 * longer than the limit, before.
 */
#include <string.h>

#include "echo/chargen.h"
#include "gen/engines/full.h"
#include "gen/engines/payload.h"

static const uint64_t ENDLESS = UINT64_MAX / 2;

static bool
is_echo(const struct full *f)
{
	return f->plan->bidir && f->plan->verify;
}

/*
 * What we send is sent to its end, and so is an echo of it. A peer that sends on its own account
 * would never end.
 */
static void
end(struct full *f, struct flow *fl)
{
	if (fl->state != FLOW_OPEN)
		return;
	if (f->plan->reverse || (f->plan->bidir && !f->plan->verify)) {
		tern_tcp_abort(fl->conn);
		return;
	}
	fl->said = fl->filled;
	ask_again(f, fl->index, full_now(f));
	flow_close(f, fl);
}

static void
on_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	uint64_t now = full_now(f);

	flow_opened(f, fl);
	flow_time_connect(f, fl, now);
	ask_again(f, fl->index, now);
	if (f->stopping)
		end(f, fl);
	else if (!f->plan->reverse)
		fl->said = ENDLESS;
}

static bool
is_right(const struct full *f, const struct flow *fl, const struct tern_in *in)
{
	if (is_echo(f))
		return payload_check(f->plan, fl->key, fl->heard, in->data, in->len);
	return !f->plan->reverse || memcmp(in->data, chargen_at(fl->heard), in->len) == 0;
}

static enum tern_verdict
on_data(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;

	fl->moved = true;
	if (f->plan->verify && !is_right(f, fl, in)) {
		flow_abort(fl, ERROR_bad_payload);
		return TERN_DONE;
	}
	fl->heard += in->len;
	f->w->meter->count[COUNT_rx_payload] += in->len;
	return TERN_DONE;
}

static void
on_acked(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t upto)
{
	struct flow *fl = conn->data;

	(void)user;
	(void)upto;
	fl->moved = true;
}

static void
on_eof(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;

	if (fl->state != FLOW_CLOSING || (is_echo(f) && fl->heard != fl->filled))
		flow_abort(fl, ERROR_bad_length);
	else
		tern_tcp_shutdown(conn);
}

const struct full_kind full_stream = {
	.user = { .on_open = on_open,
		  .on_data = on_data,
		  .on_eof = on_eof,
		  .on_closed = flow_on_closed,
		  .available = full_available,
		  .fill = full_fill,
		  .acked = on_acked },
	.launch = flow_launch,
	.end = end,
};
