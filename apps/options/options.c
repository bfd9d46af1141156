/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"

enum {
	OPTION_ADDR = 256,
	OPTION_GW,
	OPTION_STATS,
	OPTION_TIME_WAIT,
	OPTION_CONNECTIONS,
	OPTION_MBUFS,
	OPTION_MTU,
	OPTION_IDLE,
	OPTION_PORT_NAME,
	OPTION_IMPAIR,
	OPTION_IMPAIR_RX,
	OPTION_IMPAIR_TX,
	OPTION_HELP,
};

enum { LEAST_MTU = 576, MOST_MTU = 9216 }; /* RFC 1122 §3.3.3; what jumbo frames carry */

static const struct argp_option stack_table[] = {
	{ NULL, 0, NULL, 0, "Network:", 1 },
	{ "addr", OPTION_ADDR, "A/N", 0, "an address of our own, with prefix length; repeatable",
	  1 },
	{ "gw", OPTION_GW, "A", 0, "gateway for all other networks", 1 },
	{ "mtu", OPTION_MTU, "BYTES", 0, "longest IP packet; default: as the port has it", 1 },
	{ "port-name", OPTION_PORT_NAME, "NAME", 0,
	  "ethdev port to use, such as net_tap0; default: the first", 1 },
	{ NULL, 0, NULL, 0, "For each lcore:", 2 },
	{ "mbufs", OPTION_MBUFS, "N", 0, "packet buffers; default 16384", 2 },
	{ "time-wait", OPTION_TIME_WAIT, "TIME", 0, "length of TIME-WAIT; default 60s", 2 },
	{ "idle", OPTION_IDLE, "TIME", 0,
	  "sleep so long at most when there is nothing to do; "
	  "default: poll always",
	  2 },
	{ NULL, 0, NULL, 0, "A worse network, for trying things out:", 3 },
	{ "impair", OPTION_IMPAIR, "LIST", 0,
	  "what becomes of packets between us and the port, both ways: loss=1%, dup=1%, "
	  "corrupt=1% of them, delay=10ms for each, reorder=1% of them held back up to jitter=1ms "
	  "more, detour=1%:5ms of them all of that, stall=100ms:1s: nothing leaves in the first "
	  "100 ms "
	  "of each second; seed=1; queue=8192 that may wait each way. Such as loss=0.1%,delay=10ms",
	  3 },
	{ "impair-rx", OPTION_IMPAIR_RX, "LIST", 0, "the same for those received", 3 },
	{ "impair-tx", OPTION_IMPAIR_TX, "LIST", 0, "the same for those sent", 3 },
	{ 0 },
};

static const struct argp_option table[] = {
	{ "connections", OPTION_CONNECTIONS, "N", 0, "TCP connections; default 65536", 2 },
	{ "stats", OPTION_STATS, "TIME", 0, "print a live line so often, such as 1s", 2 },
	{ "help", OPTION_HELP, NULL, 0, "this text", -1 },
	{ 0 },
};

/* Host byte order. */
static uint32_t
v4_of(struct tern_addr addr)
{
	return rte_be_to_cpu_32(tern_addr_to_v4(addr));
}

/* What no host may have (RFC 1122 §3.2.1.3): this network, loopback, groups, both ends of a net. */
bool
options_is_host(struct tern_addr addr, unsigned int prefix)
{
	uint32_t v4 = v4_of(addr), first = v4 >> 24;

	if (!tern_addr_is_v4(addr) || prefix < 96 || first == 0 || first == 127 || first >= 224)
		return false;
	if (prefix >= 127) /* RFC 3021: both ends of such a net are hosts */
		return true;
	return v4 << (prefix - 96) != 0 && v4 << (prefix - 96) != ~0u << (prefix - 96);
}

void
options_add_addr(struct options *o, const char *option, const char *text)
{
	unsigned int i = o->addrs_n;

	if (i == OPTIONS_ADDRS)
		options_refuse("--%s: more than %d addresses", option, OPTIONS_ADDRS);
	if (strchr(text, '/') == NULL ||
	    tern_addr_parse(text, &o->addrs[i].addr, &o->addrs[i].prefix) < 0)
		options_refuse("--%s: \"%s\" is not an address with a prefix length", option, text);
	if (!options_is_host(o->addrs[i].addr, o->addrs[i].prefix))
		options_refuse("--%s: %s is not an IPv4 address that a host can have", option,
			       text);
	for (unsigned int k = 0; k < i; k++)
		if (tern_addr_equal(o->addrs[k].addr, o->addrs[i].addr))
			options_refuse("--%s: %s is given twice", option, text);
	o->addrs_n++;
}

void
options_set_gateway(struct options *o, const char *option, const char *text)
{
	if (tern_addr_parse(text, &o->gateway, NULL) < 0)
		options_refuse("--%s: \"%s\" is not an address", option, text);
	o->has_gateway = true;
}

static void
read_mbufs(struct tern_config *config, const char *text)
{
	config->mbufs = (uint32_t)options_number("mbufs", text, 256, 1u << 26);
	config->held_total = config->mbufs / 2;
	if (config->held_pkts > config->held_total)
		config->held_pkts = config->held_total;
}

/* When all addresses are known. */
static void
check_gateway(const struct options *o)
{
	char text[TERN_ADDR_TEXT];
	bool on_link = false;

	for (unsigned int i = 0; i < o->addrs_n; i++) {
		if (tern_addr_equal(o->addrs[i].addr, o->gateway))
			options_refuse("--gw: %s is our own address",
				       tern_addr_print(o->gateway, text));
		on_link |= tern_addr_in(o->gateway, o->addrs[i].addr, o->addrs[i].prefix);
	}
	if (!on_link)
		options_refuse("--gw: %s is on no network of the addresses given with --addr",
			       tern_addr_print(o->gateway, text));
}

__attribute__((noreturn)) static void
help(const struct argp_state *state)
{
	argp_help(state->root_argp, stdout, ARGP_HELP_STD_HELP, program_invocation_short_name);
	exit(0);
}

static void
check(struct options *o)
{
	if (o->addrs_n == 0 && !o->addr_optional)
		options_refuse("--addr is missing: which address are we to have, such as "
			       "10.9.0.2/24?");
	if (o->has_gateway)
		check_gateway(o);
	options_check_impaired(o);
}

static error_t
parse_stack(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPTION_ADDR:
		options_add_addr(o, "addr", arg);
		return 0;
	case OPTION_GW:
		options_set_gateway(o, "gw", arg);
		return 0;
	case OPTION_MTU:
		o->run.mtu = (uint16_t)options_number("mtu", arg, LEAST_MTU, MOST_MTU);
		return 0;
	case OPTION_PORT_NAME:
		o->run.port = arg;
		return 0;
	case OPTION_MBUFS:
		read_mbufs(&o->config, arg);
		return 0;
	case OPTION_TIME_WAIT:
		o->config.time_wait_ns = options_duration("time-wait", arg, TERN_MS);
		return 0;
	case OPTION_IDLE:
		o->run.idle_ns = options_duration("idle", arg, TERN_MS / 1000);
		return 0;
	case OPTION_IMPAIR:
		options_impair(o, "impair", true, true, arg);
		return 0;
	case OPTION_IMPAIR_RX:
		options_impair(o, "impair-rx", true, false, arg);
		return 0;
	case OPTION_IMPAIR_TX:
		options_impair(o, "impair-tx", false, true, arg);
		return 0;
	case ARGP_KEY_ARG:
		options_refuse("\"%s\" is not an option; see --help", arg);
	case ARGP_KEY_ERROR:
		options_refuse("%s: no such option, or its value is missing; EAL options stand "
			       "before \" -- \"; see --help",
			       state->argv[state->next - 1]);
	case ARGP_KEY_END:
		check(o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp options_stack_argp = { .options = stack_table, .parser = parse_stack };

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = o;
		return 0;
	case OPTION_CONNECTIONS:
		o->config.connections = (uint32_t)options_number("connections", arg, 1, 1u << 27);
		return 0;
	case OPTION_STATS:
		o->run.stats_ns = options_duration("stats", arg, 100 * TERN_MS);
		return 0;
	case OPTION_HELP:
		help(state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &options_stack_argp, 0, NULL, 0 }, { 0 } };

const struct argp options_argp = { .options = table, .parser = parse, .children = children };

void
options_defaults(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->config = tern_config_server;
}

int
options_begin(int argc, char **argv)
{
	int i = 1;

	while (i < argc && strcmp(argv[i], "--") != 0)
		i++;
	return i < argc ? i : 0;
}

/* argp would have two lines for what it does not know, and none of them says what to do. */
int
options_read(const struct argp *argp, void *input, int argc, char **argv)
{
	int first = options_begin(argc, argv);

	argp_parse(argp, argc - first, argv + first, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input);
	return first == 0 ? 1 : first;
}

static int
complain(const char *option, struct tern_addr addr, int rc)
{
	char text[TERN_ADDR_TEXT];

	fprintf(stderr, "%s: %s: %s: %s\n", program_invocation_short_name, option,
		tern_addr_print(addr, text), strerror(-rc));
	return -1;
}

int
options_apply(const struct options *options, struct tern_stack *stack)
{
	struct tern_ip *ip = tern_ip(stack);
	int rc;

	for (unsigned int i = 0; i < options->addrs_n; i++) {
		rc = tern_ip_add_addr(ip, options->addrs[i].addr, options->addrs[i].prefix);
		if (rc < 0)
			return complain("--addr", options->addrs[i].addr, rc);
	}
	if (!options->has_gateway)
		return 0;
	rc = tern_ip_add_route(ip, tern_addr_v4(0), 96, options->gateway);
	return rc < 0 ? complain("--gw", options->gateway, rc) : 0;
}
