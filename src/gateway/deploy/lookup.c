/*
 * lookup.c
 *		Looks names up in threads.
 */
#include "deploy/lookup.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop.h"

/* more than these are not under way at once: a resolver that answers none is not asked on */
#define MAX_LOOKUPS 64

struct Lookup
{
	/* the loop's and the thread's: who lets go of it last frees it */
	_Atomic int holders;
	Watch watch;
	LookupFound found;
	void *owner;
	int event; /* the thread writes to it when the rest is there */
	char host[256];
	char port[6];
	struct addrinfo *addresses;
	char error[128];
};

static _Atomic int under_way;

static void *look(void *arg);
static void answered(Watch *watch, uint32_t events);
static void let_go(Lookup *lookup);

struct addrinfo *
lookup_address(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
							 .ai_socktype = SOCK_STREAM};
	struct addrinfo *addresses;

	return getaddrinfo(host, port, &hints, &addresses) == 0 ? addresses : NULL;
}

Lookup *
lookup_start(const char *host, const char *port, LookupFound found, void *owner)
{
	Lookup *lookup = calloc(1, sizeof(*lookup));
	pthread_attr_t attributes;
	pthread_t thread;
	bool started = false;

	if (lookup == NULL)
		return NULL;
	lookup->holders = 2;
	lookup->watch.ready = answered;
	lookup->watch.owner = lookup;
	lookup->found = found;
	lookup->owner = owner;
	snprintf(lookup->host, sizeof(lookup->host), "%s", host);
	snprintf(lookup->port, sizeof(lookup->port), "%s", port);
	lookup->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	under_way++;
	if (lookup->event >= 0 && under_way <= MAX_LOOKUPS &&
		loop_watch(&lookup->watch, lookup->event, EPOLLIN) &&
		pthread_attr_init(&attributes) == 0)
	{
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
		started = pthread_create(&thread, &attributes, look, lookup) == 0;
		pthread_attr_destroy(&attributes);
	}
	if (started)
		return lookup;
	under_way--;
	loop_unwatch(&lookup->watch);
	lookup->holders = 1;
	let_go(lookup);
	return NULL;
}

void
lookup_cancel(Lookup *lookup)
{
	loop_unwatch(&lookup->watch);
	let_go(lookup);
}

/*
 * A thread's body.
 */
static void *
look(void *arg)
{
	Lookup *lookup = arg;
	struct addrinfo hints = {.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG,
							 .ai_socktype = SOCK_STREAM};
	uint64_t one = 1;
	int result = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->addresses);

	if (result != 0)
	{
		lookup->addresses = NULL;
		snprintf(lookup->error, sizeof(lookup->error), "%s",
				 result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
	}
	/* it cannot fail: the counter is at 0 */
	if (write(lookup->event, &one, sizeof(one)) < 0)
		lookup->error[0] = '\0';
	under_way--;
	let_go(lookup);
	return NULL;
}

/*
 * The thread has ended.
 */
static void
answered(Watch *watch, uint32_t events)
{
	Lookup *lookup = watch->owner;
	struct addrinfo *addresses = lookup->addresses;

	(void) events;
	loop_unwatch(&lookup->watch);
	lookup->addresses = NULL;
	lookup->found(lookup->owner, addresses, lookup->error);
	let_go(lookup);
}

/*
 * Frees it, if nobody else holds it.
 */
static void
let_go(Lookup *lookup)
{
	if (--lookup->holders > 0)
		return;
	if (lookup->addresses)
		freeaddrinfo(lookup->addresses);
	if (lookup->event >= 0)
		close(lookup->event);
	free(lookup);
}
