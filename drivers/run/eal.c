/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting the EAL, and saying in one line why it did not.
 */
#include <net/if.h>
#include <string.h>

#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "run.h"

/* What was asked of the EAL, as far as it explains a failure. */
struct given {
	const char *tap; /* devargs of a tap, "net_tap0,iface=x"; NULL: none */
	bool no_huge, log_level;
};

/* Before rte_eal_init(), which writes over its arguments. */
static struct given
look_through(int argc, char **argv)
{
	struct given given = { 0 };
	const char *tap;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		tap = strstr(argv[i], "net_tap");
		if (tap != NULL)
			given.tap = tap;
		given.no_huge |= strcmp(argv[i], "--no-huge") == 0;
		given.log_level |= strncmp(argv[i], "--log-level", strlen("--log-level")) == 0;
	}
	return given;
}

/* Does the interface that the tap is to be called after exist? */
static bool
tap_is_taken(const char *devargs, char name[IF_NAMESIZE])
{
	const char *iface = strstr(devargs, "iface=");
	size_t len;

	if (iface == NULL)
		return false;
	iface += strlen("iface=");
	len = strcspn(iface, ",");
	if (len == 0 || len >= IF_NAMESIZE)
		return false;
	memcpy(name, iface, len);
	name[len] = '\0';
	return if_nametoindex(name) != 0;
}

/* A tap that could not be made: why? NULL: for none of the common reasons. */
static const char *
explain_tap(const char *devargs, char why[128])
{
	char name[IF_NAMESIZE];

	if (access("/dev/net/tun", F_OK) < 0)
		return "no /dev/net/tun: modprobe tun, or hand the device to the container";
	if (access("/dev/net/tun", R_OK | W_OK) < 0 || geteuid() != 0)
		return "a tap is made by root: start this as root";
	if (tap_is_taken(devargs, name)) {
		snprintf(why, 128,
			 "an interface %s exists already: end who has it, or choose "
			 "another iface=",
			 name);
		return why;
	}
	return NULL;
}

static const char *
explain(const struct given *given, const char *said, char why[256])
{
	const char *reason;
	int error = rte_errno;

	if (given->tap != NULL && (reason = explain_tap(given->tap, why)) != NULL)
		return reason;
	if (!given->no_huge && error == EACCES)
		return "no hugepages: start with --no-huge, or set some aside in "
		       "/proc/sys/vm/nr_hugepages";
	snprintf(why, 256, "the EAL does not start: %s; --log-level=debug tells more",
		 said[0] != '\0' ? said : rte_strerror(error));
	return why;
}

/* The first line of a file that is not empty, without the end of line. */
static void
first_line(FILE *from, char line[128])
{
	rewind(from);
	while (line[0] == '\0' && fgets(line, 128, from) != NULL)
		line[strcspn(line, "\n")] = '\0';
}

/*
 * rte_eal_init() writes to stderr whatever the log level is. Its words are kept, the first line of
 * them, which names the cause, for our own.
 */
static int
init_muted(int argc, char **argv, char said[128])
{
	FILE *kept = tmpfile();
	int stderr_fd = dup(STDERR_FILENO), used;

	if (kept == NULL || stderr_fd < 0 || dup2(fileno(kept), STDERR_FILENO) < 0) {
		used = rte_eal_init(argc, argv);
	} else {
		used = rte_eal_init(argc, argv);
		fflush(stderr);
		dup2(stderr_fd, STDERR_FILENO);
		first_line(kept, said);
	}
	if (kept != NULL)
		fclose(kept);
	if (stderr_fd >= 0)
		close(stderr_fd);
	return used;
}

/* Return: as rte_eal_init(), or -1 after a line on stderr. */
int
run_start_eal(int argc, char **argv)
{
	struct given given = look_through(argc, argv);
	char why[256], said[128] = "";
	int used;

	/* What goes wrong before run_speak() is said in one line of our own. */
	run_process.quiet = !given.log_level;
	if (run_process.quiet) {
		rte_log_set_global_level(RTE_LOG_EMERG);
		used = init_muted(argc, argv, said);
	} else {
		used = rte_eal_init(argc, argv);
	}
	/* A tap that cannot be made does not stop the EAL. */
	if (used < 0 || (given.tap != NULL && rte_eth_dev_count_avail() == 0)) {
		run_complain("%s", explain(&given, said, why));
		if (used >= 0)
			rte_eal_cleanup();
		return -1;
	}
	return used;
}

void
run_end_eal(void)
{
	/* Its threads complain of being ended. */
	if (run_process.quiet)
		rte_log_set_global_level(RTE_LOG_EMERG);
	rte_eal_cleanup();
}

void
run_speak(void)
{
	if (run_process.quiet)
		rte_log_set_global_level(RTE_LOG_ERR);
}
