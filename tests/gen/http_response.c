/* SPDX-License-Identifier: BSD-3-Clause */
/* Where HTTP responses end (RFC 9112 §6.3), and what of them is wrong, however they are cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/engines/http_response.h"
#include "sim/world.h"

static const struct {
	const char *text;
	uint32_t rest; /* bytes at its end that belong to the next one */
	enum http_state state;
	uint16_t status;
	uint64_t body;
} cases[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", 0, HTTP_WHOLE, 200, 5 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345HTTP", 4, HTTP_WHOLE, 200, 5 },
	{ "HTTP/1.1 200 OK\nserver: x\ncontent-length:\t5 \n\n12345", 0, HTTP_WHOLE, 200, 5 },
	{ "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", 0, HTTP_WHOLE, 404, 0 },
	{ "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0, HTTP_WHOLE, 200, 0 },
	{ "HTTP/1.1 204 No Content\r\n\r\nX", 1, HTTP_WHOLE, 204, 0 },
	{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 0, HTTP_WHOLE, 304, 0 },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 0,
	  HTTP_WHOLE, 200, 1 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nX", 1,
	  HTTP_WHOLE, 200, 3 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked \r\n\r\n"
	  "A;x=\"y\"\r\n0123456789\r\n01\r\nz\r\n000\r\nTrailer: t\r\n\r\n",
	  0, HTTP_WHOLE, 200, 11 },
	/* RFC 9112 §6.3 rule 3: chunks count, not the length */
	{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "1\r\na\r\n0\r\n\r\n",
	  0, HTTP_WHOLE, 200, 1 },
	{ "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nall of this", 0, HTTP_BODY_TO_END, 200, 11 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabcdef", 0,
	  HTTP_BODY_TO_END, 200, 6 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234", 0, HTTP_BODY, 200, 4 },
	{ "HTTP/1.1 200 OK\r\nContent-Le", 0, HTTP_FIELDS, 200, 0 },
	{ "HTTP/1.1 2000 OK\r\n\r\n", 0, HTTP_WRONG, 200, 0 },
	{ "HTTP/1.1 099 No\r\n\r\n", 0, HTTP_WRONG, 99, 0 },
	{ "HTTP/2 200\r\n\r\n", 0, HTTP_WRONG, 0, 0 },
	{ "220 smtp.example ESMTP\r\n", 0, HTTP_WRONG, 0, 0 },
	{ "\r\n\r\n", 0, HTTP_WRONG, 0, 0 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, HTTP_WRONG, 200, 0 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, HTTP_WRONG, 200,
	  0 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 0, HTTP_WRONG, 200,
	  0 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n", 0, HTTP_WRONG, 200, 0 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 0, HTTP_WRONG, 200,
	  1 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", 0,
	  HTTP_WRONG, 200, 0 },
};

/* Read in pieces of random length; whatever is wrong takes all. Return: how many bytes it took. */
static uint32_t
read_cut(struct http_response *r, const uint8_t *text, uint32_t len, uint64_t seed)
{
	const uint32_t most = seed % 3 == 0 ? 2 : 40;
	uint32_t used = 0, n, took;

	while (used < len) {
		n = seed == 0 ? len - used : 1 + (uint32_t)(mix(seed + used) % most);
		if (n > len - used)
			n = len - used;
		took = http_read(r, text + used, n);
		cr_assert_leq(took, n);
		used += took;
		if (took < n)
			break;
	}
	return used;
}

Test(http_response, ends_where_it_ends)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *text = (const uint8_t *)cases[i].text;
		uint32_t len = (uint32_t)strlen(cases[i].text);
		struct http_response r = { .sums = true };
		uint32_t sum = 0;

		for (uint64_t cut = 0; cut < 200; cut++) {
			uint32_t used;

			http_begin(&r);
			used = read_cut(&r, text, len, cut * 1000);
			cr_assert_eq(r.state, cases[i].state, "%s: state %d", cases[i].text,
				     r.state);
			cr_assert_eq(r.status, cases[i].status, "%s: %u", cases[i].text, r.status);
			cr_assert_eq(r.body, cases[i].body, "%s", cases[i].text);
			if (r.state != HTTP_WRONG)
				cr_assert_eq(used, len - cases[i].rest, "%s", cases[i].text);
			if (cut == 0)
				sum = r.sum;
			cr_assert_eq(r.sum, sum, "%s: the sum depends on the cuts", cases[i].text);
		}
	}
}

/* The end of the connection is the end of a body only where nothing else says it. */
Test(http_response, the_connection_ends)
{
	static const char length[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234";
	static const char none[] = "HTTP/1.0 200 OK\r\n\r\n1234";
	struct http_response r = { 0 };

	http_begin(&r);
	cr_assert(http_is_idle(&r));
	http_end(&r);
	cr_assert_eq(r.state, HTTP_WRONG);
	http_begin(&r);
	http_read(&r, (const uint8_t *)length, sizeof(length) - 1);
	cr_assert_not(http_is_idle(&r));
	http_end(&r);
	cr_assert_eq(r.state, HTTP_WRONG);
	http_begin(&r);
	http_read(&r, (const uint8_t *)none, sizeof(none) - 1);
	http_end(&r);
	cr_assert_eq(r.state, HTTP_WHOLE);
}

/* RFC 9112 §9.6, RFC 9110 §7.6.1 */
Test(http_response, the_connection_is_said_to_end)
{
	static const struct {
		const char *field;
		bool closes;
	} fields[] = {
		{ "Connection: close", true },
		{ "CONNECTION:Close ", true },
		{ "Connection: x-a ,\tclose", true },
		{ "Connection: close, x-a", true },
		{ "Connection: keep-alive", false },
		{ "Connection: x-close,closed", false },
		{ "Connection: ", false },
		{ "Connection: ,", false },
		{ "X-Connection: close", false },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		for (uint64_t cut = 0; cut < 20; cut++) {
			struct http_response r = { 0 };
			char text[128];
			int n = snprintf(text, sizeof(text),
					 "HTTP/1.1 200 OK\r\n%s\r\nContent-Length: 0\r\n\r\n",
					 fields[i].field);

			read_cut(&r, (const uint8_t *)text, (uint32_t)n, cut * 1000);
			cr_assert_eq(r.state, HTTP_WHOLE, "%s", text);
			cr_assert_eq(r.closes, fields[i].closes, "%s", text);
			http_begin(&r);
			cr_assert_not(r.closes);
		}
	}
}

/* A head without end is given up; what is in a line beyond what is looked at does no harm. */
Test(http_response, is_bounded)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nX: ";
	static const char rest[] = "\r\nContent-Length: 2\r\n\r\nok";
	struct http_response r = { 0 };
	uint8_t x[1000];

	memset(x, 'x', sizeof(x));
	for (unsigned int n = 1; n < 100; n++) {
		http_begin(&r);
		http_read(&r, (const uint8_t *)head, sizeof(head) - 1);
		for (unsigned int i = 0; i < n; i++)
			http_read(&r, x, sizeof(x));
		http_read(&r, (const uint8_t *)rest, sizeof(rest) - 1);
		cr_assert_eq(r.state, n < 66 ? HTTP_WHOLE : HTTP_WRONG, "%u: %d", n, r.state);
	}
}

/* Random bytes, and whole responses with some bytes changed: every byte is taken once, or none. */
Test(http_response, takes_any_bytes)
{
	for (uint64_t round = 0; round < 200000; round++) {
		uint64_t seed = mix(round);
		size_t i = seed % (sizeof(cases) / sizeof(cases[0]));
		uint32_t len = (uint32_t)strlen(cases[i].text), done = 0;
		uint8_t *text = malloc(len);
		struct http_response r = { .sums = true };

		memcpy(text, cases[i].text, len);
		for (unsigned int k = 0; k < (seed >> 20) % 4; k++)
			text[mix(seed + k) % len] = (uint8_t)(mix(seed ^ k) >> 8);
		http_begin(&r);
		while (done < len) {
			uint32_t used = read_cut(&r, text + done, len - done, seed);

			if (used == 0)
				break;
			done += used;
			if (r.state == HTTP_WHOLE)
				http_begin(&r);
		}
		cr_assert(done == len || r.state == HTTP_WRONG);
		free(text);
	}
}
