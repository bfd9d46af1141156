/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The head of an HTTP request (RFC 9112 §2 to §6): bytes in, what they ask for out.
 *
 * Pure: it keeps nothing but struct request and knows no connection. The text may come in any
 * pieces: call again with the same bytes and more of them behind; no line is read twice, and the
 * outcome does not depend on where the cuts were.
 *
 * It is strict wherever two readers of one message could disagree on where it ends (request
 * smuggling, RFC 9112 §11.2): a line ends in CRLF and nothing else, no folded lines, no white space
 * before a colon, one length at most. Such a message is answered with 400 and the connection ends.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HEAD_MAX_BYTES = 8192,	 /* request line and fields; more: 431 */
	TARGET_MAX_BYTES = 4096, /* request-target; more: 414 */
	METHOD_MAX_BYTES = 32,	 /* more: 501 */
};

enum method {
	METHOD_UNKNOWN,
	METHOD_GET,
	METHOD_HEAD,
	METHOD_KNOWN, /* registered, but not for this server: 405 */
};

enum parsed {
	PARSED_PART,  /* more bytes are needed */
	PARSED_WHOLE, /* the head is complete: request.bytes of the text */
	PARSED_WRONG, /* to be answered with request.status; nothing behind it can be read */
};

/* What Transfer-Encoding said (RFC 9112 §6.1). */
enum coding {
	CODING_NONE,
	CODING_OTHER,	      /* something else than chunked, so far */
	CODING_CHUNKED,	      /* chunked and nothing else */
	CODING_OTHER_CHUNKED, /* something else, then chunked */
	CODING_BEYOND,	      /* chunked is not the last */
};

/* All zero before the first byte. */
struct request {
	uint16_t bytes; /* of lines that have been read */
	uint16_t seen;	/* bytes in which no further line end was found */

	uint16_t status;	   /* PARSED_WRONG */
	uint16_t path, path_bytes; /* the path, still encoded: where in the text, no query */
	uint8_t method;		   /* enum method */
	uint8_t minor;		   /* HTTP/1.minor */
	uint8_t coding;		   /* enum coding */
	bool has_line, has_host, has_length;
	bool close, keep_alive; /* connection options (RFC 9110 §7.6.1) */
	uint64_t length;	/* of the body; UINT64_MAX: that or more */
};

enum parsed parse(struct request *r, const char *text, uint32_t len);

/* Bytes of empty lines at the start: to be passed over before a request (RFC 9112 §2.2). */
uint32_t empty_lines(const char *text, uint32_t len);

/* May another request follow (RFC 9112 §9.3)? */
static inline bool
persists(const struct request *r)
{
	return !r->close && (r->minor > 0 || r->keep_alive);
}

#endif
