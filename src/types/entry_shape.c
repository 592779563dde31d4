/*
 * entry_shape.c
 *		The one table of journal entry kinds.  Parsing and rendering both
 *		follow it.
 */
#include "types/entry_shape.h"

#include <string.h>

/* clang-format off */
#define NAME {"name", FIELD_NAME, 0}
#define NAME_IN_LITE {"name", FIELD_NAME, FIELD_LITE_NOT_EMPTY}
#define COMPLETION_ID(key_) {key_, FIELD_COMPLETION_ID, FIELD_REQUIRED | FIELD_LITE}
#define KEY {"key", FIELD_TEXT, FIELD_REQUIRED | FIELD_LITE}
#define RESULT(key_, variants_) {key_, FIELD_RESULT, FIELD_REQUIRED | (variants_)}
#define RESULT_IN_LITE(variants_) {"result", FIELD_RESULT, FIELD_REQUIRED | FIELD_LITE | (variants_)}

/* the request of a Call or OneWayCall; the lite form has its fields one level up */
const RestateEntryField restate_call_request_fields[] = {
	{"invocation_id", FIELD_INVOKED_ID, FIELD_REQUIRED | FIELD_LITE},
	{"invocation_target", FIELD_CALL_TARGET, FIELD_REQUIRED | FIELD_LITE},
	{"span_context", FIELD_OBJECT, FIELD_SPAN},
	{"parameter", FIELD_BYTES, FIELD_REQUIRED},
	{"headers", FIELD_HEADERS, 0},
	{"idempotency_key", FIELD_TEXT_OR_NULL, 0},
	{"completion_retention_duration", FIELD_OBJECT, 0},
	{"journal_retention_duration", FIELD_OBJECT, 0},
	{NULL, FIELD_END, 0},
};

const RestateEntryShape restate_entry_shapes[ENTRY_TYPE_COUNT] = {
	{COMMAND_INPUT, ENTRY_COMMAND, "Input", NULL,
		{{"headers", FIELD_HEADERS, 0}, {"payload", FIELD_BYTES, FIELD_REQUIRED}, NAME}},
	{COMMAND_OUTPUT, ENTRY_COMMAND, "Output", NULL,
		{RESULT_IN_LITE(RESULT_SUCCESS | RESULT_FAILURE), NAME}},
	{COMMAND_RUN, ENTRY_COMMAND, "Run", NULL,
		{COMPLETION_ID("completion_id"), NAME_IN_LITE}},
	{COMMAND_SLEEP, ENTRY_COMMAND, "Sleep", NULL,
		{{"wake_up_time", FIELD_MILLIS, FIELD_REQUIRED | FIELD_LITE},
			COMPLETION_ID("completion_id"), NAME_IN_LITE}},
	{COMMAND_CALL, ENTRY_COMMAND, "Call", NULL,
		{{"request", FIELD_REQUEST, FIELD_REQUIRED | FIELD_LITE},
			COMPLETION_ID("invocation_id_completion_id"),
			{"result_completion_id", FIELD_RESULT_COMPLETION_ID, FIELD_REQUIRED | FIELD_LITE},
			NAME_IN_LITE}},
	{COMMAND_ONE_WAY_CALL, ENTRY_COMMAND, "OneWayCall", NULL,
		{{"request", FIELD_REQUEST, FIELD_REQUIRED | FIELD_LITE},
			{"invoke_time", FIELD_MILLIS, FIELD_REQUIRED | FIELD_LITE},
			COMPLETION_ID("invocation_id_completion_id"), NAME_IN_LITE}},
	{COMMAND_SEND_SIGNAL, ENTRY_COMMAND, "SendSignal", NULL,
		{{"target_invocation_id", FIELD_ID_SENT, FIELD_REQUIRED | FIELD_LITE},
			{"signal_id", FIELD_SIGNAL_SENT, FIELD_REQUIRED | FIELD_LITE},
			RESULT_IN_LITE(RESULT_SUCCESS | RESULT_FAILURE | RESULT_VOID), NAME}},
	{COMMAND_ATTACH_INVOCATION, ENTRY_COMMAND, "AttachInvocation", NULL,
		{{"target", FIELD_ATTACH_TARGET, FIELD_REQUIRED | FIELD_LITE},
			COMPLETION_ID("completion_id"), NAME}},
	{COMMAND_GET_INVOCATION_OUTPUT, ENTRY_COMMAND, "GetInvocationOutput", NULL,
		{{"target", FIELD_ATTACH_TARGET, FIELD_REQUIRED | FIELD_LITE},
			COMPLETION_ID("completion_id"), NAME}},
	{COMMAND_COMPLETE_AWAKEABLE, ENTRY_COMMAND, "CompleteAwakeable", NULL,
		{{"id", FIELD_TEXT, FIELD_REQUIRED | FIELD_LITE},
			RESULT_IN_LITE(RESULT_SUCCESS | RESULT_FAILURE), NAME}},
	{COMMAND_GET_EAGER_STATE, ENTRY_COMMAND, "GetEagerState", NULL,
		{KEY, RESULT_IN_LITE(RESULT_SUCCESS | RESULT_VOID), NAME}},
	{COMMAND_GET_EAGER_STATE_KEYS, ENTRY_COMMAND, "GetEagerStateKeys", NULL,
		{{"state_keys", FIELD_TEXTS, FIELD_REQUIRED}, NAME}},
	{COMMAND_GET_LAZY_STATE, ENTRY_COMMAND, "GetLazyState", NULL,
		{KEY, COMPLETION_ID("completion_id"), NAME}},
	{COMMAND_GET_LAZY_STATE_KEYS, ENTRY_COMMAND, "GetLazyStateKeys", NULL,
		{COMPLETION_ID("completion_id"), NAME}},
	{COMMAND_SET_STATE, ENTRY_COMMAND, "SetState", NULL,
		{KEY, {"value", FIELD_BYTES, FIELD_REQUIRED}, NAME}},
	{COMMAND_CLEAR_STATE, ENTRY_COMMAND, "ClearState", NULL,
		{KEY, NAME}},
	{COMMAND_CLEAR_ALL_STATE, ENTRY_COMMAND, "ClearAllState", NULL,
		{NAME}},
	{COMMAND_GET_PROMISE, ENTRY_COMMAND, "GetPromise", NULL,
		{KEY, COMPLETION_ID("completion_id"), NAME}},
	{COMMAND_PEEK_PROMISE, ENTRY_COMMAND, "PeekPromise", NULL,
		{KEY, COMPLETION_ID("completion_id"), NAME}},
	{COMMAND_COMPLETE_PROMISE, ENTRY_COMMAND, "CompletePromise", NULL,
		{KEY, RESULT("value", RESULT_SUCCESS | RESULT_FAILURE),
			COMPLETION_ID("completion_id"), NAME}},

	{NOTIFICATION_RUN, ENTRY_COMPLETION, "Run", NULL,
		{COMPLETION_ID("completion_id"), RESULT("result", RESULT_SUCCESS | RESULT_FAILURE)}},
	{NOTIFICATION_SLEEP, ENTRY_COMPLETION, "Sleep", "Void",
		{COMPLETION_ID("completion_id")}},
	{NOTIFICATION_CALL, ENTRY_COMPLETION, "Call", NULL,
		{COMPLETION_ID("completion_id"), RESULT("result", RESULT_SUCCESS | RESULT_FAILURE)}},
	{NOTIFICATION_CALL_INVOCATION_ID, ENTRY_COMPLETION, "CallInvocationId", "InvocationId",
		{COMPLETION_ID("completion_id"), {"invocation_id", FIELD_INVOKED_ID, FIELD_REQUIRED}}},
	{NOTIFICATION_ATTACH_INVOCATION, ENTRY_COMPLETION, "AttachInvocation", NULL,
		{COMPLETION_ID("completion_id"), RESULT("result", RESULT_SUCCESS | RESULT_FAILURE)}},
	{NOTIFICATION_GET_INVOCATION_OUTPUT, ENTRY_COMPLETION, "GetInvocationOutput", NULL,
		{COMPLETION_ID("completion_id"),
			RESULT("result", RESULT_SUCCESS | RESULT_FAILURE | RESULT_VOID)}},
	{NOTIFICATION_GET_LAZY_STATE, ENTRY_COMPLETION, "GetLazyState", NULL,
		{COMPLETION_ID("completion_id"), RESULT("result", RESULT_SUCCESS | RESULT_VOID)}},
	{NOTIFICATION_GET_LAZY_STATE_KEYS, ENTRY_COMPLETION, "GetLazyStateKeys", "StateKeys",
		{COMPLETION_ID("completion_id"), {"state_keys", FIELD_TEXTS, FIELD_REQUIRED}}},
	{NOTIFICATION_GET_PROMISE, ENTRY_COMPLETION, "GetPromise", NULL,
		{COMPLETION_ID("completion_id"), RESULT("result", RESULT_SUCCESS | RESULT_FAILURE)}},
	{NOTIFICATION_PEEK_PROMISE, ENTRY_COMPLETION, "PeekPromise", NULL,
		{COMPLETION_ID("completion_id"),
			RESULT("result", RESULT_SUCCESS | RESULT_FAILURE | RESULT_VOID)}},
	{NOTIFICATION_COMPLETE_PROMISE, ENTRY_COMPLETION, "CompletePromise", NULL,
		{COMPLETION_ID("completion_id"), RESULT("result", RESULT_FAILURE | RESULT_VOID)}},
	{NOTIFICATION_SIGNAL, ENTRY_SIGNAL, "Signal", NULL,
		{{"id", FIELD_SIGNAL_ID, FIELD_REQUIRED},
			RESULT("result", RESULT_SUCCESS | RESULT_FAILURE | RESULT_VOID)}},
};
/* clang-format on */

/*
 * Returns the shape of a variant, whose name need not end in a zero byte, or
 * NULL if there is no such entry.
 */
const RestateEntryShape *
restate_entry_shape_of_variant(RestateEntryKind kind, const char *variant, size_t len)
{
	for (size_t i = 0; i < ENTRY_TYPE_COUNT; i++)
	{
		const RestateEntryShape *shape = &restate_entry_shapes[i];

		if (shape->kind == kind && strlen(shape->variant) == len &&
			memcmp(shape->variant, variant, len) == 0)
			return shape;
	}
	return NULL;
}

/*
 * Returns the shape of the entries whose type has this label in
 * restate.entry_type, or NULL if there is no such type.
 */
const RestateEntryShape *
restate_entry_shape_of_label(const char *label)
{
	for (size_t i = 0; i < ENTRY_TYPE_COUNT; i++)
	{
		const RestateEntryShape *shape = &restate_entry_shapes[i];

		if (strcmp(entry_type_names[shape->type], label) == 0)
			return shape;
	}
	return NULL;
}

/*
 * Returns the field with this key, which need not end in a zero byte, or NULL.
 */
const RestateEntryField *
restate_entry_field(const RestateEntryField *fields, const char *key, size_t len)
{
	for (; fields->role != FIELD_END; fields++)
	{
		if (strlen(fields->key) == len && memcmp(fields->key, key, len) == 0)
			return fields;
	}
	return NULL;
}

/*
 * Returns whether entries of the shape have a field of that role, be it in the
 * request of a call.
 */
bool
restate_entry_has_field(const RestateEntryShape *shape, RestateFieldRole role)
{
	for (const RestateEntryField *field = shape->fields; field->role != FIELD_END; field++)
	{
		if (field->role == role)
			return true;
		if (field->role != FIELD_REQUEST)
			continue;
		for (const RestateEntryField *part = restate_call_request_fields; part->role != FIELD_END;
			 part++)
			if (part->role == role)
				return true;
	}
	return false;
}
