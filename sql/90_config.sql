-- The rows of every table are the user's: pg_dump takes them along, and what
-- refers to a row follows the row.

SELECT pg_catalog.pg_extension_config_dump('restate.deployment', '');
SELECT pg_catalog.pg_extension_config_dump('restate.service_revision', '');
SELECT pg_catalog.pg_extension_config_dump('restate.invocation', '');
SELECT pg_catalog.pg_extension_config_dump('restate.journal', '');
SELECT pg_catalog.pg_extension_config_dump('restate.journal_event', '');
SELECT pg_catalog.pg_extension_config_dump('restate.object_key', '');
SELECT pg_catalog.pg_extension_config_dump('restate.object_state', '');
SELECT pg_catalog.pg_extension_config_dump('restate.promise', '');
SELECT pg_catalog.pg_extension_config_dump('restate.audit', '');
SELECT pg_catalog.pg_extension_config_dump('restate.runnable', '');
SELECT pg_catalog.pg_extension_config_dump('restate.timer', '');
SELECT pg_catalog.pg_extension_config_dump('restate.waiter', '');
SELECT pg_catalog.pg_extension_config_dump('restate.promise_waiter', '');
SELECT pg_catalog.pg_extension_config_dump('restate.queued_state', '');
SELECT pg_catalog.pg_extension_config_dump('restate.worker', '');
SELECT pg_catalog.pg_extension_config_dump('restate.held_service', '');
SELECT pg_catalog.pg_extension_config_dump('restate.bulk_job', '');
SELECT pg_catalog.pg_extension_config_dump('restate.bulk_target', '');
SELECT pg_catalog.pg_extension_config_dump('restate.undelivered_result', '');
