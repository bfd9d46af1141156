/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "gen/units.h"

struct unit {
	const char *name;
	double of;
};

static const struct unit decimal[] = { { "", 1 },    { "k", 1e3 }, { "K", 1e3 }, { "m", 1e6 },
				       { "M", 1e6 }, { "g", 1e9 }, { "G", 1e9 }, { NULL, 0 } };
static const struct unit a_second[] = { { "", 1 },	{ "k", 1e3 },	{ "K", 1e3 },
					{ "m", 1e6 },	{ "M", 1e6 },	{ "g", 1e9 },
					{ "G", 1e9 },	{ "/s", 1 },	{ "k/s", 1e3 },
					{ "K/s", 1e3 }, { "m/s", 1e6 }, { "M/s", 1e6 },
					{ "g/s", 1e9 }, { "G/s", 1e9 }, { NULL, 0 } };
static const struct unit binary[] = { { "", 1 },	   { "k", 1024 },    { "K", 1024 },
				      { "m", 1048576 },	   { "M", 1048576 }, { "g", 1073741824 },
				      { "G", 1073741824 }, { NULL, 0 } };
static const struct unit times[] = { { "ns", 1 },     { "us", 1e3 },   { "ms", 1e6 }, { "s", 1e9 },
				     { "min", 60e9 }, { "h", 3600e9 }, { NULL, 0 } };
static const struct unit shares[] = { { "", 1 }, { "%", 0.01 }, { NULL, 0 } };

/* strtod() knows signs, "inf" and hexadecimal as well: no person means these. */
static bool
read_digits(const char *text, double *value, char **end)
{
	if (!isdigit((unsigned char)*text) || text[1] == 'x' || text[1] == 'X')
		return false;
	*value = strtod(text, end);
	return isfinite(*value);
}

static bool
read_with_unit(const char *text, const struct unit *unit, double most, double *value)
{
	double number;
	char *end;

	if (!read_digits(text, &number, &end))
		return false;
	while (unit->name != NULL && strcmp(unit->name, end) != 0)
		unit++;
	if (unit->name == NULL || number * unit->of > most)
		return false;
	*value = number * unit->of;
	return true;
}

static bool
read_whole(const char *text, const struct unit *unit, uint64_t least, uint64_t most,
	   uint64_t *value)
{
	double number;

	if (!read_with_unit(text, unit, VALUE_MOST, &number) || number != rint(number) ||
	    number < (double)least || (uint64_t)number > most)
		return false;
	*value = (uint64_t)number;
	return true;
}

bool
value_number(const char *text, double *value)
{
	return read_with_unit(text, decimal, VALUE_MOST, value);
}

bool
value_rate(const char *text, double most, double *rate)
{
	return read_with_unit(text, a_second, most, rate);
}

bool
value_count(const char *text, uint64_t least, uint64_t most, uint64_t *count)
{
	return read_whole(text, decimal, least, most, count);
}

bool
value_bytes(const char *text, uint64_t least, uint64_t most, uint64_t *bytes)
{
	return read_whole(text, binary, least, most, bytes);
}

bool
value_time(const char *text, uint64_t *ns)
{
	double time;

	if (!read_with_unit(text, times, (double)TIME_MOST_NS, &time))
		return false;
	*ns = (uint64_t)llrint(time);
	return true;
}

bool
value_share(const char *text, double *share)
{
	return read_with_unit(text, shares, 1, share);
}
