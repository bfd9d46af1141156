/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/path.h"

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%hh" stands for; 0: not one that a path may hold. */
static uint8_t
unescape(const char *at, uint32_t left)
{
	int hi, lo;

	if (left < 3)
		return 0;
	hi = digit(at[1]);
	lo = digit(at[2]);
	return hi < 0 || lo < 0 ? 0 : (uint8_t)(hi << 4 | lo);
}

uint32_t
path_decode(char *to, const char *from, uint32_t n)
{
	uint32_t len = 0, i = 0;

	while (i < n) {
		if (from[i] != '%') {
			to[len++] = from[i++];
			continue;
		}
		to[len] = (char)unescape(from + i, n - i);
		if (to[len++] == '\0')
			return 0;
		i += 3;
	}
	if (n == 0)
		to[len++] = '/';
	return len;
}
