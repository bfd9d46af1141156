/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What is asked, over a stream: an HTTP request again and again, or the payload, cut in pieces of
 * one length. Any part of the stream can be written again from its position alone.
 */
#ifndef GEN_ENGINES_REQUEST_H
#define GEN_ENGINES_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "gen/plan.h"

struct request {
	const struct plan *plan;
	char *text;	/* of HTTP; NULL: payload */
	uint32_t bytes; /* of one request */
};

/* Memory for the text, 0 if there is none. */
size_t request_text_bytes(const struct plan *plan);

void request_init(struct request *r, const struct plan *plan, void *mem);
/* The plan has changed: in its sizes, or in its mode if it is one of a suite. */
void request_set(struct request *r, const struct plan *plan);

/* Bytes of the stream from `at` on; `key` is the connection's. */
void request_fill(const struct request *r, uint64_t key, uint64_t at, void *to, uint32_t len);

#endif
