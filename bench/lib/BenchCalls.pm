# The variants of each operation, as pgbench commands on the invocation :id with
# the partition key :key.
package BenchCalls;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(commands);

# The floor is one pipeline.  That is one transaction without BEGIN and COMMIT:
# the server runs the statements as they come and answers once.
my $lock = <<'END';
\startpipeline
SELECT status, journal_size FROM restate.invocation WHERE id = :id AND partition_key = :key FOR UPDATE;
END

my $audit = <<'END';
INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, new_id, role_name,
    session_user_name, claimed_subject, reason)
  VALUES (:id, :key, now(), 'OPERATION', 'PARAMETERS', 'OUTCOME', NEW_ID, session_user,
    session_user, NULL, NULL);
\endpipeline
END

my %commands = (
	purge_journal => {
		ours => "SELECT restate_purge_journal(:id);\n",
		plpgsql => "SELECT bench.purge_journal(:id);\n",
		floor => $lock . <<'END' . audit('purge_journal', '{}', 'purged')
DELETE FROM restate.journal WHERE id = :id AND partition_key = :key;
DELETE FROM restate.journal_event WHERE id = :id AND partition_key = :key;
UPDATE restate.invocation SET journal_size = 0, journal_commands_size = 0
  WHERE id = :id AND partition_key = :key;
END
	},
	restart_as_new => {
		ours => "SELECT restate_restart_as_new(:id, FROM);\n",
		plpgsql => "SELECT bench.restart_as_new(:id, FROM);\n",
		floor => $lock . <<'END' . audit('restart_as_new', '{"from": FROM}', 'restarted', ':new_id')
INSERT INTO restate.journal (id, partition_key, index, appended_at, completion_id, result_completion_id,
    signal_index, entry_type, version, invoked_id, name, signal_name, meta, payload)
  SELECT :new_id, partition_key, index, appended_at, completion_id, result_completion_id,
    signal_index, entry_type, version, invoked_id, name, signal_name, meta, payload
  FROM restate.journal WHERE id = :id AND partition_key = :key AND index BETWEEN 0 AND FROM;
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key,
    target_handler_name, target_service_ty, target_handler_ty, invoked_by, restarted_from,
    pinned_deployment_id, pinned_service_protocol_version, journal_size, journal_commands_size,
    created_using_restate_version, running_at, completion_retention, journal_retention, random_seed)
  SELECT :new_id, partition_key, 'ready', target_service_name, target_service_key,
    target_handler_name, target_service_ty, target_handler_ty, 'restart_as_new', id,
    pinned_deployment_id, pinned_service_protocol_version, FROM + 1, COMMANDS,
    created_using_restate_version, now(), completion_retention, journal_retention, SEED
  FROM restate.invocation WHERE id = :id AND partition_key = :key;
INSERT INTO restate.runnable (service_name, ready_at, id, partition_key)
  VALUES ('Greeter', now(), :new_id, :key);
END
	},
	delete_kill => {
		ours => "SELECT restate_delete_invocation(:id, 'kill');\n",
		plpgsql => "SELECT bench.delete_kill(:id);\n",
		floor => $lock . <<'END' . audit('delete_invocation', '{"mode": "kill"}', 'killed')
UPDATE restate.invocation
  SET status = 'completed', modified_at = now(), completed_at = now(), completion_result = 'failure',
    completion_failure = '[409] killed', pause_requested = false, running_at = coalesce(running_at, now()),
    suspended_waiting_for_completions = NULL, suspended_waiting_for_signals = NULL,
    inbox_sequence_number = NULL, input_headers = NULL, input_payload = NULL,
    next_retry_at = NULL, retry_count = NULL, last_start_at = NULL,
    last_attempt_deployment_id = NULL, last_attempt_server = NULL,
    last_failure = NULL, last_failure_error_code = NULL, last_failure_related_command_index = NULL,
    last_failure_related_command_name = NULL, last_failure_related_command_type = NULL,
    suspended_waiting_for_names = NULL, attempt = NULL, worker_name = NULL, attempt_count = NULL,
    entry_retry_count = NULL, last_entry_at = NULL
  WHERE id = :id AND partition_key = :key;
INSERT INTO restate.timer (due_at, kind, id, completion_id, partition_key)
  VALUES (restate.kept_until(now(), restate.default_retention()), 'expiry', :id, -1, :key);
END
	});

# Returns the statement that records an operation, and the pipeline's end.
sub audit
{
	my ($operation, $parameters, $outcome, $new_id) = @_;
	my $sql = $audit;
	$sql =~ s/OPERATION/$operation/;
	$sql =~ s/PARAMETERS/$parameters/;
	$sql =~ s/OUTCOME/$outcome/;
	$sql =~ s/NEW_ID/$new_id ? $new_id : 'NULL'/e;
	return $sql;
}

# Returns the commands of a variant (ours, floor, plpgsql) of an operation; of a
# restart, from an index in a journal as bench.prepare makes them.
sub commands
{
	my ($operation, $variant, $from) = @_;
	my $sql = $commands{$operation}{$variant} or die "no $variant of $operation";
	return $sql unless defined $from;
	my $commands = 1 + int(($from + 1) / 2);
	my $seed = $from > 0 ? 'random_seed' : 'restate_random_seed()';
	$sql =~ s/\bAND FROM\b/AND $from/;
	$sql =~ s/\bFROM(?= \+ 1|\}|\))/$from/g;
	$sql =~ s/COMMANDS/$commands/;
	$sql =~ s/SEED/$seed/;
	return $sql;
}

1;
