/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A site: all that can be answered, and by which path it is found.
 *
 * Made once, before the first packet; from then on it is only read, by all lcores. An object is a
 * response ready to be sent, but for the end of its head, which differs from request to request:
 *
 *	object.head:     status line, fields, "Date: "
 *	ending:          the date, CRLF, Connection if due, CRLF
 *	object.body
 *
 * Bodies are never copied to be stored: they point into the memory of the site, which may be lent
 * to the port. A body of any length that repeats takes no more memory than one segment.
 */
#ifndef HTTP_SITE_H
#define HTTP_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_memory.h>

#include "http/parse.h"

struct object {
	const char *head, *body;
	uint64_t body_bytes;
	uint64_t mask; /* byte i of the body stands at body[i & mask], and what follows behind it */
	uint32_t head_bytes;
	bool lendable; /* the body is in the memory of the site */
};

/* A path, decoded, and what it leads to. */
struct name {
	char *path;
	uint32_t bytes, hash, object;
};

#define SITE_NONE UINT32_MAX
#define SITE_OBJECTS_MAX (UINT32_C(1) << 29) /* bits of a response: client.h */

struct site {
	struct object *objects; /* the first ones are the statuses */
	uint32_t objects_n, statuses_n;
	uint32_t every; /* the object of every path that has no name, or SITE_NONE */

	struct name *names;
	uint32_t *table; /* 1 + index of a name, open addressing; 0: free */
	uint32_t names_n, table_mask;

	void *memory; /* of bodies, whole pages; NULL: none */
	size_t memory_bytes;
	bool lent; /* the port reads it by itself, at iova */
	rte_iova_t iova;
};

/*
 * All below return 0, or -ENOMEM; a site that could not be completed is good for site_fini() only.
 * site_init(): no paths, and an object for each status but 200.
 */
int site_init(struct site *site);
void site_fini(struct site *site);

/* Every path is answered with this text; borrowed. */
int site_say(struct site *site, const char *text);
/* Every path is answered with so many bytes: a line of 64 characters over and over. */
int site_repeat(struct site *site, uint64_t bytes);
/* One more thing of that kind, to be answered with 200. */
int site_add_repeat(struct site *site, uint64_t bytes, uint32_t *object);

/* One more thing to be answered with 200. */
int site_add(struct site *site, const char *type, const char *body, uint64_t bytes,
	     uint32_t *object);
/* Its path; an object may have several. Found once site_index() has been called. */
int site_name(struct site *site, const char *path, uint32_t bytes, uint32_t object);
int site_index(struct site *site);

/* The object of a status; of 500 for one that is not in the list. */
uint32_t site_status(uint16_t status);

/* The object of a path as it stands in a request, or of the status that says why there is none. */
uint32_t site_find(const struct site *site, const char *path, uint32_t bytes);

/* The Content-Type of a file by its name. */
const char *type_of(const char *name);

#endif
