/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/worker.h"

const struct engine *
engine_of(const struct plan *plan)
{
	switch (plan->mode) {
	case MODE_FLOOD:
		return &engine_flood;
	case MODE_REPLAY:
		return &engine_replay;
	case MODE_MIX:
		return &engine_mix;
	case MODE_RR:
		if (plan->proto == PROTO_UDP || plan->proto == PROTO_ICMP)
			return &engine_datagrams;
		break;
	default:
		break;
	}
	return plan->lite ? &engine_lite : &engine_full;
}
