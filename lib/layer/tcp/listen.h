/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * LISTEN and the SYN-RECEIVED of passive opens (RFC 9293 §3.10.7.2): from a SYN to a connection
 * that can take the ACK of the handshake.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include "conn/machine.h"
#include "wire/tcp.h"
#include <tern_in.h>
#include <tern_verdict.h>

void listen_init(struct tern_tcp *tcp, void *mem, uint32_t listeners);

/* Who listens there and would take a SYN now? NULL: nobody. */
struct listening *listen_find(struct tern_tcp *tcp, struct tern_addr addr, rte_be16_t port);

/*
 * A SYN (without ACK or RST) for this listener, answered with a SYN-ACK. TERN_UNDECIDED: to be
 * answered as if nobody listened. @old: the connection of the tuple in TIME-WAIT that the SYN may
 * end, or NULL.
 */
enum tern_verdict listen_syn(struct tern_tcp *tcp, struct listening *l, const struct segment *s,
			     struct tern_in *in, struct time_wait *old);

/*
 * An ACK (without SYN or RST) of no connection. If it bears a SYN cookie of ours *made is the
 * connection that is to take it, in SYN-RECEIVED; else NULL, and the verdict as above.
 */
enum tern_verdict listen_ack(struct tern_tcp *tcp, struct listening *l, const struct segment *s,
			     const struct tern_in *in, struct tern_conn **made);

/* A segment of a half-open connection; *made as above, or NULL and the segment is dealt with. */
enum tern_verdict listen_half_open(struct tern_tcp *tcp, struct half_open *h, struct segment *s,
				   struct tern_in *in, struct tern_conn **made);

/* Repeat the SYN-ACKs that are due; end what was not answered for too long. */
void listen_run_timers(struct tern_tcp *tcp);

#endif
