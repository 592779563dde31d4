/*
 * frame_message.c
 *		The one table of the service protocol's messages, versions 5 and 6.
 *		Decoding and encoding both follow it.
 */
#include "types/frame_message.h"

#include <string.h>

/* clang-format off */
#define AT(member_) offsetof(FrameEntry, member_)
#define FIELD(number_, kind_, name_, member_) {name_, number_, kind_, false, AT(member_), NULL, 0, VARIANT_NONE}
#define OPTIONAL(number_, kind_, name_, member_) {name_, number_, kind_, true, AT(member_), NULL, 0, VARIANT_NONE}
#define ONE_OF(number_, kind_, name_, member_, choice_, variant_) \
	{name_, number_, kind_, false, AT(member_), NULL, AT(choice_), variant_}
#define PARTS(number_, parts_, name_, choice_, variant_) \
	{name_, number_, KIND_PARTS, false, 0, parts_, AT(choice_), variant_}
#define END {NULL, 0, KIND_END, false, 0, NULL, 0, VARIANT_NONE}

/* messages within others */
static const MessageField void_parts[] = {END};
static const MessageField value_parts[] = {
	FIELD(1, KIND_BYTES, "content", payload),
	END};
static const MessageField failure_parts[] = {
	FIELD(1, KIND_U32, "code", failure_code),
	FIELD(2, KIND_TEXT, "message", failure_message),
	FIELD(3, KIND_TEXT_PAIR_LIST, "metadata", failure_metadata),
	END};
static const MessageField state_keys_parts[] = {
	FIELD(1, KIND_TEXT_LIST, "keys", state_keys),
	END};
static const MessageField workflow_parts[] = {
	FIELD(1, KIND_TEXT, "name", service),
	FIELD(2, KIND_TEXT, "key", key),
	END};
static const MessageField idempotent_parts[] = {
	FIELD(1, KIND_TEXT, "service", service),
	OPTIONAL(2, KIND_TEXT, "key", key),
	FIELD(3, KIND_TEXT, "handler", handler),
	FIELD(4, KIND_TEXT, "idempotency_key", idempotency_key),
	END};

/* fields that many have */
#define NAME FIELD(12, KIND_TEXT, "name", name)
#define COMPLETION_ID FIELD(11, KIND_U32, "completion_id", completion_id)
#define STATE_KEY FIELD(1, KIND_TEXT_IN_BYTES, "key", key)
#define PROMISE_KEY FIELD(1, KIND_TEXT, "key", key)
#define VOID(number_) PARTS(number_, void_parts, "void", result, VARIANT_VOID)
#define VALUE(number_) PARTS(number_, value_parts, "value", result, VARIANT_VALUE)
#define FAILURE(number_) PARTS(number_, failure_parts, "failure", result, VARIANT_FAILURE)
#define STATE_KEYS(number_) PARTS(number_, state_keys_parts, "state_keys", result, VARIANT_STATE_KEYS)
#define SIGNAL_INDEX ONE_OF(2, KIND_U32, "index", signal_index, signal, VARIANT_INDEX)
#define SIGNAL_NAME ONE_OF(3, KIND_TEXT, "name", signal_name, signal, VARIANT_NAME)
#define ATTACH_TARGET \
	ONE_OF(1, KIND_TEXT, "invocation_id", target_id, target, VARIANT_INVOCATION), \
	PARTS(3, idempotent_parts, "idempotent_target", target, VARIANT_IDEMPOTENT), \
	PARTS(4, workflow_parts, "workflow_target", target, VARIANT_WORKFLOW)
#define ANSWERS FIELD(1, KIND_U32, "completion_id", completion_id)

const Message restate_messages[MESSAGE_COUNT] = {
	{0x0000, "Start", false, {
		FIELD(1, KIND_BYTES, "id", invocation_id),
		FIELD(2, KIND_TEXT, "debug_id", debug_id),
		FIELD(3, KIND_U32, "known_entries", known_entries),
		FIELD(4, KIND_BYTES_PAIR_LIST, "state", state),
		FIELD(5, KIND_FLAG, "partial_state", partial_state),
		FIELD(6, KIND_TEXT, "key", key),
		FIELD(7, KIND_U32, "retry_count", retry_count),
		FIELD(8, KIND_U64, "since_last", since_last),
		FIELD(9, KIND_U64, "random_seed", random_seed),
		END}},
	{0x0001, "Suspension", true, {
		FIELD(1, KIND_U32_LIST, "completions", completions),
		FIELD(2, KIND_U32_LIST, "signals", signals),
		FIELD(3, KIND_TEXT_LIST, "named_signals", named_signals),
		END}},
	{0x0002, "Error", true, {
		FIELD(1, KIND_U32, "code", failure_code),
		FIELD(2, KIND_TEXT, "message", failure_message),
		FIELD(3, KIND_TEXT, "stacktrace", stacktrace),
		OPTIONAL(4, KIND_U32, "related_command_index", command_index),
		OPTIONAL(5, KIND_TEXT, "related_command_name", command_name),
		OPTIONAL(6, KIND_U32, "related_command_type", command_type),
		OPTIONAL(8, KIND_U64_OR_NONE, "next_retry_delay", retry_delay),
		END}},
	{0x0003, "End", true, {END}},
	{0x0004, "CommandAck", false, {
		FIELD(1, KIND_U32, "command_index", command_index),
		END}},
	{0x0005, "ProposeRunCompletion", true, {
		FIELD(1, KIND_U32, "completion_id", completion_id),
		ONE_OF(14, KIND_BYTES, "value", payload, result, VARIANT_VALUE),
		FAILURE(15),
		END}},

	{0x0400, "Command: Input", false, {
		FIELD(1, KIND_TEXT_PAIR_LIST, "headers", headers), NAME, VALUE(14), END}},
	{0x0401, "Command: Output", true, {NAME, VALUE(14), FAILURE(15), END}},
	{0x0402, "Command: GetLazyState", true, {STATE_KEY, COMPLETION_ID, NAME, END}},
	{0x0403, "Command: SetState", true, {STATE_KEY, VALUE(3), NAME, END}},
	{0x0404, "Command: ClearState", true, {STATE_KEY, NAME, END}},
	{0x0405, "Command: ClearAllState", true, {NAME, END}},
	{0x0406, "Command: GetLazyStateKeys", true, {COMPLETION_ID, NAME, END}},
	{0x0407, "Command: GetEagerState", true, {STATE_KEY, NAME, VOID(13), VALUE(14), END}},
	{0x0408, "Command: GetEagerStateKeys", true, {NAME, STATE_KEYS(14), END}},
	{0x0409, "Command: GetPromise", true, {PROMISE_KEY, COMPLETION_ID, NAME, END}},
	{0x040A, "Command: PeekPromise", true, {PROMISE_KEY, COMPLETION_ID, NAME, END}},
	{0x040B, "Command: CompletePromise", true, {
		PROMISE_KEY, VALUE(2), FAILURE(3), COMPLETION_ID, NAME, END}},
	{0x040C, "Command: Sleep", true, {
		FIELD(1, KIND_U64, "wake_up_time", time), COMPLETION_ID, NAME, END}},
	{0x040D, "Command: Call", true, {
		FIELD(1, KIND_TEXT, "service", service),
		FIELD(2, KIND_TEXT, "handler", handler),
		FIELD(3, KIND_BYTES, "parameter", payload),
		FIELD(4, KIND_TEXT_PAIR_LIST, "headers", headers),
		FIELD(5, KIND_TEXT, "key", key),
		OPTIONAL(6, KIND_TEXT, "idempotency_key", idempotency_key),
		FIELD(10, KIND_U32, "invocation_id_completion_id", completion_id),
		FIELD(11, KIND_U32, "result_completion_id", result_completion_id),
		NAME, END}},
	{0x040E, "Command: OneWayCall", true, {
		FIELD(1, KIND_TEXT, "service", service),
		FIELD(2, KIND_TEXT, "handler", handler),
		FIELD(3, KIND_BYTES, "parameter", payload),
		FIELD(4, KIND_U64, "invoke_time", time),
		FIELD(5, KIND_TEXT_PAIR_LIST, "headers", headers),
		FIELD(6, KIND_TEXT, "key", key),
		OPTIONAL(7, KIND_TEXT, "idempotency_key", idempotency_key),
		FIELD(10, KIND_U32, "invocation_id_completion_id", completion_id),
		NAME, END}},
	{0x0410, "Command: SendSignal", true, {
		FIELD(1, KIND_TEXT, "target_invocation_id", target_id),
		SIGNAL_INDEX, SIGNAL_NAME, VOID(4), VALUE(5), FAILURE(6), NAME, END}},
	{0x0411, "Command: Run", true, {COMPLETION_ID, NAME, END}},
	{0x0412, "Command: AttachInvocation", true, {ATTACH_TARGET, COMPLETION_ID, NAME, END}},
	{0x0413, "Command: GetInvocationOutput", true, {ATTACH_TARGET, COMPLETION_ID, NAME, END}},
	{0x0414, "Command: CompleteAwakeable", true, {
		FIELD(1, KIND_TEXT, "id", awakeable_id), VALUE(2), FAILURE(3), NAME, END}},

	{0x8002, "Notification: GetLazyState", false, {ANSWERS, VOID(4), VALUE(5), END}},
	{0x8006, "Notification: GetLazyStateKeys", false, {ANSWERS, STATE_KEYS(17), END}},
	{0x8009, "Notification: GetPromise", false, {ANSWERS, VALUE(5), FAILURE(6), END}},
	{0x800A, "Notification: PeekPromise", false, {ANSWERS, VOID(4), VALUE(5), FAILURE(6), END}},
	{0x800B, "Notification: CompletePromise", false, {ANSWERS, VOID(4), FAILURE(6), END}},
	{0x800C, "Notification: Sleep", false, {ANSWERS, VOID(4), END}},
	{0x800D, "Notification: Call", false, {ANSWERS, VALUE(5), FAILURE(6), END}},
	{0x800E, "Notification: CallInvocationId", false, {
		ANSWERS, ONE_OF(16, KIND_TEXT, "invocation_id", invoked_id, result, VARIANT_INVOKED_ID), END}},
	{0x8011, "Notification: Run", false, {ANSWERS, VALUE(5), FAILURE(6), END}},
	{0x8012, "Notification: AttachInvocation", false, {ANSWERS, VALUE(5), FAILURE(6), END}},
	{0x8013, "Notification: GetInvocationOutput", false, {ANSWERS, VOID(4), VALUE(5), FAILURE(6), END}},
	{0xFBFF, "Notification: Signal", false, {
		SIGNAL_INDEX, SIGNAL_NAME, VOID(4), VALUE(5), FAILURE(6), END}},
};
/* clang-format on */

/*
 * Returns the message of this type, or NULL if versions 5 and 6 have none.
 */
const Message *
restate_message_of_type(uint16_t type)
{
	for (size_t i = 0; i < MESSAGE_COUNT; i++)
	{
		if (restate_messages[i].type == type)
			return &restate_messages[i];
	}
	return NULL;
}

/*
 * Returns the message of this name, which for an entry is that of its type, or
 * NULL.
 */
const Message *
restate_message_of_name(const char *name)
{
	for (size_t i = 0; i < MESSAGE_COUNT; i++)
	{
		if (strcmp(restate_messages[i].name, name) == 0)
			return &restate_messages[i];
	}
	return NULL;
}
