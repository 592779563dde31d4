\echo Use "CREATE EXTENSION restate_admin" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

