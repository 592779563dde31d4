/*
 * notify.c
 *		Sends messages to the socket in NOTIFY_SOCKET.
 */
#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void notify(const char *message);

void
notify_ready(void)
{
	notify("READY=1");
}

void
notify_stopping(int seconds)
{
	char message[96];

	snprintf(message, sizeof(message), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%d000000", seconds);
	notify(message);
}

/*
 * Sends a message, if there is anyone to send it to.
 */
static void
notify(const char *message)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
		strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	len = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(path));
	/* the name of one that is not in the file system begins with a NUL */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void) sendto(fd, message, strlen(message), MSG_NOSIGNAL, (const struct sockaddr *) &address,
				  len);
	close(fd);
}
