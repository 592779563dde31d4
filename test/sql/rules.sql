-- The rules of rows in words, and what is told to those who write the tables and
-- break one.
\pset format unaligned
SELECT * FROM restate.rules();
\pset format aligned
-- for the server a table's rules are one constraint
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'c' AND conrelid = 'restate.journal'::regclass;

-- a role that may write, and no more
CREATE ROLE restate_test_rules;
GRANT USAGE ON SCHEMA restate TO restate_test_rules;
GRANT INSERT ON restate.journal, restate.object_key, restate.audit TO restate_test_rules;
SET ROLE restate_test_rules;
INSERT INTO restate.journal (id, partition_key, index, entry_type)
VALUES ('inv_1000000000000000000000000000000000', 0, 4294967295, 'Command: Input');
INSERT INTO restate.journal (id, partition_key, index, entry_type)
VALUES ('inv_1000000000000000000000000000000000', 0, 4294967296, 'Command: Input');
COPY restate.object_key (service_name, service_key, partition_key) FROM stdin;
Counter	a	1417734710680270745
Counter	b	0
\.
COPY restate.audit (partition_key, id, at, operation, parameters, outcome, role_name, session_user_name) FROM stdin;
0	inv_1000000000000000000000000000000000	2026-01-01	kill	[]	killed	a	a
\.
-- of a document no more is told than what it is
INSERT INTO restate.journal (id, partition_key, index, entry_type, meta)
VALUES ('inv_1000000000000000000000000000000000', 0, 1, 'Command: Run', '"secret"');
RESET ROLE;
DROP OWNED BY restate_test_rules;
DROP ROLE restate_test_rules;
DELETE FROM restate.journal WHERE id = 'inv_1000000000000000000000000000000000';
SELECT * FROM restate_verify();
