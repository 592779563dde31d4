/*
 * entry_check.c
 *		Reads the values of a journal entry's JSON, and refuses those that do
 *		not have the form their field asks for.
 */
#include "postgres.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "types/compat.h"
#include "types/entry_check.h"
#include "types/entry_shape.h"
#include "types/id.h"
#include "types/limits.h"
#include "types/outcome.h"

/* the type's input function */
extern Datum restate_invocation_id_in(PG_FUNCTION_ARGS);

/*
 * Returns a string's text, with a zero byte at its end.
 */
char *
restate_json_string(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/*
 * Returns true if the value is a string of exactly this text.
 */
bool
restate_json_is(const JsonbValue *value, const char *text)
{
	return value->type == jbvString && (size_t) value->val.string.len == strlen(text) &&
		   memcmp(value->val.string.val, text, value->val.string.len) == 0;
}

/*
 * Returns true if the value is an object.
 */
bool
restate_json_is_object(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

/*
 * Sets *key and *value to those of an object's single member.  Returns false
 * if the object has none or several.
 */
bool
restate_json_single_member(JsonbContainer *object, JsonbValue *key, JsonbValue *value)
{
	JsonbIterator *it;

	if (JsonContainerSize(object) != 1)
		return false;
	it = JsonbIteratorInit(object);
	(void) JsonbIteratorNext(&it, key, true);
	(void) JsonbIteratorNext(&it, key, true);
	(void) JsonbIteratorNext(&it, value, true);
	return true;
}

/*
 * As restate_json_single_member, for a value that may be no object at all.
 */
static bool
single_variant(const JsonbValue *value, JsonbValue *variant, JsonbValue *content)
{
	return restate_json_is_object(value) &&
		   restate_json_single_member(value->val.binary.data, variant, content);
}

/*
 * Returns true if the object has a string under the key.
 */
static bool
has_string(const JsonbValue *object, const char *key)
{
	JsonbValue buf;
	const JsonbValue *value;

	if (!restate_json_is_object(object))
		return false;
	value = getKeyJsonValueFromContainer(object->val.binary.data, key, (int) strlen(key), &buf);
	return value != NULL && value->type == jbvString;
}

/*
 * Sets *number if the value is a whole number from 0 to max, otherwise
 * returns false.
 */
bool
restate_json_whole_number(const JsonbValue *value, uint64 max, uint64 *number)
{
	char *text;
	char *end;

	if (value->type != jbvNumeric)
		return false;
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *number <= max;
}

/*
 * Returns the numerals of 0 to 255 as jsonb holds them, made once a session.
 */
static const Numeric *
byte_numerals(void)
{
	static Numeric *numerals = NULL;

	if (numerals == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
		Numeric *made = palloc(256 * sizeof(Numeric));

		for (int i = 0; i < 256; i++)
			made[i] = int64_to_numeric(i);
		numerals = made;
		MemoryContextSwitchTo(caller);
	}
	return numerals;
}

/*
 * Sets *byte to the whole number that a numeral stands for; returns false if it
 * is none from 0 to 255, or has decimals.  Its last two bytes hold the number,
 * unless it is 0: that is taken for a guess, at which numeral to look.
 */
static bool
is_byte(Numeric numeric, unsigned char *byte)
{
	const Numeric *numerals = byte_numerals();
	Size size = VARSIZE_ANY(numeric);
	uint16 guess;

	memcpy(&guess, (const char *) numeric + size - sizeof(guess), sizeof(guess));
	if (guess > 255)
		guess = 0;
	*byte = (unsigned char) guess;
	return size == VARSIZE_ANY(numerals[guess]) && memcmp(numeric, numerals[guess], size) == 0;
}

/*
 * Refuses the entry: names its kind, the field and the form it should have.
 */
void
restate_refuse_field(RestateFieldPlace place, const char *form)
{
	restate_raise(restate_refusal(RESTATE_INVALID_BODY, "journal entry %s: %s must be %s",
								  entry_type_names[place.shape->type], place.key, form));
}

/*
 * Returns the text of a string.  Refuses anything else.
 */
char *
restate_field_text(RestateFieldPlace place, const JsonbValue *value)
{
	if (value->type != jbvString)
		restate_refuse_field(place, "a string");
	return restate_json_string(value);
}

/*
 * Returns the index of a completion or signal.  Refuses anything else.
 */
int64
restate_field_u32(RestateFieldPlace place, const JsonbValue *value)
{
	uint64 number;

	if (!restate_json_whole_number(value, RESTATE_INDEX_MAX, &number))
		restate_refuse_field(place,
							 "a whole number from 0 to " RESTATE_LIMIT_TEXT(RESTATE_INDEX_MAX));
	return (int64) number;
}

/*
 * Returns the bytea of an array of whole numbers from 0 to 255.  Refuses
 * anything else.
 */
bytea *
restate_field_bytes(RestateFieldPlace place, const JsonbValue *value)
{
	bytea *bytes;
	unsigned char *out;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue element;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		restate_refuse_field(place, "an array of whole numbers from 0 to 255");
	bytes = palloc(VARHDRSZ + (Size) JsonContainerSize(value->val.binary.data));
	out = (unsigned char *) VARDATA(bytes);
	it = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (element.type != jbvNumeric || !is_byte(element.val.numeric, out++))
			restate_refuse_field(place, "an array of whole numbers from 0 to 255");
	}
	SET_VARSIZE(bytes, (char *) out - (char *) bytes);
	return bytes;
}

/*
 * Returns the invocation id of a string.  Refuses anything else; malformed
 * text raises invalid_invocation_id, as the type's input does.
 */
RestateInvocationId *
restate_field_invocation_id(RestateFieldPlace place, const JsonbValue *value)
{
	if (value->type != jbvString)
		restate_refuse_field(place, "the text of an invocation id");
	return DatumGetInvocationId(DirectFunctionCall1(restate_invocation_id_in,
													CStringGetDatum(restate_json_string(value))));
}

/*
 * Sets *index to the number of {"Index":n}, or *name to the text of {"Name":s}.
 * Refuses anything else.
 */
void
restate_field_signal(RestateFieldPlace place, const JsonbValue *value, int64 *index,
					 const char **name)
{
	JsonbValue variant;
	JsonbValue content;
	bool found = single_variant(value, &variant, &content);

	if (found && restate_json_is(&variant, "Name"))
		*name = restate_field_text(place, &content);
	else if (found && restate_json_is(&variant, "Index"))
		*index = restate_field_u32(place, &content);
	else
		restate_refuse_field(place, "a signal's Index or Name");
}

/*
 * Refuses what is no failure: an object with a code and a message.
 */
void
restate_check_failure(RestateFieldPlace place, const JsonbValue *value)
{
	JsonbValue buf;
	const JsonbValue *code = NULL;
	uint64 number;

	if (has_string(value, "message"))
		code = getKeyJsonValueFromContainer(value->val.binary.data, "code", 4, &buf);
	if (code == NULL || !restate_json_whole_number(code, PG_UINT16_MAX, &number))
		restate_refuse_field(place, "a failure with a code from 0 to 65535 and a message");
}

/*
 * Returns true for the target of a call: a Service with name and handler, or a
 * VirtualObject or Workflow that has a key as well.
 */
static bool
is_call_target(const JsonbValue *value)
{
	JsonbValue variant;
	JsonbValue target;
	bool keyed;

	if (!single_variant(value, &variant, &target))
		return false;
	keyed = restate_json_is(&variant, "VirtualObject") || restate_json_is(&variant, "Workflow");
	return (keyed || restate_json_is(&variant, "Service")) &&
		   has_string(&target, "name") && has_string(&target, "handler") &&
		   (!keyed || has_string(&target, "key"));
}

/*
 * Returns true for the target of an attach: an InvocationId, an
 * IdempotentRequest or a Workflow.  A malformed id raises
 * invalid_invocation_id.
 */
static bool
is_attach_target(RestateFieldPlace place, const JsonbValue *value)
{
	JsonbValue variant;
	JsonbValue target;

	if (!single_variant(value, &variant, &target))
		return false;
	if (restate_json_is(&variant, "InvocationId"))
	{
		(void) restate_field_invocation_id(place, &target);
		return true;
	}
	return (restate_json_is(&variant, "IdempotentRequest") ||
			restate_json_is(&variant, "Workflow")) &&
		   restate_json_is_object(&target);
}

/*
 * Returns true for an array of strings, or with headers of objects that each
 * have a name and a value.
 */
static bool
is_list(const JsonbValue *value, bool headers)
{
	bool good = value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data);
	JsonbIterator *it = good ? JsonbIteratorInit(value->val.binary.data) : NULL;
	JsonbIteratorToken token;
	JsonbValue element;

	while (good && (token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (headers)
			good = has_string(&element, "name") && has_string(&element, "value");
		else
			good = element.type == jbvString;
	}
	return good;
}

/*
 * Refuses a value that is to be kept as it is and does not have the form of
 * its role.
 */
void
restate_check_field(RestateFieldPlace place, RestateFieldRole role, const JsonbValue *value)
{
	const char *form = NULL;
	const char *name;
	int64 index;
	uint64 number;

	switch (role)
	{
		case FIELD_TEXT:
			if (value->type != jbvString)
				form = "a string";
			break;
		case FIELD_TEXT_OR_NULL:
			if (value->type != jbvString && value->type != jbvNull)
				form = "a string or null";
			break;
		case FIELD_TEXTS:
			if (!is_list(value, false))
				form = "an array of strings";
			break;
		case FIELD_MILLIS:
			if (!restate_json_whole_number(value, PG_UINT64_MAX, &number))
				form = "a whole number of milliseconds from 0 to 18446744073709551615";
			break;
		case FIELD_HEADERS:
			if (!is_list(value, true))
				form = "an array of headers, each with a name and a value";
			break;
		case FIELD_CALL_TARGET:
			if (!is_call_target(value))
				form = "a Service, VirtualObject or Workflow with its name, key and handler";
			break;
		case FIELD_ATTACH_TARGET:
			if (!is_attach_target(place, value))
				form = "an InvocationId, IdempotentRequest or Workflow";
			break;
		case FIELD_SIGNAL_SENT:
			restate_field_signal(place, value, &index, &name);
			break;
		case FIELD_ID_SENT:
			(void) restate_field_invocation_id(place, value);
			break;
		case FIELD_OBJECT:
			if (!restate_json_is_object(value))
				form = "an object";
			break;
		default:
			elog(ERROR, "journal entry field \"%s\" is not kept as it is", place.key);
	}
	if (form != NULL)
		restate_refuse_field(place, form);
}
