/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When all is read: defaults that hang on something else, and what does not go together.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "gen/cli/reading.h"
#include "gen/options.h"
#include "gen/units.h"

enum {
	HTTP_PORT = 80,
	ECHO_PORT = 7,
	RR_CONNECTIONS = 64,
	OUTSTANDING = 16384,
	REPEATS = 30,
	MTU = 1500,
	IP_AND_UDP = 28,
	SOURCES_MOST = 1024, /* addresses of a stack */
};

#define PROTO(p) (1u << (PROTO_##p))

/* What an option is good for. */
static void
check_modes(const struct reading *r)
{
	for (unsigned int i = 0; i < rows_n; i++)
		if (r->given[i] && (rows[i].modes & IN(r->plan->mode)) == 0)
			options_refuse("--%s has no meaning in mode %s", rows[i].name,
				       mode_names[r->plan->mode]);
}

static void
check_together(const struct reading *r, const char *a, const char *b)
{
	if (is_given(r, a) && is_given(r, b))
		options_refuse("--%s and --%s: only one of them", a, b);
}

/* Protocol ----------------------------------------------------------------------------------- */

static const unsigned int allowed[MODES] = {
	[MODE_CRR] = PROTO(TCP) | PROTO(HTTP),
	[MODE_RR] = PROTO(TCP) | PROTO(UDP) | PROTO(ICMP) | PROTO(HTTP),
	[MODE_HOLD] = PROTO(TCP),
	[MODE_STREAM] = PROTO(TCP) | PROTO(HTTP),
	[MODE_FLOOD] = PROTO(UDP) | PROTO(SYN) | PROTO(ICMP),
	[MODE_REPLAY] = 0,
	[MODE_SERVER] = 0,
};

static enum protocol
default_proto(const struct reading *r)
{
	const struct plan *p = r->plan;
	bool http = is_given(r, "url") || is_given(r, "header") || p->target_port == HTTP_PORT ||
		    p->suite == SUITE_RFC9411;

	if (p->mode == MODE_FLOOD || p->suite == SUITE_RFC2544 || p->suite == SUITE_RFC8219)
		return PROTO_UDP;
	return http && (allowed[p->mode] & PROTO(HTTP)) != 0 ? PROTO_HTTP : PROTO_TCP;
}

static void
finish_proto(struct reading *r)
{
	struct plan *p = r->plan;

	if (is_given(r, "proto")) {
		if ((allowed[p->mode] & 1u << p->proto) == 0)
			options_refuse("--proto: there is no %s over %s", mode_names[p->mode],
				       protocol_names[p->proto]);
		return;
	}
	p->proto = default_proto(r);
}

static bool
is_tcp(const struct plan *p)
{
	return p->proto == PROTO_TCP || p->proto == PROTO_HTTP;
}

/* Target ------------------------------------------------------------------------------------- */

/* A flood may go to nobody: to a port behind which nothing stands that has an address. */
static bool
wants_target(const struct plan *p)
{
	if (p->mode == MODE_FLOOD && p->suite == SUITE_NONE && !p->sim)
		return !tern_addr_is_any(p->target);
	return p->mode != MODE_SERVER && p->mode != MODE_REPLAY;
}

/* RFC 2544 app. C.2.6.4 sends to the echo port; of a router under test the way is known. */
static void
default_target(struct plan *p)
{
	if ((p->suite != SUITE_RFC2544 && p->suite != SUITE_RFC8219) || !p->options.has_gateway)
		options_refuse("TARGET is missing: an address and a port, such as 10.9.0.1:80");
	p->target = p->options.gateway;
}

static void
finish_target(struct plan *p)
{
	if (!wants_target(p))
		return;
	if (tern_addr_is_any(p->target))
		default_target(p);
	if (p->proto == PROTO_ICMP) {
		if (p->target_port != 0)
			options_refuse("TARGET: ICMP knows no ports");
		return;
	}
	if (p->target_port == 0 && p->proto == PROTO_HTTP)
		p->target_port = HTTP_PORT;
	if (p->target_port == 0 && (p->suite == SUITE_RFC2544 || p->suite == SUITE_RFC8219))
		p->target_port = ECHO_PORT;
	if (p->target_port == 0)
		options_refuse("TARGET lacks a port, such as 10.9.0.1:7");
}

/* Load --------------------------------------------------------------------------------------- */

static void
finish_profile(struct reading *r)
{
	struct plan *p = r->plan;
	uint64_t total = profile_total_ns(&p->profile);

	if (p->offered > 0) {
		profile_hold(&p->profile, (double)p->offered, p->omit_ns + p->duration_ns);
		return;
	}
	if (p->omit_ns >= total)
		options_refuse("--omit: all of the ramp is left out");
	if (!is_given(r, "duration"))
		p->duration_ns = total - p->omit_ns;
	if (p->omit_ns + p->duration_ns > total)
		options_refuse("--duration: the ramp is over after %" PRIu64 " ms",
			       total / TERN_MS);
}

/* At a rate of our own or at the file's times: only one of them. */
static void
finish_replay(struct reading *r)
{
	struct plan *p = r->plan;

	check_together(r, "rate", "speed");
	p->replay_pps = p->offered;
	p->speed = p->offered > 0 ? 0 : p->speed > 0 ? p->speed : 1;
	if (is_given(r, "duration") && !is_given(r, "loop"))
		p->loops = 0;
	if (!is_given(r, "duration"))
		p->duration_ns = TIME_MOST_NS;
	if (access(p->pcap, R_OK) < 0)
		options_refuse("%s: %s", p->pcap, strerror(errno));
}

static void
finish_times(struct reading *r)
{
	struct plan *p = r->plan;

	if (is_given(r, "duration"))
		return;
	if (p->mode == MODE_SERVER)
		p->duration_ns = 0;
	else if (p->count > 0)
		p->duration_ns = TIME_MOST_NS;
}

static void
finish_connections(struct reading *r)
{
	struct plan *p = r->plan;
	bool open_loop = p->open_loop || p->suite != SUITE_NONE;

	if (p->mode == MODE_RR && open_loop && !is_given(r, "connections"))
		p->connections = RR_CONNECTIONS;
	if (p->mode == MODE_STREAM)
		p->connections = p->parallel;
	if (!open_loop && is_given(r, "max-outstanding"))
		options_refuse("--max-outstanding is for open loop: give a --rate");
	if (!is_given(r, "max-outstanding"))
		p->max_outstanding = OUTSTANDING;
	if (!open_loop)
		p->max_outstanding = p->connections * p->depth;
}

static void
finish_load(struct reading *r)
{
	struct plan *p = r->plan;

	check_together(r, "rate", "ramp");
	check_together(r, "rate", "step");
	check_together(r, "ramp", "step");
	if (!p->open_loop && is_given(r, "pacing") && p->suite == SUITE_NONE)
		options_refuse("--pacing is for open loop: give a --rate");
	if ((p->suite == SUITE_SEARCH || p->suite == SUITE_RFC2544) && p->open_loop)
		options_refuse("%s finds rates itself: give --min and --max",
			       suite_names[p->suite]);
	if ((uint64_t)p->connections * p->depth > UINT32_MAX)
		options_refuse("--connections times --depth is more than 4294967295");
	finish_times(r);
	if (p->mode == MODE_REPLAY)
		finish_replay(r);
	if (p->open_loop)
		finish_profile(r);
	finish_connections(r);
	if (p->ci_confidence > 0 && !is_given(r, "repeat"))
		p->repeat = REPEATS;
	if (p->ci_confidence > 0 && p->repeat < 3)
		options_refuse("--ci: three runs at least are needed: give --repeat more");
}

/* Content ------------------------------------------------------------------------------------ */

static uint32_t
mtu_of(const struct plan *p)
{
	return p->options.run.mtu > 0 ? p->options.run.mtu : MTU;
}

static void
only_for(const struct reading *r, const char *option, unsigned int protos, const char *whom)
{
	if (is_given(r, option) && (protos & 1u << r->plan->proto) == 0)
		options_refuse("--%s is for %s, not for %s", option, whom,
			       protocol_names[r->plan->proto]);
}

static void
check_content(const struct reading *r)
{
	static const unsigned int datagrams = PROTO(UDP) | PROTO(ICMP) | PROTO(SYN);
	static const unsigned int no_http = ~PROTO(HTTP);

	only_for(r, "url", PROTO(HTTP), "http");
	only_for(r, "header", PROTO(HTTP), "http");
	only_for(r, "req", no_http, "tcp, udp and icmp");
	only_for(r, "rsp", PROTO(TCP) | PROTO(HTTP), "tcp and http");
	only_for(r, "size", datagrams, "udp, icmp and syn");
	only_for(r, "sizes", datagrams, "udp, icmp and syn");
	only_for(r, "imix", datagrams, "udp, icmp and syn");
	only_for(r, "tcp", PROTO(TCP) | PROTO(HTTP), "tcp and http");
	only_for(r, "mss", PROTO(TCP) | PROTO(HTTP), "tcp and http");
	check_together(r, "size", "sizes");
	check_together(r, "size", "imix");
	check_together(r, "sizes", "imix");
	check_together(r, "reverse", "bidir");
	if (r->plan->mode == MODE_STREAM)
		only_for(r, "count", PROTO(HTTP), "streams over http");
	if (r->plan->bidir && r->plan->proto == PROTO_HTTP)
		options_refuse("--bidir: a stream over http is what a GET brings; leave it out, or "
			       "give --proto tcp");
}

/* Compared is what comes back with what is known of it: an echo, a file, chargen's lines. */
static void
check_verify(const struct plan *p)
{
	if (p->mode == MODE_STREAM && !p->reverse && !p->bidir)
		options_refuse("--verify: nothing comes back: give --reverse or --bidir");
	if (p->proto == PROTO_TCP && p->mode != MODE_STREAM && p->rsp_bytes != p->req_bytes)
		options_refuse("--verify: a response as long as the request is compared with it; "
			       "leave out --rsp");
}

static void
check_payload(const struct reading *r)
{
	const struct plan *p = r->plan;

	if (p->proto == PROTO_HTTP && is_given(r, "payload") && p->payload != PAYLOAD_FILE)
		options_refuse("--payload: a GET of HTTP carries none; file:NAME is what is "
			       "expected of the body");
	if (p->proto == PROTO_HTTP && p->payload == PAYLOAD_FILE && !p->verify)
		options_refuse("--payload file of HTTP is what is expected: give --verify, too");
	if (p->mode == MODE_RR && p->suite == SUITE_NONE && p->imix.n > 1)
		options_refuse("rr has frames of one size; a flood has several");
}

/* Of a server 0: HTTP says something of its own. */
static uint32_t
default_response(const struct plan *p)
{
	if (p->mode != MODE_SERVER)
		return p->proto == PROTO_HTTP ? 0 : p->req_bytes;
	for (unsigned int i = 0; i < p->services_n; i++)
		if (strcmp(p->services[i].name, "respond") == 0)
			return p->req_bytes;
	return 0;
}

static void
finish_content(struct reading *r)
{
	struct plan *p = r->plan;

	check_content(r);
	check_payload(r);
	if (p->mode == MODE_STREAM && p->proto == PROTO_HTTP)
		p->reverse = true;
	if (p->verify && !is_given(r, "payload") && p->proto != PROTO_HTTP)
		p->payload = PAYLOAD_PRBS;
	if (p->payload == PAYLOAD_FILE && p->proto != PROTO_HTTP && !is_given(r, "req"))
		p->req_bytes = (uint32_t)p->file_bytes;
	if (!is_tcp(p) && p->req_bytes > mtu_of(p) - IP_AND_UDP)
		options_refuse("--req: a datagram of %" PRIu32 " bytes is longer than the MTU of "
			       "%" PRIu32 " allows",
			       p->req_bytes, mtu_of(p));
	if (!is_given(r, "rsp"))
		p->rsp_bytes = default_response(p);
	if (p->verify)
		check_verify(p);
}

static void
finish_sizes(struct plan *p)
{
	if (p->imix.n > 0 || p->mode != MODE_FLOOD || p->suite != SUITE_NONE)
		return;
	p->imix.size[0].bytes = 64;
	p->imix.size[0].times = 1;
	p->imix.n = 1;
}

/* Addresses ---------------------------------------------------------------------------------- */

static uint32_t
v4_of(struct tern_addr addr)
{
	return rte_be_to_cpu_32(tern_addr_to_v4(addr));
}

/* In a simulation nobody else has an address: one beside the target's. */
static void
default_addr(struct plan *p)
{
	uint32_t target = v4_of(p->target), last = target & 0xff;

	if (!wants_target(p) || tern_addr_is_any(p->target))
		target = 0xc6120001; /* RFC 2544 app. C.2.2: 198.18.0.0/15 */
	else
		target += last < 254 ? 1 : -1u;
	p->options.addrs[0].addr = tern_addr_v4(rte_cpu_to_be_32(target));
	p->options.addrs[0].prefix = 120;
	p->options.addrs_n = 1;
}

static bool
is_on_link(const struct options *o, struct tern_addr addr)
{
	for (unsigned int i = 0; i < o->addrs_n; i++)
		if (tern_addr_in(addr, o->addrs[i].addr, o->addrs[i].prefix))
			return true;
	return false;
}

static void
check_way(const struct plan *p)
{
	const struct options *o = &p->options;
	char text[TERN_ADDR_TEXT];

	for (unsigned int i = 0; i < o->addrs_n; i++)
		if (tern_addr_equal(o->addrs[i].addr, p->target))
			options_refuse("TARGET: %s is our own address",
				       tern_addr_print(p->target, text));
	if (!is_on_link(o, p->target) && !o->has_gateway && !p->has_next_hop)
		options_refuse("TARGET: %s is on no network of ours, and there is no gateway: give "
			       "--gw",
			       tern_addr_print(p->target, text));
}

/* Connections have addresses that the stack answers for; a flood may claim any. */
static void
check_src(const struct plan *p, uint32_t n)
{
	if (p->mode == MODE_FLOOD || p->mode == MODE_REPLAY)
		return;
	if (n > SOURCES_MOST)
		options_refuse("--src: %" PRIu32 " addresses, %d is the most outside of floods", n,
			       SOURCES_MOST);
	if (!is_on_link(&p->options, p->src_first) || !is_on_link(&p->options, p->src_last))
		options_refuse("--src: they are on no network of ours");
}

/* Each connection is a pair of address and port of its own. */
static void
check_pairs(const struct plan *p, uint32_t n)
{
	uint64_t ports = (uint64_t)p->sport_last - p->sport_first + 1;

	if ((IN_TCP & IN(p->mode)) != 0 && p->connections > n * ports)
		options_refuse("--connections: %" PRIu32 " of them need as many pairs of address "
			       "and port; --src and --sport make %" PRIu64,
			       p->connections, n * ports);
}

static void
finish_net(struct reading *r)
{
	struct plan *p = r->plan;
	struct options *o = &p->options;
	uint32_t n = 1;

	if (o->addrs_n == 0 && p->sim)
		default_addr(p);
	if (o->addrs_n == 0 && p->mode != MODE_REPLAY)
		options_refuse("our address is missing: --port NAME,ip=10.9.0.2/24, or --addr");
	if (wants_target(p))
		check_way(p);
	if (is_given(r, "src")) {
		n = v4_of(p->src_last) - v4_of(p->src_first) + 1;
		check_src(p, n);
	}
	check_pairs(p, n);
	if (o->config.addresses < n + o->addrs_n && p->mode != MODE_FLOOD)
		o->config.addresses = n + o->addrs_n;
	o->config.port_min = p->sport_first;
	o->config.port_max = p->sport_last;
	if (o->run.faults.seed == 0)
		o->run.faults.seed = p->seed;
}

/* Suites ------------------------------------------------------------------------------------- */

static enum metric
default_metric(enum mode mode)
{
	switch (mode) {
	case MODE_CRR:
		return METRIC_CPS;
	case MODE_HOLD:
		return METRIC_CC;
	case MODE_STREAM:
		return METRIC_BPS;
	case MODE_FLOOD:
	case MODE_REPLAY:
		return METRIC_PPS;
	default:
		return METRIC_RPS;
	}
}

static void
check_suite_options(const struct reading *r)
{
	static const char *const options[] = { "metric", "min",	      "max",  "goal",
					       "trial",	 "precision", "tests" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (is_given(r, options[i]) && r->plan->suite == SUITE_NONE)
			options_refuse("--%s is for search, rfc2544, rfc8219 and rfc9411",
				       options[i]);
	if (r->plan->suite == SUITE_SEARCH && is_given(r, "tests"))
		options_refuse("--tests is for rfc2544, rfc8219 and rfc9411");
	if (r->plan->suite != SUITE_NONE && (is_given(r, "ci") || is_given(r, "count")))
		options_refuse("--%s is for plain runs: %s has an end of its own",
			       is_given(r, "ci") ? "ci" : "count", suite_names[r->plan->suite]);
}

static void
finish_suite(struct reading *r)
{
	struct plan *p = r->plan;

	check_suite_options(r);
	if (!is_given(r, "metric"))
		p->metric = default_metric(p->mode);
	if (is_given(r, "max") && p->least >= p->most)
		options_refuse("--min: it is not below --max");
}

/* Output ------------------------------------------------------------------------------------- */

/* Two that write to stdout would be read by nobody. */
static void
check_output(const struct reading *r)
{
	const struct plan *p = r->plan;
	const char *const files[][2] = { { "json", p->json_stdout ? "-" : p->json },
					 { "json-stream", p->json_stream },
					 { "csv", p->csv },
					 { "hgrm", p->hgrm },
					 { "hlog", p->hlog } };
	const char *first = p->tui ? "tui" : NULL;

	check_together(r, "tui", "quiet");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i][1] == NULL || strcmp(files[i][1], "-") != 0)
			continue;
		if (first != NULL)
			options_refuse("--%s and --%s: only one of them can be on stdout", first,
				       files[i][0]);
		first = files[i][0];
	}
}

void
finish(struct reading *r)
{
	struct plan *p = r->plan;

	check_modes(r);
	finish_proto(r);
	finish_target(p);
	finish_load(r);
	finish_content(r);
	finish_sizes(p);
	finish_net(r);
	finish_suite(r);
	check_engine(p);
	check_output(r);
}
