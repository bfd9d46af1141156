/* SPDX-License-Identifier: BSD-3-Clause */
#include "typed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "gen/options.h"

enum { WORDS = 64 };

static int
split(char *line, char *argv[WORDS])
{
	static char program[] = "tern-gen";
	int n = 0;

	argv[n++] = program;
	for (char *word; (word = strsep(&line, " ")) != NULL && n < WORDS - 1;)
		if (*word != '\0')
			argv[n++] = word;
	argv[n] = NULL;
	return n;
}

int
type_here(const char *line, struct plan *plan)
{
	static char copy[4096], *argv[WORDS];

	snprintf(copy, sizeof(copy), "%s", line);
	return plan_read(plan, split(copy, argv), argv);
}

/* Straight out, past the handlers of who forked us. */
static void
leave(int status, void *unused)
{
	(void)unused;
	fflush(NULL);
	_exit(status);
}

__attribute__((noreturn)) static void
be_read(const char *line, FILE *out, FILE *err)
{
	static struct plan plan;

	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	on_exit(leave, NULL);
	type_here(line, &plan);
	plan_print(&plan, stdout);
	plan_free(&plan);
	exit(0);
}

static void
read_back(FILE *file, char *text, size_t bytes)
{
	rewind(file);
	text[fread(text, 1, bytes - 1, file)] = '\0';
	fclose(file);
}

void
type(const char *line, struct answer *answer)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_read(line, out, err);
	waitpid(pid, &status, 0);
	answer->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	read_back(out, answer->out, sizeof(answer->out));
	read_back(err, answer->err, sizeof(answer->err));
}

const char *
typed_file(const char *text)
{
	static char name[32];
	int fd;

	if (name[0] != '\0')
		unlink(name);
	strcpy(name, "/tmp/typed-XXXXXX");
	fd = mkstemp(name);
	cr_assert(fd >= 0);
	cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return name;
}

void
refused(const char *line, const char *words)
{
	struct answer a;
	char *end;

	type(line, &a);
	end = strchr(a.err, '\n');
	cr_expect(a.status == 1, "%s: status %d", line, a.status);
	cr_expect(a.out[0] == '\0', "%s: %s", line, a.out);
	cr_expect(end != NULL && end[1] == '\0', "%s: not one line: %s", line, a.err);
	cr_expect(strstr(a.err, words) != NULL, "%s: \"%s\" is not in: %s", line, words, a.err);
}

void
printed(const char *line, const char *words)
{
	struct answer a;

	type(line, &a);
	cr_expect(a.status == 0, "%s: status %d: %s", line, a.status, a.err);
	cr_expect(a.err[0] == '\0', "%s: %s", line, a.err);
	cr_expect(strstr(a.out, words) != NULL, "%s: \"%s\" is not in:\n%s", line, words, a.out);
}
