/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A pipe: a wire in memory that joins two stacks of one process under a virtual clock.
 *
 * Each end is a port. What one end sends at time t the other can receive from t + delay on, in
 * order. Packets change hands by reference: no byte is copied, unless the sender goes on sharing
 * the memory (an answer kept until it is acknowledged, memory attached by tern_tcp_user.lend);
 * then the receiver gets a copy in an mbuf of its own pool, since it may write into what it gets.
 *
 * The memory is the caller's, the clock is the caller's, nothing is allocated and nothing random.
 * The pipe and both its stacks are for one thread. A direction holds at most `packets`; when it is
 * full, tx() takes fewer than it was offered and the stack keeps the rest.
 */
#ifndef TERN_PIPE_H
#define TERN_PIPE_H

#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <tern_api.h>
#include <tern_port.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_pipe;

/* A packet under way. */
struct tern_pipe_packet {
	uint64_t due_ns; /* when it can be received */
	struct rte_mbuf *mbuf;
};

/** One end. Its port comes first: the port that a stack is given is the end. */
struct tern_pipe_end {
	struct tern_port port;
	struct tern_pipe *pipe;
	struct tern_pipe_packet *ring; /* on their way to this end, oldest at head */
	uint32_t head, n;
	uint64_t received; /* packets that this end took */
	uint64_t lost;	   /* packets lost because its pool had no mbuf for a copy */
};

struct tern_pipe {
	struct tern_pipe_end end[2];
	const uint64_t *now_ns; /* the clock; borrowed */
	uint64_t delay_ns;	/* from tx to rx; public: may be changed */
	uint32_t packets;	/* most under way in a direction */
};

struct tern_pipe_config {
	const uint64_t *now_ns;	      /* clock, never going back */
	uint64_t delay_ns;	      /* from tx to rx */
	uint32_t packets;	      /* most under way in a direction, at least 1 */
	uint16_t mtu;		      /* of both ports, bytes, at least 68 (RFC 791) */
	struct rte_mempool *pool[2];  /* of each end; may be the same */
	struct rte_ether_addr mac[2]; /* of each end */
};

/** Bytes of memory that a pipe with so many packets a direction needs, aligned to 8. */
TERN_API size_t tern_pipe_bytes(uint32_t packets);

/**
 * tern_pipe_init() - join two ends
 * @mem: tern_pipe_bytes(config->packets) bytes, the caller's until tern_pipe_fini()
 *
 * The ports are pipe->end[0].port and pipe->end[1].port. They offer TERN_PORT_TX_CHAIN and no
 * checksums; a test that wants less clears caps before it hands the port to a stack.
 *
 * Return: 0, or -EINVAL: no packets, no clock, no pool, or an MTU below 68.
 */
TERN_API int tern_pipe_init(struct tern_pipe *pipe, void *mem,
			    const struct tern_pipe_config *config);

/** Give back what is still under way. Return: how many packets that was. */
TERN_API uint32_t tern_pipe_fini(struct tern_pipe *pipe);

/** When the next packet can be received, at either end [ns]; UINT64_MAX: none is under way. */
TERN_API uint64_t tern_pipe_next(const struct tern_pipe *pipe);

#ifdef __cplusplus
}
#endif

#endif
