/* SPDX-License-Identifier: BSD-3-Clause */
#include <tern_run.h>

static enum tern_verdict
echo(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	(void)self;
	return tern_tcp_answer(conn, in, in->data, in->len); /* the mbuf that came in goes out */
}

int
main(int argc, char **argv)
{
	static struct tern_tcp_user user = { .on_data = echo };
	static struct tern_tcp_listener port7 = { .port = 7, .backlog = 1024, .user = &user };
	struct tern_config config = tern_config_server;

	if (tern_init(&config, argc, argv) < 0) /* EAL, port, one stack an lcore */
		return 1;
	tern_each_stack (s) {
		tern_ip_add_addr(tern_ip(s), tern_addr_v4(RTE_BE32(0x0a090002)), 96 + 24);
		tern_tcp_listen(tern_tcp(s), &port7);
	}
	return tern_run(); /* every lcore polls until a signal */
}
