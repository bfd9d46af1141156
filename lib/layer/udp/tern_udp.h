/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * UDP (RFC 768): ports bound to callbacks, answers in place, datagrams of one's own.
 *
 * Call from the lcore that owns the layer. Nothing is buffered: a datagram is its user's for the
 * length of on_datagram(), or longer if that returns TERN_TAKEN.
 */
#ifndef TERN_UDP_H
#define TERN_UDP_H

#include <stdint.h>

#include <tern_addr.h>
#include <tern_api.h>
#include <tern_in.h>
#include <tern_verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_udp;

/** A bound port, in the user's memory until tern_udp_unbind(); the layer only reads it. */
struct tern_udp_port {
	struct tern_addr addr; /* local address, or any */
	uint16_t port;	       /* host byte order, 1..65535 */
	/**
	 * A datagram: payload in in->data, in->len (0 is possible), sender in in->src, in->sport.
	 * Return TERN_DONE, TERN_TAKEN (the mbuf is the callee's), TERN_DROP_USER, or what
	 * tern_udp_answer() or tern_udp_turn() returned.
	 */
	enum tern_verdict (*on_datagram)(struct tern_udp_port *self, struct tern_in *in);
};

/**
 * tern_udp_bind() - receive what comes for an address and port
 *
 * Return: 0, or
 *   -EINVAL      port 0 or no callback
 *   -EADDRINUSE  just this address and port are bound
 *   -ENOBUFS     tern_config.udp_ports are in use
 */
TERN_API int tern_udp_bind(struct tern_udp *udp, struct tern_udp_port *port);

/** Return: 0, or -ENOENT: not bound. */
TERN_API int tern_udp_unbind(struct tern_udp *udp, struct tern_udp_port *port);

/**
 * tern_udp_answer() - from on_datagram(): send @len bytes back in the same mbuf
 * @data: within in->data .. in->data + in->room it stays where it is, else it is copied there
 * @len:  at most in->room; what the MTU does not allow is dropped
 *
 * Return: what on_datagram() must return.
 */
TERN_API enum tern_verdict tern_udp_answer(struct tern_in *in, const void *data, uint16_t len);

/**
 * tern_udp_turn() - the same with the payload exactly as it came: the checksum that was right
 * stays right and no byte is read.
 */
TERN_API enum tern_verdict tern_udp_turn(struct tern_in *in);

/**
 * tern_udp_send() - send a datagram
 * @src:  one of our addresses, or any: chosen by the route
 * @sport, @dport: network byte order, not 0
 *
 * Copies @data into a fresh mbuf. A neighbour not yet resolved holds it for a while.
 *
 * Return: 0, or
 *   -EINVAL        port 0, or @dst not an address to send to
 *   -EMSGSIZE      longer than the MTU allows
 *   -EADDRNOTAVAIL @src is not ours
 *   -EHOSTUNREACH  no route, or the neighbour does not answer
 *   -ENOBUFS       no mbuf, or no room on the way to the port
 */
TERN_API int tern_udp_send(struct tern_udp *udp, struct tern_addr src, rte_be16_t sport,
			   struct tern_addr dst, rte_be16_t dport, const void *data, uint16_t len);

#ifdef __cplusplus
}
#endif

#endif
