/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Reading a command line: the rows of the table of options, and what reads each.
 */
#ifndef GEN_CLI_READING_H
#define GEN_CLI_READING_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gen/plan.h"

#define WORDS_MAX (SERVICES_MAX + 2)
#define OPTIONS_MAX 128

/* In which modes an option has a meaning. */
#define IN(mode) (1u << (mode))
#define IN_ALL ((1u << MODES) - 1)
#define IN_CLIENTS (IN_ALL & ~IN(MODE_SERVER))
#define IN_TCP (IN(MODE_CRR) | IN(MODE_RR) | IN(MODE_HOLD) | IN(MODE_STREAM))
#define IN_SCHEDULED (IN(MODE_CRR) | IN(MODE_RR) | IN(MODE_HOLD) | IN(MODE_FLOOD) | IN(MODE_REPLAY))

struct reading;

struct row {
	const char *name;
	int letter;	 /* 0: it has none */
	const char *arg; /* its value's name for --help; NULL: it takes none */
	const char *text;
	unsigned int modes; /* IN() */
	void (*read)(struct reading *r, const struct row *row, const char *value);
	size_t at; /* in struct plan: what is written */
	uint64_t least, most;
	bool value_optional, hidden;
};

struct reading {
	struct plan *plan;
	struct argp_state *state;
	bool given[OPTIONS_MAX]; /* by row */
	const char *words[WORDS_MAX];
	unsigned int words_n;
	const char *mode, *target;	 /* of a file: for who says nothing else */
	const char *config, *dperf_conf; /* the files */
	char *notes;	   /* lines about what a file has that we leave out; for stderr */
	const bool *typed; /* of a file's words: what it must not change */
};

/* table.c */
extern const struct row rows[];
extern const unsigned int rows_n;

/* The row's number; it must be there. */
unsigned int row_of(const char *name);
bool is_given(const struct reading *r, const char *name);

/* readers.c: kinds of values */
void read_flag(struct reading *r, const struct row *row, const char *value);
void read_text(struct reading *r, const struct row *row, const char *value);
void read_count(struct reading *r, const struct row *row, const char *value);	/* uint64_t */
void read_count32(struct reading *r, const struct row *row, const char *value); /* uint32_t */
void read_bytes32(struct reading *r, const struct row *row, const char *value);
void read_time(struct reading *r, const struct row *row, const char *value);
void read_amount(struct reading *r, const struct row *row, const char *value); /* double */
void read_refused(struct reading *r, const struct row *row, const char *value);

/* load.c */
void read_rate(struct reading *r, const struct row *row, const char *value);
void read_pacing(struct reading *r, const struct row *row, const char *value);
void read_ramp(struct reading *r, const struct row *row, const char *value);
void read_step(struct reading *r, const struct row *row, const char *value);
void read_ci(struct reading *r, const struct row *row, const char *value);
void read_speed(struct reading *r, const struct row *row, const char *value);

/* content.c */
void read_proto(struct reading *r, const struct row *row, const char *value);
void read_url(struct reading *r, const struct row *row, const char *value);
void read_header(struct reading *r, const struct row *row, const char *value);
void read_payload(struct reading *r, const struct row *row, const char *value);
void read_tcp(struct reading *r, const struct row *row, const char *value);
void read_close(struct reading *r, const struct row *row, const char *value);
void read_sizes(struct reading *r, const struct row *row, const char *value);
void read_imix(struct reading *r, const struct row *row, const char *value);

/* net.c */
void read_port(struct reading *r, const struct row *row, const char *value);
void read_src(struct reading *r, const struct row *row, const char *value);
void read_sport(struct reading *r, const struct row *row, const char *value);
void read_mss(struct reading *r, const struct row *row, const char *value);
bool looks_like_target(const char *text);
void read_target(struct plan *plan, const char *text);
void read_service(struct plan *plan, const char *text);

/* judging.c */
void read_slo(struct reading *r, const struct row *row, const char *value);
void read_metric(struct reading *r, const struct row *row, const char *value);
void read_goal(struct reading *r, const struct row *row, const char *value);
void read_trial(struct reading *r, const struct row *row, const char *value);
void read_precision(struct reading *r, const struct row *row, const char *value);
void read_tests(struct reading *r, const struct row *row, const char *value);

/* output.c */
void read_json(struct reading *r, const struct row *row, const char *value);
void read_json_stream(struct reading *r, const struct row *row, const char *value);
void read_listen(struct reading *r, const struct row *row, const char *value);
void read_plot(struct reading *r, const struct row *row, const char *value);
void read_tag(struct reading *r, const struct row *row, const char *value);
void read_capture_failed(struct reading *r, const struct row *row, const char *value);

/* files.c: what files say, as if it had been typed before the rest */
void read_config(struct reading *r, const struct row *row, const char *value);
void read_dperf_conf(struct reading *r, const struct row *row, const char *value);
void read_mode_word(struct reading *r, const struct row *row, const char *value);
void read_target_word(struct reading *r, const struct row *row, const char *value);

/* A file's options, "--key=value" each. */
struct words {
	struct plan *plan; /* that keeps them */
	char **word;
	unsigned int n;
	char **notes; /* see struct reading */
};

#define FILE_WORDS_MAX 512

void add_word(struct words *words, const char *key, const char *value);
void config_file_words(struct words *words, const char *path);
void dperf_conf_words(struct words *words, const char *path);

/* words.c: when all is read */
int find_name(const char *const *names, unsigned int n, const char *name); /* or -1 */
void finish_words(struct reading *r);

/* finish.c: what follows from what was given, and what does not go together */
void finish(struct reading *r);

/* engines.c: what an engine would refuse when the port is up */
void check_engine(const struct plan *plan);

/* Memory that lives as long as the plan. */
void *keep(struct plan *plan, size_t bytes);
char *keep_text(struct plan *plan, const char *text, size_t len);

#endif
