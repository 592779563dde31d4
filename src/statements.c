/*
 * statements.c
 *		Every SQL statement that the extension runs, by name.
 *
 * Statements that lock a row carry its partition key as a parameter; those
 * over many rows join on (id, partition_key).  Rows are locked in the order
 * of their ids, object keys in the order of (service, key).  Arrays of one
 * call have one element a row, in step.
 */
#include "postgres.h"

#include "store.h"

#define MANY(type) ((type) | STORE_ARRAY)

/* the facts of an invocation, in the order that facts.c reads them */
#define FACTS \
	" i.id, i.status, i.target_service_name, i.target_service_key, i.target_service_ty," \
	" i.target_handler_ty, i.pinned_deployment_id, i.pinned_service_protocol_version::bigint," \
	" i.journal_size, i.journal_commands_size, i.completion_retention > '0'," \
	" i.journal_retention > '0', i.pause_requested, 1 = ANY (i.suspended_waiting_for_signals)," \
	" i.inbox_sequence_number, i.invoked_by_id"

#define FROM_ONE \
	" FROM restate.invocation i WHERE i.id = $1 AND i.partition_key = $2"

#define FROM_MANY \
	" FROM unnest($1, $2) AS v(id, partition_key)" \
	" JOIN restate.invocation i ON i.id = v.id AND i.partition_key = v.partition_key"

/* the restart of an original that carries the request id, if there is one */
#define RESTARTED(request_id) \
	" (SELECT r.id FROM restate.invocation r WHERE r.restarted_from = i.id" \
	" AND r.partition_key = i.partition_key AND r.request_id = " request_id ")"

/* a notification that completes a command, found by its completion id */
#define IS_COMMAND(alias) alias ".entry_type < 'Notification: Run'"
#define IS_COMPLETION(alias) alias ".completion_id IS NOT NULL AND " alias ".entry_type >= 'Notification: Run'"

#define JOURNAL_COLUMNS \
	"id, partition_key, index, appended_at, completion_id, result_completion_id, signal_index," \
	" entry_type, version, invoked_id, name, signal_name, meta, payload"

#define JOURNAL_COPIED \
	" j.appended_at, j.completion_id, j.result_completion_id, j.signal_index," \
	" j.entry_type, j.version, j.invoked_id, j.name, j.signal_name, j.meta, j.payload"

/* $1 to $10: the invocations as they are to be, and the time */
#define UPDATE_INVOCATIONS \
	"UPDATE restate.invocation i SET" \
	" status = v.status," \
	" modified_at = CASE WHEN i.status = v.status THEN i.modified_at ELSE $10 END," \
	" journal_size = v.journal_size," \
	" journal_commands_size = v.journal_commands_size," \
	" pause_requested = v.pause_requested," \
	" pinned_deployment_id = coalesce(v.deployment_id, i.pinned_deployment_id)," \
	" suspended_waiting_for_completions = CASE WHEN v.status = 'suspended' THEN i.suspended_waiting_for_completions END," \
	" suspended_waiting_for_signals = CASE WHEN v.status = 'suspended' THEN i.suspended_waiting_for_signals END," \
	" inbox_sequence_number = CASE WHEN v.status = 'pending' THEN i.inbox_sequence_number END," \
	" input_headers = CASE WHEN v.status = 'pending' THEN i.input_headers END," \
	" input_payload = CASE WHEN v.status = 'pending' THEN i.input_payload END," \
	" running_at = CASE WHEN v.status = 'pending' THEN NULL ELSE coalesce(i.running_at, $10) END," \
	" next_retry_at = CASE WHEN v.status = i.status THEN i.next_retry_at END," \
	" retry_count = CASE WHEN v.status <> 'completed' THEN i.retry_count END," \
	" last_start_at = CASE WHEN v.status <> 'completed' THEN i.last_start_at END," \
	" last_attempt_deployment_id = CASE WHEN v.status <> 'completed' THEN i.last_attempt_deployment_id END," \
	" last_attempt_server = CASE WHEN v.status <> 'completed' THEN i.last_attempt_server END," \
	" last_failure = CASE WHEN v.status <> 'completed' THEN i.last_failure END," \
	" last_failure_error_code = CASE WHEN v.status <> 'completed' THEN i.last_failure_error_code END," \
	" last_failure_related_command_index = CASE WHEN v.status <> 'completed' THEN i.last_failure_related_command_index END," \
	" last_failure_related_command_name = CASE WHEN v.status <> 'completed' THEN i.last_failure_related_command_name END," \
	" last_failure_related_command_type = CASE WHEN v.status <> 'completed' THEN i.last_failure_related_command_type END," \
	" completed_at = CASE WHEN v.failure IS NULL THEN i.completed_at ELSE $10 END," \
	" completion_result = CASE WHEN v.failure IS NULL THEN i.completion_result ELSE 'failure' END," \
	" completion_failure = coalesce(v.failure, i.completion_failure)" \
	" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS" \
	" v(id, partition_key, status, journal_size, journal_commands_size, pause_requested, deployment_id, failure, status_was)" \
	" WHERE i.id = v.id AND i.partition_key = v.partition_key AND i.status = v.status_was"

#define UPDATE_PARAMS \
	MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), MANY(STORE_TEXT), MANY(STORE_INT8), \
		MANY(STORE_INT8), MANY(STORE_BOOL), MANY(STORE_DEPLOYMENT_ID), MANY(STORE_TEXT), \
		MANY(STORE_TEXT), STORE_TIMESTAMPTZ

const StoreStatementDef store_statements[STORE_STATEMENT_COUNT] = {
	[STORE_EXTENSION_VERSION] = {
		"extension version",
		"SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'restate_admin'",
		{STORE_END}
	},

	[STORE_IS_DISTRIBUTED] = {
		"is distributed",
		"SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = 'restate.invocation'::pg_catalog.regclass",
		{STORE_END}
	},

	[STORE_LOCK_ONE] = {
		"lock one",
		"SELECT" FACTS ", NULL" FROM_ONE " FOR UPDATE",
		{STORE_INVOCATION_ID, STORE_INT8}
	},

	/*
	 * Finds nothing where more than the row must be locked: an invocation not
	 * started that leaves an inbox or answers a caller.
	 */
	[STORE_LOCK_ONE_TO_CANCEL] = {
		"lock one to cancel",
		"SELECT" FACTS ", NULL" FROM_ONE
		" AND (i.status NOT IN ('pending', 'scheduled')"
		" OR i.target_handler_ty IS DISTINCT FROM 'exclusive' AND i.invoked_by_id IS NULL) FOR UPDATE",
		{STORE_INVOCATION_ID, STORE_INT8}
	},

	/* finds nothing where the object key must be locked first */
	[STORE_LOCK_ONE_TO_RESTART] = {
		"lock one to restart",
		"SELECT" FACTS "," RESTARTED("$3") FROM_ONE
		" AND i.target_handler_ty IS DISTINCT FROM 'exclusive' FOR UPDATE",
		{STORE_INVOCATION_ID, STORE_INT8, STORE_TEXT}
	},

	[STORE_LOCK_MANY] = {
		"lock many",
		"SELECT" FACTS "," RESTARTED("$3") FROM_MANY " ORDER BY i.id FOR UPDATE OF i",
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), STORE_TEXT}
	},

	[STORE_LOCK_KEYS] = {
		"lock object keys",
		"SELECT k.service_name, k.service_key, k.holder, k.next_sequence_number"
		" FROM unnest($1, $2, $3) AS v(service_name, service_key, partition_key)"
		" JOIN restate.object_key k ON k.service_name = v.service_name"
		" AND k.service_key = v.service_key AND k.partition_key = v.partition_key"
		" ORDER BY k.service_name COLLATE \"C\", k.service_key COLLATE \"C\" FOR UPDATE OF k",
		{MANY(STORE_TEXT), MANY(STORE_TEXT), MANY(STORE_INT8)}
	},

	[STORE_READ_MANY] = {
		"read many",
		"SELECT" FACTS ", NULL" FROM_MANY,
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8)}
	},

	[STORE_READ_CALLEES] = {
		"read callees",
		"SELECT j.id, j.invoked_id FROM unnest($1, $2) AS v(id, partition_key)"
		" JOIN restate.journal j ON j.id = v.id AND j.partition_key = v.partition_key"
		" WHERE j.invoked_id IS NOT NULL AND j.entry_type IN ('Command: Call', 'Command: OneWayCall')"
		" ORDER BY j.id, j.index",
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8)}
	},

	/* the first few of each object key's inbox */
	[STORE_READ_INBOXES] = {
		"read inboxes",
		"SELECT p.id FROM unnest($1, $2, $3, $4) AS v(service_name, service_key, partition_key, size)"
		" CROSS JOIN LATERAL (SELECT i.id FROM restate.invocation i WHERE i.status = 'pending'"
		" AND i.target_service_name = v.service_name AND i.target_service_key = v.service_key"
		" AND i.partition_key = v.partition_key"
		" ORDER BY i.inbox_sequence_number LIMIT v.size) AS p",
		{MANY(STORE_TEXT), MANY(STORE_TEXT), MANY(STORE_INT8), MANY(STORE_INT8)}
	},

	/* the calls that wait for the result of a callee, not answered yet */
	[STORE_READ_AWAITED_CALLS] = {
		"read awaited calls",
		"SELECT c.id, c.invoked_id, c.result_completion_id,"
		" c.result_completion_id = ANY (i.suspended_waiting_for_completions)"
		" FROM unnest($1, $2, $3) AS v(id, partition_key, callee)"
		" JOIN restate.invocation i ON i.id = v.id AND i.partition_key = v.partition_key"
		" JOIN restate.journal c ON c.id = v.id AND c.partition_key = v.partition_key AND c.invoked_id = v.callee"
		" WHERE c.entry_type = 'Command: Call' AND NOT EXISTS (SELECT FROM restate.journal n"
		" WHERE n.id = c.id AND n.partition_key = c.partition_key"
		" AND n.completion_id = c.result_completion_id AND " IS_COMPLETION("n") ")"
		" ORDER BY c.id, c.index",
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), MANY(STORE_INVOCATION_ID)}
	},

	/* what a resume may change the pinned deployment to: $1 null asks for the latest */
	[STORE_READ_DEPLOYMENTS] = {
		"read deployments",
		"SELECT d.id, d.min_service_protocol_version::bigint, d.max_service_protocol_version::bigint"
		" FROM unnest($2) WITH ORDINALITY AS v(service_name, ordinality)"
		" LEFT JOIN restate.deployment d ON d.id = coalesce($1, (SELECT s.deployment_id"
		" FROM restate.service_revision s WHERE s.service_name = v.service_name"
		" ORDER BY s.revision DESC LIMIT 1)) ORDER BY v.ordinality",
		{STORE_DEPLOYMENT_ID, MANY(STORE_TEXT)}
	},

	[STORE_READ_RESTARTED] = {
		"read restarted",
		"SELECT i.restarted_from, i.id FROM unnest($1, $2) AS v(id, partition_key)"
		" JOIN restate.invocation i ON i.restarted_from = v.id AND i.partition_key = v.partition_key"
		" WHERE i.request_id = $3",
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), STORE_TEXT}
	},

	[STORE_CREATE_KEYS] = {
		"create object keys",
		"INSERT INTO restate.object_key (service_name, service_key, partition_key)"
		" SELECT v.service_name, v.service_key, v.partition_key"
		" FROM unnest($1, $2, $3) AS v(service_name, service_key, partition_key)"
		" ORDER BY v.service_name COLLATE \"C\", v.service_key COLLATE \"C\""
		" ON CONFLICT DO NOTHING",
		{MANY(STORE_TEXT), MANY(STORE_TEXT), MANY(STORE_INT8)}
	},

	[STORE_PURGE_JOURNALS] = {
		"purge journals",
		"WITH entries AS (DELETE FROM restate.journal j"
		" USING unnest($1, $2) AS v(id, partition_key)"
		" WHERE j.id = v.id AND j.partition_key = v.partition_key),"
		" events AS (DELETE FROM restate.journal_event e"
		" USING unnest($1, $2) AS v(id, partition_key)"
		" WHERE e.id = v.id AND e.partition_key = v.partition_key)"
		" UPDATE restate.invocation i SET journal_size = 0, journal_commands_size = 0"
		" FROM unnest($1, $2) AS v(id, partition_key)"
		" WHERE i.id = v.id AND i.partition_key = v.partition_key AND i.status = 'completed'",
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8)}
	},

	[STORE_REMOVE] = {
		"remove",
		"WITH entries AS (DELETE FROM restate.journal j"
		" USING unnest($1, $2) AS v(id, partition_key)"
		" WHERE j.id = v.id AND j.partition_key = v.partition_key),"
		" events AS (DELETE FROM restate.journal_event e"
		" USING unnest($1, $2) AS v(id, partition_key)"
		" WHERE e.id = v.id AND e.partition_key = v.partition_key)"
		" DELETE FROM restate.invocation i"
		" USING unnest($1, $2, $3) AS v(id, partition_key, status)"
		" WHERE i.id = v.id AND i.partition_key = v.partition_key AND i.status = v.status",
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), MANY(STORE_TEXT)}
	},

	[STORE_REMOVE_WORKFLOWS] = {
		"remove workflows",
		"WITH promises AS (DELETE FROM restate.promise p"
		" USING unnest($1, $2, $3) AS v(service_name, service_key, partition_key)"
		" WHERE p.service_name = v.service_name AND p.service_key = v.service_key"
		" AND p.partition_key = v.partition_key)"
		" DELETE FROM restate.object_state s"
		" USING unnest($1, $2, $3) AS v(service_name, service_key, partition_key)"
		" WHERE s.service_name = v.service_name AND s.service_key = v.service_key"
		" AND s.partition_key = v.partition_key",
		{MANY(STORE_TEXT), MANY(STORE_TEXT), MANY(STORE_INT8)}
	},

	/* the input becomes the journal's first entry when an invocation starts */
	[STORE_START_JOURNALS] = {
		"start journals",
		"INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, name, meta, payload)"
		" SELECT i.id, i.partition_key, 0, $3, 'Command: Input', '',"
		" pg_catalog.jsonb_build_object('headers', coalesce(i.input_headers, '[]')), coalesce(i.input_payload, '')"
		" FROM unnest($1, $2) AS v(id, partition_key)"
		" JOIN restate.invocation i ON i.id = v.id AND i.partition_key = v.partition_key",
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), STORE_TIMESTAMPTZ}
	},

	[STORE_UPDATE] = {
		"update",
		UPDATE_INVOCATIONS,
		{UPDATE_PARAMS}
	},

	[STORE_APPEND_AND_UPDATE] = {
		"append and update",
		"WITH appended AS (INSERT INTO restate.journal"
		" (id, partition_key, index, appended_at, entry_type, completion_id, signal_index, meta)"
		" SELECT a.id, a.partition_key, a.index, $10, a.entry_type::restate.entry_type,"
		" a.completion_id, a.signal_index, a.meta"
		" FROM unnest($11, $12, $13, $14, $15, $16, $17)"
		" AS a(id, partition_key, index, entry_type, completion_id, signal_index, meta)) "
		UPDATE_INVOCATIONS,
		{UPDATE_PARAMS,
			MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), MANY(STORE_INT8), MANY(STORE_TEXT),
			MANY(STORE_INT8), MANY(STORE_INT8), MANY(STORE_JSONB)
		}
	},

	[STORE_UPDATE_KEYS] = {
		"update object keys",
		"UPDATE restate.object_key k SET holder = v.holder, next_sequence_number = v.next_sequence_number"
		" FROM unnest($1, $2, $3, $4, $5)"
		" AS v(service_name, service_key, partition_key, holder, next_sequence_number)"
		" WHERE k.service_name = v.service_name AND k.service_key = v.service_key"
		" AND k.partition_key = v.partition_key",
		{MANY(STORE_TEXT), MANY(STORE_TEXT), MANY(STORE_INT8), MANY(STORE_INVOCATION_ID), MANY(STORE_INT8)}
	},

	/*
	 * Decides on deployments and journal prefixes, and creates the restarts
	 * that nothing stands against.  One row comes back for each asked for:
	 * what was found of the deployment and the prefix, and what was created.
	 *
	 * deployment_mode: none (never pinned), keep, latest or id.  Restarts of
	 * one object key are placed in the order asked for; the first takes the
	 * key if it is free.
	 */
	[STORE_RESTART] = {
		"restart",
		"WITH asked AS (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
		" AS v(ordinality, id, partition_key, new_id, last_index, deployment_mode, deployment_id,"
		" protocol_version, key_is_free, next_sequence_number, random_seed)),"
		/* the completions that the commands of the prefix wait for */
		" awaited AS (SELECT a.ordinality, a.id, a.partition_key, a.new_id, a.last_index, n.index"
		" FROM asked a JOIN restate.journal c ON c.id = a.id AND c.partition_key = a.partition_key"
		" AND c.index BETWEEN 1 AND a.last_index"
		" CROSS JOIN LATERAL (VALUES (c.completion_id), (c.result_completion_id)) AS w(completion_id)"
		" LEFT JOIN restate.journal n ON n.id = c.id AND n.partition_key = c.partition_key"
		" AND n.completion_id = w.completion_id AND " IS_COMPLETION("n")
		" WHERE " IS_COMMAND("c") " AND w.completion_id IS NOT NULL),"
		" examined AS (SELECT a.*, i.target_service_name, i.target_service_key,"
		" i.target_handler_ty = 'exclusive' AS exclusive,"
		" CASE a.deployment_mode WHEN 'keep' THEN i.pinned_deployment_id ELSE d.id END AS chosen_id,"
		" a.deployment_mode NOT IN ('none', 'keep') AND d.id IS NULL AS deployment_missing,"
		" a.deployment_mode NOT IN ('none', 'keep') AND a.protocol_version NOT BETWEEN"
		" d.min_service_protocol_version AND d.max_service_protocol_version AS deployment_incompatible,"
		" EXISTS (SELECT FROM awaited w WHERE w.ordinality = a.ordinality AND w.index IS NULL) AS incomplete,"
		" a.last_index >= i.journal_size AS out_of_range,"
		RESTARTED("$12") " AS restarted"
		" FROM asked a JOIN restate.invocation i ON i.id = a.id AND i.partition_key = a.partition_key"
		" LEFT JOIN restate.deployment d ON d.id = CASE a.deployment_mode WHEN 'id' THEN a.deployment_id"
		" WHEN 'latest' THEN (SELECT s.deployment_id FROM restate.service_revision s"
		" WHERE s.service_name = i.target_service_name ORDER BY s.revision DESC LIMIT 1) END),"
		" placed AS (SELECT e.*, row_number() OVER (PARTITION BY e.target_service_name, e.target_service_key"
		" ORDER BY e.ordinality) - CASE WHEN e.key_is_free THEN 1 ELSE 0 END AS place"
		" FROM examined e WHERE NOT (e.deployment_missing OR e.deployment_incompatible IS TRUE"
		" OR e.incomplete OR e.out_of_range OR e.restarted IS NOT NULL)),"
		" copied AS (INSERT INTO restate.journal (" JOURNAL_COLUMNS ")"
		" SELECT p.new_id, p.partition_key, j.index," JOURNAL_COPIED
		" FROM placed p JOIN restate.journal j ON j.id = p.id AND j.partition_key = p.partition_key"
		" AND j.index BETWEEN 0 AND p.last_index"
		" UNION ALL"
		" SELECT w.new_id, w.partition_key, w.last_index + row_number() OVER"
		" (PARTITION BY w.ordinality ORDER BY w.index)," JOURNAL_COPIED
		" FROM placed p JOIN awaited w ON w.ordinality = p.ordinality AND w.index > p.last_index"
		" JOIN restate.journal j ON j.id = w.id AND j.partition_key = w.partition_key AND j.index = w.index"
		" RETURNING id, entry_type),"
		" sized AS (SELECT c.id, count(*) AS journal_size, count(*) FILTER (WHERE " IS_COMMAND("c") ")"
		" AS journal_commands_size FROM copied c GROUP BY c.id),"
		" created AS (INSERT INTO restate.invocation (id, partition_key, status, target_service_name,"
		" target_service_key, target_handler_name, target_service_ty, target_handler_ty, invoked_by,"
		" restarted_from, request_id, pinned_deployment_id, pinned_service_protocol_version, journal_size,"
		" journal_commands_size, created_at, created_using_restate_version, modified_at, inboxed_at,"
		" running_at, completion_retention, journal_retention, inbox_sequence_number, random_seed)"
		" SELECT p.new_id, p.partition_key, CASE WHEN p.exclusive AND p.place > 0 THEN 'pending' ELSE 'ready' END,"
		" i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,"
		" i.target_handler_ty, 'restart_as_new', i.id, $12, p.chosen_id,"
		" CASE WHEN p.chosen_id IS NOT NULL THEN i.pinned_service_protocol_version END,"
		" s.journal_size, s.journal_commands_size, $13, i.created_using_restate_version, $13,"
		" CASE WHEN p.exclusive AND p.place > 0 THEN $13 END,"
		" CASE WHEN p.exclusive AND p.place > 0 THEN NULL ELSE $13 END,"
		" i.completion_retention, i.journal_retention,"
		" CASE WHEN p.exclusive AND p.place > 0 THEN p.next_sequence_number + p.place - 1 END,"
		" CASE WHEN p.last_index > 0 THEN i.random_seed ELSE p.random_seed END"
		" FROM placed p JOIN sized s ON s.id = p.new_id"
		" JOIN restate.invocation i ON i.id = p.id AND i.partition_key = p.partition_key"
		" ON CONFLICT (restarted_from, request_id, partition_key) WHERE restarted_from IS NOT NULL DO NOTHING"
		" RETURNING id, status)"
		" SELECT e.ordinality, e.deployment_missing, e.deployment_incompatible IS TRUE, e.out_of_range,"
		" e.incomplete, e.restarted, c.id, c.status"
		" FROM examined e LEFT JOIN created c ON c.id = e.new_id ORDER BY e.ordinality",
		{MANY(STORE_INT8), MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), MANY(STORE_INVOCATION_ID),
			MANY(STORE_INT8), MANY(STORE_TEXT), MANY(STORE_DEPLOYMENT_ID), MANY(STORE_INT8),
			MANY(STORE_BOOL), MANY(STORE_INT8), MANY(STORE_INT8), STORE_TEXT, STORE_TIMESTAMPTZ
		}
	},

	[STORE_AUDIT] = {
		"audit",
		"INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, new_id,"
		" caused_by, role_name, session_user_name, claimed_subject, reason)"
		" SELECT v.id, v.partition_key, $6, $7, $8, v.outcome, v.new_id, v.caused_by, $9, $10, $11, $12"
		" FROM unnest($1, $2, $3, $4, $5) AS v(id, partition_key, outcome, new_id, caused_by)",
		{MANY(STORE_INVOCATION_ID), MANY(STORE_INT8), MANY(STORE_TEXT), MANY(STORE_INVOCATION_ID),
			MANY(STORE_INVOCATION_ID), STORE_TIMESTAMPTZ, STORE_TEXT, STORE_JSONB, STORE_TEXT, STORE_TEXT,
			STORE_TEXT, STORE_TEXT
		}
	},
};
