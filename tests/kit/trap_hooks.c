/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trap under AddressSanitizer: malloc() and its like alone.
 */
#include <stdbool.h>
#include <stddef.h>

#include "trap.h"

/* From the sanitizer's runtime; not every compiler brings the header. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

static _Thread_local bool armed;
static _Thread_local unsigned long calls;

static void
on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	(void)size;
	calls += armed;
}

static void
on_free(const volatile void *p)
{
	(void)p;
}

void
trap_begin(void)
{
	static bool installed;

	if (!installed)
		__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
	installed = true;
	calls = 0;
	armed = true;
}

unsigned long
trap_end(const char **first)
{
	armed = false;
	*first = "malloc";
	return calls;
}
