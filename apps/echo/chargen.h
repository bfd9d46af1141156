/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The character generator (RFC 864): lines of 72 printing characters, each line one character on.
 *
 * All of the endless stream stands in one block: the pattern repeats after 95 lines, and the block
 * goes on for as long behind them as a segment may be, so that any piece of the stream is found in
 * one place.
 */
#ifndef ECHO_CHARGEN_H
#define ECHO_CHARGEN_H

#include <stdint.h>

#include <tern_stack.h>

enum { CHARGEN_LINE_BYTES = 72 + 2 };

/* Make the block; and lend it to the port, after tern_init(). */
void chargen_make(void);
void chargen_lend(void);

/* Where the stream goes on at a position. */
const uint8_t *chargen_at(uint64_t position);

extern struct tern_tcp_user chargen_user;

#endif
