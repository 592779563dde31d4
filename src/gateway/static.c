/*
 * static.c
 *		Serves the files of a directory.
 *
 * A path is followed one name at a time, from the directory on: no name begins
 * with a dot, none is a symbolic link, and what it leads to is a plain file.
 * So nothing outside of the directory can be reached, whatever is in it.
 */
#include "static.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etag.h"
#include "media.h"

#define INDEX	  "index.html"
#define UI_PATH	  "/ui/"
/* files that are being sent at a time; a browser asks for six */
#define MAX_FILES 128
/* of a longer query a redirect keeps nothing */
#define MAX_QUERY 2000

/*
 * Each is asked for anew and sent only if it has changed, since the directory
 * may be replaced at any time.  A page of elsewhere can neither show ours in a
 * frame nor have a file taken for another type.  The UI's service worker works
 * for more than the path of its file.
 */
static const AnswerHeader static_headers[] = {
	{"Cache-Control", "no-cache"},
	{"Content-Security-Policy", "frame-ancestors 'self'"},
	{"Service-Worker-Allowed", "/"},
	{"X-Content-Type-Options", "nosniff"},
	{NULL, NULL},
};

static const char *directory;

static int open_path(const UrlTarget *url, char *name);
static int open_index(char *name);
static int enter(int dir, const char *name, bool is_last);
static bool plain_name(UrlText segment, char *name);
static bool is_nothing(int error);
static void answer_file(Exchange *exchange, int file, const char *name);

bool
static_configure(const char *dir)
{
	char name[NAME_MAX + 1];
	int file;

	directory = dir;
	if (dir == NULL)
		return true;
	file = open_index(name);
	if (file < 0)
		return false;
	close(file);
	return true;
}

bool
static_is_served(void)
{
	return directory != NULL;
}

void
prepare_ui(Exchange *exchange)
{
	char name[NAME_MAX + 1];
	int file;

	if (exchange_files() >= MAX_FILES)
	{
		answer_error(exchange, 503, "overloaded", "too many files are being sent");
		return;
	}
	file = open_path(&exchange->url, name);
	if (file < 0 && is_nothing(errno))
		file = open_index(name);
	if (file >= 0)
		answer_file(exchange, file, name);
	else if (is_nothing(errno))
		answer_error(exchange, 404, "route_not_found",
					 "the directory of --ui-dir has no index.html any more");
	else
		answer_error(exchange, 503, "unavailable", "the file cannot be opened now");
}

void
prepare_ui_redirect(Exchange *exchange)
{
	UrlText query = exchange->url.query;
	char location[sizeof(UI_PATH) + 1 + MAX_QUERY];

	strcpy(location, UI_PATH);
	if (query.bytes && query.len <= MAX_QUERY)
		snprintf(location, sizeof(location), UI_PATH "?%.*s", (int) query.len, query.bytes);
	if (exchange_keep(exchange, &exchange->location, location))
		answer_empty(exchange, 308);
}

/*
 * Opens the plain file that the path names below its first segment.  Returns
 * its descriptor, with its name in a buffer of NAME_MAX + 1 bytes; -1, with
 * errno set, where there is none.
 */
static int
open_path(const UrlTarget *url, char *name)
{
	int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 1; at >= 0 && i < url->nsegments; i++)
	{
		bool is_plain = i < URL_MAX_SEGMENTS && plain_name(url->segments[i], name);
		int next = is_plain ? enter(at, name, i + 1 == url->nsegments) : -1;
		int error = is_plain ? errno : ENOENT;

		close(at);
		errno = error;
		at = next;
	}
	return at;
}

/*
 * The same for index.html.
 */
static int
open_index(char *name)
{
	const UrlTarget index = {.segments = {{"ui", 2}, {INDEX, strlen(INDEX)}}, .nsegments = 2};

	return open_path(&index, name);
}

/*
 * Opens what has the name in an open directory: the last of a path is a plain
 * file, the others are directories.
 */
static int
enter(int dir, const char *name, bool is_last)
{
	/* what is no plain file is not waited for */
	int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct stat about;
	int file = openat(dir, name, is_last ? flags : flags | O_DIRECTORY);

	if (file < 0 || !is_last || (fstat(file, &about) == 0 && S_ISREG(about.st_mode)))
		return file;
	close(file);
	errno = ENOENT;
	return -1;
}

/*
 * Decodes a segment of a path; returns whether it is a name that is served.
 */
static bool
plain_name(UrlText segment, char *name)
{
	size_t len;

	if (segment.len == 0 || segment.len > NAME_MAX)
		return false;
	len = url_decode(segment, false, name);
	name[len] = '\0';
	return name[0] != '.' && strlen(name) == len && strchr(name, '/') == NULL;
}

/*
 * Returns whether the error says that there is no such file for us, and not
 * that we cannot tell now.
 */
static bool
is_nothing(int error)
{
	return error != EMFILE && error != ENFILE && error != ENOMEM && error != EIO && error != EINTR;
}

/*
 * Answers with an open file, or that the client has it already.
 */
static void
answer_file(Exchange *exchange, int file, const char *name)
{
	struct stat about;

	if (fstat(file, &about) != 0)
	{
		close(file);
		answer_error(exchange, 503, "unavailable", "the file cannot be read now");
		return;
	}
	snprintf(exchange->etag, sizeof(exchange->etag),
			 "\"%" PRIxMAX "-%" PRIxMAX "-%" PRIxMAX ".%lx\"", (uintmax_t) about.st_ino,
			 (uintmax_t) about.st_size, (uintmax_t) about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
	/* with 304, too, the file's length is told, but none of it is sent */
	answer_empty(exchange, etag_is_known(exchange) ? 304 : 200);
	exchange->content_type = media_of_file(name);
	exchange->headers = static_headers;
	exchange_keep_file(exchange, file, about.st_size);
}
