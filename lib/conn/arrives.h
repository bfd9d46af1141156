/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * SEGMENT ARRIVES (RFC 9293 §3.10.7) for a connection that exists.
 */
#ifndef ARRIVES_H
#define ARRIVES_H

#include <stdbool.h>

#include "wire/tcp.h"
#include <tern_conn.h>
#include <tern_in.h>
#include <tern_verdict.h>

enum { CONN_MSS_LEAST = 48 }; /* less would cost more headers than data: B15, SACK Panic */

/*
 * Take a checked segment of this connection. What is to be sent for it is noted in the block.
 * @in:    payload in data, len
 * @reset: set when the segment is to be answered with a reset made from its own fields
 *
 * Return: what became of the mbuf: TERN_TAKEN (somebody's now), TERN_ANSWER (at the end of the kept
 * list, maybe to leave at once), else it is free for an answer. The block may read TERN_CLOSED.
 */
enum tern_verdict conn_arrives(struct tern_conn *c, struct segment *s, struct tern_in *in,
			       bool *reset);

/* An ACK is owed to a segment that was not acceptable, but not for ever (RFC 5961 §7). */
enum tern_verdict conn_challenge(struct tern_conn *c, enum tern_verdict verdict);

/* The steps that have files of their own. */

/* Step 5: the ACK field. */
enum tern_verdict conn_check_ack(struct tern_conn *c, const struct segment *s, bool *reset);
/* Step 7 and 8: the text, and the FIN behind it. */
enum tern_verdict conn_take_text(struct tern_conn *c, struct segment *s, struct tern_in *in,
				 bool *reset);
/* The three-way handshake is complete. */
void conn_establish(struct tern_conn *c, const struct segment *s);
/* Read what the SYN of the peer says (RFC 9293 §3.7.1, RFC 7323 §2). */
void conn_take_syn(struct tern_conn *c, const struct segment *s);

#endif
