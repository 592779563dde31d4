/*
 * facts_list.h
 *		What restate.facts() is given of an invocation, in the order of its arguments.
 *
 * COLUMN(name) is a column of the table; EXPRESSION(name, sql) what follows from the
 * columns of i.  Between the two lists stands the deployment that was asked for: its id
 * and its lowest and highest protocol version.  The last one stands alone, for there is no
 * comma behind it.
 */
#ifndef RESTATE_STORE_FACTS_LIST_H
#define RESTATE_STORE_FACTS_LIST_H

#define FACTS_BEFORE_DEPLOYMENT(COLUMN, EXPRESSION)                        \
	COLUMN(status)                                                         \
	COLUMN(target_service_name)                                            \
	COLUMN(target_service_key)                                             \
	COLUMN(target_service_ty)                                              \
	COLUMN(target_handler_ty)                                              \
	COLUMN(journal_size)                                                   \
	COLUMN(journal_commands_size)                                          \
	COLUMN(pause_requested)                                                \
	COLUMN(pinned_deployment_id)                                           \
	COLUMN(pinned_service_protocol_version)                                \
	COLUMN(completion_retention)                                           \
	COLUMN(journal_retention)                                              \
	EXPRESSION(awaits_cancel, "1 = ANY (i.suspended_waiting_for_signals)") \
	COLUMN(inbox_sequence_number)                                          \
	COLUMN(invoked_by_id)

#define FACTS_BEHIND_DEPLOYMENT(COLUMN, EXPRESSION)                    \
	COLUMN(modified_at)                                                \
	COLUMN(scheduled_start_at)                                         \
	COLUMN(next_retry_at)                                              \
	EXPRESSION(kept_from, "coalesce(i.retained_from, i.completed_at)") \
	COLUMN(last_start_at)                                              \
	COLUMN(last_entry_at)                                              \
	COLUMN(attempt)                                                    \
	COLUMN(attempt_count)                                              \
	COLUMN(entry_retry_count)                                          \
	COLUMN(has_waiters)                                                \
	COLUMN(is_foreign)                                                 \
	COLUMN(random_seed)                                                \
	COLUMN(asked_completion_id)                                        \
	COLUMN(awaited_by)

#define FACTS_LAST(COLUMN) \
	COLUMN(worker_name)

#endif /* RESTATE_STORE_FACTS_LIST_H */
