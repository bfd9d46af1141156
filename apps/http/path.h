/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The path of a request as the name of a file: percent-encoding undone (RFC 3986 §2.1).
 *
 * Nothing else is done to it: "." and ".." are names like others, and since only names found when
 * the tree was listed are known, a path with them is one of no file.
 */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include <stdint.h>

/*
 * Decode n bytes into to, which has room for as many; an empty path becomes "/" (RFC 9110 §4.2.3).
 * Return: how many bytes, or 0: malformed, or with a NUL in it.
 */
uint32_t path_decode(char *to, const char *from, uint32_t n);

#endif
