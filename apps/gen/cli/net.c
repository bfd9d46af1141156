/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports and addresses.
 */
#include <ctype.h>
#include <string.h>

#include "gen/cli/reading.h"
#include "gen/units.h"

enum { IP_AND_TCP = 40, MTU_LEAST = 576, MTU_MOST = 9216, ADDR_PREFIX = 128 };

static void
read_next_hop(struct plan *plan, const struct row *row, const char *value)
{
	if (rte_ether_unformat_addr(value, &plan->next_hop) < 0)
		options_refuse("--%s: mac=%s is not a link address", row->name, value);
	plan->has_next_hop = true;
}

static void
read_port_item(struct reading *r, const struct row *row, char *item)
{
	struct options *o = &r->plan->options;
	char *equals = strchr(item, '=');

	if (equals == NULL)
		options_refuse("--%s: \"%s\" is not a pair such as ip=10.9.0.2/24", row->name,
			       item);
	*equals++ = '\0';
	if (strcmp(item, "ip") == 0)
		options_add_addr(o, "port ip", equals);
	else if (strcmp(item, "gw") == 0)
		options_set_gateway(o, "port gw", equals);
	else if (strcmp(item, "mac") == 0)
		read_next_hop(r->plan, row, equals);
	else if (strcmp(item, "vlan") == 0)
		options_refuse("--%s: vlan=%s: the stack knows no VLAN tags", row->name, equals);
	else
		options_refuse("--%s: \"%s\" is none of ip, gw, mac", row->name, item);
}

/* NAME,ip=A/N,gw=A,mac=M */
void
read_port(struct reading *r, const struct row *row, const char *value)
{
	struct options *o = &r->plan->options;
	char *rest = keep_text(r->plan, value, strlen(value)), *name = strsep(&rest, ",");

	if (*name == '\0' || strchr(name, '=') != NULL)
		options_refuse("--%s: \"%s\" does not begin with the name of a port, such as "
			       "net_tap0,ip=10.9.0.2/24",
			       row->name, value);
	if (o->run.port != NULL && strcmp(o->run.port, name) != 0)
		options_refuse("--%s: %s and %s: it can only be one", row->name, o->run.port, name);
	o->run.port = name;
	while (rest != NULL)
		read_port_item(r, row, strsep(&rest, ","));
}

static bool
read_host(const char *text, size_t len, struct tern_addr *addr)
{
	char copy[TERN_ADDR_TEXT];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return tern_addr_parse(copy, addr, NULL) == 0 && options_is_host(*addr, ADDR_PREFIX);
}

static uint32_t
v4_of(struct tern_addr addr)
{
	return rte_be_to_cpu_32(tern_addr_to_v4(addr));
}

/* A or A-B */
void
read_src(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;
	size_t len = strcspn(value, "-");
	const char *last = value[len] == '-' ? value + len + 1 : value;

	if (!read_host(value, len, &p->src_first) || !read_host(last, strlen(last), &p->src_last))
		options_refuse("--%s: \"%s\" is not an IPv4 address or two of them, such as "
			       "10.9.0.2-10.9.0.250",
			       row->name, value);
	if (v4_of(p->src_first) > v4_of(p->src_last))
		options_refuse("--%s: %s: the last comes before the first", row->name, value);
}

void
read_sport(struct reading *r, const struct row *row, const char *value)
{
	struct plan *p = r->plan;
	size_t len = strcspn(value, "-");
	const char *after = value[len] == '-' ? value + len + 1 : value;
	uint64_t first = 0, last = 0;
	char text[8] = "";

	if (len < sizeof(text))
		memcpy(text, value, len);
	if (!value_count(text, 1, UINT16_MAX, &first) ||
	    !value_count(after, 1, UINT16_MAX, &last) || last < first)
		options_refuse("--%s: \"%s\" is not a port or a range of them, such as 1024-65535",
			       row->name, value);
	p->sport_first = (uint16_t)first;
	p->sport_last = (uint16_t)last;
}

/* RFC 9293 §3.7.1: what we announce is the MTU without both headers. */
void
read_mss(struct reading *r, const struct row *row, const char *value)
{
	uint64_t mss;

	if (!value_count(value, MTU_LEAST - IP_AND_TCP, MTU_MOST - IP_AND_TCP, &mss))
		options_refuse("--%s: \"%s\" is not a number of bytes from %d to %d", row->name,
			       value, MTU_LEAST - IP_AND_TCP, MTU_MOST - IP_AND_TCP);
	r->plan->options.run.mtu = (uint16_t)(mss + IP_AND_TCP);
}

bool
looks_like_target(const char *text)
{
	struct tern_addr addr;

	return read_host(text, strcspn(text, ":"), &addr);
}

/* "10.9.0.1:80", "10.9.0.1" */
void
read_target(struct plan *plan, const char *text)
{
	const char *colon = strchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
	uint64_t port = 0;

	if (*text == '[' || (colon != NULL && strchr(colon + 1, ':') != NULL))
		options_refuse("%s: the stack speaks IPv4 only", text);
	if (!read_host(text, len, &plan->target))
		options_refuse("\"%s\" is not a target: an IPv4 address with a port, such as "
			       "10.9.0.1:80",
			       text);
	if (colon != NULL && !value_count(colon + 1, 1, UINT16_MAX, &port))
		options_refuse("%s: its port is not a number from 1 to 65535", text);
	plan->target_port = (uint16_t)port;
}

/* Each with the port that it is known by; 0: none. */
static const struct service {
	const char *name;
	uint16_t port;
} services[] = {
	{ "http", 80 },	  { "echo", 7 },     { "discard", 9 },	   { "chargen", 19 },
	{ "respond", 0 }, { "udp-echo", 7 }, { "udp-discard", 9 }, { "udp-chargen", 19 },
};

static const struct service *
find_service(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strlen(services[i].name) == len && strncmp(services[i].name, name, len) == 0)
			return &services[i];
	return NULL;
}

/* "http:80" */
void
read_service(struct plan *plan, const char *text)
{
	size_t len = strcspn(text, ":");
	const struct service *service = find_service(text, len);
	unsigned int at = plan->services_n;
	uint64_t port;

	if (service == NULL)
		options_refuse("\"%s\" is none of http, echo, discard, chargen, respond, udp-echo, "
			       "udp-discard, udp-chargen with a port, such as http:80",
			       text);
	port = service->port;
	if (text[len] == ':' && !value_count(text + len + 1, 1, UINT16_MAX, &port))
		options_refuse("%s: its port is not a number from 1 to 65535", text);
	if (port == 0)
		options_refuse("%s: which port, such as %s:5000?", text, text);
	if (at == SERVICES_MAX)
		options_refuse("there are more than %d services", SERVICES_MAX);
	strcpy(plan->services[at].name, service->name);
	plan->services[at].port = (uint16_t)port;
	plan->services_n++;
}
