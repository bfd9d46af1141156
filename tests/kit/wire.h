/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wire: one stack, a port that the test is the other end of, a clock that stands still until it
 * is moved, and a peer that says what the test says.
 *
 *	struct wire *w = wire_after(TERN_ESTABLISHED);
 *
 *	wire_in(w, "P. 1:101(100) ack 1 win 65535");
 *	wire_out(w, MS(40), ". 1:1(0) ack 101");
 *	wire_end(w);
 *
 * Time counts from when the state was reached. Between two steps the clock moves only to what
 * tern_next_deadline() names, so a deadline that is missing shows as a segment that is missing.
 *
 * Each frame that leaves is judged on its own: addresses, lengths, sums, options, sequence
 * numbers that go back, data beyond the peer's window or MSS (judge.c). After each poll the
 * verdicts must add up to the packets. wire_end() wants every mbuf back. Whatever leaves must be
 * asked for, by wire_out() and its like or wire_skip(). ARP is answered for the peer.
 *
 * Failures print the expectation, what was there, and the last segments with their times.
 */
#ifndef KIT_WIRE_H
#define KIT_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_stack.h>

#include "frame.h"
#include "segment.h"
#include "user.h"

#define US(n) ((uint64_t)(n)*1000)
#define MS(n) ((uint64_t)(n)*1000000)
#define S(n) ((uint64_t)(n)*1000000000)

#define WIRE_FLOWS 64
#define WIRE_SENT 1024
#define WIRE_LOG 24
#define WIRE_IN 256
#define WIRE_LAG 64

#define OUR_ADDR "10.9.0.2"
#define PEER_ADDR "10.9.0.1"
#define OUR_PORT 8080

/* What a wire begins with. All zero: passive, CLOSED, defaults everywhere. */
struct wire_how {
	enum tern_tcp_state state;
	bool active; /* opened by tern_tcp_connect() */
	uint32_t peer_isn;
	uint32_t our_isn; /* wanted; only looked at with fix_isn */
	bool fix_isn;
	uint32_t caps;	     /* of the port */
	uint16_t mtu;	     /* 0: 1500 */
	uint64_t rtt_ns;     /* between our SYN and the peer's reply to it */
	const char *syn;     /* options of the peer's SYN; NULL: <mss 1460> */
	uint16_t win;	     /* in the peer's first segments; 0: 65535 */
	enum user_mode user; /* what the user does with data */
	uint64_t offer;	     /* bytes that the user has to send from the start */
	bool cold;	     /* the stack knows no neighbour, and nobody answers its ARP */
	void (*tune)(struct tern_config *config);
};

/* The peer's end of a connection, and what has been seen of it. */
struct flow {
	struct ends ends; /* peer to us */
	uint32_t peer_isn, our_isn;
	bool our_isn_known;
	bool judged;		     /* compare it with what came before */
	uint32_t peer_max;	     /* one past the highest number that the peer has used */
	uint32_t peer_edge;	     /* right end of the largest window that it has offered */
	int peer_wscale, our_wscale; /* -1: not offered in the SYN */
	uint32_t our_ack, our_edge;
	bool our_ack_known;
	uint32_t peer_mss;
};

/* A frame that left. */
struct sent {
	uint64_t at; /* absolute */
	const struct rte_mbuf *mbuf;
	const uint8_t *data; /* where the frame stood in memory */
	struct frame f;
};

struct wire_line {
	uint64_t at;
	bool out;
	uint16_t len;
	uint8_t b[14 + 60 + 60];
};

enum wire_payload {
	WIRE_OURS, /* what our user's fill() writes */
	WIRE_ECHO, /* what the peer sent at this position */
	WIRE_ANY,
};

struct wire {
	struct tern_port port;
	struct tern_stack *stack;
	struct tern_tcp *tcp;
	void *mem;
	struct tern_config config;
	struct wire_how how;

	uint64_t now, zero; /* absolute */
	struct user user;
	struct tern_tcp_listener listener;
	struct flow flows[WIRE_FLOWS];
	struct flow *flow; /* the one that wire_in() and wire_out() talk about */
	enum wire_payload payload;
	rte_be32_t gateway;
	struct tern_stats seen; /* counters before the last packet that came in */
	char note[128];		/* what the test is at, for failures */

	bool arp_off;		/* do not answer ARP; requests are frames like others */
	bool held;		/* wire_in() only queues; wire_flush() polls */
	bool tx_closed;		/* the port accepts nothing */
	unsigned int tx_refuse; /* percent of packets that it refuses */
	unsigned int tx_lag;	/* packets that the port keeps before it frees the oldest */
	uint32_t dice;
	bool stuck_is_fine;
	uint64_t rx_flags; /* of the mbufs that come in: RTE_MBUF_F_RX_* */

	struct rte_mbuf *in[WIRE_IN];
	unsigned int in_head, in_tail;
	const struct rte_mbuf *last_in; /* the mbuf that came in last */
	uint64_t injected, left;

	struct rte_mbuf *lag[WIRE_LAG];
	uint32_t lag_sum[WIRE_LAG];
	unsigned int lag_head, lag_tail;

	unsigned int log_n;
	struct wire_line log[WIRE_LOG];

	unsigned int sent_head, sent_tail;
	struct sent sent[WIRE_SENT];
};

/* Begin and end. */
struct wire *wire_open(const struct wire_how *how);
struct wire *wire_after(enum tern_tcp_state state);
void wire_end(struct wire *w);

/*
 * The same once for each of the 25 pairs of initial sequence numbers out of {0, 2^31 - 1, 2^31,
 * 2^32 - 1000, 2^32 - 1}; ends the wire of the call before. NULL after the last, then from the
 * start again: while ((w = wire_each(&how)) != NULL) ...
 */
struct wire *wire_each(const struct wire_how *how);
/* The same for a state that is reached passively. */
struct wire *wire_each_after(enum tern_tcp_state state);

/* Another connection of the same peer, or the first again. */
void wire_flow(struct wire *w, unsigned int i);
/* The current flow begins anew with another number: nothing of it is known. */
void wire_renew(struct wire *w, uint32_t peer_isn);
/* Take the connection to a state, from nothing. */
void wire_reach(struct wire *w, enum tern_tcp_state state, bool active);
void wire_listen(struct wire *w);
void wire_connect(struct wire *w);

/* The peer speaks, now: printf-style, see segment.h. */
void wire_in(struct wire *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, not sent: for frames to be spoilt. */
void wire_frame(struct wire *w, struct frame *f, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void wire_raw(struct wire *w, const struct frame *f);
/* The same in an mbuf of several segments, the first of which holds first bytes. */
void wire_raw_chain(struct wire *w, const struct frame *f, uint16_t first);
/* As wire_raw(), and it must end in this verdict, with nothing sent. */
void wire_drop(struct wire *w, const struct frame *f, enum tern_verdict verdict);
/* The last packet must have ended in this verdict; or which verdict has it ended in? */
void wire_saw(struct wire *w, enum tern_verdict verdict);
enum tern_verdict wire_verdict(struct wire *w);
void wire_flush(struct wire *w);

/* The stack speaks: exactly this next segment, at exactly this time (less than a tick late). */
void wire_out(struct wire *w, uint64_t at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void wire_out_now(struct wire *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A reset with this number (relative), now; with an ACK or without. */
void wire_out_reset(struct wire *w, uint32_t seq);
/* Nothing leaves until then. */
void wire_quiet(struct wire *w, uint64_t until);
void wire_quiet_now(struct wire *w);
/* Whatever is waiting to be asked for is of no interest. Return: how many frames. */
unsigned int wire_skip(struct wire *w);
/* Let time pass, and do not look at what leaves. */
void wire_pass(struct wire *w, uint64_t until);
/* The next frame of any kind, at the latest by then; NULL: none. Good until the next call. */
const struct sent *wire_next(struct wire *w, uint64_t by);
/* The next frame, now; none is a failure. */
const struct sent *wire_take(struct wire *w);
/* The next frame read as a segment of the current flow. False: none has left by then. */
bool wire_segment(struct wire *w, uint64_t by, struct segment *s);

uint64_t wire_now(const struct wire *w);
void wire_poll(struct wire *w);

/* The block of the current flow, or NULL: SYN-RECEIVED, if passive, and TIME-WAIT have none. */
struct tern_conn *wire_conn(struct wire *w);
/* Connections that have a block. */
uint32_t wire_blocks(const struct wire *w);
void wire_state(struct wire *w, enum tern_tcp_state state);
/* The connection is gone, and its user was told why, once. */
void wire_gone(struct wire *w, enum tern_why why);
uint64_t wire_count(const struct wire *w, enum tern_event event);
uint64_t wire_verdicts(const struct wire *w, enum tern_verdict verdict);
/* The same mbuf that came in last went out as this frame. */
bool wire_same_mbuf(const struct wire *w, const struct sent *s);

/* Say in failures where the test is. */
void wire_note(struct wire *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fail with the trace. */
void wire_fail(struct wire *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void wire_check(struct wire *w, bool ok, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Private to the kit. */
void port_init(struct wire *w);
void port_fini(struct wire *w);
void port_release(struct wire *w);
void judge(struct wire *w, const struct rte_mbuf *m, struct frame *f);
void judge_heard(struct wire *w, const struct frame *f);
struct flow *wire_find_flow(struct wire *w, rte_be32_t remote, uint16_t rport, uint16_t lport);
void wire_log(struct wire *w, const struct frame *f, bool out);
void wire_inject(struct wire *w, struct rte_mbuf *m);

#endif
