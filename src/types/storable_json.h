/*
 * storable_json.h
 *		JSON from outside, as jsonb.
 */
#ifndef RESTATE_STORABLE_JSON_H
#define RESTATE_STORABLE_JSON_H

#include "postgres.h"

#include "utils/jsonb.h"

extern Jsonb *restate_storable_json(const text *json);

#endif /* RESTATE_STORABLE_JSON_H */
