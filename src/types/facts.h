/*
 * facts.h
 *		The facts about an invocation as one value of a statement's row.
 */
#ifndef RESTATE_FACTS_H
#define RESTATE_FACTS_H

#include "postgres.h"

#include "fmgr.h"

#include "types/model.h"

extern PGDLLEXPORT Datum restate_facts(PG_FUNCTION_ARGS);
extern void facts_read(const bytea *value, Facts *facts, char **service_name, char **service_key);

#endif /* RESTATE_FACTS_H */
