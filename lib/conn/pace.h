/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Pacing: new data leave at a rate, and not as fast as the windows let them.
 *
 * The rate is what the user said (tern_tcp_pace()), or out of cwnd and SRTT: twice as fast in slow
 * start, so that the flight can double, and a fifth faster after it. What falls into one tick of
 * the timer leaves together. Retransmissions do not wait.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_conn.h>

/* Is it too early for the next segment? Then a timer calls for it. */
bool pace_waits(struct tern_conn *c);

/* A segment with len bytes leaves. */
void pace_sent(struct tern_conn *c, uint32_t len);

#endif
