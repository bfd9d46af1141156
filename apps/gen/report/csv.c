/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --csv: a line an interval, every counter and every time a column of its own.
 */
#include <inttypes.h>

#include "gen/report/output.h"

static void
put_head(FILE *to)
{
	fputs("trial,t0_ns,t1_ns", to);
	for (unsigned int i = 0; i < COUNTS; i++)
		fprintf(to, ",%s", counter_names[i]);
	for (unsigned int i = 0; i < ERRORS_N; i++)
		fprintf(to, ",error_%s", error_names[i]);
	for (unsigned int i = 0; i < TIMES_N; i++)
		fprintf(to, ",%s_count,%s_p50_ns,%s_p99_ns,%s_p999_ns,%s_max_ns", time_names[i],
			time_names[i], time_names[i], time_names[i], time_names[i]);
	fputs(",outstanding,busy,cpu_share,flags\n", to);
}

static void
put_numbers(FILE *to, const uint64_t *numbers, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		fprintf(to, ",%" PRIu64, numbers[i]);
}

/* Columns of a time of which there was none are empty: 0 would be a time. */
static void
put_time(FILE *to, const struct summary *s)
{
	if (s->n == 0)
		fputs(",0,,,,", to);
	else
		put_numbers(to, (const uint64_t[]){ s->n, s->p50, s->p99, s->p999, s->longest }, 5);
}

static void
put_flags(FILE *to, uint32_t flags)
{
	const char *before = ",";

	if (flags == 0)
		fputs(",", to);
	for (unsigned int f = 0; f < FLAGS_N; f++) {
		if ((flags & 1u << f) == 0)
			continue;
		fprintf(to, "%s%s", before, flag_names[f]);
		before = " ";
	}
	fputc('\n', to);
}

static void
on_interval(void *self, const struct interval *i, const struct meter *meter)
{
	struct told *c = self;
	FILE *to = c->out.file;

	(void)meter;
	if (to == NULL)
		return;
	fprintf(to, "%u,%" PRIu64 ",%" PRIu64, c->view->trial, i->t0_ns, i->t1_ns);
	put_numbers(to, i->count, COUNTS);
	put_numbers(to, i->error, ERRORS_N);
	for (unsigned int t = 0; t < TIMES_N; t++)
		put_time(to, &i->time[t]);
	fprintf(to, ",%" PRIu32 ",%.4f,%.4f", i->outstanding, i->busy, i->cpu_share);
	put_flags(to, i->flags);
	out_flush(&c->out);
}

static bool
is_asked(const struct plan *plan)
{
	return plan->csv != NULL;
}

static void *
open_csv(struct view *view)
{
	struct told *c = told_open(sizeof(*c), view, "csv", view->plan->csv);

	if (c == NULL)
		return NULL;
	put_head(c->out.file);
	out_flush(&c->out);
	return c;
}

const struct output output_csv = {
	.asked = is_asked,
	.open = open_csv,
	.interval = on_interval,
	.close = told_close,
};
