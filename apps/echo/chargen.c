/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <tern_run.h>

#include "echo/chargen.h"

enum {
	FIRST = ' ', /* of the 95 printing characters of ASCII */
	CHARS = 95,
	LINES = CHARS,
	PATTERN_BYTES = LINES * CHARGEN_LINE_BYTES,
	PAGE_BYTES = 4096,
	BLOCK_BYTES = (PATTERN_BYTES + UINT16_MAX + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES,
	LEAST_LOAN_BYTES = 256, /* less is copied as fast as it is attached */
};

static uint8_t block[BLOCK_BYTES] __attribute__((aligned(PAGE_BYTES)));
static rte_iova_t block_iova;
static bool block_is_lent;

/* The stack counts here who reads the block; one count is ours for ever, so none is the last. */
static struct rte_mbuf_ext_shared_info shared[RTE_MAX_LCORE];

static void
never_last(void *addr, void *data)
{
	(void)addr;
	(void)data;
}

static uint8_t
character(uint32_t at)
{
	uint32_t line = at / CHARGEN_LINE_BYTES % LINES, column = at % CHARGEN_LINE_BYTES;

	if (column == CHARGEN_LINE_BYTES - 2)
		return '\r';
	if (column == CHARGEN_LINE_BYTES - 1)
		return '\n';
	return (uint8_t)(FIRST + (line + column) % CHARS);
}

void
chargen_make(void)
{
	for (uint32_t i = 0; i < BLOCK_BYTES; i++)
		block[i] = character(i);
}

void
chargen_lend(void)
{
	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++) {
		shared[i].free_cb = never_last;
		rte_mbuf_ext_refcnt_set(&shared[i], 1);
	}
	block_is_lent = tern_run_lend(block, sizeof(block), &block_iova) == 0;
}

const uint8_t *
chargen_at(uint64_t position)
{
	return block + position % PATTERN_BYTES;
}

static uint32_t
available(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at)
{
	(void)self;
	(void)conn;
	(void)at;
	return INT32_MAX;
}

static void
fill(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	(void)self;
	(void)conn;
	memcpy(to, chargen_at(at), len);
}

static bool
lend(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at, uint32_t len,
     struct tern_loan *loan)
{
	const uint8_t *data = chargen_at(at);

	(void)self;
	(void)conn;
	if (!block_is_lent || len < LEAST_LOAN_BYTES)
		return false;
	loan->data = data;
	loan->len = len;
	loan->iova = block_iova + (rte_iova_t)(data - block);
	loan->shared = &shared[rte_lcore_id()];
	return true;
}

/* The stream has no end but the peer's: one that has said all it will may still be listening. */
static void
on_eof(struct tern_tcp_user *self, struct tern_conn *conn)
{
	(void)self;
	(void)conn;
}

struct tern_tcp_user chargen_user = {
	.on_eof = on_eof, .available = available, .fill = fill, .lend = lend
};
