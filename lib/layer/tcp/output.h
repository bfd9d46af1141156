/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * From connection blocks to segments: what to send next, and making it.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/machine.h"
#include "wire/tcp.h"
#include <tern_in.h>
#include <tern_verdict.h>

/*
 * After a segment was taken with verdict v: if the connection has something to send, send the first
 * of it in the mbuf that came in, should that be free or hold just what is next; the rest leaves
 * at the end of the poll.
 */
enum tern_verdict output_answer(struct tern_conn *c, struct tern_in *in, enum tern_verdict v);

/* Send for the connections that are ready, within the room to the port. */
void output_ready(struct tern_tcp *tcp);

/* Answer a segment that has, or deserves, no connection (RFC 9293 §3.10.7.1), in its own mbuf. */
enum tern_verdict output_reset(struct tern_tcp *tcp, const struct segment *s, struct tern_in *in,
			       enum tern_verdict instead);

/* Reset the peer of this connection, in a fresh mbuf. */
void output_abort(struct tern_conn *c);

#endif
