/*
 * entry_shape.h
 *		What each kind of journal entry looks like as JSON, and which column of
 *		restate.journal each part of it is kept in.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_ENTRY_SHAPE_H
#define RESTATE_ENTRY_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "types/entry_type.h"

/* the objects that stand around an entry's fields */
typedef enum RestateEntryKind
{
	ENTRY_COMMAND,	  /* {"Command":{variant:{...}}} */
	ENTRY_COMPLETION, /* {"Notification":{"Completion":{variant:{...}}}} */
	ENTRY_SIGNAL	  /* {"Notification":{"Signal":{...}}} */
} RestateEntryKind;

typedef enum RestateFieldRole
{
	FIELD_END,
	/* kept in a column */
	FIELD_NAME,
	FIELD_COMPLETION_ID,
	FIELD_RESULT_COMPLETION_ID,
	FIELD_INVOKED_ID,
	FIELD_SIGNAL_ID, /* {"Index":n} or {"Name":s} */
	FIELD_BYTES,
	/* {"Success":bytes} in the payload; "Void" and {"Failure":...} in meta */
	FIELD_RESULT,
	/* an object in meta, whose fields have roles in turn */
	FIELD_REQUEST,
	/* kept in meta as it is, when it has the form named */
	FIELD_TEXT,
	FIELD_TEXT_OR_NULL,
	FIELD_TEXTS,
	FIELD_MILLIS,
	FIELD_HEADERS,
	FIELD_CALL_TARGET,
	FIELD_ATTACH_TARGET,
	FIELD_SIGNAL_SENT, /* as FIELD_SIGNAL_ID */
	FIELD_ID_SENT,	   /* an invocation id */
	FIELD_OBJECT
} RestateFieldRole;

/* the entry is refused without this field */
#define FIELD_REQUIRED		 0x01
/* the lite form has this field too; a result as the name of its variant */
#define FIELD_LITE			 0x02
/* the lite form has this field where its text is not empty */
#define FIELD_LITE_NOT_EMPTY 0x04
/* a span, which the full form has also where none is kept */
#define FIELD_SPAN			 0x08
/* the variants of a result */
#define RESULT_SUCCESS		 0x10
#define RESULT_FAILURE		 0x20
#define RESULT_VOID			 0x40

typedef struct RestateEntryField
{
	const char *key;
	RestateFieldRole role;
	int flags;
} RestateEntryField;

#define ENTRY_MAX_FIELDS 6

typedef struct RestateEntryShape
{
	EntryType type;
	RestateEntryKind kind;
	const char *variant;
	/* a completion without a result: what the lite form says of it */
	const char *lite_result;
	/* in the order they are written; the last one's role is FIELD_END */
	RestateEntryField fields[ENTRY_MAX_FIELDS];
} RestateEntryShape;

extern const RestateEntryShape restate_entry_shapes[ENTRY_TYPE_COUNT];
extern const RestateEntryField restate_call_request_fields[];

extern const RestateEntryShape *restate_entry_shape_of_variant(RestateEntryKind kind,
															   const char *variant, size_t len);
extern const RestateEntryShape *restate_entry_shape_of_label(const char *label);
extern bool restate_entry_has_field(const RestateEntryShape *shape, RestateFieldRole role);
extern const RestateEntryField *restate_entry_field(const RestateEntryField *fields,
													const char *key, size_t len);

#endif /* RESTATE_ENTRY_SHAPE_H */
