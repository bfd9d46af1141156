/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --prom-file, --prom-listen: figures for Prometheus, in its text format 0.0.4. They count from the
 * start of the program, warm-up and all: who scrapes takes differences.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "gen/report/board.h"

/* Upper ends of the buckets of times, in ns; told in seconds. */
static const uint64_t ends_ns[] = {
	1000,	    2000,	5000,	    10000,	 20000,	      50000,
	100000,	    200000,	500000,	    1000000,	 2000000,     5000000,
	10000000,   20000000,	50000000,   100000000,	 200000000,   500000000,
	1000000000, 2000000000, 5000000000, 10000000000, 20000000000, 50000000000,
};

static void
head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line end are escaped. */
static void
put_label(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			fputs("\\n", to);
			continue;
		}
		if (*text == '\\' || *text == '"')
			fputc('\\', to);
		fputc(*text, to);
	}
}

static void
put_one(FILE *to, const char *name, const char *type, const char *help, uint64_t value)
{
	head(to, name, type, help);
	fprintf(to, "%s %" PRIu64 "\n", name, value);
}

/* One metric, a value for each of a label. */
struct labelled {
	const char *label;
	uint64_t value;
};

static void
put_labelled(FILE *to, const char *name, const char *label, const char *help,
	     const struct labelled *of, size_t n)
{
	head(to, name, "counter", help);
	for (size_t i = 0; i < n; i++)
		fprintf(to, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, of[i].label, of[i].value);
}

static void
put_connections(FILE *to, const uint64_t count[COUNTS])
{
	const struct labelled results[] = {
		{ "opened", count[COUNT_opened] },
		{ "established", count[COUNT_established] },
		{ "closed", count[COUNT_closed] },
	};
	const struct labelled rexmits[] = {
		{ "syn", count[COUNT_rexmit_syn] },
		{ "data", count[COUNT_rexmit_data] },
		{ "fin", count[COUNT_rexmit_fin] },
	};

	put_labelled(to, "gen_connections_total", "result",
		     "Connections by how far they came; each counts in all stages it reached.",
		     results, RTE_DIM(results));
	put_one(to, "gen_requests_total", "counter", "Requests sent; of a flood: packets.",
		count[COUNT_requests]);
	put_one(to, "gen_responses_total", "counter", "Responses received whole, and right.",
		count[COUNT_responses]);
	put_labelled(to, "gen_retransmissions_total", "kind", "Segments sent again.", rexmits,
		     RTE_DIM(rexmits));
}

static void
put_errors(FILE *to, const uint64_t error[ERRORS_N])
{
	struct labelled causes[ERRORS_N];

	for (unsigned int i = 0; i < ERRORS_N; i++)
		causes[i] = (struct labelled){ error_names[i], error[i] };
	put_labelled(to, "gen_errors_total", "cause", "Transactions that did not end well.", causes,
		     ERRORS_N);
}

/* Queues are counted together: each worker has one of its own. */
static void
put_direction(FILE *to, const char *name, const char *dir, const struct setup *setup,
	      uint64_t value)
{
	fprintf(to, "%s{dir=\"%s\",port=\"", name, dir);
	put_label(to, setup->ports_n > 0 ? setup->ports[0].name : "");
	fprintf(to, "\",queue=\"all\"} %" PRIu64 "\n", value);
}

static void
put_packets(FILE *to, const uint64_t count[COUNTS], const struct setup *setup)
{
	const struct labelled drops[] = {
		{ "tx_ring", count[COUNT_tx_dropped] },
		{ "nombuf", count[COUNT_no_mbuf] },
		{ "shed", count[COUNT_shed] },
	};

	head(to, "gen_packets_total", "counter", "Packets that the port took, or gave.");
	put_direction(to, "gen_packets_total", "tx", setup, count[COUNT_tx_pkts]);
	put_direction(to, "gen_packets_total", "rx", setup, count[COUNT_rx_pkts]);
	head(to, "gen_bytes_total", "counter", "Bytes of their frames, without FCS.");
	put_direction(to, "gen_bytes_total", "tx", setup, count[COUNT_tx_bytes]);
	put_direction(to, "gen_bytes_total", "rx", setup, count[COUNT_rx_bytes]);
	put_labelled(to, "gen_drops_total", "cause",
		     "Packets that were not sent (tx_ring, nombuf), requests not begun (shed).",
		     drops, RTE_DIM(drops));
}

/* Counts up to each end; a bucket of ours that reaches beyond it counts with the next. */
static void
put_histogram(FILE *to, const char *name, const char *help, const struct hdr *h)
{
	uint64_t seen = 0;
	uint32_t b = 0;

	head(to, name, "histogram", help);
	for (size_t i = 0; i < RTE_DIM(ends_ns); i++) {
		for (; b < HDR_BUCKETS && hdr_bucket_ns(b + 1) - 1 <= ends_ns[i]; b++)
			seen += hdr_count(h, b);
		fprintf(to, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)ends_ns[i] / 1e9,
			seen);
	}
	fprintf(to, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, h->n);
	fprintf(to, "%s_sum %.9f\n%s_count %" PRIu64 "\n", name, (double)h->sum / 1e9, name, h->n);
}

static void
put_state(FILE *to, const struct board *b)
{
	const struct interval *last = b->intervals > 0 ? &board_recent(b, 0)->interval : NULL;

	head(to, "gen_cpu_busy_ratio", "gauge",
	     "Share of the cycles that did something, in the last interval.");
	fprintf(to, "gen_cpu_busy_ratio %.4f\n", last != NULL ? last->busy : 0);
	put_one(to, "gen_outstanding", "gauge", "Transactions under way.",
		last != NULL ? last->outstanding : 0);
	put_one(to, "gen_intervals_total", "counter", "Intervals so far.", b->intervals);
	put_one(to, "gen_disturbed_intervals_total", "counter",
		"Intervals in which the generator was kept from its processor.", b->disturbed);
}

void
board_expose(struct board *b, FILE *to)
{
	const struct meter *m = &b->total;

	pthread_mutex_lock(&b->lock);
	put_connections(to, m->count);
	put_errors(to, m->error);
	put_packets(to, m->count, b->view->setup);
	put_histogram(to, "gen_request_seconds",
		      "From the intended send time to the end of the response.",
		      &m->time[plan_headline(b->view->plan)]);
	put_histogram(to, "gen_schedule_lag_seconds",
		      "From when something was due to when it was begun.", &m->time[TIME_lag]);
	put_state(to, b);
	pthread_mutex_unlock(&b->lock);
}

/* --prom-file: for node_exporter's textfile collector ------------------------------------------ */

struct prom_file {
	struct view *view;
	char *beside; /* written here, then renamed: nobody reads half a file */
	bool failed;
};

static int
replace(struct prom_file *p)
{
	FILE *to = fopen(p->beside, "w");
	bool bad;

	if (to == NULL)
		return -1;
	board_expose(p->view->board, to);
	bad = ferror(to) != 0;
	bad = fclose(to) != 0 || bad;
	return bad ? -1 : rename(p->beside, p->view->plan->prom_file);
}

static void
on_interval(void *self, const struct interval *i, const struct meter *meter)
{
	struct prom_file *p = self;

	(void)i;
	(void)meter;
	if (p->failed || replace(p) == 0)
		return;
	report_complain("--prom-file %s: %s; it is not written any more", p->view->plan->prom_file,
			strerror(errno));
	unlink(p->beside);
	p->failed = true;
}

static bool
is_asked(const struct plan *plan)
{
	return plan->prom_file != NULL;
}

static void *
open_file(struct view *view)
{
	struct prom_file *p = calloc(1, sizeof(*p));
	const char *name = view->plan->prom_file;

	if (p == NULL || asprintf(&p->beside, "%s.new", name) < 0) {
		report_complain("no memory for --prom-file");
		free(p);
		return NULL;
	}
	p->view = view;
	if (replace(p) == 0)
		return p;
	report_complain("--prom-file %s: %s", name, strerror(errno));
	free(p->beside);
	free(p);
	return NULL;
}

static int
close_file(void *self, int status)
{
	struct prom_file *p = self;
	bool failed = p->failed;

	(void)status;
	free(p->beside);
	free(p);
	return failed ? -1 : 0;
}

const struct output output_prom_file = {
	.asked = is_asked,
	.open = open_file,
	.interval = on_interval,
	.close = close_file,
};
