/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gen/cli/reading.h"
#include "gen/options.h"

/* Keys of what has no letter: above all letters, below none of apps/options. */
enum { KEY_FIRST = 1000, KEY_HELP = KEY_FIRST + OPTIONS_MAX, GROUP_NET = 9 };

static const char usage[] = "MODE [TARGET]\nsearch MODE TARGET\nrfc2544|rfc8219|rfc9411 [MODE] "
			    "[TARGET]\nreplay FILE.pcap [TARGET]\nserver [SERVICE:PORT...]";

static const char doc[] =
	"Traffic, and figures about what becomes of it. EAL options stand before \" -- \".\n\n"
	"Modes:\n"
	"  crr     connect, request, response, close\n"
	"  rr      requests and responses on --connections\n"
	"  hold    open --connections and keep them\n"
	"  stream  bulk, --parallel ways at once\n"
	"  flood   frames as fast as the port takes them, or at --rate\n"
	"  replay  what a capture has, to TARGET or where it went\n"
	"  server  http, echo, discard, chargen, respond, udp-echo, udp-discard, udp-chargen, each "
	"with its port; default: the usual ones\n"
	"Around a mode: search, for the highest rate that reaches goals; rfc2544, rfc8219 and "
	"rfc9411, the suites of these RFCs.\n"
	"TARGET is an address and a port, such as 10.9.0.1:80."
	"\v"
	"Times end in us, ms, s or min, rates and numbers may in k, m, g (1000), bytes in k, m, g "
	"(1024).\n\n"
	"Exit status: 0 fine, objectives reached; 1 usage; 2 failure while running; 3 objectives "
	"missed; 4 the result is not trustworthy.";

static void
defaults(struct plan *p)
{
	memset(p, 0, sizeof(*p));
	options_defaults(&p->options);
	p->options.addr_optional = true;
	p->connections = p->depth = p->repeat = p->parallel = 1;
	p->duration_ns = 10 * TERN_S;
	p->interval_ns = TERN_S;
	p->timeout_ns = 5 * TERN_S;
	p->req_bytes = 64;
	p->url = "/";
	p->headers = "";
	p->sport_first = 1024;
	p->sport_last = UINT16_MAX;
	p->loops = 1;
}

static int
key_of(const struct row *row)
{
	return row->letter != 0 ? row->letter : KEY_FIRST + (int)(row - rows);
}

/* Rows become what argp wants. */
static const struct argp_option *
argp_options(void)
{
	static struct argp_option options[OPTIONS_MAX + 2];
	int group = 0;

	for (unsigned int i = 0; i < rows_n; i++) {
		const struct row *row = &rows[i];

		group += row->name == NULL;
		options[i] = (struct argp_option){
			.name = row->name,
			.key = row->name != NULL ? key_of(row) : 0,
			.arg = row->arg,
			.flags = (row->value_optional ? OPTION_ARG_OPTIONAL : 0) |
				 (row->hidden ? OPTION_HIDDEN : 0),
			.doc = row->text,
			.group = group < GROUP_NET ? group : group + 1,
		};
	}
	options[rows_n] = (struct argp_option){
		.name = "help", .key = KEY_HELP, .doc = "this text", .group = -1
	};
	return options;
}

static const struct row *
row_of_key(int key)
{
	for (unsigned int i = 0; i < rows_n; i++)
		if (rows[i].name != NULL && key_of(&rows[i]) == key)
			return &rows[i];
	return NULL;
}

static void
add_positional(struct reading *r, const char *word)
{
	if (r->words_n == WORDS_MAX)
		options_refuse("\"%s\": there are more than %d words", word, WORDS_MAX);
	r->words[r->words_n++] = word;
}

/* A file's word gives way to what was typed. */
static bool
is_overruled(const struct reading *r, const struct row *row)
{
	return r->typed != NULL && r->typed[row - rows];
}

__attribute__((noreturn)) static void
help(const struct argp_state *state)
{
	argp_help(state->root_argp, stdout, ARGP_HELP_STD_HELP, program_invocation_short_name);
	exit(0);
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct reading *r = state->input;
	const struct row *row = row_of_key(key);

	if (row != NULL) {
		r->state = state;
		if (!is_overruled(r, row))
			row->read(r, row, arg);
		r->given[row - rows] = true;
		return 0;
	}
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &r->plan->options;
		return 0;
	case ARGP_KEY_ARG:
		add_positional(r, arg);
		return 0;
	case KEY_HELP:
		help(state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* argp puts them in another order, and the EAL writes into what is its own. */
static char **
copy_words(struct plan *plan, int argc, char **argv)
{
	char **copy = keep(plan, ((size_t)argc + 1) * sizeof(*copy));

	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	return copy;
}

static void
parse_all(struct reading *r, int argc, char **argv)
{
	static const struct argp_child children[] = { { &options_stack_argp, 0, NULL, GROUP_NET },
						      { 0 } };
	const struct argp argp = { .options = argp_options(),
				   .parser = parse,
				   .args_doc = usage,
				   .doc = doc,
				   .children = children };

	options_read(&argp, r, argc, copy_words(r->plan, argc, argv));
}

/* The file's options first, then those typed, which may stand against them. */
static void
parse_again(struct reading *r, int argc, char **argv)
{
	bool typed[OPTIONS_MAX];
	const char *config = r->config, *dperf_conf = r->dperf_conf;
	struct words words = { .plan = r->plan };

	memcpy(typed, r->given, sizeof(typed));
	plan_free(r->plan);
	defaults(r->plan);
	*r = (struct reading){ .plan = r->plan,
			       .typed = typed,
			       .notes = keep_text(r->plan, "", 0) };
	words.notes = &r->notes;
	words.word = keep(r->plan, (FILE_WORDS_MAX + 1) * sizeof(char *));
	add_word(&words, NULL, argv[0]);
	if (dperf_conf != NULL)
		dperf_conf_words(&words, dperf_conf);
	if (config != NULL)
		config_file_words(&words, config);
	parse_all(r, (int)words.n, words.word);
	r->typed = NULL;
	r->words_n = 0;
	parse_all(r, argc, argv);
}

static void
draw_seed(struct plan *plan)
{
	if (getrandom(&plan->seed, sizeof(plan->seed), 0) != sizeof(plan->seed))
		options_refuse("no random number for --seed: %s", strerror(errno));
	plan->seed >>= 64 - 53; /* as JSON can carry it, and --seed takes it */
}

int
plan_read(struct plan *plan, int argc, char **argv)
{
	struct reading r = { .plan = plan };
	int eal = options_begin(argc, argv);

	options_exit_status(1);
	defaults(plan);
	parse_all(&r, argc, argv);
	if (r.config != NULL || r.dperf_conf != NULL)
		parse_again(&r, argc, argv);
	if (!is_given(&r, "seed"))
		draw_seed(plan);
	finish_words(&r);
	finish(&r);
	if (plan->sim && eal > 1)
		options_refuse("--sim needs no port: no EAL options, please");
	if (r.notes != NULL)
		fputs(r.notes, stderr);
	plan->argc = argc;
	plan->argv = copy_words(plan, argc, argv);
	return eal == 0 ? 1 : eal;
}
