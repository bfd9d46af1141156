/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tern-echo: the small services. Echo (RFC 862) on TCP and UDP port 7, discard (RFC 863) on 9,
 * chargen (RFC 864) on 19: on TCP as fast as the peer takes it, on UDP one line for each datagram.
 *
 *	tern-echo --no-huge --no-shconf --no-pci -l 0 --vdev=net_tap0,iface=tern0 -- \
 *		--addr 10.9.0.2/24 --stats 1s
 *	ip addr add 10.9.0.1/24 dev tern0; ip link set tern0 up
 *
 *	echo hello | ncat 10.9.0.2 7		# -u: the same on UDP
 *	head -c 1G /dev/zero | ncat --send-only 10.9.0.2 9
 *	ncat --recv-only 10.9.0.2 19 | head
 *
 * What is echoed leaves in the mbuf that it came in. The stream of chargen is lent to the stack
 * from one block of memory; where the port wants one mbuf a packet, it is copied.
 */
#include <string.h>

#include "options/options.h"

#include "echo/chargen.h"
#include "echo/services.h"

static struct options options;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static const struct argp_child children[] = { { &options_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.parser = parse,
	.children = children,
	.doc = "Echo on TCP and UDP port 7, discard on 9, character generator on 19.\v"
	       "In full: tern-echo [EAL option...] -- [option...]",
};

static void
stop(struct tern_stack *stack, void *data)
{
	(void)data;
	services_stop(stack);
}

int
main(int argc, char **argv)
{
	options_defaults(&options);
	argc = options_read(&argp, &options, argc, argv);
	options.run.on_stop = stop;
	if (tern_init_with(&options.config, &options.run, argc, argv) < 0)
		return 1;
	chargen_make();
	chargen_lend();
	tern_each_stack (s) {
		if (options_apply(&options, s) < 0) {
			tern_fini();
			return 2;
		}
		services_start(s);
	}
	return tern_run();
}
