/* SPDX-License-Identifier: BSD-3-Clause */
/* crr: connect, one request, its response, close. A transaction is all of that. */
#include "gen/engines/full.h"

static void
note_first(struct full *f, struct flow *fl, uint64_t now)
{
	const struct ask *a = &f->asks[fl->index];

	if (fl->began)
		return;
	fl->began = true;
	worker_time(f->w, TIME_ttfb, a->intended_ns, now);
	worker_time(f->w, TIME_ttfb_naive, a->asked_ns, now);
}

static void
note_last(struct full *f, struct flow *fl, uint64_t now)
{
	const struct ask *a = &f->asks[fl->index];

	worker_time(f->w, TIME_ttlb, a->intended_ns, now);
	worker_time(f->w, TIME_ttlb_naive, a->asked_ns, now);
	worker_count(f->w, COUNT_responses);
}

static void
on_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	uint64_t now = full_now(f);

	flow_opened(f, fl);
	flow_time_connect(f, fl, now);
	f->asks[fl->index].asked_ns = now;
	fl->said = f->request.bytes;
	if (fl->said > 0)
		worker_count(f->w, COUNT_requests);
	if (f->request.text == NULL && f->rsp_bytes == 0)
		flow_close(f, fl);
}

/* A response that is whole but wrong is still followed by an orderly end. */
static void
take(struct full *f, struct flow *fl, const struct took *took, uint32_t len)
{
	uint64_t now = full_now(f);

	note_first(f, fl, now);
	if (took->error != FATE_NONE)
		fl->fate = (uint8_t)took->error;
	else if (took->whole)
		note_last(f, fl, now);
	if (took->error != FATE_NONE && !took->whole)
		flow_abort(fl, took->error);
	else if (took->whole && took->used < len)
		flow_abort(fl, ERROR_bad_length);
	else if (took->whole)
		flow_close(f, fl);
}

static enum tern_verdict
on_data(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	struct took took;

	if (fl->state == FLOW_CLOSING) {
		flow_abort(fl, ERROR_bad_length);
		return TERN_DONE;
	}
	took = flow_take_response(f, fl, in->data, in->len);
	take(f, fl, &took, in->len);
	return TERN_DONE;
}

static void
on_eof(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	struct took took;

	if (fl->state == FLOW_CLOSING) {
		tern_tcp_shutdown(conn);
		return;
	}
	took = flow_end_response(f, fl);
	if (took.whole)
		take(f, fl, &took, 0);
	else
		flow_abort(fl, took.error);
}

const struct full_kind full_crr = {
	.user = { .on_open = on_open,
		  .on_data = on_data,
		  .on_eof = on_eof,
		  .on_closed = flow_on_closed,
		  .available = full_available,
		  .fill = full_fill },
	.launch = flow_launch,
};
