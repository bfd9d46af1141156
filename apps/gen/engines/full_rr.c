/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rr: requests and responses on connections that stay, `depth` of them under way on each.
 *
 * A connection that the peer ends between two responses is opened again, and what it has not
 * answered is asked again there (RFC 9112 §9.3.1), each within its old limit; but only where that
 * makes progress: a connection on which nothing was answered fails what was asked.
 *
 * stream over HTTP is the same with long bodies: a response may take its time as long as more of
 * it comes, and when the trial stops nobody waits for its end.
 */
#include "gen/engines/full.h"

/* Whose turn it is ----------------------------------------------------------------------------- */

static void
give_turn(struct full *f, const struct flow *fl)
{
	uint32_t all = f->flows_n * f->depth;

	f->turns[(f->turn + f->turns_n) % all] = fl->index;
	f->turns_n++;
}

static struct flow *
take_turn(struct full *f)
{
	uint32_t i = f->turns[f->turn];

	f->turn = (f->turn + 1) % (f->flows_n * f->depth);
	f->turns_n--;
	return &f->flows[i];
}

static void
start(struct full *f, uint64_t now)
{
	(void)now;
	f->turn = f->turns_n = 0;
	for (uint32_t d = 0; d < f->depth; d++) {
		for (uint32_t i = 0; i < f->flows_n; i++)
			give_turn(f, &f->flows[i]);
	}
	for (uint32_t i = 0; i < f->flows_n; i++)
		f->flows[i].first = f->flows[i].n = 0;
}

/*
 * All have been opened, or have failed to: then the first request that is due on it tries again,
 * and is told why.
 */
static bool
ready(struct full *f, uint64_t now)
{
	for (uint32_t n = 0; n < FULL_A_TURN && f->cursor < f->flows_n; n++) {
		if (f->opening >= FULL_OPENING)
			return false;
		flow_connect(f, &f->flows[f->cursor]);
		f->cursor++;
	}
	if (now - f->since_ns >= f->limit_ns)
		f->cursor = f->flows_n;
	else if (f->opening > 0)
		return false;
	return f->cursor == f->flows_n;
}

/* Asking --------------------------------------------------------------------------------------- */

/* Hand a request to TCP. */
static void
ask(struct full *f, struct flow *fl, uint32_t i, uint64_t now)
{
	f->asks[i].asked_ns = now;
	fl->said += f->request.bytes;
	fl->moved = false;
	worker_count(f->w, COUNT_requests);
}

static enum launched
launch(struct full *f, uint64_t intended, uint64_t now)
{
	struct flow *fl;
	uint32_t i;
	int rc = 0;

	if (f->turns_n == 0)
		return LAUNCH_BUSY;
	fl = take_turn(f);
	if (fl->state == FLOW_FREE)
		rc = flow_connect(f, fl);
	if (rc == -EAGAIN) {
		give_turn(f, fl);
		return LAUNCH_BUSY;
	}
	i = ask_of(f, fl, fl->n);
	ask_begin(f, i, intended, now);
	if (rc < 0) {
		ask_failed(f, i, ERROR_unreachable);
		give_turn(f, fl);
		return LAUNCHED;
	}
	fl->n++;
	if (fl->state == FLOW_OPEN) {
		ask(f, fl, i, now);
		tern_tcp_ready(fl->conn);
	}
	return LAUNCHED;
}

static void
on_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	uint64_t now = full_now(f);

	flow_opened(f, fl);
	worker_time(f->w, TIME_connect_naive, fl->opened_ns, now);
	worker_time(f->w, TIME_connect, fl->opened_ns, now);
	for (uint32_t i = 0; i < fl->n; i++)
		ask(f, fl, ask_of(f, fl, i), now);
}

/* Being answered ------------------------------------------------------------------------------- */

/* The oldest is over; the next one has its place. */
static uint32_t
take_oldest(struct full *f, struct flow *fl)
{
	uint32_t i = ask_of(f, fl, 0);

	fl->first = (fl->first + 1) % f->depth;
	fl->n--;
	fl->began = false;
	give_turn(f, fl);
	return i;
}

static void
note_first(struct full *f, struct flow *fl, uint64_t now)
{
	const struct ask *a = &f->asks[ask_of(f, fl, 0)];

	if (fl->began)
		return;
	fl->began = true;
	worker_time(f->w, TIME_ttfb, a->intended_ns, now);
	worker_time(f->w, TIME_ttfb_naive, a->asked_ns, now);
}

static void
note_last(struct full *f, struct flow *fl, enum error error, uint64_t now)
{
	uint32_t i = take_oldest(f, fl);
	const struct ask *a = &f->asks[i];

	if (error != FATE_NONE) {
		flow_capture(f, fl->conn, error);
		ask_failed(f, i, error);
		return;
	}
	worker_time(f->w, TIME_ttlb, a->intended_ns, now);
	worker_time(f->w, TIME_ttlb_naive, a->asked_ns, now);
	worker_count(f->w, COUNT_responses);
	ask_done(f, i);
}

/*
 * Some of a segment. Return: how much; 0: the connection is gone, or has to go, for where the next
 * response begins is not known.
 */
static uint32_t
take(struct full *f, struct flow *fl, const uint8_t *data, uint32_t len, uint64_t now)
{
	struct took took;

	if (fl->n == 0) {
		flow_abort(fl, ERROR_bad_length);
		return 0;
	}
	took = flow_take_response(f, fl, data, len);
	note_first(f, fl, now);
	if (took.whole) {
		note_last(f, fl, took.error != FATE_NONE ? took.error : fl->spoilt, now);
		fl->spoilt = FATE_NONE;
	} else if (took.error == ERROR_bad_payload) {
		fl->spoilt = ERROR_bad_payload; /* its end is known all the same */
	} else if (took.error != FATE_NONE) {
		flow_abort(fl, took.error);
		return 0;
	}
	return took.used;
}

/* What has been asked is answered first; but a body of a stream may be long. */
static void
end(struct full *f, struct flow *fl)
{
	if (fl->n == 0) {
		flow_close(f, fl);
		return;
	}
	if (f->plan->mode != MODE_STREAM)
		return;
	while (fl->n > 0)
		ask_done(f, take_oldest(f, fl));
	tern_tcp_abort(fl->conn);
}

/* The peer ends this connection, and takes no further request on it (RFC 9112 §9.6). */
static void
leave(struct full *f, struct flow *fl)
{
	fl->closes = true;
	fl->said = fl->filled;
	fl->state = FLOW_CLOSING;
	if (fl->closing_ns == 0)
		fl->closing_ns = full_now(f);
	tern_tcp_shutdown(fl->conn);
}

static enum tern_verdict
on_data(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	uint64_t now = full_now(f);
	uint32_t used = 0, n;

	while (used < in->len) {
		n = take(f, fl, in->data + used, in->len - used, now);
		if (n == 0)
			break;
		used += n;
	}
	fl->moved = true;
	if (fl->closes && fl->state == FLOW_OPEN)
		leave(f, fl);
	else if (f->stopping && fl->state == FLOW_OPEN)
		end(f, fl);
	return TERN_DONE;
}

/* Ending ------------------------------------------------------------------------------------- */

static void
on_eof(struct tern_tcp_user *user, struct tern_conn *conn)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	struct took took;

	if (fl->n > 0 && fl->began) {
		took = flow_end_response(f, fl);
		if (!took.whole) {
			flow_abort(fl, took.error);
			return;
		}
		note_last(f, fl, took.error, full_now(f));
	}
	if (fl->n > 0 && fl->answered == 0)
		fl->fate = ERROR_bad_length;
	leave(f, fl);
}

static void
fail_all(struct full *f, struct flow *fl, enum error error)
{
	while (fl->n > 0)
		ask_failed(f, take_oldest(f, fl), error);
}

/* What went wrong is told of each that had to wait for it, or, when none had, for itself. */
static void
on_closed(struct tern_tcp_user *user, struct tern_conn *conn, enum tern_why why)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	bool opening = fl->state == FLOW_OPENING;
	enum error error = flow_over(f, fl, why);

	if (error == ERROR_rst && fl->closes) /* a request was on its way to who had closed */
		error = FATE_NONE;
	if (error == FATE_NONE) {
		if (fl->n > 0 && flow_connect(f, fl) < 0)
			fail_all(f, fl, ERROR_unreachable);
		return;
	}
	if (fl->n == 0 && (opening || error == ERROR_aborted))
		return;
	flow_capture(f, conn, error);
	if (fl->n == 0)
		f->w->meter->error[error]++;
	fail_all(f, fl, error);
}

const struct full_kind full_rr = {
	.user = { .on_open = on_open,
		  .on_data = on_data,
		  .on_eof = on_eof,
		  .on_closed = on_closed,
		  .available = full_available,
		  .fill = full_fill },
	.start = start,
	.ready = ready,
	.launch = launch,
	.end = end,
};
