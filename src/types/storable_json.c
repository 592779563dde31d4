/*
 * storable_json.c
 *		JSON from outside as jsonb, with a replacement for each character that
 *		no text of the database can hold.
 *
 * Such characters can be written in JSON as escapes: NUL, a surrogate without
 * its other half, and what the database's encoding does not have.  jsonb
 * refuses them; here they become U+FFFD, or a question mark in an encoding
 * without it.  This is the one place that knows so: every function that takes
 * JSON as text comes here.
 */
#include "postgres.h"

#include <string.h>

#include "catalog/namespace.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "types/compat.h"
#include "types/outcome.h"
#include "types/storable_json.h"

PG_FUNCTION_INFO_V1(restate_storable_json_function);

/* \u and four digits */
#define ESCAPE_LEN 6

/*
 * Returns the value of a digit of base 16, or -1.
 */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Sets *unit to the 16 bits of the escape that begins there; returns false if
 * none does.
 */
static bool
read_escape(const char *at, const char *end, pg_wchar *unit)
{
	if (end - at < ESCAPE_LEN || at[0] != '\\' || at[1] != 'u')
		return false;
	*unit = 0;
	for (int i = 2; i < ESCAPE_LEN; i++)
	{
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return false;
		*unit = *unit << 4 | (pg_wchar) digit;
	}
	return true;
}

/*
 * Returns whether a text of this database can hold the character, which is no
 * surrogate.
 */
static bool
is_storable(pg_wchar character)
{
	unsigned char utf8[MAX_MULTIBYTE_CHAR_LEN];
	unsigned char converted[MAX_MULTIBYTE_CHAR_LEN * (MAX_CONVERSION_GROWTH + 1)];
	int encoding = GetDatabaseEncoding();
	Oid conversion;
	int len;

	if (character == 0)
		return false;
	if (encoding == PG_UTF8 || character < 0x80)
		return true;
	conversion = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(conversion))
		return false;
	(void) unicode_to_utf8(character, utf8);
	len = pg_utf_mblen(utf8);
	return pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding, utf8, len, converted,
										 sizeof(converted), true) == len;
}

/*
 * Replaces, in place, the escapes of characters that cannot be stored; returns
 * the new length.  in is the first escape of a character.
 */
static size_t
replace_unstorable(char *json, size_t len, const char *in)
{
	const char *end = json + len;
	const char *replacement = GetDatabaseEncoding() == PG_UTF8 ? "\\ufffd" : "\\u003f";
	char *out = json + (in - json);

	while (in != NULL && in < end)
	{
		const char *next;
		const char *written = in;
		size_t taken = 2; /* another escape is two bytes: so is \\ before a u */
		size_t kept;
		pg_wchar unit;
		pg_wchar low;

		if (read_escape(in, end, &unit))
		{
			taken = ESCAPE_LEN;
			if (is_utf16_surrogate_first(unit) && read_escape(in + ESCAPE_LEN, end, &low) &&
				is_utf16_surrogate_second(low))
			{
				taken = 2 * ESCAPE_LEN;
				unit = surrogate_pair_to_codepoint(unit, low);
			}
			if (is_utf16_surrogate_first(unit) || is_utf16_surrogate_second(unit) ||
				!is_storable(unit))
				written = replacement;
		}
		taken = Min(taken, (size_t) (end - in));
		kept = written == in ? taken : ESCAPE_LEN;
		memmove(out, written, kept);
		out += kept;
		in += taken;

		/* what stands before the next escape stays */
		next = memchr(in, '\\', end - in);
		kept = (next != NULL ? next : end) - in;
		memmove(out, in, kept);
		out += kept;
		in = next;
	}
	*out = '\0';
	return out - json;
}

/*
 * Returns the first escape of a character by its number, or NULL.
 */
static const char *
first_escape(const char *json, size_t len)
{
	const char *end = json + len;

	while (json < end && (json = memchr(json, '\\', end - json)) != NULL)
	{
		if (json + 1 < end && json[1] == 'u')
			return json;
		json += 2;
	}
	return NULL;
}

/*
 * Returns the JSON as jsonb.  Raises invalid_body if it is none, is nested too
 * deep or has what jsonb cannot hold.
 */
Jsonb *
restate_storable_json(const text *json)
{
	MemoryContext caller = CurrentMemoryContext;
	char *chars = text_to_cstring(json);
	size_t len = VARSIZE_ANY_EXHDR(json);
	const char *first = first_escape(chars, len);
	Datum result = 0;

	if (first != NULL)
		(void) replace_unstorable(chars, len, first);
	PG_TRY();
	{
		result = DirectFunctionCall1(jsonb_in, CStringGetDatum(chars));
	}
	PG_CATCH();
	{
		ErrorData *error;
		int class = ERRCODE_TO_CATEGORY(geterrcode());

		if (class != ERRCODE_DATA_EXCEPTION && class != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		restate_raise(restate_refusal(
			RESTATE_INVALID_BODY, "this is no JSON that can be stored: %s",
			restate_quote_text(error->detail != NULL ? error->detail : error->message)));
	}
	PG_END_TRY();
	pfree(chars);
	return DatumGetJsonbP(result);
}

/*
 * restate.storable_json(document text): returns it as jsonb.
 */
Datum
restate_storable_json_function(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(restate_storable_json(PG_GETARG_TEXT_PP(0)));
}
