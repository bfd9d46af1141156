/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/report/report.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "gen/report/board.h"
#include "gen/report/output.h"

/* In the order in which they are told: the page for people gives the terminal back first. */
static const struct output *const outputs[] = {
	&output_tui,	     &output_line,	  &output_summary,   &output_json,
	&output_json_stream, &output_csv,	  &output_hgrm,	     &output_hlog,
	&output_prom_file,   &output_prom_listen, &output_telemetry, &output_plot,
};

struct report {
	struct view view;
	void *state[RTE_DIM(outputs)]; /* NULL: not asked for */
	uint64_t t1_ns;		       /* end of the last interval, of its trial */
	bool begun;		       /* there was an interval */
};

/* Text for people: on stdout, unless a file is "-". */
static void
open_text(struct view *view)
{
	const struct plan *plan = view->plan;
	const char *const files[] = { plan->json, plan->json_stream, plan->csv, plan->hgrm,
				      plan->hlog };
	bool taken = plan->json_stdout;

	for (size_t i = 0; i < RTE_DIM(files); i++)
		taken |= files[i] != NULL && strcmp(files[i], "-") == 0;
	view->text.file = taken ? NULL : stdout;
}

static int
open_all(struct report *r)
{
	for (unsigned int i = 0; i < RTE_DIM(outputs); i++) {
		if (!outputs[i]->asked(r->view.plan))
			continue;
		r->state[i] = outputs[i]->open(&r->view);
		if (r->state[i] == NULL)
			return -1;
	}
	return 0;
}

struct report *
report_begin(const struct plan *plan, const struct setup *setup)
{
	struct report *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		report_complain("no memory for the report");
		return NULL;
	}
	/* A reader that goes away is an output that cannot be written, not the end of the run. */
	signal(SIGPIPE, SIG_IGN);
	r->view.plan = plan;
	r->view.setup = setup;
	r->view.board = board_new(&r->view);
	open_text(&r->view);
	if (r->view.board != NULL && open_all(r) == 0)
		return r;
	report_end(r, 1);
	return NULL;
}

static void
on_interval(void *data, const struct interval *i, const struct meter *meter)
{
	struct report *r = data;

	if (r->begun && i->t0_ns < r->t1_ns) { /* another trial: it counts from 0 again */
		r->view.trial++;
		r->view.base_ns += r->t1_ns;
	}
	r->begun = true;
	r->t1_ns = i->t1_ns;
	board_add(r->view.board, i, meter);
	for (unsigned int o = 0; o < RTE_DIM(outputs); o++)
		if (r->state[o] != NULL && outputs[o]->interval != NULL)
			outputs[o]->interval(r->state[o], i, meter);
}

struct watcher
report_watcher(struct report *report)
{
	return (struct watcher){ .on_interval = on_interval, .data = report };
}

void
report_row(struct report *r, const char *table, const struct cell *cells, unsigned int n)
{
	for (unsigned int o = 0; o < RTE_DIM(outputs); o++)
		if (r->state[o] != NULL && outputs[o]->row != NULL)
			outputs[o]->row(r->state[o], table, cells, RTE_MIN(n, REPORT_CELLS));
}

void
report_result(struct report *r, const struct result *result, const struct judged *judged,
	      int status)
{
	const struct finish f = { .result = result, .judged = judged, .status = status };

	for (unsigned int o = 0; o < RTE_DIM(outputs); o++)
		if (r->state[o] != NULL && outputs[o]->finish != NULL)
			outputs[o]->finish(r->state[o], &f);
}

void
report_error(struct report *r, const char *text)
{
	for (unsigned int o = 0; o < RTE_DIM(outputs); o++)
		if (r->state[o] != NULL && outputs[o]->error != NULL)
			outputs[o]->error(r->state[o], text);
}

int
report_end(struct report *r, int status)
{
	bool failed = false;

	for (unsigned int o = 0; o < RTE_DIM(outputs); o++)
		if (r->state[o] != NULL && outputs[o]->close(r->state[o], status) < 0)
			failed = true;
	if (out_close(&r->view.text) < 0)
		failed = true;
	board_free(r->view.board);
	free(r);
	return status == 0 && failed ? 2 : status;
}
