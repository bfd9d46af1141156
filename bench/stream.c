/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One stream each way, to be compared byte by byte: a file is sent to whoever connects to port 19,
 * and what is sent to port 9 is stored in another. scripts/bench-linux runs it beside Linux.
 *
 *	bench-stream -l1 --no-huge --no-shconf --no-pci -m 512 --vdev=net_tap0,iface=tap0 -- \
 *		--addr 10.9.0.2/24 --impair loss=1%,delay=10ms --file data --into copy
 *	... --trace 10ms      # a line so often: what the sender thinks of the path
 *
 * Both files are mapped before the start: nothing waits for a disk. The copy is as long as the file
 * and begins anew with each connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tern_run.h>

#include "options/options.h"

enum {
	STORE_PORT = 9,
	SEND_PORT = 19,
	RECEIVE_BYTES = 6 << 20, /* as much as Linux may come to offer: tcp_rmem */
	HELD_PKTS = 8192,
	MBUFS = 32768,
	OPTION_FILE = 512,
	OPTION_INTO,
	OPTION_TRACE,
};

static struct {
	struct options options;
	const char *file, *into;
	uint64_t trace_ns;

	uint8_t *from, *to;
	uint64_t bytes;	 /* of the file */
	uint64_t stored; /* of the copy */
	struct tern_conn *sending;
	uint64_t began_ns, now_ns;
} stream;

/* The command line --------------------------------------------------------------------------- */

static const struct argp_option table[] = {
	{ "file", OPTION_FILE, "PATH", 0, "what port 19 sends", 0 },
	{ "into", OPTION_INTO, "PATH", 0, "where what comes to port 9 is stored", 0 },
	{ "trace", OPTION_TRACE, "TIME", 0, "print the sender's view so often", 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &stream.options;
		return 0;
	case OPTION_FILE:
		stream.file = arg;
		return 0;
	case OPTION_INTO:
		stream.into = arg;
		return 0;
	case OPTION_TRACE:
		stream.trace_ns = options_duration("trace", arg, TERN_MS);
		return 0;
	case ARGP_KEY_END:
		if (stream.file == NULL || stream.into == NULL)
			options_refuse("--file and --into: both are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &options_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = table,
	.parser = parse,
	.children = children,
	.doc = "Send a file from TCP port 19, store what comes to port 9.",
};

/* The files ---------------------------------------------------------------------------------- */

static uint8_t *
map(const char *path, int flags, int protection, uint64_t *bytes)
{
	struct stat st;
	int fd = open(path, flags | O_CLOEXEC, 0600);
	void *mem;

	if (fd < 0 || (*bytes > 0 && ftruncate(fd, (off_t)*bytes) < 0) || fstat(fd, &st) < 0)
		options_refuse("%s: %s", path, strerror(errno));
	*bytes = (uint64_t)st.st_size;
	mem = mmap(NULL, *bytes, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (mem == MAP_FAILED)
		options_refuse("%s: %s", path, strerror(errno));
	close(fd);
	return mem;
}

static void
map_files(void)
{
	uint64_t bytes = 0;

	stream.from = map(stream.file, O_RDONLY, PROT_READ, &bytes);
	stream.bytes = bytes;
	stream.to = map(stream.into, O_RDWR | O_CREAT | O_TRUNC, PROT_READ | PROT_WRITE, &bytes);
}

/* Storing ------------------------------------------------------------------------------------ */

static void
store_open(struct tern_tcp_user *self, struct tern_conn *conn)
{
	(void)self;
	(void)conn;
	stream.stored = 0;
}

static enum tern_verdict
store_data(struct tern_tcp_user *self, struct tern_conn *conn, struct tern_in *in)
{
	(void)self;
	if (in->len > stream.bytes - stream.stored) {
		tern_tcp_abort(conn);
		return TERN_DROP_USER;
	}
	memcpy(stream.to + stream.stored, in->data, in->len);
	stream.stored += in->len;
	return TERN_DONE;
}

static void
store_closed(struct tern_tcp_user *self, struct tern_conn *conn, enum tern_why why)
{
	(void)self;
	(void)conn;
	printf("stored %" PRIu64 " bytes: %s\n", stream.stored, tern_why_text(why));
}

/* Sending ------------------------------------------------------------------------------------ */

static void
send_open(struct tern_tcp_user *self, struct tern_conn *conn)
{
	(void)self;
	stream.sending = conn;
	stream.began_ns = stream.now_ns;
	tern_tcp_shutdown(conn); /* FIN behind the last byte */
}

static uint32_t
send_available(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at)
{
	(void)self;
	(void)conn;
	return (uint32_t)RTE_MIN(stream.bytes - at, (uint64_t)UINT32_MAX);
}

static void
send_fill(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)self;
	(void)conn;
	memcpy(to, stream.from + at, len);
}

static void
send_closed(struct tern_tcp_user *self, struct tern_conn *conn, enum tern_why why)
{
	(void)self;
	printf("sent %" PRIu64 " bytes: %s, cwnd %" PRIu32 ", srtt %" PRIu32 " us\n", conn->sent,
	       tern_why_text(why), conn->cong.cwnd, conn->rtt.srtt_8 / 8);
	stream.sending = NULL;
}

static void
trace(struct tern_stack *stack, void *unused, uint64_t now)
{
	const struct tern_conn *c = stream.sending;
	const struct tern_stats *s = tern_stats(stack);

	(void)unused;
	stream.now_ns = now;
	if (c == NULL || stream.trace_ns == 0)
		return;
	printf("trace %.3f s: acked %" PRIu64 " flight %" PRIu32 " cwnd %" PRIu32
	       " ssthresh %" PRIu32 " wnd %" PRIu32 " srtt %" PRIu32 " us rto %" PRIu32
	       " us backoff %u again %" PRIu64 " rtos %" PRIu64 "\n",
	       (double)(now - stream.began_ns) / 1e9, c->sent, c->snd.max - c->snd.una,
	       c->cong.cwnd, c->cong.ssthresh, c->snd.wnd, c->rtt.srtt_8 / 8, c->rtt.rto * 10,
	       c->rtt.backoff, s->event[TERN_EV_TCP_RETRANSMITTED], s->event[TERN_EV_TCP_RTO]);
}

/* Both --------------------------------------------------------------------------------------- */

static struct tern_tcp_user store_user = { .on_open = store_open,
					   .on_data = store_data,
					   .on_closed = store_closed };
static struct tern_tcp_user send_user = { .on_open = send_open,
					  .on_closed = send_closed,
					  .available = send_available,
					  .fill = send_fill };

static const struct tern_tcp_listener listeners[] = {
	{ .port = STORE_PORT, .backlog = 16, .user = &store_user },
	{ .port = SEND_PORT, .backlog = 16, .user = &send_user },
};

static int
start(void)
{
	struct tern_stack *stack = tern_next_stack(NULL);

	if (options_apply(&stream.options, stack) < 0)
		return -1;
	for (size_t i = 0; i < RTE_DIM(listeners); i++)
		if (tern_tcp_listen(tern_tcp(stack), &listeners[i]) < 0)
			return -1;
	return 0;
}

static void
set_defaults(struct options *o)
{
	options_defaults(o);
	o->config.connections = 64;
	o->config.rcv_space = RECEIVE_BYTES;
	o->config.held_pkts = HELD_PKTS;
	o->config.mbufs = MBUFS;
	o->config.held_total = MBUFS / 2;
}

int
main(int argc, char **argv)
{
	set_defaults(&stream.options);
	argc = options_read(&argp, &stream, argc, argv);
	map_files();
	stream.options.run.on_tick = trace;
	stream.options.run.tick_ns = stream.trace_ns;
	if (tern_init_with(&stream.options.config, &stream.options.run, argc, argv) < 0)
		return 1;
	if (start() < 0) {
		tern_fini();
		return 1;
	}
	return tern_run();
}
