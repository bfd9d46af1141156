/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The final block: what was asked for, what came of it, and whether it can be believed. And the
 * tables of suites, row by row.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "gen/report/output.h"

enum { TABLE_NAME = 64 };

struct block {
	struct view *view;
	char table[TABLE_NAME]; /* whose rows come now */
	bool finished;
};

static const struct {
	const char *name;
	double share;
} percentiles[] = {
	{ "p50", 0.5 },	 { "p75", 0.75 },    { "p90", 0.9 },
	{ "p99", 0.99 }, { "p99.9", 0.999 }, { "p99.99", 0.9999 },
};

/* Times as they stand side by side: from the intended time, and from when it really left. */
static const struct {
	enum time_of corrected, naive;
} pairs[] = {
	{ TIME_connect, TIME_connect_naive },
	{ TIME_ttfb, TIME_ttfb_naive },
	{ TIME_ttlb, TIME_ttlb_naive },
	{ TIME_close, TIMES_N },
	{ TIME_lag, TIMES_N },
};

/* What was asked for --------------------------------------------------------------------------- */

static void
print_pacing(FILE *to, const struct plan *plan)
{
	fputs(plan_pacing(plan), to);
	if (plan->profile.pacing == PACING_BURST)
		fprintf(to, " of %" PRIu32, plan->profile.burst);
}

static void
print_closed(FILE *to, const struct plan *plan)
{
	if (plan->mode == MODE_FLOOD)
		fputs("closed loop, as fast as the port takes packets", to);
	else if (plan->mode == MODE_REPLAY && plan->speed > 0)
		fprintf(to, "the times of the capture, %g times as fast", plan->speed);
	else if (plan->mode == MODE_REPLAY)
		fprintf(to, "the capture at %" PRIu64 " packets/s", plan->replay_pps);
	else if (plan->mode == MODE_STREAM)
		fprintf(to, "closed loop, %" PRIu32 " streams%s", plan->parallel,
			plan->bidir   ? ", both ways" :
			plan->reverse ? ", from the target" :
					"");
	else if (plan->mode == MODE_MIX)
		fprintf(to, "closed loop, %" PRIu32 " transactions under way",
			plan->max_outstanding);
	else
		fprintf(to, "closed loop, %" PRIu32 " connections, depth %" PRIu32,
			plan->connections, plan->depth);
	fputs(", latency from send time\n", to);
}

static void
print_model(FILE *to, const struct plan *plan, const struct trial *trial)
{
	double offered = trial_offered(trial);

	fputs("model        ", to);
	if (!trial->open_loop) {
		print_closed(to, plan);
		return;
	}
	fputs("open loop, ", to);
	print_pacing(to, plan);
	if (offered > 0)
		fprintf(to, ", %.0f/s", offered);
	else
		fprintf(to, ", a rate that changes in %u phases", trial->profile.n);
	fputs(", latency from intended send time\n", to);
}

static void
print_target(FILE *to, const struct plan *plan)
{
	char text[TERN_ADDR_TEXT];

	if (tern_addr_is_any(plan->target))
		return;
	tern_addr_print(plan->target, text);
	if (plan->target_port == 0)
		fprintf(to, " to %s", text);
	else if (tern_addr_is_v4(plan->target))
		fprintf(to, " to %s:%" PRIu16, text, plan->target_port);
	else
		fprintf(to, " to [%s]:%" PRIu16, text, plan->target_port);
}

static void
print_load_name(FILE *to, const struct plan *plan)
{
	if (plan->mode != MODE_MIX) {
		fprintf(to, "%s, %s%s", mode_names[plan->mode], protocol_names[plan->proto],
			plan->lite ? " (lite)" : "");
		return;
	}
	for (unsigned int i = 0; i < plan->parts_n; i++)
		fprintf(to, "%s%s", i > 0 ? ", " : "mix of ", plan->parts[i].name);
	fputs(plan->lite ? " (lite)" : "", to);
}

static void
print_what(FILE *to, const struct plan *plan)
{
	fprintf(to, "\ntern-gen     ");
	if (plan->suite != SUITE_NONE)
		fprintf(to, "%s of ", suite_names[plan->suite]);
	print_load_name(to, plan);
	print_target(to, plan);
	fputc('\n', to);
	if (plan->title != NULL)
		fprintf(to, "title        %s\n", plan->title);
	for (unsigned int i = 0; i < plan->tags_n; i++)
		fprintf(to, "tag          %s\n", plan->tags[i]);
}

static void
print_load(FILE *to, const struct plan *plan, const struct result *r)
{
	fputs("load         ", to);
	if (r->trial.count > 0)
		fprintf(to, "%" PRIu64 " transactions, seed %" PRIu64, r->trial.count,
			r->trial.seed);
	else
		fprintf(to, "%.3f s after %.3f s of warm-up, seed %" PRIu64,
			(double)r->trial.duration_ns / 1e9, (double)r->trial.omit_ns / 1e9,
			r->trial.seed);
	if (r->trial.open_loop && plan->mode != MODE_FLOOD && plan->mode != MODE_REPLAY)
		fprintf(to, ", at most %" PRIu32 " outstanding", plan->max_outstanding);
	fputc('\n', to);
}

static void
print_setup(FILE *to, const struct setup *setup)
{
	for (unsigned int i = 0; i < setup->ports_n; i++)
		fprintf(to, "port         %s (%s), transmit checksums by the %s\n",
			setup->ports[i].name, setup->ports[i].driver,
			setup->ports[i].tx_cksum_offload ? "port" : "generator");
	fputs("cores        ", to);
	for (unsigned int i = 0; i < setup->cores_n; i++)
		fprintf(to, "%s%u", i > 0 ? "," : "", setup->cores[i]);
	fprintf(to, "; times from %s\n", setup->timestamps);
}

/* What came of it ------------------------------------------------------------------------------ */

static void
print_achieved(FILE *to, const struct plan *plan, const struct result *r)
{
	double offered = trial_offered(&r->trial), seconds = (double)r->ns / 1e9;
	const char *what = plan_counted(plan);

	if (plan->mode == MODE_HOLD)
		fprintf(to, "achieved     %.0f connections established", r->achieved);
	else if (plan_counts_bits(plan))
		fprintf(to, "achieved     %.6f Gbit/s", r->achieved / 1e9);
	else if (offered > 0)
		fprintf(to, "achieved     %.1f %ss/s of %.1f/s offered (%.3f %%)", r->achieved,
			what, offered, 100 * r->achieved / offered);
	else
		fprintf(to, "achieved     %.1f %ss/s", r->achieved, what);
	fprintf(to, ", over %.3f s\n", seconds);
}

static double
a_second(const struct result *r, uint64_t count)
{
	return r->ns > 0 ? (double)count * 1e9 / (double)r->ns : 0;
}

static void
print_traffic(FILE *to, const struct result *r)
{
	const uint64_t *count = r->sum.count;

	fprintf(to, "traffic      tx %.0f packets/s %.3f Gb/s, rx %.0f packets/s %.3f Gb/s\n",
		a_second(r, count[COUNT_tx_pkts]), a_second(r, 8 * count[COUNT_tx_bytes]) / 1e9,
		a_second(r, count[COUNT_rx_pkts]), a_second(r, 8 * count[COUNT_rx_bytes]) / 1e9);
	if (count[COUNT_tx_payload] + count[COUNT_rx_payload] > 0)
		fprintf(to, "payload      tx %.3f Gb/s, rx %.3f Gb/s\n",
			a_second(r, 8 * count[COUNT_tx_payload]) / 1e9,
			a_second(r, 8 * count[COUNT_rx_payload]) / 1e9);
}

static void
print_costs(FILE *to, const struct plan *plan, const struct result *r)
{
	/* what counts bits has its costs by the packet */
	const char *what = plan_counts_bits(plan) ? "packet" : plan_counted(plan);

	fprintf(to, "cost         %.1f cycles", r->cycles_each);
	if (strcmp(what, "packet") != 0)
		fprintf(to, " and %.2f packets", r->pkts_each);
	fprintf(to, " a %s, busy %.0f %%\n", what, r->busy * 100);
}

/* Percentiles ---------------------------------------------------------------------------------- */

static bool
has_naive(size_t pair)
{
	return pairs[pair].naive != TIMES_N;
}

static void
print_heads(FILE *to, const struct meter *m)
{
	fputs("\nlatency [us]", to);
	for (size_t i = 0; i < RTE_DIM(pairs); i++)
		if (m->time[pairs[i].corrected].n > 0)
			fprintf(to, "%*s", has_naive(i) ? 23 : 12, time_names[pairs[i].corrected]);
	fputs("\n            ", to);
	for (size_t i = 0; i < RTE_DIM(pairs); i++) {
		if (m->time[pairs[i].corrected].n == 0)
			continue;
		if (has_naive(i))
			fprintf(to, "%12s |%9s", "corrected", "naive");
		else
			fprintf(to, "%12s", "");
	}
	fputc('\n', to);
}

static double
us(uint64_t ns)
{
	return (double)ns / 1e3;
}

static void
print_row(FILE *to, const struct meter *m, const char *name,
	  double (*value)(const struct hdr *h, double share), double share, int digits)
{
	fprintf(to, "%12s", name);
	for (size_t i = 0; i < RTE_DIM(pairs); i++) {
		if (m->time[pairs[i].corrected].n == 0)
			continue;
		fprintf(to, "%12.*f", digits, value(&m->time[pairs[i].corrected], share));
		if (has_naive(i))
			fprintf(to, " |%9.*f", digits, value(&m->time[pairs[i].naive], share));
	}
	fputc('\n', to);
}

static double
at_percentile(const struct hdr *h, double share)
{
	return us(hdr_percentile(h, share));
}

static double
longest(const struct hdr *h, double unused)
{
	(void)unused;
	return us(h->longest_ns);
}

static double
mean(const struct hdr *h, double unused)
{
	(void)unused;
	return hdr_mean_ns(h) / 1e3;
}

static double
how_many(const struct hdr *h, double unused)
{
	(void)unused;
	return (double)h->n;
}

static void
print_percentiles(FILE *to, const struct meter *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < RTE_DIM(pairs); i++)
		n += m->time[pairs[i].corrected].n;
	if (n == 0)
		return;
	print_heads(to, m);
	for (size_t i = 0; i < RTE_DIM(percentiles); i++)
		print_row(to, m, percentiles[i].name, at_percentile, percentiles[i].share, 1);
	print_row(to, m, "max", longest, 0, 1);
	print_row(to, m, "mean", mean, 0, 1);
	print_row(to, m, "count", how_many, 0, 0);
	fputc('\n', to);
}

/* Of a mix: what came of each part, and its own times from the intended send time on. ---------- */

static void
print_part(FILE *to, const struct part *part, const struct part_result *p)
{
	const struct ledger *l = &p->ledger;
	const struct hdr *h = &p->sum.time[TIME_ttlb];

	fprintf(to,
		"%-14s %7" PRIu32 " %10" PRIu64 " %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
		" %11.1f %9.1f %9.1f %9.1f\n",
		part->name, part->weight, l->launched, l->done, l->failed, l->inflight, l->shed,
		p->achieved, at_percentile(h, 0.5), at_percentile(h, 0.99), longest(h, 0));
}

static void
print_parts(FILE *to, const struct plan *plan, const struct result *r)
{
	if (r->parts_n == 0)
		return;
	fprintf(to, "%-14s %7s %10s %10s %8s %8s %8s %11s %9s %9s %9s\n", "part", "weight", "begun",
		"done", "failed", "inflight", "shed", "done/s", "ttlb p50", "p99 [us]", "max");
	for (unsigned int i = 0; i < r->parts_n; i++)
		print_part(to, &plan->parts[i], &r->parts[i]);
	fputc('\n', to);
}

/* What went wrong, and whether all is accounted for -------------------------------------------- */

static void
print_errors(FILE *to, const struct result *r)
{
	const struct meter *m = &r->total;
	uint64_t all = meter_errors(m), launched = r->ledger.launched;

	fprintf(to, "errors       %" PRIu64, all);
	if (launched > 0)
		fprintf(to, " of %" PRIu64 " begun", launched);
	if (all > 0 && launched > 0)
		fprintf(to, " (%.5f %%)", 100 * (double)all / (double)launched);
	fputc('\n', to);
	for (unsigned int i = 0; i < ERRORS_N; i++)
		if (m->error[i] > 0)
			fprintf(to, "  %10" PRIu64 " %-12s %s\n", m->error[i], error_names[i],
				error_texts[i]);
}

static void
print_oddities(FILE *to, const struct meter *m)
{
	static const enum counter odd[] = {
		COUNT_rexmit_syn,  COUNT_rexmit_data,	   COUNT_rexmit_fin, COUNT_shed,
		COUNT_late,	   COUNT_tx_full,	   COUNT_tx_dropped, COUNT_no_mbuf,
		COUNT_reordered,   COUNT_duplicates,	   COUNT_other,	     COUNT_damaged,
		COUNT_handed_over, COUNT_handover_dropped,
	};

	for (size_t i = 0; i < RTE_DIM(odd); i++)
		if (m->count[odd[i]] > 0)
			fprintf(to, "  %10" PRIu64 " %-12s %s\n", m->count[odd[i]],
				counter_names[odd[i]], counter_texts[odd[i]]);
}

/* Of --capture-failed: how many, and whom to look for in the file. */
static void
print_captured(FILE *to, const struct failures *f)
{
	enum { LISTED = 10 };

	fprintf(to, "captured     %" PRIu32 " failures (%" PRIu64 " frames) in %s", f->n, f->frames,
		f->path);
	if (f->missed > 0)
		fprintf(to, ", not captured: %" PRIu64, f->missed);
	fputc('\n', to);
	for (uint32_t i = 0; i < RTE_MIN(f->n, (uint32_t)LISTED); i++) {
		const struct captured_failure *c = &f->list[i];
		char local[TERN_ADDR_TEXT];

		fprintf(to, "  %10" PRIu32 " %s of %s:%u, %s\n", c->frames,
			c->frames == 1 ? "frame" : "frames",
			tern_addr_print(tern_addr_v4(c->who.local), local),
			rte_be_to_cpu_16(c->who.local_port), error_names[c->cause]);
	}
}

static void
print_ledger(FILE *to, const struct ledger *l)
{
	fprintf(to,
		"ledger       begun %" PRIu64 " = done %" PRIu64 " + failed %" PRIu64
		" + inflight %" PRIu64 ", shed %" PRIu64 "\n"
		"             made %" PRIu64 " = tx %" PRIu64 " + dropped %" PRIu64 "; rx %" PRIu64
		" = taken %" PRIu64 " + passed %" PRIu64 "  %s\n",
		l->launched, l->done, l->failed, l->inflight, l->shed, l->made, l->sent, l->dropped,
		l->received, l->taken, l->passed, l->balanced ? "OK" : "UNBALANCED");
	if (l->handed_over + l->handover_dropped > 0)
		fprintf(to,
			"             from core to core %" PRIu64 ", dropped on the way %" PRIu64
			"\n",
			l->handed_over, l->handover_dropped);
	if (l->rx_missed + l->rx_errors + l->rx_no_mbuf + l->tx_errors > 0)
		fprintf(to,
			"             the port missed %" PRIu64 ", rx errors %" PRIu64
			", no mbuf %" PRIu64 ", tx errors %" PRIu64 "\n",
			l->rx_missed, l->rx_errors, l->rx_no_mbuf, l->tx_errors);
}

static bool
ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), of_end = strlen(end);

	return n >= of_end && strcmp(text + n - of_end, end) == 0;
}

/* The value in the unit in which the limit was given; NAN: nothing was measured. */
static void
print_value(FILE *to, const char *text, double value)
{
	if (isnan(value))
		fprintf(to, "%14s", "none");
	else if (ends_in(text, "%"))
		fprintf(to, "%12.5f %%", value * 100);
	else if (ends_in(text, "s") && !ends_in(text, "/s"))
		fprintf(to, "%11.1f us", value / 1e3);
	else
		fprintf(to, "%14.1f", value);
}

static void
print_slos(FILE *to, const struct plan *plan, const struct judged *judged)
{
	for (unsigned int i = 0; i < plan->slos_n && judged != NULL; i++) {
		fprintf(to, "slo          %-24s", plan->slos[i].text);
		print_value(to, plan->slos[i].text, judged[i].value);
		fprintf(to, "  %s\n", judged[i].pass ? "met" : "MISSED");
	}
}

static unsigned int
warm_ups(const struct result *r)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->intervals_n; i++)
		n += (r->intervals[i].flags & 1u << FLAG_WARMUP) != 0;
	return n;
}

/* Of the disturbed: without others the figures are made of them. */
static const char *
what_became_of(const struct plan *plan, const struct result *r, unsigned int warm)
{
	if (r->disturbed == 0)
		return "";
	if (plan->keep || r->disturbed == r->intervals_n - warm)
		return " (kept)";
	return " (left out of the figures)";
}

static void
print_judgement(FILE *to, const struct plan *plan, const struct finish *f)
{
	const struct result *r = f->result;
	unsigned int warm = warm_ups(r);

	print_slos(to, plan, f->judged);
	fprintf(to, "intervals    %u after %u of warm-up, of them %u flagged, %u disturbed%s\n",
		r->intervals_n - warm, warm, r->flagged, r->disturbed,
		what_became_of(plan, r, warm));
	fprintf(to, "trustworthy: %s\n", r->verdict);
}

static void
on_finish(void *self, const struct finish *f)
{
	struct block *b = self;
	FILE *to = b->view->text.file;
	const struct plan *plan = b->view->plan;

	if (to == NULL || f->result->failed != 0)
		return;
	print_what(to, plan);
	print_model(to, plan, &f->result->trial);
	print_load(to, plan, f->result);
	print_setup(to, b->view->setup);
	print_achieved(to, plan, f->result);
	print_traffic(to, f->result);
	print_costs(to, plan, f->result);
	print_percentiles(to, &f->result->sum);
	print_parts(to, plan, f->result);
	print_errors(to, f->result);
	print_oddities(to, &f->result->total);
	if (b->view->setup->failures != NULL)
		print_captured(to, b->view->setup->failures);
	print_ledger(to, &f->result->ledger);
	print_judgement(to, plan, f);
	b->finished = true;
	out_flush(&b->view->text);
}

/* Tables of suites ----------------------------------------------------------------------------- */

/* Two spaces stand before it, however long it is. */
static int
width_of(const struct cell *cell)
{
	return (int)RTE_MAX(strlen(cell->name), (size_t)10);
}

static void
print_cell(FILE *to, const struct cell *cell)
{
	double n = cell->number + 0.0; /* no -0 */

	if (cell->text != NULL)
		fprintf(to, "  %*s", width_of(cell), cell->text);
	else if (fabs(n) >= 1000 || n == (double)(int64_t)n)
		fprintf(to, "  %*.0f", width_of(cell), n);
	else
		fprintf(to, "  %*.6g", width_of(cell), n);
}

/* A column of words needs no name: the table's says what they are. */
static void
begin_table(FILE *to, const char *table, const struct cell *cells, unsigned int n)
{
	fprintf(to, "\n%s\n", table);
	if (n == 1 && cells[0].text != NULL)
		return;
	for (unsigned int i = 0; i < n; i++)
		fprintf(to, "  %*s", width_of(&cells[i]), cells[i].name);
	fputc('\n', to);
}

static void
on_row(void *self, const char *table, const struct cell *cells, unsigned int n)
{
	struct block *b = self;
	FILE *to = b->view->text.file;

	if (to == NULL)
		return;
	if (strncmp(b->table, table, sizeof(b->table) - 1) != 0) {
		snprintf(b->table, sizeof(b->table), "%s", table);
		begin_table(to, table, cells, n);
	}
	for (unsigned int i = 0; i < n; i++)
		print_cell(to, &cells[i]);
	fputc('\n', to);
	out_flush(&b->view->text);
}

static bool
is_asked(const struct plan *plan)
{
	(void)plan;
	return true;
}

static void *
open_block(struct view *view)
{
	struct block *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		report_complain("no memory for the final block");
		return NULL;
	}
	b->view = view;
	return b;
}

static int
close_block(void *self, int status)
{
	struct block *b = self;
	const struct failures *failures = b->view->setup->failures;

	(void)status;
	/* suites have rows, and no final block */
	if (!b->finished && failures != NULL && b->view->text.file != NULL)
		print_captured(b->view->text.file, failures);
	free(b);
	return 0;
}

const struct output output_summary = {
	.asked = is_asked,
	.open = open_block,
	.row = on_row,
	.finish = on_finish,
	.close = close_block,
};
