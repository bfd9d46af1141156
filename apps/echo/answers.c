/* SPDX-License-Identifier: BSD-3-Clause */
#include "echo/answers.h"

#include "echo/chargen.h"

enum { ECHO = 7, CHARGEN = 19 };

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

struct tern_tcp_user echo_user = { .on_open = echo_open, .on_data = echo_data };
struct tern_tcp_user discard_user;

/* UDP ---------------------------------------------------------------------------------------- */

/* Two services that answer everything, one forged datagram: they would talk for ever. */
static bool
is_service(const struct tern_in *in)
{
	return in->sport == RTE_BE16(ECHO) || in->sport == RTE_BE16(CHARGEN);
}

enum tern_verdict
echo_datagram(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	return is_service(in) ? TERN_DROP_USER : tern_udp_turn(in);
}

enum tern_verdict
discard_datagram(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	(void)in;
	return TERN_DONE;
}

/* One line, so that the answer makes no good weapon against a forged source. */
enum tern_verdict
chargen_datagram(struct tern_udp_port *self, struct tern_in *in)
{
	(void)self;
	if (is_service(in) || in->room < CHARGEN_LINE_BYTES)
		return TERN_DROP_USER;
	return tern_udp_answer(in, chargen_at(0), CHARGEN_LINE_BYTES);
}
