/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP messages: bytes <-> fields (RFC 792). No state; memory may be aligned in any way.
 */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include <tern_verdict.h>

#include "wire/ipv4.h"

enum {
	ICMP_HEADER_BYTES = 8,
	ICMP_QUOTE_BYTES = 8, /* of the payload of what is quoted, at least (RFC 792) */
	ICMP_CKSUM_AT = 2,
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO_REQUEST = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_PROTOCOL_UNREACHABLE = 2, /* codes of ICMP_UNREACHABLE */
	ICMP_PORT_UNREACHABLE = 3,
	ICMP_TOO_BIG =
		4, /* and must not be fragmented: the low half of rest is the MTU (RFC 1191) */
};

struct icmp_header {
	uint8_t type, code;
	uint16_t cksum;	 /* in memory order */
	rte_be32_t rest; /* identifier and sequence number of an echo; else as the type says */
};

/* Those that quote a packet, and are never answered with another error (RFC 1122 §3.2.2). */
static inline bool
icmp_is_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

/* Does a whole IPv4 header with 8 bytes of its payload stand here? */
static inline bool
icmp_is_quote(const uint8_t *at, size_t len)
{
	size_t header_bytes;

	if (len < IPV4_HEADER_BYTES + ICMP_QUOTE_BYTES)
		return false;
	header_bytes = (size_t)(at[0] & 0xf) * 4;
	return header_bytes >= IPV4_HEADER_BYTES && len >= header_bytes + ICMP_QUOTE_BYTES;
}

/* Return: TERN_UNDECIDED, or why it is no message. The checksum is not looked at. */
static inline enum tern_verdict
icmp_parse(const void *at, size_t len, struct icmp_header *h)
{
	const uint8_t *p = at;

	if (len < ICMP_HEADER_BYTES)
		return TERN_DROP_ICMP_TRUNCATED;
	h->type = p[0];
	h->code = p[1];
	memcpy(&h->cksum, p + ICMP_CKSUM_AT, sizeof(h->cksum));
	memcpy(&h->rest, p + 4, sizeof(h->rest));
	if (icmp_is_error(h->type) &&
	    !icmp_is_quote(p + ICMP_HEADER_BYTES, len - ICMP_HEADER_BYTES))
		return TERN_DROP_ICMP_TRUNCATED;
	return TERN_UNDECIDED;
}

/* Write ICMP_HEADER_BYTES. */
static inline void
icmp_emit(void *at, const struct icmp_header *h)
{
	uint8_t *p = at;

	p[0] = h->type;
	p[1] = h->code;
	memcpy(p + ICMP_CKSUM_AT, &h->cksum, sizeof(h->cksum));
	memcpy(p + 4, &h->rest, sizeof(h->rest));
}

/*
 * Turn an echo request of len bytes with this header into its reply, in place. Only the type
 * changes, so all but one word of the sum stays. RFC 1624's update cannot tell the two zeros of
 * ones' complement apart, and a reply may be all zero, unlike the IP headers that the RFC has in
 * mind: a sum of 0 is taken anew.
 */
static inline void
icmp_turn_echo(void *at, size_t len, struct icmp_header *h)
{
	h->type = ICMP_ECHO_REPLY;
	h->cksum = cksum_update16(h->cksum, RTE_BE16(ICMP_ECHO_REQUEST << 8),
				  RTE_BE16(ICMP_ECHO_REPLY << 8));
	icmp_emit(at, h);
	if (unlikely(h->cksum == 0)) {
		h->cksum = cksum_finish(cksum_add(at, len, 0));
		icmp_emit(at, h);
	}
}

#endif
