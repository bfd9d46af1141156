/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * LISTEN (RFC 9293 §3.10.7.2): from a SYN to a connection in SYN-RECEIVED.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include "conn/machine.h"
#include "wire/tcp.h"
#include <tern_in.h>
#include <tern_verdict.h>

void listen_init(struct tern_tcp *tcp, void *mem, uint32_t listeners);

/* Who listens there and would take a SYN now? NULL: nobody. */
struct listening *listen_find(struct tern_tcp *tcp, struct tern_addr addr, rte_be16_t port);

/*
 * A SYN (without ACK or RST) for this listener. *made is the new connection, which has a SYN-ACK to
 * send, or NULL; then TERN_UNDECIDED says to answer as if nobody listened. Its ISN is above *above,
 * if that is not NULL.
 */
enum tern_verdict listen_syn(struct tern_tcp *tcp, struct listening *l, const struct segment *s,
			     const struct tern_in *in, const uint32_t *above,
			     struct tern_conn **made);

#endif
