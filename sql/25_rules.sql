-- What each CHECK constraint demands, in words: the message of the error that
-- breaks one is taken from here, by the functions of 15_checks.sql and by the
-- import.

COMMENT ON CONSTRAINT deployment_ty_check ON restate.deployment IS
'ty must be http or lambda';
COMMENT ON CONSTRAINT deployment_min_service_protocol_version_check ON restate.deployment IS
'min_service_protocol_version must be 1 or more';
COMMENT ON CONSTRAINT deployment_check ON restate.deployment IS
'max_service_protocol_version must not be below min_service_protocol_version';

COMMENT ON CONSTRAINT service_revision_service_name_check ON restate.service_revision IS
'service_name must not be empty';
COMMENT ON CONSTRAINT service_revision_revision_check ON restate.service_revision IS
'revision must be 1 or more';
COMMENT ON CONSTRAINT service_revision_ty_check ON restate.service_revision IS
'ty must be service, virtual_object or workflow';
COMMENT ON CONSTRAINT service_revision_handlers_check ON restate.service_revision IS
'handlers must be a JSON array';
COMMENT ON CONSTRAINT service_revision_settings_check ON restate.service_revision IS
'settings must be a JSON object';

COMMENT ON CONSTRAINT invocation_partition_key_check ON restate.invocation IS
'partition_key must be that of the id';
COMMENT ON CONSTRAINT invocation_status_check ON restate.invocation IS
'status must be pending, scheduled, ready, running, backing-off, suspended, paused or completed; inbox_sequence_number is set while pending, and only then, and suspended_waiting_for_completions and suspended_waiting_for_signals only while suspended';
COMMENT ON CONSTRAINT invocation_completion_check ON restate.invocation IS
'completion_result must be success or failure once completed, and null before; completion_failure is set with failure, and only then';
COMMENT ON CONSTRAINT invocation_target_check ON restate.invocation IS
'target_service_ty must be service, virtual_object or workflow; target_handler_ty and target_service_key are null for a service; a virtual_object has a key and is exclusive or shared, a workflow has a key and is workflow or shared';
COMMENT ON CONSTRAINT invocation_invoked_by_check ON restate.invocation IS
'invoked_by must be ingress, service, subscription or restart_as_new; restarted_from is set with restart_as_new, and only then, and request_id at most then';
COMMENT ON CONSTRAINT invocation_pinned_check ON restate.invocation IS
'pinned_deployment_id and pinned_service_protocol_version must both be set or neither, and the version must be 1 or more';
COMMENT ON CONSTRAINT invocation_journal_check ON restate.invocation IS
'journal_size must be from 0 to 4294967296, and journal_commands_size from 0 to journal_size';
COMMENT ON CONSTRAINT invocation_retention_check ON restate.invocation IS
'completion_retention and journal_retention must not be negative';
COMMENT ON CONSTRAINT invocation_keys_check ON restate.invocation IS
'target_service_key and idempotency_key must have at most 16384 bytes in UTF-8, and request_id at most 255';
COMMENT ON CONSTRAINT invocation_retry_count_check ON restate.invocation IS
'retry_count must be 0 or more';
COMMENT ON CONSTRAINT invocation_input_headers_check ON restate.invocation IS
'input_headers must be a JSON array';

COMMENT ON CONSTRAINT journal_partition_key_check ON restate.journal IS
'partition_key must be that of the id';
COMMENT ON CONSTRAINT journal_numbers_check ON restate.journal IS
'index, completion_id, result_completion_id and signal_index must be from 0 to 4294967295';
COMMENT ON CONSTRAINT journal_meta_check ON restate.journal IS
'meta must be a JSON object';

COMMENT ON CONSTRAINT journal_event_partition_key_check ON restate.journal_event IS
'partition_key must be that of the id';
COMMENT ON CONSTRAINT journal_event_event_index_check ON restate.journal_event IS
'event_index must be 0 or more';
COMMENT ON CONSTRAINT journal_event_after_journal_entry_index_check ON restate.journal_event IS
'after_journal_entry_index must be from 0 to 4294967295';
COMMENT ON CONSTRAINT journal_event_event_json_check ON restate.journal_event IS
'event_json must be a JSON object';

COMMENT ON CONSTRAINT object_key_partition_key_check ON restate.object_key IS
'partition_key must be that of the service_key';
COMMENT ON CONSTRAINT object_key_keys_check ON restate.object_key IS
'service_key must have at most 16384 bytes in UTF-8';
COMMENT ON CONSTRAINT object_state_partition_key_check ON restate.object_state IS
'partition_key must be that of the service_key';
COMMENT ON CONSTRAINT object_state_keys_check ON restate.object_state IS
'service_key and key must have at most 16384 bytes in UTF-8';

COMMENT ON CONSTRAINT promise_partition_key_check ON restate.promise IS
'partition_key must be that of the service_key';
COMMENT ON CONSTRAINT promise_keys_check ON restate.promise IS
'service_key and key must have at most 16384 bytes in UTF-8';
COMMENT ON CONSTRAINT promise_completed_check ON restate.promise IS
'completed must be true with a completion_success_value or a completion_failure, one of them, and false with neither';

COMMENT ON CONSTRAINT audit_partition_key_check ON restate.audit IS
'partition_key must be that of the id';
COMMENT ON CONSTRAINT audit_parameters_check ON restate.audit IS
'parameters must be a JSON object';
