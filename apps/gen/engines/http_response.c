/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/http_response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <rte_common.h>
#include <rte_hash_crc.h>

/* Lines -------------------------------------------------------------------------------------- */

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static const char *
cut_blanks(const char *at, const char *end)
{
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return end;
}

/* Digits and nothing else but blanks behind them. */
static bool
read_number(const char *at, const char *end, uint64_t *to)
{
	const char *begin = at = skip_blanks(at, end);
	uint64_t n = 0;

	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		if (n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*at - '0');
	}
	*to = n;
	return at > begin && skip_blanks(at, end) == end;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* RFC 9112 §7.1: the size may be followed by extensions. */
static bool
read_chunk_size(const char *at, const char *end, uint64_t *to)
{
	const char *begin = at;
	uint64_t n = 0;
	int digit;

	for (; at < end && (digit = hex_digit(*at)) >= 0; at++) {
		if (n >> 60 != 0)
			return false;
		n = n << 4 | (uint64_t)digit;
	}
	at = at > begin ? skip_blanks(at, end) : begin;
	*to = n;
	return at > begin && (at == end || *at == ';');
}

/* RFC 9112 §4: "HTTP/1.1 200 OK" */
static void
read_status(struct http_response *r, const char *line, const char *end)
{
	enum { LEAST = sizeof("HTTP/1.1 200") - 1 };

	r->state = HTTP_WRONG;
	if (end - line < LEAST || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
		return;
	for (int i = 9; i < LEAST; i++) {
		if (line[i] < '0' || line[i] > '9')
			return;
		r->status = (uint16_t)(r->status * 10 + (line[i] - '0'));
	}
	if (r->status >= 100 && (end - line == LEAST || line[LEAST] == ' '))
		r->state = HTTP_FIELDS;
}

static bool
is_field(const char *line, const char *end, const char *name, const char **value)
{
	size_t n = strlen(name);

	if ((size_t)(end - line) <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	*value = skip_blanks(line + n + 1, end);
	return true;
}

/* RFC 9112 §6.1: chunked is the last coding, if it is there at all. */
static void
read_coding(struct http_response *r, const char *value, const char *end)
{
	static const char chunked[] = "chunked";
	const size_t n = sizeof(chunked) - 1;

	end = cut_blanks(value, end);
	r->coded = true;
	r->chunked = (size_t)(end - value) >= n && strncasecmp(end - n, chunked, n) == 0;
}

/* RFC 9110 §7.6.1: a list, in which "close" may stand anywhere. */
static bool
has_close(const char *at, const char *end)
{
	static const char close[] = "close";
	const size_t n = sizeof(close) - 1;
	const char *first, *last;

	for (; at < end; at = last + 1) {
		last = memchr(at, ',', (size_t)(end - at));
		if (last == NULL)
			last = end;
		first = skip_blanks(at, last);
		if ((size_t)(cut_blanks(first, last) - first) == n &&
		    strncasecmp(first, close, n) == 0)
			return true;
	}
	return false;
}

static void
read_field(struct http_response *r, const char *line, const char *end)
{
	const char *value;
	uint64_t length = 0;

	if (is_field(line, end, "Content-Length", &value)) {
		if (!read_number(value, end, &length) || (r->has_length && length != r->left))
			r->state = HTTP_WRONG;
		r->has_length = true;
		r->left = length;
	} else if (is_field(line, end, "Transfer-Encoding", &value)) {
		read_coding(r, value, end);
	} else if (is_field(line, end, "Connection", &value)) {
		r->closes |= has_close(value, end);
	}
}

/* The empty line behind the fields: what follows (RFC 9112 §6.3). */
static void
begin_body(struct http_response *r)
{
	if (r->status < 200) {
		r->status = 0;
		r->has_length = r->chunked = r->coded = false;
		r->left = 0;
		r->state = HTTP_STATUS;
	} else if (r->status == 204 || r->status == 304) {
		r->state = HTTP_WHOLE;
	} else if (r->chunked) {
		r->state = HTTP_CHUNK;
	} else if (r->has_length && !r->coded) {
		r->state = r->left > 0 ? HTTP_BODY : HTTP_WHOLE;
	} else {
		r->state = HTTP_BODY_TO_END;
	}
}

static void
take_chunk_size(struct http_response *r, const char *line, const char *end)
{
	r->head = 0;
	if (!read_chunk_size(line, end, &r->left))
		r->state = HTTP_WRONG;
	else
		r->state = r->left > 0 ? HTTP_CHUNK_DATA : HTTP_TRAILER;
}

static void
take_line(struct http_response *r, const char *line, const char *end)
{
	if (end > line && end[-1] == '\r')
		end--;
	switch (r->state) {
	case HTTP_STATUS:
		read_status(r, line, end);
		break;
	case HTTP_FIELDS:
		if (line == end)
			begin_body(r);
		else
			read_field(r, line, end);
		break;
	case HTTP_CHUNK:
		take_chunk_size(r, line, end);
		break;
	case HTTP_CHUNK_END:
		r->state = line == end ? HTTP_CHUNK : HTTP_WRONG;
		break;
	default:
		if (line == end)
			r->state = HTTP_WHOLE;
		break;
	}
}

/* The beginning of a line that is not whole. */
static void
keep(struct http_response *r, const char *from, uint32_t n)
{
	uint32_t room = HTTP_LINE_BYTES - r->line_bytes;

	n = RTE_MIN(n, room);
	memcpy(r->line + r->line_bytes, from, n);
	r->line_bytes = (uint8_t)(r->line_bytes + n);
}

static uint32_t
read_line(struct http_response *r, const char *data, uint32_t len)
{
	const char *end = memchr(data, '\n', len);
	uint32_t n = end != NULL ? (uint32_t)(end - data) : len;

	r->head += n + 1;
	if (r->head > HTTP_HEAD_BYTES) {
		r->state = HTTP_WRONG;
		return len;
	}
	if (end == NULL) {
		keep(r, data, n);
		return len;
	}
	if (r->line_bytes > 0) {
		keep(r, data, n);
		take_line(r, r->line, r->line + r->line_bytes);
		r->line_bytes = 0;
	} else {
		take_line(r, data, end);
	}
	return n + 1;
}

/* The body ----------------------------------------------------------------------------------- */

static uint32_t
add_up(uint32_t sum, const uint8_t *data, uint64_t len)
{
	uint64_t word, i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		sum = rte_hash_crc_8byte(word, sum);
	}
	for (; i < len; i++)
		sum = rte_hash_crc_1byte(data[i], sum);
	return sum;
}

static uint32_t
read_body(struct http_response *r, const uint8_t *data, uint32_t len)
{
	uint32_t n = len;

	if (r->state != HTTP_BODY_TO_END)
		n = (uint32_t)RTE_MIN((uint64_t)len, r->left);
	if (r->sums)
		r->sum = add_up(r->sum, data, n);
	r->body += n;
	if (r->state == HTTP_BODY_TO_END)
		return n;
	r->left -= n;
	if (r->left == 0)
		r->state = r->state == HTTP_BODY ? HTTP_WHOLE : HTTP_CHUNK_END;
	return n;
}

uint32_t
http_sum(const void *data, uint64_t len)
{
	return add_up(0, data, len);
}

void
http_begin(struct http_response *r)
{
	r->body = r->left = 0;
	r->sum = r->head = 0;
	r->status = 0;
	r->state = HTTP_STATUS;
	r->line_bytes = 0;
	r->has_length = r->chunked = r->coded = r->closes = false;
}

uint32_t
http_read(struct http_response *r, const uint8_t *data, uint32_t len)
{
	uint32_t used = 0;

	while (used < len && r->state != HTTP_WHOLE && r->state != HTTP_WRONG) {
		switch (r->state) {
		case HTTP_BODY:
		case HTTP_BODY_TO_END:
		case HTTP_CHUNK_DATA:
			used += read_body(r, data + used, len - used);
			break;
		default:
			used += read_line(r, (const char *)data + used, len - used);
			break;
		}
	}
	return used;
}

void
http_end(struct http_response *r)
{
	r->state = r->state == HTTP_BODY_TO_END ? HTTP_WHOLE : HTTP_WRONG;
}
