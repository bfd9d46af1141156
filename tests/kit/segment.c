/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "segment.h"

static const char flag_letters[] = "FSRP.UEW";

static const char *
skip(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* Does p go on with word? Then step over it. */
static bool
word(const char **p, const char *w)
{
	size_t n = strlen(w);

	if (strncmp(*p, w, n) != 0)
		return false;
	*p = skip(*p + n);
	return true;
}

/* A number, relative to base unless it begins with @. */
static bool
number(const char **p, uint32_t base, uint32_t *v)
{
	char *end;
	long long n;

	if (**p == '@') {
		base = 0;
		++*p;
	}
	n = strtoll(*p, &end, 10);
	if (end == *p)
		return false;
	*v = base + (uint32_t)n;
	*p = end;
	return true;
}

static bool
parse_flags(const char **p, struct segment *s)
{
	const char *letter;

	if (**p == '-')
		++*p;
	for (; **p != ' ' && **p != '\0'; ++*p) {
		if (**p == 'p') {
			s->any_psh = true;
			continue;
		}
		letter = strchr(flag_letters, **p);
		if (letter == NULL)
			return false;
		s->flags |= (uint8_t)(1u << (letter - flag_letters));
	}
	*p = skip(*p);
	return true;
}

/* seq:end(len) */
static bool
parse_range(const char **p, struct segment *s, uint32_t base)
{
	uint32_t end, len;

	if (!number(p, base, &s->seq) || *(*p)++ != ':' || !number(p, base, &end) ||
	    *(*p)++ != '(' || !number(p, 0, &len) || *(*p)++ != ')')
		return false;
	s->len = (uint16_t)len;
	*p = skip(*p);
	return end - s->seq == len && len <= UINT16_MAX;
}

static void
put(struct segment *s, uint8_t byte)
{
	if (s->opts_len < sizeof(s->opts))
		s->opts[s->opts_len++] = byte;
}

static void
put_many(struct segment *s, uint32_t v, unsigned int bytes)
{
	while (bytes-- > 0)
		put(s, (uint8_t)(v >> 8 * bytes));
}

static bool
parse_raw(const char **p, struct segment *s)
{
	unsigned int v;

	for (; isxdigit((unsigned char)**p) && isxdigit((unsigned char)(*p)[1]); *p += 2) {
		if (sscanf(*p, "%2x", &v) != 1)
			return false;
		put(s, (uint8_t)v);
	}
	return true;
}

static bool
parse_timestamps(const char **p, struct segment *s)
{
	uint32_t val, ecr;

	if (!word(p, "val") || !number(p, 0, &val))
		return false;
	*p = skip(*p);
	if (!word(p, "ecr") || !number(p, 0, &ecr))
		return false;
	put_many(s, 8 << 8 | 10, 2);
	put_many(s, val, 4);
	put_many(s, ecr, 4);
	return true;
}

static bool
parse_block(const char **p, struct segment *s, uint32_t base)
{
	uint32_t left, right;

	if (!number(p, base, &left) || *(*p)++ != ':' || !number(p, base, &right))
		return false;
	put_many(s, left, 4);
	put_many(s, right, 4);
	*p = skip(*p);
	return true;
}

/* One option of all the blocks that follow each other. */
static bool
parse_sack(const char **p, struct segment *s, uint32_t base)
{
	uint8_t at = s->opts_len;

	put_many(s, 5 << 8, 2);
	do {
		if (!parse_block(p, s, base))
			return false;
	} while (**p != ',' && **p != '>' && **p != '\0');
	s->opts[at + 1] = (uint8_t)(s->opts_len - at);
	return true;
}

static bool
parse_option(const char **p, struct segment *s, uint32_t ack_base)
{
	uint32_t v;

	if (word(p, "nop")) {
		put(s, 1);
	} else if (word(p, "eol")) {
		put(s, 0);
	} else if (word(p, "sackOK")) {
		put_many(s, 4 << 8 | 2, 2);
	} else if (word(p, "mss")) {
		if (!number(p, 0, &v))
			return false;
		put_many(s, 2 << 8 | 4, 2);
		put_many(s, v, 2);
	} else if (word(p, "wscale")) {
		if (!number(p, 0, &v))
			return false;
		put_many(s, 3 << 8 | 3, 2);
		put_many(s, v, 1);
	} else if (word(p, "TS")) {
		return parse_timestamps(p, s);
	} else if (word(p, "sack")) {
		return parse_sack(p, s, ack_base);
	} else if (word(p, "raw")) {
		return parse_raw(p, s);
	} else {
		return false;
	}
	return true;
}

static bool
parse_options(const char **p, struct segment *s, uint32_t ack_base)
{
	if (word(p, "...")) {
		s->any_opts = true;
	} else {
		while (**p != '>') {
			if (!parse_option(p, s, ack_base))
				return false;
			*p = skip(*p);
			if (**p == ',')
				*p = skip(*p + 1);
			else if (**p != '>')
				return false;
		}
	}
	if (*(*p)++ != '>')
		return false;
	*p = skip(*p);
	while (s->opts_len % 4 != 0)
		put(s, 0);
	return true;
}

static bool
parse_text(const char **p, struct segment *s)
{
	size_t n = strcspn(*p, "]");

	if (n != s->len || n >= sizeof(s->text) || (*p)[n] != ']')
		return false;
	memcpy(s->text, *p, n);
	*p = skip(*p + n + 1);
	return true;
}

const char *
segment_parse(struct segment *s, const char *text, uint32_t seq_base, uint32_t ack_base)
{
	const char *p = skip(text);
	uint32_t v;

	*s = (struct segment){ .any_win = true };
	if (!parse_flags(&p, s))
		return "flags";
	if (!parse_range(&p, s, seq_base))
		return "seq:end(len)";
	if (word(&p, "ack")) {
		if (!number(&p, ack_base, &s->ack))
			return "ack";
		p = skip(p);
	}
	if (word(&p, "win") && !word(&p, "*")) {
		if (!number(&p, 0, &v) || v > UINT16_MAX)
			return "win";
		s->win = (uint16_t)v;
		s->any_win = false;
		p = skip(p);
	}
	if (word(&p, "urg")) {
		if (!number(&p, 0, &v))
			return "urg";
		s->urg = (uint16_t)v;
		p = skip(p);
	}
	if (word(&p, "<") && !parse_options(&p, s, ack_base))
		return "options";
	if (word(&p, "[") && !parse_text(&p, s))
		return "payload";
	return *p == '\0' ? NULL : "text behind it";
}

/* Step through options: at is the offset of one. Return: offset of the next, 0 behind the last. */
static unsigned int
option_next(const struct segment *s, unsigned int at)
{
	unsigned int len;

	if (at >= s->opts_len || s->opts[at] == 0)
		return 0;
	if (s->opts[at] == 1)
		return at + 1;
	len = at + 1 < s->opts_len ? s->opts[at + 1] : 0;
	return len < 2 || at + len > s->opts_len ? 0 : at + len;
}

static size_t
print_option(char *to, size_t room, const uint8_t *o)
{
	switch (o[0]) {
	case 1:
		return (size_t)snprintf(to, room, "nop,");
	case 2:
		return (size_t)snprintf(to, room, "mss %u,", get16(o + 2));
	case 3:
		return (size_t)snprintf(to, room, "wscale %u,", o[2]);
	case 4:
		return (size_t)snprintf(to, room, "sackOK,");
	case 8:
		return (size_t)snprintf(to, room, "TS val %" PRIu32 " ecr %" PRIu32 ",",
					get32(o + 2), get32(o + 6));
	default:
		return (size_t)snprintf(to, room, "kind %u len %u,", o[0], o[1]);
	}
}

static size_t
print_options(char *to, size_t room, const struct segment *s)
{
	unsigned int at = 0, next;
	size_t n;

	if (s->any_opts)
		return (size_t)snprintf(to, room, " <...>");
	if (s->opts_len == 0)
		return 0;
	n = (size_t)snprintf(to, room, " <");
	for (; (next = option_next(s, at)) != 0 && n < room - 48; at = next)
		n += print_option(to + n, room - n, s->opts + at);
	if (n > 2)
		n--;
	return n + (size_t)snprintf(to + n, room - n, ">");
}

char *
segment_print(char text[SEGMENT_TEXT], const struct segment *s, uint32_t seq_base,
	      uint32_t ack_base)
{
	size_t n = 0, i;

	for (i = 0; i < 8; i++)
		if (s->flags & 1u << i)
			text[n++] = flag_letters[i];
	if (s->any_psh)
		text[n++] = 'p';
	if (n == 0)
		text[n++] = '-';
	n += (size_t)snprintf(text + n, SEGMENT_TEXT - n, " %" PRIu32 ":%" PRIu32 "(%u)",
			      s->seq - seq_base, s->seq - seq_base + s->len, s->len);
	if (s->flags & ACK || s->ack != 0)
		n += (size_t)snprintf(text + n, SEGMENT_TEXT - n, " ack %" PRIu32,
				      s->ack - ack_base);
	if (s->any_win)
		n += (size_t)snprintf(text + n, SEGMENT_TEXT - n, " win *");
	else
		n += (size_t)snprintf(text + n, SEGMENT_TEXT - n, " win %u", s->win);
	if (s->flags & URG)
		n += (size_t)snprintf(text + n, SEGMENT_TEXT - n, " urg %u", s->urg);
	print_options(text + n, SEGMENT_TEXT - n, s);
	return text;
}

bool
segment_read(struct segment *s, const uint8_t *tcp, uint32_t len)
{
	uint32_t head;

	*s = (struct segment){ 0 };
	if (len < 20)
		return false;
	head = (uint32_t)(tcp[12] >> 4) * 4;
	if (head < 20 || head > len)
		return false;
	s->seq = get32(tcp + 4);
	s->ack = get32(tcp + 8);
	s->flags = tcp[13];
	s->win = get16(tcp + 14);
	s->urg = get16(tcp + 18);
	s->len = (uint16_t)(len - head);
	s->opts_len = (uint8_t)(head - 20);
	memcpy(s->opts, tcp + 20, s->opts_len);
	return true;
}

const uint8_t *
segment_option(const struct segment *s, uint8_t kind)
{
	unsigned int at = 0, next;

	for (; (next = option_next(s, at)) != 0; at = next)
		if (s->opts[at] == kind)
			return s->opts + at;
	return NULL;
}

static unsigned int
option_count(const struct segment *s)
{
	unsigned int at = 0, next, n = 0;

	for (; (next = option_next(s, at)) != 0; at = next)
		n += s->opts[at] > 1;
	return n;
}

static bool
options_match(const struct segment *e, const struct segment *a)
{
	unsigned int at = 0, next;
	const uint8_t *o;

	if (e->any_opts)
		return true;
	for (; (next = option_next(e, at)) != 0; at = next) {
		if (e->opts[at] <= 1)
			continue;
		o = segment_option(a, e->opts[at]);
		if (o == NULL || memcmp(o, e->opts + at, next - at) != 0)
			return false;
	}
	return option_count(e) == option_count(a);
}

bool
segment_matches(const struct segment *e, const struct segment *a)
{
	uint8_t mask = e->any_psh || e->flags & FIN ? (uint8_t)~PSH : 0xff;

	return (e->flags & mask) == (a->flags & mask) && e->seq == a->seq && e->len == a->len &&
	       (!(e->flags & ACK) || e->ack == a->ack) && (e->any_win || e->win == a->win) &&
	       (!(e->flags & URG) || e->urg == a->urg) && options_match(e, a);
}
