/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_common.h>

#include <tern_stream_recv.h>
#include <tern_tcp.h>

/* Less by what rounding to the scale of the window may add (RFC 7323 §2.4). */
static uint32_t
space_of(const struct tern_recv *self, const struct tern_conn *conn)
{
	uint32_t unit = UINT32_C(1) << conn->rcv.wscale;

	return unit > 1 && self->size > 2 * unit ? self->size - unit : self->size;
}

void
tern_recv_open(struct tern_recv *self, struct tern_conn *conn)
{
	self->conn = conn;
	tern_tcp_set_space(conn, space_of(self, conn));
}

void
tern_recv_close(struct tern_recv *self)
{
	self->conn = NULL;
}

enum tern_verdict
tern_recv_take(struct tern_recv *self, struct tern_in *in)
{
	uint16_t len = in->len;
	enum tern_verdict v = self->ops->take(self, in);

	if (v == TERN_TAKEN) {
		self->used += len;
		return v;
	}
	if (in->len == 0)
		return TERN_DROP_USER;
	self->used += in->len;
	tern_tcp_hold(self->conn, in->len);
	return TERN_DONE;
}

unsigned int
tern_recv_peek(const struct tern_recv *self, struct iovec *iov, unsigned int n)
{
	return self->ops->peek(self, iov, n);
}

uint32_t
tern_recv_skip(struct tern_recv *self, uint32_t bytes)
{
	uint32_t n = RTE_MIN(bytes, self->used);

	if (n == 0)
		return 0;
	self->ops->drop(self, n);
	self->used -= n;
	if (self->conn != NULL)
		tern_tcp_consumed(self->conn, n);
	return n;
}

uint32_t
tern_recv_read(struct tern_recv *self, void *to, uint32_t len)
{
	uint32_t done = 0, n;
	struct iovec piece;

	while (done < len && self->ops->peek(self, &piece, 1) > 0) {
		n = RTE_MIN((uint32_t)piece.iov_len, len - done);
		memcpy((uint8_t *)to + done, piece.iov_base, n);
		done += tern_recv_skip(self, n);
	}
	return done;
}
