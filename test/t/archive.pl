# The archive of doc/scaling.md, as it is written there: what has completed is in it or in
# the tables, never in both or in neither, and can be brought back.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my ($recipe, $call) = slurp_file('doc/scaling.md') =~ /```sql\n(CREATE SCHEMA archive;.*?)\n(CALL archive\.move.*?)\n```/s or die 'there is no recipe';
my $node = new_node('archive');

load_example($node);
$node->safe_psql('postgres', $recipe);
my $all = $node->safe_psql('postgres', 'SELECT count(*) FROM restate.invocation');
$node->safe_psql('postgres', $call);
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate.invocation'), $all, 'what has just completed stays');

# Returns the completed invocations and the journals of these, as the views tell them.
sub completed
{
	return $node->safe_psql('postgres', <<'SQL');
SELECT id, status, target, completed_at, journal_size, completion_result, pinned_deployment_id FROM restate.sys_invocation WHERE status = 'completed' ORDER BY id;
SELECT j.id, j.index, j.entry_type, j.name, j.entry_json, j.appended_at FROM restate.sys_journal AS j
JOIN restate.sys_invocation AS i ON i.id = j.id WHERE i.status = 'completed' ORDER BY 1, 2;
SQL
}

my $before = completed();
my $in_flight = "SELECT id, status FROM restate.invocation WHERE status <> 'completed' ORDER BY id";
my $others = $node->safe_psql('postgres', $in_flight);
# the third of five
my $bad = $node->safe_psql('postgres', 'SELECT id FROM restate.invocation WHERE completed_at IS NOT NULL ORDER BY id OFFSET 2 LIMIT 1');

# a batch that fails
$node->safe_psql('postgres', "ALTER TABLE archive.invocation ADD CONSTRAINT broken CHECK (id <> '$bad')");
is(error_of($node, "CALL archive.move(now(), 1)"), '23514 broken', 'a batch fails');
my %where = map { split /\|/ } split /\n/, $node->safe_psql('postgres', "SELECT id, string_agg(place, ' ') FROM (
  SELECT id, 'here' AS place FROM restate.invocation WHERE status = 'completed' UNION ALL SELECT id, 'archived' FROM archive.invocation) AS p GROUP BY id");
is($where{$bad}, 'here', 'and what is in it stays');
is(join(' ', sort values %where), 'archived archived here here here', 'the batches before it are in the archive, and each has one place');
$node->safe_psql('postgres', 'ALTER TABLE archive.invocation DROP CONSTRAINT broken');

# and goes on
$node->safe_psql('postgres', 'CALL archive.move(now(), 1)');
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE status = 'completed'; SELECT count(*) FROM archive.invocation"), "0\n5", 'the next call moves the rest');
is($node->safe_psql('postgres', $in_flight), $others, 'what is in flight stays');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
is($node->safe_psql('postgres', "SELECT jsonb_array_length(events) FROM archive.invocation WHERE id = '" . inv('done') . "'"), '1', 'events are in the archive');

# back again
$node->safe_psql('postgres', 'SELECT restate_import_invocation(invocation, journal) FROM archive.invocation');
is(completed(), $before, 'what is brought back is what it was');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'and all is well');

# another that changes one between the copy and the purge
$node->safe_psql('postgres', <<'SQL');
TRUNCATE archive.invocation;
CREATE EXTENSION dblink;
CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM dblink_exec('dbname=postgres port=' || current_setting('port') || ' host=' || current_setting('unix_socket_directories'),
    format('DO $d$ BEGIN PERFORM restate_purge_journal(%L); END $d$', NEW.id));
  RETURN NEW;
END $$;
CREATE TRIGGER meanwhile BEFORE INSERT ON archive.invocation FOR EACH ROW EXECUTE FUNCTION meanwhile();
SQL
is(error_of($node, 'CALL archive.move(now())'), '40001', 'what is changed meanwhile ends the batch');
is($node->safe_psql('postgres', 'SELECT count(*) FROM archive.invocation'), '0', 'of which nothing is in the archive');
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE status = 'completed'"), '5', 'but where it was');

done_testing();
