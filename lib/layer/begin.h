/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Down the tree: where an mbuf begins for the layer below.
 */
#ifndef LAYER_BEGIN_H
#define LAYER_BEGIN_H

#include <assert.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <tern_in.h>

/* Where a segment begins in a fresh mbuf: headroom for everything below it, in any family. */
enum {
	SEGMENT_AT =
		RTE_PKTMBUF_HEADROOM + sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr),
};

/* The mbuf begins at this byte of itself, and is this long. */
static inline void
in_begin(const struct tern_in *in, const uint8_t *at, uint16_t len)
{
	struct rte_mbuf *m = in->mbuf;

	m->data_off = (uint16_t)(at - (const uint8_t *)m->buf_addr);
	m->data_len = len;
	m->pkt_len = len;
	assert(m->data_off + len <= m->buf_len);
}

#endif
