/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are written while the run goes on. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "gen/report/output.h"

void
report_complain(const char *form, ...)
{
	va_list args;

	va_start(args, form);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, form, args);
	fputc('\n', stderr);
	va_end(args);
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
	if (!o->failed)
		report_complain("--%s %s: %s; it is not written any more", o->option, o->path,
				strerror(errno));
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
