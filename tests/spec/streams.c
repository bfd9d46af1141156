/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams: receive buffers, send sources and both together, as the peer sees them.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include <tern_stream_pool.h>

#include "kit/wire.h"

enum { MEMORY = 1 << 18, CHAIN = 32 };

/* The callbacks in which it may abort. */
enum place {
	NOWHERE,
	IN_OPEN,
	IN_DATA,
	IN_READABLE,
	IN_WRITABLE,
	IN_EOF,
	IN_CLOSED,
	IN_DONE,
	PLACES
};

/* An application of one stream, which writes down what it is told. */
static struct app {
	struct tern_stream s;
	struct tern_recv_ring ring;
	struct tern_recv_chain chain;
	struct rte_mbuf *mbufs[CHAIN];
	struct tern_send_ring out;
	struct tern_send_memory memory;
	struct tern_send_generator generator;
	struct tern_send_piece pieces[4];
	struct wire *w;
	enum place abort_in;
	bool answers;
	unsigned int opened, datas, readables, writables, eofs, closed, done;
	enum tern_why why;
	uint64_t read, written;
} app;

static uint8_t recv_memory[MEMORY], send_memory[MEMORY], ours[MEMORY];

static void
maybe_abort(enum place place)
{
	int expected = app.s.conn != NULL ? 0 : -ENOTCONN;

	if (app.abort_in == place)
		cr_assert_eq(tern_stream_abort(&app.s), expected);
}

static void
on_open(struct tern_stream *s)
{
	app.opened++;
	cr_assert_not_null(s->conn);
	maybe_abort(IN_OPEN);
}

static enum tern_verdict
on_data(struct tern_stream *s, struct tern_in *in)
{
	app.datas++;
	if (app.abort_in == IN_DATA) {
		tern_stream_abort(s);
		return TERN_UNDECIDED;
	}
	return app.answers ? tern_stream_answer(s, in, in->data, in->len) : TERN_UNDECIDED;
}

static void
on_readable(struct tern_stream *s)
{
	app.readables++;
	cr_assert_gt(tern_stream_readable(s), 0);
	maybe_abort(IN_READABLE);
}

static void
on_writable(struct tern_stream *s)
{
	app.writables++;
	cr_assert_gt(tern_stream_writable(s), 0);
	maybe_abort(IN_WRITABLE);
}

static void
on_eof(struct tern_stream *s)
{
	(void)s;
	app.eofs++;
	maybe_abort(IN_EOF);
}

static void
on_closed(struct tern_stream *s, enum tern_why why)
{
	cr_assert_null(s->conn);
	app.closed++;
	app.why = why;
	maybe_abort(IN_CLOSED);
}

static void
on_done(struct tern_send_piece *piece)
{
	(void)piece;
	app.done++;
	maybe_abort(IN_DONE);
}

static const struct tern_stream_hooks hooks = {
	.on_open = on_open,
	.on_data = on_data,
	.on_readable = on_readable,
	.on_writable = on_writable,
	.on_eof = on_eof,
	.on_closed = on_closed,
};

static enum tern_accept
on_accept(const struct tern_tcp_listener *listener, struct tern_syn *syn)
{
	(void)listener;
	return tern_stream_accept(&app.s, syn);
}

/* Rings of these sizes. */
static void
make(uint32_t recv_bytes, uint32_t send_bytes)
{
	app = (struct app){ 0 };
	tern_recv_ring_init(&app.ring, recv_memory, recv_bytes);
	tern_send_ring_init(&app.out, send_memory, send_bytes);
	tern_stream_init(&app.s, &hooks, &app.ring.recv, &app.out.send);
	for (uint32_t i = 0; i < MEMORY; i++)
		ours[i] = our_byte(i);
}

/* A peer with these options in its SYN and this window comes in; its ACK ends the handshake. */
static void
open_by(struct wire *w, const char *options, uint16_t win)
{
	app.w = w;
	w->listener.on_accept = on_accept;
	wire_in(w, "S 0:0(0) win 65535 %s", options);
	wire_skip(w);
	wire_in(w, ". 1:1(0) ack 1 win %u", win);
}

static void
open_stream(struct wire *w)
{
	open_by(w, "<mss 1460>", 65535);
	wire_check(w, app.abort_in == IN_OPEN || app.s.conn != NULL, "not open");
}

static void
read_some(struct wire *w, uint32_t bytes)
{
	static uint8_t to[MEMORY];
	uint32_t n = tern_stream_read(&app.s, to, bytes);

	for (uint32_t i = 0; i < n; i++)
		wire_check(w, to[i] == peer_byte(app.read + i), "byte %lu of the peer's is wrong",
			   app.read + i);
	app.read += n;
	wire_poll(w);
}

static uint32_t
write_some(struct wire *w, uint32_t bytes)
{
	uint32_t n = tern_stream_write(&app.s, ours + app.written, bytes);

	app.written += n;
	wire_poll(w);
	return n;
}

static uint32_t
offered(const struct wire *w)
{
	return w->flow->our_edge - w->flow->our_ack;
}

static uint32_t
acknowledged(const struct wire *w)
{
	return w->flow->our_ack - w->flow->peer_isn - 1;
}

static void
space_of_8000(struct tern_config *c)
{
	c->rcv_space = 8000;
}

static const struct wire_how listening = { .state = TERN_LISTEN, .tune = space_of_8000 };

/*
 * RFC 9293 §3.8.6: the window is what the ring has free; it never moves left (SHLD-14, judged), and
 * opens in no small steps (MUST-39): one MSS here, the ring being larger than two.
 */
Test(streams, window_is_what_the_ring_has_free)
{
	struct wire *w;
	uint32_t at;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 1000);
		open_stream(w);
		for (at = 1; at < 8001; at += 1000) {
			wire_in(w, "P. %u:%u(1000) ack 1 win 65535", at, at + 1000);
			wire_pass(w, wire_now(w) + MS(41));
			wire_check(w, acknowledged(w) == at + 999, "acknowledged %u",
				   acknowledged(w));
			wire_check(w, offered(w) == 8000 - (at + 999), "window %u at %u",
				   offered(w), at);
		}
		wire_check(w, app.readables == 8, "told %u times", app.readables);
		for (at = 100; at < 1460; at += 100) {
			read_some(w, 100);
			wire_quiet_now(w);
		}
		read_some(w, 60);
		wire_out_now(w, ". 1:1(0) ack 8001 win 1460");
		read_some(w, 10000);
		wire_out_now(w, ". 1:1(0) ack 8001 win 8000");
		wire_check(w, app.read == 8000, "read %lu", app.read);
	}
}

/* A reader that reads from on_readable() all there is never sees the window close. */
static void
read_all(struct tern_stream *s)
{
	uint8_t to[700];

	while (tern_stream_read(s, to, sizeof(to)) > 0)
		;
}

Test(streams, reading_at_once_keeps_the_window_open)
{
	static const struct tern_stream_hooks reader = { .on_readable = read_all };
	struct segment s;
	struct wire *w;
	uint32_t at;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 1000);
		tern_stream_init(&app.s, &reader, &app.ring.recv, &app.out.send);
		open_by(w, "<mss 1460>", 65535);
		for (at = 1; at < 100000; at += 1460) {
			wire_in(w, ". %u:%u(1460) ack 1 win 65535", at, at + 1460);
			while (wire_segment(w, wire_now(w), &s))
				wire_check(w, s.win == 8000, "window %u", s.win);
		}
		wire_pass(w, wire_now(w) + MS(41));
		wire_check(w, offered(w) == 8000, "window %u", offered(w));
	}
}

static void
space_of_200000(struct tern_config *c)
{
	c->rcv_space = 200000;
}

/* RFC 7323 §2.4: nor is more than that offered where windows are told in steps: none is refused. */
Test(streams, scaled_window_offers_no_more_than_the_ring_has)
{
	const struct wire_how how = { .state = TERN_LISTEN, .tune = space_of_200000 };
	uint32_t at, len, i;
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		make(200000, 1000);
		open_by(w, "<mss 1460,wscale 7>", 65535);
		for (at = 1, i = 0; i < 1200; i++) {
			len = RTE_MIN(1 + i * 7919 % 1460,
				      w->flow->our_edge - w->flow->peer_isn - at);
			if (len > 0) {
				wire_in(w, "P. %u:%u(%u) ack 1 win 65535", at, at + len, len);
				wire_check(w,
					   app.read + tern_stream_readable(&app.s) == at - 1 + len,
					   "refused at %u", at);
				at += len;
			}
			wire_pass(w, wire_now(w) + (i % 3 == 0 ? MS(41) : 0));
			wire_check(w,
				   offered(w) - (at - 1 - acknowledged(w)) <=
					   200000 - tern_stream_readable(&app.s),
				   "%u offered, %u waiting", offered(w),
				   tern_stream_readable(&app.s));
			if (i > 400 && i % 5 == 0)
				read_some(w, i % 2 ? 9000 : 500);
			wire_skip(w);
		}
		wire_check(w, app.readables > 300, "only %u pieces", app.readables);
	}
}

/*
 * A ring smaller than what was offered before it was there: it takes what fits, that is
 * acknowledged and nothing else, and the rest is taken when it comes again (§3.10.7.4 step 7).
 */
Test(streams, ring_takes_a_part_and_the_rest_when_it_is_repeated)
{
	struct wire *w;

	while ((w = wire_each(&listening)) != NULL) {
		make(2000, 1000);
		open_stream(w);
		wire_in(w, "P. 1:1401(1400) ack 1 win 65535");
		wire_in(w, "FP. 1401:2401(1000) ack 1 win 65535");
		wire_pass(w, wire_now(w) + MS(50));
		wire_check(w, acknowledged(w) == 2000 && app.eofs == 0, "acknowledged %u",
			   acknowledged(w));
		wire_in(w, "FP. 1401:2401(1000) ack 1 win 65535");
		wire_pass(w, wire_now(w) + MS(50));
		wire_check(w, acknowledged(w) == 2000 && app.eofs == 0, "took it");
		read_some(w, 300);
		wire_skip(w);
		wire_in(w, "FP. 1401:2401(1000) ack 1 win 65535");
		wire_pass(w, wire_now(w) + MS(50));
		wire_check(w, acknowledged(w) == 2300, "acknowledged %u", acknowledged(w));
		read_some(w, 2000);
		wire_skip(w);
		wire_in(w, "FP. 1401:2401(1000) ack 1 win 65535");
		wire_pass(w, wire_now(w) + MS(50));
		wire_check(w, acknowledged(w) == 2401 && app.eofs == 1, "acknowledged %u",
			   acknowledged(w));
		wire_check(w, !tern_stream_ended(&app.s), "ended with bytes unread");
		read_some(w, 2000);
		wire_check(w, app.read == 2400 && tern_stream_ended(&app.s), "read %lu", app.read);
	}
}

/* The same order out of segments that came early: each byte once. */
Test(streams, early_segments_reach_the_ring_in_order)
{
	struct wire *w;
	uint32_t i;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 1000);
		open_stream(w);
		for (i = 5; i > 0; i--) {
			wire_in(w, "P. %u:%u(1000) ack 1 win 65535", 1 + i * 1000, 1001 + i * 1000);
			wire_skip(w);
		}
		wire_check(w, tern_stream_readable(&app.s) == 0, "out of order");
		wire_in(w, "P. 1:1001(1000) ack 1 win 65535");
		wire_out_now(w, ". 1:1(0) ack 6001 win 2000");
		read_some(w, 6000);
		wire_skip(w);
		wire_check(w, app.read == 6000, "read %lu", app.read);
	}
}

/* The chain: mbufs are kept, the window is made of its space, all come back. */
Test(streams, chain_keeps_mbufs_and_opens_the_window)
{
	struct rte_mbuf *m;
	struct wire *w;
	uint32_t at;

	while ((w = wire_each(&listening)) != NULL) {
		make(1, 1000);
		tern_recv_chain_init(&app.chain, app.mbufs, CHAIN, 8000);
		app.s.recv = &app.chain.recv;
		open_stream(w);
		for (at = 1; at < 8001; at += 1000) {
			wire_in(w, "P. %u:%u(1000) ack 1 win 65535", at, at + 1000);
			wire_pass(w, wire_now(w) + MS(41));
			wire_check(w, offered(w) == 8000 - (at + 999), "window %u at %u",
				   offered(w), at);
		}
		wire_check(w, app.chain.count == 8, "%u mbufs", app.chain.count);
		read_some(w, 1500);
		wire_out_now(w, ". 1:1(0) ack 8001 win 1500");
		m = tern_recv_chain_pop(&app.chain);
		wire_check(w, m->data_len == 500, "%u bytes", m->data_len);
		wire_check(w, *rte_pktmbuf_mtod(m, uint8_t *) == peer_byte(1500), "wrong bytes");
		rte_pktmbuf_free(m);
		app.read += 500;
		read_some(w, 8000);
		wire_skip(w);
		wire_check(w, app.read == 8000, "read %lu", app.read);
		wire_in(w, "P. 8001:9001(1000) ack 1 win 65535");
		wire_skip(w);
		tern_stream_abort(&app.s);
		wire_poll(w);
		wire_skip(w);
		read_some(w, 8000); /* what is there can be read still, and gives the mbuf back */
		wire_check(w, app.read == 9000, "read %lu", app.read);
	}
}

/* What is to be sent, by each source: the pattern of `ours`. */
static void
make_bytes(struct tern_send_generator *self, uint64_t at, void *to, uint32_t len)
{
	(void)self;
	memcpy(to, ours + at, len);
}

static void
offer(struct wire *w, unsigned int source, uint32_t bytes)
{
	uint32_t at = 0;

	tern_send_memory_init(&app.memory);
	tern_send_generator_init(&app.generator, make_bytes, bytes);
	if (source == 0) {
		write_some(w, bytes);
		return;
	}
	app.s.send = source == 3 ? &app.generator.send : &app.memory.send;
	tern_send_open(app.s.send, app.s.conn);
	for (unsigned int i = 0; i < 4 && source < 3; i++) {
		struct tern_send_piece *p = &app.pieces[i];

		*p = (struct tern_send_piece){
			.data = ours + at,
			.len = i < 3 ? 1 + i * 2000 : bytes - at,
			.iova = RTE_BAD_IOVA,
			.lent = source == 2,
			.on_done = on_done,
		};
		at += (uint32_t)p->len;
		tern_send_memory_add(&app.memory, p);
	}
	wire_poll(w);
}

/* RFC 9293 §3.8.1: whatever the source, what is repeated are the same bytes (judged). */
Test(streams, each_source_repeats_the_same_bytes)
{
	struct wire_how how = listening;
	struct segment s;
	struct wire *w;
	unsigned int source, lost;
	uint32_t next, max;

	for (source = 0; source < 4; source++) {
		how.caps = source == 2 ? TERN_PORT_TX_CHAIN : 0;
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "source %u", source);
			make(8000, 30000);
			open_stream(w);
			offer(w, source, 30000);
			/* Every fourth segment is lost; then all are, for a while. */
			for (next = 1, max = 1, lost = 0; next < 30001;) {
				wire_check(w, wire_segment(w, wire_now(w) + S(30), &s),
					   "stuck at %u", next);
				if (s.seq - w->flow->our_isn + s.len > max)
					max = s.seq - w->flow->our_isn + s.len;
				if (lost++ % 4 == 3 || (lost > 20 && lost < 25))
					continue;
				if (s.seq - w->flow->our_isn <= next)
					next = RTE_MAX(next, s.seq - w->flow->our_isn + s.len);
				wire_skip(w);
				wire_in(w, ". 1:1(0) ack %u win 65535", next);
			}
			wire_check(w, max == 30001, "sent up to %u", max);
			wire_check(w, wire_count(w, TERN_EV_TCP_RETRANSMITTED) > 5,
				   "nothing again");
			wire_check(w, source == 0 || source == 3 || app.done == 4,
				   "%u pieces are done", app.done);
			wire_skip(w);
		}
	}
}

/* Lent memory leaves as a second part of the packet, at the very address. */
Test(streams, memory_is_attached_where_the_port_can)
{
	const struct wire_how how = { .state = TERN_LISTEN, .caps = TERN_PORT_TX_CHAIN };
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		make(8000, 1000);
		open_stream(w);
		w->tx_lag = 4; /* the port holds them for a while */
		offer(w, 2, 11680);
		wire_check(w, app.pieces[3].shared.refcnt >= 3, "%u references",
			   app.pieces[3].shared.refcnt);
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 11681 win 65535");
		wire_in(w, "P. 1:2(1) ack 11681 win 65535");
		wire_pass(w, wire_now(w) + MS(41));
		/* The last of it is with the port until others leave. */
		for (unsigned int i = 0; app.done < 4; i++) {
			wire_check(w, i < 20, "%u pieces are done", app.done);
			wire_in(w, "P. 1:2(1) ack 11681 win 65535");
			wire_skip(w);
		}
	}
}

/* write() takes what fits, and says once that there is room again: a quarter of the ring. */
Test(streams, ring_says_when_there_is_room)
{
	struct wire *w;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 4000);
		open_stream(w);
		wire_conn(w)->flags |= TERN_CONN_NODELAY;
		wire_check(w, tern_stream_writable(&app.s) == 4000, "no room");
		wire_check(w, write_some(w, 3000) == 3000, "not all");
		wire_check(w, write_some(w, 3000) == 1000, "more than fits");
		wire_check(w, write_some(w, 3000) == 0, "more than fits");
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 1000 win 65535");
		wire_check(w, app.writables == 0, "told of %u bytes", tern_stream_writable(&app.s));
		wire_in(w, ". 1:1(0) ack 1001 win 65535");
		wire_check(w, app.writables == 1, "not told");
		wire_in(w, ". 1:1(0) ack 2001 win 65535");
		wire_check(w, app.writables == 1, "told twice");
		wire_check(w, write_some(w, 2000) == 2000, "no room");
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 6001 win 65535");
		wire_check(w, app.writables == 1 && tern_stream_writable(&app.s) == 4000, "told");
	}
}

/* RFC 9293 §3.6: the peer ends first; what it said is read, then we go on writing, then close. */
Test(streams, half_close_by_the_peer)
{
	struct wire *w;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 4000);
		open_stream(w);
		wire_in(w, "FP. 1:501(500) ack 1 win 65535");
		wire_skip(w);
		wire_check(w, app.eofs == 1 && !tern_stream_ended(&app.s), "the end before data");
		wire_state(w, TERN_CLOSE_WAIT);
		read_some(w, 499);
		wire_check(w, !tern_stream_ended(&app.s), "the end before data");
		read_some(w, 10);
		wire_check(w, app.read == 500 && tern_stream_ended(&app.s), "not the end");
		write_some(w, 1000);
		wire_out_now(w, "P. 1:1001(1000) ack 502");
		write_some(w, 300);
		cr_assert_eq(tern_stream_shutdown(&app.s), 0);
		wire_check(w, write_some(w, 1) == 0 && tern_stream_writable(&app.s) == 0,
			   "writes behind the FIN");
		wire_skip(w);
		wire_in(w, ". 502:502(0) ack 1001 win 65535");
		wire_pass(w, wire_now(w) + MS(10));
		wire_in(w, ". 502:502(0) ack 1302 win 65535");
		wire_check(w, app.closed == 1 && app.why == TERN_FINISHED, "not finished");
		cr_assert_eq(tern_stream_shutdown(&app.s), -ENOTCONN);
		cr_assert_eq(tern_stream_close(&app.s), -ENOTCONN);
		cr_assert_eq(tern_stream_abort(&app.s), -ENOTCONN);
	}
}

/* We end first and go on reading. */
Test(streams, half_close_by_us)
{
	struct wire *w;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 4000);
		open_stream(w);
		write_some(w, 1000);
		wire_out_now(w, "P. 1:1001(1000) ack 1");
		cr_assert_eq(tern_stream_shutdown(&app.s), 0);
		wire_poll(w);
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 1002 win 65535");
		wire_state(w, TERN_FIN_WAIT_2);
		wire_in(w, "P. 1:1401(1400) ack 1002 win 65535");
		wire_pass(w, wire_now(w) + MS(50));
		read_some(w, 1400);
		wire_in(w, "FP. 1401:1501(100) ack 1002 win 65535");
		wire_skip(w);
		wire_check(w, app.eofs == 1 && app.closed == 1 && app.why == TERN_FINISHED,
			   "%u ends, closed %u times", app.eofs, app.closed);
		/* Closed for its user, and the last bytes are still to be had. */
		read_some(w, 8000);
		wire_check(w, app.read == 1500 && tern_stream_ended(&app.s), "read %lu", app.read);
		wire_pass(w, wire_now(w) + S(130));
	}
}

/* Without on_eof() it is closed in return, behind what waits to be sent. */
Test(streams, eof_that_nobody_hears_closes)
{
	static const struct tern_stream_hooks none = { .on_open = NULL };
	struct wire *w;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 4000);
		tern_stream_init(&app.s, &none, &app.ring.recv, &app.out.send);
		open_by(w, "<mss 1460>", 65535);
		write_some(w, 100);
		wire_skip(w);
		wire_in(w, "F. 1:1(0) ack 1 win 65535");
		wire_skip(w);
		wire_state(w, TERN_LAST_ACK);
		wire_in(w, ". 2:2(0) ack 102 win 65535");
		wire_check(w, app.s.state == TERN_STREAM_CLOSED, "not closed");
	}
}

/* RFC 9293 §3.10.5: abort in every callback: told once, nothing is left behind (wire_end()). */
Test(streams, abort_in_every_callback)
{
	struct wire_how how = listening;
	struct wire *w;
	int place;

	how.caps = TERN_PORT_TX_CHAIN;
	for (place = IN_OPEN; place < PLACES; place++)
		while ((w = wire_each(&how)) != NULL) {
			wire_note(w, "place %d", place);
			make(8000, 1000);
			app.abort_in = place;
			open_stream(w);
			if (app.s.conn != NULL && place == IN_DONE)
				offer(w, 2, 11680);
			else if (app.s.conn != NULL)
				write_some(w, 2000);
			wire_skip(w);
			wire_in(w, "P. 1:101(100) ack 1 win 65535");
			wire_skip(w);
			wire_in(w, ". 101:101(0) ack %u win 65535",
				place == IN_DONE ? 11681 : 1001);
			wire_skip(w);
			wire_in(w, "F. 101:101(0) ack 1 win 65535");
			wire_skip(w);
			if (place == IN_CLOSED)
				tern_stream_abort(&app.s);
			wire_check(w, app.closed == 1 && app.why == TERN_ABORTED, "closed %u times",
				   app.closed);
			wire_check(w, place == IN_DONE ? app.done == 4 : app.done == 0,
				   "%u pieces done", app.done);
			wire_poll(w);
			wire_skip(w);
		}
}

/* An answer in its mbuf, then the ring behind it, then an answer while the ring is not empty. */
Test(streams, answers_and_the_ring_share_one_stream)
{
	struct wire *w;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 1000);
		app.answers = true;
		w->payload = WIRE_ANY;
		open_stream(w);
		wire_in(w, "P. 1:9(8) ack 1 win 65535 [question]");
		wire_saw(w, TERN_ANSWER);
		wire_out_now(w, "P. 1:9(8) ack 9 [question]");
		wire_in(w, ". 9:9(0) ack 9 win 65535");
		wire_check(w, tern_stack_mbufs(w->stack) == 0, "kept");
		/* Not acknowledged yet, and the ring goes on behind it. */
		wire_conn(w)->flags |= TERN_CONN_NODELAY;
		wire_in(w, "P. 9:17(8) ack 9 win 65535 [QUESTION]");
		wire_out_now(w, "P. 9:17(8) ack 17 [QUESTION]");
		cr_assert_eq(tern_stream_write(&app.s, "ring", 4), 4);
		wire_poll(w);
		wire_out_now(w, "P. 17:21(4) ack 17 [ring]");
		/* The ring has bytes: the next answer is copied behind them. */
		wire_in(w, "P. 17:23(6) ack 9 win 65535 [behind]");
		wire_out_now(w, "P. 21:27(6) ack 23 [behind]");
		wire_check(w, app.datas == 3 && app.readables == 0, "not answered");
		wire_check(w, app.out.ring.used == 10, "%u in the ring", app.out.ring.used);
		wire_in(w, ". 23:23(0) ack 19 win 65535");
		wire_check(w, app.out.ring.used == 8, "%u in the ring", app.out.ring.used);
		wire_in(w, ". 23:23(0) ack 27 win 65535");
		wire_check(w, app.out.ring.used == 0 && tern_stack_mbufs(w->stack) == 0, "kept");
		wire_in(w, "P. 23:28(5) ack 27 win 65535 [again]");
		wire_saw(w, TERN_ANSWER);
		wire_out_now(w, "P. 27:32(5) ack 28 [again]");
	}
}

/* What is in the buffer comes first: nobody looks at data in place before it is read. */
Test(streams, data_in_place_do_not_overtake_the_buffer)
{
	struct wire *w;

	while ((w = wire_each(&listening)) != NULL) {
		make(8000, 1000);
		w->payload = WIRE_ANY;
		open_stream(w);
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_check(w, app.datas == 1 && app.readables == 1, "not buffered");
		app.answers = true;
		wire_in(w, "P. 101:201(100) ack 1 win 65535");
		wire_check(w, app.datas == 1 && app.readables == 2, "answered out of order");
		wire_skip(w);
		read_some(w, 200);
		wire_in(w, "P. 201:301(100) ack 1 win 65535");
		wire_check(w, app.datas == 2 && app.readables == 2, "not answered");
		wire_skip(w);
	}
}

/* The answer waits for the window and the ring behind it: FIN comes behind both. */
Test(streams, fin_does_not_overtake_the_ring_behind_an_answer)
{
	struct segment s;
	struct wire *w;
	bool fin = false;
	uint32_t next;

	for (unsigned int how = 0; how < 2; how++)
		while ((w = wire_each(&listening)) != NULL) {
			make(8000, 1000);
			app.answers = true;
			w->payload = WIRE_ANY;
			open_by(w, "<mss 1460>", 0);
			wire_in(w, "P. 1:101(100) ack 1 win 0");
			wire_skip(w);
			cr_assert_eq(tern_stream_write(&app.s, "0123456789", 10), 10);
			cr_assert_eq(how ? tern_stream_close(&app.s) : tern_stream_shutdown(&app.s),
				     0);
			cr_assert_eq(tern_stream_write(&app.s, "x", 1), 0);
			wire_poll(w);
			wire_skip(w);
			wire_in(w, ". 101:101(0) ack 1 win 65535");
			for (next = 1, fin = false; !fin;) {
				wire_check(w, wire_segment(w, wire_now(w) + S(5), &s),
					   "no FIN, stuck at %u", next);
				if (s.seq != w->flow->our_isn + next)
					continue;
				next += s.len;
				fin = (s.flags & FIN) != 0;
				wire_skip(w);
				wire_in(w, ". 101:101(0) ack %u win 65535", next);
			}
			wire_check(w, next == 111, "FIN at %u", next);
			wire_skip(w);
		}
}

/* SO_LINGER: a peer that acknowledges all has its time, another is reset after it. */
Test(streams, linger_resets_what_is_not_acknowledged_in_time)
{
	struct wire *w;

	for (unsigned int acks = 0; acks < 2; acks++)
		while ((w = wire_each(&listening)) != NULL) {
			make(8000, 1000);
			open_stream(w);
			write_some(w, 100);
			wire_skip(w);
			cr_assert_eq(tern_stream_linger(&app.s, S(2)), 0);
			wire_poll(w);
			wire_skip(w);
			if (acks)
				wire_in(w, "F. 1:1(0) ack 102 win 65535");
			wire_pass(w, wire_now(w) + MS(1990));
			wire_check(w, app.closed == acks, "closed %u times", app.closed);
			wire_pass(w, wire_now(w) + MS(20));
			wire_check(w, app.closed == 1, "not reset");
			wire_check(w, app.why == (acks ? TERN_FINISHED : TERN_ABORTED), "%s",
				   tern_why_text(app.why));
			wire_skip(w);
		}
}

/* Opened by us: the SYN offers what the ring has, and what was written before leaves. */
Test(streams, connect_offers_the_ring_and_sends_what_was_written)
{
	const struct wire_how how = { .state = TERN_CLOSED };
	struct segment s;
	struct wire *w;

	while ((w = wire_each(&how)) != NULL) {
		make(5000, 1000);
		cr_assert_eq(tern_stream_write(&app.s, ours, 300), 300);
		cr_assert_eq(tern_stream_connect(&app.s, w->tcp, tern_addr_v4(0), 1), -EINVAL);
		cr_assert_eq(app.s.state, TERN_STREAM_NEW);
		cr_assert_eq(tern_stream_connect(&app.s, w->tcp, tern_addr_v4(w->flow->ends.src),
						 rte_cpu_to_be_16(w->flow->ends.sport)),
			     0);
		w->flow->ends.dport = rte_be_to_cpu_16(app.s.conn->lport);
		wire_poll(w);
		wire_check(w, wire_segment(w, wire_now(w), &s) && s.win == 5000, "window %u",
			   s.win);
		w->flow->our_isn = s.seq;
		w->flow->our_isn_known = true;
		wire_in(w, "S. 0:0(0) ack 1 win 65535 <mss 1460>");
		wire_check(w, app.opened == 1, "not open");
		for (s.len = 0; s.len == 0;)
			wire_check(w, wire_segment(w, wire_now(w), &s), "not sent");
		wire_check(w, s.len == 300, "%u bytes", s.len);
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 301 win 65535");
		tern_stream_close(&app.s);
		wire_poll(w);
		wire_skip(w);
	}
}

/* A pool: as many connections as it has streams, a SYN beyond is not answered; all come back. */
static void
pump(struct tern_stream *s)
{
	tern_stream_move(s, s);
	if (tern_stream_ended(s))
		tern_stream_close(s);
}

Test(streams, pool_gives_one_to_each_connection)
{
	static const struct tern_stream_hooks echo = { .on_readable = pump,
						       .on_writable = pump,
						       .on_eof = pump };
	enum { STREAMS = 3, ROUNDS = 4 };
	static uint8_t memory[100000] __attribute__((aligned(64)));
	struct wire *w = wire_after(TERN_CLOSED);
	struct tern_stream_pool pool;

	cr_assert_leq(tern_stream_pool_bytes(STREAMS, 4000, 2000), sizeof(memory));
	tern_stream_pool_init(&pool, memory, &echo, STREAMS, 4000, 2000);
	pool.listener.port = OUR_PORT;
	cr_assert_eq(tern_tcp_listen(w->tcp, &pool.listener), 0);
	w->payload = WIRE_ECHO;
	for (unsigned int i = 0; i < STREAMS * ROUNDS; i++) {
		if (i >= STREAMS) { /* the oldest ends, and makes room */
			wire_flow(w, i - STREAMS);
			wire_in(w, "F. 101:101(0) ack 101 win 65535");
			wire_skip(w);
			wire_check(w, pool.used == STREAMS, "back too early");
			wire_in(w, ". 102:102(0) ack 102 win 65535");
			wire_check(w, pool.used == STREAMS - 1, "%u in use", pool.used);
		}
		wire_flow(w, i);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_skip(w);
		wire_in(w, ". 1:1(0) ack 1 win 65535");
		wire_in(w, "P. 1:101(100) ack 1 win 65535");
		wire_out_now(w, "P. 1:101(100) ack 101");
		wire_in(w, ". 101:101(0) ack 101 win 65535");
		if (pool.used < STREAMS)
			continue;
		wire_flow(w, 60);
		wire_in(w, "S 0:0(0) win 65535 <mss 1460>");
		wire_saw(w, TERN_DROP_TCP_POLICY);
		wire_quiet_now(w);
	}
	wire_check(w, pool.refused == STREAMS * ROUNDS - STREAMS + 1, "%lu refused", pool.refused);
	wire_flow(w, STREAMS * ROUNDS - 1);
	wire_end(w);
	cr_assert_eq(pool.used, 0, "streams are missing");
}
