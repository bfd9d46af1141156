/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Initial sequence numbers (RFC 9293 §3.4.1, RFC 6528): ISN = M + F(tuple, secret).
 */
#ifndef ISN_H
#define ISN_H

#include <stdint.h>

#include <tern_conn.h>

/* The ISN of this connection, were it opened now. */
uint32_t isn_of(const struct tern_conn *c);

/* What is added to our clock in its timestamps, so that they do not tell of it (RFC 7323 §7.1). */
uint32_t isn_ts_offset(const struct tern_conn *c);

#endif
