/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/serve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tern_run.h>

#include "echo/answers.h"
#include "echo/chargen.h"
#include "gen/complain.h"
#include "gen/engines/payload.h"
#include "http/server.h"
#include "http/site.h"

enum { BACKLOG = 4096, HALF_OPEN = 16384, HEADS = 1024 };

/* The answers of respond: how far it may speak follows from how much it has heard. */
struct responder {
	struct tern_tcp_user user; /* first */
	const struct plan *plan;
	uint32_t req_bytes, rsp_bytes;
};

struct serving {
	struct tern_stack *stack;
	struct site site;
	struct server *http;
	struct responder responder;
	struct tern_tcp_listener listeners[SERVICES_MAX];
	struct tern_udp_port udp_ports[SERVICES_MAX];
	unsigned int listeners_n, udp_ports_n;
};

/* Responding ----------------------------------------------------------------------------------- */

static struct responder *
responder_of(struct tern_tcp_user *user)
{
	return (struct responder *)user;
}

/* What was heard is all that has to be known of a connection: its data is that number. */
static uint64_t
heard_by(const struct tern_conn *conn)
{
	return (uintptr_t)conn->data;
}

static void
respond_open(struct tern_tcp_user *user, struct tern_conn *conn)
{
	(void)user;
	conn->flags |= TERN_CONN_NODELAY;
}

static enum tern_verdict
respond_data(struct tern_tcp_user *user, struct tern_conn *conn, struct tern_in *in)
{
	(void)user;
	conn->data = (void *)(uintptr_t)(heard_by(conn) + in->len);
	tern_tcp_ready(conn);
	return TERN_DONE;
}

static uint32_t
respond_available(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at)
{
	const struct responder *r = responder_of(user);
	uint64_t said = heard_by(conn) / r->req_bytes * r->rsp_bytes;

	return (uint32_t)RTE_MIN(said - at, (uint64_t)INT32_MAX);
}

static void
respond_fill(struct tern_tcp_user *user, struct tern_conn *conn, uint64_t at, void *to,
	     uint32_t len)
{
	(void)conn;
	payload_fill(responder_of(user)->plan, 0, at, to, len);
}

/* Which service is which ----------------------------------------------------------------------- */

struct tcp_service {
	const char *name;
	struct tern_tcp_user *(*user)(struct serving *s);
};

static struct tern_tcp_user *
http_of(struct serving *s)
{
	return server_user(s->http);
}

static struct tern_tcp_user *
echo_of(struct serving *s)
{
	(void)s;
	return &echo_user;
}

static struct tern_tcp_user *
discard_of(struct serving *s)
{
	(void)s;
	return &discard_user;
}

static struct tern_tcp_user *
chargen_of(struct serving *s)
{
	(void)s;
	return &chargen_user;
}

static struct tern_tcp_user *
respond_of(struct serving *s)
{
	return &s->responder.user;
}

static const struct tcp_service tcp_services[] = {
	{ "http", http_of },	   { "echo", echo_of },	      { "discard", discard_of },
	{ "chargen", chargen_of }, { "respond", respond_of },
};

static const struct {
	const char *name;
	enum tern_verdict (*on_datagram)(struct tern_udp_port *self, struct tern_in *in);
} udp_services[] = {
	{ "udp-echo", echo_datagram },
	{ "udp-discard", discard_datagram },
	{ "udp-chargen", chargen_datagram },
};

static const struct tcp_service *
tcp_service_of(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(tcp_services); i++)
		if (strcmp(tcp_services[i].name, name) == 0)
			return &tcp_services[i];
	return NULL;
}

static int
udp_service_of(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(udp_services); i++)
		if (strcmp(udp_services[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool
serve_knows(const char *name)
{
	return tcp_service_of(name) != NULL || udp_service_of(name) >= 0;
}

/* What a load over TCP asks for. */
static const char *
tcp_wanted(const struct plan *plan)
{
	if (plan->proto == PROTO_HTTP)
		return "http";
	if (plan->mode == MODE_STREAM && plan->reverse)
		return "chargen";
	if ((plan->mode == MODE_STREAM && !plan->bidir) || plan->mode == MODE_HOLD)
		return "discard";
	if (plan->mode == MODE_FLOOD)
		return "discard";
	return plan->rsp_bytes != 0 && plan->rsp_bytes != plan->req_bytes ? "respond" : "echo";
}

static const char *
wanted(const struct plan *plan)
{
	if (plan->proto == PROTO_UDP)
		return "udp-echo"; /* a flood tells how much of it came back */
	return tcp_wanted(plan);
}

/* Beginning ------------------------------------------------------------------------------------ */

void
serve_configure(const struct plan *plan, struct tern_config *config)
{
	config->half_open = RTE_MAX(config->half_open, (uint32_t)HALF_OPEN);
	/* No more than can be kept of requests that have to wait: http/server.h. */
	if (plan->services_n == 1 && strcmp(plan->services[0].name, "http") == 0)
		config->rcv_space = HEAD_MAX_BYTES;
}

static struct server_config
http_config(const struct plan *plan, const struct site *site, uint32_t connections)
{
	(void)plan;
	return (struct server_config){
		.site = site, .connections = connections, .heads = HEADS, .timeout_ns = 60 * TERN_S
	};
}

size_t
serve_bytes(const struct plan *plan, uint32_t connections)
{
	const struct server_config config = http_config(plan, NULL, connections);

	return RTE_ALIGN_CEIL(sizeof(struct serving), (size_t)64) + server_bytes(&config);
}

static int
serve_tcp(struct serving *s, const struct tcp_service *service, uint16_t port)
{
	struct tern_tcp_listener *l = &s->listeners[s->listeners_n];
	int rc;

	l->port = port;
	l->backlog = BACKLOG;
	l->user = service->user(s);
	rc = tern_tcp_listen(tern_tcp(s->stack), l);
	if (rc < 0)
		return complain("%s:%u: %s", service->name, port, strerror(-rc));
	s->listeners_n++;
	return 0;
}

static int
serve_udp(struct serving *s, unsigned int service, uint16_t port)
{
	struct tern_udp_port *p = &s->udp_ports[s->udp_ports_n];
	int rc;

	p->port = port;
	p->on_datagram = udp_services[service].on_datagram;
	rc = tern_udp_bind(tern_udp(s->stack), p);
	if (rc < 0)
		return complain("%s:%u: %s", udp_services[service].name, port, strerror(-rc));
	s->udp_ports_n++;
	return 0;
}

static int
serve(struct serving *s, const char *name, uint16_t port)
{
	const struct tcp_service *tcp = tcp_service_of(name);
	int udp = udp_service_of(name);

	if (tcp != NULL)
		return serve_tcp(s, tcp, port);
	if (udp >= 0)
		return serve_udp(s, (unsigned int)udp, port);
	return complain("%s:%u: no such service; there are http, echo, discard, chargen, respond, "
			"udp-echo, udp-discard and udp-chargen",
			name, port);
}

static int
serve_load(struct serving *s, const struct plan *plan)
{
	if (plan->proto == PROTO_ICMP)
		return 0; /* the stack's own */
	return serve(s, wanted(plan), plan->target_port);
}

/* Two parts may have one service in common. */
static bool
is_served(const struct plan *mix, unsigned int i)
{
	const struct plan *part = mix->parts[i].plan;

	while (i-- > 0)
		if (mix->parts[i].plan->target_port == part->target_port &&
		    strcmp(wanted(mix->parts[i].plan), wanted(part)) == 0)
			return true;
	return false;
}

static int
serve_parts(struct serving *s, const struct plan *mix)
{
	for (unsigned int i = 0; i < mix->parts_n; i++)
		if (!is_served(mix, i) && serve_load(s, mix->parts[i].plan) < 0)
			return -1;
	return 0;
}

/* When nobody says which: in server mode all, on the ports that they are known by. */
static int
serve_usual(struct serving *s, const struct plan *plan)
{
	if (plan->mode == MODE_MIX)
		return serve_parts(s, plan);
	if (plan->mode != MODE_SERVER)
		return serve_load(s, plan);
	if (serve(s, "http", 80) < 0 || serve(s, "echo", 7) < 0 || serve(s, "discard", 9) < 0 ||
	    serve(s, "chargen", 19) < 0 || serve(s, "udp-echo", 7) < 0)
		return -1;
	return 0;
}

static int
serve_all(struct serving *s, const struct plan *plan)
{
	for (unsigned int i = 0; i < plan->services_n; i++)
		if (serve(s, plan->services[i].name, plan->services[i].port) < 0)
			return -1;
	return plan->services_n == 0 ? serve_usual(s, plan) : 0;
}

/* A body of this length, by its number of bytes: "/bytes/1024". */
static int
name_bytes(struct site *site, uint64_t bytes)
{
	uint32_t object;
	char path[40];
	int n = snprintf(path, sizeof(path), "/bytes/%" PRIu64, bytes);

	if (site_add_repeat(site, bytes, &object) < 0)
		return -ENOMEM;
	return site_name(site, path, (uint32_t)n, object);
}

/* Of the lengths that are asked for most, up to 1 GiB; and of what the plan's own load asks for. */
static int
name_sizes(struct site *site, const struct plan *plan)
{
	uint64_t own;

	for (uint64_t n = 1; n <= UINT64_C(1) << 30; n *= 2)
		if (name_bytes(site, n) < 0)
			return -ENOMEM;
	for (uint64_t n = 10; n <= 1000000000; n *= 10)
		if (name_bytes(site, n) < 0)
			return -ENOMEM;
	if (plan->url != NULL && sscanf(plan->url, "/bytes/%" SCNu64, &own) == 1 &&
	    name_bytes(site, own) < 0)
		return -ENOMEM;
	return site_index(site);
}

static int
fill_site(struct site *site, const struct plan *plan)
{
	int rc = site_init(site);

	if (rc == 0)
		rc = name_sizes(site, plan);
	if (rc < 0)
		return rc;
	return plan->rsp_bytes != 0 ? site_repeat(site, plan->rsp_bytes) :
				      site_say(site, "Hello from tern.\n");
}

struct serving *
serve_start(void *mem, const struct plan *plan, uint32_t connections, struct tern_stack *stack,
	    uint64_t now)
{
	struct serving *s = mem;
	const struct server_config http = http_config(plan, &s->site, connections);

	s->stack = stack;
	s->responder = (struct responder){
		.user = { .on_open = respond_open,
			  .on_data = respond_data,
			  .available = respond_available,
			  .fill = respond_fill },
		.plan = plan,
		.req_bytes = RTE_MAX(plan->req_bytes, 1u),
		.rsp_bytes = plan->rsp_bytes,
	};
	chargen_make();
	if (fill_site(&s->site, plan) < 0) {
		complain("no memory for what is served");
		return NULL;
	}
	s->http = server_init((uint8_t *)mem + RTE_ALIGN_CEIL(sizeof(*s), (size_t)64), &http, now);
	if (serve_all(s, plan) == 0)
		return s;
	serve_stop(s);
	serve_end(s);
	return NULL;
}

void
serve_lend(struct serving *s)
{
	if (s->site.memory != NULL)
		s->site.lent =
			tern_run_lend(s->site.memory, s->site.memory_bytes, &s->site.iova) == 0;
	chargen_lend();
}

void
serve_tick(struct serving *s, uint64_t now, uint32_t date)
{
	server_tick(s->http, now, date);
}

/* Ending --------------------------------------------------------------------------------------- */

void
serve_stop(struct serving *s)
{
	while (s->listeners_n > 0)
		tern_tcp_unlisten(tern_tcp(s->stack), &s->listeners[--s->listeners_n]);
	while (s->udp_ports_n > 0)
		tern_udp_unbind(tern_udp(s->stack), &s->udp_ports[--s->udp_ports_n]);
}

void
serve_end(struct serving *s)
{
	site_fini(&s->site);
}
