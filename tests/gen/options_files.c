/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options that come from files: --config, --dperf-conf.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "gen/options.h"
#include "typed.h"

#define PORT "--port net_tap0,ip=10.9.0.2/24,gw=10.9.0.1 "
#define N(list) (sizeof(list) / sizeof((list)[0]))

/* dperf's port, clients and servers. */
#define ENDS "port 0000:01:00.0 10.9.0.2 10.9.0.1\nclient 10.9.0.2 1\nserver 10.9.1.3 1\n"

static struct plan plan;
static char line[512];

/* "... FILE more" */
static const char *
with_file(const char *option, const char *text, const char *more)
{
	snprintf(line, sizeof(line), "%s %s%s", option, typed_file(text), more);
	return line;
}

static const struct plan *
plan_of_config(const char *text, const char *more)
{
	plan_free(&plan);
	type_here(with_file("--config", text, more), &plan);
	return &plan;
}

Test(config, keys_are_the_long_names_of_options)
{
	const struct plan *p = plan_of_config("; a comment\n"
					      "mode = search crr\n"
					      "target = 10.9.0.1:80\n"
					      "[load]\n"
					      "seed=5\n"
					      "max-outstanding = 1m\n"
					      "\n"
					      "[net]\n"
					      "port = net_tap0,ip=10.9.0.2/24,gw=10.9.0.1\n"
					      "mbufs = 4096\n"
					      "[judge]\n"
					      "slo = connect.p99<500us,errors<0.001% ; both\n"
					      "goal = 0\n"
					      "goal = 0.5%\n"
					      "keep = yes\n"
					      "quiet = no\n"
					      "json =\n",
					      "");

	cr_assert(p->suite == SUITE_SEARCH && p->mode == MODE_CRR && p->target_port == 80);
	cr_assert(p->seed == 5 && p->max_outstanding == 1000000);
	cr_assert(p->options.config.mbufs == 4096 && p->options.has_gateway);
	cr_assert(p->slos_n == 2 && p->goals_n == 2 && p->goals[1] == 0.005);
	cr_assert(p->keep && !p->quiet && p->json_stdout);
}

/* Also where both could stand side by side: what was typed replaces the file's. */
Test(config, what_is_typed_counts_more)
{
	const struct plan *p = plan_of_config("mode = crr\ntarget = 10.9.0.1:80\nrate = 5k\n"
					      "port = net_tap0,ip=10.9.0.2/24\nslo = errors<1%\n",
					      " rr -R 7k 10.9.0.9:7 --port a,ip=10.9.0.3/24 "
					      "--slo errors<5%");

	cr_assert(p->mode == MODE_RR && p->offered == 7000 && p->target_port == 7);
	cr_assert(p->options.addrs_n == 1 && p->slos_n == 1);
	cr_assert_str_eq(p->slos[0].text, "errors<5%");
	cr_assert_str_eq(p->options.run.port, "a");
}

Test(config, what_is_wrong_in_a_file_is_one_line_too)
{
	static const char *const cases[][2] = {
		{ "nonsense\n", "line 1: it is not \"key = value\"" },
		{ "rate = 5k\n[load\n", "line 2: the ] is missing" },
		{ "= 5\n", "line 1" },
		{ "rate = 5kk\n", "--rate" },
		{ "frobnicate = 5\n", "--frobnicate=5: no such option" },
		{ "config = /tmp/a\n", "config can only be typed" },
		{ "help =\n", "help can only be typed" },
		{ "verify = perhaps\n", "yes or no" },
		{ "ipv6 = yes\n", "IPv4 only" },
	};
	char longest[600];

	for (size_t i = 0; i < N(cases); i++)
		refused(with_file("--config", cases[i][0], " crr " PORT "10.9.0.1:7"), cases[i][1]);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "title =", 7);
	refused(with_file("--config", longest, " crr " PORT "10.9.0.1:7"),
		"line 1: it is too long");
	refused("--config /tmp crr " PORT "10.9.0.1:7", "cannot be read");
}

static const struct plan *
plan_of_dperf(const char *text)
{
	static struct answer a;

	plan_free(&plan);
	type(with_file("--dperf-conf", text, ""), &a);
	cr_assert_eq(a.status, 0, "%s", a.err);
	freopen("/dev/null", "w", stderr); /* what is left out is told again */
	type_here(line, &plan);
	return &plan;
}

Test(dperf, a_client_of_connections)
{
	const struct plan *p = plan_of_dperf("# CPS\nmode client\ncpu 0-3\ntx_burst 128\n"
					     "launch_num 10\npayload_size 1\nduration 2m\n"
					     "cps 2.1m\nport 0000:01:00.0 10.9.0.2 10.9.0.1 "
					     "b4:a9:fc:ab:7a:85\n"
					     "client 10.9.0.2 100 # them\nserver 10.9.1.3 1\n"
					     "listen 8080 5\n");

	cr_assert(p->mode == MODE_CRR && p->proto == PROTO_HTTP && p->offered == 2100000);
	cr_assert_eq(p->duration_ns, 120 * TERN_S);
	cr_assert_eq(p->target_port, 8080);
	cr_assert(p->has_next_hop && p->next_hop.addr_bytes[0] == 0xb4);
	cr_assert_str_eq(p->options.run.port, "0000:01:00.0");
	cr_assert(p->options.has_gateway && p->options.addrs[0].prefix == 96 + 24);
	cr_assert_eq(rte_be_to_cpu_32(tern_addr_to_v4(p->src_last)) & 0xff, 101);
}

Test(dperf, requests_on_connections_that_stay)
{
	const struct plan *p = plan_of_dperf("mode client\ncc 3000\ncps 400\nkeepalive 1ms\n"
					     "slow_start 30\nduration 1.5h\nhttp_path /x\n"
					     "http_host a.b\nmss 1400\n" ENDS);

	cr_assert(p->mode == MODE_RR && p->connections == 3000 && p->proto == PROTO_HTTP);
	cr_assert(p->profile.n == 2 && p->profile.phases[1].to == 3e6);
	cr_assert(p->omit_ns == 30 * TERN_S && p->duration_ns == 5400 * TERN_S);
	cr_assert_str_eq(p->url, "/x");
	cr_assert_str_eq(p->headers, "Host: a.b\r\n");
	cr_assert_eq(p->options.run.mtu, 1440);
}

Test(dperf, datagrams_and_floods)
{
	const struct plan *p = plan_of_dperf("mode client\nprotocol udp\ncc 2000\nkeepalive 2ms\n"
					     "payload_size 64\nlport_range 1000 4000\n" ENDS);

	cr_assert(p->mode == MODE_RR && p->proto == PROTO_UDP && p->offered == 1000000);
	cr_assert(p->req_bytes == 64 && p->sport_first == 1000 && p->sport_last == 4000);
	p = plan_of_dperf("mode client\nprotocol udp\nflood\ncc 16k\ncps 1k\nkeepalive 1ms\n"
			  "packet_size 60\n" ENDS);
	cr_assert(p->mode == MODE_FLOOD && p->proto == PROTO_UDP && p->offered == 16000000);
	cr_assert_eq(p->imix.size[0].bytes, 64);
	p = plan_of_dperf("mode client\nflood\ncps 1m\n" ENDS);
	cr_assert(p->mode == MODE_FLOOD && p->proto == PROTO_SYN && p->offered == 1000000);
}

Test(dperf, a_server_serves_all_its_ports_and_addresses)
{
	const struct plan *p =
		plan_of_dperf("mode server\ncpu 0\nkeepalive 60s\n"
			      "port 0000:01:00.0 10.9.0.2 10.9.0.1\n"
			      "client 10.9.0.3 200\nclient 10.9.1.1 5\n"
			      "server 10.9.0.2 3\nlisten 80 20\npayload_size 1400\n");

	cr_assert(p->mode == MODE_SERVER && p->options.addrs_n == 3 && p->services_n == 20);
	cr_assert_eq(p->rsp_bytes, 1400);
	cr_assert(p->services[19].port == 99 && strcmp(p->services[19].name, "http") == 0);
	p = plan_of_dperf("mode server\nprotocol udp\nlisten 7 1\n"
			  "port 0000:01:00.0 10.9.0.2 10.9.0.1\nserver 10.9.0.2 1\n");
	cr_assert_str_eq(p->services[0].name, "udp-echo");
}

/* A line for each, and the plan as well. */
Test(dperf, what_is_left_out_is_said)
{
	struct answer a;
	size_t lines = 0;

	type(with_file("--dperf-conf",
		       "mode client\ncpu 0\ntx_burst 64\nwait 5\nrss\ncps 1k\n" ENDS, ""),
	     &a);
	for (const char *at = a.err; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	cr_assert_eq(a.status, 0);
	cr_assert_eq(lines, 4, "%s", a.err);
	cr_assert_not_null(strstr(a.err, "left out: tx_burst: "), "%s", a.err);
	cr_assert_not_null(strstr(a.out, "1000/s"));
}

Test(dperf, what_cannot_be_is_refused_by_name)
{
	static const char *const cases[][2] = {
		{ ENDS "vxlan 1 a b c 1 d 1\n", "line 4: vxlan: there are no tunnels" },
		{ ENDS "vlan 5\n", "vlan: the stack knows no VLAN tags" },
		{ ENDS "kni\n", "kni" },
		{ ENDS "change_dip 10.9.0.9 1 5\n", "change_dip" },
		{ ENDS "tos 0x10\n", "tos" },
		{ ENDS "http_method POST\n", "GET" },
		{ ENDS "frobnicate\n", "frobnicate: dperf has no such keyword" },
		{ ENDS "mode both\n", "client or server" },
		{ ENDS "mode\n", "a value is missing" },
		{ ENDS "mode client server\n", "a value too many" },
		{ ENDS "cps lots\n", "cps: it is not a number" },
		{ ENDS "duration 5x\n", "duration" },
		{ ENDS "duration -5\n", "duration" },
		{ ENDS "listen 65530 10\n", "above 65535" },
		{ ENDS "client 10.9.0.5 300\n", "client" },
		{ ENDS "client 10.9.0.5 3\n", "there is a second one" },
		{ ENDS ENDS, "there is a second one" },
		{ ENDS "keepalive 1ms\n", "keepalive without cc" },
		{ ENDS "protocol udp\n", "udp without cc" },
		{ "port bond4:2(a,b) 10.9.0.2 10.9.0.1\n", "net_bonding0" },
		{ "mode client\n", "port is missing" },
		{ "port p 10.9.0.2 10.9.0.1\nserver 10.9.0.3 1\n", "client is missing" },
		{ "port p 2001:db8::2 2001:db8::1\nclient 2001:db8::2 1\nserver 2001:db8::3 1\n",
		  "not an IPv4 address" },
	};

	for (size_t i = 0; i < N(cases); i++)
		refused(with_file("--dperf-conf", cases[i][0], ""), cases[i][1]);
}
