/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/report/document.h"

#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_version.h>

#include "gen/measure/export.h"

json_t *
document_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string != NULL)
		return string;
	copy = strdup(text);
	if (copy == NULL)
		return NULL;
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

static void
set_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(object, key, document_text(text));
}

static void
set_number(json_t *object, const char *key, uint64_t number)
{
	json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* Start ---------------------------------------------------------------------------------------- */

static json_t *
argv_of(const struct plan *plan)
{
	json_t *argv = json_array();

	for (int i = 0; i < plan->argc; i++)
		json_array_append_new(argv, document_text(plan->argv[i]));
	return argv;
}

static json_t *
ports_of(const struct setup *setup)
{
	json_t *ports = json_array();

	for (unsigned int i = 0; i < setup->ports_n; i++)
		json_array_append_new(ports, json_pack("{s:s, s:s, s:b}", "name",
						       setup->ports[i].name, "driver",
						       setup->ports[i].driver, "tx_cksum_offload",
						       setup->ports[i].tx_cksum_offload));
	return ports;
}

static json_t *
cores_of(const struct setup *setup)
{
	json_t *cores = json_array();

	for (unsigned int i = 0; i < setup->cores_n; i++)
		json_array_append_new(cores, json_integer(setup->cores[i]));
	return cores;
}

/* --tag k=v; the last of a name counts. */
static json_t *
tags_of(const struct plan *plan)
{
	json_t *tags = json_object();
	char name[128];
	const char *is;

	for (unsigned int i = 0; i < plan->tags_n; i++) {
		is = strchrnul(plan->tags[i], '=');
		snprintf(name, sizeof(name), "%.*s", (int)(is - plan->tags[i]), plan->tags[i]);
		json_object_set_new(tags, name, document_text(*is == '=' ? is + 1 : is));
	}
	return tags;
}

static void
set_target(json_t *start, const struct plan *plan)
{
	char text[TERN_ADDR_TEXT];

	if (tern_addr_is_any(plan->target))
		return;
	set_text(start, "target", tern_addr_print(plan->target, text));
	set_number(start, "target_port", plan->target_port);
}

static void
set_load(json_t *start, const struct plan *plan)
{
	set_text(start, "model", plan_loop(plan));
	if (plan->open_loop)
		set_text(start, "pacing", plan_pacing(plan));
	set_number(start, "offered", plan->offered);
	set_number(start, "connections", plan->connections);
	set_number(start, "depth", plan->depth);
	set_number(start, "max_outstanding", plan->max_outstanding);
	set_number(start, "duration_ns", plan->duration_ns);
	set_number(start, "omit_ns", plan->omit_ns);
	set_number(start, "interval_ns", plan->interval_ns);
	set_number(start, "timeout_ns", plan->timeout_ns);
	set_number(start, "count", plan->count);
	set_number(start, "repeat", plan->repeat);
}

json_t *
document_start(const struct view *view)
{
	const struct plan *plan = view->plan;
	json_t *start = json_object();

	json_object_set_new(start, "argv", argv_of(plan));
	set_text(start, "title", plan->title);
	json_object_set_new(start, "tags", tags_of(plan));
	set_number(start, "epoch_ns", view->setup->epoch_ns);
	set_text(start, "mode", mode_names[plan->mode]);
	if (plan->suite != SUITE_NONE)
		set_text(start, "suite", suite_names[plan->suite]);
	set_text(start, "proto", protocol_names[plan->proto]);
	set_text(start, "tcp", plan->lite ? "lite" : "full");
	set_target(start, plan);
	set_number(start, "seed", plan->seed);
	set_load(start, plan);
	set_text(start, "dpdk", rte_version() + strlen("DPDK "));
	json_object_set_new(start, "ports", ports_of(view->setup));
	json_object_set_new(start, "cores", cores_of(view->setup));
	set_text(start, "timestamp_source", view->setup->timestamps);
	return start;
}

/* Counts --------------------------------------------------------------------------------------- */

static json_t *
direction(const uint64_t count[COUNTS], enum counter pkts, enum counter bytes, enum counter payload)
{
	return json_pack("{s:I, s:I, s:I}", "pkts", (json_int_t)count[pkts], "bytes",
			 (json_int_t)count[bytes], "payload_bytes", (json_int_t)count[payload]);
}

static void
set_counts(json_t *object, const uint64_t count[COUNTS])
{
	static const enum counter flat[] = {
		COUNT_opened,		COUNT_established, COUNT_requests, COUNT_responses,
		COUNT_closed,		COUNT_shed,	   COUNT_late,	   COUNT_reordered,
		COUNT_duplicates,	COUNT_other,	   COUNT_damaged,  COUNT_handed_over,
		COUNT_handover_dropped,
	};

	for (size_t i = 0; i < RTE_DIM(flat); i++)
		set_number(object, counter_names[flat[i]], count[flat[i]]);
	json_object_set_new(object, "tx",
			    direction(count, COUNT_tx_pkts, COUNT_tx_bytes, COUNT_tx_payload));
	json_object_set_new(object, "rx",
			    direction(count, COUNT_rx_pkts, COUNT_rx_bytes, COUNT_rx_payload));
	json_object_set_new(object, "rexmit",
			    json_pack("{s:I, s:I, s:I}", "syn", (json_int_t)count[COUNT_rexmit_syn],
				      "data", (json_int_t)count[COUNT_rexmit_data], "fin",
				      (json_int_t)count[COUNT_rexmit_fin]));
	json_object_set_new(object, "drops",
			    json_pack("{s:I, s:I, s:I}", "tx_ring",
				      (json_int_t)count[COUNT_tx_dropped], "tx_full",
				      (json_int_t)count[COUNT_tx_full], "nombuf",
				      (json_int_t)count[COUNT_no_mbuf]));
}

static void
set_errors(json_t *object, const uint64_t error[ERRORS_N])
{
	json_t *errors = json_object();

	for (unsigned int i = 0; i < ERRORS_N; i++)
		set_number(errors, error_names[i], error[i]);
	json_object_set_new(object, "errors", errors);
}

/* Times ---------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum time_of corrected, naive;
} times[] = {
	{ "connect", TIME_connect, TIME_connect_naive },
	{ "ttfb", TIME_ttfb, TIME_ttfb_naive },
	{ "ttlb", TIME_ttlb, TIME_ttlb_naive },
	{ "close", TIME_close, TIMES_N },
};

static json_t *
summary_of(const struct summary *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "p50", (json_int_t)s->p50, "p99",
			 (json_int_t)s->p99, "p999", (json_int_t)s->p999, "max",
			 (json_int_t)s->longest, "count", (json_int_t)s->n);
}

/* Of an interval; what was not timed is left out. */
static json_t *
summaries(const struct summary time[TIMES_N], bool naive)
{
	json_t *object = json_object();

	for (size_t i = 0; i < RTE_DIM(times); i++) {
		enum time_of t = naive ? times[i].naive : times[i].corrected;

		if (t != TIMES_N && time[t].n > 0)
			json_object_set_new(object, times[i].name, summary_of(&time[t]));
	}
	return object;
}

static json_t *
percentiles_of(const struct hdr *h)
{
	static const struct {
		const char *name;
		double share;
	} wanted[] = {
		{ "p50", 0.5 },	 { "p75", 0.75 },   { "p90", 0.9 },
		{ "p99", 0.99 }, { "p999", 0.999 }, { "p9999", 0.9999 },
	};
	json_t *object = json_object();

	set_number(object, "min", h->n > 0 ? h->least_ns : 0);
	for (size_t i = 0; i < RTE_DIM(wanted); i++)
		set_number(object, wanted[i].name, hdr_percentile(h, wanted[i].share));
	set_number(object, "max", h->longest_ns);
	set_number(object, "mean", (uint64_t)(hdr_mean_ns(h) + 0.5));
	set_number(object, "count", h->n);
	return object;
}

static json_t *
distributions(const struct meter *m, bool naive)
{
	json_t *object = json_object();

	for (size_t i = 0; i < RTE_DIM(times); i++) {
		enum time_of t = naive ? times[i].naive : times[i].corrected;

		if (t != TIMES_N && m->time[t].n > 0)
			json_object_set_new(object, times[i].name, percentiles_of(&m->time[t]));
	}
	return object;
}

static json_t *
histograms(const struct meter *m)
{
	json_t *object = json_object();
	char *text;

	for (unsigned int t = 0; t < TIMES_N; t++) {
		if (m->time[t].n == 0)
			continue;
		text = export_base64(&m->time[t]);
		if (text != NULL)
			set_text(object, time_names[t], text);
		free(text);
	}
	return object;
}

/* An interval ---------------------------------------------------------------------------------- */

static json_t *
flags_of(uint32_t flags)
{
	json_t *array = json_array();

	for (unsigned int f = 0; f < FLAGS_N; f++)
		if ((flags & 1u << f) != 0)
			json_array_append_new(array, json_string(flag_names[f]));
	return array;
}

json_t *
document_interval(const struct view *view, const struct interval *i)
{
	json_t *object = json_object();

	set_number(object, "trial", view->trial);
	set_number(object, "t0_ns", i->t0_ns);
	set_number(object, "t1_ns", i->t1_ns);
	set_counts(object, i->count);
	json_object_set_new(object, "latency_ns", summaries(i->time, false));
	json_object_set_new(object, "latency_naive_ns", summaries(i->time, true));
	set_errors(object, i->error);
	json_object_set_new(object, "lag_ns", summary_of(&i->time[TIME_lag]));
	set_number(object, "outstanding", i->outstanding);
	json_object_set_new(object, "busy", json_real(i->busy));
	json_object_set_new(object, "cpu_share", json_real(i->cpu_share));
	json_object_set_new(object, "flags", flags_of(i->flags));
	return object;
}

json_t *
document_row(const struct cell *cells, unsigned int n)
{
	json_t *row = json_object();

	for (unsigned int i = 0; i < n; i++) {
		const struct cell *c = &cells[i];
		bool whole = c->number == (double)(int64_t)c->number;

		if (c->text != NULL)
			set_text(row, c->name, c->text);
		else if (whole)
			json_object_set_new(row, c->name, json_integer((json_int_t)c->number));
		else
			json_object_set_new(row, c->name, json_real(c->number));
	}
	return row;
}

/* The end -------------------------------------------------------------------------------------- */

static const char *const of_port[] = { "rx_missed", "rx_errors", "rx_no_mbuf", "tx_errors" };

static json_t *
ledger_of(const struct ledger *l)
{
	json_t *o = json_object();

	set_number(o, "launched", l->launched);
	set_number(o, "done", l->done);
	set_number(o, "failed", l->failed);
	set_number(o, "shed", l->shed);
	set_number(o, "inflight", l->inflight);
	set_number(o, "made", l->made);
	set_number(o, "sent", l->sent);
	set_number(o, "dropped", l->dropped);
	set_number(o, "received", l->received);
	set_number(o, "taken", l->taken);
	set_number(o, "passed", l->passed);
	set_number(o, "handed_over", l->handed_over);
	set_number(o, "taken_over", l->taken_over);
	set_number(o, "handover_dropped", l->handover_dropped);
	set_number(o, "rx_missed", l->rx_missed);
	set_number(o, "rx_errors", l->rx_errors);
	set_number(o, "rx_no_mbuf", l->rx_no_mbuf);
	set_number(o, "tx_errors", l->tx_errors);
	json_object_set_new(o, "balanced", json_boolean(l->balanced));
	return o;
}

/* Each core's part; what the port says is of all its queues. */
static json_t *
workers_of(const struct view *view, const struct result *r)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < r->workers_n; i++) {
		json_t *worker = ledger_of(&r->of_worker[i]);

		set_number(worker, "core", view->setup->cores[i]);
		for (size_t k = 0; k < RTE_DIM(of_port); k++)
			json_object_del(worker, of_port[k]);
		json_array_append_new(array, worker);
	}
	return array;
}

static json_t *
slos_of(const struct plan *plan, const struct judged *judged)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < plan->slos_n && judged != NULL; i++) {
		json_t *slo = json_object();
		double value = judged[i].value;

		set_text(slo, "expr", plan->slos[i].text);
		/* JSON has no NAN: nothing was measured */
		json_object_set_new(slo, "value", isnan(value) ? json_null() : json_real(value));
		json_object_set_new(slo, "limit", json_real(plan->slos[i].limit));
		json_object_set_new(slo, "pass", json_boolean(judged[i].pass));
		json_array_append_new(array, slo);
	}
	return array;
}

static void
set_figures(json_t *end, const struct plan *plan, const struct result *r)
{
	set_text(end, "counted", plan_counted(plan));
	json_object_set_new(end, "achieved", json_real(r->achieved));
	json_object_set_new(end, "offered", json_real(trial_offered(&r->trial)));
	set_number(end, "ns", r->ns);
	set_counts(end, r->sum.count);
	set_number(json_object_get(end, "drops"), "rx_missed", r->ledger.rx_missed);
	json_object_set_new(end, "latency_ns", distributions(&r->sum, false));
	json_object_set_new(end, "latency_naive_ns", distributions(&r->sum, true));
	json_object_set_new(end, "lag_ns", percentiles_of(&r->sum.time[TIME_lag]));
	json_object_set_new(end, "hdr_base64", histograms(&r->sum));
	set_errors(end, r->total.error);
	json_object_set_new(end, "ledger", ledger_of(&r->ledger));
	json_object_set_new(end, plan_counts_bits(plan) ? "cycles_per_pkt" : "cycles_per_conn",
			    json_real(r->cycles_each));
	if (!plan_counts_bits(plan))
		json_object_set_new(end, "pkts_per_conn", json_real(r->pkts_each));
	json_object_set_new(end, "busy", json_real(r->busy));
}

/* --capture-failed: what is in its file. */
static json_t *
captured_of(const struct failures *f)
{
	static const char *const protos[] = {
		[IPPROTO_TCP] = "tcp", [IPPROTO_UDP] = "udp", [IPPROTO_ICMP] = "icmp"
	};
	json_t *captured = json_object(), *list = json_array();
	char text[TERN_ADDR_TEXT];

	for (uint32_t i = 0; i < f->n; i++) {
		const struct captured_failure *c = &f->list[i];
		json_t *one = json_object();

		set_text(one, "cause", error_names[c->cause]);
		set_number(one, "at_ns", c->at_ns);
		set_text(one, "proto", protos[c->who.proto]);
		set_text(one, "local", tern_addr_print(tern_addr_v4(c->who.local), text));
		set_number(one, "local_port", rte_be_to_cpu_16(c->who.local_port));
		set_text(one, "remote", tern_addr_print(tern_addr_v4(c->who.remote), text));
		set_number(one, "remote_port", rte_be_to_cpu_16(c->who.remote_port));
		set_number(one, "frames", c->frames);
		json_array_append_new(list, one);
	}
	set_text(captured, "file", f->path);
	set_number(captured, "frames", f->frames);
	set_number(captured, "missed", f->missed);
	json_object_set_new(captured, "failures", list);
	return captured;
}

json_t *
document_end(const struct view *view, const struct finish *f)
{
	const struct result *r = f->result;
	json_t *end = json_object();

	if (r != NULL && r->failed == 0) {
		set_figures(end, view->plan, r);
		json_object_set_new(end, "workers", workers_of(view, r));
		set_number(end, "intervals", r->intervals_n);
		set_number(end, "flagged", r->flagged);
		set_number(end, "disturbed", r->disturbed);
		json_object_set_new(end, "slo", slos_of(view->plan, f->judged));
		json_object_set_new(end, "trustworthy", json_boolean(r->trustworthy));
		set_text(end, "verdict", r->verdict);
	}
	if (view->setup->failures != NULL)
		json_object_set_new(end, "captured", captured_of(view->setup->failures));
	json_object_set_new(end, "exit", json_integer(f->status));
	return end;
}
