/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The parts of the document "tern-gen/1" (docs/tern-gen.schema.json), which the stream of events
 * is made of as well. Each function returns a new reference, or NULL for want of memory.
 */
#ifndef GEN_REPORT_DOCUMENT_H
#define GEN_REPORT_DOCUMENT_H

#include <jansson.h>

#include "gen/report/output.h"

#define DOCUMENT_SCHEMA "tern-gen/1"

/* Reals as short as they can be told; one line. */
#define DOCUMENT_FORM (JSON_COMPACT | JSON_REAL_PRECISION(9))

json_t *document_start(const struct view *view);
json_t *document_interval(const struct view *view, const struct interval *i);
json_t *document_row(const struct cell *cells, unsigned int n);
json_t *document_end(const struct view *view, const struct finish *f);

/* Bytes that are no UTF-8 become '?'. */
json_t *document_text(const char *text);

#endif
