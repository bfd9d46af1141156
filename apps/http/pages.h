/* SPDX-License-Identifier: BSD-3-Clause */
/** Memory that is taken once, at start, and is there before it is used. */
#ifndef HTTP_PAGES_H
#define HTTP_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* What the kernel can give without pushing others out, bytes; UINT64_MAX: it does not say. */
uint64_t pages_free(void);

/* Zeroed, and near the lcore that calls. NULL: there is none. */
void *pages_take(size_t bytes);

#endif
