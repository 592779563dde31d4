-- How PostgREST's answers spell times and durations: as the gateway's do.  JSON
-- has a value of these types as its text; in all else they are the server's
-- timestamptz and interval, whose operators, functions and indexes they use.

CREATE TYPE restate.instant;

CREATE FUNCTION restate.instant_in(cstring, oid, integer) RETURNS restate.instant
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_in';
COMMENT ON FUNCTION restate.instant_in(cstring, oid, integer) IS
'Reads a time: whatever timestamptz reads, with its errors.';

CREATE FUNCTION restate.instant_out(restate.instant) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_instant_out';
COMMENT ON FUNCTION restate.instant_out(restate.instant) IS
'Writes a time in RFC 3339, in UTC, whatever the session''s settings.';

CREATE FUNCTION restate.instant_recv(internal, oid, integer) RETURNS restate.instant
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'timestamptz_recv';
COMMENT ON FUNCTION restate.instant_recv(internal, oid, integer) IS
'Reads the binary form of a time, which is that of timestamptz.';

CREATE FUNCTION restate.instant_send(restate.instant) RETURNS bytea
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'timestamptz_send';
COMMENT ON FUNCTION restate.instant_send(restate.instant) IS
'Writes the binary form of a time, which is that of timestamptz.';

CREATE TYPE restate.instant (
  INPUT = restate.instant_in,
  OUTPUT = restate.instant_out,
  RECEIVE = restate.instant_recv,
  SEND = restate.instant_send,
  LIKE = timestamptz,
  CATEGORY = 'D'
);
COMMENT ON TYPE restate.instant IS
'A timestamptz whose text is RFC 3339 in UTC, 2026-11-28T22:54:37.317Z, with as many digits of its microseconds as there are. infinity and years before Christ are as timestamptz has them.';

CREATE CAST (restate.instant AS timestamptz) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (restate.instant AS timestamptz) IS
'The same moment: what timestamptz has is there for a time too.';

CREATE CAST (timestamptz AS restate.instant) WITHOUT FUNCTION AS ASSIGNMENT;
COMMENT ON CAST (timestamptz AS restate.instant) IS
'The same moment.';

-- functions of their own: a dump may have a cast before the one that it would need

CREATE FUNCTION restate.instant_timestamp(restate.instant) RETURNS timestamp
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_timestamp';
COMMENT ON FUNCTION restate.instant_timestamp(restate.instant) IS
'Date and time of day of a time in the sessions time zone, as of timestamptz.';

CREATE FUNCTION restate.instant_date(restate.instant) RETURNS date
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_date';
COMMENT ON FUNCTION restate.instant_date(restate.instant) IS
'The date of a time in the sessions time zone, as of timestamptz.';

CREATE FUNCTION restate.instant_time(restate.instant) RETURNS time
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_time';
COMMENT ON FUNCTION restate.instant_time(restate.instant) IS
'The time of day of a time in the sessions time zone, as of timestamptz.';

CREATE CAST (restate.instant AS timestamp) WITH FUNCTION restate.instant_timestamp(restate.instant) AS ASSIGNMENT;
COMMENT ON CAST (restate.instant AS timestamp) IS
'Date and time of day in the session''s time zone, as of timestamptz.';

CREATE CAST (restate.instant AS date) WITH FUNCTION restate.instant_date(restate.instant) AS ASSIGNMENT;
COMMENT ON CAST (restate.instant AS date) IS
'The date in the session''s time zone, as of timestamptz.';

CREATE CAST (restate.instant AS time) WITH FUNCTION restate.instant_time(restate.instant) AS ASSIGNMENT;
COMMENT ON CAST (restate.instant AS time) IS
'The time of day in the session''s time zone, as of timestamptz.';

CREATE FUNCTION restate.instant_timetz(restate.instant) RETURNS timetz
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_timetz';
COMMENT ON FUNCTION restate.instant_timetz(restate.instant) IS
'The time of day of a time with its zone, as of timestamptz.';

CREATE CAST (restate.instant AS timetz) WITH FUNCTION restate.instant_timetz(restate.instant) AS ASSIGNMENT;
COMMENT ON CAST (restate.instant AS timetz) IS
'The time of day in the session''s time zone with that zone, as of timestamptz.';

CREATE TYPE restate.duration;

CREATE FUNCTION restate.duration_in(cstring, oid, integer) RETURNS restate.duration
  LANGUAGE c STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_duration_in';
COMMENT ON FUNCTION restate.duration_in(cstring, oid, integer) IS
'Reads a duration: whatever interval reads, with its errors, and a length with a sign before all of it (-PT5S).';

CREATE FUNCTION restate.duration_out(restate.duration) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_duration_out';
COMMENT ON FUNCTION restate.duration_out(restate.duration) IS
'Writes a duration as its length in seconds, in ISO 8601, whatever the session''s settings.';

CREATE FUNCTION restate.duration_recv(internal, oid, integer) RETURNS restate.duration
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'interval_recv';
COMMENT ON FUNCTION restate.duration_recv(internal, oid, integer) IS
'Reads the binary form of a duration, which is that of interval.';

CREATE FUNCTION restate.duration_send(restate.duration) RETURNS bytea
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'interval_send';
COMMENT ON FUNCTION restate.duration_send(restate.duration) IS
'Writes the binary form of a duration, which is that of interval.';

CREATE TYPE restate.duration (
  INPUT = restate.duration_in,
  OUTPUT = restate.duration_out,
  RECEIVE = restate.duration_recv,
  SEND = restate.duration_send,
  LIKE = interval,
  CATEGORY = 'T'
);
COMMENT ON TYPE restate.duration IS
'An interval whose text is its length in seconds, PT86400S, with as many digits of its microseconds as there are, or P0D for none; a day has 24 hours. One with months or years, which has no length, is as interval has it in ISO 8601 style.';

CREATE CAST (restate.duration AS interval) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (restate.duration AS interval) IS
'The same duration: what interval has is there for a duration too.';

CREATE CAST (interval AS restate.duration) WITHOUT FUNCTION AS ASSIGNMENT;
COMMENT ON CAST (interval AS restate.duration) IS
'The same duration.';

CREATE FUNCTION restate.duration_time(restate.duration) RETURNS time
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'interval_time';
COMMENT ON FUNCTION restate.duration_time(restate.duration) IS
'The time of day so long after midnight, as of interval.';

CREATE CAST (restate.duration AS time) WITH FUNCTION restate.duration_time(restate.duration) AS ASSIGNMENT;
COMMENT ON CAST (restate.duration AS time) IS
'What is left of a duration without its days, as of interval.';

