/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --mix 'crr:80,rr/udp@7:20': the parts, and what each of them has of the plan.
 */
#include <string.h>

#include "gen/cli/reading.h"
#include "gen/units.h"

enum { WEIGHT_MOST = 1000000, ITEM_MOST = 48 };

/* Reading ------------------------------------------------------------------------------------ */

/* What stands behind this character, which becomes the end of what is before it; NULL: nothing. */
static char *
cut(char *text, char at)
{
	char *behind = strrchr(text, at);

	if (behind != NULL)
		*behind++ = '\0';
	return behind;
}

static void
read_part_mode(struct part *part, const struct row *row, const char *word)
{
	int mode = find_name(mode_names, MODES, word);

	if (mode != MODE_CRR && mode != MODE_RR)
		options_refuse("--%s: \"%s\" is none of crr, rr", row->name, word);
	part->mode = (enum mode)mode;
}

static void
read_part_proto(struct part *part, const struct row *row, const char *word)
{
	int proto = find_name(protocol_names, PROTOS, word);

	if (proto < 0 || proto == PROTO_SYN)
		options_refuse("--%s: \"%s\" is none of tcp, udp, icmp, http", row->name, word);
	part->proto = (enum protocol)proto;
}

/* "rr/udp@7:20" */
static void
read_part(struct plan *p, const struct row *row, char *item)
{
	struct part *part = &p->parts[p->parts_n++];
	char *weight = cut(item, ':'), *port = cut(item, '@'), *proto = cut(item, '/');
	uint64_t n = 0;

	*part = (struct part){ .proto = PROTOS };
	if (weight == NULL || !value_count(weight, 1, WEIGHT_MOST, &n))
		options_refuse("--%s: \"%s\" has no weight from 1 to %d behind it, such as crr:80",
			       row->name, item, WEIGHT_MOST);
	part->weight = (uint32_t)n;
	if (port != NULL && !value_count(port, 1, UINT16_MAX, &n))
		options_refuse("--%s: \"%s\" is not a port from 1 to 65535", row->name, port);
	part->port = (uint16_t)(port != NULL ? n : 0);
	read_part_mode(part, row, item);
	if (proto != NULL)
		read_part_proto(part, row, proto);
}

void
read_mix(struct reading *r, const struct row *row, const char *value)
{
	char item[ITEM_MOST];
	size_t len;

	r->plan->parts_n = 0;
	for (;; value += len + 1) {
		len = strcspn(value, ",");
		if (r->plan->parts_n == PARTS_MAX)
			options_refuse("--%s: there are more than %d parts", row->name, PARTS_MAX);
		if (len == 0 || len >= sizeof(item))
			options_refuse("--%s: \"%s\" does not begin with a part such as crr:80, "
				       "rr/udp:20 or crr/http@8080:5",
				       row->name, value);
		snprintf(item, sizeof(item), "%.*s", (int)len, value);
		read_part(r->plan, row, item);
		if (value[len] == '\0')
			return;
	}
}

/* What a part has --------------------------------------------------------------------------- */

static void
name_part(struct part *part)
{
	size_t len;

	snprintf(part->name, sizeof(part->name), "%s/%s", mode_names[part->mode],
		 protocol_names[part->proto]);
	len = strlen(part->name);
	if (part->port > 0)
		snprintf(part->name + len, sizeof(part->name) - len, "@%u", part->port);
}

/* Source ports of its own, on each core: an answer tells by its port whom it is for. */
static void
share_ports(struct plan *part, const struct plan *whole, unsigned int i)
{
	uint32_t all = (uint32_t)whole->sport_last - whole->sport_first + 1;

	if (all < whole->parts_n)
		options_refuse("--sport: --mix has %u parts, each of which needs ports of its own",
			       whole->parts_n);
	part->share = i;
	part->shares_n = whole->parts_n;
}

/* In closed loop everything may happen to be of one part: each has room for all. */
static void
share_load(struct plan *part, const struct plan *whole, unsigned int i)
{
	bool open_loop = whole->open_loop || whole->suite != SUITE_NONE;
	uint64_t sum = 0, share;

	for (unsigned int k = 0; k < whole->parts_n; k++)
		sum += whole->parts[k].weight;
	share = (uint64_t)whole->max_outstanding * whole->parts[i].weight / sum;
	if (part->mode == MODE_CRR)
		part->connections = open_loop ? 1 : whole->max_outstanding;
	if (open_loop)
		part->max_outstanding = (uint32_t)RTE_MAX(share, UINT64_C(1));
	if (part->mode != MODE_RR)
		part->depth = 1;
	part->close_rst &= part->mode == MODE_CRR;
}

void
finish_parts(struct reading *r)
{
	struct plan *whole = r->plan;

	for (unsigned int i = 0; i < whole->parts_n; i++) {
		struct plan *plan = keep(whole, sizeof(*plan));
		struct part *part = &whole->parts[i];
		struct reading alone = *r;

		*plan = *whole;
		plan->kept = NULL;
		plan->parts_n = 0;
		plan->mode = part->mode;
		plan->proto = part->proto;
		plan->target_port = part->port;
		plan->lite &= part->proto == PROTO_TCP || part->proto == PROTO_HTTP;
		share_ports(plan, whole, i);
		share_load(plan, whole, i);
		alone.plan = plan;
		finish_part(&alone);
		name_part(part);
		part->plan = plan;
	}
}
