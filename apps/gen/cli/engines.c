/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the engines cannot do, as far as the command line shows it: said before the port is touched,
 * and by --dry-run. What hangs on the port or on the number of cores they say themselves.
 */
#include <inttypes.h>

#include "gen/cli/reading.h"
#include "options/options.h"

enum {
	ICMP_DEPTH = 256, /* of the numbers of an echo, the rest tells connections apart */
	SIM_FRAME = 1518, /* that the wire of a simulation carries */
};

static void
check_lite(const struct plan *p)
{
	if (p->mode == MODE_STREAM)
		options_refuse("--tcp lite is for crr, rr and hold: take --tcp full");
	if (p->depth > 1)
		options_refuse("--depth: --tcp lite has one request under way on a connection: "
			       "take --tcp full");
}

static void
check_sim(const struct plan *p)
{
	if (p->mode == MODE_REPLAY && tern_addr_is_any(p->target))
		options_refuse("TARGET is missing: the server of --sim needs an address");
	for (unsigned int i = 0; i < p->imix.n; i++)
		if (p->imix.size[i].bytes > SIM_FRAME)
			options_refuse("--size: a frame of %u bytes, %d is the longest of --sim",
				       p->imix.size[i].bytes, SIM_FRAME);
}

void
check_engine(const struct plan *p)
{
	if (p->lite)
		check_lite(p);
	if (p->proto == PROTO_ICMP && p->depth > ICMP_DEPTH)
		options_refuse("--depth: %" PRIu32 ", over icmp %d at most", p->depth, ICMP_DEPTH);
	if (p->sim)
		check_sim(p);
}
