/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * UDP as the layers see it: see tern_udp.h.
 */
#ifndef UDP_H
#define UDP_H

#include <stddef.h>
#include <stdint.h>

#include <tern_config.h>
#include <tern_in.h>
#include <tern_udp.h>
#include <tern_verdict.h>

struct tern_icmp;
struct tern_ip;

/* A bound port; the key stands beside the pointer, so a search touches nobody else's memory. */
struct udp_place {
	struct tern_addr addr;
	struct tern_udp_port *user; /* NULL: an empty place */
	rte_be16_t port;
};

struct tern_udp {
	struct tern_ip *ip;
	struct tern_icmp *icmp;
	struct tern_stats *stats;
	struct udp_place *places; /* open addressing, at most half full */
	uint32_t mask;
	uint32_t bound, bound_max;
	uint32_t specific;   /* those of them that want one local address */
	uint32_t hop;	     /* of the latest datagram sent, */
	struct tern_addr to; /* which went there */
};

size_t udp_bytes(const struct tern_config *config);
void udp_init(struct tern_udp *udp, void *mem, const struct tern_config *config, struct tern_ip *ip,
	      struct tern_icmp *icmp, struct tern_stats *stats);
enum tern_verdict udp_recv(struct tern_udp *udp, struct tern_in *in);

#endif
