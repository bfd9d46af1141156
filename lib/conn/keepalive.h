/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Keep-alives (RFC 9293 §3.8.4): probes of a connection that has nothing to say. Off by default
 * (MUST-25).
 */
#ifndef KEEPALIVE_H
#define KEEPALIVE_H

#include <stdint.h>

#include <tern_conn.h>

/* After idle_s of silence a probe each interval_s, count at most; idle_s 0: none. */
void keepalive_set(struct tern_conn *c, uint16_t idle_s, uint16_t interval_s, uint8_t count);

/* Its timer expired. */
void keepalive_expired(struct tern_conn *c);

#endif
