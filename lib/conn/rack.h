/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * RACK-TLP (RFC 8985): what was sent before something that has arrived, by more than the path
 * reorders, is lost; and the last of a flight is probed for, since nothing behind it can tell.
 *
 * For connections with SACK. It marks ranges of the flight; what follows is recovery.h's.
 */
#ifndef RACK_H
#define RACK_H

#include <stdbool.h>

#include "conn/flight.h"
#include "wire/tcp.h"
#include <tern_conn.h>

/* The first flight after a silence: times of before mean nothing. */
void rack_start(struct tern_conn *c);

/* Steps 1 to 3 of §6.2: something was delivered. */
void rack_delivered(struct tern_conn *c, const struct segment *s, const struct delivery *d);

/* The peer got something twice (D-SACK): step 4, the reordering window widens. */
void rack_duplicate(struct tern_conn *c);

/* How late what overtakes may come before it is lost (step 4), microseconds. */
uint32_t rack_window_us(const struct tern_conn *c);

/* A recovery is over (step 4): a wide window is kept for some of them. */
void rack_recovered(struct tern_conn *c);

/* Step 5: mark what is lost, and set the timer for what may be. */
void rack_detect(struct tern_conn *c);

/* §7.2: set the timer of the probe, if there is to be one. */
void tlp_schedule(struct tern_conn *c);

/* §7.3: the timer expired: send something, unless there is nothing to probe for: false. */
bool tlp_expired(struct tern_conn *c);

/*
 * §7.4: an ACK may end the probe; a duplicate one (RFC 5681 §2), or with a D-SACK. Return: whether
 * the probe repaired a loss that nobody saw.
 */
bool tlp_acked(struct tern_conn *c, const struct segment *s, bool duplicate, bool dsack);

#endif
