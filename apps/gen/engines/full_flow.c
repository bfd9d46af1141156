/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>

#include "gen/engines/full.h"
#include "gen/engines/payload.h"

/* Taking and giving -------------------------------------------------------------------------- */

struct flow *
flow_take(struct full *f)
{
	struct flow *fl;

	if (f->free == FLOW_NONE)
		return NULL;
	fl = &f->flows[f->free];
	f->free = fl->next_free;
	return fl;
}

void
flow_give(struct full *f, struct flow *fl)
{
	fl->next_free = f->free;
	f->free = fl->index;
}

/* Opening -------------------------------------------------------------------------------------- */

/* A pair of address and port that is not in use is found at once, but beside long TIME-WAITs. */
static int
connect_from_next(struct full *f, struct tern_conn **conn)
{
	enum { TRIES = 64 };
	const struct plan *plan = f->plan;
	struct source from;
	int rc = -EADDRINUSE;

	for (int i = 0; i < TRIES && rc == -EADDRINUSE; i++) {
		from = sources_next(&f->sources);
		rc = tern_tcp_connect_from(tern_tcp(f->w->stack),
					   tern_addr_v4(rte_cpu_to_be_32(from.addr)),
					   rte_cpu_to_be_16(from.port), plan->target,
					   rte_cpu_to_be_16(plan->target_port), &f->user, conn);
	}
	return rc;
}

static void
begin(struct full *f, struct flow *fl, struct tern_conn *conn)
{
	fl->conn = conn;
	fl->said = fl->filled = fl->heard = 0;
	fl->opened_ns = full_now(f);
	fl->closing_ns = 0;
	fl->key = (f->w->trial->seed << 32) + f->keys++ * f->w->workers + f->w->index;
	fl->state = FLOW_OPENING;
	fl->fate = fl->spoilt = FATE_NONE;
	fl->began = fl->moved = fl->closes = false;
	fl->answered = 0;
	fl->response.sums = f->plan->verify;
	http_begin(&fl->response);
	conn->data = fl;
}

int
flow_connect(struct full *f, struct flow *fl)
{
	struct tern_conn *conn;
	int rc = connect_from_next(f, &conn);

	if (rc == -EADDRINUSE || rc == -ENOBUFS)
		return -EAGAIN;
	if (rc < 0)
		return -EHOSTUNREACH;
	begin(f, fl, conn);
	f->opening++;
	f->open++;
	worker_count(f->w, COUNT_opened);
	return 0;
}

enum launched
flow_launch(struct full *f, uint64_t intended, uint64_t now)
{
	struct flow *fl = flow_take(f);
	int rc;

	if (fl == NULL)
		return f->w->open_loop ? LAUNCH_SHED : LAUNCH_BUSY;
	rc = flow_connect(f, fl);
	if (rc == -EAGAIN) {
		flow_give(f, fl);
		return LAUNCH_BUSY;
	}
	ask_begin(f, fl->index, intended, now);
	if (rc < 0) {
		ask_failed(f, fl->index, ERROR_unreachable);
		flow_give(f, fl);
	}
	return LAUNCHED;
}

void
flow_opened(struct full *f, struct flow *fl)
{
	f->opening--;
	fl->state = FLOW_OPEN;
	fl->conn->flags |= TERN_CONN_NODELAY; /* a request is to wait for nothing */
	worker_count(f->w, COUNT_established);
}

void
flow_time_connect(struct full *f, const struct flow *fl, uint64_t now)
{
	worker_time(f->w, TIME_connect, f->asks[fl->index].intended_ns, now);
	worker_time(f->w, TIME_connect_naive, fl->opened_ns, now);
}

/* Ending --------------------------------------------------------------------------------------- */

void
flow_abort(struct flow *fl, enum error fate)
{
	if (fl->fate == FATE_NONE)
		fl->fate = (uint8_t)fate;
	tern_tcp_abort(fl->conn);
}

void
flow_close(struct full *f, struct flow *fl)
{
	if (f->plan->close_rst) {
		tern_tcp_abort(fl->conn);
		return;
	}
	if (fl->state == FLOW_OPEN)
		fl->state = FLOW_CLOSING;
	if (fl->closing_ns == 0)
		fl->closing_ns = full_now(f);
	tern_tcp_shutdown(fl->conn);
}

static enum error
error_of(enum tern_why why)
{
	switch (why) {
	case TERN_RESET:
		return ERROR_rst;
	case TERN_REFUSED:
		return ERROR_refused;
	case TERN_TIMED_OUT:
		return ERROR_timeout;
	case TERN_UNREACHABLE:
		return ERROR_unreachable;
	default:
		return FATE_NONE;
	}
}

enum error
flow_over(struct full *f, struct flow *fl, enum tern_why why)
{
	enum error error = fl->fate != FATE_NONE ? fl->fate : error_of(why);

	if (fl->state == FLOW_OPENING)
		f->opening--;
	else if (error == FATE_NONE)
		worker_count(f->w, COUNT_closed);
	if (why == TERN_FINISHED && fl->closing_ns != 0)
		worker_time(f->w, TIME_close, fl->closing_ns, full_now(f));
	f->open--;
	fl->state = FLOW_FREE;
	fl->conn = NULL;
	return error;
}

void
flow_capture(struct full *f, const struct tern_conn *conn, enum error error)
{
	const struct tuple who = { .local = tern_addr_to_v4(conn->local),
				   .remote = tern_addr_to_v4(conn->remote),
				   .local_port = conn->lport,
				   .remote_port = conn->rport,
				   .proto = IPPROTO_TCP };

	worker_capture(f->w, &who, error);
}

void
flow_on_closed(struct tern_tcp_user *user, struct tern_conn *conn, enum tern_why why)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;
	enum error error = flow_over(f, fl, why);

	if (error == FATE_NONE) {
		ask_done(f, fl->index);
	} else {
		flow_capture(f, conn, error);
		ask_failed(f, fl->index, error);
	}
	flow_give(f, fl);
}

/* Sending -------------------------------------------------------------------------------------- */

uint32_t
full_available(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at)
{
	const struct flow *fl = conn->data;

	(void)user;
	return (uint32_t)RTE_MIN(fl->said - at, (uint64_t)INT32_MAX);
}

void
full_fill(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	struct full *f = full_of(user);
	struct flow *fl = conn->data;

	request_fill(&f->request, fl->key, at, to, len);
	if (at + len <= fl->filled)
		return;
	f->w->meter->count[COUNT_tx_payload] += at + len - fl->filled;
	fl->filled = at + len;
}

/* Receiving ------------------------------------------------------------------------------------ */

static void
heard(struct full *f, struct flow *fl, uint32_t n)
{
	fl->heard += n;
	f->w->meter->count[COUNT_rx_payload] += n;
}

/* Bodies must be the file, if there is one; else like the first that was right. */
static bool
is_body_right(struct full *f, const struct http_response *r)
{
	const struct plan *plan = f->plan;

	if (!f->body_known) {
		f->body_known = true;
		f->body_bytes = r->body;
		f->body_sum = r->sum;
		if (plan->payload == PAYLOAD_FILE) {
			f->body_bytes = plan->file_bytes;
			f->body_sum = http_sum(plan->file, plan->file_bytes);
		}
	}
	return r->body == f->body_bytes && r->sum == f->body_sum;
}

static enum error
judge_http(struct full *f, const struct http_response *r)
{
	if (r->state == HTTP_WRONG)
		return r->status == 0 ? ERROR_bad_status : ERROR_bad_length;
	if (r->status / 100 != 2)
		return ERROR_bad_status;
	if (f->plan->rsp_bytes != 0 && r->body != f->plan->rsp_bytes)
		return ERROR_bad_length;
	return f->plan->verify && !is_body_right(f, r) ? ERROR_bad_payload : FATE_NONE;
}

static struct took
judge_response(struct full *f, struct flow *fl, uint32_t used)
{
	struct http_response *r = &fl->response;
	struct took took = { used, r->state == HTTP_WHOLE, FATE_NONE };

	if (r->state < HTTP_WHOLE)
		return took;
	took.error = judge_http(f, r);
	if (took.whole) {
		fl->answered++;
		fl->closes = r->closes;
		http_begin(r);
	}
	return took;
}

/* An echo, in pieces of a request, or just so many bytes. */
static struct took
take_bytes(struct full *f, struct flow *fl, const uint8_t *data, uint32_t len)
{
	uint64_t end = (uint64_t)(fl->answered + 1) * f->rsp_bytes;
	uint32_t n = (uint32_t)RTE_MIN((uint64_t)len, end - fl->heard);
	struct took took = { n, fl->heard + n == end, FATE_NONE };

	if (f->plan->verify && f->rsp_bytes == f->request.bytes &&
	    !payload_check(f->plan, fl->key, fl->heard, data, n))
		took.error = ERROR_bad_payload;
	heard(f, fl, n);
	fl->answered += took.whole;
	return took;
}

struct took
flow_take_response(struct full *f, struct flow *fl, const uint8_t *data, uint32_t len)
{
	uint64_t before = fl->response.body;
	uint32_t used;

	if (f->request.text == NULL)
		return take_bytes(f, fl, data, len);
	used = http_read(&fl->response, data, len);
	if (f->plan->mode == MODE_STREAM) /* what it is measured by is bodies, without heads */
		heard(f, fl, (uint32_t)(fl->response.body - before));
	else
		heard(f, fl, used);
	return judge_response(f, fl, used);
}

struct took
flow_end_response(struct full *f, struct flow *fl)
{
	const struct took early = { 0, false, ERROR_bad_length };

	if (f->request.text == NULL || http_is_idle(&fl->response))
		return early;
	http_end(&fl->response);
	return judge_response(f, fl, 0);
}
