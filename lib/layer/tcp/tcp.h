/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * TCP as the layers see it: see tern_tcp.h. The machine itself is lib/conn.
 */
#ifndef TCP_H
#define TCP_H

#include <stddef.h>
#include <stdint.h>

#include <tern_config.h>
#include <tern_in.h>
#include <tern_tcp.h>
#include <tern_verdict.h>

struct tern_ip;

size_t tcp_bytes(const struct tern_config *config);
/* What of it is for these two; the flow table, which is for all, is not counted. */
size_t tcp_half_open_bytes(const struct tern_config *config);
size_t tcp_time_wait_bytes(const struct tern_config *config);
void tcp_init(struct tern_tcp *tcp, void *mem, const struct tern_config *config, struct tern_ip *ip,
	      struct tern_stats *stats, uint64_t now);
void tcp_fini(struct tern_tcp *tcp);

/* Tell the time of this poll: before anything else in it. */
void tcp_set_time(struct tern_tcp *tcp, uint64_t now);

/*
 * For the stages of the burst loop. The flow hash of a frame that looks like TCP over IPv4, its
 * bucket prefetched; 0 for any other. Checks only what it reads: the layers still check it all.
 */
uint32_t tcp_peek(const struct tern_tcp *tcp, const struct rte_mbuf *m);
/* Prefetch the connection of a flow hash, when its bucket has arrived. */
void tcp_prefetch(const struct tern_tcp *tcp, uint32_t hash);

/* A received segment: in->data, in->len is the IP payload. */
enum tern_verdict tcp_recv(struct tern_tcp *tcp, struct tern_in *in);

/* Run due timers; then send for those that have something to send. */
void tcp_run_timers(struct tern_tcp *tcp);
void tcp_poll(struct tern_tcp *tcp);
uint64_t tcp_next_deadline(const struct tern_tcp *tcp);
uint32_t tcp_mbufs(const struct tern_tcp *tcp);

#endif
