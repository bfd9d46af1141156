/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/measure/meter.h"

#include <string.h>

#define NAME(name, text) #name,
#define TEXT(name, text) text,

const char *const counter_names[COUNTS] = { COUNTERS(NAME) };
const char *const counter_texts[COUNTS] = { COUNTERS(TEXT) };
const char *const error_names[ERRORS_N] = { ERRORS(NAME) };
const char *const error_texts[ERRORS_N] = { ERRORS(TEXT) };
const char *const time_names[TIMES_N] = { TIMES(NAME) };
const char *const time_texts[TIMES_N] = { TIMES(TEXT) };

void
meter_clear(struct meter *m)
{
	memset(m->count, 0, sizeof(m->count));
	memset(m->error, 0, sizeof(m->error));
	m->busy_cycles = m->idle_cycles = 0;
	for (unsigned int i = 0; i < TIMES_N; i++)
		if (m->time[i].n > 0)
			hdr_clear(&m->time[i]);
}

void
meter_merge(struct meter *into, const struct meter *from)
{
	for (unsigned int i = 0; i < COUNTS; i++)
		into->count[i] += from->count[i];
	for (unsigned int i = 0; i < ERRORS_N; i++)
		into->error[i] += from->error[i];
	into->busy_cycles += from->busy_cycles;
	into->idle_cycles += from->idle_cycles;
	for (unsigned int i = 0; i < TIMES_N; i++)
		if (from->time[i].n > 0)
			hdr_merge(&into->time[i], &from->time[i]);
}

uint64_t
meter_errors(const struct meter *m)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < ERRORS_N; i++)
		sum += m->error[i];
	return sum;
}
