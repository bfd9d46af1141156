/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A packet on its way up the tree: the mbuf, and what the layers learnt of it.
 *
 * It stands on the stack of the burst loop and is lent to each callee until that returns. A user's
 * callback sees the payload as data, len, and may write room bytes from data on: that is where an
 * answer goes. Ports are in network byte order, lengths in bytes.
 */
#ifndef TERN_IN_H
#define TERN_IN_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <tern_addr.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_in {
	struct rte_mbuf *mbuf;
	uint8_t *data;		    /* payload of the innermost layer that has read it */
	uint16_t len;		    /* its length */
	uint16_t room;		    /* bytes from data to the end of the mbuf */
	rte_be16_t sport, dport;    /* source and destination port */
	struct tern_addr src, dst;  /* source and destination address */
	struct rte_ether_addr from; /* link address that it came from */
	uint8_t proto;		    /* IP protocol number */
	uint8_t tos;		    /* traffic class, without the next: of the answer, too */
	uint8_t ecn;		    /* RFC 3168 §5: 0, 1 ECT(1), 2 ECT(0), 3 CE */
	uint8_t group;		    /* TERN_IN_GROUP_*: not sent to us alone */
	uint8_t *l3, *l4;	    /* where its IP and its transport header begin */
	uint32_t flow;		    /* keyed hash of the 4-tuple, if TCP */
	uint64_t now;		    /* time of this poll, ns */
	void *layer;		    /* the layer object that answers for it */
};

#define TERN_IN_GROUP_LINK 1 /* the frame went to a group or broadcast address */
#define TERN_IN_GROUP_IP 2   /* so did the IP packet */

#ifdef __cplusplus
}
#endif

#endif
