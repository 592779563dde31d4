/*
 * entry_type.c
 *		The names of the kinds of journal entry.
 */
#include "types/entry_type.h"

const char *const entry_type_names[ENTRY_TYPE_COUNT] = {
	[COMMAND_INPUT] = "Command: Input",
	[COMMAND_OUTPUT] = "Command: Output",
	[COMMAND_RUN] = "Command: Run",
	[COMMAND_SLEEP] = "Command: Sleep",
	[COMMAND_CALL] = "Command: Call",
	[COMMAND_ONE_WAY_CALL] = "Command: OneWayCall",
	[COMMAND_SEND_SIGNAL] = "Command: SendSignal",
	[COMMAND_ATTACH_INVOCATION] = "Command: AttachInvocation",
	[COMMAND_GET_INVOCATION_OUTPUT] = "Command: GetInvocationOutput",
	[COMMAND_COMPLETE_AWAKEABLE] = "Command: CompleteAwakeable",
	[COMMAND_GET_EAGER_STATE] = "Command: GetEagerState",
	[COMMAND_GET_EAGER_STATE_KEYS] = "Command: GetEagerStateKeys",
	[COMMAND_GET_LAZY_STATE] = "Command: GetLazyState",
	[COMMAND_GET_LAZY_STATE_KEYS] = "Command: GetLazyStateKeys",
	[COMMAND_SET_STATE] = "Command: SetState",
	[COMMAND_CLEAR_STATE] = "Command: ClearState",
	[COMMAND_CLEAR_ALL_STATE] = "Command: ClearAllState",
	[COMMAND_GET_PROMISE] = "Command: GetPromise",
	[COMMAND_PEEK_PROMISE] = "Command: PeekPromise",
	[COMMAND_COMPLETE_PROMISE] = "Command: CompletePromise",
	[NOTIFICATION_RUN] = "Notification: Run",
	[NOTIFICATION_SLEEP] = "Notification: Sleep",
	[NOTIFICATION_CALL] = "Notification: Call",
	[NOTIFICATION_CALL_INVOCATION_ID] = "Notification: CallInvocationId",
	[NOTIFICATION_ATTACH_INVOCATION] = "Notification: AttachInvocation",
	[NOTIFICATION_GET_INVOCATION_OUTPUT] = "Notification: GetInvocationOutput",
	[NOTIFICATION_GET_LAZY_STATE] = "Notification: GetLazyState",
	[NOTIFICATION_GET_LAZY_STATE_KEYS] = "Notification: GetLazyStateKeys",
	[NOTIFICATION_GET_PROMISE] = "Notification: GetPromise",
	[NOTIFICATION_PEEK_PROMISE] = "Notification: PeekPromise",
	[NOTIFICATION_COMPLETE_PROMISE] = "Notification: CompletePromise",
	[NOTIFICATION_SIGNAL] = "Notification: Signal",
};

/*
 * Returns whether entries of the type are commands, which a handler issues;
 * the others are notifications.
 */
bool
entry_type_is_command(EntryType type)
{
	return type < NOTIFICATION_RUN;
}
