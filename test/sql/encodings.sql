-- Databases in other encodings: ids follow from the UTF-8 of a key whatever the
-- database holds it in, bytes are shown as text only where the database holds
-- the same text, and what it cannot hold of JSON is replaced.
SET client_encoding = 'UTF8';
\set database :DBNAME
SELECT restate_workflow_invocation_id('Wf', 'clé') AS workflow, restate_partition_key_of_key('clé') AS partition_key \gset
SELECT restate.utf8_or_null('abc') AS ascii, restate.utf8_or_null('\xc3a9') AS utf8, restate.utf8_or_null('\xe9') AS latin1, restate.utf8_or_null('\x00') AS nul;
SELECT restate.storable_json(E'"nul \\u0000, half \\ud83d, \\u00e9, \\ud83d\\ude00, \\u4e2d, \\\\u4e2d"') AS json, name FROM restate.parse_entry('{"Command": {"Run": {"completion_id": 1, "name": "\ud83d\ude00\u00e9\u0000"}}}');

CREATE DATABASE restate_latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
\c restate_latin1
SET client_encoding = 'UTF8';
CREATE EXTENSION restate_admin;
SELECT restate_workflow_invocation_id('Wf', 'clé') = :'workflow' AS same_id, restate_partition_key_of_key('clé') = :partition_key AS same_partition;
SELECT restate.utf8_or_null('abc') AS ascii, restate.utf8_or_null('\xc3a9') AS utf8, restate.utf8_or_null('\xe9') AS latin1, restate.utf8_or_null('\x00') AS nul;
SELECT restate.storable_json(E'"nul \\u0000, half \\ud83d, \\u00e9, \\ud83d\\ude00, \\u4e2d, \\\\u4e2d"') AS json, name FROM restate.parse_entry('{"Command": {"Run": {"completion_id": 1, "name": "\ud83d\ude00\u00e9\u0000"}}}');
-- the same of what comes and goes as frames: a name, the message of a failure, which may have a replacement, another name
SELECT FROM restate_register_deployment('worker:w', '{"services": [{"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}') \g /dev/null
SELECT s.id, s.attempt FROM restate_submit('Svc', 'run', claim_for => 'w') AS s \gset
SELECT p.ok, encode(p.reply, 'hex') AS reply FROM restate_push(ARRAY[:'id'::restate_invocation_id], ARRAY[:attempt],
  ARRAY[decode('041100000000000658016202c3a9' || '000500000000000b08017a0708051203e4b8ad', 'hex')]) AS p;
SELECT p.ok, p.category, p.message FROM restate_push(ARRAY[:'id'::restate_invocation_id], ARRAY[:attempt], ARRAY['\x041100000000000758026203e4b8ad'::bytea]) AS p;
SELECT encode(restate.entry_frame(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id, j.signal_index, j.signal_name, j.meta, j.payload), 'hex') AS frame
FROM restate.journal AS j WHERE j.id = :'id' AND j.index > 0 ORDER BY j.index;

CREATE DATABASE restate_ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0;
\c restate_ascii
CREATE EXTENSION restate_admin;
SELECT restate_workflow_invocation_id('Wf', 'clé') = :'workflow' AS same_id, restate_partition_key_of_key('clé') = :partition_key AS same_partition;
SELECT restate.utf8_or_null('abc') AS ascii, restate.utf8_or_null('\xc3a9') AS utf8, restate.utf8_or_null('\xe9') AS latin1, restate.utf8_or_null('\x00') AS nul;
SELECT restate.storable_json(E'"nul \\u0000, half \\ud83d, \\u00e9, \\ud83d\\ude00, \\u4e2d, \\\\u4e2d"') AS json, name FROM restate.parse_entry('{"Command": {"Run": {"completion_id": 1, "name": "\ud83d\ude00\u00e9\u0000"}}}');
-- the same of what comes and goes as frames: a name, the message of a failure, which may have a replacement, another name
SELECT FROM restate_register_deployment('worker:w', '{"services": [{"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}') \g /dev/null
SELECT s.id, s.attempt FROM restate_submit('Svc', 'run', claim_for => 'w') AS s \gset
SELECT p.ok, encode(p.reply, 'hex') AS reply FROM restate_push(ARRAY[:'id'::restate_invocation_id], ARRAY[:attempt],
  ARRAY[decode('041100000000000658016202c3a9' || '000500000000000b08017a0708051203e4b8ad', 'hex')]) AS p;
SELECT p.ok, p.category, p.message FROM restate_push(ARRAY[:'id'::restate_invocation_id], ARRAY[:attempt], ARRAY['\x041100000000000758026203e4b8ad'::bytea]) AS p;
SELECT encode(restate.entry_frame(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id, j.signal_index, j.signal_name, j.meta, j.payload), 'hex') AS frame
FROM restate.journal AS j WHERE j.id = :'id' AND j.index > 0 ORDER BY j.index;

\c :database
DROP DATABASE restate_latin1;
DROP DATABASE restate_ascii;
