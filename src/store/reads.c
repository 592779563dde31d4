/*
 * reads.c
 *		The statements that read rows.
 */
#include "postgres.h"

#include "store/reads.h"
#include "store/sql.h"
#include "store/work.h"

#define READ(statement) STORE_##statement - STORE_LOCKS_END

/* one line a clause */
/* clang-format off */

/* microseconds of an interval */
#define LENGTH(interval) "restate.microseconds(" interval ")"

/*
 * What is registered that a handler's invocations follow from, in the latest revision of
 * its service, or in the newest that the deployment serves; -1 for a duration that is not
 * there.
 */
#define REGISTERED \
	"SELECT r.deployment_id, d.min_service_protocol_version::bigint AS min_protocol_version," \
	" d.max_service_protocol_version::bigint AS max_protocol_version, r.ty AS service_ty," \
	" r.options #> ARRAY['handlers', {handler_name}] AS of_handler, r.options -> 'service' AS of_service," \
	" coalesce(" LENGTH("r.idempotency_retention") ", -1) AS idempotency_retention," \
	" coalesce(" LENGTH("r.journal_retention") ", -1) AS journal_retention," \
	" coalesce(" LENGTH("r.workflow_completion_retention") ", -1) AS workflow_completion_retention," \
	" EXISTS (SELECT FROM restate.held_service h WHERE h.service_name = {service_name}) AS is_held" \
	" FROM restate.service_revision r JOIN restate.deployment d ON d.id = r.deployment_id" \
	" WHERE r.service_name = {service_name} AND ({deployment_id} IS NULL OR r.deployment_id = {deployment_id})" \
	" ORDER BY r.revision DESC LIMIT 1"

/* with what follows from it by a function that knows */
#define HANDLER(function) \
	"SELECT s.*, h.handler_ty, " LENGTH("h.completion_retention") " AS result_kept_for, " \
	LENGTH("h.journal_retention") " AS journal_kept_for, " LENGTH("h.retry_initial_interval") " AS initial_interval," \
	" (h.retry_factor * 1000000)::bigint AS factor, " LENGTH("h.retry_max_interval") " AS max_interval," \
	" h.retry_max_attempts AS max_attempts, h.retry_on_max_attempts = 'kill' AS kills" \
	" FROM (" REGISTERED ") AS s" \
	" CROSS JOIN LATERAL " function "({service_name}, {handler_name}, s.deployment_id) AS h"

/*
 * The first that are ready of lanes, which are rows v: first of each service its
 * share, then by age.  A lane of a service that is held, of which the deployment is
 * not there or not among those asked for, has none.
 */
#define RUNNABLE_OF(lanes, since, services) \
	" SELECT c.service_name, c.deployment_id, c.ready_at, c.id," \
	" row_number() OVER (PARTITION BY c.service_name ORDER BY c.ready_at, c.id) > {max} / greatest(" services ", 1) AS is_beyond" \
	" FROM (SELECT v.service_name, v.deployment_id, r.ready_at, r.id FROM " lanes \
	" LEFT JOIN LATERAL (" LATEST_DEPLOYMENT("v.service_name") ") AS l ON v.deployment_id = restate.no_deployment()" \
	" JOIN restate.deployment d ON d.id = coalesce(l.deployment_id, v.deployment_id)" \
	" CROSS JOIN LATERAL (SELECT r.ready_at, r.id FROM restate.runnable r" \
	" WHERE r.service_name = v.service_name AND r.deployment_id = v.deployment_id" since \
	" ORDER BY r.ready_at, r.id LIMIT {depth}) AS r" \
	" WHERE NOT EXISTS (SELECT FROM restate.held_service h WHERE h.service_name = v.service_name)" \
	" AND ({deployments} IS NULL OR d.id = ANY ({deployments}))) AS c" \
	" ORDER BY is_beyond, c.ready_at, c.id"

const StoreStatementDef store_reads[STORE_READS_END - STORE_LOCKS_END] = {
	/*
	 * The first that are ready of the services asked for, or of all that the deployments
	 * serve; only of these deployments, if any are named.  Where the tables are distributed,
	 * those of one shard.  A service has a lane for each deployment that something of it is
	 * pinned to, and one for what is not pinned: the next is looked up in the index, so that
	 * those in front of it cost nothing.
	 */
	[READ(READ_RUNNABLE)] = {
		.name = "read runnable",
		.form = &store_form_claim, .result = &store_result_runnable,
		.sql = "WITH RECURSIVE asked AS (SELECT n.service_name FROM unnest({services}) AS n (service_name)"
			" UNION SELECT s.service_name FROM restate.service_revision s WHERE {services} IS NULL AND s.deployment_id = ANY ({deployments})),"
			" lane AS (SELECT n.service_name, f.deployment_id FROM asked AS n"
			" CROSS JOIN LATERAL (SELECT r.deployment_id FROM restate.runnable r WHERE r.service_name = n.service_name"
			" ORDER BY r.deployment_id LIMIT 1) AS f"
			" UNION ALL SELECT n.service_name, f.deployment_id FROM lane AS n"
			" CROSS JOIN LATERAL (SELECT r.deployment_id FROM restate.runnable r WHERE r.service_name = n.service_name"
			" AND r.deployment_id > n.deployment_id ORDER BY r.deployment_id LIMIT 1) AS f)"
			RUNNABLE_OF("lane AS v", "", "(SELECT count(*) FROM asked)")},

	/*
	 * The shards of the invocations, those of this node first, with a partition key of each,
	 * the lowest that is not below 0: more than enough are tried.
	 */
	[READ(READ_SHARD_KEYS)] = {
		.name = "read shard keys",
		.of_this_node = true,
		.form = &store_form_none, .result = &store_result_shard_key,
		.sql = "SELECT k.partition_key, EXISTS (SELECT FROM pg_catalog.pg_dist_placement p"
			" JOIN pg_catalog.pg_dist_local_group g ON g.groupid = p.groupid WHERE p.shardid = k.shard) AS is_here, k.shard"
			" FROM (SELECT min(k.key) AS partition_key,"
			" pg_catalog.get_shard_id_for_distribution_column('restate.invocation', k.key) AS shard"
			" FROM generate_series(0, 32 * (SELECT count(*) FROM pg_catalog.pg_dist_shard s"
			" WHERE s.logicalrelid = 'restate.invocation'::pg_catalog.regclass)) AS k (key) GROUP BY shard) AS k"
			" ORDER BY is_here DESC, k.partition_key"},

	/* the shards of the invocations that partition keys are in, in the order of the keys */
	[READ(READ_SHARDS)] = {
		.name = "read shards",
		.of_this_node = true,
		.form = &store_form_partitions, .result = &store_result_count,
		.sql = "SELECT pg_catalog.get_shard_id_for_distribution_column('restate.invocation', v.key) AS count FROM {rows}"},

	/* the tables, each with the shard of it that goes with the partition key */
	[READ(READ_SHARD_TABLES)] = {
		.name = "read shard tables",
		.of_this_node = true,
		.form = &store_form_partition, .result = &store_result_shard_table,
		.sql = "SELECT c.relname::text AS name, CASE WHEN p.partkey IS NULL THEN (SELECT s.shardid FROM pg_catalog.pg_dist_shard s"
			" WHERE s.logicalrelid = c.oid) ELSE pg_catalog.get_shard_id_for_distribution_column(c.oid, {partition_key}) END AS shard"
			" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_dist_partition p ON p.logicalrelid = c.oid"
			" WHERE c.relnamespace = 'restate'::pg_catalog.regnamespace"},

	/*
	 * Has the node that has the shard of the partition key do what is asked.  No row is as
	 * it says: there is one of the answer all the same.  The table is the one with the
	 * fewest columns and indexes of those with such a shard: Citus writes the query anew
	 * each time, and the node plans it.
	 */
	[READ(ASK_SHARD)] = {
		.name = "ask shard",
		.of_this_node = true,
		.form = &store_form_request, .result = &store_result_answer,
		.sql = "SELECT restate.run_on_shard({partition_key}, {request}, count(*)) AS answer FROM restate.bulk_target t"
			" WHERE t.partition_key = {partition_key} AND t.job IS NULL"},

	/*
	 * The same, and has Citus take its transaction for one that changes the shard.  The key
	 * of it stands in the text: Citus plans a query with a part like this for the values.
	 */
	[READ(ASK_AND_TOUCH_SHARD)] = {
		.name = "ask and touch shard",
		.of_this_node = true,
		.form = &store_form_request, .result = &store_result_answer,
		.sql = "WITH touched AS (DELETE FROM restate.bulk_target d WHERE d.partition_key = {key_of_shard} AND d.job IS NULL)"
			" SELECT restate.run_on_shard({partition_key}, {request}, count(*)) AS answer FROM restate.bulk_target t"
			" WHERE t.partition_key = {key_of_shard} AND t.job IS NULL"},

	/* Does that alone, and changes nothing. */
	[READ(TOUCH_SHARD)] = {
		.name = "touch shard",
		.of_this_node = true,
		.form = &store_form_partition,
		.sql = "DELETE FROM restate.bulk_target t WHERE t.partition_key = {partition_key} AND t.job IS NULL"},

	/* whether a worker was heard of a moment ago */
	[READ(READ_WORKER)] = {
		.name = "read worker",
		.of_references = true,
		.form = &store_form_worker,
		.sql = "SELECT FROM restate.worker w WHERE w.name = {name} AND w.last_seen >= {at} - interval '1 second'"},

	/* which of the deployments the ready of a service start on that are pinned to one, or to none; none of a held one */
	[READ(READ_STARTABLE)] = {
		.name = "read startable",
		.of_references = true,
		.form = &store_form_startable, .result = &store_result_startable,
		.sql = "SELECT v.service_name, v.deployment_id, d.id AS starts_on,"
			" d.min_service_protocol_version::bigint AS min_protocol_version,"
			" d.max_service_protocol_version::bigint AS max_protocol_version FROM {rows}"
			" LEFT JOIN LATERAL (" LATEST_DEPLOYMENT("v.service_name") ") AS l ON v.deployment_id = restate.no_deployment()"
			" JOIN restate.deployment d ON d.id = coalesce(l.deployment_id, v.deployment_id)"
			" WHERE d.id = ANY ({deployments})"
			" AND NOT EXISTS (SELECT FROM restate.held_service h WHERE h.service_name = v.service_name)"},

	/* what attempts begin with: its columns are those of restate_claim() */
	[READ(READ_ATTEMPTS)] = {
		.name = "read attempts",
		.form = &store_form_attempts,
		.sql = "SELECT a.* FROM restate.attempts_of({ids}, {frames}) AS a",
		.sql_of_nodes = "SELECT a.* FROM restate.attempts_on_nodes({ids}, {frames}) AS a"},

	/* the same of lanes that are known, from a time on */
	[READ(READ_RUNNABLE_SINCE)] = {
		.name = "read runnable since",
		.form = &store_form_lane, .result = &store_result_runnable,
		.sql = RUNNABLE_OF("{rows}", " AND r.ready_at >= v.ready_at", "{services}")},

	[READ(READ_MANY)] = {
		.name = "read many",
		.form = &store_form_id, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) FROM_MANY},

	[READ(READ_MANY_WITH_DEPLOYMENT)] = {
		.name = "read many with deployment",
		.form = &store_form_lock, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) FROM_MANY DEPLOYMENT},

	[READ(READ_KEYS)] = {
		.name = "read object keys",
		.form = &store_form_key, .result = &store_result_key,
		.sql = KEYS("true")},

	[READ(READ_CALLEES)] = {
		.name = "read callees",
		.form = &store_form_id, .result = &store_result_callee,
		.sql = "SELECT j.id, j.invoked_id"
			" FROM {rows} JOIN restate.journal j ON " IS_NAMED("j") " WHERE " IS_CALL("j")
			" ORDER BY j.id, j.index"},

	/* the first few of each object key's inbox */
	[READ(READ_INBOXES)] = {
		.name = "read inboxes",
		.form = &store_form_inbox, .result = &store_result_id,
		.sql = "SELECT p.id FROM {rows}"
			" CROSS JOIN LATERAL (SELECT i.id FROM restate.invocation i WHERE i.inbox_sequence_number IS NOT NULL"
			" AND i.target_service_name = v.service_name COLLATE \"C\""
			" AND restate.indexed_key(i.target_service_key) = restate.indexed_key(v.service_key)"
			" AND i.partition_key = v.partition_key"
			" ORDER BY i.inbox_sequence_number LIMIT v.size) AS p"},

	/* who waits for the results of invocations */
	[READ(READ_WAITERS)] = {
		.name = "read waiters",
		.form = &store_form_id, .result = &store_result_waiter,
		.sql = "SELECT w.target, w.caller, w.completion_id, w.kind = 'call' AS is_call, w.caller_seed FROM {rows}"
			" JOIN restate.waiter w ON " IS_WAITED_FOR("w")
			" ORDER BY w.target, w.caller, w.completion_id"},

	/* what those that are suspended wait for */
	[READ(READ_AWAITED)] = {
		.name = "read awaited",
		.form = &store_form_id, .result = &store_result_awaited,
		.sql = "SELECT i.id, i.suspended_waiting_for_completions AS completions,"
			" i.suspended_waiting_for_signals AS signals, i.suspended_waiting_for_names AS names" FROM_MANY},

	[READ(READ_REGISTERED)] = {
		.name = "read registered",
		.of_references = true,
		.form = &store_form_handler, .result = &store_result_handler,
		.sql = REGISTERED},

	/* with what follows from it; durations in microseconds, the factor in millionths */
	[READ(READ_HANDLER)] = {
		.name = "read handler",
		.form = &store_form_handler, .result = &store_result_handler,
		.sql = HANDLER("restate.handler_of"),
		.sql_of_nodes = HANDLER("restate.handler_on_nodes")},

	[READ(READ_RESULTS)] = {
		.name = "read results",
		.form = &store_form_id, .result = &store_result_outcome,
		.sql = "SELECT i.id, i.completion_failure AS failure, i.completion_failure_metadata::text AS metadata,"
			" i.completion_payload AS value" FROM_MANY " WHERE i.completed_at IS NOT NULL"},

	/* commands of a journal, from the one with that number on */
	[READ(READ_COMMANDS)] = {
		.name = "read commands",
		.form = &store_form_journal_part, .result = &store_result_entry,
		.sql = "SELECT c.index, c.entry_type::text AS entry_type, c.name, coalesce(c.completion_id, -1) AS completion_id,"
			" coalesce(c.result_completion_id, -1) AS result_completion_id, c.invoked_id, coalesce(c.signal_index, -1) AS signal_index,"
			" c.signal_name, c.meta, c.payload FROM restate.journal c"
			" WHERE c.id = {id} AND c.partition_key = {partition_key} AND " IS_COMMAND("c")
			" ORDER BY c.index LIMIT {count} OFFSET {first}"},

	/*
	 * The completions, each found by its index, and the runs that ask for one.  No index has
	 * these: a run is looked for from the end of the journal on, near which it stands.
	 */
	[READ(READ_ARRIVALS)] = {
		.name = "read arrivals",
		.form = &store_form_arrival, .result = &store_result_arrival,
		.sql = "SELECT v.id, v.completion_id, c.index, c.meta::text AS meta, c.payload, c.is_run FROM {rows}"
			" CROSS JOIN LATERAL ((SELECT j.index, j.meta, j.payload, false AS is_run FROM restate.journal j"
			" WHERE " IS_NAMED("j") " AND j.completion_id = v.completion_id AND " IS_COMPLETION("j") " LIMIT 1)"
			" UNION ALL (SELECT r.index, r.meta, r.payload, true FROM restate.journal r WHERE v.of_run AND " IS_NAMED("r")
			" AND r.completion_id = v.completion_id AND r.entry_type = 'Command: Run' ORDER BY r.index DESC LIMIT 1)) AS c"},

	/* the completions alone, as entries */
	[READ(READ_ANSWERS)] = {
		.name = "read answers",
		.form = &store_form_completion, .result = &store_result_entry,
		.sql = "SELECT c.index, c.entry_type::text AS entry_type, c.name, v.completion_id,"
			" -1::bigint AS result_completion_id, c.invoked_id, -1::bigint AS signal_index, c.signal_name, c.meta, c.payload"
			" FROM {rows} CROSS JOIN LATERAL (SELECT j.* FROM restate.journal j WHERE " IS_NAMED("j")
			" AND j.completion_id = v.completion_id AND " IS_COMPLETION("j") " LIMIT 1) AS c"},

	[READ(READ_SIGNALS)] = {
		.name = "read signals",
		.form = &store_form_journal_part, .result = &store_result_signal,
		.sql = "SELECT j.index, coalesce(j.signal_index, -1) AS signal_index, j.signal_name FROM restate.journal j"
			" WHERE j.id = {id} AND j.partition_key = {partition_key} AND j.index >= {first}"
			" AND j.entry_type = 'Notification: Signal' ORDER BY j.index LIMIT {count}"},

	/* what has come to journals, from an index on */
	[READ(READ_NEWS)] = {
		.name = "read news",
		.form = &store_form_journal_rest, .result = &store_result_news,
		.sql = "SELECT j.id AS of, j.index, j.entry_type::text AS entry_type, j.name, coalesce(j.completion_id, -1) AS completion_id,"
			" coalesce(j.result_completion_id, -1) AS result_completion_id, j.invoked_id, coalesce(j.signal_index, -1) AS signal_index,"
			" j.signal_name, j.meta, j.payload FROM {rows} JOIN restate.journal j ON " IS_NAMED("j")
			" WHERE j.index >= v.first AND NOT " IS_COMMAND("j") " ORDER BY j.id, j.index"},

	/* the last completion that commands have asked for, which is the highest */
	[READ(READ_ASKED)] = {
		.name = "read asked",
		.form = &store_form_id, .result = &store_result_asked,
		.sql = "SELECT v.id, c.completion_id FROM {rows}"
			" CROSS JOIN LATERAL (SELECT greatest(j.completion_id, j.result_completion_id) AS completion_id FROM restate.journal j"
			" WHERE " IS_NAMED("j") " AND j.completion_id IS NOT NULL AND " IS_COMMAND("j")
			" ORDER BY j.index DESC LIMIT 1) AS c"},

	[READ(READ_OUTPUT)] = {
		.name = "read output",
		.form = &store_form_journal_part, .result = &store_result_entry,
		.sql = "SELECT c.index, c.entry_type::text AS entry_type, c.name, -1::bigint AS completion_id,"
			" -1::bigint AS result_completion_id, c.invoked_id, -1::bigint AS signal_index,"
			" c.signal_name, c.meta, c.payload FROM restate.journal c"
			" WHERE c.id = {id} AND c.partition_key = {partition_key} AND c.index >= {first} AND c.entry_type = 'Command: Output'"
			" ORDER BY c.index DESC LIMIT {count}"},

	[READ(READ_STATE)] = {
		.name = "read state",
		.form = &store_form_key, .result = &store_result_state,
		.sql = "SELECT t.key, t.value FROM {rows} JOIN restate.object_state t ON " IS_KEY("t")
			" ORDER BY t.key COLLATE \"C\""},

	[READ(READ_QUEUED_STATE)] = {
		.name = "read queued state",
		.form = &store_form_queued_until, .result = &store_result_queued_state,
		.sql = "SELECT t.sequence_number, e.key, pg_catalog.decode(e.value, 'hex') AS value, t.version"
			" FROM {rows} JOIN restate.queued_state t ON " IS_QUEUED("t")
			" LEFT JOIN LATERAL pg_catalog.jsonb_each_text(t.state) AS e ON true"
			" ORDER BY t.sequence_number, e.key COLLATE \"C\""},

	[READ(READ_HANDLER_NAME)] = {
		.name = "read handler name",
		.form = &store_form_id, .result = &store_result_handler_name,
		.sql = "SELECT i.target_handler_name AS handler_name" FROM_MANY},

	[READ(READ_FAILURE)] = {
		.name = "read failure",
		.form = &store_form_id, .result = &store_result_failure,
		.sql = "SELECT CASE WHEN (SELECT e.event_type FROM restate.journal_event e WHERE e.id = i.id AND e.partition_key = i.partition_key"
			" ORDER BY e.event_index DESC LIMIT 1) IS DISTINCT FROM 'Paused' THEN i.last_failure END AS last_failure,"
			" i.last_failure_error_code AS error_code, i.target_handler_name AS handler_name" FROM_MANY},

	/* who waits for promises, but for those who are gone or have completed */
	[READ(READ_PROMISE_WAITERS)] = {
		.name = "read promise waiters",
		.form = &store_form_promise, .result = &store_result_promise_waiter,
		.sql = "SELECT t.key, t.caller, t.completion_id, t.caller_seed"
			" FROM {rows} JOIN restate.promise_waiter t ON " IS_STATE("t") " ORDER BY t.caller, t.completion_id"},

	/* what is due of those kinds, the longest first */
	[READ(READ_DUE)] = {
		.name = "read due",
		.form = &store_form_due, .result = &store_result_due,
		.sql = "SELECT d.id, d.kind::text AS kind, d.due_at, d.completion_id, d.seed FROM unnest({kinds}) AS k (kind)"
			" CROSS JOIN LATERAL (SELECT t.id, t.kind, t.due_at, t.completion_id, t.seed FROM restate.timer t"
			" WHERE t.kind = k.kind::restate.timer_kind AND t.due_at <= {before} ORDER BY t.due_at, t.id LIMIT {max}) AS d"
			" ORDER BY d.due_at, d.kind, d.id LIMIT {max}"},

	/* the same of one kind */
	[READ(READ_DUE_OF_KIND)] = {
		.name = "read due of kind",
		.form = &store_form_due_of_kind, .result = &store_result_due,
		.sql = "SELECT t.id, t.kind::text AS kind, t.due_at, t.completion_id, t.seed FROM restate.timer t"
			" WHERE t.kind = {kind}::restate.timer_kind AND t.due_at <= {before} ORDER BY t.due_at, t.id LIMIT {max}"},

	/* the sleeps of journals that have no completion, and end some day */
	[READ(READ_SLEEPS)] = {
		.name = "read sleeps",
		.form = &store_form_id, .result = &store_result_due,
		.sql = "SELECT j.id, 'sleep' AS kind, restate.sleep_wakeup_at(j.entry_type, j.meta) AS due_at, j.completion_id, 0::bigint AS seed"
			" FROM {rows} JOIN restate.journal j ON " IS_NAMED("j") " WHERE j.entry_type = 'Command: Sleep'"
			" AND restate.sleep_wakeup_at(j.entry_type, j.meta) < 'infinity'"
			" AND NOT EXISTS (SELECT FROM restate.journal n WHERE n.id = j.id AND n.partition_key = j.partition_key"
			" AND n.completion_id = j.completion_id AND " IS_COMPLETION("n") ")"},

	/*
	 * The attempts of workers that were not heard of since then; to start one is to be
	 * heard of.  What is in flight is read only if there is such a worker.
	 */
	[READ(READ_DEAD)] = {
		.name = "read dead",
		.form = &store_form_silent, .result = &store_result_attempt,
		.sql = "SELECT i.id, i.attempt FROM restate.worker w JOIN restate.invocation i ON i.worker_name = w.name"
			" WHERE w.last_seen < {before} AND i.completed_at IS NULL AND i.status = 'running'"
			" AND i.last_start_at < {before}"
			" AND EXISTS (SELECT FROM restate.worker x WHERE x.last_seen < {before}) LIMIT {max}"},

	/* the attempts of a worker, in the order of their ids */
	[READ(READ_RUN_BY)] = {
		.name = "read run by",
		.form = &store_form_runner, .result = &store_result_attempt,
		.sql = "SELECT i.id, i.attempt FROM restate.invocation i WHERE i.worker_name = {worker_name}"
			" AND i.completed_at IS NULL AND i.status = 'running' ORDER BY i.id LIMIT {max}"},

	/* the channels of the workers that run invocations and were heard of since then; null is the one that calls */
	[READ(READ_OWNERS)] = {
		.name = "read owners",
		.form = &store_form_owner, .result = &store_result_owner,
		.sql = "SELECT i.id, CASE WHEN w.name IS DISTINCT FROM {caller} THEN restate_worker_channel(w.name) END AS channel" FROM_MANY
			" JOIN restate.worker w ON w.name = i.worker_name WHERE w.last_seen >= {since}"},

	/* the channels of where their results are awaited; the worker that completes one knows */
	[READ(READ_AWAITERS)] = {
		.name = "read awaiters",
		.form = &store_form_awaiter, .result = &store_result_owner,
		.sql = "SELECT i.id, restate_ingress_channel(g.name) AS channel" FROM_MANY
			" CROSS JOIN LATERAL unnest(i.awaited_by) AS g (name) WHERE v.tells_worker OR g.name IS DISTINCT FROM i.worker_name"},

	[READ(READ_PREFIXES)] = {
		.name = "read prefixes",
		.form = &store_form_prefix, .result = &store_result_prefix,
		.sql = "SELECT v.id," PREFIX_FACTS " FROM {rows} CROSS JOIN LATERAL "
			PREFIX("v.id", "v.partition_key", "v.last_index")},

	/*
	 * Where in a journal completions are.  Each is looked up by itself: a join
	 * may be planned as a scan of the whole journal for every one.
	 */
	[READ(READ_COMPLETIONS)] = {
		.name = "read completions",
		.form = &store_form_completion, .result = &store_result_completion,
		.sql = "SELECT v.id, c.index FROM {rows}"
			" CROSS JOIN LATERAL (SELECT j.index FROM restate.journal j WHERE " IS_NAMED("j")
			" AND j.completion_id = v.completion_id AND " IS_COMPLETION("j") " LIMIT 1) AS c"},

	/*
	 * The restarts with a request id, and what the audit has of each: the last
	 * index that it keeps, and the deployment that it was made for, if that was
	 * recorded.
	 */
	[READ(READ_RESTARTED)] = {
		.name = "read restarted",
		.form = &store_form_restarted, .result = &store_result_restart,
		.sql = "SELECT i.restarted_from, i.id, a.last_index IS NOT NULL AS is_recorded, a.last_index,"
			" a.has_deployment, a.deployment_id FROM {rows}"
			" CROSS JOIN LATERAL (SELECT r.restarted_from, r.id FROM restate.invocation r"
			" WHERE r.restarted_from = v.id AND r.partition_key = v.partition_key"
			" AND r.request_id = {request_id} COLLATE \"C\" OFFSET 0) AS i"
			" LEFT JOIN LATERAL (SELECT coalesce((s.parameters ->> 'from')::bigint, 0) AS last_index,"
			" s.parameters ? 'resolved_deployment' AS has_deployment,"
			" (s.parameters ->> 'resolved_deployment')::restate_deployment_id AS deployment_id"
			" FROM restate.audit s WHERE s.id = v.id AND s.partition_key = v.partition_key"
			" AND s.new_id = i.id LIMIT 1) AS a ON true"},

	/* the first command of a journal, up to an index, that lacks a completion */
	[READ(READ_INCOMPLETE)] = {
		.name = "read incomplete",
		.form = &store_form_one, .result = &store_result_command,
		.sql = "SELECT c.index, c.entry_type::text AS entry_type, c.name FROM restate.journal c"
			" WHERE c.id = {id} AND c.partition_key = {partition_key} AND c.index BETWEEN 1 AND {last_index} AND " IS_COMMAND("c")
			" AND (" LACKS("completion_id") " OR " LACKS("result_completion_id") ")"
			" ORDER BY c.index LIMIT 1"},

	/* what deletes of all there is have left, if a policy has hidden it from them */
	[READ(COUNT_EVENTS)] = {
		.name = "count events",
		.form = &store_form_id, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.journal_event e ON " IS_NAMED("e")},

	[READ(COUNT_AUDIT)] = {
		.name = "count audit",
		.form = &store_form_audit_purge, .result = &store_result_count,
		.sql = "SELECT count(*) FROM restate.audit s WHERE s.at < {before}"},

	[READ(COUNT_PROMISES)] = {
		.name = "count promises",
		.form = &store_form_key, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.promise t ON " IS_KEY("t")},

	[READ(COUNT_STATE)] = {
		.name = "count state",
		.form = &store_form_key, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.object_state t ON " IS_KEY("t")},

	[READ(COUNT_PROMISE_WAITERS)] = {
		.name = "count promise waiters",
		.form = &store_form_promise, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.promise_waiter t ON " IS_STATE("t")},

	[READ(COUNT_WORKFLOW_WAITERS)] = {
		.name = "count workflow waiters",
		.form = &store_form_key, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.promise_waiter t ON " IS_KEY("t")},

	[READ(COUNT_CLEARED)] = {
		.name = "count cleared",
		.form = &store_form_state_change, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.object_state t ON " IS_STATE("t")},

	[READ(COUNT_QUEUED_STATE)] = {
		.name = "count queued state",
		.form = &store_form_queued_until, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.queued_state t ON " IS_QUEUED("t")},

	[READ(COUNT_RUNNABLE)] = {
		.name = "count runnable",
		.form = &store_form_runnable, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.runnable r ON " IS_RUNNABLE("r")},

	[READ(COUNT_TIMERS)] = {
		.name = "count timers",
		.form = &store_form_timer, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.timer t ON " IS_TIMER("t")},

	[READ(COUNT_WAITERS)] = {
		.name = "count waiters",
		.form = &store_form_id, .result = &store_result_count,
		.sql = "SELECT count(*) FROM {rows} JOIN restate.waiter w ON " IS_WAITED_FOR("w")},

	[READ(EXTENSION_VERSION)] = {
		.name = "extension version",
		.of_this_node = true,
		.form = &store_form_none, .result = &store_result_version,
		.sql = "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'restate_admin'"},

	[READ(IS_DISTRIBUTED)] = {
		.name = "is distributed",
		.of_this_node = true,
		.form = &store_form_none, .result = &store_result_count,
		.sql = "SELECT (SELECT count(*) FROM pg_catalog.pg_dist_shard s"
			" JOIN pg_catalog.pg_dist_placement p ON p.shardid = s.shardid"
			" JOIN pg_catalog.pg_dist_local_group g ON g.groupid = p.groupid"
			" WHERE s.logicalrelid = 'restate.deployment'::pg_catalog.regclass) AS count FROM pg_catalog.pg_dist_partition"
			" WHERE logicalrelid = 'restate.invocation'::pg_catalog.regclass"},
};
/* clang-format on */
