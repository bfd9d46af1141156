/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line: what is read into the plan, what is refused, and with which words.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "gen/options.h"
#include "typed.h"

#define PORT "--port net_tap0,ip=10.9.0.2/24,gw=10.9.0.1 "
#define N(list) (sizeof(list) / sizeof((list)[0]))

static struct plan plan;

static const struct plan *
plan_of(const char *line)
{
	plan_free(&plan);
	type_here(line, &plan);
	return &plan;
}

static bool
is(struct tern_addr addr, const char *text)
{
	struct tern_addr want;

	return tern_addr_parse(text, &want, NULL) == 0 && tern_addr_equal(addr, want);
}

Test(options, the_examples_of_the_manual_are_read)
{
	const struct plan *p;

	cr_assert_eq(type_here("-l1 --no-pci -- crr -R 500k -d 30s -O 3s "
			       "--port net_memif0,ip=10.9.0.2/24 --slo errors<0.001% -J out.json "
			       "10.9.0.1:80",
			       &plan),
		     3);
	p = &plan;
	cr_assert_eq(p->mode, MODE_CRR);
	cr_assert(p->open_loop && p->offered == 500000);
	cr_assert_eq(p->duration_ns, 30 * TERN_S);
	cr_assert_eq(p->omit_ns, 3 * TERN_S);
	cr_assert_eq(profile_total_ns(&p->profile), 33 * TERN_S);
	cr_assert_str_eq(p->options.run.port, "net_memif0");
	cr_assert_eq(p->options.addrs[0].prefix, 96 + 24);
	cr_assert_eq(p->slos_n, 1);
	cr_assert_str_eq(p->json, "out.json");
	cr_assert_not(p->json_stdout);
	cr_assert(is(p->target, "10.9.0.1") && p->target_port == 80);

	p = plan_of("rr --proto udp -c 512 " PORT "10.9.0.1:7");
	cr_assert(p->mode == MODE_RR && p->proto == PROTO_UDP && !p->open_loop);
	cr_assert(p->connections == 512 && p->max_outstanding == 512);

	p = plan_of("search --metric cps --goal 0 --trial 2s:20s crr " PORT "10.9.0.1:80");
	cr_assert(p->suite == SUITE_SEARCH && p->mode == MODE_CRR && p->metric == METRIC_CPS);
	cr_assert(p->goals_n == 1 && p->goals[0] == 0);
	cr_assert_eq(p->trial_least_ns, 2 * TERN_S);
	cr_assert_eq(p->trial_most_ns, 20 * TERN_S);

	p = plan_of("rfc2544 --tests throughput,latency,loss,b2b --sizes 64,512,1518 "
		    "--json r.json " PORT);
	cr_assert(p->suite == SUITE_RFC2544 && p->mode == MODE_RR && p->proto == PROTO_UDP);
	cr_assert_str_eq(p->tests, "throughput,latency,loss,b2b");
	cr_assert(p->imix.n == 3 && p->imix.size[2].bytes == 1518);
	cr_assert(is(p->target, "10.9.0.1") && p->target_port == 7);
}

/* argp puts words behind options, and the EAL writes into its part: the plan has what was typed. */
Test(options, the_command_line_is_kept_as_it_was_typed)
{
	char line[256], again[256] = "";

	for (int file = 0; file < 2; file++) {
		snprintf(line, sizeof(line), "tern-gen -l 1 -- crr -R 5k " PORT "10.9.0.1:80%s%s",
			 file ? " --config " : " -d 1s", file ? typed_file("rate = 1k\n") : "");
		type_here(line + strlen("tern-gen "), &plan);
		again[0] = '\0';
		for (int i = 0; i < plan.argc; i++) {
			strcat(again, i > 0 ? " " : "");
			strcat(again, plan.argv[i]);
		}
		cr_assert_str_eq(again, line);
	}
}

Test(options, what_is_not_given_has_a_sensible_value)
{
	const struct plan *p = plan_of("crr " PORT "10.9.0.1:8080");

	cr_assert_not(p->open_loop);
	cr_assert_eq(p->proto, PROTO_TCP);
	cr_assert(p->connections == 1 && p->depth == 1 && p->max_outstanding == 1);
	cr_assert(p->duration_ns == 10 * TERN_S && p->omit_ns == 0);
	cr_assert(p->interval_ns == TERN_S && p->timeout_ns == 5 * TERN_S);
	cr_assert(p->req_bytes == 64 && p->rsp_bytes == 64 && p->repeat == 1);
	cr_assert(tern_addr_is_any(p->src_first) && p->sport_first == 1024);
	cr_assert_eq(p->metric, METRIC_CPS);
	cr_assert_eq(p->options.config.port_max, 65535);

	p = plan_of("rr -R 1k " PORT "10.9.0.1:7");
	cr_assert(p->connections == 64 && p->max_outstanding == 16384);
	p = plan_of("flood " PORT "10.9.0.1:9");
	cr_assert(p->proto == PROTO_UDP && p->imix.n == 1 && p->imix.size[0].bytes == 64);
	p = plan_of("crr --verify " PORT "10.9.0.1:7");
	cr_assert(p->verify && p->payload == PAYLOAD_PRBS);
	p = plan_of("crr -n 1k " PORT "10.9.0.1:7");
	cr_assert(p->count == 1000 && p->duration_ns > 86400 * TERN_S);
	p = plan_of("server http echo:7007 udp-echo " PORT);
	cr_assert(p->duration_ns == 0 && p->services_n == 3);
	cr_assert(p->services[0].port == 80 && p->services[1].port == 7007);
	cr_assert_eq(p->rsp_bytes, 0);
	cr_assert(p->services[2].port == 7);
	cr_assert_eq(plan_of("server " PORT)->services_n, 0);
	cr_assert_eq(plan_of("server respond:99 --req 5 --rsp 1k " PORT)->rsp_bytes, 1024);
	cr_assert_eq(plan_of("rr " PORT "10.9.0.1:80")->rsp_bytes, 0);
	cr_assert_eq(plan_of("rr --rsp 1k " PORT "10.9.0.1:80")->rsp_bytes, 1024);
}

Test(options, http_is_what_port_80_and_urls_mean)
{
	cr_assert_eq(plan_of("crr " PORT "10.9.0.1:80")->proto, PROTO_HTTP);
	cr_assert_eq(plan_of("crr --url /a " PORT "10.9.0.1:8080")->proto, PROTO_HTTP);
	cr_assert_eq(plan_of("crr --proto tcp " PORT "10.9.0.1:80")->proto, PROTO_TCP);
	cr_assert_eq(plan_of("hold " PORT "10.9.0.1:80")->proto, PROTO_TCP);
	for (int reverse = 0; reverse < 2; reverse++) { /* a GET is that, whether said or not */
		const struct plan *p = plan_of(reverse ? "stream --reverse " PORT "10.9.0.1:80" :
							 "stream -P 4 " PORT "10.9.0.1:80");

		cr_assert(p->proto == PROTO_HTTP && p->reverse && !p->bidir);
	}
	cr_assert_eq(plan_of("stream --verify --url /a " PORT "10.9.0.1:8080")->proto, PROTO_HTTP);
	cr_assert_not(plan_of("stream --proto tcp " PORT "10.9.0.1:80")->reverse);
	cr_assert_eq(plan_of("rr --proto http " PORT "10.9.0.1")->target_port, 80);
	cr_assert_str_eq(
		plan_of("rr --url / --header A:b --header C:\td " PORT "10.9.0.1")->headers,
		"A: b\r\nC: d\r\n");
}

Test(options, seeds_are_drawn_or_taken)
{
	uint64_t drawn = plan_of("crr " PORT "10.9.0.1:7")->seed;

	cr_assert_neq(drawn, plan_of("crr " PORT "10.9.0.1:7")->seed);
	cr_assert_eq(plan_of("crr --seed 7 " PORT "10.9.0.1:7")->seed, 7);
	cr_assert_eq(plan.options.run.faults.seed, 7);
}

Test(options, rates_over_time_make_the_duration)
{
	const struct plan *p = plan_of("crr --ramp 0:500k:10s,hold:30s,0:5s -O 10s "
				       "--pacing poisson " PORT "10.9.0.1:80");

	cr_assert(p->open_loop && p->offered == 0 && p->profile.n == 3);
	cr_assert_eq(p->duration_ns, 35 * TERN_S);
	cr_assert_eq(p->profile.pacing, PACING_POISSON);
	p = plan_of("crr --step 100k:1m:100k:5s -d 20s " PORT "10.9.0.1:80");
	cr_assert(p->profile.n == 10 && p->duration_ns == 20 * TERN_S);
}

Test(options, sources_are_ranges)
{
	const struct plan *p =
		plan_of("hold -c 10m --tcp lite --src 10.9.0.10-10.9.0.250 " PORT "10.9.0.1:80");

	cr_assert(p->lite && p->connections == 10000000);
	cr_assert(is(p->src_first, "10.9.0.10") && is(p->src_last, "10.9.0.250"));
	cr_assert_geq(p->options.config.addresses, 242);
	p = plan_of("flood --proto syn --src 198.18.0.1-198.19.255.254 --sport 5000 " PORT
		    "10.9.0.1:80");
	cr_assert(p->sport_first == 5000 && p->sport_last == 5000);
	cr_assert(is(p->src_last, "198.19.255.254"));
}

/* Who is told where frames go needs no ARP, and no way. */
Test(options, the_next_hop_may_be_given)
{
	const struct plan *p = plan_of("flood --port a,ip=198.18.0.1/24,mac=02:00:00:00:00:05 "
				       "198.19.0.1:7");

	cr_assert(p->has_next_hop && p->next_hop.addr_bytes[5] == 5);
}

Test(options, frames_come_in_sizes)
{
	const struct plan *p = plan_of("flood --imix simple " PORT "10.9.0.1:9");

	cr_assert(p->imix.n == 3 && p->imix.size[0].times == 7 && p->imix.size[2].bytes == 1518);
	p = plan_of("flood --imix 64:7,570:4,9216 " PORT "10.9.0.1:9");
	cr_assert(p->imix.n == 3 && p->imix.size[1].bytes == 570 && p->imix.size[2].times == 1);
	p = plan_of("flood --imix aaadgg " PORT "10.9.0.1:9");
	cr_assert(p->imix.n == 3 && p->imix.size[0].times == 3 && p->imix.size[1].bytes == 512);
	cr_assert(p->imix.size[2].bytes == 1518 && p->imix.size[2].times == 2);
	cr_assert(p->imix.in_order);
	p = plan_of("flood --imix ai --mtu 9000 " PORT "10.9.0.1:9");
	cr_assert(p->imix.size[1].bytes == 9000);
}

/* -J FILE and -J alone cannot be told apart by getopt(): by what follows. */
Test(options, json_goes_to_a_file_or_to_stdout)
{
	static const struct {
		const char *line, *json;
	} cases[] = { { "-J crr " PORT "10.9.0.1:80", NULL },
		      { "crr " PORT "-J 10.9.0.1:80", NULL },
		      { "crr " PORT "10.9.0.1:80 -J", NULL },
		      { "crr " PORT "-J -d 1s 10.9.0.1:80", NULL },
		      { "crr " PORT "-J out 10.9.0.1:80", "out" },
		      { "crr " PORT "10.9.0.1:80 --json /tmp/a:b.json", "/tmp/a:b.json" },
		      { "crr " PORT "--json=10.9.0.1:80 10.9.0.1:80", "10.9.0.1:80" } };

	for (size_t i = 0; i < N(cases); i++) {
		const struct plan *p = plan_of(cases[i].line);

		cr_assert_eq(p->json_stdout, cases[i].json == NULL, "%s", cases[i].line);
		if (cases[i].json != NULL)
			cr_assert_str_eq(p->json, cases[i].json);
	}
	cr_assert_str_eq(plan_of("crr " PORT "--json-stream 10.9.0.1:80")->json_stream, "-");
}

Test(options, a_simulation_needs_no_address)
{
	const struct plan *p = plan_of("crr --sim 10.9.0.1:80");

	cr_assert(p->sim && p->options.addrs_n == 1);
	cr_assert(is(p->options.addrs[0].addr, "10.9.0.2"));
}

Test(options, replays_have_a_file_and_perhaps_a_target)
{
	const char *file = typed_file("no capture, but there");
	char line[128];

	snprintf(line, sizeof(line), "replay %s", file);
	cr_assert(plan_of(line)->speed == 1 && plan.loops == 1 && tern_addr_is_any(plan.target));
	snprintf(line, sizeof(line), "replay --rate 1m -d 5s %s 10.9.0.1:5 " PORT, file);
	plan_of(line);
	cr_assert(plan.speed == 0 && plan.replay_pps == 1000000 && plan.loops == 0);
	cr_assert_eq(plan.target_port, 5);
}

Test(options, every_wrong_value_is_one_line_and_status_1)
{
	static const char *const cases[][2] = {
		{ "-R 5kk", "--rate" },
		{ "-R 0", "from 1 to 1g" },
		{ "-R 2g", "from 1 to 1g" },
		{ "-R -1", "--rate" },
		{ "-c 0", "from 1 to 134217728" },
		{ "-c 1.5", "whole number" },
		{ "-d 5", "such as 30s" },
		{ "-d 0s", "--duration" },
		{ "-d 1e400s", "--duration" },
		{ "-i 1us", "--interval" },
		{ "-R 1k --pacing normal", "uniform, poisson or burst:N" },
		{ "--pacing poisson", "give a --rate" },
		{ "--ramp 0:1k:1s:1s", "FROM:TO:TIME" },
		{ "--ramp hold:1s", "nothing to hold" },
		{ "--step 1:2:3", "FROM:TO:BY:TIME" },
		{ "-R 1k --ramp 0:1k:1s", "only one of them" },
		{ "--ramp 0:1k:1s -O 1s", "left out" },
		{ "--ramp 0:1k:1s -d 5s", "over after 1000 ms" },
		{ "--max-outstanding 5", "open loop" },
		{ "--ci 95", "95:2%" },
		{ "--ci 20:2%", "from 50 to 99.9" },
		{ "--ci 95:2% --repeat 2", "three runs" },
		{ "--proto sctp", "tcp, udp, icmp, http" },
		{ "--proto udp", "no crr over udp" },
		{ "--req 0", "--req" },
		{ "--req 2g", "--req" },
		{ "--url index", "a path such as" },
		{ "--header novalue", "Accept:text/html" },
		{ "--header :v", "Accept:text/html" },
		{ "--payload ones", "zero, random, prbs, file:NAME" },
		{ "--payload file:/nowhere", "No such file" },
		{ "--payload file:/tmp", "not a file" },
		{ "--tcp heavy", "full, lite" },
		{ "--close now", "fin, rst" },
		{ "--mss 100", "536 to 9176" },
		{ "--ipv6", "IPv4 only" },
		{ "--mix crr:80,rr:20", "one mode at a time" },
		{ "--src 10.9.0.9-10.9.0.3", "the last comes before the first" },
		{ "--src 10.8.0.9", "no network of ours" },
		{ "--src 10.9.0", "10.9.0.2-10.9.0.250" },
		{ "--sport 0-5", "1024-65535" },
		{ "--sport 9-5", "1024-65535" },
		{ "-c 70000", "pairs of address and port" },
		{ "--slo connect<5ms", "none of connect" },
		{ "--slo connect.p99<5", "500us" },
		{ "--slo errors", "neither < nor >" },
		{ "--goal 0.5%", "for search" },
		{ "--trial 1s:60s", "for search" },
		{ "--tests loss", "for search" },
		{ "--imix simple", "no meaning in mode crr" },
		{ "--depth 5", "no meaning in mode crr" },
		{ "--speed 2", "no meaning in mode crr" },
		{ "--reverse", "no meaning in mode crr" },
		{ "--prom-listen 9100", "127.0.0.1:9100" },
		{ "--plot a.gif", ".svg or .png" },
		{ "--tag novalue", "host=a" },
		{ "--title=", "empty" },
		{ "--tui --quiet", "only one of them" },
		{ "--tui -J", "--tui and --json: only one of them can be on stdout" },
		{ "--tui --hlog -", "--tui and --hlog: only one of them can be on stdout" },
		{ "-J --json-stream", "only one of them can be on stdout" },
		{ "--csv - --json=-", "--json and --csv: only one of them can be on stdout" },
		{ "--impair fog=1%", "none of loss" },
		{ "--impair loss=1", "share" },
		{ "--gw 10.8.0.1", "on no network" },
		{ "--addr 10.9.0.3", "prefix" },
		{ "--mtu 1", "--mtu" },
		{ "--frobnicate", "--frobnicate" },
		{ "-c", "-c: no such option, or its value is missing" },
		{ "10.9.0.1:8", "\"10.9.0.1:8\" is one word too many" },
		{ "--capture-failed ,most=5", "name of a file is missing" },
		{ "--capture-failed f,most", "most= is not a whole number from 1 to 10000" },
		{ "--capture-failed f,most=0", "from 1 to 10000" },
		{ "--capture-failed f,frames=5", "from 1024 to 16777216" },
		{ "--capture-failed f,snap=50", "from 96 to 16384" },
		{ "--capture-failed f,most=1k,frames=2k", "8 at least of each" },
		{ "--capture-failed f,all", "\"all\" is none of most, frames, snap" },
		{ "--config /nowhere", "No such file" },
		{ "--dperf-conf /nowhere", "No such file" },
	};
	char line[512];

	for (size_t i = 0; i < N(cases); i++) {
		snprintf(line, sizeof(line), "crr " PORT "10.9.0.1:7 %s", cases[i][0]);
		refused(line, cases[i][1]);
	}
}

Test(options, what_is_missing_or_does_not_fit_is_told)
{
	static const char *const cases[][2] = {
		{ PORT, "MODE is missing" },
		{ "smtp " PORT "10.9.0.1:25", "\"smtp\" is no mode" },
		{ "none crr " PORT "10.9.0.1:25", "\"none\" is no mode" },
		{ "search " PORT, "search needs a mode" },
		{ "search server " PORT, "cannot be run with server" },
		{ "search crr -R 5k " PORT "10.9.0.1:80", "finds rates itself" },
		{ "search crr --min 5k --max 5k " PORT "10.9.0.1:80", "not below --max" },
		{ "search crr --goal 100% " PORT "10.9.0.1:80", "--goal" },
		{ "search crr --trial 5s:1s " PORT "10.9.0.1:80", "SHORTEST:LONGEST" },
		{ "search crr --precision 90% " PORT "10.9.0.1:80", "--precision" },
		{ "search crr --metric mps " PORT "10.9.0.1:80", "cps, rps, pps, bps, cc" },
		{ "search crr -n 5 " PORT "10.9.0.1:80", "end of its own" },
		{ "rfc2544 crr " PORT "10.9.0.1:80", "cannot be run with crr" },
		{ "rfc2544 --addr 10.9.0.2/24", "TARGET is missing" },
		{ "rfc2544 --tests a,,b " PORT, "--tests" },
		{ "crr " PORT, "TARGET is missing" },
		{ "crr 10.9.0.1:80", "our address is missing" },
		{ "crr " PORT "10.9.0.1", "lacks a port" },
		{ "crr " PORT "localhost:80", "not a target" },
		{ "crr " PORT "10.9.0.1:0", "1 to 65535" },
		{ "crr " PORT "10.9.0.1:99999", "1 to 65535" },
		{ "crr " PORT "[2001:db8::1]:80", "IPv4 only" },
		{ "crr " PORT "2001:db8::1", "IPv4 only" },
		{ "crr " PORT "10.9.0.2:80", "our own address" },
		{ "crr --addr 10.9.0.2/24 10.8.0.1:80", "no gateway" },
		{ "crr --port net_tap0,10.9.0.2 10.9.0.1:80", "ip=10.9.0.2/24" },
		{ "crr --port ip=10.9.0.2/24 10.9.0.1:80", "name of a port" },
		{ "crr " PORT "--port net_tap1 10.9.0.1:80", "it can only be one" },
		{ "crr --port a,ip=10.9.0.2/24,vlan=5 10.9.0.1:80", "VLAN" },
		{ "crr --port a,mac=1 10.9.0.1:80", "not a link address" },
		{ "crr --port a,dns=1 10.9.0.1:80", "none of ip, gw, mac" },
		{ "rr --proto icmp " PORT "10.9.0.1:7", "no ports" },
		{ "rr --proto udp --req 1473 " PORT "10.9.0.1:7", "MTU" },
		{ "rr --proto udp --rsp 5 " PORT "10.9.0.1:7", "is for tcp" },
		{ "rr --proto udp --tcp lite " PORT "10.9.0.1:7", "is for tcp and http" },
		{ "rr --req 5 " PORT "10.9.0.1:80", "not for http" },
		{ "rr --url / --proto tcp " PORT "10.9.0.1:80", "is for http" },
		{ "rr --size 64 " PORT "10.9.0.1:7", "udp, icmp and syn" },
		{ "flood --size 63 " PORT "10.9.0.1:7", "64 to 9216" },
		{ "flood --size 64:5 " PORT "10.9.0.1:7", "see --imix" },
		{ "flood --imix 64:0 " PORT "10.9.0.1:7", "64 to 9216" },
		{ "flood --imix abz " PORT "10.9.0.1:7", "RFC 6985" },
		{ "flood --imix ababababababababab " PORT "10.9.0.1:7", "more than 16 sizes" },
		{ "flood --size 64 --imix trex " PORT "10.9.0.1:7", "only one of them" },
		{ "hold -c 1m --src 10.9.0.2-10.9.10.2 " PORT "10.9.0.1:7", "1024 is the most" },
		{ "stream -c 4 " PORT "10.9.0.1:7", "no meaning in mode stream" },
		{ "stream --proto udp " PORT "10.9.0.1:80", "no stream over udp" },
		{ "stream --bidir --url / " PORT "10.9.0.1:80", "what a GET brings" },
		{ "stream --url / --proto tcp " PORT "10.9.0.1:80", "is for http" },
		{ "stream --rsp 5 " PORT "10.9.0.1:80", "no meaning in mode stream" },
		{ "stream -n 5 " PORT "10.9.0.1:7", "--count is for streams over http" },
		{ "stream -R 5k " PORT "10.9.0.1:80", "no meaning in mode stream" },
		{ "stream --payload prbs " PORT "10.9.0.1:80", "carries none" },
		{ "stream --verify " PORT "10.9.0.1:7", "nothing comes back" },
		{ "rr --verify --rsp 5 " PORT "10.9.0.1:7", "as long as the request" },
		{ "rr --payload prbs " PORT "10.9.0.1:80", "carries none" },
		{ "rr --payload file:/etc/passwd " PORT "10.9.0.1:80", "give --verify" },
		{ "rr --proto udp --imix simple " PORT "10.9.0.1:7", "frames of one size" },
		{ "stream --tcp lite " PORT "10.9.0.1:7", "for crr, rr and hold" },
		{ "search stream --tcp lite " PORT "10.9.0.1:7", "for crr, rr and hold" },
		{ "rr --tcp lite -D 2 " PORT "10.9.0.1:7", "one request under way" },
		{ "rr --proto icmp -D 257 " PORT "10.9.0.1", "256 at most" },
		{ "rr --proto udp -c 101 --sport 1000-1099 " PORT "10.9.0.1:7", "make 100" },
		{ "rr --proto icmp -c 101 --sport 1000-1099 " PORT "10.9.0.1", "make 100" },
		{ "server --sim http", "no meaning in mode server" },
		{ "replay /etc/passwd --sim", "TARGET" },
		{ "flood --size 1519 --sim 10.9.0.1:7", "1518" },
		{ "-l 1 -- crr --sim 10.9.0.1:80", "no EAL options" },
		{ "stream --reverse --bidir " PORT "10.9.0.1:7", "only one of them" },
		{ "rr -c 128m -D 64k " PORT "10.9.0.1:7", "4294967295" },
		{ "replay " PORT, "the file is missing" },
		{ "replay /nowhere.pcap " PORT, "No such file" },
		{ "replay /etc/passwd --speed 0 " PORT, "--speed" },
		{ "replay /etc/passwd --speed 2 -R 5k " PORT, "only one of them" },
		{ "server respond " PORT, "respond:5000" },
		{ "server smtp:25 " PORT, "none of http, echo" },
		{ "server iperf3:5201 " PORT, "\"iperf3:5201\" is none of" },
		{ "server http:0 " PORT, "1 to 65535" },
		{ "server -R 5 http " PORT, "no meaning in mode server" },
		{ "flood --capture-failed f " PORT "10.9.0.1:7", "no meaning in mode flood" },
		{ "-l 1 -- crr", "TARGET is missing" },
	};

	for (size_t i = 0; i < N(cases); i++)
		refused(cases[i][0], cases[i][1]);
}

Test(options, help_names_all_and_ends_well)
{
	static const char *const words[] = { "--rate",
					     "--imix",
					     "--addr",
					     "--impair",
					     "--slo",
					     "--dperf-conf",
					     "search MODE TARGET",
					     "Exit status",
					     "--mbufs",
					     "replay" };
	struct answer a;

	type("--help", &a);
	cr_assert_eq(a.status, 0);
	cr_assert_str_empty(a.err);
	for (size_t i = 0; i < N(words); i++)
		cr_assert_not_null(strstr(a.out, words[i]), "%s", words[i]);
	cr_assert_null(strstr(a.out, "--ipv6"), "what is always refused is not offered");
}

Test(options, the_plan_is_printed_as_it_was_read)
{
	printed("crr -R 500k " PORT "10.9.0.1:80", "open loop, uniform, 500000/s, latency from "
						   "intended send time");
	printed("rr -c 8 -D 4 " PORT "10.9.0.1:7", "closed loop, 32 outstanding");
	printed("crr --seed 42 " PORT "10.9.0.1:80", "seed         42\n");
	printed("flood --imix trex " PORT "10.9.0.1:9", "64:7, 594:4, 1518:1");
	printed("crr --impair loss=0.1%,delay=2ms,dup=0.1%,corrupt=1e-6 " PORT "10.9.0.1:80",
		"loss 0.1%, dup 0.1%, corrupt 0.0001%, delay 2ms");
	printed("crr --slo connect.p99<500us,errors<1% " PORT "10.9.0.1:80", "errors<1%\n");
	printed("crr --capture-failed a.pcapng,frames=5k,most=50 " PORT "10.9.0.1:80",
		"a.pcapng: 50 failures, from the last 8192 frames of each core, 200 bytes of each");
	printed("search rr --goal 0.5% --goal 0 " PORT "10.9.0.1:7", "loss of at most 0.5%\n");
}

static uint32_t
draw(uint32_t below)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % below;
}

/* Right values with something wrong in them: cut off, doubled, with other characters. */
static void
spoil(char *text, size_t bytes)
{
	static const char characters[] = "0123456789:,.-/%kmgs<>=px\xff";
	size_t len = strlen(text);

	for (uint32_t n = 1 + draw(3); n > 0 && len > 0; n--)
		switch (draw(3)) {
		case 0:
			text[draw((uint32_t)len)] = characters[draw(sizeof(characters) - 1)];
			break;
		case 1:
			text[len = draw((uint32_t)len)] = '\0';
			break;
		default:
			if (2 * len + 1 < bytes)
				memmove(text + len, text, len + 1);
			len = strlen(text);
		}
}

/* Whatever is typed: it is read, or it is one line and status 1. */
Test(options, nonsense_is_read_or_refused)
{
	static const char *const rights[] = {
		"-R 500k/s",
		"--ramp 0:500k:10s,hold:30s,0:5s",
		"--step 100k:1m:100k:5s",
		"-R 1k --pacing burst:8",
		"--ci 95:2%",
		"--header Accept:text/html",
		"--src 10.9.0.10-10.9.0.250",
		"--sport 1024-65535",
		"--slo connect.p99<500us,ttlb.p99.9<2ms,errors<0.001%,resp/s>100k",
		"--impair loss=0.1%,delay=2ms,jitter=1ms,reorder=0.5%,dup=0.1%,corrupt=1e-6",
		"--port net_tap0,ip=10.9.0.3/24,gw=10.9.0.1,mac=02:00:00:00:00:01",
		"--prom-listen 127.0.0.1:9100",
		"--tag a=b",
		"--seed 12345",
		"--payload random",
		"--timeout 500ms",
		"--capture-failed f,most=10,frames=2k,snap=100",
	};
	unsigned int read = 0, rounds = 600;
	char value[512], line[1024];
	struct answer a;

	for (unsigned int i = 0; i < rounds; i++) {
		const char *right = rights[i % N(rights)], *space = strrchr(right, ' ');

		snprintf(value, sizeof(value), "%s", space + 1);
		spoil(value, sizeof(value));
		snprintf(line, sizeof(line), "crr " PORT "10.9.0.1:80 %.*s%s",
			 (int)(space + 1 - right), right, value);
		type(line, &a);
		cr_assert(a.status == 0 || a.status == 1, "%s: %d", line, a.status);
		cr_assert_eq(a.status, *a.err != '\0', "%s: %s", line, a.err);
		cr_assert(a.status == 0 || strchr(a.err, '\n') == a.err + strlen(a.err) - 1,
			  "%s: %s", line, a.err);
		read += a.status == 0;
	}
	cr_assert(read > 0 && read < rounds, "%u", read);
}
