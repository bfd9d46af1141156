/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are written while the run goes on. */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "gen/report/output.h"

static struct {
	pthread_mutex_t lock;
	bool held;
	char text[4096];
} complaints = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
report_complain(const char *form, ...)
{
	char line[512];
	size_t at;
	va_list args;

	va_start(args, form);
	vsnprintf(line, sizeof(line), form, args);
	va_end(args);
	pthread_mutex_lock(&complaints.lock);
	at = strlen(complaints.text);
	if (complaints.held)
		snprintf(complaints.text + at, sizeof(complaints.text) - at, "%s: %s\n",
			 program_invocation_short_name, line);
	else
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
	pthread_mutex_unlock(&complaints.lock);
}

void
report_hold_complaints(bool hold)
{
	pthread_mutex_lock(&complaints.lock);
	complaints.held = hold;
	if (!hold)
		fputs(complaints.text, stderr);
	complaints.text[0] = '\0';
	pthread_mutex_unlock(&complaints.lock);
}

int
out_open(struct out *o, const char *option, const char *path)
{
	o->option = option;
	o->path = path;
	o->failed = false;
	o->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	if (o->file != NULL)
		return 0;
	report_complain("--%s %s: %s", option, path, strerror(errno));
	return -1;
}

static void
shut(struct out *o)
{
	if (o->file != NULL && o->file != stdout)
		fclose(o->file);
	o->file = NULL;
}

void
out_fail(struct out *o)
{
	const char *why = strerror(errno);

	if (!o->failed && o->option == NULL)
		report_complain("stdout: %s; it is not written any more", why);
	else if (!o->failed)
		report_complain("--%s %s: %s; it is not written any more", o->option, o->path, why);
	o->failed = true;
	shut(o);
}

bool
out_flush(struct out *o)
{
	if (o->file != NULL && (fflush(o->file) != 0 || ferror(o->file)))
		out_fail(o);
	return !o->failed;
}

int
out_close(struct out *o)
{
	FILE *file;

	if (out_flush(o) && o->file != NULL && o->file != stdout) {
		file = o->file;
		o->file = NULL;
		if (fclose(file) != 0)
			out_fail(o);
	}
	o->file = NULL;
	return o->failed ? -1 : 0;
}

void *
told_open(size_t bytes, struct view *view, const char *option, const char *path)
{
	struct told *t = calloc(1, bytes);

	if (t == NULL) {
		report_complain("no memory for --%s", option);
		return NULL;
	}
	t->view = view;
	if (out_open(&t->out, option, path) == 0)
		return t;
	free(t);
	return NULL;
}

int
told_close(void *self, int status)
{
	struct told *t = self;
	int rc = out_close(&t->out);

	(void)status;
	free(t);
	return rc;
}
