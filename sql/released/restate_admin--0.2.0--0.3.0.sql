\echo Use "ALTER EXTENSION restate_admin UPDATE TO '0.3.0'" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

-- Ids and their partition keys.

-- The rules of rows and entries.

-- Views.

-- Operations.

-- HTTP.

-- Verification.

-- Import.

-- Columns of views.

COMMENT ON COLUMN restate.sys_invocation.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_invocation.id IS 'The invocations id.';
COMMENT ON COLUMN restate.sys_invocation.target IS 'Service, key if it has one, and handler, between slashes.';
COMMENT ON COLUMN restate.sys_invocation.target_service_name IS 'The service that is invoked.';
COMMENT ON COLUMN restate.sys_invocation.target_service_key IS 'The key of the virtual object or workflow; null for a service.';
COMMENT ON COLUMN restate.sys_invocation.target_handler_name IS 'The handler that is invoked.';
COMMENT ON COLUMN restate.sys_invocation.target_service_ty IS 'service, virtual_object or workflow.';
COMMENT ON COLUMN restate.sys_invocation.idempotency_key IS 'The key that its caller sent, if any.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by IS 'ingress, service, subscription or restart_as_new.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by_service_name IS 'The service of the calling invocation, if invoked_by is service.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by_id IS 'The calling invocation, if invoked_by is service.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by_subscription_id IS 'The subscription, if invoked_by is subscription.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by_target IS 'The target of the calling invocation.';
COMMENT ON COLUMN restate.sys_invocation.restarted_from IS 'The invocation that it is a restart of.';
COMMENT ON COLUMN restate.sys_invocation.trace_id IS 'The trace that it belongs to.';
COMMENT ON COLUMN restate.sys_invocation.created_at IS 'When it was created.';
COMMENT ON COLUMN restate.sys_invocation.created_using_restate_version IS 'The version of what created it.';
COMMENT ON COLUMN restate.sys_invocation.modified_at IS 'When its status last changed.';
COMMENT ON COLUMN restate.sys_invocation.inboxed_at IS 'When it began to wait for its object key.';
COMMENT ON COLUMN restate.sys_invocation.scheduled_at IS 'When it was put off to a later time.';
COMMENT ON COLUMN restate.sys_invocation.scheduled_start_at IS 'The time that it was put off to.';
COMMENT ON COLUMN restate.sys_invocation.running_at IS 'When it first became ready.';
COMMENT ON COLUMN restate.sys_invocation.completed_at IS 'When it completed.';
COMMENT ON COLUMN restate.sys_invocation.completion_retention IS 'How long it is to be kept after its completion; by whom is up to you.';
COMMENT ON COLUMN restate.sys_invocation.journal_retention IS 'How long its journal is to be kept after its completion; zero keeps none.';
COMMENT ON COLUMN restate.sys_invocation.suspended_waiting_for_completions IS 'The completion ids that it is suspended for.';
COMMENT ON COLUMN restate.sys_invocation.suspended_waiting_for_signals IS 'The indexes of the signals that it is suspended for; 1 is cancel.';
COMMENT ON COLUMN restate.sys_invocation.retry_count IS 'The attempts since it last got on.';
COMMENT ON COLUMN restate.sys_invocation.last_start_at IS 'When the last attempt began.';
COMMENT ON COLUMN restate.sys_invocation.next_retry_at IS 'When the next attempt is due.';
COMMENT ON COLUMN restate.sys_invocation.last_attempt_deployment_id IS 'The deployment of the last attempt.';
COMMENT ON COLUMN restate.sys_invocation.last_attempt_server IS 'The SDK of the last attempt.';
COMMENT ON COLUMN restate.sys_invocation.last_failure IS 'Why the last attempt failed.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_error_code IS 'The code of that error.';
COMMENT ON COLUMN restate.sys_invocation.status IS 'pending, scheduled, ready, running, backing-off, suspended, paused or completed.';
COMMENT ON COLUMN restate.sys_invocation.completion_result IS 'success or failure, of a completed one.';
COMMENT ON COLUMN restate.sys_invocation.completion_failure IS 'The failure, of one that completed with it.';

COMMENT ON COLUMN restate.sys_invocation_status.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_invocation_status.id IS 'The invocations id.';
COMMENT ON COLUMN restate.sys_invocation_status.status IS 'inboxed, scheduled, invoked, suspended, paused or completed.';
COMMENT ON COLUMN restate.sys_invocation_status.completion_result IS 'success or failure, of a completed one.';
COMMENT ON COLUMN restate.sys_invocation_status.completion_failure IS 'The failure, of one that completed with it.';
COMMENT ON COLUMN restate.sys_invocation_status.target IS 'Service, key if it has one, and handler, between slashes.';
COMMENT ON COLUMN restate.sys_invocation_status.target_service_name IS 'The service that is invoked.';
COMMENT ON COLUMN restate.sys_invocation_status.target_service_key IS 'The key of the virtual object or workflow; null for a service.';
COMMENT ON COLUMN restate.sys_invocation_status.target_handler_name IS 'The handler that is invoked.';
COMMENT ON COLUMN restate.sys_invocation_status.target_service_ty IS 'service, virtual_object or workflow.';
COMMENT ON COLUMN restate.sys_invocation_status.idempotency_key IS 'The key that its caller sent, if any.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by IS 'ingress, service, subscription or restart_as_new.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by_service_name IS 'The service of the calling invocation, if invoked_by is service.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by_id IS 'The calling invocation, if invoked_by is service.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by_subscription_id IS 'The subscription, if invoked_by is subscription.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by_target IS 'The target of the calling invocation.';
COMMENT ON COLUMN restate.sys_invocation_status.restarted_from IS 'The invocation that it is a restart of.';
COMMENT ON COLUMN restate.sys_invocation_status.trace_id IS 'The trace that it belongs to.';
COMMENT ON COLUMN restate.sys_invocation_status.created_at IS 'When it was created.';
COMMENT ON COLUMN restate.sys_invocation_status.created_using_restate_version IS 'The version of what created it.';
COMMENT ON COLUMN restate.sys_invocation_status.modified_at IS 'When its status last changed.';
COMMENT ON COLUMN restate.sys_invocation_status.inboxed_at IS 'When it began to wait for its object key.';
COMMENT ON COLUMN restate.sys_invocation_status.scheduled_at IS 'When it was put off to a later time.';
COMMENT ON COLUMN restate.sys_invocation_status.scheduled_start_at IS 'The time that it was put off to.';
COMMENT ON COLUMN restate.sys_invocation_status.running_at IS 'When it first became ready.';
COMMENT ON COLUMN restate.sys_invocation_status.completed_at IS 'When it completed.';
COMMENT ON COLUMN restate.sys_invocation_status.completion_retention IS 'How long it is to be kept after its completion; by whom is up to you.';
COMMENT ON COLUMN restate.sys_invocation_status.journal_retention IS 'How long its journal is to be kept after its completion; zero keeps none.';
COMMENT ON COLUMN restate.sys_invocation_status.suspended_waiting_for_completions IS 'The completion ids that it is suspended for.';
COMMENT ON COLUMN restate.sys_invocation_status.suspended_waiting_for_signals IS 'The indexes of the signals that it is suspended for; 1 is cancel.';

COMMENT ON COLUMN restate.sys_journal.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_journal.id IS 'The invocation whose journal it is.';
COMMENT ON COLUMN restate.sys_journal.index IS 'The place of the entry, from 0; restate_restart_as_new takes it.';
COMMENT ON COLUMN restate.sys_journal.entry_type IS 'Command: or Notification: and what it is.';
COMMENT ON COLUMN restate.sys_journal.name IS 'The name that the handler gave to it.';
COMMENT ON COLUMN restate.sys_journal.completed IS 'Of a command, whether its completion has arrived; null for what needs none.';
COMMENT ON COLUMN restate.sys_journal.invoked_id IS 'The invocation that a call or send began.';
COMMENT ON COLUMN restate.sys_journal.invoked_target IS 'The target of that.';
COMMENT ON COLUMN restate.sys_journal.sleep_wakeup_at IS 'When a sleep ends.';
COMMENT ON COLUMN restate.sys_journal.promise_name IS 'The promise that a command is about.';
COMMENT ON COLUMN restate.sys_journal.payload_length IS 'The bytes of its payload.';
COMMENT ON COLUMN restate.sys_journal.version IS 'The version of the journals form.';
COMMENT ON COLUMN restate.sys_journal.entry_json IS 'The entry as JSON, payload included.';
COMMENT ON COLUMN restate.sys_journal.entry_lite_json IS 'The entry as JSON without its payload.';
COMMENT ON COLUMN restate.sys_journal.appended_at IS 'When it was appended.';

COMMENT ON COLUMN restate.sys_journal_events.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_journal_events.id IS 'The invocation.';
COMMENT ON COLUMN restate.sys_journal_events.after_journal_entry_index IS 'The entry after which it happened.';
COMMENT ON COLUMN restate.sys_journal_events.appended_at IS 'When it happened.';
COMMENT ON COLUMN restate.sys_journal_events.event_type IS 'What it is.';
COMMENT ON COLUMN restate.sys_journal_events.event_json IS 'The event as JSON.';

COMMENT ON COLUMN restate.sys_inbox.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_inbox.service_name IS 'The virtual object.';
COMMENT ON COLUMN restate.sys_inbox.service_key IS 'The key that is waited for.';
COMMENT ON COLUMN restate.sys_inbox.id IS 'The invocation that waits.';
COMMENT ON COLUMN restate.sys_inbox.sequence_number IS 'Its place: the lowest is next.';
COMMENT ON COLUMN restate.sys_inbox.created_at IS 'When it was created.';

COMMENT ON COLUMN restate.sys_keyed_service_status.partition_key IS 'The partition key of the object key, unsigned.';
COMMENT ON COLUMN restate.sys_keyed_service_status.service_name IS 'The virtual object.';
COMMENT ON COLUMN restate.sys_keyed_service_status.service_key IS 'The key.';
COMMENT ON COLUMN restate.sys_keyed_service_status.invocation_id IS 'The invocation that holds it.';

COMMENT ON COLUMN restate.sys_deployment.id IS 'The deployments id.';
COMMENT ON COLUMN restate.sys_deployment.ty IS 'http or lambda.';
COMMENT ON COLUMN restate.sys_deployment.endpoint IS 'Where it is reached.';
COMMENT ON COLUMN restate.sys_deployment.created_at IS 'When it was registered.';
COMMENT ON COLUMN restate.sys_deployment.min_service_protocol_version IS 'The lowest version of the service protocol that it speaks.';
COMMENT ON COLUMN restate.sys_deployment.max_service_protocol_version IS 'The highest.';

COMMENT ON COLUMN restate.sys_service.name IS 'The service.';
COMMENT ON COLUMN restate.sys_service.revision IS 'Its latest revision.';
COMMENT ON COLUMN restate.sys_service.public IS 'Whether it can be invoked from outside.';
COMMENT ON COLUMN restate.sys_service.ty IS 'service, virtual_object or workflow.';
COMMENT ON COLUMN restate.sys_service.deployment_id IS 'The deployment of that revision.';

COMMENT ON COLUMN restate.state.partition_key IS 'The partition key of the object key, unsigned.';
COMMENT ON COLUMN restate.state.service_name IS 'The virtual object or workflow.';
COMMENT ON COLUMN restate.state.service_key IS 'Its key.';
COMMENT ON COLUMN restate.state.key IS 'The name of the entry.';
COMMENT ON COLUMN restate.state.key_length IS 'The bytes of that name.';
COMMENT ON COLUMN restate.state.value_utf8 IS 'The value as text; null if it is no UTF-8.';
COMMENT ON COLUMN restate.state.value IS 'The value.';
COMMENT ON COLUMN restate.state.value_length IS 'The bytes of the value.';

COMMENT ON COLUMN restate.sys_promise.partition_key IS 'The partition key of the workflows key, unsigned.';
COMMENT ON COLUMN restate.sys_promise.service_name IS 'The workflow.';
COMMENT ON COLUMN restate.sys_promise.service_key IS 'Its key.';
COMMENT ON COLUMN restate.sys_promise.key IS 'The name of the promise.';
COMMENT ON COLUMN restate.sys_promise.completed IS 'Whether it is.';
COMMENT ON COLUMN restate.sys_promise.completion_success_value IS 'What it was completed with.';
COMMENT ON COLUMN restate.sys_promise.completion_success_value_utf8 IS 'The same as text; null if it is no UTF-8.';
COMMENT ON COLUMN restate.sys_promise.completion_failure IS 'The failure that it was completed with.';

COMMENT ON COLUMN restate.sys_audit.audit_id IS 'The row; later ones are higher, with gaps.';
COMMENT ON COLUMN restate.sys_audit.at IS 'When the transaction began.';
COMMENT ON COLUMN restate.sys_audit.operation IS 'What was called.';
COMMENT ON COLUMN restate.sys_audit.id IS 'The invocation that was changed.';
COMMENT ON COLUMN restate.sys_audit.parameters IS 'What it was called with.';
COMMENT ON COLUMN restate.sys_audit.outcome IS 'What was done.';
COMMENT ON COLUMN restate.sys_audit.new_id IS 'The invocation that a restart made.';
COMMENT ON COLUMN restate.sys_audit.caused_by IS 'The invocation that was named, where the operation reached this one through it.';
COMMENT ON COLUMN restate.sys_audit.role_name IS 'The role in force, as SET ROLE left it.';
COMMENT ON COLUMN restate.sys_audit.session_user_name IS 'Who logged in.';
COMMENT ON COLUMN restate.sys_audit.claimed_subject IS 'The sub of request.jwt.claims: what the session says.';
COMMENT ON COLUMN restate.sys_audit.reason IS 'restate_admin.reason: what the session says.';
