/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_mbuf.h>

#include "eal.h"
#include "wire.h"

/* Polls without progress after which a deadline that does not move is an error. */
#define STUCK 1000

uint64_t
wire_now(const struct wire *w)
{
	return w->now - w->zero;
}

struct flow *
wire_find_flow(struct wire *w, rte_be32_t remote, uint16_t rport, uint16_t lport)
{
	unsigned int i;
	struct flow *f;

	for (i = 0; i < WIRE_FLOWS; i++) {
		f = &w->flows[i];
		if (f->ends.src == remote && f->ends.sport == rport && f->ends.dport == lport)
			return f;
	}
	return NULL;
}

void
wire_flow(struct wire *w, unsigned int i)
{
	cr_assert_lt(i, WIRE_FLOWS);
	w->flow = &w->flows[i];
}

void
wire_renew(struct wire *w, uint32_t peer_isn)
{
	struct ends ends = w->flow->ends;

	*w->flow = (struct flow){ .ends = ends, .peer_isn = peer_isn };
	w->flow->peer_wscale = w->flow->our_wscale = -1;
}

/* The trace. */

void
wire_log(struct wire *w, const struct frame *f, bool out)
{
	struct wire_line *line = &w->log[w->log_n++ % WIRE_LOG];

	line->at = w->now;
	line->out = out;
	line->len = f->len;
	memcpy(line->b, f->b, f->len < sizeof(line->b) ? f->len : sizeof(line->b));
}

static void
print_tcp(struct wire *w, const struct wire_line *line, char text[SEGMENT_TEXT])
{
	const uint8_t *ip = line->b + FRAME_L3, *tcp = ip + (ip[0] & 0xf) * 4;
	rte_be32_t src, dst;
	struct segment s;
	struct flow *f;

	memcpy(&src, ip + 12, 4);
	memcpy(&dst, ip + 16, 4);
	if (!segment_read(&s, tcp, get16(ip + 2) - (ip[0] & 0xfu) * 4)) {
		snprintf(text, SEGMENT_TEXT, "malformed TCP, %u bytes", line->len);
		return;
	}
	f = line->out ? wire_find_flow(w, dst, get16(tcp + 2), get16(tcp)) :
			wire_find_flow(w, src, get16(tcp), get16(tcp + 2));
	if (f == NULL)
		segment_print(text, &s, 0, 0);
	else if (line->out)
		segment_print(text, &s, f->our_isn, f->peer_isn);
	else
		segment_print(text, &s, f->peer_isn, f->our_isn);
	if (f != NULL && f != w->flow)
		snprintf(text + strlen(text), SEGMENT_TEXT - strlen(text), " (flow %td)",
			 f - w->flows);
}

static void
print_line(struct wire *w, const struct wire_line *line, char text[SEGMENT_TEXT])
{
	const uint8_t *ip = line->b + FRAME_L3;
	uint16_t type = get16(line->b + 12);

	if (type == RTE_ETHER_TYPE_IPV4 && ip[9] == IPPROTO_TCP && line->len >= FRAME_L3 + 40)
		print_tcp(w, line, text);
	else if (type == RTE_ETHER_TYPE_IPV4)
		snprintf(text, SEGMENT_TEXT, "IP protocol %u, %u bytes", ip[9], line->len);
	else if (type == RTE_ETHER_TYPE_ARP)
		snprintf(text, SEGMENT_TEXT, "ARP %s, %u.%u.%u.%u asks or tells %u.%u.%u.%u",
			 ip[7] == 1 ? "request" : "reply", ip[14], ip[15], ip[16], ip[17], ip[24],
			 ip[25], ip[26], ip[27]);
	else
		snprintf(text, SEGMENT_TEXT, "EtherType %04x, %u bytes", type, line->len);
}

static size_t
print_log(struct wire *w, char *to, size_t room)
{
	unsigned int i = w->log_n > WIRE_LOG ? w->log_n - WIRE_LOG : 0;
	char text[SEGMENT_TEXT];
	size_t n = 0;

	for (; i < w->log_n && n + SEGMENT_TEXT < room; i++) {
		const struct wire_line *line = &w->log[i % WIRE_LOG];

		print_line(w, line, text);
		n += (size_t)snprintf(to + n, room - n, "\n  %+.6f %c %s",
				      (double)(int64_t)(line->at - w->zero) / 1e9,
				      line->out ? '>' : '<', text);
	}
	return n;
}

static void
fail(struct wire *w, const char *format, va_list args)
{
	static char text[WIRE_LOG * SEGMENT_TEXT + 4096];
	size_t n;

	n = (size_t)vsnprintf(text, 2048, format, args);
	if (w->note[0] != '\0')
		n += (size_t)snprintf(text + n, 256, "\n  while: %s", w->note);
	n += (size_t)snprintf(text + n, 256,
			      "\n  peer's ISN %" PRIu32 ", ours %" PRIu32 ", now %+.6f",
			      w->flow->peer_isn, w->flow->our_isn, (double)wire_now(w) / 1e9);
	print_log(w, text + n, sizeof(text) - n);
	cr_assert_fail("%s", text);
}

void
wire_fail(struct wire *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(w, format, args);
	va_end(args);
}

void
wire_check(struct wire *w, bool ok, const char *format, ...)
{
	va_list args;

	if (ok)
		return;
	va_start(args, format);
	fail(w, format, args);
	va_end(args);
}

void
wire_note(struct wire *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(w->note, sizeof(w->note), format, args);
	va_end(args);
}

/* The clock. */

/* Each packet ends in one verdict, and none undecided. */
static void
check_counters(struct wire *w)
{
	const struct tern_stats *s = tern_stats(w->stack);
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < TERN_VERDICTS; i++)
		sum += s->verdict[i];
	wire_check(w, sum == w->injected - (w->in_head - w->in_tail),
		   "%" PRIu64 " verdicts for %" PRIu64 " packets", sum, w->injected);
	wire_check(w, s->event[TERN_EV_RX_PACKETS] == sum, "rx_packets is not their number");
	wire_check(w, s->verdict[TERN_UNDECIDED] == 0, "a packet is left undecided");
	wire_check(w, s->event[TERN_EV_TX_PACKETS] == w->left,
		   "tx_packets %" PRIu64 ", but %" PRIu64 " were accepted",
		   s->event[TERN_EV_TX_PACKETS], w->left);
}

/* Until nothing more comes, and once more for what was to leave with the next poll. */
void
wire_poll(struct wire *w)
{
	unsigned int rounds = 0;

	do {
		if (++rounds > STUCK)
			wire_fail(w, "the stack takes no packet from the port");
		tern_poll(w->stack, w->now);
	} while (w->in_tail != w->in_head);
	tern_poll(w->stack, w->now);
	while (w->in_tail != w->in_head)
		tern_poll(w->stack, w->now);
	check_counters(w);
}

/*
 * Go to the next deadline, or to until if that comes first. Return: false, it is until, and what
 * was due then has happened.
 */
static bool
step(struct wire *w, uint64_t until)
{
	static unsigned int stuck;
	uint64_t at = tern_next_deadline(w->stack);

	if (at > until) {
		w->now = until;
		wire_poll(w);
		return false;
	}
	stuck = at > w->now ? 0 : stuck + 1;
	if (stuck > STUCK && !w->stuck_is_fine)
		wire_fail(w, "tern_next_deadline() stands still at %.6f s",
			  (double)(int64_t)(at - w->zero) / 1e9);
	if (at > w->now)
		w->now = at;
	else if (w->stuck_is_fine)
		w->now += TERN_TICK_NS;
	wire_poll(w);
	return true;
}

void
wire_pass(struct wire *w, uint64_t until)
{
	wire_skip(w);
	while (step(w, w->zero + until))
		wire_skip(w);
	wire_skip(w);
}

/* In. */

void
wire_inject(struct wire *w, struct rte_mbuf *m)
{
	if (w->in_head - w->in_tail == WIRE_IN)
		wire_fail(w, "more frames come in than the kit can keep");
	w->in[w->in_head++ % WIRE_IN] = m;
	w->last_in = m;
	w->injected++;
}

static struct rte_mbuf *
mbuf_of(struct wire *w, const uint8_t *b, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->port.pool);

	if (m == NULL)
		wire_fail(w, "no mbuf for the peer");
	memcpy(rte_pktmbuf_append(m, len), b, len);
	m->ol_flags |= w->rx_flags;
	return m;
}

void
wire_flush(struct wire *w)
{
	w->held = false;
	w->seen = *tern_stats(w->stack);
	wire_poll(w);
}

static void
inject(struct wire *w, const struct frame *f, struct rte_mbuf *m)
{
	wire_quiet_now(w);
	judge_heard(w, f);
	wire_log(w, f, false);
	wire_inject(w, m);
	if (!w->held)
		wire_flush(w);
}

void
wire_raw(struct wire *w, const struct frame *f)
{
	inject(w, f, mbuf_of(w, f->b, f->len));
}

void
wire_raw_chain(struct wire *w, const struct frame *f, uint16_t first)
{
	struct rte_mbuf *m = mbuf_of(w, f->b, first);
	int err = rte_pktmbuf_chain(m, mbuf_of(w, f->b + first, (uint16_t)(f->len - first)));

	cr_assert_eq(err, 0);
	inject(w, f, m);
}

static void
build(struct wire *w, struct frame *f, const char *format, va_list args)
{
	static uint8_t data[FRAME_MAX];
	char text[SEGMENT_TEXT];
	struct segment s;
	const char *wrong;
	uint32_t at, i;

	vsnprintf(text, sizeof(text), format, args);
	wrong = segment_parse(&s, text, w->flow->peer_isn, w->flow->our_isn);
	if (wrong != NULL || s.len > sizeof(data))
		wire_fail(w, "the test is wrong, see %s in: %s", wrong, text);
	at = s.seq - w->flow->peer_isn - !(s.flags & SYN);
	for (i = 0; i < s.len; i++)
		data[i] = peer_byte(at + i);
	frame_tcp(f, &w->flow->ends, &s, s.text[0] != '\0' ? (uint8_t *)s.text : data);
}

void
wire_frame(struct wire *w, struct frame *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	build(w, f, format, args);
	va_end(args);
}

void
wire_in(struct wire *w, const char *format, ...)
{
	struct frame f;
	va_list args;

	va_start(args, format);
	build(w, &f, format, args);
	va_end(args);
	wire_raw(w, &f);
}

enum tern_verdict
wire_verdict(struct wire *w)
{
	const struct tern_stats *s = tern_stats(w->stack);
	unsigned int i, found = TERN_VERDICTS;

	for (i = 0; i < TERN_VERDICTS; i++) {
		if (s->verdict[i] == w->seen.verdict[i])
			continue;
		if (found != TERN_VERDICTS || s->verdict[i] != w->seen.verdict[i] + 1)
			wire_fail(w, "more than one verdict, %s is one of them",
				  tern_verdict_name(i));
		found = i;
	}
	if (found == TERN_VERDICTS)
		wire_fail(w, "no verdict");
	return (enum tern_verdict)found;
}

void
wire_saw(struct wire *w, enum tern_verdict verdict)
{
	enum tern_verdict is = wire_verdict(w);

	wire_check(w, is == verdict, "expected verdict %s, got %s", tern_verdict_name(verdict),
		   tern_verdict_name(is));
}

void
wire_drop(struct wire *w, const struct frame *f, enum tern_verdict verdict)
{
	wire_raw(w, f);
	wire_saw(w, verdict);
	wire_quiet_now(w);
}

/* Out. */

static bool
sent_any(const struct wire *w)
{
	return w->sent_head != w->sent_tail;
}

static struct sent *
sent_first(struct wire *w)
{
	return &w->sent[w->sent_tail % WIRE_SENT];
}

unsigned int
wire_skip(struct wire *w)
{
	unsigned int n = w->sent_head - w->sent_tail;

	w->sent_tail = w->sent_head;
	return n;
}

const struct sent *
wire_next(struct wire *w, uint64_t by)
{
	while (!sent_any(w))
		if (!step(w, w->zero + by))
			break;
	if (!sent_any(w))
		return NULL;
	return &w->sent[w->sent_tail++ % WIRE_SENT];
}

const struct sent *
wire_take(struct wire *w)
{
	const struct sent *s = wire_next(w, wire_now(w));

	wire_check(w, s != NULL, "nothing left");
	return s;
}

static bool
read_sent(struct wire *w, const struct frame *f, struct segment *s)
{
	const uint8_t *ip = f->b + FRAME_L3;

	return get16(f->b + 12) == RTE_ETHER_TYPE_IPV4 && ip[9] == IPPROTO_TCP &&
	       memcmp(ip + 16, &w->flow->ends.src, 4) == 0 &&
	       memcmp(ip + 12, &w->flow->ends.dst, 4) == 0 &&
	       get16(ip + 20) == w->flow->ends.dport && get16(ip + 22) == w->flow->ends.sport &&
	       segment_read(s, ip + 20, f->len - FRAME_L3 - 20u);
}

bool
wire_segment(struct wire *w, uint64_t by, struct segment *s)
{
	const struct sent *x = wire_next(w, by);

	if (x == NULL)
		return false;
	wire_check(w, read_sent(w, &x->f, s), "what left is no segment of this connection");
	return true;
}

/* The text that the notation gives to what was expected, with the first line of a failure. */
static void
expect(struct wire *w, uint64_t at, const char *format, va_list args)
{
	char text[SEGMENT_TEXT];
	struct segment e, a;
	const struct sent *s;
	const char *wrong;

	vsnprintf(text, sizeof(text), format, args);
	s = wire_next(w, at + TERN_TICK_NS - 1);
	if (s == NULL)
		wire_fail(w, "expected at %.6f: %s\n  but nothing left", (double)at / 1e9, text);
	wrong = segment_parse(&e, text, w->flow->our_isn, w->flow->peer_isn);
	if (wrong != NULL)
		wire_fail(w, "the test is wrong, see %s in: %s", wrong, text);
	if (!read_sent(w, &s->f, &a) || !segment_matches(&e, &a))
		wire_fail(w, "expected at %.6f: %s\n  the last but %u of this trace is another",
			  (double)at / 1e9, text, w->sent_head - w->sent_tail);
	if (s->at - w->zero < at || s->at - w->zero >= at + TERN_TICK_NS)
		wire_fail(w, "expected at %.6f: %s\n  but it left at %.6f", (double)at / 1e9, text,
			  (double)(int64_t)(s->at - w->zero) / 1e9);
	if (e.text[0] != '\0' && memcmp(s->f.b + FRAME_L3 + 40 + a.opts_len, e.text, e.len) != 0)
		wire_fail(w, "expected: %s\n  but with other bytes", text);
}

void
wire_out(struct wire *w, uint64_t at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	expect(w, at, format, args);
	va_end(args);
}

void
wire_out_now(struct wire *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	expect(w, wire_now(w), format, args);
	va_end(args);
}

void
wire_out_reset(struct wire *w, uint32_t seq)
{
	struct segment s;

	wire_check(w, wire_segment(w, wire_now(w), &s), "expected a reset, but nothing left");
	wire_check(w, (s.flags & ~ACK) == RST && s.seq - w->flow->our_isn == seq,
		   "expected a reset with number %" PRIu32, seq);
}

void
wire_quiet_now(struct wire *w)
{
	if (sent_any(w))
		wire_fail(w, "at %.6f %u frames left that nobody expected",
			  (double)(int64_t)(sent_first(w)->at - w->zero) / 1e9,
			  w->sent_head - w->sent_tail);
}

void
wire_quiet(struct wire *w, uint64_t until)
{
	wire_quiet_now(w);
	while (step(w, w->zero + until))
		wire_quiet_now(w);
	wire_quiet_now(w);
}

/* What is known about the connection. */

struct find {
	const struct ends *ends;
	struct tern_conn *found;
};

static void
find_conn(struct tern_conn *conn, void *data)
{
	struct find *f = data;

	if (tern_addr_to_v4(conn->remote) == f->ends->src &&
	    tern_addr_to_v4(conn->local) == f->ends->dst &&
	    conn->rport == rte_cpu_to_be_16(f->ends->sport) &&
	    conn->lport == rte_cpu_to_be_16(f->ends->dport))
		f->found = conn;
}

struct tern_conn *
wire_conn(struct wire *w)
{
	struct find f = { &w->flow->ends, NULL };

	tern_tcp_each(w->tcp, find_conn, &f);
	return f.found;
}

static void
count_block(struct tern_conn *conn, void *data)
{
	(void)conn;
	++*(uint32_t *)data;
}

uint32_t
wire_blocks(const struct wire *w)
{
	uint32_t n = 0;

	tern_tcp_each(w->tcp, count_block, &n);
	return n;
}

void
wire_state(struct wire *w, enum tern_tcp_state state)
{
	const struct ends *e = &w->flow->ends;
	enum tern_tcp_state is =
		tern_tcp_status(w->tcp, tern_addr_v4(e->dst), rte_cpu_to_be_16(e->dport),
				tern_addr_v4(e->src), rte_cpu_to_be_16(e->sport));

	wire_check(w, is == state, "state is %s, expected %s", tern_tcp_state_name(is),
		   tern_tcp_state_name(state));
}

void
wire_gone(struct wire *w, enum tern_why why)
{
	wire_state(w, TERN_CLOSED);
	wire_check(w, w->user.closed == 1, "on_closed() called %u times", w->user.closed);
	wire_check(w, w->user.why == why, "closed: %s; expected %s", tern_why_text(w->user.why),
		   tern_why_text(why));
}

uint64_t
wire_count(const struct wire *w, enum tern_event event)
{
	return tern_stats(w->stack)->event[event];
}

uint64_t
wire_verdicts(const struct wire *w, enum tern_verdict verdict)
{
	return tern_stats(w->stack)->verdict[verdict];
}

bool
wire_same_mbuf(const struct wire *w, const struct sent *s)
{
	return s->mbuf == w->last_in;
}
