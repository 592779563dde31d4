/*
 * statements.c
 *		Every SQL statement that the extension runs, by name.
 *
 * A statement over many rows has its rows in its first parameters, arrays
 * with one element a row, in step: {a, b} in its text stands for them, as the
 * table v(a, b).  For a single row they are parameters of the element types
 * and v is a row of those.
 *
 * An update makes sure that its rows are as asked for: a trigger may have put
 * back what was there.
 *
 * Statements that lock a row carry its partition key as a parameter; those
 * over many rows join on (id, partition_key).  Rows are locked in the order
 * of their ids, object keys in the order of (service, key).
 */
#include "postgres.h"

#include "store/store.h"

#define MANY(type) ((type) | STORE_ARRAY)

/* an invocation's id and its facts, with those of a deployment */
#define FACTS(deployment)                                                                              \
	" i.id, restate.facts(i.status, i.target_service_name, i.target_service_key, i.target_service_ty," \
	" i.target_handler_ty, i.journal_size, i.journal_commands_size, i.pause_requested,"                \
	" i.pinned_deployment_id, i.pinned_service_protocol_version, i.completion_retention,"              \
	" i.journal_retention, 1 = ANY (i.suspended_waiting_for_signals), i.inbox_sequence_number,"        \
	" i.invoked_by_id, " deployment ")"

#define NO_DEPLOYMENT "NULL, NULL, NULL"

#define IS_ONE " WHERE i.id = $1 AND i.partition_key = $2"

#define IDS "{id, partition_key}"

/* the rows named by v */
#define IS_NAMED(alias) alias ".id = v.id AND " alias ".partition_key = v.partition_key"

#define FROM_MANY " FROM " IDS " JOIN restate.invocation i ON " IS_NAMED("i")

/* the deployment asked for: the id's, the latest of the service, or none */
#define DEPLOYMENT(mode, id_asked)                                                     \
	" LEFT JOIN LATERAL (SELECT s.deployment_id FROM restate.service_revision s"       \
	" WHERE s.service_name = i.target_service_name AND " mode " = 'latest'"            \
	" AND EXISTS (SELECT FROM restate.deployment x WHERE x.id = s.deployment_id)"      \
	" ORDER BY s.revision DESC LIMIT 1) AS l ON true"                                  \
	" LEFT JOIN restate.deployment d ON d.id = CASE " mode " WHEN 'id' THEN " id_asked \
	" ELSE l.deployment_id END"

#define THE_DEPLOYMENT "d.id, d.min_service_protocol_version, d.max_service_protocol_version"

#define IS_COMMAND(alias)	 alias ".entry_type < 'Notification: Run'"
#define IS_COMPLETION(alias) alias ".completion_id IS NOT NULL AND " alias ".entry_type >= 'Notification: Run'"

/* that there is a callee keeps to the index of callees; the literal is the lowest id */
#define IS_CALL(alias)                                              \
	alias ".invoked_id >= 'inv_1000000000000000000000000000000000'" \
		  " AND " alias ".entry_type IN ('Command: Call', 'Command: OneWayCall')"

/*
 * A lock statement reads the journal as it was before the lock was waited for:
 * this tells whether the row is still the one that was seen then.  Every change
 * of a journal changes it.
 */
#define IS_CURRENT(id, partition_key)                                     \
	" i.xmin = (SELECT s.xmin FROM restate.invocation s WHERE s.id = " id \
	" AND s.partition_key = " partition_key ")"

/* that nothing but the row must be locked: to leave no inbox and answer no caller */
#define IS_CANCELLED_ALONE                      \
	"(i.status NOT IN ('pending', 'scheduled')" \
	" OR i.target_handler_ty IS DISTINCT FROM 'exclusive' AND i.invoked_by_id IS NULL)"

/* the same: to free no object key, answer no caller and kill no callee */
#define IS_KILLED_ALONE(id, partition_key)                                         \
	"i.target_handler_ty IS DISTINCT FROM 'exclusive' AND i.invoked_by_id IS NULL" \
	" AND NOT EXISTS (SELECT FROM restate.journal j WHERE j.id = " id              \
	" AND j.partition_key = " partition_key " AND " IS_CALL("j") ")"

/* the same: to take no object key */
#define IS_RESTARTED_ALONE "i.target_handler_ty IS DISTINCT FROM 'exclusive'"

/* one line a clause */
/* clang-format off */

/*
 * A journal from 1 to its last index to keep: how many commands, which
 * completions they wait for, and which have arrived.
 */
#define PREFIX(id, partition_key, last) \
	"(SELECT count(*) FILTER (WHERE " IS_COMMAND("c") ") AS commands," \
	" array_cat(array_agg(c.completion_id) FILTER (WHERE c.completion_id IS NOT NULL AND " IS_COMMAND("c") ")," \
	" array_agg(c.result_completion_id) FILTER (WHERE c.result_completion_id IS NOT NULL AND " IS_COMMAND("c") "))" \
	" AS awaited," \
	" array_agg(c.completion_id) FILTER (WHERE " IS_COMPLETION("c") ") AS arrived" \
	" FROM restate.journal c WHERE c.id = " id " AND c.partition_key = " partition_key \
	" AND c.index BETWEEN 1 AND " last ") AS p"

#define PREFIX_FACTS " p.commands, p.awaited, p.arrived"

#define JOURNAL_COLUMNS                                                                         \
	"id, partition_key, index, appended_at, completion_id, result_completion_id, signal_index," \
	" entry_type, version, invoked_id, name, signal_name, meta, payload"

#define JOURNAL_COPIED                                                         \
	" j.appended_at, j.completion_id, j.result_completion_id, j.signal_index," \
	" j.entry_type, j.version, j.invoked_id, j.name, j.signal_name, j.meta, j.payload"

#define IN_ID_ORDER	  " ORDER BY i.id FOR UPDATE OF i"
#define UNLESS_LOCKED " SKIP LOCKED"

#define IDS_PARAMS MANY(STORE_INVOCATION_ID), MANY(STORE_INT8)
#define KEY_PARAMS MANY(STORE_TEXT), MANY(STORE_TEXT), MANY(STORE_INT8)

#define KEYS "{service_name, service_key, partition_key}"

#define IS_KEY(alias)                                                                \
	alias ".service_name = v.service_name COLLATE \"C\" AND " alias ".service_key = v.service_key" \
		  " AND " alias ".partition_key = v.partition_key"

/* the same of the table of object keys, where it keeps to the index that makes them unique */
#define IS_OBJECT_KEY(alias)                                                                        \
	alias ".partition_key = v.partition_key AND " alias ".service_name = v.service_name COLLATE \"C\"" \
		  " AND restate.indexed_key(" alias ".service_key) = restate.indexed_key(v.service_key)"

#define IN_KEY_ORDER(alias) \
	" ORDER BY " alias ".service_name COLLATE \"C\", " alias ".service_key COLLATE \"C\""

#define WAS_WRITTEN(name, condition) " RETURNING restate.was_written('" name "', " condition ")"

/* that the command has that completion to wait for, and it has not arrived */
#define LACKS(column) \
	"c." column " IS NOT NULL AND NOT EXISTS (SELECT FROM restate.journal n" \
	" WHERE n.id = $1 AND n.partition_key = $2 AND n.completion_id = c." column " AND " IS_COMPLETION("n") ")"

#define LOCKED_KEYS(condition)                                                  \
	"SELECT k.service_name, k.service_key, k.holder, k.next_sequence_number"    \
	" FROM " KEYS " JOIN restate.object_key k ON " IS_OBJECT_KEY("k") " WHERE " condition \
	IN_KEY_ORDER("k") " FOR UPDATE OF k"

/* what is known of attempts stays until completion; of one paused even then */
#define OUTLIVES_COMPLETION "WHEN i.status = 'paused'"

const StoreStatementDef store_statements[STORE_STATEMENT_COUNT] = {
	[STORE_EXTENSION_VERSION] = {
		.name = "extension version",
		.sql = "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'restate_admin'",
		.params = {STORE_END}},

	[STORE_IS_DISTRIBUTED] = {
		.name = "is distributed",
		.sql = "SELECT FROM pg_catalog.pg_dist_partition"
			" WHERE logicalrelid = 'restate.invocation'::pg_catalog.regclass",
		.params = {STORE_END}},

	[STORE_LOCK_ONE] = {
		.name = "lock one",
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) " FROM restate.invocation i" IS_ONE " FOR UPDATE",
		.params = {STORE_INVOCATION_ID, STORE_INT8}},

	[STORE_LOCK_ONE_WITH_DEPLOYMENT] = {
		.name = "lock one with deployment",
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) " FROM restate.invocation i" DEPLOYMENT("$3", "$4") IS_ONE
			" FOR UPDATE OF i",
		.params = {STORE_INVOCATION_ID, STORE_INT8, STORE_TEXT, STORE_DEPLOYMENT_ID}},

	/*
	 * Finds nothing where more than the row must be locked: an invocation not
	 * started that leaves an inbox or answers a caller.
	 */
	[STORE_LOCK_ONE_TO_CANCEL] = {
		.name = "lock one to cancel",
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) " FROM restate.invocation i" IS_ONE
			" AND " IS_CANCELLED_ALONE " FOR UPDATE",
		.params = {STORE_INVOCATION_ID, STORE_INT8}},

	/*
	 * Finds nothing where the object key must be locked first, a caller may
	 * have to be answered, or a callee be killed.
	 */
	[STORE_LOCK_ONE_TO_KILL] = {
		.name = "lock one to kill",
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) "," IS_CURRENT("$1", "$2") " FROM restate.invocation i" IS_ONE
			" AND " IS_KILLED_ALONE("$1", "$2") " FOR UPDATE OF i",
		.params = {STORE_INVOCATION_ID, STORE_INT8}},

	/* Finds nothing where the object key must be locked first. */
	[STORE_LOCK_ONE_TO_RESTART] = {
		.name = "lock one to restart",
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) " FROM restate.invocation i" DEPLOYMENT("$3", "$4") IS_ONE
			" AND " IS_RESTARTED_ALONE " FOR UPDATE OF i",
		.params = {STORE_INVOCATION_ID, STORE_INT8, STORE_TEXT, STORE_DEPLOYMENT_ID}},

	/* the same, with what the journal has up to the last index to keep */
	[STORE_LOCK_ONE_TO_RESTART_WITHIN] = {
		.name = "lock one to restart within",
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) "," IS_CURRENT("$1", "$2") "," PREFIX_FACTS
			" FROM restate.invocation i" DEPLOYMENT("$3", "$4")
			" CROSS JOIN LATERAL " PREFIX("$1", "$2", "$5") IS_ONE
			" AND " IS_RESTARTED_ALONE " FOR UPDATE OF i",
		.params = {STORE_INVOCATION_ID, STORE_INT8, STORE_TEXT, STORE_DEPLOYMENT_ID, STORE_INT8}},

	[STORE_LOCK_MANY] = {
		.name = "lock many",
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) FROM_MANY IN_ID_ORDER,
		.params = {IDS_PARAMS}},

	[STORE_LOCK_MANY_WITH_DEPLOYMENT] = {
		.name = "lock many with deployment",
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) FROM_MANY DEPLOYMENT("$3", "$4") IN_ID_ORDER,
		.params = {IDS_PARAMS, STORE_TEXT, STORE_DEPLOYMENT_ID}},

	/* Those that no other transaction has locked, and the conditions of the statements on one. */
	[STORE_LOCK_FREE] = {
		.name = "lock free",
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) FROM_MANY IN_ID_ORDER UNLESS_LOCKED,
		.params = {IDS_PARAMS}},

	[STORE_LOCK_FREE_WITH_DEPLOYMENT] = {
		.name = "lock free with deployment",
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) FROM_MANY DEPLOYMENT("$3", "$4") IN_ID_ORDER UNLESS_LOCKED,
		.params = {IDS_PARAMS, STORE_TEXT, STORE_DEPLOYMENT_ID}},

	[STORE_LOCK_FREE_TO_CANCEL] = {
		.name = "lock free to cancel",
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) FROM_MANY " WHERE " IS_CANCELLED_ALONE IN_ID_ORDER UNLESS_LOCKED,
		.params = {IDS_PARAMS}},

	[STORE_LOCK_FREE_TO_KILL] = {
		.name = "lock free to kill",
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) "," IS_CURRENT("v.id", "v.partition_key") FROM_MANY
			" WHERE " IS_KILLED_ALONE("v.id", "v.partition_key") IN_ID_ORDER UNLESS_LOCKED,
		.params = {IDS_PARAMS}},

	[STORE_LOCK_FREE_TO_RESTART] = {
		.name = "lock free to restart",
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) FROM_MANY DEPLOYMENT("$3", "$4")
			" WHERE " IS_RESTARTED_ALONE IN_ID_ORDER UNLESS_LOCKED,
		.params = {IDS_PARAMS, STORE_TEXT, STORE_DEPLOYMENT_ID}},

	[STORE_LOCK_KEYS] = {
		.name = "lock object keys",
		.sql = LOCKED_KEYS("true"),
		.params = {KEY_PARAMS}},

	/* Locks none where one is missing: that one is to be made in its turn. */
	[STORE_LOCK_KEYS_IF_ALL] = {
		.name = "lock object keys if all are there",
		.sql = LOCKED_KEYS("NOT EXISTS (SELECT FROM " KEYS " WHERE NOT EXISTS"
			" (SELECT FROM restate.object_key x WHERE " IS_OBJECT_KEY("x") "))"),
		.params = {KEY_PARAMS}},

	[STORE_LOCK_FREE_KEYS] = {
		.name = "lock free object keys",
		.sql = LOCKED_KEYS("true") UNLESS_LOCKED,
		.params = {KEY_PARAMS}},

	[STORE_READ_MANY] = {
		.name = "read many",
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) FROM_MANY,
		.params = {IDS_PARAMS}},

	[STORE_READ_CALLEES] = {
		.name = "read callees",
		.sql = "SELECT j.id, j.invoked_id"
			" FROM " IDS " JOIN restate.journal j ON " IS_NAMED("j") " WHERE " IS_CALL("j")
			" ORDER BY j.id, j.index",
		.params = {IDS_PARAMS}},

	/* the first few of each object key's inbox */
	[STORE_READ_INBOXES] = {
		.name = "read inboxes",
		.sql = "SELECT p.id FROM {service_name, service_key, partition_key, size}"
			" CROSS JOIN LATERAL (SELECT i.id FROM restate.invocation i WHERE i.inbox_sequence_number IS NOT NULL"
			" AND i.target_service_name = v.service_name COLLATE \"C\""
			" AND restate.indexed_key(i.target_service_key) = restate.indexed_key(v.service_key)"
			" AND i.partition_key = v.partition_key"
			" ORDER BY i.inbox_sequence_number LIMIT v.size) AS p",
		.params = {KEY_PARAMS, MANY(STORE_INT8)}},

	/* the calls that wait for the result of a callee, not answered yet */
	[STORE_READ_AWAITED_CALLS] = {
		.name = "read awaited calls",
		.sql = "SELECT c.id, c.invoked_id, c.result_completion_id,"
			" c.result_completion_id = ANY (i.suspended_waiting_for_completions)"
			" FROM {id, partition_key, callee} JOIN restate.invocation i ON " IS_NAMED("i")
			" CROSS JOIN LATERAL (SELECT j.* FROM restate.journal j WHERE " IS_NAMED("j")
			" AND j.invoked_id = v.callee AND j.entry_type = 'Command: Call' OFFSET 0) AS c"
			" WHERE NOT EXISTS (SELECT FROM restate.journal n"
			" WHERE n.id = c.id AND n.partition_key = c.partition_key"
			" AND n.completion_id = c.result_completion_id AND " IS_COMPLETION("n") ")"
			" ORDER BY c.id, c.index",
		.params = {IDS_PARAMS, MANY(STORE_INVOCATION_ID)}},

	[STORE_READ_PREFIXES] = {
		.name = "read prefixes",
		.sql = "SELECT v.id," PREFIX_FACTS " FROM " IDS " CROSS JOIN LATERAL "
			PREFIX("v.id", "v.partition_key", "$3"),
		.params = {IDS_PARAMS, STORE_INT8}},

	/*
	 * Where in a journal completions are.  Each is looked up by itself: a join
	 * may be planned as a scan of the whole journal for every one.
	 */
	[STORE_READ_COMPLETIONS] = {
		.name = "read completions",
		.sql = "SELECT v.id, c.index FROM {id, partition_key, completion_id}"
			" CROSS JOIN LATERAL (SELECT j.index FROM restate.journal j WHERE " IS_NAMED("j")
			" AND j.completion_id = v.completion_id AND " IS_COMPLETION("j") " LIMIT 1) AS c",
		.params = {IDS_PARAMS, MANY(STORE_INT8)}},

	/*
	 * The restarts with a request id, and what the audit has of each: the last
	 * index that it keeps, and the deployment that it was made for, if that was
	 * recorded.
	 */
	[STORE_READ_RESTARTED] = {
		.name = "read restarted",
		.sql = "SELECT i.restarted_from, i.id, a.last_index, a.has_deployment, a.deployment_id FROM " IDS
			" CROSS JOIN LATERAL (SELECT r.restarted_from, r.id FROM restate.invocation r"
			" WHERE r.restarted_from = v.id AND r.partition_key = v.partition_key"
			" AND r.request_id = $3 COLLATE \"C\" OFFSET 0) AS i"
			" LEFT JOIN LATERAL (SELECT coalesce((s.parameters ->> 'from')::bigint, 0) AS last_index,"
			" s.parameters ? 'resolved_deployment' AS has_deployment,"
			" (s.parameters ->> 'resolved_deployment')::restate_deployment_id AS deployment_id"
			" FROM restate.audit s WHERE s.id = v.id AND s.partition_key = v.partition_key"
			" AND s.new_id = i.id LIMIT 1) AS a ON true",
		.params = {IDS_PARAMS, STORE_TEXT}},

	/* the first command of a journal, up to an index, that lacks a completion */
	[STORE_READ_INCOMPLETE] = {
		.name = "read incomplete",
		.sql = "SELECT c.index, c.entry_type::text, c.name FROM restate.journal c"
			" WHERE c.id = $1 AND c.partition_key = $2 AND c.index BETWEEN 1 AND $3 AND " IS_COMMAND("c")
			" AND (" LACKS("completion_id") " OR " LACKS("result_completion_id") ")"
			" ORDER BY c.index LIMIT 1",
		.params = {STORE_INVOCATION_ID, STORE_INT8, STORE_INT8}},

	/* what deletes of all there is have left, if a policy has hidden it from them */
	[STORE_COUNT_EVENTS] = {
		.name = "count events",
		.sql = "SELECT count(*) FROM " IDS " JOIN restate.journal_event e ON " IS_NAMED("e"),
		.params = {IDS_PARAMS}},

	[STORE_COUNT_AUDIT] = {
		.name = "count audit",
		.sql = "SELECT count(*) FROM restate.audit s WHERE s.at < $1",
		.params = {STORE_TIMESTAMPTZ}},

	[STORE_COUNT_PROMISES] = {
		.name = "count promises",
		.sql = "SELECT count(*) FROM " KEYS " JOIN restate.promise t ON " IS_KEY("t"),
		.params = {KEY_PARAMS}},

	[STORE_COUNT_STATE] = {
		.name = "count state",
		.sql = "SELECT count(*) FROM " KEYS " JOIN restate.object_state t ON " IS_KEY("t"),
		.params = {KEY_PARAMS}},

	/*
	 * Locks the object keys in their order, each made where it is missing.  The
	 * update never comes to pass, but locks the row that is there.
	 */
	[STORE_CREATE_KEYS] = {
		.name = "create object keys",
		.sql = "INSERT INTO restate.object_key AS k (service_name, service_key, partition_key)"
			" SELECT v.service_name, v.service_key, v.partition_key FROM " KEYS IN_KEY_ORDER("v")
			" ON CONFLICT (partition_key, service_name, restate.indexed_key(service_key))"
			" DO UPDATE SET holder = k.holder WHERE false",
		.params = {KEY_PARAMS}},

	[STORE_DELETE_JOURNALS] = {
		.is_work = true,
		.name = "delete journals",
		.sql = "DELETE FROM restate.journal j USING " IDS " WHERE " IS_NAMED("j"),
		.params = {IDS_PARAMS}},

	[STORE_DELETE_EVENTS] = {
		.is_work = true,
		.left = STORE_COUNT_EVENTS,
		.name = "delete events",
		.sql = "DELETE FROM restate.journal_event e USING " IDS " WHERE " IS_NAMED("e"),
		.params = {IDS_PARAMS}},

	[STORE_CLEAR_JOURNAL_SIZES] = {
		.is_work = true,
		.name = "clear journal sizes",
		.sql = "UPDATE restate.invocation i SET journal_size = 0, journal_commands_size = 0"
			" FROM " IDS " WHERE " IS_NAMED("i") " AND i.status = 'completed'"
			WAS_WRITTEN("clear journal sizes", "i.journal_size = 0"),
		.params = {IDS_PARAMS}},

	[STORE_DELETE_INVOCATIONS] = {
		.is_work = true,
		.name = "delete invocations",
		.sql = "DELETE FROM restate.invocation i USING {id, partition_key, status}"
			" WHERE " IS_NAMED("i") " AND i.status = v.status",
		.params = {IDS_PARAMS, MANY(STORE_TEXT)}},

	[STORE_DELETE_PROMISES] = {
		.is_work = true,
		.left = STORE_COUNT_PROMISES,
		.name = "delete promises",
		.sql = "DELETE FROM restate.promise t USING " KEYS " WHERE " IS_KEY("t"),
		.params = {KEY_PARAMS}},

	[STORE_DELETE_STATE] = {
		.is_work = true,
		.left = STORE_COUNT_STATE,
		.name = "delete state",
		.sql = "DELETE FROM restate.object_state t USING " KEYS " WHERE "
			IS_KEY("t"),
		.params = {KEY_PARAMS}},

	/* the input becomes the journal's first entry when an invocation starts */
	[STORE_START_JOURNALS] = {
		.is_work = true,
		.name = "start journals",
		.sql = "INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, name, meta, payload)"
			" SELECT i.id, i.partition_key, 0, $3, 'Command: Input', '',"
			" pg_catalog.jsonb_build_object('headers', coalesce(i.input_headers, '[]')), coalesce(i.input_payload, '')"
			FROM_MANY,
		.params = {IDS_PARAMS, STORE_TIMESTAMPTZ}},

	[STORE_APPEND] = {
		.is_work = true,
		.name = "append",
		.sql = "INSERT INTO restate.journal"
			" (id, partition_key, index, appended_at, entry_type, completion_id, signal_index, meta)"
			" SELECT v.id, v.partition_key, v.index, $8, v.entry_type::restate.entry_type,"
			" v.completion_id, v.signal_index, v.meta"
			" FROM {id, partition_key, index, entry_type, completion_id, signal_index, meta}",
		.params = {IDS_PARAMS, MANY(STORE_INT8), MANY(STORE_TEXT), MANY(STORE_INT8), MANY(STORE_INT8),
			MANY(STORE_JSONB), STORE_TIMESTAMPTZ}},

	/* the invocations that go on, as they are to be, and the time */
	[STORE_UPDATE] = {
		.is_work = true,
		.name = "update",
		.sql = "UPDATE restate.invocation i SET"
			" status = v.status,"
			" modified_at = CASE WHEN i.status = v.status THEN i.modified_at ELSE $9 END,"
			" journal_size = v.journal_size,"
			" journal_commands_size = v.journal_commands_size,"
			" pause_requested = v.pause_requested,"
			" pinned_deployment_id = coalesce(v.deployment_id, i.pinned_deployment_id),"
			" suspended_waiting_for_completions = CASE WHEN v.status = 'suspended' THEN i.suspended_waiting_for_completions END,"
			" suspended_waiting_for_signals = CASE WHEN v.status = 'suspended' THEN i.suspended_waiting_for_signals END,"
			" inbox_sequence_number = CASE WHEN v.status = 'pending' THEN i.inbox_sequence_number END,"
			" input_headers = CASE WHEN v.status = 'pending' THEN i.input_headers END,"
			" input_payload = CASE WHEN v.status = 'pending' THEN i.input_payload END,"
			" running_at = CASE WHEN v.status <> 'pending' THEN coalesce(i.running_at, $9) END,"
			" next_retry_at = CASE WHEN v.status = i.status THEN i.next_retry_at END"
			" FROM {id, partition_key, status, journal_size, journal_commands_size, pause_requested,"
			" deployment_id, status_was}"
			" WHERE " IS_NAMED("i") " AND i.status = v.status_was"
			WAS_WRITTEN("update", "i.status = v.status AND i.journal_size = v.journal_size AND i.pause_requested = v.pause_requested"),
		.params = {IDS_PARAMS, MANY(STORE_TEXT), MANY(STORE_INT8), MANY(STORE_INT8), MANY(STORE_BOOL),
			MANY(STORE_DEPLOYMENT_ID), MANY(STORE_TEXT), STORE_TIMESTAMPTZ}},

	/* those that have started, completed by a failure, and the time */
	[STORE_COMPLETE] = {
		.is_work = true,
		.name = "complete",
		.sql = "UPDATE restate.invocation i SET"
			" status = 'completed',"
			" modified_at = $7,"
			" journal_size = v.journal_size,"
			" journal_commands_size = v.journal_commands_size,"
			" pause_requested = false,"
			" suspended_waiting_for_completions = NULL,"
			" suspended_waiting_for_signals = NULL,"
			" inbox_sequence_number = NULL,"
			" input_headers = NULL,"
			" input_payload = NULL,"
			" running_at = coalesce(i.running_at, $7),"
			" next_retry_at = NULL,"
			" retry_count = CASE " OUTLIVES_COMPLETION " THEN i.retry_count END,"
			" last_start_at = CASE " OUTLIVES_COMPLETION " THEN i.last_start_at END,"
			" last_attempt_deployment_id = CASE " OUTLIVES_COMPLETION " THEN i.last_attempt_deployment_id END,"
			" last_attempt_server = CASE " OUTLIVES_COMPLETION " THEN i.last_attempt_server END,"
			" last_failure = CASE " OUTLIVES_COMPLETION " THEN i.last_failure END,"
			" last_failure_error_code = CASE " OUTLIVES_COMPLETION " THEN i.last_failure_error_code END,"
			" last_failure_related_command_index = CASE " OUTLIVES_COMPLETION " THEN i.last_failure_related_command_index END,"
			" last_failure_related_command_name = CASE " OUTLIVES_COMPLETION " THEN i.last_failure_related_command_name END,"
			" last_failure_related_command_type = CASE " OUTLIVES_COMPLETION " THEN i.last_failure_related_command_type END,"
			" completed_at = $7,"
			" completion_result = 'failure',"
			" completion_failure = v.failure"
			" FROM {id, partition_key, journal_size, journal_commands_size, failure, status_was}"
			" WHERE " IS_NAMED("i") " AND i.status = v.status_was"
			WAS_WRITTEN("complete", "i.status = 'completed' AND i.journal_size = v.journal_size"),
		.params = {IDS_PARAMS, MANY(STORE_INT8), MANY(STORE_INT8), MANY(STORE_TEXT), MANY(STORE_TEXT),
			STORE_TIMESTAMPTZ}},

	[STORE_UPDATE_KEYS] = {
		.is_work = true,
		.name = "update object keys",
		.sql = "UPDATE restate.object_key k SET holder = v.holder, next_sequence_number = v.next_sequence_number"
			" FROM {service_name, service_key, partition_key, holder, next_sequence_number} WHERE " IS_OBJECT_KEY("k")
			WAS_WRITTEN("update object keys", "k.holder IS NOT DISTINCT FROM v.holder AND k.next_sequence_number = v.next_sequence_number"),
		.params = {KEY_PARAMS, MANY(STORE_INVOCATION_ID), MANY(STORE_INT8)}},

	/*
	 * The new invocations of restarts; $10 the last index that they keep, $11
	 * the request id, $12 the time.  A restart with the same request id that
	 * the transaction cannot see, in a repeatable read, makes ON CONFLICT raise
	 * a serialization failure.
	 */
	[STORE_CREATE_RESTARTS] = {
		.is_work = true,
		.name = "create restarts",
		.sql = "INSERT INTO restate.invocation (id, partition_key, status, target_service_name,"
			" target_service_key, target_handler_name, target_service_ty, target_handler_ty, invoked_by,"
			" restarted_from, request_id, pinned_deployment_id, pinned_service_protocol_version, journal_size,"
			" journal_commands_size, created_at, created_using_restate_version, modified_at, inboxed_at,"
			" running_at, completion_retention, journal_retention, inbox_sequence_number, random_seed)"
			" SELECT v.new_id, i.partition_key, v.status, i.target_service_name, i.target_service_key,"
			" i.target_handler_name, i.target_service_ty, i.target_handler_ty, 'restart_as_new', i.id, $11,"
			" v.deployment_id, i.pinned_service_protocol_version, v.journal_size, v.journal_commands_size,"
			" $12, i.created_using_restate_version, $12,"
			" CASE WHEN v.status = 'pending' THEN $12 END, CASE WHEN v.status <> 'pending' THEN $12 END,"
			" i.completion_retention, i.journal_retention, v.inbox_sequence_number,"
			" CASE WHEN $10 > 0 THEN i.random_seed ELSE v.random_seed END"
			" FROM {id, partition_key, new_id, status, deployment_id, journal_size, journal_commands_size,"
			" inbox_sequence_number, random_seed} JOIN restate.invocation i ON " IS_NAMED("i")
			" ON CONFLICT (restarted_from, request_id, partition_key) WHERE restarted_from IS NOT NULL DO NOTHING",
		.params = {IDS_PARAMS, MANY(STORE_INVOCATION_ID), MANY(STORE_TEXT), MANY(STORE_DEPLOYMENT_ID),
			MANY(STORE_INT8), MANY(STORE_INT8), MANY(STORE_INT8), MANY(STORE_INT8), STORE_INT8,
			STORE_TEXT, STORE_TIMESTAMPTZ}},

	/* the journals of restarts, up to the last index that they keep */
	[STORE_COPY_JOURNALS] = {
		.is_work = true,
		.name = "copy journals",
		.sql = "INSERT INTO restate.journal (" JOURNAL_COLUMNS ")"
			" SELECT v.new_id, v.partition_key, j.index," JOURNAL_COPIED
			" FROM {id, partition_key, new_id} JOIN restate.journal j ON " IS_NAMED("j")
			" AND j.index BETWEEN 0 AND $4",
		.params = {IDS_PARAMS, MANY(STORE_INVOCATION_ID), STORE_INT8}},

	/* and the completions that they need from further on */
	[STORE_COPY_COMPLETIONS] = {
		.is_work = true,
		.name = "copy completions",
		.sql = "INSERT INTO restate.journal (" JOURNAL_COLUMNS ")"
			" SELECT v.new_id, v.partition_key, v.new_index," JOURNAL_COPIED
			" FROM {id, partition_key, index, new_id, new_index} JOIN restate.journal j ON " IS_NAMED("j")
			" AND j.index = v.index",
		.params = {IDS_PARAMS, MANY(STORE_INT8), MANY(STORE_INVOCATION_ID), MANY(STORE_INT8)}},

	/* what an element says of who asks and why goes before what the session says */
	[STORE_AUDIT] = {
		.is_work = true,
		.name = "audit",
		.sql = "INSERT INTO restate.audit (audit_id, id, partition_key, at, operation, parameters, outcome, new_id,"
			" caused_by, role_name, session_user_name, claimed_subject, reason)"
			" SELECT v.audit_id, v.id, v.partition_key, $10, $11, v.parameters, v.outcome, v.new_id, v.caused_by, $12, $13,"
			" coalesce(v.subject, $14), nullif(coalesce(v.reason, $15), '')"
			" FROM {id, partition_key, audit_id, outcome, new_id, caused_by, parameters, subject, reason}",
		.params = {IDS_PARAMS, MANY(STORE_INT8), MANY(STORE_TEXT), MANY(STORE_INVOCATION_ID), MANY(STORE_INVOCATION_ID),
			MANY(STORE_JSONB), MANY(STORE_TEXT), MANY(STORE_TEXT), STORE_TIMESTAMPTZ, STORE_TEXT, STORE_TEXT,
			STORE_TEXT, STORE_TEXT, STORE_TEXT}},

	/* of all partitions; the index on at knows which pages have held rows as old */
	[STORE_PURGE_AUDIT] = {
		.is_work = true,
		.left = STORE_COUNT_AUDIT,
		.name = "purge audit",
		.sql = "DELETE FROM restate.audit s WHERE s.at < $1",
		.params = {STORE_TIMESTAMPTZ}},
};
/* clang-format on */
