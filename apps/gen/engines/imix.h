/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Mixtures of frame sizes (RFC 6985): in which order they are sent.
 */
#ifndef GEN_ENGINES_IMIX_H
#define GEN_ENGINES_IMIX_H

#include <stdint.h>

#include "gen/plan.h"

/* Bytes of a frame, FCS included, as RFC 2544 §9 counts them. */
enum { IMIX_LEAST_BYTES = 64, IMIX_MOST_BYTES = 9218, IMIX_TURNS = 1024 };

/*
 * imix_turns() - who has its turn when, each size evenly spread over the whole, or in order
 * @turns: indices into imix->size[]
 *
 * A mixture of more than IMIX_TURNS turns in all is cut there: no size has then had a turn more or
 * less than it should.
 *
 * Return: how many turns, after which it begins anew.
 */
unsigned int imix_turns(const struct imix *imix, uint8_t turns[IMIX_TURNS]);

#endif
