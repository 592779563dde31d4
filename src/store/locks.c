/*
 * locks.c
 *		The statements that lock rows, and those that make rows to be locked.
 */
#include "postgres.h"

#include "store/reads.h"
#include "store/sql.h"
#include "store/work.h"

#define LOCK(statement) STORE_##statement - STORE_WORK_COUNT

/* one line a clause */
/* clang-format off */

#define IS_ONE " WHERE i.id = {id} AND i.partition_key = {partition_key}"

/*
 * A lock statement reads the journal as it was before the lock was waited for:
 * this tells whether the row is still the one that was seen then.  Every change
 * of a journal changes it.
 */
#define IS_CURRENT(id, partition_key)                                     \
	" i.xmin = (SELECT s.xmin FROM restate.invocation s WHERE s.id = " id \
	" AND s.partition_key = " partition_key ") AS is_current"

/* that nothing but the row must be locked: to leave no inbox and answer nobody */
#define IS_CANCELLED_ALONE                      \
	"(i.status NOT IN ('pending', 'scheduled')" \
	" OR i.target_handler_ty IS DISTINCT FROM 'exclusive' AND i.has_waiters IS NOT TRUE)"

/* the same: to free no object key, answer nobody and kill no callee */
#define IS_KILLED_ALONE(id, partition_key)                                           \
	"i.target_handler_ty IS DISTINCT FROM 'exclusive' AND i.has_waiters IS NOT TRUE" \
	" AND NOT EXISTS (SELECT FROM restate.journal j WHERE j.id = " id                \
	" AND j.partition_key = " partition_key " AND " IS_CALL("j") ")"

/* the same: to take no object key */
#define IS_RESTARTED_ALONE "i.target_handler_ty IS DISTINCT FROM 'exclusive'"

#define IN_ID_ORDER	  " ORDER BY i.id FOR UPDATE OF i"
#define UNLESS_LOCKED " SKIP LOCKED"

#define IN_KEY_ORDER(alias) \
	" ORDER BY " alias ".service_name COLLATE \"C\", " alias ".service_key COLLATE \"C\""

#define LOCKED_KEYS(condition) KEYS(condition) IN_KEY_ORDER("k") " FOR UPDATE OF k"

#define CREATE_KEYS \
	"INSERT INTO restate.object_key AS k (service_name, service_key, partition_key)" \
	" SELECT v.service_name, v.service_key, v.partition_key FROM {rows}"

const StoreStatementDef store_locks[STORE_LOCKS_END - STORE_WORK_COUNT] = {
	[LOCK(LOCK_ONE)] = {
		.name = "lock one",
		.form = &store_form_one, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) " FROM restate.invocation i" IS_ONE " FOR UPDATE"},

	[LOCK(LOCK_ONE_WITH_DEPLOYMENT)] = {
		.name = "lock one with deployment",
		.form = &store_form_one, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) " FROM restate.invocation i" DEPLOYMENT IS_ONE
			" FOR UPDATE OF i"},

	/*
	 * Finds nothing where more than the row must be locked: an invocation not
	 * started that leaves an inbox or that somebody waits for.  Here and in the next
	 * a lock is not waited for: of whom more is found meanwhile, the row would stay
	 * locked before others that come first in the order.
	 */
	[LOCK(LOCK_ONE_TO_CANCEL)] = {
		.name = "lock one to cancel",
		.form = &store_form_one, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) " FROM restate.invocation i" IS_ONE
			" AND " IS_CANCELLED_ALONE " FOR UPDATE" UNLESS_LOCKED},

	/*
	 * Finds nothing where the object key must be locked first, somebody may
	 * wait for the result, or a callee be killed.
	 */
	[LOCK(LOCK_ONE_TO_KILL)] = {
		.name = "lock one to kill",
		.form = &store_form_one, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) "," IS_CURRENT("{id}", "{partition_key}") " FROM restate.invocation i" IS_ONE
			" AND " IS_KILLED_ALONE("{id}", "{partition_key}") " FOR UPDATE OF i" UNLESS_LOCKED},

	/*
	 * Makes the promises that are missing, and locks those that are there, in the
	 * order of their keys; the update never comes to pass.
	 */
	[LOCK(CREATE_PROMISES)] = {
		.name = "create promises",
		.form = &store_form_promise,
		.sql = "INSERT INTO restate.promise AS t (service_name, service_key, key, partition_key)"
			" SELECT v.service_name, v.service_key, v.key, v.partition_key FROM {rows} ORDER BY v.key COLLATE \"C\""
			" ON CONFLICT (partition_key, service_name, restate.indexed_key(service_key, key))"
			" DO UPDATE SET completed = t.completed WHERE false"},

	[LOCK(LOCK_PROMISES)] = {
		.name = "lock promises",
		.form = &store_form_promise, .result = &store_result_promise,
		.sql = "SELECT t.key, t.completed, t.completion_success_value AS value, t.completion_failure AS failure"
			" FROM {rows} JOIN restate.promise t ON " IS_STATE("t") " ORDER BY t.key COLLATE \"C\" FOR UPDATE OF t"},

	/*
	 * Finds nothing where the object key must be locked first, or somebody waits for the
	 * result; nor waits for a lock, as above.
	 */
	[LOCK(LOCK_ONE_TO_END)] = {
		.name = "lock one to end",
		.form = &store_form_one, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) " FROM restate.invocation i" IS_ONE
			" AND i.target_handler_ty IS DISTINCT FROM 'exclusive' AND i.has_waiters IS NOT TRUE"
			" FOR UPDATE" UNLESS_LOCKED},

	/*
	 * The first that are ready and that no other transaction has locked.  One that was never
	 * pinned goes to the latest deployment of its service.
	 */
	[LOCK(LOCK_READY)] = {
		.name = "lock ready",
		.form = &store_form_ready, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) FROM_MANY
			" LEFT JOIN LATERAL (" LATEST_DEPLOYMENT("i.target_service_name") ") AS l ON i.pinned_deployment_id IS NULL"
			" JOIN restate.deployment d ON d.id = coalesce(i.pinned_deployment_id, l.deployment_id)"
			" WHERE i.status = 'ready' AND i.is_foreign IS NOT TRUE LIMIT {max} FOR UPDATE OF i" UNLESS_LOCKED},

	/* Finds nothing where the object key must be locked first. */
	[LOCK(LOCK_ONE_TO_RESTART)] = {
		.name = "lock one to restart",
		.form = &store_form_one, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) " FROM restate.invocation i" DEPLOYMENT IS_ONE
			" AND " IS_RESTARTED_ALONE " FOR UPDATE OF i"},

	/* the same, with what the journal has up to the last index to keep */
	[LOCK(LOCK_ONE_TO_RESTART_WITHIN)] = {
		.name = "lock one to restart within",
		.form = &store_form_one, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) "," IS_CURRENT("{id}", "{partition_key}") "," PREFIX_FACTS
			" FROM restate.invocation i" DEPLOYMENT
			" CROSS JOIN LATERAL " PREFIX("{id}", "{partition_key}", "{last_index}") IS_ONE
			" AND " IS_RESTARTED_ALONE " FOR UPDATE OF i"},

	[LOCK(LOCK_MANY)] = {
		.name = "lock many",
		.form = &store_form_lock, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) FROM_MANY IN_ID_ORDER},

	[LOCK(LOCK_MANY_WITH_DEPLOYMENT)] = {
		.name = "lock many with deployment",
		.form = &store_form_lock, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) FROM_MANY DEPLOYMENT IN_ID_ORDER},

	/* Those that no other transaction has locked, and the conditions of the statements on one. */
	[LOCK(LOCK_FREE)] = {
		.name = "lock free",
		.form = &store_form_lock, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) FROM_MANY IN_ID_ORDER UNLESS_LOCKED},

	[LOCK(LOCK_FREE_WITH_DEPLOYMENT)] = {
		.name = "lock free with deployment",
		.form = &store_form_lock, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) FROM_MANY DEPLOYMENT IN_ID_ORDER UNLESS_LOCKED},

	[LOCK(LOCK_FREE_TO_CANCEL)] = {
		.name = "lock free to cancel",
		.form = &store_form_lock, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) FROM_MANY " WHERE " IS_CANCELLED_ALONE IN_ID_ORDER UNLESS_LOCKED},

	[LOCK(LOCK_FREE_TO_KILL)] = {
		.name = "lock free to kill",
		.form = &store_form_lock, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(NO_DEPLOYMENT) "," IS_CURRENT("v.id", "v.partition_key") FROM_MANY
			" WHERE " IS_KILLED_ALONE("v.id", "v.partition_key") IN_ID_ORDER UNLESS_LOCKED},

	[LOCK(LOCK_FREE_TO_RESTART)] = {
		.name = "lock free to restart",
		.form = &store_form_lock, .result = &store_result_invocation,
		.sql = "SELECT" FACTS(THE_DEPLOYMENT) FROM_MANY DEPLOYMENT
			" WHERE " IS_RESTARTED_ALONE IN_ID_ORDER UNLESS_LOCKED},

	[LOCK(LOCK_KEYS)] = {
		.name = "lock object keys",
		.form = &store_form_key, .result = &store_result_key,
		.sql = LOCKED_KEYS("true")},

	/* Locks none where one is missing: that one is to be made in its turn. */
	[LOCK(LOCK_KEYS_IF_ALL)] = {
		.name = "lock object keys if all are there",
		.form = &store_form_key, .result = &store_result_key,
		.sql = LOCKED_KEYS("NOT EXISTS (SELECT FROM {rows} WHERE NOT EXISTS"
			" (SELECT FROM restate.object_key x WHERE " IS_OBJECT_KEY("x") "))")},

	[LOCK(LOCK_FREE_KEYS)] = {
		.name = "lock free object keys",
		.form = &store_form_key, .result = &store_result_key,
		.sql = LOCKED_KEYS("true") UNLESS_LOCKED},

	/*
	 * Locks the object keys in their order, each made where it is missing.  The
	 * update never comes to pass, but locks the row that is there.
	 */
	[LOCK(CREATE_KEYS)] = {
		.name = "create object keys",
		.form = &store_form_key,
		.sql = CREATE_KEYS IN_KEY_ORDER("v")
			" ON CONFLICT (partition_key, service_name, restate.indexed_key(service_key)) DO UPDATE SET holder = k.holder WHERE false"},

	/* Makes those that are missing, and neither locks nor waits for one that is there. */
	[LOCK(ADD_KEYS)] = {
		.name = "add object keys",
		.form = &store_form_key,
		.sql = CREATE_KEYS " WHERE NOT EXISTS (SELECT FROM restate.object_key x WHERE " IS_OBJECT_KEY("x") ")" IN_KEY_ORDER("v")
			" ON CONFLICT DO NOTHING"},
};
/* clang-format on */
