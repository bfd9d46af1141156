/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Mixtures of frame sizes (RFC 6985): --size and --imix.
 */
#ifndef GEN_ENGINES_IMIX_H
#define GEN_ENGINES_IMIX_H

#include <stdint.h>

#include "gen/plan.h"

/* Bytes of a frame, FCS included, as RFC 2544 §9 counts them. */
enum { IMIX_LEAST_BYTES = 64, IMIX_MOST_BYTES = 9218, IMIX_TURNS = 1024 };

/*
 * imix_read() - "64:7,570:4,1518:1": so many frames of each size in turn; "64" is "64:1"; or a
 * name:
 *	simple	64:7,570:4,1518:1
 *	trex	64:28,594:20,1518:4, what TRex calls imix
 *
 * Return: NULL, or what is wrong with it, for a person; then imix is undefined.
 */
const char *imix_read(struct imix *imix, const char *text);

/*
 * The order in which the sizes have their turns, each evenly spread over the whole: indices into
 * imix->size[]. Return: how many turns, IMIX_TURNS at most for what imix_read() returned.
 */
unsigned int imix_turns(const struct imix *imix, uint8_t turns[IMIX_TURNS]);

#endif
