/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection in each of the eleven states against segments with numbers around all edges, any
 * flags, windows, options and lengths, and with a user that does whatever it may from inside each
 * callback. After each poll the block must agree with what the user knows (player.c).
 */
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "player.h"

enum { ROUNDS = 100000, PEER_PORT = 5000 };

/* The numbers of a connection: the last that were seen, where it has no block. */
struct numbers {
	bool known;
	uint32_t rcv_nxt, rcv_adv;
	uint32_t snd_una, snd_nxt, snd_max, max_wnd;
};

struct scene {
	struct bed bed;
	struct crew crew;
	struct ends ends;
	struct tern_conn *conn; /* NULL: gone, or without a block */
	struct numbers near;
	uint64_t id;
	uint16_t peer_port;
	uint64_t reached, sent[TERN_TCP_STATES];
};

static enum tern_tcp_state
status(const struct scene *s)
{
	return tern_tcp_status(s->bed.tcp, tern_addr_v4(s->ends.dst),
			       rte_cpu_to_be_16(s->ends.dport), tern_addr_v4(s->ends.src),
			       rte_cpu_to_be_16(s->ends.sport));
}

static bool find_conn(struct scene *s);

static void
remember(struct scene *s)
{
	const struct tern_conn *c = s->conn;

	if (c == NULL || c->state == TERN_SYN_SENT)
		return;
	s->near = (struct numbers){ true,	c->rcv.nxt, c->rcv.adv,	   c->snd.una,
				    c->snd.nxt, c->snd.max, c->snd.max_wnd };
}

static void
scene_poll(struct scene *s)
{
	enum tern_tcp_state state;

	bed_poll(&s->bed);
	crew_check(&s->crew);
	state = status(s);
	s->conn = tern_tcp_find(s->bed.tcp, s->id);
	if (s->conn == NULL && state >= TERN_ESTABLISHED && state < TERN_TIME_WAIT)
		find_conn(s);
	remember(s);
	/* The FIN of the peer had not been counted. */
	if (s->conn == NULL && state == TERN_TIME_WAIT && s->near.known && s->id != 0) {
		s->near.rcv_nxt++;
		s->id = 0;
	}
}

static void
say(struct scene *s, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len)
{
	static const uint8_t data[1500];
	struct segment seg = { .flags = flags, .seq = seq, .ack = ack, .win = 65535, .len = len };
	struct frame f;

	frame_tcp(&f, &s->ends, &seg, data);
	bed_frame(&s->bed, &f);
	scene_poll(s);
}

/* Reaching a state -------------------------------------------------------------------------- */

struct search {
	const struct ends *ends;
	struct tern_conn *found;
};

static void
look(struct tern_conn *c, void *data)
{
	struct search *s = data;

	if (c->rport == rte_cpu_to_be_16(s->ends->sport) &&
	    c->lport == rte_cpu_to_be_16(s->ends->dport))
		s->found = c;
}

static bool
find_conn(struct scene *s)
{
	struct search search = { &s->ends, NULL };

	tern_tcp_each(s->bed.tcp, look, &search);
	s->conn = search.found;
	s->id = s->conn != NULL ? tern_tcp_id(s->conn) : 0;
	return s->conn != NULL;
}

/* The SYN-ACK tells our number. */
static bool
open_passively(struct scene *s)
{
	uint64_t since = s->bed.sent;
	uint32_t irs = (uint32_t)roll(&s->bed.dice), isn;
	struct frame *f;

	s->id = 0;
	s->ends = (struct ends){ s->bed.peer, s->bed.addr, s->peer_port++, PLAYER_PORT };
	if (s->peer_port < 1024)
		s->peer_port = 1024;
	say(s, SYN, irs, 0, 0);
	f = bed_left(&s->bed, since, 0);
	if (f == NULL || frame_l4(f)[13] != (SYN | ACK))
		return false;
	isn = get32(frame_l4(f) + 4);
	s->near = (struct numbers){ true, irs + 1, irs + 65536, isn, isn + 1, isn + 1, 65535 };
	return true;
}

static bool
open_actively(struct scene *s)
{
	struct player *p = crew_player(&s->crew);

	if (p == NULL || player_connect(p, &s->conn) < 0) {
		if (p != NULL)
			p->used = false;
		return false;
	}
	s->id = p->id;
	s->ends = (struct ends){ s->bed.peer, s->bed.addr, rte_be_to_cpu_16(s->conn->rport),
				 rte_be_to_cpu_16(s->conn->lport) };
	scene_poll(s);
	return true;
}

static struct player *
player_here(struct scene *s)
{
	return (struct player *)s->conn->user;
}

static bool
establish(struct scene *s)
{
	if (once_in(&s->bed.dice, 2)) {
		if (!open_passively(s))
			return false;
		say(s, ACK, s->near.rcv_nxt, s->near.snd_max, 0);
	} else {
		if (!open_actively(s))
			return false;
		say(s, SYN | ACK, (uint32_t)roll(&s->bed.dice), s->conn->snd.max, 0);
	}
	return s->conn != NULL && s->conn->state == TERN_ESTABLISHED;
}

/* All that was offered is acknowledged: what is in flight is the FIN. */
static void
drain(struct scene *s)
{
	for (unsigned int i = 0;
	     i < 64 && s->conn != NULL && s->conn->snd.una != s->conn->snd.max &&
	     (s->conn->flags & TERN_CONN_FIN_SENT) == 0;
	     i++)
		say(s, ACK, s->conn->rcv.nxt, s->conn->snd.max, 0);
}

static bool
close_first(struct scene *s)
{
	if (!establish(s))
		return false;
	player_here(s)->offer = s->conn->sent + (s->conn->snd.max - s->conn->snd.una);
	if (once_in(&s->bed.dice, 2))
		tern_tcp_close(s->conn);
	else
		tern_tcp_shutdown(s->conn);
	scene_poll(s);
	drain(s);
	return s->conn != NULL;
}

static bool
reach(struct scene *s, enum tern_tcp_state state)
{
	uint32_t ack;

	switch (state) {
	case TERN_CLOSED: /* a port that nobody listens on */
	case TERN_LISTEN:
		s->ends = (struct ends){ s->bed.peer, s->bed.addr, s->peer_port++,
					 state == TERN_LISTEN ? PLAYER_PORT : 99 };
		s->id = 0;
		s->conn = NULL;
		s->near.known = false;
		return true;
	case TERN_SYN_SENT:
		return open_actively(s);
	case TERN_SYN_RECEIVED:
		if (once_in(&s->bed.dice, 2))
			return open_passively(s);
		if (!open_actively(s))
			return false;
		say(s, SYN, (uint32_t)roll(&s->bed.dice), 0, 0); /* both at once */
		break;
	case TERN_ESTABLISHED:
		return establish(s);
	case TERN_CLOSE_WAIT:
	case TERN_LAST_ACK:
		if (!establish(s))
			return false;
		player_here(s)->offer = s->conn->sent + (s->conn->snd.max - s->conn->snd.una);
		say(s, FIN | ACK, s->conn->rcv.nxt, s->conn->snd.max, 0);
		if (s->conn == NULL || state == TERN_CLOSE_WAIT)
			break;
		tern_tcp_close(s->conn);
		scene_poll(s);
		break;
	case TERN_FIN_WAIT_1:
		return close_first(s) && s->conn->state == state;
	case TERN_FIN_WAIT_2:
	case TERN_TIME_WAIT:
		if (!close_first(s))
			return false;
		say(s, ACK, s->conn->rcv.nxt, s->conn->snd.max, 0);
		if (s->conn != NULL && state == TERN_TIME_WAIT)
			say(s, FIN | ACK, s->conn->rcv.nxt, s->conn->snd.max, 0);
		return status(s) == state;
	default: /* CLOSING */
		if (!close_first(s))
			return false;
		ack = s->conn->snd.max - ((s->conn->flags & TERN_CONN_FIN_SENT) != 0);
		say(s, FIN | ACK, s->conn->rcv.nxt, ack, 0);
	}
	return s->conn != NULL && s->conn->state == state;
}

/* Segments around all edges ----------------------------------------------------------------- */

static uint32_t
near(struct dice *d, uint32_t x)
{
	return once_in(d, 2) ? x : x + below(d, 5) - 2;
}

static uint32_t
some_seq(struct scene *s)
{
	struct dice *d = &s->bed.dice;
	const struct numbers *c = &s->near;

	if (!c->known)
		return (uint32_t)roll(d);
	switch (below(d, 10)) {
	case 0:
		return near(d, c->rcv_adv);
	case 1:
		return near(d, c->rcv_nxt - 1);
	case 2:
		return c->rcv_nxt - below(d, 3000);
	case 3:
		return c->rcv_nxt + below(d, 6000);
	case 4:
		return near(d, c->rcv_nxt + (UINT32_C(1) << 31));
	case 5:
		return (uint32_t)roll(d);
	default:
		return near(d, c->rcv_nxt);
	}
}

static uint32_t
some_ack(struct scene *s)
{
	struct dice *d = &s->bed.dice;
	const struct numbers *c = &s->near;

	if (!c->known)
		return (uint32_t)roll(d);
	switch (below(d, 10)) {
	case 0:
		return near(d, c->snd_una);
	case 1:
		return near(d, c->snd_nxt);
	case 2:
		return near(d, c->snd_una - c->max_wnd);
	case 3:
		return c->snd_una + below(d, c->snd_max - c->snd_una + 1);
	case 4:
		return near(d, c->snd_max + (UINT32_C(1) << 31));
	case 5:
		return (uint32_t)roll(d);
	default:
		return near(d, c->snd_max);
	}
}

static uint8_t
some_flags(struct dice *d)
{
	static const uint8_t likely[] = { ACK, ACK,	  ACK, ACK | PSH, ACK | PSH, ACK | FIN,
					  SYN, SYN | ACK, RST, RST | ACK, ACK | URG };

	if (once_in(d, 8))
		return (uint8_t)roll(d);
	return likely[below(d, once_in(d, 3) ? sizeof(likely) : 6)];
}

static uint16_t
some_length(struct dice *d)
{
	static const uint16_t lengths[] = { 0, 0, 0, 1, 2, 100, 535, 536, 1459, 1460 };

	if (once_in(d, 4))
		return (uint16_t)below(d, 1461);
	return lengths[below(d, sizeof(lengths) / sizeof(lengths[0]))];
}

static void
some_options(struct dice *d, struct segment *seg)
{
	static const uint8_t bytes[] = { 0, 1, 2, 3, 4, 8, 10, 14, 255 };

	seg->opts_len = (uint8_t)(4 * below(d, 11));
	for (unsigned int i = 0; i < seg->opts_len; i++)
		seg->opts[i] = bytes[below(d, sizeof(bytes))];
	if (seg->opts_len >= 8 && once_in(d, 2))
		memcpy(seg->opts,
		       (uint8_t[]){ 2, 4, (uint8_t)below(d, 8), (uint8_t)roll(d), 3, 3,
				    (uint8_t)below(d, 20), 0 },
		       8);
}

static void
say_anything(struct scene *s)
{
	static uint8_t data[1500];
	struct dice *d = &s->bed.dice;
	static const uint16_t wins[] = { 0, 0, 1, 100, 1460, 65535 };
	struct segment seg = {
		.flags = some_flags(d),
		.seq = some_seq(s),
		.ack = some_ack(s),
		.win = once_in(d, 4) ? (uint16_t)roll(d) : wins[below(d, 6)],
		.len = some_length(d),
		.urg = once_in(d, 8) ? (uint16_t)roll(d) : 0,
	};
	struct frame f;

	if (once_in(d, 4) || (seg.flags & SYN) != 0)
		some_options(d, &seg);
	if (seg.opts_len + seg.len > 1460)
		seg.len = (uint16_t)(1460 - seg.opts_len);
	if (s->conn != NULL)
		bed_note(&s->bed,
			 "%s una %u +%u +%u wnd %u rcv %u +%u flags %x; comes flags %x seq +%d len "
			 "%u ack +%d win %u",
			 tern_tcp_state_name(s->conn->state), s->conn->snd.una,
			 s->conn->snd.nxt - s->conn->snd.una, s->conn->snd.max - s->conn->snd.una,
			 s->conn->snd.wnd, s->conn->rcv.nxt, s->conn->rcv.adv - s->conn->rcv.nxt,
			 s->conn->flags, seg.flags, (int)(seg.seq - s->conn->rcv.nxt), seg.len,
			 (int)(seg.ack - s->conn->snd.una), seg.win);
	else
		bed_note(&s->bed, "no connection; comes flags %x seq %u len %u ack %u", seg.flags,
			 seg.seq, seg.len, seg.ack);
	frame_tcp(&f, &s->ends, &seg, data);
	bed_frame(&s->bed, &f);
}

/* Time, or something that the application does between two polls. */
static void
something_else(struct scene *s)
{
	struct dice *d = &s->bed.dice;
	uint64_t next;

	switch (below(d, 8)) {
	case 0:
		s->bed.now += roll(d) % MS(300);
		break;
	case 1:
		next = tern_next_deadline(s->bed.stack);
		if (next != UINT64_MAX && next > s->bed.now)
			s->bed.now = next;
		break;
	case 2:
		if (s->conn != NULL) {
			bed_note(&s->bed, "the user acts");
			player_acts(player_here(s), s->conn);
		}
		break;
	case 3:
		if (once_in(d, 10))
			s->bed.now += roll(d) % S(30);
		break;
	default:
		break;
	}
}

static void
abort_one(struct tern_conn *conn, void *data)
{
	struct scene *s = data;

	if (once_in(&s->bed.dice, 2))
		tern_tcp_abort(conn);
}

/* Not too many of the past ones, and all listeners there again. */
static void
tidy(struct scene *s)
{
	s->crew.wild = false;
	if (tern_tcp_connections(s->bed.tcp) > 32)
		tern_tcp_each(s->bed.tcp, abort_one, s);
	for (unsigned int i = 0; i < 4; i++) {
		if (!s->crew.listens[i])
			cr_assert_eq(tern_tcp_listen(s->bed.tcp, &s->crew.listener[i]), 0);
		s->crew.listens[i] = true;
		tern_tcp_relisten(s->bed.tcp, &s->crew.listener[i]);
	}
	for (unsigned int i = 0; i < PLAYERS; i++)
		if (s->crew.player[i].taken_n > 0)
			player_release(&s->crew.player[i]);
	scene_poll(s);
}

static void
fuzz_state(enum tern_tcp_state state, uint64_t seed, bool fickle)
{
	static struct scene scene;
	struct scene *s = &scene;
	uint64_t left = rounds(ROUNDS);
	enum tern_tcp_state now;

	memset(s, 0, sizeof(*s));
	bed_open(&s->bed, seed_or(seed), NULL);
	crew_open(&s->crew, &s->bed);
	s->crew.fickle = fickle;
	s->peer_port = 1024;
	for (; left > 0; s->bed.round++) {
		tidy(s);
		if (!reach(s, state)) {
			bed_check(&s->bed, s->bed.round < 100 || s->reached > s->bed.round / 4,
				  "%s is hardly ever reached", tern_tcp_state_name(state));
			bed_pass(&s->bed, S(1));
			continue;
		}
		s->reached++;
		s->crew.wild = true;
		for (unsigned int n = 1 + below(&s->bed.dice, 30); n > 0 && left > 0; n--, left--) {
			now = status(s);
			s->sent[now == TERN_CLOSED ? state : now]++;
			say_anything(s);
			something_else(s);
			if (once_in(&s->bed.dice, 8))
				continue; /* two in one poll */
			scene_poll(s);
		}
		while (s->bed.in_n > 0)
			scene_poll(s);
	}
	cr_assert_gt(s->sent[state], rounds(ROUNDS) / 60, "%s saw %d segments",
		     tern_tcp_state_name(state), (int)s->sent[state]);
	tidy(s);
	crew_close(&s->crew);
	bed_close(&s->bed);
	for (unsigned int i = 0; i < PLAYERS; i++)
		cr_assert(!s->crew.player[i].used || s->crew.player[i].id == 0 ||
				  s->crew.player[i].closed == 1,
			  "a user was not told the end");
}

#define STATE(name, state, seed) \
	Test(segments, name) \
	{ \
		fuzz_state(state, seed, false); \
	}

STATE(closed, TERN_CLOSED, 21)
STATE(listen, TERN_LISTEN, 22)
STATE(syn_sent, TERN_SYN_SENT, 23)
STATE(syn_received, TERN_SYN_RECEIVED, 24)
STATE(established, TERN_ESTABLISHED, 25)
STATE(fin_wait_1, TERN_FIN_WAIT_1, 26)
STATE(fin_wait_2, TERN_FIN_WAIT_2, 27)
STATE(close_wait, TERN_CLOSE_WAIT, 28)
STATE(closing, TERN_CLOSING, 29)
STATE(last_ack, TERN_LAST_ACK, 30)
STATE(time_wait, TERN_TIME_WAIT, 31)

/* tern_tcp.h: "call these functions in a callback": on_accept() is one. */
Test(segments, listeners_shut_from_inside_on_accept)
{
	fuzz_state(TERN_LISTEN, 41, true);
	fuzz_state(TERN_SYN_RECEIVED, 42, true);
}

/* What was found, made small ---------------------------------------------------------------- */

struct keeper {
	struct tern_tcp_user vt;
	struct rte_mbuf *kept[2];
	unsigned int n;
};

static enum tern_verdict
keep(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	struct keeper *k = (struct keeper *)vt;

	(void)conn;
	k->kept[k->n++ % 2] = in->mbuf;
	return TERN_TAKEN;
}

static uint32_t
has_100(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	(void)vt;
	(void)conn;
	return at < 100 ? (uint32_t)(100 - at) : 0;
}

static void
fill_zeros(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)vt;
	(void)conn;
	(void)at;
	memset(to, 0, len);
}

static void
queue(struct bed *b, const struct ends *e, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t win,
      uint16_t len)
{
	static const uint8_t data[16];
	struct segment s = { .flags = flags, .seq = seq, .ack = ack, .win = win, .len = len };
	struct frame f;

	frame_tcp(&f, e, &s, data);
	bed_frame(b, &f);
}

static void
note_conn(struct tern_conn *c, void *data)
{
	*(struct tern_conn **)data = c;
}

/*
 * RFC 9293 MUST-36: the window opens while a probe is under way, and shuts again before anything
 * could leave, since the user keeps the mbufs. The probes go on.
 */
Test(segments, window_opens_and_shuts_within_one_poll)
{
	static struct bed b;
	struct keeper k = { .vt = { .on_data = keep, .available = has_100, .fill = fill_zeros } };
	const struct tern_tcp_listener l = { .port = 7, .backlog = 1, .user = &k.vt };
	struct tern_conn *c = NULL;
	struct ends e;
	struct frame *f;
	uint64_t sent;
	uint32_t una;

	bed_open(&b, 71, NULL);
	e = (struct ends){ b.peer, b.addr, 1000, 7 };
	cr_assert_eq(tern_tcp_listen(b.tcp, &l), 0);
	sent = b.sent;
	queue(&b, &e, SYN, 0, 0, 0, 0);
	bed_poll(&b);
	f = bed_left(&b, sent, 0);
	cr_assert_not_null(f);
	una = get32(frame_l4(f) + 4) + 1;
	queue(&b, &e, ACK, 1, una, 0, 0);
	bed_poll(&b);
	tern_tcp_each(b.tcp, note_conn, &c);
	cr_assert_not_null(c);
	bed_pass(&b, S(2));
	cr_assert_eq(c->snd.una, una);
	cr_assert_eq(c->snd.max, una + 1, "no probe");
	queue(&b, &e, ACK, 1, una, 1460, 1);
	queue(&b, &e, ACK, 2, una, 0, 1);
	b.users = 2;
	bed_poll(&b);
	cr_assert_eq(k.n, 2);
	bed_pass(&b, S(1)); /* the delayed ACK */
	sent = b.sent;
	bed_pass(&b, S(60));
	cr_assert_gt(b.sent, sent, "nobody probes any more");
	rte_pktmbuf_free_bulk(k.kept, 2);
	b.users = 0;
	bed_close(&b);
}
