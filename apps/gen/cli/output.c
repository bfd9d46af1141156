/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where it is told.
 */
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "gen/cli/reading.h"
#include "gen/units.h"

static bool
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

/*
 * Options whose value may be left out take it only behind "=", by the rules of getopt(). Here
 * also the word that follows is it, when it cannot be anything else: a mode, a target, a service or
 * a capture.
 */
static const char *
next_word(struct reading *r)
{
	struct argp_state *state = r->state;
	const char *word;

	if (state->next >= state->argc)
		return NULL;
	word = state->argv[state->next];
	if (*word == '-' || looks_like_target(word) || find_name(mode_names, MODES, word) >= 0 ||
	    find_name(suite_names, SUITES, word) >= 0 || strstr(word, ".pcap") != NULL ||
	    (strchr(word, ':') != NULL && strchr(word, '/') == NULL))
		return NULL;
	state->next++;
	return word;
}

void
read_json(struct reading *r, const struct row *row, const char *value)
{
	(void)row;
	r->plan->json = value != NULL ? value : next_word(r);
	r->plan->json_stdout = r->plan->json == NULL;
}

void
read_json_stream(struct reading *r, const struct row *row, const char *value)
{
	(void)row;
	r->plan->json_stream = value != NULL ? value : next_word(r);
	if (r->plan->json_stream == NULL)
		r->plan->json_stream = "-";
}

/* ADDRESS:PORT of the machine itself, 127.0.0.1 among them. */
void
read_listen(struct reading *r, const struct row *row, const char *value)
{
	size_t len = strcspn(value, ":");
	struct tern_addr addr;
	uint64_t port;
	char text[TERN_ADDR_TEXT] = "";

	if (len < sizeof(text))
		memcpy(text, value, len);
	if (tern_addr_parse(text, &addr, NULL) < 0 || value[len] != ':' ||
	    !value_count(value + len + 1, 1, UINT16_MAX, &port))
		options_refuse("--%s: \"%s\" is not an address and a port such as 127.0.0.1:9100",
			       row->name, value);
	r->plan->prom_listen = value;
}

void
read_plot(struct reading *r, const struct row *row, const char *value)
{
	if (!ends_in(value, ".svg") && !ends_in(value, ".png"))
		options_refuse("--%s: \"%s\" does not end in .svg or .png", row->name, value);
	r->plan->plot = value;
}

void
read_tag(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;

	if (*value == '=' || strchr(value, '=') == NULL)
		options_refuse("--%s: \"%s\" is not a pair such as host=a", row->name, value);
	if (p->tags_n == TAGS_MAX)
		options_refuse("--%s: there are more than %d", row->name, TAGS_MAX);
	p->tags[p->tags_n++] = value;
}

/* Captured failures ---------------------------------------------------------------------------- */

static const struct capture_item {
	const char *name;
	size_t at; /* in struct plan */
	uint64_t least, most;
} capture_items[] = {
	{ "most", offsetof(struct plan, capture.most), 1, 10000 },
	{ "frames", offsetof(struct plan, capture.frames), 1024, 1 << 24 },
	{ "snap", offsetof(struct plan, capture.snap), 96, 16384 },
};

static void
read_capture_item(struct reading *r, const struct row *row, char *item)
{
	char *value = item;
	const char *name = strsep(&value, "=");
	uint64_t n;

	for (size_t i = 0; i < sizeof(capture_items) / sizeof(capture_items[0]); i++) {
		const struct capture_item *c = &capture_items[i];

		if (strcmp(name, c->name) != 0)
			continue;
		if (value == NULL || !value_count(value, c->least, c->most, &n))
			options_refuse(
				"--%s: %s=%s is not a whole number from %" PRIu64 " to %" PRIu64,
				row->name, name, value != NULL ? value : "", c->least, c->most);
		*(uint32_t *)(void *)((char *)r->plan + c->at) = (uint32_t)n;
		return;
	}
	options_refuse("--%s: \"%s\" is none of most, frames, snap", row->name, name);
}

/* FILE,most=N,frames=N,snap=N */
void
read_capture_failed(struct reading *r, const struct row *row, const char *value)
{
	enum { MOST = 100, FRAMES = 32768, SNAP = 200, FRAMES_EACH = 8 };
	char *rest = keep_text(r->plan, value, strlen(value));
	struct plan *p = r->plan;

	p->capture.file = strsep(&rest, ",");
	if (*p->capture.file == '\0')
		options_refuse("--%s: the name of a file is missing", row->name);
	p->capture.most = MOST;
	p->capture.frames = FRAMES;
	p->capture.snap = SNAP;
	while (rest != NULL)
		read_capture_item(r, row, strsep(&rest, ","));
	if (p->capture.frames / p->capture.most < FRAMES_EACH)
		options_refuse("--%s: frames=%" PRIu32 " is too few for most=%" PRIu32
			       ": %d at least of each",
			       row->name, p->capture.frames, p->capture.most, FRAMES_EACH);
	p->capture.frames = rte_align32pow2(p->capture.frames);
}
