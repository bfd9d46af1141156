/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The addresses of a generator: those of --addr, and of --src all that are not among them.
 */
#ifndef GEN_ADDRESSES_H
#define GEN_ADDRESSES_H

#include <tern_stack.h>

#include "gen/plan.h"

/* How many, for tern_config.addresses. */
uint32_t addresses_n(const struct plan *plan);

/* Give them and the gateway to a stack. Return: 0, or -1 after one line on stderr. */
int addresses_apply(const struct plan *plan, struct tern_stack *stack);

#endif
