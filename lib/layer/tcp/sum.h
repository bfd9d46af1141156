/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The TCP checksum over pseudo-header and segment (RFC 9293 §3.1).
 */
#ifndef SUM_H
#define SUM_H

#include <stdint.h>

#include <netinet/in.h>

#include "core/checksum.h"
#include <tern_addr.h>

static inline uint64_t
sum_word(uint64_t word)
{
	return (word >> 32) + (uint32_t)word;
}

/*
 * IPv6's pseudo-header serves IPv4 as well: the mark ::ffff: of a mapped address adds 0xffff, which
 * is nothing in ones' complement.
 */
static inline uint64_t
sum_pseudo(struct tern_addr a, struct tern_addr b, uint32_t len)
{
	return sum_word(a.q[0]) + sum_word(a.q[1]) + sum_word(b.q[0]) + sum_word(b.q[1]) +
	       rte_cpu_to_be_32(IPPROTO_TCP) + rte_cpu_to_be_32(len);
}

struct rte_mbuf;
struct tern_tcp;

/* Make the checksum, or have the port make it (MUST-2). m begins at the TCP header. */
void sum_make(const struct tern_tcp *tcp, struct rte_mbuf *m, struct tern_addr a,
	      struct tern_addr b);

#endif
