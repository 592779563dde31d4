/*
 * server.c
 *		Listens with libmicrohttpd, on the event loop: its connections, its turns,
 *		and its end.
 */
#include "server.h"

#include <limits.h>
#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "bodies.h"
#include "clock.h"
#include "connections.h"
#include "console.h"
#include "discovery.h"
#include "dispatch/dispatcher.h"
#include "guard.h"
#include "loop.h"
#include "reads.h"
#include "requests.h"
#include "stream.h"
#include "waiting.h"

#define MAX_CONNECTIONS		 16384
/* descriptors that are not clients' */
#define OTHER_DESCRIPTORS	 1100
/* connections that are accepted while others are being shut for them */
#define RESERVED_CONNECTIONS 64
#define IDLE_SECONDS		 30U
/* how long what runs may take to end when it is told to, and its answer to be sent */
#define GIVE_UP_MS			 2500
/* how often libmicrohttpd is run in a turn while it has something to do */
#define MAX_RUNS			 32

#define MAX_LISTENINGS 2

static Listening listenings[MAX_LISTENINGS];
static int nlistenings;
static const Options *options;
static Pools pools;
static Timer patience; /* while draining */
static int most;	   /* connections */
static bool draining;
static bool giving_up;

static int most_connections(void);
static int turn(Listening *listening);
static void mhd_ready(Watch *watch, uint32_t events);
static void lose_patience(Timer *timer);
static void watch_connection(void *arg, struct MHD_Connection *connection, void **state,
							 enum MHD_ConnectionNotificationCode code);
static void client_left(Connection *connection);

void
server_start(const Options *with_options, const Pools *with_pools)
{
	options = with_options;
	pools = *with_pools;
	patience.fire = lose_patience;
	most = most_connections();
	requests_start(options, with_pools);
	guard_configure(options);
	bodies_configure((size_t) options->request_bodies * 1024 * 1024);
	console_configure(options);
	reads_configure(pools.operations, pools.lanes, pools.queries);
	connections_start(most, client_left);
}

bool
server_listen(int socket, const Port *port)
{
	Listening *listening = &listenings[nlistenings];
	const union MHD_DaemonInfo *info;

	listening->port = port;
	listening->watch.ready = mhd_ready;
	listening->watch.owner = listening;
	listening->mhd = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request_go_on, NULL,
		MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_URI_LOG_CALLBACK, request_begin, listening,
		MHD_OPTION_UNESCAPE_CALLBACK, request_keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		request_end, NULL, MHD_OPTION_NOTIFY_CONNECTION, watch_connection, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned) most + RESERVED_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
		MHD_OPTION_STRICT_FOR_CLIENT, -1, MHD_OPTION_END);
	if (listening->mhd == NULL)
		return false;
	nlistenings++;
	info = MHD_get_daemon_info(listening->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	return info && loop_watch(&listening->watch, info->epoll_fd, EPOLLIN);
}

/*
 * Returns how many connections there may be: as many as we may have
 * descriptors for, of which we take all that we are allowed.
 */
static int
most_connections(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 512;
	if (files.rlim_cur < files.rlim_max)
	{
		files.rlim_cur = files.rlim_max;
		(void) setrlimit(RLIMIT_NOFILE, &files);
		(void) getrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur > MAX_CONNECTIONS + OTHER_DESCRIPTORS)
		return MAX_CONNECTIONS;
	return files.rlim_cur > 2 * OTHER_DESCRIPTORS ? (int) files.rlim_cur - OTHER_DESCRIPTORS :
													(int) files.rlim_cur / 2;
}

int
server_turn(void)
{
	int ms = INT_MAX;

	for (int i = 0; i < nlistenings; i++)
	{
		int wait = turn(&listenings[i]);

		if (wait < ms)
			ms = wait;
	}
	connections_turn();
	if (pools.lanes)
		lanes_turn(pools.lanes);
	if (pools.submits)
		lanes_turn(pools.submits);
	return ms;
}

/*
 * Has libmicrohttpd do what there is to do at one place; returns for how long at most
 * there is nothing more.
 */
static int
turn(Listening *listening)
{
	int64_t now = loop_now();
	MHD_UNSIGNED_LONG_LONG ms = 0;

	if (!listening->is_due && now < listening->due_at)
		return listening->due_at - now > INT_MAX ? INT_MAX : (int) (listening->due_at - now);
	listening->is_due = false;
	for (int runs = 0; ms == 0 && runs < MAX_RUNS; runs++)
	{
		MHD_run(listening->mhd);
		if (MHD_get_timeout(listening->mhd, &ms) != MHD_YES || ms > INT_MAX)
			ms = INT_MAX;
	}
	listening->due_at = now + (int64_t) ms;
	return (int) ms;
}

bool
server_has_drained(void)
{
	return draining && requests_under_way() == 0;
}

/*
 * The next turn does what there is to do.
 */
static void
mhd_ready(Watch *watch, uint32_t events)
{
	Listening *listening = watch->owner;

	(void) events;
	listening->is_due = true;
}

int
server_drain_seconds(const Options *with_options)
{
	return with_options->drain_timeout + (GIVE_UP_MS + 999) / 1000;
}

void
server_drain(void)
{
	if (draining)
		return;
	draining = true;
	requests_drain();
	clock_drain();
	if (!loop_set_timer(&patience, loop_now() + options->drain_timeout * 1000))
		loop_end();
}

/*
 * Gives up what is still under way when the gateway is to stop: first what it
 * runs, then its answers, too.
 */
static void
lose_patience(Timer *timer)
{
	if (giving_up || !loop_set_timer(timer, loop_now() + GIVE_UP_MS))
	{
		loop_end();
		return;
	}
	giving_up = true;
	dispatcher_give_back();
	clock_give_up();
	discovery_give_up();
	if (pools.lanes)
		lanes_give_up(pools.lanes);
	pool_give_up(pools.operations);
	pool_give_up(pools.health);
	if (pools.queries)
		pool_give_up(pools.queries);
	if (pools.submits)
		lanes_give_up(pools.submits);
	if (pools.ingress)
		pool_give_up(pools.ingress);
	waiting_give_up();
}

void
server_stop(void)
{
	loop_clear_timer(&patience);
	for (int i = 0; i < nlistenings; i++)
	{
		loop_unwatch(&listenings[i].watch);
		MHD_stop_daemon(listenings[i].mhd);
	}
}

/*
 * Keeps a new connection, or forgets it.
 */
static void
watch_connection(void *arg, struct MHD_Connection *connection, void **state,
				 enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	Connection *opened;
	int fd;

	(void) arg;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
	{
		if (*state)
			connection_close(*state);
		*state = NULL;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return;
	fd = info->connect_fd;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info == NULL || info->client_addr == NULL)
		return;
	opened = connection_open(fd, info->client_addr);
	if (opened)
		opened->is_late = draining;
	*state = opened;
}

/*
 * Nobody waits for what is being served any more.
 */
static void
client_left(Connection *connection)
{
	if (connection->exchange == NULL || waiting_leave(connection->exchange))
		return;
	if (connection->exchange->discovery && connection->exchange->task.pool == NULL)
	{
		discovery_withdraw(connection->exchange);
		return;
	}
	stream_leave(connection->exchange);
	pool_withdraw(&connection->exchange->task);
}
