/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bed of nails: one stack, a port that brings whatever the test makes up, and checks that hold
 * whatever came: each packet has one verdict, each mbuf is somewhere, what leaves is well formed.
 */
#ifndef FUZZ_BED_H
#define FUZZ_BED_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_stack.h>

#include "dice.h"
#include "kit/eal.h"
#include "kit/frame.h"

#define US(n) ((uint64_t)(n)*1000)
#define MS(n) ((uint64_t)(n)*1000000)
#define S(n) ((uint64_t)(n)*1000000000)

#define BED_IN 64
#define BED_OUT 32
#define BED_LOG 16

#define BED_ADDR "10.9.0.2"
#define BED_PEER "10.9.0.1"

struct bed {
	struct tern_port port;
	struct tern_stack *stack;
	struct tern_tcp *tcp;
	void *mem;
	struct dice dice;
	uint64_t seed, now, round;
	rte_be32_t addr, peer;

	struct rte_mbuf *in[BED_IN];
	unsigned int in_n;
	uint64_t given;
	bool strange; /* mbufs in pieces, or in memory of exactly their size */

	uint32_t users; /* mbufs that users keep */
	uint64_t sent;
	struct frame out[BED_OUT]; /* what left last */

	char log[BED_LOG][160];
	uint64_t logs;
};

/* A stack with our address, a known peer, and no port open. */
void bed_open(struct bed *b, uint64_t seed, void (*tune)(struct tern_config *config));

/* Nothing may be left but what the stack and the users hold; then nothing at all. */
void bed_close(struct bed *b);

/* Bytes off the wire, for the next poll. */
void bed_give(struct bed *b, const uint8_t *bytes, uint32_t len);
static inline void
bed_frame(struct bed *b, const struct frame *f)
{
	bed_give(b, f->b, f->len);
}

/* Poll once, and check what always holds. */
void bed_poll(struct bed *b);

/* Let time pass from deadline to deadline. */
void bed_pass(struct bed *b, uint64_t ns);

/* After all that: ping is answered, and so is TCP on this port, where everything is echoed. */
void bed_still_answers(struct bed *b, uint16_t echo_port);

/* The i-th last frame that left, or NULL. */
struct frame *bed_left(struct bed *b, uint64_t since, uint64_t i);

/* For people, when it fails. */
void bed_note(struct bed *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bed_fail(struct bed *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define bed_check(b, ok, ...) ((ok) ? (void)0 : bed_fail(b, __VA_ARGS__))

#endif
