/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/peer.h"

#include <string.h>

#include <rte_common.h>

static struct peer *
peer_of(struct tern_tcp_user *vt)
{
	return (struct peer *)vt;
}

static uint64_t
heard_by(const struct tern_conn *conn)
{
	return (uintptr_t)conn->data;
}

static uint64_t
speeches(const struct peer *p, const struct tern_conn *conn)
{
	return p->needs == 0 ? p->times : RTE_MIN(heard_by(conn) / p->needs, p->times);
}

static void
act(struct peer *p, struct tern_conn *conn)
{
	if (speeches(p, conn) < p->times || p->end == PEER_STAYS)
		return;
	if (p->end == PEER_RESETS)
		tern_tcp_abort(conn);
	else
		tern_tcp_shutdown(conn);
}

static void
on_open(struct tern_tcp_user *vt, struct tern_conn *conn)
{
	conn->flags |= TERN_CONN_NODELAY;
	if (peer_of(vt)->needs == 0)
		act(peer_of(vt), conn);
}

static enum tern_verdict
on_data(struct tern_tcp_user *vt, struct tern_conn *conn, struct tern_in *in)
{
	conn->data = (void *)(uintptr_t)(heard_by(conn) + in->len);
	tern_tcp_ready(conn);
	act(peer_of(vt), conn);
	return TERN_DONE;
}

static uint32_t
available(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at)
{
	const struct peer *p = peer_of(vt);

	return (uint32_t)(speeches(p, conn) * p->bytes - at);
}

static void
fill(struct tern_tcp_user *vt, struct tern_conn *conn, uint64_t at, void *to, uint32_t len)
{
	const struct peer *p = peer_of(vt);
	char *out = to;

	(void)conn;
	for (uint32_t i = 0; i < len; i++)
		out[i] = p->says[(at + i) % p->all];
}

void
peer_init(struct peer *p, uint32_t needs, const char *says, uint32_t bytes, enum peer_end end)
{
	*p = (struct peer){ .vt = { .on_open = on_open,
				    .on_data = on_data,
				    .available = available,
				    .fill = fill },
			    .needs = needs,
			    .says = says,
			    .bytes = bytes,
			    .all = bytes,
			    .times = 1,
			    .end = end };
}
