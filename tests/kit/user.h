/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A user of connections that writes down what it is told: it checks each byte of the stream
 * against the peer's pattern, offers its own pattern for sending, echoes, refuses, or keeps mbufs.
 */
#ifndef KIT_USER_H
#define KIT_USER_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_tcp.h>

#define USER_TAKEN_MAX 1024

enum user_mode {
	USER_READ,   /* TERN_DONE */
	USER_ECHO,   /* tern_tcp_answer() with the same bytes in the same place */
	USER_REFUSE, /* TERN_DROP_USER */
	USER_TAKE,   /* TERN_TAKEN: until user_release() */
};

struct user {
	struct tern_tcp_user vt;
	struct tern_conn *conn; /* the last one that was opened */
	enum user_mode mode;
	uint32_t most;	/* USER_READ: accept at most so many bytes a call; 0: all */
	uint64_t offer; /* bytes of its own stream, from position 0 on */
	bool close_on_eof;
	bool abort_on_data, abort_on_open, abort_on_eof;
	bool any_data; /* do not compare what comes */
	bool fresh;    /* a new connection begins its streams anew */

	uint64_t got;	 /* bytes accepted */
	uint64_t acked;	 /* what acked() said last */
	uint64_t filled; /* highest position that fill() was asked for */
	uint32_t opened, eofs, closed, datas;
	enum tern_why why;
	enum tern_verdict said; /* what on_data() returned last */
	const uint8_t *data;	/* where the last data stood */

	struct rte_mbuf *taken[USER_TAKEN_MAX];
	uint32_t taken_n, taken_bytes;
};

void user_init(struct user *u, enum user_mode mode);

/* Bytes more to send; said to the connection. */
void user_send(struct user *u, uint32_t bytes);

/* Give back all mbufs that it keeps; tell the connection, if there is one. */
void user_release(struct user *u, struct tern_conn *conn);

/* What the peer and what our user say at a position of their streams. */
static inline uint8_t
peer_byte(uint64_t at)
{
	return (uint8_t)((uint32_t)(at + 1) * UINT32_C(2654435761) >> 24);
}

static inline uint8_t
our_byte(uint64_t at)
{
	return (uint8_t)((uint32_t)(at + 77) * UINT32_C(2246822519) >> 24);
}

#endif
