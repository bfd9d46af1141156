/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --hlog: the histograms of each interval, for HdrHistogram's log readers, tagged with the name of
 * what was timed. --hgrm: the distribution of the whole, for its plotter.
 */
#include "gen/measure/export.h"
#include "gen/report/output.h"

/* --hlog --------------------------------------------------------------------------------------- */

static bool
is_hlog_asked(const struct plan *plan)
{
	return plan->hlog != NULL;
}

static void *
open_hlog(struct view *view)
{
	struct told *h = told_open(sizeof(*h), view, "hlog", view->plan->hlog);

	if (h != NULL) {
		export_log_head(h->out.file, view->setup->epoch_ns);
		out_flush(&h->out);
	}
	return h;
}

/* The trials of a suite follow one another: a log's times do not go back. */
static void
on_interval(void *self, const struct interval *i, const struct meter *meter)
{
	struct told *h = self;
	uint64_t base_ns = h->view->base_ns;

	if (h->out.file == NULL)
		return;
	for (unsigned int t = 0; t < TIMES_N; t++)
		if (meter->time[t].n > 0 && h->out.file != NULL &&
		    export_log_line(h->out.file, time_names[t], base_ns + i->t0_ns,
				    base_ns + i->t1_ns, &meter->time[t]) < 0)
			out_fail(&h->out);
	out_flush(&h->out);
}

const struct output output_hlog = {
	.asked = is_hlog_asked,
	.open = open_hlog,
	.interval = on_interval,
	.close = told_close,
};

/* --hgrm --------------------------------------------------------------------------------------- */

static bool
is_hgrm_asked(const struct plan *plan)
{
	return plan->hgrm != NULL;
}

static void *
open_hgrm(struct view *view)
{
	return told_open(sizeof(struct told), view, "hgrm", view->plan->hgrm);
}

static void
on_finish(void *self, const struct finish *f)
{
	struct told *h = self;

	if (h->out.file != NULL && f->result->failed == 0)
		export_distribution(&f->result->sum.time[plan_headline(h->view->plan)],
				    h->out.file);
	out_flush(&h->out);
}

const struct output output_hgrm = {
	.asked = is_hgrm_asked,
	.open = open_hgrm,
	.finish = on_finish,
	.close = told_close,
};
