/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tern_stack.h>

#include "flags.h"

#define WORD_MAX 64

struct field {
	const char *name;
	size_t at, bytes;
};

static const struct field fields[] = {
#define X(type, name, value, least, most, text) \
	{ #name, offsetof(struct tern_config, name), sizeof(type) },
	TERN_CONFIG_LIST(X)
#undef X
};

/* Words that scripts' authors use, and the field that each stands for. */
static const char *const aliases[][2] = {
	{ "iw", "initial_window" },    { "rcvbuf", "rcv_space" },
	{ "delack", "ack_delay_ns" },  { "min_rto", "rto_min_ns" },
	{ "max_rto", "rto_max_ns" },   { "init_rto", "rto_initial_ns" },
	{ "ts_clock", "ts_clock_ns" }, { "cc", "congestion" },
	{ "backlog", "half_open" },
};

static void __attribute__((format(printf, 1, 2), noreturn)) refuse(const char *form, ...)
{
	va_list args;

	fprintf(stderr, "tern_packetdrill: --so_flags: ");
	va_start(args, form);
	vfprintf(stderr, form, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static const struct field *
find_field(const char *name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strcmp(aliases[i][0], name) == 0)
			name = aliases[i][1];
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

/* Words that stand for numbers: the names of congestion control are those of their tables. */
static bool
is_word(const char *value, uint64_t *number)
{
	static const struct {
		const char *word;
		uint64_t number;
	} words[] = {
		{ "off", 0 },
		{ "no", 0 },
		{ "on", 1 },
		{ "yes", 1 },
		{ "cubic", TERN_CUBIC },
		{ "newreno", TERN_NEWRENO },
		{ "dctcp", TERN_DCTCP },
		{ "none", TERN_NO_CONGESTION_CONTROL },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, value) == 0) {
			*number = words[i].number;
			return true;
		}
	}
	return false;
}

static uint64_t
factor_of(const char *unit)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} units[] = { { "", 1 },       { "ns", 1 },   { "us", 1000 },	   { "ms", TERN_MS },
		      { "s", TERN_S }, { "k", 1024 }, { "M", 1024 * 1024 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].unit, unit) == 0)
			return units[i].factor;
	}
	return 0;
}

static uint64_t
read_number(const char *name, const char *value)
{
	uint64_t number, factor;
	char *end;

	if (is_word(value, &number))
		return number;
	number = strtoull(value, &end, 0);
	factor = factor_of(end);
	if (end == value || *value == '-' || factor == 0)
		refuse("%s=%s: expected a number with ns, us, ms, s, k or M, or on or off", name,
		       value);
	return number * factor;
}

static void
set_field(struct flags *f, const struct field *field, uint64_t number)
{
	uint8_t *at = (uint8_t *)&f->config + field->at;
	uint64_t most = field->bytes == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * field->bytes) - 1;

	if (number > most)
		refuse("%s is %" PRIu64 ", which is too much", field->name, number);
	switch (field->bytes) {
	case 1:
		*at = (uint8_t)number;
		break;
	case 2:
		*(uint16_t *)(void *)at = (uint16_t)number;
		break;
	case 4:
		*(uint32_t *)(void *)at = (uint32_t)number;
		break;
	default:
		*(uint64_t *)(void *)at = number;
		break;
	}
}

static struct tern_addr
read_addr(const char *name, const char *value)
{
	struct tern_addr addr;

	if (tern_addr_parse(value, &addr, NULL) < 0 || !tern_addr_is_v4(addr))
		refuse("%s=%s: expected an IPv4 address", name, value);
	return addr;
}

static unsigned int
read_mask(const char *value)
{
	uint32_t mask = rte_be_to_cpu_32(tern_addr_to_v4(read_addr("mask", value)));
	unsigned int ones = 0;

	while (ones < 32 && (mask & 1u << (31 - ones)) != 0)
		ones++;
	if (ones < 32 && mask << ones != 0)
		refuse("mask=%s: expected ones, then zeros", value);
	return 96 + ones;
}

/* As many segments as can be at once, the rest as soon as a tick allows. */
static void
set_quick_acks(struct flags *f)
{
	f->config.quick_acks = UINT8_MAX;
	f->config.ack_delay_ns = TERN_MS / 100;
}

static bool
set_address(struct flags *f, const char *name, const char *value)
{
	if (strcmp(name, "ip") == 0)
		f->ip = read_addr(name, value);
	else if (strcmp(name, "gw") == 0)
		f->gw = read_addr(name, value);
	else if (strcmp(name, "peer") == 0)
		f->peer = read_addr(name, value);
	else if (strcmp(name, "mask") == 0)
		f->prefix = read_mask(value);
	else
		return false;
	return true;
}

static void
set(struct flags *f, const char *name, const char *value)
{
	const struct field *field = find_field(name);
	uint64_t mtu;

	if (set_address(f, name, value))
		return;
	if (strcmp(name, "delack") == 0 && strcmp(value, "quick") == 0) {
		set_quick_acks(f);
	} else if (strcmp(name, "mtu") == 0) {
		mtu = read_number(name, value);
		if (mtu < 68 || mtu > 9000)
			refuse("mtu=%s: expected 68 to 9000", value);
		f->mtu = (uint16_t)mtu;
	} else if (field != NULL) {
		set_field(f, field, read_number(name, value));
		if (strcmp(name, "rcvbuf") == 0) /* one that does not grow */
			f->config.rcv_space_max = f->config.rcv_space;
	} else {
		refuse("%s: no such flag; expected ip, mask, gw, peer, mtu, iw, rcvbuf, delack, "
		       "min_rto, ts_clock, cc or a field of struct tern_config",
		       name);
	}
}

/* The next "name=value" of the text, or false at its end. */
static bool
next_flag(const char **text, char name[WORD_MAX], char value[WORD_MAX])
{
	size_t n = strcspn(*text, ",");
	const char *equals = memchr(*text, '=', n);
	size_t name_n = equals == NULL ? n : (size_t)(equals - *text);
	size_t value_n = equals == NULL ? 0 : n - name_n - 1;

	if (**text == '\0')
		return false;
	if (equals == NULL || name_n >= WORD_MAX || value_n >= WORD_MAX)
		refuse("\"%.*s\": expected name=value,name=value", (int)n, *text);
	memcpy(name, *text, name_n);
	name[name_n] = '\0';
	memcpy(value, equals + 1, value_n);
	value[value_n] = '\0';
	*text += n + ((*text)[n] == ',');
	return true;
}

/* The gateway may be given as our own address: then another of the network plays it. */
static void
find_gateway(struct flags *f)
{
	rte_be32_t ip = tern_addr_to_v4(f->ip);

	if (tern_addr_equal(f->gw, f->ip) || !tern_addr_in(f->gw, f->ip, f->prefix))
		f->gw = tern_addr_v4(ip ^ RTE_BE32(3));
}

void
flags_read(struct flags *f, const char *text)
{
	char name[WORD_MAX], value[WORD_MAX];
	const char *wrong;

	*f = (struct flags){
		.config = tern_config_server,
		.ip = tern_addr_v4(RTE_BE32(0xc0a80001)), /* 192.168.0.1, as packetdrill has it */
		.gw = tern_addr_v4(RTE_BE32(0xc0a80002)),
		.prefix = 96 + 16,
		.mtu = 1500,
	};
	f->config.connections = 256;
	f->config.mbufs = 1024;
	f->config.held_total = 512;
	memcpy(f->config.secret, "one script a run", sizeof(f->config.secret));
	while (text != NULL && next_flag(&text, name, value))
		set(f, name, value);
	find_gateway(f);
	wrong = tern_config_check(&f->config);
	if (wrong != NULL)
		refuse("%s", wrong);
}
