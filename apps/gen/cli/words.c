/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words that are no options: mode, target, file, services.
 */
#include <string.h>

#include "gen/cli/reading.h"

int
find_name(const char *const *names, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

static int
find_suite(const char *word)
{
	int i = find_name(suite_names, SUITES, word);

	return i == SUITE_NONE ? -1 : i;
}

/* What a suite is run with when no mode is given. */
static enum mode
mode_of_suite(enum suite suite)
{
	switch (suite) {
	case SUITE_RFC2544:
	case SUITE_RFC8219:
		return MODE_RR;
	case SUITE_RFC9411:
		return MODE_CRR;
	default:
		options_refuse("search needs a mode to search with, such as search crr "
			       "10.9.0.1:80");
	}
}

static void
check_suite(const struct plan *p)
{
	static const unsigned int modes[SUITES] = {
		[SUITE_NONE] = IN_ALL,
		[SUITE_SEARCH] = IN_CLIENTS & ~IN(MODE_REPLAY),
		[SUITE_RFC2544] = IN(MODE_RR),
		[SUITE_RFC8219] = IN(MODE_RR),
		[SUITE_RFC9411] = IN(MODE_CRR) | IN(MODE_RR) | IN(MODE_HOLD) | IN(MODE_STREAM),
	};

	if ((modes[p->suite] & IN(p->mode)) == 0)
		options_refuse("%s cannot be run with %s", suite_names[p->suite],
			       mode_names[p->mode]);
}

/* With --mix a mode is not needed; one that is given is among its parts. */
static enum mode
mode_of_mix(const struct plan *p, int mode)
{
	bool found = mode < 0 || mode == MODE_MIX;

	for (unsigned int i = 0; i < p->parts_n; i++)
		found |= (int)p->parts[i].mode == mode;
	if (!found)
		options_refuse("--mix: %s is none of its parts; leave it out", mode_names[mode]);
	return MODE_MIX;
}

static enum mode
mode_of(const struct plan *p, int mode)
{
	if (p->parts_n > 0)
		return mode_of_mix(p, mode);
	if (mode == MODE_MIX)
		options_refuse("mix: its parts are missing: give --mix, such as crr:80,rr:20");
	return mode >= 0 ? (enum mode)mode : mode_of_suite(p->suite);
}

/* Return: how many words that took. */
static unsigned int
read_mode(struct plan *p, const char *const *words, unsigned int n)
{
	int suite = n > 0 ? find_suite(words[0]) : -1, mode;
	unsigned int used = suite >= 0 ? 1 : 0;

	mode = n > used ? find_name(mode_names, MODES, words[used]) : -1;
	if (n == 0 && p->parts_n == 0)
		options_refuse("MODE is missing: crr, rr, hold, stream, flood, replay, server, "
			       "search, rfc2544, rfc8219 or rfc9411; see --help");
	if (suite < 0 && mode < 0 && p->parts_n == 0)
		options_refuse("\"%s\" is no mode: crr, rr, hold, stream, flood, replay, server, "
			       "search, rfc2544, rfc8219, rfc9411",
			       words[0]);
	p->suite = suite >= 0 ? (enum suite)suite : SUITE_NONE;
	p->mode = mode_of(p, mode);
	check_suite(p);
	return used + (mode >= 0);
}

static void
read_rest(struct plan *p, const char *const *words, unsigned int n)
{
	unsigned int i = 0;

	if (p->mode == MODE_SERVER) {
		for (; i < n; i++)
			read_service(p, words[i]);
		return;
	}
	if (p->mode == MODE_REPLAY) {
		if (n == 0)
			options_refuse("replay: the file is missing, such as a.pcap");
		p->pcap = words[i++];
	}
	if (i < n)
		read_target(p, words[i++]);
	if (i < n)
		options_refuse("\"%s\" is one word too many", words[i]);
}

/* A file's mode is several words: "search crr". */
static void
split_words(struct reading *r, const char *text)
{
	char *rest = keep_text(r->plan, text, strlen(text)), *word;

	while ((word = strsep(&rest, " \t")) != NULL)
		if (*word != '\0' && r->words_n < WORDS_MAX)
			r->words[r->words_n++] = word;
}

void
finish_words(struct reading *r)
{
	unsigned int used;

	if (r->words_n == 0 && r->mode != NULL)
		split_words(r, r->mode);
	used = read_mode(r->plan, r->words, r->words_n);
	if (r->words_n == used && r->target != NULL)
		split_words(r, r->target);
	read_rest(r->plan, r->words + used, r->words_n - used);
}
