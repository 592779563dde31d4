/*
 * frame_cases.h
 *		Messages of the service protocol as bytes, after its documentation, and
 *		what they are to be read as; and bytes that are no message, or an odd one.
 */
#ifndef RESTATE_FRAME_CASES_H
#define RESTATE_FRAME_CASES_H

#include "types/frame.h"
#include "types/signal_index.h"

#define TEXT(text_)                                  \
	{                                                \
		(const uint8_t *) (text_), sizeof(text_) - 1 \
	}
/* a list whose elements, each with its tag and length, are these bytes */
#define LIST(number_, bytes_)                   \
	{                                           \
		.in = TEXT(bytes_), .number = (number_) \
	}

/* what many of the messages have */
#define ID				"inv_1foAirY4KKzi5vIFHwwB1akI77BRXOsPn3"
#define ID_HEX			"696e765f31666f41697259344b4b7a69357649464877774231616b4937374252584f73506e33"
#define FAIL_HEX		"1308990312066e6f207761791a060a0161120162"
#define VOID			.result = VARIANT_VOID
#define VALUE(payload_) .result = VARIANT_VALUE, .payload = TEXT(payload_)
#define FAILURE                                                                        \
	.result = VARIANT_FAILURE, .failure_code = 409, .failure_message = TEXT("no way"), \
	.failure_metadata = LIST(3, "\x1a\x06\x0a\x01"                                     \
								"a"                                                    \
								"\x12\x01"                                             \
								"b")

/* A message, as it is written and as what it is read; what an entry leaves out here says nothing. */
typedef struct Case
{
	const char *hex;
	const char *name;
	FrameEntry entry;
} Case;

/* clang-format off */
static const Case cases[] = {
	{"0000000000000068" "0a18b7a4ac33676d79ba01a2231054a39415ee3e711f677f11d0" "1226" ID_HEX "1807" "22070a016b1202ff00"
		"22030a016c" "2801" "32026b31" "3802" "408805" "48ffffffffffffffffff01",
		"Start", {
		.invocation_id = TEXT("\xb7\xa4\xac\x33\x67\x6d\x79\xba\x01\xa2\x23\x10\x54\xa3\x94\x15\xee\x3e\x71\x1f\x67\x7f\x11\xd0"),
		.debug_id = TEXT(ID), .known_entries = 7,
		.state = LIST(9, "\x4a\x07\x0a\x01k\x12\x02\xff\x00\x4a\x03\x0a\x01l"), .partial_state = true,
		.key = TEXT("k1"), .retry_count = 2, .since_last = 648, .random_seed = UINT64_MAX}},
	{"000100000000000f" "0a0301ac02" "12020111" "1a02676f" "1a00", "Suspension", {
		/* numbers are read together and one by one */
		.completions = LIST(1, "\x08\x01\x08\xac\x02"), .signals = LIST(2, "\x10\x01\x12\x01\x11"),
		.named_signals = LIST(3, "\x1a\x02go\x1a\x00")}},
	{"0002000000000018" "08f403" "1204626f6f6d" "1a0461742078" "2000" "2a00" "309108" "4000", "Error", {
		.failure_code = 500, .failure_message = TEXT("boom"), .stacktrace = TEXT("at x"),
		.command_index = 0, .command_name = TEXT(""), .command_type = 0x411, .retry_delay = {true, 0}}},
	{"0001000000000000", "Suspension", {.name = {NULL, 0}}},
	{"0002000000000000", "Error", {.command_index = -1, .command_type = -1}},
	{"0003000000000000", "End", {.name = {NULL, 0}}},
	{"0004000000000002" "0803", "CommandAck", {.command_index = 3}},
	{"0005000000000007" "0801" "7203224122", "ProposeRunCompletion", {.completion_id = 1, VALUE("\"A\"")}},
	{"0005000000000002" "7200", "ProposeRunCompletion", {.completion_id = 0, VALUE("")}},
	{"0005000000000017" "0801" "7a" FAIL_HEX, "ProposeRunCompletion", {.completion_id = 1, FAILURE}},

	{"040000000000001a" "0a080a03782d62120132" "0a050a03782d65" "72070a0522626f6222", "Command: Input", {
		.headers = LIST(1, "\x0a\x08\x0a\x03x-b\x12\x01" "2" "\x0a\x05\x0a\x03x-e"), VALUE("\"bob\"")}},
	{"0401000000000002" "7200", "Command: Output", {VALUE("")}},
	{"0401000000000018" "62016f" "7a" FAIL_HEX, "Command: Output", {.name = TEXT("o"), FAILURE}},
	{"040200000000000c" "0a05636f756e74" "5801" "62016e", "Command: GetLazyState", {
		.key = TEXT("count"), .completion_id = 1, .name = TEXT("n")}},
	{"040300000000000c" "0a05636f756e74" "1a030a0133", "Command: SetState", {.key = TEXT("count"), VALUE("3")}},
	{"0404000000000007" "0a05636f756e74", "Command: ClearState", {.key = TEXT("count")}},
	{"0405000000000003" "62016e", "Command: ClearAllState", {.name = TEXT("n")}},
	{"0406000000000002" "5802", "Command: GetLazyStateKeys", {.completion_id = 2}},
	{"0407000000000009" "0a05636f756e74" "6a00", "Command: GetEagerState", {.key = TEXT("count"), VOID}},
	{"0407000000000009" "0a05636f756e74" "7200", "Command: GetEagerState", {.key = TEXT("count"), VALUE("")}},
	{"040800000000000a" "72080a01610a000a0162", "Command: GetEagerStateKeys", {
		.result = VARIANT_STATE_KEYS, .state_keys = LIST(1, "\x0a\x01" "a" "\x0a\x00\x0a\x01" "b")}},
	{"040900000000000c" "0a08617070726f766564" "5801", "Command: GetPromise", {.key = TEXT("approved"), .completion_id = 1}},
	{"040a00000000000c" "0a08617070726f766564" "5801", "Command: PeekPromise", {.key = TEXT("approved"), .completion_id = 1}},
	{"040b000000000014" "0a08617070726f766564" "12060a04226f6b22" "5801", "Command: CompletePromise", {
		.key = TEXT("approved"), .completion_id = 1, VALUE("\"ok\"")}},
	{"040b000000000021" "0a08617070726f766564" "1a" FAIL_HEX "5801", "Command: CompletePromise", {
		.key = TEXT("approved"), .completion_id = 1, FAILURE}},
	{"040c00000000000e" "08dfacc198a234" "5804" "62036e6170", "Command: Sleep", {
		.time = 1795884602975, .completion_id = 4, .name = TEXT("nap")}},
	{"040d00000000002a" "0a07636f756e746572" "1203616464" "1a0133" "22080a03782d62120132" "2a026b31" "3202696b" "5005" "5806"
		"62016e", "Command: Call", {
		.service = TEXT("counter"), .handler = TEXT("add"), .key = TEXT("k1"), .payload = TEXT("3"),
		.headers = LIST(1, "\x0a\x08\x0a\x03x-b\x12\x01" "2"), .idempotency_key = TEXT("ik"), .completion_id = 5,
		.result_completion_id = 6, .name = TEXT("n")}},
	{"040e00000000002d" "0a07636f756e746572" "1203616464" "1a0131" "20c1b0c298a234" "2a080a03782d62120132" "32026b32" "3a00"
		"5001" "62016e", "Command: OneWayCall", {
		.service = TEXT("counter"), .handler = TEXT("add"), .key = TEXT("k2"), .payload = TEXT("1"), .time = 1795884619841,
		.headers = LIST(1, "\x0a\x08\x0a\x03x-b\x12\x01" "2"), .idempotency_key = TEXT(""), .completion_id = 1,
		.name = TEXT("n")}},
	{"041000000000002c" "0a26" ID_HEX "1001" "2200", "Command: SendSignal", {
		.target_id = TEXT(ID), .signal = VARIANT_INDEX, .signal_index = CANCEL_SIGNAL, VOID}},
	{"0410000000000034" "0a26" ID_HEX "1a02676f" "2a030a0131" "620165", "Command: SendSignal", {
		.target_id = TEXT(ID), .signal = VARIANT_NAME, .signal_name = TEXT("go"), VALUE("1"), .name = TEXT("e")}},
	{"041000000000003f" "0a26" ID_HEX "1000" "32" FAIL_HEX, "Command: SendSignal", {
		.target_id = TEXT(ID), .signal = VARIANT_INDEX, .signal_index = 0, FAILURE}},
	{"0411000000000007" "5801" "62036f6e65", "Command: Run", {.completion_id = 1, .name = TEXT("one")}},
	{"041200000000002a" "0a26" ID_HEX "5803", "Command: AttachInvocation", {
		.target = VARIANT_INVOCATION, .target_id = TEXT(ID), .completion_id = 3}},
	{"0412000000000010" "1a0c0a017312016b1a0168220169" "5803", "Command: AttachInvocation", {
		.target = VARIANT_IDEMPOTENT, .service = TEXT("s"), .key = TEXT("k"), .handler = TEXT("h"),
		.idempotency_key = TEXT("i"), .completion_id = 3}},
	{"041200000000000d" "1a090a01731a0168220169" "5803", "Command: AttachInvocation", {
		.target = VARIANT_IDEMPOTENT, .service = TEXT("s"), .handler = TEXT("h"), .idempotency_key = TEXT("i"),
		.completion_id = 3}},
	{"041300000000000e" "22070a02776612016b" "5803" "62016e", "Command: GetInvocationOutput", {
		.target = VARIANT_WORKFLOW, .service = TEXT("wf"), .key = TEXT("k"), .completion_id = 3, .name = TEXT("n")}},
	{"0414000000000010" "0a077369676e5f3178" "12050a03227822", "Command: CompleteAwakeable", {
		.awakeable_id = TEXT("sign_1x"), VALUE("\"x\"")}},
	{"041400000000001e" "0a077369676e5f3178" "1a" FAIL_HEX, "Command: CompleteAwakeable", {
		.awakeable_id = TEXT("sign_1x"), FAILURE}},

	{"8002000000000004" "0801" "2200", "Notification: GetLazyState", {.completion_id = 1, VOID}},
	{"8002000000000004" "0801" "2a00", "Notification: GetLazyState", {.completion_id = 1, VALUE("")}},
	{"8006000000000008" "0802" "8a01030a0161", "Notification: GetLazyStateKeys", {
		.completion_id = 2, .result = VARIANT_STATE_KEYS, .state_keys = LIST(1, "\x0a\x01" "a")}},
	{"8006000000000005" "0802" "8a0100", "Notification: GetLazyStateKeys", {
		.completion_id = 2, .result = VARIANT_STATE_KEYS}},
	{"8009000000000007" "0801" "2a030a0131", "Notification: GetPromise", {.completion_id = 1, VALUE("1")}},
	{"800a000000000004" "0801" "2200", "Notification: PeekPromise", {.completion_id = 1, VOID}},
	{"800b000000000017" "0801" "32" FAIL_HEX, "Notification: CompletePromise", {.completion_id = 1, FAILURE}},
	{"800c000000000004" "0804" "2200", "Notification: Sleep", {.completion_id = 4, VOID}},
	{"800d000000000007" "0806" "2a030a0133", "Notification: Call", {.completion_id = 6, VALUE("3")}},
	{"800e00000000002b" "0805" "820126" ID_HEX, "Notification: CallInvocationId", {
		.completion_id = 5, .result = VARIANT_INVOKED_ID, .invoked_id = TEXT(ID)}},
	{"8011000000000007" "0801" "3203120178", "Notification: Run", {
		.completion_id = 1, .result = VARIANT_FAILURE, .failure_message = TEXT("x")}},
	{"8012000000000007" "0803" "2a030a0135", "Notification: AttachInvocation", {.completion_id = 3, VALUE("5")}},
	{"8013000000000004" "0803" "2200", "Notification: GetInvocationOutput", {.completion_id = 3, VOID}},
	{"fbff00000000000b" "1011" "2a070a052268657922", "Notification: Signal", {
		.signal = VARIANT_INDEX, .signal_index = FIRST_AWAKEABLE_SIGNAL, VALUE("\"hey\"")}},
	{"fbff000000000006" "1a02676f" "2200", "Notification: Signal", {
		.signal = VARIANT_NAME, .signal_name = TEXT("go"), VOID}},
};

/* What is no message, and what is said of it; NULL: it is one, if not as it would be written. */
static const struct
{
	const char *hex;
	const char *said;
} oddities[] = {
	{"0006000000000000", "no message has the type 0x0006"},
	{"040f000000000000", "no message has the type 0x040f"},
	{"fc00000000000000", "no message has the type 0xfc00"},
	{"0003800000000000", "End has flags, which are of a later version"},
	{"0401000000000000", "Command: Output lacks its value or failure"},
	{"0410000000000002" "2200", "Command: SendSignal lacks its index or name"},
	{"0412000000000002" "5803", "Command: AttachInvocation lacks its invocation_id or idempotent_target or workflow_target"},
	{"800c000000000004" "08042a00", "Notification: Sleep lacks its void"},
	{"0401000000000004" "72007a00", "Command: Output: failure is there beside another"},
	{"0401000000000004" "72007200", "Command: Output: value is there twice"},
	{"0411000000000004" "58015802", "Command: Run: completion_id is there twice"},
	{"0411000000000004" "5a0158ff", "Command: Run: completion_id is of another type"},
	{"0411000000000003" "58ff01", NULL},
	{"0411000000000004" "58818000", NULL},
	{"0411000000000002" "58ff", "Command: Run ends within a field"},
	{"0411000000000001" "58", "Command: Run ends within a field"},
	{"0411000000000006" "588080808010", "Command: Run: completion_id is above 4294967295"},
	{"0411000000000006" "58ffffffff0f", NULL},
	{"040c00000000000b" "08ffffffffffffffffff01", NULL},
	{"040c00000000000b" "08ffffffffffffffffff02", "Command: Sleep has a number of more than 64 bits"},
	{"040c00000000000c" "08ffffffffffffffffff8000", "Command: Sleep has a number of more than 64 bits"},
	{"041100000000000b" "62ffffffffffffffffff02", "Command: Run has a number of more than 64 bits"},
	{"0411000000000002" "0000", "Command: Run has a field whose number is none"},
	{"0411000000000006" "808080801000", "Command: Run has a field whose number is none"},
	{"0411000000000001" "0b", "Command: Run has a field of a type that is not in use"},
	{"0411000000000001" "0c", "Command: Run has a field of a type that is not in use"},
	{"0411000000000001" "0e", "Command: Run has a field of a type that is not in use"},
	{"0411000000000001" "0f", "Command: Run has a field of a type that is not in use"},
	/* fields of other numbers, of each type that there is */
	{"0411000000000015" "0801" "090000000000000000" "1201ff" "1d00000000" "7801", NULL},
	{"0411000000000003" "1d0000", "Command: Run ends within a field"},
	{"0411000000000003" "620378", "Command: Run ends within a field"},
	{"041100000000000c" "62ffffffffffffffffff0178", "Command: Run ends within a field"},
	{"0411000000000003" "6201ff", "Command: Run: name is not UTF-8"},
	{"0411000000000004" "6202c080", "Command: Run: name is not UTF-8"},
	{"0411000000000004" "6202c3a9", NULL},
	{"0411000000000005" "6203e0a080", NULL},
	{"0411000000000005" "6203e08080", "Command: Run: name is not UTF-8"},
	{"0411000000000005" "6203eda080", "Command: Run: name is not UTF-8"},
	{"0411000000000005" "6203ed9fbf", NULL},
	{"0411000000000006" "6204f0908080", NULL},
	{"0411000000000006" "6204f0808080", "Command: Run: name is not UTF-8"},
	{"0411000000000006" "6204f48fbfbf", NULL},
	{"0411000000000006" "6204f4908080", "Command: Run: name is not UTF-8"},
	{"0411000000000006" "6204f5808080", "Command: Run: name is not UTF-8"},
	{"0411000000000005" "6203f09080", "Command: Run: name is not UTF-8"},
	{"0411000000000005" "6203e0a041", "Command: Run: name is not UTF-8"},
	{"0404000000000003" "0a01ff", "Command: ClearState: key is not UTF-8"},
	{"0401000000000005" "72030a05" "78", "Command: Output: value ends within a field"},
	{"0401000000000005" "7a031201ff", "Command: Output: failure.message is not UTF-8"},
	{"0401000000000006" "7a0408010802", "Command: Output: failure.code is there twice"},
	{"0401000000000007" "7a051a030a01ff", "Command: Output: failure.metadata has text that is not UTF-8"},
	{"0401000000000006" "7a041a020801", "Command: Output: failure.metadata has a part of another type"},
	{"0401000000000008" "7a061a040a000a00", "Command: Output: failure.metadata has a part that is there twice"},
	{"0401000000000005" "7a031a0112", "Command: Output: failure.metadata ends within a field"},
	{"0401000000000006" "7a041a021801", NULL},
	{"0000000000000005" "22031201ff", NULL},
	{"0000000000000005" "22030a01ff", "Start: state has text that is not UTF-8"},
	{"8006000000000006" "8a01030a01ff", "Notification: GetLazyStateKeys: state_keys.keys has text that is not UTF-8"},
	{"0001000000000006" "088080808010", "Suspension: completions has a number above 4294967295"},
	{"0001000000000007" "0a058080808010", "Suspension: completions has a number above 4294967295"},
	{"0001000000000003" "0a01ff", "Suspension: completions ends within a field"},
	{"0001000000000003" "1a01ff", "Suspension: named_signals has text that is not UTF-8"},
	/* numbers one by one, with another field between; an empty list */
	{"0001000000000008" "0801" "1001" "0802" "0a00", NULL},
};
/* clang-format on */

#endif /* RESTATE_FRAME_CASES_H */
