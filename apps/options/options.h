/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The options that tern's servers share, and the values that options take.
 *
 * A command line is `server [EAL options] -- [server options]`; without a "--" all of it is for the
 * server. Server options are read first, so that --help needs no EAL. What is wrong is said in one
 * line on stderr, and ends the program with exit status 2, unless it chooses another one.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdint.h>

#include <tern_addr.h>
#include <tern_config.h>
#include <tern_run.h>

#define OPTIONS_ADDRS 16

struct options {
	struct {
		struct tern_addr addr;
		unsigned int prefix;
	} addrs[OPTIONS_ADDRS];
	unsigned int addrs_n;
	struct tern_addr gateway;
	bool has_gateway;
	bool addr_optional; /* a missing --addr is not refused */
	struct tern_config config;
	struct tern_run_config run;
};

/** A child for a server's struct argp; its input is a struct options of options_defaults(). */
extern const struct argp options_argp;

/** The part of it that is about the network and the stacks; for who has other servers' options. */
extern const struct argp options_stack_argp;

void options_defaults(struct options *options);

/**
 * options_read() - read a whole command line
 * @argp:  of the server, with options_argp among its children
 * @input: for the server's parser
 * @argc, @argv: the command line
 *
 * Return: how many of the arguments, from argv[0] on, are for the EAL. Does not return after --help
 * or an error.
 */
int options_read(const struct argp *argp, void *input, int argc, char **argv);

/** Where the "--" stands that ends the EAL's arguments; 0: nowhere, all are for the server. */
int options_begin(int argc, char **argv);

/* What --addr and --gw do, under another name; and may a host have this address? */
void options_add_addr(struct options *o, const char *option, const char *text);
void options_set_gateway(struct options *o, const char *option, const char *text);
bool options_is_host(struct tern_addr addr, unsigned int prefix);

/** Give a stack the addresses and the gateway. Return: 0, or -1 after one line on stderr. */
int options_apply(const struct options *options, struct tern_stack *stack);

/* impair.c: a list for one direction or both; and a look at what was read when all is read. */
void options_impair(struct options *o, const char *option, bool rx, bool tx, const char *list);
void options_check_impaired(struct options *o);

/** One line on stderr behind the program's name, and the exit status: 2, or what was chosen. */
__attribute__((noreturn, format(printf, 1, 2))) void options_refuse(const char *form, ...);

void options_exit_status(int status);

/** Values; @name is the option's, without dashes. All of them refuse what they cannot read. */
uint64_t options_number(const char *name, const char *text, uint64_t least, uint64_t most);
uint64_t options_bytes(const char *name, const char *text, uint64_t most); /* 1k, 1m, 1g */
uint64_t options_share(const char *name, const char *text); /* 1%, 0.05%, 1e-6; millionths */
uint64_t options_duration(const char *name, const char *text, uint64_t least); /* 1s, 5ms; ns */

#endif
