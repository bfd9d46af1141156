/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/addresses.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>

static uint32_t
v4_of(struct tern_addr addr)
{
	return rte_be_to_cpu_32(tern_addr_to_v4(addr));
}

static bool
has_range(const struct plan *plan)
{
	return !tern_addr_is_any(plan->src_first);
}

uint32_t
addresses_n(const struct plan *plan)
{
	uint32_t range = 0;

	if (has_range(plan))
		range = v4_of(plan->src_last) - v4_of(plan->src_first) + 1;
	return plan->options.addrs_n + range;
}

/* The prefix length of the network that an address of --src lies in. */
static unsigned int
prefix_of(const struct plan *plan, struct tern_addr addr)
{
	const struct options *o = &plan->options;

	for (unsigned int i = 0; i < o->addrs_n; i++)
		if (tern_addr_in(addr, o->addrs[i].addr, o->addrs[i].prefix))
			return o->addrs[i].prefix;
	return 128;
}

static int
add(const struct plan *plan, struct tern_stack *stack, struct tern_addr addr)
{
	int rc = tern_ip_add_addr(tern_ip(stack), addr, prefix_of(plan, addr));
	char text[TERN_ADDR_TEXT];

	if (rc == 0 || rc == -EEXIST)
		return 0;
	fprintf(stderr, "%s: --src: %s: %s\n", program_invocation_short_name,
		tern_addr_print(addr, text), strerror(-rc));
	return -1;
}

int
addresses_apply(const struct plan *plan, struct tern_stack *stack)
{
	uint32_t last;

	if (options_apply(&plan->options, stack) < 0)
		return -1;
	if (!has_range(plan))
		return 0;
	last = v4_of(plan->src_last);
	for (uint32_t v4 = v4_of(plan->src_first); v4 <= last; v4++)
		if (add(plan, stack, tern_addr_v4(rte_cpu_to_be_32(v4))) < 0)
			return -1;
	return 0;
}
