/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stddef.h>

#include <tern_verdict.h>

/* The X-lists spell names as the enum does; what a person reads is in lower case. */
static char verdict_names[TERN_VERDICTS][32];
static char event_names[TERN_EVENTS][32];

static const char *const verdict_upper[] = {
#define X(name, text, ref) #name,
	TERN_VERDICT_LIST(X)
#undef X
};

static const char *const verdict_texts[] = {
#define X(name, text, ref) sizeof(ref) > 1 ? text " [" ref "]" : text,
	TERN_VERDICT_LIST(X)
#undef X
};

static const char *const event_upper[] = {
#define X(name, text, ref) #name,
	TERN_EVENT_LIST(X)
#undef X
};

static const char *const event_texts[] = {
#define X(name, text, ref) sizeof(ref) > 1 ? text " [" ref "]" : text,
	TERN_EVENT_LIST(X)
#undef X
};

static void
lower(char *to, size_t room, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < room && from[i] != '\0'; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	to[i] = '\0';
}

/* Before main(), so that every thread finds the names whole. */
__attribute__((constructor)) static void
make_names(void)
{
	for (size_t i = 0; i < TERN_VERDICTS; i++)
		lower(verdict_names[i], sizeof(verdict_names[i]), verdict_upper[i]);
	for (size_t i = 0; i < TERN_EVENTS; i++)
		lower(event_names[i], sizeof(event_names[i]), event_upper[i]);
}

const char *
tern_verdict_name(unsigned int verdict)
{
	return verdict < TERN_VERDICTS ? verdict_names[verdict] : NULL;
}

const char *
tern_event_name(unsigned int event)
{
	return event < TERN_EVENTS ? event_names[event] : NULL;
}

const char *
tern_verdict_text(unsigned int verdict)
{
	return verdict < TERN_VERDICTS ? verdict_texts[verdict] : NULL;
}

const char *
tern_event_text(unsigned int event)
{
	return event < TERN_EVENTS ? event_texts[event] : NULL;
}

void
tern_stats_add(struct tern_stats *to, const struct tern_stats *from)
{
	for (size_t i = 0; i < TERN_VERDICTS; i++)
		to->verdict[i] += from->verdict[i];
	for (size_t i = 0; i < TERN_EVENTS; i++)
		to->event[i] += from->event[i];
}
