/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The services of tern-gen on one stack: http, echo, discard, chargen, respond on TCP; udp-echo,
 * udp-discard and udp-chargen on UDP. They are those of tern-http and tern-echo, but for respond,
 * which answers each --req bytes with --rsp bytes of the payload. http has a body of N bytes at
 * /bytes/N, for powers of two and of ten up to 1 GiB; any other path leads to one of --rsp bytes,
 * or to a line of text.
 *
 * Memory is handed in. All services of a stack belong to its thread.
 */
#ifndef GEN_SERVE_H
#define GEN_SERVE_H

#include <stddef.h>
#include <stdint.h>

#include <tern_stack.h>

#include "gen/plan.h"

struct serving;

/* Is there a service of this name? */
bool serve_knows(const char *name);

/* What a stack needs for them, before it is built. */
void serve_configure(const struct plan *plan, struct tern_config *config);

/* Memory for the services of a stack of so many connections, aligned to 64. */
size_t serve_bytes(const struct plan *plan, uint32_t connections);

/*
 * serve_start() - begin to serve: plan->services; or, when there are none, in server mode the usual
 * ones, else what the generator of this plan wants to find at its target
 * @mem: zero
 *
 * Return: NULL after one line on stderr.
 */
struct serving *serve_start(void *mem, const struct plan *plan, uint32_t connections,
			    struct tern_stack *stack, uint64_t now);

/* Let the port read what is served; after tern_init(), where it stands on tern_run's port. */
void serve_lend(struct serving *s);

/* Ten times a second or so; `date` in seconds since 1970. */
void serve_tick(struct serving *s, uint64_t now, uint32_t date);

/* No new connections. */
void serve_stop(struct serving *s);

/* When the stack is gone. */
void serve_end(struct serving *s);

#endif
