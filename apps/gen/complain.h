/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * One line on stderr, behind the program's name.
 */
#ifndef GEN_COMPLAIN_H
#define GEN_COMPLAIN_H

/* Return: -1. */
__attribute__((format(printf, 1, 2))) int complain(const char *form, ...);

#endif
