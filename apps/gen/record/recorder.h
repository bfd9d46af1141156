/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A flight recorder (--capture-failed): a worker's last frames, and those of what failed.
 *
 * It stands as a port between a worker and its port, and writes the beginning of each IPv4 frame
 * that it passes on into a ring, with a hash of the connection's addresses and ports beside it.
 * When something fails the worker says of which connection. A little later, when what follows the
 * failure has come as well, the frames of that connection which are still in the ring are kept
 * aside, and each frame once. So a frame costs a copy, whether anything fails or not; a failure
 * costs one look at the ring's hashes (4 bytes a frame); and of failures there are so many, the
 * rest is only counted. All memory is of the worker; who reports reads it between two trials.
 *
 * A tuple of TCP may have had an earlier connection. What is older than the first SYN of the one
 * that failed is not its own, nor what follows the SYN of the next one. Of UDP and ICMP echo a
 * tuple is all there is. ICMP errors belong to what they quote. Fragments but the first have no
 * ports: they are not recorded.
 */
#ifndef GEN_RECORD_RECORDER_H
#define GEN_RECORD_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include <tern_port.h>

#include "gen/measure/meter.h"
#include "gen/plan.h"

/* A connection, as it is known from both sides; of ICMP echo the local port is the identifier. */
struct tuple {
	rte_be32_t local, remote;
	rte_be16_t local_port, remote_port;
	uint8_t proto; /* IPPROTO_ */
};

struct recorded {
	uint64_t at_ns;	  /* of the worker's clock */
	uint32_t bytes;	  /* as it was on the wire, without FCS */
	uint32_t order;	  /* among those of the same time */
	uint16_t known;	  /* bytes that were kept */
	uint16_t failure; /* whose it is */
	bool sent;	  /* by us */
	uint8_t data[];
};

struct failure {
	struct tuple who;
	enum error cause;
	uint64_t at_ns;
	uint32_t frames;
	/* private */
	uint64_t seq, scanned; /* frames recorded until then; looked at for a new SYN */
	uint32_t key;
	bool taken;
};

struct recorder {
	struct tern_port port; /* first member */
	struct tern_port *behind;
	uint64_t (*clock)(void *data);
	void *clock_data;

	/* The ring: what has number n stands at n modulo its size. */
	uint64_t head; /* frames recorded */
	uint32_t mask, snap;
	size_t stride;
	uint32_t *key; /* of each; 0: none, or it was kept */
	uint8_t *ring;

	/* What failed in this trial, in order; those before `due` have been taken. */
	struct failure *failure;
	uint32_t failures, due, most, share;
	uint8_t *kept;
	uint32_t kept_n;
	bool recording;	 /* a trial runs */
	uint32_t *left;	 /* failures that may still be captured: of all workers; NULL: none */
	uint64_t missed; /* so many were not, in this trial */
};

size_t recorder_bytes(const struct plan *plan);
struct recorder *recorder_init(void *mem, const struct plan *plan);

/* Stand in front of a port. */
struct tern_port *recorder_port(struct recorder *r, struct tern_port *behind,
				uint64_t (*clock)(void *data), void *clock_data);

/* A trial begins; what the one before left has been read. */
void recorder_begin(struct recorder *r);
/* It ends: what still waits is taken now. */
void recorder_end(struct recorder *r);

/* A connection, or what is done over it, failed. Of one that just did so it is not told again. */
void recorder_failed(struct recorder *r, const struct tuple *who, enum error cause);

/* In each turn of the loop. */
void recorder_poll(struct recorder *r, uint64_t now);

static inline struct recorded *
recorder_kept(const struct recorder *r, uint32_t i)
{
	return (struct recorded *)(void *)(r->kept + i * r->stride);
}

#endif
