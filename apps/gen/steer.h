/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Steering: what comes to one worker and is another's is handed over.
 *
 * Each worker has a queue of the port, and answers ought to come to the queue of who asked. RSS
 * hashes them to whichever it likes, the kernel behind a tap has rules of its own, and a peer may
 * answer on one queue only. Whose a packet is its local port says (ports.h): the destination port
 * of TCP and UDP, the identifier of an echo reply, and in an ICMP error the source of the packet
 * that it quotes. All else (ARP, echo requests) is for whoever received it; neighbours are told to
 * all stacks by tern_run().
 *
 * A steer stands between a worker and its port, on several workers only. Packets go to their owner
 * over a ring, in bursts; when that is full they are dropped and counted. It does so while a trial
 * goes on: between two the rings are empty and nothing is handed over, so that the ledgers of all
 * workers add up.
 */
#ifndef GEN_STEER_H
#define GEN_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <tern_port.h>

#include "gen/plan.h"

struct ledger;
struct steer;
struct worker;

#define STEER_RING 1024 /* packets that may be on their way to a worker, less one */

/* Bytes for one, aligned to 64. */
size_t steer_bytes(void);
struct steer *steer_init(void *mem, struct worker *w);

/* Who is who: an array of all workers, by their indices, complete when packets flow. */
void steer_join(struct steer *s, struct worker *const *workers);

/* Stand in front of a port: what the worker is to have for it. */
struct tern_port *steer_port(struct steer *s, struct tern_port *behind);

/* A trial begins for this worker. */
void steer_begin(struct steer *s);

/* The trial is over for all: what has come since is dropped. */
void steer_end(struct steer *s);

/* What became of the packets of this trial. */
void steer_tell(const struct steer *s, struct ledger *ledger);

/* The local port of a packet, or identifier; false: it has none that says whose it is. */
bool steer_local_port(const struct rte_mbuf *m, uint16_t *port);

#endif
