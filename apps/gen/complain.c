/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/complain.h"

#include <stdarg.h>

#include <tern_run.h>

int
complain(const char *form, ...)
{
	va_list args;

	va_start(args, form);
	tern_run_complain(form, args);
	va_end(args);
	return -1;
}
