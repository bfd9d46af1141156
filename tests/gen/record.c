/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captured failures: what is in the file is what the wire saw of the connections that failed, all
 * of it and nothing else, in order and with its times.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "gen/engines/capture.h"
#include "gen/stage.h"
#include "gen/stand.h"
#include "kit/eal.h"
#include "kit/trap.h"

enum { FRAMES = 4096, FIN = 1, SYN = 2, RST = 4, ACK = 16, ETH = 14 };

/* A segment: on the wire, or in the file. */
struct piece {
	uint64_t at; /* when A sent or received it; ns after the first one */
	uint16_t port;
	bool sent;
	uint8_t flags;
	uint32_t seq;
};

struct pieces {
	struct piece piece[FRAMES];
	unsigned int n;
};

/* How every third connection ends badly. */
enum bad { BAD_RESET, BAD_SILENCE, BAD_BYTES, BAD_LENGTH, BADS };

static const enum error errors[BADS] = { ERROR_rst, ERROR_timeout, ERROR_bad_payload,
					 ERROR_bad_length };

/* The wire: connections are told apart by their ISN. */
static struct {
	enum bad bad;
	unsigned int connections;
	unsigned int connection[UINT16_MAX + 1]; /* of a port of A's; 0: none so far */
	uint32_t isn[UINT16_MAX + 1];
	struct pieces bads;
} wire;

static bool
is_bad(unsigned int connection)
{
	return connection % 3 == 2;
}

static bool
watch(struct world *w, const struct line *line)
{
	bool sent = line->from == A;
	uint16_t port = sent ? line->sport : line->dport;
	bool opens = sent && (line->flags & (SYN | ACK)) == SYN;

	(void)w;
	if (!line->tcp)
		return false;
	if (opens && (wire.connection[port] == 0 || wire.isn[port] != line->seq)) {
		wire.connection[port] = ++wire.connections;
		wire.isn[port] = line->seq;
	}
	if (!is_bad(wire.connection[port]))
		return false;
	cr_assert_lt(wire.bads.n, FRAMES);
	wire.bads.piece[wire.bads.n++] = (struct piece){ .at = line->at + (sent ? 0 : MS(1)),
							 .port = port,
							 .sent = sent,
							 .flags = line->flags,
							 .seq = line->seq };
	return wire.bad == BAD_SILENCE;
}

/* The peer ------------------------------------------------------------------------------------ */

enum { ASKED = 64, EARLY = 10 };

static bool
is_bad_here(const struct tern_conn *conn, enum bad bad)
{
	return wire.bad == bad && is_bad(wire.connection[rte_be_to_cpu_16(conn->rport)]);
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	(void)vt;
	conn->flags |= TERN_CONN_NODELAY;
}

static enum tern_verdict
on_data(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	(void)vt;
	conn->data = (void *)((uintptr_t)conn->data + in->len);
	if (is_bad_here(conn, BAD_RESET)) {
		tern_tcp_abort(conn);
		return TERN_DONE;
	}
	tern_tcp_ready(conn);
	if (is_bad_here(conn, BAD_LENGTH))
		tern_tcp_shutdown(conn);
	return TERN_DONE;
}

static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	(void)vt;
	if ((uintptr_t)conn->data < ASKED)
		return 0;
	return (uint32_t)((is_bad_here(conn, BAD_LENGTH) ? EARLY : ASKED) - at);
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)vt;
	(void)at;
	memset(to, is_bad_here(conn, BAD_BYTES) ? 'x' : 0, len);
}

static struct tern_tcp_user peer = {
	.on_open = on_open, .on_data = on_data, .available = available, .fill = fill
};

/* The file ------------------------------------------------------------------------------------ */

static char path[32];

static void
name_file(void)
{
	int fd;

	strcpy(path, "/tmp/gen-record-XXXXXX");
	fd = mkstemp(path);

	cr_assert(fd >= 0);
	close(fd);
}

static void
load(struct capture *c)
{
	char why[256];

	cr_assert_eq(capture_load(c, path, 1514, why), 0, "%s", why);
	for (uint32_t i = 1; i < c->n; i++)
		cr_assert(c->packets[i].at_ns >= c->packets[i - 1].at_ns);
	unlink(path);
}

static struct piece
piece_of(const struct capture *c, uint32_t i)
{
	const uint8_t *data = c->bytes + c->packets[i].from;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	struct piece p;

	memcpy(&ip, data + ETH, sizeof(ip));
	memcpy(&tcp, data + ETH + sizeof(ip), sizeof(tcp));
	cr_assert_eq(ip.next_proto_id, IPPROTO_TCP);
	p.at = c->packets[i].at_ns;
	p.sent = rte_be_to_cpu_16(tcp.dst_port) == STAGE_PORT;
	p.port = rte_be_to_cpu_16(p.sent ? tcp.src_port : tcp.dst_port);
	p.flags = tcp.tcp_flags;
	p.seq = rte_be_to_cpu_32(tcp.sent_seq);
	return p;
}

/* What comes at one time is received before it is answered. */
static void
sort(struct pieces *p)
{
	for (unsigned int i = 1; i < p->n; i++)
		for (unsigned int k = i; k > 0; k--) {
			struct piece *a = &p->piece[k - 1], *b = &p->piece[k], other = *a;

			if (a->at < b->at || (a->at == b->at && a->sent <= b->sent))
				break;
			*a = *b;
			*b = other;
		}
}

/* Of this port. Return: how many. */
static unsigned int
select_port(const struct pieces *all, uint16_t port, struct piece *to)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < all->n; i++)
		if (all->piece[i].port == port) {
			to[n] = all->piece[i];
			to[n++].at -= all->piece[0].at;
		}
	return n;
}

static void
compare(const struct pieces *got, const struct pieces *wanted)
{
	static struct piece a[FRAMES], b[FRAMES];

	cr_assert_eq(got->n, wanted->n, "%u frames, not %u", got->n, wanted->n);
	for (unsigned int port = 0; port <= UINT16_MAX; port++) {
		unsigned int n = select_port(got, (uint16_t)port, a);

		cr_assert_eq(n, select_port(wanted, (uint16_t)port, b), "port %u", port);
		for (unsigned int i = 0; i < n; i++)
			cr_assert(a[i].at == b[i].at && a[i].sent == b[i].sent &&
					  a[i].flags == b[i].flags && a[i].seq == b[i].seq,
				  "port %u: frame %u", port, i);
	}
}

static void
check_file(struct pieces *wanted)
{
	static struct pieces got;
	struct capture c;

	load(&c);
	got.n = 0;
	for (uint32_t i = 0; i < c.n; i++)
		got.piece[got.n++] = piece_of(&c, i);
	capture_free(&c);
	sort(wanted);
	compare(&got, wanted);
}

/* Connections --------------------------------------------------------------------------------- */

static void
capture_into(struct plan *plan, uint32_t most, uint32_t frames)
{
	plan->capture.file = path;
	plan->capture.most = most;
	plan->capture.frames = frames;
	plan->capture.snap = 128;
}

static void
plan_bad(struct stage *s, const struct engine *engine, enum bad bad)
{
	memset(&wire, 0, sizeof(wire));
	wire.bad = bad;
	stage_plan(s, MODE_CRR, PROTO_TCP);
	s->engine = engine;
	s->peer = &peer;
	s->plan.payload = PAYLOAD_ZERO;
	s->plan.count = 30;
	s->plan.connections = 3;
	s->how.loses = watch;
	capture_into(&s->plan, 100, 4096);
	name_file();
}

static void
open_stage(struct stage *s)
{
	stage_open(s);
	s->bench.failures =
		failures_open(&s->plan, s->bench.workers, 1, s->bench.now(&s->bench), S(1000));
	cr_assert_not_null(s->bench.failures);
}

static void
check_bad(const struct engine *engine, enum bad bad, bool reuse)
{
	struct failures *f;
	struct stage s;

	plan_bad(&s, engine, bad);
	s.plan.close_rst = reuse;
	s.plan.sport_first = 1024;
	s.plan.sport_last = reuse ? 1027 : 65535;
	open_stage(&s);
	stage_run(&s);
	f = s.bench.failures;
	stage_check(&s, wire.connections == 30, "connections");
	stage_check(&s, stage_error(&s, errors[bad]) == 10, "%s", error_names[errors[bad]]);
	stage_check(&s, f->n == 10 && f->missed == 0, "captured %u", f->n);
	stage_check(&s, f->frames == wire.bads.n, "%u frames", wire.bads.n);
	for (uint32_t i = 0; i < f->n; i++)
		stage_check(&s, f->list[i].cause == errors[bad], "cause of %u", i);
	cr_assert_eq(failures_close(f), 0);
	check_file(&wire.bads);
	stage_close(&s);
}

Test(record, what_failed_is_in_the_file_and_nothing_else)
{
	for (int bad = 0; bad < BADS; bad++)
		check_bad(&engine_full, (enum bad)bad, false);
}

Test(record, what_failed_is_in_the_file_and_nothing_else_lite)
{
	for (int bad = 0; bad < BADS; bad++)
		check_bad(&engine_lite, (enum bad)bad, false);
}

/* Good connections and bad ones, one after the other, between the same ports. */
Test(record, a_tuple_that_is_used_again_is_told_apart_by_its_syns)
{
	check_bad(&engine_full, BAD_RESET, true);
	check_bad(&engine_full, BAD_SILENCE, true);
	check_bad(&engine_lite, BAD_RESET, true);
	check_bad(&engine_lite, BAD_SILENCE, true);
}

/* The rest is counted; and over all trials there are no more than that. */
Test(record, so_many_are_captured_and_no_more)
{
	struct failures *f;
	struct stage s;

	plan_bad(&s, &engine_full, BAD_RESET);
	capture_into(&s.plan, 12, 4096);
	open_stage(&s);
	stage_run(&s);
	f = s.bench.failures;
	stage_check(&s, f->n == 10 && f->missed == 0, "first trial");
	stage_run(&s);
	stage_check(&s, f->n == 12 && f->missed == 8, "second trial");
	failures_close(f);
	unlink(path);
	stage_close(&s);
}

/* A connection has its share of the memory: what is next to the failure is kept. */
Test(record, of_a_long_connection_the_end_is_kept)
{
	const uint32_t share = 8;
	struct failures *f;
	struct capture c;
	struct piece last;
	struct stage s;

	plan_bad(&s, &engine_full, BAD_LENGTH);
	s.plan.count = s.plan.connections = 1;
	wire.connections = 1; /* the next one is bad */
	s.plan.req_bytes = 100000;
	s.plan.rsp_bytes = 64;
	s.plan.verify = false;
	capture_into(&s.plan, 2, 2 * share);
	open_stage(&s);
	stage_run(&s);
	f = s.bench.failures;
	stage_check(&s, wire.bads.n > 2 * share, "a short connection");
	stage_check(&s, f->n == 1 && f->frames == share, "%u failures", f->n);
	failures_close(f);
	load(&c);
	cr_assert_eq(c.n, share);
	sort(&wire.bads);
	last = piece_of(&c, c.n - 1);
	cr_assert_eq(last.seq, wire.bads.piece[wire.bads.n - 1].seq);
	capture_free(&c);
	stage_close(&s);
}

/* What others pushed out of the ring is gone: there is nothing to be captured. */
Test(record, what_is_too_long_ago_is_not_captured)
{
	struct failures *f;
	struct stage s;

	plan_bad(&s, &engine_full, BAD_SILENCE);
	s.plan.timeout_ns = MS(500); /* before a SYN is repeated */
	s.plan.connections = 2;
	s.plan.count = 200;
	capture_into(&s.plan, 4, 32);
	s.plan.duration_ns = S(1);
	open_stage(&s);
	stage_run(&s);
	f = s.bench.failures;
	stage_check(&s, stage_error(&s, ERROR_timeout) > 0, "timeouts");
	stage_check(&s, f->n + f->missed == stage_error(&s, ERROR_timeout), "all are told");
	stage_check(&s, f->missed > 0, "captured %u", f->n);
	failures_close(f);
	unlink(path);
	stage_close(&s);
}

Test(record, nothing_is_allocated_while_it_runs)
{
	const char *first = NULL;
	unsigned long calls;
	struct stage s;

	plan_bad(&s, &engine_full, BAD_RESET);
	open_stage(&s);
	trap_begin();
	stage_order(&s, WORKER_BEGIN);
	world_pass(s.w, S(1));
	stage_order(&s, WORKER_END);
	calls = trap_end(&first);
	stage_check(&s, calls == 0, "%lu allocations, the first is %s()", calls, first);
	failures_write(s.bench.failures);
	stage_check(&s, s.bench.failures->n == 10, "captured %u", s.bench.failures->n);
	failures_close(s.bench.failures);
	unlink(path);
	stage_close(&s);
}

Test(record, a_file_that_cannot_be_written_is_refused)
{
	struct stage s;

	plan_bad(&s, &engine_full, BAD_RESET);
	unlink(path);
	s.plan.capture.file = "/nowhere/file";
	stage_open(&s);
	cr_assert_null(failures_open(&s.plan, s.bench.workers, 1, 0, 0));
	s.plan.capture.file = "/dev/full";
	cr_assert_null(failures_open(&s.plan, s.bench.workers, 1, 0, 0));
	stage_close(&s);
}

/* Datagrams ----------------------------------------------------------------------------------- */

static struct stand stand;

enum { FLOWS = 20 };

/* Of each flow in the file: what was sent, less what came back. */
static void
count_flows(const struct capture *c, bool icmp, int owed[UINT16_MAX + 1], bool seen[UINT16_MAX + 1])
{
	for (uint32_t i = 0; i < c->n; i++) {
		const uint8_t *data = c->bytes + c->packets[i].from, *l4 = data + ETH + 20;
		rte_be32_t from;
		rte_be16_t port;
		bool sent;

		memcpy(&from, data + ETH + 12, sizeof(from));
		sent = from == rte_cpu_to_be_32(STAND_A);
		memcpy(&port, icmp ? l4 + 4 : sent ? l4 : l4 + 2, sizeof(port));
		owed[rte_be_to_cpu_16(port)] += sent ? 1 : -1;
		seen[rte_be_to_cpu_16(port)] = true;
	}
}

/* Flows of which an answer is missing are there, with all that they ever sent; no other is. */
static void
check_flows(enum protocol proto)
{
	static int owed[UINT16_MAX + 1];
	static bool seen[UINT16_MAX + 1];
	struct failures *f;
	struct capture c;
	uint32_t flows = 0;

	memset(owed, 0, sizeof(owed));
	memset(seen, 0, sizeof(seen));
	memset(&stand, 0, sizeof(stand));
	stand_plan(&stand, MODE_RR, proto);
	stand.plan.connections = FLOWS;
	stand.plan.req_bytes = 64;
	stand.plan.timeout_ns = 20 * TERN_MS;
	stand.odds[1].loss_ppm = 20000;
	stand.trial.count = 10 * FLOWS;
	name_file();
	capture_into(&stand.plan, FLOWS, 4096);
	cr_assert_eq(stand_open(&stand, &engine_datagrams), 0);
	f = failures_open(&stand.plan, &stand.w, 1, stand.now, stand.now);
	cr_assert_not_null(f);
	stand_trial(&stand, 500 * TERN_MS);
	failures_write(f);
	cr_assert(f->n > 0 && f->n < FLOWS && f->missed == 0, "%u of %d", f->n, FLOWS);
	cr_assert_eq(stand.sum.error[ERROR_timeout], f->n);
	for (uint32_t i = 0; i < f->n; i++)
		cr_assert_eq(f->list[i].who.proto,
			     proto == PROTO_ICMP ? IPPROTO_ICMP : IPPROTO_UDP);
	load(&c);
	cr_assert_eq(c.n, f->frames);
	count_flows(&c, proto == PROTO_ICMP, owed, seen);
	for (unsigned int i = 0; i <= UINT16_MAX; i++) {
		cr_assert(!seen[i] || owed[i] > 0, "flow %u", i);
		flows += seen[i];
	}
	cr_assert(flows > 0 && flows <= f->n);
	capture_free(&c);
	failures_close(f);
	stand_close(&stand);
}

Test(record, flows_of_udp)
{
	check_flows(PROTO_UDP);
}

Test(record, flows_of_icmp)
{
	check_flows(PROTO_ICMP);
}

/* The recorder alone -------------------------------------------------------------------------- */

enum { RING = 16, SNAP = 128 };

static struct plan alone = { .capture = { .file = "", .most = 2, .frames = RING, .snap = SNAP } };

/* A port that takes so many, and brings what it is given. */
static struct {
	struct tern_port port;
	uint16_t takes, brings;
	struct rte_mbuf *brought[RING];
	uint64_t now;
} wall;

static uint16_t
wall_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	n = RTE_MIN(n, wall.takes);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static uint16_t
wall_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	n = RTE_MIN(n, wall.brings);
	memcpy(pkts, wall.brought, n * sizeof(*pkts));
	wall.brings = 0;
	return n;
}

static uint64_t
wall_clock(void *unused)
{
	(void)unused;
	return wall.now++;
}

static const rte_be32_t us = RTE_BE32(STAND_A), them = RTE_BE32(STAND_B);
static const rte_be16_t echo = RTE_BE16(7);

/* Payload that says which one it is. */
static struct rte_mbuf *
udp(bool sent, uint16_t port, uint8_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(eal_pool());
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, 300);
	const struct rte_ipv4_hdr ip = { .version_ihl = RTE_IPV4_VHL_DEF,
					 .total_length = RTE_BE16(300 - ETH),
					 .next_proto_id = IPPROTO_UDP,
					 .src_addr = sent ? us : them,
					 .dst_addr = sent ? them : us };
	const struct rte_udp_hdr head = { .src_port = sent ? rte_cpu_to_be_16(port) : echo,
					  .dst_port = sent ? echo : rte_cpu_to_be_16(port) };
	const rte_be16_t type = RTE_BE16(RTE_ETHER_TYPE_IPV4);

	memset(data, number, 300);
	memcpy(data + 12, &type, sizeof(type));
	memcpy(data + ETH, &ip, sizeof(ip));
	memcpy(data + ETH + sizeof(ip), &head, sizeof(head));
	return m;
}

/* Port unreachable, about the one that we sent; it goes back to its pool. */
static struct rte_mbuf *
unreachable(struct rte_mbuf *quoted)
{
	struct rte_mbuf *m = udp(false, 0, 0);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	data[ETH + offsetof(struct rte_ipv4_hdr, next_proto_id)] = IPPROTO_ICMP;
	memset(data + ETH + 20, 0, 8);
	data[ETH + 20] = data[ETH + 21] = 3;
	memcpy(data + ETH + 28, rte_pktmbuf_mtod(quoted, uint8_t *) + ETH, 28);
	rte_pktmbuf_free(quoted);
	return m;
}

static struct recorder *
stand_alone(void)
{
	size_t bytes = RTE_ALIGN_CEIL(recorder_bytes(&alone), (size_t)64);
	static uint32_t left;
	struct recorder *r;

	wall.port = (struct tern_port){ .rx = wall_rx, .tx = wall_tx };
	wall.now = 1;
	left = 2;
	r = recorder_init(aligned_alloc(64, bytes), &alone);
	recorder_port(r, &wall.port, wall_clock, NULL);
	r->left = &left;
	recorder_begin(r);
	return r;
}

static void
send_all(struct recorder *r, struct rte_mbuf **pkts, uint16_t n, uint16_t takes)
{
	wall.takes = takes;
	cr_assert_eq(r->port.tx(&r->port, pkts, n), takes);
	rte_pktmbuf_free_bulk(pkts + takes, (unsigned int)(n - takes));
}

static void
receive(struct recorder *r, struct rte_mbuf *m)
{
	wall.brought[0] = m;
	wall.brings = 1;
	cr_assert_eq(r->port.rx(&r->port, &m, 1), 1);
	rte_pktmbuf_free(m);
}

static void
fails(struct recorder *r, uint16_t port)
{
	const struct tuple who = { .local = us,
				   .remote = them,
				   .local_port = rte_cpu_to_be_16(port),
				   .remote_port = echo,
				   .proto = IPPROTO_UDP };

	recorder_failed(r, &who, ERROR_timeout);
	recorder_failed(r, &who, ERROR_timeout); /* it is known */
	cr_assert_eq(r->missed, 0);
}

static void
fails_at_the_end(struct recorder *r, uint16_t port)
{
	fails(r, port);
	recorder_end(r);
}

/* By what they say, newest first. */
static void
kept(const struct recorder *r, const char *numbers)
{
	cr_assert_eq(r->kept_n, strlen(numbers), "%u frames, not %s", r->kept_n, numbers);
	for (uint32_t i = 0; i < r->kept_n; i++) {
		const struct recorded *f = recorder_kept(r, i);

		cr_assert_eq(f->bytes, 300);
		cr_assert_eq(f->known, SNAP);
		cr_assert_eq(f->data[SNAP - 1], numbers[i] - '0', "frame %u", i);
	}
}

Test(record, what_the_port_did_not_take_was_not_sent)
{
	struct recorder *r = stand_alone();
	struct rte_mbuf *pkts[4];

	for (uint8_t i = 0; i < 4; i++)
		pkts[i] = udp(true, 5, i);
	send_all(r, pkts, 4, 2);
	for (uint8_t i = 2; i < 4; i++)
		pkts[i] = udp(true, 5, i);
	send_all(r, pkts + 2, 2, 2);
	receive(r, udp(false, 5, 4));
	fails_at_the_end(r, 5);
	kept(r, "43210");
	free(r);
}

/* A ring that has gone round: what the frame that was not taken stood on is gone as well. */
Test(record, a_full_ring_has_the_newest)
{
	struct recorder *r = stand_alone();
	struct rte_mbuf *m;

	for (uint8_t i = 0; i < 10; i++) {
		m = udp(true, 5, i);
		send_all(r, &m, 1, 1);
		m = udp(true, 6, i);
		send_all(r, &m, 1, 1);
	}
	m = udp(true, 5, 11);
	send_all(r, &m, 1, 0);
	fails_at_the_end(r, 5);
	kept(r, "9876543");
	free(r);
}

Test(record, an_icmp_error_belongs_to_what_it_quotes)
{
	struct recorder *r = stand_alone();
	struct rte_mbuf *m = udp(true, 5, 1);

	send_all(r, &m, 1, 1);
	receive(r, unreachable(udp(true, 6, 2)));
	receive(r, unreachable(udp(true, 5, 1)));
	fails_at_the_end(r, 5);
	kept(r, "01");
	free(r);
}

/* For a while; then it is taken in a turn of the loop. */
Test(record, what_follows_soon_belongs_to_it)
{
	struct recorder *r = stand_alone();
	struct rte_mbuf *m = udp(true, 5, 1);

	send_all(r, &m, 1, 1);
	fails(r, 5);
	wall.now = 5 * TERN_MS;
	receive(r, udp(false, 5, 2));
	recorder_poll(r, 9 * TERN_MS);
	kept(r, "");
	wall.now = 20 * TERN_MS;
	receive(r, udp(false, 5, 3));
	recorder_poll(r, 20 * TERN_MS);
	kept(r, "21");
	free(r);
}

/* It fails again: what is in the file already does not come a second time. */
Test(record, a_frame_belongs_to_one_failure)
{
	struct recorder *r = stand_alone();
	struct rte_mbuf *m = udp(true, 5, 1);

	send_all(r, &m, 1, 1);
	fails(r, 5);
	recorder_poll(r, 20 * TERN_MS);
	m = udp(true, 5, 2);
	send_all(r, &m, 1, 1);
	fails_at_the_end(r, 5);
	kept(r, "12");
	cr_assert(r->failures == 2 && r->failure[0].frames == 1 && r->failure[1].frames == 1);
	free(r);
}

/* Arbitrary bytes are looked at, and no more than there are. */
Test(record, nonsense_belongs_to_nothing)
{
	struct recorder *r = stand_alone();
	uint64_t random = 88172645463325252;

	for (unsigned int i = 0; i < 100000; i++) {
		struct rte_mbuf *m = udp(i % 2 == 0, 5, 1);
		uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

		for (unsigned int k = 0; k < 4; k++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			data[random % 64] = (uint8_t)(random >> 32);
		}
		rte_pktmbuf_trim(m, (uint16_t)(300 - random % 300));
		if (i % 2 == 0)
			send_all(r, &m, 1, 1);
		else
			receive(r, m);
	}
	cr_assert(r->head > 1000 && r->head < 100000, "%lu", (unsigned long)r->head);
	fails_at_the_end(r, 5);
	free(r);
}
