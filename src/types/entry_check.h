/*
 * entry_check.h
 *		Reads the values of a journal entry's JSON, and refuses those that do
 *		not have the form their field asks for.
 */
#ifndef RESTATE_ENTRY_CHECK_H
#define RESTATE_ENTRY_CHECK_H

#include "postgres.h"

#include "types/compat.h"

#include "utils/jsonb.h"

#include "types/entry_shape.h"
#include "types/id_codec.h"

/* A field of an entry being read: what a refusal names. */
typedef struct RestateFieldPlace
{
	const RestateEntryShape *shape;
	const char *key;
} RestateFieldPlace;

extern char *restate_json_string(const JsonbValue *value);
extern bool restate_json_is(const JsonbValue *value, const char *text);
extern bool restate_json_is_object(const JsonbValue *value);
extern bool restate_json_whole_number(const JsonbValue *value, uint64 max, uint64 *number);
extern bool restate_json_single_member(JsonbContainer *object, JsonbValue *key, JsonbValue *value);

pg_noreturn extern void restate_refuse_field(RestateFieldPlace place, const char *form);
extern char *restate_field_text(RestateFieldPlace place, const JsonbValue *value);
extern int64 restate_field_u32(RestateFieldPlace place, const JsonbValue *value);
extern bytea *restate_field_bytes(RestateFieldPlace place, const JsonbValue *value);
extern RestateInvocationId *restate_field_invocation_id(RestateFieldPlace place,
														const JsonbValue *value);
extern void restate_field_signal(RestateFieldPlace place, const JsonbValue *value, int64 *index,
								 const char **name);
extern void restate_check_field(RestateFieldPlace place, RestateFieldRole role,
								const JsonbValue *value);
extern void restate_check_failure(RestateFieldPlace place, const JsonbValue *value);

#endif /* RESTATE_ENTRY_CHECK_H */
