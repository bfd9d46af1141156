/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * TERN_API marks what libtern exports; everything else in it is hidden.
 */
#ifndef TERN_API_H
#define TERN_API_H

#define TERN_API __attribute__((visibility("default")))

#endif
