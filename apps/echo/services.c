/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "echo/answers.h"
#include "echo/chargen.h"
#include "echo/services.h"

#include "options/options.h"

enum { ECHO = 7, DISCARD = 9, CHARGEN = 19, BACKLOG = 1024 };

static const struct tern_tcp_listener listeners[] = {
	{ .port = ECHO, .backlog = BACKLOG, .user = &echo_user },
	{ .port = DISCARD, .backlog = BACKLOG, .user = &discard_user },
	{ .port = CHARGEN, .backlog = BACKLOG, .user = &chargen_user },
};

static struct tern_udp_port udp_ports[] = {
	{ .port = ECHO, .on_datagram = echo_datagram },
	{ .port = DISCARD, .on_datagram = discard_datagram },
	{ .port = CHARGEN, .on_datagram = chargen_datagram },
};

static void
check(int rc, const char *what, uint16_t port)
{
	if (rc < 0)
		options_refuse("%s port %u: %s", what, port, strerror(-rc));
}

void
services_start(struct tern_stack *stack)
{
	for (size_t i = 0; i < RTE_DIM(listeners); i++)
		check(tern_tcp_listen(tern_tcp(stack), &listeners[i]), "TCP", listeners[i].port);
	for (size_t i = 0; i < RTE_DIM(udp_ports); i++)
		check(tern_udp_bind(tern_udp(stack), &udp_ports[i]), "UDP", udp_ports[i].port);
}

void
services_stop(struct tern_stack *stack)
{
	for (size_t i = 0; i < RTE_DIM(listeners); i++)
		tern_tcp_unlisten(tern_tcp(stack), &listeners[i]);
	for (size_t i = 0; i < RTE_DIM(udp_ports); i++)
		tern_udp_unbind(tern_udp(stack), &udp_ports[i]);
}
