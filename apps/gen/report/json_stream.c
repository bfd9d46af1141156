/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --json-stream: one event a line, {"event":"interval","data":{...}}, for who reads along.
 */
#include "gen/report/document.h"

struct stream {
	struct told told; /* first */
	bool ended;
	bool failed; /* an error was told */
};

static void
put_event(struct stream *s, const char *event, json_t *data)
{
	json_t *line = json_pack("{s:s, s:o}", "event", event, "data", data);

	if (s->told.out.file != NULL && line != NULL) {
		json_dumpf(line, s->told.out.file, DOCUMENT_FORM);
		fputc('\n', s->told.out.file);
	}
	json_decref(line);
	out_flush(&s->told.out);
}

static void
put_start(struct stream *s)
{
	json_t *start = document_start(s->told.view);

	json_object_set_new(start, "schema", json_string(DOCUMENT_SCHEMA));
	json_object_set_new(start, "version", json_string(TERN_VERSION));
	put_event(s, "start", start);
}

static void
on_interval(void *self, const struct interval *i, const struct meter *meter)
{
	struct stream *s = self;

	(void)meter;
	put_event(s, "interval", document_interval(s->told.view, i));
}

static void
on_row(void *self, const char *table, const struct cell *cells, unsigned int n)
{
	json_t *row = json_pack("{s:s, s:o}", "table", table, "row", document_row(cells, n));

	put_event(self, "row", row);
}

static void
on_error(void *self, const char *text)
{
	struct stream *s = self;

	put_event(s, "error", json_pack("{s:o}", "text", document_text(text)));
	s->failed = true;
}

static void
on_finish(void *self, const struct finish *f)
{
	struct stream *s = self;

	if (!s->ended)
		put_event(s, "end", document_end(s->told.view, f));
	s->ended = true;
}

static bool
is_asked(const struct plan *plan)
{
	return plan->json_stream != NULL;
}

static void *
open_stream(struct view *view)
{
	struct stream *s = told_open(sizeof(*s), view, "json-stream", view->plan->json_stream);

	if (s != NULL)
		put_start(s);
	return s;
}

static int
close_stream(void *self, int status)
{
	struct stream *s = self;

	if (!s->ended && !s->failed && status != 0)
		on_error(s, status == 1 ? "it could not be run" : "there is no result");
	if (!s->ended)
		on_finish(s, &(struct finish){ .status = status });
	return told_close(s, status);
}

const struct output output_json_stream = {
	.asked = is_asked,
	.open = open_stream,
	.interval = on_interval,
	.row = on_row,
	.finish = on_finish,
	.error = on_error,
	.close = close_stream,
};
