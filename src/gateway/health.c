/*
 * health.c
 *		Answers /live, /health and /cluster-health.
 */
#include "health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/dispatcher.h"
#include "failure.h"
#include "log.h"
#include "loop.h"
#include "routes.h"

/* the extensions that this gateway works with: from this version to its own */
#define OLDEST_EXTENSION "0.2.0"

/* the extension's version, the role, which operations it may not call, the database, and whether it may call the joined one */
#define FACTS                                                                                                \
	"SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'restate_admin'), current_user," \
	" (SELECT pg_catalog.string_agg(name, ', ') FROM pg_catalog.unnest('{restate_purge_journal,"             \
	" restate_purge_journal_batch, restate_delete_invocation, restate_restart_as_new,"                       \
	" restate_restart_as_new_batch, restate_cancel, restate_cancel_batch, restate_kill, restate_kill_batch," \
	" restate_purge, restate_purge_batch, restate_pause, restate_pause_batch, restate_resume,"               \
	" restate_resume_batch}'::pg_catalog.text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc"   \
	" WHERE proname = name AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace"                         \
	" AND pg_catalog.has_function_privilege(oid, 'EXECUTE'))), pg_catalog.current_database(),"               \
	" EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = 'restate_joined'"                               \
	" AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace"                                              \
	" AND pg_catalog.has_function_privilege(oid, 'EXECUTE'))"

/* an operation on an invocation that cannot be: the library is loaded and looks at the extension */
#define TRIAL                                        \
	"SELECT ok FROM pg_catalog.restate_pause_batch(" \
	"'{inv_1000000000000000000000000000000000}'::pg_catalog.restate_invocation_id[])"

/*
 * The role, and what of $1 (functions) and $2 (views of restate) it may not use.  For the
 * roles of the ingress and the dispatcher, each asked in a session of its own.
 */
#define LACKS                                                                                                       \
	"SELECT current_user, (SELECT pg_catalog.string_agg(name, ', ') FROM (SELECT name"                              \
	" FROM pg_catalog.unnest($1::pg_catalog.text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc"       \
	" WHERE proname = name AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace"                                \
	" AND pg_catalog.has_function_privilege(oid, 'EXECUTE')) UNION ALL SELECT 'restate.' || name"                   \
	" FROM pg_catalog.unnest($2::pg_catalog.text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c" \
	" JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = name"                           \
	" AND n.nspname = 'restate' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"                                \
	" AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))) AS lacking)"

enum
{
	STEP_FACTS,
	STEP_TRIAL,
	STEP_INGRESS,
	STEP_WORKER,
	STEPS
};

/* what the roles of steps need */
static const char *const needs_of[STEPS][2] = {
	[STEP_INGRESS] = {"{restate_ingress_submit, restate_ingress_attach, restate_ingress_results,"
					  " restate_ingress_awakeable, restate_ingress_health}",
					  "{}"},
	[STEP_WORKER] = {"{restate_claim, restate_push, restate_push_and_claim, restate_fail_attempt,"
					 " restate_heartbeat}",
					 "{sys_deployment, admin_deployment}"}};
static const char *const options_of[STEPS] = {[STEP_INGRESS] = "--ingress-db",
											  [STEP_WORKER] = "--worker-db"};

static bool begin(Task *task);
static bool next(Task *task);
static void ended(Task *task, TaskEnd how);
static void ended_of_cluster(Task *task, TaskEnd how);
static void go_on(Task *task, TaskEnd how, void (*answer_ready)(Exchange *exchange));
static Pool *pool_of_step(int step);
static void answer_healthy(Exchange *exchange);
static void answer_cluster(Exchange *exchange);
static void take_result(Task *task, const PGresult *result);
static void take_facts(Exchange *exchange, const PGresult *result);
static void take_lacks(Exchange *exchange, const PGresult *result);
static void answer_not_ready(Exchange *exchange, const char *why);
static bool fits(const char *version);
static int compare_versions(const char *a, const char *b);
static void note(const char *why);

/* the version of the extension, as it was last found */
static char extension[40];

static Lanes *lanes;
static Pool *ingress_pool;

const TaskKind health_task = {.begin = begin,
							  .result = take_result,
							  .next = next,
							  .ended = ended};
const TaskKind cluster_health_task = {.begin = begin,
									  .result = take_result,
									  .next = next,
									  .ended = ended_of_cluster};

/*
 * Answers that the gateway runs, whatever the database does.
 */
void
prepare_live(Exchange *exchange)
{
	answer_empty(exchange, 200);
}

void
health_configure(Lanes *with_lanes, Pool *ingress)
{
	lanes = with_lanes;
	ingress_pool = ingress;
}

void
health_look(Pool *pool)
{
	Exchange *exchange = exchange_new("/health");

	if (exchange == NULL)
		return;
	strcpy(exchange->method, "GET");
	route_find(exchange);
	exchange->answered = exchange_free;
	exchange->task.kind = &health_task;
	exchange->task.deadline = loop_now() + HEALTH_SECONDS * 1000;
	pool_submit(pool, &exchange->task);
}

/*
 * Begins with what the database has, also again in a new session; of a role of its own
 * with what that may do.
 */
static bool
begin(Task *task)
{
	static const Statement facts = {.sql = FACTS};
	Exchange *exchange = exchange_of(task);
	Statement lacks = {.sql = LACKS, .nparams = 2, .params = needs_of[exchange->step]};

	if (exchange->step >= STEP_INGRESS)
		return session_execute(task->session, &lacks);
	exchange->step = STEP_FACTS;
	return session_execute(task->session, &facts);
}

/*
 * Goes on with the trial, where nothing is missing so far.
 */
static bool
next(Task *task)
{
	static const Statement trial = {.sql = TRIAL};
	Exchange *exchange = exchange_of(task);

	if (exchange->status == 0 && exchange->step == STEP_FACTS)
	{
		exchange->step = STEP_TRIAL;
		return session_execute(task->session, &trial);
	}
	task_done(task);
	return true;
}

/*
 * Goes on for /health.
 */
static void
ended(Task *task, TaskEnd how)
{
	go_on(task, how, answer_healthy);
}

/*
 * Goes on for /cluster-health.
 */
static void
ended_of_cluster(Task *task, TaskEnd how)
{
	go_on(task, how, answer_cluster);
}

/*
 * Goes on with the next role, where nothing is missing so far; after the last nothing
 * is, and that is answered.
 */
static void
go_on(Task *task, TaskEnd how, void (*answer_ready)(Exchange *exchange))
{
	Exchange *exchange = exchange_of(task);
	char why[128];

	if (how == TASK_UNREACHABLE && exchange->step >= STEP_INGRESS)
	{
		snprintf(why, sizeof(why), "the database cannot be reached with %s",
				 options_of[exchange->step]);
		answer_not_ready(exchange, why);
		exchange->answered(exchange);
		return;
	}
	if (how == TASK_DONE && exchange->status == 0)
	{
		int step = exchange->step < STEP_TRIAL ? STEP_TRIAL : exchange->step;

		/* one whose sessions are all in use can be reached */
		do
			step++;
		while (step < STEPS && (pool_of_step(step) == NULL || pool_waiting(pool_of_step(step)) > 0));
		if (step < STEPS)
		{
			int64_t deadline = task->deadline;
			const TaskKind *kind = task->kind;

			exchange->step = step;
			memset(task, 0, sizeof(*task));
			task->kind = kind;
			task->deadline = deadline;
			pool_submit(pool_of_step(step), task);
			return;
		}
		note(NULL);
		answer_ready(exchange);
	}
	answer_task_end(task, how);
}

/*
 * Returns the sessions of the role that a step asks; NULL where it has none.
 */
static Pool *
pool_of_step(int step)
{
	return step == STEP_INGRESS ? ingress_pool : dispatcher_pool();
}

/*
 * Answers that requests can be served.
 */
static void
answer_healthy(Exchange *exchange)
{
	answer_empty(exchange, 200);
}

/*
 * Answers the same with the database as the cluster: it has no metadata
 * servers of its own.
 */
static void
answer_cluster(Exchange *exchange)
{
	buffer_add_text(&exchange->answer, "{\"cluster_name\":");
	buffer_add_json_string(&exchange->answer, exchange->args[0]);
	buffer_add_text(&exchange->answer, ",\"metadata_cluster_health\":null}");
	answer_json(exchange, 200);
}

/*
 * Takes the result of a step.
 */
static void
take_result(Task *task, const PGresult *result)
{
	Exchange *exchange = exchange_of(task);
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
	{
		if (exchange->step == STEP_FACTS)
			take_facts(exchange, result);
		else if (exchange->step >= STEP_INGRESS)
			take_lacks(exchange, result);
	}
	else if (task_tries_again(task, result, true))
		return;
	/* one of our own refuses: it works; a standby does so */
	else if (sqlstate == NULL || strncmp(sqlstate, "PT", 2) != 0)
	{
		if (session_is_stale(result, true))
			answer_not_ready(exchange, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
		else
			answer_failure(exchange, result);
	}
}

/*
 * Answers where something is missing of what the database has.
 */
static void
take_facts(Exchange *exchange, const PGresult *result)
{
	char why[1024] = "";

	snprintf(extension, sizeof(extension), "%s",
			 PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "");
	if (PQntuples(result) != 1 || PQgetisnull(result, 0, 0))
		snprintf(why, sizeof(why), "the database has no extension restate_admin");
	else if (!fits(PQgetvalue(result, 0, 0)))
		snprintf(
			why, sizeof(why),
			"extension restate_admin is of version %.32s, and the gateway, " RESTATE_ADMIN_VERSION
			", works with " OLDEST_EXTENSION " to " RESTATE_ADMIN_VERSION,
			PQgetvalue(result, 0, 0));
	else if (!PQgetisnull(result, 0, 2))
		snprintf(why, sizeof(why), "role %.64s may not execute %.512s", PQgetvalue(result, 0, 1),
				 PQgetvalue(result, 0, 2));
	if (why[0])
		answer_not_ready(exchange, why);
	else
	{
		if (lanes)
			lanes_allow(lanes, PQgetvalue(result, 0, 4)[0] == 't');
		if (exchange->args[0] == NULL)
			(void) exchange_keep(exchange, &exchange->args[0], PQgetvalue(result, 0, 3));
	}
}

/*
 * Answers where a role may not do what it has to.
 */
static void
take_lacks(Exchange *exchange, const PGresult *result)
{
	char why[1024];

	if (PQntuples(result) != 1 || PQgetisnull(result, 0, 1))
		return;
	snprintf(why, sizeof(why), "role %.64s of %s may not use %.512s", PQgetvalue(result, 0, 0),
			 options_of[exchange->step], PQgetvalue(result, 0, 1));
	answer_not_ready(exchange, why);
}

/*
 * Answers that requests cannot be served, and why.
 */
static void
answer_not_ready(Exchange *exchange, const char *why)
{
	note(why);
	answer_error(exchange, 503, "not_ready", why);
}

/*
 * Returns whether the gateway works with this version of the extension.
 */
static bool
fits(const char *version)
{
	return compare_versions(version, OLDEST_EXTENSION) >= 0 &&
		   compare_versions(version, RESTATE_ADMIN_VERSION) <= 0;
}

/*
 * Returns what strcmp would of two versions, by their first three numbers.
 */
static int
compare_versions(const char *a, const char *b)
{
	for (int i = 0; i < 3; i++)
	{
		char *after_a;
		char *after_b;
		long of_a = strtol(a, &after_a, 10);
		long of_b = strtol(b, &after_b, 10);

		if (of_a != of_b)
			return of_a < of_b ? -1 : 1;
		a = after_a + (*after_a == '.');
		b = after_b + (*after_b == '.');
	}
	return 0;
}

/*
 * Logs why requests cannot be served, or with a NULL that they can, when that
 * changes.
 */
static void
note(const char *why)
{
	static char before[1024] = "unknown";
	char quoted[1200];

	if (strcmp(why ? why : "", before) == 0)
		return;
	snprintf(before, sizeof(before), "%s", why ? why : "");
	if (why)
		log_event(LOG_ERROR, "event=not_ready error=%s", log_quote(why, quoted, sizeof(quoted)));
	else
		log_event(LOG_INFO,
				  "event=ready extension=%s fits=\"" OLDEST_EXTENSION " to " RESTATE_ADMIN_VERSION
				  "\"",
				  extension);
}
