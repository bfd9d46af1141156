/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conn/congestion.h"

/* MAY-18 */
const struct tern_congestion *
congestion_of(enum tern_congestion_kind kind)
{
	static const struct tern_congestion *const table[TERN_CONGESTIONS] = {
		[TERN_CUBIC] = &tern_cubic,
		[TERN_NEWRENO] = &tern_newreno,
		[TERN_DCTCP] = &tern_dctcp,
		[TERN_NO_CONGESTION_CONTROL] = &tern_no_congestion_control,
	};

	return kind < TERN_CONGESTIONS ? table[kind] : NULL;
}

void
tern_tcp_set_congestion(struct tern_conn *conn, const struct tern_congestion *congestion)
{
	memset(conn->congestion_state, 0, sizeof(conn->congestion_state));
	conn->congestion = congestion;
	congestion->start(conn);
}
