/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include "http/files.h"

/* A file of the list: where it is, and what it was then. */
struct found {
	char *path;
	dev_t device;
	ino_t inode;
	size_t at, bytes; /* in the memory of the site */
};

/* Directories from the root to where the walk is: a link to one of them would lead in circles. */
struct folder {
	const struct folder *above;
	dev_t device;
	ino_t inode;
};

struct walk {
	char path[PATH_MAX];
	char root[PATH_MAX]; /* without links */
	size_t root_bytes;   /* of path: what stands before the path of a request */
	struct found *found;
	uint32_t found_n;
	size_t bytes; /* of all, in whole pages */
	char *why;
};

__attribute__((format(printf, 2, 3))) static int
complain(char why[512], const char *form, ...)
{
	va_list args;

	va_start(args, form);
	vsnprintf(why, 512, form, args);
	va_end(args);
	return -1;
}

static size_t
page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t
whole_pages(size_t bytes)
{
	return (bytes + page_bytes() - 1) & ~(page_bytes() - 1);
}

/* Listing ------------------------------------------------------------------------------------- */

static int
list_file(struct walk *w, const struct stat *st)
{
	size_t bytes = (size_t)st->st_size;
	struct found *larger, *f;

	if (bytes > SIZE_MAX / 4 - w->bytes)
		return complain(w->why, "%s: too large to be mapped", w->path);
	larger = reallocarray(w->found, w->found_n + 1u, sizeof(*larger));
	if (larger == NULL)
		return complain(w->why, "%s: %s", w->path, strerror(errno));
	w->found = larger;
	f = &w->found[w->found_n];
	*f = (struct found){ strdup(w->path), st->st_dev, st->st_ino, w->bytes, bytes };
	if (f->path == NULL)
		return complain(w->why, "%s: %s", w->path, strerror(errno));
	w->found_n++;
	w->bytes += whole_pages(bytes);
	return 0;
}

/* Does what stands at w->path lie below the root, once all links are resolved? */
static bool
is_inside(const struct walk *w)
{
	char real[PATH_MAX];
	size_t n = strlen(w->root);

	if (realpath(w->path, real) == NULL || strncmp(real, w->root, n) != 0)
		return false;
	return real[n] == '/' || real[n] == '\0' || w->root[n - 1] == '/';
}

static bool
leads_in_circles(const struct folder *above, const struct stat *st)
{
	for (; above != NULL; above = above->above)
		if (above->device == st->st_dev && above->inode == st->st_ino)
			return true;
	return false;
}

static int list_folder(struct walk *w, const struct folder *folder);

static int
list_entry(struct walk *w, const struct folder *above)
{
	struct folder folder;
	struct stat st;

	if (lstat(w->path, &st) < 0)
		return 0; /* gone again */
	if (S_ISLNK(st.st_mode) && (!is_inside(w) || stat(w->path, &st) < 0))
		return 0;
	if (S_ISREG(st.st_mode))
		return list_file(w, &st);
	if (!S_ISDIR(st.st_mode) || leads_in_circles(above, &st))
		return 0;
	folder = (struct folder){ above, st.st_dev, st.st_ino };
	return list_folder(w, &folder);
}

/* Names that no request can hold are passed over. */
static bool
append(struct walk *w, size_t bytes, const char *name)
{
	size_t n = strlen(name);

	if (bytes + 1 + n >= sizeof(w->path))
		return false;
	w->path[bytes] = '/';
	memcpy(w->path + bytes + 1, name, n + 1);
	return true;
}

static int
list_folder(struct walk *w, const struct folder *folder)
{
	size_t bytes = strlen(w->path);
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	dir = opendir(w->path);
	if (dir == NULL)
		return complain(w->why, "%s: %s", w->path, strerror(errno));
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    append(w, bytes, entry->d_name))
			rc = list_entry(w, folder);
		w->path[bytes] = '\0';
	}
	closedir(dir);
	return rc;
}

static int
list_root(struct walk *w, const char *root)
{
	struct folder folder = { 0 };
	size_t n = strlen(root);
	struct stat st;

	if (realpath(root, w->root) == NULL || stat(root, &st) < 0)
		return complain(w->why, "%s: %s", root, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return complain(w->why, "%s: not a directory", root);
	while (n > 0 && root[n - 1] == '/')
		n--;
	if (n == 0)
		root = "/.", n = 2;
	snprintf(w->path, sizeof(w->path), "%.*s", (int)n, root);
	w->root_bytes = strlen(w->path);
	folder.device = st.st_dev;
	folder.inode = st.st_ino;
	return list_folder(w, &folder);
}

/* Mapping ------------------------------------------------------------------------------------- */

/* Where the files stand, for the handler. */
static struct {
	char *from;
	size_t bytes, page_bytes;
} mapped;

/* A page that the file no longer has: the reader gets zeroes in its place, and tries again. */
static void
on_bus_error(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr, from = (uintptr_t)mapped.from;
	void *page = (void *)(at & ~(mapped.page_bytes - 1));

	(void)context;
	if (at - from < mapped.bytes &&
	    mmap(page, mapped.page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != MAP_FAILED)
		return;
	signal(number, SIG_DFL);
}

static void
guard(const struct site *site)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };

	mapped.from = site->memory;
	mapped.bytes = site->memory_bytes;
	mapped.page_bytes = page_bytes();
	sigaction(SIGBUS, &action, NULL);
}

/* Lay the file over its place. It must be the one that was listed. */
static int
map_file(const struct site *site, struct found *f, char why[512])
{
	char *at = (char *)site->memory + f->at;
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	void *got = at;

	if (fd < 0)
		return complain(why, "%s: %s", f->path, strerror(errno));
	if (fstat(fd, &st) < 0 || st.st_dev != f->device || st.st_ino != f->inode) {
		close(fd);
		return complain(why, "%s: changed while it was looked at", f->path);
	}
	if ((size_t)st.st_size < f->bytes)
		f->bytes = (size_t)st.st_size;
	if (f->bytes > 0)
		got = mmap(at, f->bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	close(fd);
	if (got == MAP_FAILED && errno == ENOMEM)
		return complain(why, "%s: too many files: sysctl vm.max_map_count allows more",
				f->path);
	if (got == MAP_FAILED)
		return complain(why, "%s: %s", f->path, strerror(errno));
	return 0;
}

/* The paths by which a file is found. */
static int
name_file(struct site *site, const char *path, uint32_t object)
{
	static const char index[] = "/index.html";
	size_t n = strlen(path), folder = n - (sizeof(index) - 1);

	if (site_name(site, path, (uint32_t)n, object) < 0)
		return -1;
	if (n < sizeof(index) - 1 || strcmp(path + folder, index) != 0)
		return 0;
	if (folder > 0 && site_name(site, path, (uint32_t)folder, object) < 0)
		return -1;
	return site_name(site, path, (uint32_t)folder + 1, object);
}

static int
add_file(struct site *site, const struct walk *w, struct found *f)
{
	const char *body = (const char *)site->memory + f->at;
	uint32_t object;

	if (map_file(site, f, w->why) < 0)
		return -1;
	if (site_add(site, type_of(f->path), body, f->bytes, &object) < 0 ||
	    name_file(site, f->path + w->root_bytes, object) < 0)
		return complain(w->why, "%s: %s", f->path, strerror(ENOMEM));
	return 0;
}

static int
map_all(struct site *site, struct walk *w)
{
	void *range = NULL;
	int rc = 0;

	if (w->bytes > 0)
		range = mmap(NULL, w->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			     -1, 0);
	if (range == MAP_FAILED)
		return complain(w->why, "%s: %zu bytes cannot be mapped: %s", w->root, w->bytes,
				strerror(errno));
	site->memory = range;
	site->memory_bytes = w->bytes;
	for (uint32_t i = 0; i < w->found_n && rc == 0; i++)
		rc = add_file(site, w, &w->found[i]);
	if (rc == 0 && range != NULL)
		guard(site);
	return rc;
}

int
files_map(struct site *site, const char *root, char why[512])
{
	struct walk *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL)
		return complain(why, "%s: %s", root, strerror(errno));
	w->why = why;
	rc = list_root(w, root);
	if (rc == 0)
		rc = map_all(site, w);
	for (uint32_t i = 0; i < w->found_n; i++)
		free(w->found[i].path);
	free(w->found);
	free(w);
	return rc;
}
