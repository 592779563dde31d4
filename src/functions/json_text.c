/*
 * json_text.c
 *		Writing JSON objects and arrays as text, field by field.
 */
#include "postgres.h"

#include "utils/json.h"
#include "utils/timestamp.h"

#include "functions/json_text.h"
#include "types/spelling.h"

static void begin(StringInfo json, const char *key);

/*
 * Begins the next field or element.
 */
static void
begin(StringInfo json, const char *key)
{
	const char *last = json->len > 0 ? &json->data[json->len - 1] : "{";

	if (*last != '{' && *last != '[')
		appendStringInfoString(json, ", ");
	if (key)
	{
		escape_json(json, key);
		appendStringInfoString(json, ": ");
	}
}

void
json_text(StringInfo json, const char *key, const char *value)
{
	begin(json, key);
	if (value)
		escape_json(json, value);
	else
		appendStringInfoString(json, "null");
}

void
json_number(StringInfo json, const char *key, int64 value)
{
	begin(json, key);
	appendStringInfo(json, INT64_FORMAT, value);
}

void
json_boolean(StringInfo json, const char *key, bool value)
{
	begin(json, key);
	appendStringInfoString(json, value ? "true" : "false");
}

void
json_time(StringInfo json, const char *key, TimestampTz value)
{
	json_text(json, key, value == 0 ? NULL : restate_instant_text(value));
}

void
json_invocation(StringInfo json, const char *key, const RestateInvocationId *id)
{
	json_text(json, key, id ? restate_invocation_id_text(id) : NULL);
}

void
json_deployment(StringInfo json, const char *key, const RestateDeploymentId *id)
{
	json_text(json, key, id ? restate_deployment_id_text(id) : NULL);
}

void
json_null(StringInfo json, const char *key)
{
	json_text(json, key, NULL);
}

void
json_open(StringInfo json, const char *key, char bracket)
{
	begin(json, key);
	appendStringInfoChar(json, bracket);
}

void
json_close(StringInfo json, char bracket)
{
	appendStringInfoChar(json, bracket);
}
