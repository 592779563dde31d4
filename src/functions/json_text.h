/*
 * json_text.h
 *		Writing JSON objects and arrays as text, field by field.
 */
#ifndef RESTATE_JSON_TEXT_H
#define RESTATE_JSON_TEXT_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

#include "types/id.h"

/* each adds a field, or an element where the key is NULL; NULL and the time 0 are null */
extern void json_text(StringInfo json, const char *key, const char *value);
extern void json_number(StringInfo json, const char *key, int64 value);
extern void json_boolean(StringInfo json, const char *key, bool value);
extern void json_time(StringInfo json, const char *key, TimestampTz value);
extern void json_invocation(StringInfo json, const char *key, const RestateInvocationId *id);
extern void json_deployment(StringInfo json, const char *key, const RestateDeploymentId *id);
extern void json_null(StringInfo json, const char *key);

/* an object or an array: '{' and '}', '[' and ']' */
extern void json_open(StringInfo json, const char *key, char bracket);
extern void json_close(StringInfo json, char bracket);

#endif /* RESTATE_JSON_TEXT_H */
