/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --config FILE: "key = value" lines, a key being an option's long name; sections are for the eye.
 *
 * rte_cfgfile reads it. Lines that it would pass over or cut off are found before that.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cfgfile.h>
#include <rte_log.h>

#include "gen/cli/reading.h"

enum { LINE_MOST = CFG_NAME_LEN + CFG_VALUE_LEN, ENTRIES_MOST = FILE_WORDS_MAX };

#define BLANK " \t\r\n"

/* NULL, or what is wrong with it. */
static const char *
wrong_with(const char *line)
{
	const char *equals = strchr(line, '=');
	size_t len = strlen(line);

	line += strspn(line, BLANK);
	if (*line == '\0' || *line == ';')
		return NULL;
	if (*line == '[')
		return strchr(line, ']') != NULL ? NULL : "the ] is missing";
	if (equals == NULL || equals == line)
		return "it is not \"key = value\"; comments begin with a ;";
	if ((size_t)(equals - line) >= CFG_NAME_LEN || len >= CFG_VALUE_LEN)
		return "it is too long";
	return NULL;
}

static void
check_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[LINE_MOST];
	const char *wrong;
	unsigned int n = 0;

	if (file == NULL)
		options_refuse("--config: %s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file) != NULL) {
		n++;
		wrong = wrong_with(line);
		if (wrong != NULL)
			options_refuse("--config: %s line %u: %s", path, n, wrong);
	}
	if (ferror(file))
		options_refuse("--config: %s cannot be read", path);
	fclose(file);
}

/* Its complaints are lines of their own: ours is enough. */
static struct rte_cfgfile *
load(const char *path)
{
	uint32_t level = rte_log_get_global_level();
	struct rte_cfgfile *file;

	rte_log_set_global_level(RTE_LOG_EMERG);
	file = rte_cfgfile_load(path, CFG_FLAG_GLOBAL_SECTION | CFG_FLAG_EMPTY_VALUES);
	rte_log_set_global_level(level);
	if (file == NULL)
		options_refuse("--config: %s is not a file of keys and values", path);
	return file;
}

static bool
is_one_of(const char *text, const char *const *words)
{
	while (*words != NULL && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

static const struct row *
find_row(const char *name)
{
	for (unsigned int i = 0; i < rows_n; i++)
		if (rows[i].name != NULL && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* Options that take no value are switched on or left out. */
static void
take_entry(struct words *words, const char *path, const struct rte_cfgfile_entry *entry)
{
	static const char *const yes[] = { "", "yes", "true", "on", "1", NULL };
	static const char *const no[] = { "no", "false", "off", "0", NULL };
	static const char *const typed[] = { "config", "dperf-conf", "help", NULL };
	const struct row *row = find_row(entry->name);
	bool is_flag = row != NULL && row->arg == NULL;

	if (is_one_of(entry->name, typed))
		options_refuse("--config: %s: %s can only be typed", path, entry->name);
	if (is_flag && is_one_of(entry->value, no))
		return;
	if (is_flag && !is_one_of(entry->value, yes))
		options_refuse("--config: %s: %s is yes or no, not \"%s\"", path, entry->name,
			       entry->value);
	add_word(words, entry->name, is_flag || entry->value[0] == '\0' ? NULL : entry->value);
}

static void
take_section(struct words *words, const char *path, struct rte_cfgfile *file, int section)
{
	struct rte_cfgfile_entry *entries = calloc(ENTRIES_MOST, sizeof(*entries));
	char name[CFG_NAME_LEN];
	int n;

	if (entries == NULL)
		options_refuse("no memory for %s", path);
	n = rte_cfgfile_section_entries_by_index(file, section, name, entries, ENTRIES_MOST);
	for (int i = 0; i < n; i++)
		take_entry(words, path, &entries[i]);
	free(entries);
}

void
config_file_words(struct words *words, const char *path)
{
	struct rte_cfgfile *file;
	int sections;

	check_lines(path);
	file = load(path);
	sections = rte_cfgfile_num_sections(file, NULL, 0);
	for (int i = 0; i < sections; i++)
		take_section(words, path, file, i);
	rte_cfgfile_close(file);
}
