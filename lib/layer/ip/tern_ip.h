/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * IP: our addresses, the routes, and other protocols hung above it. IPv4 now (RFC 791, RFC 1122).
 *
 * Addresses and routes may change between any two polls; answers already on their way keep theirs.
 */
#ifndef TERN_IP_H
#define TERN_IP_H

#include <stdint.h>

#include <tern_addr.h>
#include <tern_api.h>
#include <tern_in.h>
#include <tern_verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_ip;

/**
 * tern_ip_add_addr() - take on an address; its network becomes on-link and it is announced
 * @prefix: of 128 bits, as tern_addr_parse() gives it (IPv4's /24 is 120)
 *
 * Return: 0, or
 *   -EINVAL   not a unicast IPv4 address, or @prefix below 96
 *   -EEXIST   ours already
 *   -ENOBUFS  tern_config.addresses are in use
 */
TERN_API int tern_ip_add_addr(struct tern_ip *ip, struct tern_addr addr, unsigned int prefix);

/** Return: 0, or -ENOENT. Connections from @addr stay until they end or time out. */
TERN_API int tern_ip_del_addr(struct tern_ip *ip, struct tern_addr addr);

/** The @i-th of our addresses. Return: 0, or -ENOENT beyond the last. */
TERN_API int tern_ip_get_addr(const struct tern_ip *ip, unsigned int i, struct tern_addr *addr,
			      unsigned int *prefix);

/**
 * tern_ip_add_route() - send what matches @net/@prefix by @gateway; the longest prefix wins
 *
 * Return: 0, or
 *   -EINVAL        @prefix below 96, or host bits set in @net
 *   -EHOSTUNREACH  @gateway is not on a network of ours
 *   -EEXIST        there is a route for just this network
 *   -ENOBUFS       tern_config.routes are in use
 */
TERN_API int tern_ip_add_route(struct tern_ip *ip, struct tern_addr net, unsigned int prefix,
			       struct tern_addr gateway);

/** Return: 0, or -ENOENT. */
TERN_API int tern_ip_del_route(struct tern_ip *ip, struct tern_addr net, unsigned int prefix);

/** A protocol hung above IP: see docs/adding-a-layer.md. */
struct tern_ip_proto {
	/** Payload in in->data, in->len. Returns a verdict; TERN_ANSWER after tern_ip_answer(). */
	enum tern_verdict (*recv)(struct tern_ip_proto *self, struct tern_in *in);
};

/**
 * tern_ip_hang() - hand protocol @number (0..255) to @proto; NULL takes it down
 *
 * Return: 0, or -EBUSY: ICMP, TCP and UDP have their own layers.
 */
TERN_API int tern_ip_hang(struct tern_ip *ip, uint8_t number, struct tern_ip_proto *proto);

/**
 * tern_ip_answer() - from recv: send in->data, in->len (at most in->room) back to in->src in the
 * same mbuf, under the same protocol number. Return: what recv must return.
 */
TERN_API enum tern_verdict tern_ip_answer(struct tern_in *in);

#ifdef __cplusplus
}
#endif

#endif
