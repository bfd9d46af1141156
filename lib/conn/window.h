/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The receive window (RFC 9293 §3.8.6.2.2): what we advertise, and when an update is due.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_conn.h>

/*
 * The window field of a segment that leaves now; moves rcv.adv to the edge that it stands for. It
 * counts in units of the scale, rounded up so that the edge does not seem to move left; only when
 * a user that keeps its data has no room left may the peer seem to lose part of a unit (RFC 7323
 * §2.4). What it was given before is still accepted.
 */
uint16_t window_advertise(struct tern_conn *c);

/* Has so much room come free that the peer should be told without being asked? */
bool window_update_due(const struct tern_conn *c);

/*
 * Data came in order: let the receive space grow with the speed of the peer, from
 * tern_config.rcv_space up to rcv_space_max. Only for users that leave the space alone.
 */
void window_tune(struct tern_conn *c);

#endif
