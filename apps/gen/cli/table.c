/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All options but those of the stack and the port, which apps/options has.
 */
#include <stdlib.h>
#include <string.h>

#include "gen/cli/reading.h"
#include "gen/units.h"

#define SERVED (IN(MODE_CRR) | IN(MODE_RR) | IN(MODE_STREAM))
#define REQUESTS (IN(MODE_CRR) | IN(MODE_RR))
#define CONNECTED (IN(MODE_CRR) | IN(MODE_RR) | IN(MODE_HOLD))
#define FRAMES (IN(MODE_FLOOD) | IN(MODE_RR))

#define HOUR_NS (3600 * TERN_S)

/* clang-format off */
#define ROW(name_, letter_, arg_, text_, modes_, read_) \
	.name = name_, .letter = letter_, .arg = arg_, .text = text_, .modes = modes_, .read = read_
#define HEADING(words) { .text = words }
#define OPTION(...) { ROW(__VA_ARGS__) }
#define OPTIONAL(...) { ROW(__VA_ARGS__), .value_optional = true }
#define HIDDEN(...) { ROW(__VA_ARGS__), .hidden = true }
#define VALUE(name_, letter_, arg_, text_, modes_, read_, member, from, to) \
	{ ROW(name_, letter_, arg_, text_, modes_, read_), \
	  .at = offsetof(struct plan, member), .least = from, .most = to }
/* clang-format on */

const struct row rows[] = {
	HEADING("Load:"),
	OPTION("rate", 'R', "RATE",
	       "open loop: so many a second, such as 500k; default: closed loop", IN_SCHEDULED,
	       read_rate),
	VALUE("connections", 'c', "N",
	      "connections; closed loop keeps so many at work; default 1, in open loop of rr 64",
	      CONNECTED, read_count32, connections, 1, 1u << 27),
	VALUE("depth", 'D', "N", "requests under way on a connection; default 1", IN(MODE_RR),
	      read_count32, depth, 1, 1u << 16),
	OPTION("pacing", 0, "HOW", "uniform (default), poisson or burst:N", IN_SCHEDULED,
	       read_pacing),
	VALUE("seed", 0, "N", "of all that is random; default: another one each time, printed",
	      IN_ALL, read_count, seed, 0, (uint64_t)1 << 53),
	VALUE("max-outstanding", 0, "N",
	      "open loop: what is due while so many are under way is shed; default 16384",
	      IN(MODE_CRR) | IN(MODE_RR) | IN(MODE_HOLD), read_count32, max_outstanding, 1,
	      1u << 27),
	OPTION("ramp", 0, "PARTS",
	       "open loop, rates over time: FROM:TO:TIME, hold:TIME or TO:TIME, such as "
	       "0:500k:10s,hold:30s,0:5s",
	       IN_SCHEDULED, read_ramp),
	OPTION("step", 0, "STEPS", "open loop in steps: FROM:TO:BY:TIME, such as 100k:1m:100k:5s",
	       IN_SCHEDULED, read_step),
	VALUE("duration", 'd', "TIME", "length of a run; default 10s, or as long as --ramp", IN_ALL,
	      read_time, duration_ns, TERN_MS, TIME_MOST_NS),
	VALUE("omit", 'O', "TIME", "warm-up before it that does not count; default 0s", IN_CLIENTS,
	      read_time, omit_ns, 0, TIME_MOST_NS),
	VALUE("count", 'n', "N", "end after so many transactions, or packets",
	      IN_SCHEDULED | IN(MODE_STREAM), read_count, count, 1, (uint64_t)1 << 53),
	VALUE("repeat", 0, "N", "run so often; default 1, with --ci 30 at most", IN_CLIENTS,
	      read_count32, repeat, 1, 1000),
	OPTION("ci", 0, "C:W",
	       "repeat until half the confidence interval is within W of the mean, such as 95:2%",
	       IN_CLIENTS, read_ci),
	VALUE("timeout", 0, "TIME", "give a transaction up after that; default 5s", IN_CLIENTS,
	      read_time, timeout_ns, TERN_MS, HOUR_NS),
	HEADING("Content:"),
	OPTION("proto", 0, "P",
	       "tcp, udp, icmp, http or, in a flood, syn; default: udp in a flood, http on port 80 "
	       "or "
	       "with --url, else tcp",
	       IN_CLIENTS, read_proto),
	VALUE("req", 0, "BYTES", "length of a request; default 64, or as the file has it",
	      REQUESTS | IN(MODE_SERVER), read_bytes32, req_bytes, 1, 1u << 30),
	VALUE("rsp", 0, "BYTES",
	      "length of a response; default: of the request (echo), of HTTP whatever comes; of a "
	      "server: what HTTP and respond send",
	      REQUESTS | IN(MODE_SERVER), read_bytes32, rsp_bytes, 1, 1u << 30),
	OPTION("url", 0, "PATH", "what HTTP is asked for; default /", SERVED, read_url),
	OPTION("header", 0, "K:V", "one more field in an HTTP request; repeatable", SERVED,
	       read_header),
	OPTION("payload", 0, "P", "zero (default), random, prbs or file:NAME", SERVED | FRAMES,
	       read_payload),
	VALUE("verify", 0, NULL, "compare what comes back, byte by byte", SERVED | FRAMES,
	      read_flag, verify, 0, 0),
	OPTION("size", 0, "SIZES",
	       "frame sizes with FCS, in turn, such as 64 (default) or 64,512,1518", FRAMES,
	       read_sizes),
	OPTION("sizes", 0, "SIZES", "the same; of rfc2544 and rfc8219: tried one after the other",
	       FRAMES, read_sizes),
	OPTION("imix", 0, "MIX",
	       "simple, trex, SIZE:TIMES,... such as 64:7,570:4,1518:1, or the letters of RFC 6985",
	       FRAMES, read_imix),
	HEADING("TCP:"),
	OPTION("tcp", 0, "KIND",
	       "full (default): the TCP of tern; lite: a compact client for tens of millions of "
	       "connections",
	       IN_TCP, read_tcp),
	OPTION("close", 0, "HOW", "fin (default) or rst: how crr ends a connection", IN(MODE_CRR),
	       read_close),
	OPTION("mss", 0, "BYTES", "longest segment; default: as the port has it",
	       IN_TCP | IN(MODE_SERVER), read_mss),
	HIDDEN("ipv6", 0, NULL, "the stack speaks IPv4 only", IN_ALL, read_refused),
	HIDDEN("mix", 0, "MIX", "one mode at a time: start tern-gen for each of them", IN_ALL,
	       read_refused),
	HEADING("Addresses:"),
	OPTION("port", 0, "NAME,ip=A/N,gw=A,mac=M",
	       "the port and its address, as --port-name, --addr and --gw; mac: of the next hop, "
	       "which is asked for by ARP else",
	       IN_ALL, read_port),
	OPTION("src", 0, "A-B", "addresses that clients have; default: that of the port",
	       IN_CLIENTS, read_src),
	OPTION("sport", 0, "N-M", "ports that clients have; default 1024-65535", IN_CLIENTS,
	       read_sport),
	HEADING("Streams:"),
	VALUE("parallel", 'P', "N", "so many at once; default 1", IN(MODE_STREAM), read_count32,
	      parallel, 1, 1u << 20),
	VALUE("reverse", 0, NULL, "from the target to us", IN(MODE_STREAM), read_flag, reverse, 0,
	      0),
	VALUE("bidir", 0, NULL, "both ways", IN(MODE_STREAM), read_flag, bidir, 0, 0),
	HEADING("Replay:"),
	OPTION("speed", 0, "X", "so often as fast as in the file; default 1.0", IN(MODE_REPLAY),
	       read_speed),
	VALUE("loop", 0, "N",
	      "how often the file is sent; default 1, with --duration until it is over",
	      IN(MODE_REPLAY), read_count, loops, 1, (uint64_t)1 << 53),
	HEADING("Judging:"),
	OPTION("slo", 0, "LIST",
	       "what is to be reached, or the exit status is 3, such as "
	       "connect.p99<500us,ttlb.p99.9<2ms,errors<0.001%,resp/s>100k",
	       IN_CLIENTS, read_slo),
	VALUE("keep", 0, NULL, "intervals in which we were disturbed count as well", IN_CLIENTS,
	      read_flag, keep, 0, 0),
	HEADING("Search and suites:"),
	OPTION("metric", 0, "M", "what is searched for: cps, rps, pps, bps or cc; default: by mode",
	       IN_CLIENTS, read_metric),
	VALUE("min", 0, "RATE", "search from here", IN_CLIENTS, read_amount, least, 1,
	      (uint64_t)1 << 50),
	VALUE("max", 0, "RATE", "up to here; default: as far as it goes", IN_CLIENTS, read_amount,
	      most, 1, (uint64_t)1 << 50),
	OPTION("goal", 0, "LOSS", "loss that is allowed, such as 0 or 0.5%; repeatable; default 0",
	       IN_CLIENTS, read_goal),
	OPTION("trial", 0, "T:T",
	       "shortest and longest trial; default 1s:60s, of the suites as their RFC says",
	       IN_CLIENTS, read_trial),
	OPTION("precision", 0, "N%", "how exact; default 1%", IN_CLIENTS, read_precision),
	OPTION("tests", 0, "LIST",
	       "which of the suite, such as throughput,latency,loss,b2b; default: all", IN_CLIENTS,
	       read_tests),
	HEADING("Output:"),
	VALUE("interval", 'i', "TIME", "a line so often; default 1s", IN_ALL, read_time,
	      interval_ns, 10 * TERN_MS, HOUR_NS),
	OPTIONAL("json", 'J', "FILE",
		 "the result as JSON; without FILE on stdout, and nothing else there", IN_CLIENTS,
		 read_json),
	OPTIONAL("json-stream", 0, "FILE", "each interval as a line of JSON", IN_CLIENTS,
		 read_json_stream),
	VALUE("csv", 0, "FILE", "each interval as a line of CSV", IN_CLIENTS, read_text, csv, 0, 0),
	VALUE("hgrm", 0, "FILE", "latency distributions for HdrHistogram's plotter", IN_CLIENTS,
	      read_text, hgrm, 0, 0),
	VALUE("hlog", 0, "FILE", "histograms of all intervals", IN_CLIENTS, read_text, hlog, 0, 0),
	VALUE("prom-file", 0, "FILE", "counters for Prometheus, written each interval", IN_CLIENTS,
	      read_text, prom_file, 0, 0),
	OPTION("prom-listen", 0, "A:PORT", "the same, served over HTTP", IN_CLIENTS, read_listen),
	OPTION("plot", 0, "FILE", "a picture, .svg or .png, by gnuplot", IN_CLIENTS, read_plot),
	OPTION("capture-failed", 0, "FILE,most=N,frames=N,snap=N",
	       "frames of what failed, as pcapng: of most=100 failures, from the last "
	       "frames=32768 of each core, snap=200 bytes of each",
	       IN_TCP, read_capture_failed),
	VALUE("tui", 0, NULL, "a live page", IN_CLIENTS, read_flag, tui, 0, 0),
	VALUE("quiet", 0, NULL, "no lines while it runs", IN_ALL, read_flag, quiet, 0, 0),
	VALUE("title", 0, "TEXT", "goes into the result", IN_CLIENTS, read_text, title, 0, 0),
	OPTION("tag", 0, "K=V", "goes into the result; repeatable", IN_CLIENTS, read_tag),
	HEADING("Other:"),
	VALUE("sim", 0, NULL,
	      "in virtual time against a server in the same process: the same for the same seed",
	      IN_CLIENTS, read_flag, sim, 0, 0),
	OPTION("config", 0, "FILE", "options from a file: their long names as keys", IN_ALL,
	       read_config),
	OPTION("dperf-conf", 0, "FILE", "options from a file of dperf", IN_ALL, read_dperf_conf),
	VALUE("dry-run", 0, NULL, "print what was understood, and end", IN_ALL, read_flag, dry_run,
	      0, 0),
	HIDDEN("mode", 0, "WORDS", "of a file: the mode", IN_ALL, read_mode_word),
	HIDDEN("target", 0, "WORDS", "of a file: what stands behind it", IN_ALL, read_target_word),
};

const unsigned int rows_n = sizeof(rows) / sizeof(rows[0]);

_Static_assert(sizeof(rows) / sizeof(rows[0]) <= OPTIONS_MAX, "struct reading has room for all");

unsigned int
row_of(const char *name)
{
	for (unsigned int i = 0; i < rows_n; i++)
		if (rows[i].name != NULL && strcmp(rows[i].name, name) == 0)
			return i;
	abort();
}

bool
is_given(const struct reading *r, const char *name)
{
	return r->given[row_of(name)];
}
