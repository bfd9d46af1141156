/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A pipe: a wire in memory that joins two stacks of one process under a virtual clock.
 *
 * Each end is a port. What one end sends at time t the other can receive from t + delay on, in
 * order. Packets change hands by reference: no byte is copied, unless the sender goes on sharing
 * the memory (an answer kept until it is acknowledged, memory attached by tern_tcp_user.lend);
 * then the receiver gets a copy in an mbuf of its own pool, since it may write into what it gets.
 *
 * Each direction is a link of its own. With a rate it is a bottleneck: packets leave one after the
 * other, each takes the time of its bytes and of what Ethernet puts around them (preamble and
 * start of frame 8, FCS 4, gap 12: IEEE 802.3), and the delay comes on top. What finds the link
 * busy waits in a queue. The queue may be bounded, in bytes or packets or both: who does not fit is
 * dropped (tail drop) and counted, and tx() has taken it all the same, as a switch would have.
 * And it may mark: a packet that finds more than mark_bytes waiting gets CE if it says that its
 * transport is able (RFC 3168 §5), as DCTCP wants it (RFC 8257 §3.1); others are left as they are.
 *
 * The memory is the caller's, the clock is the caller's, nothing is allocated and nothing random.
 * The pipe and both its stacks are for one thread. A direction holds at most `packets`, waiting or
 * under way; when it is full, tx() takes fewer than it was offered and the stack keeps the rest.
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

/** What Ethernet puts around a frame on the wire, bytes: a full one of 1514 takes 1538. */
#define TERN_PIPE_OVERHEAD 24

/** One direction. All zero: at once, and as much as comes. */
struct tern_pipe_link {
	uint64_t delay_ns;    /* from the last bit sent to the packet received */
	uint64_t rate_bps;    /* bits a second; 0: no limit, and so never a queue */
	uint32_t queue_bytes; /* most that may wait, frames without overhead; 0: no such bound */
	uint32_t queue_pkts;  /* the same in packets; 0: no such bound */
	uint32_t mark_bytes;  /* CE for who finds more than this waiting; 0: nobody is marked */
};

/* A packet under way. */
struct tern_pipe_packet {
	uint64_t begins_ns; /* when its first bit is sent: until then it is in the queue */
	uint64_t due_ns;    /* when it can be received */
	struct rte_mbuf *mbuf;
};

/** One end. Its port comes first: the port that a stack is given is the end. */
struct tern_pipe_end {
	struct tern_port port;
	struct tern_pipe *pipe;
	struct tern_pipe_packet *ring; /* on their way to this end, oldest at head */
	uint32_t head, n;
	uint32_t queued, queued_bytes; /* the last of them: these wait for the link */
	uint64_t free_ns;	       /* when the link has sent all that it was given */
	uint64_t bits_left;	       /* and what is left of a nanosecond then, bits / 1e9 */
	uint64_t received;	       /* packets that this end took */
	uint64_t lost;		       /* packets lost because its pool had no mbuf for a copy */
	uint64_t dropped;	       /* packets that found the queue on the way here full */
	uint64_t marked;	       /* packets that got CE on the way here */
};

struct tern_pipe {
	struct tern_pipe_end end[2];
	const uint64_t *now_ns;	       /* the clock; borrowed */
	struct tern_pipe_link link[2]; /* of what each end sends; public: may be changed */
	uint32_t packets;	       /* most under way in a direction */
};

struct tern_pipe_config {
	const uint64_t *now_ns;	       /* clock, never going back */
	struct tern_pipe_link link[2]; /* of what each end sends */
	uint32_t packets;	       /* most under way in a direction, at least 1 */
	uint16_t mtu;		       /* of both ports, bytes, at least 68 (RFC 791) */
	struct rte_mempool *pool[2];   /* of each end; may be the same */
	struct rte_ether_addr mac[2];  /* of each end */
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

/** Bytes that wait now for the link of what @end sends; the packet that is being sent does not. */
TERN_API uint32_t tern_pipe_queue(struct tern_pipe *pipe, unsigned int end);

#ifdef __cplusplus
}
#endif

#endif
