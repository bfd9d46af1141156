/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A worker: one lcore's share of the load.
 *
 * It stands between a stack and its port: the engine sees each received packet first and takes what
 * is its own; ARP, ICMP and whatever else is left goes up the stack. An engine that needs no stack
 * (flood, lite, replay) sends straight to the port; one that is a user of libtern sends by it.
 *
 * The loop, real or simulated, is
 *
 *	tern_poll(stack, now)		which receives through worker_port()
 *	worker_poll(worker, now)	what is due is launched; times are looked after
 *
 * Nothing here reads a clock but by w->clock(), nothing allocates after worker_init().
 */
#ifndef GEN_WORKER_H
#define GEN_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>

#include <tern_port.h>
#include <tern_stack.h>

#include "gen/load/schedule.h"
#include "gen/measure/meter.h"
#include "gen/plan.h"
#include "gen/record/recorder.h"
#include "gen/steer.h"

struct worker;

enum launched {
	LAUNCHED,
	LAUNCH_BUSY, /* nothing free to do it with: it waits, and what is due is late */
	LAUNCH_SHED, /* too much is outstanding: it will never be done */
};

/*
 * A kind of load. Any member may be NULL. Without launch() the engine launches by itself in poll(),
 * while the worker is running: in open loop what w->schedule says is due, and never more than
 * w->left, which it counts down.
 */
struct engine {
	const char *name;
	bool steered; /* what comes in belongs to the worker who has its local port: steer.h */
	/* Memory that it wants on each worker, bytes; what tern_config it needs. Before init. */
	size_t (*bytes)(const struct plan *plan, unsigned int workers);
	void (*configure)(const struct plan *plan, unsigned int workers,
			  struct tern_config *config);
	/*
	 * The stack stands, with its addresses; w->mem is zero. Return: 0, or -1 after one line on
	 * stderr.
	 */
	int (*init)(struct worker *w);
	/* A trial begins: what has to stand before the first request is opened now. */
	void (*start)(struct worker *w, uint64_t now);
	/* Is all that ready? Only then the schedule begins. NULL: at once. */
	bool (*ready)(struct worker *w, uint64_t now);
	/* One more transaction, that was due at `intended`. In closed loop intended is now. */
	enum launched (*launch)(struct worker *w, uint64_t intended, uint64_t now);
	/* In every turn of the loop: timers, what is left to be sent. Return: was there work? */
	bool (*poll)(struct worker *w, uint64_t now);
	/* When it has to be polled though no packet comes, for sim.c; UINT64_MAX: never. */
	uint64_t (*next)(const struct worker *w);
	/*
	 * Packets as they come from the port. Those that it takes it frees or sends; the others it
	 * leaves, in order, at the front. Return: how many are left.
	 */
	uint16_t (*rx)(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint64_t now);
	/* Nothing new is begun from now on. */
	void (*stop)(struct worker *w, uint64_t now);
	/* Is all done that was begun? It is polled until then, or until the grace is over. */
	bool (*done)(const struct worker *w);
	/* The trial is over: what still stands is given up, and counted as aborted. */
	void (*end)(struct worker *w, uint64_t now);
	/* Give back what init() took beyond w->mem. */
	void (*fini)(struct worker *w);
};

enum worker_state {
	WORKER_IDLE,	  /* no trial */
	WORKER_RESOLVING, /* the next hop's MAC is awaited */
	WORKER_LOST,	  /* it does not answer */
	WORKER_OPENING,	  /* engine->ready() is awaited */
	WORKER_READY,	  /* the other workers are awaited */
	WORKER_RUNNING,
	WORKER_DRAINING,
};

/* What who reports may have a worker do. */
enum worker_order {
	WORKER_NOTHING,
	WORKER_BEGIN, /* worker.trial is set */
	WORKER_GO,    /* all are ready: the schedules begin at trial.start_ns */
	WORKER_STOP,  /* launch nothing more */
	WORKER_END,   /* whatever still stands */
	WORKER_ORDERS
};

enum { WORKER_QUEUE = 1024 }; /* packets that may wait for the port */

#define WORKER_PATIENCE_NS (3 * TERN_S) /* with a next hop that does not answer */

/*
 * Every packet and every transaction of a trial must be somewhere, warm-up and drain included.
 * balanced: what was made the port took, or it was counted as dropped; what was received, or taken
 * over from another worker, was taken, passed, handed over or dropped on the way there; each
 * transaction that was launched ended in one way. The rest is what the port itself says.
 */
struct ledger {
	uint64_t launched, done, failed, shed, inflight; /* transactions */
	uint64_t made, sent, dropped;			 /* packets, of the engine and the stack */
	uint64_t received, taken, passed;		 /* packets: by the engine, up the stack */
	uint64_t handed_over, taken_over, handover_dropped; /* packets, between workers */
	uint64_t rx_missed, rx_errors, rx_no_mbuf, tx_errors;
	bool balanced;
};

/* What a trial is, of all that could differ from the plan: see trial.h. */
struct trial {
	struct profile profile; /* of an open loop */
	bool open_loop;
	uint64_t duration_ns, omit_ns;
	uint64_t count; /* transactions of all workers; 0: by time */
	uint64_t seed;
	struct imix imix; /* of a flood or datagrams; n 0: the plan's */
	/* Workers wait for WORKER_GO, then all begin at start_ns: their arrivals interleave. */
	bool together;
	uint64_t start_ns;
	uint32_t tagged; /* rfc8219: so many of the packets are timed, evenly; 0: all that can be */
	/*
	 * NULL: the bench's own. Else a copy of it with another mode, or with other or fewer
	 * connections, of the same engine: it is w->plan from before engine->start() on. So an
	 * engine sizes its memory by the first plan, and reads what to do in start() or later.
	 */
	const struct plan *plan;
};

struct worker {
	/* Hot: in every turn. */
	struct tern_port front; /* the port that the stack is given; its first member */
	struct tern_port *port; /* what is behind it: the wire */
	const struct engine *engine;
	struct meter *meter; /* where this interval is written */
	void *mem;	     /* of the engine */
	struct schedule schedule;
	enum worker_state state;
	bool open_loop;
	uint32_t outstanding;	       /* transactions launched, neither done nor failed */
	uint32_t most;		       /* in closed loop: keep so many; in open loop: shed above */
	uint64_t left;		       /* transactions of --count that are not launched yet */
	uint64_t (*clock)(void *data); /* ns, finer than `now`: for what just happened */
	void *clock_data;

	struct tern_stack *stack;
	struct steer *steer; /* NULL: whatever comes is for this one */
	const struct plan *plan;
	const struct trial *trial;
	unsigned int index, workers;
	struct tern_addr addr;		/* our first address */
	struct rte_ether_addr peer_mac; /* of the next hop, once known */
	uint64_t random;		/* xorshift state, from the seed and index */
	uint64_t last_delay_ns;		/* of worker_variation() */
	uint64_t began_ns;		/* when it began to run */
	bool did;			/* something, in this turn */

	/* What waits for the port: worker_send(). */
	struct rte_mbuf **queue; /* WORKER_QUEUE of them */
	uint16_t queue_head, queue_n;
	uint16_t refused; /* of them: the first so many are counted in tx_full */

	uint64_t lost_ns, asked_ns; /* when the next hop was first asked for, and last */
	uint64_t cycles;	    /* at the end of the turn before */
	bool count_cycles;	    /* not under a virtual clock */
	struct ledger ledger;	    /* of this trial */
	struct recorder *recorder;  /* --capture-failed; NULL: it is not asked for */

	/* Exchange with who reports: each is written by one side only. */
	struct meter *meters;	/* two of them */
	uint32_t wanted, given; /* intervals asked for; handed over */
	struct ledger told;	/* as it stood when the last was handed over */
	uint32_t order, obeyed; /* enum worker_order, plus WORKER_ORDERS each time */
};

/* Bytes for a worker with its meters and the engine's memory, aligned to 64. */
size_t worker_bytes(const struct plan *plan, const struct engine *engine, unsigned int workers);
struct worker *worker_init(void *mem, const struct plan *plan, const struct engine *engine,
			   unsigned int index, unsigned int workers);

/* Of several workers each has to know the others: all of them, by their indices. */
void worker_join(struct worker *w, struct worker *const *workers);

/* Stand in front of a port: what the stack is to be given. Its caps, MAC, pool and MTU are its. */
struct tern_port *worker_port(struct worker *w, struct tern_port *behind);

/* The stack stands. Return: as engine->init(). */
int worker_attach(struct worker *w, struct tern_stack *stack);

/* The last that is done with a worker; also if worker_attach() failed, or never was called. */
void worker_detach(struct worker *w);

/* Return: was there work? */
bool worker_poll(struct worker *w, uint64_t now);
uint64_t worker_next(const struct worker *w);

/* All that --count asked for has ended, or all that was begun. */
bool worker_is_done(const struct worker *w);

/*
 * What engines call. A transaction that was launched ended, well or not: in closed loop the next
 * one is launched in the same turn of the loop.
 */
static inline void
worker_done(struct worker *w)
{
	w->outstanding--;
	w->ledger.done++;
}

static inline void
worker_failed(struct worker *w, enum error error)
{
	w->meter->error[error]++;
	w->outstanding--;
	w->ledger.failed++;
}

/* Whose transaction it was: its frames are wanted. Engines say so beside worker_failed(). */
static inline void
worker_capture(struct worker *w, const struct tuple *who, enum error error)
{
	if (w->recorder != NULL)
		recorder_failed(w->recorder, who, error);
}

static inline void
worker_count(struct worker *w, enum counter what)
{
	w->meter->count[what]++;
}

static inline void
worker_time(struct worker *w, enum time_of what, uint64_t from, uint64_t to)
{
	hdr_record(&w->meter->time[what], to > from ? to - from : 0);
}

/* Pseudorandom, and the same again for the same seed. */
static inline uint64_t
worker_random(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

/*
 * RFC 8219 §7.3.2: how much longer, or shorter, this packet was under way than the one before it.
 * The engines of datagrams call it for each answer that they time, in suite rfc8219 only.
 */
static inline void
worker_variation(struct worker *w, uint64_t delay_ns)
{
	uint64_t last_ns = w->last_delay_ns;

	w->last_delay_ns = delay_ns;
	if (last_ns == 0)
		return;
	if (delay_ns >= last_ns)
		hdr_record(&w->meter->time[TIME_ipdv_longer], delay_ns - last_ns);
	else
		hdr_record(&w->meter->time[TIME_ipdv_shorter], last_ns - delay_ns);
}

/*
 * Send straight to the port, counted in the meter. Takes all: what the port does not take at once
 * is offered again in the next turns, at most WORKER_QUEUE of them, then dropped and counted.
 */
void worker_send(struct worker *w, struct rte_mbuf **pkts, uint16_t n);

/* Room for so many in worker_send() without a drop? */
static inline bool
worker_room(const struct worker *w, uint16_t n)
{
	return w->queue_n + n <= WORKER_QUEUE;
}

extern const struct engine engine_full, engine_lite, engine_datagrams, engine_flood, engine_replay;

/* The engine of a plan. */
const struct engine *engine_of(const struct plan *plan);

#endif
