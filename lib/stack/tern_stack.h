/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A stack: one lcore's tree put together, in memory that its caller hands in.
 *
 * A stack knows no clock, no thread and no allocator. Its owner calls tern_poll() with the time,
 * and tern_next_deadline() says how long it may sleep. Everything is sized once from struct
 * tern_config: tern_stack_bytes() tells how much, tern_bill() what for. N lcores are N stacks
 * that share nothing.
 *
 * Threads: a stack and all that belongs to it is for one thread, but for tern_stats(), which
 * any thread may read.
 */
#ifndef TERN_STACK_H
#define TERN_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <tern_addr.h>
#include <tern_api.h>
#include <tern_arp.h>
#include <tern_config.h>
#include <tern_conn.h>
#include <tern_icmp.h>
#include <tern_ip.h>
#include <tern_port.h>
#include <tern_tcp.h>
#include <tern_udp.h>
#include <tern_verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_stack;

/** Most packets that one tern_poll() takes from the port. */
#define TERN_BURST 32

/**
 * tern_config_check() - are all fields within their ranges?
 *
 * Return: NULL, or one line that says which is not and what it may be.
 */
TERN_API const char *tern_config_check(const struct tern_config *config);

/** Bytes that a stack of this configuration needs; 0 when it is not valid. */
TERN_API size_t tern_stack_bytes(const struct tern_config *config);

/** Print what those bytes, and the mbufs, are for: a line a table, and the sum. */
TERN_API void tern_bill(const struct tern_config *config, FILE *to);

/**
 * tern_stack_init() - build a stack
 * @mem:    tern_stack_bytes() bytes, aligned to 64, best on the NUMA node of its lcore; the
 *          caller's, until tern_stack_fini()
 * @config: copied
 * @port:   borrowed until tern_stack_fini()
 * @now:    time [ns, monotonic]; every later time is given on the same clock
 *
 * Return: the stack (it stands in @mem), or NULL: the configuration is not valid.
 */
TERN_API struct tern_stack *tern_stack_init(void *mem, const struct tern_config *config,
					    struct tern_port *port, uint64_t now);

/**
 * tern_stack_fini() - give every mbuf back and forget every connection without a word to the peer
 *
 * To part with the peers first, abort or close the connections and poll until
 * tern_tcp_connections() is 0.
 */
TERN_API void tern_stack_fini(struct tern_stack *stack);

/**
 * tern_poll() - take one burst from the port, run the timers that are due, send
 * @now: time of this call [ns]; not before that of the call before
 *
 * Return: number of packets taken from the port. 0 tells that the stack may be left idle until
 * tern_next_deadline() or the next packet.
 */
TERN_API unsigned int tern_poll(struct tern_stack *stack, uint64_t now);

/** When the stack next has to be polled though no packet comes [ns]; UINT64_MAX: never. */
TERN_API uint64_t tern_next_deadline(const struct tern_stack *stack);

/** The layers of the tree. */
TERN_API struct tern_arp *tern_arp(struct tern_stack *stack);
TERN_API struct tern_ip *tern_ip(struct tern_stack *stack);
TERN_API struct tern_icmp *tern_icmp(struct tern_stack *stack);
TERN_API struct tern_udp *tern_udp(struct tern_stack *stack);
TERN_API struct tern_tcp *tern_tcp(struct tern_stack *stack);

/** The counters. Another thread may see some of them a packet older than others. */
TERN_API const struct tern_stats *tern_stats(const struct tern_stack *stack);

/**
 * mbufs that the stack holds now: waiting for a neighbour, a gap, an ACK or the port. One that
 * waits for two of them, as an answer kept for its ACK and queued for the port, counts twice.
 */
TERN_API uint32_t tern_stack_mbufs(const struct tern_stack *stack);

#ifdef __cplusplus
}
#endif

#endif
