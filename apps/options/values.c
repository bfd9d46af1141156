/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"

enum { PPM_PERCENT = 10000 };

struct unit {
	const char *name;
	uint64_t of;
};

static int refusal = 2;

void
options_exit_status(int status)
{
	refusal = status;
}

void
options_refuse(const char *form, ...)
{
	va_list args;

	va_start(args, form);
	tern_run_complain(form, args);
	va_end(args);
	exit(refusal);
}

/* Digits, then one of the units. False: something else, or more than 64 bits. */
static bool
read_with_unit(const char *text, const struct unit *units, size_t n, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(end, units[i].name) == 0)
			return !__builtin_mul_overflow(*value, units[i].of, value);
	return false;
}

uint64_t
options_number(const char *name, const char *text, uint64_t least, uint64_t most)
{
	static const struct unit one = { "", 1 };
	uint64_t value;

	if (!read_with_unit(text, &one, 1, &value) || value < least || value > most)
		options_refuse("--%s: \"%s\" is not a number from %" PRIu64 " to %" PRIu64, name,
			       text, least, most);
	return value;
}

uint64_t
options_bytes(const char *name, const char *text, uint64_t most)
{
	static const struct unit units[] = {
		{ "", 1 }, { "k", 1 << 10 }, { "m", 1 << 20 }, { "g", 1 << 30 }
	};
	uint64_t value;

	if (!read_with_unit(text, units, 4, &value) || value > most)
		options_refuse("--%s: \"%s\" is not a number of bytes such as 100, 64k, 10m or 1g, "
			       "%" PRIu64 " at most",
			       name, text, most);
	return value;
}

/* Up to four decimals: a millionth is the least there is. False: something else. */
static bool
read_percent(const char *text, uint64_t *ppm)
{
	uint64_t digit = PPM_PERCENT / 10;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*ppm = strtoull(text, &end, 10);
	if (*ppm > 100)
		return false;
	*ppm *= PPM_PERCENT;
	if (*end == '.')
		for (end++; digit > 0 && *end >= '0' && *end <= '9'; end++, digit /= 10)
			*ppm += (uint64_t)(*end - '0') * digit;
	return strcmp(end, "%") == 0 && *ppm <= 100 * PPM_PERCENT;
}

/* 0.001 or 1e-6: what nobody takes for percents. */
static bool
read_fraction(const char *text, uint64_t *ppm)
{
	double value;
	char *end;

	if (*text < '0' || *text > '9' ||
	    (strncmp(text, "0.", 2) != 0 && strncmp(text + 1, "e-", 2) != 0))
		return false;
	value = strtod(text, &end) * 100 * PPM_PERCENT;
	*ppm = (uint64_t)(value + 0.5);
	return *end == '\0' && value >= 0 && value <= 100 * PPM_PERCENT && (value == 0 || *ppm > 0);
}

uint64_t
options_share(const char *name, const char *text)
{
	uint64_t ppm;

	if (!read_percent(text, &ppm) && !read_fraction(text, &ppm))
		options_refuse("--%s: \"%s\" is not a share such as 1%%, 0.05%% or 1e-6, 100%% at "
			       "most",
			       name, text);
	return ppm;
}

uint64_t
options_duration(const char *name, const char *text, uint64_t least)
{
	static const struct unit units[] = { { "s", TERN_S },
					     { "ms", TERN_MS },
					     { "us", TERN_MS / 1000 } };
	uint64_t value;

	if (!read_with_unit(text, units, 3, &value) || value < least || value > 86400 * TERN_S)
		options_refuse(
			"--%s: \"%s\" is not a time such as 1s, 500ms or 100us, from %" PRIu64
			"us to a day",
			name, text, least / 1000);
	return value;
}
