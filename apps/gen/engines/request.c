/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gen/engines/payload.h"

/* Is a field of this name among the lines? */
static bool
has_field(const char *lines, const char *name)
{
	size_t n = strlen(name);

	while (lines != NULL && *lines != '\0') {
		if (strncasecmp(lines, name, n) == 0 && lines[n] == ':')
			return true;
		lines = strchr(lines, '\n');
		if (lines != NULL)
			lines++;
	}
	return false;
}

/* RFC 9110 §7.2: the port is left out where it is the scheme's. */
static int
print_host(const struct plan *plan, char *to, size_t room)
{
	char addr[TERN_ADDR_TEXT];
	const char *form = tern_addr_is_v4(plan->target) ? "Host: %s" : "Host: [%s]";
	char host[TERN_ADDR_TEXT + 16];

	snprintf(host, sizeof(host), form, tern_addr_print(plan->target, addr));
	if (plan->target_port == 80)
		return snprintf(to, room, "%s\r\n", host);
	return snprintf(to, room, "%s:%u\r\n", host, plan->target_port);
}

/* The only one on its connection? One that we reset is not to be closed by the peer. */
static bool
is_last(const struct plan *plan)
{
	return plan->mode == MODE_CRR && !plan->close_rst;
}

/*
 * As snprintf(): how long it is, whatever there is room for. RFC 9112 §9.6: who asks no more says
 * so, and the peer's FIN comes with its response.
 */
static size_t
print_request(const struct plan *plan, bool last, char *to, size_t room)
{
	const char *url = plan->url != NULL ? plan->url : "/";
	const char *headers = plan->headers != NULL ? plan->headers : "";
	char host[2 * TERN_ADDR_TEXT] = "";
	const char *agent = has_field(headers, "User-Agent") ? "" : "User-Agent: tern-gen\r\n";
	const char *close =
		last && !has_field(headers, "Connection") ? "Connection: close\r\n" : "";

	if (!has_field(headers, "Host"))
		print_host(plan, host, sizeof(host));
	return (size_t)snprintf(to, room, "GET %s HTTP/1.1\r\n%s%s%s%s\r\n", url, host, agent,
				close, headers);
}

/* A suite has trials of several modes. */
size_t
request_text_bytes(const struct plan *plan)
{
	bool last = is_last(plan) || plan->suite != SUITE_NONE;

	return plan->proto == PROTO_HTTP ? print_request(plan, last, NULL, 0) + 1 : 0;
}

void
request_init(struct request *r, const struct plan *plan, void *mem)
{
	*r = (struct request){ .text = plan->proto == PROTO_HTTP ? mem : NULL };
	request_set(r, plan);
}

void
request_set(struct request *r, const struct plan *plan)
{
	r->plan = plan;
	if (r->text == NULL)
		r->bytes = plan->req_bytes;
	else
		r->bytes = (uint32_t)print_request(plan, is_last(plan), r->text,
						   request_text_bytes(plan));
}

void
request_fill(const struct request *r, uint64_t key, uint64_t at, void *to, uint32_t len)
{
	char *out = to;
	uint32_t from, n;

	if (r->text == NULL) {
		payload_fill(r->plan, key, at, to, len);
		return;
	}
	for (uint32_t done = 0; done < len; done += n) {
		from = (uint32_t)((at + done) % r->bytes);
		n = len - done < r->bytes - from ? len - done : r->bytes - from;
		memcpy(out + done, r->text + from, n);
	}
}
