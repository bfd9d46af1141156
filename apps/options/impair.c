/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --impair loss=1%,delay=10ms,...: what is to go wrong between the server and its port.
 */
#include <stddef.h>
#include <string.h>

#include "options/options.h"

enum {
	ITEM_MOST = 64, /* bytes of one "name=value" */
	QUEUE = 8192,
	QUEUE_LEAST = 16,
	QUEUE_MOST = 1 << 20,
};

static const uint64_t LONGEST_NS = 10 * TERN_S; /* a server waits so long for its last packets */
static const uint64_t JITTER_NS = TERN_MS;	/* unless told */

/* Where an item goes: to one direction or to both. */
struct goal {
	const char *option;
	struct options *o;
	struct tern_faults_odds *ways[2];
	unsigned int n;
};

static void
set_share(const struct goal *goal, size_t member, uint64_t ppm)
{
	for (unsigned int i = 0; i < goal->n; i++)
		*(uint32_t *)((char *)goal->ways[i] + member) = (uint32_t)ppm;
}

static void
set_time(const struct goal *goal, size_t member, uint64_t ns)
{
	for (unsigned int i = 0; i < goal->n; i++)
		*(uint64_t *)((char *)goal->ways[i] + member) = ns;
}

static uint64_t
read_time(const char *name, const char *text, uint64_t least)
{
	uint64_t ns = options_duration(name, text, least);

	if (ns > LONGEST_NS)
		options_refuse("--%s: %s is too long, 10s is the most", name, text);
	return ns;
}

/* "1%:5ms": so many of the packets take a longer way, and arrive that much later. */
static void
read_detour(const struct goal *goal, const char *name, const char *value)
{
	char share[ITEM_MOST];
	const char *colon = strchr(value, ':');
	uint64_t ns;

	if (goal->ways[0]->delay_ppm != 0 || goal->ways[0]->delay_max_ns != 0)
		options_refuse("--%s: packets are either reordered or take a detour", name);
	if (colon == NULL)
		options_refuse("--%s: %s is not a share and a time such as 1%%:1ms", name, value);
	snprintf(share, sizeof(share), "%.*s", (int)(colon - value), value);
	ns = read_time(name, colon + 1, 1000);
	set_share(goal, offsetof(struct tern_faults_odds, delay_ppm), options_share(name, share));
	set_time(goal, offsetof(struct tern_faults_odds, delay_min_ns), ns);
	set_time(goal, offsetof(struct tern_faults_odds, delay_max_ns), ns);
}

/* "100ms:1s": nothing leaves in the first 100 ms of each second. */
static void
read_stall(const struct goal *goal, const char *name, const char *value)
{
	char stall[ITEM_MOST];
	const char *colon = strchr(value, ':');
	uint64_t ns, every_ns;

	if (colon == NULL)
		options_refuse("--%s: %s is not a time and another such as 100ms:1s", name, value);
	snprintf(stall, sizeof(stall), "%.*s", (int)(colon - value), value);
	ns = read_time(name, stall, 1000);
	every_ns = options_duration(name, colon + 1, 1000);
	if (ns >= every_ns)
		options_refuse("--%s: %s of %s leaves no time: less is expected", name, stall,
			       colon + 1);
	set_time(goal, offsetof(struct tern_faults_odds, stall_ns), ns);
	set_time(goal, offsetof(struct tern_faults_odds, stall_every_ns), every_ns);
}

/* Shares and times stand in struct tern_faults_odds, the rest for both directions. */
static void
read_item(const struct goal *goal, const char *item, const char *value)
{
	static const struct {
		const char *name;
		size_t member;
	} shares[] = { { "loss", offsetof(struct tern_faults_odds, loss_ppm) },
		       { "copy", offsetof(struct tern_faults_odds, copy_ppm) },
		       { "dup", offsetof(struct tern_faults_odds, copy_ppm) },
		       { "corrupt", offsetof(struct tern_faults_odds, corrupt_ppm) },
		       { "reorder", offsetof(struct tern_faults_odds, delay_ppm) } };
	struct tern_faults_config *faults = &goal->o->run.faults;
	char name[ITEM_MOST + 16];

	snprintf(name, sizeof(name), "%s: %s", goal->option, item);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		if (strcmp(item, shares[i].name) == 0) {
			set_share(goal, shares[i].member, options_share(name, value));
			return;
		}
	if (strcmp(item, "delay") == 0)
		set_time(goal, offsetof(struct tern_faults_odds, latency_ns),
			 read_time(name, value, 0));
	else if (strcmp(item, "jitter") == 0)
		set_time(goal, offsetof(struct tern_faults_odds, delay_max_ns),
			 read_time(name, value, 1000));
	else if (strcmp(item, "detour") == 0)
		read_detour(goal, name, value);
	else if (strcmp(item, "stall") == 0)
		read_stall(goal, name, value);
	else if (strcmp(item, "seed") == 0)
		faults->seed = options_number(name, value, 0, UINT64_MAX);
	else if (strcmp(item, "queue") == 0)
		faults->packets = (uint32_t)options_number(name, value, QUEUE_LEAST, QUEUE_MOST);
	else
		options_refuse("--%s: \"%s\" is none of loss, delay, reorder, jitter, "
			       "detour, stall, dup, corrupt, seed, queue",
			       goal->option, item);
}

/* The list is "name=value,name=value": a piece of it at a time. */
static void
read_list(const struct goal *goal, const char *list)
{
	char item[ITEM_MOST], *equals;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		snprintf(item, sizeof(item), "%.*s", (int)len, list);
		equals = strchr(item, '=');
		if (equals == NULL || len >= sizeof(item))
			options_refuse("--%s: \"%s\" is not a pair such as loss=1%%", goal->option,
				       item);
		*equals = '\0';
		read_item(goal, item, equals + 1);
		if (list[len] == '\0')
			return;
	}
}

void
options_impair(struct options *o, const char *option, bool rx, bool tx, const char *list)
{
	struct goal goal = { .option = option, .o = o };

	if (rx)
		goal.ways[goal.n++] = &o->run.faults.rx;
	if (tx)
		goal.ways[goal.n++] = &o->run.faults.tx;
	read_list(&goal, list);
	if (o->run.faults.packets == 0)
		o->run.faults.packets = QUEUE;
}

void
options_check_impaired(struct options *o)
{
	struct tern_faults_odds *ways[] = { &o->run.faults.rx, &o->run.faults.tx };

	for (unsigned int i = 0; i < 2; i++) {
		if (ways[i]->delay_ppm == 0 && ways[i]->delay_max_ns != 0)
			options_refuse("--impair: jitter is that of reordered packets: give "
				       "reorder, too");
		if (ways[i]->delay_ppm != 0 && ways[i]->delay_max_ns == 0)
			ways[i]->delay_max_ns = JITTER_NS;
	}
}
