/*
 * routes.c
 *		The table of routes.
 */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "batch.h"
#include "bulk.h"
#include "call.h"
#include "console.h"
#include "discovery.h"
#include "health.h"
#include "operations.h"
#include "query.h"
#include "reads.h"
#include "register.h"
#include "services.h"
#include "static.h"

#include "types/is_utf8.h"

/* an operation's call, which returns its outcome and the status for it */
#define CALL(operation, arguments)                         \
	"SELECT o, pg_catalog.restate_http_status('" operation \
	"', o) FROM pg_catalog.restate_" operation "(" arguments ") AS o"

#define BATCH_CALL(operation, arguments)                                \
	"SELECT id, ok, message, new_id FROM pg_catalog.restate_" operation \
	"_batch($1::pg_catalog.restate_invocation_id[]" arguments ")"       \
	" ORDER BY ordinality"

/* what stands after the functions is the rest of its joining */
#define OPERATION(path, name, call, count, prepare_function, answer_function, ...)                \
	{                                                                                             \
		.method = "PATCH", .segments = {"invocations", "*", path},                                \
		.pattern = "/invocations/{id}/" path, .needs = NEEDS_OPERATIONS, .sql = call,             \
		.nargs = count, .joining = {.operation = name, __VA_ARGS__}, .prepare = prepare_function, \
		.task = &one_call, .answer = answer_function                                              \
	}

#define BATCH(path, operation, arguments, count, prepare_function)                             \
	{                                                                                          \
		.method = "POST", .segments = {"internal", "invocations_batch_operations", path},      \
		.pattern = "/internal/invocations_batch_operations/" path, .needs = NEEDS_OPERATIONS,  \
		.body_limit = BATCH_MAX_BODY, .sql = BATCH_CALL(operation, arguments), .nargs = count, \
		.prepare = prepare_function, .task = &one_call, .answer = answer_batch                 \
	}

#define SEGMENTS(...) \
	{                 \
		__VA_ARGS__   \
	}

/* a document that a view renders */
#define READ(path, shown, call, count, category, prepare_function)                                \
	{                                                                                             \
		.method = "GET", .segments = path, .pattern = shown, .needs = NEEDS_QUERIES, .sql = call, \
		.nargs = count, .missing = category, .prepare = prepare_function, .task = &one_call,      \
		.answer = answer_document                                                                 \
	}

/* what is ours, and not of the Admin API */
#define ASK(path, call, count, prepare_function, answer_function)                                 \
	{                                                                                             \
		.method = "GET", .segments = {"admin", "invocations", "*", path},                         \
		.pattern = "/admin/invocations/{id}/" path, .needs = NEEDS_OPERATIONS, .sql = call,       \
		.nargs = count, .prepare = prepare_function, .task = &one_call, .answer = answer_function \
	}

/* of a bulk job that the path names */
#define BULK(verb, path, shown, call, count, prepare_function)                                    \
	{                                                                                             \
		.method = verb, .segments = {"admin", "bulk-jobs", "*", path},                            \
		.pattern = "/admin/bulk-jobs/{job}" shown, .needs = NEEDS_OPERATIONS, .sql = call,        \
		.nargs = count, .prepare = prepare_function, .task = &one_call, .answer = answer_document \
	}

/* the job as a document, after a call that changes it */
#define BULK_CALL(call)                                                \
	"SELECT pg_catalog.to_jsonb(j) FROM pg_catalog.restate_bulk_" call \
	" AS r, pg_catalog.restate_bulk_jobs(CASE WHEN r IS DISTINCT FROM NULL THEN $1::pg_catalog.uuid END) AS j"

/* all rows of a function or a subquery, in their order, as one array */
#define ROWS(source)                                                                  \
	"coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r) - 'n' ORDER BY r.n), '[]')" \
	" FROM (SELECT f.*, pg_catalog.row_number() OVER () AS n FROM " source " AS f) AS r"

/* the same as a document of nothing else */
#define ROWS_ALONE(source) "SELECT pg_catalog.jsonb_build_object('rows', d.rows) FROM (SELECT " ROWS(source) ") AS d (rows)"

/* what is stuck, the longest first, so many at once; a reason that there is not is refused */
#define STUCK_MAX_ROWS "1000"
#define STUCK_ROWS                                                                                       \
	"(SELECT s.reason, s.id, s.target, s.status, s.since::restate.instant, s.age::restate.duration,"     \
	" s.detail, s.target_service_name, s.target_service_key, s.target_handler_name, s.deployment_id,"    \
	" s.worker_name, s.related_id, s.waiting, s.retry_count, s.last_failure FROM restate.sys_stuck AS s" \
	" WHERE ($1::text IS NULL OR s.reason = $1) AND ($2::text IS NULL OR s.target_service_name = $2)"    \
	" ORDER BY s.since, s.reason, s.id LIMIT " STUCK_MAX_ROWS ")"
#define STUCK                                                                                           \
	ROWS_ALONE(STUCK_ROWS)                                                                              \
	" WHERE CASE WHEN $1 IS NOT NULL AND restate.stuck_after($1) IS NULL THEN"                          \
	" restate.refuse('invalid_query_parameter', 'reason must be one of restate.sys_stuck, and is', $1)" \
	" IS NULL ELSE true END"

/* what a deployment is needed for; null where nothing is known of it */
#define BLOCKER_ROWS                                                                                  \
	"(SELECT b.blocker, b.service_name, b.status, b.count, b.oldest_at::restate.instant, b.oldest_id" \
	" FROM restate.sys_deployment_blocker AS b"                                                       \
	" WHERE b.deployment_id = $1::pg_catalog.restate_deployment_id"                                   \
	" ORDER BY b.blocker, b.service_name, b.status)"
#define BLOCKERS                                                                         \
	"SELECT CASE WHEN d.rows <> '[]' OR EXISTS (SELECT FROM restate.sys_deployment AS g" \
	" WHERE g.id = $1::pg_catalog.restate_deployment_id)"                                \
	" THEN pg_catalog.jsonb_build_object('drained', d.rows = '[]', 'rows', d.rows) END"  \
	" FROM (SELECT " ROWS(BLOCKER_ROWS) ") AS d (rows)"

/* what the Admin API has and we do not, yet */
#define NOT_BUILT(verb, path, shown, message)                                     \
	{                                                                             \
		.method = verb, .segments = path, .pattern = shown, .not_built = message, \
		.prepare = prepare_not_built                                              \
	}

/* of a deployment that is registered */
#define UPDATE(verb, is_old)                                                                        \
	{                                                                                               \
		.method = verb, .segments = {"deployments", "*"}, .pattern = "/deployments/{id}",           \
		.needs = NEEDS_OPERATIONS, .body_limit = REGISTER_MAX_BODY,                                 \
		.sql = "SELECT pg_catalog.restate_update_deployment("                                       \
			   "$1::pg_catalog.restate_deployment_id, $3::pg_catalog.jsonb, $2::pg_catalog.jsonb)", \
		.nargs = 3, .codes = register_codes, .prepare = prepare_update, .before = discover,         \
		.task = &one_call, .answer = answer_document, .is_of_version_2 = is_old                     \
	}

/* of the web UI, which is no part of the API: /openapi does not name them */
#define UI(path, shown_path, prepare_function)                                   \
	.method = "GET", .segments = {path}, .pattern = shown_path, .is_open = true, \
	.is_served = static_is_served, .prepare = prepare_function

/* likewise of the console */
#define CONSOLE(shown_path, prepare_function)                                         \
	.method = "GET", .segments = {"console"}, .pattern = shown_path, .is_open = true, \
	.prepare = prepare_function

static const Route routes[] = {
	OPERATION("purge-journal", "purge_journal",
			  CALL("purge_journal", "$1::pg_catalog.restate_invocation_id"), 1, prepare_operation,
			  answer_operation, ),
	{.method = "DELETE",
	 .segments = {"invocations", "*"},
	 .pattern = "/invocations/{id}",
	 .needs = NEEDS_OPERATIONS,
	 .sql = CALL("delete_invocation", "$1::pg_catalog.restate_invocation_id, $2"),
	 .nargs = 2,
	 .joining = {.operation = "delete_invocation", .mode = 1},
	 .prepare = prepare_delete,
	 .task = &one_call,
	 .answer = answer_operation},
	OPERATION(
		"restart-as-new", "restart_as_new",
		"SELECT pg_catalog.restate_restart_as_new($1::pg_catalog.restate_invocation_id, $2::pg_catalog.int8, $3, $4)",
		4, prepare_restart, answer_restart, .from = 1, .deployment = 2, .request_id = 3),
	OPERATION("cancel", "cancel", CALL("cancel", "$1::pg_catalog.restate_invocation_id"), 1,
			  prepare_operation, answer_operation, ),
	OPERATION("kill", "kill", CALL("kill", "$1::pg_catalog.restate_invocation_id"), 1,
			  prepare_operation, answer_operation, ),
	OPERATION("purge", "purge", CALL("purge", "$1::pg_catalog.restate_invocation_id"), 1,
			  prepare_operation, answer_operation, ),
	OPERATION("pause", "pause", CALL("pause", "$1::pg_catalog.restate_invocation_id"), 1,
			  prepare_operation, answer_operation, ),
	OPERATION("resume", "resume", CALL("resume", "$1::pg_catalog.restate_invocation_id, $2"), 2,
			  prepare_resume, answer_operation, .deployment = 1),

	BATCH("purge-journal", "purge_journal", "", 1, prepare_batch),
	BATCH("restart-as-new", "restart_as_new", ", NULL, $2, $3", 3, prepare_batch_of_restarts),
	BATCH("cancel", "cancel", "", 1, prepare_batch),
	BATCH("kill", "kill", "", 1, prepare_batch),
	BATCH("purge", "purge", "", 1, prepare_batch),
	BATCH("pause", "pause", "", 1, prepare_batch),
	BATCH("resume", "resume", ", $2", 2, prepare_batch_on_deployment),

	ASK("explain",
		"SELECT CASE WHEN $2 = 'json' THEN pg_catalog.restate_explain_json($1::pg_catalog.restate_invocation_id)::text"
		" ELSE pg_catalog.restate_explain($1::pg_catalog.restate_invocation_id) END",
		2, prepare_explain, answer_explain),
	ASK("preview-restart",
		"SELECT pg_catalog.to_jsonb(p) FROM pg_catalog.restate_preview_restart("
		"$1::pg_catalog.restate_invocation_id, $2::pg_catalog.int8, $3, $4) AS p",
		4, prepare_preview, answer_document),
	ASK("dry-run",
		ROWS_ALONE("pg_catalog.restate_dry_run($2, ARRAY[$1::pg_catalog.restate_invocation_id], NULL,"
				   " $3::pg_catalog.int8, $4)"),
		4, prepare_dry_run, answer_document),
	ASK("restart-point",
		"SELECT pg_catalog.jsonb_build_object('from',"
		" pg_catalog.restate_restart_point($1::pg_catalog.restate_invocation_id, $2))",
		2, prepare_restart_point, answer_document),
	ASK("lineage", ROWS_ALONE("pg_catalog.restate_lineage($1::pg_catalog.restate_invocation_id)"), 1,
		prepare_operation, answer_document),
	ASK("call-tree", ROWS_ALONE("pg_catalog.restate_call_tree($1::pg_catalog.restate_invocation_id)"), 1,
		prepare_operation, answer_document),

	READ(SEGMENTS("admin", "stuck"), "/admin/stuck", STUCK, 2, NULL, prepare_stuck),
	READ(SEGMENTS("admin", "deployments", "*", "blockers"), "/admin/deployments/{id}/blockers",
		 BLOCKERS, 1, "deployment_not_found", prepare_deployment),

	{.method = "POST",
	 .segments = {"admin", "bulk-jobs"},
	 .pattern = "/admin/bulk-jobs",
	 .needs = NEEDS_OPERATIONS,
	 .body_limit = BULK_MAX_BODY,
	 .sql =
		 "SELECT CASE WHEN s.job IS NULL THEN pg_catalog.to_jsonb(s) ELSE (SELECT pg_catalog.to_jsonb(j)"
		 " FROM pg_catalog.restate_bulk_jobs(s.job) AS j) END, s.job IS NULL"
		 " FROM pg_catalog.restate_bulk_start($1, $2::pg_catalog.jsonb, $3::pg_catalog.jsonb, $4) AS s",
	 .nargs = 4,
	 .prepare = prepare_bulk_start,
	 .task = &one_call,
	 .answer = answer_bulk_start},
	{.method = "GET",
	 .segments = {"admin", "bulk-jobs"},
	 .pattern = "/admin/bulk-jobs",
	 .needs = NEEDS_OPERATIONS,
	 .sql = ROWS_ALONE("pg_catalog.restate_bulk_jobs()"),
	 .prepare = prepare_nothing,
	 .task = &one_call,
	 .answer = answer_document},
	BULK("GET", NULL, "",
		 "SELECT pg_catalog.to_jsonb(j) FROM pg_catalog.restate_bulk_jobs($1::pg_catalog.uuid) AS j", 1,
		 prepare_bulk_job),
	BULK("POST", "run", "/run",
		 BULK_CALL("run($1::pg_catalog.uuid, COALESCE($2::pg_catalog.int4, 1000))"), 2,
		 prepare_bulk_run),
	BULK("POST", "pause", "/pause", BULK_CALL("pause($1::pg_catalog.uuid)"), 1, prepare_bulk_job),
	BULK("POST", "resume", "/resume", BULK_CALL("resume($1::pg_catalog.uuid)"), 1,
		 prepare_bulk_job),
	BULK("POST", "abort", "/abort", BULK_CALL("abort($1::pg_catalog.uuid)"), 1, prepare_bulk_job),

	{.method = "POST",
	 .segments = {"query"},
	 .pattern = "/query",
	 .needs = NEEDS_QUERIES,
	 .body_limit = QUERY_MAX_BODY,
	 .prepare = prepare_query,
	 .task = &query_task},
	READ(SEGMENTS("deployments"), "/deployments", "SELECT document FROM restate.admin_deployments",
		 0, NULL, prepare_nothing),
	{.method = "POST",
	 .segments = {"deployments"},
	 .pattern = "/deployments",
	 .needs = NEEDS_OPERATIONS,
	 .body_limit = REGISTER_MAX_BODY,
	 .sql = "SELECT r.created, r.id, r.document - '{uri,protocol_type,http_version,additional_headers,metadata,created_at}'::pg_catalog.text[]"
			" FROM pg_catalog.restate_register_deployment($1, $2::pg_catalog.jsonb, $3::pg_catalog.jsonb) AS r",
	 .nargs = 3,
	 .codes = register_codes,
	 .prepare = prepare_register,
	 .before = discover,
	 .task = &one_call,
	 .answer = answer_registered},
	READ(
		SEGMENTS("deployments", "*"), "/deployments/{id}",
		"SELECT (SELECT document FROM restate.admin_deployment WHERE id = $1::pg_catalog.restate_deployment_id)",
		1, "deployment_not_found", prepare_deployment),
	{.method = "DELETE",
	 .segments = {"deployments", "*"},
	 .pattern = "/deployments/{id}",
	 .needs = NEEDS_OPERATIONS,
	 .sql = "SELECT pg_catalog.restate_remove_deployment($1::pg_catalog.restate_deployment_id, $2::pg_catalog.bool)",
	 .nargs = 2,
	 .prepare = prepare_remove_deployment,
	 .task = &one_call,
	 .answer = answer_accepted},
	UPDATE("PATCH", false),
	UPDATE("PUT", true),

	READ(SEGMENTS("services"), "/services", "SELECT document FROM restate.admin_services", 0, NULL,
		 prepare_nothing),
	READ(SEGMENTS("services", "*"), "/services/{name}",
		 "SELECT (SELECT document FROM restate.admin_service WHERE name = $1)", 1,
		 "service_not_found", prepare_service),
	{.method = "PATCH",
	 .segments = {"services", "*"},
	 .pattern = "/services/{name}",
	 .needs = NEEDS_OPERATIONS,
	 .body_limit = SERVICE_MAX_BODY,
	 .sql = "SELECT pg_catalog.restate_modify_service($1, $2::pg_catalog.jsonb)",
	 .nargs = 2,
	 .prepare = prepare_modify_service,
	 .task = &one_call,
	 .answer = answer_document},
	READ(SEGMENTS("services", "*", "handlers"), "/services/{name}/handlers",
		 "SELECT (SELECT document FROM restate.admin_service_handlers WHERE name = $1)", 1,
		 "service_not_found", prepare_service),
	READ(
		SEGMENTS("services", "*", "handlers", "*"), "/services/{name}/handlers/{handler}",
		"SELECT (SELECT document FROM restate.admin_handler WHERE service_name = $1 AND name = $2 LIMIT 1)",
		2, "handler_not_found", prepare_handler),
	READ(SEGMENTS("services", "*", "openapi"), "/services/{name}/openapi",
		 "SELECT (SELECT document FROM restate.admin_service_openapi WHERE name = $1)", 1,
		 "service_not_found", prepare_service),
	{.method = "POST",
	 .segments = {"services", "*", "state"},
	 .pattern = "/services/{name}/state",
	 .needs = NEEDS_OPERATIONS,
	 .body_limit = SERVICE_MAX_BODY,
	 .sql = "SELECT pg_catalog.restate_modify_state($1, $2, $3::pg_catalog.text[], $4::pg_catalog.bytea[], $5)",
	 .nargs = 5,
	 .prepare = prepare_modify_state,
	 .task = &one_call,
	 .answer = answer_accepted},

	NOT_BUILT("POST", SEGMENTS("subscriptions"), "/subscriptions",
			  "there are no subscriptions to Kafka here"),
	{.method = "GET",
	 .segments = {"subscriptions"},
	 .pattern = "/subscriptions",
	 .prepare = prepare_subscriptions},
	{.method = "GET",
	 .segments = {"subscriptions", "*"},
	 .pattern = "/subscriptions/{id}",
	 .prepare = prepare_subscription},
	NOT_BUILT("DELETE", SEGMENTS("subscriptions", "*"), "/subscriptions/{id}",
			  "there are no subscriptions to Kafka here"),

	{.method = "GET",
	 .segments = {"cluster-health"},
	 .pattern = "/cluster-health",
	 .needs = NEEDS_HEALTH,
	 .prepare = prepare_nothing,
	 .task = &cluster_health_task},
	{.method = "GET",
	 .segments = {"health"},
	 .pattern = "/health",
	 .needs = NEEDS_HEALTH,
	 .is_open = true,
	 .is_readiness = true,
	 .prepare = prepare_nothing,
	 .task = &health_task},
	{.method = "GET",
	 .segments = {"live"},
	 .pattern = "/live",
	 .is_open = true,
	 .prepare = prepare_live},
	{.method = "GET", .segments = {"version"}, .pattern = "/version", .prepare = prepare_version},
	{.method = "GET", .segments = {"openapi"}, .pattern = "/openapi", .prepare = prepare_openapi},
	{.method = "GET", .segments = {"metrics"}, .pattern = "/metrics", .prepare = prepare_metrics},

	{CONSOLE("/console", prepare_console_redirect)},
	{CONSOLE("/console/{file}", prepare_console), .is_prefix = true},
	{UI("", "/", prepare_ui_redirect)},
	{UI("ui", "/ui", prepare_ui_redirect)},
	{UI("ui", "/ui/{file}", prepare_ui), .is_prefix = true},
};

#define NROUTES ((int) (sizeof(routes) / sizeof(*routes)))

static bool text_is(UrlText text, const char *word);
static void pass_over_version(Exchange *exchange);
static bool path_matches(const Route *route, const Exchange *exchange);
static bool method_matches(const Route *route, const char *method);
static bool list_methods(Exchange *exchange);
static void decode_parameters(Exchange *exchange);
static bool decode(Exchange *exchange, UrlText text, char **value, size_t *len);

int
route_count(void)
{
	return NROUTES;
}

const Route *
route_at(int i)
{
	return &routes[i];
}

void
route_find(Exchange *exchange)
{
	url_parse(exchange->target, &exchange->url);
	pass_over_version(exchange);
	if (exchange->status)
		return;
	for (int i = 0; i < NROUTES; i++)
	{
		if (method_matches(&routes[i], exchange->method) &&
			path_matches(&routes[i], exchange))
		{
			exchange->route = &routes[i];
			decode_parameters(exchange);
			return;
		}
	}
	if (list_methods(exchange))
		answer_error(exchange, 405, "method_not_allowed", "the method is not served here");
	else
		answer_error(exchange, 404, "route_not_found", "nothing is served here");
}

/*
 * Returns whether the text is the word.
 */
static bool
text_is(UrlText text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.bytes, word, text.len) == 0;
}

/*
 * Takes the API version off the path: v2 and v3 are the same to us, v1 is no
 * longer served.
 */
static void
pass_over_version(Exchange *exchange)
{
	UrlTarget *url = &exchange->url;

	if (url->nsegments == 0 || url->nsegments > URL_MAX_SEGMENTS)
		return;
	if (text_is(url->segments[0], "v1"))
		answer_error(exchange, 400, "unsupported_api_version",
					 "version 1 of the Admin API is not served");
	else if (text_is(url->segments[0], "v2") || text_is(url->segments[0], "v3"))
	{
		exchange->is_version_2 = text_is(url->segments[0], "v2");
		url->nsegments--;
		memmove(&url->segments[0], &url->segments[1],
				sizeof(url->segments) - sizeof(url->segments[0]));
	}
}

/*
 * Returns whether the path is one of the route's.  A parameter at the end is
 * not empty.
 */
static bool
path_matches(const Route *route, const Exchange *exchange)
{
	const UrlTarget *url = &exchange->url;
	int i;

	if ((route->is_served && !route->is_served()) ||
		(route->is_of_version_2 && !exchange->is_version_2))
		return false;
	if (url->nsegments > ROUTE_MAX_SEGMENTS && !route->is_prefix)
		return false;
	for (i = 0; i < ROUTE_MAX_SEGMENTS && route->segments[i]; i++)
	{
		if (i >= url->nsegments)
			return false;
		if (strcmp(route->segments[i], "*") == 0)
		{
			if (url->segments[i].len == 0 && i + 1 == url->nsegments)
				return false;
		}
		else if (!text_is(url->segments[i], route->segments[i]))
			return false;
	}
	return route->is_prefix ? i < url->nsegments : i == url->nsegments;
}

/*
 * Returns whether the route serves the method.
 */
static bool
method_matches(const Route *route, const char *method)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	return strcmp(route->method, method) == 0;
}

/*
 * Lists the methods that the path is served with, in the order of the table.
 * Returns false where there are none.
 */
static bool
list_methods(Exchange *exchange)
{
	char *list = exchange->allow;
	size_t size = sizeof(exchange->allow);
	size_t len = 0;

	for (int i = 0; i < NROUTES; i++)
		if (path_matches(&routes[i], exchange) && len < size)
			len += (size_t) snprintf(list + len, size - len, "%s%s", len > 0 ? "," : "",
									 strcmp(routes[i].method, "GET") == 0 ? "GET,HEAD" :
																			routes[i].method);
	return len > 0;
}

/*
 * Decodes the parameters in the path, as many as the route has.
 */
static void
decode_parameters(Exchange *exchange)
{
	for (int i = 0; i < ROUTE_MAX_SEGMENTS && exchange->route->segments[i]; i++)
	{
		UrlText text = exchange->url.segments[i];

		if (strcmp(exchange->route->segments[i], "*") != 0)
			continue;
		if (exchange->path_parameter == NULL)
		{
			if (!decode(exchange, text, &exchange->path_parameter, &exchange->path_parameter_len))
				return;
		}
		else if (!decode(exchange, text, &exchange->inner_parameter,
						 &exchange->inner_parameter_len))
			return;
	}
}

/*
 * Decodes a segment of the path.  Returns false, and answers, where it is not
 * UTF-8.
 */
static bool
decode(Exchange *exchange, UrlText text, char **value, size_t *len)
{
	*value = malloc(text.len + 1);
	if (*value == NULL)
	{
		answer_out_of_memory(exchange);
		return false;
	}
	*len = url_decode(text, false, *value);
	(*value)[*len] = '\0';
	if (restate_is_utf8(*value, *len))
		return true;
	answer_error(exchange, 400, "invalid_path", "the path is not UTF-8");
	return false;
}
