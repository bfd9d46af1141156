/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sys/mman.h>

#include "http/path.h"
#include "http/site.h"

/* clang-format off */
/* X(status, reason, more fields): RFC 9110 §15 */
#define STATUS_LIST(X) \
	X(400, "Bad Request", "") \
	X(404, "Not Found", "") \
	X(405, "Method Not Allowed", "Allow: GET, HEAD\r\n") \
	X(408, "Request Timeout", "") \
	X(411, "Length Required", "") \
	X(413, "Content Too Large", "") \
	X(414, "URI Too Long", "") \
	X(431, "Request Header Fields Too Large", "") \
	X(500, "Internal Server Error", "") \
	X(501, "Not Implemented", "") \
	X(503, "Service Unavailable", "") \
	X(505, "HTTP Version Not Supported", "")

static const struct {
	uint16_t status;
	const char *reason, *fields, *body;
} statuses[] = {
#define X(status, reason, fields) { status, reason, fields, #status " " reason "\n" },
	STATUS_LIST(X)
#undef X
};

static const struct {
	const char *ending, *type;
} types[] = {
	{ "html", "text/html; charset=utf-8" },
	{ "htm", "text/html; charset=utf-8" },
	{ "css", "text/css; charset=utf-8" },
	{ "js", "text/javascript; charset=utf-8" },
	{ "mjs", "text/javascript; charset=utf-8" },
	{ "txt", "text/plain; charset=utf-8" },
	{ "md", "text/markdown; charset=utf-8" },
	{ "csv", "text/csv; charset=utf-8" },
	{ "json", "application/json" },
	{ "xml", "application/xml" },
	{ "pdf", "application/pdf" },
	{ "wasm", "application/wasm" },
	{ "zip", "application/zip" },
	{ "gz", "application/gzip" },
	{ "tar", "application/x-tar" },
	{ "svg", "image/svg+xml" },
	{ "png", "image/png" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "gif", "image/gif" },
	{ "webp", "image/webp" },
	{ "avif", "image/avif" },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "mp3", "audio/mpeg" },
	{ "ogg", "audio/ogg" },
	{ "wav", "audio/wav" },
	{ "mp4", "video/mp4" },
	{ "webm", "video/webm" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char text_type[] = "text/plain; charset=utf-8";

const char *
type_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < COUNT(types); i++)
		if (strcasecmp(dot + 1, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* Objects ------------------------------------------------------------------------------------- */

/* Room for one more in an array that grows by doubling, at powers of two. */
static int
grow(void **array, uint32_t n, size_t size)
{
	void *larger;

	if (n != 0 && (n < 16 || (n & (n - 1)) != 0))
		return 0;
	larger = realloc(*array, (n < 16 ? 16 : 2 * (size_t)n) * size);
	if (larger == NULL)
		return -ENOMEM;
	*array = larger;
	return 0;
}

static int
add(struct site *site, uint16_t status, const char *reason, const char *fields, const char *type,
    const struct object *body)
{
	char *head;
	int n;

	if (site->objects_n == SITE_OBJECTS_MAX ||
	    grow((void **)&site->objects, site->objects_n, sizeof(struct object)) < 0)
		return -ENOMEM;
	n = asprintf(&head,
		     "HTTP/1.1 %u %s\r\nServer: tern\r\n%sContent-Type: %s\r\n"
		     "Content-Length: %" PRIu64 "\r\nDate: ",
		     status, reason, fields, type, body->body_bytes);
	if (n < 0)
		return -ENOMEM;
	site->objects[site->objects_n] = *body;
	site->objects[site->objects_n].head = head;
	site->objects[site->objects_n++].head_bytes = (uint32_t)n;
	return 0;
}

int
site_init(struct site *site)
{
	struct object body = { .mask = UINT64_MAX };
	int rc = 0;

	*site = (struct site){ .every = SITE_NONE, .iova = RTE_BAD_IOVA };
	for (size_t i = 0; i < COUNT(statuses) && rc == 0; i++) {
		body.body = statuses[i].body;
		body.body_bytes = strlen(body.body);
		rc = add(site, statuses[i].status, statuses[i].reason, statuses[i].fields,
			 text_type, &body);
	}
	site->statuses_n = site->objects_n;
	return rc;
}

void
site_fini(struct site *site)
{
	for (uint32_t i = 0; i < site->objects_n; i++)
		free((void *)(uintptr_t)site->objects[i].head);
	for (uint32_t i = 0; i < site->names_n; i++)
		free(site->names[i].path);
	free(site->objects);
	free(site->names);
	free(site->table);
	if (site->memory != NULL)
		munmap(site->memory, site->memory_bytes);
	*site = (struct site){ .every = SITE_NONE };
}

uint32_t
site_status(uint16_t status)
{
	uint32_t i = 0, other = 0;

	for (; i < COUNT(statuses); i++) {
		if (statuses[i].status == status)
			return i;
		if (statuses[i].status == 500)
			other = i;
	}
	return other;
}

int
site_add(struct site *site, const char *type, const char *body, uint64_t bytes, uint32_t *object)
{
	struct object o = {
		.body = body, .body_bytes = bytes, .mask = UINT64_MAX, .lendable = true
	};

	*object = site->objects_n;
	return add(site, 200, "OK", "", type, &o);
}

int
site_say(struct site *site, const char *text)
{
	struct object o = { .body = text, .body_bytes = strlen(text), .mask = UINT64_MAX };

	site->every = site->objects_n;
	return add(site, 200, "OK", "", text_type, &o);
}

static const char line[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz-\n";

enum {
	LINE = sizeof(line) - 1,
	BLOCK = (1 << 16) + (1 << 12), /* from any byte of a line on, a whole segment */
};

_Static_assert((LINE & (LINE - 1)) == 0, "the mask wants a power of two");

static int
make_block(struct site *site)
{
	char *block;

	block = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED)
		return -ENOMEM;
	site->memory = block;
	site->memory_bytes = BLOCK;
	for (size_t i = 0; i < BLOCK; i += LINE)
		memcpy(block + i, line, LINE);
	return 0;
}

int
site_add_repeat(struct site *site, uint64_t bytes, uint32_t *object)
{
	struct object o = { .body_bytes = bytes, .mask = LINE - 1, .lendable = true };

	if (site->memory == NULL && make_block(site) < 0)
		return -ENOMEM;
	o.body = site->memory;
	*object = site->objects_n;
	return add(site, 200, "OK", "", text_type, &o);
}

int
site_repeat(struct site *site, uint64_t bytes)
{
	return site_add_repeat(site, bytes, &site->every);
}

/* Names --------------------------------------------------------------------------------------- */

/* FNV-1a */
static uint32_t
hash_of(const char *path, uint32_t bytes)
{
	uint32_t h = UINT32_C(2166136261);

	for (uint32_t i = 0; i < bytes; i++)
		h = (h ^ (uint8_t)path[i]) * UINT32_C(16777619);
	return h;
}

int
site_name(struct site *site, const char *path, uint32_t bytes, uint32_t object)
{
	char *copy;

	if (grow((void **)&site->names, site->names_n, sizeof(struct name)) < 0)
		return -ENOMEM;
	copy = strndup(path, bytes);
	if (copy == NULL)
		return -ENOMEM;
	site->names[site->names_n++] = (struct name){
		.path = copy, .bytes = bytes, .hash = hash_of(path, bytes), .object = object
	};
	return 0;
}

int
site_index(struct site *site)
{
	uint32_t size = 16, at;

	while (size < 2 * (uint64_t)site->names_n)
		size *= 2;
	site->table_mask = size - 1;
	site->table = calloc(size, sizeof(*site->table));
	if (site->table == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < site->names_n; i++) {
		at = site->names[i].hash & site->table_mask;
		while (site->table[at] != 0)
			at = (at + 1) & site->table_mask;
		site->table[at] = i + 1;
	}
	return 0;
}

static uint32_t
look_up(const struct site *site, const char *path, uint32_t bytes)
{
	uint32_t hash = hash_of(path, bytes), at = hash & site->table_mask;
	const struct name *name;

	for (; site->table[at] != 0; at = (at + 1) & site->table_mask) {
		name = &site->names[site->table[at] - 1];
		if (name->hash == hash && name->bytes == bytes &&
		    memcmp(name->path, path, bytes) == 0)
			return name->object;
	}
	return site->every != SITE_NONE ? site->every : site_status(404);
}

uint32_t
site_find(const struct site *site, const char *path, uint32_t bytes)
{
	char decoded[TARGET_MAX_BYTES];

	if (site->every != SITE_NONE && site->names_n == 0)
		return site->every;
	bytes = path_decode(decoded, path, bytes);
	return bytes > 0 ? look_up(site, decoded, bytes) : site_status(400);
}
