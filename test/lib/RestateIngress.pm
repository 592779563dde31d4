package RestateIngress;

# What the tests of the ingress share: the role it needs, a gateway that has one, the
# handlers that its recorded answers are of, and a worker in SQL that runs them.

use strict;
use warnings;
use Exporter 'import';
use IO::Socket::INET;
use PostgreSQL::Test::Utils;

use RestateGateway;

our @EXPORT = qw(grant_ingress register_handlers start_worker stop_worker start_ingress call call_later many_calls headers_of);

# Makes the role that the ingress works as.
sub grant_ingress
{
	my ($node) = @_;

	$node->safe_psql('postgres', <<'SQL');
CREATE ROLE ingress LOGIN;
SELECT format('GRANT EXECUTE ON FUNCTION %s TO ingress', oid::regprocedure) FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^restate_ingress_(submit|submit_joined|attach|results|awakeable|health)$' \gexec
-- every node of Citus is to know of it
SELECT 'SELECT FROM restate_distribute()' WHERE restate.is_distributed() \gexec
SQL
	return;
}

# Registers the handlers, and makes the worker's procedure, which answers as the
# deployment did that the recorded answers come from.
sub register_handlers
{
	my ($node) = @_;
	my $manifest = slurp_file('test/conformance/ingress_manifest.json');

	$node->safe_psql('postgres', "SELECT restate_register_deployment('worker:ingress', \$json\$$manifest\$json\$)");
	$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION bytes_json(value bytea) RETURNS jsonb LANGUAGE sql
  RETURN (SELECT coalesce(jsonb_agg(get_byte(value, i)), '[]') FROM generate_series(0, octet_length(value) - 1) AS i);
CREATE FUNCTION failure(code integer, message text, metadata jsonb DEFAULT NULL) RETURNS jsonb LANGUAGE sql
  RETURN jsonb_build_object('Failure', jsonb_strip_nulls(jsonb_build_object('code', code, 'message', message, 'metadata', metadata)));
-- What a handler ends with; null: it waits for its awakeable.
CREATE FUNCTION answer_of(handler text, input bytea, journal jsonb[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  signal jsonb;
BEGIN
  IF handler = 'fail' THEN
    RETURN failure(409, 'no way', '[{"key": "a", "value": "b"}, {"key": "c", "value": "d"}]');
  ELSIF handler ~ '^fail\d' THEN
    RETURN failure(substr(handler, 5)::integer, 'no way');
  ELSIF handler = 'headers' THEN
    RETURN jsonb_build_object('Success', bytes_json(convert_to((
      SELECT '[' || string_agg(CASE WHEN h.header ->> 'value' = '' THEN jsonb_build_array(h.header -> 'name') ELSE jsonb_build_array(h.header -> 'name', h.header -> 'value') END::text, ',' ORDER BY h.place) || ']'
      FROM jsonb_array_elements(journal[1] #> '{entry_json,Command,Input,headers}') WITH ORDINALITY AS h (header, place)), 'UTF8')));
  ELSIF handler = 'wait' THEN
    SELECT e #> '{entry_json,Notification,Signal,result}' INTO signal FROM unnest(journal) AS e
      WHERE e #>> '{entry_json,Notification,Signal,id,Index}' = '17';
    IF signal IS NULL THEN
      RETURN NULL;
    END IF;
    RETURN CASE WHEN signal = '{"Success": []}' OR signal = '"Void"' THEN jsonb_build_object('Success', bytes_json('void')) ELSE signal END;
  ELSIF handler LIKE 'out\_empty%' THEN
    RETURN '{"Success": []}';
  END IF;
  RETURN jsonb_build_object('Success', bytes_json(CASE octet_length(input) WHEN 0 THEN '"ok"' ELSE input END));
END $$;
CREATE PROCEDURE serve(pause double precision) LANGUAGE plpgsql AS $$
DECLARE
  attempt record;
  answer jsonb;
  name CONSTANT text := 'worker ' || pg_backend_pid();
  served integer;
BEGIN
  LOOP
    PERFORM restate_heartbeat(name);
    PERFORM restate_tick();
    COMMIT;
    served := 0;
    FOR attempt IN SELECT * FROM restate_claim(name, deployments => ARRAY(SELECT id FROM restate.deployment), max => 50) LOOP
      served := served + 1;
      answer := answer_of(attempt.handler, attempt.input, attempt.journal);
      IF answer IS NULL THEN
        PERFORM restate_suspend(attempt.id, attempt.attempt, NULL, '{1, 17}', NULL, attempt.entries);
      ELSE
        PERFORM restate_complete(attempt.id, attempt.attempt, 1,
          ARRAY[jsonb_build_object('Command', jsonb_build_object('Output', jsonb_build_object('result', answer, 'name', '')))]);
      END IF;
    END LOOP;
    COMMIT;
    IF served = 0 THEN
      PERFORM pg_sleep(pause);
    END IF;
  END LOOP;
END $$;
SQL
	return;
}

# Starts a worker, which looks for work after so many seconds without any.
sub start_worker
{
	my ($node, $pause) = @_;
	my $session = open_sql($node);

	$pause //= 0.01;
	$session->{backend} = sql($session, 'SELECT pg_backend_pid()');
	print { $session->{in} } "CALL serve($pause);\n";
	return $session;
}

sub stop_worker
{
	my ($node, $session) = @_;

	$node->safe_psql('postgres', "SELECT pg_terminate_backend($session->{backend})");
	return;
}

# Starts a gateway with an ingress; the rest as of start_gateway.  Returns the ingress
# as a gateway to send requests to; its gateway is its member.
sub start_ingress
{
	my ($node, @options) = @_;
	my ($host, $port) = ($node->host, $node->port);

	push @options, '--ingress=127.0.0.1:0' unless grep { /^--ingress=/ } @options;
	push @options, "--ingress-db=host=$host port=$port dbname=postgres user=ingress" unless grep { /^--ingress-db=/ } @options;
	my $gateway = start_gateway($node, @options);
	wait_until(sub { gateway_log($gateway) =~ /ingress=\S+:\d+\n/ }) or die 'there is no ingress: ' . gateway_log($gateway);
	my ($at) = gateway_log($gateway) =~ /ingress=127\.0\.0\.1:(\d+)\n/;
	return { %$gateway, port => $at, gateway => $gateway };
}

# Sends a request to the ingress; headers are lines.
sub call
{
	my ($ingress, $method, $target, $body, @headers) = @_;

	return request($ingress, $method, $target, $body, @headers);
}

# Sends a request, and returns the connection that its answer will come on.
sub call_later
{
	my ($ingress, $method, $target, $body, @headers) = @_;
	my $socket = open_connection($ingress);

	send_bytes($socket, join("\r\n", "$method $target HTTP/1.1", 'Host: gateway', (defined $body ? 'Content-Length: ' . length $body : ()), @headers, '', $body // ''));
	return $socket;
}

# Sends the same request so many times at once, and returns the answers.
sub many_calls
{
	my ($ingress, $count, @request) = @_;
	my @sockets = map { call_later($ingress, @request) } 1 .. $count;

	return map { read_answer($_, $request[0]) } @sockets;
}

# Returns the headers that the answer tells of the invocation and its result.
sub headers_of
{
	my ($answer) = @_;

	return join ' ', map { "$_=" . ($answer->{headers}{$_} // '') } qw(content-type x-restate-id idempotency-expires);
}

1;
