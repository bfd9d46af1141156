/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --json: the whole document. It is written as it becomes known, so that a run of days takes no
 * more memory than one of seconds; it is complete when the program ends.
 */
#include "gen/report/document.h"

struct writer {
	struct told told; /* first */
	unsigned int intervals, rows;
	json_t *tables;
	bool ended; /* the result is written */
};

static void
put(struct writer *w, json_t *part)
{
	if (w->told.out.file != NULL && part != NULL)
		json_dumpf(part, w->told.out.file, DOCUMENT_FORM);
	json_decref(part);
}

static void
put_text(struct writer *w, const char *text)
{
	if (w->told.out.file != NULL)
		fputs(text, w->told.out.file);
}

static void
put_head(struct writer *w)
{
	put_text(w, "{\"schema\":\"" DOCUMENT_SCHEMA "\",\"version\":\"" TERN_VERSION
		    "\",\n\"start\":");
	put(w, document_start(w->told.view));
	put_text(w, ",\n\"intervals\":[");
	out_flush(&w->told.out);
}

static void
on_interval(void *self, const struct interval *i, const struct meter *meter)
{
	struct writer *w = self;

	(void)meter;
	put_text(w, w->intervals++ > 0 ? ",\n" : "\n");
	put(w, document_interval(w->told.view, i));
	out_flush(&w->told.out);
}

static void
on_row(void *self, const char *table, const struct cell *cells, unsigned int n)
{
	struct writer *w = self;
	json_t *rows = json_object_get(w->tables, table);

	if (w->rows++ >= REPORT_ROWS)
		return;
	if (rows == NULL) {
		json_object_set_new(w->tables, table, json_array());
		rows = json_object_get(w->tables, table);
	}
	json_array_append_new(rows, document_row(cells, n));
}

static void
put_end(struct writer *w, const struct finish *f)
{
	put_text(w, "\n]");
	if (json_object_size(w->tables) > 0) {
		put_text(w, ",\n\"tables\":");
		put(w, json_incref(w->tables));
	}
	put_text(w, ",\n\"end\":");
	put(w, document_end(w->told.view, f));
	put_text(w, "}\n");
	w->ended = true;
}

static void
on_finish(void *self, const struct finish *f)
{
	struct writer *w = self;

	if (!w->ended)
		put_end(w, f);
	out_flush(&w->told.out);
}

static bool
is_asked(const struct plan *plan)
{
	return plan->json != NULL || plan->json_stdout;
}

static void *
open_json(struct view *view)
{
	const struct plan *plan = view->plan;
	struct writer *w =
		told_open(sizeof(*w), view, "json", plan->json_stdout ? "-" : plan->json);

	if (w == NULL)
		return NULL;
	w->tables = json_object();
	put_head(w);
	return w;
}

/* Without a result there is an end, too: who reads the file sees how it went. */
static int
close_json(void *self, int status)
{
	struct writer *w = self;

	if (!w->ended)
		put_end(w, &(struct finish){ .status = status });
	json_decref(w->tables);
	return told_close(w, status);
}

const struct output output_json = {
	.asked = is_asked,
	.open = open_json,
	.interval = on_interval,
	.row = on_row,
	.finish = on_finish,
	.close = close_json,
};
