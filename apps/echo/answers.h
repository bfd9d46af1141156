/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the small services answer, on whatever port: echo (RFC 862), discard (RFC 863), chargen (RFC
 * 864). For TCP the users of connections; chargen's is in chargen.h.
 */
#ifndef ECHO_ANSWERS_H
#define ECHO_ANSWERS_H

#include <tern_stack.h>

extern struct tern_tcp_user echo_user, discard_user;

/* on_datagram() of each. A datagram that comes from the port of a service is not answered. */
enum tern_verdict echo_datagram(struct tern_udp_port *self, struct tern_in *in);
enum tern_verdict discard_datagram(struct tern_udp_port *self, struct tern_in *in);
enum tern_verdict chargen_datagram(struct tern_udp_port *self, struct tern_in *in);

#endif
