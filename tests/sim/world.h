/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world of two stacks, a wire between them and one clock:
 *
 *	stack A - tap - faults - pipe - tap - stack B
 *
 * The clock jumps from one event to the next, so a run costs what its packets cost and is the same
 * every time for the same seed. A tap sees each frame that its stack sends: it judges it (sums,
 * windows, see judge() in world.c), notes it for the trace and for the hash, and loses it when the
 * test says so. A run that does not get where it shall within its time, or within a number of
 * polls that no honest run needs, fails and prints the last segments.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_faults.h>
#include <tern_pipe.h>
#include <tern_stack.h>

#define US(n) ((uint64_t)(n)*1000)
#define MS(n) ((uint64_t)(n)*1000000)
#define S(n) ((uint64_t)(n)*1000000000)

#define WORLD_LINES 64
#define WORLD_FLOWS 4096
#define WORLD_MBUFS 4095

enum { A, B };

/* A frame that a stack sent, for people. */
struct line {
	uint64_t at;
	uint8_t from; /* A or B */
	bool tcp, lost;
	uint8_t flags;
	uint16_t sport, dport, win;
	uint16_t len; /* of the frame, if not TCP; else payload */
	uint32_t seq, ack;
};

/* What has been seen of one side of a connection on the wire. */
struct side_seen {
	bool known, acked;
	uint8_t wscale; /* offered in the SYN; 0xff: none */
	uint32_t first; /* number of the SYN */
	uint32_t end;	/* one past the highest number sent */
	uint32_t edge;	/* rightmost edge of the windows that it advertised */
	uint32_t ack;
};

struct flow_seen {
	uint16_t port[2]; /* at A and at B */
	struct side_seen side[2];
};

struct world;

/* One stack and its port. The tap comes first: the port that the stack is given is the side. */
struct side {
	struct tern_port tap;
	struct world *w;
	uint8_t i;
	struct tern_port *below;
	struct rte_mempool *pool;
	struct tern_stack *stack;
	void *mem;
	struct tern_addr addr;
};

/* What a world begins with. All zero but the seed is good. */
struct world_how {
	uint64_t seed;
	uint64_t start;	      /* time; 0: out of the seed, now and then close to where ticks wrap */
	uint64_t delay_ns;    /* one way; 0: 5 ms */
	uint32_t packets;     /* most under way in a direction; 0: 2048 */
	uint32_t connections; /* 0: 16 */
	uint32_t mbufs;	      /* of each side; 0: WORLD_MBUFS */
	uint16_t mtu[2];      /* 0: 1500; a tiny one is the smaller side's, the wire carries more */
	struct tern_pipe_link link[2]; /* of what A sends and of what B sends; delay 0: delay_ns */
	struct tern_faults_odds odds;  /* of both directions */
	struct tern_faults_odds odds_of[2]; /* in their place: of what A sends, of what B sends */
	bool apart;			    /* odds_of counts, not odds */
	bool unseen; /* frames are neither judged nor hashed nor summed: fast, for figures */
	void (*tune)(struct tern_config *config, unsigned int side);
	bool (*loses)(struct world *w, const struct line *line); /* may be NULL */
	/* Who lives beside the stacks, all of them or none: a port in front of a side's ... */
	struct tern_port *(*in_front)(unsigned int side, struct tern_port *port);
	bool (*turn)(uint64_t now); /* ... what it does after each poll (was there work?) ... */
	uint64_t (*next)(void);	    /* ... and when it has to be polled again */
};

/* What congestion control is doing. */
enum congestion_phase { PHASE_SLOW_START, PHASE_AVOIDANCE, PHASE_RECOVERY, PHASE_LOSS };

/* A look at a connection, after a poll. */
struct sample {
	uint64_t at; /* time since the world began, ns */
	uint32_t cwnd, ssthresh, flight,
		queue; /* bytes; queue: what waits for the link of its side */
	uint32_t srtt_us;
	uint8_t phase;
};

/* Samples of one connection, into memory of the test's; when that is full, the rest is missed. */
struct watch {
	struct tern_conn *const *conn; /* nothing is sampled while *conn is NULL */
	unsigned int side;
	uint64_t every_ns; /* 0: at each change of cwnd, ssthresh or phase; else also so often */
	struct sample *sample;
	uint32_t n, most, missed;
};

struct world {
	struct world_how how;
	uint64_t now, zero;
	struct tern_pipe pipe;
	struct tern_faults faults;
	void *pipe_mem, *faults_mem;
	struct side side[2];

	uint64_t dark_from, dark_until; /* all is lost that is sent in between */
	bool shut[2];			/* the port of this side accepts nothing */
	bool judging;
	bool learning; /* neighbours are found by ARP: every fourth seed; else they are static */
	void *data;    /* the test's own */
	struct watch *watch; /* may be NULL; the test's own */

	uint64_t polls;
	uint64_t hash;	    /* of every frame sent, with its time */
	uint64_t frames[2]; /* sent by each side */
	uint64_t bytes[2];
	struct line line[WORLD_LINES];
	uint64_t lines;
	struct flow_seen flow[WORLD_FLOWS];
};

struct world *world_open(const struct world_how *how);

/*
 * Let time pass until nothing is left: no connection (TIME-WAIT has run out), no packet under way,
 * every mbuf back in its pool. Then the world ends.
 */
void world_close(struct world *w);

/* Poll and move the clock until done() says so, for at most this long; later is a failure. */
void world_run(struct world *w, bool (*done)(struct world *w), uint64_t within_ns);

/* The same for a time, whatever happens in it. */
void world_pass(struct world *w, uint64_t ns);

/* Time since the world began. */
static inline uint64_t
world_time(const struct world *w)
{
	return w->now - w->zero;
}

static inline struct tern_tcp *
world_tcp(struct world *w, unsigned int side)
{
	return tern_tcp(w->side[side].stack);
}

/* Names of phases, for people. */
const char *world_phase_name(unsigned int phase);

uint64_t world_count(const struct world *w, unsigned int side, enum tern_event event);
uint64_t world_verdicts(const struct world *w, unsigned int side, enum tern_verdict verdict);

/* Fail with the trace. */
void world_fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define world_check(w, ok, ...) ((ok) ? (void)0 : world_fail(w, __VA_ARGS__))

/* A random number from a counter: the same for the same argument. */
static inline uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x632be59bd9b4e019);
	x = (x ^ x >> 29) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 32) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 31;
}

#endif
