/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The regular files below a directory, mapped once and never read.
 *
 * They are listed when files_map() is called; a file that comes later is not found, one that is
 * written to later is served with its new bytes at its old length. Paths lead to what was listed
 * and to nothing else, so there is none that leaves the directory; symbolic links are followed
 * where they end below it. A directory is answered with its index.html, with "/" behind its name
 * or without.
 *
 * All files stand in one range of addresses, each from a page on, so that it can be lent to a port
 * in one piece. When a file is cut short while it is served, the pages that it lost read as zeroes.
 */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include "http/site.h"

/*
 * Add every file below root to the site; site_index() is left to the caller.
 * Return: 0, or -1 and one line that says what is wrong with which path.
 */
int files_map(struct site *site, const char *root, char why[512]);

#endif
