/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "echo/chargen.h"
#include "echo/services.h"

#include "options/options.h"

enum { ECHO = 7, DISCARD = 9, CHARGEN = 19, BACKLOG = 1024 };

/* TCP ---------------------------------------------------------------------------------------- */

/* The mbuf that came in goes out. If too much waits for the peer already, nothing is accepted. */
static enum tern_verdict
echo_data(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	(void)self;
	return tern_tcp_answer(conn, in, in->data, in->len);
}

static void
echo_open(struct tern_tcp_user *self, struct tern_conn *conn)
{
	(void)self;
	conn->flags |= TERN_CONN_NODELAY; /* a keystroke is echoed at once */
}

static struct tern_tcp_user echo_user = { .on_open = echo_open, .on_data = echo_data };
static struct tern_tcp_user discard_user;

static const struct tern_tcp_listener listeners[] = {
	{ .port = ECHO, .backlog = BACKLOG, .user = &echo_user },
	{ .port = DISCARD, .backlog = BACKLOG, .user = &discard_user },
	{ .port = CHARGEN, .backlog = BACKLOG, .user = &chargen_user },
};

/* UDP ---------------------------------------------------------------------------------------- */

/* Two services that answer everything, one forged datagram: they would talk for ever. */
static bool
is_service(const struct tern_in *in)
{
	return in->sport == RTE_BE16(ECHO) || in->sport == RTE_BE16(CHARGEN);
}

static enum tern_verdict
echo_datagram(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	return is_service(in) ? TERN_DROP_USER : tern_udp_turn(in);
}

static enum tern_verdict
discard_datagram(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	(void)in;
	return TERN_DONE;
}

/* One line, so that the answer makes no good weapon against a forged source. */
static enum tern_verdict
chargen_datagram(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	if (is_service(in) || in->room < CHARGEN_LINE_BYTES)
		return TERN_DROP_USER;
	return tern_udp_answer(in, chargen_at(0), CHARGEN_LINE_BYTES);
}

static struct tern_udp_port udp_ports[] = {
	{ .port = ECHO, .on_datagram = echo_datagram },
	{ .port = DISCARD, .on_datagram = discard_datagram },
	{ .port = CHARGEN, .on_datagram = chargen_datagram },
};

/* Both --------------------------------------------------------------------------------------- */

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
