\echo Use "ALTER EXTENSION restate_admin UPDATE TO '0.3.0'" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

-- Ids and their partition keys.

-- The rules of rows and entries.

-- Views.

-- Operations.

-- HTTP.

-- Verification.

-- Import.
