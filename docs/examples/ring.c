/* SPDX-License-Identifier: BSD-3-Clause */
#include <tern_run.h>
#include <tern_stream_pool.h>

enum { STREAMS = 256, RING_BYTES = 65536 };

/* What was read is written; what does not fit waits until there is room. */
static void
pump(struct tern_stream *s)
{
	tern_stream_move(s, s);
	if (tern_stream_ended(s))
		tern_stream_close(s); /* FIN behind the last byte that was written */
}

int
main(int argc, char **argv)
{
	static const struct tern_stream_hooks echo = { .on_readable = pump,
						       .on_writable = pump,
						       .on_eof = pump };
	static struct tern_stream_pool pools[RTE_MAX_LCORE];
	struct tern_config config = tern_config_server;
	size_t bytes = tern_stream_pool_bytes(STREAMS, RING_BYTES, RING_BYTES);

	config.rcv_space = RING_BYTES; /* what a SYN-ACK offers is what a ring has */
	if (tern_init(&config, argc, argv) < 0)
		return 1;
	tern_each_stack (s) {
		struct tern_stream_pool *pool = &pools[tern_stack_index(s)];
		void *mem = tern_run_take(tern_stack_index(s), bytes, "the rings");

		if (mem == NULL) {
			tern_fini();
			return 1;
		}
		tern_stream_pool_init(pool, mem, &echo, STREAMS, RING_BYTES, RING_BYTES);
		pool->listener.port = 7;
		tern_ip_add_addr(tern_ip(s), tern_addr_v4(RTE_BE32(0x0a090002)), 96 + 24);
		tern_tcp_listen(tern_tcp(s), &pool->listener);
	}
	return tern_run();
}
