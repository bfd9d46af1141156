/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk flows from A to B through one bottleneck, for figures: how fast, and what the congestion
 * window did. A flow has always more to send and its receiver takes whatever comes, so that nothing
 * but the network and the congestion control holds it back. Nobody looks at the bytes: that
 * transfers arrive unharmed is what ends.h and transfer.c are for.
 */
#ifndef SIM_FLOWS_H
#define SIM_FLOWS_H

#include "world.h"

#define FLOWS_MOST 32

struct flows_how {
	uint64_t seed;	   /* no multiple of 4: those begin with ARP */
	uint64_t rate_bps; /* of the bottleneck; ACKs go back on a link without a rate */
	uint64_t rtt_ns;   /* without queues: half of it each way */
	uint32_t queue_bytes, mark_bytes;
	struct tern_faults_odds odds; /* of what A sends; ACKs are not lost */
	uint8_t congestion;	      /* enum tern_congestion_kind */
	unsigned int n;		      /* flows; 0: one */
	uint64_t apart_ns;	      /* between the beginnings of two of them */
	uint32_t segments; /* no more than these are ever under way; 0: what path and queue hold */
	void (*tune)(struct tern_config *config, unsigned int side); /* may be NULL */
	bool (*loses)(struct world *w, const struct line *line);     /* may be NULL */
};

struct flow {
	struct tern_tcp_user sender, taker;
	struct tern_tcp_listener listener;
	struct world *w;
	struct tern_conn *conn; /* of the sender; NULL once closed */
	uint64_t opened_at;	/* time since the world began */
	uint64_t acked, got;	/* bytes */
};

struct flows {
	struct flows_how how;
	struct world *w;
	unsigned int n, begun;
	struct flow flow[FLOWS_MOST];
};

/* A world with the first flow begun. The others begin when their time has come. */
void flows_open(struct flows *f, const struct flows_how *how);

void flows_pass(struct flows *f, uint64_t ns);

/* Until the first flow has delivered so many bytes, but no longer than that. */
void flows_deliver(struct flows *f, uint64_t bytes, uint64_t within_ns);

/* Reset all of them and end the world. */
void flows_close(struct flows *f);

/* Bytes that the bottleneck sends in one round trip. */
static inline uint64_t
flows_bdp(uint64_t rate_bps, uint64_t rtt_ns)
{
	return rate_bps / 8 * (rtt_ns / 1000) / 1000000;
}

/* What of the link's bits is payload: full segments with timestamps, and Ethernet's 24 bytes. */
#define FLOWS_MSS 1448
#define FLOWS_WIRE_BYTES (1514 + TERN_PIPE_OVERHEAD)

#endif
