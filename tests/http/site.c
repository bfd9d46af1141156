/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is served, by which path; dates.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#include <criterion/criterion.h>

#include "http/date.h"
#include "http/files.h"
#include "http/path.h"
#include "http/site.h"

/* RFC 9110 §5.6.7 */
Test(date, is_imf_fixdate)
{
	static const struct {
		uint32_t seconds;
		const char *text;
	} dates[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 1709251199, "Thu, 29 Feb 2024 23:59:59 GMT" },
		{ 1709251200, "Fri, 01 Mar 2024 00:00:00 GMT" },
		{ 4107542399, "Sun, 28 Feb 2100 23:59:59 GMT" },
		{ 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
		{ UINT32_MAX, "Sun, 07 Feb 2106 06:28:15 GMT" },
	};
	char text[DATE_BYTES + 1] = "", other[64];
	struct tm tm;
	time_t t;

	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		date_print(text, dates[i].seconds);
		cr_expect_str_eq(text, dates[i].text);
	}
	for (t = 0; t < UINT32_MAX; t += 86400 * 5 + 12345) {
		date_print(text, (uint32_t)t);
		gmtime_r(&t, &tm);
		strftime(other, sizeof(other), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		cr_assert_str_eq(text, other);
	}
}

/* RFC 3986 §2.1; NUL is no part of a name */
Test(path, is_decoded)
{
	static const struct {
		const char *from, *to; /* "": malformed */
	} paths[] = {
		{ "/", "/" },
		{ "", "/" },
		{ "/a%20b", "/a b" },
		{ "/%e2%82%AC", "/\xe2\x82\xac" },
		{ "/%2e%2E/%2f", "/..//" },
		{ "/%25%32%35", "/%25" },
		{ "/%", "" },
		{ "/%4", "" },
		{ "/%4g", "" },
		{ "/%g4", "" },
		{ "/%00", "" },
		{ "/a%00b", "" },
	};
	char to[64];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		uint32_t n = path_decode(to, paths[i].from, (uint32_t)strlen(paths[i].from));

		cr_expect(n == strlen(paths[i].to) && memcmp(to, paths[i].to, n) == 0,
			  "%s gives %.*s", paths[i].from, (int)n, to);
	}
}

static char folder[] = "/tmp/tern-http-XXXXXX";

static const char *
below(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(below(name), "we");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	fclose(f);
}

static void
link_to(const char *target, const char *name)
{
	cr_assert_eq(symlink(target, below(name)), 0);
}

/* root/ is served, outside/ is not. */
static void
make_tree(void)
{
	static const char *const folders[] = { "root", "root/sub", "root/empty", "outside",
					       "root-2" };

	cr_assert_not_null(mkdtemp(folder));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		cr_assert_eq(mkdir(below(folders[i]), 0755), 0);
	write_file("root/index.html", "home");
	write_file("root/a b.TXT", "a b");
	write_file("root/nothing", "");
	write_file("root/sub/index.html", "sub");
	write_file("root/sub/x.js", "x");
	write_file("outside/secret", "secret");
	link_to("sub/x.js", "root/inside.js");
	link_to("../outside/secret", "root/leaves");
	link_to("../outside", "root/leaves-too");
	write_file("root-2/secret", "secret");
	link_to("../root-2/secret", "root/leaves-for-a-neighbour");
	link_to("/etc/passwd", "root/passwd");
	link_to("..", "root/sub/circle");
	link_to("nowhere", "root/dangling");
	cr_assert_eq(mkfifo(below("root/fifo"), 0600), 0);
}

static void
remove_tree(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	cr_assert_eq(system(command), 0);
}

static const struct {
	const char *path, *body, *type; /* no type: not found */
} expected[] = {
	{ "/", "home", "text/html" },
	{ "", "home", "text/html" },
	{ "/index.html", "home", "text/html" },
	{ "/a%20b.TXT", "a b", "text/plain" },
	{ "/nothing", "", "application/octet-stream" },
	{ "/sub", "sub", "text/html" },
	{ "/sub/", "sub", "text/html" },
	{ "/sub%2Findex.html", "sub", "text/html" },
	{ "/sub/x.js", "x", "text/javascript" },
	{ "/inside.js", "x", "text/javascript" },
	{ "/sub/x.js/", "404 Not Found\n", NULL },
	{ "/empty", "404 Not Found\n", NULL },
	{ "/empty/", "404 Not Found\n", NULL },
	{ "//", "404 Not Found\n", NULL },
	{ "/sub/../index.html", "404 Not Found\n", NULL },
	{ "/../outside/secret", "404 Not Found\n", NULL },
	{ "/%2e%2e/outside/secret", "404 Not Found\n", NULL },
	{ "/leaves", "404 Not Found\n", NULL },
	{ "/leaves-too/secret", "404 Not Found\n", NULL },
	{ "/leaves-for-a-neighbour", "404 Not Found\n", NULL },
	{ "/passwd", "404 Not Found\n", NULL },
	{ "/dangling", "404 Not Found\n", NULL },
	{ "/fifo", "404 Not Found\n", NULL },
	{ "/sub/circle/index.html", "404 Not Found\n", NULL },
	{ "/%", "400 Bad Request\n", NULL },
};

static void
expect_object(const struct site *site, size_t i)
{
	uint32_t at = site_find(site, expected[i].path, (uint32_t)strlen(expected[i].path));
	const struct object *o = &site->objects[at];
	char length[64];

	cr_expect(o->body_bytes == strlen(expected[i].body) &&
			  memcmp(o->body, expected[i].body, o->body_bytes) == 0,
		  "%s: %.*s", expected[i].path, (int)o->body_bytes, o->body);
	cr_expect_eq(at >= site->statuses_n, expected[i].type != NULL, "%s", expected[i].path);
	snprintf(length, sizeof(length),
		 "\r\nContent-Length: %zu\r\nDate: ", strlen(expected[i].body));
	cr_expect_not_null(strstr(o->head, length), "%s: %s", expected[i].path, o->head);
	if (expected[i].type != NULL)
		cr_expect_not_null(strstr(o->head, expected[i].type), "%s: %s", expected[i].path,
				   o->head);
}

/* The regular files below, links that stay below, and nothing else, whatever is asked for. */
Test(files, are_found_by_their_paths)
{
	struct site site;
	char why[512];

	make_tree();
	cr_assert_eq(site_init(&site), 0);
	cr_assert_eq(files_map(&site, below("root/"), why), 0, "%s", why);
	cr_assert_eq(site_index(&site), 0);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		expect_object(&site, i);
	site_fini(&site);
	remove_tree();
}

/* A page that a file has lost reads as zeroes; the program lives on. */
Test(files, may_be_cut_short)
{
	static char text[20001];
	const struct object *o;
	struct site site;
	char why[512];

	make_tree();
	memset(text, 'x', sizeof(text) - 1);
	write_file("root/sub/x.js", text);
	cr_assert_eq(site_init(&site), 0);
	cr_assert_eq(files_map(&site, below("root"), why), 0, "%s", why);
	cr_assert_eq(site_index(&site), 0);
	cr_assert_eq(truncate(below("root/sub/x.js"), 5000), 0);
	o = &site.objects[site_find(&site, "/sub/x.js", 9)];
	cr_expect_eq(o->body_bytes, sizeof(text) - 1);
	cr_expect_eq(o->body[4999], 'x');
	cr_expect_eq(o->body[19999], '\0');
	cr_expect_eq(o->body[9000], '\0');
	site_fini(&site);
	remove_tree();
}

Test(files, want_a_directory)
{
	struct site site;
	char why[512];

	make_tree();
	cr_assert_eq(site_init(&site), 0);
	cr_expect_eq(files_map(&site, below("no"), why), -1);
	cr_expect_not_null(strstr(why, "/no: No such file or directory"), "%s", why);
	cr_expect_eq(files_map(&site, below("outside/secret"), why), -1);
	cr_expect_not_null(strstr(why, "/secret: not a directory"), "%s", why);
	cr_expect_eq(files_map(&site, "", why), -1);
	site_fini(&site);
	remove_tree();
}

/* A body of any length in little memory: byte i is that of the line, over and over. */
Test(site, repeats_a_line)
{
	const struct object *o;
	struct site site;

	cr_assert_eq(site_init(&site), 0);
	cr_assert_eq(site_repeat(&site, UINT64_C(1) << 40), 0);
	o = &site.objects[site_find(&site, "/any", 4)];
	cr_expect_eq(o->body_bytes, UINT64_C(1) << 40);
	cr_expect_lt(site.memory_bytes, 1 << 17);
	for (uint64_t at = 0; at < 200; at++)
		cr_assert_eq(memcmp(o->body + (at & o->mask), o->body + at % 64, 65535), 0);
	cr_expect_eq(memcmp(o->body, "0123456789ABC", 13), 0);
	cr_expect_eq(o->body[63], '\n');
	cr_expect_leq((o->body + o->mask + 65535) - (char *)site.memory,
		      (ptrdiff_t)site.memory_bytes);
	site_fini(&site);
}

/* Many paths, so that their hashes meet. */
Test(site, finds_each_of_many_paths)
{
	enum { N = 20000 };
	char path[32];
	uint32_t object, n;
	struct site site;

	cr_assert_eq(site_init(&site), 0);
	for (unsigned int i = 0; i < N; i++) {
		n = (uint32_t)snprintf(path, sizeof(path), "/%u", i);
		cr_assert_eq(site_add(&site, "a/b", path, i, &object), 0);
		cr_assert_eq(site_name(&site, path, n, object), 0);
	}
	cr_assert_eq(site_index(&site), 0);
	for (unsigned int i = 0; i < N; i++) {
		n = (uint32_t)snprintf(path, sizeof(path), "/%u", i);
		cr_assert_eq(site.objects[site_find(&site, path, n)].body_bytes, i);
	}
	cr_assert_eq(site_find(&site, "/20000", 6), site_status(404));
	cr_assert_eq(site_find(&site, "/1 ", 3), site_status(404));
	site_fini(&site);
}
