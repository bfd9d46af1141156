/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <strings.h>

#include "http/parse.h"

/* A piece of the text. */
struct span {
	const char *at;
	uint32_t n;
};

enum {
	VERSION_BYTES = 8, /* "HTTP/1.1" */
	/* With more before its line end than this the request line cannot be good. */
	LINE_MAX_BYTES = METHOD_MAX_BYTES + 1 + TARGET_MAX_BYTES + 1 + VERSION_BYTES + 1,
};

/* Kinds of characters (RFC 9110 §5.6.2, §5.5; RFC 9112 §3; RFC 3986 §3.2). */
enum {
	VALUE = 1,  /* field-vchar, SP, HTAB */
	TARGET = 2, /* visible ASCII */
	TOKEN = 4,
	HOST = 8, /* of reg-name, and what IP-literal and port add */
};

/* Short names for the table. */
enum {
	O = 0,
	S = VALUE,
	V = VALUE | TARGET,
	T = V | TOKEN,
	H = V | HOST,
	B = V | TOKEN | HOST,
};

/* clang-format off */
static const uint8_t kinds[256] = {
	O, O, O, O, O, O, O, O, O, S, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	S, B, V, T, B, B, B, B, H, H, B, B, H, B, B, V, /*  !"#$%&'()*+,-./ */
	B, B, B, B, B, B, B, B, B, B, H, H, V, H, V, V, /* 0123456789:;<=>? */
	V, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, /* @A... */
	B, B, B, B, B, B, B, B, B, B, B, H, V, H, T, B, /* P...[\]^_ */
	T, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, /* `a... */
	B, B, B, B, B, B, B, B, B, B, B, V, T, V, B, O, /* p...{|}~ */
	S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, /* obs-text */
	S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
	S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
	S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
	S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
	S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
	S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
	S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
};
/* clang-format on */

static bool
is(char c, uint8_t kind)
{
	return (kinds[(uint8_t)c] & kind) != 0;
}

static bool
all_are(struct span s, uint8_t kind)
{
	uint8_t common = kind;

	for (uint32_t i = 0; i < s.n; i++)
		common &= kinds[(uint8_t)s.at[i]];
	return common == kind;
}

static bool
same(struct span s, const char *word, size_t n)
{
	return s.n == n && strncasecmp(s.at, word, n) == 0;
}

#define SAME(s, word) same((s), (word), sizeof(word) - 1)

static struct span
rest(struct span s, uint32_t from)
{
	return (struct span){ s.at + from, s.n - from };
}

static enum parsed
wrong(struct request *r, uint16_t status)
{
	r->status = status;
	return PARSED_WRONG;
}

/* Optional white space (RFC 9110 §5.6.3). */
static struct span
trimmed(struct span s)
{
	while (s.n > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = rest(s, 1);
	while (s.n > 0 && (s.at[s.n - 1] == ' ' || s.at[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* The next element of a list (RFC 9110 §5.6.1), off its front. Empty ones are passed over. */
static bool
next_element(struct span *list, struct span *element)
{
	const char *comma;
	uint32_t n;

	do {
		if (list->n == 0)
			return false;
		comma = memchr(list->at, ',', list->n);
		n = comma != NULL ? (uint32_t)(comma - list->at) : list->n;
		*element = trimmed((struct span){ list->at, n });
		*list = rest(*list, n + (comma != NULL));
	} while (element->n == 0);
	return true;
}

/* The request line ---------------------------------------------------------------------------- */

static uint8_t
method_of(struct span s)
{
	static const char *const known[] = { "POST",	"PUT",	 "DELETE", "CONNECT",
					     "OPTIONS", "TRACE", "PATCH" };

	if (s.n == 3 && memcmp(s.at, "GET", 3) == 0)
		return METHOD_GET;
	if (s.n == 4 && memcmp(s.at, "HEAD", 4) == 0)
		return METHOD_HEAD;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (s.n == strlen(known[i]) && memcmp(s.at, known[i], s.n) == 0)
			return METHOD_KNOWN;
	return METHOD_UNKNOWN;
}

/*
 * A word of the request line and the single space behind it, off its front. The first byte that is
 * wrong decides, so that a line too long to be kept gets the same answer as a whole one.
 */
static uint16_t
take_word(struct span *line, struct span *word, uint8_t kind, uint32_t most, uint16_t too_long)
{
	uint32_t n = 0;

	while (n < line->n && line->at[n] != ' ') {
		if (!is(line->at[n], kind))
			return 400;
		if (++n > most)
			return too_long;
	}
	if (n == 0 || n == line->n)
		return 400;
	*word = (struct span){ line->at, n };
	*line = rest(*line, n + 1);
	return 0;
}

static bool
is_authority(struct span s)
{
	return s.n > 0 && all_are(s, HOST);
}

/* absolute-form: what follows the scheme and the authority (RFC 9112 §3.2.2). False: is none. */
static bool
skip_authority(struct span *target)
{
	static const char scheme[] = "http://";
	uint32_t n = sizeof(scheme) - 1, from = n;

	if (target->n < n || strncasecmp(target->at, scheme, n) != 0)
		return false;
	while (n < target->n && target->at[n] != '/' && target->at[n] != '?')
		n++;
	if (!is_authority((struct span){ target->at + from, n - from }))
		return false;
	*target = rest(*target, n);
	return true;
}

/* The four forms of RFC 9112 §3.2. */
static uint16_t
read_target(struct request *r, struct span target, struct span method, const char *text)
{
	const char *query;

	if (method.n == 7 && memcmp(method.at, "CONNECT", 7) == 0)
		return is_authority(target) ? 0 : 400;
	if (target.n == 1 && target.at[0] == '*')
		return method.n == 7 && memcmp(method.at, "OPTIONS", 7) == 0 ? 0 : 400;
	if (target.at[0] != '/' && !skip_authority(&target))
		return 400;
	query = memchr(target.at, '?', target.n);
	if (query != NULL)
		target.n = (uint32_t)(query - target.at);
	r->path = (uint16_t)(target.at - text);
	r->path_bytes = (uint16_t)target.n;
	return 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static uint16_t
read_version(struct request *r, struct span s)
{
	if (s.n != VERSION_BYTES || memcmp(s.at, "HTTP/", 5) != 0 || !is_digit(s.at[5]) ||
	    s.at[6] != '.' || !is_digit(s.at[7]))
		return 400;
	if (s.at[5] != '1')
		return 505;
	r->minor = (uint8_t)(s.at[7] - '0');
	return 0;
}

static uint16_t
read_request_line(struct request *r, struct span line, const char *text)
{
	struct span method, target;
	uint16_t status;

	status = take_word(&line, &method, TOKEN, METHOD_MAX_BYTES, 501);
	if (status != 0)
		return status;
	r->method = method_of(method);
	status = take_word(&line, &target, TARGET, TARGET_MAX_BYTES, 414);
	if (status == 0)
		status = read_target(r, target, method, text);
	return status != 0 ? status : read_version(r, line);
}

/* Fields -------------------------------------------------------------------------------------- */

/* RFC 9112 §3.2: one Host, and a good one; it may be empty. */
static uint16_t
read_host(struct request *r, struct span value)
{
	if (r->has_host || !all_are(value, HOST))
		return 400;
	r->has_host = true;
	return 0;
}

/* Digits only; UINT64_MAX stands for all that is larger. */
static bool
read_number(struct span s, uint64_t *number)
{
	uint64_t n = 0, digit;

	for (uint32_t i = 0; i < s.n; i++) {
		if (!is_digit(s.at[i]))
			return false;
		digit = (uint64_t)(s.at[i] - '0');
		n = n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : n * 10 + digit;
	}
	*number = n;
	return s.n > 0;
}

/* RFC 9110 §8.6: the same length several times is one; two different ones are none. */
static uint16_t
read_length(struct request *r, struct span value)
{
	struct span element;
	uint64_t n;

	if (value.n == 0)
		return 400;
	while (next_element(&value, &element)) {
		if (!read_number(element, &n) || (r->has_length && n != r->length))
			return 400;
		r->has_length = true;
		r->length = n;
	}
	return r->has_length ? 0 : 400;
}

static uint8_t
then(uint8_t coding, bool chunked)
{
	switch (coding) {
	case CODING_NONE:
		return chunked ? CODING_CHUNKED : CODING_OTHER;
	case CODING_OTHER:
		return chunked ? CODING_OTHER_CHUNKED : CODING_OTHER;
	default:
		return CODING_BEYOND;
	}
}

static uint16_t
read_codings(struct request *r, struct span value)
{
	struct span element;

	if (value.n == 0)
		return 400;
	while (next_element(&value, &element))
		r->coding = then(r->coding, SAME(element, "chunked"));
	return r->coding != CODING_NONE ? 0 : 400;
}

static void
read_options(struct request *r, struct span value)
{
	struct span element;

	while (next_element(&value, &element)) {
		r->close |= SAME(element, "close");
		r->keep_alive |= SAME(element, "keep-alive");
	}
}

static uint16_t
read_field(struct request *r, struct span name, struct span value)
{
	if (SAME(name, "host"))
		return read_host(r, value);
	if (SAME(name, "content-length"))
		return read_length(r, value);
	if (SAME(name, "transfer-encoding"))
		return read_codings(r, value);
	if (SAME(name, "connection"))
		read_options(r, value);
	return 0;
}

/* RFC 9112 §5: a line that begins with white space has no name, and so is refused too (§5.2). */
static uint16_t
read_field_line(struct request *r, struct span line)
{
	const char *colon = memchr(line.at, ':', line.n);
	struct span name = { line.at, 0 }, value;

	if (colon == NULL || colon == line.at)
		return 400;
	name.n = (uint32_t)(colon - line.at);
	value = rest(line, name.n + 1);
	if (!all_are(name, TOKEN) || !all_are(value, VALUE))
		return 400;
	return read_field(r, name, trimmed(value));
}

/* The whole ----------------------------------------------------------------------------------- */

/* RFC 9112 §6.1, §6.3: where does the body end? */
static uint16_t
check_coding(const struct request *r)
{
	if (r->coding == CODING_NONE)
		return 0;
	if (r->has_length || r->minor == 0)
		return 400;
	switch (r->coding) {
	case CODING_CHUNKED:
		return 411; /* §6.3: a server may ask for a length instead */
	case CODING_OTHER_CHUNKED:
		return 501;
	default:
		return 400;
	}
}

static enum parsed
finish(struct request *r)
{
	uint16_t status = r->minor > 0 && !r->has_host ? 400 : check_coding(r);

	return status != 0 ? wrong(r, status) : PARSED_WHOLE;
}

/* One line, without its LF. */
static enum parsed
read_line(struct request *r, struct span line, const char *text)
{
	bool crlf = line.n > 0 && line.at[line.n - 1] == '\r';
	uint16_t status;

	line.n -= crlf;
	if (r->has_line && crlf && line.n == 0)
		return finish(r);
	status = r->has_line ? read_field_line(r, line) : read_request_line(r, line, text);
	if (status == 0 && !crlf)
		status = 400;
	r->has_line = true;
	return status != 0 ? wrong(r, status) : PARSED_PART;
}

/* There is no line end in sight: is there still hope? */
static enum parsed
read_unfinished(struct request *r, struct span line, const char *text)
{
	uint16_t status;

	if (!r->has_line && line.n > LINE_MAX_BYTES) {
		status = read_request_line(r, line, text);
		return wrong(r, status != 0 ? status : 400);
	}
	return r->seen == HEAD_MAX_BYTES ? wrong(r, 431) : PARSED_PART;
}

enum parsed
parse(struct request *r, const char *text, uint32_t len)
{
	enum parsed parsed = PARSED_PART;
	const char *lf;
	uint16_t at;

	if (len > HEAD_MAX_BYTES)
		len = HEAD_MAX_BYTES;
	while (parsed == PARSED_PART) {
		at = r->bytes;
		lf = memchr(text + r->seen, '\n', len - r->seen);
		if (lf == NULL) {
			r->seen = (uint16_t)len;
			return read_unfinished(r, (struct span){ text + at, len - at }, text);
		}
		r->bytes = r->seen = (uint16_t)(lf + 1 - text);
		parsed = read_line(r, (struct span){ text + at, r->bytes - 1u - at }, text);
	}
	return parsed;
}

uint32_t
empty_lines(const char *text, uint32_t len)
{
	uint32_t n = 0;

	while (n + 1 < len && text[n] == '\r' && text[n + 1] == '\n')
		n += 2;
	return n;
}
