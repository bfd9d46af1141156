/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plan, in words for a person.
 */
#include "gen/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gen/options.h"

enum { LINE_MOST = 256, TIME_TEXT = 32 };

/* "1.5s": the largest unit in which it is short. */
static const char *
print_time(uint64_t ns, char text[TIME_TEXT])
{
	static const struct {
		const char *name;
		uint64_t of;
	} units[] = { { "s", TERN_S }, { "ms", TERN_MS }, { "us", 1000 }, { "ns", 1 } };
	unsigned int i = 0;

	while (i < 3 && ns % (units[i].of / 10 > 0 ? units[i].of / 10 : 1) != 0)
		i++;
	snprintf(text, TIME_TEXT, "%g%s", (double)ns / (double)units[i].of, units[i].name);
	return text;
}

static const char *
print_pacing(const struct profile *p, char *text, size_t bytes)
{
	switch (p->pacing) {
	case PACING_POISSON:
		return "Poisson";
	case PACING_BURST:
		snprintf(text, bytes, "bursts of %" PRIu32, p->burst);
		return text;
	default:
		return "uniform";
	}
}

static void
print_open_loop(const struct plan *p, char *text, size_t bytes)
{
	char pacing[32], rate[64];
	const char *how = print_pacing(&p->profile, pacing, sizeof(pacing));

	if (p->offered > 0)
		snprintf(rate, sizeof(rate), "%" PRIu64 "/s", p->offered);
	else
		snprintf(rate, sizeof(rate), "from %.0f/s to %.0f/s in %u parts",
			 p->profile.phases[0].from, p->profile.phases[p->profile.n - 1].to,
			 p->profile.n);
	snprintf(text, bytes, "open loop, %s, %s, latency from intended send time", how, rate);
}

static const char *
print_model(const struct plan *p, char *text, size_t bytes)
{
	if (p->mode == MODE_SERVER)
		snprintf(text, bytes, "server");
	else if (p->mode == MODE_REPLAY && p->replay_pps > 0)
		snprintf(text, bytes, "replay at %" PRIu64 "/s", p->replay_pps);
	else if (p->mode == MODE_REPLAY)
		snprintf(text, bytes, "replay, %g times as fast as captured", p->speed);
	else if (p->suite == SUITE_SEARCH || p->suite == SUITE_RFC2544)
		snprintf(text, bytes, "open loop at rates that the trials choose");
	else if (p->open_loop)
		print_open_loop(p, text, bytes);
	else if (p->mode == MODE_FLOOD)
		snprintf(text, bytes, "as fast as the port takes it");
	else
		snprintf(text, bytes, "closed loop, %" PRIu32 " outstanding",
			 p->connections * p->depth);
	return text;
}

__attribute__((format(printf, 3, 4))) static void
line(FILE *to, const char *what, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	fprintf(to, "%-12s ", what);
	vfprintf(to, form, args);
	fputc('\n', to);
	va_end(args);
}

/* Lists -------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void
append(char *text, size_t bytes, const char *form, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, form);
	vsnprintf(text + len, bytes - len, form, args);
	va_end(args);
}

static void
print_addrs(const struct plan *p, FILE *to)
{
	const struct options *o = &p->options;
	char text[TERN_ADDR_TEXT], list[LINE_MOST] = "";

	for (unsigned int i = 0; i < o->addrs_n; i++)
		append(list, sizeof(list), "%s%s/%u", i > 0 ? ", " : "",
		       tern_addr_print(o->addrs[i].addr, text), o->addrs[i].prefix - 96);
	line(to, "port", "%s, address %s", o->run.port != NULL ? o->run.port : "the first",
	     o->addrs_n > 0 ? list : "none");
	if (o->has_gateway)
		line(to, "gateway", "%s", tern_addr_print(o->gateway, text));
}

static void
print_sources(const struct plan *p, FILE *to)
{
	char first[TERN_ADDR_TEXT], last[TERN_ADDR_TEXT];

	if (!tern_addr_is_any(p->src_first))
		line(to, "sources", "%s to %s, ports %u to %u",
		     tern_addr_print(p->src_first, first), tern_addr_print(p->src_last, last),
		     p->sport_first, p->sport_last);
	else
		line(to, "sources", "our address, ports %u to %u", p->sport_first, p->sport_last);
}

static void
print_sizes(const struct plan *p, FILE *to)
{
	char list[LINE_MOST] = "";

	for (unsigned int i = 0; i < p->imix.n; i++)
		append(list, sizeof(list), "%s%u:%u", i > 0 ? ", " : "", p->imix.size[i].bytes,
		       p->imix.size[i].times);
	line(to, "frames", "%s (bytes with FCS: times)", list);
}

static void
print_services(const struct plan *p, FILE *to)
{
	for (unsigned int i = 0; i < p->services_n; i++)
		line(to, "service", "%s on port %u", p->services[i].name, p->services[i].port);
}

static void
print_goals(const struct plan *p, FILE *to)
{
	for (unsigned int i = 0; i < p->slos_n; i++)
		line(to, "objective", "%s", p->slos[i].text);
	for (unsigned int i = 0; i < p->goals_n; i++)
		line(to, "goal", "loss of at most %g%%", p->goals[i] * 100);
}

/* One way of --impair. */
static void
print_odds(FILE *to, const char *name, const struct tern_faults_odds *o)
{
	char latency[TIME_TEXT], most[TIME_TEXT];

	if (o->loss_ppm + o->copy_ppm + o->corrupt_ppm + o->delay_ppm > 0 || o->latency_ns > 0)
		line(to, name,
		     "loss %g%%, dup %g%%, corrupt %g%%, delay %s, reorder %g%% up to %s more",
		     o->loss_ppm / 1e4, o->copy_ppm / 1e4, o->corrupt_ppm / 1e4,
		     print_time(o->latency_ns, latency), o->delay_ppm / 1e4,
		     print_time(o->delay_max_ns, most));
}

/* Parts -------------------------------------------------------------------------------------- */

static void
print_target(const struct plan *p, FILE *to)
{
	char text[TERN_ADDR_TEXT];

	if (p->mode == MODE_REPLAY)
		line(to, "capture", "%s", p->pcap);
	if (tern_addr_is_any(p->target))
		return;
	if (p->target_port > 0)
		line(to, "target", "%s:%u", tern_addr_print(p->target, text), p->target_port);
	else
		line(to, "target", "%s", tern_addr_print(p->target, text));
}

static void
print_load(const struct plan *p, FILE *to)
{
	char model[LINE_MOST], a[TIME_TEXT], b[TIME_TEXT];

	line(to, "model", "%s", print_model(p, model, sizeof(model)));
	if (p->mode != MODE_FLOOD && p->mode != MODE_REPLAY)
		line(to, "connections",
		     "%" PRIu32 ", depth %" PRIu32 ", at most %" PRIu32 " under way",
		     p->connections, p->depth, p->max_outstanding);
	for (unsigned int i = 0; p->open_loop && p->offered == 0 && i < p->profile.n; i++)
		line(to, "phase", "%.0f/s to %.0f/s in %s", p->profile.phases[i].from,
		     p->profile.phases[i].to, print_time(p->profile.phases[i].ns, a));
	line(to, "duration", "%s after a warm-up of %s", print_time(p->duration_ns, a),
	     print_time(p->omit_ns, b));
	if (p->count > 0)
		line(to, "count", "%" PRIu64, p->count);
	if (p->repeat > 1)
		line(to, "repeat", "%" PRIu32 " times", p->repeat);
	if (p->ci_confidence > 0)
		line(to, "until", "the %g%% confidence interval is within %g%% of the mean",
		     p->ci_confidence * 100, p->ci_width * 100);
	line(to, "timeout", "%s", print_time(p->timeout_ns, a));
	line(to, "seed", "%" PRIu64, p->seed);
}

static void
print_content(const struct plan *p, FILE *to)
{
	static const char *const payloads[] = { "zeros", "random", "PRBS", "a file" };

	if (p->proto == PROTO_HTTP)
		line(to, "request", "GET %s%s", p->url,
		     p->payload == PAYLOAD_FILE ? ", the body is compared with a file" : "");
	else if (p->mode == MODE_CRR || (p->mode == MODE_RR && p->imix.n == 0))
		line(to, "request", "%" PRIu32 " bytes, response %" PRIu32 " bytes", p->req_bytes,
		     p->rsp_bytes);
	if (p->mode == MODE_STREAM)
		line(to, "streams", "%" PRIu32 ", %s", p->connections,
		     p->bidir	? "both ways" :
		     p->reverse ? "to us" :
				  "to the target");
	if (p->imix.n > 0)
		print_sizes(p, to);
	if (p->proto != PROTO_HTTP && p->mode != MODE_HOLD)
		line(to, "payload", "%s", payloads[p->payload]);
	if (p->verify)
		line(to, "verified", "what comes back");
}

static void
print_search(const struct plan *p, FILE *to)
{
	static const char *const metrics[] = { "connections/s", "responses/s", "packets/s",
					       "bits/s", "connections" };
	char a[TIME_TEXT], b[TIME_TEXT];

	line(to, "metric", "%s", metrics[p->metric]);
	if (p->least > 0)
		line(to, "from", "%.0f", p->least);
	if (p->most > 0)
		line(to, "up to", "%.0f", p->most);
	if (p->precision > 0)
		line(to, "exact to", "%g%%", p->precision * 100);
	if (p->trial_most_ns > 0)
		line(to, "trials", "of %s to %s", print_time(p->trial_least_ns, a),
		     print_time(p->trial_most_ns, b));
	if (p->tests != NULL)
		line(to, "tests", "%s", p->tests);
}

static void
print_outputs(const struct plan *p, FILE *to)
{
	const struct {
		const char *name, *file;
	} files[] = { { "JSON", p->json_stdout ? "stdout" : p->json },
		      { "JSON lines", p->json_stream },
		      { "CSV", p->csv },
		      { "hgrm", p->hgrm },
		      { "hlog", p->hlog },
		      { "Prometheus", p->prom_file },
		      { "Prometheus", p->prom_listen },
		      { "plot", p->plot },
		      { "title", p->title } };
	char text[TIME_TEXT];

	line(to, "interval", "%s", print_time(p->interval_ns, text));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].file != NULL)
			line(to, files[i].name, "%s", files[i].file);
	if (p->capture.file != NULL)
		line(to, "captured",
		     "%s: %" PRIu32 " failures, from the last %" PRIu32
		     " frames of each core, %" PRIu32 " bytes of each",
		     p->capture.file, p->capture.most, p->capture.frames, p->capture.snap);
	for (unsigned int i = 0; i < p->tags_n; i++)
		line(to, "tag", "%s", p->tags[i]);
}

void
plan_print(const struct plan *p, FILE *to)
{
	bool server = p->mode == MODE_SERVER, replay = p->mode == MODE_REPLAY;

	if (p->suite != SUITE_NONE)
		line(to, "suite", "%s", suite_names[p->suite]);
	if (server || replay)
		line(to, "mode", "%s", mode_names[p->mode]);
	else
		line(to, "mode", "%s over %s%s", mode_names[p->mode], protocol_names[p->proto],
		     p->lite ? ", lite" : "");
	print_target(p, to);
	print_addrs(p, to);
	print_services(p, to);
	print_odds(to, "impaired rx", &p->options.run.faults.rx);
	print_odds(to, "impaired tx", &p->options.run.faults.tx);
	if (server && p->rsp_bytes > 0)
		line(to, "response", "%" PRIu32 " bytes", p->rsp_bytes);
	if (server)
		return;
	print_sources(p, to);
	print_load(p, to);
	if (!replay)
		print_content(p, to);
	if (p->suite != SUITE_NONE)
		print_search(p, to);
	print_goals(p, to);
	print_outputs(p, to);
}
