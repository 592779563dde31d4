/*
 * main.c
 *		restate-gateway: Restate's Admin API, ingress and handlers of
 *		services over the tables of restate_admin.
 */
#include <errno.h>
#include <libpq-fe.h>
#include <malloc.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "asks.h"
#include "backlog.h"
#include "buffer.h"
#include "clock.h"
#include "deploy/tls.h"
#include "dispatch/dispatcher.h"
#include "handlers.h"
#include "health.h"
#include "ingress.h"
#include "lanes.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include "notify.h"
#include "options.h"
#include "port.h"
#include "pool.h"
#include "query.h"
#include "reads.h"
#include "routes.h"
#include "server.h"
#include "static.h"
#include "waiting.h"

/*
 * requests that may wait for a session: the CLI sends 500 at once; fewer
 * than clients may be connected, so that more are told and not left to wait
 */
#define QUEUE_LIMIT 768

/* clients of the ingress come all at once, and wait */
#define INGRESS_QUEUE_LIMIT 16384

static const Options *options;

static Port admin_port = {.find = route_find};

static bool trust(const char *ca_file);
static bool start_pools(Pools *pools);
static bool start_dispatcher(bool with_ingress);
static int turn(void);
static bool listen_at(const Place *place, const Port *port, const char *what, char *where, int size);
static void tell_ingress(const char *where);
static bool watch_signals(Watch *watch);
static void stop(Watch *watch, uint32_t events);
static int fail(const char *what);

/*
 * Runs the gateway until SIGTERM or SIGINT.
 */
int
main(int argc, char **argv)
{
	static Options given;
	Pools pools = {0};
	Watch signals = {0};
	char where[128];
	char quoted[256];

	options_read(&given, argc, argv);
	options = &given;
	/* large memory is given back when it is freed, however large it gets */
	mallopt(M_MMAP_THRESHOLD, LARGE_PIECE);
	mallopt(M_TRIM_THRESHOLD, 2 * LARGE_PIECE);
	asks_configure(given.poll);
	query_configure(given.query_row_limit, given.request_timeout);
	if (!static_configure(given.ui_dir))
	{
		log_event(
			LOG_ERROR,
			"event=start_failed error=\"there is no index.html to serve\" ui_dir=%s reason=%s",
			log_quote(given.ui_dir, where, sizeof(where)),
			log_quote(strerror(errno), quoted, sizeof(quoted)));
		return 1;
	}
	if (given.deployment_ca_file && !trust(given.deployment_ca_file))
		return 1;
	if (!loop_start() || !watch_signals(&signals) || !start_pools(&pools))
		return fail("start");
	server_start(&given, &pools);
	admin_port.token = given.token;
	if (!listen_at(&given.listen, &admin_port, "listen", where, sizeof(where)))
		return 1;
	if (pools.ingress &&
		(!waiting_start(pools.ingress, given.ingress_db ? given.ingress_db : given.db,
						given.request_timeout) ||
		 !listen_at(&given.ingress, ingress_configure(given.ingress_token), "ingress", where,
					sizeof(where))))
		return 1;
	tell_ingress(pools.ingress ? where : NULL);
	notify_ready();
	health_look(pools.health);
	if (!backlog_start(pools.health))
		return fail("start");
	if (given.clock && !clock_start(given.db, dispatcher_wake))
		return fail("start the clock");
	if (!start_dispatcher(pools.ingress != NULL))
		return fail("start");
	loop_run(turn);
	dispatcher_stop();
	clock_stop();
	if (pools.lanes)
		lanes_stop(pools.lanes);
	pool_stop(pools.operations);
	pool_stop(pools.health);
	if (pools.queries)
		pool_stop(pools.queries);
	if (pools.submits)
		lanes_stop(pools.submits);
	if (pools.ingress)
		pool_stop(pools.ingress);
	server_stop();
	waiting_stop();
	backlog_stop();
	handlers_free();
	listener_remove(&given.listen);
	listener_remove(&given.ingress);
	close(signals.fd);
	loop_free();
	tls_free_configuration();
	options_free(&given);
	log_event(LOG_INFO, "event=stopped");
	return 0;
}

/*
 * Trusts the certificates in a file, for deployments; returns whether that goes.
 */
static bool
trust(const char *ca_file)
{
	char file[256];
	char quoted[256];
	const char *error = tls_configure(ca_file);

	if (error == NULL)
		return true;
	log_event(LOG_ERROR,
			  "event=start_failed error=\"the certificates cannot be read\" deployment_ca_file=%s reason=%s",
			  log_quote(ca_file, file, sizeof(file)), log_quote(error, quoted, sizeof(quoted)));
	return false;
}

/*
 * Begins to serve at a place, and writes where that is; returns whether it goes.
 */
static bool
listen_at(const Place *place, const Port *port, const char *what, char *where, int size)
{
	char quoted[256];
	int socket = listener_open(place, where, size);

	if (socket < 0 || !server_listen(socket, port))
	{
		log_event(LOG_ERROR, "event=start_failed error=\"cannot listen\" %s=%s reason=%s", what,
				  where, log_quote(strerror(errno), quoted, sizeof(quoted)));
		return false;
	}
	log_event(LOG_INFO,
			  "event=started version=" RESTATE_ADMIN_VERSION " libpq=%d libmicrohttpd=%s %s=%s",
			  PQlibVersion(), MHD_get_version(), what, where);
	return true;
}

/*
 * Has clients told where the ingress is: at the URL that is given, or where it
 * listens; NULL for nowhere.
 */
static void
tell_ingress(const char *where)
{
	static char url[160];

	if (options->ingress_url)
		reads_tell_ingress(options->ingress_url);
	else if (where && listener_url(where, url, sizeof(url)))
		reads_tell_ingress(url);
}

/*
 * Starts the pools; their sessions are opened when they are needed.
 */
static bool
start_pools(Pools *pools)
{
	/* what is not joined has a session in any case */
	int nlanes = options->lanes < options->pool ? options->lanes : options->pool - 1;
	int ningress_lanes =
		options->lanes < options->ingress_pool ? options->lanes : options->ingress_pool - 1;
	PoolConfig operations = {
		.slots = {.name = "operations", .conninfo = options->db, .size = options->pool - nlanes},
		.queue_limit = QUEUE_LIMIT};
	LanesConfig lanes = {.kind = &joined_operations,
						 .slots = {.name = "lanes", .conninfo = options->db, .size = nlanes},
						 .queue_limit = QUEUE_LIMIT};
	PoolConfig health = {.slots = {.name = "health", .conninfo = options->db, .size = 1},
						 .queue_limit = QUEUE_LIMIT};
	PoolConfig queries = {.slots = {.name = "queries",
									.conninfo = options->query_db,
									.size = options->query_pool,
									.largest_piece = QUERY_MAX_ANSWER},
						  .queue_limit = QUEUE_LIMIT};
	PoolConfig ingress = {.slots = {.name = "ingress",
									.conninfo = options->ingress_db ? options->ingress_db : options->db,
									.size = options->ingress_pool - ningress_lanes},
						  .queue_limit = INGRESS_QUEUE_LIMIT};
	LanesConfig submits = {.kind = &joined_submits,
						   .slots = {.name = "submits",
									 .conninfo = ingress.slots.conninfo,
									 .size = ningress_lanes},
						   .queue_limit = INGRESS_QUEUE_LIMIT};

	if (options->ingress.len > 0)
	{
		pools->ingress = pool_start(&ingress);
		submits.pool = pools->ingress;
		if (ningress_lanes > 0 && pools->ingress)
			pools->submits = lanes_start(&submits);
		if (pools->ingress == NULL || (pools->submits == NULL && ningress_lanes > 0))
			return false;
	}
	pools->operations = pool_start(&operations);
	pools->health = pool_start(&health);
	if (options->query_db)
		pools->queries = pool_start(&queries);
	lanes.pool = pools->operations;
	if (nlanes > 0 && pools->operations)
		pools->lanes = lanes_start(&lanes);
	health_configure(pools->lanes, pools->ingress);
	return pools->operations && pools->health && (pools->lanes || nlanes == 0) &&
		   (pools->queries || options->query_db == NULL);
}

/*
 * Begins to run handlers, where that is asked for.
 */
static bool
start_dispatcher(bool with_ingress)
{
	DispatcherConfig config = {.conninfo = options->worker_db,
							   .slots = options->worker_slots,
							   .deployment_slots = options->deployment_slots,
							   .most_bytes = (size_t) options->in_flight * 1024 * 1024,
							   .due = clock_look};

	/* what it has done itself it need not be notified of */
	if (with_ingress)
	{
		config.name = waiting_name();
		config.over = waiting_is_over;
	}
	return options->worker_db == NULL || dispatcher_start(&config);
}

/*
 * Does what there is to do before each wait, and ends the loop when what was to end
 * has.
 */
static int
turn(void)
{
	int ms = server_turn();

	if (!server_has_drained() || clock_is_busy() || !dispatcher_is_idle())
		return ms;
	loop_end();
	return 0;
}

/*
 * Has the loop take the signals that end us; a client that has gone is no
 * signal.
 */
static bool
watch_signals(Watch *watch)
{
	sigset_t signals;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	watch->ready = stop;
	return fd >= 0 && loop_watch(watch, fd, EPOLLIN);
}

/*
 * Begins to end: there is a signal.
 */
static void
stop(Watch *watch, uint32_t events)
{
	struct signalfd_siginfo info;

	(void) events;
	while (read(watch->fd, &info, sizeof(info)) > 0)
		;
	log_event(LOG_INFO, "event=stopping");
	notify_stopping(server_drain_seconds(options));
	server_drain();
	dispatcher_drain();
}

/*
 * Says that the gateway cannot start, and why.
 */
static int
fail(const char *what)
{
	char quoted[256];

	log_event(LOG_ERROR, "event=start_failed error=\"cannot %s\" reason=%s", what,
			  log_quote(strerror(errno), quoted, sizeof(quoted)));
	return 1;
}
