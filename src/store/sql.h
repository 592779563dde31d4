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

#include "store/facts_list.h"

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

/* one line a clause */
/* clang-format off */

/* an invocation's id and its facts, with those of a deployment */
#define FACT_COLUMN(name)		   " i." #name ","
#define FACT_EXPRESSION(name, sql) " " sql ","
#define FACT_LAST(name)			   " i." #name
#define FACTS(deployment)                                                                                                                                  \
	" i.id, restate.facts(" FACTS_BEFORE_DEPLOYMENT(FACT_COLUMN, FACT_EXPRESSION) " " deployment "," FACTS_BEHIND_DEPLOYMENT(FACT_COLUMN, FACT_EXPRESSION) \
		FACTS_LAST(FACT_LAST) ") AS facts"
#define NO_DEPLOYMENT "NULL, NULL, NULL"

/*
 * The deployment asked for: the id's, the latest of the service, or none.  The
 * latest revision is as restate.sys_service has it, said again for a lock that
 * finds it through the primary key.
 */
#define LATEST_DEPLOYMENT(service_name)                                                     \
	"SELECT s.deployment_id FROM restate.service_revision s"                                \
	" WHERE s.service_name = " service_name " AND EXISTS (SELECT FROM restate.deployment x" \
	" WHERE x.id = s.deployment_id) ORDER BY s.revision DESC LIMIT 1"
#define DEPLOYMENT                                                                                                                                                      \
	" LEFT JOIN LATERAL (" LATEST_DEPLOYMENT("i.target_service_name") ") AS l ON {deployment_mode} = 'latest'"                                                          \
																	  " LEFT JOIN restate.deployment d ON d.id = CASE {deployment_mode} WHEN 'id' THEN {deployment_id}" \
																	  " ELSE l.deployment_id END"
#define THE_DEPLOYMENT "d.id, d.min_service_protocol_version, d.max_service_protocol_version"

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
#define KEYS(condition)                                                      \
	"SELECT k.service_name, k.service_key, k.holder, k.next_sequence_number, k.has_queued_state" \
	" FROM {rows} JOIN restate.object_key k ON " IS_OBJECT_KEY("k") " WHERE " condition
/* clang-format on */

#endif /* RESTATE_STORE_SQL_H */
