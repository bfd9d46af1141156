/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/imix.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *text;
} names[] = {
	{ "simple", "64:7,570:4,1518:1" },
	{ "trex", "64:28,594:20,1518:4" },
};

/* Digits and nothing else, up to what ends them. */
static bool
read_number(const char **text, uint32_t least, uint32_t most, uint16_t *number)
{
	char *end;
	unsigned long value;

	if (**text < '0' || **text > '9')
		return false;
	value = strtoul(*text, &end, 10);
	if (value < least || value > most)
		return false;
	*text = end;
	*number = (uint16_t)value;
	return true;
}

static const char *
read_size(struct imix *imix, const char **text)
{
	uint16_t bytes, times = 1;

	if (imix->n == SIZES_MAX)
		return "16 sizes at most";
	if (!read_number(text, IMIX_LEAST_BYTES, IMIX_MOST_BYTES, &bytes))
		return "a frame size is a number from 64 to 9218, bytes with FCS";
	if (**text == ':') {
		++*text;
		if (!read_number(text, 1, IMIX_TURNS, &times))
			return "behind a size stands how often it has its turn, 1 to 1024";
	}
	imix->size[imix->n].bytes = bytes;
	imix->size[imix->n++].times = times;
	return NULL;
}

static unsigned int
all_times(const struct imix *imix)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < imix->n; i++)
		sum += imix->size[i].times;
	return sum;
}

const char *
imix_read(struct imix *imix, const char *text)
{
	const char *wrong;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0)
			text = names[i].text;
	imix->n = 0;
	for (;;) {
		wrong = read_size(imix, &text);
		if (wrong != NULL)
			return wrong;
		if (*text == '\0')
			break;
		if (*text++ != ',')
			return "sizes look like 64:7,570:4,1518:1, or simple, or trex";
	}
	return all_times(imix) <= IMIX_TURNS ? NULL : "more than 1024 turns in all";
}

/* Each size gains its times every turn; who has most has the turn, and pays the sum of all. */
unsigned int
imix_turns(const struct imix *imix, uint8_t turns[IMIX_TURNS])
{
	int credit[SIZES_MAX] = { 0 };
	unsigned int n = all_times(imix);

	for (unsigned int turn = 0; turn < n; turn++) {
		unsigned int next = 0;

		for (unsigned int i = 0; i < imix->n; i++) {
			credit[i] += imix->size[i].times;
			if (credit[i] > credit[next])
				next = i;
		}
		credit[next] -= (int)n;
		turns[turn] = (uint8_t)next;
	}
	return n;
}
