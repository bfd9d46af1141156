/* SPDX-License-Identifier: BSD-3-Clause */
/** What the sources share. */
#ifndef STREAM_SEND_H
#define STREAM_SEND_H

#include <tern_stream_send.h>

/* self->end has moved on: tell the connection, if there is one. */
void send_ready(struct tern_send *self);

#endif
