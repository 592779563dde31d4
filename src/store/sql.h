/*
 * sql.h
 *		What the texts of statements have in common.
 *
 * Statements that lock a row carry its partition key as a parameter; those
 * over many rows join on (id, partition_key).  Rows are locked in the order
 * of their ids, object keys in the order of (service, key).
 */
#ifndef RESTATE_STORE_SQL_H
#define RESTATE_STORE_SQL_H

/* the rows named by v */
#define IS_NAMED(alias) alias ".id = v.id AND " alias ".partition_key = v.partition_key"

#define IS_KEY(alias)                                                                              \
	alias ".service_name = v.service_name COLLATE \"C\" AND " alias ".service_key = v.service_key" \
		  " AND " alias ".partition_key = v.partition_key"

/* the same of the table of object keys, where it keeps to the index that makes them unique */
#define IS_OBJECT_KEY(alias)                             \
	alias ".partition_key = v.partition_key AND " alias  \
		  ".service_name = v.service_name COLLATE \"C\"" \
		  " AND restate.indexed_key(" alias ".service_key) = restate.indexed_key(v.service_key)"

/* the places named by v among those that can run */
#define IS_RUNNABLE(alias) \
	alias ".service_name = v.service_name AND " alias ".deployment_id = v.deployment_id AND " alias ".ready_at = v.ready_at AND " IS_NAMED(alias)

/* the entries of state named by v */
#define IS_STATE(alias)                                  \
	alias ".partition_key = v.partition_key AND " alias  \
		  ".service_name = v.service_name COLLATE \"C\"" \
		  " AND restate.indexed_key(" alias ".service_key, " alias ".key) = restate.indexed_key(v.service_key, v.key)"

/* the changes of state that wait before the places named by v */
#define IS_QUEUED(alias) IS_OBJECT_KEY(alias) " AND " alias ".sequence_number < v.until"

/* the timers named by v, and who waits for the invocations named by v */
#define IS_TIMER(alias)                                                                        \
	alias ".due_at = v.due_at AND " alias ".kind = restate.read_timer_kind(v.kind) AND " alias \
		  ".completion_id = v.completion_id AND " alias ".seed = v.seed AND " IS_NAMED(alias)
#define IS_WAITED_FOR(alias) \
	alias ".target = v.id AND " alias ".partition_key = v.partition_key"

#define IS_COMMAND(alias) alias ".entry_type < 'Notification: Run'"
#define IS_COMPLETION(alias) \
	alias ".completion_id IS NOT NULL AND " alias ".entry_type >= 'Notification: Run'"

/* that there is a callee keeps to the index of callees; the literal is the lowest id */
#define IS_CALL(alias)                                              \
	alias ".invoked_id >= 'inv_1000000000000000000000000000000000'" \
		  " AND " alias ".entry_type IN ('Command: Call', 'Command: OneWayCall')"

/* that the command has that completion to wait for, and it has not arrived */
#define LACKS(column)                                                        \
	"c." column " IS NOT NULL AND NOT EXISTS (SELECT FROM restate.journal n" \
	" WHERE n.id = {id} AND n.partition_key = {partition_key} AND n.completion_id = c." column " AND " IS_COMPLETION("n") ")"

#define FROM_MANY " FROM {rows} JOIN restate.invocation i ON " IS_NAMED("i")

#endif /* RESTATE_STORE_SQL_H */
