/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A terminal taken over for a page, and given back on every way out: at the end, by exit(), by a
 * signal that ends the process.
 */
#ifndef GEN_REPORT_TERMINAL_H
#define GEN_REPORT_TERMINAL_H

/* Return: 0, or -1 after one line on stderr: stdin or stdout is no terminal, or TERM is unknown. */
int terminal_take(void);

/* Once in a while: signals whose handler has been taken away since are looked after again. */
void terminal_guard(void);

/* Nothing happens when it is not taken. */
void terminal_give_back(void);

#endif
