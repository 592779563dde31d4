/*
 * main.c
 *		restate-admin-http: Restate's Admin API over the tables of
 *		restate_admin.
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "options.h"
#include "pool.h"
#include "query.h"
#include "server.h"

/*
 * requests that may wait for a connection: the CLI sends 500 at once; fewer
 * than clients may be connected, so that more are told and not left to wait
 */
#define QUEUE_LIMIT 768

#define OPERATIONS_SETUP "SET search_path = pg_catalog"
#define QUERIES_SETUP                                                    \
	"SET search_path = restate; SET default_transaction_read_only = on;" \
	" SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex'"

/*
 * Runs the gateway until SIGTERM or SIGINT.
 */
int
main(int argc, char **argv)
{
	Options options;
	PoolConfig operations_config = {.name = "operations", .setup = OPERATIONS_SETUP};
	PoolConfig queries_config = {.name = "queries", .setup = QUERIES_SETUP};
	Pool *operations;
	Pool *queries = NULL;
	sigset_t signals;
	int signal_number;

	options_read(&options, argc, argv);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	/* blocked in every thread, and waited for in this one */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);

	query_configure(options.query_row_limit);
	operations_config.conninfo = options.db;
	operations_config.size = options.pool;
	operations_config.queue_limit = QUEUE_LIMIT;
	operations_config.statement_timeout = options.request_timeout;
	operations = pool_start(&operations_config);
	if (options.query_db)
	{
		queries_config.conninfo = options.query_db;
		queries_config.size = options.query_pool;
		queries_config.queue_limit = QUEUE_LIMIT;
		queries_config.statement_timeout = options.request_timeout;
		queries = pool_start(&queries_config);
	}
	if (operations == NULL || (options.query_db && queries == NULL))
	{
		log_event(LOG_ERROR, "event=start_failed error=\"cannot start threads\"");
		return 1;
	}
	if (!server_start(&options, operations, queries))
	{
		log_event(LOG_ERROR, "event=start_failed error=\"cannot listen\"");
		return 1;
	}
	log_event(LOG_INFO, "event=started version=" RESTATE_ADMIN_VERSION);
	sigwait(&signals, &signal_number);
	log_event(LOG_INFO, "event=stopping");
	server_stop(options.request_timeout);
	pool_stop(operations);
	if (queries)
		pool_stop(queries);
	free(options.token);
	log_event(LOG_INFO, "event=stopped");
	return 0;
}
