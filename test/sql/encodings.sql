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

CREATE DATABASE restate_ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0;
\c restate_ascii
CREATE EXTENSION restate_admin;
SELECT restate_workflow_invocation_id('Wf', 'clé') = :'workflow' AS same_id, restate_partition_key_of_key('clé') = :partition_key AS same_partition;
SELECT restate.utf8_or_null('abc') AS ascii, restate.utf8_or_null('\xc3a9') AS utf8, restate.utf8_or_null('\xe9') AS latin1, restate.utf8_or_null('\x00') AS nul;
SELECT restate.storable_json(E'"nul \\u0000, half \\ud83d, \\u00e9, \\ud83d\\ude00, \\u4e2d, \\\\u4e2d"') AS json, name FROM restate.parse_entry('{"Command": {"Run": {"completion_id": 1, "name": "\ud83d\ude00\u00e9\u0000"}}}');

\c :database
DROP DATABASE restate_latin1;
DROP DATABASE restate_ascii;
