/*
 * cancel.c
 *		Sends each request to cancel from a thread of its own: libpq opens a
 *		connection for it, and waits for the server's end of that.
 */
#include "cancel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "log.h"

/* more than these are not under way at once: a server that answers none is not asked on */
#define MAX_CANCELS 64

static _Atomic int under_way;

static void *send_cancel(void *arg);

void
cancel_command(PGconn *connection)
{
	PGcancel *cancel = PQgetCancel(connection);
	pthread_attr_t attributes;
	pthread_t thread;
	bool started = false;

	if (cancel == NULL)
		return;
	if (++under_way <= MAX_CANCELS && pthread_attr_init(&attributes) == 0)
	{
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
		started = pthread_create(&thread, &attributes, send_cancel, cancel) == 0;
		pthread_attr_destroy(&attributes);
	}
	if (!started)
	{
		under_way--;
		PQfreeCancel(cancel);
		log_event(LOG_WARN, "event=cancel_failed error=\"too many are under way\"");
	}
}

/*
 * A thread's body.
 */
static void *
send_cancel(void *arg)
{
	PGcancel *cancel = arg;
	char error[256];
	char quoted[512];

	if (!PQcancel(cancel, error, sizeof(error)))
		log_event(LOG_WARN, "event=cancel_failed error=%s",
				  log_quote(error, quoted, sizeof(quoted)));
	PQfreeCancel(cancel);
	under_way--;
	return NULL;
}
