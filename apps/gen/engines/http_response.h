/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Reading an HTTP/1.x response (RFC 9112) as it comes, in any pieces, for who only wants to know
 * where it ends, what its status is and whether the body is as long and as it should be.
 *
 * Nothing is kept but the beginning of a line that is cut in two. Interim responses (1xx) are
 * passed over. Only answers to GET are read: the body's end is told by its length, by chunks, or by
 * the end of the connection (RFC 9112 §6.3).
 */
#ifndef GEN_ENGINES_HTTP_RESPONSE_H
#define GEN_ENGINES_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HTTP_LINE_BYTES = 112,	 /* of a line that is looked at: what is behind is passed over */
	HTTP_HEAD_BYTES = 65536, /* most of a head, or of a trailer */
};

enum http_state {
	HTTP_STATUS, /* its first line is awaited */
	HTTP_FIELDS,
	HTTP_BODY, /* `left` bytes of it */
	HTTP_BODY_TO_END,
	HTTP_CHUNK, /* the line with its size */
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_END,
	HTTP_TRAILER,
	HTTP_WHOLE,
	HTTP_WRONG, /* no HTTP, or no telling where it ends */
};

/* All zero before the first byte, but for `sums`. */
struct http_response {
	uint64_t body; /* bytes of it so far */
	uint64_t left; /* of the body, or of this chunk */
	uint32_t sum;  /* CRC-32C of the body so far, if `sums` */
	uint32_t head; /* bytes of the head so far */
	uint16_t status;
	uint8_t state;	    /* enum http_state */
	uint8_t line_bytes; /* of what is kept of a line */
	bool sums;
	bool has_length, chunked, coded; /* coded: by what is not chunked alone */
	bool closes; /* the peer says that it closes behind it: RFC 9112 §9.6 */
	char line[HTTP_LINE_BYTES];
};

/* Before the next response. */
void http_begin(struct http_response *r);

/* Read on. Return: how many bytes belong to this response; less than len only at its end. */
uint32_t http_read(struct http_response *r, const uint8_t *data, uint32_t len);

/* The peer will send nothing more: HTTP_WHOLE if that was how it was to end, else HTTP_WRONG. */
void http_end(struct http_response *r);

/* What `sum` is of these bytes. */
uint32_t http_sum(const void *data, uint64_t len);

/* Has none of it come yet? */
static inline bool
http_is_idle(const struct http_response *r)
{
	return r->state == HTTP_STATUS && r->head == 0 && r->line_bytes == 0;
}

#endif
