/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One address type for every layer.
 *
 * An address is 16 bytes in network byte order. IPv4 stands in it mapped, ::ffff:a.b.c.d
 * (RFC 4291 §2.5.5.2), so TCP and UDP never ask which IP carries them. All zero is "any".
 * A prefix length always counts from the first of the 128 bits: IPv4's /24 is 120 here.
 */
#ifndef TERN_ADDR_H
#define TERN_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include <tern_api.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_addr {
	uint64_t q[2]; /* as in memory: network byte order */
};

/* Bytes 8..11 of every mapped IPv4 address: 00 00 ff ff. */
#define TERN_ADDR_V4_MARK RTE_BE32(0x0000ffff)

/* Longest text of an address with its prefix length and the closing NUL. */
#define TERN_ADDR_TEXT 64

static inline struct tern_addr
tern_addr_v4(rte_be32_t v4)
{
	struct tern_addr a;

#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	a.q[0] = 0;
	a.q[1] = (uint64_t)v4 << 32 | TERN_ADDR_V4_MARK;
#else
	a.q[0] = 0;
	a.q[1] = (uint64_t)TERN_ADDR_V4_MARK << 32 | v4;
#endif
	return a;
}

/* The IPv4 address that a mapped one carries; meaningless for any other. */
static inline rte_be32_t
tern_addr_to_v4(struct tern_addr a)
{
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	return (rte_be32_t)(a.q[1] >> 32);
#else
	return (rte_be32_t)a.q[1];
#endif
}

static inline bool
tern_addr_is_v4(struct tern_addr a)
{
	return a.q[0] == 0 && tern_addr_v4(tern_addr_to_v4(a)).q[1] == a.q[1];
}

static inline bool
tern_addr_equal(struct tern_addr a, struct tern_addr b)
{
	return ((a.q[0] ^ b.q[0]) | (a.q[1] ^ b.q[1])) == 0;
}

static inline bool
tern_addr_is_any(struct tern_addr a)
{
	return (a.q[0] | a.q[1]) == 0;
}

/** tern_addr_in() - is @a within the first @prefix bits of @net? */
static inline bool
tern_addr_in(struct tern_addr a, struct tern_addr net, unsigned int prefix)
{
	uint64_t hi = rte_be_to_cpu_64(a.q[0] ^ net.q[0]);
	uint64_t lo = rte_be_to_cpu_64(a.q[1] ^ net.q[1]);

	if (prefix == 0)
		return true;
	if (prefix <= 64)
		return hi >> (64 - prefix) == 0;
	return hi == 0 && lo >> (128 - prefix) == 0;
}

/**
 * tern_addr_parse() - read "10.9.0.2" or "10.9.0.2/24"
 * @text:   the text, whole
 * @addr:   the address, host bits kept
 * @prefix: of 128 bits; NULL when no "/n" may follow; 128 when none does
 *
 * Return: 0, or -EINVAL: not an address, or a prefix length out of range.
 */
TERN_API int tern_addr_parse(const char *text, struct tern_addr *addr, unsigned int *prefix);

/** tern_addr_print() - dotted quad for IPv4, RFC 5952 for IPv6. Return: @text. */
TERN_API const char *tern_addr_print(struct tern_addr addr, char text[TERN_ADDR_TEXT]);

#ifdef __cplusplus
}
#endif

#endif
