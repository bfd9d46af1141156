/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "gen/cli/reading.h"

static void
set_once(const struct row *row, const char **at, const char *value)
{
	if (*at != NULL)
		options_refuse("--%s is given twice", row->name);
	*at = value;
}

/* Parsing again, the names are known and the files have been read. */
void
read_config(struct reading *r, const struct row *row, const char *value)
{
	set_once(row, &r->config, value);
}

void
read_dperf_conf(struct reading *r, const struct row *row, const char *value)
{
	set_once(row, &r->dperf_conf, value);
}

void
read_mode_word(struct reading *r, const struct row *row, const char *value)
{
	(void)row;
	r->mode = value;
}

void
read_target_word(struct reading *r, const struct row *row, const char *value)
{
	(void)row;
	r->target = value;
}

/* Without a key it is a word as it stands; without a value an option that takes none. */
void
add_word(struct words *words, const char *key, const char *value)
{
	size_t bytes = (key != NULL ? strlen(key) : 0) + (value != NULL ? strlen(value) : 0) + 4;
	char *word = keep(words->plan, bytes);

	if (words->n == FILE_WORDS_MAX)
		options_refuse("a file has more than %d options", FILE_WORDS_MAX);
	if (key == NULL)
		snprintf(word, bytes, "%s", value);
	else
		snprintf(word, bytes, value != NULL ? "--%s=%s" : "--%s", key, value);
	words->word[words->n++] = word;
}
