/*
 * claims.c
 *		Reads the subject from request.jwt.claims, the setting in which
 *		PostgREST hands on the token's claims.
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "utils/guc.h"

#include "types/compat.h"
#include "workset/claims.h"

/* how deep claims may be nested: the server's parser calls itself for each level */
#define MAX_DEPTH 100

typedef struct ClaimsState
{
	int depth;
	bool at_subject;
	char *subject;
} ClaimsState;

static bool is_nested_too_deep(const char *json);
static RestateJsonResult enter(void *state);
static RestateJsonResult leave(void *state);
static RestateJsonResult field(void *state, char *name, bool is_null);
static RestateJsonResult scalar(void *state, char *token, JsonTokenType type);

/*
 * Returns the sub claim where it is a string, else NULL: claims that are no
 * JSON, or nested as no token's are, are no reason to fail an operation.
 */
const char *
claimed_subject(void)
{
	const char *claims = GetConfigOption("request.jwt.claims", true, false);
	ClaimsState state = {0};
	JsonSemAction actions = {
		.semstate = &state,
		.object_start = enter,
		.object_end = leave,
		.array_start = enter,
		.array_end = leave,
		.object_field_start = field,
		.scalar = scalar};

	if (claims == NULL || claims[0] == '\0' || is_nested_too_deep(claims))
		return NULL;
	if (pg_parse_json(restate_json_lexer(claims), &actions) != JSON_SUCCESS)
		return NULL;
	return state.subject;
}

/*
 * Returns whether the text has objects and arrays in each other beyond the
 * limit.
 */
static bool
is_nested_too_deep(const char *json)
{
	int depth = 0;
	bool in_string = false;

	for (const char *c = json; *c; c++)
	{
		if (in_string && *c == '\\' && c[1])
			c++;
		else if (*c == '"')
			in_string = !in_string;
		else if (!in_string && (*c == '{' || *c == '[') && ++depth > MAX_DEPTH)
			return true;
		else if (!in_string && (*c == '}' || *c == ']'))
			depth--;
	}
	return false;
}

/*
 * Enters an object or an array.
 */
static RestateJsonResult
enter(void *state)
{
	((ClaimsState *) state)->depth++;
	RESTATE_JSON_RETURN;
}

/*
 * Leaves an object or an array.
 */
static RestateJsonResult
leave(void *state)
{
	((ClaimsState *) state)->depth--;
	RESTATE_JSON_RETURN;
}

/*
 * Sees the name of a field.
 */
static RestateJsonResult
field(void *state, char *name, bool is_null)
{
	ClaimsState *claims = state;

	claims->at_subject = claims->depth == 1 && strcmp(name, "sub") == 0;
	RESTATE_JSON_RETURN;
}

/*
 * Sees a scalar value.
 */
static RestateJsonResult
scalar(void *state, char *token, JsonTokenType type)
{
	ClaimsState *claims = state;

	if (claims->at_subject && claims->depth == 1 && type == JSON_TOKEN_STRING)
		claims->subject = token;
	claims->at_subject = false;
	RESTATE_JSON_RETURN;
}
