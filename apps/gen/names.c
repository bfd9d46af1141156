/* SPDX-License-Identifier: BSD-3-Clause */
/* What the enums of plan.h and trial.h are called on the command line and in what is written. */
#include "gen/plan.h"
#include "gen/trial.h"

const char *const mode_names[MODES] = {
	[MODE_CRR] = "crr",	  [MODE_RR] = "rr",	  [MODE_HOLD] = "hold",
	[MODE_STREAM] = "stream", [MODE_FLOOD] = "flood", [MODE_REPLAY] = "replay",
	[MODE_SERVER] = "server", [MODE_MIX] = "mix",
};

const char *const suite_names[SUITES] = {
	[SUITE_NONE] = "none",	     [SUITE_SEARCH] = "search",	  [SUITE_RFC2544] = "rfc2544",
	[SUITE_RFC8219] = "rfc8219", [SUITE_RFC9411] = "rfc9411",
};

const char *const protocol_names[PROTOS] = {
	[PROTO_TCP] = "tcp",   [PROTO_UDP] = "udp", [PROTO_ICMP] = "icmp",
	[PROTO_HTTP] = "http", [PROTO_SYN] = "syn",
};

#define NAME(name, text) #name,

const char *const flag_names[FLAGS_N] = { FLAGS(NAME) };
