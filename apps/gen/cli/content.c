/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gen/cli/reading.h"
#include "gen/units.h"

enum { FILE_MOST = 64 << 20, HEADERS_MOST = 4096, FRAME_LEAST = 64, FRAME_MOST = 9216 };

/* One of a few words. */
static unsigned int
choose(const struct row *row, const char *value, const char *const *words, unsigned int n)
{
	char list[128] = "";
	int i = find_name(words, n, value);

	if (i >= 0)
		return (unsigned int)i;
	for (unsigned int k = 0; k < n; k++) {
		strcat(list, k > 0 ? ", " : "");
		strcat(list, words[k]);
	}
	options_refuse("--%s: \"%s\" is none of %s", row->name, value, list);
}

void
read_proto(struct reading *r, const struct row *row, const char *value)
{
	r->plan->proto = choose(row, value, protocol_names, PROTOS);
}

void
read_tcp(struct reading *r, const struct row *row, const char *value)
{
	static const char *const words[] = { "full", "lite" };

	r->plan->lite = choose(row, value, words, 2) == 1;
}

void
read_close(struct reading *r, const struct row *row, const char *value)
{
	static const char *const words[] = { "fin", "rst" };

	r->plan->close_rst = choose(row, value, words, 2) == 1;
}

/* RFC 9112 §3.2.1: the path and query, no space and no control character in it. */
void
read_url(struct reading *r, const struct row *row, const char *value)
{
	for (const char *at = value; *at != '\0'; at++)
		if (*at <= ' ' || *at == 0x7f)
			value = "";
	if (*value != '/')
		options_refuse("--%s: it is a path such as /index.html, with no space in it",
			       row->name);
	r->plan->url = value;
}

/* RFC 9110 §5.6.2 */
static size_t
token_len(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

void
read_header(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;
	size_t name = token_len(value), before = strlen(p->headers), len;
	const char *rest = value + name + 1;
	char *all;

	if (name == 0 || value[name] != ':' || strpbrk(value, "\r\n") != NULL)
		options_refuse("--%s: \"%s\" is not a field such as Accept:text/html", row->name,
			       value);
	rest += strspn(rest, " \t");
	len = before + name + 2 + strlen(rest) + 2;
	if (len > HEADERS_MOST)
		options_refuse("--%s: all of them are longer than %d bytes", row->name,
			       HEADERS_MOST);
	all = keep(p, len + 1);
	snprintf(all, len + 1, "%s%.*s: %s\r\n", p->headers, (int)name, value, rest);
	p->headers = all;
}

static void
load_file(struct plan *p, const struct row *row, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		options_refuse("--%s: %s: %s", row->name, path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < 1 || st.st_size > FILE_MOST)
		options_refuse("--%s: %s is not a file of 1 byte to 64 MB", row->name, path);
	bytes = keep(p, (size_t)st.st_size);
	for (off_t got = 0, n; got < st.st_size; got += n) {
		n = read(fd, bytes + got, (size_t)(st.st_size - got));
		if (n <= 0)
			options_refuse("--%s: %s cannot be read", row->name, path);
	}
	close(fd);
	p->payload = PAYLOAD_FILE;
	p->file = bytes;
	p->file_bytes = (size_t)st.st_size;
}

void
read_payload(struct reading *r, const struct row *row, const char *value)
{
	static const char *const words[] = { "zero", "random", "prbs", "file:NAME" };

	if (strncmp(value, "file:", 5) == 0)
		load_file(r->plan, row, value + 5);
	else
		r->plan->payload = choose(row, value, words, 4);
}

static void
add_size(struct plan *p, const struct row *row, uint64_t bytes, uint64_t times)
{
	if (p->imix.n == SIZES_MAX)
		options_refuse("--%s: there are more than %d sizes", row->name, SIZES_MAX);
	p->imix.size[p->imix.n].bytes = (uint16_t)bytes;
	p->imix.size[p->imix.n++].times = (uint16_t)times;
}

/* RFC 6985 §4: a letter a frame, in their order; what follows one another is one size here. */
static void
read_genome(struct plan *p, const struct row *row, const char *text)
{
	static const uint16_t letters[] = { 64, 128, 256, 512, 1024, 1280, 1518, 2112, 9000 };
	size_t times;

	for (; *text != '\0'; text += times) {
		times = 1;
		while (text[times] == *text)
			times++;
		if (*text < 'a' || *text > 'i' || times > UINT16_MAX)
			options_refuse("--%s: \"%c\" is no size of RFC 6985, a to i", row->name,
				       *text);
		add_size(p, row, letters[*text - 'a'], times);
	}
	p->imix.in_order = true;
}

/* "64:7" or "64" */
static void
read_size(struct plan *p, const struct row *row, char *item)
{
	char *times = strchr(item, ':');
	uint64_t bytes, n = 1;

	if (times != NULL)
		*times++ = '\0';
	if (!value_count(item, FRAME_LEAST, FRAME_MOST, &bytes) ||
	    (times != NULL && !value_count(times, 1, UINT16_MAX, &n)))
		options_refuse("--%s: \"%s\" is not a size from %d to %d bytes, FCS included, such "
			       "as 64 or 64:7 for seven of it",
			       row->name, item, FRAME_LEAST, FRAME_MOST);
	add_size(p, row, bytes, n);
}

static void
read_size_list(struct plan *p, const struct row *row, const char *value)
{
	char item[32];
	size_t len;

	p->imix.n = 0;
	p->imix.in_order = false;
	for (;; value += len + 1) {
		len = strcspn(value, ",");
		snprintf(item, sizeof(item), "%.*s", (int)len, value);
		read_size(p, row, item);
		if (value[len] == '\0')
			return;
	}
}

void
read_sizes(struct reading *r, const struct row *row, const char *value)
{
	if (strchr(value, ':') != NULL)
		options_refuse(
			"--%s: \"%s\" is not a list of sizes such as 64,512,1518; see --imix",
			row->name, value);
	read_size_list(r->plan, row, value);
}

void
read_imix(struct reading *r, const struct row *row, const char *value)
{
	if (strcmp(value, "simple") == 0)
		value = "64:7,570:4,1518:1";
	else if (strcmp(value, "trex") == 0)
		value = "64:7,594:4,1518:1";
	r->plan->imix.n = 0;
	if (*value >= 'a' && *value <= 'z')
		read_genome(r->plan, row, value);
	else
		read_size_list(r->plan, row, value);
}
