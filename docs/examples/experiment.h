/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A protocol of our own above IP: IP protocol 253, which RFC 3692 §2.1 keeps for experiments.
 *
 *	byte 0      1 question, 2 answer
 *	byte 1      0
 *	bytes 2, 3  a number that the answer repeats
 *	then        payload
 *
 * A question is handed to the user and its answer goes back in the same mbuf.
 */
#ifndef EXPERIMENT_H
#define EXPERIMENT_H

#include <tern_ip.h>

struct experiment {
	struct tern_ip_proto proto; /* first member: what IP knows of us */
	/**
	 * A question: payload in in->data, in->len. Return TERN_DONE, TERN_TAKEN (the mbuf is the
	 * callee's), TERN_DROP_USER, or what experiment_answer() returned.
	 */
	enum tern_verdict (*on_question)(struct experiment *self, struct tern_in *in);
	uint64_t malformed; /* packets that were no question */
};

/** Hang it in the tree. Return: as tern_ip_hang(). */
int experiment_open(struct experiment *self, struct tern_ip *ip);

/** From on_question(): the first @len bytes of in->data are the answer. */
enum tern_verdict experiment_answer(struct tern_in *in, uint16_t len);

#endif
