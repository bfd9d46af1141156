/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Initial sequence numbers (RFC 9293 §3.4.1, RFC 6528): ISN = M + F(tuple, secret); and where the
 * timestamps of a tuple begin (RFC 7323 §7.1), the same way. Both go on from one connection of a
 * tuple to the next, as TIME-WAIT wants it.
 */
#ifndef ISN_H
#define ISN_H

#include <stdint.h>

#include <tern_addr.h>
#include <tern_conn.h>
#include <tern_in.h>

/* The two ends of a connection, as they are hashed. */
struct tuple {
	struct tern_addr local, remote;
	rte_be16_t lport, rport;
};

enum { TUPLE_BYTES = 2 * sizeof(struct tern_addr) + 2 * sizeof(rte_be16_t) };

/* The connection that a received segment belongs to. */
static inline struct tuple
tuple_of(const struct tern_in *in)
{
	return (struct tuple){ in->dst, in->src, in->dport, in->sport };
}

/* The ISN of this connection, were it opened now. */
uint32_t isn_of(const struct tern_conn *c);
uint32_t isn_of_tuple(const struct tern_tcp *tcp, const struct tuple *t);

/* What is added to the clock of tern_config.ts_clock_ns. */
uint32_t ts_offset_of(const struct tern_tcp *tcp, const struct tuple *t);

#endif
