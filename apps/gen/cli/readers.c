/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gen/cli/reading.h"
#include "gen/options.h"
#include "gen/units.h"

struct kept {
	struct kept *next;
	uint64_t bytes[];
};

void *
keep(struct plan *plan, size_t bytes)
{
	struct kept *kept = calloc(1, sizeof(*kept) + bytes);

	if (kept == NULL)
		options_refuse("no memory for the options");
	kept->next = plan->kept;
	plan->kept = kept;
	return kept->bytes;
}

char *
keep_text(struct plan *plan, const char *text, size_t len)
{
	char *copy = keep(plan, len + 1);

	memcpy(copy, text, len);
	return copy;
}

void
plan_free(struct plan *plan)
{
	while (plan->kept != NULL) {
		struct kept *next = plan->kept->next;

		free(plan->kept);
		plan->kept = next;
	}
}

static void *
place(struct reading *r, const struct row *row)
{
	return (char *)r->plan + row->at;
}

void
read_flag(struct reading *r, const struct row *row, const char *value)
{
	(void)value;
	*(bool *)place(r, row) = true;
}

void
read_text(struct reading *r, const struct row *row, const char *value)
{
	if (*value == '\0')
		options_refuse("--%s: its value is empty", row->name);
	*(const char **)place(r, row) = value;
}

static uint64_t
count_of(const struct row *row, const char *value)
{
	uint64_t count;

	if (!value_count(value, row->least, row->most, &count))
		options_refuse("--%s: \"%s\" is not a whole number such as 500, 10k or 1m, from "
			       "%" PRIu64 " to %" PRIu64,
			       row->name, value, row->least, row->most);
	return count;
}

void
read_count(struct reading *r, const struct row *row, const char *value)
{
	*(uint64_t *)place(r, row) = count_of(row, value);
}

void
read_count32(struct reading *r, const struct row *row, const char *value)
{
	*(uint32_t *)place(r, row) = (uint32_t)count_of(row, value);
}

void
read_bytes32(struct reading *r, const struct row *row, const char *value)
{
	uint64_t bytes;

	if (!value_bytes(value, row->least, row->most, &bytes))
		options_refuse("--%s: \"%s\" is not a number of bytes such as 64, 1k or 10m, from "
			       "%" PRIu64 " to %" PRIu64,
			       row->name, value, row->least, row->most);
	*(uint32_t *)place(r, row) = (uint32_t)bytes;
}

void
read_time(struct reading *r, const struct row *row, const char *value)
{
	uint64_t ns;

	if (!value_time(value, &ns) || ns < row->least || ns > row->most)
		options_refuse(
			"--%s: \"%s\" is not a time such as 30s, 500ms or 100us, from %" PRIu64
			"us to %" PRIu64 "s",
			row->name, value, row->least / 1000, row->most / TERN_S);
	*(uint64_t *)place(r, row) = ns;
}

void
read_amount(struct reading *r, const struct row *row, const char *value)
{
	double amount;

	if (!value_rate(value, (double)row->most, &amount) || amount < (double)row->least)
		options_refuse("--%s: \"%s\" is not a number such as 10k or 5m, from %" PRIu64
			       " to %" PRIu64,
			       row->name, value, row->least, row->most);
	*(double *)place(r, row) = amount;
}

/* What is understood, and cannot be done: better told than left out. The text says why. */
void
read_refused(struct reading *r, const struct row *row, const char *value)
{
	(void)r;
	(void)value;
	options_refuse("--%s: %s", row->name, row->text);
}
