/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/report/terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include <rte_common.h>

#include "gen/report/output.h"

/* Those that end a process unless somebody handles them. */
static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV,
			      SIGBUS, SIGFPE,  SIGILL, SIGABRT };

static struct {
	SCREEN *screen; /* NULL: not taken */
	struct termios before;
	char ending[256]; /* what the terminal is told at the end */
	size_t ending_n;
} terminal;

/* All of it may be done in a signal handler. */
static void
restore(void)
{
	const char *from = terminal.ending;
	size_t left = terminal.ending_n;
	ssize_t n;

	while (left > 0 && (n = write(STDOUT_FILENO, from, left)) > 0) {
		from += n;
		left -= (size_t)n;
	}
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

static void
die(int number)
{
	restore();
	signal(number, SIG_DFL);
	raise(number);
}

static void
on_exit_of_process(void)
{
	if (terminal.screen != NULL)
		restore();
}

void
terminal_guard(void)
{
	struct sigaction now, ours = { .sa_handler = die, .sa_flags = SA_NODEFER };

	for (size_t i = 0; i < RTE_DIM(deadly); i++)
		if (sigaction(deadly[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
			sigaction(deadly[i], &ours, NULL);
}

static void
unguard(void)
{
	struct sigaction now;

	for (size_t i = 0; i < RTE_DIM(deadly); i++)
		if (sigaction(deadly[i], NULL, &now) == 0 && now.sa_handler == die)
			signal(deadly[i], SIG_DFL);
}

/* Capabilities without parameters or padding on what terminals are today. */
static void
add_ending(const char *capability)
{
	const char *text = tigetstr(capability);
	size_t n;

	if (text == NULL || text == (const char *)-1)
		return;
	n = strcspn(text, "$");
	if (terminal.ending_n + n > sizeof(terminal.ending))
		return;
	memcpy(terminal.ending + terminal.ending_n, text, n);
	terminal.ending_n += n;
}

static void
set_up(void)
{
	noecho();
	raw(); /* ^C is a key: a second one must not leave the terminal as it is */
	keypad(stdscr, TRUE);
	curs_set(0);
	timeout(100);
	if (has_colors()) {
		start_color();
		use_default_colors();
	}
	terminal.ending_n = 0;
	add_ending("sgr0");
	add_ending("cnorm");
	add_ending("rmkx");
	add_ending("rmcup");
}

int
terminal_take(void)
{
	static bool once;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		report_complain("--tui: a terminal is needed as stdin and stdout");
		return -1;
	}
	tcgetattr(STDIN_FILENO, &terminal.before);
	terminal_guard(); /* before curses looks: it would end the process by exit(1) */
	terminal.screen = newterm(NULL, stdout, stdin);
	if (terminal.screen == NULL) {
		unguard();
		report_complain("--tui: TERM does not say what kind of terminal this is");
		return -1;
	}
	set_up();
	if (!once)
		atexit(on_exit_of_process);
	once = true;
	report_hold_complaints(true);
	return 0;
}

void
terminal_give_back(void)
{
	SCREEN *screen = terminal.screen;

	if (screen == NULL)
		return;
	endwin();
	unguard();
	terminal.screen = NULL;
	delscreen(screen);
	report_hold_complaints(false);
}
