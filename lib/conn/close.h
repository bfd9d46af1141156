/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * CLOSE (RFC 9293 §3.10.4), one way or both.
 */
#ifndef CLOSE_H
#define CLOSE_H

#include <tern_conn.h>

/* FIN after the last byte. */
void conn_shutdown(struct tern_conn *c);

/* The same, and nothing more is to be received. */
void conn_close(struct tern_conn *c);

#endif
