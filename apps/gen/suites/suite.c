/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/suites/suite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 256, STATUS_STOPPED = 2 };

int
suite_refuse(const char *form, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, form);
	vfprintf(stderr, form, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

void
suite_note(struct series *s, const char *form, ...)
{
	char text[TEXT_BYTES];
	struct cell cell = { .name = "note", .text = text };
	va_list args;

	va_start(args, form);
	vsnprintf(text, sizeof(text), form, args);
	va_end(args);
	report_row(s->report, "notes", &cell, 1);
}

/* The next name of a list with commas, from *at on, which moves behind it; NULL: there is none. */
static const char *
next_name(const char **at, size_t *len)
{
	const char *name = *at;

	if (name == NULL)
		return NULL;
	*len = strcspn(name, ",");
	*at = name[*len] == ',' ? name + *len + 1 : NULL;
	return name;
}

static bool
is_named(const char *name, size_t len, const char *test)
{
	return strlen(test) == len && strncmp(name, test, len) == 0;
}

bool
suite_wants(const struct plan *plan, const char *test)
{
	const char *at = plan->tests, *name;
	size_t len;

	while ((name = next_name(&at, &len)) != NULL)
		if (is_named(name, len, test))
			return true;
	return plan->tests == NULL;
}

int
suite_check_tests(const struct plan *plan, const char *const *tests)
{
	const char *at = plan->tests, *name;
	char all[TEXT_BYTES] = "";
	unsigned int i;
	size_t len;

	for (i = 0; tests[i] != NULL; i++) {
		strncat(all, i > 0 ? ", " : "", sizeof(all) - strlen(all) - 1);
		strncat(all, tests[i], sizeof(all) - strlen(all) - 1);
	}
	while ((name = next_name(&at, &len)) != NULL) {
		for (i = 0; tests[i] != NULL && !is_named(name, len, tests[i]); i++)
			;
		if (tests[i] == NULL)
			return suite_refuse("--tests: \"%.*s\" is none of %s", (int)len, name, all);
	}
	return 0;
}

int
suite_worse(int a, int b)
{
	/* Why there is no figure at all counts more than what a figure is worth. */
	static const int rank[] = { 0, 4, 3, 1, 2 };

	return rank[a] >= rank[b] ? a : b;
}

int
suite_trial(struct series *s, const struct trial *trial)
{
	int status;

	if (bench_stopped(s->bench))
		return STATUS_STOPPED;
	s->trials++;
	s->ns += trial->omit_ns + trial->duration_ns;
	status = trial_run(s->bench, trial, &s->watcher, s->result);
	return status == 0 && bench_stopped(s->bench) ? STATUS_STOPPED : status;
}

bool
suite_is_many(const struct plan *plan)
{
	return plan->suite != SUITE_NONE || plan->repeat > 1;
}

/* One trial, as the plan has it. Stopped by hand it is a result, over a shorter time. */
static int
plain(struct series *s)
{
	struct trial trial;

	trial_of_plan(s->plan, &trial);
	return trial_run(s->bench, &trial, &s->watcher, s->result);
}

int
suite_run(struct bench *bench, struct report *report, struct result *result)
{
	static int (*const suites[SUITES])(struct series *) = {
		[SUITE_SEARCH] = search_suite,
		[SUITE_RFC2544] = rfc2544_suite,
		[SUITE_RFC8219] = rfc8219_suite,
		[SUITE_RFC9411] = rfc9411_suite,
	};
	struct series s = {
		.bench = bench,
		.plan = bench_plan(bench),
		.report = report,
		.watcher = report_watcher(report),
		.result = result,
	};

	if (s.plan->suite != SUITE_NONE)
		return suites[s.plan->suite](&s);
	return s.plan->repeat > 1 ? repeat_suite(&s) : plain(&s);
}
