/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The head of a request: RFC 9112 §2 to §6, RFC 9110 §5 and §7.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http/parse.h"

#define H "Host: a\r\n"
#define END "\r\n"

/* What a head is read as. */
struct good {
	const char *text;
	enum method method;
	const char *path; /* "": none */
	bool persists;
	uint64_t length;
};

static const struct good goods[] = {
	{ "GET / HTTP/1.1\r\n" H END, METHOD_GET, "/", true, 0 },
	{ "HEAD /a/b.html HTTP/1.1\r\n" H END, METHOD_HEAD, "/a/b.html", true, 0 },
	{ "GET /?q=1&r=/x HTTP/1.1\r\n" H END, METHOD_GET, "/", true, 0 },
	{ "GET /%41%zz HTTP/1.1\r\n" H END, METHOD_GET, "/%41%zz", true, 0 },
	/* RFC 9112 §3.2: the other forms of the target */
	{ "GET http://a.b/c?d HTTP/1.1\r\n" H END, METHOD_GET, "/c", true, 0 },
	{ "GET HTTP://a.b:80 HTTP/1.1\r\n" H END, METHOD_GET, "", true, 0 },
	{ "GET http://[::1]:80?q HTTP/1.1\r\n" H END, METHOD_GET, "", true, 0 },
	{ "OPTIONS * HTTP/1.1\r\n" H END, METHOD_KNOWN, "", true, 0 },
	{ "CONNECT a.b:443 HTTP/1.1\r\n" H END, METHOD_KNOWN, "", true, 0 },
	/* RFC 9110 §9.1: methods are case-sensitive; unknown ones are for the server to refuse */
	{ "get / HTTP/1.1\r\n" H END, METHOD_UNKNOWN, "/", true, 0 },
	{ "GETS / HTTP/1.1\r\n" H END, METHOD_UNKNOWN, "/", true, 0 },
	{ "M!#$%&'*+-.^_`|~9 / HTTP/1.1\r\n" H END, METHOD_UNKNOWN, "/", true, 0 },
	{ "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n" END, METHOD_KNOWN, "/", true, 5 },
	/* RFC 9110 §2.5: a higher minor version is as good */
	{ "GET / HTTP/1.2\r\n" H END, METHOD_GET, "/", true, 0 },
	/* RFC 9112 §9.3 */
	{ "GET / HTTP/1.1\r\n" H "Connection: close\r\n" END, METHOD_GET, "/", false, 0 },
	{ "GET / HTTP/1.1\r\n" H "connection: ,foo ,\tClOsE\t, \r\n" END, METHOD_GET, "/", false,
	  0 },
	{ "GET / HTTP/1.1\r\n" H "Connection: closed\r\n" END, METHOD_GET, "/", true, 0 },
	{ "GET / HTTP/1.1\r\n" H "Connection: close\r\nConnection: keep-alive\r\n" END, METHOD_GET,
	  "/", false, 0 },
	{ "GET / HTTP/1.0\r\n" END, METHOD_GET, "/", false, 0 },
	{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END, METHOD_GET, "/", true, 0 },
	{ "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n" END, METHOD_GET, "/", false, 0 },
	/* RFC 9112 §5, §5.1: white space around a value, none is needed; names have no case */
	{ "GET / HTTP/1.1\r\nHOST:a\r\n" END, METHOD_GET, "/", true, 0 },
	{ "GET / HTTP/1.1\r\nhOsT: \t a.example:8080 \t\r\n" END, METHOD_GET, "/", true, 0 },
	{ "GET / HTTP/1.1\r\nHost:\r\n" END, METHOD_GET, "/", true, 0 },
	{ "GET / HTTP/1.1\r\nHost: [fe80::1%25en0]:80\r\n" END, METHOD_GET, "/", true, 0 },
	{ "GET / HTTP/1.1\r\n" H "X:\r\nY: \"a\tb\"\r\nZ: \x80\xff\r\n" END, METHOD_GET, "/", true,
	  0 },
	{ "GET / HTTP/1.1\r\nHosts: b\r\n" H "Xost: c\r\n" END, METHOD_GET, "/", true, 0 },
	/* RFC 9110 §8.6 */
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n" END, METHOD_GET, "/", true, 0 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 007\r\n" END, METHOD_GET, "/", true, 7 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 42, 42\r\n" END, METHOD_GET, "/", true, 42 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 42\r\ncontent-length: 42\r\n" END, METHOD_GET,
	  "/", true, 42 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 18446744073709551615\r\n" END, METHOD_GET, "/",
	  true, UINT64_MAX },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999\r\n" END, METHOD_GET, "/",
	  true, UINT64_MAX },
};

struct bad {
	const char *text;
	uint16_t status;
};

static const struct bad bads[] = {
	/* RFC 9112 §3: the request line */
	{ "GET /\r\n" END, 400 },
	{ "GET\r\n" END, 400 },
	{ "GET  / HTTP/1.1\r\n" H END, 400 },
	{ "GET /  HTTP/1.1\r\n" H END, 400 },
	{ "GET / HTTP/1.1 \r\n" H END, 400 },
	{ " GET / HTTP/1.1\r\n" H END, 400 },
	{ "GET\t/ HTTP/1.1\r\n" H END, 400 },
	{ "GET /a b HTTP/1.1\r\n" H END, 400 },
	{ "GET /\x01 HTTP/1.1\r\n" H END, 400 },
	{ "GET /\x7f HTTP/1.1\r\n" H END, 400 },
	{ "GET /\xc3\xa4 HTTP/1.1\r\n" H END, 400 },
	{ "G@T / HTTP/1.1\r\n" H END, 400 },
	{ "\r\n" H END, 400 },
	{ "GET * HTTP/1.1\r\n" H END, 400 },
	{ "GET a HTTP/1.1\r\n" H END, 400 },
	{ "GET ftp://a/ HTTP/1.1\r\n" H END, 400 },
	{ "GET http:///b HTTP/1.1\r\n" H END, 400 },
	{ "GET http://u@a/b HTTP/1.1\r\n" H END, 400 },
	{ "CONNECT /a HTTP/1.1\r\n" H END, 400 },
	/* RFC 9112 §2.3, RFC 9110 §15.6.6 */
	{ "GET / http/1.1\r\n" H END, 400 },
	{ "GET / HTTP/1,1\r\n" H END, 400 },
	{ "GET / HTTP/11\r\n" H END, 400 },
	{ "GET / HTTP/1.10\r\n" H END, 400 },
	{ "GET / HTTP/a.1\r\n" H END, 400 },
	{ "GET / HTTP/1.\r\n" H END, 400 },
	{ "GET / HTTP/0.9\r\n" END, 505 },
	{ "GET / HTTP/2.0\r\n" H END, 505 },
	{ "PRI * HTTP/2.0\r\n" END, 400 }, /* the target is for OPTIONS alone */
	{ "OPTIONS * HTTP/3.0\r\n" END, 505 },
	/* RFC 9112 §2.2: line ends */
	{ "GET / HTTP/1.1\n" H END, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" H "\n", 400 },
	{ "GET / HTTP/1.1\r\r\n" H END, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "X: a\rY: b\r\n" END, 400 },
	{ "\nGET / HTTP/1.1\r\n" H END, 400 },
	/* §2.2, §5.2: white space before a field; §5.1: before its colon */
	{ "GET / HTTP/1.1\r\n " H END, 400 },
	{ "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\nHost : a\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length : 5\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "X\t: a\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H ": a\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "X\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "X(: a\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "X: a\x01\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n" END, 400 },
	/* §3.2: Host */
	{ "GET / HTTP/1.1\r\n" END, 400 },
	{ "GET http://a/ HTTP/1.1\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H H END, 400 },
	{ "GET / HTTP/1.0\r\n" H H END, 400 },
	{ "GET / HTTP/1.1\r\nHost: a b\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\nHost: a/b\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\nHost: u@a\r\n" END, 400 },
	/* RFC 9110 §8.6, RFC 9112 §6.3 */
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 1, 2\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length:\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: ,\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: +1\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: -1\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n" END, 400 },
	{ "GET / HTTP/1.1\r\n" H "Content-Length: 1;a\r\n" END, 400 },
	/* RFC 9112 §6.1, §6.3: Transfer-Encoding */
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" END, 411 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: , CHUNKED ,\r\n" END, 411 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n" END, 501 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" END,
	  501 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n" END, 400 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n" END, 400 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n" END, 400 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n" END, 400 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n" END, 400 },
	{ "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n" END, 400 },
	{ "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END, 400 },
	{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END, 400 },
};

/* Feed the text in pieces: up to cut, then step bytes at a time. Return: bytes when decided. */
static enum parsed
feed(struct request *r, const char *text, uint32_t len, uint32_t cut, uint32_t step)
{
	enum parsed parsed = PARSED_PART;
	uint32_t n = cut;

	*r = (struct request){ 0 };
	for (; parsed == PARSED_PART && n <= len; n += step)
		parsed = parse(r, text, n);
	return parsed;
}

static void
expect_good(const struct good *g, const char *text, enum parsed parsed, const struct request *r,
	    const char *how, uint32_t at)
{
	cr_assert_eq(parsed, PARSED_WHOLE, "%s %u of:\n%s\nis read as %d, %u", how, at, text,
		     parsed, r->status);
	cr_expect_eq(r->bytes, strlen(text), "%s %u of:\n%s\n%u bytes", how, at, text, r->bytes);
	cr_expect_eq(r->method, g->method, "%s %u of:\n%s\nmethod %u", how, at, text, r->method);
	cr_expect(r->path_bytes == strlen(g->path) &&
			  memcmp(text + r->path, g->path, r->path_bytes) == 0,
		  "%s %u of:\n%s\npath %.*s", how, at, text, r->path_bytes, text + r->path);
	cr_expect_eq(persists(r), g->persists, "%s %u of:\n%s\npersists: %d", how, at, text,
		     persists(r));
	cr_expect_eq(r->length, g->length, "%s %u of:\n%s\nlength %" PRIu64, how, at, text,
		     r->length);
}

/* Whole, in two pieces cut anywhere, byte by byte, and with other bytes behind. */
Test(parse, reads_what_is_good_however_it_is_cut)
{
	char followed[1024];
	struct request r;

	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		const struct good *g = &goods[i];
		uint32_t len = (uint32_t)strlen(g->text), cut;

		for (cut = 0; cut <= len; cut++)
			expect_good(g, g->text,
				    feed(&r, g->text, len, cut, cut < len ? len - cut : 1), &r,
				    "cut", cut);
		expect_good(g, g->text, feed(&r, g->text, len, 1, 1), &r, "bytes", 1);
		cut = (uint32_t)snprintf(followed, sizeof(followed), "%sGET / HTTP/9\n", g->text);
		cr_assert_eq(parse(&(struct request){ 0 }, followed, cut), PARSED_WHOLE, "%s",
			     followed);
	}
}

static void
expect_bad(const char *text, uint32_t len, uint16_t status)
{
	uint32_t cut, step = len > 600 ? 97 : 1;
	enum parsed parsed;
	struct request r;

	for (cut = 0; cut <= len; cut += step) {
		parsed = feed(&r, text, len, cut, cut < len ? len - cut : 1);
		cr_assert(parsed == PARSED_WRONG && r.status == status,
			  "cut %u of:\n%.200s\nis %d, %u, not %u", cut, text, parsed, r.status,
			  status);
	}
	parsed = feed(&r, text, len, 1, 1);
	cr_assert(parsed == PARSED_WRONG && r.status == status,
		  "byte by byte:\n%.200s\nis %d, %u, not %u", text, parsed, r.status, status);
}

Test(parse, refuses_what_is_bad_however_it_is_cut)
{
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++)
		expect_bad(bads[i].text, (uint32_t)strlen(bads[i].text), bads[i].status);
}

/* No prefix of a good head is wrong, or whole. */
Test(parse, waits_for_the_rest)
{
	struct request r;

	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++)
		for (uint32_t n = 0; n < strlen(goods[i].text); n++) {
			r = (struct request){ 0 };
			cr_assert_eq(parse(&r, goods[i].text, n), PARSED_PART, "%u bytes of:\n%s",
				     n, goods[i].text);
		}
}

/* Text of n times c between two others. Return: its length. */
static uint32_t
padded(char *text, const char *before, char c, uint32_t n, const char *behind)
{
	uint32_t len = (uint32_t)strlen(before);

	memcpy(text, before, len);
	memset(text + len, c, n);
	strcpy(text + len + n, behind);
	return len + n + (uint32_t)strlen(behind);
}

static char large[32768];

static void
expect_large(uint32_t len, uint16_t status)
{
	struct request r;

	if (status != 0) {
		expect_bad(large, len, status);
		return;
	}
	cr_assert_eq(feed(&r, large, len, 1, 1), PARSED_WHOLE, "%.80s...: %u", large, r.status);
	cr_assert_eq(r.bytes, len);
	cr_assert_eq(feed(&r, large, len, len, 1), PARSED_WHOLE);
}

/* RFC 9110 §15.5.15, RFC 9112 §3: a target that is too long; and one that never ends. */
Test(parse, limits_the_target)
{
	static const char end[] = " HTTP/1.1\r\n" H END;
	static const char method[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF /";

	expect_large(padded(large, "GET /", 'a', TARGET_MAX_BYTES - 1, end), 0);
	expect_large(padded(large, method, 'a', TARGET_MAX_BYTES - 1, end), 0);
	expect_large(padded(large, "GET /", 'a', TARGET_MAX_BYTES, end), 414);
	expect_large(padded(large, "GET /", 'a', TARGET_MAX_BYTES, " HTTP/1.1\n"), 414);
	expect_large(padded(large, "GET /", 'a', 20000, end), 414);
	expect_large(padded(large, "GET /", 'a', 20000, ""), 414);
	expect_large(padded(large, "GET\t/", 'a', 20000, end), 400);
	expect_large(padded(large, "GET / ", 'a', 20000, end), 400);
	expect_large(padded(large, "GET / HTTP/1.1", ' ', 20000, "\r\n"), 400);
}

/* RFC 9112 §3: "longer than any that it implements" */
Test(parse, limits_the_method)
{
	static const char end[] = " / HTTP/1.1\r\n" H END;

	expect_large(padded(large, "", 'A', METHOD_MAX_BYTES, end), 0);
	expect_large(padded(large, "", 'A', METHOD_MAX_BYTES + 1, end), 501);
	expect_large(padded(large, "", 'A', 20000, ""), 501);
	expect_large(padded(large, "A(", 'A', 20000, ""), 400);
}

/* RFC 6585 §5 */
Test(parse, limits_the_head)
{
	static const char before[] = "GET / HTTP/1.1\r\n" H "X: ";
	uint32_t room = HEAD_MAX_BYTES - (sizeof(before) - 1) - 4;

	expect_large(padded(large, before, 'a', room, "\r\n\r\n"), 0);
	expect_large(padded(large, before, 'a', room + 1, "\r\n\r\n"), 431);
	expect_large(padded(large, before, 'a', room + 2, "\r\n\r\n"), 431);
	expect_large(padded(large, before, 'a', room + 5, "\r\n\r\n"), 431);
	expect_large(padded(large, before, 'a', 20000, "\r\n\r\n"), 431);
	expect_large(padded(large, before, 'a', 20000, ""), 431);
	expect_large(padded(large, "GET / HTTP/1.1\r\nX : a\r\nY: ", 'a', 20000, ""), 400);
}

/* Any bytes: nothing outside the text is read, the outcome is the same whole and byte by byte. */
Test(parse, takes_any_bytes)
{
	static const char alphabet[] =
		"GET / HTTP/1.1\r\n\r\n\r\nHost:Content-Length:,5\tchunked\x01";
	struct request whole, bytes;
	enum parsed a, b;
	char *text;

	srand(1);
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t n = (uint32_t)rand() % 64;

		text = malloc(n + 1); /* of its own, so that a sanitizer sees its ends */
		for (uint32_t j = 0; j < n; j++)
			text[j] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		if (n > 16 && i % 2 == 0)
			memcpy(text, "GET / HTTP/1.0\r\n", 16);
		a = feed(&whole, text, n, n, 1);
		b = feed(&bytes, text, n, 0, 1);
		cr_assert(a == b && whole.status == bytes.status, "%.*s: %d %u, %d %u", (int)n,
			  text, a, whole.status, b, bytes.status);
		cr_assert(whole.bytes <= n);
		free(text);
	}
}

/* RFC 9112 §2.2 */
Test(parse, counts_empty_lines)
{
	static const struct {
		const char *text;
		uint32_t bytes;
	} lines[] = {
		{ "", 0 },	 { "\r", 0 },	       { "\r\n", 2 },
		{ "\r\n\r", 2 }, { "\r\n\r\nGET", 4 }, { "\nGET", 0 },
		{ "\r\r\n", 0 }, { "GET\r\n", 0 },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		cr_expect_eq(empty_lines(lines[i].text, (uint32_t)strlen(lines[i].text)),
			     lines[i].bytes, "line %zu", i);
}
