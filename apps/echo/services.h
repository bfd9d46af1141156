/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Which service answers on which port.
 */
#ifndef ECHO_SERVICES_H
#define ECHO_SERVICES_H

#include <tern_stack.h>

/* Begin and end to serve on a stack. */
void services_start(struct tern_stack *stack);
void services_stop(struct tern_stack *stack);

#endif
