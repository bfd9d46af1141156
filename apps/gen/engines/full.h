/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The engine that is a user of libtern's own TCP: what its kinds of load share.
 *
 * A *flow* is a connection of ours, or the place for one. An *ask* is a transaction, from
 * worker->launch() to its one end; a flow has `depth` places for them. Each ask that has a time
 * limit stands in one list: all have the same limit, so who was begun first is the first to expire.
 *
 * A flow ends in on_closed() alone. Who wants it to end otherwise than by the protocol notes the
 * cause in flow.fate and aborts the connection; on_closed() then finds it there.
 */
#ifndef GEN_ENGINES_FULL_H
#define GEN_ENGINES_FULL_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_stack.h>

#include "gen/engines/http_response.h"
#include "gen/engines/request.h"
#include "gen/engines/sources.h"
#include "gen/worker.h"

#define ASK_NONE UINT32_MAX
#define ASK_OFF (UINT32_MAX - 1) /* ask.prev of one without a limit */
#define FATE_NONE ERRORS_N
#define FLOW_NONE UINT32_MAX

enum {
	FULL_OPENING = 512, /* connections in SYN-SENT, where nothing paces the opening */
	FULL_A_TURN = 64,   /* flows opened or closed in one turn of the loop */
};

struct ask {
	uint64_t intended_ns, begun_ns;
	uint64_t asked_ns;   /* the request was handed to TCP */
	uint32_t next, prev; /* in the order of begun_ns */
};

enum flow_state { FLOW_FREE, FLOW_OPENING, FLOW_OPEN, FLOW_CLOSING };

struct flow {
	struct tern_conn *conn;		/* NULL: FLOW_FREE */
	uint64_t said;			/* bytes that may be sent so far */
	uint64_t filled;		/* bytes sent for the first time */
	uint64_t heard;			/* bytes received */
	uint64_t key;			/* of its payload */
	uint64_t opened_ns, closing_ns; /* since when it is being opened, and closed */
	uint32_t index;
	uint32_t first, n;  /* rr: asks under way, in the order of their answers */
	uint32_t next_free; /* in the list of free ones */
	uint8_t state;	    /* enum flow_state */
	uint8_t fate;	    /* enum error, or FATE_NONE */
	bool closes;	    /* the peer has said, or shown, that it ends behind what was answered */
	uint8_t spoilt;	    /* rr: what is wrong with the response that is coming; or FATE_NONE */
	bool began;	    /* the first byte of a response has come */
	bool moved;	    /* something happened since its time was looked at */
	uint32_t answered;  /* responses on this connection */
	struct http_response response;
};

struct full;

/* A kind of load. */
struct full_kind {
	struct tern_tcp_user user; /* of its connections */
	void (*start)(struct full *f, uint64_t now);
	bool (*ready)(struct full *f, uint64_t now);
	enum launched (*launch)(struct full *f, uint64_t intended, uint64_t now);
	/* The trial stops: of each flow in its turn. NULL: they end by themselves. */
	void (*end)(struct full *f, struct flow *fl);
};

extern const struct full_kind full_crr, full_rr, full_hold, full_stream;

struct full {
	struct tern_tcp_user user; /* first: the user of all connections */
	struct worker *w;
	const struct plan *plan;
	const struct full_kind *kind;
	struct request request;
	struct flow *flows;
	struct ask *asks;
	uint32_t *turns; /* rr: whose turn it is; a place for each ask that may be under way */
	uint32_t flows_n, depth;     /* of this trial */
	uint32_t flows_most, places; /* there is memory for so many flows, and asks */
	uint32_t rsp_bytes;	     /* of a response that is no HTTP */
	uint32_t free;		     /* list of flows */
	uint32_t oldest, newest;
	uint32_t turn, turns_n;
	uint32_t opening, open; /* flows in FLOW_OPENING; not free */
	uint32_t cursor;	/* the flow that is opened, or closed, next */
	bool stopping;
	uint64_t limit_ns; /* of an ask */
	uint64_t since_ns; /* when the trial began */
	uint64_t keys;
	uint64_t body_bytes; /* of the first response that was right: --verify */
	uint32_t body_sum;
	bool body_known;
	struct sources sources; /* from where connections are opened */
	uint64_t events[3];	/* of the stack, as they were counted last: full_counts.c */
	uint64_t bad_sums;
};

/* full.c */

static inline struct full *
full_of(struct tern_tcp_user *user)
{
	return (struct full *)user;
}

static inline uint64_t
full_now(const struct full *f)
{
	return f->w->clock(f->w->clock_data);
}

static inline uint32_t
ask_of(const struct full *f, const struct flow *fl, uint32_t i)
{
	return fl->index * f->depth + (fl->first + i) % f->depth;
}

/* Begin an ask, with its limit. */
void ask_begin(struct full *f, uint32_t ask, uint64_t intended, uint64_t now);
/* It has no limit from now on; or one again, from now. */
void ask_relax(struct full *f, uint32_t ask);
void ask_again(struct full *f, uint32_t ask, uint64_t now);
void ask_done(struct full *f, uint32_t ask);
void ask_failed(struct full *f, uint32_t ask, enum error error);

/* A free flow, or NULL; and back, when on_closed() was called. */
struct flow *flow_take(struct full *f);
void flow_give(struct full *f, struct flow *fl);

/*
 * Open its connection. Return: 0, -EAGAIN: no port or no block free; or -EHOSTUNREACH. After
 * flow_opened() or flow_over() it is no longer counted as opening.
 */
int flow_connect(struct full *f, struct flow *fl);
/* From on_open(). */
void flow_opened(struct full *f, struct flow *fl);
/* From on_closed(), first: what came of the connection, or FATE_NONE if all was well. */
enum error flow_over(struct full *f, struct flow *fl, enum tern_why why);

/* It failed: --capture-failed wants its frames. At the latest in on_closed(). */
void flow_capture(struct full *f, const struct tern_conn *conn, enum error error);

/* The connect times of its ask, where it has one that began with the connection. */
void flow_time_connect(struct full *f, const struct flow *fl, uint64_t now);
/* End it: as --close says, or at once and for this cause. */
void flow_close(struct full *f, struct flow *fl);
void flow_abort(struct flow *fl, enum error fate);

/* What of a segment belongs to the response that is awaited, and what became of that. */
struct took {
	uint32_t used;
	bool whole;
	enum error error; /* or FATE_NONE */
};

struct took flow_take_response(struct full *f, struct flow *fl, const uint8_t *data, uint32_t len);
/* The peer sends nothing more: is the response whole by that? */
struct took flow_end_response(struct full *f, struct flow *fl);

/* Members of tern_tcp_user that serve all. */
uint32_t full_available(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at);
void full_fill(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, void *to,
	       uint32_t len);

/* Of the kinds whose transaction is a connection: a free flow is taken and opened; on_closed(). */
enum launched flow_launch(struct full *f, uint64_t intended, uint64_t now);
void flow_on_closed(struct tern_tcp_user *user, struct tern_conn *conn, enum tern_why why);

/* full_counts.c: what the stack did again, and what was wrong, since this was called last. */
void full_counts_start(struct full *f);
void full_count(struct full *f);

#endif
