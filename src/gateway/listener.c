/*
 * listener.c
 *		Listens at a TCP port, or at a socket in the file system.
 */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static bool is_stale(const struct sockaddr_un *address);
static bool prepare(int fd, const Place *place);
static void describe(const struct sockaddr_storage *address, char *text, int size);

int
listener_open(const Place *place, char *text, int size)
{
	int fd = socket(place->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	mode_t mask;
	bool is_bound;

	memset(&bound, 0, sizeof(bound));
	describe(&place->address, text, size);
	if (fd < 0)
		return -1;
	/* a socket in the file system is for user and group */
	mask = umask(0117);
	is_bound = prepare(fd, place) &&
			   bind(fd, (const struct sockaddr *) &place->address, place->len) == 0;
	(void) umask(mask);
	if (!is_bound || listen(fd, BACKLOG) != 0 ||
		getsockname(fd, (struct sockaddr *) &bound, &len) != 0)
	{
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	/* the port that was chosen, where none was asked for */
	describe(&bound, text, size);
	return fd;
}

bool
listener_url(const char *text, char *url, int size)
{
	if (text[0] == '/' || strncmp(text, "0.0.0.0:", 8) == 0 || strncmp(text, "[::]:", 5) == 0)
		return false;
	snprintf(url, (size_t) size, "http://%s/", text);
	return true;
}

void
listener_remove(const Place *place)
{
	if (place->address.ss_family == AF_UNIX)
		(void) unlink(((const struct sockaddr_un *) &place->address)->sun_path);
}

/*
 * Makes way for the socket.
 */
static bool
prepare(int fd, const Place *place)
{
	int on = 1;

	if (place->address.ss_family == AF_UNIX)
	{
		const struct sockaddr_un *address = (const struct sockaddr_un *) &place->address;

		if (is_stale(address))
			(void) unlink(address->sun_path);
		return true;
	}
	if (place->address.ss_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return false;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
}

/*
 * Returns whether the file is a socket that nobody listens at any more.
 */
static bool
is_stale(const struct sockaddr_un *address)
{
	struct stat status;
	int fd;
	bool stale;

	if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *) address, sizeof(*address)) != 0 &&
			errno == ECONNREFUSED;
	close(fd);
	return stale;
}

/*
 * Writes an address as --listen takes it.
 */
static void
describe(const struct sockaddr_storage *address, char *text, int size)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address->ss_family == AF_UNIX)
		snprintf(text, (size_t) size, "%s", ((const struct sockaddr_un *) address)->sun_path);
	else if (address->ss_family == AF_INET6)
	{
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *) address;

		inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host));
		snprintf(text, (size_t) size, "[%s]:%d", host, ntohs(in->sin6_port));
	}
	else
	{
		const struct sockaddr_in *in = (const struct sockaddr_in *) address;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, (size_t) size, "%s:%d", host, ntohs(in->sin_port));
	}
}
