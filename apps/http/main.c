/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tern-http: an HTTP/1.1 server.
 *
 *	scripts/run                                   # on a tap: http://10.9.0.2/
 *	scripts/run http --root /usr/share/doc
 *	scripts/run http --body 1g
 *
 *	curl -s http://10.9.0.2/ | sha256sum          # 1 GB: the same as
 *	yes 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz- |
 *		head -c 1G | sha256sum
 *	wrk -t1 -c64 -d10s http://10.9.0.2/
 *
 * By hand, on the tap that it makes:
 *
 *	build/apps/tern-http -l 1 --no-huge --no-shconf --no-pci -m 1024 \
 *		--vdev=net_tap0,iface=tern0 -- --addr 10.9.0.2/24 --stats 1s &
 *	ip addr add 10.9.0.1/24 dev tern0
 *	ip link set tern0 up
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_lcore.h>

#include <tern_run.h>

#include "http/files.h"
#include "http/server.h"
#include "http/site.h"
#include "options/options.h"

enum {
	OPTION_ROOT = 512,
	OPTION_BODY,
	OPTION_PORT,
	OPTION_TIMEOUT,
	OPTION_HEADS,
};

static const struct argp_option table[] = {
	{ NULL, 0, NULL, 0, "What is served (else: a line of text, by every path):", -3 },
	{ "root", OPTION_ROOT, "DIR", 0,
	  "the files below DIR, as they are now; index.html for a directory", -3 },
	{ "body", OPTION_BODY, "N", 0, "N bytes (k, m, g) of text by every path", -3 },
	{ NULL, 0, NULL, 0, "How:", -2 },
	{ "port", OPTION_PORT, "N", 0, "TCP port; default 80", -2 },
	{ "timeout", OPTION_TIMEOUT, "TIME", 0,
	  "close connections that make no progress for so long; default 60s", -2 },
	{ "heads", OPTION_HEADS, "N", 0,
	  "requests that may wait for their other half, of 8 KB each, per lcore; default 1024",
	  -2 },
	{ 0 },
};

struct wishes {
	struct options options; /* those of every server */
	const char *root;
	const char *body;
	uint64_t body_bytes;
	struct server_config config;
	struct tern_tcp_listener listener;
	bool has_port;
};

/* One stack's part. */
struct instance {
	struct tern_stack *stack;
	struct server *server;
	struct tern_tcp_listener listener;
};

static struct wishes wishes;
static struct site site;
static struct instance instances[RTE_MAX_LCORE];

/* The command line ---------------------------------------------------------------------------- */

static error_t
read_option(int key, char *arg, struct argp_state *state)
{
	struct wishes *w = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &w->options;
		return 0;
	case OPTION_ROOT:
		w->root = arg;
		return 0;
	case OPTION_BODY:
		w->body = arg;
		w->body_bytes = options_bytes("body", arg, UINT64_C(1) << 60);
		return 0;
	case OPTION_PORT:
		if (w->has_port)
			options_refuse("--port: one server listens on one port");
		w->listener.port = (uint16_t)options_number("port", arg, 1, 65535);
		w->has_port = true;
		return 0;
	case OPTION_TIMEOUT:
		w->config.timeout_ns = options_duration("timeout", arg, 200 * TERN_MS);
		return 0;
	case OPTION_HEADS:
		w->config.heads = (uint32_t)options_number("heads", arg, 1, 1 << 20);
		return 0;
	case ARGP_KEY_END:
		if (w->root != NULL && w->body != NULL)
			options_refuse("--root and --body: only one of them can be served");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = table,
	.parser = read_option,
	.args_doc = "[EAL options] --",
	.doc = "Serve HTTP/1.1 from a TCP/IP stack of its own on a DPDK port.",
	.children = (const struct argp_child[]){ { &options_argp, 0, NULL, 0 }, { 0 } },
};

static void
set_defaults(struct wishes *w)
{
	options_defaults(&w->options);
	/* No more than can be kept of requests that have to wait: server.h. */
	w->options.config.rcv_space = HEAD_MAX_BYTES;
	w->listener.port = 80;
	w->listener.backlog = 4096;
	w->config.timeout_ns = 60 * TERN_S;
	w->config.heads = 1024;
}

static int
fail(const char *what, int rc)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(-rc));
	return -1;
}

/* What is served ------------------------------------------------------------------------------ */

static int
fill(struct site *to, const struct wishes *w)
{
	char why[512];

	if (site_init(to) < 0)
		return -ENOMEM;
	if (w->body != NULL)
		return site_repeat(to, w->body_bytes);
	if (w->root == NULL)
		return site_say(to, "Hello from tern.\n");
	if (files_map(to, w->root, why) < 0)
		options_refuse("--root: %s", why);
	return site_index(to);
}

static int
fill_site(const struct wishes *w)
{
	int rc = fill(&site, w);

	return rc < 0 ? fail("what is to be served", rc) : 0;
}

static void
lend_site(void)
{
	if (site.memory != NULL)
		site.lent = tern_run_lend(site.memory, site.memory_bytes, &site.iova) == 0;
}

/* One server a stack -------------------------------------------------------------------------- */

static int
start_one(struct instance *i)
{
	void *mem = tern_run_take(tern_stack_index(i->stack), server_bytes(&wishes.config),
				  "the HTTP server");
	int rc;

	if (mem == NULL)
		return -1;
	i->server = server_init(mem, &wishes.config, 0);
	i->listener = wishes.listener;
	i->listener.user = server_user(i->server);
	rc = tern_tcp_listen(tern_tcp(i->stack), &i->listener);
	return rc < 0 ? fail("starting the server", rc) : 0;
}

static int
start_all(void)
{
	tern_each_stack (s) {
		struct instance *i = &instances[tern_stack_index(s)];

		i->stack = s;
		if (options_apply(&wishes.options, s) < 0 || start_one(i) < 0)
			return -1;
	}
	printf("  and %zu bytes for the HTTP server of each\n", server_bytes(&wishes.config));
	fflush(stdout);
	return 0;
}

static void
on_tick(struct tern_stack *stack, void *unused, uint64_t now)
{
	(void)unused;
	server_tick(instances[tern_stack_index(stack)].server, now, (uint32_t)time(NULL));
}

static void
on_stop(struct tern_stack *stack, void *unused)
{
	(void)unused;
	tern_tcp_unlisten(tern_tcp(stack), &instances[tern_stack_index(stack)].listener);
}

static void
print_counts(void)
{
	struct server_counts sum = { 0 }, one;

	for (size_t i = 0; i < RTE_DIM(instances) && instances[i].server != NULL; i++) {
		one = server_counts(instances[i].server);
		sum.served += one.served;
		sum.refused += one.refused;
		sum.timeouts += one.timeouts;
	}
	printf("requests %" PRIu64 ", of which refused %" PRIu64 "; connections timed out %" PRIu64
	       "\n",
	       sum.served + sum.refused, sum.refused, sum.timeouts);
}

int
main(int argc, char **argv)
{
	int rc;

	set_defaults(&wishes);
	argc = options_read(&argp, &wishes, argc, argv);
	if (fill_site(&wishes) < 0)
		return 1;
	wishes.config.site = &site;
	wishes.config.connections = wishes.options.config.connections;
	wishes.options.run.on_tick = on_tick;
	wishes.options.run.on_stop = on_stop;
	if (tern_init_with(&wishes.options.config, &wishes.options.run, argc, argv) < 0)
		return 1;
	lend_site();
	if (start_all() < 0) {
		tern_fini();
		return 1;
	}
	rc = tern_run();
	print_counts();
	site_fini(&site);
	return rc;
}
