/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As much of RFC 9112 as tells where a response ends and whether it is a good one: the status, and
 * how the body is framed (§6.3), read byte by byte over any number of segments. All that is kept
 * between two of them is in the connection's block.
 *
 * A server sends the same header again and again, but for its Date. So the last one that came in
 * one piece is remembered with what it meant; the same bytes mean the same.
 */
#include <ctype.h>
#include <string.h>

#include "gen/engines/lite.h"

enum reading {
	VERSION, /* "HTTP/1.x " */
	CODE,
	NAME, /* of a field, or the empty line */
	LENGTH,
	CODING,
	LINE, /* what of a line does not matter */
	/* From here on: body. */
	BY_LENGTH,
	BY_CLOSE,
	CHUNK_SIZE,
	CHUNK_EXT,
	CHUNK_DATA,
	CHUNK_END,
	TRAILER,
	TRAILER_LINE,
};

/* struct client.match: the names that may still be meant; what was read is kept above them. */
enum {
	MAYBE_LENGTH = 1 << 0,
	MAYBE_CODING = 1 << 1,
	HAS_LENGTH = 1 << 2,
	HAS_CHUNKS = 1 << 3,
	IS_INTERIM = 1 << 4, /* 1xx: another response follows */
	DIGIT = 1 << 5,
};

static const char VERSION_TEXT[] = "HTTP/1.x ";
static const char LENGTH_TEXT[] = "content-length";
static const char CODING_TEXT[] = "transfer-encoding";
static const char CHUNKED_TEXT[] = "chunked";

void
lite_http_expect(struct client *c)
{
	c->phase = VERSION;
	c->at = c->match = 0;
	c->left = 0;
	c->flags &= (uint8_t)~BODILESS;
}

static enum lite_answer
is_wrong(struct client *c, enum error error)
{
	c->error = (uint8_t)error;
	return ANSWER_WRONG;
}

/* The header --------------------------------------------------------------------------------- */

static enum lite_answer
read_version(struct client *c, uint8_t b)
{
	bool fits = VERSION_TEXT[c->at] == 'x' ? isdigit(b) != 0 : VERSION_TEXT[c->at] == b;

	if (!fits)
		return is_wrong(c, ERROR_bad_status);
	if (++c->at == sizeof(VERSION_TEXT) - 1) {
		c->phase = CODE;
		c->at = 0;
	}
	return ANSWER_MORE;
}

/* RFC 9110 §15, §6.4.1: 1xx, 204 and 304 have no body. */
static enum lite_answer
judge_status(struct client *c)
{
	uint32_t status = c->left;

	c->left = 0;
	c->at = 0;
	c->phase = LINE;
	if (status / 100 == 1) {
		c->match |= IS_INTERIM;
		return ANSWER_MORE;
	}
	if (status == 204)
		c->flags |= BODILESS;
	return status / 100 == 2 ? ANSWER_MORE : is_wrong(c, ERROR_bad_status);
}

static enum lite_answer
read_code(struct client *c, uint8_t b)
{
	if (!isdigit(b))
		return is_wrong(c, ERROR_bad_status);
	c->left = c->left * 10 + (b - '0');
	return ++c->at == 3 ? judge_status(c) : ANSWER_MORE;
}

static void
begin_line(struct client *c)
{
	c->phase = NAME;
	c->at = 0;
	c->match = (uint8_t)((c->match & ~DIGIT) | MAYBE_LENGTH | MAYBE_CODING);
}

/*
 * A body whose length is known, and shall be what --rsp says, and with --verify as long as the
 * others.
 */
static enum lite_answer
begin_body(struct lite *l, struct client *c)
{
	c->phase = BY_LENGTH;
	if (l->body_bytes != 0 && c->left != l->body_bytes)
		return is_wrong(c, ERROR_bad_length);
	if (l->verify && l->body.total == LITE_NONE)
		l->body.total = c->left;
	if (l->verify && l->body.total != c->left)
		return is_wrong(c, ERROR_bad_payload);
	return c->left == 0 ? ANSWER_WHOLE : ANSWER_MORE;
}

/* The empty line: RFC 9112 §6.3, in its order. */
static enum lite_answer
end_header(struct lite *l, struct client *c)
{
	uint8_t match = c->match;

	c->at = 0;
	if ((match & IS_INTERIM) != 0) {
		lite_http_expect(c);
		return ANSWER_MORE;
	}
	if ((c->flags & BODILESS) != 0)
		return ANSWER_WHOLE;
	if ((match & HAS_CHUNKS) != 0) {
		c->phase = CHUNK_SIZE;
		c->left = 0;
		c->match = 0;
		return ANSWER_MORE;
	}
	if ((match & HAS_LENGTH) != 0)
		return begin_body(l, c);
	c->phase = BY_CLOSE;
	return ANSWER_MORE;
}

/* The name is over: which one was it? */
static void
end_name(struct client *c)
{
	if ((c->match & MAYBE_LENGTH) != 0 && c->at == sizeof(LENGTH_TEXT) - 1)
		c->phase = LENGTH;
	else if ((c->match & MAYBE_CODING) != 0 && c->at == sizeof(CODING_TEXT) - 1)
		c->phase = CODING;
	else
		c->phase = LINE;
	if (c->phase == LENGTH)
		c->left = 0;
	c->at = 0;
}

static void
narrow(struct client *c, uint8_t b)
{
	uint8_t low = (uint8_t)tolower(b);

	if (c->at >= sizeof(LENGTH_TEXT) - 1 || LENGTH_TEXT[c->at] != low)
		c->match &= (uint8_t)~MAYBE_LENGTH;
	if (c->at >= sizeof(CODING_TEXT) - 1 || CODING_TEXT[c->at] != low)
		c->match &= (uint8_t)~MAYBE_CODING;
	if (c->at < UINT8_MAX)
		c->at++;
}

static enum lite_answer
read_name(struct lite *l, struct client *c, uint8_t b)
{
	if (b == '\n')
		return c->at == 0 ? end_header(l, c) : is_wrong(c, ERROR_bad_status);
	if (b == ':')
		end_name(c);
	else if (b != '\r' || c->at > 0)
		narrow(c, b);
	return ANSWER_MORE;
}

/* More than 32 bits is more than this client was made for. */
static enum lite_answer
read_length(struct client *c, uint8_t b)
{
	if (isdigit(b)) {
		if (c->left > (UINT32_MAX - 9) / 10)
			return is_wrong(c, ERROR_bad_length);
		c->left = c->left * 10 + (b - '0');
		c->match |= HAS_LENGTH | DIGIT;
		return ANSWER_MORE;
	}
	if (b == '\n') {
		if ((c->match & DIGIT) == 0)
			return is_wrong(c, ERROR_bad_length);
		begin_line(c);
		return ANSWER_MORE;
	}
	return b == ' ' || b == '\t' || b == '\r' ? ANSWER_MORE : is_wrong(c, ERROR_bad_length);
}

static enum lite_answer
read_coding(struct client *c, uint8_t b)
{
	if (b == '\n') {
		if (c->at != sizeof(CHUNKED_TEXT) - 1)
			return is_wrong(c, ERROR_bad_length);
		c->match |= HAS_CHUNKS;
		begin_line(c);
		return ANSWER_MORE;
	}
	if (b == ' ' || b == '\t' || b == '\r')
		return ANSWER_MORE;
	if (c->at >= sizeof(CHUNKED_TEXT) - 1 || CHUNKED_TEXT[c->at] != tolower(b))
		return is_wrong(c, ERROR_bad_length);
	c->at++;
	return ANSWER_MORE;
}

static enum lite_answer
read_header(struct lite *l, struct client *c, uint8_t b)
{
	switch (c->phase) {
	case VERSION:
		return read_version(c, b);
	case CODE:
		return read_code(c, b);
	case NAME:
		return read_name(l, c, b);
	case LENGTH:
		return read_length(c, b);
	case CODING:
		return read_coding(c, b);
	default:
		if (b == '\n')
			begin_line(c);
		return ANSWER_MORE;
	}
}

/* Chunks: RFC 9112 §7.1 ----------------------------------------------------------------------- */

static int
hex(uint8_t b)
{
	if (isdigit(b))
		return b - '0';
	b = (uint8_t)tolower(b);
	return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

static enum lite_answer
end_size(struct client *c)
{
	if ((c->match & DIGIT) == 0)
		return is_wrong(c, ERROR_bad_length);
	c->match = 0;
	c->at = 0;
	c->phase = c->left > 0 ? CHUNK_DATA : TRAILER;
	return ANSWER_MORE;
}

static enum lite_answer
read_size(struct client *c, uint8_t b)
{
	int digit = hex(b);

	if (b == '\n')
		return end_size(c);
	if (digit < 0) {
		c->phase = CHUNK_EXT;
		return b == '\r' || b == ';' || b == ' ' ? ANSWER_MORE :
							   is_wrong(c, ERROR_bad_length);
	}
	if (c->left >> 28 != 0)
		return is_wrong(c, ERROR_bad_length);
	c->left = c->left << 4 | (uint32_t)digit;
	c->match |= DIGIT;
	return ANSWER_MORE;
}

static enum lite_answer
read_chunks(struct client *c, uint8_t b)
{
	switch (c->phase) {
	case CHUNK_SIZE:
		return read_size(c, b);
	case CHUNK_EXT:
		return b == '\n' ? end_size(c) : ANSWER_MORE;
	case CHUNK_END:
		if (b == '\n')
			c->phase = CHUNK_SIZE;
		return b == '\r' || b == '\n' ? ANSWER_MORE : is_wrong(c, ERROR_bad_length);
	case TRAILER:
		if (b == '\n')
			return ANSWER_WHOLE;
		if (b != '\r')
			c->phase = TRAILER_LINE;
		return ANSWER_MORE;
	default:
		if (b == '\n')
			c->phase = TRAILER;
		return ANSWER_MORE;
	}
}

/* The whole ---------------------------------------------------------------------------------- */

/*
 * Bytes of a body, from its start, against those of all bodies before. What of it is new is kept,
 * as far as there is room for it, for those that follow.
 */
static bool
is_alike(struct lite *l, uint32_t at, const uint8_t *data, uint32_t len)
{
	uint32_t known = at < l->body.known ? RTE_MIN(l->body.known - at, len) : 0;
	uint32_t more;

	if (memcmp(data, l->body.bytes + at, known) != 0)
		return false;
	if (at + known == l->body.known && known < len && l->body.known < l->body.room) {
		more = RTE_MIN(len - known, l->body.room - l->body.known);
		memcpy(l->body.kept + l->body.known, data + known, more);
		l->body.known += more;
	}
	return true;
}

/* Return: bytes of a body that are taken; 0: these are not of one. */
static uint32_t
take_body(struct lite *l, struct client *c, const uint8_t *data, uint32_t len)
{
	if (c->phase == BY_CLOSE)
		return len;
	if (c->phase != BY_LENGTH && c->phase != CHUNK_DATA)
		return 0;
	len = RTE_MIN(len, c->left);
	if (c->phase == BY_LENGTH && l->verify && !is_alike(l, l->body.total - c->left, data, len))
		c->error = ERROR_bad_payload;
	c->left -= len;
	if (c->left == 0 && c->phase == CHUNK_DATA)
		c->phase = CHUNK_END;
	return len;
}

static enum lite_answer
read_byte(struct lite *l, struct client *c, uint8_t b)
{
	return c->phase < BY_LENGTH ? read_header(l, c, b) : read_chunks(c, b);
}

static enum lite_answer
end_answer(struct client *c, bool whole, bool more)
{
	if (!whole)
		return ANSWER_MORE;
	return more ? is_wrong(c, ERROR_bad_length) : ANSWER_WHOLE;
}

static enum lite_answer
read_rest(struct lite *l, struct client *c, const uint8_t *data, uint32_t len)
{
	enum lite_answer answer = ANSWER_MORE;
	uint32_t i = 0, n;

	while (i < len && answer == ANSWER_MORE) {
		n = take_body(l, c, data + i, len - i);
		i += n;
		if (unlikely(c->error != NO_ERROR))
			return ANSWER_WRONG;
		if (n > 0 && c->phase == BY_LENGTH && c->left == 0)
			answer = ANSWER_WHOLE;
		else if (n == 0)
			answer = read_byte(l, c, data[i++]);
	}
	return answer == ANSWER_WRONG ? answer : end_answer(c, answer == ANSWER_WHOLE, i < len);
}

static bool
is_remembered(const struct lite *l, const uint8_t *data, uint32_t len)
{
	return l->header.len > 0 && len >= l->header.len &&
	       memcmp(data, l->header.text, l->header.len) == 0;
}

/* Where the first empty line ends; 0: not here. */
static uint32_t
header_end(const uint8_t *data, uint32_t len)
{
	const uint8_t *end = memmem(data, len, "\r\n\r\n", 4);

	return end != NULL ? (uint32_t)(end - data) + 4 : 0;
}

/* Only a header that ended where it seems to, and of which all is in the block's fields. */
static void
remember(struct lite *l, const struct client *c, const uint8_t *data, uint32_t len)
{
	if (c->phase != BY_LENGTH || c->left == 0)
		return;
	memcpy(l->header.text, data, len);
	l->header.len = len;
	l->header.left = c->left;
}

static enum lite_answer
read_first(struct lite *l, struct client *c, const uint8_t *data, uint32_t len)
{
	uint32_t header = header_end(data, len);
	enum lite_answer answer;

	if (header == 0 || header > LITE_HEADER)
		return read_rest(l, c, data, len);
	answer = read_rest(l, c, data, header);
	if (answer != ANSWER_MORE)
		return answer == ANSWER_WRONG ? answer : end_answer(c, true, header < len);
	remember(l, c, data, header);
	return read_rest(l, c, data + header, len - header);
}

enum lite_answer
lite_http_answer(struct lite *l, struct client *c, const uint8_t *data, uint32_t len)
{
	if (c->phase != VERSION || c->at != 0)
		return read_rest(l, c, data, len);
	if (!is_remembered(l, data, len))
		return read_first(l, c, data, len);
	c->phase = BY_LENGTH; /* of no other length, or with no other verdict, was it remembered */
	c->left = l->header.left;
	return read_rest(l, c, data + l->header.len, len - l->header.len);
}

/* §6.3: without a length the body ends where the connection does; else it was cut off (§8). */
enum lite_answer
lite_http_end(struct client *c)
{
	if (c->phase == BY_CLOSE)
		return ANSWER_WHOLE;
	/* What there was is no HTTP; but nothing at all is only too short. */
	return is_wrong(c, c->phase <= CODE && (c->flags & ANSWERED) != 0 ? ERROR_bad_status :
									    ERROR_bad_length);
}
