/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>

#include <tern_stack.h>

const struct tern_config tern_config_server = {
#define X(type, name, value, least, most, text) .name = (value),
	TERN_CONFIG_LIST(X)
#undef X
};

/* The lines are made once: a bad field is found before any thread is started. */
#define X(type, name, value, least, most, text) \
	static const char *check_##name(const struct tern_config *config) \
	{ \
		static char line[160]; \
		uint64_t is = config->name, lo = (least), hi = (most); \
\
		if (is >= lo && is <= hi) \
			return NULL; \
		snprintf(line, sizeof(line), \
			 #name " is %" PRIu64 ", must be %" PRIu64 " to %" PRIu64 ": %s", is, lo, \
			 hi, text); \
		return line; \
	}
TERN_CONFIG_LIST(X)
#undef X

const char *
tern_config_check(const struct tern_config *config)
{
	uint8_t any = 0;
	const char *line;

#define X(type, name, value, least, most, text) \
	line = check_##name(config); \
	if (line != NULL) \
		return line;
	TERN_CONFIG_LIST(X)
#undef X
	if (config->port_min > config->port_max)
		return "port_min is above port_max";
	for (size_t i = 0; i < sizeof(config->secret); i++)
		any |= config->secret[i];
	if (any == 0)
		return "secret is all zero: fill it with random bytes";
	return NULL;
}
