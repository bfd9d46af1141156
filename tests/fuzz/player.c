/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "player.h"

static struct player *
player_of(struct tern_tcp_user *vt)
{
	return (struct player *)vt;
}

static struct dice *
dice_of(struct player *p)
{
	return &p->crew->bed->dice;
}

/* What a user may do ------------------------------------------------------------------------ */

static void
listen_or_not(struct crew *c)
{
	unsigned int i = below(&c->bed->dice, 4);
	const struct tern_tcp_listener *l = &c->listener[i];
	int error;

	if (once_in(&c->bed->dice, 4)) {
		error = tern_tcp_relisten(c->bed->tcp, l);
		bed_check(c->bed, error == (c->listens[i] ? 0 : -ENOENT), "relisten: %d", error);
	} else if (c->listens[i]) {
		c->listens[i] = false; /* before: players are told within the call */
		error = tern_tcp_unlisten(c->bed->tcp, l);
		bed_check(c->bed, error == 0, "unlisten: %d", error);
	} else {
		error = tern_tcp_listen(c->bed->tcp, l);
		bed_check(c->bed, error == 0, "listen: %d", error);
		c->listens[i] = true;
	}
}

static void
offer_more(struct player *p, struct tern_conn *conn)
{
	if (!p->answers)
		p->offer += below(dice_of(p), 5000);
	tern_tcp_ready(conn);
}

static void
open_another(struct player *p)
{
	struct player *other = crew_player(p->crew);
	struct tern_conn *conn;

	if (other != NULL && player_connect(other, &conn) < 0)
		other->used = false;
}

static void
change_settings(struct player *p, struct tern_conn *conn)
{
	struct dice *d = dice_of(p);

	switch (below(d, 3)) {
	case 0:
		conn->flags ^= TERN_CONN_NODELAY;
		break;
	case 1:
		conn->rcv.space = below(d, 100000);
		break;
	default:
		if (conn->snd.mss > 100)
			conn->snd.mss = (uint16_t)(100 + below(d, conn->snd.mss - 100u));
	}
}

/* Some of the bytes; the mbufs stay for now. */
static void
consume_some(struct player *p, struct tern_conn *conn)
{
	uint32_t bytes = below(dice_of(p), p->taken_bytes + 1);

	p->taken_bytes -= bytes;
	tern_tcp_consumed(conn, bytes);
}

void
player_acts(struct player *p, struct tern_conn *conn)
{
	struct dice *d = dice_of(p);

	if (!p->crew->wild)
		return;
	switch (below(d, 24)) {
	case 0:
		tern_tcp_abort(conn);
		break;
	case 1:
	case 2:
		tern_tcp_close(conn);
		break;
	case 3:
	case 4:
		tern_tcp_shutdown(conn);
		break;
	case 5:
	case 6:
	case 7:
		offer_more(p, conn);
		break;
	case 8:
	case 9:
		player_release(p);
		break;
	case 10:
		consume_some(p, conn);
		break;
	case 11:
		open_another(p);
		break;
	case 12:
		listen_or_not(p->crew);
		break;
	case 13:
		change_settings(p, conn);
		break;
	default:
		break;
	}
}

/* Callbacks --------------------------------------------------------------------------------- */

static void
meet(struct player *p, struct tern_conn *conn)
{
	struct bed *b = p->crew->bed;

	p->crew->calls++;
	bed_check(b, p->used && p->closed == 0, "called after the end");
	bed_check(b, conn->user == &p->vt, "called for somebody else's connection");
	if (p->conn == NULL) {
		p->conn = conn;
		p->id = tern_tcp_id(conn);
	}
	bed_check(b, p->conn == conn && p->id == tern_tcp_id(conn), "called for another one");
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct player *p = player_of(vt);

	meet(p, conn);
	bed_check(p->crew->bed, ++p->opened == 1, "opened twice");
	bed_check(p->crew->bed, conn->state == TERN_ESTABLISHED || conn->state == TERN_FIN_WAIT_1,
		  "opened in %s", tern_tcp_state_name(conn->state));
	p->base = conn->rcv.nxt;
	player_acts(p, conn);
}

/* Answers of any kind; some that do not fit. */
static enum tern_verdict
answer(struct player *p, struct tern_conn *conn, struct tern_in *in)
{
	struct dice *d = dice_of(p);
	uint8_t elsewhere[3000];
	bool fits = true,
	     taken = conn->state != TERN_CLOSED && (conn->flags & TERN_CONN_FIN_WANTED) == 0;
	uint16_t len = (uint16_t)below(d, in->room + 1u), offset;
	uint8_t *at = in->data;
	enum tern_verdict v;

	switch (below(d, 4)) {
	case 0:
		len = in->len;
		break;
	case 1:
		offset = (uint16_t)below(d, in->room + 1u);
		at += offset;
		len = (uint16_t)below(d, in->room - offset + 1u);
		break;
	case 2:
		memset(elsewhere, 0x55, sizeof(elsewhere));
		at = elsewhere;
		break;
	default:
		if (!once_in(d, 8))
			break;
		memset(elsewhere, 0xaa, sizeof(elsewhere));
		at = elsewhere;
		len = (uint16_t)(in->room + 1u);
		fits = false;
	}
	v = tern_tcp_answer(conn, in, at, len);
	if (!fits && taken)
		bed_check(p->crew->bed, v == TERN_DROP_USER, "an answer larger than its room: %s",
			  tern_verdict_name(v));
	if ((v == TERN_ANSWER || v == TERN_DONE) && taken)
		p->answered += len;
	if (v == TERN_ANSWER || v == TERN_DONE)
		p->accepted += in->len;
	return v;
}

static enum tern_verdict
take(struct player *p, struct tern_in *in)
{
	if (p->taken_n == PLAYER_TAKEN || p->crew->bed->users >= p->crew->limit_taken)
		return TERN_DROP_USER;
	p->taken[p->taken_n++] = in->mbuf;
	p->taken_bytes += in->len;
	p->accepted += in->len;
	p->crew->bed->users++;
	return TERN_TAKEN;
}

static enum tern_verdict
read_some(struct player *p, struct tern_in *in)
{
	if (once_in(dice_of(p), 3))
		in->len = (uint16_t)below(dice_of(p), in->len + 1u);
	p->accepted += in->len;
	return TERN_DONE;
}

/* It ended within on_data(): the mbuf can still be taken, or not. */
static enum tern_verdict
after_the_end(struct bed *b, struct tern_in *in)
{
	if (once_in(&b->dice, 2))
		return once_in(&b->dice, 2) ? TERN_DONE : TERN_DROP_USER;
	rte_pktmbuf_free(in->mbuf);
	return TERN_TAKEN;
}

static enum tern_verdict
on_data(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	struct player *p = player_of(vt);
	struct bed *b = p->crew->bed;
	enum tern_verdict v;

	meet(p, conn);
	bed_check(b, p->opened == 1 && p->eofs == 0, "data before the beginning or after the end");
	bed_check(b, in->len > 0 && in->len <= in->room, "%u bytes in room for %u", in->len,
		  in->room);
	bed_check(b,
		  in->data >= (uint8_t *)in->mbuf->buf_addr &&
			  in->data + in->room <= (uint8_t *)in->mbuf->buf_addr + in->mbuf->buf_len,
		  "data outside the mbuf");
	if (!p->crew->wild) {
		p->accepted += in->len;
		return TERN_DONE;
	}
	if (once_in(&b->dice, 2))
		player_acts(p, conn);
	if (conn->state == TERN_CLOSED) /* and the player may be another's by now */
		return after_the_end(b, in);
	switch (below(&b->dice, 6)) {
	case 0:
		v = TERN_DROP_USER;
		break;
	case 1:
		v = take(p, in);
		break;
	case 2:
	case 3:
		if (p->answers) {
			v = answer(p, conn, in);
			break;
		}
		/* fallthrough */
	default:
		v = read_some(p, in);
	}
	/* What was just taken may be consumed only after this has returned. */
	if (v != TERN_TAKEN && once_in(&b->dice, 4))
		player_acts(p, conn);
	return v;
}

static void
on_eof(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct player *p = player_of(vt);

	meet(p, conn);
	bed_check(p->crew->bed, ++p->eofs == 1 && p->opened == 1, "an end too many");
	player_acts(p, conn);
}

static void
on_closed(struct tern_tcp_user *vt, struct tern_conn *conn, enum tern_why why)
{
	struct player *p = player_of(vt);

	meet(p, conn);
	p->closed++;
	p->crew->ends[why]++;
	if (p->crew->wild && once_in(dice_of(p), 8))
		open_another(p);
	if (p->crew->wild && once_in(dice_of(p), 8))
		tern_tcp_abort(conn); /* what is over may be aborted once more */
	p->conn = NULL;
}

static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	struct player *p = player_of(vt);

	meet(p, conn);
	bed_check(p->crew->bed, at <= p->offer && at >= p->acked, "available from %" PRIu64, at);
	return (uint32_t)(p->offer - at);
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	struct player *p = player_of(vt);

	meet(p, conn);
	bed_check(p->crew->bed, len > 0 && at >= p->acked && at + len <= p->offer,
		  "fill from %" PRIu64 "+%" PRIu32 ", offered are %" PRIu64, at, len, p->offer);
	memset(to, (int)at, len);
}

static void
on_acked(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t upto)
{
	struct player *p = player_of(vt);

	meet(p, conn);
	bed_check(p->crew->bed, upto > p->acked && upto <= (p->answers ? p->answered : p->offer),
		  "acked up to %" PRIu64 " after %" PRIu64, upto, p->acked);
	p->acked = upto;
	if (once_in(dice_of(p), 4))
		player_acts(p, conn);
}

/* The crew ---------------------------------------------------------------------------------- */

struct player *
crew_player(struct crew *c)
{
	unsigned int from = below(&c->bed->dice, PLAYERS);
	struct player *p;

	for (unsigned int i = 0; i < PLAYERS; i++) {
		p = &c->player[(from + i) % PLAYERS];
		if (p->used && (p->closed == 0 || p->taken_n > 0))
			continue;
		memset(p, 0, sizeof(*p));
		p->used = true;
		p->crew = c;
		p->answers = once_in(&c->bed->dice, 2);
		p->vt = (struct tern_tcp_user){
			.on_open = on_open,
			.on_data = on_data,
			.on_eof = on_eof,
			.on_closed = on_closed,
			.acked = on_acked,
		};
		if (!p->answers) {
			p->vt.available = available;
			p->vt.fill = fill;
			p->offer = below(&c->bed->dice, 3) * 700;
		}
		return p;
	}
	return NULL;
}

static enum tern_accept
on_accept(const struct tern_tcp_listener *self, struct tern_syn *syn)
{
	struct crew *c = player_of(self->user)->crew;

	bed_check(c->bed, syn->user == self->user && syn->data == NULL, "not preset");
	if (c->wild && once_in(&c->bed->dice, 10))
		return once_in(&c->bed->dice, 2) ? TERN_REFUSE : TERN_IGNORE;
	if (c->wild && c->fickle && once_in(&c->bed->dice, 4))
		listen_or_not(c);
	return TERN_ACCEPT;
}

/* Of a half-open connection that comes to nothing nobody is told: players come when it is open. */
static void
on_enter(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	struct player *p = crew_player(player_of(vt)->crew);

	if (p == NULL) {
		tern_tcp_abort(conn);
		return;
	}
	conn->user = &p->vt;
	p->vt.on_open(&p->vt, conn);
}

void
crew_open(struct crew *c, struct bed *bed)
{
	static struct player dummy;

	memset(c, 0, sizeof(*c));
	c->bed = bed;
	c->limit_taken = 256;
	dummy.crew = c;
	dummy.vt.on_open = on_enter;
	for (unsigned int i = 0; i < 4; i++) {
		c->listener[i] = (struct tern_tcp_listener){
			.port = (uint16_t)(PLAYER_PORT + i),
			.one_shot = i == 3,
			.backlog = i == 2 ? 2 : 32,
			.user = &dummy.vt,
			.on_accept = on_accept,
		};
		cr_assert_eq(tern_tcp_listen(bed->tcp, &c->listener[i]), 0);
		c->listens[i] = true;
	}
}

int
player_connect(struct player *p, struct tern_conn **conn)
{
	struct bed *b = p->crew->bed;
	int error = tern_tcp_connect(b->tcp, tern_addr_v4(b->peer),
				     rte_cpu_to_be_16((uint16_t)(5000 + below(&b->dice, 4))),
				     &p->vt, conn);

	bed_check(b, error == 0 || error == -ENOBUFS || error == -EADDRNOTAVAIL, "connect: %d",
		  error);
	if (error == 0) {
		p->conn = *conn;
		p->id = tern_tcp_id(*conn);
		bed_check(b, tern_tcp_find(b->tcp, p->id) == *conn, "not found at once");
	}
	return error;
}

void
player_release(struct player *p)
{
	uint32_t bytes = p->taken_bytes;

	rte_pktmbuf_free_bulk(p->taken, p->taken_n);
	p->crew->bed->users -= p->taken_n;
	p->taken_n = p->taken_bytes = 0;
	if (p->conn != NULL && bytes > 0)
		tern_tcp_consumed(p->conn, bytes);
}

void
crew_close(struct crew *c)
{
	c->wild = false;
	for (unsigned int i = 0; i < PLAYERS; i++) {
		struct player *p = &c->player[i];

		if (p->used && p->taken_n > 0)
			player_release(p);
	}
}

/* What must be true of every connection ----------------------------------------------------- */

static bool
is_set(const struct tern_conn *c, enum tern_tcp_timer which)
{
	return (c->timers & 1u << which) != 0;
}

static void
check_send_numbers(struct bed *b, const struct tern_conn *c)
{
	bed_check(b, (int32_t)(c->snd.nxt - c->snd.una) >= 0, "una is beyond nxt");
	bed_check(b, (int32_t)(c->snd.max - c->snd.nxt) >= 0, "nxt is beyond max");
	bed_check(b, c->snd.max - c->snd.una <= UINT32_C(1) << 30, "a window over 2^30 in flight");
	bed_check(b, c->snd.wscale <= 14 && c->rcv.wscale <= 14, "a scale over 14");
}

static bool
past_fin(const struct tern_conn *c)
{
	return c->state == TERN_CLOSE_WAIT || c->state == TERN_CLOSING || c->state == TERN_LAST_ACK;
}

/* RFC 9293 §3.8.6 (SHLD-14), MUST-34: the edge never moves left. */
static void
check_receive_numbers(struct bed *b, struct player *p, const struct tern_conn *c)
{
	uint32_t fin = past_fin(c);

	if (c->state < TERN_SYN_RECEIVED)
		return;
	bed_check(b, (int32_t)(c->rcv.adv - c->rcv.nxt) >= 0, "rcv.nxt is beyond what was offered");
	bed_check(b, !p->seen || (int32_t)(c->rcv.adv - p->adv) >= 0,
		  "the edge moves left by %" PRIu32, p->adv - c->rcv.adv);
	p->seen = true;
	p->adv = c->rcv.adv;
	if (p->opened > 0)
		bed_check(b, c->rcv.nxt == p->base + (uint32_t)p->accepted + fin,
			  "rcv.nxt is %" PRIu32 " after the start, the user took %" PRIu64
			  ", FIN %" PRIu32,
			  c->rcv.nxt - p->base, p->accepted, fin);
	bed_check(b, fin == 0 || p->eofs == 1, "a FIN that the user was not told");
}

static void
check_held(struct bed *b, const struct player *p, const struct tern_conn *c)
{
	uint64_t kept = p->answers && p->answered > c->sent ? p->answered - c->sent : 0;

	bed_check(b, (c->early_n == 0) == (c->early == NULL), "early list and its count differ");
	bed_check(b, (c->kept_n == 0) == (c->kept == NULL), "kept list and its count differ");
	bed_check(b, (c->kept_n == 0) == (kept == 0), "%u kept for %" PRIu64 " bytes", c->kept_n,
		  kept);
	bed_check(b, c->rcv.held == kept + p->taken_bytes,
		  "held %" PRIu32 ", answers are %" PRIu64 ", kept by the user %" PRIu32,
		  c->rcv.held, kept, p->taken_bytes);
	bed_check(b, c->sent <= (p->answers ? p->answered : p->offer), "more acked than sent");
}

static void
check_timers(struct bed *b, const struct player *p, const struct tern_conn *c)
{
	uint32_t tick = (uint32_t)(b->now / TERN_TICK_NS);
	bool ready = (c->flags & TERN_CONN_READY) != 0;
	uint64_t to_send = p->answers ? p->answered : p->offer;

	for (unsigned int i = 0; i < TERN_TIMERS; i++) {
		if (!is_set(c, i))
			continue;
		bed_check(b, (int32_t)(c->deadline[i] - tick) > 0, "timer %u is overdue", i);
		bed_check(b, c->deadline[i] - tick <= 7200u * 100000u, "timer %u is far off", i);
		bed_check(b, c->wheel.prev != 0 && (int32_t)(c->wheel.at - c->deadline[i]) <= 0,
			  "timer %u is not in the wheel", i);
	}
	bed_check(b, c->snd.una == c->snd.max || ready || is_set(c, TERN_TIMER_REXMIT),
		  "in flight, and no timer");
	bed_check(b, c->rcv.acked == c->rcv.nxt || ready || is_set(c, TERN_TIMER_ACK),
		  "an ACK is delayed for ever");
	bed_check(b, !(c->flags & TERN_CONN_ACK_NOW) || ready, "an ACK is owed for ever");
	if (c->state == TERN_FIN_WAIT_2 && (c->flags & TERN_CONN_CLOSED) != 0)
		bed_check(b, is_set(c, TERN_TIMER_STATE), "FIN-WAIT-2 of a closed one for ever");
	if (c->state >= TERN_ESTABLISHED && (c->flags & TERN_CONN_FIN_SENT) == 0)
		bed_check(b,
			  to_send <= c->sent + (c->snd.max - c->snd.una) || ready ||
				  is_set(c, TERN_TIMER_REXMIT),
			  "data wait, and nothing will send them");
	if (c->state >= TERN_ESTABLISHED && (c->flags & TERN_CONN_FIN_WANTED) != 0)
		bed_check(b,
			  (c->flags & TERN_CONN_FIN_SENT) != 0 || ready ||
				  is_set(c, TERN_TIMER_REXMIT),
			  "a FIN waits, and nothing will send it");
}

static void
check_congestion(struct bed *b, const struct tern_conn *c)
{
	if (c->state < TERN_ESTABLISHED)
		return;
	bed_check(b, c->cong.cwnd > 0 && c->cong.cwnd <= UINT32_C(1) << 30, "cwnd %" PRIu32,
		  c->cong.cwnd);
	bed_check(b, c->cong.ssthresh >= 2, "ssthresh %" PRIu32, c->cong.ssthresh);
	bed_check(b, c->snd.mss >= 48 && c->snd.mss <= 1460, "MSS %u", c->snd.mss);
	bed_check(b, c->rtt.rto > 0 && c->rtt.backoff <= 30, "RTO %" PRIu32 " << %u", c->rtt.rto,
		  c->rtt.backoff);
}

static void
check_conn(struct tern_conn *c, void *data)
{
	struct crew *crew = data;
	struct bed *b = crew->bed;
	struct player *p = player_of(c->user);

	bed_check(b, p >= crew->player && p < crew->player + PLAYERS, "a connection of no player");
	bed_check(b, c->state > TERN_LISTEN && c->state < TERN_TIME_WAIT, "state %u", c->state);
	bed_check(b, tern_tcp_find(b->tcp, tern_tcp_id(c)) == c, "not found by its id");
	bed_check(b, p->used && p->closed == 0, "lives, and its user was told the end");
	check_send_numbers(b, c);
	check_receive_numbers(b, p, c);
	check_held(b, p, c);
	check_timers(b, p, c);
	check_congestion(b, c);
}

void
crew_check(struct crew *c)
{
	tern_tcp_each(c->bed->tcp, check_conn, c);
	for (unsigned int i = 0; i < PLAYERS; i++) {
		const struct player *p = &c->player[i];

		if (p->used && p->closed == 0 && p->id != 0)
			bed_check(c->bed, tern_tcp_find(c->bed->tcp, p->id) != NULL,
				  "gone, and its user was not told");
	}
}
