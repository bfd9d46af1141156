/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Segments without data that are made without a connection block: SYN-ACKs and ACKs.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "conn/machine.h"
#include "wire/tcp.h"
#include <tern_in.h>
#include <tern_verdict.h>

struct reply {
	struct tuple to;
	uint32_t seq, ack;
	uint16_t wnd; /* as the header has it */
	uint8_t flags;
	struct syn_options options; /* if it is a SYN; of an ACK only the Timestamps count */
};

/*
 * Answer the segment that came in, in its own mbuf or, where that does not do or is not free
 * (@mine is false), in a fresh one. Return: TERN_ANSWER; @v when it left otherwise; or
 * TERN_DROP_TX_FULL.
 */
enum tern_verdict reply_answer(struct tern_tcp *tcp, struct tern_in *in, const struct reply *r,
			       bool mine, enum tern_verdict v);

/* Send it in a fresh mbuf. False: there is no room to the port, no mbuf, or no way. */
bool reply_send(struct tern_tcp *tcp, const struct reply *r);

/* The SYN-ACK of a half-open connection, and its ACK of what was not acceptable. */
struct reply reply_syn_ack(const struct tern_tcp *tcp, const struct half_open *h,
			   const struct tuple *t);
struct reply reply_half_open_ack(const struct tern_tcp *tcp, const struct half_open *h,
				 const struct tuple *t);

/* The SYN-ACK to a SYN that is reduced to what its cookie keeps. */
struct reply reply_cookie(struct tern_tcp *tcp, const struct segment *syn, const struct tuple *t);

/* The ACK of TIME-WAIT. */
struct reply reply_time_wait(const struct tern_tcp *tcp, const struct time_wait *t);

#endif
