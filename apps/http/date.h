/* SPDX-License-Identifier: BSD-3-Clause */
/** Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 §5.6.7). */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <stdint.h>

enum { DATE_BYTES = 29 };

/* Seconds since 1970, without leap seconds. No NUL is written. */
void date_print(char text[DATE_BYTES], uint32_t seconds);

#endif
