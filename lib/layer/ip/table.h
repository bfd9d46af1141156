/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of IP to each other.
 */
#ifndef IP_TABLE_H
#define IP_TABLE_H

#include "layer/ip/ip.h"

enum ip_means {
	IP_NOWHERE,
	IP_BY_NEIGHBOUR,
	IP_BY_BROADCAST,
};

/* How to get to a destination. */
struct ip_way {
	enum ip_means means;
	rte_be32_t next;	       /* the neighbour */
	const struct ip_address *from; /* the address of ours on that network */
};

struct ip_way ip_way_to(const struct tern_ip *ip, rte_be32_t dst);

/* The address of ours whose network, the smallest, holds this address; NULL: none does. */
const struct ip_address *ip_network_of(const struct tern_ip *ip, rte_be32_t v4);

/* Where the tables lie in the memory of the layer. */
void ip_addresses_init(struct tern_ip *ip, void *mem, uint32_t max);
size_t ip_addresses_bytes(uint32_t max);

#endif
