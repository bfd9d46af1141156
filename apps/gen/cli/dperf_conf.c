/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --dperf-conf FILE: a configuration of dperf, for its client or its server, as options of ours.
 *
 * A line is a keyword and its values, # begins a comment. What has no counterpart here and would
 * change the load is refused; what only tunes dperf itself is left out, and said so.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/cli/reading.h"
#include "gen/units.h"

enum {
	LINE_MOST = 512,
	ARGS_MOST = 16,
	NOTE_MOST = 256,
	SERVICE_MOST = 16, /* "udp-echo:65535 " */
	PREFIX_MOST = 24,
	FCS = 4,
};

/* What dperf takes when its file says nothing. */
static const double CPS = 1000;
static const uint64_t DURATION_NS = 60 * TERN_S, INTERVAL_NS = TERN_S;

struct dperf {
	struct words *words;
	const char *path;
	unsigned int line;
	char *arg[ARGS_MOST]; /* of the line: keyword and values */
	unsigned int args;

	bool server, udp, flood, keepalive;
	double cps, cc;
	uint64_t duration_ns, interval_ns, slow_start_ns, payload_bytes, packet_bytes;
	const char *port, *ip, *gateway, *mac; /* of `port` */
	const char *servers;		       /* the first of `server` */
	uint64_t servers_n, clients_n;
	const char *clients;
	uint64_t listen, listen_n;
};

/* Complaints --------------------------------------------------------------------------------- */

__attribute__((noreturn)) static void
refuse(const struct dperf *d, const char *why)
{
	options_refuse("--dperf-conf: %s line %u: %s: %s", d->path, d->line, d->arg[0], why);
}

static void
note(const struct dperf *d, const char *what, const char *why)
{
	char text[NOTE_MOST], *all, **notes = d->words->notes;
	size_t bytes;

	snprintf(text, sizeof(text), "%s: %s: left out: %s: %s\n", program_invocation_short_name,
		 d->path, what, why);
	bytes = strlen(*notes) + strlen(text) + 1;
	all = keep(d->words->plan, bytes);
	snprintf(all, bytes, "%s%s", *notes, text);
	*notes = all;
}

/* Values ------------------------------------------------------------------------------------- */

static void
want(const struct dperf *d, unsigned int least, unsigned int most)
{
	if (d->args - 1 < least)
		refuse(d, "a value is missing");
	if (d->args - 1 > most)
		refuse(d, "there is a value too many");
}

static const char *
kept(const struct dperf *d, unsigned int i)
{
	return keep_text(d->words->plan, d->arg[i], strlen(d->arg[i]));
}

static double
number(const struct dperf *d, unsigned int i)
{
	double value;

	if (!value_number(d->arg[i], &value))
		refuse(d, "it is not a number such as 100, 2k or 1.5m");
	return value;
}

static uint64_t
whole(const struct dperf *d, unsigned int i, uint64_t least, uint64_t most)
{
	uint64_t value;

	if (!value_count(d->arg[i], least, most, &value))
		refuse(d, "it is not a whole number, or out of range");
	return value;
}

/* 60, 60s, 3.5m, 2h, 1.5d: here m is a minute. */
static uint64_t
duration(const struct dperf *d, unsigned int i)
{
	static const struct {
		const char *unit;
		double s;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	char *end;
	double value = strtod(d->arg[i], &end);
	size_t k = 0, n = sizeof(units) / sizeof(units[0]);

	while (k < n && strcmp(units[k].unit, end) != 0)
		k++;
	if (k == n || end == d->arg[i] || !(value > 0) ||
	    value * units[k].s * 1e9 > (double)TIME_MOST_NS)
		refuse(d, "it is not a time such as 100s, 3.5m or 2h");
	return (uint64_t)(value * units[k].s * 1e9);
}

/* 1ms, 60s, 2us; without a unit seconds. */
static uint64_t
interval(const struct dperf *d, unsigned int i)
{
	uint64_t ns;
	double s;

	if (value_time(d->arg[i], &ns) && ns > 0)
		return ns;
	if (!value_number(d->arg[i], &s) || s <= 0 || s > 86400)
		refuse(d, "it is not a time such as 1ms or 60s");
	return (uint64_t)(s * 1e9);
}

/* Keywords ----------------------------------------------------------------------------------- */

static void
on_mode(struct dperf *d)
{
	want(d, 1, 1);
	d->server = strcmp(d->arg[1], "server") == 0;
	if (!d->server && strcmp(d->arg[1], "client") != 0)
		refuse(d, "it is client or server");
}

/* Whatever the protocol is called, requests and responses are those of HTTP. */
static void
on_protocol(struct dperf *d)
{
	want(d, 1, 1);
	d->udp = strcmp(d->arg[1], "udp") == 0;
	if (!d->udp && strcmp(d->arg[1], "tcp") != 0 && strcmp(d->arg[1], "http") != 0)
		refuse(d, "it is tcp, http or udp");
}

static void
on_cps(struct dperf *d)
{
	want(d, 1, 1);
	d->cps = number(d, 1);
}

static void
on_cc(struct dperf *d)
{
	want(d, 1, 1);
	d->cc = number(d, 1);
}

static void
on_duration(struct dperf *d)
{
	want(d, 1, 1);
	d->duration_ns = duration(d, 1);
}

static void
on_slow_start(struct dperf *d)
{
	want(d, 1, 1);
	d->slow_start_ns = duration(d, 1);
}

static void
on_flood(struct dperf *d)
{
	want(d, 0, 0);
	d->flood = true;
}

static void
on_keepalive(struct dperf *d)
{
	want(d, 1, 2);
	d->keepalive = true;
	d->interval_ns = interval(d, 1);
	if (d->args > 2)
		note(d, "the number of requests in keepalive", "connections stay to the end");
}

static void
on_port(struct dperf *d)
{
	want(d, 3, 4);
	if (d->port != NULL)
		refuse(d, "there is a second one: tern-gen has one port");
	if (strncmp(d->arg[1], "bond", 4) == 0)
		refuse(d, "bonds are made with the EAL: --vdev=net_bonding0,...");
	d->port = kept(d, 1);
	d->ip = kept(d, 2);
	d->gateway = kept(d, 3);
	if (d->args > 4)
		d->mac = kept(d, 4);
}

static void
on_client(struct dperf *d)
{
	uint64_t n;

	want(d, 2, 2);
	n = whole(d, 2, 1, 254);
	if (d->clients == NULL) {
		d->clients = kept(d, 1);
		d->clients_n = n;
	} else if (!d->server) {
		refuse(d, "there is a second one: tern-gen has one port");
	}
}

static void
on_server(struct dperf *d)
{
	want(d, 2, 2);
	if (d->servers != NULL)
		refuse(d, "there is a second one: tern-gen has one port");
	d->servers = kept(d, 1);
	d->servers_n = whole(d, 2, 1, 254);
}

static void
on_listen(struct dperf *d)
{
	want(d, 2, 2);
	d->listen = whole(d, 1, 1, UINT16_MAX);
	d->listen_n = whole(d, 2, 1, UINT16_MAX);
	if (d->listen + d->listen_n - 1 > UINT16_MAX)
		refuse(d, "there are ports above 65535");
}

static void
on_payload_size(struct dperf *d)
{
	want(d, 1, 1);
	d->payload_bytes = whole(d, 1, 1, 1u << 30);
}

static void
on_packet_size(struct dperf *d)
{
	want(d, 1, 1);
	d->packet_bytes = whole(d, 1, 0, UINT16_MAX);
}

/* Keywords that are options of ours, word for word. */
static void
on_mss(struct dperf *d)
{
	want(d, 1, 1);
	add_word(d->words, "mss", d->arg[1]);
}

static void
on_jumbo(struct dperf *d)
{
	want(d, 0, 1);
	add_word(d->words, "mtu", d->args > 1 ? d->arg[1] : "9000");
}

static void
on_pipeline(struct dperf *d)
{
	want(d, 1, 1);
	if (whole(d, 1, 0, UINT16_MAX) > 0)
		add_word(d->words, "depth", d->arg[1]);
}

static void
on_http_host(struct dperf *d)
{
	char field[LINE_MOST];

	want(d, 1, 1);
	snprintf(field, sizeof(field), "Host:%s", d->arg[1]);
	add_word(d->words, "header", field);
}

static void
on_http_path(struct dperf *d)
{
	want(d, 1, 1);
	add_word(d->words, "url", d->arg[1]);
}

static void
on_http_method(struct dperf *d)
{
	want(d, 1, 1);
	if (strcmp(d->arg[1], "GET") != 0)
		refuse(d, "requests are GET here");
}

static void
on_port_range(struct dperf *d)
{
	char range[LINE_MOST];

	want(d, 1, 2);
	snprintf(range, sizeof(range), "%s-%s", d->arg[1], d->arg[d->args - 1]);
	add_word(d->words, "sport", range);
}

static void
on_payload_random(struct dperf *d)
{
	add_word(d->words, "payload", "random");
}

static void
on_payload_file(struct dperf *d)
{
	char file[LINE_MOST];

	want(d, 1, 1);
	snprintf(file, sizeof(file), "file:%s", d->arg[1]);
	add_word(d->words, "payload", file);
}

static void
on_tos(struct dperf *d)
{
	want(d, 1, 1);
	if (strtoul(d->arg[1], NULL, 0) != 0)
		refuse(d, "it cannot be set here, only 0 is sent");
}

static void
on_quiet(struct dperf *d)
{
	add_word(d->words, "quiet", NULL);
}

static const struct keyword {
	const char *name;
	void (*take)(struct dperf *d); /* or one of these texts */
	const char *left_out, *refused;
} keywords[] = {
	{ "mode", on_mode, NULL, NULL },
	{ "protocol", on_protocol, NULL, NULL },
	{ "cps", on_cps, NULL, NULL },
	{ "cc", on_cc, NULL, NULL },
	{ "duration", on_duration, NULL, NULL },
	{ "slow_start", on_slow_start, NULL, NULL },
	{ "flood", on_flood, NULL, NULL },
	{ "keepalive", on_keepalive, NULL, NULL },
	{ "pipeline", on_pipeline, NULL, NULL },
	{ "port", on_port, NULL, NULL },
	{ "client", on_client, NULL, NULL },
	{ "server", on_server, NULL, NULL },
	{ "listen", on_listen, NULL, NULL },
	{ "payload_size", on_payload_size, NULL, NULL },
	{ "payload_random", on_payload_random, NULL, NULL },
	{ "payload_file", on_payload_file, NULL, NULL },
	{ "packet_size", on_packet_size, NULL, NULL },
	{ "mss", on_mss, NULL, NULL },
	{ "jumbo", on_jumbo, NULL, NULL },
	{ "http_host", on_http_host, NULL, NULL },
	{ "http_path", on_http_path, NULL, NULL },
	{ "http_method", on_http_method, NULL, NULL },
	{ "lport_range", on_port_range, NULL, NULL },
	{ "client_port_range", on_port_range, NULL, NULL },
	{ "tos", on_tos, NULL, NULL },
	{ "quiet", on_quiet, NULL, NULL },
	{ "cpu", NULL, "cores are the EAL's: -l", NULL },
	{ "socket_mem", NULL, "memory is the EAL's: --socket-mem", NULL },
	{ "launch_num", NULL, "arrivals are spread evenly: see --pacing", NULL },
	{ "tx_burst", NULL, "nothing waits for a burst to be full", NULL },
	{ "wait", NULL, "it begins when the next hop has answered", NULL },
	{ "send_window", NULL, "TCP finds its window", NULL },
	{ "retransmit_timeout", NULL, "it follows the measured round trip", NULL },
	{ "rss", NULL, "queues are spread by it where there are several", NULL },
	{ "flow_isolate", NULL, "queues are spread by RSS", NULL },
	{ "client_hop", NULL, "ports are tried one after the other", NULL },
	{ "tcp_rst", NULL, "closed ports answer as RFC 9293 has it", NULL },
	{ "disable_ack", NULL, "ACKs are those of TCP", NULL },
	{ "fast_close", NULL, "see --close", NULL },
	{ "neigh_ignore", NULL, "neighbours are answered", NULL },
	{ "simd512", NULL, "it is the EAL's: --force-max-simd-bitwidth", NULL },
	{ "daemon", NULL, "it stays in the foreground", NULL },
	{ "clear_screen", NULL, "see --tui", NULL },
	{ "log_level", NULL, "there is no log", NULL },
	{ "vxlan", NULL, NULL, "there are no tunnels" },
	{ "vlan", NULL, NULL, "the stack knows no VLAN tags" },
	{ "kni", NULL, NULL, "there is no KNI" },
	{ "change_dip", NULL, NULL, "there is one target" },
};

static void
take_line(struct dperf *d)
{
	size_t i = 0, n = sizeof(keywords) / sizeof(keywords[0]);

	while (i < n && strcmp(keywords[i].name, d->arg[0]) != 0)
		i++;
	if (i == n)
		refuse(d, "dperf has no such keyword");
	if (keywords[i].refused != NULL)
		refuse(d, keywords[i].refused);
	if (keywords[i].left_out != NULL)
		note(d, keywords[i].name, keywords[i].left_out);
	else
		keywords[i].take(d);
}

static void
split_line(struct dperf *d, char *line)
{
	char *rest = line, *word;

	d->args = 0;
	while ((word = strsep(&rest, " \t\r\n")) != NULL) {
		if (*word == '#')
			return;
		if (*word == '\0')
			continue;
		d->arg[d->args++] = word;
		if (d->args == ARGS_MOST)
			refuse(d, "there are too many values");
	}
}

static void
read_lines(struct dperf *d)
{
	FILE *file = fopen(d->path, "r");
	char line[LINE_MOST];

	if (file == NULL)
		options_refuse("--dperf-conf: %s: %s", d->path, strerror(errno));
	while (fgets(line, sizeof(line), file) != NULL) {
		d->line++;
		if (strlen(line) == sizeof(line) - 1)
			options_refuse("--dperf-conf: %s line %u: it is too long", d->path,
				       d->line);
		split_line(d, line);
		if (d->args > 0)
			take_line(d);
	}
	if (ferror(file))
		options_refuse("--dperf-conf: %s cannot be read", d->path);
	fclose(file);
}

/* Options ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static void
add(struct dperf *d, const char *key, const char *form, ...)
{
	char value[LINE_MOST];
	va_list args;

	va_start(args, form);
	vsnprintf(value, sizeof(value), form, args);
	va_end(args);
	add_word(d->words, key, value);
}

static uint32_t
v4_of(const struct dperf *d, const char *text)
{
	struct tern_addr addr;

	if (tern_addr_parse(text, &addr, NULL) < 0 || !tern_addr_is_v4(addr))
		options_refuse("--dperf-conf: %s: %s is not an IPv4 address", d->path, text);
	return rte_be_to_cpu_32(tern_addr_to_v4(addr));
}

static const char *
v4_text(uint32_t v4, char text[TERN_ADDR_TEXT])
{
	return tern_addr_print(tern_addr_v4(rte_cpu_to_be_32(v4)), text);
}

/* dperf knows no networks, only a gateway: the longest prefix that has both, 24 at most. */
static unsigned int
prefix_of(const struct dperf *d)
{
	uint32_t differ = v4_of(d, d->ip) ^ v4_of(d, d->gateway);
	unsigned int same = differ == 0 ? PREFIX_MOST : (unsigned int)__builtin_clz(differ);

	return same < PREFIX_MOST ? same : PREFIX_MOST;
}

/* A gateway that is the machine itself, or another end of the wire, is none. */
static void
add_port(struct dperf *d)
{
	unsigned int prefix = prefix_of(d);

	add(d, "port", "%s,ip=%s/%u%s%s", d->port, d->ip, prefix, d->mac != NULL ? ",mac=" : "",
	    d->mac != NULL ? d->mac : "");
	if (v4_of(d, d->ip) != v4_of(d, d->gateway))
		add(d, "gw", "%s", d->gateway);
}

static void
add_ramp(struct dperf *d, double rate)
{
	if (d->slow_start_ns == 0) {
		add(d, "rate", "%.0f", rate);
		add(d, "duration", "%" PRIu64 "ns", d->duration_ns);
		return;
	}
	add(d, "ramp", "0:%.0f:%" PRIu64 "ns,hold:%" PRIu64 "ns", rate, d->slow_start_ns,
	    d->duration_ns);
	add(d, "omit", "%" PRIu64 "ns", d->slow_start_ns);
}

static void
add_sizes(struct dperf *d)
{
	if (d->udp && d->packet_bytes > 0)
		add(d, "size", "%" PRIu64, d->packet_bytes + FCS);
	else if (d->udp && d->payload_bytes > 0 && !d->flood)
		add(d, "req", "%" PRIu64, d->payload_bytes);
	else if (d->packet_bytes > 0 && d->flood)
		add(d, "size", "%" PRIu64, d->packet_bytes + FCS);
	else if (d->payload_bytes > 0 || d->packet_bytes > 0)
		note(d, d->payload_bytes > 0 ? "payload_size" : "packet_size",
		     d->flood ? "a flood has frames: see --size" : "HTTP has lengths of its own");
}

/* Every connection sends one request an interval: together that is a rate. */
static void
add_requests(struct dperf *d)
{
	double rate = d->cc * 1e9 / (double)d->interval_ns;

	add(d, "mode", "%s", "rr");
	add(d, "connections", "%.0f", d->cc);
	add_ramp(d, fmax(rate, 1));
	if (d->cps > 0)
		note(d, "cps", "all of cc are opened before the first request");
}

static void
add_flood(struct dperf *d)
{
	double rate = d->cc > 0 ? d->cc * 1e9 / (double)d->interval_ns : d->cps;

	add(d, "mode", "%s", "flood");
	add_ramp(d, rate);
}

static void
add_load(struct dperf *d)
{
	if (d->cps == 0 && d->cc == 0)
		d->cps = CPS;
	if (d->flood) {
		add_flood(d);
	} else if (d->cc > 0) {
		add_requests(d);
	} else if (d->keepalive || d->udp) {
		options_refuse("--dperf-conf: %s: %s without cc has no counterpart", d->path,
			       d->keepalive ? "keepalive" : "protocol udp");
	} else {
		add(d, "mode", "%s", "crr");
		add_ramp(d, d->cps);
	}
	add(d, "proto", "%s", d->udp ? "udp" : d->flood ? "syn" : "http");
}

static void
add_client(struct dperf *d)
{
	char last[TERN_ADDR_TEXT];

	add_port(d);
	add(d, "src", "%s-%s", d->clients,
	    v4_text(v4_of(d, d->clients) + (uint32_t)d->clients_n - 1, last));
	add(d, "target", "%s:%" PRIu64, d->servers, d->listen);
	if (d->servers_n > 1)
		note(d, "server: all addresses but the first", "there is one target");
	if (d->listen_n > 1)
		note(d, "listen: all ports but the first", "there is one target");
	add_load(d);
	add_sizes(d);
}

static void
add_services(struct dperf *d)
{
	char services[SERVICES_MAX * SERVICE_MOST] = "";
	size_t at = 0;

	if (d->listen_n > SERVICES_MAX)
		options_refuse("--dperf-conf: %s: listen: more than %d ports", d->path,
			       SERVICES_MAX);
	for (uint64_t i = 0; i < d->listen_n; i++)
		at += (size_t)snprintf(services + at, sizeof(services) - at, "%s:%" PRIu64 " ",
				       d->udp ? "udp-echo" : "http", d->listen + i);
	add(d, "mode", "%s", "server");
	add_word(d->words, "target", services);
}

static void
add_server(struct dperf *d)
{
	uint32_t first = v4_of(d, d->servers), own = v4_of(d, d->ip);
	char text[TERN_ADDR_TEXT];

	add_port(d);
	for (uint32_t i = 0; i < d->servers_n; i++)
		if (first + i != own)
			add(d, "addr", "%s/%u", v4_text(first + i, text), prefix_of(d));
	add_services(d);
	add(d, "duration", "%" PRIu64 "ns", d->duration_ns);
	if (d->clients != NULL)
		note(d, "client", "everybody is served");
	if (d->keepalive)
		note(d, "keepalive", "connections stay while the client wants them");
	if (d->payload_bytes > 0 && !d->udp)
		add(d, "rsp", "%" PRIu64, d->payload_bytes);
	else if (d->payload_bytes > 0 || d->packet_bytes > 0)
		note(d, d->payload_bytes > 0 ? "payload_size" : "packet_size",
		     "what is served has a length of its own");
}

static void
check_complete(const struct dperf *d)
{
	const char *missing = d->port == NULL		       ? "port" :
			      d->servers == NULL	       ? "server" :
			      d->clients == NULL && !d->server ? "client" :
								 NULL;

	if (missing != NULL)
		options_refuse("--dperf-conf: %s: %s is missing", d->path, missing);
}

void
dperf_conf_words(struct words *words, const char *path)
{
	struct dperf d = { .words = words,
			   .path = path,
			   .duration_ns = DURATION_NS,
			   .interval_ns = INTERVAL_NS,
			   .listen = 80,
			   .listen_n = 1 };

	read_lines(&d);
	check_complete(&d);
	if (d.server)
		add_server(&d);
	else
		add_client(&d);
}
