/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * ICMP as the layers see it: see tern_icmp.h.
 */
#ifndef ICMP_H
#define ICMP_H

#include <stddef.h>
#include <stdint.h>

#include <tern_config.h>
#include <tern_icmp.h>
#include <tern_in.h>
#include <tern_verdict.h>

struct tern_ip;

struct tern_icmp {
	struct tern_ip *ip;
	struct tern_stats *stats;
	struct tern_icmp_handler *handler;
	enum tern_icmp_echo echo;
	/* Errors are paid for in nanoseconds: one second's worth may be saved up. */
	uint64_t price; /* of one error; 0: none is ever sent */
	uint64_t saved;
	uint64_t saved_at;
};

void icmp_init(struct tern_icmp *icmp, const struct tern_config *config, struct tern_ip *ip,
	       struct tern_stats *stats);
enum tern_verdict icmp_recv(struct tern_icmp *icmp, struct tern_in *in);

/*
 * Turn a received packet into "destination unreachable" of this code, in its own mbuf: the new
 * headers go in front of its IP header, which stands as the quotation (RFC 792, RFC 1812 §4.3.2.3:
 * as much of it as fits 576 bytes). Return TERN_ANSWER, or instead when none may be sent (to a
 * group, from a group, about a fragment, over the rate: RFC 1122 §3.2.2).
 */
enum tern_verdict icmp_unreachable(struct tern_icmp *icmp, struct tern_in *in, uint8_t code,
				   enum tern_verdict instead);

#endif
